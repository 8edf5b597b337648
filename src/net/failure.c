/* See failure.h. OpenSSL's reasons reach us only as text within libcurl's sentence; the words below
 * are those of OpenSSL 3.0. */
#include "net/failure.h"

#include <curl/curl.h>
#include <errno.h>
#include <string.h>

static const char *const names[] = {
    [NET_OK] = "ok",
    [NET_BLOCKED] = "blocked",
    [NET_DNS] = "dns",
    [NET_REFUSED] = "refused",
    [NET_CONNECT_TIMEOUT] = "connect_timeout",
    [NET_TLS_UNTRUSTED] = "tls_untrusted",
    [NET_TLS_CHANGED] = "tls_changed",
    [NET_TLS_TOO_OLD] = "tls_too_old",
    [NET_TLS_FAILED] = "tls_failed",
    [NET_RESET] = "reset",
    [NET_TRUNCATED] = "truncated",
    [NET_TOO_LARGE] = "too_large",
    [NET_STALLED] = "stalled",
    [NET_MALFORMED] = "malformed",
    [NET_SINK] = "sink",
    [NET_STOPPED] = "stopped",
    [NET_INTERNAL] = "internal",
};

const char *net_failure_name(enum net_failure failure)
{
    return names[failure];
}

static bool has_word(const char *text, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strstr(text, words[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static enum net_failure handshake_classify(const char *text)
{
    static const char *const old[] = {
        "unsupported protocol", "protocol version", "too small", "too weak",
        "no ciphers",           "no protocols",     "legacy",    "handshake failure"
    };
    static const char *const broken[] = { "reset by peer", "SSL_ERROR_SYSCALL", "unexpected eof" };

    if (has_word(text, old, COUNT_OF(old))) {
        return NET_TLS_TOO_OLD;
    }
    return has_word(text, broken, COUNT_OF(broken)) ? NET_RESET : NET_TLS_FAILED;
}

static const struct {
    CURLcode code;
    enum net_failure failure;
} plain[] = {
    { CURLE_OK, NET_OK },
    { CURLE_COULDNT_RESOLVE_HOST, NET_DNS },
    { CURLE_PEER_FAILED_VERIFICATION, NET_TLS_UNTRUSTED },
    { CURLE_SSL_PINNEDPUBKEYNOTMATCH, NET_TLS_CHANGED },
    { CURLE_GOT_NOTHING, NET_RESET },
    { CURLE_SEND_ERROR, NET_RESET },
    { CURLE_PARTIAL_FILE, NET_TRUNCATED },
    { CURLE_FILESIZE_EXCEEDED, NET_TOO_LARGE },
    { CURLE_WEIRD_SERVER_REPLY, NET_MALFORMED },
    { CURLE_UNSUPPORTED_PROTOCOL, NET_MALFORMED }, /* HTTP/0.9, or a scheme that is not allowed. */
    { CURLE_BAD_CONTENT_ENCODING, NET_MALFORMED },
    { CURLE_OUT_OF_MEMORY, NET_MALFORMED }, /* How 7.88 reports a header line over 100 KiB. */
    { CURLE_ABORTED_BY_CALLBACK, NET_STOPPED },
};

static enum net_failure timeout_classify(const struct net_trouble *trouble)
{
    if (trouble->is_connected) {
        return NET_STALLED;
    }
    return trouble->is_resolved ? NET_CONNECT_TIMEOUT : NET_DNS;
}

static enum net_failure connect_classify(const struct net_trouble *trouble)
{
    int code = trouble->system_error;

    if (trouble->blocked_count > 0 && trouble->dialled_count == 0) {
        return NET_BLOCKED;
    }
    if (code == ECONNRESET || code == ECONNABORTED) {
        return NET_RESET;
    }
    /* No route is as much silence as no answer. */
    bool is_silent = code == ETIMEDOUT || code == EHOSTUNREACH || code == ENETUNREACH;
    return is_silent ? NET_CONNECT_TIMEOUT : NET_REFUSED;
}

enum net_failure failure_classify(const struct net_trouble *trouble)
{
    CURLcode code = (CURLcode)trouble->code;

    if (trouble->header_is_too_long || trouble->asks_without_end) {
        return NET_MALFORMED;
    }
    if (trouble->body_is_too_long) {
        return NET_TOO_LARGE;
    }
    if (trouble->sink_refused) {
        return NET_SINK;
    }
    for (size_t i = 0; i < COUNT_OF(plain); i++) {
        if (plain[i].code == code) {
            return plain[i].failure;
        }
    }
    if (code == CURLE_COULDNT_CONNECT) {
        return connect_classify(trouble);
    }
    if (code == CURLE_OPERATION_TIMEDOUT) {
        return timeout_classify(trouble);
    }
    if (code == CURLE_SSL_CONNECT_ERROR) {
        return handshake_classify(trouble->text);
    }
    if (code == CURLE_RECV_ERROR) {
        return strstr(trouble->text, "chunk") != NULL ? NET_MALFORMED : NET_RESET;
    }
    return NET_INTERNAL;
}

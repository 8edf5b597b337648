/* See client.h. One easy handle; its options are set anew for each request, its connection stays.
 */
#include "net/client.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/memory.h"
#include "net/certificate.h"
#include "net/failure.h"

struct net_client {
    const struct net_guard *guard;
    CURL *easy;
    char *policy;           /* The TLS policy that the kept connection was made under. */
    char pin[NET_PIN_SIZE]; /* Of the kept connection: libcurl forgets on reuse. */
    char certificate[400];
    char error_text[CURL_ERROR_SIZE];
};

/* What the callbacks of one request share. */
struct transfer {
    const struct net_client *client;
    const struct net_request *request;
    struct net_answer *answer;
    size_t header_bytes;
    int answer_count; /* More than one: challenges. */
    struct net_trouble trouble;
};

/* An option that cannot be set would be a limit that is missing: better to stop. */
static void must(CURLcode code)
{
    if (code != CURLE_OK) {
        abort();
    }
}

static void library_start(void)
{
    must(curl_global_init(CURL_GLOBAL_DEFAULT));
}

void net_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    IGNORE(pthread_once(&once, library_start), "only fails for a bad argument");
}

struct net_client *net_client_new(const struct net_guard *guard)
{
    struct net_client *client = memory_new(sizeof *client);

    net_start();
    client->guard = guard;
    return client;
}

void net_client_free(struct net_client *client)
{
    if (client != NULL) {
        curl_easy_cleanup(client->easy);
        free(client->policy);
        free(client);
    }
}

/* --- options -----------------------------------------------------------------------------------
 */

static void set_number(CURL *easy, CURLoption option, long value)
{
    must((curl_easy_setopt)(easy, option, value));
}

static void set_large(CURL *easy, CURLoption option, int64_t value)
{
    must((curl_easy_setopt)(easy, option, (curl_off_t)value));
}

static void set_pointer(CURL *easy, CURLoption option, const void *value)
{
    must((curl_easy_setopt)(easy, option, value));
}

/* --- callbacks ---------------------------------------------------------------------------------
 */

static curl_socket_t on_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct transfer *transfer = context;
    const struct net_guard *guard = transfer->client->guard;

    (void)purpose;
    if (guard != NULL && !guard_allows(guard, &address->addr)) {
        transfer->trouble.blocked_count++;
        return CURL_SOCKET_BAD;
    }
    transfer->trouble.dialled_count++;
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

static CURLcode on_tls(CURL *easy, void *context, void *user)
{
    const struct transfer *transfer = user;

    (void)easy;
    /* Old appliances close without a TLS goodbye; length checks find what is cut. */
    IGNORE(SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF), "returns the new set");
    if (transfer->request->tls.allows_weak) {
        SSL_CTX_set_security_level(context, 0);
        IGNORE(SSL_CTX_set_options(context, SSL_OP_LEGACY_SERVER_CONNECT), "returns the new set");
    }
    return CURLE_OK;
}

/* The value of the header line when it has this name, without blanks around. */
static void header_take(const char *line, size_t size, const char *name, char *value_out,
                        size_t room)
{
    size_t at = strlen(name);

    if (size <= at || strncasecmp(line, name, at) != 0 || line[at] != ':') {
        return;
    }
    at++;
    while (at < size && (line[at] == ' ' || line[at] == '\t')) {
        at++;
    }
    size_t used = 0;
    while (at < size && used < room - 1 && line[at] != '\r' && line[at] != '\n') {
        unsigned char c = (unsigned char)line[at++];
        value_out[used++] = c < 0x20 || c > 0x7e ? '?' : (char)c;
    }
    value_out[used] = '\0';
}

static size_t on_header(char *line, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    struct net_answer *answer = transfer->answer;

    size *= count;
    transfer->header_bytes += size;
    if (transfer->header_bytes > NET_HEADERS_SIZE_MAX) {
        transfer->trouble.header_is_too_long = true;
        return 0;
    }
    if (size >= 5 && memcmp(line, "HTTP/", 5) == 0) {
        answer->content_type[0] = '\0'; /* Another answer begins, say after a 401. */
        answer->challenge[0] = '\0';
        transfer->trouble.asks_without_end = ++transfer->answer_count > NET_ANSWERS_MAX;
    }
    if (transfer->trouble.asks_without_end) {
        return 0; /* libcurl would answer until the headers' limit: hundreds of requests. */
    }
    header_take(line, size, "content-type", answer->content_type, sizeof answer->content_type);
    header_take(line, size, "www-authenticate", answer->challenge, sizeof answer->challenge);
    char date[64] = "";
    header_take(line, size, "date", date, sizeof date);
    if (date[0] != '\0') {
        time_t at_s = curl_getdate(date, NULL);
        answer->date_at = at_s > 0 ? (time_ms)at_s * SECOND_MS : 0;
    }
    return size;
}

static size_t on_body(char *bytes, size_t size, size_t count, void *context)
{
    struct transfer *transfer = context;
    const struct net_request *request = transfer->request;
    struct net_answer *answer = transfer->answer;

    size *= count;
    size_t room = sizeof answer->head - answer->head_size;
    size_t taken = size < room ? size : room;
    memcpy(answer->head + answer->head_size, bytes, taken);
    answer->head_size += taken;
    answer->received_bytes += (int64_t)size;
    if (answer->received_bytes > request->body_size_max) {
        transfer->trouble.body_is_too_long = true;
        return 0;
    }
    if (request->sink != NULL && !request->sink(request->sink_context, bytes, size)) {
        transfer->trouble.sink_refused = true;
        return 0;
    }
    return size;
}

static int on_progress(void *context, curl_off_t total, curl_off_t now, curl_off_t upload_total,
                       curl_off_t upload_now)
{
    const struct transfer *transfer = context;

    (void)total, (void)now, (void)upload_total, (void)upload_now;
    return transfer->request->should_stop(transfer->request->stop_context) ? 1 : 0;
}

/* --- one request -------------------------------------------------------------------------------
 */

static void tls_apply(CURL *easy, const struct net_tls *tls)
{
    bool has_pin = tls->pin != NULL && tls->pin[0] != '\0';
    bool is_strict = !has_pin && !tls->accepts_any;

    set_number(easy, CURLOPT_SSL_VERIFYPEER, is_strict ? 1 : 0);
    set_number(easy, CURLOPT_SSL_VERIFYHOST, is_strict ? 2 : 0);
    set_number(easy, CURLOPT_SSLVERSION,
               tls->allows_weak ? CURL_SSLVERSION_TLSv1_0 : CURL_SSLVERSION_TLSv1_2);
    if (!is_strict) { /* Reading the authorities takes a tenth of a second. */
        set_pointer(easy, CURLOPT_CAINFO, NULL);
        set_pointer(easy, CURLOPT_CAPATH, NULL);
    }
    if (has_pin) {
        set_pointer(easy, CURLOPT_PINNEDPUBLICKEY, tls->pin);
    }
    if (tls->allows_weak) {
        set_pointer(easy, CURLOPT_SSL_CIPHER_LIST, "DEFAULT:@SECLEVEL=0");
    }
    set_number(easy, CURLOPT_CERTINFO, 1);
}

/* A connection made under another TLS policy must not serve this request: start over then. */
static void handle_prepare(struct net_client *client, const struct net_request *request)
{
    char policy[1024];
    const struct net_tls *tls = &request->tls;

    IGNORE(snprintf(policy, sizeof policy, "%d%d%s", tls->accepts_any, tls->allows_weak,
                    tls->pin != NULL ? tls->pin : ""),
           "a longer pin list differs in its first thousand characters");
    if (client->policy == NULL || strcmp(client->policy, policy) != 0) {
        curl_easy_cleanup(client->easy);
        client->easy = NULL;
        free(client->policy);
        client->policy = memory_copy_text(policy);
        client->pin[0] = '\0';
        client->certificate[0] = '\0';
    }
    if (client->easy == NULL) {
        client->easy = curl_easy_init();
        must(client->easy != NULL ? CURLE_OK : CURLE_OUT_OF_MEMORY);
    } else {
        curl_easy_reset(client->easy); /* Forgets the Digest nonce too: each request starts bare. */
    }
}

static void limits_apply(CURL *easy, const struct net_request *request)
{
    set_number(easy, CURLOPT_NOSIGNAL, 1);
    set_number(easy, CURLOPT_FOLLOWLOCATION, 0);
    set_pointer(easy, CURLOPT_PROXY, "");
    set_pointer(easy, CURLOPT_PROTOCOLS_STR, request->allows_http ? "https,http" : "https");
    set_number(easy, CURLOPT_HTTP_VERSION, CURL_HTTP_VERSION_1_1);
    set_number(easy, CURLOPT_PATH_AS_IS, 1);
    set_number(easy, CURLOPT_MAXCONNECTS, 2);
    set_number(easy, CURLOPT_DNS_CACHE_TIMEOUT, 30);
    set_number(easy, CURLOPT_CONNECTTIMEOUT_MS, NET_CONNECT_TIMEOUT_MS);
    set_number(easy, CURLOPT_TIMEOUT_MS, (long)request->total_timeout_ms);
    set_number(easy, CURLOPT_LOW_SPEED_LIMIT, (long)request->speed_min_bytes_s);
    set_number(easy, CURLOPT_LOW_SPEED_TIME, (long)request->speed_window_s);
    set_large(easy, CURLOPT_MAXFILESIZE_LARGE, request->body_size_max);
}

static void callbacks_apply(CURL *easy, struct transfer *transfer)
{
    set_pointer(easy, CURLOPT_OPENSOCKETDATA, transfer);
    must(curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket));
    set_pointer(easy, CURLOPT_SSL_CTX_DATA, transfer);
    must(curl_easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, on_tls));
    set_pointer(easy, CURLOPT_HEADERDATA, transfer);
    must(curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header));
    set_pointer(easy, CURLOPT_WRITEDATA, transfer);
    must(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body));
    if (transfer->request->should_stop != NULL) {
        set_number(easy, CURLOPT_NOPROGRESS, 0);
        set_pointer(easy, CURLOPT_XFERINFODATA, transfer);
        must(curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress));
    }
}

static struct curl_slist *message_apply(CURL *easy, const struct net_request *request)
{
    char line[160];
    struct curl_slist *headers = curl_slist_append(NULL, "Expect:");

    set_pointer(easy, CURLOPT_URL, request->url);
    set_pointer(easy, CURLOPT_USERAGENT, "AudiaPro/" AUDIAPRO_VERSION);
    if (request->body != NULL) {
        set_large(easy, CURLOPT_POSTFIELDSIZE_LARGE, (int64_t)request->body_size);
        set_pointer(easy, CURLOPT_POSTFIELDS, request->body);
    }
    if (request->content_type != NULL) {
        IGNORE(snprintf(line, sizeof line, "Content-Type: %s", request->content_type),
               "ours, and short");
        headers = curl_slist_append(headers, line);
    }
    for (size_t i = 0; request->headers != NULL && request->headers[i] != NULL; i++) {
        headers = curl_slist_append(headers, request->headers[i]);
    }
    if (request->user != NULL) {
        set_number(easy, CURLOPT_HTTPAUTH,
                   (long)(CURLAUTH_DIGEST | (request->allows_basic ? CURLAUTH_BASIC : 0)));
        set_pointer(easy, CURLOPT_USERNAME, request->user);
        set_pointer(easy, CURLOPT_PASSWORD, request->password != NULL ? request->password : "");
    }
    set_pointer(easy, CURLOPT_HTTPHEADER, headers);
    return headers;
}

static void certificate_collect(struct net_client *client)
{
    struct curl_certinfo *chain = NULL;

    if (curl_easy_getinfo(client->easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL ||
        chain->num_of_certs < 1) {
        return;
    }
    for (const struct curl_slist *one = chain->certinfo[0]; one != NULL; one = one->next) {
        if (strncmp(one->data, "Cert:", 5) == 0) {
            IGNORE(certificate_describe(one->data + 5, client->pin, client->certificate,
                                        sizeof client->certificate),
                   "else the pin of before stays");
        }
    }
}

static int64_t info_large(CURL *easy, CURLINFO info)
{
    curl_off_t value = 0;

    return (curl_easy_getinfo)(easy, info, &value) == CURLE_OK ? (int64_t)value : 0;
}

static long info_number(CURL *easy, CURLINFO info)
{
    long value = 0;

    return (curl_easy_getinfo)(easy, info, &value) == CURLE_OK ? value : 0;
}

static void answer_collect(struct net_client *client, struct transfer *transfer)
{
    struct net_answer *answer = transfer->answer;
    CURL *easy = client->easy;
    const char *address = NULL;

    answer->http_status = (int)info_number(easy, CURLINFO_RESPONSE_CODE);
    answer->content_length = info_large(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T);
    int64_t wait_s = info_large(easy, CURLINFO_RETRY_AFTER);
    answer->retry_after_s = wait_s > 0 ? wait_s : -1;
    answer->was_new_connection = info_number(easy, CURLINFO_NUM_CONNECTS) > 0;
    bool has_address = curl_easy_getinfo(easy, CURLINFO_PRIMARY_IP, &address) == CURLE_OK &&
                       address != NULL && address[0] != '\0';
    if (has_address) {
        IGNORE(snprintf(answer->remote, sizeof answer->remote, "%s port %ld", address,
                        info_number(easy, CURLINFO_PRIMARY_PORT)),
               "an address is shorter");
    }
    /* A kept connection was dialled by an earlier request. (libcurl counts a new one only once it
     * stands, so its own count cannot tell a kept connection from one that never came.) */
    transfer->trouble.is_connected =
        (has_address && transfer->trouble.dialled_count == 0) ||
        info_large(easy, strncmp(transfer->request->url, "https", 5) == 0
                             ? CURLINFO_APPCONNECT_TIME_T
                             : CURLINFO_CONNECT_TIME_T) > 0;
    transfer->trouble.system_error = (int)info_number(easy, CURLINFO_OS_ERRNO);
    transfer->trouble.is_resolved = info_large(easy, CURLINFO_NAMELOOKUP_TIME_T) > 0;
    certificate_collect(client);
    memcpy(answer->pin, client->pin, sizeof answer->pin);
    memcpy(answer->certificate, client->certificate, sizeof answer->certificate);
}

bool net_send(struct net_client *client, const struct net_request *request,
              struct net_answer *answer_out)
{
    struct net_answer answer = { .content_length = -1, .retry_after_s = -1 };
    struct transfer transfer = { .client = client, .request = request, .answer = &answer };
    int64_t began_ms = time_monotonic_ms();

    handle_prepare(client, request);
    limits_apply(client->easy, request);
    tls_apply(client->easy, &request->tls);
    callbacks_apply(client->easy, &transfer);
    struct curl_slist *headers = message_apply(client->easy, request);
    client->error_text[0] = '\0';
    set_pointer(client->easy, CURLOPT_ERRORBUFFER, client->error_text);

    CURLcode code = curl_easy_perform(client->easy);
    answer_collect(client, &transfer);
    curl_slist_free_all(headers);
    transfer.trouble.code = (int)code;
    transfer.trouble.text = transfer.trouble.asks_without_end
                                ? "the PBX asks for the password again and again"
                            : client->error_text[0] != '\0' ? client->error_text
                                                            : curl_easy_strerror(code);
    answer.failure = failure_classify(&transfer.trouble);
    if (answer.failure != NET_OK) {
        IGNORE(snprintf(answer.detail, sizeof answer.detail, "%s", transfer.trouble.text),
               "cut at the room there is");
    }
    answer.duration_ms = time_monotonic_ms() - began_ms;
    *answer_out = answer;
    return answer.failure == NET_OK;
}

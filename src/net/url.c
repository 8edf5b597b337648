/* See url.h. */
#include "net/url.h"

#include <arpa/inet.h>
#include <string.h>

enum { HOST_SIZE_MAX = 253 }; /* RFC 1035, 2.3.4, in text form. */

static bool is_ipv6(const char *host)
{
    char bare[64];
    struct in6_addr address;
    size_t size = strlen(host);

    if (size >= 2 && host[0] == '[' && host[size - 1] == ']') {
        host++;
        size -= 2;
    }
    if (size >= sizeof bare) {
        return false;
    }
    memcpy(bare, host, size);
    bare[size] = '\0';
    return inet_pton(AF_INET6, bare, &address) == 1;
}

static bool is_name(const char *host)
{
    static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789.-_";

    return host[0] != '.' && host[0] != '-' && strspn(host, allowed) == strlen(host) &&
           strstr(host, "..") == NULL;
}

bool url_host_check(const char *host, struct error *error)
{
    size_t size = strlen(host);

    if (size == 0) {
        return error_set(error, ERROR_INVALID, "the host is empty");
    }
    if (size > HOST_SIZE_MAX) {
        return error_set(error, ERROR_INVALID, "the host is longer than %d characters",
                         HOST_SIZE_MAX);
    }
    if (!is_name(host) && !is_ipv6(host)) {
        return error_set(error, ERROR_INVALID,
                         "the host is neither a name nor an address (letters, digits, dots and "
                         "dashes; no https://, user or path)");
    }
    return true;
}

void url_add_base(struct text *url, const char *host, int port)
{
    bool needs_brackets = strchr(host, ':') != NULL && host[0] != '[';

    text_print(url, "https://%s%s%s:%d", needs_brackets ? "[" : "", host, needs_brackets ? "]" : "",
               port);
}

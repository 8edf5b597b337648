/* See url.h. */
#include "net/url.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

enum { HOST_SIZE_MAX = 253 /* RFC 1035, 2.3.4, in text form. */, URL_SIZE_MAX = 2048 };

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

static bool port_is_fair(const char *port, size_t size)
{
    return size >= 1 && size <= 5 && strspn(port, "0123456789") >= size &&
           strtol(port, NULL, 10) >= 1 && strtol(port, NULL, 10) <= 65535;
}

/* What stands between "//" and the path. */
static bool authority_check(const char *authority, size_t size, struct error *error)
{
    char host[HOST_SIZE_MAX + 8];
    const char *bracket = authority[0] == '[' ? memchr(authority, ']', size) : NULL;
    const char *colon = memchr(authority, ':', size);
    size_t host_size = bracket != NULL ? (size_t)(bracket - authority) + 1
                       : colon != NULL ? (size_t)(colon - authority)
                                       : size;

    if (memchr(authority, '@', size) != NULL) {
        return error_set(error, ERROR_INVALID, "the URL has a user or password before the host");
    }
    if (host_size >= sizeof host) {
        return error_set(error, ERROR_INVALID, "the URL's host is too long");
    }
    memcpy(host, authority, host_size);
    host[host_size] = '\0';
    if (!url_host_check(host, error)) {
        return false;
    }
    bool has_port = host_size < size;
    if (has_port && (authority[host_size] != ':' ||
                     !port_is_fair(authority + host_size + 1, size - host_size - 1))) {
        return error_set(error, ERROR_INVALID, "the URL's port is not from 1 to 65535");
    }
    return true;
}

bool url_web_check(const char *url, struct error *error)
{
    size_t scheme = strncmp(url, "https://", 8) == 0 ? 8 : strncmp(url, "http://", 7) == 0 ? 7 : 0;
    size_t size = strlen(url);

    if (scheme == 0) {
        return error_set(error, ERROR_INVALID, "the URL begins with neither https:// nor http://");
    }
    if (size > URL_SIZE_MAX) {
        return error_set(error, ERROR_INVALID, "the URL is longer than %d characters",
                         URL_SIZE_MAX);
    }
    for (size_t i = 0; i < size; i++) {
        if (url[i] <= 0x20 || url[i] >= 0x7f || strchr("\"<>\\^`{|}", url[i]) != NULL) {
            return error_set(error, ERROR_INVALID,
                             "the URL has a character that must be written as %%XX");
        }
    }
    return authority_check(url + scheme, strcspn(url + scheme, "/?#"), error);
}

void url_add_base(struct text *url, const char *host, int port)
{
    bool needs_brackets = strchr(host, ':') != NULL && host[0] != '[';

    text_print(url, "https://%s%s%s:%d", needs_brackets ? "[" : "", host, needs_brackets ? "]" : "",
               port);
}

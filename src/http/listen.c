/* The listening socket: made here, so that a refusal names the address and the reason. */
#include "http/internal.h"

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/file.h"

enum { BACKLOG = 1024 };

union address {
    struct sockaddr any;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
};

static bool port_read(const char *text, in_port_t *port_out)
{
    char *end = NULL;
    unsigned long port = strtoul(text, &end, 10);

    if (text[0] < '0' || text[0] > '9' || *end != '\0' || port > 65535) {
        return false;
    }
    *port_out = htons((uint16_t)port);
    return true;
}

static bool address_read(const char *text, union address *address_out)
{
    char host[64];
    in_port_t port = 0;
    const char *colon = strrchr(text, ':');
    size_t size = colon == NULL ? sizeof host : (size_t)(colon - text);

    if (size >= sizeof host || !port_read(colon + 1, &port)) {
        return false;
    }
    memcpy(host, text, size);
    host[size] = '\0';
    *address_out = (union address){ 0 };
    if (size == 0 || (host[0] == '[' && host[size - 1] == ']')) {
        host[size > 0 ? size - 1 : 0] = '\0';
        address_out->six = (struct sockaddr_in6){ .sin6_family = AF_INET6, .sin6_port = port };
        return size == 0 || inet_pton(AF_INET6, host + 1, &address_out->six.sin6_addr) == 1;
    }
    address_out->four = (struct sockaddr_in){ .sin_family = AF_INET, .sin_port = port };
    return inet_pton(AF_INET, strcmp(host, "localhost") == 0 ? "127.0.0.1" : host,
                     &address_out->four.sin_addr) == 1;
}

static int port_of(int socket_handle)
{
    union address address = { 0 };
    socklen_t size = sizeof address;

    (void)getsockname(socket_handle, &address.any, &size);
    return ntohs(address.any.sa_family == AF_INET6 ? address.six.sin6_port : address.four.sin_port);
}

bool listen_open(const char *text, int *socket_out, int *port_out, struct error *error)
{
    union address address;
    int yes = 1;
    int no = 0;

    if (!address_read(text, &address)) {
        return error_set(error, ERROR_INVALID,
                         "listen address '%s' is none: \"127.0.0.1:8080\", \"[::]:8080\" or "
                         "\":8080\" would be one",
                         text);
    }
    int type = SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC;
    AUTO(file_close) int handle = socket(address.any.sa_family, type, 0);
    if (handle < 0 && text[0] == ':') { /* A kernel without IPv6. */
        in_port_t port = address.six.sin6_port;
        address = (union address){ .four = { .sin_family = AF_INET, .sin_port = port } };
        handle = socket(AF_INET, type, 0);
    }
    socklen_t size = address.any.sa_family == AF_INET6 ? sizeof address.six : sizeof address.four;
    (void)setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (address.any.sa_family == AF_INET6) {
        (void)setsockopt(handle, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof no);
    }
    if (handle < 0 || bind(handle, &address.any, size) != 0 || listen(handle, BACKLOG) != 0) {
        return error_set_errno(error, "listen on '%s'", text);
    }
    *port_out = port_of(handle);
    *socket_out = handle;
    handle = -1;
    return true;
}

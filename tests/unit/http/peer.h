/*
 * A client of raw bytes for the tests of http/: sends exactly what it is told, says what came back
 * and whether the connection was closed. Everything gives up after five seconds.
 */
#ifndef TESTS_UNIT_HTTP_PEER_H
#define TESTS_UNIT_HTTP_PEER_H

#include "check.h"

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "core/file.h"
#include "core/text.h"
#include "http/http.h"

enum { PEER_PATIENCE_MS = 5000 };

struct reply {
    int status;      /* 0: closed without an answer. */
    struct text all; /* Head and body as they came. */
    const char *body;
    size_t body_size;
};

static inline void reply_clear(struct reply *reply)
{
    text_clear(&reply->all);
}
DEFINE_AUTO_CLEAR(reply_clear, struct reply)

static inline int peer_connect(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int peer = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(connect(peer, (struct sockaddr *)&address, sizeof address) == 0);
    return peer;
}

static inline void peer_send_bytes(int peer, const void *bytes, size_t size)
{
    const char *cursor = bytes;

    while (size > 0) {
        ssize_t sent = send(peer, cursor, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return; /* The server has had enough: the test sees it by the answer. */
        }
        cursor += sent;
        size -= (size_t)sent;
    }
}

static inline void peer_send(int peer, const char *text)
{
    peer_send_bytes(peer, text, strlen(text));
}

/* One piece, or false when there will be no more (closed, or nothing within wait_ms). */
static inline bool peer_read(int peer, struct text *text, int wait_ms)
{
    char buffer[4096];
    struct pollfd watched = { .fd = peer, .events = POLLIN };

    if (poll(&watched, 1, wait_ms) != 1) {
        return false;
    }
    ssize_t got = recv(peer, buffer, sizeof buffer, 0);
    if (got > 0) {
        text_add_bytes(text, buffer, (size_t)got);
    }
    return got > 0;
}

/* The value of a header in the reply, borrowed until the next call; NULL when it is not there. */
static inline const char *reply_header(const struct reply *reply, const char *name)
{
    static _Thread_local char value[1024];
    char wanted[128];
    const char *head = text_get(&reply->all);

    IGNORE(snprintf(wanted, sizeof wanted, "\r\n%s: ", name), "short names");
    const char *place = strcasestr(head, wanted);
    if (place == NULL || (reply->body != NULL && place >= reply->body)) {
        return NULL;
    }
    place += strlen(wanted);
    IGNORE(snprintf(value, sizeof value, "%.*s", (int)strcspn(place, "\r"), place), "short values");
    return value;
}

/* Read one whole answer; `is_head`: it has no body whatever its Content-Length says. */
static inline struct reply peer_receive(int peer, bool is_head)
{
    struct reply reply = { .all = TEXT_UP_TO(64 * MIB) };

    for (;;) {
        const char *all = text_get(&reply.all);
        const char *end = strstr(all, "\r\n\r\n");
        if (end != NULL && sscanf(all, "HTTP/1.%*d %d", &reply.status) == 1) {
            reply.body = end + 4;
            reply.body_size = reply.all.size - (size_t)(reply.body - all);
            const char *length = reply_header(&reply, "Content-Length");
            bool is_bare = is_head || reply.status == 304 || reply.status == 100;
            if (is_bare || (length != NULL && reply.body_size >= strtoul(length, NULL, 10))) {
                return reply;
            }
        }
        if (!peer_read(peer, &reply.all, PEER_PATIENCE_MS)) {
            return reply;
        }
    }
}

/* Did the server close it within wait_ms? Unread bytes are swallowed. */
static inline bool peer_is_closed(int peer, int wait_ms)
{
    char buffer[4096];
    struct pollfd watched = { .fd = peer, .events = POLLIN };

    while (poll(&watched, 1, wait_ms) == 1) {
        if (recv(peer, buffer, sizeof buffer, 0) <= 0) {
            return true;
        }
    }
    return false;
}

/* One request on a connection of its own. */
static inline struct reply peer_ask(int port, const char *request)
{
    AUTO(file_close) int peer = peer_connect(port);

    peer_send(peer, request);
    return peer_receive(peer, strncmp(request, "HEAD ", 5) == 0);
}

/* The status alone. */
static inline int peer_status(int port, const char *request)
{
    AUTO(reply_clear) struct reply reply = peer_ask(port, request);

    return reply.status;
}

#endif

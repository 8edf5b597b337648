/*
 * A fault proxy: plain TCP between the server and a UCM, whose bytes it does not understand. Passes
 * everything on until it is told otherwise; then it delays, cuts, resets, stalls or dribbles each
 * new connection, or `count` of them, at a byte of the test's choice.
 *
 * And a black hole: a port whose queue is full, so that the kernel drops every SYN without a word,
 * as a firewall does.
 *
 * Promises: one thread per connection, all gone when proxy_stop() returns. Nothing is reordered.
 */
#ifndef TESTS_TOOLS_PROXY_H
#define TESTS_TOOLS_PROXY_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/file.h"
#include "core/memory.h"
#include "core/time.h"

enum { PROXY_FOREVER = -1, PROXY_LOOK_MS = 20, PROXY_PIECE = 16 * 1024, PROXY_BACKLOG = 64 };

/* What is done to a connection; the parameter in bytes, or in milliseconds for the delay. "Down" is
 * from the UCM to the server. */
enum proxy_fault {
    PROXY_PASS,
    PROXY_DELAY,      /* so long before the first byte in either direction */
    PROXY_CUT_DOWN,   /* closed in order after so many bytes down */
    PROXY_CUT_UP,     /* closed in order after so many bytes up */
    PROXY_RESET_DOWN, /* reset after so many bytes down */
    PROXY_STALL_DOWN, /* silent after so many bytes down */
    PROXY_DRIBBLE,    /* so many bytes down in a second, a few at a time */
    PROXY_CLOSE,      /* closed as soon as it was accepted */
};

struct proxy {
    int listener;
    int port;
    int target_port;
    pthread_t thread;
    pthread_mutex_t lock;
    enum proxy_fault fault; /* Under the lock, as the two below. */
    int count;
    long parameter;
    atomic_bool is_stopping;
    atomic_int connection_count;
    atomic_int struck_count;
};

struct proxy_connection {
    struct proxy *proxy;
    int client;
    int server;
    enum proxy_fault fault;
    long parameter;
    long down_bytes;
    long up_bytes;
};

/* A socket on 127.0.0.1 that listens; its port in *port_out. -1 when that fails. */
static inline int proxy_listen(int backlog, int *port_out)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (handle < 0 || bind(handle, (struct sockaddr *)&address, size) != 0 ||
        listen(handle, backlog) != 0 ||
        getsockname(handle, (struct sockaddr *)&address, &size) != 0) {
        file_close(handle);
        return -1;
    }
    *port_out = ntohs(address.sin_port);
    return handle;
}

static inline int proxy_dial(int port)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_port = htons((uint16_t)port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (handle >= 0 && connect(handle, (struct sockaddr *)&address, sizeof address) != 0) {
        file_close(handle);
        return -1;
    }
    return handle;
}

/* ---- One connection ---- */

/* Wait as long as the proxy and the client are there. False when one of them is gone. */
static inline bool proxy_hold(const struct proxy_connection *connection, int64_t duration_ms)
{
    int64_t until_ms = time_monotonic_ms() + duration_ms;

    while (time_monotonic_ms() < until_ms) {
        struct pollfd watched = { .fd = connection->client, .events = POLLRDHUP };
        if (atomic_load(&connection->proxy->is_stopping) ||
            (poll(&watched, 1, PROXY_LOOK_MS) > 0 && watched.revents != 0)) {
            return false;
        }
    }
    return true;
}

static inline bool proxy_send(int to, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t sent = send(to, bytes, size, MSG_NOSIGNAL);
        if (sent <= 0) {
            return false;
        }
        bytes += sent;
        size -= (size_t)sent;
    }
    return true;
}

/* How many bytes may go this way before the fault strikes. */
static inline long proxy_room(const struct proxy_connection *connection, bool is_down)
{
    switch (connection->fault) {
    case PROXY_CUT_DOWN:
    case PROXY_RESET_DOWN:
    case PROXY_STALL_DOWN:
        return is_down ? connection->parameter - connection->down_bytes : PROXY_PIECE;
    case PROXY_CUT_UP:
        return is_down ? PROXY_PIECE : connection->parameter - connection->up_bytes;
    case PROXY_DRIBBLE:
        return is_down ? (connection->parameter < 10 ? 1 : connection->parameter / 10)
                       : PROXY_PIECE;
    case PROXY_PASS:
    case PROXY_DELAY:
    case PROXY_CLOSE:
        break;
    }
    return PROXY_PIECE;
}

/* Pass on what there is. False at the end: the connection's own, or the fault's. */
static inline bool proxy_move(struct proxy_connection *connection, bool is_down)
{
    char piece[PROXY_PIECE];
    int from = is_down ? connection->server : connection->client;
    int to = is_down ? connection->client : connection->server;
    long room = proxy_room(connection, is_down);

    if (room <= 0) {
        return false;
    }
    ssize_t size = recv(from, piece, room < PROXY_PIECE ? (size_t)room : PROXY_PIECE, 0);
    if (size <= 0 || !proxy_send(to, piece, (size_t)size)) {
        return false;
    }
    *(is_down ? &connection->down_bytes : &connection->up_bytes) += size;
    if (connection->fault == PROXY_DRIBBLE && is_down) {
        return proxy_hold(connection, size * (int64_t)SECOND_MS / connection->parameter);
    }
    return proxy_room(connection, is_down) > 0;
}

static inline void proxy_pump(struct proxy_connection *connection)
{
    while (!atomic_load(&connection->proxy->is_stopping)) {
        struct pollfd watched[2] = { { .fd = connection->client, .events = POLLIN },
                                     { .fd = connection->server, .events = POLLIN } };
        if (poll(watched, 2, PROXY_LOOK_MS) <= 0) {
            continue;
        }
        if ((watched[1].revents != 0 && !proxy_move(connection, true)) ||
            (watched[0].revents != 0 && !proxy_move(connection, false))) {
            return;
        }
    }
}

static inline void proxy_reset(int handle)
{
    struct linger at_once = { .l_onoff = 1 };

    (void)setsockopt(handle, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
}

static inline void *proxy_serve(void *context)
{
    struct proxy_connection *connection = context;
    struct proxy *proxy = connection->proxy;
    bool is_let_in = connection->fault != PROXY_CLOSE;

    if (connection->fault == PROXY_DELAY) {
        is_let_in = proxy_hold(connection, connection->parameter);
    }
    connection->server = is_let_in ? proxy_dial(proxy->target_port) : -1;
    if (connection->server >= 0) {
        proxy_pump(connection);
        if (connection->fault == PROXY_STALL_DOWN &&
            connection->down_bytes >= connection->parameter) {
            (void)proxy_hold(connection, HOUR_MS);
        }
        if (connection->fault == PROXY_RESET_DOWN) {
            (void)proxy_hold(connection, 50); /* What was sent is read before the reset. */
            proxy_reset(connection->client);
        }
        file_close(connection->server);
    } else if (is_let_in) {
        proxy_reset(connection->client); /* Nobody is there. */
    }
    file_close(connection->client);
    free(connection);
    atomic_fetch_sub(&proxy->connection_count, 1);
    return NULL;
}

/* ---- The proxy ---- */

static inline void proxy_take(struct proxy *proxy, int client)
{
    struct proxy_connection *connection = memory_new(sizeof *connection);
    pthread_t thread;

    *connection = (struct proxy_connection){ .proxy = proxy, .client = client, .server = -1 };
    (void)pthread_mutex_lock(&proxy->lock);
    if (proxy->count != 0) {
        connection->fault = proxy->fault;
        connection->parameter = proxy->parameter;
        proxy->count -= proxy->count > 0 ? 1 : 0;
        atomic_fetch_add(&proxy->struck_count, connection->fault != PROXY_PASS ? 1 : 0);
    }
    (void)pthread_mutex_unlock(&proxy->lock);
    atomic_fetch_add(&proxy->connection_count, 1);
    if (pthread_create(&thread, NULL, proxy_serve, connection) != 0) {
        atomic_fetch_sub(&proxy->connection_count, 1);
        file_close(client);
        free(connection);
        return;
    }
    (void)pthread_detach(thread);
}

static inline void *proxy_run(void *context)
{
    struct proxy *proxy = context;

    while (!atomic_load(&proxy->is_stopping)) {
        struct pollfd watched = { .fd = proxy->listener, .events = POLLIN };
        if (poll(&watched, 1, PROXY_LOOK_MS) > 0) {
            int client = accept4(proxy->listener, NULL, NULL, SOCK_CLOEXEC);
            if (client >= 0) {
                proxy_take(proxy, client);
            }
        }
    }
    return NULL;
}

/* Between a free port of 127.0.0.1 (proxy->port) and `target_port`. False when there is none. */
static inline bool proxy_start(struct proxy *proxy, int target_port)
{
    *proxy = (struct proxy){ .target_port = target_port };
    proxy->listener = proxy_listen(PROXY_BACKLOG, &proxy->port);
    if (proxy->listener < 0) {
        return false;
    }
    (void)pthread_mutex_init(&proxy->lock, NULL);
    return pthread_create(&proxy->thread, NULL, proxy_run, proxy) == 0;
}

/* The next `count` connections; PROXY_FOREVER: all; 0: none. */
static inline void proxy_fault_set(struct proxy *proxy, enum proxy_fault fault, int count,
                                   long parameter)
{
    (void)pthread_mutex_lock(&proxy->lock);
    proxy->fault = fault;
    proxy->count = count;
    proxy->parameter = parameter;
    (void)pthread_mutex_unlock(&proxy->lock);
}

static inline void proxy_stop(struct proxy *proxy)
{
    atomic_store(&proxy->is_stopping, true);
    (void)pthread_join(proxy->thread, NULL);
    while (atomic_load(&proxy->connection_count) > 0) {
        time_sleep_ms(PROXY_LOOK_MS);
    }
    file_close(proxy->listener);
    (void)pthread_mutex_destroy(&proxy->lock);
}

/* ---- A black hole ---- */

enum { HOLE_CALLERS = 4 };

struct hole {
    int listener;
    int port;
    int callers[HOLE_CALLERS]; /* They fill the queue, which nobody empties. */
};

static inline bool hole_open(struct hole *hole)
{
    hole->listener = proxy_listen(0, &hole->port);
    for (size_t i = 0; i < HOLE_CALLERS; i++) {
        struct sockaddr_in address = { .sin_family = AF_INET,
                                       .sin_port = htons((uint16_t)hole->port),
                                       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
        hole->callers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(hole->callers[i], (struct sockaddr *)&address, sizeof address);
    }
    return hole->listener >= 0;
}

static inline void hole_close(struct hole *hole)
{
    for (size_t i = 0; i < HOLE_CALLERS; i++) {
        file_close(hole->callers[i]);
    }
    file_close(hole->listener);
}

#endif

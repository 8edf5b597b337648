/*
 * Somebody's webhook receiver, for tests: plain HTTP on loopback, a thread for each connection,
 * every request kept. The path says how it behaves: /ok 200, /fail 500, /hang never answers, /gone
 * 410, /elsewhere 302 to /ok, /busy 429 with Retry-After: 3 at first and then 200, /flaky 500
 * twice and then 200.
 */
#ifndef TESTS_INTEGRATION_CLI_RECEIVER_H
#define TESTS_INTEGRATION_CLI_RECEIVER_H

#include <pthread.h>
#include <stdatomic.h>
#include <strings.h>

#include "scene.h"

enum { RECEIVED_MAX = 64 };

struct received {
    char head[4096];
    char path[128];
    struct text body;
    int64_t at_ms; /* monotonic */
};

struct receiver {
    int listener, port;
    pthread_t thread;
    pthread_mutex_t lock;
    struct received requests[RECEIVED_MAX];
    size_t count;
    atomic_bool is_stopping;
    atomic_int serving_count;
};

struct receiver_call {
    struct receiver *receiver;
    int connection;
};

/* How many requests of that path have come. */
static inline size_t received_count(struct receiver *receiver, const char *path)
{
    size_t count = 0;

    (void)pthread_mutex_lock(&receiver->lock);
    for (size_t i = 0; i < receiver->count; i++) {
        count += strcmp(receiver->requests[i].path, path) == 0 ? 1 : 0;
    }
    (void)pthread_mutex_unlock(&receiver->lock);
    return count;
}

static inline struct received *receiver_keep(struct receiver *receiver, const char *bytes,
                                             size_t size)
{
    const char *end = memmem(bytes, size, "\r\n\r\n", 4);
    struct received *kept = NULL;

    (void)pthread_mutex_lock(&receiver->lock);
    if (receiver->count < RECEIVED_MAX && end != NULL) {
        kept = &receiver->requests[receiver->count++];
        IGNORE(snprintf(kept->head, sizeof kept->head, "%.*s", (int)(end - bytes) + 2, bytes),
               "cut is fine");
        IGNORE(sscanf(kept->head, "%*s %127s", kept->path), "empty then");
        kept->body = TEXT_UP_TO(1 * MIB);
        text_add_bytes(&kept->body, end + 4, size - (size_t)(end + 4 - bytes));
        kept->at_ms = time_monotonic_ms();
    }
    (void)pthread_mutex_unlock(&receiver->lock);
    return kept;
}

/* Until head and Content-Length of body are there. */
static inline size_t receiver_read(int connection, char *bytes, size_t room)
{
    size_t size = 0;

    for (;;) {
        ssize_t got = read(connection, bytes + size, room - size - 1);
        if (got <= 0) {
            return size;
        }
        size += (size_t)got;
        bytes[size] = '\0';
        const char *end = strstr(bytes, "\r\n\r\n");
        const char *length = strcasestr(bytes, "content-length:");
        if (end != NULL && size >= (size_t)(end + 4 - bytes) +
                                       (length != NULL ? strtoul(length + 15, NULL, 10) : 0)) {
            return size;
        }
    }
}

static inline const char *receiver_answer(struct receiver *receiver, const char *path)
{
    size_t count = received_count(receiver, path);

    if (strcmp(path, "/gone") == 0) {
        return "HTTP/1.1 410 Gone\r\nContent-Length: 0\r\n\r\n";
    }
    if (strcmp(path, "/elsewhere") == 0) {
        return "HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n";
    }
    if (strcmp(path, "/busy") == 0 && count == 1) {
        return "HTTP/1.1 429 Too Many\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n";
    }
    if (strcmp(path, "/fail") == 0 || (strcmp(path, "/flaky") == 0 && count <= 2)) {
        return "HTTP/1.1 500 Broken\r\nContent-Length: 12\r\n\r\nno\x01 database";
    }
    return "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfine\n";
}

static inline void *receiver_serve(void *argument)
{
    struct receiver_call call = *(struct receiver_call *)argument;
    AUTO(free) char *bytes = memory_new(64 * KIB);
    size_t size = receiver_read(call.connection, bytes, 64 * KIB);
    struct received *kept = receiver_keep(call.receiver, bytes, size);

    free(argument);
    if (kept != NULL && strcmp(kept->path, "/hang") == 0) {
        char byte;
        IGNORE(read(call.connection, &byte, 1), "until the other side hangs up");
    } else if (kept != NULL) {
        const char *answer = receiver_answer(call.receiver, kept->path);
        IGNORE(write(call.connection, answer, strlen(answer)), "a lost answer is tried again");
    }
    (void)close(call.connection);
    call.receiver->serving_count--;
    return NULL;
}

static inline void *receiver_run(void *argument)
{
    struct receiver *receiver = argument;

    while (!receiver->is_stopping) {
        int connection = accept4(receiver->listener, NULL, NULL, SOCK_CLOEXEC);
        pthread_t thread;
        if (connection < 0) {
            continue;
        }
        struct receiver_call *call = memory_new(sizeof *call);
        *call = (struct receiver_call){ .receiver = receiver, .connection = connection };
        receiver->serving_count++;
        if (pthread_create(&thread, NULL, receiver_serve, call) == 0) {
            (void)pthread_detach(thread);
        }
    }
    return NULL;
}

/* On a port of its own. */
static inline struct receiver *receiver_start(void)
{
    struct receiver *receiver = memory_new(sizeof *receiver);
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    int yes = 1;

    receiver->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(receiver->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes), 0);
    assert_int_equal(bind(receiver->listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(listen(receiver->listener, 16), 0);
    assert_int_equal(getsockname(receiver->listener, (struct sockaddr *)&address, &size), 0);
    receiver->port = ntohs(address.sin_port);
    IGNORE(pthread_mutex_init(&receiver->lock, NULL), "cannot fail with these attributes");
    assert_int_equal(pthread_create(&receiver->thread, NULL, receiver_run, receiver), 0);
    return receiver;
}

/* When whoever asked it has hung up. */
static inline void receiver_stop(struct receiver *receiver)
{
    receiver->is_stopping = true;
    (void)shutdown(receiver->listener, SHUT_RDWR);
    (void)pthread_join(receiver->thread, NULL);
    (void)close(receiver->listener);
    while (receiver->serving_count > 0) {
        time_sleep_ms(LOOK_MS);
    }
    for (size_t i = 0; i < receiver->count; i++) {
        text_clear(&receiver->requests[i].body);
    }
    (void)pthread_mutex_destroy(&receiver->lock);
    free(receiver);
}

/* Until the path was asked for that often; the last of these requests. */
static inline const struct received *received_wait(struct receiver *receiver, const char *path,
                                                   size_t count)
{
    int64_t until_ms = time_monotonic_ms() + SETTLE_MS;

    while (received_count(receiver, path) < count) {
        if (time_monotonic_ms() > until_ms) {
            fail_msg("%s was asked for %zu times, not %zu", path, received_count(receiver, path),
                     count);
        }
        time_sleep_ms(LOOK_MS);
    }
    for (size_t i = 0; i < receiver->count; i++) {
        if (strcmp(receiver->requests[i].path, path) == 0 && --count == 0) {
            return &receiver->requests[i];
        }
    }
    return NULL;
}

/* A header's value in a request's head; "" without. */
static inline const char *received_header(const struct received *request, const char *name,
                                          char value_out[256])
{
    size_t size = strlen(name);

    value_out[0] = '\0';
    for (const char *line = request->head; line != NULL;) {
        if (strncasecmp(line, name, size) == 0 && line[size] == ':') {
            const char *value = line + size + 1 + strspn(line + size + 1, " ");
            IGNORE(snprintf(value_out, 256, "%.*s", (int)strcspn(value, "\r"), value), "cut");
        }
        line = strstr(line, "\r\n");
        line = line != NULL ? line + 2 : NULL;
    }
    return value_out;
}

#endif

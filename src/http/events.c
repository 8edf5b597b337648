/*
 * Server-sent events. A listener is a response without an end: the library asks it for bytes, and
 * parks the connection while there are none. A parked connection costs no time, but the library
 * does not see it close either: the next heartbeat finds out.
 *
 * Lock order: the library's response lock, then the hub's, then the library's connection locks.
 */
#include "http/internal.h"

#include <assert.h>
#include <string.h>
#include <sys/socket.h>

#include "core/memory.h"
#include "core/text.h"

#define QUEUE_SIZE_MAX (64 * KIB)
enum { HEARTBEAT_MS = 15 * SECOND_MS, BLOCK_SIZE = 4096, RETRY_AFTER_MS = 3000 };

struct listener {
    struct listener *next;
    struct listener *previous;
    struct http_events *events;
    struct MHD_Connection *library;
    int socket;
    char *tenant;
    struct text queue;
    size_t queue_start; /* What the library has taken already. */
    bool is_parked;
    bool is_dropped;
    int64_t last_at_ms; /* Monotonic. */
};

struct http_events {
    pthread_mutex_t lock;
    struct listener *listeners;
    size_t count;
    size_t count_max;
    bool is_closed;
};

struct http_events *http_events_new(size_t listener_count_max)
{
    struct http_events *events = memory_new(sizeof *events);

    (void)pthread_mutex_init(&events->lock, NULL);
    events->count_max = listener_count_max;
    return events;
}

void http_events_free(struct http_events *events)
{
    if (events != NULL) {
        assert(events->listeners == NULL);
        (void)pthread_mutex_destroy(&events->lock);
        free(events);
    }
}

size_t http_events_listener_count(struct http_events *events)
{
    (void)pthread_mutex_lock(&events->lock);
    size_t count = events->count;
    (void)pthread_mutex_unlock(&events->lock);
    return count;
}

/* The three below: under the hub's lock. */

static void listener_wake(struct listener *listener)
{
    if (listener->is_parked) {
        listener->is_parked = false;
        MHD_resume_connection(listener->library);
    }
}

static void listener_drop(struct listener *listener)
{
    listener->is_dropped = true;
    (void)shutdown(listener->socket, SHUT_RDWR); /* It may be stuck in a send. */
    listener_wake(listener);
}

static void listener_add(struct listener *listener, const char *bytes, size_t size, int64_t now_ms)
{
    struct text *queue = &listener->queue;

    if (listener->is_dropped) {
        return;
    }
    if (listener->queue_start > 0) {
        queue->size -= listener->queue_start;
        memmove(queue->bytes, queue->bytes + listener->queue_start, queue->size);
        listener->queue_start = 0;
    }
    text_add_bytes(queue, bytes, size);
    listener->last_at_ms = now_ms;
    if (queue->is_full) {
        listener_drop(listener);
    } else {
        listener_wake(listener);
    }
}

static ssize_t listener_read(void *context, uint64_t position, char *buffer, size_t room)
{
    struct listener *listener = context;
    struct http_events *events = listener->events;
    ssize_t result = 0;

    (void)position;
    (void)pthread_mutex_lock(&events->lock);
    size_t left = listener->queue.size - listener->queue_start;
    if (events->is_closed || listener->is_dropped) {
        result = MHD_CONTENT_READER_END_OF_STREAM;
    } else if (left == 0) {
        text_clear(&listener->queue);
        listener->queue_start = 0;
        listener->is_parked = true;
        MHD_suspend_connection(listener->library);
    } else {
        size_t size = left < room ? left : room;
        memcpy(buffer, listener->queue.bytes + listener->queue_start, size);
        listener->queue_start += size;
        result = (ssize_t)size;
    }
    (void)pthread_mutex_unlock(&events->lock);
    return result;
}

static void listener_free(void *context)
{
    struct listener *listener = context;
    struct http_events *events = listener->events;

    (void)pthread_mutex_lock(&events->lock);
    if (listener->next != NULL) {
        listener->next->previous = listener->previous;
    }
    if (listener->previous != NULL) {
        listener->previous->next = listener->next;
    } else {
        events->listeners = listener->next;
    }
    events->count--;
    (void)pthread_mutex_unlock(&events->lock);
    text_clear(&listener->queue);
    free(listener->tenant);
    free(listener);
}

static struct listener *listener_new(struct http_events *events, struct http_request *request,
                                     const char *tenant)
{
    struct listener *listener = memory_new(sizeof *listener);

    listener->events = events;
    listener->library = request->connection->library;
    listener->socket = request->connection->socket;
    listener->tenant = memory_copy_text(tenant);
    listener->queue = TEXT_UP_TO(QUEUE_SIZE_MAX);
    listener->last_at_ms = time_monotonic_ms();
    text_print(&listener->queue, "retry: %d\n\n", RETRY_AFTER_MS);
    (void)pthread_mutex_lock(&events->lock);
    bool has_room = events->count < events->count_max && !events->is_closed;
    if (has_room) {
        events->count++;
        listener->next = events->listeners;
        if (listener->next != NULL) {
            listener->next->previous = listener;
        }
        events->listeners = listener;
    }
    (void)pthread_mutex_unlock(&events->lock);
    if (!has_room) {
        text_clear(&listener->queue);
        free(listener->tenant);
        free(listener);
        return NULL;
    }
    return listener;
}

void http_answer_events(struct http_request *request, const char *tenant)
{
    struct http_events *events = request->connection->server->options.events;
    struct listener *listener = events == NULL ? NULL : listener_new(events, request, tenant);

    if (listener == NULL) {
        http_answer_problem(request, 503, "too_many_listeners", "no more live updates just now");
        http_header_add(request, "Retry-After", "30");
        return;
    }
    struct MHD_Response *response = MHD_create_response_from_callback(
        MHD_SIZE_UNKNOWN, BLOCK_SIZE, listener_read, listener, listener_free);
    if (response == NULL) {
        listener_free(listener);
    }
    request_respond(request, 200, "text/event-stream", response);
    http_header_add(request, "X-Accel-Buffering", "no"); /* nginx would hold events back. */
}

void http_events_send(struct http_events *events, const char *tenant, const char *event,
                      const char *json)
{
    AUTO(text_clear) struct text message = TEXT_UP_TO(QUEUE_SIZE_MAX);
    int64_t now_ms = time_monotonic_ms();

    assert(strpbrk(event, "\r\n") == NULL && strpbrk(json, "\r\n") == NULL);
    text_print(&message, "event: %s\ndata: %s\n\n", event, json);
    if (message.is_full) {
        return;
    }
    (void)pthread_mutex_lock(&events->lock);
    for (struct listener *listener = events->listeners; listener != NULL;
         listener = listener->next) {
        if (tenant == NULL || strcmp(listener->tenant, tenant) == 0) {
            listener_add(listener, message.bytes, message.size, now_ms);
        }
    }
    (void)pthread_mutex_unlock(&events->lock);
}

void events_open(struct http_events *events)
{
    (void)pthread_mutex_lock(&events->lock);
    events->is_closed = false;
    (void)pthread_mutex_unlock(&events->lock);
}

void events_close(struct http_events *events)
{
    (void)pthread_mutex_lock(&events->lock);
    events->is_closed = true;
    for (struct listener *listener = events->listeners; listener != NULL;
         listener = listener->next) {
        listener_wake(listener);
    }
    (void)pthread_mutex_unlock(&events->lock);
}

void events_tick(struct http_events *events, int64_t now_ms)
{
    static const char beat[] = ":\n\n";

    (void)pthread_mutex_lock(&events->lock);
    for (struct listener *listener = events->listeners; listener != NULL;
         listener = listener->next) {
        if (now_ms - listener->last_at_ms >= HEARTBEAT_MS) {
            listener_add(listener, beat, sizeof beat - 1, now_ms);
        }
    }
    (void)pthread_mutex_unlock(&events->lock);
}

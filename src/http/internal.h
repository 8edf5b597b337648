/*
 * What the files of http/ share. One `struct connection` per TCP connection, made and freed by the
 * library's notices; its one `struct http_request` is used again for each request on it.
 *
 *     request line ── URI notice: request_begin()
 *     headers ─────── exchange_open(): framing, target, route, admit
 *     body ────────── collected, or drained when the answer is known already
 *     end ─────────── the handler answers, or suspends: then http_resume() comes back here
 *     answer queued ─ exchange_answer(); completed: request_reset()
 *
 * A connection is served by one library thread. Only the reaper (ticker.c) looks in from outside,
 * under server->lock, and only at `socket` and `deadline_ms`.
 */
#ifndef HTTP_INTERNAL_H
#define HTTP_INTERNAL_H

#include <netinet/in.h>
#include <pthread.h>
#include <stdatomic.h>

#include <microhttpd.h>

#include "http/http.h"
#include "http/target.h"

enum { BODY_KEPT_SIZE_MAX = 16 * 1024, DRAIN_SIZE_MAX = 64 * 1024 };

enum stage {
    STAGE_HEADERS,   /* The request line is in. */
    STAGE_BODY,      /* Admitted: the body is collected. */
    STAGE_DRAIN,     /* The answer is known; the rest of the request is read and dropped. */
    STAGE_SUSPENDED, /* Another thread has it. */
    STAGE_ANSWERED,  /* The library has the answer. */
};

struct header {
    const char *name;
    const char *value;
    struct header *next;
};

struct http_request {
    struct connection *connection;
    struct arena *arena;
    enum stage stage;
    const char *method;
    struct target target;
    enum target_verdict verdict;
    const struct http_route *route;
    char *body;
    size_t body_size;
    size_t body_room;
    size_t body_size_max;
    size_t drained_size;
    void *user;
    int64_t started_us;
    int status;
    struct MHD_Response *response;
    bool is_shared;  /* The response is a prepared one: not ours to change or release. */
    bool is_faulty;  /* The handler asked for a header that must not be sent. */
    bool must_close; /* The connection's framing cannot be trusted after this. */
    struct header *headers;
};

struct connection {
    struct connection *next; /* Both under server->lock. */
    struct connection *previous;
    struct http_server *server;
    struct MHD_Connection *library;
    int socket;
    /* Monotonic; the socket is shut down when it passes. 0: the idle timeout alone applies. */
    _Atomic int64_t deadline_ms;
    char peer[INET6_ADDRSTRLEN];
    struct http_request request;
};

struct http_server {
    struct http_options options;
    size_t *segment_counts; /* Of each route's pattern: rejects most rows at once. */
    struct MHD_Daemon *daemon;
    int listener;
    int port;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    pthread_t ticker;
    struct connection *connections; /* Under lock. */
    bool is_ticker_done;            /* Under lock. */
    _Atomic size_t connection_count;
    _Atomic bool is_stopping;
    _Atomic size_t active_count; /* Requests with a handler or suspended. */
};

/* request.c */
void request_begin(struct http_request *request, const char *target);
void request_reset(struct http_request *request);
/* False when the body is longer than its route allows, or there is no memory for it. */
MUST_USE bool request_body_add(struct http_request *request, const void *bytes, size_t size);

/* exchange.c: the library's access handler. */
enum MHD_Result exchange_call(void *context, struct MHD_Connection *library, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request_slot);

/* answer.c */
/* Set the answer; takes the response over. NULL becomes an empty 500. */
void request_respond(struct http_request *request, int status, const char *content_type,
                     struct MHD_Response *taken_response);
void answer_headers_apply(struct http_request *request);

/* asset.c */
/* Answer with the asset of this path, or the page for one that browsers ask for; false: neither. */
MUST_USE bool asset_answer(struct http_request *request);

/* listen.c */
MUST_USE bool listen_open(const char *address, int *socket_out, int *port_out, struct error *error);

/* ticker.c */
MUST_USE bool ticker_start(struct http_server *server, struct error *error);
void ticker_stop(struct http_server *server);

/* events.c */
void events_open(struct http_events *events);
/* End all streams. */
void events_close(struct http_events *events);
void events_tick(struct http_events *events, int64_t now_ms);

#endif

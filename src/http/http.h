/*
 * The HTTP server: libmicrohttpd with the duties it leaves to its user. Knows no route: the caller
 * brings a table of them.
 *
 * It promises: no request reaches a handler whose framing two servers could read differently, no
 * body is longer than its route allows, no client holds a connection by dripping bytes, and every
 * answer carries the security headers. It refuses TLS (a proxy's work for now) and HTTP/2.
 *
 * A handler runs on one of the server's threads and either answers (http_answer…) or calls
 * http_suspend() and has another thread answer and then call http_resume(). Everything that a
 * getter returns is borrowed and lives until the request has been answered; a request belongs to
 * one thread at a time.
 */
#ifndef HTTP_HTTP_H
#define HTTP_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/macros.h"
#include "core/time.h"

struct http_request;
struct http_server;
struct http_events;

/* ---- The server ---- */

typedef void (*http_handler)(struct http_request *request, void *context);

/*
 * One row per method and pattern. A pattern's segments are literal or "{name}", which takes one
 * segment that is not empty. The first row that fits wins. HEAD is answered by GET's row. A path
 * that exists with other methods gets 405 with Allow.
 */
struct http_route {
    const char *method;   /* "GET". */
    const char *pattern;  /* "/api/calls/{id}/recording". */
    unsigned access;      /* Means nothing here; `admit` reads it. */
    size_t body_size_max; /* 0: a body is refused. */
    http_handler handler;
};

/*
 * One file of the dashboard, compressed when the program was built. What is asked for
 * uncompressed is unpacked from `gzip` on demand. An empty `brotli` means that there is none.
 */
struct http_asset {
    const char *path; /* "/index.html"; "/" is answered by it, and so are pages it routes itself. */
    const char *content_type;
    const char *etag; /* Without quotes: a hash of the content. */
    const uint8_t *gzip, *gzip_end;
    const uint8_t *brotli, *brotli_end;
    bool is_immutable; /* Its name holds its hash: browsers may keep it for ever. */
};

struct http_options {
    const char *listen; /* "127.0.0.1:8080", "[::]:8080", "localhost:8080"; ":8080" is every
                           address; port 0 is any free one. */
    unsigned threads;   /* 0 is 2. */
    const struct http_route *routes;
    size_t route_count;
    /* Optional. Called when the headers are in and the route is known, before the body is read.
     * Returns false when it has answered instead (401, 403, 429 …). */
    bool (*admit)(struct http_request *request, const struct http_route *route, void *context);
    /* Optional. Called once per answered request, for counters and the log. */
    void (*finished)(struct http_request *request, int status, int64_t duration_us, void *context);
    void *context; /* Given to handlers, admit and finished. */
    const struct http_asset *assets;
    size_t asset_count;
    struct http_events *events;  /* For http_answer_events(); may be NULL. Outlives the server. */
    size_t connection_count_max; /* 0 is 1024. */
    size_t connection_per_address_max; /* 0 is no limit (behind a proxy). */
    int header_timeout_s; /* 0 is 10: a request's line and headers must be in by then. */
    int idle_timeout_s;   /* 0 is 60: silence after which a connection is closed. */
};

/* Listen and answer. Strings and tables of `options` are borrowed until http_server_stop(). */
MUST_USE bool http_server_start(const struct http_options *options, struct http_server **server_out,
                                struct error *error);
/* The port that it listens on: what port 0 became. */
int http_server_port(const struct http_server *server);
/* Open connections right now. */
size_t http_server_connection_count(const struct http_server *server);
/*
 * Accept nothing more, wait until every suspended request has been answered and resumed (so stop
 * the threads that answer after this), end event streams, close. NULL is fine.
 */
void http_server_stop(struct http_server *server);

/* ---- What was asked ---- */

const char *http_request_method(const struct http_request *request); /* "HEAD" stays "HEAD". */
/* The path as sent: still escaped, without the query. */
const char *http_request_path(const struct http_request *request);
/* The row that was chosen; NULL for assets and refusals. */
const struct http_route *http_request_route(const struct http_request *request);
/* What stood for {name} in the path, unescaped, never empty. NULL when the pattern has no such
 * name.
 */
const char *http_request_parameter(const struct http_request *request, const char *name);
/* The first query parameter of that name, unescaped ('+' is a space); NULL when there is none. */
const char *http_request_query(const struct http_request *request, const char *name);
/* The same one by one, in the order sent. False when there is no such index. */
bool http_request_query_at(const struct http_request *request, size_t index, const char **name_out,
                           const char **value_out);
/* A header's value by its name in any case; NULL when there is none. */
const char *http_request_header(const struct http_request *request, const char *name);
/* A cookie's value; NULL when there is none. Lives in the request's arena. */
const char *http_request_cookie(struct http_request *request, const char *name);
/* "Authorization: Basic": false when it is not there or malformed. In the request's arena. */
MUST_USE bool http_request_basic(struct http_request *request, const char **user_out,
                                 const char **password_out);
/* "Authorization: Bearer": the token, or NULL. */
const char *http_request_bearer(const struct http_request *request);
/* The body, with a NUL behind; "" when there is none (and always in `admit`). */
const char *http_request_body(const struct http_request *request, size_t *size_out);
/* The other end of the connection: "192.0.2.7", "2001:db8::1". A proxy's, if there is one. */
const char *http_request_peer(const struct http_request *request);
/* Memory that lives as long as the request: 16 MiB at most. */
struct arena *http_request_arena(struct http_request *request);
/* A slot for the caller, NULL at first: the session that `admit` found, say. */
void http_request_user_set(struct http_request *request, void *user);
void *http_request_user(const struct http_request *request);

/* ---- The answer ----
 * The last answer given counts. A handler that returns without answering or suspending gets 500. */

/* `bytes` are copied. `content_type` may be NULL when there is no content. */
void http_answer(struct http_request *request, int status, const char *content_type,
                 const void *bytes, size_t size);
/* Takes the value over, NULL being a 500. */
void http_answer_json(struct http_request *request, int status, json_t *taken_value);
/*
 * RFC 9457 problem details: type "about:blank", title (the status' own), status, `code` (ours,
 * stable, snake_case), detail (printed). 401 does not add WWW-Authenticate: that is the caller's.
 */
void http_answer_problem(struct http_request *request, int status, const char *code,
                         const char *format, ...) PRINTF_LIKE(4, 5);
/*
 * A file, or the part asked for: Range, If-Range, If-None-Match, If-Modified-Since and HEAD as in
 * RFC 9110 sections 13 and 14; a request for several ranges gets the whole. Takes the descriptor
 * over. `etag` is without quotes and strong, may be NULL; `last_modified_at` may be 0.
 */
void http_answer_file(struct http_request *request, int taken_file, uint64_t size,
                      const char *content_type, const char *etag, time_ms last_modified_at);
/* Adds a header to the answer, given before or after it. Copied. A name that is no token or a value
 * with control characters is a bug of the caller: the answer becomes a 500. */
void http_header_add(struct http_request *request, const char *name, const char *value);

/*
 * An answer made once and given often, without an allocation: for the hot path. Its bytes and
 * content type never change; http_header_add() does not apply to it.
 */
struct http_prepared;
struct http_prepared *http_prepared_new(int status, const char *content_type, const void *bytes,
                                        size_t size);
/* Only after http_server_stop(), or when no request will be given it any more. NULL is fine. */
void http_prepared_free(struct http_prepared *prepared);
void http_answer_prepared(struct http_request *request, const struct http_prepared *prepared);

/*
 * Park the request: call it in the handler (not in admit), then hand the request to another thread
 * and return without touching it again. That thread answers and calls http_resume(), exactly once;
 * the request is gone after that.
 */
void http_suspend(struct http_request *request);
void http_resume(struct http_request *request);

/* ---- Server-sent events (the WHATWG HTML standard, section 9.2) ----
 * One hub for one server. Each listener has a queue of 64 KiB; one that falls behind by more is
 * disconnected, and its browser comes back by itself. A comment is sent after 15 s of silence. */

/* A hub for at most `listener_count_max` listeners. Never NULL. */
struct http_events *http_events_new(size_t listener_count_max);
/* After http_server_stop(). NULL is fine. */
void http_events_free(struct http_events *events);
/* Answer with the stream of events of `tenant`; 503 when there are too many listeners already. */
void http_answer_events(struct http_request *request, const char *tenant);
/* To every listener of `tenant` (NULL: to all). `event` is a plain word, `json` one line. From any
 * thread; never waits for a listener. */
void http_events_send(struct http_events *events, const char *tenant, const char *event,
                      const char *json);
size_t http_events_listener_count(struct http_events *events);

#endif

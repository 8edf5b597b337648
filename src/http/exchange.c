/*
 * One request's way through the server: the library calls exchange_call() once when the headers
 * are in, once per piece of body, once at the end, and once more after a resume.
 *
 * What is refused before the body: the answer waits until a small body has been read and dropped,
 * so that the client gets to see it and the connection lives on. After a large body, or one whose
 * framing is in doubt, the connection is closed.
 */
#include "http/internal.h"

#include <string.h>
#include <time.h>

#include "core/log.h"
#include "core/text.h"
#include "http/framing.h"

/* A body must come at this rate at least, on average: 1 MiB in 256 s. */
enum { BODY_BYTES_PER_MS_MIN = 4 };

/* The method that GET's row answers is GET. */
static const char *method_of_route(const char *method)
{
    return strcmp(method, "HEAD") == 0 ? "GET" : method;
}

static const struct http_route *route_find(struct http_request *request, struct text *allowed)
{
    const struct http_server *server = request->connection->server;
    const char *method = method_of_route(request->method);

    for (size_t i = 0; i < server->options.route_count; i++) {
        const struct http_route *route = &server->options.routes[i];
        if (server->segment_counts[i] != request->target.segment_count ||
            !target_fits(&request->target, route->pattern)) {
            continue;
        }
        if (strcmp(route->method, method) == 0) {
            return route;
        }
        text_print(allowed, "%s%s%s", allowed->size > 0 ? ", " : "", route->method,
                   strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
    }
    return NULL;
}

/* Find who answers. False when the answer is given already: an asset, or a refusal. */
static bool exchange_route(struct http_request *request)
{
    AUTO(text_clear) struct text allowed = TEXT_UP_TO(256);

    if (request->verdict == TARGET_BAD) {
        http_answer_problem(request, 400, "bad_target", "the path or the query is malformed");
        return false;
    }
    if (request->verdict == TARGET_NOWHERE) {
        http_answer_problem(request, 404, "not_found", "there is nothing at this path");
        return false;
    }
    request->route = route_find(request, &allowed);
    if (request->route != NULL) {
        request->body_size_max = request->route->body_size_max;
        return true;
    }
    if (allowed.size > 0) {
        http_answer_problem(request, 405, "method_not_allowed", "this path answers %s",
                            text_get(&allowed));
        http_header_add(request, "Allow", text_get(&allowed));
    } else if (!asset_answer(request)) {
        http_answer_problem(request, 404, "not_found", "there is nothing at this path");
    }
    return false;
}

/* Hand the answer to the library. */
static enum MHD_Result exchange_answer(struct http_request *request)
{
    struct connection *connection = request->connection;
    const struct http_options *options = &connection->server->options;

    if (request->response == NULL || request->is_faulty) {
        log_error("http.no_answer", "method", request->method, "route",
                  request->route != NULL ? request->route->pattern : "", NULL);
        request->is_faulty = false;
        request->headers = NULL;
        http_answer_problem(request, 500, "internal", "the server could not answer");
    }
    if (!request->is_shared) {
        answer_headers_apply(request);
    }
    request->stage = STAGE_ANSWERED;
    atomic_store_explicit(&connection->deadline_ms, 0, memory_order_relaxed);
    enum MHD_Result result =
        MHD_queue_response(connection->library, (unsigned)request->status, request->response);
    if (!request->is_shared) {
        MHD_destroy_response(request->response); /* The library holds its own reference. */
    }
    request->response = NULL;
    if (options->finished != NULL) {
        struct timespec now;
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        int64_t now_us = (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
        options->finished(request, request->status, now_us - request->started_us, options->context);
    }
    return result;
}

/* The answer is known before the body. */
static enum MHD_Result exchange_refuse(struct http_request *request, const struct framing *framing)
{
    bool has_body = framing->length > 0 || framing->is_chunked;
    bool is_long = framing->length > DRAIN_SIZE_MAX || framing->is_chunked;

    if (has_body && (is_long || framing->expects_continue)) {
        request->must_close = true;
        return exchange_answer(request);
    }
    request->stage = STAGE_DRAIN;
    return MHD_YES;
}

static void body_deadline_set(struct http_request *request, const struct framing *framing)
{
    struct connection *connection = request->connection;
    uint64_t size = framing->is_chunked ? request->body_size_max : framing->length;
    int64_t allowed_ms = connection->server->options.header_timeout_s * SECOND_MS +
                         (int64_t)(size / BODY_BYTES_PER_MS_MIN);

    atomic_store_explicit(&connection->deadline_ms, time_monotonic_ms() + allowed_ms,
                          memory_order_relaxed);
}

/* The headers are in. */
static enum MHD_Result exchange_open(struct http_request *request, const char *method,
                                     const char *version)
{
    const struct http_options *options = &request->connection->server->options;
    struct framing framing;

    request->method = method;
    const char *objection = framing_read(request->connection->library, version, &framing);
    if (objection != NULL) {
        http_answer_problem(request, 400, "bad_framing", "%s", objection);
        request->must_close = true;
        return exchange_answer(request);
    }
    body_deadline_set(request, &framing);
    bool is_routed = exchange_route(request);
    if (framing.length > request->body_size_max && (is_routed || request->status == 200)) {
        http_answer_problem(request, 413, "too_large", "the body may have %zu bytes here",
                            request->body_size_max);
        request->must_close = true;
        return exchange_refuse(request, &framing);
    }
    if (!is_routed ||
        (options->admit != NULL && !options->admit(request, request->route, options->context))) {
        return exchange_refuse(request, &framing);
    }
    request->stage = STAGE_BODY;
    return MHD_YES;
}

/* The sender's fault, or ours: only after the second is the same body worth sending again. */
static void body_refuse(struct http_request *request, size_t size)
{
    if (size > request->body_size_max - request->body_size) {
        http_answer_problem(request, 413, "too_large", "the body may have %zu bytes here",
                            request->body_size_max);
    } else {
        http_header_add(request, "Retry-After", "5");
        http_answer_problem(request, 503, "unavailable", "no memory is left; send it again");
    }
}

/* A piece of body. */
static enum MHD_Result exchange_take(struct http_request *request, const char *bytes, size_t size)
{
    if (request->stage == STAGE_BODY && !request_body_add(request, bytes, size)) {
        body_refuse(request, size);
        request->must_close = true;
        request->stage = STAGE_DRAIN;
    }
    if (request->stage == STAGE_DRAIN) {
        request->drained_size += size;
        return request->drained_size <= DRAIN_SIZE_MAX ? MHD_YES : MHD_NO;
    }
    return request->stage == STAGE_BODY ? MHD_YES : MHD_NO;
}

/* The body is in. */
static enum MHD_Result exchange_handle(struct http_request *request)
{
    struct http_server *server = request->connection->server;

    atomic_store_explicit(&request->connection->deadline_ms, 0, memory_order_relaxed);
    (void)atomic_fetch_add(&server->active_count, 1);
    if (atomic_load(&server->is_stopping)) {
        request->must_close = true;
        http_answer_problem(request, 503, "stopping", "the server is stopping");
    } else {
        request->route->handler(request, server->options.context);
        if (request->stage == STAGE_SUSPENDED) {
            return MHD_YES; /* Another thread's by now; http_resume() ends its activity. */
        }
    }
    (void)atomic_fetch_sub(&server->active_count, 1);
    return exchange_answer(request);
}

enum MHD_Result exchange_call(void *context, struct MHD_Connection *library, const char *url,
                              const char *method, const char *version, const char *upload,
                              size_t *upload_size, void **request_slot)
{
    struct http_request *request = *request_slot;

    (void)context;
    (void)library;
    (void)url;
    if (request->stage == STAGE_HEADERS) {
        return exchange_open(request, method, version);
    }
    if (*upload_size > 0) {
        size_t size = *upload_size;
        *upload_size = 0;
        return exchange_take(request, upload, size);
    }
    switch (request->stage) {
    case STAGE_BODY:
        return exchange_handle(request);
    case STAGE_DRAIN:
    case STAGE_SUSPENDED:
        return exchange_answer(request);
    case STAGE_HEADERS:
    case STAGE_ANSWERED:
        break;
    }
    return MHD_NO;
}

void http_suspend(struct http_request *request)
{
    request->stage = STAGE_SUSPENDED;
    MHD_suspend_connection(request->connection->library);
}

void http_resume(struct http_request *request)
{
    struct http_server *server = request->connection->server;

    MHD_resume_connection(request->connection->library);
    (void)atomic_fetch_sub(&server->active_count, 1); /* http_server_stop() waits for it. */
}

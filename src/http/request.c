/* See http.h: what was asked. The getters read, request_begin() and request_reset() keep house. */
#include "http/internal.h"

#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/memory.h"
#include "http/fields.h"

static int64_t monotonic_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void request_begin(struct http_request *request, const char *target)
{
    request_reset(request);
    request->started_us = monotonic_us();
    request->verdict = target_read(request->arena, target, &request->target);
}

void request_reset(struct http_request *request)
{
    struct connection *connection = request->connection;
    struct arena *arena = request->arena;
    char *body = request->body;
    size_t room = request->body_room;

    if (request->response != NULL && !request->is_shared) {
        MHD_destroy_response(request->response);
    }
    if (room > BODY_KEPT_SIZE_MAX) {
        free(body);
        body = NULL;
        room = 0;
    }
    arena_reset(arena);
    memset(request, 0, sizeof *request);
    request->connection = connection;
    request->arena = arena;
    request->body = body;
    request->body_room = room;
}

bool request_body_add(struct http_request *request, const void *bytes, size_t size)
{
    if (size > request->body_size_max - request->body_size) {
        return false;
    }
    size_t needed = request->body_size + size + 1;
    if (needed > request->body_room) {
        size_t room = needed < 1024 ? 1024 : needed + needed / 2;
        char *grown = memory_try_new(room);
        if (grown == NULL) {
            return false;
        }
        if (request->body_size > 0) {
            memcpy(grown, request->body, request->body_size);
        }
        free(request->body);
        request->body = grown;
        request->body_room = room;
    }
    memcpy(request->body + request->body_size, bytes, size);
    request->body_size += size;
    request->body[request->body_size] = '\0';
    return true;
}

const char *http_request_method(const struct http_request *request)
{
    return request->method;
}

const char *http_request_path(const struct http_request *request)
{
    return request->target.path;
}

const struct http_route *http_request_route(const struct http_request *request)
{
    return request->route;
}

const char *http_request_parameter(const struct http_request *request, const char *name)
{
    return request->route == NULL
               ? NULL
               : target_parameter(&request->target, request->route->pattern, name);
}

const char *http_request_query(const struct http_request *request, const char *name)
{
    for (size_t i = 0; i < request->target.pair_count; i++) {
        if (strcmp(request->target.pairs[i].name, name) == 0) {
            return request->target.pairs[i].value;
        }
    }
    return NULL;
}

bool http_request_query_at(const struct http_request *request, size_t index, const char **name_out,
                           const char **value_out)
{
    if (index >= request->target.pair_count) {
        return false;
    }
    *name_out = request->target.pairs[index].name;
    *value_out = request->target.pairs[index].value;
    return true;
}

const char *http_request_header(const struct http_request *request, const char *name)
{
    return MHD_lookup_connection_value(request->connection->library, MHD_HEADER_KIND, name);
}

const char *http_request_cookie(struct http_request *request, const char *name)
{
    const char *header = http_request_header(request, "Cookie");

    return header == NULL ? NULL : cookie_find(request->arena, header, name);
}

bool http_request_basic(struct http_request *request, const char **user_out,
                        const char **password_out)
{
    const char *header = http_request_header(request, "Authorization");

    return header != NULL && basic_read(request->arena, header, user_out, password_out);
}

const char *http_request_bearer(const struct http_request *request)
{
    const char *header = http_request_header(request, "Authorization");
    const char *token = header == NULL ? NULL : scheme_strip(header, "Bearer");

    return token == NULL || *token == '\0' ? NULL : token;
}

const char *http_request_body(const struct http_request *request, size_t *size_out)
{
    *size_out = request->body_size;
    return request->body_size > 0 ? request->body : "";
}

const char *http_request_peer(const struct http_request *request)
{
    return request->connection->peer;
}

struct arena *http_request_arena(struct http_request *request)
{
    return request->arena;
}

void http_request_user_set(struct http_request *request, void *user)
{
    request->user = user;
}

void *http_request_user(const struct http_request *request)
{
    return request->user;
}

/* See http.h: the answer. */
#include "http/internal.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/memory.h"
#include "http/fields.h"
#include "http/range.h"

static const struct {
    const char *name;
    const char *value;
} defaults[] = {
    { "X-Content-Type-Options", "nosniff" },
    { "Referrer-Policy", "no-referrer" },
    { "Cross-Origin-Opener-Policy", "same-origin" },
    { "Cache-Control", "no-store" },
};

static const char CONTENT_POLICY[] =
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "media-src 'self' blob:; connect-src 'self'; font-src 'self'; manifest-src 'self'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'";

/* What every answer carries unless its handler said otherwise. */
static void defaults_apply(struct MHD_Response *response)
{
    const char *type = MHD_get_response_header(response, "Content-Type");

    for (size_t i = 0; i < COUNT_OF(defaults); i++) {
        if (MHD_get_response_header(response, defaults[i].name) == NULL) {
            IGNORE(MHD_add_response_header(response, defaults[i].name, defaults[i].value), "valid");
        }
    }
    if (type != NULL && strncasecmp(type, "text/html", 9) == 0 &&
        MHD_get_response_header(response, "Content-Security-Policy") == NULL) {
        IGNORE(MHD_add_response_header(response, "Content-Security-Policy", CONTENT_POLICY),
               "valid");
    }
}

void answer_headers_apply(struct http_request *request)
{
    for (const struct header *header = request->headers; header != NULL; header = header->next) {
        IGNORE(MHD_add_response_header(request->response, header->name, header->value),
               "checked when it was given");
    }
    if (request->must_close) {
        IGNORE(MHD_add_response_header(request->response, "Connection", "close"), "valid");
    }
    defaults_apply(request->response);
}

void request_respond(struct http_request *request, int status, const char *content_type,
                     struct MHD_Response *taken_response)
{
    if (request->response != NULL && !request->is_shared) {
        MHD_destroy_response(request->response);
    }
    request->status = status;
    request->response = taken_response;
    request->is_shared = false;
    if (taken_response != NULL && content_type != NULL) {
        IGNORE(MHD_add_response_header(taken_response, "Content-Type", content_type),
               "a bad one is not sent");
    }
}

/* The library only reads the bytes, whatever its face says. */
static struct MHD_Response *response_of(const void *bytes, size_t size,
                                        enum MHD_ResponseMemoryMode mode)
{
    return MHD_create_response_from_buffer(size, (void *)(uintptr_t)bytes, mode);
}

void http_answer(struct http_request *request, int status, const char *content_type,
                 const void *bytes, size_t size)
{
    request_respond(request, status, content_type,
                    size == 0 ? response_of("", 0, MHD_RESPMEM_PERSISTENT)
                              : response_of(bytes, size, MHD_RESPMEM_MUST_COPY));
}

void http_answer_json(struct http_request *request, int status, json_t *taken_value)
{
    AUTO(json_release) json_t *value = taken_value;
    char *text = value == NULL ? NULL : json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);

    if (text == NULL) {
        http_answer_problem(request, 500, "internal", "the answer could not be written");
        return;
    }
    request_respond(request, status, "application/json",
                    response_of(text, strlen(text), MHD_RESPMEM_MUST_FREE));
}

void http_answer_problem(struct http_request *request, int status, const char *code,
                         const char *format, ...)
{
    char detail[2048];
    va_list arguments;

    va_start(arguments, format);
    IGNORE(vsnprintf(detail, sizeof detail, format, arguments), "cut is fine");
    va_end(arguments);
    AUTO(json_release)
    json_t *problem =
        json_pack("{s:s, s:s, s:i, s:s}", "type", "about:blank", "title",
                  MHD_get_reason_phrase_for((unsigned)status), "status", status, "code", code);
    /* A detail that was cut inside a character, or quotes a client's bytes, may be no UTF-8. */
    IGNORE(json_object_set_new(problem, "detail", json_string(detail)), "left out then");
    char *text = json_dumps(problem, JSON_COMPACT);
    request_respond(request, status, "application/problem+json",
                    text == NULL ? NULL : response_of(text, strlen(text), MHD_RESPMEM_MUST_FREE));
}

void http_header_add(struct http_request *request, const char *name, const char *value)
{
    if (!field_is_valid(name, value)) {
        log_error("http.bad_header", "name", name, NULL);
        request->is_faulty = true;
        return;
    }
    struct header *header = arena_take(request->arena, sizeof *header);
    struct header **end = &request->headers;
    while (*end != NULL) {
        end = &(*end)->next;
    }
    *header = (struct header){ .name = arena_copy_text(request->arena, name),
                               .value = arena_copy_text(request->arena, value) };
    *end = header;
}

/* ---- Files ---- */

/* Is what the client has still what we would send? (RFC 9110 section 13.2.2, steps 3 and 4) */
static bool is_unchanged(struct http_request *request, const char *etag, time_ms modified_at)
{
    const char *tags = http_request_header(request, "If-None-Match");
    const char *since = http_request_header(request, "If-Modified-Since");
    time_ms since_at = 0;

    if (tags != NULL) {
        return etag != NULL && etag_list_has(tags, etag);
    }
    return since != NULL && modified_at != 0 && date_read(since, &since_at) &&
           modified_at / SECOND_MS * SECOND_MS <= since_at;
}

/* Step 5: a range counts only while the file is the one the client began with. */
static bool range_counts(struct http_request *request, const char *etag, time_ms modified_at)
{
    const char *condition = http_request_header(request, "If-Range");
    time_ms condition_at = 0;

    if (condition == NULL) {
        return true;
    }
    if (condition[0] == '"') {
        return etag != NULL && etag_list_has(condition, etag);
    }
    return modified_at != 0 && date_read(condition, &condition_at) &&
           modified_at / SECOND_MS * SECOND_MS == condition_at;
}

static void file_headers_add(struct http_request *request, const char *etag, time_ms modified_at)
{
    char date[DATE_TEXT_SIZE];

    http_header_add(request, "Accept-Ranges", "bytes");
    if (etag != NULL) {
        http_header_add(request, "ETag", arena_print(request->arena, "\"%s\"", etag));
    }
    if (modified_at != 0) {
        http_header_add(request, "Last-Modified", date_print(modified_at, date));
    }
}

static void file_part_answer(struct http_request *request, int status, const char *content_type,
                             int *file, uint64_t offset, uint64_t size)
{
    if (size == 0) {
        request_respond(request, status, content_type, response_of("", 0, MHD_RESPMEM_PERSISTENT));
        return;
    }
    struct MHD_Response *response = MHD_create_response_from_fd_at_offset64(size, *file, offset);
    if (response != NULL) {
        *file = -1; /* The response's now. */
    }
    request_respond(request, status, content_type, response);
}

void http_answer_file(struct http_request *request, int taken_file, uint64_t size,
                      const char *content_type, const char *etag, time_ms last_modified_at)
{
    AUTO(file_close) int file = taken_file;
    const char *range = http_request_header(request, "Range");
    enum range_verdict verdict = RANGE_WHOLE;
    uint64_t first = 0;
    uint64_t last = 0;

    file_headers_add(request, etag, last_modified_at);
    if (is_unchanged(request, etag, last_modified_at)) {
        http_answer(request, 304, NULL, NULL, 0);
        return;
    }
    if (range != NULL && strcmp(request->method, "GET") == 0 &&
        range_counts(request, etag, last_modified_at)) {
        verdict = range_read(range, size, &first, &last);
    }
    switch (verdict) {
    case RANGE_WHOLE:
        file_part_answer(request, 200, content_type, &file, 0, size);
        break;
    case RANGE_PART:
        http_header_add(request, "Content-Range",
                        arena_print(request->arena, "bytes %ju-%ju/%ju", (uintmax_t)first,
                                    (uintmax_t)last, (uintmax_t)size));
        file_part_answer(request, 206, content_type, &file, first, last - first + 1);
        break;
    case RANGE_UNSATISFIABLE:
        http_answer_problem(request, 416, "range_not_satisfiable", "the file has %ju bytes",
                            (uintmax_t)size);
        http_header_add(request, "Content-Range",
                        arena_print(request->arena, "bytes */%ju", (uintmax_t)size));
        break;
    }
}

/* ---- Answers made once ---- */

struct http_prepared {
    int status;
    struct MHD_Response *response;
};

struct http_prepared *http_prepared_new(int status, const char *content_type, const void *bytes,
                                        size_t size)
{
    struct http_prepared *prepared = memory_new(sizeof *prepared);

    prepared->status = status;
    prepared->response = response_of(size > 0 ? bytes : "", size, MHD_RESPMEM_MUST_COPY);
    if (prepared->response != NULL) {
        if (content_type != NULL) {
            IGNORE(MHD_add_response_header(prepared->response, "Content-Type", content_type),
                   "a bad one is not sent");
        }
        defaults_apply(prepared->response);
    }
    return prepared;
}

void http_prepared_free(struct http_prepared *prepared)
{
    if (prepared != NULL) {
        if (prepared->response != NULL) {
            MHD_destroy_response(prepared->response);
        }
        free(prepared);
    }
}

void http_answer_prepared(struct http_request *request, const struct http_prepared *prepared)
{
    request_respond(request, prepared->status, NULL, NULL);
    request->response = prepared->response;
    request->is_shared = prepared->response != NULL;
}

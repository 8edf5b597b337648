/* See request.h. */
#include "simulator/request.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static bool word_copy(const char *from, size_t length, char *out, size_t out_size)
{
    if (length >= out_size) {
        return false;
    }
    memcpy(out, from, length);
    out[length] = '\0';
    return true;
}

static bool line_parse(const char *head, struct simulator_request *request)
{
    const char *target = strchr(head, ' ');
    const char *version = target != NULL ? strchr(target + 1, ' ') : NULL;

    if (version == NULL || strncmp(version, " HTTP/1.", 8) != 0 ||
        !word_copy(head, (size_t)(target - head), request->method, sizeof request->method) ||
        !word_copy(target + 1, (size_t)(version - target - 1), request->target,
                   sizeof request->target)) {
        return false;
    }
    char *mark = strchr(request->target, '?');
    size_t path_length = mark != NULL ? (size_t)(mark - request->target) : strlen(request->target);
    request->query = mark != NULL ? mark + 1 : request->target + path_length;
    return word_copy(request->target, path_length, request->path, sizeof request->path);
}

/* The value of a header, or NULL; *length_out its length without the white space around it. */
static const char *header_find(const char *head, const char *name, size_t *length_out)
{
    size_t name_length = strlen(name);

    for (const char *line = strstr(head, "\r\n"); line != NULL; line = strstr(line, "\r\n")) {
        line += 2;
        if (strncasecmp(line, name, name_length) == 0 && line[name_length] == ':') {
            const char *value = line + name_length + 1;
            value += strspn(value, " \t");
            *length_out = strcspn(value, "\r\n");
            return value;
        }
    }
    return NULL;
}

static bool headers_parse(const char *head, struct simulator_request *request, size_t *body_size)
{
    size_t length = 0;
    const char *value = header_find(head, "Authorization", &length);

    if (value != NULL &&
        !word_copy(value, length, request->authorization, sizeof request->authorization)) {
        return false;
    }
    value = header_find(head, "Content-Length", &length);
    *body_size = value != NULL ? strtoul(value, NULL, 10) : 0;
    return *body_size <= REQUEST_BODY_MAX &&
           header_find(head, "Transfer-Encoding", &length) == NULL;
}

bool simulator_request_read(struct wire *wire, struct simulator_request *request_out)
{
    AUTO(text_clear) struct text head = TEXT_UP_TO(REQUEST_HEAD_MAX + REQUEST_BODY_MAX);
    const char *end = NULL;
    size_t body_size = 0;
    char piece[4096];

    while (end == NULL) {
        ssize_t got = head.size < REQUEST_HEAD_MAX ? wire_read(wire, piece, sizeof piece) : 0;
        if (got <= 0 || memchr(piece, '\0', (size_t)got) != NULL) {
            return false;
        }
        text_add_bytes(&head, piece, (size_t)got);
        end = strstr(text_get(&head), "\r\n\r\n");
    }
    size_t head_size = (size_t)(end + 4 - head.bytes);
    request_out->body = TEXT_UP_TO(REQUEST_BODY_MAX);
    text_add_bytes(&request_out->body, end + 4, head.size - head_size);
    head.bytes[head_size - 2] = '\0';
    if (!line_parse(head.bytes, request_out) ||
        !headers_parse(head.bytes, request_out, &body_size)) {
        return false;
    }
    while (request_out->body.size < body_size) {
        ssize_t got = wire_read(wire, piece, sizeof piece);
        if (got <= 0) {
            return false;
        }
        text_add_bytes(&request_out->body, piece, (size_t)got);
    }
    return !request_out->body.is_full;
}

void simulator_request_clear(struct simulator_request *request)
{
    text_clear(&request->body);
}

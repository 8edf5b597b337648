/* See reply.h. The body leaves in pieces of PIECE_SIZE; every fault of the stream is applied here.
 */
#include "simulator/reply.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "core/memory.h"
#include "core/time.h"

enum {
    PIECE_SIZE = 16 * 1024,
    HEADERS_MAX = 64 * 1024,
    STALL_MS = 600 * SECOND_MS,
    SETTLE_MS = 50
};

static const char WEB_PAGE[] =
    "<!DOCTYPE html>\n<html><head><meta charset=\"utf-8\"><title>UCM "
    "Administration</title></head>\n"
    "<body><div id=\"app\"><form id=\"login\"><input name=\"username\"><input name=\"password\" "
    "type=\"password\"><button>Login</button></form></div></body></html>\n";

static const struct {
    int status;
    const char *text;
} reasons[] = {
    { 200, "OK" },
    { 302, "Found" },
    { 400, "Bad Request" },
    { 401, "Unauthorized" },
    { 403, "Forbidden" },
    { 404, "Not Found" },
    { 405, "Method Not Allowed" },
    { 429, "Too Many Requests" },
    { 500, "Internal Server Error" },
    { 502, "Bad Gateway" },
    { 503, "Service Unavailable" },
};

static const char *reason_text(int status)
{
    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        if (reasons[i].status == status) {
            return reasons[i].text;
        }
    }
    return "Status";
}

void simulator_reply_init(struct simulator_reply *reply)
{
    *reply = (struct simulator_reply){ .status = 200,
                                       .type = "text/plain",
                                       .headers = TEXT_UP_TO(HEADERS_MAX),
                                       .body = TEXT_UP_TO(REPLY_BODY_MAX),
                                       .file = -1 };
}

void simulator_reply_clear(struct simulator_reply *reply)
{
    if (reply->file >= 0) {
        IGNORE(close(reply->file), "opened for reading only");
        reply->file = -1;
    }
    text_clear(&reply->headers);
    text_clear(&reply->body);
}

void simulator_reply_set(struct simulator_reply *reply, int status, const char *type,
                         const char *body)
{
    bool is_old_api = reply->is_old_api;

    simulator_reply_clear(reply);
    simulator_reply_init(reply);
    reply->is_old_api = is_old_api;
    reply->status = status;
    reply->type = type;
    text_add(&reply->body, body);
    reply->size = reply->body.size;
}

void simulator_reply_status(struct simulator_reply *reply, int status, const char *members)
{
    char text[512];

    IGNORE(snprintf(text, sizeof text, "{\"response\":{%s},\"status\":%d}", members, status),
           "our own members are short");
    simulator_reply_set(reply, 200, "application/json;charset=UTF-8", text);
}

void simulator_reply_web_page(struct simulator_reply *reply)
{
    simulator_reply_set(reply, 200, "text/html", WEB_PAGE);
}

bool simulator_reply_to_memory(struct simulator_reply *reply)
{
    char piece[PIECE_SIZE];
    ssize_t got = 0;

    if (reply->file < 0) {
        return true;
    }
    if (reply->size > REPLY_BODY_MAX) {
        return false;
    }
    text_reset(&reply->body);
    while ((got = pread(reply->file, piece, sizeof piece, (off_t)reply->body.size)) > 0) {
        text_add_bytes(&reply->body, piece, (size_t)got);
    }
    IGNORE(close(reply->file), "opened for reading only");
    reply->file = -1;
    reply->size = reply->body.size;
    return !reply->body.is_full;
}

static void head_write(const struct simulator_reply *reply, struct text *head)
{
    char date[64];
    struct tm parts;
    time_t now = (time_t)((time_now() + reply->clock_shift_ms) / SECOND_MS);

    IGNORE(strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S GMT", gmtime_r(&now, &parts)),
           "always fits");
    text_print(head, "HTTP/1.1 %d %s\r\nDate: %s\r\nConnection: close\r\nContent-Type: %s\r\n",
               reply->status, reason_text(reply->status), date, reply->type);
    text_add(head, text_get(&reply->headers));
    if (reply->framing == REPLY_LENGTH) {
        text_print(head, "Content-Length: %lld\r\n", (long long)reply->size + reply->surplus);
    } else if (reply->framing == REPLY_CHUNKED) {
        text_add(head, "Transfer-Encoding: chunked\r\n");
    }
    text_add(head, "\r\n");
}

static bool padding_send(struct wire *wire, uint64_t size)
{
    char lines[PIECE_SIZE];
    size_t line_size = 1024;

    memset(lines, 'x', sizeof lines);
    for (size_t at = 0; at < sizeof lines; at += line_size) {
        memcpy(lines + at, "X-Padding: ", 11);
        memcpy(lines + at + line_size - 2, "\r\n", 2);
    }
    for (uint64_t done = 0; done < size; done += sizeof lines) {
        if (!wire_write(wire, lines, sizeof lines)) {
            return false;
        }
    }
    return true;
}

static bool head_send(struct wire *wire, const struct simulator_reply *reply)
{
    AUTO(text_clear) struct text head = TEXT_UP_TO(HEADERS_MAX + 4096);

    head_write(reply, &head);
    if (reply->has_head_limit) {
        return wire_write(wire, text_get(&head),
                          reply->limit < head.size ? (size_t)reply->limit : head.size / 2);
    }
    if (reply->header_padding > 0) {
        size_t first_line = strcspn(text_get(&head), "\n") + 1;
        return wire_write(wire, head.bytes, first_line) &&
               padding_send(wire, reply->header_padding) &&
               wire_write(wire, head.bytes + first_line, head.size - first_line);
    }
    return wire_write(wire, text_get(&head), head.size);
}

/* Bytes of the body from `at`; false when the file is gone or shorter than it was. */
static bool piece_get(const struct simulator_reply *reply, uint64_t at, char *piece, size_t size)
{
    if (reply->file >= 0) {
        if (pread(reply->file, piece, size, (off_t)at) != (ssize_t)size) {
            return false;
        }
    } else {
        memcpy(piece, text_get(&reply->body) + at, size);
    }
    return true;
}

static bool piece_send(struct wire *wire, const struct simulator_reply *reply, const char *piece,
                       size_t size)
{
    char frame[32];

    if (reply->framing != REPLY_CHUNKED) {
        return wire_write(wire, piece, size);
    }
    IGNORE(snprintf(frame, sizeof frame, "%zx\r\n", size), "fits");
    return wire_write(wire, frame, strlen(frame)) && wire_write(wire, piece, size) &&
           wire_write(wire, "\r\n", 2);
}

static bool body_send(struct wire *wire, const struct simulator_reply *reply, uint64_t end)
{
    char piece[PIECE_SIZE];
    size_t step = reply->rate > 0 && reply->rate < PIECE_SIZE * 10L
                      ? (size_t)(reply->rate < 10 ? 1 : reply->rate / 10)
                      : PIECE_SIZE;

    for (uint64_t at = 0; at < end;) {
        size_t size = end - at < step ? (size_t)(end - at) : step;
        if (!piece_get(reply, at, piece, size) || !piece_send(wire, reply, piece, size)) {
            return false;
        }
        at += size;
        if (reply->rate > 0 && !wire_wait(wire, (int64_t)size * SECOND_MS / reply->rate)) {
            return false;
        }
    }
    return true;
}

static enum wire_end finish(struct wire *wire, const struct simulator_reply *reply)
{
    switch (reply->finish) {
    case REPLY_WHOLE:
        return WIRE_CLEAN;
    case REPLY_CUT:
        return WIRE_CUT;
    case REPLY_RESET:
        /* A reset discards what the peer has not read yet; let it read. */
        IGNORE(wire_wait(wire, SETTLE_MS), "it is reset in any case");
        return WIRE_RESET;
    case REPLY_STALL:
        IGNORE(wire_wait(wire, STALL_MS), "either way it ends here");
        return WIRE_RESET;
    }
    return WIRE_CUT;
}

enum wire_end simulator_reply_send(struct wire *wire, const struct simulator_reply *reply,
                                   bool *is_whole_out)
{
    uint64_t end = reply->has_limit && reply->limit < reply->size ? reply->limit : reply->size;

    *is_whole_out = false;
    if (reply->pause_ms > 0 && !wire_wait(wire, reply->pause_ms)) {
        return WIRE_CUT;
    }
    if (!reply->is_raw && !head_send(wire, reply)) {
        return WIRE_CUT;
    }
    if (reply->has_head_limit) {
        return finish(wire, reply);
    }
    if (!body_send(wire, reply, end)) {
        return WIRE_CUT;
    }
    if (reply->is_chunk_malformed) {
        return wire_write(wire, "zz!\r\nnot a chunk\r\n", 18) ? WIRE_CLEAN : WIRE_CUT;
    }
    if (reply->framing == REPLY_CHUNKED && end == reply->size &&
        !wire_write(wire, "0\r\n\r\n", 5)) {
        return WIRE_CUT;
    }
    *is_whole_out = end == reply->size && reply->finish == REPLY_WHOLE && reply->surplus == 0;
    return finish(wire, reply);
}

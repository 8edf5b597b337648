/*
 * See cdr.h. From a body to a batch: inflate, find out the form from the first byte, read it (once
 * more with bad UTF-8 replaced), then let records.c and leg.c do their parts. One flat object of
 * texts goes straight from flat.c to leg.c.
 */
#include <string.h>

#include "cdr/parts.h"
#include "core/memory.h"

/* A small JSON can become a large tree: its values are counted before it does. */
enum { OBJECTS_MAX = 4 * CDR_LEGS_MAX, VALUES_MAX = 64 * CDR_LEGS_MAX };
#define COUNTED_FROM (64 * KIB) /* A shorter body has no room for too many. */

struct body {
    const char *bytes;
    size_t size;
    const char *content_type; /* May be NULL, like the next. */
    const char *content_encoding;
};

struct document {
    json_t *json;
    struct body source; /* The text that `json` was read from, as long as it is JSON. */
};

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static struct body body_trimmed(struct body body)
{
    if (body.size >= 3 && memcmp(body.bytes, "\xEF\xBB\xBF", 3) == 0) { /* the byte order mark */
        body.bytes += 3;
        body.size -= 3;
    }
    while (body.size > 0 && is_space(body.bytes[0])) {
        body.bytes++;
        body.size--;
    }
    while (body.size > 0 && is_space(body.bytes[body.size - 1])) {
        body.size--;
    }
    return body;
}

static bool header_is(const char *value, const char *word)
{
    return value != NULL && strncasecmp(value + strspn(value, " "), word, strlen(word)) == 0;
}

static bool json_size_is_fair(struct body body, struct error *error)
{
    size_t object_count = 0;
    size_t value_count = 0;

    for (size_t i = 0; body.size > COUNTED_FROM && i < body.size; i++) {
        char c = body.bytes[i];
        object_count += c == '{' || c == '[';
        value_count += c == ',';
    }
    if (object_count > OBJECTS_MAX || value_count > VALUES_MAX) {
        return error_set(error, ERROR_LIMIT, "the JSON has too many values");
    }
    return true;
}

static bool text_read(struct body body, struct document *document, struct error *error)
{
    if (body.bytes[0] == '<') {
        document->json = xml_read(body.bytes, body.size, error);
        return document->json != NULL;
    }
    if (!json_size_is_fair(body, error)) {
        return false;
    }
    document->json = json_read(body.bytes, body.size, error);
    document->source = body;
    return document->json != NULL;
}

/* JSON or XML; a caller's name in Latin-1 must not cost the whole record. */
static bool text_read_leniently(struct body body, struct document *document, struct error *error)
{
    if (text_read(body, document, error)) {
        return true;
    }
    if (utf8_is_valid(body.bytes, body.size)) {
        return false;
    }
    AUTO(text_clear) struct text repaired = TEXT_UP_TO(3 * CDR_BODY_SIZE_MAX);
    utf8_repair(body.bytes, body.size, &repaired);
    body.bytes = text_get(&repaired);
    body.size = repaired.size;
    bool is_read = text_read(body, document, error);
    document->source = (struct body){ .bytes = NULL };
    return is_read;
}

static bool refuse_unknown(struct body body, struct error *error)
{
    const char *encoding = body.content_encoding;

    if (encoding != NULL && encoding[0] != '\0' && !header_is(encoding, "identity")) {
        return error_set(error, ERROR_INVALID,
                         "the body is not gzip, the only content encoding that is read");
    }
    if (header_is(body.content_type, "multipart/")) {
        return error_set(error, ERROR_INVALID, "multipart bodies are not read: send JSON or XML");
    }
    return error_set(error, ERROR_INVALID, "the body is neither JSON nor XML nor a form");
}

static bool is_form(struct body body)
{
    size_t name_size = 0;

    while (name_size < body.size && memchr("=& \t\r\n", body.bytes[name_size], 6) == NULL) {
        name_size++;
    }
    return name_size > 0 && name_size < body.size && body.bytes[name_size] == '=';
}

static bool form_or_document_read(struct body body, struct document *document, struct error *error)
{
    const char *inner = NULL;
    AUTO(json_release) json_t *form = form_read(body.bytes, body.size, &inner, error);

    if (form == NULL) {
        return false;
    }
    if (inner == NULL) {
        document->json = TAKE(form);
        return true;
    }
    bool is_read = text_read(body_trimmed((struct body){ .bytes = inner, .size = strlen(inner) }),
                             document, error);
    document->source = (struct body){ .bytes = NULL };
    return is_read;
}

static bool document_read(struct body body, struct document *document, struct error *error)
{
    char first = body.bytes[0];
    bool is_text = first == '{' || first == '[' || first == '<';

    if (!is_text && !is_form(body)) {
        return refuse_unknown(body, error);
    }
    if (memchr(body.bytes, '\0', body.size) != NULL) {
        return error_set(error, ERROR_INVALID, "the body holds a NUL, which no CDR does");
    }
    return is_text ? text_read_leniently(body, document, error)
                   : form_or_document_read(body, document, error);
}

static bool legs_read(struct arena *arena, const struct document *document, struct records *records,
                      struct cdr_batch *batch, struct error *error)
{
    AUTO(free) struct leg_times *times = memory_new(records->count * sizeof *times);
    struct error reason = { .kind = ERROR_NONE };

    batch->legs = arena_try_take(arena, records->count * sizeof *batch->legs);
    if (batch->legs == NULL) {
        return error_set(error, ERROR_LIMIT, "no memory left for %zu legs", records->count);
    }
    for (size_t i = 0; i < records->count; i++) {
        const struct record *record = &records->items[i];
        const char *text = record->object == document->json ? document->source.bytes : NULL;
        size_t at = batch->leg_count;
        if (leg_read(arena, record, text, document->source.size, &batch->legs[at], &times[at],
                     &reason)) {
            batch->leg_count++;
        } else if (reason.kind == ERROR_LIMIT) {
            return error_set(error, reason.kind, "%s", reason.message);
        } else {
            records_refuse(records, reason.message);
        }
    }
    times_settle(batch->legs, times, batch->leg_count);
    return true;
}

static bool batch_read(struct arena *arena, const struct document *document,
                       struct cdr_batch *batch_out, struct error *error)
{
    AUTO(records_clear) struct records records = { .items = NULL };
    struct cdr_batch batch = { .kind = CDR_LEGS };

    if (!records_find(document->json, &records, error) ||
        !legs_read(arena, document, &records, &batch, error)) {
        return false;
    }
    if (records.refused_count > 0) {
        if (batch.leg_count == 0) {
            return error_set(error, ERROR_INVALID, "%s", records.refused_reason);
        }
        char *reason = arena_try_take(arena, sizeof records.refused_reason);
        if (reason == NULL) {
            return error_set(error, ERROR_LIMIT, "no memory left for a reason");
        }
        memcpy(reason, records.refused_reason, sizeof records.refused_reason);
        batch.refused_reason = reason;
        batch.refused_leg_count = records.refused_count;
    }
    *batch_out = batch;
    return true;
}

/* The usual body, by the short way. False: it takes the long one, which also says what is wrong. */
static bool flat_parse(struct arena *arena, struct body body, struct cdr_batch *batch_out)
{
    struct flat flat;
    struct record record = { .flat = &flat };
    struct leg_times times;
    struct error ignored;

    if (!flat_read(arena, body.bytes, body.size, &flat)) {
        return false;
    }
    record.session = flat_text(&flat, "cdr");
    struct cdr_leg *leg = arena_try_take(arena, sizeof *leg);
    if (leg == NULL || !leg_read(arena, &record, body.bytes, body.size, leg, &times, &ignored)) {
        return false;
    }
    times_settle(leg, &times, 1);
    *batch_out = (struct cdr_batch){ .kind = CDR_LEGS, .legs = leg, .leg_count = 1 };
    return true;
}

static bool body_parse(struct arena *arena, struct body body, struct cdr_batch *batch_out,
                       struct error *error)
{
    struct document document = { .json = NULL };

    body = body_trimmed(body);
    if (body.size == 0) {
        *batch_out = (struct cdr_batch){ .kind = CDR_PROBE };
        return true;
    }
    if (flat_parse(arena, body, batch_out)) {
        return true;
    }
    bool is_read = document_read(body, &document, error);
    AUTO(json_release) json_t *json = document.json;
    if (!is_read) {
        return false;
    }
    if (json_is_object(json) && json_object_size(json) == 0) {
        *batch_out = (struct cdr_batch){ .kind = CDR_PROBE };
        return true;
    }
    return batch_read(arena, &document, batch_out, error);
}

bool cdr_parse(struct arena *arena, const char *content_type, const char *content_encoding,
               const void *bytes, size_t size, struct cdr_batch *batch_out, struct error *error)
{
    struct body body = { bytes, size, content_type, content_encoding };
    AUTO(text_clear) struct text inflated = TEXT_UP_TO(CDR_BODY_SIZE_MAX);

    if (size > CDR_BODY_SIZE_MAX) {
        return error_set(error, ERROR_LIMIT, "the body is longer than %zu bytes",
                         CDR_BODY_SIZE_MAX);
    }
    /* The magic bytes decide: a proxy may have inflated and left the header. */
    if (gzip_is(bytes, size)) {
        if (!gzip_inflate(bytes, size, &inflated, error)) {
            return false;
        }
        body.bytes = text_get(&inflated);
        body.size = inflated.size;
    }
    return body_parse(arena, body, batch_out, error);
}

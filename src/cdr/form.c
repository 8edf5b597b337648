/*
 * See parts.h. application/x-www-form-urlencoded. Some relays post the CDR's fields themselves,
 * some one field that holds the whole document.
 */
#include <string.h>

#include "cdr/parts.h"
#include "core/encode.h"
#include "core/memory.h"

enum { FORM_FIELDS_MAX = 256 };

static const char *const document_names[] = { "cdr", "data", "json", "payload" };

/* Decode in place, and make what is not UTF-8 readable. */
static json_t *value_read(char *value, size_t size)
{
    if (!decode_percent(value, &size, true)) {
        return NULL;
    }
    if (utf8_is_valid(value, size)) {
        return json_stringn_nocheck(value, size);
    }
    AUTO(text_clear) struct text repaired = TEXT_UP_TO(3 * CDR_BODY_SIZE_MAX);
    utf8_repair(value, size, &repaired);
    return json_stringn_nocheck(text_get(&repaired), repaired.size);
}

static bool pair_read(json_t *fields, char *pair, struct error *error)
{
    char *equals = strchr(pair, '=');

    if (equals == NULL) {
        return error_set(error, ERROR_INVALID, "not a form: a field without '='");
    }
    *equals = '\0';
    size_t name_size = strlen(pair);
    if (!decode_percent(pair, &name_size, true) || !utf8_is_valid(pair, name_size)) {
        return error_set(error, ERROR_INVALID, "not a form: a field's name is badly encoded");
    }
    AUTO(json_release) json_t *value = value_read(equals + 1, strlen(equals + 1));
    if (value == NULL) {
        return error_set(error, ERROR_INVALID, "not a form: a field's value is badly encoded");
    }
    if (json_object_get(fields, pair) == NULL) {
        IGNORE(json_object_set_nocheck(fields, pair, value), "fails only without memory");
    }
    return true;
}

static bool pairs_read(json_t *fields, char *pairs, struct error *error)
{
    char *rest = NULL;

    for (char *pair = strtok_r(pairs, "&", &rest); pair != NULL;
         pair = strtok_r(NULL, "&", &rest)) {
        if (json_object_size(fields) >= FORM_FIELDS_MAX) {
            return error_set(error, ERROR_LIMIT, "the form has over %d fields", FORM_FIELDS_MAX);
        }
        if (!pair_read(fields, pair, error)) {
            return false;
        }
    }
    return true;
}

static const char *document_find(const json_t *fields)
{
    for (size_t i = 0; i < COUNT_OF(document_names); i++) {
        const char *text = json_text(fields, document_names[i], "");
        text += strspn(text, " \t\r\n");
        if (*text == '{' || *text == '[' || *text == '<') {
            return text;
        }
    }
    return NULL;
}

json_t *form_read(const char *bytes, size_t size, const char **document_out, struct error *error)
{
    AUTO(free) char *pairs = memory_copy_bytes(bytes, size);
    AUTO(json_release) json_t *fields = json_object();

    if (!pairs_read(fields, pairs, error)) {
        return NULL;
    }
    *document_out = document_find(fields);
    return TAKE(fields);
}

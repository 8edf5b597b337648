/* See json.h. */
#include "core/json.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { DEPTH_MAX = 32 };

/* jansson stops only at 2048 levels; count brackets outside texts before it recurses. */
static bool depth_is_fair(const char *bytes, size_t size)
{
    int depth = 0;
    bool is_text = false;

    for (size_t i = 0; i < size; i++) {
        char c = bytes[i];
        if (is_text) {
            if (c == '\\') {
                i++;
            } else if (c == '"') {
                is_text = false;
            }
        } else if (c == '"') {
            is_text = true;
        } else if (c == '{' || c == '[') {
            if (++depth > DEPTH_MAX) {
                return false;
            }
        } else if (c == '}' || c == ']') {
            depth--;
        }
    }
    return true;
}

json_t *json_read(const void *bytes, size_t size, struct error *error)
{
    json_error_t problem;

    if (!depth_is_fair(bytes, size)) {
        IGNORE(error_set(error, ERROR_INVALID, "JSON is nested deeper than %d", DEPTH_MAX),
               "below");
        return NULL;
    }
    json_t *json = json_loadb(bytes, size, JSON_REJECT_DUPLICATES, &problem);
    if (json == NULL && json_error_code(&problem) == json_error_out_of_memory) {
        IGNORE(error_set(error, ERROR_SYSTEM, "no memory is left to read JSON"), "below");
    } else if (json == NULL) {
        IGNORE(
            error_set(error, ERROR_INVALID, "not JSON: %s (line %d)", problem.text, problem.line),
            "below");
    }
    return json;
}

const char *json_text(const json_t *object, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : otherwise;
}

long long json_number(const json_t *object, const char *name, long long otherwise)
{
    const json_t *value = json_object_get(object, name);

    if (json_is_integer(value)) {
        return json_integer_value(value);
    }
    if (json_is_string(value)) {
        const char *text = json_string_value(value);
        char *end = NULL;
        errno = 0;
        long long number = strtoll(text, &end, 10);
        if (end != text && *end == '\0' && errno == 0) {
            return number;
        }
    }
    return otherwise;
}

bool json_flag(const json_t *object, const char *name, bool otherwise)
{
    const json_t *value = json_object_get(object, name);

    return json_is_boolean(value) ? json_is_true(value) : otherwise;
}

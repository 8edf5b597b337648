/* See parts.h. A record's own fields as compact JSON: what we do not read today is not lost. */
#include <string.h>

#include "cdr/parts.h"

/* 15 digits: an id that came as a number is printed as it came. */
#define PRINT_FLAGS (JSON_COMPACT | JSON_REAL_PRECISION(15))

static int json_chunk_add(const char *bytes, size_t size, void *text)
{
    text_add_bytes(text, bytes, size);
    return ((struct text *)text)->is_full ? -1 : 0;
}

static bool object_print(const json_t *object, struct text *text)
{
    return json_dump_callback(object, json_chunk_add, text, PRINT_FLAGS) == 0 && !text->is_full;
}

/* The members that fit, and how many did not. */
static void object_print_cut(const json_t *object, struct text *text)
{
    AUTO(json_release) json_t *cut = json_object();
    const char *name = NULL;
    size_t name_size = 0;
    json_t *value = NULL;
    size_t used = 64; /* for the braces and the count */
    size_t left_out_count = 0;

    json_object_keylen_foreach((json_t *)(uintptr_t)object, name, name_size, value)
    {
        size_t size = json_dumpb(value, NULL, 0, PRINT_FLAGS | JSON_ENCODE_ANY);
        size_t needed = size + 6 * name_size + 4; /* 6: a control character becomes \u00XX */
        if (size > 2 * CDR_FIELD_SIZE_MAX || needed > CDR_FIELDS_SIZE_MAX - used) {
            left_out_count++;
            continue;
        }
        used += needed;
        IGNORE(json_object_set_nocheck(cut, name, value), "fails only without memory");
    }
    IGNORE(json_object_set_new(cut, "fields_left_out", json_integer((json_int_t)left_out_count)),
           "fails only without memory");
    text_reset(text);
    IGNORE(object_print(cut, text), "fits: the sizes were added up");
}

/* The JSON that was just parsed, without the white space between its tokens. */
static const char *json_keep_compact(struct arena *arena, const char *source, size_t size)
{
    char *copy = arena_try_take(arena, size + 1);
    size_t kept = 0;
    bool is_text = false;

    for (size_t i = 0; copy != NULL && i < size; i++) {
        char c = source[i];
        if (!is_text && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) {
            continue;
        }
        copy[kept++] = c;
        if (c == '"') {
            is_text = !is_text;
        } else if (c == '\\' && i + 1 < size) {
            copy[kept++] = source[++i]; /* Escapes stand in texts only. */
        }
    }
    return copy;
}

const char *fields_json_keep(struct arena *arena, const json_t *object, const char *source,
                             size_t source_size)
{
    if (source != NULL && source_size <= CDR_FIELDS_SIZE_MAX) {
        return json_keep_compact(arena, source, source_size);
    }
    AUTO(text_clear) struct text text = TEXT_UP_TO(CDR_FIELDS_SIZE_MAX);
    if (!object_print(object, &text)) {
        object_print_cut(object, &text);
    }
    char *copy = arena_try_take(arena, text.size + 1);
    if (copy != NULL) {
        memcpy(copy, text_get(&text), text.size);
    }
    return copy;
}

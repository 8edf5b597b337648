/*
 * See target.h. The path is cut at '/' first and each segment decoded after, so an escaped slash
 * stays inside its segment, and every judgement is passed on what a handler will see.
 */
#include "http/target.h"

#include <string.h>
#include <strings.h>

#include "core/encode.h"

static bool has_control(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7F) {
            return true;
        }
    }
    return false;
}

/* Decode in place. False on a bad escape or a control character in the result. */
static bool piece_decode(char *piece, bool is_form)
{
    size_t size = strlen(piece);

    if (memchr(piece, '%', size) != NULL || (is_form && memchr(piece, '+', size) != NULL)) {
        if (!decode_percent(piece, &size, is_form)) {
            return false;
        }
        piece[size] = '\0';
    }
    return true;
}

static enum target_verdict path_cut(char *path, struct target *target)
{
    char *cursor = path + 1;

    for (;;) {
        char *slash = strchr(cursor, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        if (!piece_decode(cursor, false) || has_control(cursor)) {
            return TARGET_BAD;
        }
        if (strcmp(cursor, ".") == 0 || strcmp(cursor, "..") == 0 ||
            target->segment_count == TARGET_SEGMENT_COUNT_MAX) {
            return TARGET_NOWHERE;
        }
        target->segments[target->segment_count++] = cursor;
        if (slash == NULL) {
            return TARGET_GOOD;
        }
        cursor = slash + 1;
    }
}

static size_t pair_count_of(const char *query)
{
    size_t count = 1;

    for (const char *c = query; *c != '\0'; c++) {
        count += *c == '&';
    }
    return count;
}

static enum target_verdict query_cut(struct arena *arena, char *query, struct target *target)
{
    size_t count = pair_count_of(query);

    if (count > TARGET_PAIR_COUNT_MAX) {
        return TARGET_BAD;
    }
    target->pairs = arena_take(arena, count * sizeof *target->pairs);
    for (char *cursor = query; cursor != NULL;) {
        char *name = strsep(&cursor, "&");
        char *value = strchr(name, '=');
        if (value != NULL) {
            *value++ = '\0';
        } else {
            value = name + strlen(name);
        }
        if (!piece_decode(name, true) || !piece_decode(value, true)) {
            return TARGET_BAD;
        }
        if (*name != '\0') {
            target->pairs[target->pair_count++] = (struct target_pair){ name, value };
        }
    }
    return TARGET_GOOD;
}

/* "http://host/path", as sent to proxies, is to be understood, too (RFC 9112 section 3.2.2). */
static const char *authority_skip(const char *text)
{
    if (strncasecmp(text, "http://", 7) == 0 || strncasecmp(text, "https://", 8) == 0) {
        text = strchr(text, ':') + 3;
        text += strcspn(text, "/?#");
    }
    return text;
}

enum target_verdict target_read(struct arena *arena, const char *text, struct target *target_out)
{
    text = authority_skip(text);
    size_t size = strcspn(text, "?#");
    struct target target = { .path = arena_copy(arena, text, size) };

    *target_out = target;
    if (text[0] != '/' || text[size] == '#' || has_control(text)) {
        return TARGET_BAD;
    }
    enum target_verdict verdict = path_cut(arena_copy(arena, text, size), &target);
    if (verdict == TARGET_GOOD && text[size] == '?') {
        verdict = query_cut(arena, arena_copy_text(arena, text + size + 1), &target);
    }
    *target_out = target;
    return verdict;
}

/* Walk the pattern's segments; where `name` is given, stop at {name} and tell its index. */
static bool pattern_walk(const struct target *target, const char *pattern, const char *name,
                         size_t *index_out)
{
    const char *cursor = pattern + 1;

    for (size_t i = 0; i < target->segment_count; i++) {
        size_t size = strcspn(cursor, "/");
        const char *segment = target->segments[i];
        bool is_slot = size > 2 && cursor[0] == '{';
        if (is_slot && name != NULL && strlen(name) == size - 2 &&
            memcmp(cursor + 1, name, size - 2) == 0) {
            *index_out = i;
            return true;
        }
        bool is_match = is_slot ? *segment != '\0'
                                : strncmp(segment, cursor, size) == 0 && segment[size] == '\0';
        if (!is_match) {
            return false;
        }
        cursor += size;
        if (*cursor == '\0') {
            return name == NULL && i + 1 == target->segment_count;
        }
        cursor++;
    }
    return false;
}

bool target_fits(const struct target *target, const char *pattern)
{
    return pattern_walk(target, pattern, NULL, NULL);
}

const char *target_parameter(const struct target *target, const char *pattern, const char *name)
{
    size_t index = 0;

    return pattern_walk(target, pattern, name, &index) ? target->segments[index] : NULL;
}

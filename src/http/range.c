/*
 * See range.h. A malformed Range is ignored, as section 14.2 allows, and so is an unknown unit. Of
 * several ranges none is served: players never ask for them, and multipart answers are the costly
 * half of the known attacks.
 */
#include "http/range.h"

#include <stdbool.h>
#include <stddef.h>
#include <strings.h>

#include "core/macros.h"

/* Digits into a number that saturates: a position past UINT64_MAX is past every file. */
static bool number_read(const char **cursor, uint64_t *number_out)
{
    const char *c = *cursor;
    uint64_t number = 0;

    if (*c < '0' || *c > '9') {
        return false;
    }
    for (; *c >= '0' && *c <= '9'; c++) {
        uint64_t digit = (uint64_t)(*c - '0');
        number = number > (UINT64_MAX - digit) / 10 ? UINT64_MAX : number * 10 + digit;
    }
    *cursor = c;
    *number_out = number;
    return true;
}

static const char *spaces_skip(const char *cursor)
{
    while (*cursor == ' ' || *cursor == '\t') {
        cursor++;
    }
    return cursor;
}

static enum range_verdict suffix_judge(uint64_t length, uint64_t size, uint64_t *first_out,
                                       uint64_t *last_out)
{
    if (length == 0 || size == 0) {
        return RANGE_UNSATISFIABLE;
    }
    *first_out = length >= size ? 0 : size - length;
    *last_out = size - 1;
    return RANGE_PART;
}

enum range_verdict range_read(const char *header, uint64_t size, uint64_t *first_out,
                              uint64_t *last_out)
{
    static const char unit[] = "bytes=";
    uint64_t first = 0;
    uint64_t last = UINT64_MAX;

    if (strncasecmp(header, unit, sizeof unit - 1) != 0) {
        return RANGE_WHOLE;
    }
    const char *cursor = spaces_skip(header + sizeof unit - 1);
    bool has_first = number_read(&cursor, &first);
    if (*cursor++ != '-') {
        return RANGE_WHOLE;
    }
    bool has_last = number_read(&cursor, &last);
    if (*spaces_skip(cursor) != '\0' || (!has_first && !has_last)) {
        return RANGE_WHOLE;
    }
    if (!has_first) {
        return suffix_judge(last, size, first_out, last_out);
    }
    if (last < first) {
        return RANGE_WHOLE;
    }
    if (first >= size) {
        return RANGE_UNSATISFIABLE;
    }
    *first_out = first;
    *last_out = last < size ? last : size - 1;
    return RANGE_PART;
}

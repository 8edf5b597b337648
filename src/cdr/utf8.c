/* See parts.h. UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing over U+10FFFF.
 */
#include "cdr/parts.h"

static bool is_continuation(char byte)
{
    return ((unsigned char)byte & 0xC0) == 0x80;
}

/* The second byte decides between a good sequence and an overlong, surrogate or too large one. */
static bool second_is_fair(unsigned char first, unsigned char second)
{
    switch (first) {
    case 0xE0:
        return second >= 0xA0;
    case 0xED:
        return second <= 0x9F;
    case 0xF0:
        return second >= 0x90;
    case 0xF4:
        return second <= 0x8F;
    default:
        return true;
    }
}

static size_t size_by_first_byte(unsigned char first)
{
    if (first < 0x80) {
        return 1;
    }
    if (first >= 0xC2 && first <= 0xDF) {
        return 2;
    }
    if (first >= 0xE0 && first <= 0xEF) {
        return 3;
    }
    return first >= 0xF0 && first <= 0xF4 ? 4 : 0;
}

size_t utf8_sequence_size(const char *bytes, size_t size)
{
    if (size == 0) {
        return 0;
    }
    size_t length = size_by_first_byte((unsigned char)bytes[0]);
    if (length > size) {
        return 0;
    }
    for (size_t i = 1; i < length; i++) {
        if (!is_continuation(bytes[i])) {
            return 0;
        }
    }
    if (length > 1 && !second_is_fair((unsigned char)bytes[0], (unsigned char)bytes[1])) {
        return 0;
    }
    return length;
}

bool utf8_is_valid(const char *bytes, size_t size)
{
    for (size_t i = 0; i < size;) {
        size_t length = utf8_sequence_size(bytes + i, size - i);
        if (length == 0) {
            return false;
        }
        i += length;
    }
    return true;
}

void utf8_repair(const char *bytes, size_t size, struct text *text)
{
    size_t good_from = 0;

    for (size_t i = 0; i < size;) {
        size_t length = utf8_sequence_size(bytes + i, size - i);
        if (length > 0) {
            i += length;
            continue;
        }
        text_add_bytes(text, bytes + good_from, i - good_from);
        text_add(text, "\xEF\xBF\xBD");
        i++;
        good_from = i;
    }
    text_add_bytes(text, bytes + good_from, size - good_from);
}

size_t utf8_control_size(const char *bytes, size_t size)
{
    unsigned char first = (unsigned char)bytes[0];

    if (first < 0x20 || first == 0x7F) {
        return 1;
    }
    return first == 0xC2 && size > 1 && (unsigned char)bytes[1] <= 0x9F ? 2 : 0;
}

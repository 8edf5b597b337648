/*
 * See parts.h. The short way through the body that nearly every webhook has: one object whose
 * members are all texts. One pass, no tree. It is stricter than JSON and never says what is wrong:
 * whatever is not plainly such an object is left to jansson, which accepts or explains it. So it
 * must accept nothing that jansson would not, nor read it otherwise; tests/fuzz/cdr_flat.c
 * compares.
 *
 * Left to jansson: numbers, lists, groups, surrogate pairs, \u0000, escapes in names, a name given
 * twice, bad UTF-8, raw control characters, more than 64 members or 16 KiB.
 */
#include <string.h>

#include "cdr/parts.h"

#define FLAT_SIZE_MAX (16 * KIB)

struct cursor {
    const unsigned char *at; /* Never past `end`; *end is not read. */
    const unsigned char *end;
    char *to; /* Where the next text is written. */
    bool has_space;
};

/* Stands for itself inside a text, and nobody has to look at it again. */
static bool is_plain_byte(unsigned char byte)
{
    return byte >= ' ' && byte < 0x7f && byte != '"' && byte != '\\';
}

static void space_skip(struct cursor *cursor)
{
    while (
        cursor->at < cursor->end && *cursor->at <= ' ' &&
        (*cursor->at == ' ' || *cursor->at == '\t' || *cursor->at == '\r' || *cursor->at == '\n')) {
        cursor->at++;
        cursor->has_space = true;
    }
}

static bool char_take(struct cursor *cursor, char expected)
{
    space_skip(cursor);
    if (cursor->at == cursor->end || *cursor->at != (unsigned char)expected) {
        return false;
    }
    cursor->at++;
    return true;
}

static void run_copy(struct cursor *cursor, size_t size)
{
    memcpy(cursor->to, cursor->at, size);
    cursor->to += size;
    cursor->at += size;
}

/* The code of four hex digits, 0 when they are none (or stand for 0, which is refused as well). */
static unsigned hex_read(const unsigned char *digits)
{
    unsigned code = 0;

    for (int i = 0; i < 4; i++) {
        unsigned char c = digits[i];
        unsigned lower = c | 0x20U;
        if (c >= '0' && c <= '9') {
            code = code << 4 | (c - (unsigned)'0');
        } else if (lower >= 'a' && lower <= 'f') {
            code = code << 4 | (lower - 'a' + 10);
        } else {
            return 0;
        }
    }
    return code;
}

static void code_write(struct cursor *cursor, unsigned code)
{
    if (code < 0x80) {
        *cursor->to++ = (char)code;
    } else if (code < 0x800) {
        *cursor->to++ = (char)(0xC0 | code >> 6);
        *cursor->to++ = (char)(0x80 | (code & 0x3F));
    } else {
        *cursor->to++ = (char)(0xE0 | code >> 12);
        *cursor->to++ = (char)(0x80 | (code >> 6 & 0x3F));
        *cursor->to++ = (char)(0x80 | (code & 0x3F));
    }
}

/* The cursor is on a backslash. A text never gets longer by this: six bytes become three at most.
 */
static bool escape_read(struct cursor *cursor)
{
    static const char from[] = "\"\\/bfnrt";
    static const char to[] = "\"\\/\b\f\n\r\t";
    size_t rest = (size_t)(cursor->end - cursor->at);

    if (rest >= 6 && cursor->at[1] == 'u') {
        unsigned code = hex_read(cursor->at + 2);
        if (code == 0 || (code >= 0xD800 && code <= 0xDFFF)) {
            return false;
        }
        code_write(cursor, code);
        cursor->at += 6;
        return true;
    }
    const char *found = rest < 2 ? NULL : memchr(from, cursor->at[1], sizeof from - 1);
    if (found == NULL) {
        return false;
    }
    *cursor->to++ = to[found - from];
    cursor->at += 2;
    return true;
}

/* The cursor is on a byte that is not plain, nor the closing quote. */
static bool special_read(struct cursor *cursor, bool *is_plain)
{
    if (*cursor->at == '\\') {
        const char *before = cursor->to;
        if (!escape_read(cursor)) {
            return false;
        }
        /* Past ASCII the next reader looks for C1 controls by itself. */
        *is_plain = *is_plain && cursor->to == before + 1 && (unsigned char)*before >= ' ' &&
                    *before != '\x7f';
        return true;
    }
    if (*cursor->at < ' ') {
        return false;
    }
    size_t size = utf8_sequence_size((const char *)cursor->at, (size_t)(cursor->end - cursor->at));
    if (size == 0) {
        return false;
    }
    *is_plain = false;
    run_copy(cursor, size);
    return true;
}

/* A text in quotes, decoded behind the one before, with a NUL. */
static bool quoted_take(struct cursor *cursor, const char **text_out, size_t *size_out,
                        bool *is_plain_out)
{
    bool is_plain = true;

    if (!char_take(cursor, '"')) {
        return false;
    }
    *text_out = cursor->to;
    for (;;) {
        const unsigned char *run = cursor->at;
        while (run < cursor->end && is_plain_byte(*run)) {
            run++;
        }
        run_copy(cursor, (size_t)(run - cursor->at));
        if (run == cursor->end) {
            return false;
        }
        if (*run == '"') {
            break;
        }
        if (!special_read(cursor, &is_plain)) {
            return false;
        }
    }
    cursor->at++;
    *size_out = (size_t)(cursor->to - *text_out);
    *cursor->to++ = '\0';
    *is_plain_out = is_plain;
    return true;
}

/* Names are looked for among those before only where their hashes share one of 64 bits. */
static bool name_is_new(const struct flat *flat, const struct member *member, uint64_t *seen)
{
    uint32_t hash = 2166136261U;

    for (size_t i = 0; i < member->name_size; i++) {
        hash = (hash ^ (unsigned char)member->name[i]) * 16777619U;
    }
    uint64_t bit = (uint64_t)1 << (hash >> 26);
    bool is_likely = (*seen & bit) != 0;
    *seen |= bit;
    for (size_t i = 0; is_likely && i < flat->count; i++) {
        if (flat->members[i].name_size == member->name_size &&
            memcmp(flat->members[i].name, member->name, member->name_size) == 0) {
            return false;
        }
    }
    return true;
}

static bool member_take(struct cursor *cursor, struct flat *flat, uint64_t *seen)
{
    struct member *member = &flat->members[flat->count];
    bool is_plain = false;

    if (flat->count == FLAT_MEMBERS_MAX ||
        !quoted_take(cursor, &member->name, &member->name_size, &is_plain) || !is_plain ||
        !name_is_new(flat, member, seen) || !char_take(cursor, ':') ||
        !quoted_take(cursor, &member->text, &member->size, &member->is_plain)) {
        return false;
    }
    flat->count++;
    return true;
}

bool flat_read(struct arena *arena, const char *bytes, size_t size, struct flat *flat_out)
{
    uint64_t seen = 0;

    flat_out->count = 0;
    if (size < 2 || size > FLAT_SIZE_MAX || bytes[0] != '{') {
        return false;
    }
    /* Each text loses two quotes and gains a NUL. */
    struct cursor cursor = { .at = (const unsigned char *)bytes,
                             .end = (const unsigned char *)bytes + size,
                             .to = arena_try_take(arena, size) };
    if (cursor.to == NULL || !char_take(&cursor, '{')) {
        return false;
    }
    do {
        if (!member_take(&cursor, flat_out, &seen)) {
            return false;
        }
    } while (char_take(&cursor, ','));
    flat_out->has_space = cursor.has_space;
    return char_take(&cursor, '}') && cursor.at == cursor.end;
}

const char *flat_text(const struct flat *flat, const char *name)
{
    size_t size = strlen(name);

    for (size_t i = 0; i < flat->count; i++) {
        if (flat->members[i].name_size == size && memcmp(flat->members[i].name, name, size) == 0) {
            return flat->members[i].text;
        }
    }
    return NULL;
}

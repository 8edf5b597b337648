/*
 * See framing.h. Line ends are judged by where the library left the names and values: it cuts each
 * header in place, in its read buffer, and writes a NUL over the CR and the LF of a line end. So
 * the distance from one value's end to the next name is 2 exactly when the line ended in CR LF; a
 * bare LF, a NUL inside a value, and a folded line (which the library puts together elsewhere) all
 * break it. This is so in the version of Debian 12 and only used with that; later ones are strict.
 */
#include "http/framing.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char VERSION_READ_IN_PLACE[] = "0.9.75";

enum { LINE_END_SIZE = 2, LENGTH_DIGITS_MAX = 18 };

struct fields {
    bool are_in_place;
    bool has_odd_line;
    bool has_odd_name;
    int host_count;
    int length_count;
    int coding_count;
    const char *length;
    const char *coding;
    bool expects_continue;
    const char *end; /* Of the line before. */
};

/* A bare CR, above all: some servers end the line there. */
static bool has_control(const char *value)
{
    for (const char *c = value; *c != '\0'; c++) {
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7F) {
            return true;
        }
    }
    return false;
}

static enum MHD_Result field_note(void *context, enum MHD_ValueKind kind, const char *name,
                                  const char *value)
{
    struct fields *fields = context;

    (void)kind;
    if (value == NULL) {
        fields->has_odd_line = true;
        return MHD_NO;
    }
    fields->has_odd_line |=
        fields->are_in_place && (uintptr_t)name - (uintptr_t)fields->end != LINE_END_SIZE;
    fields->has_odd_line |= has_control(value);
    fields->end = value + strlen(value);
    fields->has_odd_name |= name[strcspn(name, " \t\v\f")] != '\0';
    if (strcasecmp(name, "Host") == 0) {
        fields->host_count++;
    } else if (strcasecmp(name, "Content-Length") == 0) {
        fields->length_count++;
        fields->length = value;
    } else if (strcasecmp(name, "Transfer-Encoding") == 0) {
        fields->coding_count++;
        fields->coding = value;
    } else if (strcasecmp(name, "Expect") == 0) {
        fields->expects_continue = true;
    }
    return MHD_YES;
}

/* The last line's end and the empty line, each CR LF, are four NULs by now. */
static bool head_ends_properly(const struct fields *fields)
{
    static const char ends[2 * LINE_END_SIZE];

    return !fields->are_in_place || memcmp(fields->end, ends, sizeof ends) == 0;
}

static bool length_read(const char *text, uint64_t *length_out)
{
    size_t size = strspn(text, "0123456789");

    if (size == 0 || size > LENGTH_DIGITS_MAX || text[size] != '\0') {
        return false;
    }
    *length_out = strtoull(text, NULL, 10);
    return true;
}

static const char *body_judge(const struct fields *fields, bool is_first_version,
                              struct framing *framing)
{
    if (fields->coding_count > 0 && fields->length_count > 0) {
        return "Content-Length and Transfer-Encoding contradict each other";
    }
    if (fields->coding_count > 1 || fields->length_count > 1) {
        return "the body's framing is given twice";
    }
    if (fields->coding_count == 1) {
        framing->is_chunked = !is_first_version && strcasecmp(fields->coding, "chunked") == 0;
        return framing->is_chunked ? NULL : "Transfer-Encoding may be \"chunked\" only";
    }
    if (fields->length_count == 1 && !length_read(fields->length, &framing->length)) {
        return "Content-Length is no number";
    }
    return NULL;
}

const char *framing_read(struct MHD_Connection *library, const char *version,
                         struct framing *framing_out)
{
    bool is_first_version = strcmp(version, "HTTP/1.0") == 0;
    struct fields fields = { .are_in_place = strcmp(MHD_get_version(), VERSION_READ_IN_PLACE) == 0,
                             .end = version + strlen(version) };

    *framing_out = (struct framing){ 0 };
    (void)MHD_get_connection_values(library, MHD_HEADER_KIND, field_note, &fields);
    framing_out->expects_continue = fields.expects_continue;
    if (fields.has_odd_line || !head_ends_properly(&fields)) {
        return "a header line is folded, holds a control character, or does not end in CR LF";
    }
    if (fields.has_odd_name) {
        return "a header's name holds a space";
    }
    if (fields.host_count > 1 || (fields.host_count == 0 && !is_first_version)) {
        return "there must be one Host header";
    }
    return body_judge(&fields, is_first_version, framing_out);
}

/* See log.h. A line is built in one buffer and written with one write(), so lines never mix. */
#include "core/log.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/text.h"
#include "core/time.h"

enum { LINE_SIZE_MAX = 8192, VALUE_SIZE_MAX = 1024 };

static struct {
    enum log_level level_min;
    bool is_json;
    const char *role;
} log_state = { .level_min = LOG_INFO, .role = "audiapro" };

static const char *const level_names[] = { "debug", "info", "warn", "error" };

void log_setup(enum log_level level_min, bool is_json, const char *role)
{
    log_state.level_min = level_min;
    log_state.is_json = is_json;
    log_state.role = role;
}

const char *log_number(char text_out[24], long long number)
{
    IGNORE(snprintf(text_out, 24, "%lld", number), "fits");
    return text_out;
}

static void value_add(struct text *line, const char *value, bool is_quoted)
{
    size_t count = 0;

    for (const char *c = value; *c != '\0' && count < VALUE_SIZE_MAX; c++, count++) {
        unsigned char byte = (unsigned char)*c;
        if (byte < 0x20 || byte == 0x7f) {
            text_print(line, "\\u%04x", byte);
        } else {
            if (is_quoted && (*c == '"' || *c == '\\')) {
                text_add_char(line, '\\');
            }
            text_add_char(line, *c);
        }
    }
}

/* A field that does not fit is left out whole, and so are those after it: half a value would break
 * the form of the line. */
static void field_add(struct text *line, const char *name, const char *value)
{
    bool is_quoted = log_state.is_json || strpbrk(value, " \"=") != NULL || *value == '\0';
    size_t size_before = line->size;

    text_print(line, log_state.is_json ? ",\"%s\":" : " %s=", name);
    if (is_quoted) {
        text_add_char(line, '"');
    }
    value_add(line, value, is_quoted);
    if (is_quoted) {
        text_add_char(line, '"');
    }
    if (line->is_full) {
        line->size = size_before;
    }
}

void log_event(enum log_level level, const char *event, ...)
{
    if (level < log_state.level_min) {
        return;
    }
    AUTO(text_clear) struct text line = TEXT_UP_TO(LINE_SIZE_MAX);
    char now[TIME_TEXT_SIZE];
    text_print(&line,
               log_state.is_json
                   ? "{\"at\":\"%s\",\"level\":\"%s\",\"role\":\"%s\",\"event\":\"%s\""
                   : "%s %s %s %s",
               time_print(time_now(), now), level_names[level], log_state.role, event);
    va_list arguments;
    va_start(arguments, event);
    for (const char *name = va_arg(arguments, const char *); name != NULL;
         name = va_arg(arguments, const char *)) {
        const char *value = va_arg(arguments, const char *);
        field_add(&line, name, value != NULL ? value : "");
    }
    va_end(arguments);
    line.is_full = false;
    line.size_max += 2;
    text_add(&line, log_state.is_json ? "}\n" : "\n");
    IGNORE(write(STDERR_FILENO, text_get(&line), line.size), "nowhere to report to");
}

/* What a step came to, in words; and the two small readings of texts that steps share. Pure. */
#include "doctor/inside.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What people read is one line of printable text, whatever the PBX sent. */
static void clean(char *text)
{
    for (char *at = text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            *at = ' ';
        }
    }
}

static void set(struct finding *finding, enum doctor_state state, enum reason reason,
                const char *format, va_list arguments) PRINTF_LIKE(4, 0);

static void set(struct finding *finding, enum doctor_state state, enum reason reason,
                const char *format, va_list arguments)
{
    finding->state = state;
    finding->reason = reason;
    finding->advice[0] = '\0';
    (void)vsnprintf(finding->detail, sizeof finding->detail, format, arguments);
    clean(finding->detail);
}

void finding_fine(struct finding *finding, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set(finding, DOCTOR_OK, REASON_NONE, format, arguments);
    va_end(arguments);
}

void finding_warn(struct finding *finding, enum reason reason, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set(finding, DOCTOR_WARNING, reason, format, arguments);
    va_end(arguments);
}

void finding_fail(struct finding *finding, enum reason reason, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set(finding, DOCTOR_FAILED, reason, format, arguments);
    va_end(arguments);
}

void finding_skip(struct finding *finding, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    set(finding, DOCTOR_SKIPPED, REASON_NONE, format, arguments);
    va_end(arguments);
}

void finding_advise(struct finding *finding, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(finding->advice, sizeof finding->advice, format, arguments);
    va_end(arguments);
    clean(finding->advice);
}

void finding_add(struct finding *finding, const char *format, ...)
{
    size_t used = strlen(finding->detail);
    va_list arguments;

    va_start(arguments, format);
    (void)vsnprintf(finding->detail + used, sizeof finding->detail - used, format, arguments);
    va_end(arguments);
    clean(finding->detail);
}

/* The number in front of `words`; -1: it is not there. */
static int number_before(const char *text, const char *words)
{
    const char *at = strstr(text, words);

    while (at != NULL) {
        const char *digit = at;
        while (digit > text && digit[-1] >= '0' && digit[-1] <= '9') {
            digit--;
        }
        bool is_negative = digit > text && digit[-1] == '-';
        if (digit < at && at - digit <= 9 && !is_negative) {
            return (int)strtol(digit, NULL, 10);
        }
        at = strstr(at + 1, words);
    }
    return -1;
}

struct refusal refusal_read(const char *detail)
{
    static const char LOCKED[] = "locked for ";
    struct refusal refusal = { .tries_left = -1, .locked_s = -1 };
    const char *locked = detail != NULL ? strstr(detail, LOCKED) : NULL;

    if (detail != NULL) {
        refusal.tries_left = number_before(detail, " tries left");
    }
    if (locked != NULL) {
        refusal.locked_s = number_before(locked, " s");
    }
    return refusal;
}

time_ms name_instant(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    const char *dash = strchr(name, '-');
    char *end = NULL;

    if (dash == NULL || strspn(dash + 1, "0123456789") != 10) {
        return 0;
    }
    long long epoch_s = strtoll(dash + 1, &end, 10);
    bool is_instant = (*end == '-' || *end == '.') && epoch_s > 946684800; /* the year 2000 */
    return is_instant ? (time_ms)epoch_s * SECOND_MS : 0;
}

const char *moment_print(time_ms at, char text_out[TIME_TEXT_SIZE])
{
    char *mark = NULL;

    IGNORE(time_print(at - at % SECOND_MS, text_out), "returns its argument");
    mark = strchr(text_out, 'T');
    if (mark != NULL) {
        *mark = ' ';
    }
    text_out[strcspn(text_out, "Z")] = '\0';
    return text_out;
}

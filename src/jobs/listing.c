/* See listing.h. */
#include "jobs/listing.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { EPOCH_DIGITS = 10 };             /* From 2001 to 2286. */
#define ZONE_MS ((time_ms)14 * HOUR_MS) /* No local clock is further from UTC. */

static const char *base_of(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

/* Ten digits and no eleventh; *rest_out is behind them. */
static bool epoch_take(const char *text, time_ms *at_out, const char **rest_out)
{
    time_ms seconds = 0;

    if (strspn(text, "0123456789") != EPOCH_DIGITS || text[0] == '0') {
        return false;
    }
    for (int i = 0; i < EPOCH_DIGITS; i++) {
        seconds = seconds * 10 + (text[i] - '0');
    }
    *at_out = seconds * SECOND_MS;
    *rest_out = text + EPOCH_DIGITS;
    return true;
}

static bool number_copy(const char *text, size_t size, char out[LISTED_NUMBER_SIZE])
{
    if (size >= LISTED_NUMBER_SIZE) {
        return false;
    }
    memcpy(out, text, size);
    out[size] = '\0';
    return true;
}

/* "-CALLER-CALLEE.wav" behind the epoch, or behind what stands between. */
static bool parties_read(const char *text, struct listed_name *name)
{
    const char *dot = strrchr(text, '.');
    const char *last = strrchr(text, '-');

    return text[0] == '-' && dot != NULL && last != text && dot > last &&
           number_copy(text + 1, (size_t)(last - text - 1), name->caller) &&
           number_copy(last + 1, (size_t)(dot - last - 1), name->callee);
}

static bool automatic_read(const char *text, struct listed_name *name)
{
    const char *rest = NULL;

    if (!epoch_take(text, &name->started_at, &rest)) {
        return false;
    }
    if (rest[0] == '#') {
        size_t size = strcspn(rest + 1, "-");
        return number_copy(rest + 1, size, name->extension) && parties_read(rest + 1 + size, name);
    }
    if (strncmp(rest, "RG", 2) == 0) {
        rest += strcspn(rest, "-");
    }
    return parties_read(rest, name);
}

static bool conference_read(const char *text, struct listed_name *name)
{
    size_t size = strcspn(text, "-");
    const char *rest = NULL;

    return text[size] == '-' && number_copy(text, size, name->callee) &&
           epoch_take(text + size + 1, &name->started_at, &rest) && (*rest == '.' || *rest == '-');
}

bool listed_name_parse(const char *path, struct listed_name *name_out)
{
    static const struct {
        const char *head;
        bool (*read)(const char *text, struct listed_name *name);
    } forms[] = { { "auto-", automatic_read }, { "meetme-conf-rec-", conference_read } };
    const char *base = base_of(path);

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct listed_name name = { 0 };
        size_t size = strlen(forms[i].head);
        if (strncmp(base, forms[i].head, size) == 0 && forms[i].read(base + size, &name)) {
            *name_out = name;
            return true;
        }
    }
    return false;
}

/* The column's text and size within the line. */
static const char *column_of(const char *line, size_t size, int column, size_t *size_out)
{
    const char *end = line + size;

    for (; column > 0; column--) {
        const char *comma = memchr(line, ',', (size_t)(end - line));
        if (comma == NULL) {
            return NULL;
        }
        line = comma + 1;
    }
    const char *comma = memchr(line, ',', (size_t)(end - line));
    *size_out = (size_t)((comma != NULL ? comma : end) - line);
    return line;
}

static bool line_tell(const char *line, size_t size,
                      bool (*row)(void *context, const char *name, int64_t bytes), void *context)
{
    size_t name_size = 0;
    size_t bytes_size = 0;
    char path[LISTED_PATH_SIZE];
    char digits[20] = "";
    const char *name = column_of(line, size, 1, &name_size);
    const char *bytes = column_of(line, size, 2, &bytes_size);

    if (name == NULL || name_size == 0 || name_size >= sizeof path ||
        memchr(name, '\0', name_size) != NULL) {
        return true;
    }
    memcpy(path, name, name_size);
    path[name_size] = '\0';
    if (bytes != NULL && bytes_size > 0 && bytes_size < sizeof digits) {
        memcpy(digits, bytes, bytes_size);
    }
    bool is_number = digits[0] != '\0' && digits[strspn(digits, "0123456789")] == '\0';
    return row(context, path, is_number ? strtoll(digits, NULL, 10) : -1);
}

void listing_walk(const char *csv, size_t size,
                  bool (*row)(void *context, const char *name, int64_t bytes), void *context)
{
    const char *end = csv + size;
    bool is_header = true;

    while (csv < end) {
        const char *next = memchr(csv, '\n', (size_t)(end - csv));
        size_t line_size = (size_t)((next != NULL ? next : end) - csv);
        size_t kept = line_size > 0 && csv[line_size - 1] == '\r' ? line_size - 1 : line_size;
        if (!is_header && !line_tell(csv, kept, row, context)) {
            return;
        }
        is_header = false;
        csv += line_size + 1;
    }
}

size_t listed_paths(const char *name, time_ms started_at,
                    char paths_out[LISTED_PATHS_MAX][LISTED_PATH_SIZE])
{
    const time_ms instants[] = { started_at, started_at - ZONE_MS, started_at + ZONE_MS };
    size_t count = 0;

    if (strchr(name, '/') != NULL || strlen(name) + 8 >= LISTED_PATH_SIZE) {
        IGNORE(snprintf(paths_out[0], LISTED_PATH_SIZE, "%s", name), "as long as a path may be");
        return 1;
    }
    for (size_t i = 0; i < COUNT_OF(instants) && count < LISTED_PATHS_MAX - 1; i++) {
        char instant[TIME_TEXT_SIZE];
        char *path = paths_out[count];
        IGNORE(time_print(instants[i], instant), "returns its argument");
        IGNORE(snprintf(path, LISTED_PATH_SIZE, "%.7s/%s", instant, name), "looked at above");
        count += count == 0 || strcmp(path, paths_out[0]) != 0 ? 1 : 0;
    }
    IGNORE(snprintf(paths_out[count], LISTED_PATH_SIZE, "%s", name), "shorter than the others");
    return count + 1;
}

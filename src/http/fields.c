/* See fields.h. */
#include "http/fields.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "core/encode.h"

enum { BASIC_LENGTH_MAX = 4096 };

static const char BLANK[] = " \t";

const char *cookie_find(struct arena *arena, const char *header, const char *name)
{
    size_t name_size = strlen(name);

    for (const char *cursor = header; *cursor != '\0';) {
        cursor += strspn(cursor, " \t;");
        size_t size = strcspn(cursor, ";");
        if (size > name_size && cursor[name_size] == '=' && memcmp(cursor, name, name_size) == 0) {
            const char *value = cursor + name_size + 1;
            size_t value_size = size - name_size - 1;
            while (value_size > 0 && strchr(BLANK, value[value_size - 1]) != NULL) {
                value_size--;
            }
            if (value_size >= 2 && value[0] == '"' && value[value_size - 1] == '"') {
                value++;
                value_size -= 2;
            }
            return arena_copy(arena, value, value_size);
        }
        cursor += size;
    }
    return NULL;
}

const char *scheme_strip(const char *header, const char *scheme)
{
    size_t size = strlen(scheme);

    if (strncasecmp(header, scheme, size) != 0 || header[size] != ' ') {
        return NULL;
    }
    return header + size + strspn(header + size, " ");
}

bool basic_read(struct arena *arena, const char *header, const char **user_out,
                const char **password_out)
{
    const char *encoded = scheme_strip(header, "Basic");
    size_t length = encoded == NULL ? 0 : strcspn(encoded, BLANK);
    size_t size = 0;

    if (length == 0 || length > BASIC_LENGTH_MAX) {
        return false;
    }
    char *decoded = arena_take(arena, 3 * (length / 4) + 1);
    if (!decode_base64(encoded, length, (uint8_t *)decoded, &size) ||
        memchr(decoded, '\0', size) != NULL) {
        return false;
    }
    decoded[size] = '\0';
    char *colon = strchr(decoded, ':');
    if (colon == NULL) {
        return false;
    }
    *colon = '\0';
    *user_out = decoded;
    *password_out = colon + 1;
    return true;
}

bool etag_list_has(const char *header, const char *etag)
{
    size_t size = strlen(etag);
    const char *cursor = header + strspn(header, BLANK);

    if (cursor[0] == '*' && cursor[1] == '\0') {
        return true;
    }
    while (*cursor != '\0') {
        cursor += strspn(cursor, " \t,");
        cursor += strncmp(cursor, "W/", 2) == 0 ? 2 : 0;
        if (*cursor != '"') {
            return false;
        }
        const char *end = strchr(++cursor, '"');
        if (end == NULL) {
            return false;
        }
        if ((size_t)(end - cursor) == size && memcmp(cursor, etag, size) == 0) {
            return true;
        }
        cursor = end + 1;
    }
    return false;
}

/* Is the weight of "br;q=0.5" (from the ';' on) more than zero? */
static bool weight_is_positive(const char *parameters, size_t size)
{
    char copy[32];

    if (size >= sizeof copy) {
        return false;
    }
    memcpy(copy, parameters, size);
    copy[size] = '\0';
    const char *weight = strcasestr(copy, "q=");
    return weight == NULL || weight[2 + strspn(weight + 2, "0.")] != '\0';
}

bool encoding_is_accepted(const char *header, const char *coding)
{
    size_t coding_size = strlen(coding);

    for (const char *cursor = header; cursor != NULL && *cursor != '\0';) {
        cursor += strspn(cursor, " \t,");
        size_t size = strcspn(cursor, ",");
        size_t name_size = strcspn(cursor, " \t,;");
        if (name_size == coding_size && strncasecmp(cursor, coding, coding_size) == 0) {
            return weight_is_positive(cursor + name_size, size - name_size);
        }
        cursor += size;
    }
    return false;
}

bool field_is_valid(const char *name, const char *value)
{
    static const char token[] = "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
                                "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

    if (*name == '\0' || name[strspn(name, token)] != '\0') {
        return false;
    }
    for (const char *c = value; *c != '\0'; c++) {
        if (((unsigned char)*c < 0x20 && *c != '\t') || *c == 0x7F) {
            return false;
        }
    }
    return true;
}

static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

const char *date_print(time_ms at, char text_out[DATE_TEXT_SIZE])
{
    time_t seconds = (time_t)(at / SECOND_MS);
    struct tm parts = { 0 };

    (void)gmtime_r(&seconds, &parts);
    IGNORE(snprintf(text_out, DATE_TEXT_SIZE, "%s, %02d %s %04d %02d:%02d:%02d GMT",
                    days[parts.tm_wday], parts.tm_mday, months[parts.tm_mon], parts.tm_year + 1900,
                    parts.tm_hour, parts.tm_min, parts.tm_sec),
           "fits");
    return text_out;
}

bool date_read(const char *text, time_ms *at_out)
{
    struct tm parts = { 0 };
    char month[4] = "";
    char again[DATE_TEXT_SIZE];

    if (strlen(text) != 29 ||
        sscanf(text + 5, "%2d %3s %4d %2d:%2d:%2d", &parts.tm_mday, month, &parts.tm_year,
               &parts.tm_hour, &parts.tm_min, &parts.tm_sec) != 6) {
        return false;
    }
    while (parts.tm_mon < 12 && strcmp(months[parts.tm_mon], month) != 0) {
        parts.tm_mon++;
    }
    parts.tm_year -= 1900;
    time_t seconds = parts.tm_mon < 12 ? timegm(&parts) : -1;
    if (seconds < 0 || strcmp(date_print((time_ms)seconds * SECOND_MS, again), text) != 0) {
        return false;
    }
    *at_out = (time_ms)seconds * SECOND_MS;
    return true;
}

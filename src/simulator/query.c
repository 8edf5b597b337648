/* See query.h. */
#include "simulator/query.h"

#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { COUNT_MAX = 1000, LIST_MAX = 1024, AMOUNT_MAX = 100000000 };

static bool wildcard_matches(const char *pattern, const char *number)
{
    if (*pattern == '\0') {
        return *number == '\0';
    }
    if (*pattern == '@') {
        return wildcard_matches(pattern + 1, number) ||
               (*number != '\0' && wildcard_matches(pattern, number + 1));
    }
    return *number != '\0' && (*pattern == '_' || *pattern == *number) &&
           wildcard_matches(pattern + 1, number + 1);
}

static bool is_all_digits(const char *text)
{
    return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

static bool item_matches(char *item, const char *number)
{
    char *hyphen = strchr(item, '-');

    if (strcmp(item, "0-0") == 0) {
        return !is_all_digits(number);
    }
    if (hyphen == NULL) {
        return wildcard_matches(item, number);
    }
    *hyphen = '\0';
    return is_all_digits(number) && strtoull(number, NULL, 10) >= strtoull(item, NULL, 10) &&
           strtoull(number, NULL, 10) <= strtoull(hyphen + 1, NULL, 10);
}

bool book_number_matches(const char *list, const char *number)
{
    char copy[LIST_MAX];
    char *rest = NULL;
    size_t size = strlen(list);

    memcpy(copy, list, size < sizeof copy ? size + 1 : sizeof copy);
    copy[sizeof copy - 1] = '\0';
    for (char *item = strtok_r(copy, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
        if (item_matches(item, number)) {
            return true;
        }
    }
    return false;
}

/* No empty items, no wildcards beyond reason, at most one hyphen each. */
static bool list_is_fair(const char *list)
{
    int hyphens = 0;
    int wildcards = 0;

    if (*list == '\0' || *list == ',' || strlen(list) >= LIST_MAX) {
        return false;
    }
    for (const char *c = list; *c != '\0'; c++) {
        hyphens = *c == ',' ? 0 : hyphens + (*c == '-');
        wildcards += *c == '@';
        if (hyphens > 1 || wildcards > 4 || (*c == ',' && (c[1] == ',' || c[1] == '\0'))) {
            return false;
        }
    }
    return true;
}

static bool digits_read(const char **cursor, int count, int *out)
{
    *out = 0;
    for (int i = 0; i < count; i++, (*cursor)++) {
        if (!isdigit((unsigned char)**cursor)) {
            return false;
        }
        *out = *out * 10 + (**cursor - '0');
    }
    return true;
}

static bool sign_read(const char **cursor, char expected)
{
    return *(*cursor)++ == expected;
}

/* HH:MM[:SS[.SSS]] */
static bool clock_read(const char **cursor, struct tm *parts)
{
    if (!digits_read(cursor, 2, &parts->tm_hour) || !sign_read(cursor, ':') ||
        !digits_read(cursor, 2, &parts->tm_min) || parts->tm_hour > 23 || parts->tm_min > 59) {
        return false;
    }
    if (**cursor == ':') {
        (*cursor)++;
        if (!digits_read(cursor, 2, &parts->tm_sec) || parts->tm_sec > 60) {
            return false;
        }
        if (**cursor == '.') {
            *cursor += 1 + strspn(*cursor + 1, "0123456789");
        }
    }
    return true;
}

/* Z, ±HH:MM or ±HHMM. */
static bool zone_read(const char **cursor, int *minutes_out)
{
    int hours = 0;
    int minutes = 0;
    char sign = **cursor;

    if (sign == 'Z') {
        (*cursor)++;
        *minutes_out = 0;
        return true;
    }
    if (sign != '+' && sign != '-') {
        return false;
    }
    (*cursor)++;
    if (!digits_read(cursor, 2, &hours)) {
        return false;
    }
    *cursor += **cursor == ':' ? 1 : 0;
    if (!digits_read(cursor, 2, &minutes)) {
        return false;
    }
    *minutes_out = (sign == '-' ? -1 : 1) * (hours * 60 + minutes);
    return true;
}

static bool date_read(const char **cursor, struct tm *parts)
{
    if (!digits_read(cursor, 4, &parts->tm_year) || !sign_read(cursor, '-') ||
        !digits_read(cursor, 2, &parts->tm_mon) || !sign_read(cursor, '-') ||
        !digits_read(cursor, 2, &parts->tm_mday)) {
        return false;
    }
    parts->tm_year -= 1900;
    parts->tm_mon -= 1;
    return parts->tm_mon >= 0 && parts->tm_mon < 12 && parts->tm_mday >= 1 && parts->tm_mday <= 31;
}

bool book_time_read(const char *text, time_ms now, int utc_offset_minutes, time_ms *at_out)
{
    struct tm parts = { 0 };
    const char *cursor = text;
    int zone_minutes = utc_offset_minutes;

    if (strcmp(text, "now") == 0) {
        *at_out = now;
        return true;
    }
    if (strlen(text) == 10 && is_all_digits(text)) {
        *at_out = strtoll(text, NULL, 10) * SECOND_MS;
        return true;
    }
    if (strchr(text, ':') != NULL && strchr(text, 'T') == NULL) {
        time_t today = (time_t)(now / SECOND_MS) + utc_offset_minutes * 60L;
        if (gmtime_r(&today, &parts) == NULL) {
            return false;
        }
        parts.tm_sec = 0;
    } else {
        if (!date_read(&cursor, &parts)) {
            return false;
        }
        if (*cursor == '\0') { /* A date alone means midnight UTC, says the guide. */
            *at_out = (time_ms)timegm(&parts) * SECOND_MS;
            return true;
        }
        if (!sign_read(&cursor, 'T')) {
            return false;
        }
    }
    if (!clock_read(&cursor, &parts) ||
        (*cursor != '\0' && !(zone_read(&cursor, &zone_minutes) && *cursor == '\0'))) {
        return false;
    }
    *at_out = ((time_ms)timegm(&parts) - zone_minutes * 60L) * SECOND_MS;
    return true;
}

static bool count_read(const char *text, long max, long *out)
{
    errno = 0;
    *out = is_all_digits(text) ? strtol(text, NULL, 10) : -1;
    return errno == 0 && *out >= 0 && *out <= max;
}

static bool format_read(const char *text, enum cdr_format *out)
{
    static const char *const names[] = {
        [CDR_CSV] = "csv", [CDR_XML] = "xml", [CDR_JSON] = "json"
    };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(names[i], text) == 0) {
            *out = (enum cdr_format)i;
            return true;
        }
    }
    return false;
}

struct reading {
    struct cdr_query *query;
    time_ms now;
    int utc_offset_minutes;
};

/* Reads one parameter into the member of the query at `slot`. */
typedef bool parameter_reader(const struct reading *reading, const char *value, void *slot);

static bool page_size_read(const struct reading *reading, const char *value, void *slot)
{
    (void)reading;
    return count_read(value, COUNT_MAX, slot);
}

static bool amount_read(const struct reading *reading, const char *value, void *slot)
{
    (void)reading;
    return count_read(value, AMOUNT_MAX, slot);
}

static bool list_read(const struct reading *reading, const char *value, void *slot)
{
    (void)reading;
    *(const char **)slot = value;
    return list_is_fair(value);
}

static bool start_read(const struct reading *reading, const char *value, void *slot)
{
    reading->query->has_start = true;
    return book_time_read(value, reading->now, reading->utc_offset_minutes, slot);
}

static bool end_read(const struct reading *reading, const char *value, void *slot)
{
    reading->query->has_end = true;
    return book_time_read(value, reading->now, reading->utc_offset_minutes, slot);
}

static bool filter_type_read(const struct reading *reading, const char *value, void *slot)
{
    (void)reading;
    *(bool *)slot = strcmp(value, "End") == 0;
    return strcmp(value, "End") == 0 || strcmp(value, "Start") == 0;
}

static bool no_read(const struct reading *reading, const char *value, void *slot)
{
    (void)reading;
    (void)value;
    (void)slot;
    return true;
}

#define AT(member) offsetof(struct cdr_query, member)

static const struct {
    const char *name;
    parameter_reader *read;
    size_t slot;
} known[] = {
    { "numRecords", page_size_read, AT(count_max) },
    { "offset", amount_read, AT(offset) },
    { "minDur", amount_read, AT(min_s) },
    { "maxDur", amount_read, AT(max_s) },
    { "caller", list_read, AT(caller) },
    { "callee", list_read, AT(callee) },
    { "answeredby", list_read, AT(answered_by) },
    { "callerName", list_read, AT(caller_name) },
    { "startTime", start_read, AT(start_at) },
    { "endTime", end_read, AT(end_at) },
    { "timeFilterType", filter_type_read, AT(is_by_end) },
    { "format", no_read, 0 }, /* Read before all others. */
    { "action", no_read, 0 },
    { "cookie", no_read, 0 },
};

static bool parameter_read(const struct reading *reading, const char *name, const char *value)
{
    for (size_t i = 0; i < COUNT_OF(known); i++) {
        if (strcmp(known[i].name, name) == 0) {
            return known[i].read(reading, value, (char *)reading->query + known[i].slot);
        }
    }
    return false;
}

static const char *value_text(const json_t *value, char number[32])
{
    if (json_is_integer(value)) {
        IGNORE(snprintf(number, 32, "%lld", (long long)json_integer_value(value)), "fits");
        return number;
    }
    return json_string_value(value);
}

bool book_query_read(const json_t *parameters, time_ms now, int utc_offset_minutes,
                     struct cdr_query *query_out)
{
    struct reading reading = { query_out, now, utc_offset_minutes };
    const json_t *format = json_object_get(parameters, "format");
    bool is_fair = true;
    const char *name = NULL;
    json_t *value = NULL;

    *query_out = (struct cdr_query){ .format = CDR_CSV, .count_max = COUNT_MAX, .max_s = -1 };
    if (format != NULL &&
        (!json_is_string(format) || !format_read(json_string_value(format), &query_out->format))) {
        return false;
    }
    json_object_foreach((json_t *)(uintptr_t)parameters, name, value)
    {
        char number[32]; /* Only numeric parameters are numbers, and those are not borrowed. */
        const char *text = value_text(value, number);
        is_fair = is_fair && text != NULL && *text != '\0' && parameter_read(&reading, name, text);
    }
    return is_fair;
}

static bool leg_matches(const struct cdr_query *query, const struct book_leg *leg)
{
    time_ms at = query->is_by_end ? leg->end_at : leg->start_at;

    return (!query->has_start || at >= query->start_at) &&
           (!query->has_end || at <= query->end_at) && leg->billsec_s >= query->min_s &&
           (query->max_s < 0 || leg->billsec_s <= query->max_s) &&
           (query->caller == NULL || book_number_matches(query->caller, leg->values[FIELD_SRC])) &&
           (query->callee == NULL || book_number_matches(query->callee, leg->values[FIELD_DST])) &&
           (query->answered_by == NULL ||
            book_number_matches(query->answered_by, leg->values[FIELD_DSTANSWER])) &&
           (query->caller_name == NULL ||
            book_number_matches(query->caller_name, leg->values[FIELD_CALLER_NAME]));
}

bool book_query_matches(const struct cdr_query *query, const struct book_call *call)
{
    for (int i = 0; i < call->leg_count; i++) {
        if (leg_matches(query, &call->legs[i])) {
            return true;
        }
    }
    return false;
}

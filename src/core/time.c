/* See time.h. The civil-date arithmetic is the C library's (timegm, gmtime_r). */
#include "core/time.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static time_ms clock_ms(clockid_t clock)
{
    struct timespec now;

    IGNORE(clock_gettime(clock, &now), "cannot fail for these clocks");
    return (time_ms)now.tv_sec * SECOND_MS + now.tv_nsec / 1000000;
}

time_ms time_now(void)
{
    return clock_ms(CLOCK_REALTIME);
}

int64_t time_monotonic_ms(void)
{
    return clock_ms(CLOCK_MONOTONIC);
}

int64_t time_jump_ms(struct time_watch *watch)
{
    struct time_watch before = *watch;

    *watch = (struct time_watch){ time_now(), time_monotonic_ms() };
    if (before.wall_at == 0) {
        return 0;
    }
    return (watch->wall_at - before.wall_at) - (watch->monotonic_at_ms - before.monotonic_at_ms);
}

void time_sleep_ms(int64_t duration_ms)
{
    struct timespec rest = { .tv_sec = duration_ms / SECOND_MS,
                             .tv_nsec = (long)(duration_ms % SECOND_MS) * 1000000 };

    while (duration_ms > 0 && nanosleep(&rest, &rest) != 0 && errno == EINTR) {
    }
}

const char *time_print(time_ms at, char text_out[TIME_TEXT_SIZE])
{
    time_ms milliseconds = ((at % SECOND_MS) + SECOND_MS) % SECOND_MS;
    time_t seconds = (time_t)((at - milliseconds) / SECOND_MS);
    struct tm parts;
    size_t size = 0;

    if (gmtime_r(&seconds, &parts) != NULL) {
        size = strftime(text_out, TIME_TEXT_SIZE, "%Y-%m-%dT%H:%M:%S", &parts);
    }
    if (milliseconds != 0) {
        IGNORE(snprintf(text_out + size, TIME_TEXT_SIZE - size, ".%03dZ", (int)milliseconds),
               "fits for every four-digit year");
    } else {
        IGNORE(snprintf(text_out + size, TIME_TEXT_SIZE - size, "Z"), "fits");
    }
    return text_out;
}

static bool digits_read(const char **cursor, int count, int *number_out)
{
    int number = 0;

    for (int i = 0; i < count; i++) {
        char digit = (*cursor)[i];
        if (digit < '0' || digit > '9') {
            return false;
        }
        number = number * 10 + (digit - '0');
    }
    *cursor += count;
    *number_out = number;
    return true;
}

static bool char_read(const char **cursor, char expected)
{
    if (**cursor != expected) {
        return false;
    }
    (*cursor)++;
    return true;
}

static int days_in_month(int year, int month)
{
    static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
    bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

    return days[month - 1] + (month == 2 && is_leap ? 1 : 0);
}

static bool date_read(const char **cursor, struct tm *parts)
{
    if (!digits_read(cursor, 4, &parts->tm_year) || !char_read(cursor, '-') ||
        !digits_read(cursor, 2, &parts->tm_mon) || !char_read(cursor, '-') ||
        !digits_read(cursor, 2, &parts->tm_mday)) {
        return false;
    }
    if (parts->tm_year < 1970 || parts->tm_mon < 1 || parts->tm_mon > 12 || parts->tm_mday < 1 ||
        parts->tm_mday > days_in_month(parts->tm_year, parts->tm_mon)) {
        return false;
    }
    parts->tm_year -= 1900;
    parts->tm_mon -= 1;
    return true;
}

static bool clock_read(const char **cursor, struct tm *parts)
{
    return digits_read(cursor, 2, &parts->tm_hour) && char_read(cursor, ':') &&
           digits_read(cursor, 2, &parts->tm_min) && char_read(cursor, ':') &&
           digits_read(cursor, 2, &parts->tm_sec) && parts->tm_hour <= 23 && parts->tm_min <= 59 &&
           parts->tm_sec <= 60;
}

static time_ms parts_to_ms(struct tm *parts)
{
    return (time_ms)timegm(parts) * SECOND_MS;
}

static bool zone_read(const char **cursor, time_ms *offset_out)
{
    char sign = **cursor;
    int hours = 0;
    int minutes = 0;

    *offset_out = 0;
    if (sign == 'Z' || sign == 'z') {
        (*cursor)++;
        return true;
    }
    if (sign != '+' && sign != '-') {
        return false;
    }
    (*cursor)++;
    if (!digits_read(cursor, 2, &hours) || !char_read(cursor, ':') ||
        !digits_read(cursor, 2, &minutes) || hours > 23 || minutes > 59) {
        return false;
    }
    *offset_out = (time_ms)(hours * 60 + minutes) * MINUTE_MS * (sign == '-' ? -1 : 1);
    return true;
}

bool time_parse(const char *text, time_ms *at_out)
{
    struct tm parts = { 0 };
    const char *cursor = text;
    time_ms fraction = 0;
    time_ms offset = 0;

    if (!date_read(&cursor, &parts)) {
        return false;
    }
    if (*cursor == '\0') {
        *at_out = parts_to_ms(&parts);
        return true;
    }
    if ((*cursor != 'T' && *cursor != 't' && *cursor != ' ') ||
        (cursor++, !clock_read(&cursor, &parts))) {
        return false;
    }
    if (*cursor == '.') {
        cursor++;
        time_ms scale = 100;
        if (*cursor < '0' || *cursor > '9') {
            return false;
        }
        for (; *cursor >= '0' && *cursor <= '9'; cursor++, scale /= 10) {
            fraction += (*cursor - '0') * scale;
        }
    }
    if (!zone_read(&cursor, &offset) || *cursor != '\0') {
        return false;
    }
    *at_out = parts_to_ms(&parts) + fraction - offset;
    return true;
}

bool time_parse_naive(const char *text, time_ms *at_out)
{
    struct tm parts = { 0 };
    const char *cursor = text;

    if (!date_read(&cursor, &parts) || !char_read(&cursor, ' ') || !clock_read(&cursor, &parts) ||
        *cursor != '\0') {
        return false;
    }
    *at_out = parts_to_ms(&parts);
    return true;
}

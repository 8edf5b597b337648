/* See window.h. */
#include "jobs/window.h"

#define OVERLAP_MS ((time_ms)10 * MINUTE_MS) /* A CDR is written a while after its call's end. */
#define LOOK_BACK_MS (2 * DAY_MS)            /* And some are written later than that. */
#define LOOK_BACK_EVERY_MS ((time_ms)6 * HOUR_MS)
#define LONGEST_CALL_MS ((time_ms)4 * HOUR_MS) /* Longer ones are found by looking back. */
#define FAR_MS (400 * DAY_MS)

static time_ms least(time_ms left, time_ms right)
{
    return left < right ? left : right;
}

struct window window_of_poll(const struct reconciliation *row, bool is_old_api, time_ms now)
{
    time_ms known_until = row->polled_until > 0 ? least(row->polled_until, now) : now;
    struct window window = {
        .until_at = now + FAR_MS,
        .by_start = is_old_api,
        .is_look_back = row->polled_until == 0 || row->looked_back_at > now ||
                        now - row->looked_back_at >= LOOK_BACK_EVERY_MS,
    };

    if (row->newest_end_at > 0) {
        known_until = least(known_until, row->newest_end_at);
    }
    window.from_at = known_until - (window.is_look_back ? LOOK_BACK_MS : OVERLAP_MS) -
                     (is_old_api ? LONGEST_CALL_MS : 0);
    return window;
}

struct window window_by_start(const struct window *window)
{
    struct window other = *window;

    other.from_at -= window->by_start ? 0 : LONGEST_CALL_MS;
    other.by_start = true;
    return other;
}

struct window window_of_import(time_ms from, time_ms at)
{
    return (struct window){ .from_at = at - DAY_MS > from ? at - DAY_MS : from,
                            .until_at = at,
                            .by_start = true };
}

time_ms throttle_next(time_ms due_at, int64_t per_minute)
{
    return due_at + MINUTE_MS / (per_minute > 0 ? per_minute : 1);
}

time_ms import_expected_end(const struct reconciliation *row, time_ms now)
{
    time_ms whole = row->import_until - row->import_from;
    time_ms walked = row->import_until - row->import_at;
    time_ms spread_until = row->import_due_at > now ? row->import_due_at : now;

    if (walked <= 0 || whole <= 0) {
        return 0;
    }
    double each = (double)(spread_until - row->import_begun_at) / (double)walked;
    return row->import_begun_at + (time_ms)(each * (double)whole);
}

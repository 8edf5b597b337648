/*
 * Two judgements of the watch, pure: is a PBX more silent than chance allows, and is it that it
 * cannot be reached, or that it refuses us?
 *
 * Silence. Calls come like rain: at each hour of the week at a rate of its own. The calls of the
 * four weeks before the last one, counted by hour of the week (UTC), give those rates. Over the
 * present silence they add up to the number of calls that should have come; when it is x, chance
 * alone is silent so long with probability e^-x. An alarm wants x >= 10 (1 in 22,000), a silence of
 * a quarter of an hour, and a week of history. Nights and weekends have low rates, so they raise
 * nothing; a holiday in mid-week does.
 */
#ifndef JOBS_TREND_H
#define JOBS_TREND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/time.h"
#include "ledger/alarm.h"

/* ---- Silence ---- */

enum { WEEK_HOURS = 168, RHYTHM_DAYS = 28 };

/* When a PBX's calls come. */
struct rhythm {
    time_ms from_at;           /* The first call that was counted; 0: none was. */
    time_ms until_at;          /* The last CDR when it was counted. */
    int64_t count[WEEK_HOURS]; /* Calls by hour of the week. */
};

/* Which hour of the week an instant lies in: 0 to 167, in UTC. */
int rhythm_hour(time_ms at);
/* How many calls usually come between the two instants. 0 with less than a week of history. */
double rhythm_expected(const struct rhythm *rhythm, time_ms from_at, time_ms to_at);
/* Is silence since `last_at` too long to be chance? *expected_out (may be NULL) calls were due. */
bool rhythm_is_broken(const struct rhythm *rhythm, time_ms last_at, time_ms now,
                      double *expected_out);

/* ---- What the last attempts say of the PBX itself ---- */

struct trend_attempt {
    time_ms at;
    const char *purpose; /* "login", "recapi 1" … */
    const char *reason;  /* A reason's code, "" for none. */
};
struct trend {
    enum alarm alarm;   /* ALARM_NONE: the PBX is well, or it is too early to tell. */
    time_ms since;      /* The first failure in a row. */
    size_t count;       /* How many. */
    const char *reason; /* The code of the newest that is of this kind. Borrowed. */
};
/*
 * `attempts` newest first. Failures count from the newest back to the first attempt that shows the
 * PBX at work, and must have lasted ten minutes and three attempts; a changed certificate counts at
 * once. What the newest five minutes say decides the kind: a certificate before a refusal, a
 * refusal (somebody answered) before no answer at all.
 */
struct trend trend_judge(const struct trend_attempt *attempts, size_t count, time_ms now);

#endif

/*
 * Time. Instants are `time_ms`: UTC milliseconds since 1970, names end in `_at`; 0 means "never".
 * Durations carry their unit in the name. Leases and timeouts measured inside one process use the
 * monotonic clock; what is written to the database is wall-clock UTC.
 */
#ifndef CORE_TIME_H
#define CORE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "core/macros.h"

typedef int64_t time_ms;

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS };
#define DAY_MS ((time_ms)24 * HOUR_MS)

time_ms time_now(void);
/* Monotonic milliseconds; only differences mean anything. */
int64_t time_monotonic_ms(void);
void time_sleep_ms(int64_t duration_ms);

/* Somebody who looks now and then whether the wall clock was set. Zeroed before the first look. */
struct time_watch {
    time_ms wall_at;
    int64_t monotonic_at_ms;
};
/* How far the wall clock was moved since the last look: negative is back, 0 at the first. */
int64_t time_jump_ms(struct time_watch *watch);

/* "2026-02-05T21:20:41Z", or with ".123" where the milliseconds are not zero. At most 32 bytes. */
enum { TIME_TEXT_SIZE = 32 };
const char *time_print(time_ms at, char text_out[TIME_TEXT_SIZE]);
/* RFC 3339 ("…Z", "+01:00", optional fraction) or a bare date (midnight UTC). False when it is
 * neither. */
MUST_USE bool time_parse(const char *text, time_ms *at_out);
/* "YYYY-MM-DD HH:MM:SS" read as if it were UTC: how a PBX writes local time. False when it is not
 * that. */
MUST_USE bool time_parse_naive(const char *text, time_ms *at_out);

#endif

/*
 * Which periods a PBX is asked for, and how an import is spread over time. Pure: no clock, no
 * database; the instants that come from the PBX are of its own clock, which may be wrong.
 */
#ifndef JOBS_WINDOW_H
#define JOBS_WINDOW_H

#include <stdbool.h>
#include <stdint.h>

#include "core/time.h"
#include "store/reconciliation.h"

struct window {
    time_ms from_at, until_at;
    bool by_start;     /* The calls that began in it; else those that ended. */
    bool is_look_back; /* It reaches days back, for what was written late. */
};

/*
 * What the next poll asks for: from where the last one ended or, if that is earlier, from the
 * newest end that the PBX has shown (so that a clock that is behind hides nothing), less an
 * overlap, to the far future (so that a clock that is ahead hides nothing). The first poll, and one
 * every six hours, looks back two days. The old API knows only when calls began: there a call may
 * have begun long before it ended.
 */
struct window window_of_poll(const struct reconciliation *row, bool is_old_api, time_ms now);
/* The same period for a PBX that can only be asked by the start. */
struct window window_by_start(const struct window *window);
/* The next day of an import, backwards from `at`. */
struct window window_of_import(time_ms from, time_ms at);

/* When the recording after one that may be fetched at `due_at` may be. */
time_ms throttle_next(time_ms due_at, int64_t per_minute);
/* When an open import will be over, as far as can be told; 0: it cannot be told yet. */
time_ms import_expected_end(const struct reconciliation *row, time_ms now);

#endif

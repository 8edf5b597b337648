/*
 * A PBX that rests: what a trouble means for everything that is to be asked of it. Fetching and
 * reconciling share this, so that a refused login, a throttle or a dead line is answered alike.
 */
#ifndef JOBS_REST_H
#define JOBS_REST_H

#include "jobs/keeper.h"

/* Until when nothing is asked of the whole PBX: LANE_BLOCKED_FOR_GOOD (a person must act), an
 * instant, or 0 (it need not rest). retry_after_s <= 0: the PBX named no time. Pure. */
time_ms rest_until(enum reason reason, int64_t retry_after_s, time_ms now);

/* Begin it: the lane closes, and what waits says why. Inside the caller's transaction. */
MUST_USE bool rest_begin(struct keeper *keeper, enum reason reason, const char *detail,
                         time_ms until, struct error *error);

#endif

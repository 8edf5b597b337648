/*
 * Whose turn it is to do what has to be done now and then. Several processes may ask: one gets the
 * chore, under a lease, so that it comes back when that one dies.
 */
#ifndef STORE_CHORES_H
#define STORE_CHORES_H

#include "core/time.h"
#include "store/db.h"

/* *taken_out when the chore is due and now ours until `until`. `worker` is unique for each claim.
 * Its own transaction. */
MUST_USE bool chore_take(struct db *db, const char *name, const char *worker, time_ms now,
                         time_ms until, bool *taken_out, struct error *error);
/* Ours still: until later (a long chore's heartbeat), or, when it is done, until it is due again.
 * Nothing happens when it is another's by now. */
MUST_USE bool chore_delay(struct db *db, const char *name, const char *worker, time_ms until,
                          struct error *error);

/* The wall clock was set back: whatever was put off is due now. */
MUST_USE bool chore_clock_back(struct db *db, time_ms now, struct error *error);

#endif

/* Processes: each role says that it lives, so that health can say which does not. */
#ifndef STORE_PROCESSES_H
#define STORE_PROCESSES_H

#include "core/time.h"
#include "store/db.h"

MUST_USE bool process_beat(struct db *db, int64_t id, const char *role, const char *host,
                           int64_t pid, time_ms started_at, time_ms now, struct error *error);
/* A child of ours has died: its row goes, and what it held is due at once (store/jobs.h). */
MUST_USE bool process_died(struct db *db, const char *host, int64_t pid, time_ms now,
                           struct error *error);
MUST_USE bool process_remove(struct db *db, int64_t id, struct error *error);
/* When a process of the role was last seen; 0: never. */
MUST_USE bool process_seen(struct db *db, const char *role, time_ms *seen_at_out,
                           struct error *error);
MUST_USE bool process_sweep(struct db *db, time_ms before_at, struct error *error);

#endif

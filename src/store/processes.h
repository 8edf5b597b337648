/* Processes: each role says that it lives, so that health can say which does not. */
#ifndef STORE_PROCESSES_H
#define STORE_PROCESSES_H

#include "core/time.h"
#include "store/db.h"

MUST_USE bool process_beat(struct db *db, int64_t id, const char *role, const char *host,
                           int64_t pid, time_ms started_at, time_ms now, struct error *error);
/* A child of ours has died: its row goes, its jobs are due at once, its login at a PBX is free. */
MUST_USE bool process_died(struct db *db, const char *host, int64_t pid, time_ms now,
                           struct error *error);
/* The same for all that this host's kernel knows no more: what is left of a supervisor that was
 * killed with its roles, or of a machine that lost power. `host` is this one. */
MUST_USE bool process_bury(struct db *db, const char *host, time_ms now, struct error *error);
MUST_USE bool process_remove(struct db *db, int64_t id, struct error *error);
/* When a process of the role was last seen; 0: never. */
MUST_USE bool process_seen(struct db *db, const char *role, time_ms *seen_at_out,
                           struct error *error);
MUST_USE bool process_sweep(struct db *db, time_ms before_at, struct error *error);

#endif

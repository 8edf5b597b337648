/*
 * What is wrong now: one look at the database and the storage, in terms of ledger/alarm.h.
 *
 * It changes nothing but the count of a PBX's usual calls (table `rhythm`, once an hour). Each
 * finding says since when and brings its evidence in figures. What follows from another finding is
 * left out: the jobs of a PBX that cannot be reached are no backlog.
 */
#ifndef JOBS_SYMPTOMS_H
#define JOBS_SYMPTOMS_H

#include "jobs/world.h"
#include "store/alarms.h"

enum { SYMPTOMS_MAX = 1024 }; /* More at once are left for the next look. */

struct symptoms {
    struct alarm_row *list; /* kind, tenant_id, pbx_id, since, detail */
    size_t count;
};

/* `open` are the alarms that stand or pend: some thresholds are wider for these, so that a figure
 * at the edge does not flap. Texts in the arena. */
MUST_USE bool symptoms_find(const struct world *world, struct db *db, struct arena *arena,
                            const struct alarm_row *open, size_t open_count, time_ms now,
                            struct symptoms *found_out, struct error *error);

/* Is so little free that one should be told? Less than `min_bytes`, or than a tenth of the disk
 * where that is less than 20 GiB; a quarter more while the alarm stands. Pure. */
bool storage_is_nearly_full(uint64_t free_bytes, uint64_t total_bytes, uint64_t min_bytes,
                            bool is_raised);

#endif

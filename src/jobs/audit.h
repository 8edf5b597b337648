/*
 * The audit: is everything as it must be? The database itself, the rules of its tables
 * (store/audit.h), a file for every stored recording, its size, its SHA-256 read back, and a row
 * for every file. Runs beside everything else, in bounded memory.
 *
 * What is found damaged or gone is healed only by fetching it again: the recording waits with the
 * reason `storage_damaged`, the damaged file is laid aside under lost_and_found/. No file is ever
 * removed. When a large part of all files seems gone at once, the storage itself is taken to be
 * away (not mounted), and nothing is healed.
 */
#ifndef JOBS_AUDIT_H
#define JOBS_AUDIT_H

#include <jansson.h>

#include "jobs/chores.h"
#include "jobs/world.h"

struct audit_options {
    int64_t tenant_id;             /* 0: all */
    bool is_hashing;               /* Read the files back, else only look at their sizes. */
    bool is_healing;               /* Set right what can be. */
    bool is_moving_orphans;        /* Lay files without a row aside. */
    bool is_sure_of_lost;          /* Heal although a large part of the files is gone. */
    time_ms fresh_since;           /* Files read back since then are only looked at; 0: none are. */
    int64_t bytes_per_s_max;       /* 0: as fast as it goes. */
    const struct chore_run *chore; /* Asked whether to go on; NULL: nobody is. */
};

/* One audit, its result written down. *report_out: as GET /api/audit answers it, yours to release.
 * ERROR_BUSY: it was cut short by the end of the process. */
MUST_USE bool audit_run(const struct world *world, struct db *db,
                        const struct audit_options *options, json_t **report_out,
                        struct error *error);

/* A chore: what somebody found wrong is looked at; and every AUDIT_INTERVAL everything is, slowly,
 * and healed. */
MUST_USE bool audit_chore(struct chore_run *run, struct error *error);

#endif

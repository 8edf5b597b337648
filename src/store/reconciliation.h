/*
 * Reconciliation: what was asked of each PBX beside its webhooks, what came of it, and the import
 * of history that a person ordered. One row per PBX; a PBX that was never asked has none, and reads
 * as zeros. jobs/DESIGN.md says how it is used.
 *
 * Instants are ours unless a comment says "its clock". Functions that write belong into the
 * caller's transaction.
 */
#ifndef STORE_RECONCILIATION_H
#define STORE_RECONCILIATION_H

#include "core/arena.h"
#include "core/time.h"
#include "store/db.h"

struct reconciliation {
    int64_t pbx_id, tenant_id;
    time_ms polled_until;  /* Calls that ended before are known; 0: it was never asked. */
    time_ms newest_end_at; /* The newest end of the last poll that had calls; its clock. */
    time_ms tried_at;      /* The last poll … */
    time_ms polled_at;     /* … and the last that was answered. */
    const char *reason;    /* Why the last one failed (ledger/reason.h); NULL: it did not. */
    const char *detail;
    int64_t found_legs, found_recordings; /* That no webhook had told. */
    time_ms looked_back_at, listed_at;
    /* The order. History is walked from import_until back to import_from; known down to import_at.
     */
    time_ms import_from, import_until, import_at;
    int64_t import_per_minute, import_legs, import_recordings;
    time_ms import_due_at; /* When the next recording that it finds may be fetched. */
    time_ms import_begun_at, import_ended_at;
};

/* Is there an order that is not done? Pure. */
bool reconciliation_is_importing(const struct reconciliation *row);

/* Never NULL. */
MUST_USE bool reconciliation_get(struct db *db, struct arena *arena, int64_t pbx_id,
                                 struct reconciliation **row_out, struct error *error);
/* The poll was answered: polled_until, newest_end_at, tried_at, polled_at, looked_back_at and
 * listed_at as in `row`, no reason any more. */
MUST_USE bool reconciliation_polled(struct db *db, const struct reconciliation *row,
                                    struct error *error);
/* It was not: reason, detail and tried_at as in `row`. */
MUST_USE bool reconciliation_failed(struct db *db, const struct reconciliation *row,
                                    struct error *error);
/* Legs and recordings that no webhook had told. */
MUST_USE bool reconciliation_found(struct db *db, const struct reconciliation *row, int64_t legs,
                                   int64_t recordings, struct error *error);

/* A person's order: replaces an older one. import_from, _until, _per_minute as in `row`. */
MUST_USE bool reconciliation_import_order(struct db *db, const struct reconciliation *row,
                                          time_ms now, struct error *error);
/* *stopped_out: there was one to stop. */
MUST_USE bool reconciliation_import_stop(struct db *db, int64_t pbx_id, time_ms now,
                                         bool *stopped_out, struct error *error);
/* What a page of history brought; counts are added. Nothing happens when the order in `row` was
 * stopped or replaced. */
MUST_USE bool reconciliation_import_found(struct db *db, const struct reconciliation *row,
                                          int64_t legs, int64_t recordings, time_ms due_at,
                                          struct error *error);
/* History is known down to `at`; ended_at 0: it goes on. Nothing happens as above. */
MUST_USE bool reconciliation_import_reached(struct db *db, const struct reconciliation *row,
                                            time_ms at, time_ms ended_at, struct error *error);

/* Each configured PBX that nothing stops, of a tenant that is not suspended, gets its job, due now,
 * where it has none: all when interval_s > 0, else those with an open order. A job that waits
 * longer than the interval (which was longer before) is due now. */
MUST_USE bool reconciliation_jobs_make(struct db *db, int64_t interval_s, time_ms now,
                                       struct error *error);

/* How far an order is, counted where the rows are. `waiting_first_try`: history not yet fetched. */
struct history_count {
    int64_t calls, recordings, stored, missing, waiting_first_try;
};
MUST_USE bool reconciliation_history(struct db *db, const struct reconciliation *row,
                                     struct history_count *count_out, struct error *error);

/* ---- What is known of a PBX's calls ---- */

struct known_leg {
    int64_t call_id;
    const char *acct_id, *uniqueid; /* NULL: there is none */
    const char *extension, *number; /* Ours; the caller's. */
    time_ms started_at, ended_at;   /* Of its call; its clock; 0: unknown */
    const void *body;               /* The leg's JSON, or the webhook that brought it. */
    size_t body_size;
};
/* A leg of the newest call that began at or after `from_at`. */
MUST_USE bool reconciliation_newest(struct db *db, struct arena *arena, int64_t tenant_id,
                                    int64_t pbx_id, time_ms from_at, struct known_leg *leg_out,
                                    struct error *error);
/* Answered legs since `from_at` of calls without a recording, whose extension or trunk is recorded
 * otherwise; asked for fewer than two times, and not since `asked_before`. */
MUST_USE bool reconciliation_unnamed(struct db *db, struct arena *arena, int64_t tenant_id,
                                     int64_t pbx_id, time_ms from_at, time_ms asked_before,
                                     struct known_leg *legs_out, size_t room, size_t *count_out,
                                     struct error *error);
MUST_USE bool reconciliation_asked(struct db *db, int64_t pbx_id, const struct known_leg *leg,
                                   time_ms now, struct error *error);
/* Legs whose channel was made in that second (of its uniqueid), the answered ones first; or, with
 * `is_spanning`, of calls that went on at that instant. At most `room`. */
MUST_USE bool reconciliation_legs_at(struct db *db, struct arena *arena, int64_t tenant_id,
                                     int64_t pbx_id, time_ms at, bool is_spanning,
                                     struct known_leg *legs_out, size_t room, size_t *count_out,
                                     struct error *error);
/* Is a recording of that path known? */
MUST_USE bool reconciliation_path_is_known(struct db *db, int64_t pbx_id, const char *path,
                                           bool *known_out, struct error *error);

#endif

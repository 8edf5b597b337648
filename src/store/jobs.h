/*
 * The queue in the database: lanes and jobs, as jobs/DESIGN.md describes them.
 *
 * Functions that say "fenced" change nothing when the job's lease was lost to another worker; they
 * then return false with ERROR_BUSY, and the caller rolls back and throws its result away.
 */
#ifndef STORE_JOBS_H
#define STORE_JOBS_H

#include "core/time.h"
#include "store/db.h"

#define LANE_FETCH "fetch"           /* owner: PBX */
#define LANE_TRANSCRIBE "transcribe" /* owner: tenant */
#define LANE_ANALYSE "analyse"       /* owner: tenant */
#define LANE_NOTIFY "notify"         /* owner: alarm target */

/* `blocked_until` of a lane that only a person opens again. */
#define LANE_BLOCKED_FOR_GOOD INT64_MAX

struct job {
    int64_t
        subject_id; /* The recording; or the lane's owner itself: the PBX is to be reconciled. */
    int64_t lane_id;
    int64_t owner_id; /* The lane's: PBX or tenant. */
    int64_t tenant_id;
    int64_t attempt; /* 1 at the first try. */
    time_ms queued_at;
    char worker[40]; /* The fence: "PROCESS/CLAIM", unique for each claim. */
};

/* Make the lane when it is not there. running_max > 0. */
MUST_USE bool lane_ensure(struct db *db, const char *stage, int64_t owner_id, int64_t running_max,
                          int64_t *lane_id_out, struct error *error);
/* No job of the lane is taken before `until`. A longer block stays; 0 opens the lane. */
MUST_USE bool lane_block(struct db *db, const char *stage, int64_t owner_id, time_ms until,
                         struct error *error);

/* Queue a subject in a lane, due at run_at. One that is queued already keeps its place. */
MUST_USE bool job_add(struct db *db, int64_t subject_id, int64_t lane_id, int64_t tenant_id,
                      time_ms run_at, time_ms now, struct error *error);
/* The same for history that a person ordered: here and in every later lane it is taken only when
 * nothing of the living calls is due. A person's retry makes it one of those. */
MUST_USE bool job_add_history(struct db *db, int64_t subject_id, int64_t lane_id, int64_t tenant_id,
                              time_ms run_at, time_ms now, struct error *error);
/* Take the due job of the fairest lane of the stage. *found_out is false when there is none.
 * `process_id` is the claimer's row in `process`. */
MUST_USE bool job_claim(struct db *db, const char *stage, int64_t process_id, time_ms now,
                        int64_t lease_ms, struct job *job_out, bool *found_out,
                        struct error *error);
/* The process is known to be dead, or is about to be: what it held is due now, no lease needs to
 * run out, and the try does not count: it says nothing about the subject. Recordings that were
 * said to be fetched or transcribed wait again. */
MUST_USE bool job_release_all(struct db *db, int64_t process_id, time_ms now, struct error *error);
/* When to look for a job of the stage again: the first that is due (a running one: when its lease
 * ends), or a lane opens; 0 when there is nothing to wait for. */
MUST_USE bool job_next_due(struct db *db, const char *stage, time_ms now, time_ms *due_out,
                           struct error *error);

/* Heartbeat. Fenced. */
MUST_USE bool job_renew(struct db *db, const struct job *job, time_ms now, int64_t lease_ms,
                        struct error *error);
/* Fenced: due again at run_at, in the same lane. */
MUST_USE bool job_delay(struct db *db, const struct job *job, time_ms run_at, struct error *error);
/* Fenced: on to another lane, due now, attempts counted anew. */
MUST_USE bool job_move(struct db *db, const struct job *job, int64_t lane_id, time_ms now,
                       struct error *error);
/* Fenced: done, or given up. */
MUST_USE bool job_remove(struct db *db, const struct job *job, struct error *error);
/* A person's retry: due now in the given lane, unless it is being worked on. */
MUST_USE bool job_retry_now(struct db *db, int64_t subject_id, int64_t lane_id, int64_t tenant_id,
                            time_ms now, struct error *error);

/* The wall clock was set back by so much: what waits in the stage is due that much earlier, so that
 * no job waits for an instant that was named before. Done twice, it is due earlier than it need be.
 */
MUST_USE bool job_clock_back(struct db *db, const char *stage, time_ms now, int64_t jump_ms,
                             struct error *error);

/* How many jobs of the stage wait or run. */
MUST_USE bool job_count(struct db *db, const char *stage, int64_t *count_out, struct error *error);

#endif

/* See jobs.h. A lease, not a lock: taking a job moves its run_at to the end of the lease. */
#include "store/jobs.h"

#include <stdio.h>

#include "core/rowid.h"

bool lane_ensure(struct db *db, const char *stage, int64_t owner_id, int64_t running_max,
                 int64_t *lane_id_out, struct error *error)
{
    static const char SQL_FIND[] = "SELECT id FROM lane WHERE owner_id = $1 AND stage = $2";
    static const char SQL_MAKE[] =
        "INSERT INTO lane (id, stage, owner_id, running_max) VALUES ($1, $2, $3, $4)"
        " ON CONFLICT (owner_id, stage) DO UPDATE SET running_max = excluded.running_max"
        " RETURNING id";

    if (!db_run_number(db, SQL_FIND, DB_VALUES(DB_INT(owner_id), DB_TEXT(stage)), 0, lane_id_out,
                       error)) {
        return false;
    }
    if (*lane_id_out != 0) {
        return true;
    }
    return db_run_number(db, SQL_MAKE,
                         DB_VALUES(DB_INT(row_id_new(time_now())), DB_TEXT(stage), DB_INT(owner_id),
                                   DB_INT(running_max)),
                         0, lane_id_out, error);
}

bool lane_block(struct db *db, const char *stage, int64_t owner_id, time_ms until,
                struct error *error)
{
    static const char SQL[] =
        "UPDATE lane SET blocked_until = $3 WHERE owner_id = $1 AND stage = $2"
        " AND ($3 = 0 OR blocked_until < $3)";

    return db_run(db, SQL, DB_VALUES(DB_INT(owner_id), DB_TEXT(stage), DB_INT(until)), NULL, error);
}

bool job_add(struct db *db, int64_t subject_id, int64_t lane_id, int64_t tenant_id, time_ms run_at,
             time_ms now, struct error *error)
{
    static const char SQL[] = "INSERT INTO job (subject_id, lane_id, tenant_id, run_at, queued_at)"
                              " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (subject_id) DO NOTHING";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(subject_id), DB_INT(lane_id), DB_INT(tenant_id), DB_INT(run_at),
                            DB_INT(now)),
                  NULL, error);
}

bool job_add_history(struct db *db, int64_t subject_id, int64_t lane_id, int64_t tenant_id,
                     time_ms run_at, time_ms now, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO job (subject_id, lane_id, tenant_id, run_at, queued_at, is_history)"
        " VALUES ($1, $2, $3, $4, $5, 1) ON CONFLICT (subject_id) DO NOTHING";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(subject_id), DB_INT(lane_id), DB_INT(tenant_id), DB_INT(run_at),
                            DB_INT(now)),
                  NULL, error);
}

/* The lane that was served longest ago, has room and a due job; and that job. The owner's own job
 * (reconciling a PBX) is before those of its recordings: a backlog of them must not put off the
 * look whether more are missing. History comes last. */
static const char SQL_PICK[] =
    "SELECT lane.id, lane.owner_id, coalesce("
    "       (SELECT job.subject_id FROM job WHERE job.subject_id = lane.owner_id"
    "         AND job.lane_id = lane.id AND job.run_at <= $2),"
    "       (SELECT job.subject_id FROM job WHERE job.lane_id = lane.id AND job.is_history = 0"
    "         AND job.run_at <= $2 ORDER BY job.run_at LIMIT 1),"
    "       (SELECT job.subject_id FROM job WHERE job.lane_id = lane.id AND job.is_history = 1"
    "         AND job.run_at <= $2 ORDER BY job.run_at LIMIT 1)) AS subject_id"
    "  FROM lane"
    " WHERE lane.stage = $1 AND lane.blocked_until <= $2"
    "   AND (SELECT count(*) FROM job WHERE job.lane_id = lane.id AND job.worker IS NOT NULL"
    "         AND job.run_at > $2) < lane.running_max"
    "   AND (EXISTS (SELECT 1 FROM job WHERE job.lane_id = lane.id AND job.is_history = 0"
    "         AND job.run_at <= $2)"
    "     OR EXISTS (SELECT 1 FROM job WHERE job.lane_id = lane.id AND job.is_history = 1"
    "         AND job.run_at <= $2))"
    " ORDER BY lane.served_at LIMIT 1";
static const char SQL_TAKE[] =
    "UPDATE job SET worker = $2, run_at = $3, attempt = attempt + 1 WHERE subject_id = $1"
    " RETURNING tenant_id, attempt, queued_at";
static const char SQL_SERVED[] = "UPDATE lane SET served_at = $2 WHERE id = $1";

static bool job_pick(struct db *db, const char *stage, time_ms now, struct job *job,
                     bool *found_out, struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };

    if (!db_query(db, SQL_PICK, DB_VALUES(DB_TEXT(stage), DB_INT(now)), &rows, error)) {
        return false;
    }
    enum db_step step = db_next(&rows, error);
    if (step == DB_ROW) {
        job->lane_id = db_int(&rows, 0);
        job->owner_id = db_int(&rows, 1);
        job->subject_id = db_int(&rows, 2);
    }
    *found_out = step == DB_ROW;
    return step != DB_FAILED;
}

static bool job_take(struct db *db, struct job *job, int64_t process_id, time_ms now, time_ms until,
                     struct error *error)
{
    char process[ROW_ID_TEXT_SIZE];
    char claim[ROW_ID_TEXT_SIZE];
    AUTO(db_rows_clear) struct db_rows rows = { 0 };

    IGNORE(snprintf(job->worker, sizeof job->worker, "%s/%s", row_id_print(process_id, process),
                    row_id_print(row_id_new(now), claim)),
           "fits");
    if (!db_query(db, SQL_TAKE,
                  DB_VALUES(DB_INT(job->subject_id), DB_TEXT(job->worker), DB_INT(until)), &rows,
                  error)) {
        return false;
    }
    enum db_step step = db_next(&rows, error);
    if (step == DB_ROW) {
        job->tenant_id = db_int(&rows, 0);
        job->attempt = db_int(&rows, 1);
        job->queued_at = db_int(&rows, 2);
        return true;
    }
    return step == DB_DONE ? error_set(error, ERROR_BUSY, "the job is gone") : false;
}

bool job_claim(struct db *db, const char *stage, int64_t process_id, time_ms now, int64_t lease_ms,
               struct job *job_out, bool *found_out, struct error *error)
{
    struct job job = { 0 };
    bool is_found = false;

    *found_out = false;
    /* A look without a write lock first: idle workers cost readers nothing. */
    if (!job_pick(db, stage, now, &job, &is_found, error)) {
        return false;
    }
    if (!is_found) {
        return true;
    }
    if (!db_begin(db, error)) {
        return false;
    }
    bool is_taken = job_pick(db, stage, now, &job, &is_found, error);
    if (is_taken && is_found) {
        is_taken = job_take(db, &job, process_id, now, now + lease_ms, error) &&
                   db_run(db, SQL_SERVED, DB_VALUES(DB_INT(job.lane_id), DB_INT(now)), NULL, error);
    }
    if (!is_taken || !db_commit(db, error)) {
        db_rollback(db);
        return false;
    }
    *job_out = job;
    *found_out = is_found;
    return true;
}

bool job_release_all(struct db *db, int64_t process_id, time_ms now, struct error *error)
{
    /* First what people see: no recording says "fetching" while nobody has it. */
    static const char SQL_SHOWN[] =
        "UPDATE recording SET"
        " state = CASE WHEN state = 'fetching' THEN 'waiting' ELSE state END,"
        " transcript_state ="
        " CASE WHEN transcript_state = 'running' THEN 'waiting' ELSE transcript_state END"
        " WHERE id IN (SELECT subject_id FROM job WHERE worker LIKE $1 || '/%' AND run_at > $2)";
    static const char SQL[] = "UPDATE job SET run_at = $2, worker = NULL, attempt = attempt - 1"
                              " WHERE worker LIKE $1 || '/%' AND run_at > $2";
    char text[ROW_ID_TEXT_SIZE];
    const char *process = row_id_print(process_id, text);

    return db_run(db, SQL_SHOWN, DB_VALUES(DB_TEXT(process), DB_INT(now)), NULL, error) &&
           db_run(db, SQL, DB_VALUES(DB_TEXT(process), DB_INT(now)), NULL, error);
}

bool job_next_due(struct db *db, const char *stage, time_ms now, time_ms *due_out,
                  struct error *error)
{
    static const char SQL[] =
        "SELECT min(CASE WHEN lane.blocked_until > $2 THEN lane.blocked_until"
        " ELSE (SELECT min(dues.due) FROM"
        "   (SELECT min(job.run_at) AS due FROM job WHERE job.lane_id = lane.id"
        "     AND job.is_history = 0 UNION ALL"
        "    SELECT min(job.run_at) AS due FROM job WHERE job.lane_id = lane.id"
        "     AND job.is_history = 1) AS dues) END)"
        " FROM lane WHERE lane.stage = $1 AND lane.blocked_until < $3";

    return db_run_number(db, SQL,
                         DB_VALUES(DB_TEXT(stage), DB_INT(now), DB_INT(LANE_BLOCKED_FOR_GOOD)), 0,
                         due_out, error);
}

/* Run a statement that must change exactly the job we hold. */
static bool job_fenced(struct db *db, const char *sql, const struct db_value *values, size_t count,
                       struct error *error)
{
    int64_t changed = 0;

    if (!db_run(db, sql, values, count, &changed, error)) {
        return false;
    }
    return changed == 1 ||
           error_set(error, ERROR_BUSY, "the lease was lost: somebody else works on it");
}

bool job_renew(struct db *db, const struct job *job, time_ms now, int64_t lease_ms,
               struct error *error)
{
    static const char SQL[] = "UPDATE job SET run_at = $3 WHERE subject_id = $1 AND worker = $2";

    return job_fenced(
        db, SQL, DB_VALUES(DB_INT(job->subject_id), DB_TEXT(job->worker), DB_INT(now + lease_ms)),
        error);
}

bool job_delay(struct db *db, const struct job *job, time_ms run_at, struct error *error)
{
    static const char SQL[] =
        "UPDATE job SET run_at = $3, worker = NULL WHERE subject_id = $1 AND worker = $2";

    return job_fenced(
        db, SQL, DB_VALUES(DB_INT(job->subject_id), DB_TEXT(job->worker), DB_INT(run_at)), error);
}

bool job_move(struct db *db, const struct job *job, int64_t lane_id, time_ms now,
              struct error *error)
{
    static const char SQL[] =
        "UPDATE job SET lane_id = $3, run_at = $4, queued_at = $4, worker = NULL, attempt = 0"
        " WHERE subject_id = $1 AND worker = $2";

    return job_fenced(
        db, SQL,
        DB_VALUES(DB_INT(job->subject_id), DB_TEXT(job->worker), DB_INT(lane_id), DB_INT(now)),
        error);
}

bool job_remove(struct db *db, const struct job *job, struct error *error)
{
    static const char SQL[] = "DELETE FROM job WHERE subject_id = $1 AND worker = $2";

    return job_fenced(db, SQL, DB_VALUES(DB_INT(job->subject_id), DB_TEXT(job->worker)), error);
}

bool job_retry_now(struct db *db, int64_t subject_id, int64_t lane_id, int64_t tenant_id,
                   time_ms now, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO job (subject_id, lane_id, tenant_id, run_at, queued_at)"
        " VALUES ($1, $2, $3, $4, $4)"
        " ON CONFLICT (subject_id) DO UPDATE SET run_at = $4, attempt = 0, worker = NULL,"
        " is_history = 0"
        " WHERE job.worker IS NULL OR job.run_at <= $4";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(subject_id), DB_INT(lane_id), DB_INT(tenant_id), DB_INT(now)),
                  NULL, error);
}

bool job_clock_back(struct db *db, const char *stage, time_ms now, int64_t jump_ms,
                    struct error *error)
{
    static const char SQL_JOBS[] =
        "UPDATE job SET run_at = CASE WHEN run_at - $3 > $2 THEN run_at - $3 ELSE $2 END"
        " WHERE run_at > $2 AND worker IS NULL"
        " AND lane_id IN (SELECT id FROM lane WHERE stage = $1)";
    static const char SQL_LANES[] =
        "UPDATE lane SET served_at = CASE WHEN served_at > $2 THEN $2 ELSE served_at END,"
        " blocked_until = CASE WHEN blocked_until - $3 > $2 AND blocked_until < $4"
        "  THEN blocked_until - $3"
        "  WHEN blocked_until > $2 AND blocked_until < $4 THEN 0 ELSE blocked_until END"
        " WHERE stage = $1";

    return db_run(db, SQL_JOBS, DB_VALUES(DB_TEXT(stage), DB_INT(now), DB_INT(jump_ms)), NULL,
                  error) &&
           db_run(db, SQL_LANES,
                  DB_VALUES(DB_TEXT(stage), DB_INT(now), DB_INT(jump_ms),
                            DB_INT(LANE_BLOCKED_FOR_GOOD)),
                  NULL, error);
}

bool job_count(struct db *db, const char *stage, int64_t *count_out, struct error *error)
{
    static const char SQL[] =
        "SELECT count(*) FROM job JOIN lane ON lane.id = job.lane_id WHERE lane.stage = $1";

    return db_run_number(db, SQL, DB_VALUES(DB_TEXT(stage)), 0, count_out, error);
}

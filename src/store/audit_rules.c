/*
 * THE table of rules that always hold, see audit.h. Each query yields: id, tenant, call, where; its
 * parameters are $1 the tenant (0: all) and $2 now. Each is one statement, so it sees one state of
 * the database: what is in the middle of a transaction is never taken for a breach.
 */
#include "store/audit.h"

#define OF_TENANT(table) " AND ($1 = 0 OR " table ".tenant_id = $1)"
#define UP_TO_MAX " LIMIT 1000"
#define RECORDING_ROW                                                                              \
    "SELECT recording.id, recording.tenant_id, recording.call_id, 'recording ' || recording.path"
/* Or had one until a minute ago. */
#define NO_WORKER                                                                                  \
    " AND NOT EXISTS (SELECT 1 FROM job WHERE job.subject_id = recording.id"                       \
    " AND job.worker IS NOT NULL AND job.run_at >= $2 - 60000)"
#define NO_JOB " AND NOT EXISTS (SELECT 1 FROM job WHERE job.subject_id = recording.id)"

static const struct audit_rule table[] = {
    /* A closed lane's job, and one that waits for a place in its lane, may be late. */
    { "job_past_its_lease",
      "A job's lease ended more than a minute ago and nobody has taken the job.",
      "See that the server runs (audiapro serve) with all of its roles; the job is then taken.",
      CURE_JOB_FREE,
      "SELECT job.subject_id, job.tenant_id, 0, lane.stage || ' job of ' || job.worker"
      " FROM job JOIN lane ON lane.id = job.lane_id"
      " WHERE job.worker IS NOT NULL AND job.run_at < $2 - 60000 AND lane.blocked_until <= $2"
      " AND (SELECT count(*) FROM job AS other WHERE other.lane_id = lane.id"
      "   AND other.worker IS NOT NULL AND other.run_at > $2) < lane.running_max" OF_TENANT("job")
          UP_TO_MAX },
    { "fetching_by_nobody", "A recording is said to be fetched right now, and nobody does.",
      "See that the server runs (audiapro serve) with all of its roles; the recording is then "
      "fetched.",
      CURE_WAIT,
      RECORDING_ROW
      " FROM recording WHERE state <> 'stored' AND state = 'fetching'" NO_WORKER OF_TENANT(
          "recording") UP_TO_MAX },
    { "job_without_subject", "A job is there for a recording that is not.",
      "Run audiapro audit --heal: the job is removed.", CURE_JOB_REMOVE,
      "SELECT job.subject_id, job.tenant_id, 0, coalesce(lane.stage, 'no lane')"
      " || ' job' FROM job LEFT JOIN lane ON lane.id = job.lane_id"
      " WHERE (lane.id IS NULL OR (lane.stage IN ('fetch', 'transcribe', 'analyse')"
      "   AND job.subject_id <> lane.owner_id AND NOT EXISTS"
      "   (SELECT 1 FROM recording WHERE recording.id = job.subject_id)))" OF_TENANT("job")
          UP_TO_MAX },
    { "settled_with_fetch_job", "A recording is stored or given up, and yet to be fetched.",
      "Run audiapro audit --heal: the job is removed.", CURE_JOB_REMOVE,
      RECORDING_ROW " FROM lane CROSS JOIN job CROSS JOIN recording WHERE lane.stage = 'fetch'"
                    " AND job.lane_id = lane.id AND recording.id = job.subject_id"
                    " AND recording.state IN ('stored', 'missing')" OF_TENANT("job") UP_TO_MAX },
    { "unknown_state", "A recording is in a state that there is not.",
      "Run audiapro audit --heal: it is stored where its file is whole, else fetched again.",
      CURE_FILE,
      RECORDING_ROW " || ', state ' || state FROM recording WHERE state <> 'stored' AND state NOT"
                    " IN ('waiting', 'fetching', 'missing')" OF_TENANT("recording") UP_TO_MAX },
    { "not_stored_with_file", "A recording counts as not stored, and its row names a stored file.",
      "Run audiapro audit --heal: it is stored where its file is whole, else fetched again.",
      CURE_FILE,
      RECORDING_ROW " || ', ' || state FROM recording WHERE state <> 'stored' AND state IN"
                    " ('waiting', 'fetching', 'missing') AND blob_key IS NOT NULL" OF_TENANT(
                        "recording") UP_TO_MAX },
    { "stored_without_proof", "A recording counts as stored without key, size or SHA-256.",
      "Run audiapro audit --heal: it is fetched again.", CURE_FILE,
      RECORDING_ROW " FROM recording WHERE state = 'stored' AND (blob_key IS NULL OR blob_key = ''"
                    " OR stored_bytes IS NULL OR sha256 IS NULL OR length(sha256) <> 64)" OF_TENANT(
                        "recording") UP_TO_MAX },
    { "waiting_without_job", "A recording waits, and no job will ever fetch it.",
      "Run audiapro audit --heal: it gets its job.", CURE_JOB_ADD,
      RECORDING_ROW " || ', ' || state FROM recording JOIN pbx ON pbx.id = recording.pbx_id"
                    " WHERE recording.state <> 'stored' AND recording.state IN"
                    " ('waiting', 'fetching')" NO_JOB OF_TENANT("recording") UP_TO_MAX },
    { "no_reason", "A recording is waiting or missing, and nothing says why.",
      "Run audiapro audit --heal: it gets a general reason, and the next try the true one.",
      CURE_REASON,
      RECORDING_ROW " || ', ' || state FROM recording WHERE state <> 'stored' AND state IN"
                    " ('waiting', 'missing') AND (reason IS NULL OR reason = '')" OF_TENANT(
                        "recording") UP_TO_MAX },
    { "recording_without_call", "A recording's call is not there.",
      "Restore the database from its backup, or report it: calls are never removed.", CURE_NONE,
      RECORDING_ROW " FROM recording WHERE NOT EXISTS"
                    " (SELECT 1 FROM call WHERE call.id = recording.call_id)" OF_TENANT("recording")
                        UP_TO_MAX },
    { "leg_without_call", "A leg's call is not there.",
      "Restore the database from its backup, or report it: calls are never removed.", CURE_NONE,
      "SELECT leg.call_id, pbx.tenant_id, leg.call_id, 'leg with AcctId ' || leg.acct_id FROM leg"
      " LEFT JOIN call ON call.id = leg.call_id LEFT JOIN pbx ON pbx.id = leg.pbx_id"
      " WHERE call.id IS NULL" OF_TENANT("pbx") UP_TO_MAX },
    { "call_without_leg", "A call has neither a leg nor a recording.",
      "Restore the database from its backup, or report it: legs are never removed.", CURE_NONE,
      "SELECT call.id, call.tenant_id, call.id, 'call of session ' || coalesce(call.session, '?')"
      " FROM call WHERE NOT EXISTS (SELECT 1 FROM leg WHERE leg.call_id = call.id)"
      " AND NOT EXISTS (SELECT 1 FROM recording WHERE recording.call_id = call.id)" OF_TENANT(
          "call") UP_TO_MAX },
    { .code = NULL },
};

const struct audit_rule *audit_rules(void)
{
    return table;
}

bool audit_rule_check(struct db *db, const struct audit_rule *rule, int64_t tenant_id, time_ms now,
                      bool (*visit)(const struct audit_breach *breach, void *context),
                      void *context, struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;
    bool goes_on = true;

    if (!db_query(db, rule->sql, DB_VALUES(DB_INT(tenant_id), DB_INT(now)), &rows, error)) {
        return error_within(error, "rule '%s'", rule->code);
    }
    while (goes_on && (step = db_next(&rows, error)) == DB_ROW) {
        const char *where = db_text(&rows, 3);
        struct audit_breach breach = { .id = db_int(&rows, 0),
                                       .tenant_id = db_int(&rows, 1),
                                       .call_id = db_int(&rows, 2),
                                       .where = where != NULL ? where : "" };
        goes_on = visit(&breach, context);
    }
    return step != DB_FAILED;
}

/* $1 the id, $2 now. Each names again what is broken: by now it may not be. */
static const char *const cures[] = {
    [CURE_WAIT] = "UPDATE recording SET state = 'waiting',"
                  " reason = coalesce(nullif(reason, ''), 'interrupted') WHERE id = $1"
                  " AND state = 'fetching'" NO_WORKER,
    [CURE_JOB_FREE] = "UPDATE job SET worker = NULL, run_at = $2 WHERE subject_id = $1"
                      " AND worker IS NOT NULL AND run_at < $2 - 60000",
    [CURE_JOB_REMOVE] = "DELETE FROM job WHERE subject_id = $1 AND (worker IS NULL OR run_at <= $2)"
                        " AND (NOT EXISTS (SELECT 1 FROM recording WHERE recording.id = $1)"
                        "   OR (lane_id IN (SELECT id FROM lane WHERE stage = 'fetch')"
                        "     AND EXISTS (SELECT 1 FROM recording WHERE recording.id = $1"
                        "       AND recording.state IN ('stored', 'missing'))))",
    [CURE_JOB_ADD] = "INSERT INTO job (subject_id, lane_id, tenant_id, run_at, queued_at)"
                     " SELECT recording.id, lane.id, recording.tenant_id, $2, $2 FROM recording"
                     " JOIN lane ON lane.owner_id = recording.pbx_id AND lane.stage = 'fetch'"
                     " WHERE recording.id = $1 AND recording.state IN ('waiting', 'fetching')"
                     " ON CONFLICT (subject_id) DO NOTHING",
    [CURE_REASON] =
        "UPDATE recording SET reason = CASE WHEN state = 'waiting' THEN 'waiting_first_try'"
        " ELSE 'internal_error' END WHERE id = $1 AND state IN ('waiting', 'missing')"
        " AND (reason IS NULL OR reason = '')",
};

bool audit_cure_apply(struct db *db, enum audit_cure cure, int64_t id, time_ms now,
                      bool *changed_out, struct error *error)
{
    int64_t changed = 0;

    *changed_out = false;
    if ((size_t)cure >= COUNT_OF(cures) || cures[cure] == NULL) {
        return true;
    }
    if (!db_run(db, cures[cure], DB_VALUES(DB_INT(id), DB_INT(now)), &changed, error)) {
        return false;
    }
    *changed_out = changed > 0;
    return true;
}

bool audit_cure_stored(struct db *db, int64_t recording_id, const char *blob_key, bool *changed_out,
                       struct error *error)
{
    static const char SQL[] =
        "UPDATE recording SET state = 'stored', reason = NULL, detail = NULL, next_try_at = NULL"
        " WHERE id = $1 AND state <> 'stored' AND blob_key = $2 AND NOT EXISTS"
        " (SELECT 1 FROM job WHERE job.subject_id = $1 AND job.worker IS NOT NULL)";
    static const char SQL_JOB[] =
        "DELETE FROM job WHERE subject_id = $1 AND worker IS NULL AND lane_id IN"
        " (SELECT id FROM lane WHERE stage = 'fetch')";
    int64_t changed = 0;

    if (!db_begin(db, error)) {
        return false;
    }
    if (!db_run(db, SQL, DB_VALUES(DB_INT(recording_id), DB_TEXT(blob_key)), &changed, error) ||
        (changed == 1 && !db_run(db, SQL_JOB, DB_VALUES(DB_INT(recording_id)), NULL, error)) ||
        !db_commit(db, error)) {
        db_rollback(db);
        return false;
    }
    *changed_out = changed == 1;
    return true;
}

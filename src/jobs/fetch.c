/*
 * Stage: a recording that a CDR names becomes a stored one with proof, or says why not.
 *
 *     draft -> pbx_fetch() -> kept under a key made from the recording's own id -> one transaction
 *
 * Three kinds of "not": later (the schedule decides when), never (final: a person may retry), and
 * not from this PBX at all (its lane closes until a person edits it, or until the throttle is
 * over).
 */
#include <stdio.h>
#include <string.h>

#include "core/crash.h"
#include "core/log.h"
#include "core/rowid.h"
#include "jobs/keeper.h"
#include "jobs/reconcile.h"
#include "jobs/rest.h"
#include "jobs/stage.h"

enum {
    STORAGE_WAIT_S = 60,
};
static const uint64_t STORAGE_RESERVE = 16 * MIB; /* Less room than this counts as full. */

/* One fetch, from its claim to its settling. */
struct fetch {
    struct worker *worker;
    const struct job *job;
    const struct recording *recording;
    const struct pbx_row *pbx;
    struct keeper keeper;
    struct pbx_outcome outcome;
};

/* "acme/2026/02/05/CALL/RECORDING.wav": sorts by day, says whose it is, and is the same at every
 * try. */
static const char *blob_key_make(struct fetch *fetch, const char *subdomain)
{
    char call[ROW_ID_TEXT_SIZE];
    char recording[ROW_ID_TEXT_SIZE];
    char day[TIME_TEXT_SIZE];

    IGNORE(time_print(fetch->recording->started_at, day), "returns its argument");
    return arena_print(fetch->worker->arena, "%s/%.4s/%.2s/%.2s/%s/%s.%s", subdomain, day, day + 5,
                       day + 8, row_id_print(fetch->recording->call_id, call),
                       row_id_print(fetch->recording->id, recording), fetch->outcome.container);
}

static bool subdomain_get(struct fetch *fetch, const char **subdomain_out, struct error *error)
{
    static const char SQL[] = "SELECT subdomain FROM tenant WHERE id = $1";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };

    if (!db_query(fetch->worker->db, SQL, DB_VALUES(DB_INT(fetch->recording->tenant_id)), &rows,
                  error)) {
        return false;
    }
    if (db_next(&rows, error) != DB_ROW) {
        return error_set(error, ERROR_NOT_FOUND, "the recording's tenant is gone");
    }
    *subdomain_out = arena_copy_text(fetch->worker->arena, db_text(&rows, 0));
    return true;
}

/* Stored: the proof, the history, and the job's way on, in one transaction. */
static bool stored_settle(struct fetch *fetch, const char *key, struct error *error)
{
    struct worker *worker = fetch->worker;
    const struct pbx_outcome *outcome = &fetch->outcome;
    bool is_transcribed = worker->world->is_transcription_on;
    time_ms now = time_now();
    int64_t lane = 0;
    const char *detail =
        arena_print(worker->arena, "%lld bytes, %.1f s, SHA-256 %.12s…, by %s",
                    (long long)outcome->bytes, outcome->seconds, outcome->sha256, outcome->rung);
    struct recording_proof proof = { .blob_key = key,
                                     .container = outcome->container,
                                     .sha256 = outcome->sha256,
                                     .found_path = outcome->found_path,
                                     .rung = outcome->rung,
                                     .bytes = outcome->bytes,
                                     .seconds = outcome->seconds };

    return db_begin(worker->db, error) &&
           lane_ensure(worker->db, LANE_TRANSCRIBE, fetch->recording->tenant_id, 1000, &lane,
                       error) &&
           keeper_attempts_put(&fetch->keeper, error) &&
           recording_stored(worker->db, fetch->recording->id, &proof,
                            is_transcribed ? "waiting" : "none", now, error) &&
           stage_event(worker, fetch->recording, "stored", detail, error) &&
           (is_transcribed ? job_move(worker->db, fetch->job, lane, now, error)
                           : job_remove(worker->db, fetch->job, error)) &&
           crash_point("fetch.written") && db_commit(worker->db, error) &&
           crash_point("fetch.committed");
}

/* What the reason means for this recording: when it is tried again, and what it is called by then.
 */
struct decision {
    enum reason reason;
    time_ms next_try_at; /* 0: given up */
};
static struct decision fetch_decide(const struct fetch *fetch, const struct reason_info *info,
                                    time_ms rests_until, time_ms now)
{
    struct decision decision = { .reason = fetch->outcome.reason };
    int64_t at_least_s = fetch->outcome.retry_after_s > info->retry_after_s
                             ? fetch->outcome.retry_after_s
                             : info->retry_after_s;

    if (info->is_final) {
        return decision;
    }
    if (rests_until == LANE_BLOCKED_FOR_GOOD) {
        decision.next_try_at = now; /* Due as soon as the lane opens. */
        return decision;
    }
    if (info->owner == REASON_OWNER_STORAGE) { /* Ours to heal: no schedule, and no horizon. */
        decision.next_try_at = now + at_least_s * SECOND_MS;
        return decision;
    }
    decision.next_try_at = stage_next_try(fetch->worker->world, fetch->job->attempt, at_least_s,
                                          fetch->recording->wanted_since, now);
    if (decision.next_try_at == 0 && decision.reason == REASON_NOT_THERE_YET) {
        decision.reason = REASON_DELETED_ON_PBX;
    }
    return decision;
}

/* It was stored here once, so it was on the PBX: what is not there now has been deleted. And
 * whoever reads that needs to know why it was asked for again. */
static void damage_tell(struct fetch *fetch)
{
    char at[TIME_TEXT_SIZE];
    char *detail = fetch->outcome.detail;
    size_t size = strlen(detail);

    if (fetch->recording->damaged_at == 0) {
        return;
    }
    if (fetch->outcome.reason == REASON_NOT_THERE_YET) {
        fetch->outcome.reason = REASON_DELETED_ON_PBX;
    }
    IGNORE(snprintf(detail + size, sizeof fetch->outcome.detail - size,
                    "%sits file was stored here and was found damaged at %s", size > 0 ? "; " : "",
                    time_print(fetch->recording->damaged_at, at)),
           "cut is fine");
}

static bool not_stored_settle(struct fetch *fetch, struct error *error)
{
    damage_tell(fetch);
    struct worker *worker = fetch->worker;
    time_ms now = time_now();
    const struct reason_info *info = reason_info(fetch->outcome.reason);
    time_ms rests_until = rest_until(fetch->outcome.reason, fetch->outcome.retry_after_s, now);
    struct decision decision = fetch_decide(fetch, info, rests_until, now);
    bool is_given_up = decision.next_try_at == 0;
    const char *code = reason_info(decision.reason)->code;
    time_ms shown_next = rests_until == LANE_BLOCKED_FOR_GOOD ? 0 : decision.next_try_at;
    char id[ROW_ID_TEXT_SIZE];

    log_warn(is_given_up ? "recording.missing" : "recording.waiting", "recording",
             row_id_print(fetch->recording->id, id), "path", fetch->recording->path, "reason", code,
             "detail", fetch->outcome.detail, NULL);
    return db_begin(worker->db, error) && keeper_attempts_put(&fetch->keeper, error) &&
           recording_not_stored(worker->db, fetch->recording->id,
                                is_given_up ? RECORDING_MISSING : RECORDING_WAITING, code,
                                fetch->outcome.detail, shown_next, error) &&
           stage_event(worker, fetch->recording, is_given_up ? "missing" : "waiting",
                       arena_print(worker->arena, "%s: %s", code, fetch->outcome.detail), error) &&
           (rests_until == 0 || rest_begin(&fetch->keeper, fetch->outcome.reason,
                                           fetch->outcome.detail, rests_until, error)) &&
           (is_given_up ? job_remove(worker->db, fetch->job, error)
                        : job_delay(worker->db, fetch->job, decision.next_try_at, error)) &&
           db_commit(worker->db, error);
}

static bool storage_is_full(const struct fetch *fetch)
{
    return blob_is_nearly_full(fetch->worker->world->blob, STORAGE_RESERVE);
}

/* Our own side failed. The outcome says so, in the words that a person needs. */
static void storage_failed(struct fetch *fetch, const struct error *problem)
{
    bool is_full = problem->kind == ERROR_BUSY || storage_is_full(fetch);
    bool is_ours = problem->kind == ERROR_CORRUPT || problem->kind == ERROR_INVALID;
    bool is_refused = problem->kind == ERROR_DENIED;

    fetch->outcome = (struct pbx_outcome){
        .reason = is_ours      ? REASON_INTERNAL_ERROR
                  : is_full    ? REASON_STORAGE_FULL
                  : is_refused ? REASON_STORAGE_REFUSED
                               : REASON_STORAGE_FAILED,
        .retry_after_s = is_full && !is_ours ? -1 : STORAGE_WAIT_S, /* -1: as the reason says */
    };
    IGNORE(snprintf(fetch->outcome.detail, sizeof fetch->outcome.detail, "%s", problem->message),
           "cut is fine");
}

/* Another worker was refused: this recording waits for the same reason. */
static void stopped_outcome(struct fetch *fetch, enum reason reason, const char *detail)
{
    fetch->outcome = (struct pbx_outcome){ .reason = reason, .retry_after_s = -1 };
    IGNORE(snprintf(fetch->outcome.detail, sizeof fetch->outcome.detail, "%s",
                    detail != NULL ? detail : ""),
           "cut is fine");
}

static bool fetch_ask(struct fetch *fetch, struct blob_draft *draft, struct error *error)
{
    AUTO(secret_free) char *password = NULL;
    struct pbx_settings settings;
    struct pbx_keeper face = keeper_face(&fetch->keeper);
    const struct recording *recording = fetch->recording;
    struct pbx_wanted wanted = { .path = recording->path,
                                 .acct_id = recording->acct_id,
                                 .uniqueid = recording->uniqueid,
                                 .action_type = recording->action_type,
                                 .direction = recording->direction,
                                 .started_at = recording->started_at,
                                 .expected_bytes = recording->expected_bytes,
                                 .expected_seconds = recording->expected_seconds,
                                 .talk_s = recording->talk_s };

    if (!keeper_settings(&fetch->keeper, &settings, &password, error)) {
        return false;
    }
    AUTO(pbx_close) struct pbx *pbx = pbx_open(&settings, &face, fetch->worker->world->guard);
    if (!pbx_fetch(pbx, &wanted, draft->file, &fetch->outcome, error)) {
        return false;
    }
    if (fetch->outcome.reason != REASON_NONE && fetch->keeper.stopped_by != REASON_NONE) {
        stopped_outcome(fetch, fetch->keeper.stopped_by, fetch->keeper.stop_detail);
    }
    return true;
}

/* Nothing is asked of the PBX that could not be kept. */
static bool room_check(const struct fetch *fetch, struct error *error)
{
    return !storage_is_full(fetch) ||
           error_set(error, ERROR_BUSY, "storage: less than %llu MiB are free",
                     (unsigned long long)(STORAGE_RESERVE / MIB));
}

static bool fetch_run(struct fetch *fetch, struct error *error)
{
    struct blob *blob = fetch->worker->world->blob;
    const char *subdomain = NULL;
    const char *key = NULL;
    struct error problem = { 0 };
    char id[ROW_ID_TEXT_SIZE];
    AUTO(blob_discard) struct blob_draft draft = { .file = -1 };

    if (!subdomain_get(fetch, &subdomain, error) ||
        !recording_fetching(fetch->worker->db, fetch->recording->id, error)) {
        return false;
    }
    bool is_kept = room_check(fetch, &problem) && blob_begin(blob, &draft, &problem) &&
                   crash_point("fetch.draft_begun") && fetch_ask(fetch, &draft, &problem);
    if (is_kept && fetch->outcome.reason == REASON_NONE) {
        key = blob_key_make(fetch, subdomain);
        is_kept = crash_point("fetch.downloaded") && blob_keep(&draft, key, &problem) &&
                  crash_point("fetch.kept");
    }
    if (!is_kept) {
        storage_failed(fetch, &problem);
    }
    if (fetch->outcome.reason != REASON_NONE) {
        return not_stored_settle(fetch, error);
    }
    log_info("recording.stored", "recording", row_id_print(fetch->recording->id, id), "path",
             fetch->recording->path, "bytes", LOG_NUMBER(fetch->outcome.bytes), "sha256",
             fetch->outcome.sha256, "rung", fetch->outcome.rung, NULL);
    return stored_settle(fetch, key, error);
}

bool stage_fetch(struct worker *worker, const struct job *job, struct error *error)
{
    struct recording *recording = NULL;
    struct pbx_row *pbx = NULL;

    if (job->subject_id == job->owner_id) {
        return reconcile_run(worker, job, error);
    }
    crash_point("fetch.claimed");
    if (!recording_find(worker->db, worker->arena, job->subject_id, &recording, error)) {
        return false;
    }
    if (recording == NULL || strcmp(recording->state, RECORDING_STORED) == 0) {
        return job_remove(worker->db, job, error);
    }
    if (!pbx_row_find(worker->db, worker->arena, recording->pbx_id, &pbx, error)) {
        return false;
    }
    struct fetch *fetch = arena_take(worker->arena, sizeof *fetch);
    *fetch = (struct fetch){ .worker = worker, .job = job, .recording = recording, .pbx = pbx };
    if (pbx == NULL) {
        return job_remove(worker->db, job, error);
    }
    keeper_init(&fetch->keeper, worker, pbx, recording->id);
    if (pbx->host == NULL || pbx->username == NULL) {
        fetch->outcome.reason = REASON_PBX_NOT_CONFIGURED;
        return not_stored_settle(fetch, error);
    }
    if (pbx->stop_reason != NULL) { /* Claimed in the moment that it was stopped. */
        stopped_outcome(fetch, reason_from_code(pbx->stop_reason), pbx->stop_detail);
        return not_stored_settle(fetch, error);
    }
    return fetch_run(fetch, error);
}

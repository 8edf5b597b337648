/* See reconcile.h. A run's steps each say how they ended; the first that does not end well ends the
 * run, and what was kept until then stays. */
#include "jobs/reconcile.h"

#include <stdio.h>
#include <string.h>

#include "core/crash.h"
#include "core/log.h"
#include "jobs/heal.h"
#include "jobs/rest.h"

enum {
    IMPORT_RUN_MS = 10 * SECOND_MS, /* Then others of the lane get a turn, and a poll if due. */
    FAILED_WAIT_S = 60,             /* An import without polls is tried again after this. */
};
#define CANARY_AGE_MS (30 * DAY_MS)
#define CANARY_NEAR_MS ((time_ms)10 * MINUTE_MS)
#define LIST_EVERY_MS DAY_MS
#define LIST_OLD_EVERY_MS ((time_ms)HOUR_MS) /* CDRs of old firmware name no recordings at all. */
#define LIST_BACK_MS (2 * DAY_MS)
#define PAGE_ARENA_SIZE_MAX (2 * CDR_ARENA_SIZE_MAX)

struct run {
    struct worker *worker;
    const struct job *job;
    const struct pbx_row *pbx;
    struct reconciliation *row;
    struct keeper keeper;
    struct poll poll;
    time_ms now;
    int64_t interval_ms; /* 0: it is not polled. */
    bool is_polled;
    struct error *error;
};

static bool is_old_api(const struct run *run)
{
    const struct pbx_row *pbx = run->pbx;

    return strcmp(pbx->api, "old") == 0 ||
           (pbx->detected_api != NULL && strcmp(pbx->detected_api, "old") == 0);
}

/* ---- Poll ---- */

static enum poll_end canary_ask(struct run *run, time_ms at, bool by_start)
{
    struct window window = { .from_at = at - CANARY_NEAR_MS,
                             .until_at = at + CANARY_NEAR_MS,
                             .by_start = by_start };

    return poll_period(&run->poll, &window, run->error);
}

/* The canary sings not: the question itself is refused, in silence, as a UCM does. */
static enum poll_end canary_missing(struct run *run, const struct known_leg *canary)
{
    struct pbx_trouble *trouble = &run->poll.trouble;
    char at[TIME_TEXT_SIZE];

    *trouble = (struct pbx_trouble){ .reason = REASON_CALLS_NOT_LISTED, .retry_after_s = -1 };
    IGNORE(snprintf(trouble->detail, sizeof trouble->detail,
                    "asked for its calls it names none, not even AcctId %s of %s, which it told us",
                    canary->acct_id, time_print(canary->started_at, at)),
           "cut is fine");
    return POLL_REFUSED;
}

/* No calls, says the PBX. Is that an answer? It must know the newest call that we know. Firmware
 * that cannot be asked by the end is asked by the start. */
static enum poll_end silence_judge(struct run *run, const struct window *window)
{
    struct known_leg canary = { 0 };
    enum poll_end end = POLL_DONE;

    if (!reconciliation_newest(run->worker->db, run->worker->arena, run->pbx->tenant_id,
                               run->pbx->id, run->now - CANARY_AGE_MS, &canary, run->error)) {
        return POLL_FAILED;
    }
    if (canary.acct_id == NULL) {
        return POLL_DONE;
    }
    run->poll.canary = &canary;
    if (!window->by_start && canary.ended_at > 0) {
        end = canary_ask(run, canary.ended_at, false);
    }
    bool is_end_known = run->poll.is_canary_found;
    if (end == POLL_DONE && !is_end_known) {
        end = canary_ask(run, canary.started_at, true);
    }
    run->poll.canary = NULL;
    if (end != POLL_DONE || is_end_known) {
        return end;
    }
    if (!run->poll.is_canary_found) {
        return canary_missing(run, &canary);
    }
    struct window by_start = window_by_start(window);
    return window->by_start ? POLL_DONE : poll_period(&run->poll, &by_start, run->error);
}

static enum poll_end listings_step(struct run *run)
{
    struct reconciliation *row = run->row;
    time_ms since = row->listed_at > 0 && row->listed_at < run->now ? row->listed_at : run->now;

    time_ms every_ms = is_old_api(run) ? LIST_OLD_EVERY_MS : LIST_EVERY_MS;

    if (row->listed_at > 0 && row->listed_at <= run->now && run->now - row->listed_at < every_ms) {
        return POLL_DONE;
    }
    enum poll_end end = heal_listings(&run->poll, since - LIST_BACK_MS, run->now + LIST_BACK_MS,
                                      run->now, run->error);
    row->listed_at = end == POLL_DONE ? run->now : row->listed_at;
    return end;
}

static enum poll_end poll_step(struct run *run)
{
    struct reconciliation *row = run->row;
    struct window window = window_of_poll(row, is_old_api(run), run->now);

    row->tried_at = run->now;
    run->poll.peer = "poll";
    enum poll_end end = poll_period(&run->poll, &window, run->error);
    if (end == POLL_DONE && run->poll.leg_count == 0) {
        end = silence_judge(run, &window);
    }
    if (end != POLL_DONE) {
        return end;
    }
    row->newest_end_at = run->poll.newest_end_at > 0 ? run->poll.newest_end_at : row->newest_end_at;
    end = heal_names(&run->poll, run->now, run->error);
    end = end == POLL_DONE ? listings_step(run) : end;
    if (end == POLL_DONE) {
        run->is_polled = true;
        row->polled_until = row->polled_at = run->now;
        row->looked_back_at = window.is_look_back ? run->now : row->looked_back_at;
        crash_point("reconcile.polled");
    }
    return end;
}

/* ---- Import ---- */

/* A day further; the directories at the end. */
static enum poll_end import_slice(struct run *run)
{
    struct db *db = run->worker->db;
    struct reconciliation *row = run->row;
    struct window window = window_of_import(row->import_from, row->import_at);
    bool is_last = window.from_at <= row->import_from;

    run->poll.peer = "import";
    run->poll.is_history = true;
    run->poll.next_fetch_at = row->import_due_at;
    enum poll_end end = poll_period(&run->poll, &window, run->error);
    if (end == POLL_DONE && is_last) {
        end = heal_listings(&run->poll, row->import_from, row->import_until, run->now, run->error);
    }
    run->poll.is_history = false;
    if (end != POLL_DONE) {
        return end;
    }
    crash_point("import.walked");
    if (db_begin(db, run->error) &&
        reconciliation_import_reached(db, row, window.from_at, is_last ? time_now() : 0,
                                      run->error) &&
        db_commit(db, run->error)) {
        return POLL_DONE;
    }
    db_rollback(db);
    return POLL_FAILED;
}

/* The order may have been stopped or replaced since. */
static bool order_read(struct run *run)
{
    struct reconciliation *row = NULL;

    if (!reconciliation_get(run->worker->db, run->worker->arena, run->pbx->id, &row, run->error)) {
        return false;
    }
    struct reconciliation ours = *run->row;
    *run->row = *row;
    run->row->tenant_id = ours.tenant_id;
    run->row->polled_until = ours.polled_until;
    run->row->newest_end_at = ours.newest_end_at;
    run->row->tried_at = ours.tried_at;
    run->row->polled_at = ours.polled_at;
    run->row->looked_back_at = ours.looked_back_at;
    run->row->listed_at = ours.listed_at;
    return true;
}

static enum poll_end import_step(struct run *run)
{
    int64_t until_ms = time_monotonic_ms() + IMPORT_RUN_MS;
    enum poll_end end = POLL_DONE;

    while (end == POLL_DONE && reconciliation_is_importing(run->row) &&
           time_monotonic_ms() < until_ms) {
        end = import_slice(run);
        run->keeper.attempt_count = 0; /* Only those of a failure are worth keeping. */
        if (end == POLL_DONE && !order_read(run)) {
            return POLL_FAILED;
        }
    }
    if (end == POLL_DONE && !reconciliation_is_importing(run->row)) {
        log_info("import.walked", "pbx", run->pbx->name, "legs", LOG_NUMBER(run->row->import_legs),
                 "recordings", LOG_NUMBER(run->row->import_recordings), NULL);
    }
    return end;
}

/* ---- Settling ---- */

static bool is_poll_due(const struct run *run)
{
    const struct reconciliation *row = run->row;

    return run->interval_ms > 0 && (row->reason != NULL || row->tried_at > run->now ||
                                    run->now - row->tried_at >= run->interval_ms);
}

static void found_tell(const struct run *run)
{
    char id[ROW_ID_TEXT_SIZE];

    log_debug("reconcile.run", "pbx", row_id_print(run->pbx->id, id), "legs",
              LOG_NUMBER((int64_t)run->poll.leg_count), "duration_ms",
              LOG_NUMBER(time_now() - run->now), NULL);
    if (run->poll.new_leg_count > 0 || run->poll.new_recording_count > 0) {
        log_info("reconcile.found", "pbx", row_id_print(run->pbx->id, id), "legs",
                 LOG_NUMBER((int64_t)run->poll.new_leg_count), "recordings",
                 LOG_NUMBER((int64_t)run->poll.new_recording_count), NULL);
    }
    if (run->is_polled && run->row->reason != NULL) {
        log_info("reconcile.works", "pbx", row_id_print(run->pbx->id, id), "after",
                 run->row->reason, NULL);
    }
}

static bool done_settle(struct run *run)
{
    struct db *db = run->worker->db;
    time_ms next_at = run->row->tried_at + run->interval_ms;
    time_ms now = time_now();

    found_tell(run);
    if (!db_begin(db, run->error) ||
        (run->is_polled && !reconciliation_polled(db, run->row, run->error)) ||
        !order_read(run)) { /* One that came meanwhile is begun at once. */
        return false;
    }
    bool is_importing = reconciliation_is_importing(run->row);
    next_at = is_importing || next_at < now ? now : next_at;
    return (run->interval_ms == 0 && !is_importing
                ? job_remove(db, run->job, run->error)
                : job_delay(db, run->job, next_at, run->error)) &&
           db_commit(db, run->error);
}

/* Another worker was refused while we waited for the login: its reason is ours. */
static void trouble_settle(struct run *run)
{
    struct pbx_trouble *trouble = &run->poll.trouble;

    if (run->keeper.stopped_by != REASON_NONE) {
        *trouble = (struct pbx_trouble){ .reason = run->keeper.stopped_by, .retry_after_s = -1 };
        IGNORE(snprintf(trouble->detail, sizeof trouble->detail, "%s", run->keeper.stop_detail),
               "cut is fine");
    }
}

/* When the PBX lets us fetch but not see its calls, fetching goes on. */
static time_ms lane_rests_until(const struct run *run, time_ms now)
{
    const struct pbx_trouble *trouble = &run->poll.trouble;

    return trouble->reason == REASON_NO_PERMISSION
               ? 0
               : rest_until(trouble->reason, trouble->retry_after_s, now);
}

static void failure_tell(const struct run *run, const char *code)
{
    const char *before = run->row->reason;
    char id[ROW_ID_TEXT_SIZE];

    if (before == NULL || strcmp(before, code) != 0) {
        log_warn("reconcile.failed", "pbx", row_id_print(run->pbx->id, id), "reason", code,
                 "detail", run->poll.trouble.detail, NULL);
    }
}

static bool refused_settle(struct run *run)
{
    struct db *db = run->worker->db;
    time_ms now = time_now();

    trouble_settle(run);
    const struct pbx_trouble *trouble = &run->poll.trouble;
    const struct reason_info *info = reason_info(trouble->reason);
    time_ms rests_until = lane_rests_until(run, now);
    int64_t wait_s = run->interval_ms > 0 ? run->interval_ms / SECOND_MS : FAILED_WAIT_S;
    wait_s = trouble->retry_after_s > wait_s ? trouble->retry_after_s : wait_s;
    wait_s = info->retry_after_s > wait_s ? info->retry_after_s : wait_s;
    time_ms next_at = rests_until == LANE_BLOCKED_FOR_GOOD ? now : now + wait_s * SECOND_MS;

    found_tell(run);
    failure_tell(run, info->code);
    run->row->tried_at = now;
    run->row->reason = info->code;
    run->row->detail = trouble->detail;
    return db_begin(db, run->error) && keeper_attempts_put(&run->keeper, run->error) &&
           reconciliation_failed(db, run->row, run->error) &&
           (rests_until == 0 ||
            rest_begin(&run->keeper, trouble->reason, trouble->detail, rests_until, run->error)) &&
           job_delay(db, run->job, next_at, run->error) && db_commit(db, run->error);
}

static bool run_do(struct run *run)
{
    AUTO(secret_free) char *password = NULL;
    struct pbx_settings settings;
    struct pbx_keeper face = keeper_face(&run->keeper);
    enum poll_end end = POLL_DONE;

    if (!keeper_settings(&run->keeper, &settings, &password, run->error)) {
        return false;
    }
    AUTO(pbx_close) struct pbx *line = pbx_open(&settings, &face, run->worker->world->guard);
    AUTO(arena_free) struct arena *page = arena_new(PAGE_ARENA_SIZE_MAX);
    run->poll = (struct poll){ .worker = run->worker,
                               .job = run->job,
                               .pbx = run->pbx,
                               .row = run->row,
                               .line = line,
                               .page = page };
    if (is_poll_due(run)) {
        end = poll_step(run);
    }
    if (end == POLL_DONE && reconciliation_is_importing(run->row)) {
        end = import_step(run);
    }
    return end == POLL_DONE ? done_settle(run) : end == POLL_REFUSED ? refused_settle(run) : false;
}

/* ---- May it be asked at all? ---- */

static bool tenant_is_active(struct run *run, bool *active_out)
{
    static const char SQL[] = "SELECT count(*) FROM tenant WHERE id = $1 AND is_suspended = 0";
    int64_t count = 0;

    if (!db_run_number(run->worker->db, SQL, DB_VALUES(DB_INT(run->pbx->tenant_id)), 0, &count,
                       run->error)) {
        return false;
    }
    *active_out = count > 0;
    return true;
}

static bool run_begin(struct run *run)
{
    bool is_active = false;

    if (!tenant_is_active(run, &is_active) ||
        !reconciliation_get(run->worker->db, run->worker->arena, run->pbx->id, &run->row,
                            run->error)) {
        return false;
    }
    run->row->tenant_id = run->pbx->tenant_id;
    bool is_wanted = run->interval_ms > 0 || reconciliation_is_importing(run->row);
    bool is_configured = run->pbx->host != NULL && run->pbx->username != NULL;
    if (!is_active || !is_wanted || !is_configured) {
        return job_remove(run->worker->db, run->job, run->error); /* The chore makes it again. */
    }
    if (run->pbx->stop_reason != NULL) { /* Claimed in the moment that it was stopped. */
        return job_delay(run->worker->db, run->job, run->now, run->error);
    }
    keeper_init(&run->keeper, run->worker, run->pbx, 0);
    return run_do(run);
}

bool reconcile_run(struct worker *worker, const struct job *job, struct error *error)
{
    struct pbx_row *pbx = NULL;
    struct run *run = arena_take(worker->arena, sizeof *run);

    crash_point("reconcile.claimed");
    if (!pbx_row_find(worker->db, worker->arena, job->subject_id, &pbx, error)) {
        return false;
    }
    if (pbx == NULL) {
        return job_remove(worker->db, job, error);
    }
    *run = (struct run){ .worker = worker,
                         .job = job,
                         .pbx = pbx,
                         .now = time_now(),
                         .interval_ms = worker->world->reconcile_interval_s * SECOND_MS,
                         .error = error };
    return run_begin(run);
}

bool reconcile_ensure(struct chore_run *run, struct error *error)
{
    return reconciliation_jobs_make(run->db, run->world->reconcile_interval_s, time_now(), error);
}

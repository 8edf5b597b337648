/* See poll.h. */
#include "jobs/poll.h"

#include <stdio.h>
#include <string.h>

#include "core/crash.h"
#include "core/log.h"
#include "store/intake.h"

enum {
    PAGE_SIZE = 100,       /* Calls; a queue's call may have dozens of legs of 1.5 KB. */
    TRANSACTION_LEGS = 50, /* Webhooks are made durable between two of them. */
    HALVES_MAX = 40,       /* A year halved so often is less than a second. */
};

/* ---- What a page brings ---- */

static const char *remark_of(struct poll *poll, const struct cdr_leg *leg)
{
    return leg->refused_count == 0
               ? NULL
               : arena_print(poll->page,
                             "%zu recording names were refused: they look like an attack",
                             leg->refused_count);
}

static bool leg_keep(struct poll *poll, const struct cdr_leg *leg, time_ms now,
                     struct intake_result *result, struct error *error)
{
    struct intake_webhook webhook = { .tenant_id = poll->pbx->tenant_id,
                                      .pbx_id = poll->pbx->id,
                                      .fetch_lane_id = poll->pbx->fetch_lane_id,
                                      .waiting_reason = REASON_WAITING_FIRST_TRY,
                                      .received_at = now,
                                      .peer = poll->peer,
                                      .content_type = "application/json",
                                      .body = leg->fields_json,
                                      .size = strlen(leg->fields_json),
                                      .quarantine = remark_of(poll, leg),
                                      .legs = leg,
                                      .leg_count = 1,
                                      .is_body_the_leg = true,
                                      .is_history = poll->is_history };

    if (poll->is_history) {
        webhook.fetch_at = poll->next_fetch_at > now ? poll->next_fetch_at : now;
    }
    if (!store_webhook_keep(poll->worker->db, &webhook, result, error)) {
        return false;
    }
    for (size_t i = 0; poll->is_history && i < result->new_recording_count; i++) {
        poll->next_fetch_at = throttle_next(i == 0 ? webhook.fetch_at : poll->next_fetch_at,
                                            poll->row->import_per_minute);
    }
    return true;
}

static bool counts_put(struct poll *poll, size_t legs, size_t recordings, struct error *error)
{
    struct db *db = poll->worker->db;

    if (legs == 0 && recordings == 0) {
        return true;
    }
    if (poll->is_history) {
        return reconciliation_import_found(db, poll->row, (int64_t)legs, (int64_t)recordings,
                                           poll->next_fetch_at, error);
    }
    return reconciliation_found(db, poll->row, (int64_t)legs, (int64_t)recordings, error);
}

static bool legs_write(struct poll *poll, const struct cdr_leg *legs, size_t count,
                       struct error *error)
{
    struct db *db = poll->worker->db;
    time_ms now = time_now();
    size_t new_legs = 0;
    size_t new_recordings = 0;

    if (!db_begin(db, error) ||
        !job_renew(db, poll->job, now, poll->worker->stage->lease_ms, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        struct intake_result result;
        if (!leg_keep(poll, &legs[i], now, &result, error)) {
            return false;
        }
        new_legs += result.new_leg_count;
        new_recordings += result.new_recording_count;
    }
    if (!counts_put(poll, new_legs, new_recordings, error) || !crash_point("reconcile.written") ||
        !db_commit(db, error)) {
        return false;
    }
    crash_point("reconcile.committed");
    poll->new_leg_count += new_legs;
    poll->new_recording_count += new_recordings;
    return true;
}

bool poll_legs_keep(struct poll *poll, const struct cdr_leg *legs, size_t count,
                    struct error *error)
{
    for (size_t at = 0; at < count; at += TRANSACTION_LEGS) {
        size_t some = count - at < TRANSACTION_LEGS ? count - at : TRANSACTION_LEGS;
        if (!legs_write(poll, legs + at, some, error)) {
            db_rollback(poll->worker->db);
            return false;
        }
    }
    return true;
}

/* ---- The walk ---- */

struct walk {
    struct poll *poll;
    enum poll_end end;
    struct error *error;
};

static void legs_note(struct poll *poll, const struct cdr_batch *batch)
{
    const struct known_leg *canary = poll->canary;

    for (size_t i = 0; i < batch->leg_count; i++) {
        const struct cdr_leg *leg = &batch->legs[i];
        time_ms end_at = leg->ended_at > 0 ? leg->ended_at : leg->started_at;
        poll->newest_end_at = end_at > poll->newest_end_at ? end_at : poll->newest_end_at;
        poll->is_canary_found = poll->is_canary_found ||
                                (canary != NULL && strcmp(leg->acct_id, canary->acct_id) == 0 &&
                                 strcmp(leg->uniqueid, canary->uniqueid) == 0);
    }
    poll->leg_count += batch->leg_count;
}

static bool page_take(void *context, const char *body, size_t size)
{
    struct walk *walk = context;
    struct poll *poll = walk->poll;
    struct cdr_batch batch = { 0 };
    struct error problem = { 0 };

    arena_reset(poll->page);
    if (!cdr_parse(poll->page, "application/json", NULL, body, size, &batch, &problem)) {
        poll->trouble = (struct pbx_trouble){ .reason = REASON_PBX_ERROR, .retry_after_s = -1 };
        IGNORE(snprintf(poll->trouble.detail, sizeof poll->trouble.detail,
                        "its call records cannot be read: %s", problem.message),
               "cut is fine");
        walk->end = POLL_REFUSED;
        return false;
    }
    if (batch.refused_leg_count > 0) {
        log_warn("reconcile.records_refused", "count", LOG_NUMBER((int64_t)batch.refused_leg_count),
                 "first", batch.refused_reason, NULL);
    }
    legs_note(poll, &batch);
    if (poll->canary != NULL) {
        return !poll->is_canary_found;
    }
    if (!poll_legs_keep(poll, batch.legs, batch.leg_count, walk->error)) {
        walk->end = POLL_FAILED;
        return false;
    }
    return true;
}

static enum poll_end period_ask(struct poll *poll, const struct window *window, bool *cut_out,
                                struct error *error)
{
    struct walk walk = { .poll = poll, .end = POLL_DONE, .error = error };
    struct pbx_period period = { .from_at = window->from_at,
                                 .until_at = window->until_at,
                                 .by_start = window->by_start,
                                 .page_size = PAGE_SIZE,
                                 .cut_out = cut_out };
    struct pbx_trouble trouble = { .reason = REASON_NONE };

    if (!pbx_cdr_pages(poll->line, &period, page_take, &walk, &trouble)) {
        poll->trouble = trouble;
        return POLL_REFUSED;
    }
    return walk.end;
}

/* A PBX that ignores the page asked for shows the first of each period: so the period is halved
 * until it has no more than one. */
static enum poll_end period_walk(struct poll *poll, const struct window *window, int halves_left,
                                 struct error *error)
{
    bool is_cut = false;
    enum poll_end end = period_ask(poll, window, &is_cut, error);
    struct window half = *window;
    time_ms middle = window->from_at + (window->until_at - window->from_at) / 2;

    if (end != POLL_DONE || !is_cut || poll->is_canary_found) {
        return end;
    }
    if (halves_left == 0 || window->until_at - window->from_at < 2 * SECOND_MS) {
        poll->trouble = (struct pbx_trouble){
            .reason = REASON_PBX_ERROR,
            .detail = "it shows the same page of calls again and again, and has more of them in "
                      "one second than fit a page",
            .retry_after_s = -1,
        };
        return POLL_REFUSED;
    }
    half.until_at = middle;
    end = period_walk(poll, &half, halves_left - 1, error);
    if (end != POLL_DONE) {
        return end;
    }
    half = *window;
    half.from_at = middle;
    return period_walk(poll, &half, halves_left - 1, error);
}

enum poll_end poll_period(struct poll *poll, const struct window *window, struct error *error)
{
    return period_walk(poll, window, HALVES_MAX, error);
}

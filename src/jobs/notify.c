/* See notify.h. */
#include "jobs/notify.h"

#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "core/rowid.h"
#include "ledger/alarm.h"
#include "net/client.h"
#include "net/url.h"

enum {
    WEBHOOK_TIMEOUT_MS = 20 * SECOND_MS,
    ANSWER_SIZE_MAX = 1 << 20,
    RETRY_AFTER_S_MAX = 24 * 3600,
    LOGIN_WAIT_S = 1800, /* Mail servers lock accounts after some wrong passwords. */
    HEADER_SIZE = 160,
    TEST_WAITING_MAX = 20,
};

/* ---- Who is told ---- */

static bool message_add(struct db *db, const struct target_row *target, int64_t alarm_id,
                        const char *event, const char *content, time_ms now, int64_t *id_out,
                        struct error *error)
{
    struct delivery_row row = { .id = row_id_new(now),
                                .target_id = target->id,
                                .tenant_id = target->tenant_id,
                                .alarm_id = alarm_id,
                                .event = event,
                                .content = content,
                                .created_at = now };

    *id_out = row.id;
    return delivery_add(db, &row, error);
}

bool notify_all(struct db *db, struct arena *arena, const char *event,
                const struct alarm_row *alarm, time_ms now, struct error *error)
{
    struct target_row *targets = NULL;
    size_t count = 0;
    int64_t id = 0;
    const char *content = notice_make(arena, event, alarm, now);

    if (!target_list(db, arena, 0, &targets, &count, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        bool hears = targets[i].tenant_id == 0 || (targets[i].tenant_id == alarm->tenant_id);
        if (hears && targets[i].disabled_at == 0 &&
            !message_add(db, &targets[i], alarm->id, event, content, now, &id, error)) {
            return false;
        }
    }
    return true;
}

/* Tests are for trying: whoever asks for many without looking at their deliveries is stopped. */
static bool waiting_check(struct db *db, int64_t target_id, struct error *error)
{
    static const char SQL[] =
        "SELECT count(*) FROM delivery WHERE target_id = $1 AND state = 'waiting'";
    int64_t count = 0;

    if (!db_run_number(db, SQL, DB_VALUES(DB_INT(target_id)), 0, &count, error)) {
        return false;
    }
    return count < TEST_WAITING_MAX ||
           error_set(error, ERROR_LIMIT,
                     "%d messages wait for this target already; see its deliveries for why",
                     TEST_WAITING_MAX);
}

bool notify_test(struct db *db, struct arena *arena, const struct target_row *target, time_ms now,
                 int64_t *delivery_id_out, struct error *error)
{
    struct alarm_row alarm = { .id = row_id_new(now),
                               .kind = alarm_info(ALARM_TEST)->code,
                               .tenant_id = target->tenant_id,
                               .tenant = target->tenant,
                               .since = now,
                               .detail = "somebody asked for this test" };

    return waiting_check(db, target->id, error) &&
           message_add(db, target, 0, NOTICE_TEST, notice_make(arena, NOTICE_TEST, &alarm, now),
                       now, delivery_id_out, error);
}

static bool address_check(const struct world *world, const struct target_row *row,
                          struct error *error)
{
    if (strcmp(row->kind, TARGET_WEBHOOK) == 0) {
        return url_web_check(row->address, error);
    }
    if (strcmp(row->kind, TARGET_EMAIL) != 0) {
        return error_set(error, ERROR_INVALID, "'%.40s' is no kind of target: webhook or email",
                         row->kind);
    }
    if (world->mail == NULL) {
        return error_set(error, ERROR_INVALID,
                         "no mail can be sent: set SMTP_URL and SMTP_FROM (and SMTP_USERNAME, "
                         "SMTP_PASSWORD) on this server first");
    }
    return mail_address_check(row->address, error);
}

static bool target_seal(const struct world *world, const struct target_row *row,
                        char secret_out[NOTICE_SECRET_SIZE], struct text *sealed,
                        struct error *error)
{
    char name[SECRET_NAME_SIZE];

    secret_out[0] = '\0';
    if (strcmp(row->kind, TARGET_WEBHOOK) != 0) {
        return true;
    }
    IGNORE(notice_secret_make(secret_out), "returns its argument");
    return vault_seal(world->vault, secret_name_target(row->id, name), secret_out,
                      strlen(secret_out), sealed, error);
}

bool notify_target_add(struct db *db, const struct world *world, struct target_row *row,
                       char secret_out[NOTICE_SECRET_SIZE], struct error *error)
{
    AUTO(text_clear) struct text sealed = TEXT_UP_TO(1024);

    row->created_at = time_now();
    row->id = row_id_new(row->created_at);
    if (!address_check(world, row, error) || !target_seal(world, row, secret_out, &sealed, error) ||
        !db_begin(db, error)) {
        return false;
    }
    row->secret = sealed.size > 0 ? text_get(&sealed) : NULL;
    bool is_added = target_add(db, row, error) && db_commit(db, error);
    if (!is_added) {
        db_rollback(db);
    }
    row->secret = NULL;
    return is_added;
}

/* ---- Shapes ---- */

static json_t *time_json(time_ms at)
{
    char text[TIME_TEXT_SIZE];

    return at != 0 ? json_string(time_print(at, text)) : json_null();
}

json_t *target_json(const struct target_row *target)
{
    char id[ROW_ID_TEXT_SIZE];

    return json_pack("{s:s, s:s, s:s, s:s?, s:o, s:o, s:s?}", "id", row_id_print(target->id, id),
                     "kind", target->kind, "address", target->address, "tenant", target->tenant,
                     "created_at", time_json(target->created_at), "disabled_at",
                     time_json(target->disabled_at), "disabled_reason", target->disabled_reason);
}

json_t *delivery_json(const struct delivery_row *delivery, const struct delivery_try *tries,
                      size_t try_count)
{
    char id[ROW_ID_TEXT_SIZE];
    char alarm[ROW_ID_TEXT_SIZE];
    json_t *list = json_array();

    /* A try that was written down after the delivery was read is not told yet. */
    for (size_t i = 0; i < try_count && json_array_size(list) < (size_t)delivery->attempt_count;
         i++) {
        if (tries[i].delivery_id != delivery->id) {
            continue;
        }
        IGNORE(json_array_append_new(
                   list,
                   json_pack("{s:o, s:o, s:s?, s:s?, s:I}", "at", time_json(tries[i].at), "status",
                             tries[i].status > 0 ? json_integer(tries[i].status) : json_null(),
                             "detail", tries[i].detail, "answer", tries[i].answer, "duration_ms",
                             (json_int_t)tries[i].duration_ms)),
               "memory never fails");
    }
    return json_pack("{s:s, s:s, s:s?, s:s, s:I, s:o, s:o, s:o, s:o}", "id",
                     row_id_print(delivery->id, id), "event", delivery->event, "alarm_id",
                     delivery->alarm_id != 0 ? row_id_print(delivery->alarm_id, alarm) : NULL,
                     "state", delivery->state, "attempts", (json_int_t)delivery->attempt_count,
                     "created_at", time_json(delivery->created_at), "next_try_at",
                     time_json(delivery->next_try_at), "settled_at",
                     time_json(delivery->settled_at), "tries", list);
}

/* ---- One try ---- */

time_ms notify_next_try(const struct world *world, int64_t attempt, int64_t at_least_s, time_ms now)
{
    size_t step = attempt < 1 ? 0 : (size_t)(attempt - 1);

    if (step >= world->notify_count) {
        return 0;
    }
    int64_t wait_s = world->notify_s[step] > at_least_s ? world->notify_s[step] : at_least_s;
    return now + wait_s * SECOND_MS;
}

void notify_judge_http(int status, int64_t retry_after_s, const char *failure,
                       struct notify_outcome *outcome)
{
    outcome->status = status;
    outcome->at_least_s = retry_after_s < 0                   ? 0
                          : retry_after_s < RETRY_AFTER_S_MAX ? retry_after_s
                                                              : RETRY_AFTER_S_MAX;
    outcome->verdict = status >= 200 && status < 300 ? NOTIFY_DELIVERED
                       : status == 410               ? NOTIFY_SWITCH_OFF
                                                     : NOTIFY_AGAIN;
    if (status == 0) {
        IGNORE(snprintf(outcome->detail, sizeof outcome->detail, "no answer: %s", failure),
               "cut is fine");
        return;
    }
    IGNORE(snprintf(outcome->detail, sizeof outcome->detail, "HTTP %d%s", status,
                    status >= 300 && status < 400 ? ": it sends us elsewhere, which is not followed"
                    : status == 410               ? ": it wants no more; the target is switched off"
                                                  : ""),
           "fits");
}

static bool answer_take(void *context, const void *bytes, size_t size)
{
    struct notify_outcome *outcome = context;
    const unsigned char *at = bytes;
    size_t used = strlen(outcome->answer);

    for (size_t i = 0; i < size && used < sizeof outcome->answer - 1; i++) {
        outcome->answer[used++] = at[i] < 0x20 || at[i] > 0x7e ? '.' : (char)at[i];
    }
    outcome->answer[used] = '\0';
    return true;
}

/* A receiver may send back what it was sent: the secret is not among it, the signature is, and is
 * worth nothing without the secret. */
static bool webhook_send(struct worker *worker, const struct target_row *target,
                         const struct delivery_row *delivery, struct notify_outcome *outcome,
                         struct error *error)
{
    char name[SECRET_NAME_SIZE];
    char id[ROW_ID_TEXT_SIZE];
    char signature[NOTICE_SIGNATURE_SIZE];
    char lines[3][HEADER_SIZE];
    struct net_answer answer = { 0 };
    AUTO(secret_free) char *secret = NULL;
    time_ms now = time_now();
    const char *message = arena_print(worker->arena, "msg_%s", row_id_print(delivery->id, id));

    if (target->secret == NULL ||
        !vault_unseal(worker->world->vault, secret_name_target(target->id, name), target->secret,
                      &secret, NULL, error)) {
        return error_within(error, "the target's secret cannot be opened; remove it and add it "
                                   "again");
    }
    if (!notice_sign(secret, message, now, delivery->content, signature, error)) {
        return false;
    }
    IGNORE(snprintf(lines[0], HEADER_SIZE, "webhook-id: %s", message), "fits");
    IGNORE(snprintf(lines[1], HEADER_SIZE, "webhook-timestamp: %lld", (long long)(now / SECOND_MS)),
           "fits");
    IGNORE(snprintf(lines[2], HEADER_SIZE, "webhook-signature: %s", signature), "fits");
    const char *const headers[] = { lines[0], lines[1], lines[2], NULL };
    struct net_request request = { .method = "POST",
                                   .url = target->address,
                                   .content_type = "application/json",
                                   .headers = headers,
                                   .body = delivery->content,
                                   .body_size = strlen(delivery->content),
                                   .allows_http = true,
                                   .total_timeout_ms = WEBHOOK_TIMEOUT_MS,
                                   .body_size_max = ANSWER_SIZE_MAX,
                                   .sink = answer_take,
                                   .sink_context = outcome };
    AUTO(net_client_free) struct net_client *client = net_client_new(worker->world->notify_guard);
    IGNORE(net_send(client, &request, &answer), "the status tells, also of a cut answer");
    const char *failure =
        answer.failure == NET_BLOCKED
            ? "its address is in a network that messages may not go to (NOTIFY_ALLOWED_NETWORKS)"
            : answer.detail;
    notify_judge_http(answer.http_status, answer.retry_after_s, failure, outcome);
    return true;
}

static bool mail_out(struct worker *worker, const struct target_row *target,
                     const struct delivery_row *delivery, struct notify_outcome *outcome,
                     struct error *error)
{
    static const enum notify_verdict verdicts[] = {
        [MAIL_SENT] = NOTIFY_DELIVERED,
        [MAIL_LATER] = NOTIFY_AGAIN,
        [MAIL_LOGIN_REFUSED] = NOTIFY_AGAIN,
        [MAIL_REFUSED] = NOTIFY_GIVE_UP,
    };
    char id[ROW_ID_TEXT_SIZE];
    struct notice_mail content = { 0 };
    struct mail_answer answer = { 0 };

    if (worker->world->mail == NULL) {
        outcome->verdict = NOTIFY_AGAIN;
        IGNORE(snprintf(outcome->detail, sizeof outcome->detail,
                        "no mail can be sent: SMTP_URL and SMTP_FROM are not set"),
               "fits");
        return true;
    }
    if (!notice_mail_make(worker->arena, delivery->content, &content, error)) {
        return false;
    }
    struct mail mail = {
        .to = target->address,
        .subject = content.subject,
        .text = content.text,
        .id = arena_print(worker->arena, "msg_%s", row_id_print(delivery->id, id)),
        .at = delivery->created_at,
    };
    IGNORE(mail_send(worker->world->mail, &mail, &answer), "the answer tells");
    outcome->verdict = verdicts[answer.result];
    outcome->status = answer.code;
    outcome->at_least_s = answer.result == MAIL_LOGIN_REFUSED ? LOGIN_WAIT_S : 0;
    IGNORE(snprintf(outcome->detail, sizeof outcome->detail, "%s", answer.detail), "same size");
    return true;
}

/* ---- The stage ---- */

static bool outcome_settle(struct worker *worker, const struct job *job,
                           const struct delivery_row *delivery,
                           const struct notify_outcome *outcome, time_ms began, struct error *error)
{
    time_ms now = time_now();
    bool is_again = outcome->verdict == NOTIFY_AGAIN;
    time_ms next =
        is_again ? notify_next_try(worker->world, job->attempt, outcome->at_least_s, now) : 0;
    bool is_delivered = outcome->verdict == NOTIFY_DELIVERED;
    bool is_off = outcome->verdict == NOTIFY_SWITCH_OFF;
    bool is_test = strcmp(delivery->event, NOTICE_TEST) == 0;
    const char *state = is_delivered ? DELIVERY_DELIVERED
                        : next > 0   ? DELIVERY_WAITING
                                     : DELIVERY_FAILED;
    struct delivery_try try = { .delivery_id = delivery->id,
                                .at = began,
                                .status = outcome->status,
                                .detail = outcome->detail,
                                .answer = outcome->answer,
                                .duration_ms = now > began ? now - began : 0 };
    char id[ROW_ID_TEXT_SIZE];
    char target[ROW_ID_TEXT_SIZE];

    log_event(is_delivered ? LOG_INFO : LOG_WARN, "alarm.told", "delivery",
              row_id_print(delivery->id, id), "target", row_id_print(delivery->target_id, target),
              "event", delivery->event, "state", state, "detail", outcome->detail, NULL);
    return db_begin(worker->db, error) && delivery_tried(worker->db, &try, state, next, error) &&
           (!is_off ||
            target_disable(worker->db, delivery->target_id, outcome->detail, now, error)) &&
           (!(is_delivered && is_test) ||
            target_disable(worker->db, delivery->target_id, NULL, now, error)) &&
           (next > 0 ? job_delay(worker->db, job, next, error)
                     : job_remove(worker->db, job, error)) &&
           db_commit(worker->db, error);
}

bool stage_notify(struct worker *worker, const struct job *job, struct error *error)
{
    struct delivery_row *delivery = NULL;
    struct target_row *target = NULL;
    struct notify_outcome *outcome = arena_take(worker->arena, sizeof *outcome);
    struct error problem = { 0 };
    time_ms began = time_now();

    if (!delivery_find(worker->db, worker->arena, job->subject_id, &delivery, error)) {
        return false;
    }
    if (delivery == NULL || strcmp(delivery->state, DELIVERY_WAITING) != 0) {
        return job_remove(worker->db, job, error);
    }
    if (!target_find(worker->db, worker->arena, 0, delivery->target_id, &target, error)) {
        return false;
    }
    if (target == NULL) {
        return job_remove(worker->db, job, error);
    }
    bool is_off = target->disabled_at != 0 && strcmp(delivery->event, NOTICE_TEST) != 0;
    if (is_off) {
        outcome->verdict = NOTIFY_GIVE_UP;
        IGNORE(snprintf(outcome->detail, sizeof outcome->detail, "the target is switched off"),
               "fits");
    } else if (!(strcmp(target->kind, TARGET_EMAIL) == 0
                     ? mail_out(worker, target, delivery, outcome, &problem)
                     : webhook_send(worker, target, delivery, outcome, &problem))) {
        outcome->verdict = NOTIFY_AGAIN;
        IGNORE(snprintf(outcome->detail, sizeof outcome->detail, "%s", problem.message),
               "cut is fine");
    }
    return outcome_settle(worker, job, delivery, outcome, began, error);
}

/* See keeper.h. A database that fails here costs a login or a detection more, never a recording. */
#include "jobs/keeper.h"

#include <stdio.h>
#include <string.h>

#include "core/crash.h"
#include "core/log.h"
#include "core/text.h"

enum { LOGIN_LEASE_MS = 90 * SECOND_MS, LOGIN_LOOK_MS = 100 };

static void trouble_log(const struct keeper *keeper, const char *doing, const struct error *error)
{
    char id[ROW_ID_TEXT_SIZE];

    log_warn("pbx.keeper_failed", "pbx", row_id_print(keeper->pbx->id, id), "doing", doing, "error",
             error->message, NULL);
}

static bool keep_session_get(void *context, char *cookie_out, size_t room, time_ms *at_out)
{
    struct keeper *keeper = context;
    const char *sealed = NULL;
    size_t size = 0;
    char name[SECRET_NAME_SIZE];
    struct error error;
    AUTO(secret_free) char *cookie = NULL;

    if (!pbx_cookie_get(keeper->worker->db, keeper->worker->arena, keeper->pbx->id, &sealed, at_out,
                        &error)) {
        trouble_log(keeper, "read cookie", &error);
        return false;
    }
    if (sealed == NULL ||
        !vault_unseal(keeper->worker->world->vault, secret_name_cookie(keeper->pbx->id, name),
                      sealed, &cookie, &size, &error) ||
        size >= room) {
        return false;
    }
    memcpy(cookie_out, cookie, size + 1);
    return true;
}

static void keep_session_put(void *context, const char *cookie)
{
    struct keeper *keeper = context;
    char name[SECRET_NAME_SIZE];
    struct error error;
    AUTO(text_clear) struct text sealed = TEXT_UP_TO(4096);

    if (cookie != NULL &&
        !vault_seal(keeper->worker->world->vault, secret_name_cookie(keeper->pbx->id, name), cookie,
                    strlen(cookie), &sealed, &error)) {
        trouble_log(keeper, "seal cookie", &error);
        return;
    }
    if (!pbx_cookie_put(keeper->worker->db, keeper->pbx->id,
                        cookie != NULL ? text_get(&sealed) : NULL, time_now(), &error)) {
        trouble_log(keeper, "keep cookie", &error);
    }
}

/* Has somebody been refused while we waited? Then ours would be the second try. */
static bool is_stopped(struct keeper *keeper)
{
    struct pbx_row *pbx = NULL;
    struct error error;

    if (!pbx_row_find(keeper->worker->db, keeper->worker->arena, keeper->pbx->id, &pbx, &error)) {
        trouble_log(keeper, "look for a stop", &error);
        return false;
    }
    if (pbx == NULL || pbx->stop_reason == NULL) {
        return false;
    }
    keeper->stopped_by = reason_from_code(pbx->stop_reason);
    IGNORE(snprintf(keeper->stop_detail, sizeof keeper->stop_detail, "%s",
                    pbx->stop_detail != NULL ? pbx->stop_detail : ""),
           "cut is fine");
    return true;
}

static bool keep_login_begin(void *context, int64_t wait_ms)
{
    struct keeper *keeper = context;
    int64_t until_ms = time_monotonic_ms() + wait_ms;
    struct error error;

    for (;;) {
        bool is_taken = false;
        time_ms now = time_now();
        if (!pbx_login_take(keeper->worker->db, keeper->pbx->id, keeper->login_worker, now,
                            now + LOGIN_LEASE_MS, &is_taken, &error)) {
            trouble_log(keeper, "take login", &error);
            return false;
        }
        if (is_taken) {
            return crash_point("fetch.login_taken");
        }
        if (is_stopped(keeper) || time_monotonic_ms() >= until_ms) {
            return false;
        }
        time_sleep_ms(LOGIN_LOOK_MS);
    }
}

static void keep_login_end(void *context)
{
    struct keeper *keeper = context;
    struct error error;

    if (!pbx_login_give(keeper->worker->db, keeper->pbx->id, keeper->login_worker, &error)) {
        trouble_log(keeper, "give login back", &error);
    }
}

static bool keep_pin_learned(void *context, const char *pin, const char *certificate_text)
{
    struct keeper *keeper = context;
    bool is_kept = false;
    char id[ROW_ID_TEXT_SIZE];
    struct error error;

    if (!pbx_pin_learn(keeper->worker->db, keeper->pbx, pin, certificate_text, time_now(), &is_kept,
                       &error)) {
        trouble_log(keeper, "keep pin", &error);
        return false;
    }
    if (is_kept) {
        log_info("pbx.certificate_pinned", "pbx", row_id_print(keeper->pbx->id, id), "pin", pin,
                 "certificate", certificate_text, NULL);
    }
    return is_kept;
}

bool keeper_stop(struct keeper *keeper, enum reason reason, const char *detail, struct error *error)
{
    bool is_stopped = false;

    if (!pbx_stop(keeper->worker->db, keeper->pbx, reason_info(reason)->code, detail, time_now(),
                  &is_stopped, error)) {
        return false;
    }
    /* Else a person edited it while we asked: the refusal is of the settings before. */
    return !is_stopped || lane_block(keeper->worker->db, LANE_FETCH, keeper->pbx->id,
                                     LANE_BLOCKED_FOR_GOOD, error);
}

/* At once, while the login is still ours: whoever waits for its turn must not try a second time. */
static void keep_login_refused(void *context, enum reason reason, int tries_left, int locked_s)
{
    struct keeper *keeper = context;
    struct db *db = keeper->worker->db;
    char detail[PBX_DETAIL_SIZE];
    struct error error;

    (void)snprintf(detail, sizeof detail, "login refused");
    if (tries_left >= 0) {
        (void)snprintf(detail, sizeof detail, "login refused; %d tries left", tries_left);
    } else if (locked_s >= 0) {
        (void)snprintf(detail, sizeof detail, "login refused; locked for %d s", locked_s);
    }
    if (reason_info(reason)->stops_pbx &&
        (!db_begin(db, &error) || !keeper_stop(keeper, reason, detail, &error) ||
         !db_commit(db, &error))) {
        db_rollback(db);
        trouble_log(keeper, "stop the PBX", &error);
    }
}

static void keep_api_found(void *context, const char *api, int port)
{
    struct keeper *keeper = context;
    struct error error;

    if (!pbx_found(keeper->worker->db, keeper->pbx, api, port, &error)) {
        trouble_log(keeper, "keep api", &error);
    }
}

static void keep_rung_worked(void *context, const char *rung)
{
    struct keeper *keeper = context;
    struct error error;

    if ((keeper->pbx->rung == NULL || strcmp(keeper->pbx->rung, rung) != 0) &&
        !pbx_rung_worked(keeper->worker->db, keeper->pbx->id, rung, &error)) {
        trouble_log(keeper, "keep rung", &error);
    }
}

static void keep_attempt(void *context, const struct pbx_attempt *attempt)
{
    struct keeper *keeper = context;
    struct arena *arena = keeper->worker->arena;

    if (keeper->attempt_count == KEEPER_ATTEMPTS_MAX) {
        return; /* A ladder has fewer requests than this. */
    }
    keeper->attempts[keeper->attempt_count++] = (struct attempt_row){
        .tenant_id = keeper->pbx->tenant_id,
        .pbx_id = keeper->pbx->id,
        .recording_id = keeper->recording_id,
        .at = time_now() - attempt->duration_ms,
        .purpose = attempt->rung != NULL && attempt->rung[0] != '\0'
                       ? arena_print(arena, "%s %s", attempt->purpose, attempt->rung)
                       : arena_copy_text(arena, attempt->purpose),
        .method = arena_copy_text(arena, attempt->method),
        .url = arena_copy_text(arena, attempt->url),
        .request = arena_copy_text(arena, attempt->request),
        .http_status = attempt->http_status,
        .content_type = arena_copy_text(arena, attempt->content_type),
        .content_length = attempt->content_length,
        .bytes = attempt->bytes,
        .first_bytes = arena_copy_text(arena, attempt->first_bytes),
        .verdict = arena_copy_text(arena, attempt->verdict),
        .reason = reason_info(attempt->reason)->code,
        .duration_ms = attempt->duration_ms,
        .tls_pin = arena_copy_text(arena, attempt->tls_pin),
    };
}

void keeper_init(struct keeper *keeper, struct worker *worker, const struct pbx_row *pbx,
                 int64_t recording_id)
{
    char process[ROW_ID_TEXT_SIZE];
    char turn[ROW_ID_TEXT_SIZE];

    *keeper = (struct keeper){ .worker = worker, .pbx = pbx, .recording_id = recording_id };
    IGNORE(snprintf(keeper->login_worker, sizeof keeper->login_worker, "%s/%s",
                    row_id_print(worker->world->process_id, process),
                    row_id_print(row_id_new(time_now()), turn)),
           "fits");
}

struct pbx_keeper keeper_face(struct keeper *keeper)
{
    return (struct pbx_keeper){
        .context = keeper,
        .session_get = keep_session_get,
        .session_put = keep_session_put,
        .login_begin = keep_login_begin,
        .login_end = keep_login_end,
        .pin_learned = keep_pin_learned,
        .login_refused = keep_login_refused,
        .api_found = keep_api_found,
        .rung_worked = keep_rung_worked,
        .attempt = keep_attempt,
    };
}

bool keeper_settings(struct keeper *keeper, struct pbx_settings *settings_out, char **password_out,
                     struct error *error)
{
    const struct pbx_row *pbx = keeper->pbx;
    char name[SECRET_NAME_SIZE];

    *password_out = NULL;
    if (pbx->password != NULL &&
        !vault_unseal(keeper->worker->world->vault, secret_name_password(pbx->id, name),
                      pbx->password, password_out, NULL, error)) {
        return error_within(error, "the PBX's password cannot be opened; enter it again");
    }
    *settings_out = (struct pbx_settings){
        .id = pbx->name,
        .host = pbx->host,
        .port = pbx->port,
        .old_port = pbx->old_port,
        .username = pbx->username,
        .password = *password_out != NULL ? *password_out : "",
        .tls_pin = pbx->tls_pin,
        .weak_ciphers = pbx->is_weak_tls_allowed,
        .api = pbx->api,
        .api_found = pbx->detected_api,
        .port_found = pbx->detected_port,
        .rung = pbx->rung,
    };
    return true;
}

bool keeper_attempts_put(struct keeper *keeper, struct error *error)
{
    for (size_t i = 0; i < keeper->attempt_count; i++) {
        if (!attempt_add(keeper->worker->db, &keeper->attempts[i], error)) {
            return false;
        }
    }
    return true;
}

/*
 * The login of the new API: challenge, md5(challenge followed by the password), cookie. One login
 * is in flight per PBX; the cookie is shared; a refused login is reported and never repeated here.
 */
#include <stdio.h>
#include <string.h>

#include "core/hash.h"
#include "core/json.h"
#include "core/memory.h"
#include "pbx/grandstream/ucm.h"

enum { LOGIN_WAIT_MS = 20 * SECOND_MS, CHALLENGE_SIZE = 128 };
/* A cookie lives 10 minutes; clients that work renew it after 9. */
enum { COOKIE_LIFE_MS = 9 * MINUTE_MS };

static bool cookie_is_fit(const char *cookie)
{
    size_t size = strlen(cookie);

    for (size_t i = 0; i < size; i++) {
        if (cookie[i] <= 0x20 || cookie[i] >= 0x7f) {
            return false;
        }
    }
    return size > 0 && size < UCM_COOKIE_SIZE;
}

static bool is_fresh(time_ms at)
{
    time_ms now = time_now();

    return at > 0 && at <= now + MINUTE_MS && now - at < COOKIE_LIFE_MS;
}

/* The cookie that another process may have put, unless it is the one that was refused. */
static bool session_adopt(struct ucm *ucm, const char *refused)
{
    const struct pbx_keeper *keeper = ucm->base.keeper;
    char cookie[UCM_COOKIE_SIZE] = "";
    time_ms at = 0;

    if (keeper->session_get == NULL ||
        !keeper->session_get(keeper->context, cookie, sizeof cookie, &at) ||
        !cookie_is_fit(cookie) || !is_fresh(at) || strcmp(cookie, refused) == 0) {
        return false;
    }
    memcpy(ucm->cookie, cookie, sizeof cookie);
    ucm->cookie_at = at;
    return true;
}

static void session_store(const struct ucm *ucm, const char *cookie)
{
    const struct pbx_keeper *keeper = ucm->base.keeper;

    if (keeper->session_put != NULL) {
        keeper->session_put(keeper->context, cookie);
    }
}

/* A login has no next rung and no other session. */
static bool login_refuse(struct ucm *ucm, struct verdict *verdict, struct pbx_trouble *trouble)
{
    if (verdict->kind == VERDICT_NOT_HERE || verdict->kind == VERDICT_LOG_IN) {
        verdict->reason = REASON_PBX_ERROR;
    }
    return ucm_refuse(ucm, verdict, trouble);
}

static bool response_text(const struct text *body, const char *name, char *value_out, size_t room)
{
    struct error error;
    AUTO(json_release) json_t *root = json_read(text_get(body), body->size, &error);
    const char *value = json_text(json_object_get(root, "response"), name, "");
    size_t size = strlen(value);

    if (size == 0 || size >= room) {
        return false;
    }
    memcpy(value_out, value, size + 1);
    return true;
}

static bool login_challenge(struct ucm *ucm, char *challenge_out, size_t room,
                            struct pbx_trouble *trouble)
{
    AUTO(text_clear) struct text body = TEXT_UP_TO(UCM_REPLY_SIZE_MAX);
    struct ucm_reply reply;
    enum ucm_trust trust = UCM_TRUST_UNDECIDED;

    if (!ucm_challenge(ucm, ucm->port, &body, &reply, &trust, trouble)) {
        return false;
    }
    if (reply.verdict.kind != VERDICT_DATA) {
        return login_refuse(ucm, &reply.verdict, trouble);
    }
    if (!response_text(&body, "challenge", challenge_out, room)) {
        IGNORE(trouble_set(trouble, REASON_PBX_ERROR, "the PBX gave no challenge"), "below");
        return false;
    }
    return true;
}

static bool login_answer(struct ucm *ucm, const char *challenge, struct pbx_trouble *trouble)
{
    const struct pbx_settings *settings = ucm->base.settings;
    AUTO(text_clear) struct text body = TEXT_UP_TO(UCM_REPLY_SIZE_MAX);
    struct ucm_reply reply;

    IGNORE(hash_md5_text(challenge, strlen(challenge), settings->password,
                         strlen(settings->password), ucm->token),
           "written into the token");
    AUTO(json_release)
    json_t *fields = json_pack("{s:s, s:s, s:s}", "action", "login", "user", settings->username,
                               "token", ucm->token);
    struct ucm_call call = { .purpose = "login",
                             .port = ucm->port,
                             .target = "/api",
                             .fields = fields,
                             .hides_answer = true,
                             .wanted = WANTED_JSON,
                             .body_size_max = UCM_REPLY_SIZE_MAX,
                             .timeout_ms = NET_JSON_TIMEOUT_MS,
                             .body = &body };
    if (!ucm_send(ucm, &call, &reply, trouble)) {
        return false;
    }
    if (reply.verdict.kind != VERDICT_DATA) {
        return login_refuse(ucm, &reply.verdict, trouble);
    }
    char cookie[UCM_COOKIE_SIZE];
    if (!response_text(&body, "cookie", cookie, sizeof cookie) || !cookie_is_fit(cookie)) {
        IGNORE(trouble_set(trouble, REASON_PBX_ERROR, "the PBX gave no cookie"), "below");
        return false;
    }
    memcpy(ucm->cookie, cookie, sizeof cookie);
    ucm->cookie_at = time_now();
    ucm->is_logged_in = true;
    session_store(ucm, ucm->cookie);
    return true;
}

bool ucm_login_with(struct ucm *ucm, const struct text *reply, struct pbx_trouble *trouble_out)
{
    char challenge[CHALLENGE_SIZE];

    if (session_adopt(ucm, "")) {
        return true;
    }
    if (!response_text(reply, "challenge", challenge, sizeof challenge)) {
        IGNORE(trouble_set(trouble_out, REASON_PBX_ERROR, "the PBX gave no challenge"), "below");
        return false;
    }
    return login_answer(ucm, challenge, trouble_out);
}

bool ucm_login_begin(struct ucm *ucm, struct pbx_trouble *trouble_out)
{
    const struct pbx_keeper *keeper = ucm->base.keeper;

    if (keeper->login_begin == NULL || keeper->login_begin(keeper->context, LOGIN_WAIT_MS)) {
        return true;
    }
    IGNORE(trouble_set(trouble_out, REASON_BUSY, "another process is logging in"), "below");
    return false;
}

void ucm_login_end(struct ucm *ucm)
{
    const struct pbx_keeper *keeper = ucm->base.keeper;

    if (keeper->login_end != NULL) {
        keeper->login_end(keeper->context);
    }
}

static bool session_renew(struct ucm *ucm, const char *refused, struct pbx_trouble *trouble)
{
    char challenge[CHALLENGE_SIZE];

    if (session_adopt(ucm, refused)) {
        return true;
    }
    if (!ucm_login_begin(ucm, trouble)) {
        return false;
    }
    /* Whoever was before us has left a cookie. */
    bool is_done = session_adopt(ucm, refused) ||
                   (login_challenge(ucm, challenge, sizeof challenge, trouble) &&
                    login_answer(ucm, challenge, trouble));
    ucm_login_end(ucm);
    return is_done;
}

bool ucm_session(struct ucm *ucm, struct pbx_trouble *trouble_out)
{
    if (ucm->cookie[0] != '\0' && is_fresh(ucm->cookie_at)) {
        return true;
    }
    ucm->cookie[0] = '\0';
    return session_renew(ucm, "", trouble_out);
}

/* Forget a cookie, for all processes unless they have a newer one. */
static void session_forget(struct ucm *ucm, char refused_out[UCM_COOKIE_SIZE])
{
    memcpy(refused_out, ucm->cookie, UCM_COOKIE_SIZE);
    ucm->cookie[0] = '\0';
    if (!session_adopt(ucm, refused_out)) {
        session_store(ucm, NULL);
    }
}

static bool ask(struct ucm *ucm, struct ucm_call *call, struct ucm_reply *reply_out,
                struct pbx_trouble *trouble_out)
{
    char refused[UCM_COOKIE_SIZE];
    char used[UCM_COOKIE_SIZE];

    if (!ucm_session(ucm, trouble_out)) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        memcpy(used, ucm->cookie, sizeof used);
        call->cookie = used;
        bool is_sent = ucm_send(ucm, call, reply_out, trouble_out);
        call->cookie = NULL;
        if (!is_sent) {
            return false;
        }
        bool must_log_in = reply_out->verdict.kind == VERDICT_LOG_IN;
        if (must_log_in || reply_out->verdict.forgets_session) {
            session_forget(ucm, refused);
        }
        if (!must_log_in) {
            ucm->is_logged_in = true;
            return true;
        }
        if (i == 0 && ucm->cookie[0] == '\0' && !session_renew(ucm, refused, trouble_out)) {
            return false;
        }
    }
    return ucm_refuse(ucm, &reply_out->verdict, trouble_out);
}

bool ucm_ask(struct ucm *ucm, struct ucm_call *call, struct ucm_reply *reply_out,
             struct pbx_trouble *trouble_out)
{
    call->target = "/api";
    call->port = ucm->port;
    if (ask(ucm, call, reply_out, trouble_out)) {
        return true;
    }
    bool is_elsewhere = trouble_out->reason == REASON_CONNECT_REFUSED ||
                        trouble_out->reason == REASON_API_NOT_FOUND;
    if (!ucm->is_hinted || !is_elsewhere || !ucm_find_again(ucm, trouble_out) ||
        ucm->api != UCM_API_NEW) {
        return false;
    }
    call->port = ucm->port;
    return ask(ucm, call, reply_out, trouble_out);
}

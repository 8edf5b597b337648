/*
 * Challenge and login, by the very client that collection uses: what it asks is watched, so that
 * both steps tell what happened without a request of their own. A PBX that has refused us before is
 * not asked: what is stored tells the story.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/log.h"
#include "doctor/inside.h"
#include "store/recordings.h"

/* ---- Watching the client: its keeper, with ears ---- */

static void heard_attempt(void *context, const struct pbx_attempt *attempt)
{
    struct doctor *doctor = context;
    struct seen_request *seen = strcmp(attempt->purpose, "challenge") == 0 ? &doctor->challenge
                                : strcmp(attempt->purpose, "login") == 0   ? &doctor->login
                                                                           : NULL;
    struct pbx_keeper keeper = keeper_face(&doctor->keeper);

    if (seen != NULL) {
        *seen = (struct seen_request){ .is_made = true,
                                       .reason = attempt->reason,
                                       .duration_ms = attempt->duration_ms };
    }
    keeper.attempt(keeper.context, attempt);
}

/* "sid743052864-1771597757": the second half is the PBX's clock at the login. */
static void heard_session(void *context, const char *cookie)
{
    struct doctor *doctor = context;
    struct pbx_keeper keeper = keeper_face(&doctor->keeper);
    const char *dash = cookie != NULL ? strrchr(cookie, '-') : NULL;

    if (dash != NULL && strspn(dash + 1, "0123456789") == 10 && dash[11] == '\0') {
        doctor->cookie_at = (time_ms)strtoll(dash + 1, NULL, 10) * SECOND_MS;
        doctor->cookie_seen_at = time_now();
    }
    keeper.session_put(keeper.context, cookie);
}

static bool passed_session_get(void *context, char *cookie_out, size_t room, time_ms *at_out)
{
    struct pbx_keeper keeper = keeper_face(&((struct doctor *)context)->keeper);

    return keeper.session_get(keeper.context, cookie_out, room, at_out);
}

static bool passed_login_begin(void *context, int64_t wait_ms)
{
    struct pbx_keeper keeper = keeper_face(&((struct doctor *)context)->keeper);

    return keeper.login_begin(keeper.context, wait_ms);
}

static void passed_login_end(void *context)
{
    struct pbx_keeper keeper = keeper_face(&((struct doctor *)context)->keeper);

    keeper.login_end(keeper.context);
}

static bool passed_pin(void *context, const char *pin, const char *certificate)
{
    struct pbx_keeper keeper = keeper_face(&((struct doctor *)context)->keeper);

    return keeper.pin_learned(keeper.context, pin, certificate);
}

static void passed_refused(void *context, enum reason reason, int tries_left, int locked_s)
{
    struct pbx_keeper keeper = keeper_face(&((struct doctor *)context)->keeper);

    keeper.login_refused(keeper.context, reason, tries_left, locked_s);
}

static void passed_api(void *context, const char *api, int port)
{
    struct pbx_keeper keeper = keeper_face(&((struct doctor *)context)->keeper);

    keeper.api_found(keeper.context, api, port);
}

static void passed_rung(void *context, const char *rung)
{
    struct pbx_keeper keeper = keeper_face(&((struct doctor *)context)->keeper);

    keeper.rung_worked(keeper.context, rung);
}

static bool should_stop(void *context)
{
    return doctor_should_stop(context);
}

struct pbx *doctor_pbx(struct doctor *doctor)
{
    if (doctor->pbx == NULL) {
        net_client_free(TAKE(doctor->client)); /* Its connection; nothing bare is asked any more. */
        doctor->face = (struct pbx_keeper){
            .context = doctor,
            .session_get = passed_session_get,
            .session_put = heard_session,
            .login_begin = passed_login_begin,
            .login_end = passed_login_end,
            .pin_learned = passed_pin,
            .login_refused = passed_refused,
            .api_found = passed_api,
            .rung_worked = passed_rung,
            .attempt = heard_attempt,
            .should_stop = should_stop,
        };
        doctor->pbx = pbx_open(&doctor->settings, &doctor->face, doctor->request->world->guard);
    }
    return doctor->pbx;
}

/* ---- One check for both steps ---- */

/* What waits for this PBX waits for this reason now, as after a refusal that collection met. */
static void refusal_keep(struct doctor *doctor)
{
    struct db *db = doctor->request->db;
    struct error error;

    if (!db_begin(db, &error) ||
        !keeper_stop(&doctor->keeper, doctor->trouble.reason, doctor->trouble.detail, &error) ||
        !recording_blocked(db, doctor->request->pbx->id, true,
                           reason_info(doctor->trouble.reason)->code, doctor->trouble.detail,
                           &error) ||
        !db_commit(db, &error)) {
        db_rollback(db);
        log_warn("doctor.refusal_not_kept", "error", error.message, NULL);
    }
}

static void check_once(struct doctor *doctor)
{
    if (doctor->is_checked) {
        return;
    }
    doctor->is_checked = true;
    doctor->is_let_in = pbx_check(doctor_pbx(doctor), &doctor->description, &doctor->trouble);
    if (doctor->keeper.stopped_by != REASON_NONE) { /* Another worker was refused just now. */
        doctor->is_let_in = false;
        doctor->trouble = (struct pbx_trouble){ .reason = doctor->keeper.stopped_by };
        memcpy(doctor->trouble.detail, doctor->keeper.stop_detail, sizeof doctor->trouble.detail);
    } else if (!doctor->is_let_in && reason_info(doctor->trouble.reason)->stops_pbx &&
               doctor->trouble.reason != REASON_PBX_NOT_CONFIGURED) {
        refusal_keep(doctor);
    }
}

static bool is_login_refusal(enum reason reason)
{
    return reason == REASON_LOGIN_REFUSED || reason == REASON_LOGIN_LOCKED;
}

static const char *tenant_name(const struct doctor *doctor)
{
    return doctor->request->tenant != NULL ? doctor->request->tenant->subdomain : "TENANT";
}

static void login_advise(const struct doctor *doctor, struct finding *finding, enum reason reason)
{
    if (reason == REASON_LOGIN_REFUSED) {
        finding_advise(
            finding,
            "Look at user name and password in Value-added Features > API Configuration > HTTPS "
            "API Settings (%s): they are not those of the web page. Then enter the same here: "
            "audiapro tenant pbx %s --username NAME --password (or UCM_USERNAME, UCM_PASSWORD, and "
            "start again). Until then nothing is tried, so that the PBX does not lock the account.",
            doctor->api == SEEN_OLD ? "Old" : "New", tenant_name(doctor));
    } else if (reason == REASON_LOGIN_LOCKED) {
        finding_advise(
            finding,
            "Wait for the end of the lock, or unlock it in System Settings > Security Settings > "
            "Login Settings of the PBX; check the password in Value-added Features > API "
            "Configuration > HTTPS API Settings (New); then enter it here: audiapro tenant pbx %s "
            "--password. Until then nothing is tried, so that the lock is not renewed.",
            tenant_name(doctor));
    } else if (reason == REASON_BUSY) {
        finding_advise(finding, "Another process of this server is logging in: run the doctor "
                                "again in a minute.");
    }
}

/* On the way to the old API, the new one's challenge is asked for in vain. */
static bool is_challenge_refused(const struct doctor *doctor)
{
    return doctor->api != SEEN_OLD && doctor->challenge.is_made &&
           doctor->challenge.reason != REASON_NONE && !doctor->login.is_made && !doctor->is_let_in;
}

void step_challenge(struct doctor *doctor, struct finding *finding)
{
    const struct seen_request *seen = &doctor->challenge;

    if (doctor->is_stopped) {
        finding_skip(finding, "not tried: the PBX has refused this server before; see 'Login'");
        return;
    }
    check_once(doctor);
    if (is_challenge_refused(doctor)) {
        finding_fail(finding, doctor->trouble.reason, "asked for a challenge: %s",
                     doctor->trouble.detail);
        login_advise(doctor, finding, doctor->trouble.reason);
    } else if (doctor->api == SEEN_OLD) {
        finding_fine(finding, "the old API has none: each request carries its own Digest");
    } else if (seen->is_made) {
        finding_fine(finding, "the PBX gave a challenge for user %s in %lld ms",
                     doctor->settings.username, (long long)seen->duration_ms);
    } else {
        finding_fine(finding, "not needed: an earlier login may still hold");
    }
}

/* From the database alone: the moment of the refusal, and what the PBX said then. */
static void refusal_tell(struct doctor *doctor, struct finding *finding)
{
    const struct pbx_row *pbx = doctor->request->pbx;
    enum reason reason = reason_from_code(pbx->stop_reason);
    struct refusal refusal = refusal_read(pbx->stop_detail);
    int64_t passed_s = (time_now() - pbx->stopped_at) / SECOND_MS;
    char at[TIME_TEXT_SIZE];

    finding_fail(finding, reason, "not tried again since %s UTC, when it failed: %s",
                 moment_print(pbx->stopped_at, at),
                 pbx->stop_detail != NULL ? pbx->stop_detail : pbx->stop_reason);
    if (reason == REASON_LOGIN_REFUSED && refusal.tries_left >= 0) {
        finding_add(finding, ". So %d tries are left before it locks the account",
                    refusal.tries_left);
    }
    if (refusal.locked_s >= 0) {
        int64_t left_s = refusal.locked_s - passed_s;
        if (left_s > 0) {
            finding_add(finding, ". %lld seconds of the lock are left", (long long)left_s);
        } else {
            finding_add(finding, ". The lock should be over");
        }
    }
    login_advise(doctor, finding, reason);
    if (!is_login_refusal(reason)) {
        finding_advise(finding,
                       "%s Then let it be asked again: audiapro tenant pbx %s (without anything "
                       "else, it only ends the stop).",
                       reason_info(reason)->advice, tenant_name(doctor));
    }
}

static void limits_tell(const struct doctor *doctor, struct finding *finding)
{
    struct refusal refusal = refusal_read(doctor->trouble.detail);

    if (refusal.tries_left >= 0) {
        finding_add(finding, " before it locks the account");
    } else if (refusal.locked_s >= 0) {
        finding_add(finding, ": %d seconds left", refusal.locked_s);
    }
}

void step_login(struct doctor *doctor, struct finding *finding)
{
    const struct pbx_row *pbx = doctor->request->pbx;
    const struct pbx_description *description = &doctor->description;

    if (doctor->is_stopped) {
        if (strcmp(pbx->stop_reason, reason_info(REASON_NO_PERMISSION)->code) == 0) {
            finding_fine(finding, "worked until %s was met; not tried again", pbx->stop_reason);
        } else {
            refusal_tell(doctor, finding);
        }
        return;
    }
    if (is_challenge_refused(doctor)) {
        finding_skip(finding, "not tried: '%s' comes first", "Challenge");
        return;
    }
    if (!doctor->is_let_in) {
        finding_fail(finding, doctor->trouble.reason, "user %s: %s", doctor->settings.username,
                     doctor->trouble.detail);
        limits_tell(doctor, finding);
        login_advise(doctor, finding, doctor->trouble.reason);
        return;
    }
    finding_fine(finding, "user %s is let in%s%s%s%s%s", doctor->settings.username,
                 doctor->login.is_made || doctor->api == SEEN_OLD
                     ? ""
                     : " (by an earlier login that still holds)",
                 description->model[0] != '\0' ? "; " : "", description->model,
                 description->firmware[0] != '\0' ? ", firmware " : "", description->firmware);
}

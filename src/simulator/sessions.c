/* See sessions.h: challenge, login, cookies. Digest is in digest.c. */
#include "simulator/sessions.h"

#include <stdio.h>
#include <string.h>

#include "core/hash.h"
#include "core/random.h"

enum { IN_FLIGHT_MS = 10 * SECOND_MS };

static bool is_locked_locked(struct simulator *simulator, int64_t now_ms,
                             struct simulator_reply *reply)
{
    char members[64];
    int64_t left_ms = simulator->login.locked_until_ms - now_ms;

    if (left_ms <= 0) {
        return false;
    }
    IGNORE(snprintf(members, sizeof members, "\"remain_time\":%lld",
                    (long long)((left_ms + SECOND_MS - 1) / SECOND_MS)),
           "fits");
    simulator_reply_status(reply, -68, members);
    return true;
}

static bool user_is_known(const struct simulator *simulator, const json_t *request,
                          struct simulator_reply *reply)
{
    const char *user = json_text(request, "user", NULL);

    if (user == NULL) {
        simulator_reply_status(reply, -1, "\"error_msg\":\"Invalid parameters!\"");
        return false;
    }
    if (strcmp(user, simulator->options.username) != 0) {
        simulator_reply_status(reply, -71, "");
        return false;
    }
    return true;
}

/* Challenges given in the last seconds and not used: more than one means logins side by side. */
static void in_flight_note_locked(struct simulator *simulator, int64_t now_ms)
{
    int64_t *given = simulator->login.challenges_at_ms;
    int in_flight = 0;
    int free_slot = 0;

    for (int i = 0; i < CHALLENGES_MAX; i++) {
        if (given[i] != 0 && now_ms - given[i] < IN_FLIGHT_MS) {
            in_flight++;
        } else {
            given[i] = 0;
            free_slot = i;
        }
    }
    given[free_slot] = now_ms;
    in_flight++;
    if (in_flight > simulator->statistics.logins_in_flight_max) {
        simulator->statistics.logins_in_flight_max = in_flight;
    }
}

static void in_flight_end_locked(struct simulator *simulator)
{
    for (int i = 0; i < CHALLENGES_MAX; i++) {
        if (simulator->login.challenges_at_ms[i] != 0) {
            simulator->login.challenges_at_ms[i] = 0;
            return;
        }
    }
}

void simulator_challenge_reply(struct simulator *simulator, const json_t *request,
                               struct simulator_reply *reply)
{
    char members[64];
    int64_t now_ms = time_monotonic_ms();

    simulator_lock(simulator);
    simulator->statistics.challenges++;
    if (user_is_known(simulator, request, reply) && !is_locked_locked(simulator, now_ms, reply)) {
        char *challenge = simulator->login.challenge;
        IGNORE(snprintf(challenge, sizeof simulator->login.challenge, "%08u%08u",
                        random_below(100000000), random_below(100000000)),
               "16 digits");
        in_flight_note_locked(simulator, now_ms);
        IGNORE(snprintf(members, sizeof members, "\"challenge\":\"%s\"", challenge), "fits");
        simulator_reply_status(reply, 0, members);
    }
    simulator_unlock(simulator);
}

static void login_refuse_locked(struct simulator *simulator, int64_t now_ms,
                                struct simulator_reply *reply)
{
    struct login_state *login = &simulator->login;
    char members[64];

    simulator->statistics.logins_refused++;
    login->wrong_count++;
    int left = simulator->options.login_tries - login->wrong_count;
    if (left <= 0) {
        login->wrong_count = 0;
        login->locked_until_ms = now_ms + (int64_t)simulator->options.lock_s * SECOND_MS;
        left = 0;
    }
    IGNORE(snprintf(members, sizeof members, "\"remain_num\":%d", left), "fits");
    simulator_reply_status(reply, -37, members);
}

static void login_accept_locked(struct simulator *simulator, int64_t now_ms,
                                struct simulator_reply *reply)
{
    struct session *oldest = &simulator->sessions[0];
    char members[96];

    for (int i = 1; i < SESSIONS_MAX; i++) {
        if (simulator->sessions[i].cookie[0] == '\0' ||
            simulator->sessions[i].used_at_ms < oldest->used_at_ms) {
            oldest = &simulator->sessions[i];
        }
    }
    IGNORE(snprintf(oldest->cookie, sizeof oldest->cookie, "sid%u%09u-%lld", 1 + random_below(9),
                    random_below(1000000000),
                    (long long)(time_now() / SECOND_MS) +
                        simulator_fault_value_locked(simulator, FAULT_CLOCK)),
           "fits");
    oldest->used_at_ms = now_ms;
    simulator->login.wrong_count = 0;
    simulator->statistics.logins++;
    IGNORE(snprintf(members, sizeof members, "\"cookie\":\"%s\"", oldest->cookie), "fits");
    simulator_reply_status(reply, 0, members);
}

void simulator_login_reply(struct simulator *simulator, const json_t *request,
                           struct simulator_reply *reply)
{
    const char *token = json_text(request, "token", "");
    int64_t now_ms = time_monotonic_ms();
    char expected[MD5_TEXT_SIZE];

    simulator_lock(simulator);
    simulator->statistics.credential_bytes += strlen(token);
    if (user_is_known(simulator, request, reply) && !is_locked_locked(simulator, now_ms, reply)) {
        char *challenge = simulator->login.challenge;
        const char *password = simulator->options.password;
        hash_md5_text(challenge, strlen(challenge), password, strlen(password), expected);
        bool is_right = challenge[0] != '\0' && strcmp(token, expected) == 0;
        challenge[0] = '\0';
        in_flight_end_locked(simulator);
        if (is_right) {
            login_accept_locked(simulator, now_ms, reply);
        } else {
            login_refuse_locked(simulator, now_ms, reply);
        }
    }
    simulator_unlock(simulator);
}

int simulator_cookie_judge(struct simulator *simulator, const char *cookie)
{
    int64_t now_ms = time_monotonic_ms();
    int64_t life_ms = (int64_t)simulator->options.cookie_life_s * SECOND_MS;
    int status = -6;

    if (cookie == NULL || cookie[0] == '\0') {
        return -5;
    }
    simulator_lock(simulator);
    simulator->statistics.credential_bytes += strlen(cookie);
    for (int i = 0; i < SESSIONS_MAX; i++) {
        struct session *session = &simulator->sessions[i];
        if (strcmp(session->cookie, cookie) == 0 && now_ms - session->used_at_ms < life_ms) {
            session->used_at_ms = now_ms;
            status = 0;
        }
    }
    simulator_unlock(simulator);
    return status;
}

void simulator_cookie_forget(struct simulator *simulator, const char *cookie)
{
    simulator_lock(simulator);
    for (int i = 0; i < SESSIONS_MAX; i++) {
        if (strcmp(simulator->sessions[i].cookie, cookie) == 0) {
            simulator->sessions[i] = (struct session){ 0 };
        }
    }
    simulator->statistics.logouts++;
    simulator_unlock(simulator);
}

void simulator_challenges_abandon(struct simulator *simulator)
{
    simulator_lock(simulator);
    memset(simulator->login.challenges_at_ms, 0, sizeof simulator->login.challenges_at_ms);
    simulator_unlock(simulator);
}

void simulator_sessions_expire_locked(struct simulator *simulator)
{
    memset(simulator->sessions, 0, sizeof simulator->sessions);
    for (int i = 0; i < NONCES_MAX; i++) {
        simulator->nonces[i].is_expired = true;
    }
}

void simulator_sessions_expire(struct simulator *simulator)
{
    simulator_lock(simulator);
    simulator_sessions_expire_locked(simulator);
    simulator_unlock(simulator);
}

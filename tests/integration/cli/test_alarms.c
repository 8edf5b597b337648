/* Each kind of alarm: raised when exactly that is broken, cleared when it is mended. */
#include "alarms.h"

/* Raised, alone, and complete. */
static void raised_check(const struct server *server, const char *kind, const char *evidence)
{
    AUTO(json_release) json_t *answer = alarm_wait(server, kind, true);
    const json_t *alarm = alarm_in(answer, kind);

    if (json_array_size(json_object_get(answer, "alarms")) != 1 ||
        strstr(text_at(alarm, "detail"), evidence) == NULL) {
        AUTO(free) char *text = json_dumps(answer, JSON_INDENT(1));
        fail_msg("not '%s' alone with '%s': %s", kind, evidence, text);
    }
    time_ms since = 0;
    assert_true(time_parse(text_at(alarm, "since"), &since));
    assert_true(since <= time_now());
    assert_true(json_is_null(json_object_get(alarm, "cleared_at")));
    assert_true(strlen(text_at(alarm, "message")) > 15 && strlen(text_at(alarm, "advice")) > 15);
    assert_int_equal(strlen(text_at(alarm, "id")), 16);
    contract_check("Alarm", alarm);
}

static void cleared_check(const struct server *server, const char *kind)
{
    json_decref(alarm_wait(server, kind, false));
    AUTO(json_release) json_t *all = server_get(server, "/api/alarms?state=all");
    const json_t *alarm = alarm_in(all, kind);
    time_ms cleared = 0;

    assert_non_null(alarm);
    assert_true(time_parse(text_at(alarm, "cleared_at"), &cleared));
    assert_true(time_now() - cleared < MINUTE_MS);
}

/* The pauses that were agreed with the PBX are over: what a test need not wait for. */
static void pauses_end(const struct server *server)
{
    change(server, "UPDATE lane SET blocked_until = 0 WHERE stage = 'fetch';"
                   "UPDATE job SET run_at = 1 WHERE worker IS NULL;");
}

static void attempts_wait(const struct server *server, const char *reason, int64_t count)
{
    int64_t until_ms = time_monotonic_ms() + SETTLE_MS;

    while (server_number(server, "SELECT count(*) FROM attempt WHERE reason = $1", reason) <
           count) {
        if (time_monotonic_ms() > until_ms) {
            log_show(server);
            fail_msg("there are not %lld attempts with '%s'", (long long)count, reason);
        }
        pauses_end(server);
        time_sleep_ms(10 * LOOK_MS);
    }
}

/* ---- What the database shows ---- */

/* Each on a server that is well otherwise. */
static const struct {
    const char *kind, *tenant, *evidence, *breaks, *mends;
} findings[] = {
    { "no_cdr", "default", "about 60 usually come",
      /* 20 calls in each hour of four weeks, the last of them three hours ago. */
      "WITH RECURSIVE hour(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM hour WHERE n < 671),"
      " turn(m) AS (SELECT 0 UNION ALL SELECT m + 1 FROM turn WHERE m < 19)"
      " INSERT INTO call (id, tenant_id, pbx_id, call_key, first_leg, direction, started_at,"
      " created_at) SELECT 1000 + n * 20 + m, tenant_id, pbx.id, 'made-' || n || '-' || m, '',"
      " 'inbound', at.now - n * 3600000 - m * 1000, at.now - n * 3600000 - m * 1000"
      " FROM hour, turn, pbx,"
      " (SELECT (CAST(strftime('%s', 'now') AS INTEGER) - 3 * 3600) * 1000 AS now) AS at;"
      "DELETE FROM rhythm;",
      "INSERT INTO call (id, tenant_id, pbx_id, call_key, first_leg, direction, started_at,"
      " created_at) SELECT 1, tenant_id, id, 'new', '', 'inbound',"
      " CAST(strftime('%s', 'now') AS INTEGER) * 1000,"
      " CAST(strftime('%s', 'now') AS INTEGER) * 1000 FROM pbx;" },
    { "reconcile_failing", "default", "no_permission",
      "INSERT INTO reconciliation (pbx_id, tenant_id, polled_at, reason, detail)"
      " SELECT id, tenant_id, (CAST(strftime('%s', 'now') AS INTEGER) - 1860) * 1000,"
      " 'no_permission', 'status -47' FROM pbx WHERE true ON CONFLICT (pbx_id) DO UPDATE SET"
      " polled_at = excluded.polled_at, reason = excluded.reason;",
      "UPDATE reconciliation SET reason = NULL;" },
    { "backlog", NULL, "transcribe: 2 jobs",
      "UPDATE lane SET running_max = 0 WHERE stage = 'transcribe';"
      "INSERT INTO job (subject_id, lane_id, tenant_id, run_at, queued_at)"
      " SELECT late.n, id, owner_id, (CAST(strftime('%s', 'now') AS INTEGER) - late.n) * 1000, 1"
      " FROM lane, (SELECT 960 AS n UNION SELECT 961 UNION SELECT 60) AS late"
      " WHERE stage = 'transcribe';",
      "DELETE FROM job;" },
    { "audit_violation", NULL, "3 violations", AUDIT_BREAKS, AUDIT_MENDS },
};

static void what_the_database_shows_is_raised_and_cleared(void **state)
{
    const struct scene *scene = *state;
    const struct server *server = &scene->server;

    for (size_t i = 0; i < COUNT_OF(findings); i++) {
        change(server, findings[i].breaks);
        raised_check(server, findings[i].kind, findings[i].evidence);
        AUTO(json_release) json_t *answer = server_get(server, "/api/alarms?state=raised");
        assert_string_equal(text_at(alarm_in(answer, findings[i].kind), "tenant"),
                            findings[i].tenant != NULL ? findings[i].tenant : "");
        change(server, findings[i].mends);
        cleared_check(server, findings[i].kind);
    }
}

static void webhooks_that_cannot_be_read_are_told_for_a_day(void **state)
{
    const struct scene *scene = *state;
    const struct server *server = &scene->server;
    AUTO(reply_clear) struct reply reply = { 0 };

    server_ask_with(server, "/api/webhook/cdr/default", "{ this is no JSON", 0,
                    "Content-Type: application/json", NULL, NULL, &reply);
    assert_int_equal(reply.status, 202);
    raised_check(server, "quarantine", "1 webhooks of the last 24 hours");
    change(server, "UPDATE webhook SET id = id - 25 * 3600000 * 4194304;");
    cleared_check(server, "quarantine");
}

/* ---- What the PBX does ---- */

static void a_pbx_that_resets_connections_is_unreachable(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;

    fault_set(scene, "reset-before-tls", -1, 0);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    attempts_wait(&scene->server, "connection_reset", 3);
    time_sleep_ms(3 * SECOND_MS); /* Three looks: that it fails is not enough, it must last. */
    json_decref(alarm_wait(&scene->server, "pbx_unreachable", false));
    change(&scene->server, "UPDATE attempt SET at = at - 660000; UPDATE pbx SET edited_at = 1;");
    raised_check(&scene->server, "pbx_unreachable", "failed requests in a row");
    fault_set(scene, "reset-before-tls", 0, 0);
    pauses_end(&scene->server);
    json_decref(recording_wait(&scene->server, added.recordings[0].path, "stored", NULL));
    cleared_check(&scene->server, "pbx_unreachable");
}

static void password_enter(const struct server *server, const char *password)
{
    char path[128];
    struct error error = { 0 };

    IGNORE(snprintf(path, sizeof path, "%s/password", server->folder), "fits");
    assert_true(file_write(path, password, strlen(password), 0600, &error));
    server_must(
        server,
        &(struct command){ .arguments = { "tenant", "pbx", "default", "--password-file", path } },
        NULL);
}

static void a_refused_login_is_told_until_the_password_is_right(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;

    password_enter(&scene->server, "not-the-password");
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    raised_check(&scene->server, "pbx_refusing", "login_refused");
    password_enter(&scene->server, UCM_PASSWORD);
    cleared_check(&scene->server, "pbx_refusing");
}

static void a_changed_certificate_is_told_with_both_keys(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;

    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    json_decref(recording_wait(&scene->server, added.recordings[0].path, "stored", NULL));
    fault_set(scene, "certificate-changed", -1, 0);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    raised_check(&scene->server, "certificate_changed", simulator_public_key_pin(scene->ucm));
    fault_set(scene, "certificate-changed", 0, 0);
    pauses_end(&scene->server);
    json_decref(recording_wait(&scene->server, added.recordings[0].path, "stored", NULL));
    cleared_check(&scene->server, "certificate_changed");
}

static void recordings_that_do_not_come_lower_the_yield(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;

    fault_set(scene, "not-found", -1, 0);
    for (int i = 0; i < 5; i++) {
        struct simulator_added added;
        call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
        json_decref(recording_wait(server, added.recordings[0].path, "waiting", "not_there_yet"));
    }
    change(server, "UPDATE recording SET wanted_since = wanted_since - 1860000;");
    raised_check(server, "yield_low", "0 of 5 recordings");
    fault_set(scene, "not-found", 0, 0);
    pauses_end(server);
    collection_wait(server, "stored", 5);
    cleared_check(server, "yield_low");
}

/* ---- What our side does ---- */

static void a_storage_that_takes_nothing_is_told(void **state)
{
    const struct scene *scene = *state;
    static const char *const roles[] = { "collect", "speech", "insight" };
    char drafts[160];
    char away[160];

    for (size_t i = 0; i < COUNT_OF(roles); i++) { /* Each makes the folder when it starts. */
        assert_true(role_wait(&scene->server, roles[i], 0) > 0);
    }
    IGNORE(snprintf(drafts, sizeof drafts, "%s/recordings/.drafts", scene->server.data), "fits");
    IGNORE(snprintf(away, sizeof away, "%s/away", scene->server.data), "fits");
    assert_int_equal(rename(drafts, away), 0);
    raised_check(&scene->server, "storage_failing", "draft");
    assert_int_equal(rename(away, drafts), 0);
    cleared_check(&scene->server, "storage_failing");
}

static void little_room_is_told(void **state)
{
    struct scene *scene = *state;
    struct server *server = &scene->server;

    server_stop(server);
    server_set(server, "STORAGE_FREE_MIN_GIB", "1048576");
    server_start(server);
    raised_check(server, "storage_nearly_full", "are free");
    server_stop(server);
    server_set(server, "STORAGE_FREE_MIN_GIB", "0");
    server_start(server);
    cleared_check(server, "storage_nearly_full");
}

/* The role is stopped, not dead: so nobody starts it anew, and it beats no more. */
static void a_role_that_shows_no_life_is_told(void **state)
{
    struct scene *scene = *state;
    struct server *server = &scene->server;

    server_stop(server);
    server_set(server, "TRANSCRIPTION_ENABLED", "true");
    server_start(server);
    pid_t speech = role_wait(server, "speech", 0);
    assert_int_equal(kill(speech, SIGSTOP), 0);
    change(server, "UPDATE process SET seen_at = seen_at - 60000 WHERE role = 'speech';");
    AUTO(json_release) json_t *answer = alarm_wait(server, "role_silent", true);
    bool is_named =
        strstr(text_at(alarm_in(answer, "role_silent"), "detail"), "speech: no sign") != NULL;
    assert_int_equal(kill(speech, SIGCONT), 0);
    assert_true(is_named);
    cleared_check(server, "role_silent");
}

/* ---- Coming and going ---- */

/* Away for one look and back: neither cleared nor told again. */
static void what_flickers_is_told_once(void **state)
{
    const struct scene *scene = *state;
    const struct server *server = &scene->server;
    static const char BREAKS[] = "INSERT INTO audit (id, tenant_id, is_whole, started_at, "
                                 "ended_at, violation_count, content)"
                                 " VALUES (9000000000000000001, 0, 1, 1, 1770325200000, 1, '{}')"
                                 " ON CONFLICT (id) DO UPDATE SET violation_count = 1;";

    change(server, BREAKS);
    raised_check(server, "audit_violation", "1 violations");
    for (int i = 0; i < 3; i++) {
        change(server, "UPDATE audit SET violation_count = 0;");
        int64_t until_ms = time_monotonic_ms() + SETTLE_MS;
        while (server_number(server, "SELECT fine_count FROM alarm WHERE kind = $1",
                             "audit_violation") == 0) {
            assert_true(time_monotonic_ms() < until_ms);
            time_sleep_ms(LOOK_MS);
        }
        change(server, BREAKS);
        while (server_number(server, "SELECT fine_count FROM alarm WHERE kind = $1",
                             "audit_violation") > 0) {
            assert_true(time_monotonic_ms() < until_ms);
            time_sleep_ms(LOOK_MS);
        }
    }
    assert_int_equal(
        server_number(server, "SELECT count(*) FROM alarm WHERE kind = $1", "audit_violation"), 1);
    assert_int_equal(server_number(server, "SELECT count(*) FROM event WHERE stage = $1", "alarm"),
                     1);
}

/* Found in one look only: nobody hears of it. */
static void what_is_found_once_is_no_alarm_yet(void **state)
{
    const struct scene *scene = *state;
    const struct server *server = &scene->server;
    int64_t until_ms = time_monotonic_ms() + SETTLE_MS;

    /* Held still between two looks. */
    change(server, "INSERT INTO audit (id, tenant_id, is_whole, started_at, ended_at, "
                   "violation_count, content)"
                   " VALUES (9000000000000000001, 0, 1, 1, 1770325200000, 1, '{}');");
    while (server_number(server, "SELECT count(*) FROM alarm WHERE kind = $1", "audit_violation") ==
           0) {
        assert_true(time_monotonic_ms() < until_ms);
        time_sleep_ms(1);
    }
    change(server, "DELETE FROM audit;");
    AUTO(json_release) json_t *answer = server_get(server, "/api/alarms?state=all");
    assert_null(alarm_in(answer, "audit_violation"));
    while (server_number(server, "SELECT count(*) FROM alarm WHERE kind = $1", "audit_violation") >
           0) {
        assert_true(time_monotonic_ms() < until_ms);
        time_sleep_ms(LOOK_MS);
    }
    assert_int_equal(server_number(server, "SELECT count(*) FROM event WHERE stage = $1", "alarm"),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCHED(what_the_database_shows_is_raised_and_cleared),
        WATCHED(webhooks_that_cannot_be_read_are_told_for_a_day),
        WATCHED(a_pbx_that_resets_connections_is_unreachable),
        WATCHED(a_refused_login_is_told_until_the_password_is_right),
        WATCHED(a_changed_certificate_is_told_with_both_keys),
        WATCHED(recordings_that_do_not_come_lower_the_yield),
        WATCHED(a_storage_that_takes_nothing_is_told),
        WATCHED(little_room_is_told),
        WATCHED(a_role_that_shows_no_life_is_told),
        WATCHED(what_flickers_is_told_once),
        WATCHED(what_is_found_once_is_no_alarm_yet),
    };
    return cmocka_run_group_tests_name("cli/alarms", tests, NULL, NULL);
}

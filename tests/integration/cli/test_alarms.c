/* Each kind of alarm: raised when exactly that is broken, cleared when it is mended; and what the
 * API, the events and the command line say of it, to whom. */
#include "receiver.h"

/* ---- Little helpers of this file ---- */

/* A served scene whose watch looks every second. */
static int watched_setup(void **state)
{
    struct scene *scene = memory_new(sizeof *scene);

    *state = scene;
    scene_make(scene, NULL);
    server_set(&scene->server, "WATCH_INTERVAL", "1s");
    server_set(&scene->server, "NOTIFY_ALLOWED_NETWORKS", "127.0.0.1/32");
    server_start(&scene->server);
    return 0;
}

static void change(const struct server *server, const char *sql)
{
    AUTO(db_close) struct db *db = server_db(server);
    struct error error = { 0 };

    if (!db_script(db, sql, &error)) {
        fail_msg("%s: %s", sql, error.message);
    }
}

/* The alarm of that kind in the list, NULL when there is none; borrowed. */
static const json_t *alarm_in(const json_t *answer, const char *kind)
{
    const json_t *list = json_object_get(answer, "alarms");

    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(text_at(json_array_get(list, i), "kind"), kind) == 0) {
            return json_array_get(list, i);
        }
    }
    return NULL;
}

/* Until the kind is raised (or not); the whole answer, yours to release. */
static json_t *alarm_wait(const struct server *server, const char *kind, bool is_raised)
{
    int64_t until_ms = time_monotonic_ms() + SETTLE_MS;

    for (;;) {
        json_t *answer = server_get(server, "/api/alarms");
        if ((alarm_in(answer, kind) != NULL) == is_raised) {
            return answer;
        }
        if (time_monotonic_ms() > until_ms) {
            AUTO(free) char *text = json_dumps(answer, JSON_INDENT(1));
            log_show(server);
            fail_msg("the alarm '%s' is%s raised: %s", kind, is_raised ? " not" : "", text);
        }
        json_decref(answer);
        time_sleep_ms(10 * LOOK_MS);
    }
}

/* The object has every member that api/openapi.json requires of that schema, and none that it does
 * not name. */
static void contract_check(const char *schema, const json_t *object)
{
    char path[128];
    char *content = NULL;
    size_t size = 0;
    const char *name = NULL;
    json_t *value = NULL;
    size_t index = 0;
    struct error error = { 0 };

    assert_true(file_read("api/openapi.json", 1 * MIB, &content, &size, &error));
    AUTO(json_release) json_t *contract = json_read(content, size, &error);
    free(content);
    IGNORE(snprintf(path, sizeof path, "components.schemas.%s", schema), "fits");
    const json_t *shape = json_at(contract, path);
    assert_true(json_array_size(json_object_get(shape, "required")) > 0);
    json_array_foreach(json_object_get(shape, "required"), index, value)
    {
        if (json_object_get(object, json_string_value(value)) == NULL) {
            fail_msg("%s lacks '%s'", schema, json_string_value(value));
        }
    }
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (json_object_get(json_object_get(shape, "properties"), name) == NULL) {
            fail_msg("the contract knows no '%s' of %s", name, schema);
        }
    }
}

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
    { "audit_violation", NULL, "3 violations",
      "INSERT INTO audit (id, started_at, ended_at, violation_count) VALUES"
      " (9000000000000000001, 1, 1770325200000, 3);",
      "INSERT INTO audit (id, started_at, ended_at, violation_count) VALUES"
      " (9000000000000000002, 1, 1770325200000, 0);" },
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
    char drafts[160];
    char away[160];

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
    static const char BREAKS[] = "INSERT INTO audit (id, started_at, ended_at, violation_count)"
                                 " VALUES (9000000000000000001, 1, 1770325200000, 1)"
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
    change(server, "INSERT INTO audit (id, started_at, ended_at, violation_count)"
                   " VALUES (9000000000000000001, 1, 1770325200000, 1);");
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

/* ---- Who sees what ---- */

static long ask_as(const struct server *server, const char *method, const char *path,
                   const char *body, const char *token, struct reply *reply)
{
    char url[256];
    char bearer[192];

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server->port, path), "fits");
    IGNORE(snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", token), "fits");
    web_ask(&(struct ask){ .method = method, .url = url, .body = body, .headers = { bearer } },
            reply);
    return reply->status;
}

static void alarms_are_told_to_those_whom_they_concern(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    char manager[128];
    char other[128];
    char viewer[128];
    AUTO(reply_clear) struct reply reply = { 0 };

    server_must(server, &(struct command){ .arguments = { "tenant", "create", "other" } }, NULL);
    token_create(server, "default", "manager", manager);
    token_create(server, "default", "viewer", viewer);
    token_create(server, "other", "manager", other);
    change(server, findings[3].breaks); /* The server's. */
    server_ask_with(server, "/api/webhook/cdr/default", "{ this is no JSON", 0, NULL, NULL, NULL,
                    &reply);
    json_decref(alarm_wait(server, "quarantine", true));
    json_decref(alarm_wait(server, "audit_violation", true));

    assert_int_equal(ask_as(server, "GET", "/api/alarms", NULL, viewer, &reply), 403);
    assert_int_equal(ask_as(server, "GET", "/api/alarms", NULL, manager, &reply), 200);
    assert_int_equal(json_array_size(json_at(reply.json, "alarms")), 1);
    assert_non_null(alarm_in(reply.json, "quarantine"));
    assert_int_equal(ask_as(server, "GET", "/api/alarms?tenant=default", NULL, other, &reply), 200);
    assert_int_equal(json_array_size(json_at(reply.json, "alarms")), 0);
    assert_int_equal(ask_as(server, "GET", "/api/alarms", NULL, server->token, &reply), 200);
    assert_int_equal(json_array_size(json_at(reply.json, "alarms")), 2);
    assert_int_equal(ask_as(server, "GET", "/api/alarms?tenant=other", NULL, server->token, &reply),
                     200);
    assert_int_equal(json_array_size(json_at(reply.json, "alarms")), 0);
    assert_int_equal(
        ask_as(server, "GET", "/api/alarms?tenant=nobody", NULL, server->token, &reply), 404);
    assert_int_equal(ask_as(server, "GET", "/api/alarms?state=loud", NULL, server->token, &reply),
                     400);
}

static void targets_of_another_tenant_are_not_there(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    static const char BODY[] = "{\"kind\":\"webhook\",\"address\":\"https://example.test/hook\"}";
    static const char *const deeds[][2] = { { "POST", "/test" },
                                            { "GET", "/deliveries" },
                                            { "DELETE", "" } };
    char tokens[2][128];
    char ids[3][32];
    AUTO(reply_clear) struct reply reply = { 0 };

    server_must(server, &(struct command){ .arguments = { "tenant", "create", "other" } }, NULL);
    token_create(server, "default", "manager", tokens[0]);
    token_create(server, "other", "manager", tokens[1]);
    const char *const owners[] = { tokens[0], tokens[1], server->token };
    for (size_t i = 0; i < COUNT_OF(owners); i++) {
        assert_int_equal(ask_as(server, "POST", "/api/alarm-targets", BODY, owners[i], &reply),
                         201);
        assert_true(strncmp(text_at(reply.json, "secret"), "whsec_", 6) == 0);
        assert_string_equal(text_at(reply.json, "tenant"), i == 0   ? "default"
                                                           : i == 1 ? "other"
                                                                    : "");
        IGNORE(snprintf(ids[i], sizeof ids[i], "%s", text_at(reply.json, "id")), "fits");
    }
    assert_int_equal(ask_as(server, "POST", "/api/alarm-targets", BODY, tokens[0], &reply), 422);
    for (size_t i = 0; i < COUNT_OF(deeds); i++) {
        for (size_t j = 0; j < COUNT_OF(ids); j++) {
            char path[128];
            IGNORE(snprintf(path, sizeof path, "/api/alarm-targets/%s%s", ids[j], deeds[i][1]),
                   "fits");
            long status = ask_as(server, deeds[i][0], path, NULL, tokens[0], &reply);
            assert_true(j == 0 || status == 404);
            assert_true(j > 0 || (status >= 200 && status < 300));
            if (status == 200) {
                contract_check("Delivery", json_at(reply.json, "deliveries.0"));
            }
        }
    }
    assert_int_equal(ask_as(server, "GET", "/api/alarm-targets", NULL, tokens[1], &reply), 200);
    assert_int_equal(json_array_size(json_at(reply.json, "targets")), 1);
    assert_null(strstr(text_get(&reply.body), "whsec_"));
    contract_check("AlarmTarget", json_at(reply.json, "targets.0"));
    assert_int_equal(ask_as(server, "GET", "/api/alarm-targets", NULL, server->token, &reply), 200);
    assert_int_equal(json_array_size(json_at(reply.json, "targets")), 2); /* One was removed. */
}

static void wrong_targets_are_refused_with_a_reason(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    static const struct {
        const char *body, *words;
        long status;
    } rows[] = {
        { "no json", "as JSON", 400 },
        { "{\"kind\":\"webhook\"}", "as JSON", 400 },
        { "{\"kind\":\"pigeon\",\"address\":\"roof\"}", "no kind of target", 422 },
        { "{\"kind\":\"webhook\",\"address\":\"ftp://example.test\"}", "https://", 422 },
        { "{\"kind\":\"webhook\",\"address\":\"https://me:pw@example.test\"}", "user", 422 },
        { "{\"kind\":\"email\",\"address\":\"owner@example.test\"}", "SMTP_URL", 422 },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(reply_clear) struct reply reply = { 0 };
        assert_int_equal(
            ask_as(server, "POST", "/api/alarm-targets", rows[i].body, server->token, &reply),
            rows[i].status);
        assert_non_null(strstr(text_at(reply.json, "detail"), rows[i].words));
    }
}

/* ---- Events and commands ---- */

struct listener {
    const struct server *server;
    struct text heard;
    atomic_bool is_done;
};

static size_t listener_take(char *bytes, size_t size, size_t count, void *context)
{
    struct listener *listener = context;

    text_add_bytes(&listener->heard, bytes, size * count);
    return strstr(text_get(&listener->heard), "\"cleared\"") != NULL ? 0 : size * count;
}

static void *listener_run(void *argument)
{
    struct listener *listener = argument;
    char url[128];
    char bearer[192];
    CURL *easy = curl_easy_init();

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d/api/events", listener->server->port),
           "fits");
    IGNORE(snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", listener->server->token),
           "fits");
    struct curl_slist *headers = curl_slist_append(NULL, bearer);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 2L * SETTLE_MS);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, listener_take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, listener);
    IGNORE(curl_easy_perform(easy), "what was heard tells");
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    listener->is_done = true;
    return NULL;
}

static void dashboards_hear_of_it_live(void **state)
{
    struct scene *scene = *state;
    struct server *server = &scene->server;
    struct listener listener = { .server = server, .heard = TEXT_UP_TO(1 * MIB) };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, listener_run, &listener), 0);
    time_sleep_ms(SECOND_MS); /* Until it listens: events of before are not told. */
    change(server, findings[3].breaks);
    json_decref(alarm_wait(server, "audit_violation", true));
    change(server, findings[3].mends);
    json_decref(alarm_wait(server, "audit_violation", false));
    (void)pthread_join(thread, NULL);
    const char *heard = text_get(&listener.heard);
    assert_non_null(strstr(heard, "event: alarm\n"));
    assert_non_null(strstr(heard, "{\"kind\":\"audit_violation\",\"state\":\"raised\"}"));
    assert_non_null(strstr(heard, "{\"kind\":\"audit_violation\",\"state\":\"cleared\"}"));
    text_clear(&listener.heard);
}

static void the_command_line_says_the_same(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    AUTO(text_clear) struct text output = TEXT_UP_TO(64 * KIB);
    AUTO(text_clear) struct text errors = TEXT_UP_TO(64 * KIB);

    server_must(server, &(struct command){ .arguments = { "alarms" } }, &output);
    assert_string_equal(text_get(&output), "no alarm is raised\n");
    change(server, findings[3].breaks);
    json_decref(alarm_wait(server, "audit_violation", true));
    text_reset(&output);
    server_must(server, &(struct command){ .arguments = { "alarms", "list" } }, &output);
    assert_non_null(strstr(text_get(&output), "audit_violation  this server"));
    assert_non_null(strstr(text_get(&output), "-> Run audiapro audit"));
    text_reset(&output);
    server_must(server, &(struct command){ .arguments = { "alarms", "list", "--json", "--all" } },
                &output);
    assert_non_null(strstr(text_get(&output), "\"audit_violation\""));
    text_reset(&output);
    server_must(server,
                &(struct command){ .arguments = { "alarms", "list", "--tenant", "default" } },
                &output);
    assert_string_equal(text_get(&output), "no alarm is raised\n");
    assert_int_equal(server_command(server, &(struct command){ .arguments = { "alarms", "add" } },
                                    NULL, &errors),
                     2);
    assert_int_equal(
        server_command(server,
                       &(struct command){ .arguments = { "alarms", "add", "--email", "a@b.test" } },
                       NULL, &errors),
        1);
    assert_non_null(strstr(text_get(&errors), "SMTP_URL"));
    assert_int_equal(
        server_command(server,
                       &(struct command){ .arguments = { "alarms", "test", "0000000000000001" } },
                       NULL, &errors),
        1);
}

#define WATCHED(test) cmocka_unit_test_setup_teardown(test, watched_setup, scene_teardown)

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
        WATCHED(alarms_are_told_to_those_whom_they_concern),
        WATCHED(targets_of_another_tenant_are_not_there),
        WATCHED(wrong_targets_are_refused_with_a_reason),
        WATCHED(dashboards_hear_of_it_live),
        WATCHED(the_command_line_says_the_same),
    };
    return cmocka_run_group_tests_name("cli/alarms", tests, NULL, NULL);
}

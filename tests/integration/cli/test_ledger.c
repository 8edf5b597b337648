/* The ledger as people ask it: figures by part, who is not recorded, and trying many again. */
#include "scene.h"

/* ---- Little helpers of this file ---- */

static void sql_run(const struct server *server, const char *sql)
{
    AUTO(db_close) struct db *db = server_db(server);
    struct error error = { 0 };

    if (!db_run(db, sql, DB_NO_VALUES, NULL, &error)) {
        fail_msg("%s: %s", sql, error.message);
    }
}

/* Calls whose recordings the PBX denies, given up by now. The fault is over. */
static void missing_make(struct scene *scene, int count, struct simulator_added *added)
{
    fault_set(scene, "not-found", SIMULATOR_FOREVER, 0);
    for (int i = 0; i < count; i++) {
        call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound, .trunk = "north" },
                  &added[i]);
        json_decref(recording_wait(&scene->server, added[i].recordings[0].path, "waiting",
                                   "not_there_yet"));
    }
    sql_run(&scene->server, "UPDATE recording SET wanted_since = 1 WHERE state <> 'stored'");
    collection_wait(&scene->server, "missing", count);
    simulator_faults_clear(scene->ucm);
}

/* POST /api/recordings/retry with that token; the counts, or the status where it is not 202. */
static void retry_ask(const struct server *server, const char *token, const char *body,
                      struct reply *reply)
{
    char bearer[192];

    IGNORE(snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", token), "fits");
    server_ask_with(server, "/api/recordings/retry", body, 0, bearer,
                    "Content-Type: application/json", NULL, reply);
}

static void retry_check(const struct server *server, const char *token, const char *body,
                        int retried, int waiting)
{
    AUTO(reply_clear) struct reply reply = { 0 };

    retry_ask(server, token, body, &reply);
    if (reply.status != 202 || json_number(reply.json, "retried", -1) != retried ||
        json_number(reply.json, "waiting_for_pbx", -1) != waiting) {
        fail_msg("%s: HTTP %ld %s", body, reply.status, text_get(&reply.body));
    }
}

/* ---- Trying many again ---- */

static void all_with_a_reason_are_tried_again_through_the_api(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added stored;
    struct simulator_added added[3];

    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &stored);
    collection_wait(server, "stored", 1);
    missing_make(scene, 3, added);
    retry_check(server, server->token, "{\"reason\":\"login_refused\"}", 0, 0);
    retry_check(server, server->token, "{\"from\":\"2020-01-01\",\"to\":\"2020-02-01\"}", 0, 0);
    retry_check(server, server->token, "{\"pbx\":\"another\"}", 0, 0);
    assert_int_equal(
        server_number(server, "SELECT count(*) FROM recording WHERE state = 'missing'", NULL), 3);
    retry_check(server, server->token,
                "{\"reason\":\"deleted_on_pbx\",\"from\":\"2020-01-01\",\"to\":null}", 3, 0);
    collection_wait(server, "stored", 4);
    retry_check(server, server->token, "{}", 0, 0);
    assert_int_equal(ucm_seen(scene).downloads, 4); /* The stored one was left alone. */
}

static void a_wrong_wish_is_refused_with_what_is_allowed(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    AUTO(reply_clear) struct reply reply = { 0 };
    static const char *const bodies[] = { "{\"reason\":\"tired\"}",
                                          "{\"reason\":7}",
                                          "{\"from\":\"yesterday\"}",
                                          "[]",
                                          "",
                                          "{\"to\":{}}" };

    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        retry_ask(server, server->token, bodies[i], &reply);
        if (reply.status != 400) {
            fail_msg("%s: HTTP %ld", bodies[i], reply.status);
        }
    }
    retry_ask(server, server->token, bodies[0], &reply);
    assert_string_equal(text_at(reply.json, "code"), "unknown_reason");
    assert_non_null(strstr(text_get(&reply.body), "not_there_yet"));
    assert_non_null(strstr(text_get(&reply.body), "storage_full"));
}

static void a_tenant_s_manager_tries_again_only_what_is_the_tenant_s(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added[2];
    struct simulator_added other;
    char manager[128];
    char viewer[128];
    AUTO(reply_clear) struct reply reply = { 0 };

    server_must(server, &(struct command){ .arguments = { "tenant", "create", "other" } }, NULL);
    sql_run(server, "UPDATE tenant SET webhook_secret = NULL WHERE subdomain = 'other'");
    token_create(server, "other", "manager", manager);
    token_create(server, "other", "viewer", viewer);
    missing_make(scene, 2, added);
    call_add(scene, &(struct simulator_call){ .audio_path = scene->sound }, &other);
    time_sleep_ms(1100); /* The directory of tenants is a second old at most. */
    webhook_send_as(scene, other.call, "other", (struct simulator_webhook){ .username = NULL });

    retry_ask(server, viewer, "{}", &reply);
    assert_int_equal(reply.status, 403);
    /* Its PBX has no address: nothing is asked of it, and the person reads so. */
    retry_check(server, manager, "{}", 0, 1);
    assert_int_equal(
        server_number(server, "SELECT count(*) FROM recording WHERE state = 'missing'", NULL), 2);
    assert_int_equal(server_number(server,
                                   "SELECT count(*) FROM recording WHERE state = 'waiting'"
                                   " AND reason = 'pbx_not_configured' AND next_try_at IS NULL",
                                   NULL),
                     1);
    retry_check(server, server->token, "{}", 2, 1);
    collection_wait(server, "stored", 2);
}

static void the_command_line_tries_many_again(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added[2];
    AUTO(text_clear) struct text output = TEXT_UP_TO(1 * MIB);
    AUTO(text_clear) struct text errors = TEXT_UP_TO(1 * MIB);
    static const struct command wrong[] = {
        { .arguments = { "calls", "retry" } },
        { .arguments = { "calls", "retry", "--reason", "tired" } },
        { .arguments = { "calls", "retry", "--all", "0123456789abcdef" } },
        { .arguments = { "calls", "retry", "--from", "yesterday" } },
    };

    missing_make(scene, 2, added);
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(server_command(server, &wrong[i], NULL, &errors), 2);
    }
    assert_non_null(strstr(text_get(&errors), "deleted_on_pbx"));
    server_must(server,
                &(struct command){ .arguments = { "calls", "retry", "--reason", "throttled" } },
                &output);
    assert_string_equal(text_get(&output), "0 recordings will be tried now\n");
    text_reset(&output);
    server_must(server,
                &(struct command){ .arguments = { "calls", "retry", "--reason", "deleted_on_pbx",
                                                  "--tenant", "default", "--from", "2020-01-01" } },
                &output);
    assert_string_equal(text_get(&output), "2 recordings will be tried now\n");
    collection_wait(server, "stored", 2);
}

/* ---- The figures ---- */

static void the_figures_say_where_recordings_are_missing_and_who_is_not_recorded(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added;
    AUTO(text_clear) struct text output = TEXT_UP_TO(1 * MIB);

    missing_make(scene, 1, &added);
    call_ring(scene,
              &(struct simulator_call){
                  .audio_path = scene->sound, .trunk = "north", .direction = "Outbound" },
              &added);
    for (int i = 0; i < 4; i++) {
        call_ring(scene,
                  &(struct simulator_call){
                      .caller = "230", .trunk = "south", .direction = "Outbound", .talk_s = 5 },
                  &added);
    }
    collection_wait(server, "stored", 1);
    AUTO(json_release) json_t *figures = server_get(server, "/api/collection?tenant=default");
    assert_true(number_at(figures, "expected") == 2);
    assert_true(number_at(figures, "reasons.0.missing") == 1);
    assert_true(number_at(figures, "reasons.0.waiting") == 0);
    assert_string_equal(text_at(figures, "reasons.0.owner"), "pbx_administrator");
    assert_true(number_at(figures, "missing_by.pbx.0.expected") == 2);
    assert_true(number_at(figures, "missing_by.pbx.0.missing") == 1);
    assert_string_equal(text_at(figures, "missing_by.pbx.0.name"), "UCM");
    assert_string_equal(text_at(figures, "missing_by.extension.0.extension"), "3000");
    assert_string_equal(text_at(figures, "missing_by.trunk.0.trunk"), "north");
    assert_string_equal(text_at(figures, "unrecorded.extensions.0.sentence"),
                        "extension 230: 0 of 4 answered calls have a recording: recording is off");
    assert_non_null(
        strstr(text_at(figures, "unrecorded.trunks.0.sentence"), "trunk south: 0 of 4"));
    assert_non_null(strstr(text_at(figures, "unrecorded.trunks.0.advice"), "Auto Record"));

    server_must(server, &(struct command){ .arguments = { "calls", "summary" } }, &output);
    const char *said = text_get(&output);
    assert_non_null(strstr(said, "2 expected, 1 stored, 0 waiting, 1 missing; yield 50.0 %"));
    assert_non_null(strstr(said, "0 waiting, 1 missing: deleted_on_pbx"));
    assert_non_null(strstr(said, "extension 230: 0 of 4 answered calls"));
    AUTO(json_release)
    json_t *none = server_get(server, "/api/collection?from=2020-01-01&to=2020-02-01");
    assert_int_equal(json_array_size(json_at(none, "missing_by.pbx")), 0);
    assert_int_equal(json_array_size(json_at(none, "unrecorded.extensions")), 0);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(all_with_a_reason_are_tried_again_through_the_api),
        SERVED(a_wrong_wish_is_refused_with_what_is_allowed),
        SERVED(a_tenant_s_manager_tries_again_only_what_is_the_tenant_s),
        SERVED(the_command_line_tries_many_again),
        SERVED(the_figures_say_where_recordings_are_missing_and_who_is_not_recorded),
    };
    return cmocka_run_group_tests_name("cli/ledger", tests, NULL, NULL);
}

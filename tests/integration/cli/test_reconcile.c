/* Calls that no webhook told: polled and healed; and none of them twice. */
#include "polling.h"

enum { MANY_CALLS = 1000, SOUNDS = 4 };

/* Only the old API is there, with so many fields; served. */
static int old_start(void **state, int field_count)
{
    struct scene *scene =
        scene_start(state, &(struct simulator_options){ .new_port = SIMULATOR_PORT_OFF,
                                                        .old_field_count = field_count });
    char port[16];

    server_set(&scene->server, "RECONCILE_INTERVAL", field_count == 22 ? "0" : "1s");
    server_start(&scene->server);
    IGNORE(snprintf(port, sizeof port, "%d", simulator_old_port(scene->ucm)), "fits");
    server_must(
        &scene->server,
        &(struct command){ .arguments = { "tenant", "pbx", "default", "--old-port", port } }, NULL);
    return 0;
}

static int old_setup(void **state)
{
    return old_start(state, 32);
}

/* Firmware whose records have neither session nor recordings; it is not polled yet. */
static int oldest_setup(void **state)
{
    return old_start(state, 22);
}

/* ---- Calls while nobody listened ---- */

/* Every third call rings two others in vain first; sounds are shared. */
static int calls_make(struct scene *scene, struct simulator_added *calls, int count,
                      char sounds[SOUNDS][128])
{
    int leg_count = 0;

    for (int i = 0; i < SOUNDS; i++) {
        IGNORE(snprintf(sounds[i], sizeof sounds[i], "%s/sound-%d.wav", scene->server.folder, i),
               "fits");
        sound_write(sounds[i], 1, 100 + (unsigned)i);
    }
    for (int i = 0; i < count; i++) {
        struct simulator_call call = { .audio_path = sounds[i % SOUNDS],
                                       .has_description = i % 2 == 0 };
        if (i % 3 == 2) {
            call.group = "6400";
            call.members[0] = "1001";
            call.members[1] = "1002";
            call.has_fork = true;
        }
        call_add(scene, &call, &calls[i]);
        leg_count += calls[i].leg_count;
    }
    return leg_count;
}

static void a_thousand_calls_of_a_downtime_are_all_there_once(void **state)
{
    static struct simulator_added calls[MANY_CALLS];
    static char sounds[SOUNDS][128];
    struct scene *scene = *state;
    struct server *server = &scene->server;

    server_start(server);
    int leg_count = calls_make(scene, calls, 30, sounds);
    for (int i = 0; i < 30; i++) { /* These were told in time. */
        webhook_send(scene, calls[i].call);
    }
    server_stop(server);
    leg_count += calls_make(scene, calls + 30, MANY_CALLS - 30, sounds);
    int64_t begun_ms = time_monotonic_ms();
    server_start(server);
    for (int i = 0; i < MANY_CALLS; i += 7) { /* Some come late, and twice. */
        webhook_send_as(scene, calls[i].call, "default", (struct simulator_webhook){ .copies = 2 });
    }
    number_wait(server, "SELECT count(*) FROM recording WHERE state = 'stored'", MANY_CALLS,
                MANY_MS);
    print_message("    all %d were stored %lld ms after the start\n", MANY_CALLS,
                  (long long)(time_monotonic_ms() - begun_ms));
    poll_wait(server); /* And the next poll, which sees them all again, adds nothing. */
    AUTO(db_close) struct db *db = server_db(server);
    for (int i = 0; i < MANY_CALLS; i++) {
        stored_check(db, &calls[i].recordings[0]);
    }
    number_check(server, "SELECT count(*) FROM call", MANY_CALLS);
    number_check(server, "SELECT count(*) FROM leg", leg_count);
    number_check(server, "SELECT count(*) FROM webhook", leg_count);
    number_check(server, "SELECT count(*) FROM recording", MANY_CALLS);
    number_check(server, "SELECT count(DISTINCT blob_key) FROM recording", MANY_CALLS);
    number_check(server, "SELECT count(*) FROM event WHERE event = 'stored'", MANY_CALLS);
    assert_in_range(ucm_seen(scene).connections_max, 1, 2);
    assert_in_range(ucm_seen(scene).logins_in_flight_max, 0, 1);
}

static void a_call_that_only_the_poll_tells_is_like_any_other(void **state)
{
    struct scene *scene = *state;
    struct simulator_added told;
    struct simulator_added silent;

    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &told);
    call_add(scene,
             &(struct simulator_call){ .audio_path = scene->longer,
                                       .group = "6500",
                                       .filedir = "queue",
                                       .members = { "1001" },
                                       .has_fork = true,
                                       .second_audio_path = scene->sound },
             &silent);
    AUTO(json_release)
    json_t *call = recording_wait(&scene->server, silent.recordings[0].path, "stored", NULL);
    AUTO(json_release)
    json_t *again = recording_wait(&scene->server, silent.recordings[1].path, "stored", NULL);
    recording_check(&scene->server, again, 0, &silent.recordings[0]);
    recording_check(&scene->server, again, 1, &silent.recordings[1]);
    assert_string_equal(text_at(call, "id"), text_at(again, "id"));
    number_check(&scene->server, "SELECT count(*) FROM call", 2);
    webhook_send(scene, silent.call); /* Late: it brings nothing new. */
    webhook_send(scene, told.call);
    number_check(&scene->server, "SELECT count(*) FROM call", 2);
    number_check(&scene->server, "SELECT count(*) FROM leg", 4);
    number_check(&scene->server, "SELECT count(*) FROM recording", 3);
}

/* ---- Names and files ---- */

static void a_recording_that_is_named_later_is_added_to_its_leg(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;

    poll_wait(&scene->server); /* The directories are looked through once a day: that was now. */
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound, .is_unnamed = true },
              &added);
    poll_wait(&scene->server);
    number_check(&scene->server, "SELECT count(*) FROM recording", 0);
    assert_true(simulator_call_name(scene->ucm, added.call));
    AUTO(json_release)
    json_t *call = recording_wait(&scene->server, added.recordings[0].path, "stored", NULL);
    recording_check(&scene->server, call, 0, &added.recordings[0]);
    number_check(&scene->server, "SELECT count(*) FROM leg", 1);
    number_check(&scene->server, "SELECT recording_count FROM leg", 1);
}

static void a_leg_without_a_name_is_asked_for(void **state)
{
    struct scene *scene = *state;
    struct simulator_added named;
    struct simulator_added unnamed;
    struct simulator_added other;

    poll_wait(&scene->server); /* As above. */
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound, .caller = "1000" },
              &named);
    call_ring(scene,
              &(struct simulator_call){ .audio_path = scene->longer,
                                        .caller = "1000",
                                        .callee = "4912345",
                                        .is_unnamed = true },
              &unnamed);
    /* Nobody records this extension: it is not asked for. */
    call_ring(scene,
              &(struct simulator_call){
                  .audio_path = scene->longer, .caller = "1099", .is_unnamed = true },
              &other);
    AUTO(json_release)
    json_t *call = recording_wait(&scene->server, unnamed.recordings[0].path, "stored", NULL);
    recording_check(&scene->server, call, 0, &unnamed.recordings[0]);
    poll_wait(&scene->server);
    assert_int_equal(ucm_seen(scene).record_infos, 1);
    number_check(&scene->server, "SELECT count(*) FROM recording", 2);
    number_check(&scene->server, "SELECT count(*) FROM call", 3);
}

static void a_file_that_no_record_names_is_found_in_its_directory(void **state)
{
    struct scene *scene = *state;
    struct simulator_added unnamed;
    struct simulator_added alone;
    struct simulator_added young;

    call_add(scene,
             &(struct simulator_call){
                 .audio_path = scene->sound, .caller = "1099", .is_unnamed = true },
             &unnamed);
    call_add(scene,
             &(struct simulator_call){ .audio_path = scene->longer,
                                       .has_no_cdr = true,
                                       .filedir = "queue",
                                       .started_at = time_now() - 6 * (time_ms)HOUR_MS },
             &alone);
    call_add(scene, /* It may still go on: its record may come. */
             &(struct simulator_call){ .audio_path = scene->longer, .has_no_cdr = true }, &young);
    server_start(&scene->server);
    AUTO(json_release)
    json_t *call = recording_wait(&scene->server, unnamed.recordings[0].path, "stored", NULL);
    recording_check(&scene->server, call, 0, &unnamed.recordings[0]);
    AUTO(json_release)
    json_t *other = recording_wait(&scene->server, alone.recordings[0].path, "stored", NULL);
    recording_check(&scene->server, other, 0, &alone.recordings[0]);
    number_check(&scene->server, "SELECT count(*) FROM call", 2);
    number_check(&scene->server, "SELECT count(*) FROM recording", 2);
    sql_run(&scene->server, "UPDATE reconciliation SET listed_at = 1");
    poll_wait(&scene->server);
    poll_wait(&scene->server); /* The second look finds nothing that is not known. */
    number_check(&scene->server, "SELECT count(*) FROM call", 2);
    number_check(&scene->server, "SELECT count(*) FROM recording", 2);
}

static void a_file_whose_record_comes_late_is_no_call_of_its_own_any_more(void **state)
{
    struct scene *scene = *state;
    struct simulator_added late;

    call_add(scene,
             &(struct simulator_call){ .audio_path = scene->longer,
                                       .has_no_cdr = true,
                                       .members = { "1001" },
                                       .started_at = time_now() - 6 * (time_ms)HOUR_MS },
             &late);
    server_start(&scene->server);
    AUTO(json_release)
    json_t *alone = recording_wait(&scene->server, late.recordings[0].path, "stored", NULL);
    assert_string_equal(text_at(alone, "from"), "3000");
    assert_true(simulator_call_name(scene->ucm, late.call));
    webhook_send(scene, late.call);
    AUTO(json_release)
    json_t *call = recording_wait(&scene->server, late.recordings[0].path, "stored", NULL);
    recording_check(&scene->server, call, 0, &late.recordings[0]);
    assert_string_not_equal(text_at(call, "id"), text_at(alone, "id"));
    number_check(&scene->server, "SELECT count(*) FROM call", 1);
    number_check(&scene->server, "SELECT count(*) FROM leg", 2);
    number_check(&scene->server, "SELECT count(*) FROM recording", 1);
    number_check(&scene->server,
                 "SELECT count(*) FROM event WHERE call_id NOT IN (SELECT id FROM call)", 0);
}

/* A sender that calls its leg as we call ours. */
static void nobody_can_send_a_leg_that_another_call_takes_over(void **state)
{
    static const char *const bodies[] = {
        "{\"AcctId\":\"file\",\"uniqueid\":\"1770326441.1\",\"session\":\"17703264411-1000\","
        "\"src\":\"1000\",\"recordfiles\":\"2026-02/auto-1770326441-1000-2000.wav@\"}",
        "{\"AcctId\":\"42\",\"uniqueid\":\"1770326442.2\",\"session\":\"17703264422-1000\","
        "\"src\":\"1000\",\"recordfiles\":\"2026-02/auto-1770326441-1000-2000.wav@\"}",
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        AUTO(reply_clear) struct reply reply = { 0 };
        server_ask_with(&scene->server, "/api/webhook/cdr/default", bodies[i], strlen(bodies[i]),
                        NULL, NULL, NULL, &reply);
        assert_int_equal(reply.status, 200);
    }
    number_check(&scene->server, "SELECT count(*) FROM call", 2);
    number_check(&scene->server, "SELECT count(*) FROM leg", 2);
    number_check(&scene->server, "SELECT count(*) FROM recording_also", 1);
}

/* ---- What a PBX may do wrong ---- */

static void an_empty_answer_is_not_taken_for_no_calls(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;
    struct simulator_added silent;
    char detail[400];

    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    poll_wait(&scene->server);
    fault_set(scene, "cdrs-empty", SIMULATOR_FOREVER, 0);
    refusal_wait(&scene->server, "calls_not_listed");
    assert_non_null(strstr(
        text_get_sql(&scene->server, "SELECT detail FROM reconciliation", detail), added.acct_id));
    assert_true(log_has(&scene->server, "reconcile.failed"));
    AUTO(text_clear) struct text output = TEXT_UP_TO(64 * KIB);
    server_must(&scene->server, &(struct command){ .arguments = { "tenant", "list", "--json" } },
                &output);
    AUTO(json_release) json_t *tenants = json_loads(text_get(&output), 0, NULL);
    assert_string_equal(text_at(tenants, "0.poll"), "calls_not_listed");
    assert_string_equal(text_at(tenants, "0.poll_detail"), detail);
    assert_true(text_at(tenants, "0.polled_at")[0] != '\0');
    call_add(scene, &(struct simulator_call){ .audio_path = scene->sound }, &silent);
    fault_set(scene, "cdrs-empty", 0, 0);
    AUTO(json_release)
    json_t *call = recording_wait(&scene->server, silent.recordings[0].path, "stored", NULL);
    number_check(&scene->server, "SELECT count(*) FROM reconciliation WHERE reason IS NULL", 1);
    assert_string_equal(text_at(call, "recordings.0.state"), "stored");
}

static void a_pbx_that_ignores_the_page_is_asked_for_shorter_periods(void **state)
{
    enum { CALL_COUNT = 250 };
    struct scene *scene = *state;
    time_ms now = time_now();

    for (int i = 0; i < CALL_COUNT; i++) {
        struct simulator_added added;
        call_add(scene, &(struct simulator_call){ .talk_s = 1, .started_at = now - i * 20 * 1000 },
                 &added);
    }
    fault_set(scene, "offset-ignored", SIMULATOR_FOREVER, 0);
    server_start(&scene->server);
    number_wait(&scene->server, "SELECT count(*) FROM call", CALL_COUNT, SETTLE_MS);
    poll_wait(&scene->server);
    number_check(&scene->server, "SELECT count(*) FROM leg", CALL_COUNT);
}

static void firmware_that_knows_no_ends_is_asked_by_the_start(void **state)
{
    struct scene *scene = *state;
    struct simulator_added told;
    struct simulator_added silent;

    fault_set(scene, "filter-unknown", SIMULATOR_FOREVER, 0);
    server_start(&scene->server);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &told);
    call_add(scene, &(struct simulator_call){ .audio_path = scene->longer }, &silent);
    json_decref(recording_wait(&scene->server, silent.recordings[0].path, "stored", NULL));
    poll_wait(&scene->server);
    number_check(&scene->server, "SELECT count(*) FROM reconciliation WHERE reason IS NULL", 1);
    number_check(&scene->server, "SELECT count(*) FROM call", 2);
}

static void clock_try(struct scene *scene, long seconds)
{
    struct simulator_added before;
    struct simulator_added down;
    struct simulator_added later;

    fault_set(scene, "clock", SIMULATOR_FOREVER, seconds);
    call_add(scene, &(struct simulator_call){ .audio_path = scene->sound }, &before);
    server_start(&scene->server);
    json_decref(recording_wait(&scene->server, before.recordings[0].path, "stored", NULL));
    server_stop(&scene->server);
    call_add(scene, &(struct simulator_call){ .audio_path = scene->longer }, &down);
    server_start(&scene->server);
    json_decref(recording_wait(&scene->server, down.recordings[0].path, "stored", NULL));
    poll_wait(&scene->server);
    call_add(scene, &(struct simulator_call){ .audio_path = scene->sound }, &later);
    json_decref(recording_wait(&scene->server, later.recordings[0].path, "stored", NULL));
    number_check(&scene->server, "SELECT count(*) FROM call", 3);
}

static void a_pbx_whose_clock_is_a_day_ahead_hides_no_call(void **state)
{
    clock_try(*state, 86400);
}

static void a_pbx_whose_clock_is_a_day_behind_hides_no_call(void **state)
{
    clock_try(*state, -86400);
}

static void the_old_api_is_polled_by_the_start(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;
    struct simulator_added long_call;

    call_add(scene, &(struct simulator_call){ .audio_path = scene->sound, .members = { "1001" } },
             &added);
    json_decref(recording_wait(&scene->server, added.recordings[0].path, "stored", NULL));
    poll_wait(&scene->server);
    /* It began three hours ago, and has ended just now. */
    call_add(scene,
             &(struct simulator_call){ .started_at = time_now() - 3 * (time_ms)HOUR_MS,
                                       .talk_s = 3 * 3600 },
             &long_call);
    number_wait(&scene->server, "SELECT count(*) FROM call", 2, SETTLE_MS);
    number_check(&scene->server, "SELECT count(*) FROM leg", 3);
    assert_in_range(ucm_seen(scene).connections_max, 1, 2);
}

/* All that its records tell is that there was a call. */
static void recordings_of_the_oldest_firmware_are_found_in_its_directories(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;

    call_add(scene, &(struct simulator_call){ .audio_path = scene->sound, .members = { "1001" } },
             &added);
    server_stop(&scene->server);
    server_set(&scene->server, "RECONCILE_INTERVAL", "1s");
    server_start(&scene->server);
    AUTO(json_release)
    json_t *call = recording_wait(&scene->server, added.recordings[0].path, "stored", NULL);
    recording_check(&scene->server, call, 0, &added.recordings[0]);
    number_check(&scene->server, "SELECT count(*) FROM call", 1);
    number_check(&scene->server, "SELECT count(*) FROM leg", 2);
}

static void a_record_without_a_session_joins_the_call_of_its_channel(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;
    AUTO(reply_clear) struct reply reply = { 0 };
    char body[600];

    call_add(scene,
             &(struct simulator_call){ .audio_path = scene->sound,
                                       .members = { "1001", "1002" },
                                       .started_at = time_now() - HOUR_MS },
             &added);
    /* One of its three webhooks came, of firmware that tells the session. */
    IGNORE(snprintf(body, sizeof body,
                    "{\"AcctId\":\"%s\",\"uniqueid\":\"%s\",\"session\":\"%s\","
                    "\"src\":\"3000\",\"dst\":\"2815550100\",\"disposition\":\"ANSWERED\","
                    "\"recordfiles\":\"%s@\"}",
                    added.acct_id, added.uniqueid, added.session, added.recordings[0].path),
           "fits");
    server_ask_with(&scene->server, "/api/webhook/cdr/default", body, strlen(body), NULL, NULL,
                    NULL, &reply);
    assert_int_equal(reply.status, 200);
    server_stop(&scene->server);
    server_set(&scene->server, "RECONCILE_INTERVAL", "1s");
    server_start(&scene->server);
    number_wait(&scene->server, "SELECT count(*) FROM leg", 3, SETTLE_MS);
    number_check(&scene->server, "SELECT count(*) FROM call", 1);
    json_decref(recording_wait(&scene->server, added.recordings[0].path, "stored", NULL));
}

static void a_refused_login_of_the_poll_stops_the_pbx_as_any_other(void **state)
{
    struct scene *scene = *state;

    fault_set(scene, "login-refused", SIMULATOR_FOREVER, 0);
    server_start(&scene->server);
    refusal_wait(&scene->server, "login_refused");
    number_check(&scene->server, "SELECT count(*) FROM pbx WHERE stop_reason = 'login_refused'", 1);
    int refused = ucm_seen(scene).challenges;
    time_sleep_ms(3000); /* Three intervals. */
    assert_int_equal(ucm_seen(scene).challenges, refused);
}

static void two_collecting_processes_never_poll_at_once(void **state)
{
    enum { CALL_COUNT = 40 };
    static struct simulator_added calls[CALL_COUNT];
    static char sounds[SOUNDS][128];
    struct scene *scene = *state;

    pid_t second = role_start(&scene->server, "collect", 0);
    for (int i = 0; i < CALL_COUNT / 4; i++) {
        IGNORE(calls_make(scene, calls + i * 4, 4, sounds), "the legs are not counted here");
        time_sleep_ms(300);
    }
    number_wait(&scene->server, "SELECT count(*) FROM recording WHERE state = 'stored'", CALL_COUNT,
                MANY_MS);
    process_end(second);
    number_check(&scene->server, "SELECT count(*) FROM call", CALL_COUNT);
    number_check(&scene->server, "SELECT count(*) FROM recording", CALL_COUNT);
    assert_in_range(ucm_seen(scene).connections_max, 1, 2);
    assert_in_range(ucm_seen(scene).logins_in_flight_max, 0, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        POLLING(a_call_that_only_the_poll_tells_is_like_any_other),
        POLLING(a_recording_that_is_named_later_is_added_to_its_leg),
        POLLING(a_leg_without_a_name_is_asked_for),
        UNSERVED(a_file_that_no_record_names_is_found_in_its_directory),
        UNSERVED(a_file_whose_record_comes_late_is_no_call_of_its_own_any_more),
        POLLING(nobody_can_send_a_leg_that_another_call_takes_over),
        POLLING(an_empty_answer_is_not_taken_for_no_calls),
        UNSERVED(a_pbx_that_ignores_the_page_is_asked_for_shorter_periods),
        UNSERVED(firmware_that_knows_no_ends_is_asked_by_the_start),
        UNSERVED(a_pbx_whose_clock_is_a_day_ahead_hides_no_call),
        UNSERVED(a_pbx_whose_clock_is_a_day_behind_hides_no_call),
        cmocka_unit_test_setup_teardown(the_old_api_is_polled_by_the_start, old_setup,
                                        scene_teardown),
        cmocka_unit_test_setup_teardown(a_record_without_a_session_joins_the_call_of_its_channel,
                                        oldest_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(
            recordings_of_the_oldest_firmware_are_found_in_its_directories, oldest_setup,
            scene_teardown),
        UNSERVED(a_refused_login_of_the_poll_stops_the_pbx_as_any_other),
        POLLING(two_collecting_processes_never_poll_at_once),
        UNSERVED(a_thousand_calls_of_a_downtime_are_all_there_once),
    };
    cmocka_set_test_filter(getenv("RECONCILE_TEST")); /* "*clock*": only those */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

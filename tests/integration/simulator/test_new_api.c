/* POST /api: login, cookies, CDRs, recordings. */
#include "client.h"

static void a_good_token_gives_a_cookie_that_works(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    CHECK(strncmp(scene.cookie, "sid", 3) == 0);
    CHECK(strchr(scene.cookie, '-') != NULL);
    act(scene.simulator, "getSystemStatus", scene.cookie, "", &answer);
    CHECK_NUMBER(answer_status(&answer), 0);
    CHECK(strstr(text_get(&answer.body), "EXAMPLE00000001") != NULL);
    CHECK(strstr(text_get(&answer.head), "Connection: close") != NULL);
    act(scene.simulator, "logout", scene.cookie, "", &answer);
    CHECK_NUMBER(answer_status(&answer), 0);
    act(scene.simulator, "ping", scene.cookie, "", &answer);
    CHECK_NUMBER(answer_status(&answer), -6);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void a_challenge_is_good_for_one_login(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    char challenge[128];
    char token[MD5_TEXT_SIZE];
    char body[256];

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    ask_api(scene.simulator, "{\"request\":{\"action\":\"challenge\",\"user\":\"cdrapi\"}}",
            &answer);
    CHECK_NUMBER(strlen(answer_member(&answer, "challenge", challenge)), 16);
    hash_md5_text(challenge, strlen(challenge), "s3cret", 6, token);
    IGNORE(snprintf(body, sizeof body,
                    "{\"request\":{\"action\":\"login\",\"user\":\"cdrapi\",\"token\":\"%s\"}}",
                    token),
           "fits");
    ask_api(scene.simulator, body, &answer);
    CHECK_NUMBER(answer_status(&answer), 0);
    ask_api(scene.simulator, body, &answer);
    CHECK_NUMBER(answer_status(&answer), -37);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void wrong_tokens_count_down_to_a_lock(void **state)
{
    struct scene scene;
    struct simulator_statistics statistics;
    char cookie[128];

    (void)state;
    scene_start(&scene, &(struct simulator_options){ .login_tries = 2, .lock_s = 1 });
    CHECK_NUMBER(login(scene.simulator, "nobody", "s3cret", cookie), -71);
    CHECK_NUMBER(login(scene.simulator, "cdrapi", "wrong", cookie), -37);
    CHECK_NUMBER(login(scene.simulator, "cdrapi", "wrong", cookie), -37);
    CHECK_NUMBER(login(scene.simulator, "cdrapi", "s3cret", cookie), -68);
    time_sleep_ms(1100);
    CHECK_NUMBER(login(scene.simulator, "cdrapi", "s3cret", cookie), 0);
    simulator_statistics_get(scene.simulator, &statistics);
    CHECK_NUMBER(statistics.logins, 2);
    CHECK_NUMBER(statistics.logins_refused, 2);
    CHECK_NUMBER(statistics.logins_in_flight_max, 1);
    scene_stop(&scene);
}

static void a_refusal_says_how_many_tries_remain(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    ask_api(scene.simulator,
            "{\"request\":{\"action\":\"login\",\"user\":\"cdrapi\",\"token\":\"00\"}}", &answer);
    CHECK_TEXT(text_get(&answer.body), "{\"response\":{\"remain_num\":4},\"status\":-37}");
    answer_clear(&answer);
    scene_stop(&scene);
}

static void a_cookie_dies_of_idleness_and_by_order(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ .cookie_life_s = 1 });
    for (int i = 0; i < 3; i++) {
        time_sleep_ms(500);
        act(scene.simulator, "ping", scene.cookie, "", &answer);
        CHECK_NUMBER(answer_status(&answer), 0);
    }
    time_sleep_ms(1100);
    act(scene.simulator, "ping", scene.cookie, "", &answer);
    CHECK_NUMBER(answer_status(&answer), -6);
    CHECK_NUMBER(login(scene.simulator, "cdrapi", "s3cret", scene.cookie), 0);
    simulator_sessions_expire(scene.simulator);
    act(scene.simulator, "ping", scene.cookie, "", &answer);
    CHECK_NUMBER(answer_status(&answer), -6);
    ask_api(scene.simulator, "{\"request\":{\"action\":\"ping\"}}", &answer);
    CHECK_NUMBER(answer_status(&answer), -5);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void whatever_is_not_the_api_is_answered_with_200(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    int port = simulator_new_port(scene.simulator);
    ask(&(struct question){ .port = port, .path = "/recordings/a.wav" }, &answer);
    CHECK_NUMBER(answer.status, 200);
    CHECK(strstr(text_get(&answer.head), "text/html") != NULL);
    CHECK(strncmp(text_get(&answer.body), "<!DOCTYPE html>", 15) == 0);
    ask(&(struct question){ .port = port, .path = "/api/login", .post = "{}" }, &answer);
    CHECK_TEXT(text_get(&answer.body),
               "{\"response\":{\"error_msg\":\"Invalid parameters!\"},\"status\":-1}");
    ask_api(scene.simulator, "no json", &answer);
    CHECK_NUMBER(answer_status(&answer), -1);
    act(scene.simulator, "makeCoffee", scene.cookie, "", &answer);
    CHECK_NUMBER(answer_status(&answer), -19);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void a_recording_is_found_by_directory_and_base_name_only(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    char members[512];
    const struct simulator_recording *recording = NULL;

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    recording = &scene.call.recordings[0];
    fetch(&scene, &answer);
    CHECK(answer_is_recording(&answer, recording));
    IGNORE(snprintf(members, sizeof members, ",\"filename\":\"%s\"", recording->name), "fits");
    act(scene.simulator, "recapi", scene.cookie, members, &answer);
    CHECK(answer_is_recording(&answer, recording));
    IGNORE(snprintf(members, sizeof members, ",\"filedir\":\"monitor\",\"filename\":\"%s\"",
                    recording->path),
           "fits");
    act(scene.simulator, "recapi", scene.cookie, members, &answer);
    CHECK_NUMBER(answer_status(&answer), -25);
    IGNORE(snprintf(members, sizeof members, ",\"filedir\":\"queue\",\"filename\":\"%s\"",
                    recording->name),
           "fits");
    act(scene.simulator, "recapi", scene.cookie, members, &answer);
    CHECK_NUMBER(answer_status(&answer), -25);
    IGNORE(snprintf(members, sizeof members, ",\"filedir\":\"2026-02\",\"filename\":\"%s\"",
                    recording->name),
           "fits");
    act(scene.simulator, "recapi", scene.cookie, members, &answer);
    CHECK_NUMBER(answer_status(&answer), -16);
    CHECK(simulator_recording_delete(scene.simulator, recording->path));
    fetch(&scene, &answer);
    CHECK_NUMBER(answer_status(&answer), -25);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void listings_are_csv_with_the_name_in_column_two(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    char line[512];

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    act(scene.simulator, "recapi", scene.cookie, ",\"filedir\":\"monitor,queue\"", &answer);
    IGNORE(
        snprintf(line, sizeof line, "\nmonitor,%s,%d\n", scene.call.recordings[0].name, LONG_SIZE),
        "fits");
    CHECK(strstr(text_get(&answer.body), line) != NULL);
    act(scene.simulator, "recapi", scene.cookie, "", &answer);
    CHECK(strstr(text_get(&answer.body), "\nmonitor\n") != NULL);
    act(scene.simulator, "recapi", scene.cookie, ",\"filedir\":\"nowhere\"", &answer);
    CHECK_NUMBER(answer_status(&answer), -16);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void record_infos_name_what_the_cdr_hides(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    struct simulator_added added;
    char members[64];
    char files[128];

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    call_must(scene.simulator,
              &(struct simulator_call){ .audio_path = scene.short_wav, .is_unnamed = true },
              &added);
    IGNORE(snprintf(members, sizeof members, ",\"id\":\"%s\"", added.acct_id), "fits");
    act(scene.simulator, "getRecordInfosByCall", scene.cookie, members, &answer);
    CHECK_TEXT(answer_member(&answer, "recordfiles", files), added.recordings[0].path);
    answer_clear(&answer);
    scene_stop(&scene);
}

static size_t group_count(const struct answer *answer)
{
    json_t *root = json_loads(text_get(&answer->body), 0, NULL);
    const json_t *list = json_object_get(root, "cdr_root");
    size_t count = json_is_array(list) ? json_array_size(list) : 999;

    CHECK(json_object_get(root, "status") == NULL);
    json_decref(root);
    return count;
}

static void cdrs_are_paged_by_groups_and_filtered_by_time(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    struct simulator_added added;
    static const char *const empty[] = { ",\"startTime\":\"2026-02-05 00:00:00\"",
                                         ",\"caller\":\"\"", ",\"colour\":\"red\"",
                                         ",\"numRecords\":\"1001\"" };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ .utc_offset_minutes = -360 });
    call_must(scene.simulator,
              &(struct simulator_call){ .audio_path = scene.short_wav,
                                        .group = "6400",
                                        .members = { "201", "202" },
                                        .talk_s = 100,
                                        .started_at = 1770326441000 },
              &added);
    act(scene.simulator, "cdrapi", scene.cookie, ",\"format\":\"json\"", &answer);
    CHECK_NUMBER(group_count(&answer), 3);
    CHECK(strstr(text_get(&answer.body), "\"sub_cdr_3\"") != NULL);
    act(scene.simulator, "cdrapi", scene.cookie,
        ",\"format\":\"json\",\"numRecords\":\"2\",\"offset\":\"2\"", &answer);
    CHECK_NUMBER(group_count(&answer), 1);
    act(scene.simulator, "cdrapi", scene.cookie,
        ",\"format\":\"json\",\"startTime\":\"2026-02-05T15:20:41\","
        "\"endTime\":\"2026-02-05T15:20:41\"",
        &answer);
    CHECK_NUMBER(group_count(&answer), 1);
    act(scene.simulator, "cdrapi", scene.cookie,
        ",\"format\":\"json\",\"timeFilterType\":\"End\",\"startTime\":\"2026-02-05T15:22:00\","
        "\"endTime\":\"2026-02-05T15:23:00\"",
        &answer);
    CHECK_NUMBER(group_count(&answer), 1);
    for (size_t i = 0; i < COUNT_OF(empty); i++) {
        char members[256];
        IGNORE(snprintf(members, sizeof members, ",\"format\":\"json\"%s", empty[i]), "fits");
        act(scene.simulator, "cdrapi", scene.cookie, members, &answer);
        CHECK_TEXT(text_get(&answer.body), "{\"cdr_root\":[]}");
    }
    answer_clear(&answer);
    scene_stop(&scene);
}

static void an_address_that_is_not_permitted_gets_minus_47(void **state)
{
    struct scene scene = { 0 };
    struct answer answer = { 0 };
    struct error error = { 0 };

    (void)state;
    CHECK(simulator_start(&(struct simulator_options){ .permitted_new = "192.0.2.0/255.255.255.0" },
                          &scene.simulator, &error));
    ask_api(scene.simulator, "{\"request\":{\"action\":\"challenge\",\"user\":\"cdrapi\"}}",
            &answer);
    CHECK_NUMBER(answer_status(&answer), -47);
    answer_clear(&answer);
    simulator_stop(scene.simulator);
}

static void a_certificate_file_keeps_the_identity(void **state)
{
    char path[] = "/tmp/simulator-certificate-XXXXXX";
    char first[80];
    char file[96];
    struct error error = { 0 };
    struct simulator *simulator = NULL;

    (void)state;
    CHECK(mkdtemp(path) != NULL);
    IGNORE(snprintf(file, sizeof file, "%s/ucm.pem", path), "fits");
    CHECK(simulator_start(&(struct simulator_options){ .certificate_file = file }, &simulator,
                          &error));
    IGNORE(snprintf(first, sizeof first, "%s", simulator_public_key_pin(simulator)), "fits");
    simulator_stop(simulator);
    CHECK(simulator_start(&(struct simulator_options){ .certificate_file = file }, &simulator,
                          &error));
    CHECK_TEXT(simulator_public_key_pin(simulator), first);
    simulator_stop(simulator);
    CHECK(simulator_start(&(struct simulator_options){ 0 }, &simulator, &error));
    CHECK(strcmp(simulator_public_key_pin(simulator), first) != 0);
    simulator_stop(simulator);
    CHECK(folder_remove(path, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_token_gives_a_cookie_that_works),
        cmocka_unit_test(a_challenge_is_good_for_one_login),
        cmocka_unit_test(wrong_tokens_count_down_to_a_lock),
        cmocka_unit_test(a_refusal_says_how_many_tries_remain),
        cmocka_unit_test(a_cookie_dies_of_idleness_and_by_order),
        cmocka_unit_test(whatever_is_not_the_api_is_answered_with_200),
        cmocka_unit_test(a_recording_is_found_by_directory_and_base_name_only),
        cmocka_unit_test(listings_are_csv_with_the_name_in_column_two),
        cmocka_unit_test(record_infos_name_what_the_cdr_hides),
        cmocka_unit_test(cdrs_are_paged_by_groups_and_filtered_by_time),
        cmocka_unit_test(an_address_that_is_not_permitted_gets_minus_47),
        cmocka_unit_test(a_certificate_file_keeps_the_identity),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Every fault's observable effect on a plain client, and that it ends when it should. */

#include "client.h"

/* How a fetch must look while the fault is on. */
enum look {
    LOOKS_WHOLE,  /* 200 and the very bytes. */
    LOOKS_OTHER,  /* 200 and other bytes than the recording's. */
    LOOKS_CUT,    /* The client sees that the body ended too early, or was reset. */
    LOOKS_UNSENT, /* No connection or no answer at all: an error from libcurl before a status. */
    LOOKS_SILENT, /* The client's time runs out. */
    LOOKS_STATUS, /* The HTTP status in `number`. */
    LOOKS_API_STATUS, /* 200 and the JSON status in `number`. */
};

static const struct expectation {
    const char *fault;
    long parameter;
    enum look look;
    long number;
} expectations[] = {
    { "accept-silent", 0, LOOKS_SILENT, 0 },
    { "reset-before-tls", 0, LOOKS_UNSENT, 0 },
    { "reset-in-handshake", 0, LOOKS_UNSENT, 0 },
    { "tls-stall", 0, LOOKS_SILENT, 0 },
    { "plain-http", 0, LOOKS_UNSENT, 0 },
    { "tls-1.0-only", 0, LOOKS_UNSENT, 0 },
    { "reset-in-header", 0, LOOKS_CUT, 0 },
    { "stall-in-header", 0, LOOKS_SILENT, 0 },
    { "header-garbage", 0, LOOKS_UNSENT, 0 },
    { "header-huge", 1, LOOKS_UNSENT, 0 },
    { "reset-in-body", 0, LOOKS_CUT, 0 },
    { "reset-in-body", 20000, LOOKS_CUT, 20000 },
    { "stall-in-body", 0, LOOKS_SILENT, 0 },
    { "body-short", 0, LOOKS_CUT, 0 },
    { "body-long", 0, LOOKS_WHOLE, 0 },
    { "length-short", 0, LOOKS_OTHER, LONG_SIZE - 4096 },
    { "close-delimited", 0, LOOKS_WHOLE, 0 },
    { "close-delimited-cut", 1000, LOOKS_OTHER, 1000 },
    { "chunked", 0, LOOKS_WHOLE, 0 },
    { "chunk-cut", 0, LOOKS_CUT, 0 },
    { "chunk-malformed", 0, LOOKS_CUT, 0 },
    { "drip", 0, LOOKS_SILENT, 0 },
    { "slow-first-byte", 0, LOOKS_SILENT, 0 },
    { "empty-body", 0, LOOKS_OTHER, 0 },
    { "html-page", 0, LOOKS_OTHER, 0 },
    { "json-error", 0, LOOKS_API_STATUS, -25 },
    { "wrong-type", 0, LOOKS_WHOLE, 0 },
    { "not-found", 0, LOOKS_API_STATUS, -25 },
    { "unauthorised", 0, LOOKS_STATUS, 401 },
    { "basic-only", 0, LOOKS_STATUS, 401 },
    { "forbidden", 0, LOOKS_STATUS, 403 },
    { "too-many-requests", 0, LOOKS_STATUS, 429 },
    { "status-500", 0, LOOKS_STATUS, 500 },
    { "status-502", 0, LOOKS_STATUS, 502 },
    { "status-503", 0, LOOKS_STATUS, 503 },
    { "redirect", 0, LOOKS_STATUS, 302 },
    { "redirect-loop", 0, LOOKS_STATUS, 302 },
    { "cookies-expired", 0, LOOKS_API_STATUS, -6 },
    { "invalid-parameters", 0, LOOKS_API_STATUS, -1 },
    { "need-authentication", 0, LOOKS_API_STATUS, -5 },
    { "cookie-error", 0, LOOKS_API_STATUS, -6 },
    { "connection-closed", 0, LOOKS_API_STATUS, -7 },
    { "system-timeout", 0, LOOKS_API_STATUS, -8 },
    { "system-error", 0, LOOKS_API_STATUS, -9 },
    { "wrong-directory", 0, LOOKS_API_STATUS, -16 },
    { "unsupported", 0, LOOKS_API_STATUS, -19 },
    { "get-failed", 0, LOOKS_API_STATUS, -26 },
    { "throttle-15", 0, LOOKS_API_STATUS, -45 },
    { "throttle-15-other", 0, LOOKS_API_STATUS, -46 },
    { "throttle-60", 0, LOOKS_API_STATUS, -57 },
    { "no-permission", 0, LOOKS_API_STATUS, -47 },
    { "task-running", 0, LOOKS_API_STATUS, -51 },
    { "api-status", -24, LOOKS_API_STATUS, -24 },
    { "other-audio", 0, LOOKS_OTHER, SHORT_SIZE },
    { "audio-cut", 0, LOOKS_OTHER, LONG_SIZE / 100 * 50 },
    { "growing", 0, LOOKS_OTHER, LONG_SIZE / 2 },
    { "header-only", 0, LOOKS_OTHER, 44 },
    { "riff-size-max", 0, LOOKS_OTHER, LONG_SIZE },
    { "riff-size-zero", 0, LOOKS_OTHER, LONG_SIZE },
    { "gsff", 0, LOOKS_OTHER, LONG_SIZE - 32 },
    { "noise", 0, LOOKS_OTHER, LONG_SIZE },
    { "tar-truncated", 0, LOOKS_OTHER, 512 + LONG_SIZE / 2 },
    { "tar-hostile", 0, LOOKS_OTHER, 0 },
    { "tar-many", 1000, LOOKS_OTHER, 1000 * 512 + 1024 },
    { "tar-sparse", 0, LOOKS_OTHER, 1024 },
    { "gzip-bomb", 2, LOOKS_OTHER, 0 },
};

static void fetch_within(struct scene *scene, long timeout_ms, struct answer *answer)
{
    char body[1024];

    IGNORE(snprintf(body, sizeof body,
                    "{\"request\":{\"action\":\"recapi\",\"cookie\":\"%s\",\"filedir\":\"monitor\","
                    "\"filename\":\"%s\"}}",
                    scene->cookie, scene->call.recordings[0].name),
           "fits");
    ask(&(struct question){ .port = simulator_new_port(scene->simulator),
                            .post = body,
                            .timeout_ms = timeout_ms },
        answer);
}

static bool looks_right(const struct expectation *expected, const struct answer *answer,
                        const struct simulator_recording *recording)
{
    bool is_recording = answer_is_recording(answer, recording);

    switch (expected->look) {
    case LOOKS_WHOLE:
        return is_recording;
    case LOOKS_OTHER:
        return answer->code == CURLE_OK && answer->status == 200 && !is_recording &&
               (expected->number == 0 || answer->body.size == (size_t)expected->number);
    case LOOKS_CUT:
        return answer->code != CURLE_OK && answer->code != CURLE_OPERATION_TIMEDOUT &&
               answer->body.size < LONG_SIZE &&
               (expected->number == 0 || answer->body.size == (size_t)expected->number);
    case LOOKS_UNSENT:
        return answer->code != CURLE_OK && answer->code != CURLE_OPERATION_TIMEDOUT &&
               answer->body.size == 0;
    case LOOKS_SILENT:
        return answer->code == CURLE_OPERATION_TIMEDOUT && answer->body.size < LONG_SIZE;
    case LOOKS_STATUS:
        return answer->code == CURLE_OK && answer->status == expected->number;
    case LOOKS_API_STATUS:
        return answer->status == 200 && answer_status(answer) == expected->number;
    }
    return false;
}

static void each_fault_strikes_once_and_then_all_is_well(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    struct simulator_statistics statistics;

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    for (size_t i = 0; i < COUNT_OF(expectations); i++) {
        const struct expectation *expected = &expectations[i];
        simulator_statistics_reset(scene.simulator);
        fault_must(&scene, expected->fault, 1, expected->parameter);
        fetch_within(&scene, expected->look == LOOKS_SILENT ? 250 : 5000, &answer);
        simulator_statistics_get(scene.simulator, &statistics);
        if (!looks_right(expected, &answer, &scene.call.recordings[0]) || statistics.faults != 1) {
            fail_msg("%s: code %d, HTTP %ld, %zu bytes, %d strikes", expected->fault,
                     (int)answer.code, answer.status, answer.body.size, statistics.faults);
        }
        if (strcmp(expected->fault, "cookies-expired") == 0) {
            CHECK_NUMBER(login(scene.simulator, "cdrapi", "s3cret", scene.cookie), 0);
        }
        fetch(&scene, &answer);
        if (!answer_is_recording(&answer, &scene.call.recordings[0])) {
            fail_msg("after %s: code %d, HTTP %ld", expected->fault, (int)answer.code,
                     answer.status);
        }
    }
    answer_clear(&answer);
    scene_stop(&scene);
}

static void a_refusing_pbx_comes_back_on_the_same_port(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    for (int i = 0; i < 3; i++) {
        fault_must(&scene, "refuse", SIMULATOR_FOREVER, 0);
        fetch(&scene, &answer);
        CHECK_NUMBER(answer.code, CURLE_COULDNT_CONNECT);
        simulator_faults_clear(scene.simulator);
        fetch(&scene, &answer);
        CHECK(answer_is_recording(&answer, &scene.call.recordings[0]));
    }
    answer_clear(&answer);
    scene_stop(&scene);
}

static void a_reboot_ends_by_itself_and_forgets_cookies(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    fault_must(&scene, "reboot", 1, 1);
    fetch(&scene, &answer);
    CHECK_NUMBER(answer.code, CURLE_COULDNT_CONNECT);
    time_sleep_ms(1200);
    fetch(&scene, &answer);
    CHECK_NUMBER(answer_status(&answer), -6);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void a_changed_certificate_gets_no_credentials_from_a_client_that_pins(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    struct simulator_statistics statistics;
    struct question question = { .post = "{\"request\":{\"action\":\"ping\",\"cookie\":\"x\"}}" };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    question.port = simulator_new_port(scene.simulator);
    question.pin = simulator_public_key_pin(scene.simulator);
    ask(&question, &answer);
    CHECK_NUMBER(answer_status(&answer), -6);
    simulator_statistics_reset(scene.simulator);
    fault_must(&scene, "certificate-changed", 1, 0);
    ask(&question, &answer);
    CHECK_NUMBER(answer.code, CURLE_SSL_PINNEDPUBKEYNOTMATCH);
    fault_must(&scene, "certificate-expired", 1, 0);
    ask(&question, &answer);
    CHECK_NUMBER(answer.code, CURLE_SSL_PINNEDPUBKEYNOTMATCH);
    simulator_statistics_get(scene.simulator, &statistics);
    CHECK_NUMBER(statistics.credential_bytes, 0);
    CHECK_NUMBER(statistics.requests, 0);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void a_growing_file_is_longer_each_time_and_whole_at_last(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    size_t before = 0;

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    fault_must(&scene, "growing", 3, 0);
    for (int i = 0; i < 3; i++) {
        fetch(&scene, &answer);
        CHECK(answer.body.size > before && answer.body.size < LONG_SIZE);
        before = answer.body.size;
    }
    fetch(&scene, &answer);
    CHECK(answer_is_recording(&answer, &scene.call.recordings[0]));
    answer_clear(&answer);
    scene_stop(&scene);
}

static void a_recording_that_is_not_ready_is_not_found_until_then(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    call_must(scene.simulator,
              &(struct simulator_call){
                  .audio_path = scene.long_wav, .caller = "1009", .ready_after_ms = 400 },
              &scene.call);
    fetch(&scene, &answer);
    CHECK_NUMBER(answer_status(&answer), -25);
    time_sleep_ms(450);
    fetch(&scene, &answer);
    CHECK(answer_is_recording(&answer, &scene.call.recordings[0]));
    answer_clear(&answer);
    scene_stop(&scene);
}

static void a_scope_says_which_action_is_struck(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    struct error error = { 0 };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    fault_must(&scene, "status-500@cdrapi", SIMULATOR_FOREVER, 0);
    fetch(&scene, &answer);
    CHECK(answer_is_recording(&answer, &scene.call.recordings[0]));
    act(scene.simulator, "cdrapi", scene.cookie, "", &answer);
    CHECK_NUMBER(answer.status, 500);
    fault_must(&scene, "status-500@cdrapi", 0, 0);
    act(scene.simulator, "cdrapi", scene.cookie, "", &answer);
    CHECK_NUMBER(answer.status, 200);
    CHECK(!simulator_fault_set(scene.simulator, "no-such-fault", 1, 0, &error));
    CHECK_NUMBER(error.kind, ERROR_INVALID);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void login_faults_refuse_the_right_password(void **state)
{
    struct scene scene;
    struct simulator_statistics statistics;
    char cookie[128];
    static const struct {
        const char *fault;
        int status;
    } rows[] = { { "login-refused", -37 },
                 { "login-locked", -68 },
                 { "login-forbidden", -70 },
                 { "user-unknown", -71 } };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        fault_must(&scene, rows[i].fault, 1, 0);
        CHECK_NUMBER(login(scene.simulator, "cdrapi", "s3cret", cookie), rows[i].status);
        CHECK_NUMBER(login(scene.simulator, "cdrapi", "s3cret", cookie), 0);
    }
    simulator_statistics_get(scene.simulator, &statistics);
    CHECK_NUMBER(statistics.logins_in_flight_max, 1);
    scene_stop(&scene);
}

static void the_clock_fault_shifts_new_cdrs(void **state)
{
    struct scene scene;
    struct simulator_added added;

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    fault_must(&scene, "clock", SIMULATOR_FOREVER, -86400);
    call_must(scene.simulator, &(struct simulator_call){ .started_at = 1770326441000 }, &added);
    CHECK_NUMBER(added.started_at, 1770326441000 - DAY_MS);
    CHECK(strncmp(added.uniqueid, "1770240041.", 11) == 0);
    scene_stop(&scene);
}

static void paging_faults_repeat_or_hide_calls(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    static const char page[] = ",\"format\":\"json\",\"numRecords\":\"1\",\"offset\":\"1\"";
    static const char by_end[] = ",\"format\":\"json\",\"timeFilterType\":\"End\"";

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    fault_must(&scene, "offset-ignored", 1, 0);
    act(scene.simulator, "cdrapi", scene.cookie, page, &answer);
    CHECK(strstr(text_get(&answer.body), scene.call.uniqueid) != NULL);
    act(scene.simulator, "cdrapi", scene.cookie, page, &answer);
    CHECK(strstr(text_get(&answer.body), scene.call.uniqueid) == NULL);
    fault_must(&scene, "cdrs-empty", 1, 0);
    act(scene.simulator, "cdrapi", scene.cookie, page, &answer);
    CHECK_TEXT(text_get(&answer.body), "{\"cdr_root\":[]}");
    fault_must(&scene, "filter-unknown", SIMULATOR_FOREVER, 0);
    act(scene.simulator, "cdrapi", scene.cookie, by_end, &answer);
    CHECK_TEXT(text_get(&answer.body), "{\"cdr_root\":[]}");
    act(scene.simulator, "cdrapi", scene.cookie, ",\"format\":\"json\"", &answer);
    CHECK(strstr(text_get(&answer.body), scene.call.uniqueid) != NULL);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void the_bomb_and_the_loop_go_off_for_a_trusting_client(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    struct question question = { .post = "{}", .decodes = true };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ 0 });
    question.port = simulator_new_port(scene.simulator);
    fault_must(&scene, "gzip-bomb@any", 1, 2);
    ask(&question, &answer);
    CHECK_NUMBER(answer.body.size, 2 * MIB);
    question.follows = true;
    question.post = NULL;
    fault_must(&scene, "redirect-loop@any", SIMULATOR_FOREVER, 0);
    ask(&question, &answer);
    CHECK_NUMBER(answer.code, CURLE_TOO_MANY_REDIRECTS);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void old_api_faults_are_told_in_http(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    struct simulator_statistics statistics;
    char path[512];
    struct question question = { .path = path, .digest = "cdrapi:s3cret" };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ .new_port = SIMULATOR_PORT_OFF });
    question.port = simulator_old_port(scene.simulator);
    IGNORE(snprintf(path, sizeof path, "/recapi?filename=%s", scene.call.recordings[0].path),
           "fits");
    fault_must(&scene, "not-found", 1, 0);
    ask(&question, &answer);
    CHECK_NUMBER(answer.status, 404);
    fault_must(&scene, "throttle-15", 1, 0); /* Has no form in this API, and waits. */
    ask(&question, &answer);
    CHECK(answer_is_recording(&answer, &scene.call.recordings[0]));
    fault_must(&scene, "basic-only", SIMULATOR_FOREVER, 0);
    ask(&question, &answer);
    CHECK_NUMBER(answer.status, 401);
    simulator_faults_clear(scene.simulator);
    fault_must(&scene, "nonce-once", SIMULATOR_FOREVER, 0);
    ask(&question, &answer);
    CHECK(answer_is_recording(&answer, &scene.call.recordings[0]));
    simulator_statistics_get(scene.simulator, &statistics);
    CHECK_NUMBER(statistics.basic_seen, 0);
    CHECK(strncmp(statistics.authorization_last, "Digest ", 7) == 0);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void every_row_has_its_texts_and_a_name_of_its_own(void **state)
{
    const struct simulator_fault *faults = simulator_faults();
    size_t count = 0;

    (void)state;
    for (; faults[count].name != NULL; count++) {
        CHECK(faults[count].group != NULL && faults[count].scope != NULL);
        CHECK(faults[count].does != NULL && faults[count].does[0] != '\0');
        for (size_t i = 0; i < count; i++) {
            CHECK(strcmp(faults[i].name, faults[count].name) != 0);
        }
    }
    CHECK(count >= 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_fault_strikes_once_and_then_all_is_well),
        cmocka_unit_test(a_refusing_pbx_comes_back_on_the_same_port),
        cmocka_unit_test(a_reboot_ends_by_itself_and_forgets_cookies),
        cmocka_unit_test(a_changed_certificate_gets_no_credentials_from_a_client_that_pins),
        cmocka_unit_test(a_growing_file_is_longer_each_time_and_whole_at_last),
        cmocka_unit_test(a_recording_that_is_not_ready_is_not_found_until_then),
        cmocka_unit_test(a_scope_says_which_action_is_struck),
        cmocka_unit_test(login_faults_refuse_the_right_password),
        cmocka_unit_test(the_clock_fault_shifts_new_cdrs),
        cmocka_unit_test(paging_faults_repeat_or_hide_calls),
        cmocka_unit_test(the_bomb_and_the_loop_go_off_for_a_trusting_client),
        cmocka_unit_test(old_api_faults_are_told_in_http),
        cmocka_unit_test(every_row_has_its_texts_and_a_name_of_its_own),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

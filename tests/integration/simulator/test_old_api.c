/* GET /cdrapi and /recapi behind Digest. */
#include "client.h"
#include "core/encode.h"

static const char GOOD[] = "cdrapi:s3cret";

static void get(struct scene *scene, const char *path, const char *digest, struct answer *answer)
{
    ask(&(struct question){ .port = simulator_old_port(scene->simulator),
                            .path = path,
                            .digest = digest },
        answer);
}

/* /recapi with the names given, percent-encoded and joined by '@'. */
static void get_files(struct scene *scene, const char *filedir, const char *first,
                      const char *second, struct answer *answer)
{
    AUTO(text_clear) struct text path = TEXT_UP_TO(4096);

    text_print(&path, "/recapi?filedir=%s&filename=", filedir);
    encode_percent(first, "/", &path);
    if (second != NULL) {
        text_add(&path, "@");
        encode_percent(second, "/", &path);
    }
    get(scene, text_get(&path), GOOD, answer);
}

static void without_credentials_a_digest_challenge_comes(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ .new_port = SIMULATOR_PORT_OFF });
    get(&scene, "/recapi", NULL, &answer);
    CHECK_NUMBER(answer.status, 401);
    CHECK(strstr(text_get(&answer.head), "WWW-Authenticate: Digest realm=") != NULL);
    CHECK(strstr(text_get(&answer.head), "qop=\"auth\", algorithm=MD5") != NULL);
    get(&scene, "/recapi", "cdrapi:wrong", &answer);
    CHECK_NUMBER(answer.status, 401);
    get(&scene, "/recapi", "other:s3cret", &answer);
    CHECK_NUMBER(answer.status, 401);
    get(&scene, "/recapi", GOOD, &answer);
    CHECK_NUMBER(answer.status, 200);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void the_month_folder_is_required(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    const struct simulator_recording *recording = NULL;

    (void)state;
    scene_start(&scene, &(struct simulator_options){ .new_port = SIMULATOR_PORT_OFF });
    recording = &scene.call.recordings[0];
    get_files(&scene, "monitor", recording->path, NULL, &answer);
    CHECK(answer_is_recording(&answer, recording));
    get_files(&scene, "monitor", recording->name, NULL, &answer);
    CHECK_NUMBER(answer.status, 404);
    get_files(&scene, "queue", recording->path, NULL, &answer);
    CHECK_NUMBER(answer.status, 404);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void names_with_signs_are_found_when_encoded(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    struct simulator_added added;

    (void)state;
    scene_start(&scene, &(struct simulator_options){ .new_port = SIMULATOR_PORT_OFF });
    call_must(scene.simulator,
              &(struct simulator_call){ .audio_path = scene.short_wav,
                                        .caller = "+12815550122",
                                        .callee = "203",
                                        .group = "6400" },
              &added);
    CHECK(strstr(added.recordings[0].path, "#203-+12815550122-6400.wav") != NULL);
    get_files(&scene, "monitor", added.recordings[0].path, NULL, &answer);
    CHECK(answer_is_recording(&answer, &added.recordings[0]));
    answer_clear(&answer);
    scene_stop(&scene);
}

static void several_names_come_as_a_tar(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    struct simulator_added second;

    (void)state;
    scene_start(&scene, &(struct simulator_options){ .new_port = SIMULATOR_PORT_OFF });
    CHECK(simulator_call_get(scene.simulator, 1, &second));
    get_files(&scene, "monitor", scene.call.recordings[0].path, second.recordings[0].path, &answer);
    CHECK_NUMBER(answer.status, 200);
    CHECK(answer.body.size > LONG_SIZE + SHORT_SIZE);
    CHECK(memcmp(answer.body.bytes + 257, "ustar", 5) == 0);
    CHECK_TEXT(answer.body.bytes, scene.call.recordings[0].name);
    CHECK(memcmp(answer.body.bytes + 512, "RIFF", 4) == 0);
    get_files(&scene, "monitor", scene.call.recordings[0].path, "2026-02/none.wav", &answer);
    CHECK(answer_is_recording(&answer, &scene.call.recordings[0]));
    answer_clear(&answer);
    scene_stop(&scene);
}

static void what_is_wrong_is_404_for_recordings_and_empty_for_cdrs(void **state)
{
    static const char *const wrong[] = {
        "/recapi?filedir=", "/recapi?filename=a.wav&filename=b.wav",
        "/recapi?filedir=monitor&filename=..%2Fx.wav", "/recapi?filedir=nowhere", "/else"
    };
    static const char *const empty[] = { "/cdrapi?format=json&caller=", "/cdrapi?format=json&",
                                         "/cdrapi?format=json&startTime=2026-02-05%2000:00" };
    struct scene scene;
    struct answer answer = { 0 };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ .new_port = SIMULATOR_PORT_OFF });
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        get(&scene, wrong[i], GOOD, &answer);
        CHECK_NUMBER(answer.status, 404);
    }
    for (size_t i = 0; i < COUNT_OF(empty); i++) {
        get(&scene, empty[i], GOOD, &answer);
        CHECK_NUMBER(answer.status, 200);
        CHECK_TEXT(text_get(&answer.body), "{\"cdr\":[]}");
    }
    answer_clear(&answer);
    scene_stop(&scene);
}

static void cdrs_are_flat_with_22_fields_or_more(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };

    (void)state;
    scene_start(&scene, &(struct simulator_options){ .new_port = SIMULATOR_PORT_OFF });
    get(&scene, "/cdrapi?format=json&numRecords=1", GOOD, &answer);
    json_t *root = json_loads(text_get(&answer.body), 0, NULL);
    const json_t *list = json_object_get(root, "cdr");
    CHECK_NUMBER(json_array_size(list), 1);
    CHECK_NUMBER(json_object_size(json_array_get(list, 0)), 22);
    json_decref(root);
    get(&scene, "/cdrapi", GOOD, &answer);
    CHECK(strncmp(text_get(&answer.body), "AcctId,accountcode,src,dst,", 27) == 0);
    scene_stop(&scene);
    scene_start(&scene, &(struct simulator_options){ .new_port = SIMULATOR_PORT_OFF,
                                                     .old_field_count = 32 });
    get(&scene, "/cdrapi?format=json", GOOD, &answer);
    CHECK(strncmp(text_get(&answer.body), "{\"cdr_root\":[{\"AcctId\"", 22) == 0);
    CHECK(strstr(text_get(&answer.body), scene.call.recordings[0].path) != NULL);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void an_expired_nonce_is_stale_and_the_next_one_works(void **state)
{
    struct scene scene;
    struct answer answer = { 0 };
    struct simulator_statistics statistics;

    (void)state;
    scene_start(&scene, &(struct simulator_options){ .new_port = SIMULATOR_PORT_OFF });
    fault_must(&scene, "nonce-stale@recapi", 2, 0); /* The bare request, and the first answer. */
    get_files(&scene, "monitor", scene.call.recordings[0].path, NULL, &answer);
    CHECK(answer_is_recording(&answer, &scene.call.recordings[0]));
    CHECK(strstr(text_get(&answer.head), "stale=true") != NULL);
    simulator_statistics_get(scene.simulator, &statistics);
    CHECK_NUMBER(statistics.digest_refused, 1);
    CHECK_NUMBER(statistics.digest_accepted, 1);
    CHECK_NUMBER(statistics.logins_refused, 0);
    answer_clear(&answer);
    scene_stop(&scene);
}

static void an_empty_list_of_addresses_refuses_everybody(void **state)
{
    struct simulator *simulator = NULL;
    struct answer answer = { 0 };
    struct error error = { 0 };

    (void)state;
    CHECK(simulator_start(&(struct simulator_options){ .permitted_old = "" }, &simulator, &error));
    ask(&(struct question){ .port = simulator_old_port(simulator),
                            .path = "/recapi",
                            .digest = GOOD },
        &answer);
    CHECK_NUMBER(answer.status, 403);
    answer_clear(&answer);
    simulator_stop(simulator);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_credentials_a_digest_challenge_comes),
        cmocka_unit_test(the_month_folder_is_required),
        cmocka_unit_test(names_with_signs_are_found_when_encoded),
        cmocka_unit_test(several_names_come_as_a_tar),
        cmocka_unit_test(what_is_wrong_is_404_for_recordings_and_empty_for_cdrs),
        cmocka_unit_test(cdrs_are_flat_with_22_fields_or_more),
        cmocka_unit_test(an_expired_nonce_is_stale_and_the_next_one_works),
        cmocka_unit_test(an_empty_list_of_addresses_refuses_everybody),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

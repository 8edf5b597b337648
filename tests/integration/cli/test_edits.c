/* A person edits the PBX while it is being asked: what was learned under the settings before says
 * nothing of those after. */
#include "scene.h"

enum { SLOW_S = 3 };

static void password_enter(const struct server *server)
{
    char path[128];
    struct error error = { 0 };

    IGNORE(snprintf(path, sizeof path, "%s/password", server->folder), "fits");
    assert_true(file_write(path, UCM_PASSWORD, strlen(UCM_PASSWORD), 0600, &error));
    server_must(
        server,
        &(struct command){ .arguments = { "tenant", "pbx", "default", "--password-file", path } },
        NULL);
}

static void challenge_wait(const struct scene *scene, int count)
{
    int64_t until_ms = time_monotonic_ms() + SETTLE_MS;

    while (ucm_seen(scene).challenges < count) {
        assert_true(time_monotonic_ms() < until_ms);
        time_sleep_ms(LOOK_MS);
    }
}

static void a_refusal_of_the_settings_before_stops_nothing(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;

    fault_set(scene, "login-refused", SIMULATOR_FOREVER, 0);
    fault_set(scene, "slow-first-byte@login", SIMULATOR_FOREVER, SLOW_S);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    challenge_wait(scene, 1);
    time_sleep_ms(SLOW_S * SECOND_MS / 3); /* The login is on its way, its refusal not yet here. */
    simulator_faults_clear(scene->ucm);
    password_enter(&scene->server);
    AUTO(json_release)
    json_t *call = recording_wait(&scene->server, added.recordings[0].path, "stored", NULL);
    recording_check(&scene->server, call, 0, &added.recordings[0]);
    assert_int_equal(server_number(&scene->server,
                                   "SELECT count(*) FROM pbx WHERE stop_reason IS NOT NULL", NULL),
                     0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_refusal_of_the_settings_before_stops_nothing, scene_setup,
                                        scene_teardown),
    };
    return cmocka_run_group_tests_name("edits", tests, NULL, NULL);
}

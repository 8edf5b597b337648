/* From webhook to stored recording, against a simulated UCM: what is fetched, what is refused, and
 * what is said about it. */
#include <sys/resource.h>

#include "scene.h"

/* ---- Little helpers of this file ---- */

/* A scene with a UCM of its own kind; the teardown is scene_teardown(). */
static struct scene *scene_start(void **state, const struct simulator_options *options)
{
    struct scene *scene = memory_new(sizeof *scene);

    *state = scene;
    scene_make(scene, options);
    return scene;
}

static int unserved_setup(void **state)
{
    IGNORE(scene_start(state, NULL), "it stands in *state");
    return 0;
}

/* Only the old API is there, on a port that the settings name as such. */
static int old_setup(void **state)
{
    struct scene *scene = scene_start(
        state, &(struct simulator_options){ .new_port = SIMULATOR_PORT_OFF, .field_count = 32 });
    char port[16];

    server_start(&scene->server);
    IGNORE(snprintf(port, sizeof port, "%d", simulator_old_port(scene->ucm)), "fits");
    server_must(
        &scene->server,
        &(struct command){ .arguments = { "tenant", "pbx", "default", "--old-port", port } }, NULL);
    return 0;
}

/* A person who enters the password anew. */
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

/* The pauses that were agreed with the PBX are over: what a test need not wait for. */
static void pauses_end(const struct server *server)
{
    AUTO(db_close) struct db *db = server_db(server);
    struct error error = { 0 };

    assert_true(db_run(db, "UPDATE lane SET blocked_until = 0", DB_NO_VALUES, NULL, &error));
    assert_true(
        db_run(db, "UPDATE job SET run_at = 1 WHERE worker IS NULL", DB_NO_VALUES, NULL, &error));
}

static json_t *attempts_get(const struct server *server, const json_t *call)
{
    char path[64];

    IGNORE(snprintf(path, sizeof path, "/api/calls/%s/attempts", text_at(call, "id")), "fits");
    return server_get(server, path);
}

/* How many attempts of the call have this reason. */
static size_t attempts_with(const struct server *server, const json_t *call, const char *reason)
{
    AUTO(json_release) json_t *answer = attempts_get(server, call);
    const json_t *attempts = json_object_get(answer, "attempts");
    size_t count = 0;

    for (size_t i = 0; i < json_array_size(attempts); i++) {
        count += strcmp(text_at(json_array_get(attempts, i), "reason"), reason) == 0 ? 1 : 0;
    }
    if (count == 0) {
        AUTO(free) char *text = json_dumps(answer, JSON_INDENT(1));
        fprintf(stderr, "no attempt says '%s': %s\n", reason, text);
    }
    return count;
}

/* ---- What is fetched ---- */

static void shapes_fetch(struct scene *scene)
{
    const struct simulator_call calls[] = {
        { .audio_path = scene->sound, .direction = "Outbound" },
        { .audio_path = scene->sound, .second_audio_path = scene->longer, .caller = "1001" },
        { .audio_path = scene->sound, .filedir = "queue", .group = "6500" },
        { .audio_path = scene->longer, .filedir = "queue", .action_type = "DIAL" },
        { .audio_path = scene->sound, .recording_path = "auto-1700000001-1000-1001.wav" },
        { .audio_path = scene->sound, .group = "6400", .callee = "1002" }, /* '#' in the name */
        { .audio_path = scene->longer, .caller = "+12815550100", .direction = "Inbound" },
        { .audio_path = scene->sound, .is_path_in_caller_name = true, .caller = "1003" },
    };
    struct simulator_added added[COUNT_OF(calls)];

    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        call_ring(scene, &calls[i], &added[i]);
    }
    for (size_t i = 0; i < COUNT_OF(calls); i++) {
        for (int j = 0; j < added[i].recording_count; j++) {
            const struct simulator_recording *held = &added[i].recordings[j];
            AUTO(json_release)
            json_t *call = recording_wait(&scene->server, held->path, "stored", NULL);
            recording_check(&scene->server, call, (size_t)j, held);
        }
    }
    struct simulator_statistics seen = ucm_seen(scene);
    assert_true(seen.connections_max <= 2);
    assert_int_equal(seen.basic_seen, 0);
}

static void the_new_api_yields_the_same_bytes(void **state)
{
    struct scene *scene = *state;

    shapes_fetch(scene);
    assert_int_equal(ucm_seen(scene).logins, 1);
}

static void the_old_api_is_found_where_the_new_one_is_not(void **state)
{
    struct scene *scene = *state;

    shapes_fetch(scene);
    assert_true(ucm_seen(scene).digest_accepted > 0);
    assert_int_equal(
        server_number(&scene->server, "SELECT count(*) FROM pbx WHERE detected_api = $1", "old"),
        1);
}

static void a_stored_recording_is_proven_by_the_figures_of_the_pbx(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;

    call_ring(scene,
              &(struct simulator_call){ .audio_path = scene->longer, .has_description = true },
              &added);
    AUTO(json_release)
    json_t *call = recording_wait(&scene->server, added.recordings[0].path, "stored", NULL);
    assert_true(number_at(call, "recordings.0.expected.bytes") ==
                (double)added.recordings[0].bytes);
    assert_true(number_at(call, "recordings.0.expected.seconds") == 3);
    assert_true(number_at(call, "recordings.0.stored.seconds") == 3.0);
    assert_true(number_at(call, "recordings.0.attempts") == 1);
    assert_true(json_is_null(json_at(call, "recordings.0.reason")));
    assert_true(json_is_null(json_at(call, "recordings.0.next_try_at")));
}

static void one_recording_named_by_two_legs_is_fetched_once(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;

    call_ring(scene,
              &(struct simulator_call){ .audio_path = scene->sound,
                                        .members = { "1005", "1006" },
                                        .has_fork = true,
                                        .is_fork_recorded = true },
              &added);
    AUTO(json_release)
    json_t *call = recording_wait(&scene->server, added.recordings[0].path, "stored", NULL);
    assert_int_equal(json_array_size(json_at(call, "legs")), added.leg_count);
    assert_int_equal(json_array_size(json_at(call, "recordings")), 1);
    assert_int_equal(ucm_seen(scene).downloads, 1);
}

/* ---- What is not there, or not it ---- */

static void a_file_that_comes_later_is_stored_later(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;

    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound, .ready_after_ms = 1200 },
              &added);
    AUTO(json_release)
    json_t *early =
        recording_wait(&scene->server, added.recordings[0].path, "waiting", "not_there_yet");
    assert_true(json_is_string(json_at(early, "recordings.0.next_try_at")));
    assert_string_equal(text_at(early, "recordings.0.reason.owner"), "nobody");
    AUTO(json_release)
    json_t *late = recording_wait(&scene->server, added.recordings[0].path, "stored", NULL);
    recording_check(&scene->server, late, 0, &added.recordings[0]);
    assert_true(number_at(late, "recordings.0.attempts") > 1);
}

static void a_file_that_never_comes_is_given_up_at_the_horizon(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;
    struct error error = { 0 };

    call_add(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    assert_true(simulator_recording_delete(scene->ucm, added.recordings[0].path));
    webhook_send(scene, added.call);
    json_decref(
        recording_wait(&scene->server, added.recordings[0].path, "waiting", "not_there_yet"));
    AUTO(db_close) struct db *db = server_db(&scene->server);
    assert_true(db_run(db, "UPDATE recording SET wanted_since = 1", DB_NO_VALUES, NULL, &error));
    AUTO(json_release)
    json_t *late =
        recording_wait(&scene->server, added.recordings[0].path, "missing", "deleted_on_pbx");
    assert_true(json_is_null(json_at(late, "recordings.0.next_try_at")));
    assert_int_equal(server_number(&scene->server, "SELECT count(*) FROM job", NULL), 0);
}

/* Each fault spoils every download until its reason shows; then the recording is stored after
 * all. */
static void the_body_is_judged_and_never_the_status(void **state)
{
    struct scene *scene = *state;
    static const struct {
        const char *fault;
        long parameter;
        const char *reason;
    } rows[] = {
        { "html-page", 0, "html_instead_of_audio" },
        { "json-error", -25, "not_there_yet" },
        { "json-error", -9, "pbx_error" },
        { "json-error", 7, "json_instead_of_audio" },
        { "other-audio", 0, "duration_mismatch" },
        { "header-only", 44, "empty" },
        { "header-only", 2000, "truncated" },
        { "empty-body", 0, "empty" },
        { "audio-cut", 50, "truncated" },
        { "body-short", 20000, "truncated" },
        { "noise", 0, "unknown_container" },
        { "gsff", 0, "gsff_container" },
        { "reset-in-body", 20000, "connection_reset" },
        { "status-503", 503, "pbx_error" },
    };
    struct simulator_added other;
    char long_sound[128];

    IGNORE(snprintf(long_sound, sizeof long_sound, "%s/long.wav", scene->server.folder), "fits");
    sound_write(long_sound, 16, 7);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &other);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct simulator_added added;
        fault_set(scene, rows[i].fault, SIMULATOR_FOREVER, rows[i].parameter);
        call_ring(scene, &(struct simulator_call){ .audio_path = long_sound }, &added);
        AUTO(json_release)
        json_t *early =
            recording_wait(&scene->server, added.recordings[0].path, "waiting", rows[i].reason);
        assert_true(json_is_null(json_at(early, "recordings.0.stored")));
        assert_true(strlen(text_at(early, "recordings.0.reason.message")) > 0);
        assert_true(strlen(text_at(early, "recordings.0.reason.advice")) > 0);
        simulator_faults_clear(scene->ucm);
        pauses_end(&scene->server);
        AUTO(json_release)
        json_t *late = recording_wait(&scene->server, added.recordings[0].path, "stored", NULL);
        recording_check(&scene->server, late, 0, &added.recordings[0]);
        assert_true(attempts_with(&scene->server, late, rows[i].reason) > 0);
    }
}

/* One file that will not come whole is no reason to let the others of the PBX wait. */
static void a_spoilt_file_does_not_hold_up_the_others(void **state)
{
    struct scene *scene = *state;
    struct simulator_added spoilt;
    struct simulator_added sound;

    fault_set(scene, "audio-cut", 1, 50);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->longer }, &spoilt);
    json_decref(recording_wait(&scene->server, spoilt.recordings[0].path, "waiting", "truncated"));
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &sound);
    json_decref(recording_wait(&scene->server, sound.recordings[0].path, "stored", NULL));
    json_decref(recording_wait(&scene->server, spoilt.recordings[0].path, "stored", NULL));
}

/* ---- Logging in ---- */

static void a_cookie_that_dies_costs_one_login(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added[3];

    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[0]);
    collection_wait(&scene->server, "stored", 1);
    assert_int_equal(ucm_seen(scene).logins, 1);
    fault_set(scene, "cookies-expired", 1, 0);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->longer }, &added[1]);
    collection_wait(&scene->server, "stored", 2);
    assert_int_equal(ucm_seen(scene).logins, 2);
    AUTO(json_release)
    json_t *call = recording_wait(&scene->server, added[1].recordings[0].path, "stored", NULL);
    assert_true(number_at(call, "recordings.0.attempts") == 1);
}

static void many_recordings_take_two_connections_and_one_login(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added[20];

    for (size_t i = 0; i < COUNT_OF(added); i++) {
        call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[i]);
    }
    collection_wait(&scene->server, "stored", COUNT_OF(added));
    struct simulator_statistics seen = ucm_seen(scene);
    assert_int_equal(seen.logins, 1);
    assert_int_equal(seen.logins_in_flight_max, 1);
    assert_true(seen.connections_max <= 2);
    assert_int_equal(seen.downloads, COUNT_OF(added));
}

static void waiting_for(const struct server *server, const char *reason, int count)
{
    int64_t until_ms = time_monotonic_ms() + SETTLE_MS;
    static const char SQL[] =
        "SELECT count(*) FROM recording WHERE state = 'waiting' AND reason = $1";

    while (server_number(server, SQL, reason) != count) {
        if (time_monotonic_ms() > until_ms) {
            log_show(server);
            fail_msg("%d recordings wait for '%s', not %d", (int)server_number(server, SQL, reason),
                     reason, count);
        }
        time_sleep_ms(4 * LOOK_MS);
    }
}

static void a_refused_login_is_not_tried_again(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added[9];

    server_set(&scene->server, "UCM_PASSWORD", "not-the-ucm-s-password");
    server_start(&scene->server);
    IGNORE(role_wait(&scene->server, "collect", 0), "it runs");
    for (size_t i = 0; i < 8; i++) {
        call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[i]);
    }
    waiting_for(&scene->server, "login_refused", 8);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[8]);
    waiting_for(&scene->server, "login_refused", 9); /* One that comes later knows it as well. */
    assert_int_equal(server_number(&scene->server,
                                   "SELECT count(*) FROM recording WHERE next_try_at IS NOT NULL",
                                   NULL),
                     0);
    pid_t killed = role_kill(&scene->server, "collect");
    IGNORE(role_wait(&scene->server, "collect", killed), "it runs again");
    server_stop(&scene->server);
    server_start(&scene->server);
    IGNORE(role_wait(&scene->server, "collect", 0), "it runs again");
    time_sleep_ms(1500); /* Longer than a step of the schedule. */
    assert_int_equal(ucm_seen(scene).logins_refused, 1);
    assert_int_equal(ucm_seen(scene).logins, 0);

    password_enter(&scene->server, UCM_PASSWORD);
    collection_wait(&scene->server, "stored", COUNT_OF(added));
    assert_int_equal(ucm_seen(scene).logins_refused, 1);
}

/* What had waited for another reason waits for the person now, and says so. */
static void a_refused_login_is_the_reason_of_all_that_wait(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added[2];

    server_stop(&scene->server);
    server_set(&scene->server, "RETRY_SCHEDULE", "10m");
    server_start(&scene->server);
    call_add(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[0]);
    fault_set(scene, "not-found", SIMULATOR_FOREVER, 0);
    webhook_send(scene, added[0].call);
    waiting_for(&scene->server, "not_there_yet", 1);
    simulator_faults_clear(scene->ucm);
    simulator_sessions_expire(scene->ucm);
    fault_set(scene, "login-refused", SIMULATOR_FOREVER, 0);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[1]);
    waiting_for(&scene->server, "login_refused", 2);
    simulator_faults_clear(scene->ucm);
    password_enter(&scene->server, UCM_PASSWORD);
    collection_wait(&scene->server, "stored", 2);
}

/* Throttled: nothing is asked within the time that the PBX wants. */
static void a_throttle_is_obeyed(void **state)
{
    struct scene *scene = *state;
    static const struct {
        const char *fault;
        int wait_s;
    } rows[] = { { "throttle-15", 15 }, { "throttle-15-other", 15 }, { "throttle-60", 60 } };
    static const char SQL[] = "SELECT blocked_until FROM lane WHERE stage = 'fetch'";

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct simulator_added added[2];
        fault_set(scene, rows[i].fault, 1, 0);
        time_ms before = time_now();
        call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[0]);
        json_decref(
            recording_wait(&scene->server, added[0].recordings[0].path, "waiting", "throttled"));
        int64_t until = server_number(&scene->server, SQL, NULL);
        assert_true(until >= before + rows[i].wait_s * (int64_t)SECOND_MS);
        assert_true(until <= time_now() + rows[i].wait_s * (int64_t)SECOND_MS);
        int requests = ucm_seen(scene).requests;
        call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[1]);
        time_sleep_ms(i == 0 ? 3000 : 500);
        assert_int_equal(ucm_seen(scene).requests, requests);
        pauses_end(&scene->server);
        collection_wait(&scene->server, "stored", (int)(i + 1) * 2);
    }
}

/* ---- Trust, reach, settings ---- */

static void a_changed_certificate_gets_no_credentials(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added[2];
    static const char SQL[] = "SELECT count(*) FROM pbx WHERE tls_pin = $1";

    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[0]);
    collection_wait(&scene->server, "stored", 1);
    assert_int_equal(server_number(&scene->server, SQL, simulator_public_key_pin(scene->ucm)), 1);
    fault_set(scene, "certificate-changed", SIMULATOR_FOREVER, 0);
    simulator_statistics_reset(scene->ucm);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->longer }, &added[1]);
    AUTO(json_release)
    json_t *early =
        recording_wait(&scene->server, added[1].recordings[0].path, "waiting", "tls_changed");
    assert_string_equal(text_at(early, "recordings.0.reason.owner"), "pbx_administrator");
    assert_true(ucm_seen(scene).connections > 0);
    assert_int_equal(ucm_seen(scene).credential_bytes, 0);
    assert_int_equal(ucm_seen(scene).bytes_received, 0);
    server_must(&scene->server,
                &(struct command){ .arguments = { "tenant", "pbx", "default", "--forget-pin" } },
                NULL);
    AUTO(json_release)
    json_t *late = recording_wait(&scene->server, added[1].recordings[0].path, "stored", NULL);
    recording_check(&scene->server, late, 0, &added[1].recordings[0]);
}

static void a_pbx_that_is_away_is_fetched_from_when_it_is_back(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;

    fault_set(scene, "refuse", SIMULATOR_FOREVER, 0);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    AUTO(json_release)
    json_t *early =
        recording_wait(&scene->server, added.recordings[0].path, "waiting", "connect_refused");
    assert_string_equal(text_at(early, "recordings.0.reason.owner"), "network");
    simulator_faults_clear(scene->ucm);
    pauses_end(&scene->server);
    AUTO(json_release)
    json_t *late = recording_wait(&scene->server, added.recordings[0].path, "stored", NULL);
    recording_check(&scene->server, late, 0, &added.recordings[0]);
}

static void calls_wait_for_a_pbx_that_is_configured_later(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added[2];
    char port[16];

    server_set(&scene->server, "UCM_IP", NULL);
    server_set(&scene->server, "UCM_PORT", NULL);
    server_set(&scene->server, "UCM_USERNAME", NULL);
    server_set(&scene->server, "UCM_PASSWORD", NULL);
    server_start(&scene->server);
    for (size_t i = 0; i < COUNT_OF(added); i++) {
        call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[i]);
    }
    AUTO(json_release)
    json_t *early = recording_wait(&scene->server, added[1].recordings[0].path, "waiting",
                                   "pbx_not_configured");
    assert_string_equal(text_at(early, "recordings.0.reason.owner"), "pbx_administrator");
    IGNORE(snprintf(port, sizeof port, "%d", simulator_new_port(scene->ucm)), "fits");
    server_must(&scene->server,
                &(struct command){ .arguments = { "tenant", "pbx", "default", "--host", "127.0.0.1",
                                                  "--port", port, "--username", "cdrapi",
                                                  "--password-file", "-" },
                                   .input = UCM_PASSWORD "\n" },
                NULL);
    collection_wait(&scene->server, "stored", COUNT_OF(added));
}

/* ---- Secrets ---- */

static void folder_scan(const char *folder, const char *secret)
{
    DIR *list = opendir(folder);

    assert_non_null(list);
    for (struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list)) {
        char path[PATH_MAX];
        AUTO(free) char *content = NULL;
        size_t size = 0;
        struct error error;
        if (entry->d_name[0] == '.') {
            continue;
        }
        IGNORE(snprintf(path, sizeof path, "%s/%s", folder, entry->d_name), "fits");
        if (entry->d_type == DT_DIR) {
            folder_scan(path, secret);
        } else if (file_read(path, 64 * MIB, &content, &size, &error) &&
                   memmem(content, size, secret, strlen(secret)) != NULL) {
            fail_msg("a secret stands in %s", path);
        }
    }
    (void)closedir(list);
}

static void answer_scan(const struct server *server, const char *path, const char *secret)
{
    AUTO(reply_clear) struct reply reply = { 0 };

    server_ask(server, path, NULL, &reply);
    assert_int_equal(reply.status, 200);
    assert_true(reply.body.size > 0);
    assert_null(strstr(text_get(&reply.body), secret));
    assert_null(strstr(text_get(&reply.head), secret));
}

static void no_secret_is_written_down_anywhere(void **state)
{
    struct scene *scene = *state;
    static const char *const secrets[] = { UCM_PASSWORD, ADMIN_PASSWORD, "hook-secret-canary-5" };
    static const char *const routes[] = { "/api/calls", "/api/collection", "/api/health",
                                          "/api/quarantine", "/api/auth/me" };
    struct simulator_added added[2];

    server_set(&scene->server, "WEBHOOK_SECRET", secrets[2]);
    server_set(&scene->server, "LOG_LEVEL", "debug");
    server_start(&scene->server);
    for (size_t i = 0; i < COUNT_OF(added); i++) {
        call_add(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[i]);
        fault_set(scene, "html-page", 2, 0);
        webhook_send_as(scene, added[i].call, "default",
                        (struct simulator_webhook){ .username = "ucm", .password = secrets[2] });
    }
    collection_wait(&scene->server, "stored", COUNT_OF(added));
    AUTO(text_clear) struct text written = TEXT_UP_TO(1 * MIB);
    for (size_t i = 0; i < COUNT_OF(added); i++) {
        AUTO(json_release)
        json_t *call = recording_wait(&scene->server, added[i].recordings[0].path, "stored", NULL);
        AUTO(json_release) json_t *attempts = attempts_get(&scene->server, call);
        AUTO(free) char *dumped = json_dumps(attempts, JSON_COMPACT);
        text_add(&written, dumped);
    }
    assert_non_null(strstr(text_get(&written), "\"purpose\":\"login\""));
    assert_non_null(strstr(text_get(&written), "\\\"token\\\":\\\"***\\\""));
    assert_non_null(strstr(text_get(&written), "\\\"cookie\\\":\\\"***\\\""));
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        assert_null(strstr(text_get(&written), secrets[i]));
        for (size_t j = 0; j < COUNT_OF(routes); j++) {
            answer_scan(&scene->server, routes[j], secrets[i]);
        }
        folder_scan(scene->server.data, secrets[i]);
        assert_false(log_has(&scene->server, secrets[i]));
    }
    server_stop(&scene->server); /* The write-ahead log is in the database now. */
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        folder_scan(scene->server.data, secrets[i]);
        assert_false(log_has(&scene->server, secrets[i]));
    }
}

/* Dies by SIGABRT in a folder of its own; does the kernel say that it wrote a core? */
static bool dies_with_core(pid_t pid)
{
    int status = 0;

    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    return WCOREDUMP(status);
}

/* The other side: a program that takes no care, under the same limits, in the same folder. */
static bool cores_are_written_here(const struct server *server)
{
    pid_t pid = fork();

    if (pid == 0) {
        if (chdir(server->folder) == 0) {
            abort();
        }
        _exit(1);
    }
    return dies_with_core(pid);
}

static void a_crash_leaves_no_core_dump(void **state)
{
    struct scene *scene = *state;
    const char *const arguments[] = { "serve", "--role", "collect", NULL };
    struct rlimit limit;

    assert_int_equal(getrlimit(RLIMIT_CORE, &limit), 0);
    limit.rlim_cur = limit.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_CORE, &limit), 0);
    if (!cores_are_written_here(&scene->server)) {
        print_message("this machine writes no cores at all; the check is weaker here\n");
    }
    server_must(&scene->server, &(struct command){ .arguments = { "migrate" } }, NULL);
    pid_t pid = program_start(&scene->server, arguments, -1, -1, -1);
    assert_int_equal(role_wait(&scene->server, "collect", 0), pid);
    assert_int_equal(kill(pid, SIGABRT), 0);
    assert_false(dies_with_core(pid));
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
#define UNSERVED(test) cmocka_unit_test_setup_teardown(test, unserved_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(the_new_api_yields_the_same_bytes),
        cmocka_unit_test_setup_teardown(the_old_api_is_found_where_the_new_one_is_not, old_setup,
                                        scene_teardown),
        SERVED(a_stored_recording_is_proven_by_the_figures_of_the_pbx),
        SERVED(one_recording_named_by_two_legs_is_fetched_once),
        SERVED(a_file_that_comes_later_is_stored_later),
        SERVED(a_file_that_never_comes_is_given_up_at_the_horizon),
        SERVED(the_body_is_judged_and_never_the_status),
        SERVED(a_spoilt_file_does_not_hold_up_the_others),
        SERVED(a_cookie_that_dies_costs_one_login),
        SERVED(many_recordings_take_two_connections_and_one_login),
        UNSERVED(a_refused_login_is_not_tried_again),
        SERVED(a_refused_login_is_the_reason_of_all_that_wait),
        SERVED(a_throttle_is_obeyed),
        SERVED(a_changed_certificate_gets_no_credentials),
        SERVED(a_pbx_that_is_away_is_fetched_from_when_it_is_back),
        UNSERVED(calls_wait_for_a_pbx_that_is_configured_later),
        UNSERVED(no_secret_is_written_down_anywhere),
        UNSERVED(a_crash_leaves_no_core_dump),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

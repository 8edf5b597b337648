/* The doctor: each cause is made on purpose, and must be the one that is named. */
#include <sys/mount.h>

#include "doctor.h"

/* ---- Scenes ---- */

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

static int old_setup(void **state)
{
    struct scene *scene = scene_start(
        state, &(struct simulator_options){ .new_port = SIMULATOR_PORT_OFF, .field_count = 32 });

    server_start(&scene->server);
    return 0;
}

static int old_closed_setup(void **state)
{
    struct scene *scene = scene_start(
        state, &(struct simulator_options){ .new_port = SIMULATOR_PORT_OFF, .permitted_old = "" });

    server_start(&scene->server);
    return 0;
}

static int new_closed_setup(void **state)
{
    struct scene *scene = scene_start(
        state, &(struct simulator_options){ .old_port = SIMULATOR_PORT_OFF,
                                            .permitted_new = "192.0.2.3/255.255.255.255" });

    server_start(&scene->server);
    return 0;
}

/* A call whose recording was fetched. */
static struct simulator_added call_stored(struct scene *scene, int64_t hours_ago)
{
    struct simulator_added added;
    struct simulator_call call = { .audio_path = scene->sound };

    call.started_at = hours_ago > 0 ? time_now() - hours_ago * HOUR_MS : 0;
    call_ring(scene, &call, &added);
    json_decref(recording_wait(&scene->server, added.recordings[0].path, "stored", NULL));
    return added;
}

static void pbx_set(const struct server *server, const char *flag, const char *value)
{
    server_must(server,
                &(struct command){ .arguments = { "tenant", "pbx", "default", flag, value } },
                NULL);
}

/* ---- All well ---- */

static void a_healthy_pbx_is_found_healthy(void **state)
{
    struct scene *scene = *state;

    call_stored(scene, 1);
    well_check(&scene->server);
    AUTO(json_release) json_t *examination = doctor_run_with(&scene->server, NULL, NULL, NULL, 0);
    const char *detail = text_at(step_of(examination, "recording"), "detail");
    assert_non_null(strstr(detail, "pcm_s16"));
    assert_non_null(strstr(detail, "byte for byte what is stored here"));
    assert_string_equal(text_at(examination, "facts.model"), "UCM6301");
    assert_true(ucm_seen(scene).connections_max <= 2);
}

static void a_recording_of_choice_is_fetched(void **state)
{
    struct scene *scene = *state;
    struct simulator_added first = call_stored(scene, 3);
    struct simulator_added second = call_stored(scene, 1);

    AUTO(json_release)
    json_t *examination = doctor_run_with(&scene->server, "--recording", first.recordings[0].path,
                                          "--tenant=default", 0);
    assert_string_equal(text_at(examination, "facts.recording"), first.recordings[0].path);
    AUTO(json_release) json_t *newest = doctor_run_with(&scene->server, NULL, NULL, NULL, 0);
    assert_string_equal(text_at(newest, "facts.recording"), second.recordings[0].path);
}

/* ---- Settings and the way to the PBX ---- */

static void a_missing_setting_is_named(void **state)
{
    struct scene *scene = *state;
    char other[96];

    IGNORE(snprintf(other, sizeof other, "%s/other", scene->server.folder), "fits");
    server_set(&scene->server, "UCM_PASSWORD", NULL);
    cause_check(&scene->server, "pbx_not_configured", "configuration",
                "no password (UCM_PASSWORD)");
    server_set(&scene->server, "UCM_USERNAME", NULL);
    cause_check(&scene->server, "pbx_not_configured", "configuration", "UCM_USERNAME");
    server_set(&scene->server, "UCM_IP", NULL);
    server_set(&scene->server, "DATA_DIR", other);
    cause_check(&scene->server, "pbx_not_configured", "configuration", "UCM_IP");
    assert_int_equal(ucm_seen(scene).credential_bytes, 0);
}

static void a_setting_that_cannot_be_used_is_named(void **state)
{
    struct scene *scene = *state;

    server_set(&scene->server, "RETRY_SCHEDULE", "soon");
    AUTO(json_release) json_t *examination = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
    assert_string_equal(text_at(examination, "root_cause.code"), "setting_invalid");
    assert_non_null(strstr(text_at(examination, "root_cause.detail"), "RETRY_SCHEDULE"));
}

static void a_name_that_leads_nowhere_is_named(void **state)
{
    struct scene *scene = *state;

    server_set(&scene->server, "UCM_IP", "ucm.does-not-exist.invalid");
    cause_check(&scene->server, "dns_failed", "dns", "ucm.does-not-exist.invalid");
}

static void a_network_that_is_not_permitted_here_is_named(void **state)
{
    struct scene *scene = *state;

    server_set(&scene->server, "PBX_ALLOWED_NETWORKS", "10.0.0.0/8");
    cause_check(&scene->server, "address_refused", "dns", "PBX_ALLOWED_NETWORKS");
    assert_int_equal(ucm_seen(scene).connections, 0);
}

static void a_closed_port_is_named(void **state)
{
    struct scene *scene = *state;

    fault_set(scene, "refuse", SIMULATOR_FOREVER, 0);
    cause_check(&scene->server, "connect_refused", "tcp", "closed");
}

static void the_usual_port_is_offered_where_another_one_is_set(void **state)
{
    struct scene *scene = *state;
    AUTO(simulator_stop) struct simulator *usual = NULL;
    struct error error = { 0 };

    if (!simulator_start(
            &(struct simulator_options){ .new_port = 8089, .old_port = SIMULATOR_PORT_OFF }, &usual,
            &error)) {
        skip(); /* Somebody else has that port. */
    }
    fault_set(scene, "refuse", SIMULATOR_FOREVER, 0);
    AUTO(json_release) json_t *examination = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
    root_check(examination, "connect_refused", "tcp", "8089: open");
    assert_non_null(strstr(text_at(examination, "root_cause.advice"), "--port 8089"));
}

/* A listener whose queue is full answers no further SYN: as a firewall that drops it. */
static void a_firewall_that_drops_is_named(void **state)
{
    struct scene *scene = *state;
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    AUTO(file_close) int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int callers[8];

    assert_int_equal(bind(listener, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &size), 0);
    assert_int_equal(listen(listener, 0), 0);
    for (size_t i = 0; i < COUNT_OF(callers); i++) {
        callers[i] = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
        (void)connect(callers[i], (struct sockaddr *)&address, sizeof address);
    }
    server_set_number(&scene->server, "UCM_PORT", ntohs(address.sin_port));
    cause_check(&scene->server, "connect_timeout", "tcp", "firewall");
    for (size_t i = 0; i < COUNT_OF(callers); i++) {
        (void)close(callers[i]);
    }
}

/* ---- Certificate ---- */

static void a_changed_certificate_is_named_and_gets_nothing(void **state)
{
    struct scene *scene = *state;

    AUTO(json_release) json_t *before = doctor_run_with(&scene->server, NULL, NULL, NULL, 0);
    assert_string_equal(text_at(before, "facts.tls_pin"), simulator_public_key_pin(scene->ucm));
    fault_set(scene, "certificate-changed", SIMULATOR_FOREVER, 0);
    simulator_statistics_reset(scene->ucm);
    AUTO(json_release) json_t *after = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
    root_check(after, "tls_changed", "tls", simulator_public_key_pin(scene->ucm));
    assert_non_null(strstr(text_at(after, "root_cause.detail"), "CN="));
    assert_non_null(strstr(text_at(after, "root_cause.advice"), "--forget-pin"));
    assert_int_equal(ucm_seen(scene).bytes_received, 0);
}

static void a_tls_that_is_too_old_is_named(void **state)
{
    struct scene *scene = *state;

    fault_set(scene, "tls-1.0-only", SIMULATOR_FOREVER, 0);
    cause_check(&scene->server, "tls_too_old", "tls", "port");
}

static void a_port_without_tls_is_named(void **state)
{
    struct scene *scene = *state;

    fault_set(scene, "plain-http", SIMULATOR_FOREVER, 0);
    cause_check(&scene->server, "tls_failed", "tls", "port");
}

static void a_pbx_that_hangs_is_named(void **state)
{
    struct scene *scene = *state;

    fault_set(scene, "accept-silent", SIMULATOR_FOREVER, 0);
    cause_check(&scene->server, "tls_failed", "tls", "says nothing");
}

/* ---- Which API ---- */

static void a_web_page_in_the_place_of_the_api_is_named(void **state)
{
    struct scene *scene = *state;

    fault_set(scene, "html-page@any", SIMULATOR_FOREVER, 0);
    cause_check(&scene->server, "api_not_found", "api", "a web page");
    assert_int_equal(ucm_seen(scene).logins, 0);
}

static void a_redirect_is_named_and_not_followed(void **state)
{
    struct scene *scene = *state;

    fault_set(scene, "redirect@any", SIMULATOR_FOREVER, 0);
    cause_check(&scene->server, "redirected", "api", "sends us elsewhere");
}

static void the_wrong_generation_of_the_api_is_named(void **state)
{
    struct scene *scene = *state;

    pbx_set(&scene->server, "--api", "new");
    cause_check(&scene->server, "wrong_api", "api", "the old API");
    pbx_set(&scene->server, "--api", "auto");
    AUTO(json_release) json_t *well = doctor_run_with(&scene->server, NULL, NULL, NULL, 0);
    assert_string_equal(text_at(well, "facts.api"), "old");
}

static void an_empty_list_of_addresses_on_the_old_api_is_named(void **state)
{
    struct scene *scene = *state;

    AUTO(json_release) json_t *examination = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
    root_check(examination, "address_not_permitted", "api", "HTTP 403");
    assert_non_null(strstr(text_at(examination, "root_cause.advice"), "empty list refuses"));
    assert_int_equal(ucm_seen(scene).credential_bytes, 0);
}

static void an_address_that_the_new_api_does_not_permit_is_named(void **state)
{
    struct scene *scene = *state;

    AUTO(json_release) json_t *examination = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
    root_check(examination, "address_not_permitted", "api", "-47");
    assert_non_null(strstr(text_at(examination, "root_cause.advice"), "Permitted IP(s)"));
    assert_int_equal(ucm_seen(scene).credential_bytes, 0);
}

/* ---- Login and rights ---- */

static void a_refused_login_is_named_with_the_tries_left_and_not_tried_again(void **state)
{
    struct scene *scene = *state;

    server_set(&scene->server, "UCM_PASSWORD", "not-the-password-of-it");
    server_start(&scene->server);
    AUTO(json_release) json_t *first = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
    root_check(first, "login_refused", "login", "4 tries left");
    assert_int_equal(ucm_seen(scene).logins_refused, 1);
    int challenges = ucm_seen(scene).challenges;
    for (int i = 0; i < 3; i++) {
        AUTO(json_release) json_t *again = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
        root_check(again, "login_refused", "login", "4 tries are left");
        assert_string_equal(text_at(step_of(again, "api"), "state"), "ok");
    }
    assert_int_equal(ucm_seen(scene).logins_refused, 1);
    assert_int_equal(ucm_seen(scene).challenges, challenges);
    /* Collection keeps off as well. */
    struct simulator_added added;
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    json_decref(
        recording_wait(&scene->server, added.recordings[0].path, "waiting", "login_refused"));
    assert_int_equal(ucm_seen(scene).logins_refused, 1);
}

static void a_refused_digest_is_named_and_not_tried_again(void **state)
{
    struct scene *scene = *state;

    AUTO(json_release) json_t *before = doctor_run_with(&scene->server, NULL, NULL, NULL, 0);
    assert_string_equal(text_at(before, "facts.api"), "old");
    server_set(&scene->server, "UCM_PASSWORD", "not-the-password-of-it");
    simulator_statistics_reset(scene->ucm);
    for (int i = 0; i < 2; i++) {
        cause_check(&scene->server, "login_refused", "login", "401");
        assert_int_equal(ucm_seen(scene).logins_refused, 1);
    }
}

static void a_lock_is_named_with_the_seconds_left(void **state)
{
    struct scene *scene = *state;

    fault_set(scene, "login-locked", SIMULATOR_FOREVER, 0);
    AUTO(json_release) json_t *first = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
    root_check(first, "login_locked", "login", "seconds left");
    AUTO(db_close) struct db *db = server_db(&scene->server);
    struct error error = { 0 };
    assert_true(
        db_run(db, "UPDATE pbx SET stopped_at = stopped_at - 100000", DB_NO_VALUES, NULL, &error));
    AUTO(json_release) json_t *again = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
    root_check(again, "login_locked", "login", "seconds of the lock are left");
    int locked_s = 0;
    int left_s = 0;
    const char *detail = text_at(again, "root_cause.detail");
    assert_int_equal(sscanf(strstr(detail, "locked for"), "locked for %d s", &locked_s), 1);
    assert_int_equal(sscanf(strstr(detail, ". ") + 2, "%d seconds", &left_s), 1);
    assert_in_range(left_s, locked_s - 110, locked_s - 100);
    assert_int_equal(ucm_seen(scene).faults, 1);
}

static void a_user_that_may_not_fetch_recordings_is_named(void **state)
{
    struct scene *scene = *state;

    fault_set(scene, "no-permission", SIMULATOR_FOREVER, 0);
    AUTO(json_release) json_t *examination = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
    root_check(examination, "no_permission", "permissions", "call records: yes");
    assert_non_null(strstr(text_at(examination, "root_cause.detail"), "recordings: no"));
    assert_non_null(strstr(text_at(examination, "root_cause.advice"), "recapi"));
}

static void files_that_the_clean_up_deleted_are_named(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added = call_stored(scene, 48);

    assert_true(simulator_recording_delete(scene->ucm, added.recordings[0].path));
    AUTO(json_release) json_t *examination = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
    root_check(examination, "deleted_on_pbx", "recording", added.recordings[0].path);
    assert_non_null(strstr(text_at(examination, "root_cause.advice"), "Cleaner"));
}

static void a_body_that_is_no_sound_is_named(void **state)
{
    struct scene *scene = *state;

    call_stored(scene, 1);
    fault_set(scene, "header-only", SIMULATOR_FOREVER, 0);
    cause_check(&scene->server, "empty", "recording", "44 bytes");
}

/* ---- Clock ---- */

static void a_wrong_clock_is_named(void **state)
{
    struct scene *scene = *state;

    call_stored(scene, 1);
    fault_set(scene, "clock", SIMULATOR_FOREVER, 7200);
    simulator_sessions_expire(scene->ucm);
    cause_check(&scene->server, "clock_skew", "clock", "120 minutes ahead");
    fault_set(scene, "clock", SIMULATOR_FOREVER, -3600);
    cause_check(&scene->server, "clock_skew", "clock", "60 minutes behind");
    fault_set(scene, "clock", SIMULATOR_FOREVER, 120);
    AUTO(json_release) json_t *examination = doctor_run_with(&scene->server, NULL, NULL, NULL, 0);
    assert_string_equal(text_at(step_of(examination, "clock"), "state"), "warning");
}

/* ---- Our side ---- */

/* A small file system over a folder; false where this machine does not let us. */
static bool small_disk_mount(const char *folder)
{
    struct error error = { 0 };

    assert_true(folder_make(folder, &error));
    return mount("tmpfs", folder, "tmpfs", 0, "size=3m,mode=0700") == 0;
}

static void disk_fill(const char *folder)
{
    static const char PIECE[4096];
    char path[160];

    IGNORE(snprintf(path, sizeof path, "%s/filling", folder), "fits");
    AUTO(file_close) int file = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    while (write(file, PIECE, sizeof PIECE) > 0) {
    }
    assert_int_equal(errno, ENOSPC);
}

static const char *recordings_folder(const struct scene *scene, char path_out[128])
{
    IGNORE(snprintf(path_out, 128, "%s/recordings", scene->server.data), "fits");
    return path_out;
}

static void a_full_storage_is_named(void **state)
{
    struct scene *scene = *state;
    char folder[128];

    if (!small_disk_mount(recordings_folder(scene, folder))) {
        skip(); /* Only root may mount. */
    }
    disk_fill(folder);
    AUTO(json_release) json_t *examination = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
    IGNORE(umount2(folder, MNT_DETACH), "the folder is thrown away");
    root_check(examination, "storage_full", "storage", "No space left");
}

static void a_full_disk_under_everything_is_named(void **state)
{
    struct scene *scene = *state;

    if (!small_disk_mount(scene->server.data)) {
        skip();
    }
    json_decref(doctor_run_with(&scene->server, NULL, NULL, NULL, 1)); /* Less than 16 MiB. */
    disk_fill(scene->server.data);
    AUTO(json_release) json_t *examination = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
    IGNORE(umount2(scene->server.data, MNT_DETACH), "the folder is thrown away");
    assert_string_equal(text_at(examination, "root_cause.code"), "storage_full");
}

static void a_storage_that_cannot_be_written_is_named(void **state)
{
    struct scene *scene = *state;
    char folder[128];
    char drafts[160];
    struct error error = { 0 };

    if (!small_disk_mount(recordings_folder(scene, folder))) {
        skip();
    }
    IGNORE(snprintf(drafts, sizeof drafts, "%s/.drafts", folder), "fits");
    assert_true(folder_make(drafts, &error));
    assert_int_equal(mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL), 0);
    AUTO(json_release) json_t *examination = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
    IGNORE(umount2(folder, MNT_DETACH), "the folder is thrown away");
    root_check(examination, "storage_refused", "storage", "Read-only");
}

static void a_damaged_database_is_named(void **state)
{
    struct scene *scene = *state;
    char path[128];
    unsigned char noise[2048];

    call_stored(scene, 1);
    server_stop(&scene->server);
    IGNORE(snprintf(path, sizeof path, "%s/audiapro.db", scene->server.data), "fits");
    AUTO(file_close) int file = open(path, O_RDWR | O_CLOEXEC);
    assert_true(file >= 0);
    int64_t page_size = server_number(&scene->server, "PRAGMA page_size", NULL);
    int64_t page = server_number(
        &scene->server, "SELECT rootpage FROM sqlite_master WHERE name = 'leg_by_call'", NULL);
    memset(noise, 0x5a, sizeof noise);
    assert_int_equal(pwrite(file, noise, sizeof noise, (page - 1) * page_size), sizeof noise);
    cause_check(&scene->server, "database_failed", "database", "damaged");
}

static void a_collection_that_does_not_run_is_named(void **state)
{
    struct scene *scene = *state;
    static const char *const HTTP_ONLY[] = { "serve", "--role", "http", NULL };
    struct simulator_added added;

    call_stored(scene, 1);
    server_stop(&scene->server);
    AUTO(file_close) int log = open(scene->server.log, O_WRONLY | O_APPEND | O_CLOEXEC);
    scene->server.pid = program_start(&scene->server, HTTP_ONLY, -1, log, log);
    assert_true(server_wait(&scene->server));
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    cause_check(&scene->server, "not_collecting", "backlog", "no collect process runs");
}

static void a_collection_that_falls_behind_is_named(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;
    struct error error = { 0 };

    fault_set(scene, "refuse", SIMULATOR_FOREVER, 0);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    json_decref(
        recording_wait(&scene->server, added.recordings[0].path, "waiting", "connect_refused"));
    server_stop(&scene->server);
    simulator_faults_clear(scene->ucm);
    AUTO(db_close) struct db *db = server_db(&scene->server);
    time_ms now = time_now();
    assert_true(db_run(db, "UPDATE job SET run_at = $1",
                       DB_VALUES(DB_INT(now - 30 * (time_ms)MINUTE_MS)), NULL, &error) &&
                db_run(db, "UPDATE lane SET blocked_until = 0", DB_NO_VALUES, NULL, &error) &&
                db_run(db,
                       "INSERT INTO process (id, role, host, pid, version, started_at, seen_at)"
                       " VALUES (1, 'collect', 'elsewhere', 1, '0', $1, $1)",
                       DB_VALUES(DB_INT(now)), NULL, &error));
    cause_check(&scene->server, "backlog", "backlog", "falls behind");
}

/* ---- The command ---- */

static void a_wrong_use_is_no_finding(void **state)
{
    struct scene *scene = *state;
    const struct command wrong[] = {
        { .arguments = { "doctor", "--wrong" } },
        { .arguments = { "doctor", "something" } },
        { .arguments = { "doctor", "--tenant", "nobody" } },
    };

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        assert_int_equal(server_command(&scene->server, &wrong[i], NULL, NULL), 2);
    }
}

static void several_tenants_are_examined_one_after_the_other(void **state)
{
    struct scene *scene = *state;
    AUTO(text_clear) struct text output = TEXT_UP_TO(1 * MIB);

    server_must(&scene->server, &(struct command){ .arguments = { "tenant", "create", "empty" } },
                NULL);
    int status = server_command(&scene->server, &(struct command){ .arguments = { "doctor" } },
                                &output, NULL);
    assert_int_equal(status, 1);
    assert_non_null(strstr(text_get(&output), "tenant default"));
    assert_non_null(strstr(text_get(&output), "all well"));
    assert_non_null(strstr(text_get(&output), "tenant empty"));
    assert_non_null(strstr(text_get(&output), "root cause: pbx_not_configured"));
    assert_non_null(strstr(text_get(&output), "2 PBXs examined, 1 with a problem"));
    output.size = 0;
    json_decref(doctor_run_with(&scene->server, "--tenant", "default", NULL, 0));
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
#define UNSERVED(test) cmocka_unit_test_setup_teardown(test, unserved_setup, scene_teardown)
#define OLD(test) cmocka_unit_test_setup_teardown(test, old_setup, scene_teardown)

static void a_healthy_pbx_of_the_old_api_is_found_healthy(void **state)
{
    struct scene *scene = *state;

    call_stored(scene, 1);
    well_check(&scene->server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(a_healthy_pbx_is_found_healthy),
        OLD(a_healthy_pbx_of_the_old_api_is_found_healthy),
        SERVED(a_recording_of_choice_is_fetched),
        UNSERVED(a_missing_setting_is_named),
        UNSERVED(a_setting_that_cannot_be_used_is_named),
        UNSERVED(a_name_that_leads_nowhere_is_named),
        UNSERVED(a_network_that_is_not_permitted_here_is_named),
        UNSERVED(a_closed_port_is_named),
        UNSERVED(the_usual_port_is_offered_where_another_one_is_set),
        UNSERVED(a_firewall_that_drops_is_named),
        UNSERVED(a_changed_certificate_is_named_and_gets_nothing),
        UNSERVED(a_tls_that_is_too_old_is_named),
        UNSERVED(a_port_without_tls_is_named),
        UNSERVED(a_pbx_that_hangs_is_named),
        UNSERVED(a_web_page_in_the_place_of_the_api_is_named),
        UNSERVED(a_redirect_is_named_and_not_followed),
        OLD(the_wrong_generation_of_the_api_is_named),
        cmocka_unit_test_setup_teardown(an_empty_list_of_addresses_on_the_old_api_is_named,
                                        old_closed_setup, scene_teardown),
        cmocka_unit_test_setup_teardown(an_address_that_the_new_api_does_not_permit_is_named,
                                        new_closed_setup, scene_teardown),
        UNSERVED(a_refused_login_is_named_with_the_tries_left_and_not_tried_again),
        OLD(a_refused_digest_is_named_and_not_tried_again),
        UNSERVED(a_lock_is_named_with_the_seconds_left),
        SERVED(a_user_that_may_not_fetch_recordings_is_named),
        SERVED(files_that_the_clean_up_deleted_are_named),
        SERVED(a_body_that_is_no_sound_is_named),
        SERVED(a_wrong_clock_is_named),
        UNSERVED(a_full_storage_is_named),
        UNSERVED(a_full_disk_under_everything_is_named),
        UNSERVED(a_storage_that_cannot_be_written_is_named),
        SERVED(a_damaged_database_is_named),
        SERVED(a_collection_that_does_not_run_is_named),
        SERVED(a_collection_that_falls_behind_is_named),
        UNSERVED(a_wrong_use_is_no_finding),
        SERVED(several_tenants_are_examined_one_after_the_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

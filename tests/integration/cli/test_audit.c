/* The audit: whatever is harmed here is found, named, and healed from the PBX; and where nothing is
 * harmed it says what it looked at. */
#include "scene.h"

enum { MANY = 20 };

/* ---- Little helpers of this file ---- */

static void sql_run(const struct server *server, const char *sql)
{
    AUTO(db_close) struct db *db = server_db(server);
    struct error error = { 0 };

    if (!db_run(db, sql, DB_NO_VALUES, NULL, &error)) {
        fail_msg("%s: %s", sql, error.message);
    }
}

static void calls_store(struct scene *scene, int count, struct simulator_added *added)
{
    for (int i = 0; i < count; i++) {
        call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[i]);
    }
    collection_wait(&scene->server, "stored", count);
}

/* Where the file of a recording lies. */
static void file_path(const struct server *server, const char *pbx_path, char path_out[512])
{
    AUTO(db_close) struct db *db = server_db(server);
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    struct error error = { 0 };

    assert_true(db_query(db, "SELECT blob_key FROM recording WHERE path = $1",
                         DB_VALUES(DB_TEXT(pbx_path)), &rows, &error));
    assert_int_equal(db_next(&rows, &error), DB_ROW);
    assert_non_null(db_text(&rows, 0));
    IGNORE(snprintf(path_out, 512, "%s/recordings/%s", server->data, db_text(&rows, 0)), "fits");
}

/* One bit of one byte of the file is another from now on. */
static void byte_flip(const char *path, unsigned seed)
{
    unsigned char byte = 0;
    struct stat status;
    AUTO(file_close) int file = open(path, O_RDWR | O_CLOEXEC);

    assert_true(file >= 0 && fstat(file, &status) == 0);
    off_t at = (off_t)((seed * 2654435761U) % (unsigned)status.st_size);
    assert_int_equal(pread(file, &byte, 1, at), 1);
    byte ^= (unsigned char)(1U << (seed % 8));
    assert_int_equal(pwrite(file, &byte, 1, at), 1);
}

/* Runs `audiapro audit` with up to three more flags; its report. The exit status must be as told.
 */
static json_t *audit(const struct server *server, int status, const char *first, const char *second)
{
    AUTO(text_clear) struct text output = TEXT_UP_TO(4 * MIB);
    AUTO(text_clear) struct text errors = TEXT_UP_TO(1 * MIB);
    struct command command = { .arguments = { "audit", "--json", first,
                                              first != NULL ? second : NULL } };
    struct error error = { 0 };
    int actual = server_command(server, &command, &output, &errors);

    if (actual != status) {
        fail_msg("exit status %d, not %d: %s%s", actual, status, text_get(&output),
                 text_get(&errors));
    }
    json_t *report = json_read(text_get(&output), output.size, &error);
    assert_non_null(report);
    return report;
}

/* How many of its violations have that code (and, when told, are healed). */
static int lines_with(const json_t *report, const char *code, bool is_healed)
{
    const json_t *lines = json_object_get(report, "violations");
    int count = 0;

    for (size_t i = 0; i < json_array_size(lines); i++) {
        const json_t *line = json_array_get(lines, i);
        bool is_it = strcmp(text_at(line, "code"), code) == 0;
        count += is_it && (!is_healed || json_is_true(json_object_get(line, "healed"))) ? 1 : 0;
        if (is_it) {
            assert_true(strlen(text_at(line, "what")) > 10 && strlen(text_at(line, "advice")) > 10);
        }
    }
    return count;
}

static void line_check(const json_t *report, const char *code, int count)
{
    if (lines_with(report, code, false) != count) {
        AUTO(free) char *text = json_dumps(report, JSON_INDENT(1));
        fail_msg("not %d '%s': %s", count, code, text);
    }
}

static void all_check(struct scene *scene, const struct simulator_added *added, int count)
{
    collection_wait(&scene->server, "stored", count);
    for (int i = 0; i < count; i++) {
        AUTO(json_release)
        json_t *call = recording_wait(&scene->server, added[i].recordings[0].path, "stored", NULL);
        recording_check(&scene->server, call, 0, &added[i].recordings[0]);
    }
}

/* ---- Nothing is wrong ---- */

static void a_clean_audit_says_what_it_checked(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added[3];
    AUTO(text_clear) struct text output = TEXT_UP_TO(1 * MIB);

    json_decref(audit(server, 0, NULL, NULL)); /* Also where there is nothing yet. */
    calls_store(scene, 3, added);
    AUTO(json_release) json_t *report = audit(server, 0, NULL, NULL);
    assert_true(number_at(report, "violation_count") == 0);
    assert_true(number_at(report, "checked.calls") == 3);
    assert_true(number_at(report, "checked.recordings") == 3);
    assert_true(number_at(report, "checked.stored") == 3);
    assert_true(number_at(report, "checked.hashes") == 3);
    assert_true(number_at(report, "checked.files") == 3);
    assert_true(number_at(report, "checked.bytes") == 3.0 * (double)added[0].recordings[0].bytes);
    assert_true(number_at(report, "checked.rules") >= 10);
    server_must(server, &(struct command){ .arguments = { "audit", "--no-hashes" } }, &output);
    assert_non_null(strstr(text_get(&output), "all is well"));
    assert_non_null(strstr(text_get(&output), "3 stored recordings"));
    AUTO(json_release) json_t *last = server_get(server, "/api/audit");
    assert_true(json_is_false(json_object_get(last, "has_hashes")));
    assert_true(number_at(last, "checked.files") == 3);
}

/* ---- Files ---- */

static void one_flipped_byte_in_each_of_many_files_is_found_and_healed(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added[MANY];
    char path[512];

    calls_store(scene, MANY, added);
    for (int i = 0; i < MANY; i++) {
        file_path(server, added[i].recordings[0].path, path);
        byte_flip(path, (unsigned)(i + 1));
    }
    json_decref(audit(server, 0, "--no-hashes", NULL)); /* Sizes alone do not tell. */
    AUTO(json_release) json_t *found = audit(server, 1, NULL, NULL);
    line_check(found, "file_hash_differs", MANY);
    assert_true(number_at(found, "healed_count") == 0);
    AUTO(json_release) json_t *healed = audit(server, 1, "--heal", NULL);
    line_check(healed, "file_hash_differs", MANY);
    assert_int_equal(lines_with(healed, "file_hash_differs", true), MANY);
    all_check(scene, added, MANY);
    json_decref(audit(server, 0, NULL, NULL));
    assert_int_equal(
        server_number(server, "SELECT count(*) FROM event WHERE stage = 'audit'", NULL), MANY);
}

static void a_file_that_is_gone_or_cut_is_fetched_again(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added[3];
    char path[512];

    calls_store(scene, 3, added);
    file_path(server, added[0].recordings[0].path, path);
    assert_int_equal(unlink(path), 0);
    file_path(server, added[1].recordings[0].path, path);
    assert_int_equal(truncate(path, 1000), 0);
    AUTO(json_release) json_t *report = audit(server, 1, "--no-hashes", "--heal");
    line_check(report, "file_missing", 1);
    line_check(report, "file_size_differs", 1);
    assert_true(number_at(report, "healed_count") == 2);
    all_check(scene, added, 3);
    json_decref(audit(server, 0, NULL, NULL));
}

static void what_the_pbx_has_no_more_ends_missing_and_says_that_it_was_damaged_here(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added[2];
    char path[512];

    calls_store(scene, 2, added);
    assert_true(simulator_recording_delete(scene->ucm, added[0].recordings[0].path));
    file_path(server, added[0].recordings[0].path, path);
    byte_flip(path, 7);
    json_decref(audit(server, 1, "--heal", NULL));
    AUTO(json_release)
    json_t *call = recording_wait(server, added[0].recordings[0].path, "missing", "deleted_on_pbx");
    assert_non_null(strstr(text_at(call, "recordings.0.reason.detail"), "found damaged at"));
    assert_true(json_is_null(json_at(call, "recordings.0.stored")));
    /* The damaged bytes are kept: they may be all that there is. */
    AUTO(json_release) json_t *after = audit(server, 0, NULL, NULL);
    assert_true(number_at(after, "checked.stored") == 1);
    assert_true(access(path, F_OK) != 0);
}

/* As if the file had been there for two hours. */
static void file_age(const char *path)
{
    struct timespec times[2] = { { .tv_sec = time_now() / SECOND_MS - 7200 } };

    times[1] = times[0];
    assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void a_file_without_a_row_is_told_and_laid_aside_never_removed(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added;
    struct error error = { 0 };
    char old[512];
    char young[512];

    calls_store(scene, 1, &added);
    file_path(server, added.recordings[0].path, old);
    IGNORE(snprintf(strrchr(old, '/'), 32, "/stray.wav"), "fits");
    IGNORE(snprintf(young, sizeof young, "%s/recordings/young.wav", server->data), "fits");
    assert_true(file_write(old, "kept", 4, 0600, &error));
    assert_true(file_write(young, "kept", 4, 0600, &error));
    file_age(old);
    AUTO(json_release) json_t *found = audit(server, 1, "--tenant", "default");
    line_check(found, "file_without_row", 1);
    assert_non_null(strstr(text_at(found, "violations.0.where"), "stray.wav"));
    assert_int_equal(access(old, F_OK), 0);
    AUTO(json_release) json_t *moved = audit(server, 1, "--heal", NULL);
    assert_int_equal(lines_with(moved, "file_without_row", true), 1);
    assert_int_equal(access(young, F_OK), 0);
    assert_true(access(old, F_OK) != 0);
    json_decref(audit(server, 0, NULL, NULL));
    IGNORE(snprintf(old, sizeof old, "grep -rqx kept %s/recordings/lost_and_found", server->data),
           "fits");
    assert_int_equal(system(old), 0);
}

static void when_most_files_are_gone_at_once_the_storage_is_suspected(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added[MANY];
    char path[512];

    calls_store(scene, MANY, added);
    for (int i = 0; i < MANY - 5; i++) {
        file_path(server, added[i].recordings[0].path, path);
        assert_int_equal(unlink(path), 0);
    }
    AUTO(json_release) json_t *report = audit(server, 1, "--heal", NULL);
    line_check(report, "file_missing", MANY - 5);
    line_check(report, "storage_away", 1);
    assert_true(number_at(report, "healed_count") == 0);
    AUTO(json_release) json_t *figures = server_get(server, "/api/collection");
    assert_int_equal(json_number(figures, "stored", -1), MANY);
    AUTO(json_release) json_t *sure = audit(server, 1, "--heal", "--lost");
    line_check(sure, "storage_away", 0);
    all_check(scene, added, MANY);
}

/* ---- Rows ---- */

/* Each harm, the rule that names it, and that it is gone after --heal. */
static void a_row_in_a_wrong_state_is_found_and_set_right(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added[2];
    static const struct {
        const char *harm, *code;
    } rows[] = {
        { "UPDATE recording SET state = 'lost'", "unknown_state" },
        { "UPDATE recording SET state = 'missing', reason = 'empty'", "not_stored_with_file" },
        { "UPDATE recording SET state = 'missing', reason = NULL", "no_reason" },
        { "UPDATE recording SET sha256 = NULL", "stored_without_proof" },
        { "UPDATE recording SET stored_bytes = NULL", "stored_without_proof" },
        { "INSERT INTO job (subject_id, lane_id, tenant_id, run_at, queued_at) SELECT recording.id,"
          " lane.id, tenant_id, 9999999999999, 1 FROM recording JOIN lane ON lane.owner_id = pbx_id"
          " AND stage = 'fetch'",
          "settled_with_fetch_job" },
        { "INSERT INTO job (subject_id, lane_id, tenant_id, run_at, queued_at) SELECT"
          " recording.id + 1, lane.id, tenant_id, 9999999999999, 1 FROM recording JOIN lane ON"
          " lane.owner_id = tenant_id AND stage = 'analyse'",
          "job_without_subject" },
        { "UPDATE recording SET state = 'waiting', reason = 'empty', blob_key = NULL",
          "waiting_without_job" },
    };

    calls_store(scene, 2, added);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        sql_run(server, rows[i].harm);
        AUTO(json_release) json_t *found = audit(server, 1, "--no-hashes", NULL);
        line_check(found, rows[i].code, 2);
        AUTO(json_release) json_t *healed = audit(server, 1, "--no-hashes", "--heal");
        if (number_at(healed, "healed_count") < 2) {
            fail_msg("%s is not healed", rows[i].code);
        }
        all_check(scene, added, 2);
        json_decref(audit(server, 0, NULL, NULL));
    }
}

static void rows_that_lost_each_other_are_told(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added;

    calls_store(scene, 1, &added);
    sql_run(server, "DELETE FROM leg");
    json_decref(audit(server, 0, NULL, NULL)); /* A recording is reason enough for a call. */
    sql_run(server, "DELETE FROM call");
    AUTO(json_release) json_t *lost = audit(server, 1, NULL, NULL);
    line_check(lost, "recording_without_call", 1);
    call_ring(scene, &(struct simulator_call){ .talk_s = 3 }, &added);
    sql_run(server, "UPDATE leg SET call_id = call_id + 1");
    AUTO(json_release) json_t *legs = audit(server, 1, "--heal", NULL);
    line_check(legs, "leg_without_call", 1);
    line_check(legs, "call_without_leg", 1);
    assert_true(number_at(legs, "healed_count") == 0);
}

static void a_lease_that_nobody_ended_is_found(void **state)
{
    struct scene *scene = *state;
    struct server *server = &scene->server;
    struct simulator_added added;

    fault_set(scene, "not-found", SIMULATOR_FOREVER, 0);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    json_decref(recording_wait(server, added.recordings[0].path, "waiting", "not_there_yet"));
    server_stop(server); /* Or somebody would take it. */
    sql_run(server, "UPDATE job SET worker = 'nobody/1', run_at = 1");
    sql_run(server, "UPDATE lane SET blocked_until = 9223372036854775807");
    json_decref(audit(server, 0, NULL, NULL)); /* Its PBX waits for a person: so does the job. */
    sql_run(server, "UPDATE lane SET blocked_until = 0");
    AUTO(json_release) json_t *found = audit(server, 1, NULL, NULL);
    line_check(found, "job_past_its_lease", 1);
    assert_non_null(strstr(text_at(found, "violations.0.where"), "fetch job of nobody/1"));
    json_decref(audit(server, 1, "--heal", NULL));
    json_decref(audit(server, 0, NULL, NULL));
    sql_run(server, "UPDATE recording SET state = 'fetching', reason = NULL");
    AUTO(json_release) json_t *fetching = audit(server, 1, "--heal", NULL);
    line_check(fetching, "fetching_by_nobody", 1);
    json_decref(audit(server, 0, NULL, NULL));
    assert_int_equal(
        server_number(server, "SELECT count(*) FROM recording WHERE reason = 'interrupted'", NULL),
        1);
}

/* ---- By itself ---- */

static void damaged_bytes_are_not_played_and_come_back_by_themselves(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added;
    AUTO(reply_clear) struct reply reply = { 0 };
    char path[512];
    char url[128];

    calls_store(scene, 1, &added);
    AUTO(json_release)
    json_t *call = recording_wait(server, added.recordings[0].path, "stored", NULL);
    IGNORE(snprintf(url, sizeof url, "/api/calls/%s/recording", text_at(call, "id")), "fits");
    file_path(server, added.recordings[0].path, path);
    assert_int_equal(truncate(path, 1234), 0);
    server_ask(server, url, NULL, &reply);
    assert_int_equal(reply.status, 503);
    assert_string_equal(text_at(reply.json, "code"), "storage_damaged");
    int64_t until_ms = time_monotonic_ms() + SETTLE_MS;
    do {
        time_sleep_ms(4 * LOOK_MS);
        server_ask(server, url, NULL, &reply);
    } while (reply.status != 200 && time_monotonic_ms() < until_ms);
    assert_int_equal(reply.status, 200);
    all_check(scene, &added, 1);
}

static void the_daily_audit_heals_and_each_tenant_reads_its_own(void **state)
{
    struct scene *scene = *state;
    struct server *server = &scene->server;
    struct simulator_added added[2];
    char path[512];
    char token[2][128];
    char bearer[192];
    char sql[512];
    AUTO(reply_clear) struct reply reply = { 0 };

    calls_store(scene, 2, added);
    server_must(server, &(struct command){ .arguments = { "tenant", "create", "other" } }, NULL);
    token_create(server, "other", "manager", token[0]);
    token_create(server, "default", "manager", token[1]);
    file_path(server, added[1].recordings[0].path, path);
    byte_flip(path, 3);
    server_stop(server);
    sql_run(server, "UPDATE audit SET started_at = 1"); /* The last one was long ago. */
    IGNORE(snprintf(sql, sizeof sql, "UPDATE recording SET checked_at = %lld WHERE path = '%s'",
                    (long long)time_now(), added[0].recordings[0].path),
           "fits");
    sql_run(server, sql); /* One was read back just now. */
    server_start(server);
    int64_t until_ms = time_monotonic_ms() + SETTLE_MS;
    while (server_number(server, "SELECT count(*) FROM audit WHERE started_at > 1", NULL) == 0) {
        assert_true(time_monotonic_ms() < until_ms);
        time_sleep_ms(4 * LOOK_MS);
    }
    all_check(scene, added, 2);
    AUTO(json_release) json_t *all = server_get(server, "/api/audit");
    line_check(all, "file_hash_differs", 1);
    assert_true(json_is_true(json_at(all, "violations.0.healed")));
    assert_true(number_at(all, "checked.hashes") == 1);
    assert_true(number_at(all, "checked.fresh") == 1);
    for (int i = 0; i < 2; i++) {
        IGNORE(snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", token[i]), "fits");
        server_ask_with(server, "/api/audit", NULL, 0, bearer, NULL, NULL, &reply);
        assert_int_equal(reply.status, 200);
        line_check(reply.json, "file_hash_differs", i);
        assert_true(number_at(reply.json, "checked.recordings") == (i == 0 ? 0 : 2));
    }
    token_create(server, "default", "viewer", token[0]);
    IGNORE(snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", token[0]), "fits");
    server_ask_with(server, "/api/audit", NULL, 0, bearer, NULL, NULL, &reply);
    assert_int_equal(reply.status, 403);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(a_clean_audit_says_what_it_checked),
        SERVED(one_flipped_byte_in_each_of_many_files_is_found_and_healed),
        SERVED(a_file_that_is_gone_or_cut_is_fetched_again),
        SERVED(what_the_pbx_has_no_more_ends_missing_and_says_that_it_was_damaged_here),
        SERVED(a_file_without_a_row_is_told_and_laid_aside_never_removed),
        SERVED(when_most_files_are_gone_at_once_the_storage_is_suspected),
        SERVED(a_row_in_a_wrong_state_is_found_and_set_right),
        SERVED(rows_that_lost_each_other_are_told),
        SERVED(a_lease_that_nobody_ended_is_found),
        SERVED(damaged_bytes_are_not_played_and_come_back_by_themselves),
        SERVED(the_daily_audit_heals_and_each_tenant_reads_its_own),
    };
    return cmocka_run_group_tests_name("cli/audit", tests, NULL, NULL);
}

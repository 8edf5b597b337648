/* History that a person orders: at a throttle, behind the living calls, through crashes. */
#include "polling.h"

/* A call in each hour of the last days, with a second of sound; the newest first. */
static void history_make(struct scene *scene, struct simulator_added *calls, int count)
{
    time_ms now = time_now();

    for (int i = 0; i < count; i++) {
        call_add(scene,
                 &(struct simulator_call){ .audio_path = scene->sound,
                                           .started_at = now - (i + 1) * (time_ms)HOUR_MS },
                 &calls[i]);
    }
}

static void date_print(time_ms at, char out[11])
{
    char text[TIME_TEXT_SIZE];

    IGNORE(snprintf(out, 11, "%.10s", time_print(at, text)), "a date");
}

static void history_is_imported_at_a_throttle_through_a_crash(void **state)
{
    enum { CALL_COUNT = 50, PER_MINUTE = 300 };
    static struct simulator_added calls[CALL_COUNT];
    struct scene *scene = *state;
    struct server *server = &scene->server;
    struct simulator_added living;
    char from[11];
    AUTO(text_clear) struct text output = TEXT_UP_TO(1 * MIB);

    server_set(server, "RECONCILE_INTERVAL", "0");
    history_make(scene, calls, CALL_COUNT);
    date_print(time_now() - 4 * DAY_MS, from);
    server_start(server);
    int64_t begun_ms = time_monotonic_ms();
    server_must(server,
                &(struct command){
                    .arguments = { "import", "--from", from, "--per-minute", "300", "--detach" } },
                &output);
    number_wait(server, "SELECT count(*) >= 10 FROM recording WHERE state = 'stored'", 1,
                SETTLE_MS);
    pid_t dead = role_kill(server, "collect");
    assert_true(role_wait(server, "collect", dead) != dead);
    int64_t rung_ms = time_monotonic_ms(); /* A living call need not wait for the others. */
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->longer }, &living);
    json_decref(recording_wait(server, living.recordings[0].path, "stored", NULL));
    assert_in_range(time_monotonic_ms() - rung_ms, 0, 4000);
    assert_true(
        server_number(server, "SELECT count(*) FROM recording WHERE state = 'waiting'", NULL) > 0);
    number_wait(server, "SELECT count(*) FROM recording WHERE state = 'stored'", CALL_COUNT + 1,
                MANY_MS);
    int64_t took_ms = time_monotonic_ms() - begun_ms;
    print_message("    %d recordings at %d a minute took %lld ms\n", CALL_COUNT, PER_MINUTE,
                  (long long)took_ms);
    assert_true(took_ms >= (CALL_COUNT - 1) * (60000 / PER_MINUTE));
    AUTO(db_close) struct db *db = server_db(server);
    for (int i = 0; i < CALL_COUNT; i++) {
        stored_check(db, &calls[i].recordings[0]);
    }
    number_check(server, "SELECT count(*) FROM call", CALL_COUNT + 1);
    number_check(server, "SELECT count(*) FROM event WHERE event = 'stored'", CALL_COUNT + 1);
    number_wait(server, "SELECT count(*) FROM job", 0, SETTLE_MS); /* Polling is off. */
    text_reset(&output);
    server_must(server, &(struct command){ .arguments = { "import", "--status", "--json" } },
                &output);
    AUTO(json_release) json_t *status = json_loads(text_get(&output), 0, NULL);
    assert_string_equal(text_at(status, "state"), "done");
    assert_true(number_at(status, "stored") >= CALL_COUNT);
    assert_true(number_at(status, "found_recordings") == CALL_COUNT);
}

static void an_import_is_watched_to_its_summary(void **state)
{
    enum { CALL_COUNT = 5 };
    static struct simulator_added calls[CALL_COUNT];
    struct scene *scene = *state;
    char from[11];
    AUTO(text_clear) struct text output = TEXT_UP_TO(1 * MIB);

    server_set(&scene->server, "RECONCILE_INTERVAL", "0");
    history_make(scene, calls, CALL_COUNT);
    /* A file of that time that no call record names. */
    call_add(scene,
             &(struct simulator_call){ .audio_path = scene->longer,
                                       .has_no_cdr = true,
                                       .started_at = time_now() - 7 * (time_ms)HOUR_MS },
             &calls[0]);
    server_start(&scene->server);
    date_print(time_now() - 2 * DAY_MS, from);
    server_must(
        &scene->server,
        &(struct command){ .arguments = { "import", "--from", from, "--per-minute", "6000" } },
        &output);
    assert_non_null(strstr(text_get(&output), "newest first, at most 6000 recordings a minute"));
    assert_non_null(strstr(text_get(&output), ", done\n"));
    assert_non_null(
        strstr(text_get(&output),
               "6 calls with 6 recordings are known of that time: 6 stored, 0 missing"));
}

/* Until the file of that name holds the words. */
static void output_wait(const char *path, const char *words)
{
    int64_t until_ms = time_monotonic_ms() + SETTLE_MS;
    struct error error = { 0 };

    for (;;) {
        AUTO(free) char *content = NULL;
        size_t size = 0;
        assert_true(file_read(path, 1 * MIB, &content, &size, &error));
        if (strstr(content, words) != NULL) {
            return;
        }
        if (time_monotonic_ms() > until_ms) {
            fail_msg("'%s' is not in: %s", words, content);
        }
        time_sleep_ms(LOOK_MS);
    }
}

static void an_interrupted_watch_leaves_the_import_running(void **state)
{
    enum { CALL_COUNT = 8 };
    static struct simulator_added calls[CALL_COUNT];
    struct scene *scene = *state;
    char from[11];
    char path[128];
    const char *arguments[] = { "import", "--from", from, "--per-minute", "120", NULL };

    server_set(&scene->server, "RECONCILE_INTERVAL", "0");
    history_make(scene, calls, CALL_COUNT);
    date_print(time_now() - 2 * DAY_MS, from);
    server_start(&scene->server);
    IGNORE(snprintf(path, sizeof path, "%s/watch", scene->server.folder), "fits");
    AUTO(file_close) int output = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    pid_t watcher = program_start(&scene->server, arguments, -1, output, output);
    output_wait(path, " calls, ");
    assert_int_equal(kill(watcher, SIGINT), 0);
    assert_int_equal(process_wait(watcher, STOP_MS), 0);
    output_wait(path, "the import goes on without this command");
    number_wait(&scene->server, "SELECT count(*) FROM recording WHERE state = 'stored'", CALL_COUNT,
                SETTLE_MS);
}

static void an_import_without_a_collecting_process_says_so(void **state)
{
    struct scene *scene = *state;
    struct server *server = &scene->server;
    struct command order = { .arguments = { "import", "--from", "2026-01-01", "--until",
                                            "2026-01-31" } };
    AUTO(text_clear) struct text output = TEXT_UP_TO(1 * MIB);

    server_start(server);
    server_stop(server);
    assert_int_equal(server_command(server, &order, &output, NULL), 1);
    assert_non_null(strstr(text_get(&output), "no collecting process runs"));
    number_check(server, "SELECT count(*) FROM reconciliation WHERE import_ended_at IS NULL", 1);
    text_reset(&output);
    server_must(server, &(struct command){ .arguments = { "import", "--stop" } }, &output);
    assert_non_null(strstr(text_get(&output), "the import is stopped"));
    server_must(server, &(struct command){ .arguments = { "import", "--status" } }, &output);
    assert_non_null(strstr(text_get(&output), "stopped"));
}

static void an_import_order_that_cannot_be_meant_is_refused(void **state)
{
    static const struct command orders[] = {
        { .arguments = { "import" } },
        { .arguments = { "import", "--from", "yesterday" } },
        { .arguments = { "import", "--from", "2026-02-05", "--until", "2026-02-04" } },
        { .arguments = { "import", "--from", "2026-02-05", "--per-minute", "0" } },
        { .arguments = { "import", "--from", "2026-02-05", "--per-minute", "7x" } },
        { .arguments = { "import", "--from", "2026-02-05", "--status" } },
        { .arguments = { "import", "--status", "--stop" } },
    };
    struct scene *scene = *state;

    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        assert_int_equal(server_command(&scene->server, &orders[i], NULL, NULL), 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNSERVED(history_is_imported_at_a_throttle_through_a_crash),
        UNSERVED(an_import_is_watched_to_its_summary),
        UNSERVED(an_interrupted_watch_leaves_the_import_running),
        UNSERVED(an_import_without_a_collecting_process_says_so),
        UNSERVED(an_import_order_that_cannot_be_meant_is_refused),
    };
    cmocka_set_test_filter(getenv("IMPORT_TEST")); /* "*clock*": only those */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * A scene whose server polls its UCM every second, and waiting for what a poll does.
 */
#ifndef TESTS_INTEGRATION_CLI_POLLING_H
#define TESTS_INTEGRATION_CLI_POLLING_H

#include "scene.h"

enum { MANY_MS = 300000 };

/* A scene that polls every second; the teardown is scene_teardown(). */
static inline struct scene *scene_start(void **state, const struct simulator_options *options)
{
    struct scene *scene = memory_new(sizeof *scene);

    *state = scene;
    scene_make(scene, options);
    server_set(&scene->server, "RECONCILE_INTERVAL", "1s");
    return scene;
}

static inline int unserved_setup(void **state)
{
    IGNORE(scene_start(state, NULL), "it stands in *state");
    return 0;
}

static inline int polling_setup(void **state)
{
    struct scene *scene = scene_start(state, NULL);

    server_start(&scene->server);
    return 0;
}

/* Until the number that `sql` yields is that. */
static inline void number_wait(const struct server *server, const char *sql, int64_t wanted,
                               int64_t timeout_ms)
{
    int64_t until_ms = time_monotonic_ms() + timeout_ms;
    int64_t number = server_number(server, sql, NULL);

    while (number != wanted) {
        if (time_monotonic_ms() > until_ms) {
            log_show(server);
            fail_msg("%lld, not %lld: %s", (long long)number, (long long)wanted, sql);
        }
        time_sleep_ms(4 * LOOK_MS);
        number = server_number(server, sql, NULL);
    }
}

static inline void number_check(const struct server *server, const char *sql, int64_t wanted)
{
    int64_t number = server_number(server, sql, NULL);

    if (number != wanted) {
        fail_msg("%lld, not %lld: %s", (long long)number, (long long)wanted, sql);
    }
}

/* Until a poll that began after now was answered. */
static inline void poll_wait(const struct server *server)
{
    char sql[160];

    IGNORE(snprintf(sql, sizeof sql,
                    "SELECT count(*) FROM reconciliation WHERE polled_until > %lld",
                    (long long)time_now()),
           "fits");
    number_wait(server, sql, 1, MANY_MS); /* Sanitizers on a crowded machine take long. */
}

/* Until the last poll failed for that reason. */
static inline void refusal_wait(const struct server *server, const char *reason)
{
    char sql[160];

    IGNORE(snprintf(sql, sizeof sql, "SELECT count(*) FROM reconciliation WHERE reason = '%s'",
                    reason),
           "fits");
    number_wait(server, sql, 1, SETTLE_MS);
}

static inline const char *text_get_sql(struct server *server, const char *sql, char out[400])
{
    AUTO(db_close) struct db *db = server_db(server);
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    struct error error = { 0 };

    assert_true(db_query(db, sql, DB_NO_VALUES, &rows, &error));
    assert_int_equal(db_next(&rows, &error), DB_ROW);
    const char *text = db_text(&rows, 0);
    IGNORE(snprintf(out, 400, "%s", text != NULL ? text : ""), "cut is fine");
    return out;
}

static inline void sql_run(struct server *server, const char *sql)
{
    AUTO(db_close) struct db *db = server_db(server);
    struct error error = { 0 };

    if (!db_run(db, sql, DB_NO_VALUES, NULL, &error)) {
        fail_msg("%s: %s", sql, error.message);
    }
}

/* The recording of that path is stored once, with the bytes that the UCM holds. */
static inline void stored_check(struct db *db, const struct simulator_recording *held)
{
    static const char SQL[] = "SELECT state, sha256, stored_bytes FROM recording WHERE path = $1";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    struct error error = { 0 };

    assert_true(db_query(db, SQL, DB_VALUES(DB_TEXT(held->path)), &rows, &error));
    if (db_next(&rows, &error) != DB_ROW) {
        fail_msg("'%s' is not known", held->path);
    }
    assert_string_equal(db_text(&rows, 0), "stored");
    assert_string_equal(db_text(&rows, 1), held->sha256);
    assert_int_equal(db_int(&rows, 2), held->bytes);
    assert_int_equal(db_next(&rows, &error), DB_DONE);
}

/* Another process of a role on the same data; it is stopped by process_end(). */
static inline pid_t role_start(struct server *server, const char *role, int port)
{
    const char *const arguments[] = { "serve", "--role", role, NULL };
    struct server other = *server;
    char listen[32];
    AUTO(file_close)
    int log = open(server->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    IGNORE(snprintf(listen, sizeof listen, "127.0.0.1:%d", port), "fits");
    server_set(&other, "HTTP_LISTEN", listen);
    return program_start(&other, arguments, -1, log, log);
}

static inline void process_end(pid_t pid)
{
    assert_int_equal(kill(pid, SIGTERM), 0);
    assert_int_equal(process_wait(pid, STOP_MS), 0);
}

#define POLLING(test) cmocka_unit_test_setup_teardown(test, polling_setup, scene_teardown)
#define UNSERVED(test) cmocka_unit_test_setup_teardown(test, unserved_setup, scene_teardown)

#endif

/* store/sqlite_log.c: writes to the log are gathered, and nobody can tell but by the clock. */
#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "integration/store/store_fixture.h"

/* More than the connection's cache (4 MiB), so that pages go to the log before the commit. */
enum { SPILL_ROWS = 2000, ROW_SIZE = 5000 };

static void rows_add(struct fixture *f, struct db *db, int64_t from, int64_t count)
{
    static const char SQL[] = "INSERT INTO setting (name, value) VALUES ($1, $2)";
    char name[32];
    char value[ROW_SIZE + 1];

    memset(value, 'v', ROW_SIZE);
    value[ROW_SIZE] = '\0';
    for (int64_t i = from; i < from + count; i++) {
        (void)snprintf(name, sizeof name, "row %08lld", (long long)(i * 7919 % 1000003));
        MUST(f, db_run(db, SQL, DB_VALUES(DB_TEXT(name), DB_TEXT(value)), NULL, &f->error));
    }
}

static int64_t rows_count(struct fixture *f, struct db *db)
{
    static const char SQL[] = "SELECT count(*) FROM setting WHERE name LIKE 'row %'";
    int64_t count = -1;

    MUST(f, db_run_number(db, SQL, DB_NO_VALUES, 0, &count, &f->error));
    return count;
}

static void database_is_whole(struct fixture *f, struct db *db)
{
    static const char SQL[] = "SELECT count(*) FROM pragma_integrity_check"
                              " WHERE integrity_check <> 'ok'";
    int64_t count = -1;

    MUST(f, db_run_number(db, SQL, DB_NO_VALUES, 0, &count, &f->error));
    CHECK_NUMBER(count, 0);
}

static struct db *second_open(struct fixture *f)
{
    struct db *db = NULL;

    MUST(f, db_open(f->url, 1000, &db, &f->error));
    return db;
}

static void a_commit_is_seen_by_others_at_once(void **state)
{
    struct fixture *f = *state;
    AUTO(db_close) struct db *other = second_open(f);

    for (int64_t i = 0; i < 20; i++) {
        struct db *writer = i % 2 == 0 ? f->db : other;
        MUST(f, db_begin(writer, &f->error));
        rows_add(f, writer, i * 10, 10);
        CHECK_NUMBER(rows_count(f, writer == other ? f->db : other), i * 10);
        MUST(f, db_commit(writer, &f->error));
        CHECK_NUMBER(rows_count(f, writer == other ? f->db : other), (i + 1) * 10);
    }
    database_is_whole(f, other);
}

static void a_transaction_larger_than_the_cache_is_whole(void **state)
{
    struct fixture *f = *state;
    AUTO(db_close) struct db *other = second_open(f);

    MUST(f, db_begin(f->db, &f->error));
    rows_add(f, f->db, 0, SPILL_ROWS);
    CHECK_NUMBER(rows_count(f, f->db), SPILL_ROWS);
    CHECK_NUMBER(rows_count(f, other), 0);
    MUST(f, db_commit(f->db, &f->error));
    CHECK_NUMBER(rows_count(f, other), SPILL_ROWS);
    database_is_whole(f, other);
}

static void a_rollback_after_pages_went_to_the_log_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    AUTO(db_close) struct db *other = second_open(f);

    for (int round = 0; round < 3; round++) {
        MUST(f, db_begin(f->db, &f->error));
        rows_add(f, f->db, 100, SPILL_ROWS);
        db_rollback(f->db);
        CHECK_NUMBER(rows_count(f, other), round);
        MUST(f, db_begin(other, &f->error));
        rows_add(f, other, round, 1);
        MUST(f, db_commit(other, &f->error));
        CHECK_NUMBER(rows_count(f, f->db), round + 1);
    }
    database_is_whole(f, f->db);
}

/* A process of its own: commits one by one, says each, and dies in the middle of a large one. */
static void victim_run(struct fixture *f, int said)
{
    struct db *db = second_open(f);

    for (int64_t i = 0; i < 50; i++) {
        MUST(f, db_begin(db, &f->error));
        rows_add(f, db, i * 4, 4);
        MUST(f, db_commit(db, &f->error));
        if (write(said, "c", 1) != 1) {
            _exit(2);
        }
    }
    MUST(f, db_begin(db, &f->error));
    rows_add(f, db, 1000, SPILL_ROWS);
    (void)kill(getpid(), SIGKILL);
}

static void what_was_committed_survives_a_kill_and_nothing_else(void **state)
{
    struct fixture *f = *state;
    int pipe_ends[2];
    char said[64];
    int status = 0;

    /* SQLite's connections must not be carried over a fork. */
    db_close(f->db);
    f->db = NULL;
    CHECK_NUMBER(pipe(pipe_ends), 0);
    pid_t pid = fork();
    if (pid == 0) {
        victim_run(f, pipe_ends[1]);
        _exit(1);
    }
    (void)close(pipe_ends[1]);
    CHECK_NUMBER(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK_NUMBER(read(pipe_ends[0], said, sizeof said), 50);
    (void)close(pipe_ends[0]);
    f->db = second_open(f);
    CHECK_NUMBER(rows_count(f, f->db), 200);
    database_is_whole(f, f->db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_commit_is_seen_by_others_at_once, fixture_open,
                                        fixture_close),
        cmocka_unit_test_setup_teardown(a_transaction_larger_than_the_cache_is_whole, fixture_open,
                                        fixture_close),
        cmocka_unit_test_setup_teardown(a_rollback_after_pages_went_to_the_log_leaves_nothing,
                                        fixture_open, fixture_close),
        cmocka_unit_test_setup_teardown(what_was_committed_survives_a_kill_and_nothing_else,
                                        fixture_open, fixture_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

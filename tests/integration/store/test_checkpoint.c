/* store/checkpoint.c: the log is emptied beside the writer, and begins anew before it is large. */
#include "check.h"

#include <stdio.h>
#include <string.h>

#include "integration/store/store_fixture.h"
#include "store/checkpoint.h"

enum { ROW_SIZE = 200000, TURNS_MAX = 3000 };
static const int64_t LARGE = 64 * MIB;

static void row_add(struct fixture *f, int64_t number)
{
    static const char SQL[] = "INSERT INTO setting (name, value) VALUES ($1, $2)";
    static char value[ROW_SIZE + 1];
    char name[32];

    memset(value, 'a' + (int)(number % 26), ROW_SIZE);
    (void)snprintf(name, sizeof name, "row %08lld", (long long)number);
    MUST(f, db_run(f->db, SQL, DB_VALUES(DB_TEXT(name), DB_TEXT(value)), NULL, &f->error));
}

/* Write until the log has begun anew; how many rows that took, 0 when it never did. */
static int64_t rows_until_anew(struct fixture *f, struct checkpointer *checkpointer, int64_t from,
                               int64_t *largest_out)
{
    int64_t before = 0;

    for (int64_t i = 0; i < TURNS_MAX; i++) {
        row_add(f, from + i);
        int64_t size = db_log_size(f->db);
        *largest_out = size > *largest_out ? size : *largest_out;
        if (size < before) {
            return i + 1;
        }
        before = size;
        MUST(f, checkpointer_turn(checkpointer, &f->error));
    }
    return 0;
}

static void rows_are_all_there(struct fixture *f, int64_t count)
{
    static const char SQL[] = "SELECT count(*) FROM setting WHERE name LIKE 'row %'"
                              " AND length(value) = 200000";
    static const char SQL_BROKEN[] = "SELECT count(*) FROM pragma_integrity_check"
                                     " WHERE integrity_check <> 'ok'";
    AUTO(db_close) struct db *other = NULL;
    int64_t found = -1;

    MUST(f, db_open(f->url, 1000, &other, &f->error));
    MUST(f, db_run_number(other, SQL, DB_NO_VALUES, 0, &found, &f->error));
    CHECK_NUMBER(found, count);
    MUST(f, db_run_number(other, SQL_BROKEN, DB_NO_VALUES, 0, &found, &f->error));
    CHECK_NUMBER(found, 0);
}

static void the_log_begins_anew_and_nothing_is_lost(void **state)
{
    struct fixture *f = *state;
    struct checkpointer *checkpointer = NULL;
    int64_t largest = 0;

    MUST(f, checkpointer_start(f->url, f->db, &checkpointer, &f->error));
    int64_t count = rows_until_anew(f, checkpointer, 0, &largest);
    CHECK(count > LARGE / ROW_SIZE / 2);
    int64_t again = rows_until_anew(f, checkpointer, count, &largest);
    CHECK(again > 0);
    CHECK(largest >= LARGE);
    CHECK(largest < 4 * LARGE); /* What the writer adds while the thread copies. */
    checkpointer_stop(checkpointer);
    rows_are_all_there(f, count + again);
}

static void a_reader_who_stays_is_waited_for(void **state)
{
    static const char SQL[] = "SELECT count(*) FROM setting";
    struct fixture *f = *state;
    struct checkpointer *checkpointer = NULL;
    AUTO(db_close) struct db *reader = NULL;
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    int64_t largest = 0;

    MUST(f, db_open(f->url, 1000, &reader, &f->error));
    MUST(f, checkpointer_start(f->url, f->db, &checkpointer, &f->error));
    row_add(f, 0);
    MUST(f, db_query(reader, SQL, DB_NO_VALUES, &rows, &f->error));
    assert_int_equal(db_next(&rows, &f->error), DB_ROW); /* Its view of the database lasts. */
    int64_t seen = db_int(&rows, 0);
    for (int64_t i = 1; db_log_size(f->db) < LARGE + LARGE / 4; i++) {
        int64_t before = db_log_size(f->db);
        row_add(f, i);
        CHECK(db_log_size(f->db) > before);
        MUST(f, checkpointer_turn(checkpointer, &f->error));
        CHECK_NUMBER(db_int(&rows, 0), seen);
    }
    db_rows_clear(&rows);
    CHECK(rows_until_anew(f, checkpointer, 100000, &largest) > 0);
    checkpointer_stop(checkpointer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_log_begins_anew_and_nothing_is_lost, fixture_open,
                                        fixture_close),
        cmocka_unit_test_setup_teardown(a_reader_who_stays_is_waited_for, fixture_open,
                                        fixture_close),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "check.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "core/rowid.h"

static const time_ms NOON = 1770326400000;

static void ids_grow_even_when_the_clock_stands_still_or_goes_back(void **state)
{
    (void)state;
    int64_t before = 0;

    for (int i = 0; i < 10000; i++) {
        int64_t id = row_id_new(NOON - i % 7);
        CHECK(id > before);
        before = id;
    }
    CHECK(row_id_new(0) > before);
}

static void an_id_tells_when_it_was_made(void **state)
{
    (void)state;
    time_ms later = NOON + DAY_MS;

    CHECK_NUMBER(row_id_made_at(row_id_new(later)), later);
    CHECK_NUMBER(row_id_made_at(row_id_new(later + 1)), later + 1);
}

static void the_text_form_goes_both_ways_and_sorts_alike(void **state)
{
    (void)state;
    char before[ROW_ID_TEXT_SIZE] = "";

    for (int i = 0; i < 100; i++) {
        char text[ROW_ID_TEXT_SIZE];
        int64_t id = row_id_new(NOON + 2 * DAY_MS + i);
        int64_t back = 0;
        CHECK(row_id_parse(row_id_print(id, text), &back));
        CHECK(back == id);
        CHECK(strcmp(before, text) < 0);
        memcpy(before, text, sizeof before);
    }
}

static void what_is_no_id_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",                  /* Nothing. */
        "0000000000000000",  /* Zero. */
        "8000000000000000",  /* Negative. */
        "ffffffffffffffff",  /* Negative. */
        "00a7b3c4d5e6f70",   /* One short. */
        "00a7b3c4d5e6f7080", /* One long. */
        "00A7B3C4D5E6F708",  /* Upper case. */
        "00a7b3c4d5e6f70g",  /* No digit. */
        "' or 1=1 --      ", /* Hostile. */
    };
    int64_t id = 77;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        CHECK(!row_id_parse(bad[i], &id));
        CHECK(id == 77);
    }
}

enum { PER_THREAD = 5000, THREADS = 4 };

static void *make_many(void *ids_out)
{
    int64_t *ids = ids_out;

    for (int i = 0; i < PER_THREAD; i++) {
        ids[i] = row_id_new(NOON + 3 * DAY_MS);
    }
    return NULL;
}

static int compare(const void *left, const void *right)
{
    int64_t a = *(const int64_t *)left;
    int64_t b = *(const int64_t *)right;

    return (a > b) - (a < b);
}

static void threads_never_get_the_same_id(void **state)
{
    (void)state;
    static int64_t ids[THREADS * PER_THREAD];
    pthread_t threads[THREADS];

    for (int i = 0; i < THREADS; i++) {
        CHECK_NUMBER(pthread_create(&threads[i], NULL, make_many, ids + i * PER_THREAD), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        CHECK_NUMBER(pthread_join(threads[i], NULL), 0);
    }
    qsort(ids, COUNT_OF(ids), sizeof ids[0], compare);
    for (size_t i = 1; i < COUNT_OF(ids); i++) {
        CHECK(ids[i - 1] < ids[i]);
    }
}

static void an_instant_bounds_the_ids_made_before_and_after(void **state)
{
    (void)state;
    time_ms at = time_now() + DAY_MS;

    CHECK(row_id_new(at - 1) < row_id_first_at(at));
    CHECK(row_id_new(at) >= row_id_first_at(at));
    CHECK_NUMBER(row_id_first_at(0), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ids_grow_even_when_the_clock_stands_still_or_goes_back),
        cmocka_unit_test(an_id_tells_when_it_was_made),
        cmocka_unit_test(the_text_form_goes_both_ways_and_sorts_alike),
        cmocka_unit_test(what_is_no_id_is_refused),
        cmocka_unit_test(threads_never_get_the_same_id),
        cmocka_unit_test(an_instant_bounds_the_ids_made_before_and_after),
    };
    return cmocka_run_group_tests_name("core/rowid", tests, NULL, NULL);
}

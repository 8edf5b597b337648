#include "check.h"

#include "jobs/window.h"

#define NOW ((time_ms)1770326441000)

static void the_first_poll_looks_back_two_days(void **state)
{
    (void)state;
    struct reconciliation row = { 0 };
    struct window window = window_of_poll(&row, false, NOW);

    CHECK(window.is_look_back && !window.by_start);
    CHECK_NUMBER(window.from_at, NOW - 2 * DAY_MS);
    CHECK(window.until_at > NOW + 300 * DAY_MS); /* A clock that is ahead hides nothing. */
}

static void a_poll_begins_before_the_end_of_the_last_one(void **state)
{
    (void)state;
    struct reconciliation row = { .polled_until = NOW - MINUTE_MS,
                                  .looked_back_at = NOW - HOUR_MS };
    struct window window = window_of_poll(&row, false, NOW);

    CHECK(!window.is_look_back);
    CHECK_NUMBER(window.from_at, NOW - MINUTE_MS - 10 * MINUTE_MS);
    row.polled_until = NOW - 7 * DAY_MS; /* A week's holiday is not forgotten. */
    CHECK_NUMBER(window_of_poll(&row, false, NOW).from_at, NOW - 7 * DAY_MS - 10 * MINUTE_MS);
}

static void a_clock_that_is_behind_is_followed(void **state)
{
    (void)state;
    struct reconciliation row = { .polled_until = NOW - MINUTE_MS,
                                  .looked_back_at = NOW - HOUR_MS,
                                  .newest_end_at = NOW - DAY_MS };

    CHECK_NUMBER(window_of_poll(&row, false, NOW).from_at, NOW - DAY_MS - 10 * MINUTE_MS);
    row.newest_end_at = NOW + DAY_MS; /* And one that is ahead is not: it may be set right. */
    CHECK_NUMBER(window_of_poll(&row, false, NOW).from_at, NOW - 11 * MINUTE_MS);
}

static void every_six_hours_a_poll_looks_back(void **state)
{
    (void)state;
    struct reconciliation row = { .polled_until = NOW, .looked_back_at = NOW - 6 * HOUR_MS };
    struct window window = window_of_poll(&row, false, NOW);

    CHECK(window.is_look_back);
    CHECK_NUMBER(window.from_at, NOW - 2 * DAY_MS);
    row.looked_back_at = NOW + 1; /* Our own clock was set back. */
    CHECK(window_of_poll(&row, false, NOW).is_look_back);
    row.polled_until = NOW + DAY_MS;
    CHECK_NUMBER(window_of_poll(&row, false, NOW).from_at, NOW - 2 * DAY_MS);
}

static void what_is_asked_by_the_start_begins_a_long_call_earlier(void **state)
{
    (void)state;
    struct reconciliation row = { .polled_until = NOW, .looked_back_at = NOW };
    struct window by_end = window_of_poll(&row, false, NOW);
    struct window by_start = window_by_start(&by_end);
    struct window old = window_of_poll(&row, true, NOW);

    CHECK(by_start.by_start && old.by_start);
    CHECK_NUMBER(by_start.from_at, NOW - 10 * MINUTE_MS - 4 * (time_ms)HOUR_MS);
    CHECK_NUMBER(old.from_at, by_start.from_at);
    CHECK_NUMBER(window_by_start(&old).from_at, old.from_at);
}

static void an_import_goes_back_day_by_day_to_its_beginning(void **state)
{
    (void)state;
    time_ms from = NOW - 2 * DAY_MS - HOUR_MS;
    time_ms at = NOW;
    int slices = 0;

    while (at > from) {
        struct window window = window_of_import(from, at);
        CHECK(window.by_start);
        CHECK_NUMBER(window.until_at, at);
        CHECK(window.from_at < at && window.from_at >= from);
        at = window.from_at;
        slices++;
    }
    CHECK_NUMBER(at, from);
    CHECK_NUMBER(slices, 3);
}

static void no_more_than_so_many_recordings_a_minute_fall_due(void **state)
{
    (void)state;
    time_ms at = NOW;

    for (int i = 0; i < 60; i++) {
        at = throttle_next(at, 60);
    }
    CHECK_NUMBER(at, NOW + MINUTE_MS);
    CHECK_NUMBER(throttle_next(NOW, 0), NOW + MINUTE_MS); /* A row that says nothing. */
}

static void the_end_of_an_import_is_told_from_what_is_done(void **state)
{
    (void)state;
    struct reconciliation row = { .import_from = NOW - 10 * DAY_MS,
                                  .import_until = NOW,
                                  .import_at = NOW,
                                  .import_begun_at = NOW,
                                  .import_due_at = NOW };

    CHECK_NUMBER(import_expected_end(&row, NOW), 0);
    row.import_at = NOW - DAY_MS; /* A tenth, whose recordings are due within the hour. */
    row.import_due_at = NOW + HOUR_MS;
    CHECK_NUMBER(import_expected_end(&row, NOW + MINUTE_MS), NOW + 10 * (time_ms)HOUR_MS);
    row.import_at = row.import_from;
    CHECK_NUMBER(import_expected_end(&row, NOW + MINUTE_MS), NOW + HOUR_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_poll_looks_back_two_days),
        cmocka_unit_test(a_poll_begins_before_the_end_of_the_last_one),
        cmocka_unit_test(a_clock_that_is_behind_is_followed),
        cmocka_unit_test(every_six_hours_a_poll_looks_back),
        cmocka_unit_test(what_is_asked_by_the_start_begins_a_long_call_earlier),
        cmocka_unit_test(an_import_goes_back_day_by_day_to_its_beginning),
        cmocka_unit_test(no_more_than_so_many_recordings_a_minute_fall_due),
        cmocka_unit_test(the_end_of_an_import_is_told_from_what_is_done),
    };
    return cmocka_run_group_tests_name("jobs/window", tests, NULL, NULL);
}

#include "check.h"

#include "jobs/stage.h"

static const struct world world = { .retry_s = { 30, 120, 600, 3600, 21600, 86400 },
                                    .retry_count = 6,
                                    .retry_horizon_s = 14 * 86400 };

static void retries_follow_the_schedule_and_its_last_step_repeats(void **state)
{
    (void)state;
    static const int64_t waits_s[] = { 30, 120, 600, 3600, 21600, 86400, 86400, 86400 };

    for (int64_t attempt = 1; attempt <= (int64_t)COUNT_OF(waits_s); attempt++) {
        time_ms next = stage_next_try(&world, attempt, 0, 1000, 1000);
        CHECK_NUMBER(next - 1000, waits_s[attempt - 1] * SECOND_MS);
    }
}

static void what_the_pbx_asks_for_counts_where_it_is_more(void **state)
{
    (void)state;
    CHECK_NUMBER(stage_next_try(&world, 1, 60, 0, 0), 60 * SECOND_MS);
    CHECK_NUMBER(stage_next_try(&world, 2, 60, 0, 0), 120 * SECOND_MS);
}

static void the_last_try_is_at_the_horizon_and_then_it_is_given_up(void **state)
{
    (void)state;
    time_ms horizon = 14 * DAY_MS;

    CHECK_NUMBER(stage_next_try(&world, 9, 0, 0, horizon - HOUR_MS), horizon);
    CHECK_NUMBER(stage_next_try(&world, 10, 0, 0, horizon), 0);
    CHECK_NUMBER(stage_next_try(&world, 10, 0, 0, horizon + 1), 0);
}

static void a_clock_set_forward_gives_nothing_up_before_the_schedule_ends(void **state)
{
    (void)state;
    time_ms later = 3650 * DAY_MS;

    CHECK_NUMBER(stage_next_try(&world, 1, 0, 0, later), later + 30 * SECOND_MS);
    CHECK_NUMBER(stage_next_try(&world, 5, 0, 0, later), later + 21600 * SECOND_MS);
    CHECK_NUMBER(stage_next_try(&world, 6, 0, 0, later), 0);
}

static void each_working_role_has_one_stage(void **state)
{
    (void)state;
    CHECK_TEXT(stage_of_role("collect", 0)->lane, LANE_FETCH);
    CHECK_TEXT(stage_of_role("speech", 0)->lane, LANE_TRANSCRIBE);
    CHECK_TEXT(stage_of_role("insight", 0)->lane, LANE_ANALYSE);
    CHECK(stage_of_role("http", 0) == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(retries_follow_the_schedule_and_its_last_step_repeats),
        cmocka_unit_test(what_the_pbx_asks_for_counts_where_it_is_more),
        cmocka_unit_test(the_last_try_is_at_the_horizon_and_then_it_is_given_up),
        cmocka_unit_test(a_clock_set_forward_gives_nothing_up_before_the_schedule_ends),
        cmocka_unit_test(each_working_role_has_one_stage),
    };
    return cmocka_run_group_tests_name("jobs/stage", tests, NULL, NULL);
}

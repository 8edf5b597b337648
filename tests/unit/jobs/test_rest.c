#include "check.h"

#include "jobs/rest.h"

#define NOW ((time_ms)1770326441000)

static void a_refused_login_closes_the_lane_for_good(void **state)
{
    (void)state;
    CHECK_NUMBER(rest_until(REASON_LOGIN_REFUSED, -1, NOW), LANE_BLOCKED_FOR_GOOD);
    CHECK_NUMBER(rest_until(REASON_LOGIN_LOCKED, 300, NOW), LANE_BLOCKED_FOR_GOOD);
}

static void a_throttle_closes_it_as_long_as_the_pbx_wishes(void **state)
{
    (void)state;
    CHECK_NUMBER(rest_until(REASON_THROTTLED, 60, NOW), NOW + 60 * SECOND_MS);
    CHECK_NUMBER(rest_until(REASON_THROTTLED, -1, NOW), NOW + 15 * SECOND_MS);
}

static void a_pbx_that_is_away_rests_for_half_a_minute(void **state)
{
    (void)state;
    CHECK_NUMBER(rest_until(REASON_CONNECT_REFUSED, -1, NOW), NOW + 30 * SECOND_MS);
}

static void what_concerns_one_file_closes_nothing(void **state)
{
    (void)state;
    static const enum reason reasons[] = { REASON_NONE,       REASON_TRUNCATED,
                                           REASON_EMPTY,      REASON_NOT_THERE_YET,
                                           REASON_PBX_ERROR,  REASON_CALLS_NOT_LISTED,
                                           REASON_UNSUPPORTED };

    for (size_t i = 0; i < COUNT_OF(reasons); i++) {
        CHECK_NUMBER(rest_until(reasons[i], -1, NOW), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_refused_login_closes_the_lane_for_good),
        cmocka_unit_test(a_throttle_closes_it_as_long_as_the_pbx_wishes),
        cmocka_unit_test(a_pbx_that_is_away_rests_for_half_a_minute),
        cmocka_unit_test(what_concerns_one_file_closes_nothing),
    };
    return cmocka_run_group_tests_name("jobs/rest", tests, NULL, NULL);
}

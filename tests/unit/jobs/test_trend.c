/* When silence is no chance, and what a row of failures means. */
#include "check.h"

#include <string.h>

#include "core/macros.h"
#include "jobs/symptoms.h"
#include "jobs/trend.h"

/* A Monday, midnight UTC. */
static time_ms monday(void)
{
    time_ms at = 0;

    assert_true(time_parse("2026-02-02T00:00:00Z", &at));
    return at;
}

/* Four weeks up to `until` with `calls` in each hour of the office: Monday to Friday, 9 to 17. */
static struct rhythm office(time_ms until, int64_t calls)
{
    struct rhythm rhythm = { .from_at = until - 28 * DAY_MS, .until_at = until };

    for (int day = 0; day < 5; day++) {
        for (int hour = 9; hour < 17; hour++) {
            rhythm.count[rhythm_hour(monday() + day * DAY_MS + hour * HOUR_MS)] = 4 * calls;
        }
    }
    return rhythm;
}

static void hours_of_the_week_repeat(void **state)
{
    (void)state;
    time_ms at = monday() + 10 * HOUR_MS + 5 * MINUTE_MS;

    CHECK_NUMBER(rhythm_hour(at), rhythm_hour(at + 7 * DAY_MS));
    CHECK_NUMBER(rhythm_hour(at), rhythm_hour(at + 54 * MINUTE_MS));
    CHECK(rhythm_hour(at) != rhythm_hour(at + HOUR_MS));
    CHECK(rhythm_hour(at) != rhythm_hour(at + DAY_MS));
}

static void expected_calls_are_the_rates_over_the_time(void **state)
{
    (void)state;
    time_ms ten = monday() + 10 * HOUR_MS;
    struct rhythm rhythm = office(ten, 20);

    assert_float_equal(rhythm_expected(&rhythm, ten, ten + HOUR_MS), 20.0, 0.001);
    assert_float_equal(rhythm_expected(&rhythm, ten, ten + 30 * MINUTE_MS), 10.0, 0.001);
    assert_float_equal(rhythm_expected(&rhythm, ten, ten + DAY_MS), 8 * 20.0, 0.001);
    assert_float_equal(rhythm_expected(&rhythm, ten, ten + 7 * DAY_MS), 5 * 8 * 20.0, 0.001);
    assert_float_equal(rhythm_expected(&rhythm, ten + 7 * HOUR_MS, ten + 20 * HOUR_MS), 0.0, 0.001);
    assert_float_equal(rhythm_expected(&rhythm, ten, ten), 0.0, 0.001);
}

static void a_silence_in_office_hours_is_told_when_ten_calls_were_due(void **state)
{
    (void)state;
    time_ms ten = monday() + 10 * HOUR_MS;
    struct rhythm rhythm = office(ten, 20);
    double expected = 0;

    CHECK(!rhythm_is_broken(&rhythm, ten, ten + 29 * MINUTE_MS, NULL));
    CHECK(rhythm_is_broken(&rhythm, ten, ten + 30 * MINUTE_MS, &expected));
    assert_float_equal(expected, 10.0, 0.001);
}

static void a_busy_pbx_has_a_quarter_of_an_hour(void **state)
{
    (void)state;
    time_ms ten = monday() + 10 * HOUR_MS;
    struct rhythm rhythm = office(ten, 1000);

    CHECK(!rhythm_is_broken(&rhythm, ten, ten + 15 * MINUTE_MS - 1, NULL));
    CHECK(rhythm_is_broken(&rhythm, ten, ten + 15 * MINUTE_MS, NULL));
}

static void nights_and_weekends_are_quiet(void **state)
{
    (void)state;
    time_ms friday_evening = monday() + 4 * DAY_MS + 17 * HOUR_MS;
    time_ms monday_morning = monday() + 7 * DAY_MS + 9 * HOUR_MS;
    struct rhythm rhythm = office(friday_evening, 20);

    CHECK(!rhythm_is_broken(&rhythm, friday_evening, monday_morning, NULL));
    CHECK(!rhythm_is_broken(&rhythm, friday_evening, monday_morning + 29 * MINUTE_MS, NULL));
    CHECK(rhythm_is_broken(&rhythm, friday_evening, monday_morning + 30 * MINUTE_MS, NULL));
}

static void a_rare_caller_is_waited_for(void **state)
{
    (void)state;
    time_ms ten = monday() + 10 * HOUR_MS;
    struct rhythm rhythm = office(ten, 1); /* 8 a day */

    CHECK(!rhythm_is_broken(&rhythm, ten, ten + DAY_MS, NULL));
    CHECK(rhythm_is_broken(&rhythm, ten, ten + 2 * DAY_MS, NULL));
}

static void without_a_week_of_history_nothing_is_unusual(void **state)
{
    (void)state;
    time_ms ten = monday() + 10 * HOUR_MS;
    struct rhythm rhythm = office(ten, 1000);
    struct rhythm none = { .from_at = 0 };

    rhythm.from_at = ten - 7 * DAY_MS + 1;
    CHECK(!rhythm_is_broken(&rhythm, ten, ten + 5 * HOUR_MS, NULL));
    rhythm.from_at = ten - 7 * DAY_MS;
    CHECK(rhythm_is_broken(&rhythm, ten, ten + 5 * HOUR_MS, NULL));
    CHECK(!rhythm_is_broken(&none, 0, ten, NULL));
}

/* It does not end by itself: the rates are those of before. */
static void a_silence_of_years_stays_told(void **state)
{
    (void)state;
    time_ms ten = monday() + 10 * HOUR_MS;
    struct rhythm rhythm = office(ten, 5);

    CHECK(rhythm_is_broken(&rhythm, ten, ten + 40 * 365 * DAY_MS, NULL));
}

/* ---- Attempts ---- */

/* `count` attempts a minute apart, the newest at `newest_at`. */
static size_t row_fill(struct trend_attempt *attempts, size_t count, time_ms newest_at,
                       const char *purpose, const char *reason)
{
    for (size_t i = 0; i < count; i++) {
        attempts[i] = (struct trend_attempt){ .at = newest_at - (time_ms)i * MINUTE_MS,
                                              .purpose = purpose,
                                              .reason = reason };
    }
    return count;
}

static void a_pbx_that_is_gone_for_ten_minutes_is_unreachable(void **state)
{
    (void)state;
    struct trend_attempt attempts[20];
    time_ms now = monday();
    size_t count = row_fill(attempts, 11, now, "challenge", "connect_timeout");

    struct trend trend = trend_judge(attempts, count, now);
    CHECK_NUMBER(trend.alarm, ALARM_PBX_UNREACHABLE);
    CHECK_NUMBER(trend.count, 11);
    CHECK_NUMBER(trend.since, now - 10 * MINUTE_MS);
    CHECK_TEXT(trend.reason, "connect_timeout");
    CHECK_NUMBER(trend_judge(attempts, 10, now).alarm, ALARM_NONE);
    CHECK_NUMBER(trend_judge(attempts, 2, now + HOUR_MS).alarm, ALARM_NONE);
    CHECK_NUMBER(trend_judge(attempts, 0, now).alarm, ALARM_NONE);
}

static void one_success_ends_the_row(void **state)
{
    (void)state;
    struct trend_attempt attempts[20];
    time_ms now = monday();
    size_t count = row_fill(attempts, 20, now, "recapi 1", "connect_refused");

    attempts[5].reason = "";
    CHECK_NUMBER(trend_judge(attempts, count, now).alarm, ALARM_NONE);
    attempts[5].reason = "not_there_yet"; /* It looked for the file: it works. */
    CHECK_NUMBER(trend_judge(attempts, count, now).alarm, ALARM_NONE);
    attempts[5].reason = "throttled"; /* Says nothing. */
    CHECK_NUMBER(trend_judge(attempts, count, now).alarm, ALARM_PBX_UNREACHABLE);
}

/* The challenge is answered before each login that is refused. */
static void a_login_that_is_refused_is_not_hidden_by_its_challenge(void **state)
{
    (void)state;
    struct trend_attempt attempts[24];
    time_ms now = monday();
    size_t count = row_fill(attempts, 24, now, "login", "address_not_permitted");

    for (size_t i = 0; i < count; i += 2) {
        attempts[i] =
            (struct trend_attempt){ .at = attempts[i].at, .purpose = "challenge", .reason = "" };
    }
    CHECK_NUMBER(trend_judge(attempts, count, now).alarm, ALARM_PBX_REFUSING);
}

/* Port 8089 is closed, and on 8443 the web page answers. */
static void whoever_answers_is_not_unreachable(void **state)
{
    (void)state;
    struct trend_attempt attempts[24];
    time_ms now = monday();
    size_t count = row_fill(attempts, 24, now, "challenge", "connect_refused");

    for (size_t i = 1; i < count; i += 2) {
        attempts[i].reason = "api_not_found";
    }
    struct trend trend = trend_judge(attempts, count, now);
    CHECK_NUMBER(trend.alarm, ALARM_PBX_REFUSING);
    CHECK_TEXT(trend.reason, "api_not_found");
}

static void the_newest_minutes_decide_what_it_is(void **state)
{
    (void)state;
    struct trend_attempt attempts[40];
    time_ms now = monday();
    size_t count = row_fill(attempts, 40, now, "login", "address_not_permitted");

    IGNORE(row_fill(attempts, 10, now, "challenge", "connect_timeout"), "below");
    struct trend trend = trend_judge(attempts, count, now);
    CHECK_NUMBER(trend.alarm, ALARM_PBX_UNREACHABLE);
    CHECK_NUMBER(trend.since, now - 39 * MINUTE_MS);
}

static void a_changed_certificate_is_told_at_once(void **state)
{
    (void)state;
    struct trend_attempt attempts[2];
    time_ms now = monday();
    size_t count = row_fill(attempts, 2, now, "challenge", "tls_changed");

    CHECK_NUMBER(trend_judge(attempts, 1, now).alarm, ALARM_CERTIFICATE_CHANGED);
    attempts[0].reason = "connect_timeout";
    CHECK_NUMBER(trend_judge(attempts, count, now).alarm, ALARM_CERTIFICATE_CHANGED);
}

/* ---- Storage ---- */

static void a_tenth_or_the_minimum_is_nearly_full(void **state)
{
    (void)state;
    CHECK(!storage_is_nearly_full(10 * GIB, 100 * GIB, GIB, false));
    CHECK(storage_is_nearly_full(10 * GIB - 1, 100 * GIB, GIB, false));
    CHECK(storage_is_nearly_full(GIB - 1, 5 * GIB, GIB, false));
    CHECK(!storage_is_nearly_full(GIB, 5 * GIB, GIB, false));
    CHECK(!storage_is_nearly_full(20 * GIB, 10240 * GIB, GIB, false)); /* A tenth would be 1 TiB. */
    CHECK(storage_is_nearly_full(20 * GIB - 1, 10240 * GIB, GIB, false));
    CHECK(storage_is_nearly_full(99 * GIB, 10240 * GIB, 100 * GIB, false));
}

static void a_standing_alarm_wants_a_quarter_more(void **state)
{
    (void)state;
    CHECK(storage_is_nearly_full(12 * GIB, 100 * GIB, GIB, true));
    CHECK(!storage_is_nearly_full(13 * GIB, 100 * GIB, GIB, true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hours_of_the_week_repeat),
        cmocka_unit_test(expected_calls_are_the_rates_over_the_time),
        cmocka_unit_test(a_silence_in_office_hours_is_told_when_ten_calls_were_due),
        cmocka_unit_test(a_busy_pbx_has_a_quarter_of_an_hour),
        cmocka_unit_test(nights_and_weekends_are_quiet),
        cmocka_unit_test(a_rare_caller_is_waited_for),
        cmocka_unit_test(without_a_week_of_history_nothing_is_unusual),
        cmocka_unit_test(a_silence_of_years_stays_told),
        cmocka_unit_test(a_pbx_that_is_gone_for_ten_minutes_is_unreachable),
        cmocka_unit_test(one_success_ends_the_row),
        cmocka_unit_test(a_login_that_is_refused_is_not_hidden_by_its_challenge),
        cmocka_unit_test(whoever_answers_is_not_unreachable),
        cmocka_unit_test(the_newest_minutes_decide_what_it_is),
        cmocka_unit_test(a_changed_certificate_is_told_at_once),
        cmocka_unit_test(a_tenth_or_the_minimum_is_nearly_full),
        cmocka_unit_test(a_standing_alarm_wants_a_quarter_more),
    };
    return cmocka_run_group_tests_name("jobs/trend", tests, NULL, NULL);
}

#include "check.h"

#include "core/random.h"
#include "core/time.h"

static void instants_are_read_and_printed_as_rfc_3339(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        time_ms at;
    } rows[] = {
        { "2026-02-05T21:20:41Z", 1770326441000 },
        { "2026-02-05T15:20:41-06:00", 1770326441000 },
        { "2026-02-05T21:20:41.5Z", 1770326441500 },
        { "2026-02-05", 1770249600000 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        time_ms at = 0;
        CHECK(time_parse(rows[i].text, &at));
        CHECK_NUMBER(at, rows[i].at);
    }
    static const char *const bad[] = { "",
                                       "now",
                                       "2026-13-01",
                                       "2026-02-05T25:00:00Z",
                                       "2026-02-05T21:20:41",
                                       "2026-02-05T21:20:41Zx" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        time_ms at = 0;
        CHECK(!time_parse(bad[i], &at));
    }
    char text[TIME_TEXT_SIZE];
    CHECK_TEXT(time_print(1770326441000, text), "2026-02-05T21:20:41Z");
    CHECK_TEXT(time_print(1770326441007, text), "2026-02-05T21:20:41.007Z");
}

static void days_that_are_in_no_calendar_are_refused(void **state)
{
    (void)state;
    time_ms at = 0;

    CHECK(time_parse("2024-02-29", &at));
    CHECK(time_parse("2000-02-29", &at));
    CHECK(time_parse("2026-12-31", &at));
    CHECK(!time_parse("2026-02-29", &at));
    CHECK(!time_parse("2100-02-29", &at));
    CHECK(!time_parse("2026-04-31", &at));
    CHECK(!time_parse("2026-00-10", &at));
    CHECK(!time_parse("2026-01-00", &at));
}

static void the_pbx_writes_local_times_without_a_zone(void **state)
{
    (void)state;
    time_ms at = 0;

    CHECK(time_parse_naive("2026-02-05 21:20:41", &at));
    CHECK_NUMBER(at, 1770326441000);
    static const char *const bad[] = { "2026-02-05",           "2026-02-05T21:20:41",
                                       "2026-02-05 21:20:41Z", "2026-02-05 24:00:00",
                                       "0000-00-00 00:00:00",  "" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        CHECK(!time_parse_naive(bad[i], &at));
    }
}

static void ids_sort_by_time_and_are_valid(void **state)
{
    (void)state;
    char first[ID_SIZE];
    char second[ID_SIZE];
    CHECK(id_is_valid(id_make(1770326441000, first)));
    CHECK(id_is_valid(id_make(1770326441001, second)));
    CHECK(__builtin_strcmp(first, second) < 0);
    CHECK(!id_is_valid("../../etc/passwd"));
    CHECK(!id_is_valid(""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(instants_are_read_and_printed_as_rfc_3339),
        cmocka_unit_test(days_that_are_in_no_calendar_are_refused),
        cmocka_unit_test(the_pbx_writes_local_times_without_a_zone),
        cmocka_unit_test(ids_sort_by_time_and_are_valid),
    };
    return cmocka_run_group_tests_name("core/time", tests, NULL, NULL);
}

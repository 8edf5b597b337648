/* The parameters of cdrapi. */
#include "check.h"
#include "simulator/query.h"

static const time_ms NOW = 1770326441000; /* 2026-02-05T21:20:41Z */

static time_ms read_at(const char *text, int utc_offset_minutes)
{
    time_ms at = 0;

    return book_time_read(text, NOW, utc_offset_minutes, &at) ? at / SECOND_MS : -1;
}

static void every_form_of_a_time_is_read(void **state)
{
    (void)state;
    CHECK_NUMBER(read_at("2026-02-05T15:20:41", -360), 1770326441);
    CHECK_NUMBER(read_at("2026-02-05T15:20", -360), 1770326400);
    CHECK_NUMBER(read_at("2026-02-05T15:20:41.500", -360), 1770326441);
    CHECK_NUMBER(read_at("2026-02-05T15:20:41-06:00", 0), 1770326441);
    CHECK_NUMBER(read_at("2026-02-05T21:20:41Z", 60), 1770326441);
    CHECK_NUMBER(read_at("2026-02-05T22:20:41+0100", 0), 1770326441);
    CHECK_NUMBER(read_at("2026-02-05", -360), 1770249600);
    CHECK_NUMBER(read_at("15:20", -360), 1770326400);
    CHECK_NUMBER(read_at("now", -360), 1770326441);
    CHECK_NUMBER(read_at("1770326441", -360), 1770326441);
}

static void a_time_with_a_space_or_nonsense_is_none(void **state)
{
    static const char *const wrong[] = { "2026-02-05 15:20:41",
                                         "yesterday",
                                         "2026-13-01T00:00",
                                         "2026-02-05T25:00",
                                         "2026-02-05T15:20:41 01:00",
                                         "2026-02-05T",
                                         "" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        CHECK_NUMBER(read_at(wrong[i], 0), -1);
    }
}

static void numbers_match_lists_ranges_and_wildcards(void **state)
{
    (void)state;
    CHECK(book_number_matches("5300,5302-5304", "5303"));
    CHECK(!book_number_matches("5300,5302-5304", "5301"));
    CHECK(book_number_matches("53@", "5312"));
    CHECK(book_number_matches("5_01", "5301"));
    CHECK(!book_number_matches("5_01", "53301"));
    CHECK(book_number_matches("0-0", ""));
    CHECK(book_number_matches("0-0", "anonymous"));
    CHECK(!book_number_matches("0-0", "1000"));
}

static bool reads(const char *json_text_of_it, struct cdr_query *query)
{
    json_t *parameters = json_loads(json_text_of_it, 0, NULL);
    bool is_fair = book_query_read(parameters, NOW, 0, query);

    json_decref(parameters);
    return is_fair;
}

static void good_parameters_are_read_as_texts_or_numbers(void **state)
{
    struct cdr_query query;

    (void)state;
    CHECK(reads("{\"action\":\"cdrapi\",\"cookie\":\"x\",\"format\":\"json\","
                "\"numRecords\":\"200\",\"offset\":5,\"timeFilterType\":\"End\","
                "\"startTime\":\"2026-02-05T00:00:00-06:00\"}",
                &query));
    CHECK_NUMBER(query.format, CDR_JSON);
    CHECK_NUMBER(query.count_max, 200);
    CHECK_NUMBER(query.offset, 5);
    CHECK(query.is_by_end && query.has_start && !query.has_end);
}

static void each_wrong_parameter_spoils_the_query(void **state)
{
    static const char *const wrong[] = {
        "{\"unknown\":\"1\"}",        "{\"caller\":\"\"}",
        "{\"caller\":\"1,,2\"}",      "{\"caller\":\"1-2-3\"}",
        "{\"numRecords\":\"1001\"}",  "{\"numRecords\":\"-1\"}",
        "{\"offset\":\"x\"}",         "{\"startTime\":\"2026-02-05 00:00:00\"}",
        "{\"timeFilterType\":\"x\"}", "{\"format\":\"yaml\"}",
        "{\"minDur\":\"1s\"}",
    };
    struct cdr_query query;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        CHECK(!reads(wrong[i], &query));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_form_of_a_time_is_read),
        cmocka_unit_test(a_time_with_a_space_or_nonsense_is_none),
        cmocka_unit_test(numbers_match_lists_ranges_and_wildcards),
        cmocka_unit_test(good_parameters_are_read_as_texts_or_numbers),
        cmocka_unit_test(each_wrong_parameter_spoils_the_query),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

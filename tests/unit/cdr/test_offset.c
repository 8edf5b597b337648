/* The PBX's offset to UTC, and the times that follow from it. */
#include "check.h"

#include "bodies.h"

#define MINUTES(count) ((count) * (time_ms)MINUTE_MS)

static const int zones[] = { -720, -570, -480, -360, -300, -210, 0,   60,  210, 330,
                             345,  390,  480,  525,  570,  765,  780, 825, 840 };

static bool offset_is(time_ms local_at, int expected)
{
    int minutes = 0;

    return cdr_offset_from(local_at, CHANNEL_AT, &minutes) && minutes == expected;
}

static void the_offset_is_found_for_zones_of_today(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(zones); i++) {
        CHECK(offset_is(CHANNEL_AT + MINUTES(zones[i]), zones[i]));
    }
}

static void a_leg_may_start_seven_minutes_after_its_channel(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(zones); i++) {
        for (time_ms late = -MINUTES(1); late <= MINUTES(7); late += SECOND_MS) {
            CHECK(offset_is(CHANNEL_AT + MINUTES(zones[i]) + late, zones[i]));
        }
    }
}

static void a_later_leg_is_not_taken_for_one_of_another_zone(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(zones); i++) {
        int minutes = 0;
        for (time_ms late = MINUTES(7) + 1; late < MINUTES(14); late += SECOND_MS) {
            CHECK(!cdr_offset_from(CHANNEL_AT + MINUTES(zones[i]) + late, CHANNEL_AT, &minutes));
        }
    }
    CHECK(!offset_is(CHANNEL_AT - MINUTES(360) + MINUTES(15), -345)); /* no zone has -5:45 */
}

static void no_offset_lies_beyond_fourteen_hours(void **state)
{
    (void)state;
    int minutes = 12345;
    static const int wild[] = { 841 + 14, 870, 900, 1440, -870, -1440, 1000000, -1000000 };
    for (size_t i = 0; i < COUNT_OF(wild); i++) {
        CHECK(!cdr_offset_from(CHANNEL_AT + MINUTES(wild[i]), CHANNEL_AT, &minutes));
    }
    CHECK_NUMBER(minutes, 12345);
}

/* A leg with these times; any may be "". */
static const char *leg_with(const char *uniqueid, const char *start, const char *answer,
                            const char *end)
{
    return arena_print(test_arena,
                       "{\"AcctId\":\"1\",\"uniqueid\":\"%s\",\"start\":\"%s\",\"answer\":\"%s\","
                       "\"end\":\"%s\"}",
                       uniqueid, start, answer, end);
}

static void empty_and_broken_times_are_never(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg(leg_with(CHANNEL_EPOCH ".1", "2026-03-04 11:30:00", "", ""));
    CHECK_NUMBER(leg.started_at, CHANNEL_AT);
    CHECK_NUMBER(leg.answered_at, 0);
    CHECK_NUMBER(leg.ended_at, 0);
    leg = parse_leg(leg_with("x", "", "", ""));
    CHECK_NUMBER(leg.started_at, 0);
    CHECK(!leg.is_offset_known);
    leg = parse_leg(leg_with(CHANNEL_EPOCH ".1", "yesterday", "2026-03-04", "2026-13-04 11:30:00"));
    CHECK_NUMBER(leg.started_at, CHANNEL_AT);
    CHECK_NUMBER(leg.answered_at, 0);
    CHECK_NUMBER(leg.ended_at, 0);
}

static void an_unanswered_leg_has_no_answer_whatever_the_pbx_filled_in(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg("{\"uniqueid\":\"" CHANNEL_EPOCH ".1\",\"disposition\":"
                                   "\"NO ANSWER\",\"start\":\"2026-03-04 11:30:00\","
                                   "\"answer\":\"2026-03-04 11:30:14\","
                                   "\"end\":\"2026-03-04 11:30:14\"}");
    CHECK_NUMBER(leg.answered_at, 0);
    CHECK_NUMBER(leg.ended_at, CHANNEL_AT + 14000);
}

static void a_system_name_before_the_epoch_is_passed_over(void **state)
{
    (void)state;
    struct cdr_leg leg =
        parse_leg(leg_with("pbx1-" CHANNEL_EPOCH ".1", "2026-03-04 23:15:03", "", ""));
    CHECK(leg.is_offset_known);
    CHECK_NUMBER(leg.offset_minutes, 345);
    CHECK_NUMBER(leg.started_at, CHANNEL_AT + 3000);
}

static void the_session_serves_where_uniqueid_is_missing(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg("{\"session\":\"" CHANNEL_EPOCH "88123-5125550101\","
                                   "\"start\":\"2026-03-04 18:30:00\"}");
    CHECK(leg.is_offset_known);
    CHECK_NUMBER(leg.offset_minutes, 60);
}

static void a_recordings_start_tells_the_offset_of_a_late_leg(void **state)
{
    (void)state;
    struct cdr_leg leg =
        parse_leg("{\"uniqueid\":\"" CHANNEL_EPOCH ".1\",\"start\":\"2026-03-04 11:40:00\","
                  "\"answer\":\"2026-03-04 11:40:20\",\"recordfiles\":\"a.wav@\","
                  "\"recordfiles_desc\":\"duration=3,size=48044B,start-time=1772646020@\"}");
    CHECK(leg.is_offset_known);
    CHECK_NUMBER(leg.offset_minutes, -360);
    CHECK_NUMBER(leg.started_at, CHANNEL_AT + MINUTES(10));
}

static void a_late_leg_takes_the_offset_of_its_channel(void **state)
{
    (void)state;
    const char *body =
        arena_print(test_arena, "[%s,%s,%s]",
                    leg_with("1772640000.9", "2026-03-04 17:00:00", "", ""), /* another zone */
                    leg_with(CHANNEL_EPOCH ".1", "2026-03-04 11:40:00", "2026-03-04 11:41:00",
                             "2026-03-04 11:42:00"),
                    leg_with(CHANNEL_EPOCH ".1", "2026-03-04 11:30:01", "", ""));
    struct cdr_batch batch = parse(body);
    CHECK_NUMBER(batch.legs[0].offset_minutes, 60);
    CHECK(batch.legs[1].is_offset_known);
    CHECK_NUMBER(batch.legs[1].offset_minutes, -360);
    CHECK_NUMBER(batch.legs[1].started_at, CHANNEL_AT + MINUTES(10));
    CHECK_NUMBER(batch.legs[1].answered_at, CHANNEL_AT + MINUTES(11));
    CHECK_NUMBER(batch.legs[1].ended_at, CHANNEL_AT + MINUTES(12));
}

static void a_late_leg_alone_on_its_channel_takes_a_neighbours_offset(void **state)
{
    (void)state;
    const char *late = leg_with("1772645401.5", "2026-03-04 11:50:00", "", "");
    const char *sure = leg_with(CHANNEL_EPOCH ".1", "2026-03-04 11:30:00", "", "");
    struct cdr_batch batch = parse(arena_print(test_arena, "[%s,%s,%s]", late, sure, late));
    for (size_t i = 0; i < 3; i++) {
        CHECK(batch.legs[i].is_offset_known);
        CHECK_NUMBER(batch.legs[i].offset_minutes, -360);
    }
    CHECK_NUMBER(batch.legs[2].started_at, CHANNEL_AT + MINUTES(20));
}

static void offsets_are_per_record(void **state)
{
    (void)state;
    const char *body = arena_print(test_arena, "[%s,%s]",
                                   leg_with(CHANNEL_EPOCH ".1", "2026-03-04 14:30:00", "", ""),
                                   leg_with("1777777200.1", "2026-05-02 23:00:00", "", ""));
    struct cdr_batch batch = parse(body);
    CHECK_NUMBER(batch.legs[0].offset_minutes, -180);
    CHECK_NUMBER(batch.legs[1].offset_minutes, -240);
    CHECK_NUMBER(batch.legs[1].started_at, 1777777200 * (time_ms)SECOND_MS);
}

static void without_any_offset_the_channel_places_the_leg(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg(leg_with(CHANNEL_EPOCH ".1", "2026-03-04 11:40:00",
                                            "2026-03-04 11:40:30", "2026-03-04 11:45:00"));
    CHECK(!leg.is_offset_known);
    CHECK_NUMBER(leg.offset_minutes, 0);
    CHECK_NUMBER(leg.started_at, CHANNEL_AT);
    CHECK_NUMBER(leg.answered_at, CHANNEL_AT + 30000);
    CHECK_NUMBER(leg.ended_at, CHANNEL_AT + MINUTES(5));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(the_offset_is_found_for_zones_of_today),
        TEST(a_leg_may_start_seven_minutes_after_its_channel),
        TEST(a_later_leg_is_not_taken_for_one_of_another_zone),
        TEST(no_offset_lies_beyond_fourteen_hours),
        TEST(empty_and_broken_times_are_never),
        TEST(an_unanswered_leg_has_no_answer_whatever_the_pbx_filled_in),
        TEST(a_system_name_before_the_epoch_is_passed_over),
        TEST(the_session_serves_where_uniqueid_is_missing),
        TEST(a_recordings_start_tells_the_offset_of_a_late_leg),
        TEST(a_late_leg_takes_the_offset_of_its_channel),
        TEST(a_late_leg_alone_on_its_channel_takes_a_neighbours_offset),
        TEST(offsets_are_per_record),
        TEST(without_any_offset_the_channel_places_the_leg),
    };
    return cmocka_run_group_tests_name("cdr/offset", tests, NULL, NULL);
}

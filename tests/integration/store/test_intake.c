/* Webhooks in the store: replays, order, legs, late names. */
#include "check.h"

#include <string.h>

#include "integration/store/store_fixture.h"
#include "store/calls.h"
#include "store/recordings.h"

/* Legs of one ring-group call: two rang in vain, one answered (and recorded), one is the ForkCDR
 * copy. */
static const char *const legs[] = {
    "{\"AcctId\":\"11\",\"uniqueid\":\"1770394547.7\",\"session\":\"177-5550\",\"src\":\"5550\","
    "\"dst\":\"201\","
    "\"start\":\"2026-02-06 10:15:47\",\"answer\":\"\",\"end\":\"2026-02-06 "
    "10:16:01\",\"duration\":\"14\","
    "\"billsec\":\"0\",\"disposition\":\"NO "
    "ANSWER\",\"userfield\":\"Inbound\",\"recordfiles\":\"\"}",
    "{\"AcctId\":\"12\",\"uniqueid\":\"1770394547.7\",\"session\":\"177-5550\",\"src\":\"5550\","
    "\"dst\":\"203\","
    "\"start\":\"2026-02-06 10:15:47\",\"answer\":\"2026-02-06 10:15:48\",\"end\":\"2026-02-06 "
    "10:25:57\","
    "\"duration\":\"610\",\"billsec\":\"609\",\"disposition\":\"ANSWERED\",\"userfield\":"
    "\"Inbound\","
    "\"recordfiles\":\"2026-02/auto-1770394547#203-5550-6400.wav@\"}",
    "{\"AcctId\":\"13\",\"uniqueid\":\"1770394547.7\",\"session\":\"177-5550\",\"src\":\"5550\","
    "\"dst\":\"204\","
    "\"start\":\"2026-02-06 10:15:49\",\"answer\":\"\",\"end\":\"2026-02-06 "
    "10:16:03\",\"duration\":\"14\","
    "\"billsec\":\"0\",\"disposition\":\"NO "
    "ANSWER\",\"userfield\":\"Inbound\",\"recordfiles\":\"\"}",
};

static struct call_row *only_call(struct fixture *f)
{
    struct call_filter filter = { .tenant_id = f->tenant_id, .limit = 10 };
    struct call_row *calls = NULL;
    size_t count = 0;

    MUST(f, call_list(f->db, f->arena, &filter, &calls, &count, &f->error));
    CHECK_NUMBER(count, 1);
    return &calls[0];
}

static void a_replayed_webhook_changes_nothing(void **state)
{
    struct fixture *f = *state;

    CHECK_NUMBER(fixture_send(f, legs[1]).new_leg_count, 1);
    for (int i = 0; i < 5; i++) {
        struct intake_result again = fixture_send(f, legs[1]);
        CHECK_NUMBER(again.new_leg_count, 0);
        CHECK_NUMBER(again.new_recording_count, 0);
    }
    CHECK_NUMBER(fixture_count(f, "SELECT count(*) FROM webhook"), 1);
    CHECK_NUMBER(fixture_count(f, "SELECT count(*) FROM leg"), 1);
    CHECK_NUMBER(fixture_count(f, "SELECT count(*) FROM call"), 1);
    CHECK_NUMBER(fixture_count(f, "SELECT count(*) FROM recording"), 1);
    CHECK_NUMBER(fixture_count(f, "SELECT count(*) FROM job"), 1);
}

static void legs_of_a_call_stay_legs_and_any_order_gives_the_same_call(void **state)
{
    static const int orders[][3] = { { 0, 1, 2 }, { 0, 2, 1 }, { 1, 0, 2 },
                                     { 1, 2, 0 }, { 2, 0, 1 }, { 2, 1, 0 } };
    struct fixture *f = *state;

    for (size_t i = 0; i < COUNT_OF(orders); i++) {
        for (int j = 0; j < 3; j++) {
            CHECK_NUMBER(fixture_send(f, legs[orders[i][j]]).new_leg_count, 1);
        }
        struct call_row *call = only_call(f);
        CHECK_TEXT(call->from, "5550");
        CHECK_TEXT(call->to, "201");
        CHECK_TEXT(call->disposition, "ANSWERED");
        CHECK_TEXT(call->direction, "inbound");
        CHECK_NUMBER(call->duration_s, 610);
        CHECK_NUMBER(call->talk_s, 609);
        CHECK_NUMBER(call->started_at, 1770394547000);
        CHECK_NUMBER(call->answered_at, 1770394548000);
        CHECK_NUMBER(call->ended_at, 1770395157000);
        CHECK_NUMBER(fixture_count(f, "SELECT count(*) FROM leg"), 3);
        CHECK_NUMBER(fixture_count(f, "SELECT count(*) FROM recording"), 1);
        MUST(f, db_script(f->db,
                          "DELETE FROM job; DELETE FROM recording; DELETE FROM leg;"
                          "DELETE FROM call; DELETE FROM webhook;",
                          &f->error));
    }
}

static void legs_with_one_uniqueid_and_several_acct_ids_are_not_merged_away(void **state)
{
    struct fixture *f = *state;

    CHECK_NUMBER(fixture_send(f, legs[0]).new_leg_count, 1);
    CHECK_NUMBER(fixture_send(f, legs[2]).new_leg_count, 1);
    CHECK_NUMBER(fixture_count(f, "SELECT count(*) FROM leg"), 2);
    CHECK_NUMBER(fixture_count(f, "SELECT count(*) FROM call"), 1);
}

static void a_recording_named_later_is_added_to_the_old_leg(void **state)
{
    struct fixture *f = *state;

    CHECK_NUMBER(fixture_send(f,
                              "{\"AcctId\":\"12\",\"uniqueid\":\"1770394547.7\",\"src\":\"5550\","
                              "\"recordfiles\":\"\"}")
                     .new_recording_count,
                 0);
    struct intake_result late = fixture_send(f, legs[1]);
    CHECK_NUMBER(late.new_leg_count, 0);
    CHECK_NUMBER(late.new_recording_count, 1);
    CHECK_NUMBER(fixture_count(f, "SELECT recording_count FROM leg"), 1);
    CHECK_NUMBER(fixture_count(f, "SELECT count(*) FROM job"), 1);
}

static void a_file_that_two_calls_name_is_one_recording_and_shows_in_both(void **state)
{
    struct fixture *f = *state;
    struct recording *list = NULL;
    size_t count = 0;

    fixture_send(f, legs[1]);
    int64_t other =
        fixture_send(f, "{\"AcctId\":\"99\",\"uniqueid\":\"1770394600.1\",\"session\":\"178-5551\","
                        "\"recordfiles\":\"2026-02/auto-1770394547#203-5550-6400.wav@\"}")
            .call_id;
    CHECK_NUMBER(fixture_count(f, "SELECT count(*) FROM recording"), 1);
    MUST(f, recording_list(f->db, f->arena, other, &list, &count, &f->error));
    CHECK_NUMBER(count, 1);
    CHECK_TEXT(list[0].path, "2026-02/auto-1770394547#203-5550-6400.wav");
    CHECK_TEXT(list[0].state, RECORDING_WAITING);
    CHECK_TEXT(list[0].reason, "waiting_first_try");
}

static void filters_find_by_number_text_state_and_reason(void **state)
{
    struct fixture *f = *state;
    static const struct {
        struct call_filter filter;
        size_t count;
    } rows[] = {
        { { .number = "5550" }, 1 },
        { { .number = "555" }, 0 },
        { { .text = "555" }, 1 },
        { { .text = "%" }, 0 },
        { { .direction = "inbound" }, 1 },
        { { .direction = "outbound" }, 0 },
        { { .recording = "waiting" }, 1 },
        { { .recording = "stored" }, 0 },
        { { .recording = "waiting_first_try" }, 1 },
        { { .recording = "not_expected" }, 0 },
        { { .from_at = 1770394547000 }, 1 },
        { { .from_at = 1770394547001 }, 0 },
        { { .to_at = 1770394547000 }, 0 },
        { { .before_at = 1770394547000, .before_id = 1 }, 0 },
    };

    fixture_send(f, legs[1]);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct call_filter filter = rows[i].filter;
        struct call_row *calls = NULL;
        size_t count = 0;
        filter.tenant_id = f->tenant_id;
        filter.limit = 50;
        MUST(f, call_list(f->db, f->arena, &filter, &calls, &count, &f->error));
        assert_int_equal(count, rows[i].count);
        filter.tenant_id = f->tenant_id + 1;
        MUST(f, call_list(f->db, f->arena, &filter, &calls, &count, &f->error));
        CHECK_NUMBER(count, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
        TEST(a_replayed_webhook_changes_nothing),
        TEST(legs_of_a_call_stay_legs_and_any_order_gives_the_same_call),
        TEST(legs_with_one_uniqueid_and_several_acct_ids_are_not_merged_away),
        TEST(a_recording_named_later_is_added_to_the_old_leg),
        TEST(a_file_that_two_calls_name_is_one_recording_and_shows_in_both),
        TEST(filters_find_by_number_text_state_and_reason),
    };
    return cmocka_run_group_tests_name("store/intake", tests, NULL, NULL);
}

/* What one record says: texts, numbers, direction, recordings, the JSON that is kept. */
#include "check.h"

#include "bodies.h"
#include "core/json.h"

static void a_flat_object_is_a_leg_with_all_its_fields(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg(LEG_FLAT);
    CHECK_TEXT(leg.acct_id, "512");
    CHECK_TEXT(leg.uniqueid, CHANNEL_EPOCH ".17");
    CHECK_TEXT(leg.session, CHANNEL_EPOCH "004211-2001");
    CHECK_TEXT(leg.src, "2001");
    CHECK_TEXT(leg.dst, "5125550143");
    CHECK_TEXT(leg.clid, "\"Ada B.\" <2001>");
    CHECK_TEXT(leg.caller_name, "Ada B.");
    CHECK_TEXT(leg.disposition, "ANSWERED");
    CHECK_TEXT(leg.userfield, "Outbound");
    CHECK_TEXT(leg.action_type, "DIAL");
    CHECK_TEXT(leg.action_owner, "2001");
    CHECK_TEXT(leg.lastapp, "Dial");
    CHECK_TEXT(leg.channel, "PJSIP/2001-00000a");
    CHECK_TEXT(leg.dstchannel, "PJSIP/trunk_3-00000b");
    CHECK_TEXT(leg.channel_ext, "2001");
    CHECK_TEXT(leg.dstchannel_ext, "trunk_3");
    CHECK_TEXT(leg.dstanswer, "5125550143");
    CHECK_TEXT(leg.src_trunk, "");
    CHECK_TEXT(leg.dst_trunk, "Line One");
    CHECK_TEXT(leg.sn, "SN0001");
    CHECK_NUMBER(leg.direction, CDR_OUTBOUND);
    CHECK(!leg.is_fork);
    CHECK_NUMBER(leg.duration_s, 70);
    CHECK_NUMBER(leg.talk_s, 61);
    CHECK(leg.is_offset_known);
    CHECK_NUMBER(leg.offset_minutes, -360);
    CHECK_NUMBER(leg.started_at, CHANNEL_AT);
    CHECK_NUMBER(leg.answered_at, CHANNEL_AT + 9000);
    CHECK_NUMBER(leg.ended_at, CHANNEL_AT + 70000);
    CHECK_NUMBER(leg.recording_count, 1);
    CHECK_TEXT(leg.recordings[0].path, "2026-03/auto-" CHANNEL_EPOCH "-2001-5125550143.wav");
    CHECK_NUMBER(leg.recordings[0].bytes, 976044);
    CHECK_NUMBER(leg.recordings[0].seconds, 61);
    CHECK_NUMBER(leg.recordings[0].started_at, CHANNEL_AT + 9000);
    CHECK_TEXT(leg.fields_json, LEG_FLAT);
}

static void a_leg_with_nothing_but_an_id_is_a_leg(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg("{\"uniqueid\":\"1772645400.1\"}");
    CHECK_TEXT(leg.acct_id, "");
    CHECK_TEXT(leg.src, "");
    CHECK_NUMBER(leg.duration_s, -1);
    CHECK_NUMBER(leg.talk_s, -1);
    CHECK_NUMBER(leg.recording_count, 0);
    CHECK_NUMBER(leg.direction, CDR_UNKNOWN);
    CHECK(!leg.is_offset_known);
    CHECK_NUMBER(leg.started_at, CHANNEL_AT);
    CHECK_TEXT(parse_leg("{\"AcctId\":\"7\"}").acct_id, "7");
    CHECK_TEXT(parse_leg("{\"session\":\"s\"}").session, "s");
}

static void numbers_are_read_like_texts(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg("{\"AcctId\":41,\"uniqueid\":1772645400.17,\"src\":2001,"
                                   "\"duration\":70,\"billsec\":\" 61 \",\"dst\":null,"
                                   "\"clid\":true,\"channel\":{\"a\":1}}");
    CHECK_TEXT(leg.acct_id, "41");
    CHECK_TEXT(leg.uniqueid, "1772645400.17");
    CHECK_TEXT(leg.src, "2001");
    CHECK_TEXT(leg.dst, "");
    CHECK_TEXT(leg.clid, "");
    CHECK_TEXT(leg.channel, "");
    CHECK_NUMBER(leg.duration_s, 70);
    CHECK_NUMBER(leg.talk_s, 61);
}

static void figures_that_are_none_are_unknown(void **state)
{
    (void)state;
    static const char *const figures[] = { "", "-1", "1.5", "1e3", "12345678901", "seven", "7 8" };
    for (size_t i = 0; i < COUNT_OF(figures); i++) {
        char body[100];
        IGNORE(snprintf(body, sizeof body, "{\"AcctId\":\"1\",\"duration\":\"%s\"}", figures[i]),
               "");
        CHECK_NUMBER(parse_leg(body).duration_s, -1);
    }
}

static void texts_are_trimmed_and_lose_their_control_characters(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg("{\"AcctId\":\" 1\\n\",\"caller_name\":\"\\tA\\u0007d\\u001ba"
                                   "\\u0085 \\u007fB \\u0001\",\"src\":\"  \"}");
    CHECK_TEXT(leg.acct_id, "1");
    CHECK_TEXT(leg.caller_name, "Ada B");
    CHECK_TEXT(leg.src, "");
}

static void a_text_is_capped_between_characters(void **state)
{
    (void)state;
    AUTO(text_clear) struct text body = TEXT_UP_TO(MIB);
    text_add(&body, "{\"AcctId\":\"1\",\"caller_name\":\"x");
    for (int i = 0; i < 2000; i++) {
        text_add(&body, "\xC3\xA9");
    }
    text_add(&body, "\"}");
    struct cdr_leg leg = parse_leg(text_get(&body));
    CHECK_NUMBER(strlen(leg.caller_name), 1023); /* 1 + 511 * 2: half a character is not kept */
    CHECK_TEXT(leg.caller_name + 1021, "\xC3\xA9");
}

static void the_direction_is_what_userfield_says_or_else_the_trunks(void **state)
{
    (void)state;
    static const struct {
        const char *fields;
        enum cdr_direction direction;
    } rows[] = {
        { "\"userfield\":\"Inbound\"", CDR_INBOUND },
        { "\"userfield\":\"outbound\"", CDR_OUTBOUND },
        { "\"userfield\":\"Internal\",\"src_trunk_name\":\"T\"", CDR_INTERNAL },
        { "\"userfield\":\"External\",\"src_trunk_name\":\"T\",\"dst_trunk_name\":\"U\"",
          CDR_INBOUND },
        { "\"userfield\":\"External\",\"dst_trunk_name\":\"U\"", CDR_OUTBOUND },
        { "\"userfield\":\"EXT\",\"channel_ext\":\"5300\",\"dstchannel_ext\":\"5301\"",
          CDR_INTERNAL },
        { "\"userfield\":\"EXT\",\"channel_ext\":\"5300\",\"dstchannel_ext\":\"trunk_1\"",
          CDR_OUTBOUND },
        { "\"channel_ext\":\"trunk_2\",\"dstchannel_ext\":\"5301\"", CDR_INBOUND },
        { "\"userfield\":\"\"", CDR_UNKNOWN },
        { "\"userfield\":\"External\"", CDR_UNKNOWN },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char body[200];
        IGNORE(snprintf(body, sizeof body, "{\"AcctId\":\"1\",%s}", rows[i].fields), "");
        CHECK_NUMBER(parse_leg(body).direction, rows[i].direction);
    }
    CHECK_TEXT(cdr_direction_name(CDR_INBOUND), "inbound");
    CHECK_TEXT(cdr_direction_name(CDR_UNKNOWN), "unknown");
}

static void the_call_key_is_session_then_uniqueid_then_acct_id(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg("{\"AcctId\":\"1\",\"uniqueid\":\"2.0\",\"session\":\"3-x\"}");
    CHECK_TEXT(cdr_call_key(&leg), "3-x");
    leg = parse_leg("{\"AcctId\":\"1\",\"uniqueid\":\"2.0\",\"session\":\" \"}");
    CHECK_TEXT(cdr_call_key(&leg), "2.0");
    leg = parse_leg("{\"AcctId\":\"1\",\"uniqueid\":\"\"}");
    CHECK_TEXT(cdr_call_key(&leg), "1");
}

static void a_fork_repeats_a_leg_and_has_no_recordings(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg("{\"AcctId\":\"1\",\"lastapp\":\"ForkCDR\","
                                   "\"recordfiles\":\"2026-03/auto-1-2-3.wav@\"}");
    CHECK(leg.is_fork);
    CHECK_NUMBER(leg.recording_count, 0);
    CHECK_NUMBER(leg.refused_count, 0);
}

static void a_path_in_the_callers_name_is_a_recording(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg("{\"AcctId\":\"1\",\"recordfiles\":\"\","
                                   "\"caller_name\":\"2026-03/auto-1772645400-1-2.wav@\"}");
    CHECK_NUMBER(leg.recording_count, 1);
    CHECK_TEXT(leg.recordings[0].path, "2026-03/auto-1772645400-1-2.wav");
    CHECK_TEXT(leg.caller_name, "");
    leg = parse_leg("{\"AcctId\":\"1\",\"caller_name\":\"auto-1772645400#9-1-2.MP3\"}");
    CHECK_NUMBER(leg.recording_count, 1);
    leg = parse_leg("{\"AcctId\":\"1\",\"caller_name\":\"auto-b.wav\","
                    "\"recordfiles\":\"auto-a.wav@\"}");
    CHECK_NUMBER(leg.recording_count, 1);
    CHECK_TEXT(leg.recordings[0].path, "auto-a.wav");
    CHECK_TEXT(leg.caller_name, "auto-b.wav");
}

static void other_callers_names_are_no_recordings(void **state)
{
    (void)state;
    static const char *const names[] = { "Auto-Parts Ltd",    "auto-.wav",         "auto-parts",
                                         "x/auto-1.wav",      "2026-3/auto-1.wav", "2026-03/",
                                         "2026-03/voice.wav", "auto-1.exe",        "" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        char body[200];
        IGNORE(snprintf(body, sizeof body, "{\"AcctId\":\"1\",\"caller_name\":\"%s\"}", names[i]),
               "");
        struct cdr_leg leg = parse_leg(body);
        CHECK_NUMBER(leg.recording_count, 0);
        CHECK_TEXT(leg.caller_name, names[i]);
    }
}

static void hostile_recordings_are_dropped_and_counted(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg("{\"AcctId\":\"1\",\"recordfiles\":"
                                   "\"../../etc/passwd@/etc/shadow@a\\\\b@a\\u0001b@ok.wav@\"}");
    CHECK_NUMBER(leg.recording_count, 1);
    CHECK_TEXT(leg.recordings[0].path, "ok.wav");
    CHECK_NUMBER(leg.refused_count, 4);
}

static void the_kept_json_is_compact_and_has_unknown_fields(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg(" {\n \"AcctId\" : \"1\",\r\n\t\"new one\": \"a \\\" b\\\\\" ,"
                                   " \"list\": [1, 2.5]} ");
    CHECK_TEXT(leg.fields_json, "{\"AcctId\":\"1\",\"new one\":\"a \\\" b\\\\\",\"list\":[1,2.5]}");
    leg = parse_leg("[ {\"AcctId\" : \"1\", \"uniqueid\" : 1772645400.84} ]");
    CHECK_TEXT(leg.fields_json, "{\"AcctId\":\"1\",\"uniqueid\":1772645400.84}");
}

static void kept_json_over_its_limit_loses_members_and_says_how_many(void **state)
{
    (void)state;
    AUTO(text_clear) struct text body = TEXT_UP_TO(MIB);
    text_add(&body, "{\"big\":\"");
    for (int i = 0; i < 70000; i++) {
        text_add_char(&body, 'x');
    }
    text_add(&body, "\"");
    for (int i = 0; i < 100; i++) {
        text_print(&body, ",\"m%d\":\"%0*d\"", i, 1000, 7);
    }
    text_add(&body, ",\"AcctId\":\"1\"}");
    struct cdr_leg leg = parse_leg(text_get(&body));
    CHECK(strlen(leg.fields_json) <= CDR_FIELDS_SIZE_MAX);
    AUTO(json_release)
    json_t *kept = json_read(leg.fields_json, strlen(leg.fields_json), &test_error);
    CHECK(kept != NULL);
    CHECK(json_object_get(kept, "big") == NULL);
    CHECK(json_object_get(kept, "m0") != NULL);
    CHECK_TEXT(json_text(kept, "AcctId", "?"), "1");
    size_t left_out = (size_t)json_number(kept, "fields_left_out", 0);
    CHECK_NUMBER(left_out + json_object_size(kept) - 1, 102);
}

static void an_object_that_is_no_cdr_is_refused_with_what_is_missing(void **state)
{
    (void)state;
    static const char body[] = "{\"type\":30012,\"msg\":\"{}\",\"\\u0007odd\":1,\"a\":1,\"b\":2}";
    const char *message = refusal(ERROR_INVALID, body, sizeof body - 1);
    check_has(message, "none of AcctId, uniqueid and session");
    check_has(message, "'type', 'msg', '?odd', 'a', ...");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_flat_object_is_a_leg_with_all_its_fields),
        TEST(a_leg_with_nothing_but_an_id_is_a_leg),
        TEST(numbers_are_read_like_texts),
        TEST(figures_that_are_none_are_unknown),
        TEST(texts_are_trimmed_and_lose_their_control_characters),
        TEST(a_text_is_capped_between_characters),
        TEST(the_direction_is_what_userfield_says_or_else_the_trunks),
        TEST(the_call_key_is_session_then_uniqueid_then_acct_id),
        TEST(a_fork_repeats_a_leg_and_has_no_recordings),
        TEST(a_path_in_the_callers_name_is_a_recording),
        TEST(other_callers_names_are_no_recordings),
        TEST(hostile_recordings_are_dropped_and_counted),
        TEST(the_kept_json_is_compact_and_has_unknown_fields),
        TEST(kept_json_over_its_limit_loses_members_and_says_how_many),
        TEST(an_object_that_is_no_cdr_is_refused_with_what_is_missing),
    };
    return cmocka_run_group_tests_name("cdr/leg", tests, NULL, NULL);
}

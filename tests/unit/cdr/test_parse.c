/* The forms in which a body may come, and those that are refused. */
#include "check.h"

#include <zlib.h>

#include "bodies.h"
#include "core/encode.h"
#include "core/json.h"

static struct cdr_leg parse_as(const char *type, const char *body)
{
    struct cdr_batch batch = parse_bytes(type, body, strlen(body));

    assert_int_equal(batch.leg_count, 1);
    return batch.legs[0];
}

static void nothing_is_a_probe(void **state)
{
    (void)state;
    static const char *const bodies[] = { "", " \r\n\t", "{}", " { } ", "\xEF\xBB\xBF", "[]" };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct cdr_batch batch = parse(bodies[i]);
        CHECK_NUMBER(batch.kind, i < 5 ? CDR_PROBE : CDR_LEGS);
        CHECK_NUMBER(batch.leg_count, 0);
    }
    struct cdr_batch batch;
    CHECK(cdr_parse(test_arena, NULL, NULL, NULL, 0, &batch, &test_error));
    CHECK_NUMBER(batch.kind, CDR_PROBE);
}

static void an_empty_list_is_no_calls(void **state)
{
    (void)state;
    static const char *const bodies[] = { "{\"cdr_root\":[]}", "{\"response\":{\"cdr_root\":[]}}",
                                          "<root/>", "<root> </root>" };
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        struct cdr_batch batch = parse(bodies[i]);
        CHECK_NUMBER(batch.kind, CDR_LEGS);
        CHECK_NUMBER(batch.leg_count, 0);
    }
}

static void every_wrapping_gives_the_same_leg(void **state)
{
    (void)state;
    static const char *const wrappings[] = { "%s",
                                             "\xEF\xBB\xBF \n%s\n",
                                             "[%s]",
                                             "{\"cdr_root\":[%s]}",
                                             "{\"cdr\":[%s]}",
                                             "{\"cdr_root\":%s}",
                                             "{\"response\":{\"cdr_root\":[%s]},\"status\":0}",
                                             "{\"response\":{\"cdr\":[%s]}}",
                                             "{\"main_cdr\":{},\"sub_cdr_1\":%s}" };
    for (size_t i = 0; i < COUNT_OF(wrappings); i++) {
        AUTO(text_clear) struct text body = TEXT_UP_TO(MIB);
        const char *hole = strstr(wrappings[i], "%s");
        text_add_bytes(&body, wrappings[i], (size_t)(hole - wrappings[i]));
        text_add(&body, LEG_FLAT);
        text_add(&body, hole + 2);
        struct cdr_leg leg = parse_leg(text_get(&body));
        CHECK_TEXT(leg.fields_json, LEG_FLAT);
        CHECK_TEXT(leg.acct_id, "512");
        CHECK_NUMBER(leg.started_at, CHANNEL_AT);
        CHECK_NUMBER(leg.recording_count, 1);
    }
}

static void a_groups_legs_are_its_subs_and_its_summary_is_none(void **state)
{
    (void)state;
    struct cdr_batch batch =
        parse("{\"cdr_root\":[{\"cdr\":\"G-1\",\"main_cdr\":{\"AcctId\":\"\",\"session\":\"G-1\"},"
              "\"sub_cdr_1\":{\"AcctId\":\"1\",\"session\":\"\"},"
              "\"sub_cdr_2\":{\"AcctId\":\"2\",\"session\":\"own\"},\"sub_cdr_n\":7,\"sub_cdr_3\":{"
              "\"AcctId\":\"3\"}},"
              "{\"cdr\":\"\",\"main_cdr\":{\"session\":\"G-2\"},\"sub_cdr_1\":{\"AcctId\":\"4\"}},"
              "{\"cdr\":\"G-3\",\"AcctId\":\"5\"},{\"cdr\":\"\",\"AcctId\":\"6\"}]}");
    static const char *const sessions[] = { "G-1", "own", "G-1", "G-2", "G-3", "" };
    CHECK_NUMBER(batch.leg_count, 6);
    for (size_t i = 0; i < 6; i++) {
        CHECK_TEXT(batch.legs[i].session, sessions[i]);
        CHECK_NUMBER(batch.legs[i].acct_id[0] - '1', i);
    }
    CHECK_NUMBER(batch.refused_leg_count, 0);
    CHECK(batch.refused_reason == NULL);
}

static void a_bad_record_does_not_cost_the_good_ones(void **state)
{
    (void)state;
    struct cdr_batch batch = parse("[{\"AcctId\":\"1\"},{\"a\":1},7,{\"main_cdr\":{}},"
                                   "{\"AcctId\":\"2\"}]");
    CHECK_NUMBER(batch.leg_count, 2);
    CHECK_NUMBER(batch.refused_leg_count, 3);
    CHECK(batch.refused_reason != NULL);
    static const char bad[] = "[{\"a\":1},7]";
    CHECK(refusal(ERROR_INVALID, bad, sizeof bad - 1) != NULL);
}

static void what_is_no_cdr_is_refused_in_plain_words(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        const char *said;
    } rows[] = {
        { "hello", "neither JSON nor XML nor a form" },
        { "{\"AcctId\":", "not JSON" },
        { "{\"AcctId\":\"1\"} x", "not JSON" },
        { "{\"AcctId\":\"\\u0000\"}", "not JSON" },
        { "7", "neither JSON" },
        { "{\"response\":{\"error_msg\":\"Invalid parameters!\"},\"status\":-1}",
          "none of AcctId" },
        { "a=b&c=d", "none of AcctId" },
        { "AcctId=%zz", "not a form" },
        { "AcctId=%00", "not a form" },
        { "AcctId=1&x", "not a form" },
        { "<!DOCTYPE html><html></html>", "a web page" },
        { "<!DOCTYPE r [<!ENTITY a \"b\">]><r><AcctId>&a;</AcctId></r>", "DOCTYPE" },
        { "<html><body>no</body></html>", "no element has the fields of a CDR" },
        { "<r><AcctId>1</AcctId>", "not XML" },
        { "<r>text</r>", "no element has the fields" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        check_has(refusal(ERROR_INVALID, rows[i].body, strlen(rows[i].body)), rows[i].said);
    }
    static const char multipart[] = "--x\r\nContent-Disposition: form-data; name=\"cdr\"\r\n";
    struct cdr_batch batch;
    CHECK(!cdr_parse(test_arena, "multipart/form-data; boundary=x", NULL, multipart,
                     sizeof multipart - 1, &batch, &test_error));
    check_has(test_error.message, "multipart");
    CHECK(!cdr_parse(test_arena, NULL, "br", "\x0b\x02\x80", 3, &batch, &test_error));
    check_has(test_error.message, "gzip");
}

static void a_nul_anywhere_is_refused(void **state)
{
    (void)state;
    check_has(refusal(ERROR_INVALID, "{\"AcctId\":\"1\0\"}", 16), "NUL");
    check_has(refusal(ERROR_INVALID, "AcctId=1\0", 9), "NUL");
    check_has(refusal(ERROR_INVALID, "<r>\0</r>", 8), "NUL");
}

static void the_body_decides_whatever_the_header_says(void **state)
{
    (void)state;
    static const char *const types[] = {
        NULL, "", "text/plain", "application/xml", "application/x-www-form-urlencoded", "nonsense"
    };
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        CHECK_TEXT(parse_as(types[i], "{\"AcctId\":\"1\"}").acct_id, "1");
        CHECK_TEXT(parse_as(types[i], "<r><AcctId>1</AcctId></r>").acct_id, "1");
        CHECK_TEXT(parse_as(types[i], "AcctId=1").acct_id, "1");
    }
}

static void a_name_in_latin_1_does_not_cost_the_record(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg("{\"AcctId\":\"1\",\"caller_name\":\"Jos\xE9 N\xFA\xF1"
                                   "ez\",\"dst\":\"\xC3\xA9\"}");
    CHECK_TEXT(leg.caller_name, "Jos\xEF\xBF\xBD N\xEF\xBF\xBD\xEF\xBF\xBD"
                                "ez");
    CHECK_TEXT(leg.dst, "\xC3\xA9");
    AUTO(json_release)
    json_t *kept = json_read(leg.fields_json, strlen(leg.fields_json), &test_error);
    CHECK(kept != NULL);
    leg = parse_leg("AcctId=1&caller_name=Jos%E9");
    CHECK_TEXT(leg.caller_name, "Jos\xEF\xBF\xBD");
    leg = parse_leg("<r><AcctId>1</AcctId><caller_name>Jos\xE9</caller_name></r>");
    CHECK_TEXT(leg.caller_name, "Jos\xEF\xBF\xBD");
    leg = parse_leg("<?xml version=\"1.0\" encoding=\"ISO-8859-1\"?>"
                    "<r><AcctId>1</AcctId><caller_name>Jos\xE9</caller_name></r>");
    CHECK_TEXT(leg.caller_name, "Jos\xC3\xA9");
}

static void xml_records_are_found_by_their_fields(void **state)
{
    (void)state;
    struct cdr_batch batch =
        parse("<?xml version=\"1.0\"?><!-- c --><anything><row>\n <AcctId> 1 </AcctId>\n"
              "<clid>\"A &amp; B\" &lt;7&gt;</clid><odd>kept</odd><src/></row>"
              "<row><uniqueid>" CHANNEL_EPOCH ".2</uniqueid>"
              "<start>2026-03-04 11:30:00</start><recordfiles>a.wav@</recordfiles></row>"
              "<row AcctId=\"3\" src=\"9\"/><note>x</note></anything>");
    CHECK_NUMBER(batch.leg_count, 3);
    CHECK_TEXT(batch.legs[0].acct_id, "1");
    CHECK_TEXT(batch.legs[0].clid, "\"A & B\" <7>");
    CHECK_TEXT(batch.legs[0].fields_json, "{\"AcctId\":\" 1 \",\"clid\":\"\\\"A & B\\\" <7>\","
                                          "\"odd\":\"kept\",\"src\":\"\"}");
    CHECK_NUMBER(batch.legs[1].recording_count, 1);
    CHECK_NUMBER(batch.legs[1].offset_minutes, -360);
    CHECK_TEXT(batch.legs[2].acct_id, "3");
    CHECK_TEXT(batch.legs[2].src, "9");
}

static void xml_groups_are_groups(void **state)
{
    (void)state;
    struct cdr_batch batch = parse("<cdr_root><g><cdr>S</cdr><main_cdr><src>1</src></main_cdr>"
                                   "<sub_cdr_1><AcctId>1</AcctId></sub_cdr_1>"
                                   "<sub_cdr_2><AcctId>2</AcctId></sub_cdr_2></g></cdr_root>");
    CHECK_NUMBER(batch.leg_count, 2);
    CHECK_TEXT(batch.legs[1].acct_id, "2");
    CHECK_TEXT(batch.legs[1].session, "S");
}

static void xml_has_limits(void **state)
{
    (void)state;
    for (int depth = 16; depth <= 17; depth++) {
        AUTO(text_clear) struct text deep = TEXT_UP_TO(MIB);
        for (int i = 0; i < depth - 2; i++) {
            text_add(&deep, "<a>");
        }
        text_add(&deep, "<r><AcctId>1</AcctId></r>");
        for (int i = 0; i < depth - 2; i++) {
            text_add(&deep, "</a>");
        }
        if (depth == 16) {
            CHECK_TEXT(parse_leg(text_get(&deep)).acct_id, "1");
        } else {
            check_has(refusal(ERROR_LIMIT, text_get(&deep), deep.size), "nested");
        }
    }

    AUTO(text_clear) struct text wide = TEXT_UP_TO(MIB);
    text_add(&wide, "<r><AcctId>1</AcctId>");
    for (int i = 0; i < 256; i++) {
        text_print(&wide, "<f%d>x</f%d>", i, i);
    }
    text_add(&wide, "</r>");
    CHECK(refusal(ERROR_LIMIT, text_get(&wide), wide.size) != NULL);

    AUTO(text_clear) struct text fat = TEXT_UP_TO(MIB);
    text_print(&fat, "<r><AcctId>%070000d</AcctId></r>", 1);
    CHECK(refusal(ERROR_LIMIT, text_get(&fat), fat.size) != NULL);
}

static void a_form_holds_the_fields_or_one_document(void **state)
{
    (void)state;
    struct cdr_leg leg = parse_leg("AcctId=7&src=2001&clid=%22A+B%22+%3C2001%3E&"
                                   "recordfiles=2026-03%2Fauto-1%2B2.wav%40&odd=");
    CHECK_TEXT(leg.acct_id, "7");
    CHECK_TEXT(leg.clid, "\"A B\" <2001>");
    CHECK_TEXT(leg.recordings[0].path, "2026-03/auto-1+2.wav");
    static const char *const names[] = { "cdr", "data", "json", "payload" };
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        AUTO(text_clear) struct text body = TEXT_UP_TO(MIB);
        text_print(&body, "other=1&%s=", names[i]);
        encode_percent(LEG_FLAT, "", &body);
        CHECK_TEXT(parse_leg(text_get(&body)).fields_json, LEG_FLAT);
        text_reset(&body);
        text_print(&body, "%s=%%0A", names[i]);
        encode_percent("<r><AcctId>8</AcctId></r>", "", &body);
        CHECK_TEXT(parse_leg(text_get(&body)).acct_id, "8");
    }
    CHECK_TEXT(parse_leg("cdr=S-1&AcctId=9").session, "S-1");
}

/* `size` bytes as a gzip file; yours to free(). */
static char *gzip(const void *bytes, size_t size, size_t *size_out)
{
    z_stream stream = { .next_in = (z_const Bytef *)(uintptr_t)bytes, .avail_in = (uInt)size };
    size_t room = size + 1024;
    char *packed = malloc(room);

    stream.next_out = (Bytef *)packed;
    stream.avail_out = (uInt)room;
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    *size_out = stream.total_out;
    (void)deflateEnd(&stream);
    return packed;
}

static void gzip_is_known_by_its_magic(void **state)
{
    (void)state;
    size_t size = 0;
    char *packed = gzip(LEG_FLAT, strlen(LEG_FLAT), &size);
    static const char *const encodings[] = { NULL, "gzip", "x-gzip", "identity" };
    for (size_t i = 0; i < COUNT_OF(encodings); i++) {
        struct cdr_batch batch;
        CHECK(cdr_parse(test_arena, NULL, encodings[i], packed, size, &batch, &test_error));
        CHECK_TEXT(batch.legs[0].acct_id, "512");
    }
    for (size_t cut = 3; cut < size; cut += 7) {
        CHECK(refusal(ERROR_INVALID, packed, cut) != NULL);
    }
    free(packed);
    packed = gzip(" ", 1, &size);
    CHECK_NUMBER(parse_bytes(NULL, packed, size).kind, CDR_PROBE);
    free(packed);
    struct cdr_batch batch; /* a proxy inflated it and left the header */
    CHECK(cdr_parse(test_arena, NULL, "gzip", LEG_FLAT, strlen(LEG_FLAT), &batch, &test_error));
}

static void a_gzip_bomb_stops_at_the_limit(void **state)
{
    (void)state;
    size_t size = 0;
    char *spaces = malloc(64 * MIB);
    memset(spaces, ' ', 64 * MIB);
    char *packed = gzip(spaces, 64 * MIB, &size);
    CHECK(size < MIB);
    check_has(refusal(ERROR_LIMIT, packed, size), "inflates to over");
    free(packed);
    free(spaces);
}

static void legs_and_values_and_bytes_have_limits(void **state)
{
    (void)state;
    AUTO(text_clear) struct text body = TEXT_UP_TO(64 * MIB);
    text_add(&body, "[{\"AcctId\":\"1\"}");
    for (int i = 1; i < CDR_LEGS_MAX; i++) {
        text_add(&body, ",{\"AcctId\":\"1\"}");
    }
    text_add(&body, "]");
    CHECK_NUMBER(parse(text_get(&body)).leg_count, CDR_LEGS_MAX);
    body.bytes[body.size - 1] = ',';
    text_add(&body, "{\"AcctId\":\"1\"}]");
    check_has(refusal(ERROR_LIMIT, text_get(&body), body.size), "10000 legs");

    text_reset(&body);
    for (int i = 0; i < 100000; i++) {
        text_add(&body, i == 0 ? "[" : "{},");
    }
    check_has(refusal(ERROR_LIMIT, text_get(&body), body.size), "too many values");
    CHECK(refusal(ERROR_LIMIT, "", CDR_BODY_SIZE_MAX + 1) != NULL);
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    AUTO(text_clear) struct text body = TEXT_UP_TO(MIB);
    text_add(&body, "{\"AcctId\":");
    for (int i = 0; i < 5000; i++) {
        text_add_char(&body, '[');
    }
    check_has(refusal(ERROR_INVALID, text_get(&body), body.size), "nested");
}

static void a_small_arena_is_an_error_and_never_an_abort(void **state)
{
    (void)state;
    static const char body[] = "[" LEG_FLAT "," LEG_FLAT ",{}]";
    bool is_parsed = false;
    for (size_t size = 0; size < 16 * KIB && !is_parsed; size += 16) {
        AUTO(arena_free) struct arena *arena = arena_new(size);
        struct cdr_batch batch = { .leg_count = 77 };
        is_parsed = cdr_parse(arena, NULL, NULL, body, sizeof body - 1, &batch, &test_error);
        if (!is_parsed) {
            CHECK_NUMBER(test_error.kind, ERROR_LIMIT);
            CHECK_NUMBER(batch.leg_count, 77);
        }
    }
    CHECK(is_parsed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(nothing_is_a_probe),
        TEST(an_empty_list_is_no_calls),
        TEST(every_wrapping_gives_the_same_leg),
        TEST(a_groups_legs_are_its_subs_and_its_summary_is_none),
        TEST(a_bad_record_does_not_cost_the_good_ones),
        TEST(what_is_no_cdr_is_refused_in_plain_words),
        TEST(a_nul_anywhere_is_refused),
        TEST(the_body_decides_whatever_the_header_says),
        TEST(a_name_in_latin_1_does_not_cost_the_record),
        TEST(xml_records_are_found_by_their_fields),
        TEST(xml_groups_are_groups),
        TEST(xml_has_limits),
        TEST(a_form_holds_the_fields_or_one_document),
        TEST(gzip_is_known_by_its_magic),
        TEST(a_gzip_bomb_stops_at_the_limit),
        TEST(legs_and_values_and_bytes_have_limits),
        TEST(nesting_has_a_limit),
        TEST(a_small_arena_is_an_error_and_never_an_abort),
    };
    return cmocka_run_group_tests_name("cdr/parse", tests, NULL, NULL);
}

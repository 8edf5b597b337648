/* The short way: what it takes, what it leaves to jansson. That it reads what it takes as jansson
 * does is tests/fuzz/cdr_flat.c's business. */
#include <string.h>

#include "cdr/parts.h"
#include "check.h"

static bool is_taken(const char *json)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 * MIB);
    struct flat flat;

    return flat_read(arena, json, strlen(json), &flat);
}

static void an_object_of_texts_is_taken(void **state)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 * MIB);
    static const char JSON[] =
        "{\"AcctId\":\"71\",\"clid\":\"\\\"Jos\\u00e9\\\" \\/\\n\",\"src\":\"\"}";
    struct flat flat;

    (void)state;
    assert_true(flat_read(arena, JSON, strlen(JSON), &flat));
    assert_int_equal(flat.count, 3);
    assert_string_equal(flat_text(&flat, "AcctId"), "71");
    assert_string_equal(flat_text(&flat, "clid"), "\"Jos\xc3\xa9\" /\n");
    assert_string_equal(flat_text(&flat, "src"), "");
    assert_null(flat_text(&flat, "dst"));
    assert_false(flat.has_space);
    assert_true(flat.members[0].is_plain);
    assert_false(flat.members[1].is_plain);
}

static void white_space_between_tokens_is_noted(void **state)
{
    AUTO(arena_free) struct arena *arena = arena_new(1 * MIB);
    static const char JSON[] = "{ \"a\" :\t\"1\"\r\n,\"b\":\" \"}";
    struct flat flat;

    (void)state;
    assert_true(flat_read(arena, JSON, strlen(JSON), &flat));
    assert_true(flat.has_space);
    assert_string_equal(flat_text(&flat, "b"), " ");
}

static void whatever_is_unusual_is_left_to_jansson(void **state)
{
    static const char *const bodies[] = {
        "",
        "{",
        "{}",
        "[]",
        "{\"a\"}",
        "{\"a\":}",
        "{\"a\":1}",
        "{\"a\":null}",
        "{\"a\":[\"b\"]}",
        "{\"a\":{\"b\":\"c\"}}",
        "{\"a\":\"b\",}",
        "{\"a\":\"b\"}}",
        "{\"a\":\"b\"} x",
        "{\"a\":\"b\" \"c\":\"d\"}",
        "{\"a\":\"b",
        "{\"a\":\"b\\",
        "{\"a\":\"\\u00e\"}",
        "{\"a\":\"\\u0000\"}",
        "{\"a\":\"\\ud83d\\ude00\"}",
        "{\"a\":\"\\x\"}",
        "{\"a\":\"b\nc\"}",
        "{\"a\":\"\xe9\"}",
        "{\"a\":\"\xc0\x80\"}",
        "{\"a\":\"\xc3",
        "{\"\xc3\xa9\":\"b\"}",
        "{\"\\u0061\\u0001\":\"b\"}",
        "{\"a\":\"b\",\"c\":\"d\",\"a\":\"e\"}",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bodies); i++) {
        if (is_taken(bodies[i])) {
            fail_msg("taken: %s", bodies[i]);
        }
    }
}

static void sixty_four_members_are_taken_and_no_more(void **state)
{
    AUTO(text_clear) struct text json = TEXT_UP_TO(4 * KIB);

    (void)state;
    for (int i = 0; i < FLAT_MEMBERS_MAX; i++) {
        text_print(&json, "%s\"n%d\":\"v\"", i == 0 ? "{" : ",", i);
    }
    text_add_char(&json, '}');
    assert_true(is_taken(text_get(&json)));
    json.size--;
    text_add(&json, ",\"more\":\"v\"}");
    assert_false(is_taken(text_get(&json)));
}

static void without_memory_it_is_left_too(void **state)
{
    AUTO(arena_free) struct arena *arena = arena_new(8);
    struct flat flat;

    (void)state;
    assert_false(flat_read(arena, "{\"a\":\"0123456789\"}", 18, &flat));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_object_of_texts_is_taken),
        cmocka_unit_test(white_space_between_tokens_is_noted),
        cmocka_unit_test(whatever_is_unusual_is_left_to_jansson),
        cmocka_unit_test(sixty_four_members_are_taken_and_no_more),
        cmocka_unit_test(without_memory_it_is_left_too),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

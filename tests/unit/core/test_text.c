#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "core/text.h"

static void an_empty_text_reads_as_an_empty_string(void **state)
{
    (void)state;
    AUTO(text_clear) struct text text = TEXT_UP_TO(8);

    CHECK_TEXT(text_get(&text), "");
    text_add(&text, "");
    text_print(&text, "%s", "");
    CHECK_TEXT(text_get(&text), "");
    CHECK_NUMBER(text.size, 0);
    CHECK(!text.is_full);
}

static void additions_follow_each_other(void **state)
{
    (void)state;
    AUTO(text_clear) struct text text = TEXT_UP_TO(4096);

    for (int i = 0; i < 100; i++) {
        text_add_char(&text, 'a');
        text_add(&text, "bc");
        text_print(&text, "%03d", i);
        text_add_bytes(&text, "\0;", 2);
    }
    CHECK_NUMBER(text.size, 800);
    CHECK(memcmp(text_get(&text) + 792, "abc099\0;", 9) == 0);
}

static void a_text_takes_exactly_its_maximum(void **state)
{
    (void)state;
    AUTO(text_clear) struct text text = TEXT_UP_TO(6);

    text_add(&text, "abc");
    text_print(&text, "%s", "def");
    CHECK(!text.is_full);
    CHECK_TEXT(text_get(&text), "abcdef");
}

static void an_addition_past_the_maximum_adds_nothing_and_is_remembered(void **state)
{
    (void)state;
    AUTO(text_clear) struct text text = TEXT_UP_TO(6);

    text_add(&text, "abcd");
    text_add(&text, "efg");
    CHECK(text.is_full);
    CHECK_TEXT(text_get(&text), "abcd");
    text_add_char(&text, 'e');
    text_print(&text, "%d", 5);
    CHECK_TEXT(text_get(&text), "abcd");
    text_reset(&text);
    text_add(&text, "efg");
    CHECK(!text.is_full);
    CHECK_TEXT(text_get(&text), "efg");
}

static void a_huge_addition_does_not_overflow(void **state)
{
    (void)state;
    AUTO(text_clear) struct text text = TEXT_UP_TO(SIZE_MAX);

    text.size_max = 64;
    text_add(&text, "abc");
    text_add_bytes(&text, "x", SIZE_MAX);
    text_add_bytes(&text, "x", SIZE_MAX - 3);
    CHECK(text.is_full);
    CHECK_TEXT(text_get(&text), "abc");
}

static void what_is_taken_belongs_to_the_taker(void **state)
{
    (void)state;
    AUTO(text_clear) struct text text = TEXT_UP_TO(64);

    AUTO(free) char *nothing = text_take(&text);
    CHECK_TEXT(nothing, "");
    text_add(&text, "kept");
    AUTO(free) char *taken = text_take(&text);
    text_add(&text, "next");
    CHECK_TEXT(taken, "kept");
    CHECK_TEXT(text_get(&text), "next");
}

static void a_full_text_that_was_taken_has_room_again(void **state)
{
    (void)state;
    AUTO(text_clear) struct text text = TEXT_UP_TO(4);

    text_add(&text, "more than four");
    AUTO(free) char *taken = text_take(&text);
    text_add(&text, "four");
    CHECK_TEXT(taken, "");
    CHECK_TEXT(text_get(&text), "four");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_text_reads_as_an_empty_string),
        cmocka_unit_test(additions_follow_each_other),
        cmocka_unit_test(a_text_takes_exactly_its_maximum),
        cmocka_unit_test(an_addition_past_the_maximum_adds_nothing_and_is_remembered),
        cmocka_unit_test(a_huge_addition_does_not_overflow),
        cmocka_unit_test(what_is_taken_belongs_to_the_taker),
        cmocka_unit_test(a_full_text_that_was_taken_has_room_again),
    };
    return cmocka_run_group_tests_name("core/text", tests, NULL, NULL);
}

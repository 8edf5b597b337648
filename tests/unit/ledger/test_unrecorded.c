#include "check.h"

#include <string.h>

#include "ledger/unrecorded.h"

static bool is_notable(int64_t answered, int64_t recorded, int64_t rest_answered,
                       int64_t rest_recorded)
{
    return unrecorded_is_notable(&(struct unrecorded_share){ .name = "230",
                                                             .answered = answered,
                                                             .recorded = recorded,
                                                             .rest_answered = rest_answered,
                                                             .rest_recorded = rest_recorded });
}

static void never_recorded_stands_out_from_the_third_call_on(void **state)
{
    (void)state;
    CHECK(!is_notable(0, 0, 100, 100));
    CHECK(!is_notable(2, 0, 100, 100));
    CHECK(is_notable(3, 0, 100, 100));
    CHECK(is_notable(41, 0, 0, 0)); /* Nobody else called: off is off. */
    CHECK(is_notable(41, 0, 100, 0));
}

static void less_than_half_of_what_the_others_have_stands_out(void **state)
{
    (void)state;
    CHECK(is_notable(10, 4, 100, 90));
    CHECK(!is_notable(10, 5, 100, 100)); /* Exactly half. */
    CHECK(is_notable(10, 4, 100, 100));
    CHECK(!is_notable(10, 4, 100, 40));
    CHECK(!is_notable(10, 10, 100, 100));
    CHECK(!is_notable(10, 1, 0, 0)); /* No others to compare with. */
    CHECK(!is_notable(2, 1, 1000000, 1000000));
}

static void the_sentence_counts_and_names(void **state)
{
    (void)state;
    struct unrecorded_share share = { .name = "230", .answered = 41 };
    AUTO(text_clear) struct text text = TEXT_UP_TO(256);

    unrecorded_say(&share, &text);
    CHECK_TEXT(text_get(&text),
               "extension 230: 0 of 41 answered calls have a recording: recording is off");
    text_reset(&text);
    share = (struct unrecorded_share){ .is_trunk = true,
                                       .name = "line 1",
                                       .answered = 10,
                                       .recorded = 1,
                                       .rest_answered = 20,
                                       .rest_recorded = 19 };
    unrecorded_say(&share, &text);
    CHECK(strstr(text_get(&text), "trunk line 1: 1 of 10 answered calls has a recording") != NULL);
    CHECK(strstr(text_get(&text), "19 of 20") != NULL);
}

static void the_advice_names_the_menu(void **state)
{
    (void)state;
    CHECK(strstr(unrecorded_advice(false), "Extensions > edit > Features > Auto Record") != NULL);
    CHECK(strstr(unrecorded_advice(true), "Trunks) > edit > Auto Record") != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(never_recorded_stands_out_from_the_third_call_on),
        cmocka_unit_test(less_than_half_of_what_the_others_have_stands_out),
        cmocka_unit_test(the_sentence_counts_and_names),
        cmocka_unit_test(the_advice_names_the_menu),
    };
    return cmocka_run_group_tests_name("ledger/unrecorded", tests, NULL, NULL);
}

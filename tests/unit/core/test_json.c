#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/memory.h"
#include "core/text.h"

static json_t *read_text(const char *text, struct error *error)
{
    return json_read(text, strlen(text), error);
}

/* `depth` lists inside each other. */
static void nest(struct text *text, int depth)
{
    for (int i = 0; i < depth; i++) {
        text_add_char(text, '[');
    }
    for (int i = 0; i < depth; i++) {
        text_add_char(text, ']');
    }
}

static void nesting_is_allowed_up_to_its_limit(void **state)
{
    (void)state;
    struct error error;
    AUTO(text_clear) struct text good = TEXT_UP_TO(KIB);
    AUTO(text_clear) struct text bad = TEXT_UP_TO(MIB);

    nest(&good, 32);
    AUTO(json_release) json_t *json = json_read(text_get(&good), good.size, &error);
    CHECK(json != NULL);
    nest(&bad, 33);
    CHECK(json_read(text_get(&bad), bad.size, &error) == NULL);
    CHECK_NUMBER(error.kind, ERROR_INVALID);
    text_reset(&bad);
    nest(&bad, 200000);
    CHECK(json_read(text_get(&bad), bad.size, &error) == NULL);
}

static void brackets_inside_texts_do_not_count_as_nesting(void **state)
{
    (void)state;
    struct error error;
    AUTO(json_release)
    json_t *json =
        read_text("{\"a\":\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\\\"[[[[\"}", &error);

    CHECK(json != NULL);
    CHECK_NUMBER(strlen(json_text(json, "a", "")), 45);
}

static void what_is_not_quite_json_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",           "{",          "{}}",           "{} x",          "{\"a\":1,\"a\":2}",
        "{'a':1}",    "[1,]",       "[01]",          "\"text\"",      "[\"\\u0000\"]",
        "[\"\xff\"]", "[\"\xc3\"]", "[\"\\ud800\"]", "{\"a\" \"b\"}", "nul",
    };

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct error error = { .kind = ERROR_NONE };
        CHECK(read_text(bad[i], &error) == NULL);
        CHECK_NUMBER(error.kind, ERROR_INVALID);
    }
}

static void bytes_after_the_size_are_not_read(void **state)
{
    (void)state;
    struct error error;
    AUTO(json_release) json_t *json = json_read("[1]garbage", 3, &error);

    CHECK(json != NULL);
    CHECK(json_read("[1]", 2, &error) == NULL);
    CHECK(json_read("[1]\0", 4, &error) == NULL);
}

static void members_are_read_as_what_they_are(void **state)
{
    (void)state;
    struct error error;
    AUTO(json_release)
    json_t *json = read_text("{\"text\":\"a\",\"digits\":\"140\",\"number\":-7,\"flag\":true,"
                             "\"empty\":\"\",\"words\":\"12 s\",\"null\":null,"
                             "\"large\":\"99999999999999999999\"}",
                             &error);

    CHECK(json != NULL);
    CHECK_TEXT(json_text(json, "text", "none"), "a");
    CHECK_TEXT(json_text(json, "number", "none"), "none");
    CHECK_TEXT(json_text(json, "absent", "none"), "none");
    CHECK(json_text(json, "null", NULL) == NULL);
    CHECK_NUMBER(json_number(json, "digits", -1), 140);
    CHECK_NUMBER(json_number(json, "number", -1), -7);
    CHECK_NUMBER(json_number(json, "empty", -1), -1);
    CHECK_NUMBER(json_number(json, "words", -1), -1);
    CHECK_NUMBER(json_number(json, "large", -1), -1);
    CHECK_NUMBER(json_number(json, "flag", -1), -1);
    CHECK(json_flag(json, "flag", false));
    CHECK(json_flag(json, "text", true));
    CHECK(!json_flag(json, "absent", false));
}

static void getters_take_what_is_no_object(void **state)
{
    (void)state;
    struct error error;
    AUTO(json_release) json_t *list = read_text("[]", &error);

    CHECK_TEXT(json_text(list, "a", "none"), "none");
    CHECK_TEXT(json_text(NULL, "a", "none"), "none");
    CHECK_NUMBER(json_number(NULL, "a", 3), 3);
    CHECK(json_flag(NULL, "a", true));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nesting_is_allowed_up_to_its_limit),
        cmocka_unit_test(brackets_inside_texts_do_not_count_as_nesting),
        cmocka_unit_test(what_is_not_quite_json_is_refused),
        cmocka_unit_test(bytes_after_the_size_are_not_read),
        cmocka_unit_test(members_are_read_as_what_they_are),
        cmocka_unit_test(getters_take_what_is_no_object),
    };
    return cmocka_run_group_tests_name("core/json", tests, NULL, NULL);
}

#include "check.h"

#include <string.h>

#include "core/encode.h"

static void percent_escapes_are_decoded_and_bad_ones_refused(void **state)
{
    (void)state;
    char good[] = "a%20b%2Bc+d";
    size_t size = strlen(good);
    CHECK(decode_percent(good, &size, true));
    CHECK_TEXT(good, "a b+c d");

    static const char *const bad[] = { "%", "%1", "a%zz", "%00" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char copy[8];
        strcpy(copy, bad[i]);
        size = strlen(copy);
        CHECK(!decode_percent(copy, &size, false));
    }
    char last[] = "%41";
    size = 3;
    CHECK(decode_percent(last, &size, false));
    CHECK_TEXT(last, "A");
}

static void base64_is_the_one_of_rfc_4648(void **state)
{
    (void)state;
    static const char *const pairs[][2] = { { "", "" },         { "f", "Zg==" },
                                            { "fo", "Zm8=" },   { "foo", "Zm9v" },
                                            { "foob", "Zm9vYg==" }, { "foobar", "Zm9vYmFy" } };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        AUTO(text_clear) struct text text = TEXT_UP_TO(64);
        uint8_t bytes[16];
        size_t size = 0;
        encode_base64(pairs[i][0], strlen(pairs[i][0]), false, &text);
        CHECK_TEXT(text_get(&text), pairs[i][1]);
        CHECK(decode_base64(pairs[i][1], strlen(pairs[i][1]), bytes, &size));
        CHECK_NUMBER(size, strlen(pairs[i][0]));
        assert_memory_equal(bytes, pairs[i][0], size);
    }
    uint8_t bytes[16];
    size_t size = 0;
    CHECK(!decode_base64("Zg=", 3, bytes, &size));
    CHECK(!decode_base64("=Zg=", 4, bytes, &size));
    CHECK(!decode_base64("Z===", 4, bytes, &size));
    CHECK(!decode_base64("Z g=", 4, bytes, &size));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(percent_escapes_are_decoded_and_bad_ones_refused),
        cmocka_unit_test(base64_is_the_one_of_rfc_4648),
    };
    return cmocka_run_group_tests_name("core/encode", tests, NULL, NULL);
}

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
        char copy[8] = "";
        size = strlen(bad[i]);
        memcpy(copy, bad[i], size);
        CHECK(!decode_percent(copy, &size, false));
    }
    char last[] = "%41";
    size = 3;
    CHECK(decode_percent(last, &size, false));
    CHECK_TEXT(last, "A");
}

static void hex_goes_both_ways_and_is_strict(void **state)
{
    (void)state;
    static const uint8_t bytes[] = { 0x00, 0x0f, 0xa5, 0xff };
    char text[9];
    uint8_t back[4];

    CHECK_TEXT(encode_hex(bytes, sizeof bytes, text), "000fa5ff");
    CHECK(decode_hex("000FA5ff", back, sizeof back));
    assert_memory_equal(back, bytes, sizeof bytes);
    CHECK(!decode_hex("000fa5f", back, sizeof back));
    CHECK(!decode_hex("000fa5ffa", back, sizeof back));
    CHECK(!decode_hex("000fa5fg", back, sizeof back));
    CHECK(!decode_hex(" 00fa5ff", back, sizeof back));
}

static void percent_encoding_leaves_only_what_is_unreserved(void **state)
{
    (void)state;
    AUTO(text_clear) struct text text = TEXT_UP_TO(KIB);

    encode_percent("2026-02/auto+1#2 \xc3\xa4.wav~_", "", &text);
    CHECK_TEXT(text_get(&text), "2026-02%2Fauto%2B1%232%20%C3%A4.wav~_");
    text_reset(&text);
    encode_percent("a/b&c", "/", &text);
    CHECK_TEXT(text_get(&text), "a/b%26c");
}

static void base64_is_the_one_of_rfc_4648(void **state)
{
    (void)state;
    static const char *const pairs[][2] = {
        { "", "" },        { "f", "Zg==" },        { "fo", "Zm8=" },
        { "foo", "Zm9v" }, { "foob", "Zm9vYg==" }, { "foobar", "Zm9vYmFy" }
    };
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
        cmocka_unit_test(hex_goes_both_ways_and_is_strict),
        cmocka_unit_test(percent_encoding_leaves_only_what_is_unreserved),
        cmocka_unit_test(base64_is_the_one_of_rfc_4648),
    };
    return cmocka_run_group_tests_name("core/encode", tests, NULL, NULL);
}

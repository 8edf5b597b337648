#include "check.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/file.h"
#include "pbx/container.h"
#include "unit/pbx/wave.h"

static bool read_text(const struct text *text, struct wave_info *info_out)
{
    AUTO(file_close) int file = memfd_create("wave", MFD_CLOEXEC);
    struct error error;

    CHECK(file >= 0 && file_write_all(file, text_get(text), text->size, &error));
    return wave_read(file, (int64_t)text->size, info_out);
}

static void containers_are_told_by_their_first_bytes(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t size;
        const char *name;
    } table[] = {
        { "RIFF\0\0\0\0WAVEfmt ", 16, "wav" },
        { "RIFF\0\0\0\0AVI fmt ", 16, NULL },
        { "RIFF", 4, NULL },
        { "RIFX\0\0\0\0WAVEfmt ", 16, NULL },
        { "OggS", 4, "ogg" },
        { "fLaC", 4, "flac" },
        { "ID3\4", 4, "mp3" },
        { "\xff\xfb\x90\x00", 4, "mp3" },
        { "\xff\xf3\x40\x00", 4, "mp3" },
        { "\xff\xff\xff\xff", 4, NULL },
        { "\xff\xe8\x90\x00", 4, NULL },
        { "\xff\xf1\x50\x80", 4, NULL }, /* AAC in ADTS: layer 0. */
        { "GSFF", 4, "gsff" },
        { "\x1f\x8b\x08\x00", 4, NULL },
        { "", 0, NULL },
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        const char *name = container_name((const uint8_t *)table[i].bytes, table[i].size);
        if (table[i].name == NULL ? name != NULL
                                  : name == NULL || strcmp(name, table[i].name) != 0) {
            fail_msg("%zu: %s", i, name != NULL ? name : "nothing");
        }
    }
    uint8_t tar[512] = "auto-1.wav";
    memcpy(tar + 257, "ustar", 5);
    CHECK_TEXT(container_name(tar, sizeof tar), "tar");
    CHECK(container_name(tar, 261) == NULL);
}

static void the_length_of_each_telephone_format_is_known(void **state)
{
    (void)state;
    static const struct {
        unsigned format, block_align, bits;
        size_t bytes;
        double seconds;
    } table[] = {
        { 1, 2, 16, 32000, 2.0 },                /* PCM */
        { 6, 1, 8, 32000, 4.0 },                 /* A-law */
        { 7, 1, 8, 8000, 1.0 },                  /* mu-law */
        { 49, 65, 0, 650, 10 * 320 / 8000.0 },   /* GSM 6.10 */
        { 17, 256, 4, 2560, 10 * 505 / 8000.0 }, /* IMA ADPCM */
        { 0x55, 1, 0, 16000, 2.0 },              /* other: by its byte rate */
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        AUTO(text_clear) struct text text = TEXT_UP_TO(MIB);
        struct wave_info info;
        wave_head(&text, table[i].format, table[i].block_align, table[i].bits,
                  (uint32_t)(36 + table[i].bytes), (uint32_t)table[i].bytes);
        wave_noise(&text, table[i].bytes);
        CHECK(read_text(&text, &info));
        CHECK_NUMBER(info.format, table[i].format);
        CHECK_NUMBER(info.data_declared, table[i].bytes);
        CHECK_NUMBER(info.data_present, table[i].bytes);
        assert_float_equal(info.seconds, table[i].seconds, 0.001);
    }
}

static void an_extensible_header_names_its_format_within(void **state)
{
    (void)state;
    AUTO(text_clear) struct text text = TEXT_UP_TO(MIB);
    struct wave_info info;

    text_add(&text, "RIFF");
    wave_number(&text, 60 + 16000, 4);
    text_add(&text, "WAVEfmt ");
    wave_number(&text, 40, 4);
    wave_number(&text, 0xfffe, 2);
    wave_number(&text, 2, 2);
    wave_number(&text, 8000, 4);
    wave_number(&text, 16000, 4);
    wave_number(&text, 2, 2);
    wave_number(&text, 8, 2);
    wave_number(&text, 22, 2);
    wave_number(&text, 8, 2);
    wave_number(&text, 3, 4);
    wave_number(&text, 7, 2);
    wave_noise(&text, 14);
    text_add(&text, "data");
    wave_number(&text, 16000, 4);
    wave_noise(&text, 16000);
    CHECK(read_text(&text, &info));
    CHECK_NUMBER(info.format, 7);
    CHECK_NUMBER(info.channels, 2);
    assert_float_equal(info.seconds, 1.0, 0.001);
}

static void chunks_before_the_sound_are_stepped_over(void **state)
{
    (void)state;
    AUTO(text_clear) struct text text = TEXT_UP_TO(MIB);
    AUTO(text_clear) struct text plain = TEXT_UP_TO(MIB);
    struct wave_info info;

    wave_add(&plain, 1);
    text_add_bytes(&text, text_get(&plain), 12);
    text_add(&text, "LIST");
    wave_number(&text, 5, 4); /* Odd: a byte of padding follows. */
    text_add_bytes(&text, "abcde\0", 6);
    text_add_bytes(&text, text_get(&plain) + 12, plain.size - 12);
    CHECK(read_text(&text, &info));
    CHECK_NUMBER(info.data_at, 44 + 14);
    assert_float_equal(info.seconds, 1.0, 0.001);
}

static void streaming_sizes_mean_what_is_there(void **state)
{
    (void)state;
    static const uint32_t sizes[] = { 0, 0xffffffff };
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        AUTO(text_clear) struct text text = TEXT_UP_TO(MIB);
        struct wave_info info;
        wave_head(&text, 1, 2, 16, sizes[i], sizes[i]);
        wave_noise(&text, 16000);
        CHECK(read_text(&text, &info));
        CHECK_NUMBER(info.riff_bytes, -1);
        CHECK_NUMBER(info.data_declared, -1);
        CHECK_NUMBER(info.data_present, 16000);
        assert_float_equal(info.seconds, 1.0, 0.001);
    }
}

static void a_cut_file_shows_what_is_missing(void **state)
{
    (void)state;
    AUTO(text_clear) struct text text = TEXT_UP_TO(MIB);
    struct wave_info info;

    wave_add(&text, 2);
    text.size -= 1000;
    CHECK(read_text(&text, &info));
    CHECK_NUMBER(info.data_declared, 32000);
    CHECK_NUMBER(info.data_present, 31000);
    text.size = 40;
    CHECK(!read_text(&text, &info));
    text.size = 11;
    CHECK(!read_text(&text, &info));
}

static void nonsense_in_the_header_is_refused(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++) {
        AUTO(text_clear) struct text text = TEXT_UP_TO(MIB);
        struct wave_info info;
        wave_add(&text, 1);
        memset(text.bytes + (int[]){ 22, 24, 32 }[i], 0,
               i == 1 ? 4 : 2); /* channels, rate, align */
        CHECK(!read_text(&text, &info));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(containers_are_told_by_their_first_bytes),
        cmocka_unit_test(the_length_of_each_telephone_format_is_known),
        cmocka_unit_test(an_extensible_header_names_its_format_within),
        cmocka_unit_test(chunks_before_the_sound_are_stepped_over),
        cmocka_unit_test(streaming_sizes_mean_what_is_there),
        cmocka_unit_test(a_cut_file_shows_what_is_missing),
        cmocka_unit_test(nonsense_in_the_header_is_refused),
    };
    return cmocka_run_group_tests_name("pbx/container", tests, NULL, NULL);
}

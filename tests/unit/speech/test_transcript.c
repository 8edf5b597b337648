#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "speech/transcript.h"

static struct transcript_word words[] = {
    { "Hello,", 0.52, 0.71, 0.95F },
    { "Tom & <Ann>.", 0.8, 1.2, 0.5F },
};
static struct transcript_segment segments[] = {
    { 0, "agent", 0.52, 1.2, "Hello, Tom & <Ann>.", 0.725F, words, 2 },
    { 1, "customer", 3723.25, 3723.3, "Grüß Gott", 0.9F, NULL, 0 },
};
static const struct transcript sample = {
    .engine = "whisper.cpp",
    .engine_version = "1.9.1",
    .model = "base.en-q8_0",
    .language = "en",
    .audio_seconds = 3800.5,
    .speech_seconds = 1.25,
    .cpu_seconds = 9.5,
    .wall_seconds = 10,
    .channels = 2,
    .segments = segments,
    .segment_count = 2,
    .warning = "the recording breaks off",
};

static void a_transcript_comes_back_from_json_as_it_was(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    AUTO(json_release) json_t *json = transcript_to_json(&sample);
    struct transcript back;
    struct error error;

    CHECK(transcript_from_json(arena, json, &back, &error));
    CHECK_TEXT(back.model, "base.en-q8_0");
    CHECK_TEXT(back.warning, "the recording breaks off");
    CHECK_NUMBER(back.segment_count, 2);
    CHECK_NUMBER(back.channels, 2);
    CHECK_TEXT(back.segments[0].words[1].word, "Tom & <Ann>.");
    CHECK(back.segments[0].words[1].end == 1.2);
    CHECK_NUMBER(back.segments[1].channel, 1);
    AUTO(json_release) json_t *again = transcript_to_json(&back);
    CHECK(json_equal(json, again));
}

static void the_json_has_the_shape_of_the_contract(void **state)
{
    (void)state;
    AUTO(json_release) json_t *json = transcript_to_json(&sample);
    const json_t *segment = json_array_get(json_object_get(json, "segments"), 0);
    const json_t *word = json_array_get(json_object_get(segment, "words"), 0);
    char *printed = json_dumps(word, JSON_COMPACT | TRANSCRIPT_JSON_FLAGS);

    CHECK_TEXT(printed, "{\"word\":\"Hello,\",\"start\":0.52,\"end\":0.71,\"confidence\":0.95}");
    free(printed);
    CHECK_TEXT(json_text(json, "engine", ""), "whisper.cpp");
    CHECK_TEXT(json_text(json, "language", ""), "en");
    CHECK_TEXT(json_text(segment, "speaker", ""), "agent");
    CHECK_TEXT(json_text(segment, "text", ""), "Hello, Tom & <Ann>.");
}

static bool is_read(const char *text)
{
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    struct error error = { 0 };
    struct transcript transcript;
    AUTO(json_release) json_t *json = json_read(text, strlen(text), &error);

    CHECK(json != NULL);
    bool is_good = transcript_from_json(arena, json, &transcript, &error);
    CHECK(is_good || error.kind == ERROR_CORRUPT);
    return is_good;
}

#define SEGMENT(channel, start, end, text, confidence, words)                                      \
    "{\"engine\":\"e\",\"model\":\"m\",\"segments\":[{\"channel\":" channel                        \
    ",\"speaker\":\"s\",\"start\":" start ",\"end\":" end ",\"text\":" text                        \
    ",\"confidence\":" confidence ",\"words\":" words "}]}"

static void what_is_no_transcript_is_refused(void **state)
{
    (void)state;
    CHECK(is_read("{\"engine\":\"e\",\"model\":\"m\",\"segments\":[]}"));
    CHECK(is_read(SEGMENT("-1", "0", "1.5", "\"hi\"", "1", "[]")));
    CHECK(!is_read("[]"));
    CHECK(!is_read("{}"));
    CHECK(!is_read("{\"engine\":\"e\",\"model\":\"m\"}"));
    CHECK(!is_read("{\"engine\":\"e\",\"model\":\"m\",\"segments\":{}}"));
    CHECK(!is_read("{\"engine\":\"e\",\"model\":7,\"segments\":[]}"));
    CHECK(!is_read("{\"engine\":\"e\",\"model\":\"m\",\"segments\":[null]}"));
    CHECK(!is_read(SEGMENT("2", "0", "1", "\"hi\"", "1", "[]")));
    CHECK(!is_read(SEGMENT("0", "-1", "1", "\"hi\"", "1", "[]")));
    CHECK(!is_read(SEGMENT("0", "2", "1", "\"hi\"", "1", "[]")));
    CHECK(!is_read(SEGMENT("0", "0", "1e9", "\"hi\"", "1", "[]")));
    CHECK(!is_read(SEGMENT("0", "0", "1", "\"h\\u001bi\"", "1", "[]")));
    CHECK(!is_read(SEGMENT("0", "0", "1", "\"hi\"", "1.5", "[]")));
    CHECK(!is_read(SEGMENT("0", "0", "1", "\"hi\"", "1", "[3]")));
    CHECK(!is_read(SEGMENT("0", "0", "1", "\"hi\"", "1", "null")));
}

static void text_larger_than_the_arena_is_refused(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(200);
    AUTO(json_release) json_t *json = transcript_to_json(&sample);
    struct transcript back;
    struct error error;

    CHECK(!transcript_from_json(arena, json, &back, &error));
}

static const char *printed(enum transcript_format format, struct text *text)
{
    transcript_print(&sample, format, text);
    CHECK(!text->is_full);
    return text_get(text);
}

static void it_is_printed_for_people_and_players(void **state)
{
    (void)state;
    AUTO(text_clear) struct text plain = TEXT_UP_TO(4096);
    AUTO(text_clear) struct text srt = TEXT_UP_TO(4096);
    AUTO(text_clear) struct text vtt = TEXT_UP_TO(4096);

    CHECK_TEXT(printed(TRANSCRIPT_TEXT, &plain), "[00:00] agent: Hello, Tom & <Ann>.\n"
                                                 "[1:02:03] customer: Grüß Gott\n");
    CHECK_TEXT(printed(TRANSCRIPT_SRT, &srt),
               "1\n00:00:00,520 --> 00:00:01,200\nagent: Hello, Tom & <Ann>.\n\n"
               "2\n01:02:03,250 --> 01:02:03,750\ncustomer: Grüß Gott\n\n");
    CHECK_TEXT(printed(TRANSCRIPT_VTT, &vtt),
               "WEBVTT\n\n"
               "00:00:00.520 --> 00:00:01.200\n<v agent>Hello, Tom &amp; &lt;Ann&gt;.\n\n"
               "01:02:03.250 --> 01:02:03.750\n<v customer>Grüß Gott\n\n");
}

static void formats_are_known_by_name(void **state)
{
    (void)state;
    enum transcript_format format;

    CHECK(transcript_format_parse("vtt", &format));
    CHECK_NUMBER(format, TRANSCRIPT_VTT);
    CHECK(!transcript_format_parse("doc", &format));
    CHECK_TEXT(transcript_format_type(TRANSCRIPT_JSON), "application/json");
}

static void speakers_are_named_by_channel(void **state)
{
    (void)state;
    struct transcript_segment own[] = { { .channel = 1 },
                                        { .channel = 0 },
                                        { .channel = -1, .speaker = "speaker" } };
    struct transcript transcript = { .segments = own, .segment_count = 3 };

    transcript_speakers_name(&transcript, "caller", "callee");
    CHECK_TEXT(own[0].speaker, "callee");
    CHECK_TEXT(own[1].speaker, "caller");
    CHECK_TEXT(own[2].speaker, "speaker");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_transcript_comes_back_from_json_as_it_was),
        cmocka_unit_test(the_json_has_the_shape_of_the_contract),
        cmocka_unit_test(what_is_no_transcript_is_refused),
        cmocka_unit_test(text_larger_than_the_arena_is_refused),
        cmocka_unit_test(it_is_printed_for_people_and_players),
        cmocka_unit_test(formats_are_known_by_name),
        cmocka_unit_test(speakers_are_named_by_channel),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

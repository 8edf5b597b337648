/* See transcript.h: the JSON shape, there and back. */
#include "speech/transcript.h"

#include <math.h>
#include <string.h>

#define SECONDS_MAX 1e6 /* Eleven days: no time in a transcript is larger. */

/* Three decimals: a millisecond, or a thousandth of confidence. */
static json_t *rounded(double number)
{
    return json_real(isfinite(number) ? round(number * 1000) / 1000 : 0);
}

static json_t *text_or_null(const char *text)
{
    return text == NULL ? json_null() : json_string(text);
}

static json_t *word_to_json(const struct transcript_word *word)
{
    return json_pack("{s:s,s:o,s:o,s:o}", "word", word->word, "start", rounded(word->start), "end",
                     rounded(word->end), "confidence", rounded((double)word->confidence));
}

static json_t *segment_to_json(const struct transcript_segment *segment)
{
    json_t *words = json_array();

    for (size_t i = 0; i < segment->word_count; i++) {
        json_array_append_new(words, word_to_json(&segment->words[i]));
    }
    return json_pack("{s:i,s:o,s:o,s:o,s:o,s:o,s:o}", "channel", segment->channel, "speaker",
                     text_or_null(segment->speaker), "start", rounded(segment->start), "end",
                     rounded(segment->end), "text", text_or_null(segment->text), "confidence",
                     rounded((double)segment->confidence), "words", words);
}

json_t *transcript_to_json(const struct transcript *transcript)
{
    json_t *segments = json_array();

    for (size_t i = 0; i < transcript->segment_count; i++) {
        json_array_append_new(segments, segment_to_json(&transcript->segments[i]));
    }
    return json_pack(
        "{s:o,s:o,s:o,s:o,s:i,s:o,s:o,s:o,s:o,s:o,s:o}", "engine", text_or_null(transcript->engine),
        "engine_version", text_or_null(transcript->engine_version), "model",
        text_or_null(transcript->model), "language", text_or_null(transcript->language), "channels",
        transcript->channels, "audio_seconds", rounded(transcript->audio_seconds), "speech_seconds",
        rounded(transcript->speech_seconds), "cpu_seconds", rounded(transcript->cpu_seconds),
        "wall_seconds", rounded(transcript->wall_seconds), "warning",
        text_or_null(transcript->warning), "segments", segments);
}

/* Reading: the first trouble is kept, everything after it is idle. */
struct reading {
    struct arena *arena;
    struct error *error;
    size_t words_left;
    bool is_good;
};

static void refuse(struct reading *reading, const char *what, const char *name)
{
    if (reading->is_good) {
        error_set(reading->error, ERROR_CORRUPT, "no transcript: %s '%s'", what, name);
        reading->is_good = false;
    }
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == 0x7f) {
            return true;
        }
    }
    return false;
}

static const char *text_read(struct reading *reading, const json_t *object, const char *name,
                             bool may_lack)
{
    const json_t *value = json_object_get(object, name);

    if (may_lack && (value == NULL || json_is_null(value))) {
        return NULL;
    }
    const char *text = json_string_value(value);
    if (text == NULL || has_control(text)) {
        refuse(reading, "no good text in", name);
        return "";
    }
    char *copy = arena_try_take(reading->arena, strlen(text) + 1);
    if (copy == NULL) {
        refuse(reading, "too much text at", name);
        return "";
    }
    memcpy(copy, text, strlen(text));
    return copy;
}

static double number_read(struct reading *reading, const json_t *object, const char *name,
                          double most)
{
    const json_t *value = json_object_get(object, name);
    double number = json_number_value(value);

    if (!json_is_number(value) || !(number >= 0 && number <= most)) {
        refuse(reading, "no good number in", name);
        return 0;
    }
    return number;
}

static double number_read_or_zero(struct reading *reading, const json_t *object, const char *name)
{
    return json_object_get(object, name) == NULL ? 0
                                                 : number_read(reading, object, name, SECONDS_MAX);
}

static void word_read(struct reading *reading, const json_t *json, struct transcript_word *word)
{
    *word = (struct transcript_word){
        .word = text_read(reading, json, "word", false),
        .start = number_read(reading, json, "start", SECONDS_MAX),
        .end = number_read(reading, json, "end", SECONDS_MAX),
        .confidence = (float)number_read(reading, json, "confidence", 1),
    };
    if (word->end < word->start) {
        refuse(reading, "time runs backward in", "words");
    }
}

static void words_read(struct reading *reading, const json_t *json,
                       struct transcript_segment *segment)
{
    size_t count = json_array_size(json);

    if (!json_is_array(json) || count > reading->words_left) {
        refuse(reading, "no good list in", "words");
        return;
    }
    reading->words_left -= count;
    segment->words = arena_try_take(reading->arena, count * sizeof *segment->words);
    if (segment->words == NULL) {
        refuse(reading, "too many", "words");
        return;
    }
    segment->word_count = count;
    for (size_t i = 0; i < count && reading->is_good; i++) {
        word_read(reading, json_array_get(json, i), &segment->words[i]);
    }
}

static int channel_read(struct reading *reading, const json_t *object)
{
    const json_t *value = json_object_get(object, "channel");
    json_int_t channel = json_integer_value(value);

    if (!json_is_integer(value) || channel < -1 || channel > 1) {
        refuse(reading, "no good number in", "channel");
        return -1;
    }
    return (int)channel;
}

static void segment_read(struct reading *reading, const json_t *json,
                         struct transcript_segment *segment)
{
    *segment = (struct transcript_segment){
        .channel = channel_read(reading, json),
        .speaker = text_read(reading, json, "speaker", false),
        .start = number_read(reading, json, "start", SECONDS_MAX),
        .end = number_read(reading, json, "end", SECONDS_MAX),
        .text = text_read(reading, json, "text", false),
        .confidence = (float)number_read(reading, json, "confidence", 1),
    };
    if (segment->end < segment->start) {
        refuse(reading, "time runs backward in", "segments");
    }
    words_read(reading, json_object_get(json, "words"), segment);
}

static void segments_read(struct reading *reading, const json_t *json,
                          struct transcript *transcript)
{
    size_t count = json_array_size(json);

    if (!json_is_array(json) || count > TRANSCRIPT_SEGMENTS_MAX) {
        refuse(reading, "no good list in", "segments");
        return;
    }
    transcript->segments = arena_try_take(reading->arena, count * sizeof *transcript->segments);
    if (transcript->segments == NULL) {
        refuse(reading, "too many", "segments");
        return;
    }
    transcript->segment_count = count;
    for (size_t i = 0; i < count && reading->is_good; i++) {
        segment_read(reading, json_array_get(json, i), &transcript->segments[i]);
        if (i > 0 && transcript->segments[i].start < transcript->segments[i - 1].start) {
            refuse(reading, "not in order:", "segments");
        }
    }
}

bool transcript_from_json(struct arena *arena, const json_t *json,
                          struct transcript *transcript_out, struct error *error)
{
    struct reading reading = {
        .arena = arena,
        .error = error,
        .words_left = TRANSCRIPT_WORDS_MAX,
        .is_good = true,
    };

    if (!json_is_object(json)) {
        return error_set(error, ERROR_CORRUPT, "no transcript: not a JSON object");
    }
    struct transcript transcript = {
        .engine = text_read(&reading, json, "engine", false),
        .engine_version = text_read(&reading, json, "engine_version", true),
        .model = text_read(&reading, json, "model", false),
        .language = text_read(&reading, json, "language", true),
        .audio_seconds = number_read_or_zero(&reading, json, "audio_seconds"),
        .speech_seconds = number_read_or_zero(&reading, json, "speech_seconds"),
        .cpu_seconds = number_read_or_zero(&reading, json, "cpu_seconds"),
        .wall_seconds = number_read_or_zero(&reading, json, "wall_seconds"),
        .channels = json_object_get(json, "channels") == NULL
                        ? 1
                        : (int)number_read(&reading, json, "channels", 2),
        .warning = text_read(&reading, json, "warning", true),
    };
    segments_read(&reading, json_object_get(json, "segments"), &transcript);
    if (reading.is_good) {
        *transcript_out = transcript;
    }
    return reading.is_good;
}

void transcript_speakers_name(struct transcript *transcript, const char *channel0,
                              const char *channel1)
{
    for (size_t i = 0; i < transcript->segment_count; i++) {
        struct transcript_segment *segment = &transcript->segments[i];
        if (segment->channel >= 0) {
            segment->speaker = segment->channel == 0 ? channel0 : channel1;
        }
    }
}

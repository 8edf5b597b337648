/* The pipeline with an engine of ours: loud is voice, and each piece is heard as two words. */
#include "check.h"

#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/file.h"
#include "core/memory.h"
#include "speech/pipeline.h"

struct speech_engine {
    int heard;
    bool fails;
    const char *words[2];
};

static const char *version(void)
{
    return "0";
}

static bool loud_is_voice(struct speech_engine *engine, unsigned channel, const float *samples,
                          size_t window_count, float *probabilities_out, struct error *error)
{
    (void)engine;
    (void)channel;
    (void)error;
    for (size_t i = 0; i < window_count; i++) {
        float loudest = 0;
        for (size_t j = 0; j < VOICE_WINDOW; j++) {
            loudest = fmaxf(loudest, fabsf(samples[i * VOICE_WINDOW + j]));
        }
        probabilities_out[i] = loudest > 0.1F ? 1 : 0;
    }
    return true;
}

static bool two_words(struct speech_engine *engine, const float *samples, size_t count,
                      struct arena *arena, struct heard *heard_out, struct error *error)
{
    double seconds = (double)count / AUDIO_RATE;

    (void)samples;
    engine->heard++;
    if (engine->fails) {
        return error_set(error, ERROR_SYSTEM, "no ears");
    }
    heard_out->count = 2;
    heard_out->no_speech = 0;
    memcpy(heard_out->language, "en", 3);
    for (size_t i = 0; i < 2; i++) {
        heard_out->words[i] = (struct heard_word){
            .word = arena_copy_text(arena, engine->words[i]),
            .start = seconds * (double)i / 2,
            .end = seconds * (double)(i + 1) / 2,
            .confidence = 0.75F,
            .is_first = i == 0,
        };
    }
    return true;
}

static const struct speech_driver fake = {
    .name = "fake",
    .version = version,
    .voice = loud_is_voice,
    .hear = two_words,
};

/* Seconds [start, end) with a tone of its own in each channel. */
struct tone {
    int channel;
    double start;
    double end;
};

static int recording_make(int channels, double seconds, const struct tone *tones, size_t count)
{
    int file = memfd_create("audio", MFD_CLOEXEC);
    SF_INFO info = { .samplerate = 8000,
                     .channels = channels,
                     .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16 };
    SNDFILE *writer = sf_open_fd(file, SFM_WRITE, &info, SF_FALSE);
    int frames = (int)(seconds * 8000);
    AUTO(free) float *samples = memory_new((size_t)(frames * channels) * sizeof *samples);

    CHECK(writer != NULL);
    for (size_t i = 0; i < count; i++) {
        for (int j = (int)(tones[i].start * 8000); j < (int)(tones[i].end * 8000); j++) {
            samples[j * channels + tones[i].channel] =
                (float)(0.5 * sin(j * (tones[i].channel == 0 ? 0.4 : 0.7)));
        }
    }
    CHECK_NUMBER(sf_writef_float(writer, samples, frames), frames);
    CHECK_NUMBER(sf_close(writer), 0);
    return file;
}

static double progress_last;

static void progress_note(void *context, double fraction)
{
    (void)context;
    CHECK(fraction >= progress_last && fraction <= 1);
    progress_last = fraction;
}

static bool run(int file, struct speech_engine *engine, struct arena *arena,
                struct transcript *transcript, struct error *error)
{
    struct pipeline pipeline = {
        .driver = &fake, .engine = engine, .model = "m", .progressed = progress_note
    };

    progress_last = 0;
    return pipeline_run(&pipeline, file, arena, transcript, error);
}

#define ENGINE(first, second)                                                                      \
    (struct speech_engine)                                                                         \
    {                                                                                              \
        .words = { first, second }                                                                 \
    }

static void channels_are_heard_apart_and_sorted_by_time(void **state)
{
    (void)state;
    static const struct tone tones[] = { { 0, 1, 2 }, { 1, 3, 4 }, { 0, 8, 9 }, { 1, 8.5, 10 } };
    AUTO(file_close) int file = recording_make(2, 12, tones, 4);
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    struct speech_engine engine = ENGINE("Good", "morning.");
    struct transcript transcript;
    struct error error;

    CHECK(run(file, &engine, arena, &transcript, &error));
    CHECK_NUMBER(transcript.channels, 2);
    CHECK_NUMBER(transcript.segment_count, 4);
    for (size_t i = 0; i < 4; i++) {
        const struct transcript_segment *segment = &transcript.segments[i];
        CHECK_NUMBER(segment->channel, tones[i].channel);
        CHECK_TEXT(segment->text, "Good morning.");
        CHECK(fabs(segment->start - tones[i].start) < 0.4);
        CHECK(fabs(segment->end - tones[i].end) < 0.4);
        CHECK_NUMBER(segment->word_count, 2);
        CHECK(segment->confidence == 0.75F);
    }
    CHECK(fabs(transcript.speech_seconds - 4.5) < 0.4);
    CHECK(fabs(transcript.audio_seconds - 12) < 0.01);
    CHECK_TEXT(transcript.language, "en");
    CHECK(transcript.warning == NULL);
    CHECK(progress_last > 0.99);
}

static void one_track_names_no_channel(void **state)
{
    (void)state;
    static const struct tone tones[] = { { 0, 1, 2 } };
    AUTO(file_close) int file = recording_make(1, 3, tones, 1);
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    struct speech_engine engine = ENGINE("Good", "morning.");
    struct transcript transcript;
    struct error error;

    CHECK(run(file, &engine, arena, &transcript, &error));
    CHECK_NUMBER(transcript.channels, 1);
    CHECK_NUMBER(transcript.segment_count, 1);
    CHECK_NUMBER(transcript.segments[0].channel, -1);
    CHECK_TEXT(transcript.segments[0].speaker, "speaker");
}

static void silence_is_not_heard_at_all(void **state)
{
    (void)state;
    AUTO(file_close) int file = recording_make(2, 30, NULL, 0);
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    struct speech_engine engine = ENGINE("Thank", "you.");
    struct transcript transcript;
    struct error error;

    CHECK(run(file, &engine, arena, &transcript, &error));
    CHECK_NUMBER(transcript.segment_count, 0);
    CHECK_NUMBER(engine.heard, 0);
}

static void words_that_are_no_text_are_left_out(void **state)
{
    (void)state;
    static const struct tone tones[] = { { 0, 1, 2 } };
    AUTO(file_close) int file = recording_make(1, 3, tones, 1);
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    struct speech_engine engine = ENGINE("Gr\xC3", "morning.");
    struct transcript transcript;
    struct error error;

    CHECK(run(file, &engine, arena, &transcript, &error));
    CHECK_TEXT(transcript.segments[0].text, "morning.");
}

static void an_engine_that_fails_ends_it(void **state)
{
    (void)state;
    static const struct tone tones[] = { { 0, 1, 2 }, { 0, 5, 6 } };
    AUTO(file_close) int file = recording_make(1, 8, tones, 2);
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    struct speech_engine engine = { .fails = true, .words = { "a", "b" } };
    struct transcript transcript;
    struct error error;

    CHECK(!run(file, &engine, arena, &transcript, &error));
    CHECK_TEXT(error.message, "no ears");
    CHECK_NUMBER(engine.heard, 1);
}

static void a_recording_that_breaks_off_is_heard_with_a_warning(void **state)
{
    (void)state;
    static const struct tone tones[] = { { 0, 1, 2 }, { 0, 8, 9 } };
    AUTO(file_close) int file = recording_make(1, 10, tones, 2);
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    struct speech_engine engine = ENGINE("Good", "morning.");
    struct transcript transcript;
    struct error error;

    CHECK(ftruncate(file, 44 + 5 * 16000) == 0);
    CHECK(run(file, &engine, arena, &transcript, &error));
    CHECK_NUMBER(transcript.segment_count, 1);
    CHECK(strstr(transcript.warning, "breaks off") != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(channels_are_heard_apart_and_sorted_by_time),
        cmocka_unit_test(one_track_names_no_channel),
        cmocka_unit_test(silence_is_not_heard_at_all),
        cmocka_unit_test(words_that_are_no_text_are_left_out),
        cmocka_unit_test(an_engine_that_fails_ends_it),
        cmocka_unit_test(a_recording_that_breaks_off_is_heard_with_a_warning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

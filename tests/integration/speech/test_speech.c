/* The real engine in its real cage. Skips, saying so, where the engine was not built. This program
 * is its own speech process. */
#include "check.h"

#include <fcntl.h>
#include <math.h>
#include <sndfile.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/file.h"
#include "core/memory.h"
#include "speech/sandbox.h"
#include "speech/speech.h"

enum { RATE = 8000, CLIP_SECONDS = 15 };

/* Looked for as the program does, and in build/models of the tree that the tests run in. */
static bool options_find(struct arena *arena, struct speech_options *options)
{
    struct error error;

    if (!speech_is_available(&error) ||
        !speech_models_find(arena, NULL, "build", options, &error)) {
        print_message("skipped: %s\n", error.message);
        return false;
    }
    return true;
}

static size_t words_of(const struct transcript *transcript)
{
    size_t count = 0;

    for (size_t i = 0; i < transcript->segment_count; i++) {
        count += transcript->segments[i].word_count;
        print_message("    heard: '%s'\n", transcript->segments[i].text);
    }
    return count;
}

static int wav_write(const float *samples, int frames, int channels)
{
    int file = memfd_create("audio", MFD_CLOEXEC);
    SF_INFO info = { .samplerate = RATE,
                     .channels = channels,
                     .format = SF_FORMAT_WAV | SF_FORMAT_ULAW };
    SNDFILE *writer = sf_open_fd(file, SFM_WRITE, &info, SF_FALSE);

    CHECK(writer != NULL);
    CHECK_NUMBER(sf_writef_float(writer, samples, frames), frames);
    CHECK_NUMBER(sf_close(writer), 0);
    return file;
}

/* A sample of each sound that a telephone makes without anybody speaking; t in seconds. */
static double tone(double t, double hertz)
{
    return sin(2 * M_PI * hertz * t);
}

static double noise(void)
{
    return 2.0 * rand() / RAND_MAX - 1;
}

static double silence(double t)
{
    (void)t;
    return 0;
}

static double hiss(double t)
{
    (void)t;
    return 0.3 * noise();
}

static double faint_hiss(double t)
{
    (void)t;
    return 0.01 * noise();
}

static double noise_bursts(double t)
{
    return fmod(t, 2) < 0.4 ? 0.5 * noise() : 0.005 * noise();
}

static double hum(double t)
{
    return 0.3 * tone(t, 50) + 0.1 * tone(t, 150) + 0.01 * noise();
}

static double ringing(double t)
{
    return fmod(t, 6) < 2 ? 0.25 * (tone(t, 440) + tone(t, 480)) : 0;
}

static double ringing_in_europe(double t)
{
    return fmod(t, 5) < 1 ? 0.4 * tone(t, 425) : 0;
}

static double ringing_in_britain(double t)
{
    double at = fmod(t, 3);

    return at < 0.4 || (at > 0.6 && at < 1) ? 0.25 * (tone(t, 400) + tone(t, 450)) : 0;
}

static double busy(double t)
{
    return fmod(t, 1) < 0.5 ? 0.25 * (tone(t, 480) + tone(t, 620)) : 0;
}

static double dial_tone(double t)
{
    return 0.25 * (tone(t, 350) + tone(t, 440));
}

static double fax(double t)
{
    return fmod(t, 3.5) < 0.5 ? 0.5 * tone(t, 1100) : 0;
}

static double keys(double t)
{
    static const double rows[] = { 697, 770, 852, 941 };
    static const double columns[] = { 1209, 1336, 1477, 1633 };
    unsigned key = (unsigned)(t * 4);

    return fmod(t, 0.25) < 0.12 ? 0.3 * (tone(t, rows[key * 7 % 4]) + tone(t, columns[key * 5 % 3]))
                                : 0;
}

static double sweep(double t)
{
    return 0.3 * sin(2 * M_PI * (300 + 120 * fmod(t, 10)) * fmod(t, 10));
}

static double beeps(double t)
{
    return fmod(t, 3) < 0.2 ? 0.4 * tone(t, 1000) : 0;
}

/* Four chords, softly struck, with overtones. */
static double chords(double t)
{
    static const double roots[] = { 261.6, 220, 174.6, 196 };
    double root = roots[(unsigned)(t / 2) % 4];
    double loud = 0.15 * exp(-fmod(t, 0.5) * 2);
    double sum = 0;

    for (int i = 1; i <= 3; i++) {
        sum += (tone(t, root * i) + tone(t, root * 1.25 * i) + tone(t, root * 1.5 * i)) / i;
    }
    return loud * sum;
}

static double melody(double t)
{
    static const double notes[] = { 523.3, 587.3, 659.3, 523.3, 659.3, 698.5, 784, 784 };
    double note = notes[(unsigned)(t * 2) % 8];
    double vibrato = 0.004 * sin(2 * M_PI * 5.5 * t) * note;

    return 0.3 * sin(2 * M_PI * note * t + vibrato) * fmin(1, fmod(t, 0.5) * 20) +
           0.1 * tone(t, note * 2);
}

static double drums(double t)
{
    double beat = fmod(t, 0.5);
    double off = fmod(t + 0.25, 0.5);

    return 0.6 * exp(-beat * 18) * sin(2 * M_PI * 60 * beat) + 0.15 * exp(-off * 50) * noise();
}

static const struct {
    const char *name;
    double (*sample)(double t);
} clips[] = {
    { "silence", silence },
    { "hiss", hiss },
    { "faint hiss", faint_hiss },
    { "bursts of noise", noise_bursts },
    { "hum", hum },
    { "ringing", ringing },
    { "ringing, Europe", ringing_in_europe },
    { "ringing, Britain", ringing_in_britain },
    { "busy", busy },
    { "dial tone", dial_tone },
    { "fax", fax },
    { "keys", keys },
    { "sweep", sweep },
    { "beeps", beeps },
    { "chords", chords },
    { "melody", melody },
    { "drums", drums },
};

static void sounds_without_a_voice_yield_no_words(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(SPEECH_ARENA_SIZE);
    struct speech_options options = { 0 };
    static float samples[RATE * CLIP_SECONDS];

    if (!options_find(arena, &options)) {
        return; /* Said why. skip() would leave the arena behind. */
    }
    srand(11);
    for (size_t i = 0; i < COUNT_OF(clips); i++) {
        struct transcript transcript;
        struct error error = { 0 };
        for (size_t j = 0; j < COUNT_OF(samples); j++) {
            samples[j] = (float)clips[i].sample((double)j / RATE);
        }
        AUTO(file_close) int file = wav_write(samples, COUNT_OF(samples), 1);
        print_message("  %s\n", clips[i].name);
        CHECK(speech_transcribe(&options, file, clips[i].name, arena, &transcript, &error));
        CHECK_NUMBER(words_of(&transcript), 0);
    }
}

/* What a caller on hold hears: whole pieces as PBXs ship them (asterisk-moh-opsound-wav). */
static void recorded_hold_music_yields_no_words(void **state)
{
    static const char *const pieces[] = { "macroform-cold_day", "macroform-robot_dity",
                                          "macroform-the_simplicity", "manolo_camp-morning_coffee",
                                          "reno_project-system" };
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(SPEECH_ARENA_SIZE);
    struct speech_options options = { 0 };

    if (!options_find(arena, &options)) {
        return;
    }
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        struct transcript transcript;
        struct error error = { 0 };
        char path[128];
        IGNORE(snprintf(path, sizeof path, "/usr/share/asterisk/moh/%s.wav", pieces[i]), "fits");
        AUTO(file_close) int file = open(path, O_RDONLY | O_CLOEXEC);
        if (file < 0) {
            print_message("  skipped: %s is not installed (asterisk-moh-opsound-wav)\n", path);
            continue;
        }
        print_message("  %s\n", pieces[i]);
        CHECK(speech_transcribe(&options, file, pieces[i], arena, &transcript, &error));
        CHECK(transcript.audio_seconds > 60);
        CHECK_NUMBER(words_of(&transcript), 0);
    }
}

static void silence_in_both_channels_yields_no_words(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(SPEECH_ARENA_SIZE);
    struct speech_options options = { 0 };
    struct transcript transcript;
    struct error error = { 0 };
    static float samples[2 * RATE * 5];

    if (!options_find(arena, &options)) {
        return;
    }
    AUTO(file_close) int file = wav_write(samples, COUNT_OF(samples) / 2, 2);
    CHECK(speech_transcribe(&options, file, NULL, arena, &transcript, &error));
    CHECK_NUMBER(words_of(&transcript), 0);
    CHECK_NUMBER(transcript.channels, 2);
}

static void what_is_no_recording_is_refused_by_the_child(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(SPEECH_ARENA_SIZE);
    AUTO(file_close) int file = memfd_create("audio", MFD_CLOEXEC);
    struct speech_options options = { 0 };
    struct transcript transcript;
    struct error error = { 0 };

    if (!options_find(arena, &options)) {
        return;
    }
    CHECK_NUMBER(write(file, "<html>", 6), 6);
    CHECK(!speech_transcribe(&options, file, NULL, arena, &transcript, &error));
    CHECK_NUMBER(error.kind, ERROR_INVALID);
}

static void a_model_that_is_none_is_refused(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(SPEECH_ARENA_SIZE);
    struct speech_options options = { 0 };
    struct transcript transcript;
    struct error error = { 0 };
    float samples[RATE] = { 0 };

    if (!options_find(arena, &options)) {
        return;
    }
    options.model_path = "/etc/passwd";
    AUTO(file_close) int file = wav_write(samples, RATE, 1);
    CHECK(!speech_transcribe(&options, file, NULL, arena, &transcript, &error));
    CHECK_NUMBER(error.kind, ERROR_NOT_FOUND);
    CHECK(strstr(error.message, "/etc/passwd") != NULL);
}

/* Memory that does not suffice ends the child, not us. */
static void an_engine_short_of_memory_is_an_error(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(SPEECH_ARENA_SIZE);
    struct speech_options options = { 0 };
    struct transcript transcript;
    struct error error = { 0 };
    float samples[RATE] = { 0 };

    if (SANDBOX_IS_SANITIZED || !options_find(arena, &options)) {
        return; /* No limit on memory with a sanitizer. */
    }
    options.memory_bytes_max = 100 * MIB;
    AUTO(file_close) int file = wav_write(samples, RATE, 1);
    CHECK(!speech_transcribe(&options, file, NULL, arena, &transcript, &error));
    CHECK(error.kind == ERROR_SYSTEM || error.kind == ERROR_NOT_FOUND);
}

/* Real speech from the reference recordings, where they are. */
static bool is_heard(const char *path, const char *const *phrases, size_t count, unsigned channels)
{
    AUTO(arena_free) struct arena *arena = arena_new(SPEECH_ARENA_SIZE);
    AUTO(text_clear) struct text text = TEXT_UP_TO(MIB);
    struct speech_options options = { 0 };
    struct transcript transcript;
    struct error error = { 0 };

    AUTO(file_close) int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || !options_find(arena, &options)) {
        print_message("skipped: '%s' is not here\n", path);
        return false;
    }
    bool is_done = speech_transcribe(&options, file, path, arena, &transcript, &error);
    print_message("%s\n", is_done ? path : error.message);
    CHECK(is_done);
    CHECK_NUMBER(transcript.channels, channels);
    transcript_print(&transcript, TRANSCRIPT_TEXT, &text);
    for (size_t i = 0; i < count; i++) {
        if (strcasestr(text_get(&text), phrases[i]) == NULL) {
            print_message("'%s' is not in:\n%s", phrases[i], text_get(&text));
        }
        CHECK(strcasestr(text_get(&text), phrases[i]) != NULL);
    }
    return true;
}

static void people_are_understood_in_every_codec(void **state)
{
    (void)state;
    static const char *const phrases[] = { "what your country can do for you",
                                           "what you can do for your country" };
    static const char *const files[] = { "jfk.wav", "jfk_8k.wav",    "jfk.ulaw.wav", "jfk.alaw.wav",
                                         "jfk.gsm", "jfk.gsm49.wav", "jfk.mp3",      "jfk.opus" };
    char path[128];

    for (size_t i = 0; i < COUNT_OF(files); i++) {
        IGNORE(snprintf(path, sizeof path, "../shared/corpus/audio/%s", files[i]), "it fits");
        if (!is_heard(path, phrases, COUNT_OF(phrases), 1)) {
            return;
        }
    }
}

static void both_sides_of_a_call_are_understood(void **state)
{
    (void)state;
    static const char *const phrases[] = { "Trinity College", "address" };

    if (!is_heard("../shared/corpus/audio/spokenwoz_SNG1640.wav", phrases, COUNT_OF(phrases), 2)) {
        return;
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sounds_without_a_voice_yield_no_words),
        cmocka_unit_test(recorded_hold_music_yields_no_words),
        cmocka_unit_test(silence_in_both_channels_yields_no_words),
        cmocka_unit_test(what_is_no_recording_is_refused_by_the_child),
        cmocka_unit_test(a_model_that_is_none_is_refused),
        cmocka_unit_test(an_engine_short_of_memory_is_an_error),
        cmocka_unit_test(people_are_understood_in_every_codec),
        cmocka_unit_test(both_sides_of_a_call_are_understood),
    };

    if (argc > 1 && strcmp(argv[1], "speech-child") == 0) {
        return speech_child_main(argc - 1, argv + 1);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

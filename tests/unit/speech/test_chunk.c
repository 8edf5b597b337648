#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "speech/chunk.h"
#include "speech/driver.h"

enum { CHUNKS_MAX = 256, WINDOWS_MAX = 20000 };

/* What came out, and whether the samples are the ones that went in: each is its own number. */
struct heard_chunks {
    struct chunk chunks[CHUNKS_MAX];
    size_t count;
    bool is_true;
    bool refuses;
};

static bool chunk_note(void *context, const struct chunk *chunk, struct error *error)
{
    struct heard_chunks *heard = context;

    CHECK(heard->count < CHUNKS_MAX);
    for (size_t i = 0; i < chunk->count; i += 100) {
        heard->is_true = heard->is_true && chunk->samples[i] == (float)((chunk->first + i) % 65536);
    }
    heard->chunks[heard->count++] = *chunk;
    return !heard->refuses || error_set(error, ERROR_SYSTEM, "no more");
}

static bool track_cut(const float *probabilities, size_t windows, struct heard_chunks *heard)
{
    AUTO(chunker_free)
    struct chunker *chunker = chunker_new(&chunk_rules_default, chunk_note, heard);
    struct error error = { 0 };
    float samples[VOICE_WINDOW];
    bool is_good = true;

    heard->is_true = true;
    for (size_t i = 0; i < windows && is_good; i++) {
        for (size_t j = 0; j < VOICE_WINDOW; j++) {
            samples[j] = (float)((i * VOICE_WINDOW + j) % 65536);
        }
        is_good = chunker_add(chunker, samples, probabilities[i], &error);
    }
    return is_good && chunker_finish(chunker, &error);
}

static size_t windows_of(double seconds)
{
    return (size_t)(seconds * 16000 / VOICE_WINDOW + 0.5);
}

static void voice_put(float *probabilities, double from, double to, float probability)
{
    for (size_t i = windows_of(from); i < windows_of(to); i++) {
        probabilities[i] = probability;
    }
}

static double start_of(const struct chunk *chunk)
{
    return (double)chunk->first / 16000;
}

static double end_of(const struct chunk *chunk)
{
    return (double)(chunk->first + chunk->count) / 16000;
}

static float probabilities[WINDOWS_MAX];

static int clear(void **state)
{
    (void)state;
    memset(probabilities, 0, sizeof probabilities);
    return 0;
}

static void silence_makes_no_piece(void **state)
{
    (void)state;
    static struct heard_chunks heard;

    heard.count = 0;
    CHECK(track_cut(probabilities, windows_of(60), &heard));
    CHECK_NUMBER(heard.count, 0);
}

static void a_voice_is_cut_out_with_its_padding(void **state)
{
    (void)state;
    static struct heard_chunks heard;

    heard.count = 0;
    voice_put(probabilities, 5, 8, 0.9F);
    CHECK(track_cut(probabilities, windows_of(20), &heard));
    CHECK_NUMBER(heard.count, 1);
    CHECK(heard.is_true);
    CHECK(fabs(start_of(&heard.chunks[0]) - (5 - chunk_rules_default.pad_s)) < 0.07);
    CHECK(fabs(end_of(&heard.chunks[0]) - (8 + chunk_rules_default.pad_s)) < 0.07);
    CHECK(fabs(heard.chunks[0].voiced_s - 3) < 0.05);
}

static void short_pauses_are_kept_and_long_ones_cut(void **state)
{
    (void)state;
    static struct heard_chunks heard;

    heard.count = 0;
    voice_put(probabilities, 1, 2, 0.9F);
    voice_put(probabilities, 2 + chunk_rules_default.gap_s / 2, 4, 0.9F);
    voice_put(probabilities, 5 + chunk_rules_default.gap_s, 8, 0.9F);
    CHECK(track_cut(probabilities, windows_of(10), &heard));
    CHECK_NUMBER(heard.count, 2);
    CHECK(heard.is_true);
}

static void a_voice_at_the_very_end_is_heard(void **state)
{
    (void)state;
    static struct heard_chunks heard;

    heard.count = 0;
    voice_put(probabilities, 9.5, 10, 0.9F);
    CHECK(track_cut(probabilities, windows_of(10), &heard));
    CHECK_NUMBER(heard.count, 1);
    CHECK(fabs(end_of(&heard.chunks[0]) - 10) < 0.05);
}

static void a_click_is_no_voice(void **state)
{
    (void)state;
    static struct heard_chunks heard;

    heard.count = 0;
    probabilities[100] = 0.9F;
    CHECK(track_cut(probabilities, windows_of(10), &heard));
    CHECK_NUMBER(heard.count, 0);
}

static void a_doubtful_window_does_not_begin_a_voice_but_goes_on_with_one(void **state)
{
    (void)state;
    static struct heard_chunks heard;
    float between = (chunk_rules_default.voice_keep + chunk_rules_default.voice_min) / 2;

    heard.count = 0;
    voice_put(probabilities, 1, 4, between);
    CHECK(track_cut(probabilities, windows_of(6), &heard));
    CHECK_NUMBER(heard.count, 0);
    voice_put(probabilities, 1, 1.2, 0.9F);
    CHECK(track_cut(probabilities, windows_of(6), &heard));
    CHECK_NUMBER(heard.count, 1);
    CHECK(fabs(heard.chunks[0].voiced_s - 3) < 0.05);
}

static void a_long_voice_is_cut_at_its_quietest_place(void **state)
{
    (void)state;
    static struct heard_chunks heard;

    heard.count = 0;
    voice_put(probabilities, 0, 40, 0.9F);
    voice_put(probabilities, 20, 20.2, 0.1F);
    CHECK(track_cut(probabilities, windows_of(40), &heard));
    CHECK_NUMBER(heard.count, 2);
    CHECK(heard.is_true);
    CHECK(end_of(&heard.chunks[0]) > 19.9 && end_of(&heard.chunks[0]) < 20.3);
    CHECK(heard.chunks[1].first == heard.chunks[0].first + heard.chunks[0].count);
}

static void any_track_is_cut_without_losing_its_voice(void **state)
{
    (void)state;
    static struct heard_chunks heard;

    for (unsigned seed = 1; seed <= 60; seed++) {
        size_t windows = 3000;
        float level = 0;
        srand(seed);
        for (size_t i = 0; i < windows; i++) {
            if (rand() % 40 == 0) {
                level = (float)(rand() % 100) / 100;
            }
            probabilities[i] = level;
        }
        heard.count = 0;
        CHECK(track_cut(probabilities, windows, &heard));
        CHECK(heard.is_true);
        uint64_t last = 0;
        size_t at = 0;
        for (size_t i = 0; i < heard.count; i++) {
            const struct chunk *chunk = &heard.chunks[i];
            CHECK((double)chunk->count / 16000 <= chunk_rules_default.length_max_s + 0.02);
            CHECK(chunk->first >= last || i == 0 ||
                  last - chunk->first <= (uint64_t)(2 * chunk_rules_default.pad_s * 16000));
            last = chunk->first + chunk->count;
        }
        for (size_t i = 0; i < windows; i++) { /* A sure voice of some length is in a piece. */
            if (i < 4 || i + 4 >= windows || probabilities[i - 4] < 0.5F ||
                probabilities[i + 4] < 0.5F || probabilities[i] < 0.5F) {
                continue;
            }
            while (at < heard.count &&
                   heard.chunks[at].first + heard.chunks[at].count <= i * VOICE_WINDOW) {
                at++;
            }
            CHECK(at < heard.count && heard.chunks[at].first <= i * VOICE_WINDOW);
        }
    }
}

static void a_listener_that_fails_stops_the_cutting(void **state)
{
    (void)state;
    static struct heard_chunks heard = { .refuses = true };

    voice_put(probabilities, 1, 2, 0.9F);
    voice_put(probabilities, 5, 6, 0.9F);
    CHECK(!track_cut(probabilities, windows_of(10), &heard));
    CHECK_NUMBER(heard.count, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(silence_makes_no_piece, clear),
        cmocka_unit_test_setup(a_voice_is_cut_out_with_its_padding, clear),
        cmocka_unit_test_setup(short_pauses_are_kept_and_long_ones_cut, clear),
        cmocka_unit_test_setup(a_voice_at_the_very_end_is_heard, clear),
        cmocka_unit_test_setup(a_click_is_no_voice, clear),
        cmocka_unit_test_setup(a_doubtful_window_does_not_begin_a_voice_but_goes_on_with_one,
                               clear),
        cmocka_unit_test_setup(a_long_voice_is_cut_at_its_quietest_place, clear),
        cmocka_unit_test_setup(any_track_is_cut_without_losing_its_voice, clear),
        cmocka_unit_test_setup(a_listener_that_fails_stops_the_cutting, clear),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

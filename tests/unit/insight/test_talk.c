#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "insight/talk.h"

enum { SEGMENTS_MAX = 64, ROUNDS = 2000 };

static bool is_near(double a, double b)
{
    return fabs(a - b) < 1e-6;
}

#define CHECK_SECONDS(actual, expected) CHECK(is_near(actual, expected))

static struct transcript_segment says(int channel, double start, double end, size_t words)
{
    return (struct transcript_segment){
        .channel = channel,
        .speaker = channel == 0 ? "agent" : "customer",
        .start = start,
        .end = end,
        .text = "",
        .word_count = words,
    };
}

static struct talk measure(struct transcript_segment *segments, size_t count, double audio_s)
{
    struct transcript transcript = {
        .audio_seconds = audio_s,
        .channels = 2,
        .segments = segments,
        .segment_count = count,
    };
    return talk_measure(&transcript);
}

static void a_call_in_which_nobody_speaks_is_silence(void **state)
{
    (void)state;
    struct talk talk = measure(NULL, 0, 12.5);

    CHECK_SECONDS(talk.silence_s, 12.5);
    CHECK_SECONDS(talk.non_talk_s, 12.5);
    CHECK_SECONDS(talk.overlap_s, 0);
    CHECK_SECONDS(talk.sides[0].talk_s, 0);
    CHECK_SECONDS(talk.sides[0].talk_ratio, 0);
    CHECK_SECONDS(talk.sides[1].words_per_minute, 0);
}

static void two_turns_are_measured_as_a_person_would(void **state)
{
    (void)state;
    struct transcript_segment segments[] = {
        says(0, 1, 5, 12), /* Agent, 4 s, 12 words: 180 a minute. */
        says(1, 9, 11, 5), /* After 4 s of silence: customer, 2 s, 5 words: 150 a minute. */
    };
    struct talk talk = measure(segments, 2, 13);

    CHECK_SECONDS(talk.sides[0].talk_s, 4);
    CHECK_SECONDS(talk.sides[1].talk_s, 2);
    CHECK_SECONDS(talk.sides[0].words_per_minute, 180);
    CHECK_SECONDS(talk.sides[1].words_per_minute, 150);
    CHECK_SECONDS(talk.sides[0].talk_ratio, 2.0 / 3);
    CHECK_SECONDS(talk.silence_s, 7);
    CHECK_SECONDS(talk.non_talk_s, 4);
    CHECK_SECONDS(talk.sides[0].longest_monologue_s, 4);
    CHECK_NUMBER(talk.sides[0].interruptions + talk.sides[1].interruptions, 0);
    CHECK_TEXT(talk.sides[1].speaker, "customer");
}

static void silence_of_exactly_three_seconds_is_no_non_talk_time(void **state)
{
    (void)state;
    struct transcript_segment segments[] = { says(0, 0, 1, 2), says(1, 4, 5, 2) };

    CHECK_SECONDS(measure(segments, 2, 5).non_talk_s, 0);
    CHECK_SECONDS(measure(segments, 2, 8.5).non_talk_s, 3.5);
}

static void an_interruption_stops_the_other_within_two_seconds(void **state)
{
    (void)state;
    struct transcript_segment segments[] = { says(0, 0, 10, 30), says(1, 9, 14, 15) };
    struct talk talk = measure(segments, 2, 14);

    CHECK_NUMBER(talk.sides[1].interruptions, 1);
    CHECK_NUMBER(talk.sides[0].interruptions, 0);
    CHECK_SECONDS(talk.overlap_s, 1);
}

static void talking_on_together_for_a_second_is_an_interruption_too(void **state)
{
    (void)state;
    struct transcript_segment long_one[] = { says(0, 0, 20, 60), says(1, 5, 6.5, 6) };
    struct transcript_segment short_one[] = { says(0, 0, 20, 60), says(1, 5, 5.9, 4) };

    CHECK_NUMBER(measure(long_one, 2, 20).sides[1].interruptions, 1);
    CHECK_NUMBER(measure(short_one, 2, 20).sides[1].interruptions, 0);
}

static void the_last_moment_of_a_turn_may_be_overlapped(void **state)
{
    (void)state;
    struct transcript_segment segments[] = { says(0, 0, 10, 30), says(1, 9.75, 14, 15) };

    CHECK_NUMBER(measure(segments, 2, 14).sides[1].interruptions, 0);
}

static void a_backchannel_neither_interrupts_nor_ends_a_monologue(void **state)
{
    (void)state;
    struct transcript_segment segments[] = {
        says(0, 0, 10, 30),   says(1, 5, 5.5, 1), says(0, 12, 15, 9),
        says(1, 16, 17.5, 4), says(0, 18, 19, 4),
    };
    struct talk talk = measure(segments, 5, 20);

    CHECK_NUMBER(talk.sides[1].interruptions, 0);
    CHECK_SECONDS(talk.sides[0].longest_monologue_s, 15);
    CHECK_SECONDS(talk.sides[1].talk_s, 2);
}

static void one_track_for_all_knows_no_sides(void **state)
{
    (void)state;
    struct transcript_segment segments[] = { says(-1, 1, 3, 6) };
    struct transcript transcript = {
        .audio_seconds = 10, .channels = 1, .segments = segments, .segment_count = 1
    };
    struct talk talk = talk_measure(&transcript);
    AUTO(json_release) json_t *json = talk_to_json(&talk);

    CHECK_SECONDS(talk.sides[0].talk_s, 2);
    CHECK_SECONDS(talk.silence_s, 8);
    CHECK(json_is_null(json_object_get(json, "overlap_s")));
    CHECK_NUMBER(json_array_size(json_object_get(json, "sides")), 1);
    const json_t *side = json_array_get(json_object_get(json, "sides"), 0);
    CHECK(json_is_null(json_object_get(side, "interruptions")));
    CHECK(json_text(json, "not_known", NULL) != NULL);
}

static void segments_beyond_the_recording_are_cut(void **state)
{
    (void)state;
    struct transcript_segment segments[] = { says(0, 8, 14, 6), says(1, 20, 21, 2) };
    struct talk talk = measure(segments, 2, 10);

    CHECK_SECONDS(talk.sides[0].talk_s, 2);
    CHECK_SECONDS(talk.sides[1].talk_s, 0);
    CHECK_SECONDS(talk.silence_s, 8);
}

/* Random calls, on a grid of milliseconds so that the truth can be counted tick by tick. */
enum { TICKS = 60000 };

struct generated {
    struct transcript_segment segments[SEGMENTS_MAX];
    size_t count;
    unsigned char ticks[2][TICKS];
};

static int segment_order(const void *a, const void *b)
{
    const struct transcript_segment *first = a;
    const struct transcript_segment *second = b;

    return (first->start > second->start) - (first->start < second->start);
}

static void call_generate(struct generated *call, unsigned seed)
{
    memset(call, 0, sizeof *call);
    srand(seed);
    call->count = (size_t)(rand() % (SEGMENTS_MAX / 2));
    for (size_t i = 0; i < call->count; i++) {
        int channel = rand() % 2;
        int start = rand() % TICKS;
        int length = rand() % (rand() % 4 == 0 ? 9000 : 1500);
        int end = start + length > TICKS ? TICKS : start + length;
        call->segments[i] = says(channel, start / 1000.0, end / 1000.0, (size_t)(rand() % 12));
        memset(call->ticks[channel] + start, 1, (size_t)(end - start));
    }
    qsort(call->segments, call->count, sizeof *call->segments, segment_order);
}

static void figures_equal_the_truth_counted_tick_by_tick(void **state)
{
    (void)state;
    struct generated *call = memory_new(sizeof *call);

    for (unsigned seed = 1; seed <= ROUNDS; seed++) {
        call_generate(call, seed);
        struct talk talk = measure(call->segments, call->count, TICKS / 1000.0);
        int counts[2] = { 0, 0 };
        int both = 0;
        int neither = 0;
        int non_talk = 0;
        int run = 0;
        for (int i = 0; i <= TICKS; i++) {
            if (i < TICKS && !call->ticks[0][i] && !call->ticks[1][i]) {
                neither++;
                run++;
                continue;
            }
            non_talk += run > 3000 ? run : 0;
            run = 0;
            if (i < TICKS) {
                counts[0] += call->ticks[0][i];
                counts[1] += call->ticks[1][i];
                both += call->ticks[0][i] & call->ticks[1][i];
            }
        }
        CHECK_SECONDS(talk.sides[0].talk_s, counts[0] / 1000.0);
        CHECK_SECONDS(talk.sides[1].talk_s, counts[1] / 1000.0);
        CHECK_SECONDS(talk.overlap_s, both / 1000.0);
        CHECK_SECONDS(talk.silence_s, neither / 1000.0);
        CHECK_SECONDS(talk.non_talk_s, non_talk / 1000.0);
    }
    free(call);
}

static void swapping_the_channels_swaps_the_sides_and_changes_nothing_else(void **state)
{
    (void)state;
    struct generated *call = memory_new(sizeof *call);

    for (unsigned seed = 1; seed <= ROUNDS; seed++) {
        call_generate(call, seed);
        struct talk talk = measure(call->segments, call->count, TICKS / 1000.0);
        for (size_t i = 0; i < call->count; i++) {
            call->segments[i].channel = 1 - call->segments[i].channel;
        }
        struct talk mirrored = measure(call->segments, call->count, TICKS / 1000.0);
        CHECK_SECONDS(talk.overlap_s, mirrored.overlap_s);
        CHECK_SECONDS(talk.silence_s, mirrored.silence_s);
        for (size_t i = 0; i < TALK_SIDES; i++) {
            const struct talk_side *side = &talk.sides[i];
            const struct talk_side *other = &mirrored.sides[1 - i];
            CHECK_SECONDS(side->talk_s, other->talk_s);
            CHECK_SECONDS(side->longest_monologue_s, other->longest_monologue_s);
            CHECK_NUMBER(side->interruptions, other->interruptions);
            CHECK_NUMBER(side->words, other->words);
        }
    }
    free(call);
}

static void sums_add_up_and_stay_within_the_recording(void **state)
{
    (void)state;
    struct generated *call = memory_new(sizeof *call);

    for (unsigned seed = 1; seed <= ROUNDS; seed++) {
        call_generate(call, seed);
        double audio_s = TICKS / 1000.0;
        struct talk talk = measure(call->segments, call->count, audio_s);
        const struct talk_side *sides = talk.sides;
        CHECK_SECONDS(sides[0].talk_s + sides[1].talk_s - talk.overlap_s + talk.silence_s, audio_s);
        CHECK(talk.non_talk_s <= talk.silence_s + 1e-6);
        CHECK(talk.overlap_s <= fmin(sides[0].talk_s, sides[1].talk_s) + 1e-6);
        CHECK(call->count == 0 || sides[0].talk_s + sides[1].talk_s == 0 ||
              is_near(sides[0].talk_ratio + sides[1].talk_ratio, 1));
        for (size_t i = 0; i < TALK_SIDES; i++) {
            CHECK(sides[i].longest_monologue_s <= audio_s);
            CHECK(sides[i].interruptions <= sides[i].turns);
        }
    }
    free(call);
}

static void more_audio_after_the_call_only_adds_silence(void **state)
{
    (void)state;
    struct generated *call = memory_new(sizeof *call);

    for (unsigned seed = 1; seed <= ROUNDS / 10; seed++) {
        call_generate(call, seed);
        struct talk talk = measure(call->segments, call->count, 60);
        struct talk longer = measure(call->segments, call->count, 90);
        CHECK_SECONDS(longer.silence_s, talk.silence_s + 30);
        CHECK(longer.non_talk_s >= talk.non_talk_s + 30 - 1e-6);
        CHECK_SECONDS(longer.overlap_s, talk.overlap_s);
        CHECK_SECONDS(longer.sides[0].talk_s, talk.sides[0].talk_s);
    }
    free(call);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_call_in_which_nobody_speaks_is_silence),
        cmocka_unit_test(two_turns_are_measured_as_a_person_would),
        cmocka_unit_test(silence_of_exactly_three_seconds_is_no_non_talk_time),
        cmocka_unit_test(an_interruption_stops_the_other_within_two_seconds),
        cmocka_unit_test(talking_on_together_for_a_second_is_an_interruption_too),
        cmocka_unit_test(the_last_moment_of_a_turn_may_be_overlapped),
        cmocka_unit_test(a_backchannel_neither_interrupts_nor_ends_a_monologue),
        cmocka_unit_test(one_track_for_all_knows_no_sides),
        cmocka_unit_test(segments_beyond_the_recording_are_cut),
        cmocka_unit_test(figures_equal_the_truth_counted_tick_by_tick),
        cmocka_unit_test(swapping_the_channels_swaps_the_sides_and_changes_nothing_else),
        cmocka_unit_test(sums_add_up_and_stay_within_the_recording),
        cmocka_unit_test(more_audio_after_the_call_only_adds_silence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "check.h"

#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "speech/judge.h"

/* Words at an even pace over the piece, "|" before a word begins a line. */
static struct heard *hear(const char *words, float confidence, float no_speech, double piece_s)
{
    struct heard *heard = memory_new(sizeof *heard);
    static char text[4096];
    char *rest = text;

    CHECK(strlen(words) < sizeof text);
    memcpy(text, words, strlen(words) + 1);
    for (char *word = strsep(&rest, " "); word != NULL; word = strsep(&rest, " ")) {
        if (*word != '\0') {
            bool is_first = *word == '|' || heard->count == 0;
            heard->words[heard->count++] = (struct heard_word){
                .word = word + (*word == '|'),
                .confidence = confidence,
                .is_first = is_first,
            };
        }
    }
    for (size_t i = 0; i < heard->count; i++) {
        heard->words[i].start = piece_s * (double)i / (double)heard->count;
        heard->words[i].end = piece_s * (double)(i + 1) / (double)heard->count;
    }
    heard->no_speech = no_speech;
    return heard;
}

static struct chunk piece(double seconds)
{
    return (struct chunk){ .count = (size_t)(seconds * 16000),
                           .voiced_s = seconds,
                           .voice_highest = 1 };
}

static enum judge_verdict judged(const char *words, float confidence, float no_speech,
                                 double seconds)
{
    AUTO(free) struct heard *heard = hear(words, confidence, no_speech, seconds);
    struct chunk chunk = piece(seconds);

    return judge_heard(heard, &chunk);
}

static void what_was_said_is_kept(void **state)
{
    (void)state;
    CHECK_NUMBER(judged("I would like to cancel my subscription, please.", 0.9F, 0.01F, 3),
                 JUDGE_KEPT);
    CHECK_NUMBER(judged("Yes.", 0.8F, 0.1F, 0.5), JUDGE_KEPT);
    CHECK_NUMBER(judged("No, no, no, that is not what I said.", 0.8F, 0.1F, 3), JUDGE_KEPT);
    CHECK_NUMBER(judged("zero zero zero zero one", 0.8F, 0.1F, 3), JUDGE_KEPT);
    CHECK_NUMBER(judged("Ça coûte 5 € naïvement", 0.8F, 0.1F, 3), JUDGE_KEPT);
}

static void names_of_sounds_are_no_words(void **state)
{
    (void)state;
    CHECK_NUMBER(judged("[BLANK_AUDIO]", 0.9F, 0.1F, 3), JUDGE_EMPTY);
    CHECK_NUMBER(judged("(upbeat music)", 0.9F, 0.1F, 3), JUDGE_EMPTY);
    CHECK_NUMBER(judged("♪ ♪♪", 0.9F, 0.1F, 3), JUDGE_EMPTY);
    CHECK_NUMBER(judged("*phone rings loudly*", 0.9F, 0.1F, 3), JUDGE_EMPTY);
    CHECK_NUMBER(judged("- ... -", 0.9F, 0.1F, 3), JUDGE_EMPTY);
    CHECK_NUMBER(judged("", 0.9F, 0.1F, 3), JUDGE_EMPTY);
}

static void words_around_a_sound_stay(void **state)
{
    (void)state;
    AUTO(free) struct heard *heard = hear("- Hello (soft laughter) there.", 0.9F, 0.1F, 3);
    struct chunk chunk = piece(3);

    CHECK_NUMBER(judge_heard(heard, &chunk), JUDGE_KEPT);
    CHECK_NUMBER(heard->count, 2);
    CHECK_TEXT(heard->words[0].word, "Hello");
    CHECK(heard->words[0].is_first);
    CHECK_TEXT(heard->words[1].word, "there.");
}

static void doubt_and_the_engines_own_disbelief_are_heeded(void **state)
{
    (void)state;
    CHECK_NUMBER(judged("appendix adjective", 0.1F, 0.1F, 3), JUDGE_DOUBT);
    CHECK_NUMBER(judged("we went to the park", 0.5F, 0.9F, 3), JUDGE_NO_SPEECH);
    CHECK_NUMBER(judged("we went to the park", 0.9F, 0.9F, 3), JUDGE_KEPT);
}

static void more_words_than_a_mouth_can_speak_are_refused(void **state)
{
    (void)state;
    AUTO(free)
    struct heard *heard =
        hear("this is a whole long sentence said in a fifth of a second", 0.9F, 0.1F, 3);
    struct chunk chunk = piece(3);

    chunk.voiced_s = 0.2;
    CHECK_NUMBER(judge_heard(heard, &chunk), JUDGE_RATE);
    CHECK_NUMBER(heard->count, 0);
}

static void loops_are_refused(void **state)
{
    (void)state;
    CHECK_NUMBER(judged("oh oh oh oh oh oh oh oh oh oh oh", 0.9F, 0.1F, 10), JUDGE_EMPTY);
    CHECK_NUMBER(judged("I am going to I am going to I am going to I am going to I am going to",
                        0.9F, 0.1F, 10),
                 JUDGE_EMPTY);
    CHECK_NUMBER(judged("|I see it. |I see it. |I see it. |I see it. |I see it.", 0.9F, 0.1F, 10),
                 JUDGE_LOOP);
}

static void a_line_before_a_loop_stays(void **state)
{
    (void)state;
    AUTO(free)
    struct heard *heard = hear("eight one six |oh oh oh oh oh oh oh oh oh oh oh", 0.9F, 0.1F, 10);
    struct chunk chunk = piece(10);

    CHECK_NUMBER(judge_heard(heard, &chunk), JUDGE_KEPT);
    CHECK_NUMBER(heard->count, 3);
}

static void a_line_said_again_in_no_time_is_dropped(void **state)
{
    (void)state;
    AUTO(free) struct heard *heard = hear("She came home. |She came home.", 0.9F, 0.1F, 3);
    struct chunk chunk = piece(3);

    for (size_t i = 0; i < 3; i++) {
        heard->words[i].end = heard->words[i].start + 0.4;
        heard->words[i + 3].start = 2.9;
        heard->words[i + 3].end = 2.9;
    }
    CHECK_NUMBER(judge_heard(heard, &chunk), JUDGE_KEPT);
    CHECK_NUMBER(heard->count, 3);
}

static void a_line_after_the_end_of_the_piece_is_dropped(void **state)
{
    (void)state;
    AUTO(free) struct heard *heard = hear("one two three |four five six", 0.9F, 0.1F, 8);
    struct chunk chunk = piece(3);

    CHECK_NUMBER(judge_heard(heard, &chunk), JUDGE_KEPT);
    CHECK_NUMBER(heard->count, 3);
}

static void a_habitual_phrase_needs_evidence(void **state)
{
    (void)state;
    CHECK_NUMBER(judged("Thank you.", 0.6F, 0.1F, 1), JUDGE_HABIT);
    CHECK_NUMBER(judged("Thank you.", 0.95F, 0.5F, 1), JUDGE_HABIT);
    CHECK_NUMBER(judged("Thank you.", 0.95F, 0.01F, 1), JUDGE_KEPT);
    CHECK_NUMBER(judged("Thank you for calling us.", 0.6F, 0.1F, 2), JUDGE_KEPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_said_is_kept),
        cmocka_unit_test(names_of_sounds_are_no_words),
        cmocka_unit_test(words_around_a_sound_stay),
        cmocka_unit_test(doubt_and_the_engines_own_disbelief_are_heeded),
        cmocka_unit_test(more_words_than_a_mouth_can_speak_are_refused),
        cmocka_unit_test(loops_are_refused),
        cmocka_unit_test(a_line_before_a_loop_stays),
        cmocka_unit_test(a_line_said_again_in_no_time_is_dropped),
        cmocka_unit_test(a_line_after_the_end_of_the_piece_is_dropped),
        cmocka_unit_test(a_habitual_phrase_needs_evidence),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* See judge.h. The figures were set on the reference recordings and on generated silence, noise,
 * ringing, DTMF and music (tests/integration/speech). */
#include "speech/judge.h"

#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "core/text.h"

#define NO_SPEECH_MAX 0.6F /* Above, confidence must reach... */
#define NO_SPEECH_CONFIDENCE 0.6F
#define CONFIDENCE_MIN 0.30F
#define WORDS_PER_SECOND_MAX 8.0 /* Auctioneers reach about 6. */
#define HABIT_CONFIDENCE 0.75F
#define HABIT_VOICED_S 0.25
#define HABIT_NO_SPEECH 0.3F

#define SECONDS_PER_WORD_MIN 0.12
#define LATE_S 0.5

enum {
    REPEATS_MAX = 4,
    REPEATS_MORE = 4,
    PHRASE_WORDS_MAX = 8,
    HASTY_WORDS_MIN = 3,
    SAMPLES_PER_SECOND = 16000
};

/* Lower case, letters and digits only. */
static const char *const habits[] = {
    "you",
    "thank you",
    "thank you very much",
    "thanks for watching",
    "thank you for watching",
    "thanks for listening",
    "please subscribe",
    "bye",
    "bye bye",
    "so",
    "oh",
    "i",
    "the",
    "the end",
    "um",
    "uh",
    "hmm",
    "mm",
    "beep",
    "beep beep",
};

static bool has_letter(const char *word)
{
    for (; *word != '\0'; word++) {
        /* Bytes above ASCII are letters of some script, but for the music notes U+2669..U+266F. */
        if (isalnum((unsigned char)*word)) {
            return true;
        }
        if ((unsigned char)*word >= 0xC0 && strncmp(word, "\xE2\x99", 2) != 0) {
            return true;
        }
    }
    return false;
}

/* A bracket opened by the engine holds the name of a sound, over several words at times. */
static void sounds_remove(struct heard *heard)
{
    size_t kept = 0;
    bool is_inside = false;
    bool is_first = false;

    for (size_t i = 0; i < heard->count; i++) {
        const char *word = heard->words[i].word;
        bool opens = strpbrk(word, "[(") == word || word[0] == '*';
        bool closes =
            strpbrk(word, "])") != NULL || (strlen(word) > 1 && strrchr(word, '*') > word);
        is_first |= heard->words[i].is_first;
        if (!is_inside && !opens && has_letter(word)) {
            heard->words[kept] = heard->words[i];
            heard->words[kept++].is_first = is_first;
            is_first = false;
        }
        is_inside = (is_inside || opens) && !closes;
    }
    heard->count = kept;
}

/* The end of the line that begins with the word at `from`. */
static size_t line_end(const struct heard *heard, size_t from)
{
    size_t to = from + 1;

    while (to < heard->count && !heard->words[to].is_first) {
        to++;
    }
    return to;
}

static float confidence_mean(const struct heard *heard)
{
    float sum = 0;

    for (size_t i = 0; i < heard->count; i++) {
        sum += heard->words[i].confidence;
    }
    return sum / (float)heard->count;
}

/* Equal but for case and punctuation? */
static bool words_match(const char *a, const char *b)
{
    for (;;) {
        while (*a != '\0' && !isalnum((unsigned char)*a)) {
            a++;
        }
        while (*b != '\0' && !isalnum((unsigned char)*b)) {
            b++;
        }
        if (*a == '\0' || *b == '\0') {
            return *a == *b;
        }
        if (tolower((unsigned char)*a++) != tolower((unsigned char)*b++)) {
            return false;
        }
    }
}

/* In the words [from, to): a phrase of 1 to 8 words said more than REPEATS_MAX times in a row,
 * filling most of them. A single word may be said more often ("zero zero zero zero"). */
static bool is_loop(const struct heard *heard, size_t from, size_t to)
{
    for (size_t length = 1; length <= PHRASE_WORDS_MAX; length++) {
        size_t run = 0;
        for (size_t i = from + length; i < to; i++) {
            run = words_match(heard->words[i].word, heard->words[i - length].word) ? run + 1 : 0;
            size_t repeats = run / length + 1;
            if (repeats > REPEATS_MAX + (length == 1 ? REPEATS_MORE : 0) &&
                (run + length) * 2 > to - from) {
                return true;
            }
        }
    }
    return false;
}

/* Times are the engine's guesses, so only what is far off counts. */
static bool is_hasty(const struct heard *heard, size_t from, size_t to, double piece_s)
{
    double start = heard->words[from].start;
    double taken_s = heard->words[to - 1].end - start;

    return start > piece_s + LATE_S ||
           (to - from >= HASTY_WORDS_MIN && taken_s < SECONDS_PER_WORD_MIN * (double)(to - from));
}

/* Take out the lines that cannot have been said. */
static void lines_remove(struct heard *heard, double piece_s)
{
    size_t kept = 0;

    for (size_t from = 0, to = 0; from < heard->count; from = to) {
        to = line_end(heard, from);
        if (!is_hasty(heard, from, to, piece_s) && !is_loop(heard, from, to)) {
            memmove(&heard->words[kept], &heard->words[from], (to - from) * sizeof *heard->words);
            kept += to - from;
        }
    }
    heard->count = kept;
}

static bool is_habit(const struct heard *heard)
{
    char said[64] = "";
    size_t length = 0;

    for (size_t i = 0; i < heard->count; i++) {
        if (i > 0 && length + 1 < sizeof said) {
            said[length++] = ' ';
        }
        for (const char *at = heard->words[i].word; *at != '\0'; at++) {
            if (isalnum((unsigned char)*at)) {
                if (length + 1 >= sizeof said) {
                    return false;
                }
                said[length++] = (char)tolower((unsigned char)*at);
            }
        }
    }
    said[length] = '\0';
    for (size_t i = 0; i < COUNT_OF(habits); i++) {
        if (strcmp(said, habits[i]) == 0) {
            return true;
        }
    }
    return false;
}

static enum judge_verdict verdict_of(const struct heard *heard, const struct chunk *chunk)
{
    if (heard->count == 0) {
        return JUDGE_EMPTY;
    }
    float confidence = confidence_mean(heard);
    if (heard->no_speech > NO_SPEECH_MAX && confidence < NO_SPEECH_CONFIDENCE) {
        return JUDGE_NO_SPEECH;
    }
    if (confidence < CONFIDENCE_MIN) {
        return JUDGE_DOUBT;
    }
    if ((double)heard->count > 2 + WORDS_PER_SECOND_MAX * chunk->voiced_s) {
        return JUDGE_RATE;
    }
    if (is_loop(heard, 0, heard->count)) {
        return JUDGE_LOOP;
    }
    if (is_habit(heard) && (confidence < HABIT_CONFIDENCE || chunk->voiced_s < HABIT_VOICED_S ||
                            heard->no_speech > HABIT_NO_SPEECH)) {
        return JUDGE_HABIT;
    }
    return JUDGE_KEPT;
}

enum judge_verdict judge_heard(struct heard *heard, const struct chunk *chunk)
{
    sounds_remove(heard);
    lines_remove(heard, (double)chunk->count / SAMPLES_PER_SECOND);
    enum judge_verdict verdict = verdict_of(heard, chunk);
    if (verdict != JUDGE_KEPT) {
        heard->count = 0;
    }
    return verdict;
}

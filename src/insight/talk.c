/* See talk.h. Segments become turns, turns are compared; everything is sorted by time. */
#include "insight/talk.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"

#define TURN_GAP_S 1.0
#define BACKCHANNEL_S 1.0
#define NON_TALK_S 3.0
#define INTERRUPTS_BEFORE_END_S 0.3
#define STOPS_WITHIN_S 2.0
#define BOTH_TALK_S 1.0

enum { BACKCHANNEL_WORDS = 3 };

struct span {
    double start;
    double end;
    size_t words;
};

struct spans {
    struct span *items; /* Sorted by start. */
    size_t count;
};

static int span_compare(const void *a, const void *b)
{
    const struct span *first = a;
    const struct span *second = b;

    if (first->start != second->start) {
        return first->start < second->start ? -1 : 1;
    }
    return (first->end > second->end) - (first->end < second->end);
}

/* Join those that overlap or stand at most `gap` apart. */
static void spans_join(struct spans *spans, double gap)
{
    size_t kept = 0;

    for (size_t i = 0; i < spans->count; i++) {
        struct span *last = kept == 0 ? NULL : &spans->items[kept - 1];
        if (last != NULL && spans->items[i].start - last->end <= gap) {
            last->end = fmax(last->end, spans->items[i].end);
            last->words += spans->items[i].words;
        } else {
            spans->items[kept++] = spans->items[i];
        }
    }
    spans->count = kept;
}

/* The segments of a side (-1: all), cut to the recording. Free items. */
static struct spans spans_of(const struct transcript *transcript, int channel)
{
    struct spans spans = { memory_new((transcript->segment_count + 1) * sizeof(struct span)), 0 };

    for (size_t i = 0; i < transcript->segment_count; i++) {
        const struct transcript_segment *segment = &transcript->segments[i];
        double start = fmax(segment->start, 0);
        double end = fmin(segment->end, transcript->audio_seconds);
        if ((channel < 0 || segment->channel == channel) && end > start) {
            spans.items[spans.count++] = (struct span){ start, end, segment->word_count };
        }
    }
    if (spans.count > 0) {
        qsort(spans.items, spans.count, sizeof *spans.items, span_compare);
    }
    return spans;
}

static double spans_measure(const struct spans *joined)
{
    double sum = 0;

    for (size_t i = 0; i < joined->count; i++) {
        sum += joined->items[i].end - joined->items[i].start;
    }
    return sum;
}

static double overlap_measure(const struct spans *a, const struct spans *b)
{
    double sum = 0;

    for (size_t i = 0, j = 0; i < a->count && j < b->count;) {
        double start = fmax(a->items[i].start, b->items[j].start);
        double end = fmin(a->items[i].end, b->items[j].end);
        sum += fmax(end - start, 0);
        if (a->items[i].end < b->items[j].end) {
            i++;
        } else {
            j++;
        }
    }
    return sum;
}

/* Silence, and that of it which lasts longer than NON_TALK_S. */
static void silence_measure(struct talk *talk, const struct spans *everybody)
{
    double last = 0;

    for (size_t i = 0; i <= everybody->count; i++) {
        double next = i == everybody->count ? talk->audio_s : everybody->items[i].start;
        double silence = fmax(next - last, 0);
        talk->silence_s += silence;
        talk->non_talk_s += silence > NON_TALK_S ? silence : 0;
        last = i == everybody->count ? last : everybody->items[i].end;
    }
}

/* How many turns start before `at`, or at it as well. */
static size_t started_by(const struct spans *turns, double at, bool or_at)
{
    size_t low = 0;
    size_t high = turns->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        double start = turns->items[middle].start;
        if (start < at || (or_at && start == at)) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Turns of a side do not overlap: only the last one that started can still be going on. */
static bool is_backchannel(const struct span *turn, const struct spans *others)
{
    if (turn->end - turn->start >= BACKCHANNEL_S || turn->words >= BACKCHANNEL_WORDS) {
        return false;
    }
    size_t started = started_by(others, turn->start, true);
    return started > 0 && others->items[started - 1].end >= turn->end;
}

static bool interrupts(const struct span *turn, const struct span *other)
{
    return turn->start <= other->end - INTERRUPTS_BEFORE_END_S &&
           (other->end <= turn->start + STOPS_WITHIN_S ||
            fmin(turn->end, other->end) - turn->start >= BOTH_TALK_S);
}

static size_t interruptions_count(const struct spans *turns, const struct spans *others)
{
    size_t count = 0;

    for (size_t i = 0; i < turns->count; i++) {
        const struct span *turn = &turns->items[i];
        size_t started = started_by(others, turn->start, false);
        count += started > 0 && !is_backchannel(turn, others) &&
                 interrupts(turn, &others->items[started - 1]);
    }
    return count;
}

/* Does a turn of the others, no backchannel, start in (from, to]? */
static bool is_answered(const struct spans *others, const struct spans *turns, double from,
                        double to)
{
    for (size_t i = started_by(others, from, true); i < started_by(others, to, true); i++) {
        if (!is_backchannel(&others->items[i], turns)) {
            return true;
        }
    }
    return false;
}

static double monologue_longest(const struct spans *turns, const struct spans *others)
{
    double longest = 0;
    double start = 0;

    for (size_t i = 0; i < turns->count; i++) {
        const struct span *turn = &turns->items[i];
        if (i == 0 || is_answered(others, turns, turns->items[i - 1].start, turn->start)) {
            start = turn->start;
        }
        longest = fmax(longest, turn->end - start);
    }
    return longest;
}

static void side_fill(struct talk_side *side, const struct spans *segments)
{
    side->talk_s = spans_measure(segments);
    for (size_t i = 0; i < segments->count; i++) {
        side->words += segments->items[i].words;
    }
    side->words_per_minute = side->talk_s > 0 ? (double)side->words * 60 / side->talk_s : 0;
}

static void ratios_fill(struct talk *talk)
{
    double both = talk->sides[0].talk_s + talk->sides[1].talk_s;

    for (size_t i = 0; i < TALK_SIDES && both > 0; i++) {
        talk->sides[i].talk_ratio = talk->sides[i].talk_s / both;
    }
}

static const char *speaker_of(const struct transcript *transcript, int channel)
{
    for (size_t i = 0; i < transcript->segment_count; i++) {
        if (transcript->segments[i].channel == channel) {
            return transcript->segments[i].speaker;
        }
    }
    return NULL;
}

static void sides_measure(struct talk *talk, const struct transcript *transcript)
{
    struct spans spans[TALK_SIDES];

    for (int i = 0; i < TALK_SIDES; i++) {
        spans[i] = spans_of(transcript, talk->has_sides ? i : i == 0 ? -1 : 2);
        spans_join(&spans[i], 0);
        side_fill(&talk->sides[i], &spans[i]);
        talk->sides[i].speaker = speaker_of(transcript, talk->has_sides ? i : -1);
    }
    talk->overlap_s = talk->has_sides ? overlap_measure(&spans[0], &spans[1]) : 0;
    for (int i = 0; i < TALK_SIDES; i++) { /* Segments become turns. */
        spans_join(&spans[i], TURN_GAP_S);
        talk->sides[i].turns = spans[i].count;
    }
    for (int i = 0; i < TALK_SIDES; i++) {
        talk->sides[i].longest_monologue_s = monologue_longest(&spans[i], &spans[1 - i]);
        talk->sides[i].interruptions = interruptions_count(&spans[i], &spans[1 - i]);
    }
    free(spans[0].items);
    free(spans[1].items);
}

struct talk talk_measure(const struct transcript *transcript)
{
    struct talk talk = {
        .audio_s = transcript->audio_seconds,
        .has_sides = transcript->channels == 2,
    };
    struct spans everybody = spans_of(transcript, -1);

    spans_join(&everybody, 0);
    silence_measure(&talk, &everybody);
    free(everybody.items);
    sides_measure(&talk, transcript);
    ratios_fill(&talk);
    return talk;
}

/* A millisecond, a thousandth. */
static json_t *rounded(double number)
{
    return json_real(round(number * 1000) / 1000);
}

static json_t *side_to_json(const struct talk_side *side, bool has_sides)
{
    return json_pack("{s:o,s:o,s:o,s:I,s:o,s:I,s:o,s:o}", "speaker",
                     side->speaker == NULL ? json_null() : json_string(side->speaker), "talk_s",
                     rounded(side->talk_s), "talk_ratio", rounded(side->talk_ratio), "words",
                     (json_int_t)side->words, "words_per_minute", rounded(side->words_per_minute),
                     "turns", (json_int_t)side->turns, "longest_monologue_s",
                     has_sides ? rounded(side->longest_monologue_s) : json_null(), "interruptions",
                     has_sides ? json_integer((json_int_t)side->interruptions) : json_null());
}

json_t *talk_to_json(const struct talk *talk)
{
    json_t *sides = json_array();
    double ratio = talk->audio_s > 0 ? talk->overlap_s / talk->audio_s : 0;

    for (size_t i = 0; i < (talk->has_sides ? TALK_SIDES : 1); i++) {
        json_array_append_new(sides, side_to_json(&talk->sides[i], talk->has_sides));
    }
    return json_pack(
        "{s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:s}", "audio_s", rounded(talk->audio_s), "silence_s",
        rounded(talk->silence_s), "non_talk_s", rounded(talk->non_talk_s), "overlap_s",
        talk->has_sides ? rounded(talk->overlap_s) : json_null(), "overlap_ratio",
        talk->has_sides ? rounded(ratio) : json_null(), "sides", sides, "not_known",
        talk->has_sides ? json_null()
                        : json_string("the recording has one track for all speakers, so their "
                                      "turns cannot be told apart"),
        "method", "talk/1");
}

/*
 * Talk metrics: how a conversation went, from the times and words of its transcript. Pure.
 *
 * Definitions (the names are those of the trade; times in seconds, from 0 to the recording's end):
 *
 *   turn           what one side says without a pause of more than 1 s: its segments, joined over
 *                  shorter gaps. Segments are cut to the recording; empty ones do not count
 *   backchannel    a turn under 1 s with fewer than 3 words while the other side holds a turn
 *                  ("uh-huh"): it counts as talk, but neither interrupts nor ends a monologue
 *   talk_s         measure of the union of a side's segments
 *   silence_s      the recording without the union of both sides' segments
 *   overlap_s      measure of what both sides' unions share
 *   non_talk_s     the sum of the silences longer than 3 s
 *   talk_ratio     a side's talk_s / (sum of both sides' talk_s); 0 when nobody talks
 *   words          how many; words_per_minute: words * 60 / talk_s; 0 without talk
 *   longest_monologue_s   the longest run from the start of a side's turn to the end of a later one
 *                  (or the same) with no turn of the other side starting between, backchannels
 * apart interruptions  turns of a side that start at least 0.3 s before the other side's turn ends,
 * and later than that one started, where the other then stops within 2 s or both talk on for at
 * least 1 s; backchannels excluded
 *
 *   Always: talk_s(0) + talk_s(1) - overlap_s + silence_s = audio_s, and non_talk_s <= silence_s.
 *
 * One voice track for everybody tells no overlap and no sides: those are null, with the reason.
 */
#ifndef INSIGHT_TALK_H
#define INSIGHT_TALK_H

#include "core/json.h"
#include "speech/transcript.h"

enum { TALK_SIDES = 2 };

struct talk_side {
    const char *speaker; /* The transcript's name for it. */
    double talk_s;
    double talk_ratio;
    double words_per_minute;
    double longest_monologue_s;
    size_t words;
    size_t turns;
    size_t interruptions; /* That this side made. */
};

struct talk {
    double audio_s;
    double silence_s;
    double non_talk_s;
    double overlap_s;
    bool has_sides; /* False: sides[0] is everybody; overlap and interruptions are not known. */
    struct talk_side sides[TALK_SIDES];
};

/* Measure. Borrows the transcript's texts. */
struct talk talk_measure(const struct transcript *transcript);

/*
 * {"audio_s":…,"silence_s":…,"non_talk_s":…,"overlap_s":…|null,"overlap_ratio":…|null,
 *  "sides":[{"speaker":"agent","talk_s":…,"talk_ratio":…,"words":…,"words_per_minute":…,"turns":…,
 *            "longest_monologue_s":…,"interruptions":…|null}],
 *  "not_known":null|"…why…","method":"talk/1"}
 * overlap_ratio is overlap_s / audio_s. Yours to release.
 */
json_t *talk_to_json(const struct talk *talk);

#endif

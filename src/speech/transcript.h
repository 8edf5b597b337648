/*
 * Transcript: who said what, when, and how sure we are. The shape is the one of the HTTP contract:
 *
 *     {"engine":"whisper.cpp","engine_version":"1.9.1","model":"base.en-q8_0","language":"en",
 *      "channels":2,"audio_seconds":151.2,"speech_seconds":88.0,"cpu_seconds":21.5,
 *      "wall_seconds":12.0,"warning":null,
 *      "segments":[{"channel":0,"speaker":"agent","start":0.52,"end":3.10,"text":"…",
 *                   "confidence":0.93,
 *                   "words":[{"word":"…","start":0.52,"end":0.71,"confidence":0.95}]}]}
 *
 * Times are seconds from the start of the recording, confidences lie in 0..1, texts are UTF-8
 * without control characters. Segments are sorted by start; those of different channels may
 * overlap. All texts belong to the arena (or whatever) that the transcript was made in.
 */
#ifndef SPEECH_TRANSCRIPT_H
#define SPEECH_TRANSCRIPT_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/json.h"
#include "core/text.h"

/* More than a recording of the longest length allowed can hold; what says more is refused. */
enum { TRANSCRIPT_SEGMENTS_MAX = 100000, TRANSCRIPT_WORDS_MAX = 500000 };

struct transcript_word {
    const char *word; /* As it is read: with its punctuation, no spaces around. */
    double start;
    double end;
    float confidence;
};

struct transcript_segment {
    int channel;         /* 0 or 1; -1 where the recording has one voice track for everybody. */
    const char *speaker; /* "agent", "customer", "caller", "callee"; "speaker" until it is known. */
    double start;
    double end;
    const char *text;
    float confidence; /* Mean over the words. */
    struct transcript_word *words;
    size_t word_count;
};

struct transcript {
    const char *engine;
    const char *engine_version;
    const char *model;
    const char *language;
    double audio_seconds;
    double speech_seconds; /* Where voice was found, summed over the channels. */
    double cpu_seconds;    /* What it cost. */
    double wall_seconds;
    int channels; /* Voice tracks: 1 (mono, or the same sound twice) or 2. */
    struct transcript_segment *segments;
    size_t segment_count;
    const char *warning; /* What the reader should know, as "the file ends early: …"; else NULL. */
};

/* Print JSON of a transcript with these flags: 0.52 stays 0.52. */
#define TRANSCRIPT_JSON_FLAGS JSON_REAL_PRECISION(9)

/* The shape above. Yours to release. Texts must be UTF-8. */
json_t *transcript_to_json(const struct transcript *transcript);
/* Back from that shape, everything checked: types, order, ranges, the maxima above. Members that
 * are not known are ignored. ERROR_CORRUPT when it is not a transcript. */
MUST_USE bool transcript_from_json(struct arena *arena, const json_t *json,
                                   struct transcript *transcript_out, struct error *error);

/* Name the speakers by channel, e.g. "caller" and "callee". The texts are borrowed for as long as
 * the transcript lives. Segments of channel -1 stay as they are. */
void transcript_speakers_name(struct transcript *transcript, const char *channel0,
                              const char *channel1);

enum transcript_format { TRANSCRIPT_TEXT, TRANSCRIPT_JSON, TRANSCRIPT_SRT, TRANSCRIPT_VTT };
/* "txt", "json", "srt" or "vtt"; false when it is none of them. */
MUST_USE bool transcript_format_parse(const char *name, enum transcript_format *format_out);
/* The media type to serve it with. */
const char *transcript_format_type(enum transcript_format format);

/*
 * For people and players:
 *   TRANSCRIPT_TEXT  a line a segment: "[00:03] agent: …" (no name where there is one track)
 *   TRANSCRIPT_JSON  the shape above, indented
 *   TRANSCRIPT_SRT   SubRip
 *   TRANSCRIPT_VTT   WebVTT (W3C), the speaker as a voice span
 * Look at text->is_full afterwards.
 */
void transcript_print(const struct transcript *transcript, enum transcript_format format,
                      struct text *text);

#endif

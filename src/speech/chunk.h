/*
 * Chunks: cuts one voice track into pieces that an engine can hear, from the voice probability of
 * each window. Pure but for the callback; memory is bounded by the longest piece.
 *
 *     probability   ▁▁▁▁▆█▇▂▆██▁▁▁▁▁▁▁▁▁▁▁▁▁▆██▇▁▁
 *     chunks            [  one     ]           [ two ]
 *
 * A piece begins where the probability passes `voice_min` and ends after `gap_s` without voice;
 * both ends are padded. A piece that would grow too long is cut where the voice is least.
 */
#ifndef SPEECH_CHUNK_H
#define SPEECH_CHUNK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/error.h"
#include "core/macros.h"

struct chunk {
    const float *samples; /* Borrowed for the callback. */
    size_t count;
    uint64_t first;      /* Where it lies: samples from the start of the track. */
    double voiced_s;     /* How much of it is voice. */
    float voice_highest; /* The highest probability in it. */
};

struct chunk_rules {
    float voice_min;  /* Voice begins at this probability... */
    float voice_keep; /* ...and goes on down to this one. */
    double pad_s;     /* Kept before and after. */
    double gap_s;     /* Silence that ends a piece. */
    double length_max_s;
    double voiced_min_s; /* Pieces with less voice are dropped. */
};
extern const struct chunk_rules chunk_rules_default;

/* Returns false with *error set to stop. */
typedef bool chunk_heard(void *context, const struct chunk *chunk, struct error *error);

struct chunker;

/* `rules` is copied. Never NULL. */
struct chunker *chunker_new(const struct chunk_rules *rules, chunk_heard *heard, void *context);
void chunker_free(struct chunker *chunker);
DEFINE_AUTO(chunker_free, struct chunker *, NULL)

/* One more window (VOICE_WINDOW samples). */
MUST_USE bool chunker_add(struct chunker *chunker, const float *samples, float probability,
                          struct error *error);
/* The end of the track: what is still open is heard. */
MUST_USE bool chunker_finish(struct chunker *chunker, struct error *error);

#endif

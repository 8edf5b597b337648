/* Composes a call: its legs' fields and its recordings, as a UCM would have written them. */
#ifndef SIMULATOR_LEGS_H
#define SIMULATOR_LEGS_H

#include "core/arena.h"
#include "simulator/book.h"

struct leg_counters {
    long long acct_id; /* The next row number. */
    unsigned channel;  /* The hex suffix of Asterisk's channels. */
    unsigned unique;   /* The part of a uniqueid after the dot. */
};

/* In the arena. NULL with *error set when an audio file cannot be read or a value is wrong. */
struct book_call *book_call_compose(struct arena *arena, const struct book_place *place,
                                    const struct simulator_call *call,
                                    struct leg_counters *counters,
                                    struct book_recording *recordings_out[SIMULATOR_RECORDINGS_MAX],
                                    struct error *error);

struct audio_facts {
    uint64_t bytes;
    char sha256[65];
    double seconds; /* Of a PCM WAV; 0 for anything else. */
};

MUST_USE bool book_audio_facts_read(const char *path, struct audio_facts *facts_out,
                                    struct error *error);

#endif

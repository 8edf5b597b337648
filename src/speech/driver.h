/*
 * What a speech engine must provide. Included by files in speech/ only. An engine lives in the
 * speech process: it opens its models before the cage closes and uses no file after.
 */
#ifndef SPEECH_DRIVER_H
#define SPEECH_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/error.h"

enum {
    VOICE_WINDOW = 512, /* Samples at 16 kHz that one voice probability stands for: 32 ms. */
    HEARD_WORDS_MAX = 1024,
};

struct heard_word {
    const char *word; /* Without spaces around. */
    double start;     /* Seconds from the first sample that was given. */
    double end;
    float confidence; /* 0..1 */
    bool is_first;    /* The engine starts a sentence (or a line) here. */
};

struct heard {
    struct heard_word words[HEARD_WORDS_MAX];
    size_t count;
    float no_speech;  /* The engine's own belief that nobody spoke, 0..1. */
    char language[8]; /* ISO 639-1; "" when the engine does not say. */
};

struct speech_engine; /* Each driver has its own. */
struct speech_options;

struct speech_driver {
    const char *name;
    const char *(*version)(void);

    bool (*open)(const struct speech_options *options, struct speech_engine **engine_out,
                 struct error *error);
    void (*close)(struct speech_engine *engine);

    /* How likely each window holds a voice. Remembers what came before, for each channel. */
    bool (*voice)(struct speech_engine *engine, unsigned channel, const float *samples,
                  size_t window_count, float *probabilities_out, struct error *error);

    /* The words in at most 30 s of sound. Texts come from `arena`. */
    bool (*hear)(struct speech_engine *engine, const float *samples, size_t count,
                 struct arena *arena, struct heard *heard_out, struct error *error);
};

/* The one that is built in, or NULL. */
const struct speech_driver *speech_driver_get(void);

#endif

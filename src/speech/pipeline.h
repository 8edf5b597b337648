/*
 * The pipeline: recording -> samples -> voice -> pieces -> words -> judged words -> transcript.
 *
 *     audio_read() --> driver->voice() --> chunker --> driver->hear() --> judge --> segments
 *          each channel on its own; memory is bounded by one piece and the transcript itself
 */
#ifndef SPEECH_PIPELINE_H
#define SPEECH_PIPELINE_H

#include "audio/audio.h"
#include "speech/chunk.h"
#include "speech/driver.h"
#include "speech/transcript.h"

struct pipeline {
    const struct speech_driver *driver;
    struct speech_engine *engine;
    const char *model;               /* Its name, for the transcript. */
    const struct chunk_rules *rules; /* How to cut; NULL: chunk_rules_default. */
    /* Told once what the recording is, then now and then how far it got (0..1). May be NULL. */
    void (*started)(void *context, const struct audio_facts *facts, unsigned channels);
    void (*progressed)(void *context, double fraction);
    void *context;
};

/* Everything in *transcript_out comes from `arena`, but cpu_seconds and wall_seconds, which are
 * left to the caller. */
MUST_USE bool pipeline_run(const struct pipeline *pipeline, int audio_file, struct arena *arena,
                           struct transcript *transcript_out, struct error *error);

#endif

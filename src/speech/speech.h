/*
 * Speech: from a recording to its transcript, in a process of its own.
 *
 * speech_transcribe() starts this program again with the hidden command `speech-child`, with an
 * empty environment and nothing open but the recording (to be read) and a pipe for the answer. The
 * child loads the models, locks itself in (no files, no network, no programs; limits on memory and
 * CPU time), and only then looks at the recording. Whatever a hostile or broken recording does to
 * it (crash, hang, eat memory), the caller gets an error that says so, and nothing else happens.
 */
#ifndef SPEECH_SPEECH_H
#define SPEECH_SPEECH_H

#include <stdbool.h>

#include "core/arena.h"
#include "core/error.h"
#include "speech/transcript.h"

/* An arena for a transcript and its making needs this much at most. */
#define SPEECH_ARENA_SIZE (256 * MIB)

struct speech_options {
    const char *model_path;    /* A ggml file of a Whisper model. */
    const char *vad_path;      /* A ggml file of the Silero voice detector. */
    unsigned threads;          /* 0: one. */
    double time_factor;        /* CPU seconds allowed for a second of audio and channel; 0: 3. */
    size_t memory_bytes_max;   /* Address space of the child; 0: 2 GiB. */
    unsigned wall_seconds_max; /* Stopped after this long at the latest; 0: by the length alone. */
    /* Called now and then with 0..1, from speech_transcribe(). May be NULL. */
    void (*progress)(void *context, double fraction);
    void *progress_context;
    const char *program; /* Started for the child; NULL: this program. */
};

/* Is an engine built in? Else *error says how to get one. */
MUST_USE bool speech_is_available(struct error *error);

/*
 * Find the models and fill in model_path and vad_path (texts from `arena`). `model` is what the
 * user named (--model or SPEECH_MODEL; may be NULL), `data_dir` is DATA_DIR (may be NULL). Looked
 * for in this order: `model` itself; DATA_DIR/models; ../models and ../../models beside this
 * program; /usr/share/audiapro/models. ERROR_NOT_FOUND names what is missing and how to get it.
 */
MUST_USE bool speech_models_find(struct arena *arena, const char *model, const char *data_dir,
                                 struct speech_options *options, struct error *error);

/*
 * Transcribe the recording open at `audio_file` (from its start; the offset is moved). `name`
 * is what people call it, for messages, or NULL; formats are told by content.
 * Blocks until done, at most for a time derived from the recording's length. Safe to call from
 * several threads at once. Channel 0 is the left one; see transcript_speakers_name().
 *
 * ERROR_NOT_FOUND: no engine or model. ERROR_INVALID: no recording that can be decoded.
 * ERROR_LIMIT: longer than is allowed. ERROR_TIMEOUT: the limits on time. ERROR_SYSTEM: the child
 * died (the message says of what), or could not be started.
 */
MUST_USE bool speech_transcribe(const struct speech_options *options, int audio_file,
                                const char *name, struct arena *arena,
                                struct transcript *transcript_out, struct error *error);

/* The hidden command's main(). Returns the exit status. */
int speech_child_main(int argc, char **argv);

#endif

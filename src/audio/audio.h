/*
 * Audio: what is in a recording, and its samples at 16 kHz.
 *
 * Reads what PBXs make: WAV (PCM 8/16/24/32 and float, A-law, mu-law, GSM 6.10, IMA and MS ADPCM),
 * raw GSM 6.10 (.gsm), MP3, Ogg (Opus, Vorbis), FLAC, AIFF, AU. Streams: memory does not grow with
 * the length. The bytes are hostile: in the server this is called in the speech process only, or
 * behind the limits below. A file that breaks off yields what can be decoded, and says so.
 */
#ifndef AUDIO_AUDIO_H
#define AUDIO_AUDIO_H

#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"
#include "core/macros.h"

enum {
    AUDIO_RATE = 16000,        /* Of the samples that a reader yields, per second. */
    AUDIO_CHANNELS_MAX = 2,    /* Of those as well; further ones are left out. */
    AUDIO_SECONDS_MAX = 14400, /* Four hours: longer recordings are refused. */
};

struct audio_facts {
    char container[16]; /* "wav", "gsm", "mp3", "ogg", "flac", "aiff", "au"; "other" */
    char codec[16];     /* "pcm_s16", "pcm_u8", "pcm_s24", "pcm_s32", "float", "alaw", "ulaw",
                           "gsm", "ima_adpcm", "ms_adpcm", "mp3", "opus", "vorbis"; "other" */
    unsigned rate;      /* As recorded. */
    unsigned channels;  /* As recorded. */
    double seconds;     /* Of what could be decoded; counted, not taken from the header. */
    float peak;         /* The loudest sample, 0..1. */
    bool is_dual_mono;  /* Two channels with the same sound in them; correlation above 0.98. */
    unsigned track;     /* The channel to take where one is enough: the louder of dual mono. */
    bool is_complete;   /* False: the file promises more than it holds, or breaks. */
    char trouble[160];  /* Why not, for people; "" when complete. */
};

/*
 * Decode the whole file once and say what it is. `file` must be a regular file; its offset neither
 * matters nor moves. Formats are told by their content, raw GSM by its frame marks (RFC 3551: each
 * frame of 33 bytes starts with the bits 1101).
 * ERROR_INVALID when nothing can be decoded, ERROR_LIMIT when it is too long.
 */
MUST_USE bool audio_inspect(int file, struct audio_facts *facts_out, struct error *error);

struct audio_reader;

/* Start again at the beginning of a file that was inspected. `file` stays the caller's. */
MUST_USE bool audio_open(int file, const struct audio_facts *facts,
                         struct audio_reader **reader_out, struct error *error);
void audio_close(struct audio_reader *reader);
DEFINE_AUTO(audio_close, struct audio_reader *, NULL)

/* Voice tracks of the reader: 1 or 2 (dual mono counts as 1). */
unsigned audio_channels(const struct audio_reader *reader);
/* The next frames at 16 kHz: channel c's go to samples_out[c]. Returns how many, 0 at the end; less
 * than asked for only at the end. */
size_t audio_read(struct audio_reader *reader, float *const samples_out[], size_t frames_max);

#endif

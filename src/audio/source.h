/* A recording opened for decoding, for files in audio/ only: libsndfile over pread(), so that the
 * file's offset does not matter, with every sample that comes out finite and within -1..1. */
#ifndef AUDIO_SOURCE_H
#define AUDIO_SOURCE_H

#include <sndfile.h>
#include <stdint.h>

#include "audio/audio.h"

enum { SOURCE_CHANNELS_MAX = 8, SOURCE_BLOCK_FRAMES = 4096 };

struct audio_source {
    SNDFILE *decoder;
    SF_INFO info;
    SF_VIRTUAL_IO io;
    int file;
    sf_count_t size;
    sf_count_t position;
    /* A WAV that was never closed names no length: reads see the true one instead. */
    sf_count_t length_at; /* Of the four bytes in the file; 0: nothing to mend. */
    unsigned char length[4];
};

/* Fill in `source`, which must stay where it is until source_close(). */
MUST_USE bool source_open(struct audio_source *source, int file, struct error *error);
void source_close(struct audio_source *source);
DEFINE_AUTO_CLEAR(source_close, struct audio_source)

/* At most SOURCE_BLOCK_FRAMES frames, channels interleaved. 0 at the end or where it breaks. */
size_t source_read(struct audio_source *source, float *samples_out);

/* Does the header promise more bytes than the file has? False, with a text for people, if so. */
bool source_is_whole(const struct audio_source *source, char *trouble_out, size_t trouble_size);

#endif

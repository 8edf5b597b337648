/* See source.h. */
#include "audio/source.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { GSM_FRAME_SIZE = 33, GSM_FRAMES_LOOKED_AT = 64, GSM_RATE = 8000 };
enum { RATE_MIN = 4000, RATE_MAX = 192000 };

static sf_count_t io_size(void *context)
{
    return ((struct audio_source *)context)->size;
}

static sf_count_t io_seek(sf_count_t offset, int whence, void *context)
{
    struct audio_source *source = context;
    sf_count_t base = whence == SEEK_SET ? 0 : whence == SEEK_CUR ? source->position : source->size;

    if (offset > source->size || offset < -source->size || base + offset < 0) {
        return -1;
    }
    source->position = base + offset;
    return source->position;
}

/* Put the true length over the one that was just read from [from, from + size). */
static void length_mend(const struct audio_source *source, unsigned char *bytes, sf_count_t from,
                        sf_count_t size)
{
    for (sf_count_t i = 0; source->length_at > 0 && i < (sf_count_t)sizeof source->length; i++) {
        sf_count_t at = source->length_at + i - from;
        if (at >= 0 && at < size) {
            bytes[at] = source->length[i];
        }
    }
}

static sf_count_t io_read(void *bytes_out, sf_count_t size, void *context)
{
    struct audio_source *source = context;
    sf_count_t done = 0;

    while (done < size) {
        ssize_t part = pread(source->file, (char *)bytes_out + done, (size_t)(size - done),
                             (off_t)source->position);
        if (part <= 0) {
            break;
        }
        done += part;
        source->position += part;
    }
    length_mend(source, bytes_out, source->position - done, done);
    return done;
}

static sf_count_t io_write(const void *bytes, sf_count_t size, void *context)
{
    (void)bytes;
    (void)size;
    (void)context;
    return 0;
}

static sf_count_t io_tell(void *context)
{
    return ((struct audio_source *)context)->position;
}

/* RFC 3551, 4.5.8.1: a frame of 33 bytes starts with the signature 0xD. */
static bool looks_like_gsm(const struct audio_source *source)
{
    unsigned char mark;
    sf_count_t frames = source->size / GSM_FRAME_SIZE;

    for (sf_count_t i = 0; i < frames && i < GSM_FRAMES_LOOKED_AT; i++) {
        if (pread(source->file, &mark, 1, (off_t)(i * GSM_FRAME_SIZE)) != 1 || mark >> 4 != 0xD) {
            return false;
        }
    }
    return frames > 0;
}

static uint32_t number_at(const unsigned char *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

/* The data chunk's start and the size it claims. A RIFF file is a list of (name, size, bytes). */
static bool wav_data_find(const struct audio_source *source, sf_count_t *start_out,
                          uint32_t *size_out)
{
    unsigned char head[12];
    sf_count_t at = 12;

    if (pread(source->file, head, 12, 0) != 12 || memcmp(head, "RIFF", 4) != 0 ||
        memcmp(head + 8, "WAVE", 4) != 0) {
        return false;
    }
    for (int chunk = 0; chunk < 64 && pread(source->file, head, 8, (off_t)at) == 8; chunk++) {
        uint32_t size = number_at(head + 4);
        if (memcmp(head, "data", 4) == 0) {
            *start_out = at + 8;
            *size_out = size;
            return true;
        }
        at += 8 + (sf_count_t)size + (size & 1);
    }
    return false;
}

static bool is_unclosed(uint32_t promised, sf_count_t held)
{
    return promised == UINT32_MAX || (promised == 0 && held > 0);
}

static void unclosed_mend(struct audio_source *source)
{
    sf_count_t start;
    uint32_t promised;

    if (wav_data_find(source, &start, &promised) && is_unclosed(promised, source->size - start)) {
        sf_count_t held = source->size - start;
        uint32_t length = held > UINT32_MAX - 1 ? UINT32_MAX - 1 : (uint32_t)held;
        source->length_at = start - (sf_count_t)sizeof source->length;
        for (size_t i = 0; i < sizeof source->length; i++) {
            source->length[i] = (unsigned char)(length >> 8 * i);
        }
    }
}

static void decoder_open(struct audio_source *source)
{
    source->position = 0;
    source->info = (SF_INFO){ 0 };
    source->decoder = sf_open_virtual(&source->io, SFM_READ, &source->info, source);
    if (source->decoder == NULL && looks_like_gsm(source)) {
        source->position = 0;
        source->info = (SF_INFO){ .samplerate = GSM_RATE,
                                  .channels = 1,
                                  .format = SF_FORMAT_RAW | SF_FORMAT_GSM610 };
        source->decoder = sf_open_virtual(&source->io, SFM_READ, &source->info, source);
    }
}

bool source_open(struct audio_source *source, int file, struct error *error)
{
    off_t size = lseek(file, 0, SEEK_END);

    *source = (struct audio_source){
        .io = { io_size, io_seek, io_read, io_write, io_tell },
        .file = file,
        .size = (sf_count_t)size,
    };
    if (size < 0) {
        return error_set(error, ERROR_INVALID, "the recording is no regular file");
    }
    if (size == 0) {
        return error_set(error, ERROR_INVALID, "the recording is empty");
    }
    unclosed_mend(source);
    decoder_open(source);
    if (source->decoder == NULL) {
        return error_set(error, ERROR_INVALID, "no recording in a format that can be decoded");
    }
    if (source->info.channels < 1 || source->info.channels > SOURCE_CHANNELS_MAX ||
        source->info.samplerate < RATE_MIN || source->info.samplerate > RATE_MAX) {
        int channels = source->info.channels;
        int rate = source->info.samplerate;
        source_close(source);
        return error_set(error, ERROR_INVALID,
                         "a recording of %d channels at %d Hz; 1 to %d channels at %d to %d Hz can "
                         "be decoded",
                         channels, rate, SOURCE_CHANNELS_MAX, RATE_MIN, RATE_MAX);
    }
    return true;
}

void source_close(struct audio_source *source)
{
    if (source->decoder != NULL) {
        IGNORE(sf_close(source->decoder), "nothing was written");
        source->decoder = NULL;
    }
}

size_t source_read(struct audio_source *source, float *samples_out)
{
    sf_count_t frames = sf_readf_float(source->decoder, samples_out, SOURCE_BLOCK_FRAMES);
    size_t count = frames < 0 ? 0 : (size_t)frames * (size_t)source->info.channels;

    for (size_t i = 0; i < count; i++) {
        float sample = samples_out[i];
        samples_out[i] = !isfinite(sample) ? 0 : sample > 1 ? 1 : sample < -1 ? -1 : sample;
    }
    return frames < 0 ? 0 : (size_t)frames;
}

bool source_is_whole(const struct audio_source *source, char *trouble_out, size_t trouble_size)
{
    sf_count_t start;
    uint32_t promised;

    if (!wav_data_find(source, &start, &promised)) {
        return true; /* Only WAV says how long it will be. */
    }
    long long held = (long long)(source->size - start);
    if (is_unclosed(promised, source->size - start)) {
        IGNORE(snprintf(trouble_out, trouble_size,
                        "the recording was not closed: its header names no length"),
               "cut is fine");
        return false;
    }
    if (held < (long long)promised) {
        IGNORE(snprintf(trouble_out, trouble_size,
                        "the recording breaks off: %lld of %lu bytes of sound are there", held,
                        (unsigned long)promised),
               "cut is fine");
        return false;
    }
    return true;
}

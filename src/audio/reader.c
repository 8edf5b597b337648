/* See audio.h: the samples of a recording at 16 kHz, one voice track or two, by libsoxr. */
#include <soxr.h>
#include <string.h>

#include "audio/source.h"
#include "core/memory.h"

enum { BLOCK_FRAMES = 4096 }; /* Of 16 kHz output, made at a time. */

struct audio_reader {
    struct audio_source source;
    soxr_t resampler;
    unsigned tracks;
    unsigned first_track;
    bool is_drained;   /* The source is at its end. */
    bool is_ended;     /* And so is the resampler. */
    float *input;      /* As decoded; then the tracks only, from input_used on. */
    size_t input_used; /* Frames. */
    size_t input_count;
    float *output; /* Tracks interleaved. */
    size_t output_used;
    size_t output_count;
};

void audio_close(struct audio_reader *reader)
{
    if (reader != NULL) {
        source_close(&reader->source);
        soxr_delete(reader->resampler);
        free(reader->input);
        free(reader->output);
        free(reader);
    }
}

bool audio_open(int file, const struct audio_facts *facts, struct audio_reader **reader_out,
                struct error *error)
{
    AUTO(audio_close) struct audio_reader *reader = memory_new(sizeof *reader);
    soxr_error_t trouble = NULL;

    if (!source_open(&reader->source, file, error)) {
        return false;
    }
    unsigned channels = (unsigned)reader->source.info.channels;
    reader->tracks = channels > 1 && !facts->is_dual_mono ? AUDIO_CHANNELS_MAX : 1;
    reader->first_track = facts->is_dual_mono && facts->track < channels ? facts->track : 0;
    soxr_io_spec_t io = soxr_io_spec(SOXR_FLOAT32_I, SOXR_FLOAT32_I);
    soxr_quality_spec_t quality = soxr_quality_spec(SOXR_HQ, 0);
    soxr_runtime_spec_t runtime = soxr_runtime_spec(1);
    reader->resampler = soxr_create(reader->source.info.samplerate, AUDIO_RATE, reader->tracks,
                                    &trouble, &io, &quality, &runtime);
    if (reader->resampler == NULL) {
        return error_set(error, ERROR_SYSTEM, "resample from %d Hz: %s",
                         reader->source.info.samplerate, trouble);
    }
    reader->input = memory_new(SOURCE_BLOCK_FRAMES * channels * sizeof *reader->input);
    reader->output = memory_new(BLOCK_FRAMES * reader->tracks * sizeof *reader->output);
    *reader_out = TAKE(reader);
    return true;
}

unsigned audio_channels(const struct audio_reader *reader)
{
    return reader->tracks;
}

/* Decode a block and leave only the tracks in it. */
static void input_fill(struct audio_reader *reader)
{
    size_t channels = (size_t)reader->source.info.channels;

    reader->input_used = 0;
    reader->input_count = source_read(&reader->source, reader->input);
    reader->is_drained = reader->input_count == 0;
    for (size_t i = 0; i < reader->input_count; i++) {
        for (size_t track = 0; track < reader->tracks; track++) {
            reader->input[i * reader->tracks + track] =
                reader->input[i * channels + reader->first_track + track];
        }
    }
}

static void output_fill(struct audio_reader *reader)
{
    reader->output_used = 0;
    reader->output_count = 0;
    while (reader->output_count == 0 && !reader->is_ended) {
        size_t taken = 0;
        if (!reader->is_drained && reader->input_used == reader->input_count) {
            input_fill(reader);
        }
        const float *input = reader->input + reader->input_used * reader->tracks;
        size_t waiting = reader->input_count - reader->input_used;
        soxr_error_t trouble =
            soxr_process(reader->resampler, reader->is_drained ? NULL : input, waiting, &taken,
                         reader->output, BLOCK_FRAMES, &reader->output_count);
        reader->input_used += taken;
        reader->is_ended = trouble != NULL || (reader->is_drained && reader->output_count == 0);
    }
}

size_t audio_read(struct audio_reader *reader, float *const samples_out[], size_t frames_max)
{
    size_t done = 0;

    while (done < frames_max) {
        if (reader->output_used == reader->output_count) {
            output_fill(reader);
            if (reader->is_ended) {
                break;
            }
        }
        size_t part = reader->output_count - reader->output_used;
        if (part > frames_max - done) {
            part = frames_max - done;
        }
        const float *from = reader->output + reader->output_used * reader->tracks;
        for (size_t i = 0; i < part * reader->tracks; i++) {
            samples_out[i % reader->tracks][done + i / reader->tracks] = from[i];
        }
        reader->output_used += part;
        done += part;
    }
    return done;
}

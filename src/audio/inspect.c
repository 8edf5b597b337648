/* See audio.h: what a recording is, by decoding all of it. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "audio/source.h"
#include "core/memory.h"

#define CORRELATION_SAME 0.98

struct format_name {
    int format;
    const char *name;
};

static const struct format_name containers[] = {
    { SF_FORMAT_WAV, "wav" }, { SF_FORMAT_WAVEX, "wav" }, { SF_FORMAT_RF64, "wav" },
    { SF_FORMAT_W64, "wav" }, { SF_FORMAT_RAW, "gsm" },   { SF_FORMAT_MPEG, "mp3" },
    { SF_FORMAT_OGG, "ogg" }, { SF_FORMAT_FLAC, "flac" }, { SF_FORMAT_AIFF, "aiff" },
    { SF_FORMAT_AU, "au" },
};

static const struct format_name codecs[] = {
    { SF_FORMAT_PCM_U8, "pcm_u8" },       { SF_FORMAT_PCM_S8, "pcm_s8" },
    { SF_FORMAT_PCM_16, "pcm_s16" },      { SF_FORMAT_PCM_24, "pcm_s24" },
    { SF_FORMAT_PCM_32, "pcm_s32" },      { SF_FORMAT_FLOAT, "float" },
    { SF_FORMAT_DOUBLE, "double" },       { SF_FORMAT_ULAW, "ulaw" },
    { SF_FORMAT_ALAW, "alaw" },           { SF_FORMAT_GSM610, "gsm" },
    { SF_FORMAT_IMA_ADPCM, "ima_adpcm" }, { SF_FORMAT_MS_ADPCM, "ms_adpcm" },
    { SF_FORMAT_VORBIS, "vorbis" },       { SF_FORMAT_OPUS, "opus" },
    { SF_FORMAT_MPEG_LAYER_I, "mp1" },    { SF_FORMAT_MPEG_LAYER_II, "mp2" },
    { SF_FORMAT_MPEG_LAYER_III, "mp3" },
};

static void name_put(char name_out[16], const struct format_name *names, size_t count, int format)
{
    const char *name = "other";

    for (size_t i = 0; i < count; i++) {
        if (names[i].format == format) {
            name = names[i].name;
            break;
        }
    }
    IGNORE(snprintf(name_out, 16, "%s", name), "every name is short");
}

/* Sums over the first two channels, for their likeness. */
struct sums {
    double left_left;
    double right_right;
    double left_right;
    float peak;
};

static void sums_add(struct sums *sums, const float *samples, size_t frames, size_t channels)
{
    for (size_t i = 0; i < frames; i++) {
        double left = samples[i * channels];
        double right = channels > 1 ? samples[i * channels + 1] : 0;
        sums->left_left += left * left;
        sums->right_right += right * right;
        sums->left_right += left * right;
        float loudest = (float)fmax(fabs(left), fabs(right));
        if (loudest > sums->peak) {
            sums->peak = loudest;
        }
    }
}

/* An inverted copy is a copy as well. */
static bool sums_are_alike(const struct sums *sums)
{
    double scale = sqrt(sums->left_left) * sqrt(sums->right_right);

    return scale > 0 && fabs(sums->left_right) > CORRELATION_SAME * scale;
}

static bool count_all(struct audio_source *source, struct audio_facts *facts, struct error *error)
{
    size_t channels = facts->channels;
    AUTO(free) float *samples = memory_new(SOURCE_BLOCK_FRAMES * channels * sizeof *samples);
    uint64_t frames_max = (uint64_t)facts->rate * AUDIO_SECONDS_MAX;
    struct sums sums = { 0 };
    uint64_t frames = 0;

    for (size_t part = source_read(source, samples); part > 0;
         part = source_read(source, samples)) {
        frames += part;
        if (frames > frames_max) {
            return error_set(error, ERROR_LIMIT,
                             "the recording is longer than %d hours, the most that is taken",
                             AUDIO_SECONDS_MAX / 3600);
        }
        sums_add(&sums, samples, part, channels);
    }
    if (frames == 0) {
        return error_set(error, ERROR_INVALID, "the recording holds no sound that can be decoded");
    }
    facts->seconds = (double)frames / facts->rate;
    facts->peak = sums.peak;
    facts->is_dual_mono = channels > 1 && sums_are_alike(&sums);
    facts->track = facts->is_dual_mono && sums.right_right > sums.left_left ? 1 : 0;
    return true;
}

static void completeness_judge(const struct audio_source *source, struct audio_facts *facts)
{
    double promised = (double)source->info.frames / facts->rate;

    facts->is_complete = source_is_whole(source, facts->trouble, sizeof facts->trouble);
    /* Estimates of compressed formats may be off by a frame; 60 ms is a wav49 block and a half. */
    if (facts->is_complete && source->info.frames < SF_COUNT_MAX &&
        facts->seconds < promised - 0.25) {
        facts->is_complete = false;
        IGNORE(snprintf(facts->trouble, sizeof facts->trouble,
                        "the recording breaks: %.1f of %.1f seconds can be decoded", facts->seconds,
                        promised),
               "cut is fine");
    }
}

bool audio_inspect(int file, struct audio_facts *facts_out, struct error *error)
{
    AUTO(source_close) struct audio_source source = { 0 };

    if (!source_open(&source, file, error)) {
        return false;
    }
    struct audio_facts facts = {
        .rate = (unsigned)source.info.samplerate,
        .channels = (unsigned)source.info.channels,
    };
    name_put(facts.container, containers, COUNT_OF(containers),
             source.info.format & SF_FORMAT_TYPEMASK);
    name_put(facts.codec, codecs, COUNT_OF(codecs), source.info.format & SF_FORMAT_SUBMASK);
    if (!count_all(&source, &facts, error)) {
        return false;
    }
    completeness_judge(&source, &facts);
    *facts_out = facts;
    return true;
}

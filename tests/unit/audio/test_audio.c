#include "check.h"

#include <math.h>
#include <sndfile.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audio/audio.h"
#include "core/file.h"
#include "core/memory.h"

enum { TONE_HZ = 440, SECONDS = 3 };

/* An empty file that is in no folder. */
static int file_new(void)
{
    int file = memfd_create("audio", MFD_CLOEXEC);

    CHECK(file >= 0);
    return file;
}

/* A tone (on channel 0; 1 gets `gain1` of it, or another tone when gain1 is NAN). */
static int tone_make(int format, int rate, int channels, double seconds, double gain1)
{
    int file = file_new();
    SF_INFO info = { .samplerate = rate, .channels = channels, .format = format };
    SNDFILE *writer = sf_open_fd(file, SFM_WRITE, &info, SF_FALSE);
    int frames = (int)(rate * seconds);
    AUTO(free) float *samples = memory_new((size_t)(frames * channels) * sizeof *samples);

    if (writer == NULL) {
        print_message("sndfile: %s (format %x)\n", sf_strerror(NULL), (unsigned)format);
    }
    CHECK(writer != NULL);
    for (int i = 0; i < frames; i++) {
        double tone = 0.5 * sin(2 * M_PI * TONE_HZ * i / rate);
        double other = 0.5 * sin(2 * M_PI * 1111 * i / rate);
        samples[i * channels] = (float)tone;
        if (channels > 1) {
            samples[i * channels + 1] = (float)(isnan(gain1) ? other : tone * gain1);
        }
    }
    CHECK_NUMBER(sf_writef_float(writer, samples, frames), frames);
    CHECK_NUMBER(sf_close(writer), 0);
    return file;
}

/* How much of the samples' energy is the tone: 1 for nothing but the tone. */
static double tone_share(const float *samples, size_t count, double hertz)
{
    double sine = 0;
    double cosine = 0;
    double energy = 0;

    for (size_t i = 0; i < count; i++) {
        double angle = 2 * M_PI * hertz * (double)i / AUDIO_RATE;
        sine += (double)samples[i] * sin(angle);
        cosine += (double)samples[i] * cos(angle);
        energy += (double)samples[i] * (double)samples[i];
    }
    return energy == 0 ? 0 : 2 * (sine * sine + cosine * cosine) / (double)count / energy;
}

struct decoded {
    struct audio_facts facts;
    float *samples[2];
    size_t count;
    unsigned channels;
};

static void decode(int file, struct decoded *decoded)
{
    struct error error = { 0 };
    size_t room = 20 * AUDIO_RATE;
    AUTO(audio_close) struct audio_reader *reader = NULL;

    bool is_known = audio_inspect(file, &decoded->facts, &error);
    if (!is_known) {
        print_message("%s\n", error.message);
    }
    CHECK(is_known);
    CHECK(audio_open(file, &decoded->facts, &reader, &error));
    decoded->channels = audio_channels(reader);
    decoded->samples[0] = memory_new(room * sizeof(float));
    decoded->samples[1] = memory_new(room * sizeof(float));
    decoded->count = audio_read(reader, decoded->samples, room);
    CHECK_NUMBER(audio_read(reader, decoded->samples, 1), 0);
}

static void decoded_clear(struct decoded *decoded)
{
    free(decoded->samples[0]);
    free(decoded->samples[1]);
}
DEFINE_AUTO_CLEAR(decoded_clear, struct decoded)

struct codec {
    int format;
    int rate;
    const char *container;
    const char *codec;
};

static const struct codec codecs[] = {
    { SF_FORMAT_WAV | SF_FORMAT_PCM_U8, 8000, "wav", "pcm_u8" },
    { SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, "wav", "pcm_s16" },
    { SF_FORMAT_WAV | SF_FORMAT_PCM_16, 16000, "wav", "pcm_s16" },
    { SF_FORMAT_WAV | SF_FORMAT_PCM_16, 44100, "wav", "pcm_s16" },
    { SF_FORMAT_WAV | SF_FORMAT_PCM_24, 48000, "wav", "pcm_s24" },
    { SF_FORMAT_WAV | SF_FORMAT_PCM_32, 8000, "wav", "pcm_s32" },
    { SF_FORMAT_WAV | SF_FORMAT_FLOAT, 16000, "wav", "float" },
    { SF_FORMAT_WAV | SF_FORMAT_ALAW, 8000, "wav", "alaw" },
    { SF_FORMAT_WAV | SF_FORMAT_ULAW, 8000, "wav", "ulaw" },
    { SF_FORMAT_WAV | SF_FORMAT_GSM610, 8000, "wav", "gsm" },
    { SF_FORMAT_WAV | SF_FORMAT_IMA_ADPCM, 8000, "wav", "ima_adpcm" },
    { SF_FORMAT_WAV | SF_FORMAT_MS_ADPCM, 8000, "wav", "ms_adpcm" },
    { SF_FORMAT_RAW | SF_FORMAT_GSM610, 8000, "gsm", "gsm" },
    { SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III, 16000, "mp3", "mp3" },
    { SF_FORMAT_OGG | SF_FORMAT_OPUS, 48000, "ogg", "opus" },
    { SF_FORMAT_OGG | SF_FORMAT_VORBIS, 16000, "ogg", "vorbis" },
    { SF_FORMAT_FLAC | SF_FORMAT_PCM_16, 8000, "flac", "pcm_s16" },
};

static void every_codec_of_a_pbx_is_decoded_to_16_khz(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(codecs); i++) {
        const struct codec *codec = &codecs[i];
        AUTO(file_close) int file = tone_make(codec->format, codec->rate, 1, SECONDS, 0);
        AUTO(decoded_clear) struct decoded decoded = { 0 };

        print_message("%s %s at %d Hz\n", codec->container, codec->codec, codec->rate);
        decode(file, &decoded);
        CHECK_TEXT(decoded.facts.container, codec->container);
        CHECK_TEXT(decoded.facts.codec, codec->codec);
        CHECK_NUMBER(decoded.facts.rate, codec->rate);
        CHECK_NUMBER(decoded.channels, 1);
        CHECK(decoded.facts.is_complete);
        CHECK(fabs(decoded.facts.seconds - SECONDS) < 0.15);
        CHECK(fabs((double)decoded.count / AUDIO_RATE - decoded.facts.seconds) < 0.01);
        CHECK(decoded.facts.peak > 0.4F);
        /* The first and last tenth of a second hold a codec's ringing. */
        CHECK(tone_share(decoded.samples[0] + 1600, decoded.count - 4800, TONE_HZ) > 0.8);
    }
}

static void stereo_keeps_its_channels_apart(void **state)
{
    (void)state;
    AUTO(file_close) int file = tone_make(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 2, 2, NAN);
    AUTO(decoded_clear) struct decoded decoded = { 0 };

    decode(file, &decoded);
    CHECK_NUMBER(decoded.channels, 2);
    CHECK(!decoded.facts.is_dual_mono);
    CHECK(tone_share(decoded.samples[0], decoded.count, TONE_HZ) > 0.99);
    CHECK(tone_share(decoded.samples[1], decoded.count, 1111) > 0.99);
}

static void the_same_sound_twice_is_one_track(void **state)
{
    (void)state;
    static const double gains[] = { 1, 0.1, -1, 1.5 };

    for (size_t i = 0; i < COUNT_OF(gains); i++) {
        AUTO(file_close)
        int file = tone_make(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 2, 2, gains[i]);
        AUTO(decoded_clear) struct decoded decoded = { 0 };

        decode(file, &decoded);
        CHECK(decoded.facts.is_dual_mono);
        CHECK_NUMBER(decoded.channels, 1);
        CHECK_NUMBER(decoded.facts.channels, 2);
        CHECK_NUMBER(decoded.facts.track, gains[i] > 1 ? 1 : 0);
        CHECK(tone_share(decoded.samples[0], decoded.count, TONE_HZ) > 0.99);
    }
}

static void a_silent_second_channel_is_no_dual_mono(void **state)
{
    (void)state;
    AUTO(file_close) int file = tone_make(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 2, 2, 0);
    AUTO(decoded_clear) struct decoded decoded = { 0 };

    decode(file, &decoded);
    CHECK(!decoded.facts.is_dual_mono);
    CHECK_NUMBER(decoded.channels, 2);
}

static void a_recording_that_breaks_off_yields_its_beginning_and_says_so(void **state)
{
    (void)state;
    static const int formats[] = { SF_FORMAT_PCM_16, SF_FORMAT_ULAW, SF_FORMAT_GSM610,
                                   SF_FORMAT_IMA_ADPCM };

    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        AUTO(file_close) int file = tone_make(SF_FORMAT_WAV | formats[i], 8000, 1, 4, 0);
        AUTO(decoded_clear) struct decoded decoded = { 0 };
        off_t size = lseek(file, 0, SEEK_END);

        CHECK(ftruncate(file, size / 2 + 3) == 0);
        decode(file, &decoded);
        CHECK(!decoded.facts.is_complete);
        CHECK(strstr(decoded.facts.trouble, "breaks off") != NULL);
        CHECK(decoded.facts.seconds > 1.7 && decoded.facts.seconds < 2.1);
        CHECK(tone_share(decoded.samples[0] + 1600, 24000, TONE_HZ) > 0.8);
    }
}

/* A PBX writes the lengths when it closes the file; a crash leaves what was there first. */
static void a_recording_that_was_never_closed_is_decoded(void **state)
{
    (void)state;
    static const unsigned char lengths[2][4] = { { 0, 0, 0, 0 }, { 255, 255, 255, 255 } };

    for (size_t i = 0; i < COUNT_OF(lengths); i++) {
        AUTO(file_close) int file = tone_make(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 2, 0);
        AUTO(decoded_clear) struct decoded decoded = { 0 };

        CHECK_NUMBER(pwrite(file, lengths[i], 4, 4), 4);
        CHECK_NUMBER(pwrite(file, lengths[i], 4, 40), 4);
        decode(file, &decoded);
        CHECK(!decoded.facts.is_complete);
        CHECK(strstr(decoded.facts.trouble, "not closed") != NULL);
        CHECK(fabs(decoded.facts.seconds - 2) < 0.01);
    }
}

static void refused(const void *bytes, size_t size, const char *why)
{
    AUTO(file_close) int file = file_new();
    struct audio_facts facts;
    struct error error = { 0 };

    CHECK_NUMBER(write(file, bytes, size), (ssize_t)size);
    CHECK(!audio_inspect(file, &facts, &error));
    CHECK_NUMBER(error.kind, ERROR_INVALID);
    CHECK(strstr(error.message, why) != NULL);
}

static void what_is_no_recording_is_refused(void **state)
{
    (void)state;
    static const char page[] = "<!DOCTYPE html><html><body>please log in</body></html>";
    unsigned char zeros[4096] = { 0 };

    refused("", 0, "empty");
    refused(page, sizeof page, "no recording");
    refused("RIFF", 4, "no recording");
    refused("RIFF\0\0\0\0WAVE", 12, "no recording");
    refused(zeros, sizeof zeros, "no recording");
    refused("{\"response\":{},\"status\":-6}", 27, "no recording");
}

static void a_header_without_sound_is_refused(void **state)
{
    (void)state;
    AUTO(file_close) int file = tone_make(SF_FORMAT_WAV | SF_FORMAT_PCM_16, 8000, 1, 0, 0);
    struct audio_facts facts;
    struct error error = { 0 };

    CHECK(!audio_inspect(file, &facts, &error));
    CHECK_NUMBER(error.kind, ERROR_INVALID);
}

static void a_pipe_is_refused(void **state)
{
    (void)state;
    struct audio_facts facts;
    struct error error = { 0 };
    int ends[2];

    CHECK(pipe(ends) == 0);
    CHECK(!audio_inspect(ends[0], &facts, &error));
    CHECK_NUMBER(error.kind, ERROR_INVALID);
    file_close(ends[0]);
    file_close(ends[1]);
}

static void samples_that_are_no_numbers_become_silence(void **state)
{
    (void)state;
    AUTO(file_close) int file = tone_make(SF_FORMAT_WAV | SF_FORMAT_FLOAT, 16000, 1, 1, 0);
    AUTO(decoded_clear) struct decoded decoded = { 0 };
    off_t size = lseek(file, 0, SEEK_END);
    float bad[] = { NAN, INFINITY, -INFINITY, 1e30F };

    CHECK_NUMBER(pwrite(file, bad, sizeof bad, size - 8000), sizeof bad);
    decode(file, &decoded);
    for (size_t i = 0; i < decoded.count; i++) {
        CHECK(isfinite(decoded.samples[0][i]));
    }
    CHECK(decoded.facts.peak <= 1);
}

/* Any byte may be wrong: no crash (this runs with sanitizers), and sane figures if it is accepted.
 */
static void damaged_files_do_no_harm(void **state)
{
    (void)state;
    srand(7);
    for (size_t i = 0; i < COUNT_OF(codecs); i++) {
        AUTO(file_close) int file = tone_make(codecs[i].format, codecs[i].rate, 1, 0.5, 0);
        off_t size = lseek(file, 0, SEEK_END);

        for (int round = 0; round < 40; round++) {
            struct audio_facts facts;
            struct error error = { 0 };
            unsigned char byte = (unsigned char)rand();
            off_t at = round % 2 == 0 ? rand() % (size < 128 ? size : 128) : rand() % size;
            CHECK_NUMBER(pwrite(file, &byte, 1, at), 1);
            if (audio_inspect(file, &facts, &error)) {
                CHECK(facts.seconds > 0 && facts.seconds <= AUDIO_SECONDS_MAX + 1);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_codec_of_a_pbx_is_decoded_to_16_khz),
        cmocka_unit_test(stereo_keeps_its_channels_apart),
        cmocka_unit_test(the_same_sound_twice_is_one_track),
        cmocka_unit_test(a_silent_second_channel_is_no_dual_mono),
        cmocka_unit_test(a_recording_that_breaks_off_yields_its_beginning_and_says_so),
        cmocka_unit_test(a_recording_that_was_never_closed_is_decoded),
        cmocka_unit_test(what_is_no_recording_is_refused),
        cmocka_unit_test(a_header_without_sound_is_refused),
        cmocka_unit_test(a_pipe_is_refused),
        cmocka_unit_test(samples_that_are_no_numbers_become_silence),
        cmocka_unit_test(damaged_files_do_no_harm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

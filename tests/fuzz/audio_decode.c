/* Any bytes as a recording: inspect, then read all samples. They must be finite and agree in
 * number. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audio/audio.h"
#include "core/file.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

enum { BLOCK = 4096, FRAMES_MAX = 64 * AUDIO_RATE };

static void read_all(int file, const struct audio_facts *facts)
{
    static float left[BLOCK];
    static float right[BLOCK];
    float *const samples[] = { left, right };
    AUTO(audio_close) struct audio_reader *reader = NULL;
    struct error error;
    size_t done = 0;

    if (!audio_open(file, facts, &reader, &error)) {
        return;
    }
    for (size_t part = audio_read(reader, samples, BLOCK); part > 0 && done < FRAMES_MAX;
         part = audio_read(reader, samples, BLOCK)) {
        done += part;
        for (size_t i = 0; i < part; i++) {
            if (!isfinite(left[i]) || !isfinite(right[i])) {
                abort();
            }
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    AUTO(file_close) int file = memfd_create("audio", MFD_CLOEXEC);
    struct audio_facts facts;
    struct error error;

    if (file >= 0 && write(file, bytes, size) == (ssize_t)size &&
        audio_inspect(file, &facts, &error)) {
        if (!(facts.seconds > 0) || !(facts.peak >= 0 && facts.peak <= 1)) {
            abort();
        }
        read_all(file, &facts);
    }
    return 0;
}

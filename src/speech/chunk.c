/* See chunk.h. All counting is in windows; the buffer holds the open piece, or the padding before
 * the next one. */
#include "speech/chunk.h"

#include <string.h>

#include "core/memory.h"
#include "speech/driver.h"

enum { SAMPLES_PER_SECOND = 16000 };

/* Set by the word error rate on the reference recordings (tools/bench-speech): an engine that is
 * given more of what was said around a word hears it better, and padding below 0.3 s costs first
 * words. */
const struct chunk_rules chunk_rules_default = {
    .voice_min = 0.5F,
    .voice_keep = 0.35F,
    .pad_s = 0.3,
    .gap_s = 0.9,
    .length_max_s = 28,
    .voiced_min_s = 0.09,
};

struct chunker {
    chunk_heard *heard;
    void *context;
    float voice_min;
    float voice_keep;
    size_t pad;
    size_t gap;
    size_t length_max;
    size_t voiced_min;

    bool is_open;
    size_t voice_end; /* Windows of the buffer up to the end of the last voiced one. */
    size_t count;     /* Windows in the buffer. */
    uint64_t first;   /* The buffer's first window, from the start of the track. */
    float *samples;
    float *probabilities;
};

static size_t windows(double seconds)
{
    return (size_t)(seconds * SAMPLES_PER_SECOND / VOICE_WINDOW + 0.5);
}

struct chunker *chunker_new(const struct chunk_rules *rules, chunk_heard *heard, void *context)
{
    struct chunker *chunker = memory_new(sizeof *chunker);

    *chunker = (struct chunker){
        .heard = heard,
        .context = context,
        .voice_min = rules->voice_min,
        .voice_keep = rules->voice_keep,
        .pad = windows(rules->pad_s),
        .gap = windows(rules->gap_s),
        .length_max = windows(rules->length_max_s),
        .voiced_min = windows(rules->voiced_min_s),
    };
    chunker->samples = memory_new(chunker->length_max * VOICE_WINDOW * sizeof(float));
    chunker->probabilities = memory_new(chunker->length_max * sizeof(float));
    return chunker;
}

void chunker_free(struct chunker *chunker)
{
    if (chunker != NULL) {
        free(chunker->samples);
        free(chunker->probabilities);
        free(chunker);
    }
}

/* Forget the buffer's first windows. */
static void buffer_drop(struct chunker *chunker, size_t count)
{
    size_t kept = chunker->count - count;

    memmove(chunker->samples, chunker->samples + count * VOICE_WINDOW,
            kept * VOICE_WINDOW * sizeof(float));
    memmove(chunker->probabilities, chunker->probabilities + count, kept * sizeof(float));
    chunker->first += count;
    chunker->count = kept;
    chunker->voice_end = chunker->voice_end > count ? chunker->voice_end - count : 0;
}

/* Let the buffer's first `count` windows be heard. */
static bool buffer_emit(struct chunker *chunker, size_t count, struct error *error)
{
    size_t voiced = 0;
    float highest = 0;

    for (size_t i = 0; i < count; i++) {
        voiced += chunker->probabilities[i] >= chunker->voice_keep;
        if (chunker->probabilities[i] > highest) {
            highest = chunker->probabilities[i];
        }
    }
    if (voiced == 0 || voiced < chunker->voiced_min) {
        return true;
    }
    struct chunk chunk = {
        .samples = chunker->samples,
        .count = count * VOICE_WINDOW,
        .first = chunker->first * VOICE_WINDOW,
        .voiced_s = (double)voiced * VOICE_WINDOW / SAMPLES_PER_SECOND,
        .voice_highest = highest,
    };
    return chunker->heard(chunker->context, &chunk, error);
}

static bool piece_close(struct chunker *chunker, struct error *error)
{
    size_t end = chunker->voice_end + chunker->pad;

    if (end > chunker->count) {
        end = chunker->count;
    }
    chunker->is_open = false;
    return buffer_emit(chunker, end, error);
}

/* The window of the second half with the least voice around it: the mean of three windows, so that
 * a single dip inside a word does not count as a pause. */
static size_t cut_find(const struct chunker *chunker)
{
    size_t best = chunker->count - 1;
    float least = 4;

    for (size_t i = chunker->count / 2; i + 1 < chunker->count; i++) {
        float around = chunker->probabilities[i - 1] + chunker->probabilities[i] +
                       chunker->probabilities[i + 1];
        if (around <= least) {
            least = around;
            best = i;
        }
    }
    return best;
}

static bool piece_cut(struct chunker *chunker, struct error *error)
{
    size_t cut = cut_find(chunker);
    bool is_heard = buffer_emit(chunker, cut, error);

    buffer_drop(chunker, cut);
    return is_heard;
}

bool chunker_add(struct chunker *chunker, const float *samples, float probability,
                 struct error *error)
{
    bool is_good = true;

    if (chunker->count == chunker->length_max) {
        is_good = piece_cut(chunker, error);
    }
    memcpy(chunker->samples + chunker->count * VOICE_WINDOW, samples, VOICE_WINDOW * sizeof(float));
    chunker->probabilities[chunker->count] = probability;
    chunker->count++;
    if (chunker->is_open ? probability >= chunker->voice_keep : probability >= chunker->voice_min) {
        chunker->is_open = true;
        chunker->voice_end = chunker->count;
    } else if (chunker->is_open && chunker->count - chunker->voice_end >= chunker->gap) {
        is_good = piece_close(chunker, error) && is_good;
    }
    if (!chunker->is_open && chunker->count > chunker->pad) {
        buffer_drop(chunker, chunker->count - chunker->pad);
    }
    return is_good;
}

bool chunker_finish(struct chunker *chunker, struct error *error)
{
    return !chunker->is_open || piece_close(chunker, error);
}

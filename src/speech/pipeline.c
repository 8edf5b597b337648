/* See pipeline.h. */
#include "speech/pipeline.h"

#include <math.h>
#include <string.h>

#include "core/memory.h"
#include "speech/judge.h"
#include "speech/speech.h"

enum { BLOCK_WINDOWS = 32, BLOCK_FRAMES = BLOCK_WINDOWS * VOICE_WINDOW }; /* About a second. */

#define PAUSE_SPLITS_S 1.0 /* Words this far apart stand in different segments. */

struct run {
    const struct pipeline *pipeline;
    struct arena *arena;
    struct heard *heard;
    unsigned channels;
    double speech_seconds;
    struct transcript_segment *segments; /* Grows; copied into the arena at the end. */
    size_t segment_count;
    size_t segment_room;
    size_t word_count;
    char language[8];
};

struct track {
    struct run *run;
    unsigned channel;
    struct chunker *chunker;
    float *samples;
};

static double clamp(double value, double least, double most)
{
    return value < least ? least : value > most ? most : value;
}

static double rounded(double seconds)
{
    return round(seconds * 1000) / 1000;
}

static bool segment_add(struct run *run, const struct transcript_segment *segment,
                        struct error *error)
{
    run->word_count += segment->word_count;
    if (run->segment_count == TRANSCRIPT_SEGMENTS_MAX || run->word_count > TRANSCRIPT_WORDS_MAX) {
        return error_set(error, ERROR_LIMIT, "more words than a recording can hold");
    }
    if (run->segment_count == run->segment_room) {
        run->segment_room = run->segment_room == 0 ? 64 : 2 * run->segment_room;
        run->segments = memory_resize(run->segments, run->segment_room * sizeof *run->segments);
    }
    run->segments[run->segment_count++] = *segment;
    return true;
}

/* The words [from, to) of what was heard as one segment. */
static bool words_add(struct track *track, const struct chunk *chunk, size_t from, size_t to,
                      struct error *error)
{
    struct run *run = track->run;
    AUTO(text_clear) struct text text = TEXT_UP_TO(64 * KIB);
    double base = (double)chunk->first / AUDIO_RATE;
    double last = (double)chunk->count / AUDIO_RATE;
    double earliest = 0;
    float sum = 0;

    struct transcript_word *words = arena_take(run->arena, (to - from) * sizeof *words);
    for (size_t i = from; i < to; i++) {
        const struct heard_word *heard = &run->heard->words[i];
        double start = clamp(heard->start, earliest, last);
        double end = clamp(heard->end, start, last);
        earliest = start;
        words[i - from] = (struct transcript_word){
            .word = heard->word,
            .start = rounded(base + start),
            .end = rounded(base + end),
            .confidence = (float)clamp(heard->confidence, 0, 1),
        };
        sum += words[i - from].confidence;
        text_print(&text, "%s%s", i > from ? " " : "", heard->word);
    }
    struct transcript_segment segment = {
        .channel = run->channels > 1 ? (int)track->channel : -1,
        .speaker = "speaker",
        .start = words[0].start,
        .end = words[to - from - 1].end,
        .text = arena_copy_text(run->arena, text_get(&text)),
        .confidence = sum / (float)(to - from),
        .words = words,
        .word_count = to - from,
    };
    return segment_add(run, &segment, error);
}

/* UTF-8 without control characters? Engines put texts together from pieces of bytes. */
static bool word_is_clean(const char *word)
{
    AUTO(json_release) json_t *judged = json_string(word);

    for (; *word != '\0'; word++) {
        if ((unsigned char)*word < ' ' || *word == 0x7f) {
            return false;
        }
    }
    return judged != NULL;
}

static void words_clean(struct heard *heard)
{
    size_t kept = 0;

    for (size_t i = 0; i < heard->count; i++) {
        if (word_is_clean(heard->words[i].word)) {
            heard->words[kept++] = heard->words[i];
        }
    }
    heard->count = kept;
}

static bool heard_add(struct track *track, const struct chunk *chunk, struct error *error)
{
    const struct heard *heard = track->run->heard;
    size_t from = 0;

    for (size_t i = 1; i <= heard->count; i++) {
        bool splits = i == heard->count || heard->words[i].is_first ||
                      heard->words[i].start - heard->words[i - 1].end > PAUSE_SPLITS_S;
        if (splits) {
            if (!words_add(track, chunk, from, i, error)) {
                return false;
            }
            from = i;
        }
    }
    return true;
}

static bool chunk_take(void *context, const struct chunk *chunk, struct error *error)
{
    struct track *track = context;
    struct run *run = track->run;
    const struct pipeline *pipeline = run->pipeline;

    if (!pipeline->driver->hear(pipeline->engine, chunk->samples, chunk->count, run->arena,
                                run->heard, error)) {
        return false;
    }
    if (run->language[0] == '\0') {
        memcpy(run->language, run->heard->language, sizeof run->language);
    }
    words_clean(run->heard);
    if (judge_heard(run->heard, chunk) == JUDGE_KEPT) {
        run->speech_seconds += chunk->voiced_s;
    }
    return heard_add(track, chunk, error);
}

static bool track_feed(struct track *track, size_t frames, struct error *error)
{
    const struct pipeline *pipeline = track->run->pipeline;
    float probabilities[BLOCK_WINDOWS];
    size_t windows = (frames + VOICE_WINDOW - 1) / VOICE_WINDOW;

    memset(track->samples + frames, 0, (windows * VOICE_WINDOW - frames) * sizeof(float));
    if (!pipeline->driver->voice(pipeline->engine, track->channel, track->samples, windows,
                                 probabilities, error)) {
        return false;
    }
    for (size_t i = 0; i < windows; i++) {
        if (!chunker_add(track->chunker, track->samples + i * VOICE_WINDOW, probabilities[i],
                         error)) {
            return false;
        }
    }
    return true;
}

static bool tracks_run(struct run *run, struct track *tracks, struct audio_reader *reader,
                       double seconds, struct error *error)
{
    const struct pipeline *pipeline = run->pipeline;
    float *samples[AUDIO_CHANNELS_MAX] = { tracks[0].samples, tracks[1].samples };
    double done = 0;

    for (size_t frames = audio_read(reader, samples, BLOCK_FRAMES); frames > 0;
         frames = audio_read(reader, samples, BLOCK_FRAMES)) {
        for (unsigned channel = 0; channel < run->channels; channel++) {
            if (!track_feed(&tracks[channel], frames, error)) {
                return false;
            }
        }
        done += (double)frames / AUDIO_RATE;
        if (pipeline->progressed != NULL) {
            pipeline->progressed(pipeline->context, clamp(done / seconds, 0, 1));
        }
    }
    for (unsigned channel = 0; channel < run->channels; channel++) {
        if (!chunker_finish(tracks[channel].chunker, error)) {
            return false;
        }
    }
    return true;
}

static int segments_compare(const void *a, const void *b)
{
    const struct transcript_segment *first = a;
    const struct transcript_segment *second = b;

    if (first->start != second->start) {
        return first->start < second->start ? -1 : 1;
    }
    return (first->channel > second->channel) - (first->channel < second->channel);
}

static bool run_reader(struct run *run, struct audio_reader *reader, double seconds,
                       struct error *error)
{
    struct track tracks[AUDIO_CHANNELS_MAX] = { 0 };
    const struct chunk_rules *rules =
        run->pipeline->rules == NULL ? &chunk_rules_default : run->pipeline->rules;

    for (unsigned i = 0; i < run->channels; i++) {
        tracks[i] = (struct track){
            .run = run,
            .channel = i,
            .chunker = chunker_new(rules, chunk_take, &tracks[i]),
            .samples = memory_new(BLOCK_FRAMES * sizeof(float)),
        };
    }
    bool is_done = tracks_run(run, tracks, reader, seconds, error);
    for (unsigned i = 0; i < run->channels; i++) {
        chunker_free(tracks[i].chunker);
        free(tracks[i].samples);
    }
    return is_done;
}

static void transcript_fill(const struct run *run, const struct audio_facts *facts,
                            struct transcript *transcript)
{
    size_t size = run->segment_count * sizeof *run->segments;

    *transcript = (struct transcript){
        .engine = run->pipeline->driver->name,
        .engine_version = run->pipeline->driver->version(),
        .model = run->pipeline->model,
        .language = arena_copy_text(run->arena, run->language[0] == '\0' ? "en" : run->language),
        .audio_seconds = rounded(facts->seconds),
        .speech_seconds = rounded(run->speech_seconds),
        .channels = (int)run->channels,
        .segments = arena_take(run->arena, size),
        .segment_count = run->segment_count,
        .warning = facts->is_complete ? NULL : arena_copy_text(run->arena, facts->trouble),
    };
    if (size > 0) {
        memcpy(transcript->segments, run->segments, size);
        qsort(transcript->segments, run->segment_count, sizeof *run->segments, segments_compare);
    }
}

bool pipeline_run(const struct pipeline *pipeline, int audio_file, struct arena *arena,
                  struct transcript *transcript_out, struct error *error)
{
    struct audio_facts facts;
    struct run run = { .pipeline = pipeline, .arena = arena };

    if (!audio_inspect(audio_file, &facts, error)) {
        return false;
    }
    AUTO(audio_close) struct audio_reader *reader = NULL;
    if (!audio_open(audio_file, &facts, &reader, error)) {
        return false;
    }
    run.channels = audio_channels(reader);
    if (pipeline->started != NULL) {
        pipeline->started(pipeline->context, &facts, run.channels);
    }
    run.heard = memory_new(sizeof *run.heard);
    bool is_done = run_reader(&run, reader, facts.seconds, error);
    if (is_done) {
        transcript_fill(&run, &facts, transcript_out);
    }
    free(run.heard);
    free(run.segments);
    return is_done;
}

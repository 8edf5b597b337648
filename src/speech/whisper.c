/*
 * The driver for whisper.cpp: Whisper for the words, Silero for the voice (both in ggml form).
 *
 * whisper_full_params.vad stays off: it would make a voice context with four threads that spin;
 * the voice contexts here run on one. Each piece is heard alone, so that an error cannot spread to
 * the next one, and the encoder's window (30 s, always paid in full) is cut to the piece's length.
 */
#include "speech/driver.h"

#ifdef SPEECH_ENGINE

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <whisper.h>

#include "audio/audio.h"
#include "core/memory.h"
#include "speech/speech.h"

/* The encoder sees 50 positions a second. The margin lets the decoder find the end of speech; the
 * multiple suits ggml's matrix blocks. */
enum { CONTEXT_PER_SECOND = 50, CONTEXT_MARGIN = 64, CONTEXT_MULTIPLE = 64, CONTEXT_MAX = 1500 };
enum { CONTEXT_MIN = 384 };
enum { SAMPLES_MIN = AUDIO_RATE * 11 / 10 }; /* whisper_full() refuses less than a second. */
enum { TOKENS_AT_LEAST = 16, TOKENS_PER_SECOND = 12 };

#define DOUBT_MAX 0.5F           /* More (mean of -ln p), and the piece is heard again in full. */
#define DOUBT_NOTHING_HEARD 9.0F /* No words at all where there was a voice. */
#define TEMPERATURE_STEP 0.4F    /* Greedy failed (looped, or guessed): try 0.4, then 0.8. */

struct speech_engine {
    struct whisper_context *whisper;
    struct whisper_vad_context *voices[AUDIO_CHANNELS_MAX];
    int threads;
    float *padded; /* For pieces shorter than a second. */
};

/* One piece being heard. */
struct hearing {
    struct arena *arena;
    struct heard *heard;
    float doubt; /* Mean negative log-probability of the tokens. */
    int tokens;
    int word_tokens; /* Tokens in the last word. */
};

static void log_nothing(enum ggml_log_level level, const char *text, void *context)
{
    (void)level;
    (void)text;
    (void)context;
}

static const char *engine_version(void)
{
    return whisper_version();
}

static void engine_close(struct speech_engine *engine)
{
    if (engine == NULL) {
        return;
    }
    for (size_t i = 0; i < COUNT_OF(engine->voices); i++) {
        whisper_vad_free(engine->voices[i]);
    }
    whisper_free(engine->whisper);
    free(engine->padded);
    free(engine);
}
DEFINE_AUTO(engine_close, struct speech_engine *, NULL)

static bool engine_open(const struct speech_options *options, struct speech_engine **engine_out,
                        struct error *error)
{
    AUTO(engine_close) struct speech_engine *engine = memory_new(sizeof *engine);
    struct whisper_context_params settings = whisper_context_default_params();
    struct whisper_vad_context_params voice_settings = whisper_vad_default_context_params();

    whisper_log_set(log_nothing, NULL);
    settings.use_gpu = false;
    voice_settings.use_gpu = false;
    voice_settings.n_threads = 1;
    engine->threads = options->threads == 0 ? 1 : (int)options->threads;
    engine->padded = memory_new(SAMPLES_MIN * sizeof *engine->padded);
    engine->whisper = whisper_init_from_file_with_params(options->model_path, settings);
    if (engine->whisper == NULL) {
        return error_set(error, ERROR_NOT_FOUND, "the speech model '%s' cannot be loaded",
                         options->model_path);
    }
    for (size_t i = 0; i < COUNT_OF(engine->voices); i++) {
        engine->voices[i] =
            whisper_vad_init_from_file_with_params(options->vad_path, voice_settings);
        if (engine->voices[i] == NULL) {
            return error_set(error, ERROR_NOT_FOUND, "the voice detector '%s' cannot be loaded",
                             options->vad_path);
        }
        whisper_vad_reset_state(engine->voices[i]); /* Its memory is not zeroed before. */
    }
    *engine_out = TAKE(engine);
    return true;
}

static bool engine_voice(struct speech_engine *engine, unsigned channel, const float *samples,
                         size_t window_count, float *probabilities_out, struct error *error)
{
    struct whisper_vad_context *voice = engine->voices[channel];

    if (!whisper_vad_detect_speech_no_reset(voice, samples, (int)(window_count * VOICE_WINDOW)) ||
        (size_t)whisper_vad_n_probs(voice) != window_count) {
        return error_set(error, ERROR_SYSTEM, "the voice detector failed");
    }
    memcpy(probabilities_out, whisper_vad_probs(voice), window_count * sizeof(float));
    return true;
}

/* Add a token to the last word, or start one: tokens that begin with a space begin a word. */
static void token_add(struct hearing *hearing, const char *text, const whisper_token_data *token,
                      bool is_first)
{
    struct heard *heard = hearing->heard;
    double start = (double)token->t0 / 100;
    double end = (double)token->t1 / 100;

    if (heard->count == 0 || text[0] == ' ' || is_first) {
        if (heard->count == HEARD_WORDS_MAX) {
            return;
        }
        hearing->word_tokens = 1;
        heard->words[heard->count++] = (struct heard_word){
            .word = arena_copy_text(hearing->arena, text + (text[0] == ' ')),
            .start = start,
            .end = end,
            .confidence = token->p,
            .is_first = is_first,
        };
        return;
    }
    struct heard_word *word = &heard->words[heard->count - 1];
    float count = (float)hearing->word_tokens++;
    word->word = arena_print(hearing->arena, "%s%s", word->word, text);
    word->end = fmax(end, word->end);
    word->confidence = (word->confidence * count + token->p) / (count + 1);
}

static void segment_take(struct hearing *hearing, struct whisper_context *whisper, int segment)
{
    bool is_first = true;

    for (int i = 0; i < whisper_full_n_tokens(whisper, segment); i++) {
        whisper_token_data token = whisper_full_get_token_data(whisper, segment, i);
        const char *text = whisper_full_get_token_text(whisper, segment, i);
        if (token.id >= whisper_token_eot(whisper) || text == NULL || text[0] == '\0') {
            continue; /* Time marks and the like. */
        }
        token_add(hearing, text, &token, is_first);
        hearing->doubt -= token.plog;
        hearing->tokens++;
        is_first = false;
    }
    hearing->heard->no_speech =
        fmaxf(hearing->heard->no_speech, whisper_full_get_segment_no_speech_prob(whisper, segment));
}

/* The encoder's window for so many samples. */
static int context_for(size_t count)
{
    int context = (int)(count * CONTEXT_PER_SECOND / AUDIO_RATE) + CONTEXT_MARGIN;

    context = (context + CONTEXT_MULTIPLE - 1) / CONTEXT_MULTIPLE * CONTEXT_MULTIPLE;
    context = context < CONTEXT_MIN ? CONTEXT_MIN : context;
    return context > CONTEXT_MAX ? CONTEXT_MAX : context;
}

static struct whisper_full_params settings_for(const struct speech_engine *engine, size_t count)
{
    struct whisper_full_params settings = whisper_full_default_params(WHISPER_SAMPLING_GREEDY);
    int seconds = (int)(count / AUDIO_RATE) + 1;

    settings.n_threads = engine->threads;
    settings.language = whisper_is_multilingual(engine->whisper) ? "auto" : "en";
    settings.no_context = true;
    settings.token_timestamps = true;
    settings.suppress_blank = true;
    settings.suppress_nst = true;
    settings.max_tokens = TOKENS_AT_LEAST + TOKENS_PER_SECOND * seconds;
    settings.greedy.best_of = 1;
    settings.print_progress = false;
    settings.print_realtime = false;
    settings.print_timestamps = false;
    return settings;
}

/* One try with an encoder window of `context` positions. */
static bool hear_once(struct speech_engine *engine, const float *samples, size_t count, int context,
                      struct hearing *hearing)
{
    struct whisper_full_params settings = settings_for(engine, count);

    settings.audio_ctx = context;
    settings.temperature_inc = context < CONTEXT_MAX ? 0 : TEMPERATURE_STEP;
    hearing->heard->count = 0;
    hearing->heard->no_speech = 0;
    hearing->doubt = 0;
    hearing->tokens = 0;
    if (whisper_full(engine->whisper, settings, samples, (int)count) != 0) {
        return false;
    }
    for (int i = 0; i < whisper_full_n_segments(engine->whisper); i++) {
        segment_take(hearing, engine->whisper, i);
    }
    hearing->doubt =
        hearing->tokens == 0 ? DOUBT_NOTHING_HEARD : hearing->doubt / (float)hearing->tokens;
    return true;
}

static bool engine_hear(struct speech_engine *engine, const float *samples, size_t count,
                        struct arena *arena, struct heard *heard_out, struct error *error)
{
    struct hearing hearing = { .arena = arena, .heard = heard_out };

    if (count < SAMPLES_MIN) {
        memset(engine->padded, 0, SAMPLES_MIN * sizeof *engine->padded);
        memcpy(engine->padded, samples, count * sizeof *samples);
        samples = engine->padded;
        count = SAMPLES_MIN;
    }
    int context = context_for(count);
    bool is_heard = hear_once(engine, samples, count, context, &hearing);
    if (is_heard && context < CONTEXT_MAX && hearing.doubt > DOUBT_MAX) {
        is_heard = hear_once(engine, samples, count, CONTEXT_MAX, &hearing);
    }
    if (!is_heard) {
        return error_set(error, ERROR_SYSTEM, "the speech engine failed");
    }
    const char *language = whisper_lang_str(whisper_full_lang_id(engine->whisper));
    IGNORE(snprintf(heard_out->language, sizeof heard_out->language, "%s",
                    language == NULL ? "" : language),
           "codes are short");
    return true;
}

static const struct speech_driver driver = {
    .name = "whisper.cpp",
    .version = engine_version,
    .open = engine_open,
    .close = engine_close,
    .voice = engine_voice,
    .hear = engine_hear,
};

const struct speech_driver *speech_driver_get(void)
{
    return &driver;
}

#else

const struct speech_driver *speech_driver_get(void)
{
    return NULL;
}

#endif

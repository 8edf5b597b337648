/* The speech process: opens the models, closes the cage, and only then looks at the recording. It
 * prints nothing and reads nothing but what it was given; see wire.h for what it says. */
#include <errno.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/json.h"
#include "core/memory.h"
#include "speech/driver.h"
#include "speech/pipeline.h"
#include "speech/sandbox.h"
#include "speech/speech.h"
#include "speech/wire.h"

enum { CPU_SECONDS_AT_FIRST = 300 }; /* Until the length of the recording is known. */
#define PROGRESS_STEP 0.01

struct child {
    double progress_told;
};

/* One line to the parent. There is nobody to tell when it cannot be written. */
static void line_send(json_t *message)
{
    struct error error;
    char *line = json_dumps(message, JSON_COMPACT | TRANSCRIPT_JSON_FLAGS);

    json_decref(message);
    if (line == NULL || !file_write_all(WIRE_ANSWER_FILE, line, strlen(line), &error) ||
        !file_write_all(WIRE_ANSWER_FILE, "\n", 1, &error)) {
        _exit(EXIT_FAILURE);
    }
    free(line);
}

static void started(void *context, const struct audio_facts *facts, unsigned channels)
{
    (void)context;
    line_send(
        json_pack("{s:{s:f,s:i}}", "audio", "seconds", facts->seconds, "channels", (int)channels));
}

static void progressed(void *context, double fraction)
{
    struct child *child = context;

    if (fraction >= child->progress_told + PROGRESS_STEP) {
        child->progress_told = fraction;
        line_send(json_pack("{s:f}", "progress", fraction));
    }
}

/* "ggml-base.en.bin" is called "base.en". */
static const char *model_name(struct arena *arena, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *start = slash == NULL ? path : slash + 1;

    if (strncmp(start, "ggml-", 5) == 0) {
        start += 5;
    }
    size_t length = strlen(start);
    if (length > 4 && strcmp(start + length - 4, ".bin") == 0) {
        length -= 4;
    }
    return arena_copy(arena, start, length);
}

static bool transcribe(const struct speech_options *options, struct arena *arena,
                       struct transcript *transcript_out, struct error *error)
{
    const struct speech_driver *driver = speech_driver_get();
    struct speech_engine *engine = NULL;
    struct child child = { 0 };

    if (!speech_is_available(error) ||
        !sandbox_limit(options->memory_bytes_max, CPU_SECONDS_AT_FIRST, error) ||
        !driver->open(options, &engine, error) || !sandbox_close(error)) {
        return false; /* The process ends now; nothing is worth closing. */
    }
    struct pipeline pipeline = {
        .driver = driver,
        .engine = engine,
        .model = model_name(arena, options->model_path),
        .started = started,
        .progressed = progressed,
        .context = &child,
    };
    return pipeline_run(&pipeline, WIRE_AUDIO_FILE, arena, transcript_out, error);
}

/* speech-child MODEL VAD THREADS MEMORY_BYTES */
int speech_child_main(int argc, char **argv)
{
    struct arena *arena = arena_new(SPEECH_ARENA_SIZE);
    struct transcript transcript;
    struct error error = { 0 };

    if (argc != 5) {
        return 2; /* Not for people. */
    }
    /* An arena for each thread would take its own 64 MiB of the address space. */
    IGNORE(mallopt(M_ARENA_MAX, 1), "the default works as well");
    struct speech_options options = {
        .model_path = argv[1],
        .vad_path = argv[2],
        .threads = (unsigned)strtoul(argv[3], NULL, 10),
        .memory_bytes_max = (size_t)strtoull(argv[4], NULL, 10),
    };
    if (transcribe(&options, arena, &transcript, &error)) {
        line_send(json_pack("{s:o}", "transcript", transcript_to_json(&transcript)));
    } else {
        line_send(json_pack("{s:{s:s,s:s}}", "error", "kind", wire_kind_name(error.kind), "message",
                            error.message));
    }
    _exit(EXIT_SUCCESS);
}

/* See transcribe.h. */
#include "cli/transcribe.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/flags.h"
#include "core/file.h"
#include "speech/speech.h"

struct request {
    const char *file;
    const char *model;
    enum transcript_format format;
    char left[64];
    char right[64];
    unsigned threads;
    bool is_quiet;
};

static int refuse(const char *what, const char *value)
{
    fprintf(stderr, "audiapro transcribe: %s '%s'; see audiapro transcribe --help\n", what, value);
    return EXIT_USAGE;
}

/* "agent,customer"; false when it is not two names. */
static bool channels_parse(const char *names, struct request *request)
{
    const char *comma = strchr(names, ',');
    size_t left = comma == NULL ? 0 : (size_t)(comma - names);

    if (comma == NULL || left == 0 || left >= sizeof request->left || comma[1] == '\0' ||
        strlen(comma + 1) >= sizeof request->right || strchr(comma + 1, ',') != NULL) {
        return false;
    }
    IGNORE(snprintf(request->left, sizeof request->left, "%.*s", (int)left, names), "measured");
    IGNORE(snprintf(request->right, sizeof request->right, "%s", comma + 1), "measured");
    return true;
}

static bool threads_parse(const char *text, unsigned *threads_out)
{
    char *end;
    unsigned long threads = strtoul(text, &end, 10);

    *threads_out = (unsigned)threads;
    return end != text && *end == '\0' && threads >= 1 && threads <= 64;
}

static int request_judge(struct request *request, const char *format, const char *channels,
                         const char *threads)
{
    if (format != NULL && !transcript_format_parse(format, &request->format)) {
        return refuse("--format is txt, json, srt or vtt, not", format);
    }
    if (channels != NULL && !channels_parse(channels, request)) {
        return refuse("--channels are two names with a comma between, not", channels);
    }
    if (threads != NULL && !threads_parse(threads, &request->threads)) {
        return refuse("--threads is a number from 1 to 64, not", threads);
    }
    return EXIT_FINE;
}

/* False when the command is over. */
static bool request_read(int argc, char **argv, struct request *request, int *status_out)
{
    const char *format = NULL;
    const char *channels = NULL;
    const char *threads = NULL;
    const struct flag flags[] = {
        { "--format", "FORMAT", NULL, &format, "txt (default), json, srt or vtt" },
        { "--channels", "A,B", NULL, &channels,
          "names of the left and the right speaker; caller,callee if not given" },
        { "--model", "FILE", NULL, &request->model,
          "a Whisper model in ggml form; else SPEECH_MODEL, else the one that is found" },
        { "--threads", "N", NULL, &threads, "processors to use; 1 if not given" },
        { "--quiet", NULL, &request->is_quiet, NULL, "no progress" },
    };
    const struct usage usage = {
        .command = "transcribe",
        .words = "FILE",
        .about = "Writes what is said in a recording to standard output. Reads WAV (PCM, A-law,\n"
                 "mu-law, GSM, ADPCM), raw GSM, MP3, Ogg and FLAC. The channels of a stereo\n"
                 "recording are its speakers. Models are looked for in DATA_DIR/models, beside\n"
                 "this program, and in /usr/share/audiapro/models.",
        .flags = flags,
        .flag_count = COUNT_OF(flags),
        .word_count_min = 1,
        .word_count_max = 1,
    };
    struct words words;

    if (!flags_read(&usage, argc, argv, &words, status_out)) {
        return false;
    }
    request->file = words.text[0];
    *status_out = request_judge(request, format, channels, threads);
    return *status_out == EXIT_FINE;
}

static void progress_show(void *context, double fraction)
{
    (void)context;
    fprintf(stderr, "\rtranscribing: %3.0f %%", fraction * 100);
    fflush(stderr);
}

static void progress_wipe(void)
{
    fputs("\r\033[K", stderr);
}

static bool file_transcribe(const struct request *request, struct arena *arena,
                            struct transcript *transcript_out, struct error *error)
{
    bool shows_progress = !request->is_quiet && isatty(STDERR_FILENO);
    struct speech_options speech = {
        .threads = request->threads,
        .progress = shows_progress ? progress_show : NULL,
    };
    const char *model = request->model == NULL ? getenv("SPEECH_MODEL") : request->model;

    AUTO(file_close) int file = open(request->file, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return error_set_errno(error, "open '%s'", request->file);
    }
    if (!speech_is_available(error) ||
        !speech_models_find(arena, model, getenv("DATA_DIR"), &speech, error)) {
        return false;
    }
    bool is_done = speech_transcribe(&speech, file, request->file, arena, transcript_out, error);
    if (shows_progress) {
        progress_wipe();
    }
    return is_done;
}

int cli_transcribe(int argc, char **argv)
{
    struct request request = { .left = "caller", .right = "callee" };
    struct transcript transcript;
    struct error error;
    int status;

    if (!request_read(argc, argv, &request, &status)) {
        return status;
    }
    AUTO(arena_free) struct arena *arena = arena_new(SPEECH_ARENA_SIZE);
    if (!file_transcribe(&request, arena, &transcript, &error)) {
        fprintf(stderr, "audiapro transcribe: %s\n", error.message);
        return EXIT_PROBLEM;
    }
    if (transcript.warning != NULL) {
        fprintf(stderr, "audiapro transcribe: %s\n", transcript.warning);
    }
    transcript_speakers_name(&transcript, request.left, request.right);
    AUTO(text_clear) struct text text = TEXT_UP_TO(SPEECH_ARENA_SIZE);
    transcript_print(&transcript, request.format, &text);
    fputs(text_get(&text), stdout);
    return fflush(stdout) == 0 ? EXIT_FINE : EXIT_PROBLEM;
}

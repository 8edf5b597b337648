/* See transcribe.h. */
#include "cli/transcribe.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "speech/speech.h"

enum { EXIT_OK = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };

static const char HELP[] =
    "usage: audiapro transcribe FILE [options]\n"
    "\n"
    "Writes what is said in a recording to standard output. Reads WAV (PCM, A-law, mu-law,\n"
    "GSM, ADPCM), raw GSM, MP3, Ogg and FLAC. The channels of a stereo recording are its "
    "speakers.\n"
    "\n"
    "  --format FORMAT      txt (the default), json, srt or vtt\n"
    "  --channels A,B       names of the left and right speaker; caller,callee if not given\n"
    "  --model FILE         a Whisper model in ggml form; else SPEECH_MODEL, else the one found "
    "in\n"
    "                       DATA_DIR/models, beside this program, or /usr/share/audiapro/models\n"
    "  --threads N          processors to use; 1 if not given\n"
    "  --quiet              no progress\n"
    "  --help               this text\n"
    "\n"
    "Exit status: 0 done, 1 it failed, 2 wrong usage.\n";

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

static const struct option options[] = {
    { "format", required_argument, NULL, 'f' },
    { "channels", required_argument, NULL, 'c' },
    { "model", required_argument, NULL, 'm' },
    { "threads", required_argument, NULL, 't' },
    { "quiet", no_argument, NULL, 'q' },
    { "help", no_argument, NULL, 'h' },
    { NULL, 0, NULL, 0 },
};

/* -1: go on; else the exit status. */
static int option_take(int letter, char **argv, struct request *request)
{
    switch (letter) {
    case 'f':
        return transcript_format_parse(optarg, &request->format)
                   ? -1
                   : refuse("--format is txt, json, srt or vtt, not", optarg);
    case 'c':
        return channels_parse(optarg, request)
                   ? -1
                   : refuse("--channels are two names with a comma between, not", optarg);
    case 't':
        return threads_parse(optarg, &request->threads)
                   ? -1
                   : refuse("--threads is a number from 1 to 64, not", optarg);
    case 'm':
        request->model = optarg;
        return -1;
    case 'q':
        request->is_quiet = true;
        return -1;
    case 'h':
        fputs(HELP, stdout);
        return EXIT_OK;
    case ':':
        return refuse("a value is missing after", argv[optind - 1]);
    default:
        return refuse("there is no option", argv[optind - 1]);
    }
}

static int arguments_read(int argc, char **argv, struct request *request)
{
    optind = 0; /* Start afresh, whoever used getopt before. */
    for (int letter = getopt_long(argc, argv, ":", options, NULL); letter != -1;
         letter = getopt_long(argc, argv, ":", options, NULL)) {
        int status = option_take(letter, argv, request);
        if (status != -1) {
            return status;
        }
    }
    if (optind == argc) {
        fputs("audiapro transcribe: name a FILE; see audiapro transcribe --help\n", stderr);
        return EXIT_USAGE;
    }
    if (optind + 1 < argc) {
        return refuse("one FILE at a time, not also", argv[optind + 1]);
    }
    request->file = argv[optind];
    return -1;
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

    int status = arguments_read(argc, argv, &request);
    if (status != -1) {
        return status;
    }
    AUTO(arena_free) struct arena *arena = arena_new(SPEECH_ARENA_SIZE);
    if (!file_transcribe(&request, arena, &transcript, &error)) {
        fprintf(stderr, "audiapro transcribe: %s\n", error.message);
        return EXIT_FAILED;
    }
    if (transcript.warning != NULL) {
        fprintf(stderr, "audiapro transcribe: %s\n", transcript.warning);
    }
    transcript_speakers_name(&transcript, request.left, request.right);
    AUTO(text_clear) struct text text = TEXT_UP_TO(SPEECH_ARENA_SIZE);
    transcript_print(&transcript, request.format, &text);
    fputs(text_get(&text), stdout);
    return fflush(stdout) == 0 ? EXIT_OK : EXIT_FAILED;
}

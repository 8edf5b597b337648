/*
 * See speech.h: the side that starts the speech process and does not trust it.
 *
 * The child is believed in one thing only: the length of the recording, up to the longest allowed;
 * the limits on time follow from it. Its answer is parsed like anything from outside.
 */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audio/audio.h"
#include "core/crash.h"
#include "core/file.h"
#include "core/json.h"
#include "core/text.h"
#include "core/time.h"
#include "speech/speech.h"
#include "speech/wire.h"

#define TIME_FACTOR_DEFAULT 3.0
#define MEMORY_DEFAULT (2 * GIB)

enum {
    CPU_SECONDS_BASE = 120,   /* For the models and for decoding. */
    WALL_PER_CPU = 4,         /* The machine may be busy with other work. */
    WALL_SECONDS_FIRST = 900, /* Until the recording's length is known. */
    READ_SIZE = 64 * 1024,
};

struct talk {
    const struct speech_options *options;
    struct arena *arena;
    struct transcript *transcript;
    struct error *error;
    pid_t child;
    int answer; /* Where the child's lines come from. */
    int64_t started_at;
    int64_t deadline_at;
    unsigned cpu_seconds; /* What it may use. */
    struct text line;
    size_t received;
    bool is_answered; /* The end was said: transcript or error. */
    bool is_good;     /* It was a transcript. */
};

/* Only what may be called between fork() and exec() of a program with threads. */
static _Noreturn void child_become(const char *program, char *const arguments[], int audio,
                                   int answer, pid_t parent)
{
    static char *const no_environment[] = { NULL };
    sigset_t none;

    /* Out of the way first: the numbers wanted may be in use for one another. */
    int high_audio = fcntl(audio, F_DUPFD, 10);
    int high_answer = fcntl(answer, F_DUPFD, 10);
    int nothing = open("/dev/null", O_RDWR);
    if (high_audio < 0 || high_answer < 0 || nothing < 0 || dup2(high_audio, WIRE_AUDIO_FILE) < 0 ||
        dup2(high_answer, WIRE_ANSWER_FILE) < 0 || dup2(nothing, 0) < 0 || dup2(nothing, 1) < 0 ||
        dup2(nothing, 2) < 0) {
        _exit(127);
    }
    if (close_range(WIRE_ANSWER_FILE + 1, ~0U, 0) != 0) {
        for (int file = WIRE_ANSWER_FILE + 1; file < 65536; file++) {
            close(file);
        }
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    signal(SIGPIPE, SIG_DFL);
    if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent) {
        _exit(127); /* The parent died meanwhile. */
    }
    execve(program, arguments, no_environment);
    _exit(127);
}

/* The recording is handed over read-only, whatever it was opened with. */
static int reopen_for_reading(int file)
{
    char path[32];

    IGNORE(snprintf(path, sizeof path, "/proc/self/fd/%d", file), "a number fits");
    return open(path, O_RDONLY | O_CLOEXEC);
}

static bool child_start(struct talk *talk, int audio_file, struct error *error)
{
    const struct speech_options *options = talk->options;
    size_t memory = options->memory_bytes_max == 0 ? MEMORY_DEFAULT : options->memory_bytes_max;
    char threads_text[16];
    char memory_text[24];
    int ends[2];

    AUTO(file_close) int audio = reopen_for_reading(audio_file);
    if (audio < 0) {
        return error_set_errno(error, "open the recording for the speech process");
    }
    if (pipe2(ends, O_CLOEXEC) != 0) {
        return error_set_errno(error, "make a pipe for the speech process");
    }
    AUTO(file_close) int answer = ends[1];
    talk->answer = ends[0];
    IGNORE(snprintf(threads_text, sizeof threads_text, "%u", options->threads), "it fits");
    IGNORE(snprintf(memory_text, sizeof memory_text, "%zu", memory), "it fits");
    const char *program = options->program == NULL ? "/proc/self/exe" : options->program;
    char *arguments[] = { (char[]){ "audiapro" },
                          (char[]){ "speech-child" },
                          (char *)options->model_path,
                          (char *)options->vad_path,
                          threads_text,
                          memory_text,
                          NULL };
    pid_t parent = getpid();
    talk->child = fork();
    if (talk->child < 0) {
        return error_set_errno(error, "start the speech process");
    }
    if (talk->child == 0) {
        child_become(program, arguments, audio, answer, parent);
    }
    return true;
}

static void refuse(struct talk *talk, const char *why)
{
    talk->is_answered = true;
    talk->is_good = error_set(talk->error, ERROR_CORRUPT, "the speech process %s", why);
}

/* Stop the child so long from now, if the caller's own limit is not nearer. */
static void deadline_set(struct talk *talk, int64_t seconds)
{
    unsigned most = talk->options->wall_seconds_max;

    talk->deadline_at = time_monotonic_ms() + seconds * SECOND_MS;
    if (most > 0 && talk->deadline_at > talk->started_at + (int64_t)most * SECOND_MS) {
        talk->deadline_at = talk->started_at + (int64_t)most * SECOND_MS;
    }
}

/* Now that the length is known, so are the limits. */
static void limits_set(struct talk *talk, const json_t *audio)
{
    double factor =
        talk->options->time_factor > 0 ? talk->options->time_factor : TIME_FACTOR_DEFAULT;
    double seconds = json_number_value(json_object_get(audio, "seconds"));
    long long channels = json_number(audio, "channels", 0);

    if (!(seconds > 0 && seconds <= AUDIO_SECONDS_MAX + 1) || channels < 1 ||
        channels > AUDIO_CHANNELS_MAX) {
        refuse(talk, "told a length that cannot be");
        return;
    }
    talk->cpu_seconds = CPU_SECONDS_BASE + (unsigned)ceil(seconds * factor * (double)channels);
    struct rlimit limit = { talk->cpu_seconds, RLIM_INFINITY };
    IGNORE(prlimit(talk->child, RLIMIT_CPU, &limit, NULL), "then the deadline limits it alone");
    deadline_set(talk, (int64_t)talk->cpu_seconds * WALL_PER_CPU);
    crash_point("transcribe.child_works");
    crash_point_of_child("transcribe.child_dies", talk->child);
}

static void line_take(struct talk *talk)
{
    struct error error;
    AUTO(json_release) json_t *line = json_read(talk->line.bytes, talk->line.size, &error);
    const json_t *audio = json_object_get(line, "audio");
    const json_t *progress = json_object_get(line, "progress");
    const json_t *transcript = json_object_get(line, "transcript");
    const json_t *failure = json_object_get(line, "error");

    if (audio != NULL) {
        limits_set(talk, audio);
    } else if (json_is_number(progress)) {
        double fraction = json_number_value(progress);
        if (talk->options->progress != NULL && fraction >= 0 && fraction <= 1) {
            talk->options->progress(talk->options->progress_context, fraction);
        }
    } else if (transcript != NULL) {
        talk->is_answered = true;
        talk->is_good =
            transcript_from_json(talk->arena, transcript, talk->transcript, talk->error);
    } else if (json_is_object(failure)) {
        talk->is_answered = true;
        talk->is_good = error_set(talk->error, wire_kind_parse(json_text(failure, "kind", "")),
                                  "%s", json_text(failure, "message", "speech failed"));
    } else {
        refuse(talk, "answered in a form that is not known");
    }
}

static void bytes_take(struct talk *talk, const char *bytes, size_t size)
{
    talk->received += size;
    if (talk->received > WIRE_SIZE_MAX) {
        refuse(talk, "answered too much");
        return;
    }
    while (size > 0 && !talk->is_answered) {
        const char *end = memchr(bytes, '\n', size);
        size_t part = end == NULL ? size : (size_t)(end - bytes);
        text_add_bytes(&talk->line, bytes, part);
        if (end == NULL) {
            return;
        }
        line_take(talk);
        text_reset(&talk->line);
        bytes += part + 1;
        size -= part + 1;
    }
}

/* Until the end is said, the child closes its pipe, or time is up. */
static void listen_to_child(struct talk *talk)
{
    char bytes[READ_SIZE];

    while (!talk->is_answered) {
        int64_t left = talk->deadline_at - time_monotonic_ms();
        struct pollfd waiting = { .fd = talk->answer, .events = POLLIN };
        if (left <= 0) {
            talk->is_answered = true;
            talk->is_good = error_set(talk->error, ERROR_TIMEOUT,
                                      "the speech process took too long and was stopped");
            return;
        }
        if (poll(&waiting, 1, left > 60000 ? 60000 : (int)left) <= 0) {
            continue; /* Interrupted, or time to look at the clock. */
        }
        ssize_t size = read(talk->answer, bytes, sizeof bytes);
        if (size == 0 || (size < 0 && errno != EINTR)) {
            return;
        }
        if (size > 0) {
            bytes_take(talk, bytes, (size_t)size);
        }
    }
}

/* It ended without an answer: say of what. */
static bool death_explain(const struct talk *talk, int status, struct error *error)
{
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU) {
        return error_set(error, ERROR_TIMEOUT,
                         "the speech process used more than %u s of CPU time and was stopped",
                         talk->cpu_seconds);
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS) {
        return error_set(error, ERROR_SYSTEM,
                         "the speech process tried what it may not do and was stopped");
    }
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT) {
        return error_set(error, ERROR_SYSTEM,
                         "the speech process gave up on this recording, or ran out of memory");
    }
    if (WIFSIGNALED(status)) {
        return error_set(error, ERROR_SYSTEM, "the speech process was killed by signal %d (%s)",
                         WTERMSIG(status), sigabbrev_np(WTERMSIG(status)));
    }
    return error_set(error, ERROR_SYSTEM, "the speech process ended without an answer (status %d)",
                     WEXITSTATUS(status));
}

/* Nothing of the child is left afterwards. Returns its wait status. */
static int child_end(const struct talk *talk, double *cpu_seconds_out)
{
    struct rusage usage = { 0 };
    int status = 0;

    if (talk->is_answered) {
        kill(talk->child, SIGKILL);
    }
    while (wait4(talk->child, &status, 0, &usage) < 0 && errno == EINTR) {
    }
    *cpu_seconds_out = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
    return status;
}

static bool transcribe(const struct speech_options *options, int audio_file, struct arena *arena,
                       struct transcript *transcript_out, struct error *error)
{
    struct transcript transcript = { 0 };
    struct talk talk = {
        .options = options,
        .arena = arena,
        .transcript = &transcript,
        .error = error,
        .answer = -1,
        .started_at = time_monotonic_ms(),
        .cpu_seconds = CPU_SECONDS_BASE,
        .line = TEXT_UP_TO(WIRE_SIZE_MAX),
    };
    double cpu_seconds = 0;

    if (!child_start(&talk, audio_file, error)) {
        if (talk.answer >= 0) {
            file_close(talk.answer);
        }
        return false;
    }
    deadline_set(&talk, WALL_SECONDS_FIRST);
    listen_to_child(&talk);
    file_close(talk.answer);
    text_clear(&talk.line);
    int status = child_end(&talk, &cpu_seconds);
    if (!talk.is_answered) {
        return death_explain(&talk, status, error);
    }
    if (!talk.is_good) {
        return false;
    }
    transcript.cpu_seconds = cpu_seconds;
    transcript.wall_seconds = (double)(time_monotonic_ms() - talk.started_at) / 1000;
    *transcript_out = transcript;
    return true;
}

bool speech_transcribe(const struct speech_options *options, int audio_file, const char *name,
                       struct arena *arena, struct transcript *transcript_out, struct error *error)
{
    if (transcribe(options, audio_file, arena, transcript_out, error)) {
        return true;
    }
    return name == NULL ? false : error_within(error, "'%s'", name);
}

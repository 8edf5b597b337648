/*
 * Decoding for the doctor: sound from a PBX is hostile, so a child process looks at it, with limits
 * on memory and time, and behind the cage of speech/sandbox.h. It answers with one struct through a
 * pipe; whatever happens to it, the doctor goes on.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "audio/audio.h"
#include "core/file.h"
#include "doctor/inside.h"
#include "speech/sandbox.h"

#define DECODER_MEMORY (1 * GIB)
enum { WALL_MS = 60 * SECOND_MS, CPU_SECONDS = 40, EXIT_REFUSED = 3 };

struct answer {
    bool is_good;
    struct audio_facts facts;
    struct error error;
};

/* What this process has mapped already (stacks and heaps of many threads), and room to decode. */
static size_t memory_allowed(void)
{
    char text[64] = "";
    AUTO(file_close) int file = open("/proc/self/statm", O_RDONLY | O_CLOEXEC);
    bool is_read = file >= 0 && read(file, text, sizeof text - 1) > 0;
    unsigned long pages = is_read ? strtoul(text, NULL, 10) : 0;

    return pages > 0 ? pages * (size_t)sysconf(_SC_PAGESIZE) + DECODER_MEMORY : 4 * DECODER_MEMORY;
}

/* The child of a process with threads: it uses nothing but its own memory. */
static _Noreturn void child_run(int file, int pipe_end)
{
    struct answer answer = { .is_good = false };

    if (!sandbox_limit(memory_allowed(), CPU_SECONDS, &answer.error) ||
        !sandbox_close(&answer.error)) {
        (void)!write(pipe_end, &answer, sizeof answer);
        _exit(EXIT_REFUSED);
    }
    answer.is_good = audio_inspect(file, &answer.facts, &answer.error);
    _exit(write(pipe_end, &answer, sizeof answer) == (ssize_t)sizeof answer ? 0 : EXIT_REFUSED);
}

/* A whole answer in time; what is in it is believed only as far as its texts end. */
static bool answer_read(int pipe_end, struct answer *answer)
{
    struct pollfd poll_handle = { .fd = pipe_end, .events = POLLIN };
    int64_t until_ms = time_monotonic_ms() + WALL_MS;
    int ready = 0;

    do {
        int64_t left_ms = until_ms - time_monotonic_ms();
        ready = poll(&poll_handle, 1, left_ms > 0 ? (int)left_ms : 0);
    } while (ready < 0 && errno == EINTR);
    if (ready <= 0 || read(pipe_end, answer, sizeof *answer) != (ssize_t)sizeof *answer) {
        return false;
    }
    struct audio_facts *facts = &answer->facts;
    facts->container[sizeof facts->container - 1] = '\0';
    facts->codec[sizeof facts->codec - 1] = '\0';
    facts->trouble[sizeof facts->trouble - 1] = '\0';
    answer->error.message[sizeof answer->error.message - 1] = '\0';
    return true;
}

bool decode_caged(int file, struct audio_facts *facts_out, struct error *error)
{
    struct answer answer = { .is_good = false };
    int ends[2];

    if (pipe2(ends, O_CLOEXEC) != 0) {
        return error_set_errno(error, "pipe");
    }
    pid_t child = fork();
    if (child == 0) {
        (void)close(ends[0]);
        child_run(file, ends[1]);
    }
    (void)close(ends[1]);
    bool is_answered = child > 0 && answer_read(ends[0], &answer);
    (void)close(ends[0]);
    if (child > 0) {
        (void)kill(child, SIGKILL);
        while (waitpid(child, NULL, 0) < 0 && errno == EINTR) {
        }
    }
    if (!is_answered) {
        return error_set(error, ERROR_SYSTEM, "the process that decodes it gave no answer");
    }
    if (!answer.is_good) {
        return error_set(error, ERROR_INVALID, "%s", answer.error.message);
    }
    *facts_out = answer.facts;
    return true;
}

/* The side that starts the speech process, against children that misbehave. This program is its own
 * child: asked for `speech-child`, it does what the model's name says. */
#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/file.h"
#include "core/memory.h"
#include "core/time.h"
#include "speech/sandbox.h"
#include "speech/speech.h"
#include "speech/wire.h"

extern char **environ;

static void tell(const char *text)
{
    struct error error;

    if (!file_write_all(WIRE_ANSWER_FILE, text, strlen(text), &error)) {
        _exit(3);
    }
}

#define GOOD                                                                                       \
    "{\"transcript\":{\"engine\":\"e\",\"model\":\"m\",\"channels\":1,\"audio_seconds\":2.5,"      \
    "\"segments\":[{\"channel\":-1,\"speaker\":\"speaker\",\"start\":0.5,\"end\":1,"               \
    "\"text\":\"hi\",\"confidence\":1,\"words\":[]}]}}\n"

static void answer_well(void)
{
    tell("{\"audio\":{\"seconds\":2.5,\"channels\":1}}\n{\"progress\":0.5}\n" GOOD);
}

static void crash(void)
{
    raise(SIGSEGV);
}

static void hang(void)
{
    tell("{\"audio\":{\"seconds\":2.5,\"channels\":1}}\n");
    for (;;) {
        pause();
    }
}

static void say_nothing(void)
{
}

static void say_nonsense(void)
{
    tell("hello\n");
}

static void say_half(void)
{
    tell("{\"transcript\":{\"engine\"");
}

static void say_too_much(void)
{
    static char blank[1 << 20];

    memset(blank, ' ', sizeof blank - 1);
    for (;;) {
        tell(blank);
    }
}

static void lie_about_the_length(void)
{
    tell("{\"audio\":{\"seconds\":1e12,\"channels\":1}}\n" GOOD);
}

static void refuse(void)
{
    tell("{\"error\":{\"kind\":\"invalid\",\"message\":\"no recording\"}}\n");
}

/* How many files are open, is there an environment, what does the recording begin with? */
static void look_around(void)
{
    char line[512];
    char bytes[5] = "";
    int count = 0;
    DIR *folder = opendir("/proc/self/fd");

    while (readdir(folder) != NULL) {
        count++;
    }
    closedir(folder);
    IGNORE(pread(WIRE_AUDIO_FILE, bytes, 4, 0), "shown below");
    bool can_write = write(WIRE_AUDIO_FILE, "x", 1) == 1;
    IGNORE(snprintf(line, sizeof line,
                    "{\"error\":{\"kind\":\"busy\",\"message\":\"%d files, %s environment, audio "
                    "'%s'%s\"}}\n",
                    count - 3, environ[0] == NULL ? "no" : "an", bytes, /* ".", "..", the folder */
                    can_write ? " writable" : ""),
           "it fits");
    tell(line);
}

static const struct {
    const char *name;
    void (*act)(void);
} acts[] = {
    { "well", answer_well },
    { "crash", crash },
    { "hang", hang },
    { "nothing", say_nothing },
    { "nonsense", say_nonsense },
    { "half", say_half },
    { "flood", say_too_much },
    { "lie", lie_about_the_length },
    { "refuse", refuse },
    { "look", look_around },
};

static int child_main(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(acts); i++) {
        if (strcmp(acts[i].name, name) == 0) {
            acts[i].act();
            return 0;
        }
    }
    return 4;
}

static double progress_seen;

static void progress_note(void *context, double fraction)
{
    (void)context;
    progress_seen = fraction;
}

static bool run(const char *act, struct error *error)
{
    AUTO(arena_free) struct arena *arena = arena_new(SPEECH_ARENA_SIZE);
    AUTO(file_close) int file = memfd_create("audio", MFD_CLOEXEC);
    struct speech_options options = {
        .model_path = act,
        .vad_path = "vad",
        .wall_seconds_max = strcmp(act, "hang") == 0 ? 1 : 60,
        .progress = progress_note,
    };
    struct transcript transcript;

    CHECK_NUMBER(write(file, "RIFF", 4), 4);
    error_clear(error);
    if (!speech_transcribe(&options, file, NULL, arena, &transcript, error)) {
        CHECK(error->kind != ERROR_NONE);
        return false;
    }
    CHECK_NUMBER(transcript.segment_count, 1);
    CHECK_TEXT(transcript.segments[0].text, "hi");
    CHECK(transcript.wall_seconds > 0);
    return true;
}

static void an_answer_is_taken(void **state)
{
    (void)state;
    struct error error;

    CHECK(run("well", &error));
    CHECK(progress_seen == 0.5);
}

static void failed(const char *act, enum error_kind kind, const char *why)
{
    struct error error;

    CHECK(!run(act, &error));
    if (error.kind != kind || strstr(error.message, why) == NULL) {
        print_message("%s: %d %s\n", act, (int)error.kind, error.message);
    }
    CHECK_NUMBER(error.kind, kind);
    CHECK(strstr(error.message, why) != NULL);
}

static void a_child_that_crashes_is_an_error_and_no_more(void **state)
{
    (void)state;
    if (SANDBOX_IS_SANITIZED) {
        skip(); /* The sanitizer turns the signal into an exit status. */
    }
    failed("crash", ERROR_SYSTEM, "SEGV");
}

static void a_child_that_hangs_is_stopped(void **state)
{
    (void)state;
    int64_t started_at = time_monotonic_ms();

    failed("hang", ERROR_TIMEOUT, "too long");
    CHECK(time_monotonic_ms() - started_at < 20 * SECOND_MS);
}

static void an_answer_that_is_none_is_refused(void **state)
{
    (void)state;
    failed("nothing", ERROR_SYSTEM, "without an answer");
    failed("half", ERROR_SYSTEM, "without an answer");
    failed("nonsense", ERROR_CORRUPT, "not known");
    failed("lie", ERROR_CORRUPT, "cannot be");
    failed("flood", ERROR_CORRUPT, "too much");
    failed("unheard of", ERROR_SYSTEM, "status 4");
}

static void the_childs_own_error_is_handed_on(void **state)
{
    (void)state;
    failed("refuse", ERROR_INVALID, "no recording");
}

static void a_child_has_the_recording_to_read_and_nothing_else(void **state)
{
    (void)state;
    AUTO(file_close) int secret = open("/etc/passwd", O_RDONLY); /* Not even closed on exec. */
    struct error error;

    CHECK(secret >= 0);
    CHECK(!run("look", &error));
    CHECK_TEXT(error.message, "5 files, no environment, audio 'RIFF'");
}

static void the_name_of_the_recording_is_in_the_message(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    AUTO(file_close) int file = memfd_create("audio", MFD_CLOEXEC);
    struct speech_options options = { .model_path = "refuse", .vad_path = "vad" };
    struct transcript transcript;
    struct error error;

    CHECK(!speech_transcribe(&options, file, "call-7.wav", arena, &transcript, &error));
    CHECK_TEXT(error.message, "'call-7.wav': no recording");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_taken),
        cmocka_unit_test(a_child_that_crashes_is_an_error_and_no_more),
        cmocka_unit_test(a_child_that_hangs_is_stopped),
        cmocka_unit_test(an_answer_that_is_none_is_refused),
        cmocka_unit_test(the_childs_own_error_is_handed_on),
        cmocka_unit_test(a_child_has_the_recording_to_read_and_nothing_else),
        cmocka_unit_test(the_name_of_the_recording_is_in_the_message),
    };

    if (argc > 2 && strcmp(argv[1], "speech-child") == 0) {
        return child_main(argv[2]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}

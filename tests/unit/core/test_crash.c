#include "check.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "core/crash.h"
#include "core/file.h"

static const struct {
    const char *at;
    bool has_marker_name;
    bool is_fine;
} settings[] = {
    { NULL, false, true },           { "fetch.kept", true, true }, { "fetch.kept:3", true, true },
    { "fetch.kept", false, false },  { NULL, true, false },        { "fetch.eaten", true, false },
    { "fetch.kept:0", true, false }, { "fetch.kep", true, false }, { "", true, false },
};

static void variables_set(const char *at, const char *once)
{
    IGNORE(at != NULL ? setenv("AUDIAPRO_CRASH_AT", at, 1) : unsetenv("AUDIAPRO_CRASH_AT"),
           "only fails for bad names");
    IGNORE(once != NULL ? setenv("AUDIAPRO_CRASH_ONCE", once, 1) : unsetenv("AUDIAPRO_CRASH_ONCE"),
           "only fails for bad names");
}

static void what_names_no_point_or_only_half_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT_OF(settings); i++) {
        struct error error = { 0 };
        variables_set(settings[i].at, settings[i].has_marker_name ? "/nowhere/marker" : NULL);
        CHECK_NUMBER(crash_arm("http", &error), settings[i].is_fine);
        CHECK_NUMBER(error.kind, settings[i].is_fine ? ERROR_NONE : ERROR_INVALID);
    }
}

/* A process of that role passes the point so often. Returns its wait status. */
static int process_pass(const char *role, const char *name, int times)
{
    struct error error = { 0 };
    int status = 0;
    pid_t pid = fork();

    if (pid == 0) {
        bool is_armed = crash_arm(role, &error);
        for (int i = 0; i < times; i++) {
            crash_point(name);
        }
        _exit(is_armed ? 0 : 1);
    }
    CHECK_NUMBER(waitpid(pid, &status, 0), pid);
    return status;
}

static void a_point_strikes_once_at_its_passing_in_its_role(void **state)
{
    char folder[] = "/tmp/audiapro-crash-XXXXXX";
    char marker[64];
    struct error error;

    (void)state;
    assert_non_null(mkdtemp(folder));
    IGNORE(snprintf(marker, sizeof marker, "%s/struck", folder), "fits");
    variables_set("fetch.kept:2", marker);
    CHECK_NUMBER(process_pass("http", "fetch.kept", 5), 0);
    CHECK_NUMBER(process_pass("collect", "fetch.claimed", 5), 0);
    CHECK_NUMBER(process_pass("collect", "fetch.kept", 1), 0);
    CHECK(access(marker, F_OK) != 0);
    int status = process_pass("collect", "fetch.kept", 2);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    CHECK_NUMBER(access(marker, F_OK), 0);
    CHECK_NUMBER(process_pass("collect", "fetch.kept", 5), 0);
    CHECK(folder_remove(folder, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_names_no_point_or_only_half_is_refused),
        cmocka_unit_test(a_point_strikes_once_at_its_passing_in_its_role),
    };
    return cmocka_run_group_tests_name("core/crash", tests, NULL, NULL);
}

/*
 * `audiapro serve`: all roles as processes of their own, started and watched; or one of them in
 * this process.
 *
 * The supervisor holds nothing: a role that dies is started again, and what it was working on is
 * freed at once (its process row is gone, its jobs are due). Roles die with the supervisor.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/role.h"
#include "cli/setup.h"
#include "core/log.h"
#include "store/processes.h"

enum {
    ROLES_MAX = 8,
    LOOK_MS = 50,
    RESTART_MS_MIN = 100,
    RESTART_MS_MAX = 500, /* However often it dies, it is back within a second. */
    STEADY_MS = 10000,    /* One that ran so long starts with the shortest wait again. */
    STOP_MS = 8000,       /* After this a role that does not end is killed. */
};

struct child {
    const char *role;
    pid_t pid; /* 0: not running */
    int64_t started_at_ms;
    int64_t start_at_ms; /* When it is started (again). */
    int64_t wait_ms;
};

struct supervisor {
    struct setup setup;
    char host[256];
    struct child children[ROLES_MAX];
    size_t child_count;
};

static void child_become(const char *role, pid_t parent)
{
    char name[] = "audiapro";
    char command[] = "serve";
    char flag[] = "--role";
    char value[32];
    char supervised[] = "--supervised";
    char *arguments[] = { name, command, flag, value, supervised, NULL };

    (void)snprintf(value, sizeof value, "%s", role);
    (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() == parent) {
        (void)execv("/proc/self/exe", arguments);
    }
    _exit(EXIT_PROBLEM);
}

static void child_start(struct child *child)
{
    pid_t parent = getpid();
    pid_t pid = fork();

    if (pid == 0) {
        child_become(child->role, parent);
    }
    child->started_at_ms = time_monotonic_ms();
    child->start_at_ms = child->started_at_ms + RESTART_MS_MAX;
    child->pid = pid > 0 ? pid : 0;
    if (pid < 0) {
        log_error("role.not_started", "role", child->role, "error", strerror(errno), NULL);
    }
}

static void child_ended(struct supervisor *supervisor, struct child *child, int status)
{
    int64_t now_ms = time_monotonic_ms();
    struct error error;
    bool was_steady = now_ms - child->started_at_ms >= STEADY_MS;

    log_warn("role.ended", "role", child->role, WIFSIGNALED(status) ? "signal" : "status",
             LOG_NUMBER(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status)), NULL);
    if (!process_died(supervisor->setup.db, supervisor->host, child->pid, time_now(), &error)) {
        log_warn("process.not_freed", "error", error.message, NULL);
    }
    child->pid = 0;
    int64_t wait_ms = was_steady ? RESTART_MS_MIN : child->wait_ms;
    child->start_at_ms = now_ms + wait_ms;
    child->wait_ms = wait_ms * 2 < RESTART_MS_MAX ? wait_ms * 2 : RESTART_MS_MAX;
}

static void children_reap(struct supervisor *supervisor)
{
    for (size_t i = 0; i < supervisor->child_count; i++) {
        struct child *child = &supervisor->children[i];
        int status = 0;
        if (child->pid > 0 && waitpid(child->pid, &status, WNOHANG) == child->pid) {
            child_ended(supervisor, child, status);
        }
    }
}

static size_t children_running(const struct supervisor *supervisor)
{
    size_t count = 0;

    for (size_t i = 0; i < supervisor->child_count; i++) {
        count += supervisor->children[i].pid > 0 ? 1 : 0;
    }
    return count;
}

static void children_signal(const struct supervisor *supervisor, int signal_number)
{
    for (size_t i = 0; i < supervisor->child_count; i++) {
        if (supervisor->children[i].pid > 0) {
            (void)kill(supervisor->children[i].pid, signal_number);
        }
    }
}

static void children_stop(struct supervisor *supervisor)
{
    int64_t until_ms = time_monotonic_ms() + STOP_MS;

    children_signal(supervisor, SIGTERM);
    while (children_running(supervisor) > 0) {
        children_reap(supervisor);
        if (time_monotonic_ms() > until_ms) {
            children_signal(supervisor, SIGKILL);
        }
        time_sleep_ms(LOOK_MS);
    }
}

static void supervise(struct supervisor *supervisor)
{
    while (!role_should_stop()) {
        int64_t now_ms = time_monotonic_ms();
        children_reap(supervisor);
        for (size_t i = 0; i < supervisor->child_count; i++) {
            struct child *child = &supervisor->children[i];
            if (child->pid == 0 && child->start_at_ms <= now_ms) {
                child_start(child);
            }
        }
        time_sleep_ms(LOOK_MS);
    }
    children_stop(supervisor);
}

static int serve_all(void)
{
    struct supervisor supervisor = { 0 };
    struct error error = { 0 };

    role_signals_set();
    if (!setup_open("serve", &supervisor.setup)) {
        return EXIT_PROBLEM;
    }
    if (!setup_seed(&supervisor.setup, &error)) {
        setup_close(&supervisor.setup);
        return setup_problem(&error);
    }
    (void)gethostname(supervisor.host, sizeof supervisor.host - 1);
    /* http first, the others a look later: webhooks are taken sooner than if all loaded at once. */
    for (size_t i = 0; role_names[i] != NULL; i++) {
        int64_t start_at_ms = i == 0 ? 0 : time_monotonic_ms() + LOOK_MS;
        supervisor.children[supervisor.child_count++] = (struct child){ .role = role_names[i],
                                                                        .start_at_ms = start_at_ms,
                                                                        .wait_ms = RESTART_MS_MIN };
    }
    supervise(&supervisor);
    log_info("serve.stopped", NULL);
    setup_close(&supervisor.setup);
    return EXIT_FINE;
}

int cli_serve(int argc, char **argv)
{
    const char *role = "all";
    bool is_supervised = false;
    const struct flag flags[] = {
        { "--role", "ROLE", NULL, &role, "all (default), http, collect, speech or insight" },
        { "--supervised", NULL, &is_supervised, NULL, "what `serve` tells the roles it starts" },
    };
    const struct usage usage = {
        .command = "serve",
        .words = "",
        .about =
            "Run the server. Settings come from the environment: audiapro config show.\n"
            "With --role, only that role runs, in this process: roles meet only in the database.",
        .flags = flags,
        .flag_count = COUNT_OF(flags),
    };
    struct words words;
    int status = 0;

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (strcmp(role, "all") == 0) {
        return serve_all();
    }
    for (size_t i = 0; role_names[i] != NULL; i++) {
        if (strcmp(role_names[i], role) == 0) {
            return role_run(role, !is_supervised);
        }
    }
    fprintf(stderr, "audiapro serve: there is no role '%s': all, http, collect, speech, insight\n",
            role);
    return EXIT_USAGE;
}

/* See role.h. Each role is a row: how it is started, how it is stopped. The loop around them is the
 * same. */
#include "cli/role.h"

#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "api/api.h"
#include "cli/flags.h"
#include "cli/setup.h"
#include "cli/web.h"
#include "core/crash.h"
#include "core/log.h"
#include "core/rowid.h"
#include "jobs/chores.h"
#include "jobs/runner.h"
#include "store/processes.h"

enum {
    BEAT_MS = 5 * SECOND_MS,
    LOOK_MS = 100,
    STOP_GRACE_MS = 4000,
    ORPHAN_GRACE_MS = 500, /* Whoever starts a new server should not meet the old one's roles. */
    INSIGHT_WORKERS = 1,
    NOTIFY_WORKERS = 2,
    STAGES_MAX = 4, /* of one role */
};

const char *const role_names[] = { "http", "collect", "speech", "insight", NULL };
static const char *const worker_roles[] = { "collect", "speech", "insight", NULL };

static volatile sig_atomic_t stop_asked;

static void stop_note(int signal_number)
{
    (void)signal_number;
    stop_asked = 1;
}

void role_signals_set(void)
{
    struct sigaction action = { .sa_handler = stop_note };
    struct sigaction ignore = { .sa_handler = SIG_IGN };

    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL);
}

bool role_should_stop(void)
{
    return stop_asked != 0;
}

/* What runs in this process. */
struct running {
    struct api *api;
    struct runner *runners[STAGES_MAX]; /* One for each stage of the role. */
    size_t runner_count;
    struct chores *chores;
};

static bool http_start(struct setup *setup, struct running *running, struct error *error)
{
    struct api_options options = {
        .listen = setup->config->http_listen,
        .threads = (unsigned)setup->config->http_threads,
        .roles = worker_roles,
        .assets = web_assets(),
        .asset_count = web_asset_count(),
        .csrf_key = setup->csrf_key,
    };

    if (!api_start(&setup->world, &options, &running->api, error)) {
        return false;
    }
    log_info("http.listening", "address", setup->config->http_listen, "port",
             LOG_NUMBER(api_port(running->api)), NULL);
    return true;
}

static unsigned worker_count(const struct setup *setup, const char *lane)
{
    const struct {
        const char *lane;
        unsigned count;
    } counts[] = {
        { LANE_FETCH, (unsigned)setup->config->fetch_workers },
        { LANE_TRANSCRIBE, (unsigned)setup->config->speech_workers },
        { LANE_ANALYSE, INSIGHT_WORKERS },
    };

    for (size_t i = 0; i < COUNT_OF(counts); i++) {
        if (strcmp(counts[i].lane, lane) == 0) {
            return counts[i].count;
        }
    }
    return NOTIFY_WORKERS;
}

/* Without models the role still runs: its jobs wait, and each says what is missing. */
static void models_find(struct setup *setup)
{
    struct error error;

    if (!speech_models_find(setup->arena,
                            setup->config->speech_model[0] != '\0' ? setup->config->speech_model
                                                                   : NULL,
                            setup->config->data_dir, &setup->world.speech, &error)) {
        log_warn("speech.no_model", "error", error.message, NULL);
    }
}

static bool stages_start(struct setup *setup, const char *role, struct running *running,
                         struct error *error)
{
    const struct stage *stage = NULL;

    for (size_t i = 0; i < STAGES_MAX && (stage = stage_of_role(role, i)) != NULL; i++) {
        if (!runner_start(&setup->world, stage, worker_count(setup, stage->lane),
                          &running->runners[i], error)) {
            return false;
        }
        running->runner_count++;
    }
    return true;
}

static bool worker_start(struct setup *setup, const char *role, struct running *running,
                         struct error *error)
{
    if (strcmp(role, "speech") == 0) {
        models_find(setup);
    }
    if (strcmp(role, "collect") == 0 && !chores_start(&setup->world, &running->chores, error)) {
        return false;
    }
    return stages_start(setup, role, running, error);
}

static void beat(struct setup *setup, time_ms started_at)
{
    char host[256] = "";
    struct error error;

    (void)gethostname(host, sizeof host - 1);
    if (!process_beat(setup->db, setup->world.process_id, setup->world.role, host, getpid(),
                      started_at, time_now(), &error)) {
        log_warn("process.no_beat", "error", error.message, NULL);
    }
}

/* Before any work: that we live, so that whoever finds us dead knows what was ours; and what the
 * dead of this host have left. */
static void arrive(struct setup *setup, time_ms started_at)
{
    char host[256] = "";
    struct error error;

    (void)gethostname(host, sizeof host - 1);
    beat(setup, started_at);
    if (!process_bury(setup->db, host, started_at, &error)) {
        log_warn("process.not_freed", "error", error.message, NULL);
    }
}

static int role_loop(struct setup *setup, struct running *running, time_ms started_at)
{
    int64_t beaten_at_ms = time_monotonic_ms();

    while (!role_should_stop()) {
        int64_t now_ms = time_monotonic_ms();
        if (now_ms - beaten_at_ms >= BEAT_MS) {
            beaten_at_ms = now_ms;
            beat(setup, started_at);
        }
        if (running->api != NULL && api_is_broken(running->api)) {
            return EXIT_AGAIN;
        }
        time_sleep_ms(LOOK_MS);
    }
    return EXIT_FINE;
}

/* The first waits for its jobs; what the others' jobs took meanwhile is counted in. */
static bool stages_stop(struct running *running, int64_t grace_ms)
{
    int64_t until_ms = time_monotonic_ms() + grace_ms;
    bool is_all_ended = true;

    for (size_t i = 0; i < running->runner_count; i++) {
        int64_t left_ms = until_ms - time_monotonic_ms();
        is_all_ended = runner_stop(running->runners[i], left_ms > 0 ? left_ms : 0) && is_all_ended;
    }
    return is_all_ended;
}

/* glibc gives each thread a heap of its own, and keeps what was freed in each. A role that waits
 * for the network most of its time does with one (16 MiB of share instead of 25 with 16 workers);
 * the threads of http would wait for each other. */
static void heaps_limit(const char *role)
{
    if (strcmp(role, "http") != 0) {
        IGNORE(mallopt(M_ARENA_MAX, 1), "the default works as well");
    }
}

/* Who sends a webhook goes first, then a download; nobody waits at the screen for a transcript.
 * Child processes inherit it. */
static void priority_lower(const char *role)
{
    static const struct {
        const char *role;
        int nice;
    } priorities[] = { { "collect", 5 }, { "speech", 10 }, { "insight", 10 } };

    for (size_t i = 0; i < COUNT_OF(priorities); i++) {
        if (strcmp(priorities[i].role, role) == 0) {
            IGNORE(setpriority(PRIO_PROCESS, 0, priorities[i].nice), "only less polite without");
        }
    }
}

int role_run(const char *role, bool is_alone)
{
    AUTO(setup_close) struct setup setup = { 0 };
    struct running running = { 0 };
    struct error error = { 0 };
    pid_t parent = getppid();

    heaps_limit(role);
    priority_lower(role);
    role_signals_set();
    if (!crash_arm(role, &error)) {
        return setup_problem(&error);
    }
    if (!setup_open(role, &setup)) {
        return EXIT_PROBLEM;
    }
    time_ms started_at = time_now();
    arrive(&setup, started_at);
    bool is_http = strcmp(role, "http") == 0;
    if (is_alone && !setup_seed(&setup, &error)) {
        return setup_problem(&error);
    }
    if (is_http ? !http_start(&setup, &running, &error)
                : !worker_start(&setup, role, &running, &error)) {
        return setup_problem(&error);
    }
    int status = role_loop(&setup, &running, started_at);
    int64_t grace_ms = getppid() == parent ? STOP_GRACE_MS : ORPHAN_GRACE_MS;
    bool is_all_ended = stages_stop(&running, grace_ms);
    chores_stop(running.chores);
    api_stop(running.api);
    if (status == EXIT_AGAIN) {
        _exit(status); /* Nothing more is asked of a database whose fsync failed, not even to close.
                        */
    }
    if (!process_remove(setup.db, setup.world.process_id, &error)) {
        log_warn("process.not_removed", "error", error.message, NULL);
    }
    log_info("role.stopped", NULL);
    if (!is_all_ended) {
        _exit(
            status); /* A worker thread still runs: its job was given back, nothing may be freed. */
    }
    return status;
}

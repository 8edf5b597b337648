/* THE table of chores, and the thread that does them. See chores.h. */
#include "jobs/chores.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "core/arena.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/rowid.h"
#include "jobs/audit.h"
#include "jobs/janitor.h"
#include "jobs/reconcile.h"
#include "jobs/watch.h"
#include "store/chores.h"

enum {
    LOOK_MS = 1000,
    STOP_LOOK_MS = 50,
    RENEW_MS = 10 * SECOND_MS,
    CLOCK_BACK_MS = 2 * SECOND_MS,
    ARENA_SIZE_MAX = 1 << 28,
};
static const time_ms LEASE_MS = MINUTE_MS;

struct chore {
    const char *name;
    int64_t every_ms;
    bool (*run)(struct chore_run *run, struct error *error);
    int64_t (*every)(const struct world *world); /* Where a setting says how often; else NULL. */
};

static int64_t watch_every(const struct world *world)
{
    return world->watch_interval_s * SECOND_MS;
}

static const struct chore table[] = {
    { "sweep", 10 * MINUTE_MS, janitor_sweep, NULL },
    { "reconcile", 10 * SECOND_MS, reconcile_ensure, NULL },
    { "watch", MINUTE_MS, watch_look, watch_every },
};

/* What may take long, so that it does not put off the others. */
static const struct chore long_table[] = {
    { "audit", 10 * SECOND_MS, audit_chore, NULL }, /* Looks whether it is time: AUDIT_INTERVAL. */
};

struct chore_line {
    struct chores *chores;
    const struct chore *table;
    size_t count;
    struct db *db;
    struct arena *arena;
    pthread_t thread;
    bool is_running;
    int64_t renewed_at_ms; /* monotonic */
};

struct chores {
    const struct world *world;
    atomic_bool is_stopping;
    struct chore_line lines[2];
};

bool chore_should_stop(const struct chore_run *run)
{
    int64_t now_ms = time_monotonic_ms();
    struct error error;

    if (now_ms - run->line->renewed_at_ms >= RENEW_MS) {
        run->line->renewed_at_ms = now_ms;
        IGNORE(chore_delay(run->db, run->name, run->worker, time_now() + LEASE_MS, &error),
               "at worst another process begins the same chore: each may be done twice at a time");
    }
    return run->line->chores->is_stopping;
}

static int64_t every_get(const struct world *world, const struct chore *chore)
{
    return chore->every != NULL ? chore->every(world) : chore->every_ms;
}

static bool chore_do(struct chore_line *line, const struct chore *chore, struct error *error)
{
    const struct chores *chores = line->chores;
    char process[ROW_ID_TEXT_SIZE];
    char claim[ROW_ID_TEXT_SIZE];
    char worker[2 * ROW_ID_TEXT_SIZE + 2];
    time_ms now = time_now();
    bool is_taken = false;

    IGNORE(snprintf(worker, sizeof worker, "%s/%s",
                    row_id_print(chores->world->process_id, process),
                    row_id_print(row_id_new(now), claim)),
           "fits");
    if (!chore_take(line->db, chore->name, worker, now, now + LEASE_MS, &is_taken, error)) {
        return false;
    }
    if (!is_taken) {
        return true;
    }
    line->renewed_at_ms = time_monotonic_ms();
    struct chore_run run = { .world = chores->world,
                             .db = line->db,
                             .arena = line->arena,
                             .name = chore->name,
                             .worker = worker,
                             .line = line };
    bool is_done = chore->run(&run, error);
    /* Cut short by the end of the process: due again as soon as somebody looks. */
    time_ms next = chores->is_stopping ? time_now() : now + every_get(chores->world, chore);
    struct error ignored;
    IGNORE(chore_delay(line->db, chore->name, worker, next, is_done ? error : &ignored),
           "the lease runs out by itself");
    return is_done;
}

/* A chore that was put off by a clock that was wrong would not be done for as long. */
static void clock_check(struct chore_line *line, struct time_watch *watch)
{
    struct error error;

    if (time_jump_ms(watch) < -CLOCK_BACK_MS && !chore_clock_back(line->db, time_now(), &error)) {
        log_warn("chore.failed", "chore", "clock", "error", error.message, NULL);
        *watch = (struct time_watch){ time_now() + DAY_MS, time_monotonic_ms() }; /* Again. */
    }
}

static void *line_run(void *argument)
{
    struct chore_line *line = argument;
    struct chores *chores = line->chores;
    struct time_watch watch = { 0 };

    while (!chores->is_stopping) {
        clock_check(line, &watch);
        for (size_t i = 0; i < line->count && !chores->is_stopping; i++) {
            struct error error = { 0 };
            if (!chore_do(line, &line->table[i], &error)) {
                if (!chores->is_stopping) {
                    log_warn("chore.failed", "chore", line->table[i].name, "error", error.message,
                             NULL);
                }
                db_rollback(line->db);
            }
            arena_reset(line->arena);
        }
        for (int64_t until_ms = time_monotonic_ms() + LOOK_MS;
             !chores->is_stopping && time_monotonic_ms() < until_ms;) {
            time_sleep_ms(STOP_LOOK_MS);
        }
    }
    return NULL;
}

static bool line_start(struct chores *chores, struct chore_line *line, const struct chore *rows,
                       size_t count, struct error *error)
{
    *line = (struct chore_line){
        .chores = chores, .table = rows, .count = count, .arena = arena_new(ARENA_SIZE_MAX)
    };
    if (!db_open(chores->world->database_url, 30000, &line->db, error)) {
        return false;
    }
    line->is_running = pthread_create(&line->thread, NULL, line_run, line) == 0;
    return line->is_running || error_set(error, ERROR_SYSTEM, "cannot start the thread for chores");
}

bool chores_start(const struct world *world, struct chores **chores_out, struct error *error)
{
    struct chores *chores = memory_new(sizeof *chores);

    chores->world = world;
    if (!line_start(chores, &chores->lines[0], table, COUNT_OF(table), error) ||
        !line_start(chores, &chores->lines[1], long_table, COUNT_OF(long_table), error)) {
        chores_stop(chores);
        return false;
    }
    *chores_out = chores;
    return true;
}

void chores_stop(struct chores *chores)
{
    if (chores == NULL) {
        return;
    }
    chores->is_stopping = true;
    for (size_t i = 0; i < COUNT_OF(chores->lines); i++) {
        struct chore_line *line = &chores->lines[i];
        if (line->is_running) {
            db_interrupt(line->db); /* A look through a large table may take its time. */
            (void)pthread_join(line->thread, NULL);
        }
        db_close(line->db);
        if (line->arena != NULL) {
            arena_free(line->arena);
        }
    }
    free(chores);
}

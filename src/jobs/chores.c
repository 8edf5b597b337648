/* THE table of chores, and the thread that does them. See chores.h. */
#include "jobs/chores.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "core/arena.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/rowid.h"
#include "jobs/janitor.h"
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
};

static const struct chore table[] = {
    { "sweep", 10 * MINUTE_MS, janitor_sweep },
};

struct chores {
    const struct world *world;
    struct db *db;
    struct arena *arena;
    pthread_t thread;
    atomic_bool is_stopping;
    int64_t renewed_at_ms; /* monotonic; the thread's own */
};

bool chore_should_stop(const struct chore_run *run)
{
    int64_t now_ms = time_monotonic_ms();
    struct error error;

    if (now_ms - run->chores->renewed_at_ms >= RENEW_MS) {
        run->chores->renewed_at_ms = now_ms;
        IGNORE(chore_delay(run->db, run->name, run->worker, time_now() + LEASE_MS, &error),
               "at worst another process begins the same chore: each may be done twice at a time");
    }
    return run->chores->is_stopping;
}

static bool chore_do(struct chores *chores, const struct chore *chore, struct error *error)
{
    char process[ROW_ID_TEXT_SIZE];
    char claim[ROW_ID_TEXT_SIZE];
    char worker[2 * ROW_ID_TEXT_SIZE + 2];
    time_ms now = time_now();
    bool is_taken = false;

    IGNORE(snprintf(worker, sizeof worker, "%s/%s",
                    row_id_print(chores->world->process_id, process),
                    row_id_print(row_id_new(now), claim)),
           "fits");
    if (!chore_take(chores->db, chore->name, worker, now, now + LEASE_MS, &is_taken, error)) {
        return false;
    }
    if (!is_taken) {
        return true;
    }
    chores->renewed_at_ms = time_monotonic_ms();
    struct chore_run run = { .world = chores->world,
                             .db = chores->db,
                             .arena = chores->arena,
                             .name = chore->name,
                             .worker = worker,
                             .chores = chores };
    bool is_done = chore->run(&run, error);
    /* Cut short by the end of the process: due again as soon as somebody looks. */
    time_ms next = chores->is_stopping ? time_now() : now + chore->every_ms;
    struct error ignored;
    IGNORE(chore_delay(chores->db, chore->name, worker, next, is_done ? error : &ignored),
           "the lease runs out by itself");
    return is_done;
}

/* A chore that was put off by a clock that was wrong would not be done for as long. */
static void clock_check(struct chores *chores, struct time_watch *watch)
{
    struct error error;

    if (time_jump_ms(watch) < -CLOCK_BACK_MS && !chore_clock_back(chores->db, time_now(), &error)) {
        log_warn("chore.failed", "chore", "clock", "error", error.message, NULL);
        *watch = (struct time_watch){ time_now() + DAY_MS, time_monotonic_ms() }; /* Again. */
    }
}

static void *chores_run(void *argument)
{
    struct chores *chores = argument;
    struct time_watch watch = { 0 };

    while (!chores->is_stopping) {
        clock_check(chores, &watch);
        for (size_t i = 0; i < COUNT_OF(table) && !chores->is_stopping; i++) {
            struct error error = { 0 };
            if (!chore_do(chores, &table[i], &error)) {
                log_warn("chore.failed", "chore", table[i].name, "error", error.message, NULL);
                db_rollback(chores->db);
            }
            arena_reset(chores->arena);
        }
        for (int64_t until_ms = time_monotonic_ms() + LOOK_MS;
             !chores->is_stopping && time_monotonic_ms() < until_ms;) {
            time_sleep_ms(STOP_LOOK_MS);
        }
    }
    return NULL;
}

static void chores_free(struct chores *chores)
{
    db_close(chores->db);
    arena_free(chores->arena);
    free(chores);
}

bool chores_start(const struct world *world, struct chores **chores_out, struct error *error)
{
    struct chores *chores = memory_new(sizeof *chores);

    chores->world = world;
    chores->arena = arena_new(ARENA_SIZE_MAX);
    if (!db_open(world->database_url, 30000, &chores->db, error)) {
        chores_free(chores);
        return false;
    }
    if (pthread_create(&chores->thread, NULL, chores_run, chores) != 0) {
        chores_free(chores);
        return error_set(error, ERROR_SYSTEM, "cannot start the thread for chores");
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
    (void)pthread_join(chores->thread, NULL);
    chores_free(chores);
}

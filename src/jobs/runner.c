/*
 * See runner.h. One worker is woken at a time; one that finds a job wakes the next. So an idle role
 * costs one cheap look at the database per tick, and a burst spreads over all workers at once.
 */
#include "jobs/runner.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>

#include "core/log.h"
#include "core/memory.h"
#include "core/rowid.h"

enum {
    TICK_BUSY_MS = 20,  /* While something happened in the last seconds. */
    TICK_IDLE_MS = 100, /* Else. The worst delay from a commit to the start of its job. */
    BUSY_FOR_MS = 5000,
    CLOCK_BACK_MS = 2000,  /* The wall clock was set back by more than this. */
    FAILED_WAIT_MS = 1000, /* After a job that could not even be settled. */
    WORKERS_MAX = 256,
    ARENA_SIZE_MAX = 1 << 30,
};

struct seat { /* A worker thread's place. */
    struct runner *runner;
    pthread_t thread;
    struct worker worker;
    struct job job; /* Under the runner's lock. */
    bool is_running;
};

struct runner {
    const struct world *world;
    const struct stage *stage;
    struct db *db; /* The ticker's own. */
    pthread_t ticker;
    pthread_mutex_t lock;
    pthread_cond_t work;
    bool is_work_likely; /* Under the lock: somebody should look. */
    atomic_bool is_stopping;
    struct seat *seats;
    size_t seat_count;
};

static void runner_wake(struct runner *runner)
{
    (void)pthread_mutex_lock(&runner->lock);
    runner->is_work_likely = true;
    (void)pthread_cond_signal(&runner->work);
    (void)pthread_mutex_unlock(&runner->lock);
}

static bool work_wait(struct runner *runner)
{
    (void)pthread_mutex_lock(&runner->lock);
    while (!runner->is_work_likely && !runner->is_stopping) {
        (void)pthread_cond_wait(&runner->work, &runner->lock);
    }
    runner->is_work_likely = false;
    (void)pthread_mutex_unlock(&runner->lock);
    return !runner->is_stopping;
}

static void seat_take(struct seat *seat, const struct job *job)
{
    (void)pthread_mutex_lock(&seat->runner->lock);
    seat->is_running = job != NULL;
    if (job != NULL) {
        seat->job = *job;
    }
    (void)pthread_mutex_unlock(&seat->runner->lock);
}

/* A stage that could not settle its job: put it off, so that it is not tried in a tight circle. */
static void job_put_off(struct seat *seat, const struct job *job, const struct error *error)
{
    char subject[ROW_ID_TEXT_SIZE];
    struct error ignored;

    log_error("job.failed", "stage", seat->runner->stage->lane, "recording",
              row_id_print(job->subject_id, subject), "error", error->message, NULL);
    db_rollback(seat->worker.db);
    IGNORE(job_delay(seat->worker.db, job, time_now() + 10 * FAILED_WAIT_MS, &ignored),
           "the lease runs out anyway");
    time_sleep_ms(FAILED_WAIT_MS);
}

/* Work until there is none. */
static void seat_work(struct seat *seat)
{
    struct runner *runner = seat->runner;
    const struct stage *stage = runner->stage;

    while (!runner->is_stopping) {
        struct job job;
        struct error error = { 0 };
        bool is_found = false;
        if (!job_claim(seat->worker.db, stage->lane, runner->world->process_id, time_now(),
                       stage->lease_ms, &job, &is_found, &error)) {
            log_warn("job.claim_failed", "stage", stage->lane, "error", error.message, NULL);
            time_sleep_ms(FAILED_WAIT_MS);
            continue;
        }
        if (!is_found) {
            return;
        }
        runner_wake(runner);
        seat_take(seat, &job);
        bool is_settled = stage->run(&seat->worker, &job, &error);
        seat_take(seat, NULL);
        if (!is_settled) {
            job_put_off(seat, &job, &error);
        }
        arena_reset(seat->worker.arena);
    }
}

static void *seat_run(void *argument)
{
    struct seat *seat = argument;

    while (work_wait(seat->runner)) {
        seat_work(seat);
    }
    return NULL;
}

static void heartbeat(struct runner *runner, time_ms now)
{
    for (size_t i = 0; i < runner->seat_count; i++) {
        struct seat *seat = &runner->seats[i];
        struct error error;
        (void)pthread_mutex_lock(&runner->lock);
        struct job job = seat->job;
        bool is_running = seat->is_running;
        (void)pthread_mutex_unlock(&runner->lock);
        if (is_running && !job_renew(runner->db, &job, now, runner->stage->lease_ms, &error)) {
            /* Settled in this very moment, or lost: the fence decides when it settles. */
            log_debug("job.not_renewed", "stage", runner->stage->lane, "error", error.message,
                      NULL);
        }
    }
}

struct tick {
    int64_t version;
    int64_t changed_at_ms; /* monotonic */
    int64_t beaten_at_ms;  /* monotonic */
    time_ms next_due;
    struct time_watch watch;
    int64_t back_ms; /* The clock was set back, and the queue does not know it yet. */
};

/* What waits was put off to an instant of the clock as it was. */
static void clock_check(struct runner *runner, struct tick *tick, time_ms now)
{
    int64_t jump_ms = time_jump_ms(&tick->watch);
    struct error error;

    tick->back_ms += jump_ms < -CLOCK_BACK_MS ? -jump_ms : 0;
    if (tick->back_ms == 0) {
        return;
    }
    if (!job_clock_back(runner->db, runner->stage->lane, now, tick->back_ms, &error)) {
        log_warn("clock.not_followed", "error", error.message, NULL);
        return;
    }
    log_warn("clock.set_back", "seconds", LOG_NUMBER(tick->back_ms / SECOND_MS), NULL);
    tick->back_ms = 0;
    tick->version = -1; /* Our own writes do not change it. */
    tick->next_due = now;
}

static void tick_once(struct runner *runner, struct tick *tick)
{
    struct error error;
    int64_t version = tick->version;
    int64_t now_ms = time_monotonic_ms();
    time_ms now = time_now();

    clock_check(runner, tick, now);
    version = tick->version;
    if (!db_version(runner->db, &version, &error)) {
        log_warn("database.unreachable", "error", error.message, NULL);
        time_sleep_ms(FAILED_WAIT_MS);
        return;
    }
    if (version != tick->version) {
        tick->version = version;
        if (!job_next_due(runner->db, runner->stage->lane, now, &tick->next_due, &error)) {
            tick->next_due = now;
        }
    }
    if (tick->next_due > 0 && tick->next_due <= now) {
        runner_wake(runner);
        tick->changed_at_ms = now_ms;
        tick->next_due = now + SECOND_MS; /* If nobody could take it, look again then. */
    }
    if (now_ms - tick->beaten_at_ms >= runner->stage->lease_ms / 3) {
        tick->beaten_at_ms = now_ms;
        heartbeat(runner, now);
    }
}

static void *ticker_run(void *argument)
{
    struct runner *runner = argument;
    struct tick tick = { .version = -1, .beaten_at_ms = time_monotonic_ms() };

    while (!runner->is_stopping) {
        tick_once(runner, &tick);
        bool is_busy = time_monotonic_ms() - tick.changed_at_ms < BUSY_FOR_MS;
        time_sleep_ms(is_busy ? TICK_BUSY_MS : TICK_IDLE_MS);
    }
    return NULL;
}

static void runner_free(struct runner *runner)
{
    for (size_t i = 0; i < runner->seat_count; i++) {
        db_close(runner->seats[i].worker.db);
        arena_free(runner->seats[i].worker.arena);
    }
    db_close(runner->db);
    free(runner->seats);
    (void)pthread_cond_destroy(&runner->work);
    (void)pthread_mutex_destroy(&runner->lock);
    free(runner);
}

static void seats_end(struct runner *runner, size_t started_count)
{
    runner->is_stopping = true;
    (void)pthread_mutex_lock(&runner->lock);
    (void)pthread_cond_broadcast(&runner->work);
    (void)pthread_mutex_unlock(&runner->lock);
    for (size_t i = 0; i < started_count; i++) {
        (void)pthread_join(runner->seats[i].thread, NULL);
    }
}

static bool seats_open(struct runner *runner, struct error *error)
{
    for (size_t i = 0; i < runner->seat_count; i++) {
        struct seat *seat = &runner->seats[i];
        seat->runner = runner;
        seat->worker.world = runner->world;
        seat->worker.stage = runner->stage;
        seat->worker.arena = arena_new(ARENA_SIZE_MAX);
        if (!db_open(runner->world->database_url, 30000, &seat->worker.db, error)) {
            return false;
        }
    }
    return db_open(runner->world->database_url, 30000, &runner->db, error);
}

bool runner_start(const struct world *world, const struct stage *stage, unsigned worker_count,
                  struct runner **runner_out, struct error *error)
{
    struct runner *runner = memory_new(sizeof *runner);

    runner->world = world;
    runner->stage = stage;
    runner->seat_count = worker_count < WORKERS_MAX ? worker_count : WORKERS_MAX;
    runner->seats = memory_new(runner->seat_count * sizeof *runner->seats);
    IGNORE(pthread_mutex_init(&runner->lock, NULL), "cannot fail with these attributes");
    IGNORE(pthread_cond_init(&runner->work, NULL), "cannot fail with these attributes");
    if (!seats_open(runner, error)) {
        runner_free(runner);
        return false;
    }
    for (size_t i = 0; i < runner->seat_count; i++) {
        if (pthread_create(&runner->seats[i].thread, NULL, seat_run, &runner->seats[i]) != 0) {
            seats_end(runner, i);
            runner_free(runner);
            return error_set(error, ERROR_SYSTEM, "cannot start a worker thread");
        }
    }
    if (pthread_create(&runner->ticker, NULL, ticker_run, runner) != 0) {
        seats_end(runner, runner->seat_count);
        runner_free(runner);
        return error_set(error, ERROR_SYSTEM, "cannot start the ticker thread");
    }
    *runner_out = runner;
    return true;
}

static bool is_any_running(struct runner *runner)
{
    bool is_any = false;

    (void)pthread_mutex_lock(&runner->lock);
    for (size_t i = 0; i < runner->seat_count; i++) {
        is_any = is_any || runner->seats[i].is_running;
    }
    (void)pthread_mutex_unlock(&runner->lock);
    return is_any;
}

bool runner_stop(struct runner *runner, int64_t grace_ms)
{
    int64_t until_ms = time_monotonic_ms() + grace_ms;
    struct error error;

    runner->is_stopping = true;
    (void)pthread_join(runner->ticker, NULL);
    while (is_any_running(runner) && time_monotonic_ms() < until_ms) {
        time_sleep_ms(TICK_BUSY_MS);
    }
    if (is_any_running(runner)) {
        IGNORE(job_release_all(runner->db, runner->world->process_id, time_now(), &error),
               "the leases run out anyway");
        return false;
    }
    seats_end(runner, runner->seat_count);
    runner_free(runner);
    return true;
}

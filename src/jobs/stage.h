/*
 * THE table of stages, and what becomes of a job. See DESIGN.md for the drawing.
 *
 * A stage's function does the work and settles the job itself, in one transaction with its result.
 * It may be run twice for the same subject; its effect must not double. Returning false means that
 * nothing was settled: the job stays with this worker until its lease runs out, or is delayed by
 * the runner.
 */
#ifndef JOBS_STAGE_H
#define JOBS_STAGE_H

#include "core/arena.h"
#include "core/time.h"
#include "jobs/world.h"
#include "store/jobs.h"

struct stage;

/* One worker thread's own things, for the time of one job. */
struct worker {
    const struct world *world;
    const struct stage *stage;
    struct db *db;
    struct arena *arena; /* Emptied after each job. */
};

struct stage {
    const char *lane;  /* Where its jobs lie: store/jobs.h. */
    const char *role;  /* The process that runs it. */
    int64_t lease_ms;  /* Silence after which a worker is taken for dead. */
    int64_t tries_max; /* 0: as the retry schedule and horizon say. */
    bool (*run)(struct worker *worker, const struct job *job, struct error *error);
};

/* The stages of a role, by number from 0; NULL when it has no more. */
const struct stage *stage_of_role(const char *role, size_t number);

bool stage_fetch(struct worker *worker, const struct job *job, struct error *error);
bool stage_transcribe(struct worker *worker, const struct job *job, struct error *error);
bool stage_analyse(struct worker *worker, const struct job *job, struct error *error);
bool stage_notify(struct worker *worker, const struct job *job, struct error *error);

/* A line in the call's history, under this worker's stage. Inside the caller's transaction. */
struct recording;
MUST_USE bool stage_event(struct worker *worker, const struct recording *recording,
                          const char *event, const char *detail, struct error *error);

/*
 * When to try again, after try number `attempt` (from 1) of something wanted since `wanted_since`:
 * now plus the schedule's step (or `at_least_s` where that is more), or 0 when that lies past the
 * horizon. Pure.
 */
time_ms stage_next_try(const struct world *world, int64_t attempt, int64_t at_least_s,
                       time_ms wanted_since, time_ms now);

#endif

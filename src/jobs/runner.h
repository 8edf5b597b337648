/*
 * The worker threads of one role: claim a job, run its stage, again. Sleeping workers are woken
 * when somebody commits to the database or a job falls due; running jobs get their heartbeat from
 * one thread.
 */
#ifndef JOBS_RUNNER_H
#define JOBS_RUNNER_H

#include "jobs/stage.h"

struct runner;

MUST_USE bool runner_start(const struct world *world, const struct stage *stage,
                           unsigned worker_count, struct runner **runner_out, struct error *error);
/*
 * Claim nothing more, wait up to `grace_ms` for running jobs, give back what still runs. False when
 * some still ran: their threads cannot be ended, so the process must _exit(); nothing was freed
 * then.
 */
MUST_USE bool runner_stop(struct runner *runner, int64_t grace_ms);

#endif

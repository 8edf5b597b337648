/*
 * Intake: webhooks become durable. One thread writes; all that waits goes into one transaction
 * (group commit), and only when that is on disk is each item told so. Nobody is told "kept" before.
 *
 * An I/O error of the database (a failed fsync above all) is not retried: after it nobody knows
 * what is on disk. Intake is then broken, refuses everything, and the process has to be started
 * again (jobs/DESIGN.md).
 */
#ifndef JOBS_INTAKE_H
#define JOBS_INTAKE_H

#include "jobs/world.h"
#include "store/intake.h"

struct intake_item {
    struct intake_webhook webhook; /* Everything it points to lives until `done`. */
    /* Called on the writer's thread, exactly once, after the commit or the failure. The item is
     * yours again. */
    void (*done)(struct intake_item *item);
    void *context;
    /* Set before `done`. */
    bool is_kept;
    struct intake_result result;
    struct error error; /* When not kept. */
    struct intake_item *next;
};

struct intake;

MUST_USE bool intake_start(const struct world *world, struct intake **intake_out,
                           struct error *error);
/* Finishes what was submitted. NULL is fine. */
void intake_stop(struct intake *intake);

/* False when too many wait already, or intake is broken: answer 503; `done` is not called then. */
MUST_USE bool intake_submit(struct intake *intake, struct intake_item *item);
bool intake_is_broken(struct intake *intake);

#endif

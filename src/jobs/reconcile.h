/*
 * Reconciliation: a PBX's own job in its fetch lane. Polls its calls, heals what no call record
 * tells, carries out an ordered import. jobs/DESIGN.md, "Reconciliation".
 */
#ifndef JOBS_RECONCILE_H
#define JOBS_RECONCILE_H

#include "jobs/chores.h"
#include "jobs/stage.h"

/* One run, for a job whose subject is its lane's owner. Settles the job. */
MUST_USE bool reconcile_run(struct worker *worker, const struct job *job, struct error *error);

/* Chore: makes the job where it is missing. */
MUST_USE bool reconcile_ensure(struct chore_run *run, struct error *error);

#endif

/*
 * A chore: what is wrong is raised as an alarm, what is over is cleared, and targets are told.
 *
 * A round compares what symptoms.h finds with the alarms that stand, and writes the difference, its
 * messages and its events in one transaction. What is found for the first time is only noted; found
 * again in the next round it is raised (so a role that is being restarted is no alarm). Cleared is
 * what was not found in WATCH_ROUNDS_FINE rounds in a row: what comes and goes is told once.
 */
#ifndef JOBS_WATCH_H
#define JOBS_WATCH_H

#include "jobs/chores.h"

enum { WATCH_ROUNDS_FINE = 3 };

/* One round. */
MUST_USE bool watch_look(struct chore_run *run, struct error *error);

#endif

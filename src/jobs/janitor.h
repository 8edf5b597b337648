/* A chore: what dead processes left behind, sessions that ended. */
#ifndef JOBS_JANITOR_H
#define JOBS_JANITOR_H

#include "jobs/chores.h"

/* One round. Cheap. */
MUST_USE bool janitor_sweep(struct chore_run *run, struct error *error);

#endif

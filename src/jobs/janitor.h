/* Chores: what dead processes left behind, sessions that ended. */
#ifndef JOBS_JANITOR_H
#define JOBS_JANITOR_H

#include "jobs/world.h"
#include "store/db.h"

/* One round. Cheap; call it at the start and every few minutes. */
MUST_USE bool janitor_sweep(const struct world *world, struct db *db, struct error *error);

#endif

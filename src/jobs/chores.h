/*
 * What has to be done now and then, on two threads of the collect role: one for what is done in a
 * moment, one for what may take hours. Several such processes share the chores: each is done by one
 * of them at a time (store/chores.h).
 */
#ifndef JOBS_CHORES_H
#define JOBS_CHORES_H

#include "jobs/world.h"
#include "store/db.h"

struct chores;
struct chore_line; /* One of the two threads. */

/* A chore's own things, for the time of one run. */
struct chore_run {
    const struct world *world;
    struct db *db;
    struct arena *arena; /* Emptied after each run. */
    const char *name;
    const char *worker;
    struct chore_line *line;
};

/* In a long chore, every few seconds: true when it should end because the process does. Renews the
 * lease. */
bool chore_should_stop(const struct chore_run *run);

MUST_USE bool chores_start(const struct world *world, struct chores **chores_out,
                           struct error *error);
/* Waits for the running chore, which is asked to end. NULL is fine. */
void chores_stop(struct chores *chores);

#endif

/*
 * Crash points: places where a test lets the process die, as kill -9 or a power cut would. They are
 * in every build, so that what is tested is what runs; while none is armed, passing one costs a
 * load and a branch.
 *
 *     AUDIAPRO_CRASH_AT=blob.renamed:2 AUDIAPRO_CRASH_ONCE=/tmp/struck audiapro serve
 *
 * The process kills itself (SIGKILL) when it passes the point for the second time (":1" when no
 * number is given), right after it has made the file that AUDIAPRO_CRASH_ONCE names. Where that
 * file is there already, nothing is armed: so the role that is started again goes on. For tests
 * only: the configuration does not know these two.
 */
#ifndef CORE_CRASH_H
#define CORE_CRASH_H

#include <stdbool.h>
#include <sys/types.h>

#include "core/error.h"

struct crash_row {
    const char *name;  /* "FILE.WHAT_HAS_HAPPENED" */
    const char *role;  /* The process that passes it. */
    const char *cuts;  /* What does not happen any more. */
    bool is_for_child; /* Not the process itself is killed but its child. */
};

/* THE table of points; ends with a row whose name is NULL. */
const struct crash_row *crash_rows(void);

/* Read the two variables, in a process of that role: only its own points are armed. Once, before
 * threads. ERROR_INVALID: they name no point, or only one is set. */
MUST_USE bool crash_arm(const char *role, struct error *error);

/* For the two below. */
extern bool crash_is_armed;
void crash_pass(const char *name, pid_t victim);

/* Pass the point of that name. Always true, so that it fits into a chain of &&. */
static inline bool crash_point(const char *name)
{
    if (crash_is_armed) {
        crash_pass(name, 0);
    }
    return true;
}

/* The same for a point at which the child process `victim` dies, and we live on. */
static inline bool crash_point_of_child(const char *name, pid_t victim)
{
    if (crash_is_armed) {
        crash_pass(name, victim);
    }
    return true;
}

#endif

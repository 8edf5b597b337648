/*
 * What a test and the fault shim (fault_shim.c) share: a page of memory with rules. The shim is
 * loaded before the C library into every process of a server (LD_PRELOAD) and lets the n-th call of
 * a kind fail, in one role, for files whose path has some words in it; and it moves the clock.
 *
 * A rule counts also the calls that it lets pass, and the fsyncs that come after one it failed.
 */
#ifndef TESTS_TOOLS_SHIM_H
#define TESTS_TOOLS_SHIM_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum shim_call {
    SHIM_ALLOCATE, /* malloc, calloc, realloc */
    SHIM_WRITE,    /* write, pwrite, writev, pwritev */
    SHIM_SYNC,     /* fsync, fdatasync */
    SHIM_RENAME,   /* rename, renameat: by the new name */
    SHIM_OPEN,     /* open, openat */
    SHIM_MKDIR,    /* mkdir, mkdirat */
};

enum { SHIM_RULES = 4, SHIM_FOREVER = -1 };

struct shim_rule {
    enum shim_call call;
    char role[16]; /* "http", "collect" …; "": every process */
    char path[64]; /* "": every file, and no file at all */
    int error;
    atomic_bool is_on;   /* Set last. */
    atomic_long skip;    /* So many pass first. */
    atomic_long left;    /* Then so many fail; SHIM_FOREVER: all. */
    atomic_long passed;  /* How many came. */
    atomic_long struck;  /* How many failed. */
    atomic_int last_pid; /* Whom it struck last. */
    atomic_long after;   /* Calls of that process after, of the same kind and for such files. */
};

struct shim_control {
    atomic_int rules_on;         /* 0: no rule needs to be looked at. */
    atomic_llong clock_shift_ms; /* What the wall clock is ahead. */
    struct shim_rule rules[SHIM_RULES];
};

#define SHIM_VARIABLE "AUDIAPRO_TEST_SHIM" /* The path of the page. */

#endif

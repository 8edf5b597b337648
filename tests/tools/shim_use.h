/*
 * The test's side of the fault shim: loads it into a server's processes, and sets its rules. Where
 * there is none (builds with sanitizers bring an allocator of their own) shim_load() says so.
 */
#ifndef TESTS_TOOLS_SHIM_USE_H
#define TESTS_TOOLS_SHIM_USE_H

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "integration/cli/server.h"
#include "tools/shim.h"

struct shim {
    struct shim_control *control; /* NULL: there is none. */
};

/* Into all processes that the server starts from now on. */
static inline bool shim_load(struct shim *shim, struct server *server)
{
    char library[PATH_MAX];
    char page[128];

    IGNORE(snprintf(library, sizeof library, "%s", program_path()), "fits");
    IGNORE(snprintf(strrchr(library, '/'), 32, "/fault_shim.so"), "there was room for the program");
    IGNORE(snprintf(page, sizeof page, "%s/shim", server->folder), "fits");
    shim->control = NULL;
    if (access(library, R_OK) != 0) {
        return false;
    }
    int file = open(page, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    assert_true(file >= 0);
    assert_int_equal(ftruncate(file, sizeof *shim->control), 0);
    shim->control = mmap(NULL, sizeof *shim->control, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    (void)close(file);
    assert_true(shim->control != MAP_FAILED);
    server_set(server, "LD_PRELOAD", library);
    server_set(server, SHIM_VARIABLE, page);
    return true;
}

static inline void shim_clear(struct shim *shim)
{
    for (int i = 0; i < SHIM_RULES; i++) {
        atomic_store(&shim->control->rules[i].is_on, false);
    }
    atomic_store(&shim->control->rules_on, 0);
}

/* After `skip` such calls `count` fail with `error`. Texts are copied. */
static inline struct shim_rule *shim_set(struct shim *shim, int number, enum shim_call call,
                                         const char *role, const char *path, int error, long skip,
                                         long count)
{
    struct shim_rule *rule = &shim->control->rules[number];

    atomic_store(&rule->is_on, false);
    rule->call = call;
    rule->error = error;
    IGNORE(snprintf(rule->role, sizeof rule->role, "%s", role), "fits");
    IGNORE(snprintf(rule->path, sizeof rule->path, "%s", path), "fits");
    atomic_store(&rule->skip, skip);
    atomic_store(&rule->left, count);
    atomic_store(&rule->passed, 0);
    atomic_store(&rule->struck, 0);
    atomic_store(&rule->after, 0);
    atomic_store(&rule->last_pid, 0);
    atomic_store(&rule->is_on, true);
    atomic_store(&shim->control->rules_on, 1);
    return rule;
}

#endif

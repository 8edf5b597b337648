/*
 * The processes of a server: the supervisor, its roles, and what they started. The test makes
 * itself their reaper, so that those whose parent died are found and ended as well.
 */
#ifndef TESTS_CRASH_CLI_TREE_H
#define TESTS_CRASH_CLI_TREE_H

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "core/time.h"

enum { TREE_MAX = 64, TREE_PATH_SIZE = 300 };

struct process {
    pid_t pid;
    pid_t parent;
    char role[32]; /* "serve", "http" … or "speech-child"; "" for anything else */
};

struct tree {
    struct process list[TREE_MAX];
    size_t count;
};

/* Orphans below us become our children. Once, in main(). */
static inline void tree_adopt_orphans(void)
{
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1);
}

static inline size_t proc_read(const char *pid, const char *what, char *content_out, size_t room)
{
    char path[TREE_PATH_SIZE];

    IGNORE(snprintf(path, sizeof path, "/proc/%s/%s", pid, what), "fits");
    AUTO(file_close) int file = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = file >= 0 ? read(file, content_out, room - 1) : -1;
    content_out[size > 0 ? size : 0] = '\0';
    return size > 0 ? (size_t)size : 0;
}

/* "audiapro", "serve", "--role", "http": each with its NUL. */
static inline void role_read(const char *arguments, size_t size, char role_out[32])
{
    const char *end = arguments + size;
    const char *second = arguments + strlen(arguments) + 1;

    role_out[0] = '\0';
    if (second >= end) {
        return;
    }
    const char *third = second + strlen(second) + 1;
    const char *fourth = third < end ? third + strlen(third) + 1 : end;
    bool is_role = third < end && strcmp(third, "--role") == 0 && fourth < end;
    IGNORE(snprintf(role_out, 32, "%s", is_role ? fourth : second), "cut is fine");
}

/* False for a process that is gone, or dead and not yet reaped. */
static inline bool process_read(const char *pid, struct process *process_out)
{
    char status[512];
    char arguments[1024];

    if (proc_read(pid, "stat", status, sizeof status) == 0) {
        return false;
    }
    const char *after_name = strrchr(status, ')');
    if (after_name == NULL || strlen(after_name) < 5 || after_name[2] == 'Z') {
        return false;
    }
    process_out->pid = (pid_t)strtol(pid, NULL, 10);
    process_out->parent = (pid_t)strtol(after_name + 4, NULL, 10);
    size_t size = proc_read(pid, "cmdline", arguments, sizeof arguments);
    role_read(arguments, size, process_out->role);
    return true;
}

static inline bool tree_has(const struct tree *tree, pid_t pid)
{
    for (size_t i = 0; i < tree->count; i++) {
        if (tree->list[i].pid == pid) {
            return true;
        }
    }
    return false;
}

/* All living processes below us. */
static inline struct tree tree_read(void)
{
    static struct process all[8192];
    size_t all_count = 0;
    struct tree tree = { .count = 0 };
    DIR *proc = opendir("/proc");

    for (struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
        if (isdigit((unsigned char)entry->d_name[0]) && all_count < COUNT_OF(all) &&
            process_read(entry->d_name, &all[all_count])) {
            all_count++;
        }
    }
    (void)closedir(proc);
    for (size_t found = 1; found > 0;) {
        found = 0;
        for (size_t i = 0; i < all_count && tree.count < TREE_MAX; i++) {
            bool is_ours = all[i].parent == getpid() || tree_has(&tree, all[i].parent);
            if (is_ours && !tree_has(&tree, all[i].pid)) {
                tree.list[tree.count++] = all[i];
                found++;
            }
        }
    }
    return tree;
}

/* The process of that role, 0 when there is none. */
static inline pid_t tree_find(const struct tree *tree, const char *role)
{
    for (size_t i = 0; i < tree->count; i++) {
        if (strcmp(tree->list[i].role, role) == 0) {
            return tree->list[i].pid;
        }
    }
    return 0;
}

/* Until no process is below us. Returns how long that took, or -1 when some were left. */
static inline int64_t tree_wait_gone(int64_t timeout_ms)
{
    int64_t started_at = time_monotonic_ms();

    for (;;) {
        pid_t pid = waitpid(-1, NULL, WNOHANG);
        if (pid < 0) {
            return time_monotonic_ms() - started_at;
        }
        if (time_monotonic_ms() - started_at > timeout_ms) {
            return -1;
        }
        if (pid == 0) {
            time_sleep_ms(2);
        }
    }
}

/* kill -9 of them all: nobody has time to do anything. Nobody is left after. */
static inline void tree_kill(void)
{
    do {
        struct tree tree = tree_read();
        for (size_t i = 0; i < tree.count; i++) {
            (void)kill(tree.list[i].pid, SIGKILL);
        }
    } while (tree_wait_gone(50) < 0);
}

#endif

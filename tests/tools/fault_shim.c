/*
 * Loaded before the C library into the processes of a server under test: the calls of the table in
 * shim.h fail as the rules say. Everything else goes to the kernel, or to the C library's own
 * allocator, at once. Allocates nothing itself.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "tools/shim.h"

extern void *__libc_malloc(size_t size);
extern void *__libc_calloc(size_t count, size_t size);
extern void *__libc_realloc(void *memory, size_t size);

static struct shim_control *control;
static char own_role[16];

/* "audiapro", "serve", "--role", "http": each with its NUL. */
static void role_read(void)
{
    char words[512];
    long file = syscall(SYS_openat, AT_FDCWD, "/proc/self/cmdline", O_RDONLY | O_CLOEXEC, 0);
    ssize_t size = file >= 0 ? read((int)file, words, sizeof words - 1) : -1;

    for (ssize_t at = 0; at < size; at += (ssize_t)strlen(words + at) + 1) {
        words[size] = '\0';
        ssize_t next = at + (ssize_t)strlen(words + at) + 1;
        if (strcmp(words + at, "--role") == 0 && next < size &&
            strlen(words + next) < sizeof own_role) {
            memcpy(own_role, words + next, strlen(words + next) + 1);
        }
    }
    if (file >= 0) {
        (void)close((int)file);
    }
}

__attribute__((constructor)) static void shim_load(void)
{
    const char *path = getenv(SHIM_VARIABLE);
    long file = path != NULL ? syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC, 0) : -1;

    role_read();
    if (file < 0) {
        return;
    }
    void *page = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, (int)file, 0);
    control = page != MAP_FAILED ? page : NULL;
    (void)close((int)file);
}

static bool path_fits(const struct shim_rule *rule, int file, const char *name)
{
    char link[40];
    char path[512];

    if (rule->path[0] == '\0') {
        return true;
    }
    if (name == NULL) {
        (void)snprintf(link, sizeof link, "/proc/self/fd/%d", file);
        ssize_t size = readlink(link, path, sizeof path - 1);
        path[size > 0 ? size : 0] = '\0';
        name = path;
    }
    return strstr(name, rule->path) != NULL;
}

static bool rule_strikes(struct shim_rule *rule)
{
    int pid = (int)syscall(SYS_getpid);

    atomic_fetch_add(&rule->passed, 1);
    if (atomic_load(&rule->struck) > 0 && atomic_load(&rule->last_pid) == pid) {
        atomic_fetch_add(&rule->after, 1);
    }
    if (atomic_load(&rule->skip) > 0 && atomic_fetch_sub(&rule->skip, 1) > 0) {
        return false;
    }
    long left = atomic_load(&rule->left);
    while (left > 0 && !atomic_compare_exchange_weak(&rule->left, &left, left - 1)) {
    }
    if (left == 0) {
        return false;
    }
    atomic_store(&rule->last_pid, pid);
    atomic_fetch_add(&rule->struck, 1);
    errno = rule->error;
    return true;
}

/* errno is set when it is true. */
static bool strikes(enum shim_call call, int file, const char *name)
{
    int saved = errno;

    if (control == NULL || atomic_load_explicit(&control->rules_on, memory_order_relaxed) == 0) {
        return false;
    }
    for (int i = 0; i < SHIM_RULES; i++) {
        struct shim_rule *rule = &control->rules[i];
        if (atomic_load(&rule->is_on) && rule->call == call &&
            (rule->role[0] == '\0' || strcmp(rule->role, own_role) == 0) &&
            path_fits(rule, file, name) && rule_strikes(rule)) {
            return true;
        }
    }
    errno = saved;
    return false;
}

/* ---- Memory ---- */

void *malloc(size_t size)
{
    return strikes(SHIM_ALLOCATE, -1, "") ? NULL : __libc_malloc(size);
}

void *calloc(size_t count, size_t size)
{
    return strikes(SHIM_ALLOCATE, -1, "") ? NULL : __libc_calloc(count, size);
}

void *realloc(void *memory, size_t size)
{
    return strikes(SHIM_ALLOCATE, -1, "") ? NULL : __libc_realloc(memory, size);
}

/* ---- Files ---- */

ssize_t write(int file, const void *bytes, size_t size)
{
    return strikes(SHIM_WRITE, file, NULL) ? -1 : syscall(SYS_write, file, bytes, size);
}

ssize_t pwrite(int file, const void *bytes, size_t size, off_t at)
{
    return strikes(SHIM_WRITE, file, NULL) ? -1 : syscall(SYS_pwrite64, file, bytes, size, at);
}

ssize_t pwrite64(int file, const void *bytes, size_t size, off_t at)
{
    return pwrite(file, bytes, size, at);
}

ssize_t writev(int file, const struct iovec *pieces, int count)
{
    return strikes(SHIM_WRITE, file, NULL) ? -1 : syscall(SYS_writev, file, pieces, count);
}

int fsync(int file)
{
    return strikes(SHIM_SYNC, file, NULL) ? -1 : (int)syscall(SYS_fsync, file);
}

int fdatasync(int file)
{
    return strikes(SHIM_SYNC, file, NULL) ? -1 : (int)syscall(SYS_fdatasync, file);
}

int renameat(int from_folder, const char *from, int to_folder, const char *to)
{
    return strikes(SHIM_RENAME, -1, to)
               ? -1
               : (int)syscall(SYS_renameat2, from_folder, from, to_folder, to, 0);
}

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}

int mkdirat(int folder, const char *path, mode_t mode)
{
    return strikes(SHIM_MKDIR, -1, path) ? -1 : (int)syscall(SYS_mkdirat, folder, path, mode);
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

static int file_open(int folder, const char *path, int flags, mode_t mode)
{
    return strikes(SHIM_OPEN, -1, path) ? -1 : (int)syscall(SYS_openat, folder, path, flags, mode);
}

/* The mode follows only with these flags. */
#define MODE_OF(flags)                                                                             \
    mode_t mode = 0;                                                                               \
    if (((flags) & (O_CREAT | O_TMPFILE)) != 0) {                                                  \
        va_list arguments;                                                                         \
        va_start(arguments, flags);                                                                \
        mode = va_arg(arguments, mode_t);                                                          \
        va_end(arguments);                                                                         \
    }

int open(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return file_open(AT_FDCWD, path, flags, mode);
}

int open64(const char *path, int flags, ...)
{
    MODE_OF(flags)
    return file_open(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return file_open(folder, path, flags, mode);
}

int openat64(int folder, const char *path, int flags, ...)
{
    MODE_OF(flags)
    return file_open(folder, path, flags, mode);
}

/* What the C library's checked forms call. */
int __open_2(const char *path, int flags);
int __open_2(const char *path, int flags)
{
    return file_open(AT_FDCWD, path, flags, 0);
}

int __openat_2(int folder, const char *path, int flags);
int __openat_2(int folder, const char *path, int flags)
{
    return file_open(folder, path, flags, 0);
}

/* ---- The clock ---- */

int clock_gettime(clockid_t clock, struct timespec *at)
{
    int code = (int)syscall(SYS_clock_gettime, clock, at);
    bool is_wall = clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
    long long shift_ms = control != NULL && is_wall ? atomic_load(&control->clock_shift_ms) : 0;

    if (code == 0 && shift_ms != 0) {
        long long at_ns = at->tv_nsec + shift_ms % 1000 * 1000000;
        long long carry = at_ns < 0 ? -1 : at_ns / 1000000000;
        at->tv_sec += shift_ms / 1000 + carry;
        at->tv_nsec = (long)(at_ns - carry * 1000000000);
    }
    return code;
}

int gettimeofday(struct timeval *restrict at, void *restrict zone)
{
    struct timespec now;

    (void)zone;
    if (clock_gettime(CLOCK_REALTIME, &now) == 0) {
        at->tv_sec = now.tv_sec;
        at->tv_usec = now.tv_nsec / 1000;
    }
    return 0;
}

time_t time(time_t *at)
{
    struct timespec now = { 0 };

    (void)clock_gettime(CLOCK_REALTIME, &now);
    if (at != NULL) {
        *at = now.tv_sec;
    }
    return now.tv_sec;
}

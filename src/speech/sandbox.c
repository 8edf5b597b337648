/* See sandbox.h. */
#include "speech/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>

/* Everything computing needs. exit_group is how it ends. */
static const int allowed[] = {
    SCMP_SYS(read),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(set_robust_list),
    SCMP_SYS(rseq),
    SCMP_SYS(sched_yield),
    SCMP_SYS(sched_getaffinity),
    SCMP_SYS(sched_setaffinity),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(times),
    SCMP_SYS(getrusage),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(getrandom),
    SCMP_SYS(tgkill), /* abort() */
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* Refused without killing: libc asks for these by itself (processors, locales, thread names), and
 * lives without. clone3's arguments lie in memory where a filter cannot look: libc falls back to
 * clone. */
static const struct {
    int call;
    int refusal;
} refused[] = {
    { SCMP_SYS(openat), EACCES },     { SCMP_SYS(open), EACCES },
    { SCMP_SYS(newfstatat), EACCES }, { SCMP_SYS(fstat), EACCES },
    { SCMP_SYS(statx), EACCES },      { SCMP_SYS(readlink), EACCES },
    { SCMP_SYS(readlinkat), EACCES }, { SCMP_SYS(access), EACCES },
    { SCMP_SYS(faccessat), EACCES },  { SCMP_SYS(faccessat2), EACCES },
    { SCMP_SYS(prctl), EPERM },       { SCMP_SYS(prlimit64), EPERM },
    { SCMP_SYS(ioctl), ENOTTY },      { SCMP_SYS(uname), EPERM },
    { SCMP_SYS(sysinfo), EPERM },     { SCMP_SYS(clone3), ENOSYS },
};

static int rules_add(scmp_filter_ctx filter)
{
    int status = 0;

    for (size_t i = 0; i < COUNT_OF(allowed) && status == 0; i++) {
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
    }
    for (size_t i = 0; i < COUNT_OF(refused) && status == 0; i++) {
        status = seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)refused[i].refusal),
                                  refused[i].call, 0);
    }
    /* Threads of this process, not processes. */
    if (status == 0) {
        status = seccomp_rule_add(
            filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1,
            SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD | CLONE_VM, CLONE_THREAD | CLONE_VM));
    }
    /* Memory, but none that could hold new code. */
    if (status == 0) {
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    }
    if (status == 0) {
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    }
    return status;
}

static bool limit_set(__rlimit_resource_t resource, rlim_t value, struct error *error)
{
    struct rlimit old;

    if (getrlimit(resource, &old) != 0) {
        return error_set_errno(error, "read a resource limit");
    }
    if (old.rlim_max != RLIM_INFINITY && value > old.rlim_max) {
        value = old.rlim_max;
    }
    struct rlimit limit = { value, value };
    if (setrlimit(resource, &limit) != 0) {
        return error_set_errno(error, "set a resource limit");
    }
    return true;
}

bool sandbox_limit(size_t memory_bytes_max, unsigned cpu_seconds_max, struct error *error)
{
    struct rlimit cpu = { cpu_seconds_max, RLIM_INFINITY };

    /* Its soft form only, so that it can be raised once the length of the recording is known. */
    if (setrlimit(RLIMIT_CPU, &cpu) != 0) {
        return error_set_errno(error, "set a resource limit");
    }
    if (!SANDBOX_IS_SANITIZED && !limit_set(RLIMIT_AS, memory_bytes_max, error)) {
        return false;
    }
    return limit_set(RLIMIT_CORE, 0, error) && limit_set(RLIMIT_FSIZE, 0, error);
}

bool sandbox_close(struct error *error)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 || prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return error_set_errno(error, "give up privileges");
    }
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) {
        return error_set(error, ERROR_SYSTEM, "make a seccomp filter");
    }
    int status = rules_add(filter);
    if (status == 0) {
        status = seccomp_load(filter);
    }
    seccomp_release(filter);
    if (status != 0) {
        return error_set(error, ERROR_SYSTEM, "load the seccomp filter: %s", strerror(-status));
    }
    return true;
}

#include "check.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "speech/sandbox.h"

typedef int act(void);

/* What becomes of a process that closes the cage and then does it. */
static int status_of(act *deed)
{
    int status = 0;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        struct error error;
        _exit(sandbox_close(&error) ? deed() : 99);
    }
    CHECK(waitpid(child, &status, 0) == child);
    return status;
}

static bool is_killed(act *deed)
{
    int status = status_of(deed);

    return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS;
}

static int exit_of(act *deed)
{
    int status = status_of(deed);

    return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

static int open_socket(void)
{
    return socket(AF_INET, SOCK_STREAM, 0) < 0;
}

static int connect_socket(void)
{
    return connect(0, NULL, 0) < 0;
}

static int run_program(void)
{
    return execl("/bin/true", "true", NULL);
}

static int make_process(void)
{
    return fork() < 0;
}

static int trace(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0;
}

static int delete_file(void)
{
    return unlink("/tmp/nothing-is-called-so") != 0;
}

static int make_code(void)
{
    return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
                0) == MAP_FAILED;
}

static int kill_parent(void)
{
    return kill(getppid(), 0) != 0;
}

static void network_programs_and_processes_kill(void **state)
{
    (void)state;
    CHECK(is_killed(open_socket));
    CHECK(is_killed(connect_socket));
    CHECK(is_killed(run_program));
    CHECK(is_killed(make_process));
    CHECK(is_killed(trace));
    CHECK(is_killed(delete_file));
    CHECK(is_killed(make_code));
    CHECK(is_killed(kill_parent));
}

static int read_passwords(void)
{
    return open("/etc/passwd", O_RDONLY) < 0 && errno == EACCES ? 42 : 1;
}

static int write_file(void)
{
    return open("/tmp/written-from-the-cage", O_WRONLY | O_CREAT, 0600) < 0 && errno == EACCES ? 42
                                                                                               : 1;
}

static void files_are_refused(void **state)
{
    (void)state;
    CHECK_NUMBER(exit_of(read_passwords), 42);
    CHECK_NUMBER(exit_of(write_file), 42);
    CHECK(access("/tmp/written-from-the-cage", F_OK) != 0);
}

static void *double_it(void *number)
{
    *(int *)number *= 2;
    return NULL;
}

static int compute_with_threads(void)
{
    pthread_t thread;
    int number = 21;
    char *memory = malloc(8 << 20);

    if (memory == NULL || pthread_create(&thread, NULL, double_it, &number) != 0) {
        return 1;
    }
    memset(memory, 1, 8 << 20);
    free(memory);
    return pthread_join(thread, NULL) == 0 ? number : 2;
}

static void memory_and_threads_go_on_working(void **state)
{
    (void)state;
    CHECK_NUMBER(exit_of(compute_with_threads), 42);
}

static void the_limits_hold(void **state)
{
    (void)state;
    int status = 0;
    pid_t child = fork();

    CHECK(child >= 0);
    if (child == 0) {
        struct error error;
        if (!sandbox_limit(4 * GIB, 1, &error)) {
            _exit(99);
        }
        for (volatile unsigned i = 0;; i++) {
        }
    }
    CHECK(waitpid(child, &status, 0) == child);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGXCPU);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(network_programs_and_processes_kill),
        cmocka_unit_test(files_are_refused),
        cmocka_unit_test(memory_and_threads_go_on_working),
        cmocka_unit_test(the_limits_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

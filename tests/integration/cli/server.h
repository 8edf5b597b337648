/*
 * The real program in a folder of its own, for whole-product tests: `audiapro serve` with its
 * roles, its log in a file, its commands, and its database to look into.
 *
 * Promises: every wait has an end; a test that fails leaves no process (they die with ours); a
 * clean stop is checked for exit status 0, for processes left behind and for reports of
 * sanitizers. The program is $AUDIAPRO, else `audiapro` in the folder of the test.
 */
#ifndef TESTS_INTEGRATION_CLI_SERVER_H
#define TESTS_INTEGRATION_CLI_SERVER_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/time.h"
#include "store/db.h"
#include "web.h"

enum {
    SETTINGS_MAX = 48,
    SETTING_SIZE = 512,
    ARGUMENTS_MAX = 16,
    READY_MS = 20000,
    COMMAND_MS = 20000,
    STOP_MS = 15000,
    LOOK_MS = 10,
};

#define ADMIN_EMAIL "owner@example.test"
#define ADMIN_PASSWORD "correct-horse-battery-9"

struct server {
    char folder[64]; /* Everything of this server. */
    char data[96];
    char log[96];
    int port;
    pid_t pid;                                 /* The supervisor; 0: not running. */
    char token[128];                           /* An operator's, made by `audiapro token create`. */
    char settings[SETTINGS_MAX][SETTING_SIZE]; /* NAME=value: its whole environment. */
    size_t setting_count;
};

/* ---- Settings ---- */

/* Set, or take away with NULL. Counts at the next start and for the next command. */
static inline void server_set(struct server *server, const char *name, const char *value)
{
    size_t size = strlen(name);
    size_t at = 0;

    while (at < server->setting_count &&
           (strncmp(server->settings[at], name, size) != 0 || server->settings[at][size] != '=')) {
        at++;
    }
    if (value == NULL) {
        if (at < server->setting_count) {
            server->setting_count--;
            memmove(server->settings[at], server->settings[server->setting_count], SETTING_SIZE);
        }
        return;
    }
    assert_true(at < SETTINGS_MAX);
    IGNORE(snprintf(server->settings[at], SETTING_SIZE, "%s=%s", name, value), "long enough");
    server->setting_count += at == server->setting_count ? 1 : 0;
}

static inline void server_set_number(struct server *server, const char *name, long number)
{
    char text[24];

    IGNORE(snprintf(text, sizeof text, "%ld", number), "fits");
    server_set(server, name, text);
}

/* A port that nobody uses now. The server keeps it over its restarts, so it is not asked for port
 * 0. */
static inline int port_free(void)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t size = sizeof address;
    AUTO(file_close) int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(handle >= 0);
    assert_int_equal(bind(handle, (struct sockaddr *)&address, size), 0);
    assert_int_equal(getsockname(handle, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

/* A fresh folder and the settings of a small private server. Nothing runs yet. */
static inline void server_make(struct server *server)
{
    static const char *const inherited[] = { "PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS",
                                             "LSAN_OPTIONS" };
    char listen[32];

    *server = (struct server){ .folder = "/tmp/audiapro-test-XXXXXX", .port = port_free() };
    assert_non_null(mkdtemp(server->folder));
    IGNORE(snprintf(server->data, sizeof server->data, "%s/data", server->folder), "fits");
    IGNORE(snprintf(server->log, sizeof server->log, "%s/log", server->folder), "fits");
    IGNORE(snprintf(listen, sizeof listen, "127.0.0.1:%d", server->port), "fits");
    for (size_t i = 0; i < COUNT_OF(inherited); i++) {
        server_set(server, inherited[i], getenv(inherited[i]));
    }
    server_set(server, "DATA_DIR", server->data);
    server_set(server, "HTTP_LISTEN", listen);
    server_set(server, "PBX_ALLOWED_NETWORKS", "127.0.0.1/32");
    server_set(server, "ADMIN_EMAIL", ADMIN_EMAIL);
    server_set(server, "ADMIN_PASSWORD", ADMIN_PASSWORD);
    server_set(server, "TRANSCRIPTION_ENABLED", "false");
    server_set(server, "RECONCILE_INTERVAL", "0");
    server_set(server, "RETRY_SCHEDULE", "1s,1s,1s,2s");
}

/* ---- Processes ---- */

static inline const char *program_path(void)
{
    static char path[PATH_MAX];
    const char *given = getenv("AUDIAPRO");
    ssize_t size = readlink("/proc/self/exe", path, sizeof path - 16);

    if (given != NULL) {
        return given;
    }
    assert_true(size > 0);
    path[size] = '\0';
    char *slash = strrchr(path, '/');
    memcpy(slash, "/audiapro", sizeof "/audiapro");
    return path;
}

/* Start the program with the server's environment; it dies with this process. Files of -1 lead to
 * nowhere. */
static inline pid_t program_start(const struct server *server, const char *const *arguments,
                                  int input, int output, int errors)
{
    char *argv[ARGUMENTS_MAX + 2] = { NULL };
    char *environment[SETTINGS_MAX + 1] = { NULL };
    const char *path = program_path();
    pid_t parent = getpid();
    int nowhere = open("/dev/null", O_RDWR | O_CLOEXEC);

    argv[0] = (char *)(uintptr_t)path;
    for (size_t i = 0; i < ARGUMENTS_MAX && arguments[i] != NULL; i++) {
        argv[i + 1] = (char *)(uintptr_t)arguments[i];
    }
    for (size_t i = 0; i < server->setting_count; i++) {
        environment[i] = (char *)(uintptr_t)server->settings[i];
    }
    pid_t pid = fork();
    if (pid == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        (void)signal(SIGXFSZ, SIG_IGN); /* A limit that a test sets makes writes fail, not kill. */
        if (getppid() == parent && dup2(input >= 0 ? input : nowhere, 0) >= 0 &&
            dup2(output >= 0 ? output : nowhere, 1) >= 0 &&
            dup2(errors >= 0 ? errors : nowhere, 2) >= 0) {
            (void)execve(path, argv, environment);
        }
        _exit(127);
    }
    (void)close(nowhere);
    assert_true(pid > 0);
    return pid;
}

/* The exit status; 128 and the signal's number for one that was killed. Fails the test when the
 * process has not ended in time, and kills it then. */
static inline int process_wait(pid_t pid, int64_t timeout_ms)
{
    int64_t until_ms = time_monotonic_ms() + timeout_ms;
    int status = 0;

    while (waitpid(pid, &status, WNOHANG) == 0) {
        if (time_monotonic_ms() > until_ms) {
            (void)kill(pid, SIGKILL);
            (void)waitpid(pid, &status, 0);
            fail_msg("process %d did not end within %lld ms", (int)pid, (long long)timeout_ms);
        }
        time_sleep_ms(LOOK_MS);
    }
    return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
}

/* How many processes run with this server's DATA_DIR, the calling one left out. */
static inline int server_process_count(const struct server *server)
{
    char wanted[128];
    int count = 0;
    DIR *proc = opendir("/proc");

    assert_non_null(proc);
    IGNORE(snprintf(wanted, sizeof wanted, "DATA_DIR=%s", server->data), "fits");
    for (struct dirent *entry = readdir(proc); entry != NULL; entry = readdir(proc)) {
        char path[300];
        char content[16384];
        if (entry->d_name[0] < '1' || entry->d_name[0] > '9') {
            continue;
        }
        IGNORE(snprintf(path, sizeof path, "/proc/%s/environ", entry->d_name), "fits");
        AUTO(file_close) int file = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t size = file >= 0 ? read(file, content, sizeof content) : -1;
        count += size > 0 && memmem(content, (size_t)size, wanted, strlen(wanted) + 1) != NULL;
    }
    (void)closedir(proc);
    return count;
}

/* ---- The log ---- */

static inline char *server_log(const struct server *server)
{
    char *content = NULL;
    size_t size = 0;
    struct error error;

    return file_read(server->log, 256 * MIB, &content, &size, &error) ? content
                                                                      : memory_copy_text("");
}

static inline bool log_has(const struct server *server, const char *words)
{
    AUTO(free) char *log = server_log(server);

    return strstr(log, words) != NULL;
}

/* What a person needs who reads why a test failed. */
static inline void log_show(const struct server *server)
{
    AUTO(free) char *log = server_log(server);
    size_t size = strlen(log);

    fprintf(stderr, "---- the end of the server's log ----\n%s----\n",
            size > 6000 ? log + size - 6000 : log);
}

/* ---- Requests ---- */

/* GET (body NULL) or POST of a path, with up to three headers of the test's choice. */
static inline void server_ask_with(const struct server *server, const char *path, const void *body,
                                   size_t size, const char *first, const char *second,
                                   const char *third, struct reply *reply)
{
    char url[1024];

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server->port, path), "fits");
    web_ask(&(struct ask){ .url = url,
                           .body = body,
                           .size = size,
                           .headers = { first, first != NULL ? second : NULL,
                                        second != NULL ? third : NULL } },
            reply);
}

/* As the operator whose token the server has. */
static inline void server_ask(const struct server *server, const char *path, const char *body,
                              struct reply *reply)
{
    char bearer[192];

    IGNORE(snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", server->token), "fits");
    server_ask_with(server, path, body, 0, bearer, NULL, NULL, reply);
}

/* The JSON that a GET by the operator answers with 200; yours to release. */
static inline json_t *server_get(const struct server *server, const char *path)
{
    AUTO(reply_clear) struct reply reply = { 0 };

    server_ask(server, path, NULL, &reply);
    if (reply.status != 200 || reply.json == NULL) {
        log_show(server);
        fail_msg("GET %s: HTTP %ld %s", path, reply.status, text_get(&reply.body));
    }
    return json_incref(reply.json);
}

/* ---- Commands ---- */

struct command {
    const char *arguments[ARGUMENTS_MAX];
    const char *input; /* NULL: none */
};

/* Run one command with the server's settings. Returns its exit status; what it printed is added to
 * the texts (either may be NULL). */
static inline int server_command(const struct server *server, const struct command *command,
                                 struct text *output, struct text *errors)
{
    char path[3][128];
    int files[3] = { -1, -1, -1 };
    struct text *texts[3] = { NULL, output, errors };
    struct error error = { 0 };

    for (int i = 0; i < 3; i++) {
        IGNORE(snprintf(path[i], sizeof path[i], "%s/command-%d", server->folder, i), "fits");
        files[i] = open(path[i], O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
        assert_true(files[i] >= 0);
    }
    if (command->input != NULL) {
        assert_true(file_write_all(files[0], command->input, strlen(command->input), &error));
        assert_int_equal(lseek(files[0], 0, SEEK_SET), 0);
    }
    pid_t pid = program_start(server, command->arguments, files[0], files[1], files[2]);
    int status = process_wait(pid, COMMAND_MS);
    for (int i = 0; i < 3; i++) {
        char *content = NULL;
        size_t size = 0;
        (void)close(files[i]);
        if (texts[i] != NULL && file_read(path[i], 16 * MIB, &content, &size, &error)) {
            text_add_bytes(texts[i], content, size);
            free(content);
        }
    }
    return status;
}

/* The same for a command that must succeed. */
static inline void server_must(const struct server *server, const struct command *command,
                               struct text *output)
{
    AUTO(text_clear) struct text errors = TEXT_UP_TO(1 * MIB);
    int status = server_command(server, command, output, &errors);

    if (status != 0) {
        fail_msg("audiapro %s %s: exit status %d: %s", command->arguments[0],
                 command->arguments[1] != NULL ? command->arguments[1] : "", status,
                 text_get(&errors));
    }
}

/* A token for the API. tenant NULL: an operator's. */
static inline void token_create(const struct server *server, const char *tenant, const char *role,
                                char token_out[128])
{
    AUTO(text_clear) struct text output = TEXT_UP_TO(4096);
    struct command command = { .arguments = { "token", "create", "test", "--role", role } };

    if (tenant != NULL) {
        command.arguments[5] = "--tenant";
        command.arguments[6] = tenant;
    }
    server_must(server, &command, &output);
    IGNORE(
        snprintf(token_out, 128, "%.*s", (int)strcspn(text_get(&output), "\n"), text_get(&output)),
        "fits");
}

/* ---- The database ---- */

/* A connection of our own, to be closed. It can write as well: for tests that set clocks back. */
static inline struct db *server_db(const struct server *server)
{
    char url[160];
    struct db *db = NULL;
    struct error error = { 0 };

    IGNORE(snprintf(url, sizeof url, "sqlite:%s/audiapro.db", server->data), "fits");
    if (!db_open(url, 10000, &db, &error)) {
        fail_msg("open the database: %s", error.message);
    }
    return db;
}

/* One number from the database; `text` is $1 where it is not NULL. */
static inline int64_t server_number(const struct server *server, const char *sql, const char *text)
{
    AUTO(db_close) struct db *db = server_db(server);
    struct error error = { 0 };
    int64_t number = -1;

    if (!(text != NULL ? db_run_number(db, sql, DB_VALUES(DB_TEXT(text)), -1, &number, &error)
                       : db_run_number(db, sql, DB_NO_VALUES, -1, &number, &error))) {
        fail_msg("%s: %s", sql, error.message);
    }
    return number;
}

/* ---- Roles ---- */

/* The process that runs the role; 0: none has said so yet. */
static inline pid_t role_pid(const struct server *server, const char *role)
{
    return (pid_t)server_number(
        server, "SELECT coalesce((SELECT pid FROM process WHERE role = $1 ORDER BY id DESC), 0)",
        role);
}

/* Until the role runs in another process than `previous`; its pid. */
static inline pid_t role_wait(const struct server *server, const char *role, pid_t previous)
{
    int64_t until_ms = time_monotonic_ms() + READY_MS;

    for (;;) {
        pid_t pid = role_pid(server, role);
        if (pid > 0 && pid != previous) {
            return pid;
        }
        if (time_monotonic_ms() > until_ms) {
            log_show(server);
            fail_msg("the role %s did not start within %d ms", role, READY_MS);
        }
        time_sleep_ms(LOOK_MS);
    }
}

/* kill -9. The supervisor starts it anew: see role_wait(). Returns the dead one's pid. */
static inline pid_t role_kill(const struct server *server, const char *role)
{
    pid_t pid = role_wait(server, role, 0);

    assert_int_equal(kill(pid, SIGKILL), 0);
    return pid;
}

/* ---- Life ---- */

/* Until health answers 200. Returns false when the server ended instead. */
static inline bool server_wait(struct server *server)
{
    int64_t until_ms = time_monotonic_ms() + READY_MS;
    int status = 0;

    for (;;) {
        AUTO(reply_clear) struct reply reply = { 0 };
        server_ask_with(server, "/api/health", NULL, 0, NULL, NULL, NULL, &reply);
        if (reply.status == 200) {
            return true;
        }
        if (waitpid(server->pid, &status, WNOHANG) == server->pid) {
            server->pid = 0;
            return false;
        }
        if (time_monotonic_ms() > until_ms) {
            log_show(server);
            fail_msg("the server was not healthy within %d ms: HTTP %ld", READY_MS, reply.status);
        }
        time_sleep_ms(LOOK_MS);
    }
}

/* Start `serve` and wait until it is healthy. Makes an operator's token at the first start. */
static inline void server_start(struct server *server)
{
    static const char *const arguments[] = { "serve", NULL };
    AUTO(file_close)
    int log = open(server->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_true(log >= 0);
    server->pid = program_start(server, arguments, -1, log, log);
    if (!server_wait(server)) {
        log_show(server);
        fail_msg("the server ended at once");
    }
    if (server->token[0] == '\0') {
        token_create(server, NULL, "operator", server->token);
    }
}

static inline void sanitizers_check(const struct server *server)
{
    static const char *const reports[] = { "Sanitizer", "runtime error:" };

    for (size_t i = 0; i < COUNT_OF(reports); i++) {
        if (log_has(server, reports[i])) {
            log_show(server);
            fail_msg("the log has a sanitizer's report (%s)", reports[i]);
        }
    }
}

/* SIGTERM; exit status 0 and no process left. */
static inline void server_stop(struct server *server)
{
    int64_t until_ms = time_monotonic_ms() + STOP_MS;

    if (server->pid == 0) {
        return;
    }
    assert_int_equal(kill(server->pid, SIGTERM), 0);
    pid_t pid = server->pid;
    server->pid = 0;
    int status = process_wait(pid, STOP_MS);
    if (status != 0) {
        log_show(server);
        fail_msg("the server ended with status %d", status);
    }
    while (server_process_count(server) > 0) {
        if (time_monotonic_ms() > until_ms) {
            fail_msg("%d processes are left", server_process_count(server));
        }
        time_sleep_ms(LOOK_MS);
    }
    sanitizers_check(server);
}

/* Stop where it still runs, and remove the folder. */
static inline void server_end(struct server *server)
{
    struct error error = { 0 };

    server_stop(server);
    if (!folder_remove(server->folder, &error)) {
        fail_msg("%s", error.message);
    }
}

#endif

/*
 * `audiapro demo`: two simulated UCMs (one speaks the new API, one only the old), the real server
 * beside them, and calls that arrive as webhooks, are fetched over TLS, transcribed by the real
 * engine and shown.
 *
 * Nothing here is a shortcut: the server is `audiapro serve` as everybody runs it, configured by
 * its environment.
 */
#include <errno.h>
#include <limits.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/token.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/role.h"
#include "cli/setup.h"
#include "core/file.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/rowid.h"
#include "simulator/simulator.h"
#include "store/calls.h"
#include "store/recordings.h"
#include "store/tenants.h"

enum {
    CALLS_MAX = 32,
    LOOK_MS = 250,
    READY_WAIT_MS = 20000,
    STOP_WAIT_MS = 12000,
    TIMEOUT_S_DEFAULT = 900,
    PORT_DEFAULT = 8080,
    WORDS_SHOWN = 56,
};
static const char EMAIL[] = "owner@demo.example";
static const char TENANT_NEW[] = "head-office"; /* Its UCM speaks the new API. */
static const char TENANT_OLD[] = "branch";      /* Its UCM speaks only the old one. */

/* One call of the demo, and what became of it. */
struct demo_call {
    struct simulator_added added;
    char title[96];
    const char *tenant;
    char state[16];
    char transcript[16];
    char reason[40];
    char words[WORDS_SHOWN + 8];
    char sha256[65];
    int64_t bytes;
    double seconds;
    double stored_after_s, transcribed_after_s;
};

struct demo {
    bool is_once, is_verbose, is_kept;
    const char *calls_folder, *data_folder, *port_text;
    int64_t timeout_s;
    int port;
    char made_folder[PATH_MAX]; /* "" when --data was given */
    char found_folder[PATH_MAX];
    char password[TOKEN_SIZE];
    char secret[TOKEN_SIZE]; /* Of both webhooks. */
    struct simulator *new_ucm, *old_ucm;
    struct demo_call calls[CALLS_MAX];
    size_t call_count;
    pid_t server;
};

/* ---- Places and ports ---- */

/* Beside the program in a build, or where a package puts them. */
static bool calls_folder_find(struct demo *demo, struct error *error)
{
    static const char *const places[] = { "../demo-calls", "../share/audiapro/demo-calls",
                                          "../../build/demo-calls" };
    char program[PATH_MAX];
    ssize_t size = readlink("/proc/self/exe", program, sizeof program - 1);

    if (demo->calls_folder != NULL) {
        return true;
    }
    program[size > 0 ? size : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash != NULL) {
        *slash = '\0';
    }
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        char manifest[PATH_MAX];
        IGNORE(snprintf(demo->found_folder, sizeof demo->found_folder, "%s/%s", program, places[i]),
               "a cut path is not there");
        IGNORE(snprintf(manifest, sizeof manifest, "%s/calls.json", demo->found_folder),
               "a cut path is not there");
        if (access(manifest, R_OK) == 0) {
            demo->calls_folder = demo->found_folder;
            return true;
        }
    }
    return error_set(error, ERROR_NOT_FOUND,
                     "the demo's calls are not there: run `make demo`, or give --calls FOLDER");
}

static bool data_folder_make(struct demo *demo, struct error *error)
{
    const char *temporary = getenv("TMPDIR");

    if (demo->data_folder != NULL) {
        return folder_make(demo->data_folder, error);
    }
    IGNORE(snprintf(demo->made_folder, sizeof demo->made_folder, "%s/audiapro-demo-XXXXXX",
                    temporary != NULL ? temporary : "/tmp"),
           "a cut path fails to be made");
    if (mkdtemp(demo->made_folder) == NULL) {
        return error_set_errno(error, "make folder '%s'", demo->made_folder);
    }
    demo->data_folder = demo->made_folder;
    return true;
}

/* The wanted port when it is free, else any that is. */
static int port_choose(int wanted)
{
    struct sockaddr_in address = { .sin_family = AF_INET,
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                   .sin_port = htons((uint16_t)wanted) };
    socklen_t size = sizeof address;
    int port = 0;
    int yes = 1;
    AUTO(file_close) int handle = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (handle < 0) {
        return wanted;
    }
    (void)setsockopt(handle, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(handle, (struct sockaddr *)&address, size) != 0) {
        address.sin_port = 0;
        (void)bind(handle, (struct sockaddr *)&address, size);
    }
    if (getsockname(handle, (struct sockaddr *)&address, &size) == 0) {
        port = ntohs(address.sin_port);
    }
    return port;
}

/* ---- The two UCMs and their calls ---- */

static bool ucms_start(struct demo *demo, struct error *error)
{
    struct simulator_options new_options = { .old_port = SIMULATOR_PORT_OFF,
                                             .utc_offset_minutes = -360,
                                             .field_count = 49,
                                             .password = "demo-new-ucm" };
    struct simulator_options old_options = { .new_port = SIMULATOR_PORT_OFF,
                                             .utc_offset_minutes = 60,
                                             .field_count = 32,
                                             .model = "UCM6204",
                                             .firmware = "1.0.19.27",
                                             .serial = "EXAMPLE00000002",
                                             .password = "demo-old-ucm" };

    return simulator_start(&new_options, &demo->new_ucm, error) &&
           simulator_start(&old_options, &demo->old_ucm, error);
}

static bool call_add(struct demo *demo, json_t *entry, struct error *error)
{
    struct demo_call *call = &demo->calls[demo->call_count];
    bool is_old = strcmp(json_text(entry, "api", "new"), "old") == 0;
    struct simulator_call_paths paths;
    struct simulator_call description;

    IGNORE(snprintf(call->title, sizeof call->title, "%s",
                    json_text(entry, "title", json_text(entry, "audio", "call"))),
           "cut is fine");
    if (!simulator_call_read(entry, demo->calls_folder, &paths, &description, error)) {
        return false;
    }
    description.has_description = !is_old;
    call->tenant = is_old ? TENANT_OLD : TENANT_NEW;
    if (!simulator_call_add(is_old ? demo->old_ucm : demo->new_ucm, &description, &call->added,
                            error)) {
        return false;
    }
    demo->call_count++;
    return true;
}

static bool calls_add(struct demo *demo, struct error *error)
{
    char path[PATH_MAX];
    size_t size = 0;
    AUTO(free) char *content = NULL;

    IGNORE(snprintf(path, sizeof path, "%s/calls.json", demo->calls_folder),
           "a cut path fails to be read");
    if (!file_read(path, 1 * MIB, &content, &size, error)) {
        return false;
    }
    AUTO(json_release) json_t *list = json_read(content, size, error);
    if (list == NULL) {
        return error_within(error, "%s", path);
    }
    for (size_t i = 0; i < json_array_size(list) && demo->call_count < CALLS_MAX; i++) {
        if (!call_add(demo, json_array_get(list, i), error)) {
            return error_within(error, "%s, call %zu", path, i + 1);
        }
    }
    return demo->call_count > 0 || error_set(error, ERROR_INVALID, "%s lists no calls", path);
}

/* ---- The server ---- */

static void setting(const char *name, const char *value)
{
    IGNORE(setenv(name, value, 1), "only fails without memory");
}

/* The environment that a person would give to `audiapro serve`, and nothing of ours besides. */
static void settings_give(struct demo *demo)
{
    static const char *const unwanted[] = { "DATABASE_URL", "AUDIAPRO_CONFIG", "STORAGE_BACKEND",
                                            "PORT",         "SECRET_KEY",      "UCM_TLS_PIN" };
    char text[64];

    for (size_t i = 0; i < COUNT_OF(unwanted); i++) {
        IGNORE(unsetenv(unwanted[i]), "only fails for bad names");
    }
    IGNORE(snprintf(text, sizeof text, "127.0.0.1:%d", demo->port), "fits");
    setting("HTTP_LISTEN", text);
    IGNORE(snprintf(text, sizeof text, "%d", simulator_new_port(demo->new_ucm)), "fits");
    setting("UCM_PORT", text);
    setting("UCM_IP", "127.0.0.1");
    setting("UCM_USERNAME", "cdrapi");
    setting("UCM_PASSWORD", "demo-new-ucm");
    setting("DATA_DIR", demo->data_folder);
    setting("DEFAULT_TENANT", TENANT_NEW);
    setting("WEBHOOK_SECRET", demo->secret);
    setting("PBX_ALLOWED_NETWORKS", "127.0.0.1/32");
    setting("RECONCILE_INTERVAL", "0"); /* The calls are to be seen coming in, one by one. */
    setting("ADMIN_EMAIL", EMAIL);
    setting("ADMIN_PASSWORD", demo->password);
    if (!demo->is_verbose) {
        setting("LOG_LEVEL", "error");
    }
}

/* The second tenant, with the UCM that speaks only the old API: as `audiapro tenant create` and
 * `pbx` do. */
static bool branch_add(struct demo *demo, struct setup *setup, struct error *error)
{
    char name[SECRET_NAME_SIZE];
    struct tenant *there = NULL;
    time_ms now = time_now();
    struct tenant tenant = {
        .id = row_id_new(now), .subdomain = TENANT_OLD, .name = "Branch office", .created_at = now
    };
    struct pbx_row pbx = { .id = row_id_new(now),
                           .tenant_id = tenant.id,
                           .name = "UCM6204",
                           .host = "127.0.0.1",
                           .port = simulator_old_port(demo->old_ucm),
                           .old_port = simulator_old_port(demo->old_ucm),
                           .username = "cdrapi" };

    if (!tenant_find(setup->db, setup->arena, TENANT_OLD, &there, error) || there != NULL) {
        return there != NULL &&
               error_set(error, ERROR_INVALID, "'%s' was used before: give an empty --data folder",
                         demo->data_folder);
    }
    return setup_seal(setup, secret_name_password(pbx.id, name), "demo-old-ucm", &pbx.password,
                      error) &&
           setup_seal(setup, secret_name_webhook(tenant.id, name), demo->secret,
                      &tenant.webhook_secret, error) &&
           db_begin(setup->db, error) && tenant_add(setup->db, &tenant, &pbx, error) &&
           db_commit(setup->db, error);
}

static bool server_start(struct demo *demo, struct error *error)
{
    char name[] = "audiapro";
    char command[] = "serve";
    char *arguments[] = { name, command, NULL };
    pid_t parent = getpid();

    demo->server = fork();
    if (demo->server == 0) {
        (void)prctl(PR_SET_PDEATHSIG, SIGTERM);
        if (getppid() == parent) {
            (void)execv("/proc/self/exe", arguments);
        }
        _exit(EXIT_PROBLEM);
    }
    return demo->server > 0 || error_set_errno(error, "start the server");
}

static void server_stop(struct demo *demo)
{
    int64_t until_ms = time_monotonic_ms() + STOP_WAIT_MS;

    if (demo->server <= 0) {
        return;
    }
    (void)kill(demo->server, SIGTERM);
    while (waitpid(demo->server, NULL, WNOHANG) == 0) {
        if (time_monotonic_ms() > until_ms) {
            (void)kill(demo->server, SIGKILL);
        }
        time_sleep_ms(LOOK_MS / 5);
    }
    demo->server = 0;
}

static void webhook_url(const struct demo *demo, const char *tenant, char url_out[256])
{
    IGNORE(snprintf(url_out, 256, "http://127.0.0.1:%d/api/webhook/cdr/%s/%s", demo->port, tenant,
                    demo->secret),
           "fits");
}

/* Until the webhook address answers the probe that a UCM sends when its settings are saved. */
static bool server_wait(struct demo *demo, struct error *error)
{
    int64_t until_ms = time_monotonic_ms() + READY_WAIT_MS;
    char url[256];
    struct simulator_webhook probe = { .url = url, .timeout_ms = 2000 };
    struct error ignored;
    int status = 0;

    webhook_url(demo, TENANT_OLD, url);
    while (!role_should_stop() && time_monotonic_ms() < until_ms) {
        if (simulator_webhook_probe(&probe, false, &status, &ignored) && status == 200) {
            return true;
        }
        if (waitpid(demo->server, NULL, WNOHANG) != 0) {
            demo->server = 0;
            return error_set(error, ERROR_SYSTEM, "the server ended at once; see above");
        }
        time_sleep_ms(LOOK_MS / 5);
    }
    return error_set(error, ERROR_TIMEOUT, "the server did not answer within %d s (HTTP %d)",
                     READY_WAIT_MS / 1000, status);
}

static bool webhooks_send(struct demo *demo, struct error *error)
{
    for (size_t i = 0; i < demo->call_count; i++) {
        struct demo_call *call = &demo->calls[i];
        char url[256];
        struct simulator_webhook webhook = { .url = url };
        int status = 0;
        bool is_old = call->tenant == TENANT_OLD;
        webhook_url(demo, call->tenant, url);
        if (!simulator_webhook_send(is_old ? demo->old_ucm : demo->new_ucm, call->added.call,
                                    &webhook, &status, error)) {
            return false;
        }
        if (status != 200) {
            return error_set(error, ERROR_INVALID, "the server answered a webhook with HTTP %d",
                             status);
        }
        printf("  webhook  %-30s → HTTP %d\n", call->title, status);
    }
    return true;
}

/* ---- Watching ---- */

static void first_words(const char *content, char words_out[WORDS_SHOWN + 8])
{
    struct error error;
    AUTO(json_release) json_t *json = json_read(content, strlen(content), &error);
    AUTO(text_clear) struct text text = TEXT_UP_TO(4096);
    json_t *segments = json_object_get(json, "segments");

    for (size_t i = 0; i < json_array_size(segments) && text.size < WORDS_SHOWN; i++) {
        text_print(&text, "%s%s", i > 0 ? " " : "",
                   json_text(json_array_get(segments, i), "text", ""));
    }
    IGNORE(snprintf(words_out, WORDS_SHOWN + 8, "%.*s%s", WORDS_SHOWN, text_get(&text),
                    text.size > WORDS_SHOWN ? "…" : ""),
           "fits");
}

static bool transcript_look(struct setup *setup, const struct recording *recording,
                            struct demo_call *call, struct error *error)
{
    static const char SQL[] = "SELECT created_at FROM transcript WHERE recording_id = $1";
    const char *content = NULL;
    int64_t made_at = 0;

    if (strcmp(recording->transcript_state, "ready") != 0) {
        return true;
    }
    if (!transcript_get(setup->db, setup->arena, recording->id, &content, error) ||
        !db_run_number(setup->db, SQL, DB_VALUES(DB_INT(recording->id)), 0, &made_at, error)) {
        return false;
    }
    call->transcribed_after_s = (double)(made_at - recording->wanted_since) / SECOND_MS;
    first_words(content != NULL ? content : "{}", call->words);
    return true;
}

static bool call_look(struct setup *setup, struct demo_call *call, struct error *error)
{
    static const char SQL[] = "SELECT recording.id FROM recording"
                              " JOIN tenant ON tenant.id = recording.tenant_id"
                              " WHERE tenant.subdomain = $1 AND recording.path = $2";
    struct recording *recording = NULL;
    int64_t id = 0;

    if (!db_run_number(setup->db, SQL,
                       DB_VALUES(DB_TEXT(call->tenant), DB_TEXT(call->added.recordings[0].path)), 0,
                       &id, error) ||
        !recording_find(setup->db, setup->arena, id, &recording, error)) {
        return false;
    }
    if (recording == NULL) {
        return true;
    }
    IGNORE(snprintf(call->state, sizeof call->state, "%s", recording->state), "fits");
    IGNORE(snprintf(call->transcript, sizeof call->transcript, "%s", recording->transcript_state),
           "fits");
    IGNORE(snprintf(call->reason, sizeof call->reason, "%s",
                    recording->reason != NULL ? recording->reason : ""),
           "cut is fine");
    IGNORE(snprintf(call->sha256, sizeof call->sha256, "%s",
                    recording->sha256 != NULL ? recording->sha256 : ""),
           "fits");
    call->bytes = recording->stored_bytes;
    call->seconds = recording->stored_seconds;
    call->stored_after_s = (double)(recording->stored_at - recording->wanted_since) / SECOND_MS;
    return transcript_look(setup, recording, call, error);
}

static bool is_over(const struct demo_call *call)
{
    return strcmp(call->state, "missing") == 0 ||
           (strcmp(call->state, "stored") == 0 &&
            (strcmp(call->transcript, "ready") == 0 || strcmp(call->transcript, "failed") == 0));
}

static bool is_proven(const struct demo_call *call)
{
    const struct simulator_recording *held = &call->added.recordings[0];

    return strcmp(call->state, "stored") == 0 && call->bytes == (int64_t)held->bytes &&
           strcmp(call->sha256, held->sha256) == 0;
}

/* Look until all is over, somebody stops us, or time runs out; say what changed. */
static bool calls_watch(struct demo *demo, struct setup *setup, struct error *error)
{
    int64_t until_ms = time_monotonic_ms() + demo->timeout_s * SECOND_MS;
    size_t over_count = 0;

    while (over_count < demo->call_count && !role_should_stop() && time_monotonic_ms() < until_ms) {
        over_count = 0;
        for (size_t i = 0; i < demo->call_count; i++) {
            struct demo_call *call = &demo->calls[i];
            struct demo_call before = *call;
            if (!call_look(setup, call, error)) {
                return false;
            }
            if (strcmp(before.state, call->state) != 0 && strcmp(call->state, "stored") == 0) {
                printf("  stored   %-30s %lld bytes, %.1f s after its webhook\n", call->title,
                       (long long)call->bytes, call->stored_after_s);
            }
            if (strcmp(before.transcript, call->transcript) != 0 &&
                strcmp(call->transcript, "ready") == 0) {
                printf("  read     %-30s %s\n", call->title, call->words);
            }
            over_count += is_over(call) ? 1 : 0;
        }
        arena_reset(setup->arena);
        IGNORE(fflush(stdout), "nowhere to report to");
        time_sleep_ms(LOOK_MS);
    }
    return true;
}

static bool result_print(const struct demo *demo)
{
    bool are_all_fine = true;

    printf("\n%-26s %-8s %19s %15s %8s %8s  %s\n", "CALL", "STATE", "BYTES (PBX)", "SECONDS (PBX)",
           "STORED", "READ", "FIRST WORDS");
    for (size_t i = 0; i < demo->call_count; i++) {
        const struct demo_call *call = &demo->calls[i];
        bool is_read = strcmp(call->transcript, "ready") == 0 && call->words[0] != '\0';
        bool is_fine = is_proven(call) && is_read;
        char bytes[48];
        char seconds[48];
        IGNORE(snprintf(bytes, sizeof bytes, "%lld (%llu)", (long long)call->bytes,
                        (unsigned long long)call->added.recordings[0].bytes),
               "fits");
        IGNORE(snprintf(seconds, sizeof seconds, "%.1f (%.1f)", call->seconds, call->added.talk_s),
               "fits");
        printf("%-26.26s %-8s %19s %15s %7.1fs %7.1fs  %s\n", call->title,
               call->state[0] != '\0' ? call->state : "unseen", bytes, seconds,
               call->stored_after_s, call->transcribed_after_s,
               is_read           ? call->words
               : call->reason[0] ? call->reason
                                 : call->transcript);
        are_all_fine = are_all_fine && is_fine;
    }
    printf("\n%s\n",
           are_all_fine
               ? "every recording is stored, with the SHA-256 that its PBX holds, and transcribed"
               : "NOT every recording is stored and transcribed; see: audiapro calls list");
    return are_all_fine;
}

/* ---- The command ---- */

static void invite(const struct demo *demo)
{
    printf("\n  dashboard  http://127.0.0.1:%d/\n  e-mail     %s\n  password   %s\n\n", demo->port,
           EMAIL, demo->password);
    IGNORE(fflush(stdout), "nowhere to report to");
}

static bool demo_prepare(struct demo *demo, struct setup *setup, struct error *error)
{
    int wanted = demo->port_text != NULL ? (int)strtol(demo->port_text, NULL, 10) : PORT_DEFAULT;

    IGNORE(token_make("", demo->secret), "returns its argument");
    IGNORE(token_make("", demo->password), "returns its argument");
    demo->password[16] = '\0'; /* 96 bits, and short enough to type. */
    demo->port = port_choose(wanted);
    if (!calls_folder_find(demo, error) || !data_folder_make(demo, error) ||
        !ucms_start(demo, error) || !calls_add(demo, error)) {
        return false;
    }
    settings_give(demo);
    if (!setup_open("", setup)) {
        return error_set(error, ERROR_INVALID, "the demo's own settings are refused; see above");
    }
    return setup_seed(setup, error) && branch_add(demo, setup, error);
}

static bool demo_run(struct demo *demo, struct setup *setup, struct error *error)
{
    if (!demo_prepare(demo, setup, error)) {
        return false;
    }
    printf("two simulated UCMs: new API at 127.0.0.1:%d, old API at 127.0.0.1:%d; data in %s\n",
           simulator_new_port(demo->new_ucm), simulator_old_port(demo->old_ucm), demo->data_folder);
    IGNORE(fflush(stdout), "nowhere to report to");
    if (!server_start(demo, error) || !server_wait(demo, error)) {
        return false;
    }
    if (!demo->is_once) {
        invite(demo);
    }
    return webhooks_send(demo, error) && calls_watch(demo, setup, error);
}

static int demo_end(struct demo *demo, struct setup *setup, bool is_fine, struct error *error)
{
    struct error ignored;
    int status = is_fine && result_print(demo) ? EXIT_FINE : EXIT_PROBLEM;

    if (is_fine && !demo->is_once) {
        invite(demo);
        puts("press Ctrl-C to end the demo");
        while (!role_should_stop() && waitpid(demo->server, NULL, WNOHANG) == 0) {
            time_sleep_ms(LOOK_MS);
        }
        status = EXIT_FINE;
    }
    server_stop(demo);
    setup_close(setup);
    simulator_stop(demo->new_ucm);
    simulator_stop(demo->old_ucm);
    if (demo->made_folder[0] != '\0' && !demo->is_kept) {
        IGNORE(folder_remove(demo->made_folder, &ignored), "a temporary folder");
    }
    return is_fine ? status : setup_problem(error);
}

int cli_demo(int argc, char **argv)
{
    const char *timeout = NULL;
    struct demo *demo = memory_new(sizeof *demo);
    const struct flag flags[] = {
        { "--once", NULL, &demo->is_once, NULL,
          "no browser: print a table, exit 0 when all is stored and transcribed" },
        { "--calls", "FOLDER", NULL, &demo->calls_folder, "recordings and calls.json to play" },
        { "--data", "FOLDER", NULL, &demo->data_folder, "where to keep data (else temporary)" },
        { "--keep", NULL, &demo->is_kept, NULL, "do not remove the temporary folder" },
        { "--port", "PORT", NULL, &demo->port_text, "of the dashboard (8080, else a free one)" },
        { "--timeout", "SECONDS", NULL, &timeout, "give up watching after this (900)" },
        { "--verbose", NULL, &demo->is_verbose, NULL, "show the server's log" },
    };
    const struct usage usage = {
        .command = "demo",
        .words = "",
        .about = "Everything at once: two simulated UCMs and the real server. Calls arrive as\n"
                 "webhooks, are fetched over both UCM APIs, stored, transcribed and shown.",
        .flags = flags,
        .flag_count = COUNT_OF(flags),
    };
    struct words words;
    struct setup setup = { 0 };
    struct error error = { 0 };
    int status = 0;

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        free(demo);
        return status;
    }
    demo->timeout_s = timeout != NULL ? strtol(timeout, NULL, 10) : TIMEOUT_S_DEFAULT;
    role_signals_set();
    bool is_fine = demo_run(demo, &setup, &error);
    status = demo_end(demo, &setup, is_fine, &error);
    free(demo);
    return status;
}

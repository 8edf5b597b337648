/*
 * The PBX client against the simulated UCM, as a process of its own: every fault that the simulator
 * knows and that takes no minutes must end in its right reason, and every harmless one in the
 * recording. Needs AUDIAPRO_PROGRAM, or build/dev/audiapro; without either it is skipped.
 */
#include "check.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "net/client.h"
#include "pbx/pbx.h"
#include "unit/pbx/wave.h"

#define PASSWORD "canary-s3cret"
enum { TALK_S = 20 };

struct rig {
    pid_t process;
    int new_port, old_port, control_port;
    char folder[64], sha256[SHA256_TEXT_SIZE];
    struct net_guard guard;
    struct pbx_settings settings;
    struct pbx_keeper keeper;
    char pin[128], cookie[160], path[PBX_PATH_SIZE], acct_id[32], uniqueid[64];
    time_ms cookie_at;
    int refused_count, file;
    struct text attempts;
};

/* --- the simulator -----------------------------------------------------------------------------
 */

static const char *program(void)
{
    const char *named = getenv("AUDIAPRO_PROGRAM");

    return named != NULL ? named : "build/dev/audiapro";
}

static void folder_fill(struct rig *rig)
{
    static const char calls[] =
        "[{\"audio\":\"a.wav\",\"caller\":\"1002\",\"caller_name\":\"Desk\",\"callee\":"
        "\"8325550119\",\"direction\":\"Outbound\",\"action_type\":\"DIAL\",\"trunk\":\"t\","
        "\"filedir\":\"monitor\",\"ring_s\":4,\"minutes_ago\":20}]";
    AUTO(text_clear) struct text wave = TEXT_UP_TO(MIB);
    char path[128];
    struct error error;

    wave_add(&wave, TALK_S);
    hash_sha256_text(text_get(&wave), wave.size, rig->sha256);
    snprintf(rig->folder, sizeof rig->folder, "/tmp/audiapro-test-XXXXXX");
    CHECK(mkdtemp(rig->folder) != NULL);
    snprintf(path, sizeof path, "%s/a.wav", rig->folder);
    CHECK(file_write(path, text_get(&wave), wave.size, 0600, &error));
    snprintf(path, sizeof path, "%s/calls.json", rig->folder);
    CHECK(file_write(path, calls, strlen(calls), 0600, &error));
}

static void ports_read(struct rig *rig, int from)
{
    char printed[2048] = "";
    size_t used = 0;

    while (strstr(printed, "calls") == NULL && used < sizeof printed - 1) {
        ssize_t got = read(from, printed + used, sizeof printed - used - 1);
        if (got <= 0) {
            break;
        }
        used += (size_t)got;
        printed[used] = '\0';
    }
    const char *new_at = strstr(printed, "new API");
    const char *old_at = strstr(printed, "old API");
    if (new_at != NULL) {
        CHECK_NUMBER(sscanf(new_at, "new API https://127.0.0.1:%d", &rig->new_port), 1);
    }
    if (old_at != NULL) {
        CHECK_NUMBER(sscanf(old_at, "old API https://127.0.0.1:%d", &rig->old_port), 1);
    }
    const char *control_at = strstr(printed, "control");
    if (control_at == NULL ||
        sscanf(control_at, "control http://127.0.0.1:%d", &rig->control_port) != 1) {
        fail_msg("the simulator did not start: %s", printed);
    }
}

static void simulator_start(struct rig *rig, bool has_new_api)
{
    int ends[2];

    CHECK(pipe2(ends, O_CLOEXEC) == 0);
    rig->process = fork();
    if (rig->process == 0) {
        dup2(ends[1], STDOUT_FILENO);
        dup2(ends[1], STDERR_FILENO);
        execl(program(), program(), "simulate-ucm", "--new-port", has_new_api ? "0" : "-1",
              "--old-port", has_new_api ? "-1" : "0", "--control-port", "0", "--password", PASSWORD,
              "--calls", rig->folder, NULL);
        _exit(127);
    }
    close(ends[1]);
    ports_read(rig, ends[0]);
    close(ends[0]);
}

static void simulator_stop(struct rig *rig)
{
    kill(rig->process, SIGKILL);
    CHECK(waitpid(rig->process, NULL, 0) == rig->process);
}

/* POST to the control port. */
static void simulator_tell(const struct rig *rig, const char *what, const char *body)
{
    AUTO(net_client_free) struct net_client *client = net_client_new(&rig->guard);
    char url[128];
    struct net_answer answer;

    snprintf(url, sizeof url, "http://127.0.0.1:%d/simulator/%s", rig->control_port, what);
    struct net_request request = { .method = "POST",
                                   .url = url,
                                   .content_type = "application/json",
                                   .body = body,
                                   .body_size = strlen(body),
                                   .allows_http = true,
                                   .total_timeout_ms = 5000,
                                   .body_size_max = MIB };
    CHECK(net_send(client, &request, &answer));
    if (answer.http_status != 200) {
        fail_msg("%s %s: HTTP status %d", what, body, answer.http_status);
    }
}

/* "name", "name:count" or "name:count:parameter". */
static void fault_set(const struct rig *rig, const char *fault)
{
    char name[64] = "";
    int count = 0;
    int parameter = 0;
    char body[256];
    int given = sscanf(fault, "%63[^:]:%d:%d", name, &count, &parameter);
    int used = snprintf(body, sizeof body, "{\"name\":\"%s\"", name);

    if (given >= 2) {
        used += snprintf(body + used, sizeof body - (size_t)used, ",\"count\":%d", count);
    }
    if (given >= 3) {
        used += snprintf(body + used, sizeof body - (size_t)used, ",\"parameter\":%d", parameter);
    }
    snprintf(body + used, sizeof body - (size_t)used, "}");
    simulator_tell(rig, "fault", body);
}

/* --- the keeper --------------------------------------------------------------------------------
 */

static bool keep_session_get(void *context, char *cookie_out, size_t room, time_ms *at_out)
{
    const struct rig *rig = context;

    snprintf(cookie_out, room, "%s", rig->cookie);
    *at_out = rig->cookie_at;
    return rig->cookie[0] != '\0';
}

static void keep_session_put(void *context, const char *cookie)
{
    struct rig *rig = context;

    snprintf(rig->cookie, sizeof rig->cookie, "%s", cookie != NULL ? cookie : "");
    rig->cookie_at = time_now();
}

static bool keep_pin(void *context, const char *pin, const char *certificate_text)
{
    struct rig *rig = context;

    (void)certificate_text;
    snprintf(rig->pin, sizeof rig->pin, "%s", pin);
    return true;
}

static void keep_refused(void *context, enum reason reason, int tries_left, int locked_s)
{
    struct rig *rig = context;

    (void)reason, (void)tries_left, (void)locked_s;
    rig->refused_count++;
}

static void keep_attempt(void *context, const struct pbx_attempt *attempt)
{
    struct rig *rig = context;

    text_print(&rig->attempts, "%s %s %s %s %s %s\n", attempt->purpose, attempt->url,
               attempt->request, attempt->first_bytes, attempt->content_type, attempt->verdict);
}

static void rig_start(struct rig *rig, bool has_new_api)
{
    struct error error;

    *rig = (struct rig){ .attempts = TEXT_UP_TO(MIB) };
    folder_fill(rig);
    simulator_start(rig, has_new_api);
    CHECK(guard_parse("127.0.0.1", &rig->guard, &error));
    rig->settings = (struct pbx_settings){ .host = "127.0.0.1",
                                           .port = rig->new_port,
                                           .old_port = rig->old_port,
                                           .username = "cdrapi",
                                           .password = PASSWORD,
                                           .api = has_new_api ? "new" : "old" };
    rig->keeper = (struct pbx_keeper){ .context = rig,
                                       .session_get = keep_session_get,
                                       .session_put = keep_session_put,
                                       .pin_learned = keep_pin,
                                       .login_refused = keep_refused,
                                       .attempt = keep_attempt };
    rig->file = memfd_create("recording", MFD_CLOEXEC);
}

static void rig_stop(struct rig *rig)
{
    struct error error;
    bool has_leaked =
        strstr(text_get(&rig->attempts), "canary") != NULL ||
        (rig->cookie[0] != '\0' && strstr(text_get(&rig->attempts), rig->cookie) != NULL);

    simulator_stop(rig);
    IGNORE(folder_remove(rig->folder, &error), "a temporary folder");
    text_clear(&rig->attempts);
    file_close(rig->file);
    CHECK(!has_leaked);
}

/* --- what is asked -----------------------------------------------------------------------------
 */

/* The 22 fields of old firmware name no file; the name is made of the channel's birth and the
 * numbers. */
static void leg_take(struct rig *rig, const json_t *leg)
{
    const char *names = json_text(leg, "recordfiles", "");
    const char *uniqueid = json_text(leg, "uniqueid", "");

    if (uniqueid[0] != '\0') {
        snprintf(rig->path, sizeof rig->path, "%.7s/auto-%.*s-%s-%s.wav",
                 json_text(leg, "start", ""), (int)strcspn(uniqueid, "."), uniqueid,
                 json_text(leg, "src", ""), json_text(leg, "dst", ""));
        if (names[0] != '\0') {
            snprintf(rig->path, sizeof rig->path, "%.*s", (int)strcspn(names, "@"), names);
        }
        snprintf(rig->acct_id, sizeof rig->acct_id, "%s", json_text(leg, "AcctId", ""));
        snprintf(rig->uniqueid, sizeof rig->uniqueid, "%s", json_text(leg, "uniqueid", ""));
    }
}

static bool page_take(void *context, const char *body, size_t size)
{
    struct rig *rig = context;
    struct error error;
    AUTO(json_release) json_t *root = json_read(body, size, &error);
    json_t *groups = json_object_get(root, "cdr_root");

    groups = groups != NULL ? groups : json_object_get(root, "cdr");
    for (size_t i = 0; i < json_array_size(groups); i++) {
        json_t *group = json_array_get(groups, i);
        const char *name = NULL;
        json_t *leg = NULL;
        leg_take(rig, group);
        json_object_foreach(group, name, leg)
        {
            leg_take(rig, leg);
        }
    }
    return true;
}

/* Learn the name of the one recording from the call records. */
static void records_read(struct rig *rig, struct pbx *pbx)
{
    struct pbx_trouble trouble = { .detail = "" };
    struct pbx_period period = { .from_at = time_now() - DAY_MS, .until_at = time_now() + DAY_MS };

    if (!pbx_cdr_pages(pbx, &period, page_take, rig, &trouble)) {
        fail_msg("cdrapi: %s %s", reason_info(trouble.reason)->code, trouble.detail);
    }
    CHECK(rig->path[0] != '\0');
}

static struct pbx_wanted wanted_of(const struct rig *rig)
{
    return (struct pbx_wanted){ .path = rig->path,
                                .acct_id = rig->acct_id,
                                .uniqueid = rig->uniqueid,
                                .action_type = "DIAL",
                                .started_at = time_now() - 20 * MINUTE_MS,
                                .expected_bytes = 44 + TALK_S * 16000,
                                .expected_seconds = TALK_S,
                                .talk_s = TALK_S };
}

static void outcome_check(const struct rig *rig, const char *fault, const char *expected,
                          const struct pbx_outcome *outcome)
{
    const char *code = reason_info(outcome->reason)->code;
    off_t size = lseek(rig->file, 0, SEEK_END);

    if (strcmp(code, expected) != 0) {
        fail_msg("%s: '%s' and not '%s': %s\n%s", fault, code, expected, outcome->detail,
                 text_get(&rig->attempts));
    }
    if (outcome->reason == REASON_NONE) {
        CHECK_TEXT(outcome->sha256, rig->sha256);
        CHECK_NUMBER(size, 44 + TALK_S * 16000);
    } else {
        CHECK_NUMBER(size, 0);
    }
}

static void try_fault(struct rig *rig, const char *fault, const char *expected)
{
    AUTO(pbx_close) struct pbx *pbx = pbx_open(&rig->settings, &rig->keeper, &rig->guard);
    struct pbx_wanted wanted = wanted_of(rig);
    struct pbx_outcome outcome;
    struct error error;

    text_reset(&rig->attempts);
    if (fault != NULL) {
        fault_set(rig, fault);
    }
    CHECK(pbx_fetch(pbx, &wanted, rig->file, &outcome, &error));
    outcome_check(rig, fault, expected, &outcome);
    simulator_tell(rig, "clear", "{}");
}

struct row {
    const char *fault, *expected;
};

static void rig_learn(struct rig *rig, bool has_new_api)
{
    AUTO(pbx_close) struct pbx *pbx = pbx_open(&rig->settings, &rig->keeper, &rig->guard);

    records_read(rig, pbx);
    rig->settings.tls_pin = rig->pin;
    rig->settings.api_found = rig->settings.api;
    rig->settings.port_found = has_new_api ? rig->new_port : rig->old_port;
}

/* Everything is known and in order; then one fault after the other. */
static void try_all(const struct row *rows, size_t count, bool has_new_api)
{
    struct rig rig;

    if (access(program(), X_OK) != 0) {
        skip();
    }
    rig_start(&rig, has_new_api);
    rig_learn(&rig, has_new_api);
    for (size_t i = 0; i < count; i++) {
        try_fault(&rig, rows[i].fault, rows[i].expected);
    }
    rig_stop(&rig);
}

static void the_new_api_gives_the_recording_or_the_right_reason(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { NULL, "" },
        { "cookies-expired", "session_lost" },
        { "certificate-changed", "tls_changed" },
        { "certificate-expired", "tls_changed" },
        { "cookies-expired:1", "" },
        { "need-authentication:1", "" },
        { "cookie-error:1", "" },
        { "cookie-error", "session_lost" },
        { "reset-in-header", "connection_reset" },
        { "header-garbage", "pbx_error" },
        { "header-huge:1", "pbx_error" },
        { "reset-in-body", "connection_reset" },
        { "body-short", "truncated" },
        { "body-long", "" },
        { "length-short", "truncated" },
        { "close-delimited", "" },
        { "close-delimited-cut", "truncated" },
        { "chunked", "" },
        { "chunk-cut", "truncated" },
        { "chunk-malformed", "pbx_error" },
        { "empty-body", "empty" },
        { "html-page", "html_instead_of_audio" },
        { "json-error", "not_there_yet" },
        { "wrong-type", "" },
        { "not-found", "not_there_yet" },
        { "too-many-requests", "throttled" },
        { "status-500", "pbx_error" },
        { "status-503", "pbx_error" },
        { "redirect", "redirected" },
        { "redirect-loop", "redirected" },
        { "gzip-bomb", "unknown_container" },
        { "api-status", "pbx_error" },
        { "invalid-parameters", "request_refused" },
        { "connection-closed", "pbx_error" },
        { "system-timeout", "pbx_error" },
        { "wrong-directory", "not_there_yet" },
        { "unsupported", "unsupported" },
        { "get-failed", "pbx_error" },
        { "throttle-15", "throttled" },
        { "throttle-15-other", "throttled" },
        { "throttle-60", "throttled" },
        { "no-permission", "no_permission" },
        { "task-running", "busy" },
        { "forbidden", "address_not_permitted" },
        { "audio-cut", "truncated" },
        { "growing", "truncated" },
        { "header-only", "empty" },
        { "gsff", "gsff_container" },
        { "noise", "unknown_container" },
        { "tar-truncated", "unknown_container" },
        { "tar-hostile", "unknown_container" },
        { "tar-many", "unknown_container" },
        { "offset-ignored", "" },
        { "one-connection", "" },
        { "slow-first-byte:1:3", "" },
    };
    try_all(rows, COUNT_OF(rows), true);
}

static void the_old_api_gives_the_recording_or_the_right_reason(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { NULL, "" },
        { "nonce-once", "" },
        { "nonce-stale:1", "" },
        { "unauthorised", "login_refused" },
        { "basic-only", "basic_only" },
        { "forbidden", "address_not_permitted" },
        { "not-found", "not_there_yet" },
        { "html-page", "html_instead_of_audio" },
        { "body-short", "truncated" },
        { "close-delimited-cut", "truncated" },
        { "growing", "truncated" },
        { "noise", "unknown_container" },
        { "tar-hostile", "unknown_container" },
    };
    try_all(rows, COUNT_OF(rows), false);
}

/* Faults before anything can be asked. */
static void what_stands_in_the_way_has_its_name(void **state)
{
    (void)state;
    static const struct {
        const char *fault, *expected;
        bool has_new_api;
    } rows[] = {
        { "refuse", "connect_refused", true },
        { "reset-before-tls", "connection_reset", true },
        { "reset-in-handshake", "connection_reset", true },
        { "tls-1.0-only", "tls_too_old", true },
        { "plain-http", "tls_failed", true },
        { "login-refused", "login_refused", true },
        { "login-locked", "login_locked", true },
        { "login-forbidden", "login_locked", true },
        { "user-unknown", "login_refused", true },
        { "forbidden", "address_not_permitted", false },
        { "tls-1.0-only", "tls_too_old", false },
    };
    if (access(program(), X_OK) != 0) {
        skip();
    }
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct rig rig;
        rig_start(&rig, rows[i].has_new_api);
        snprintf(rig.path, sizeof rig.path, "2026-02/auto-1770326441-1000-2815550100.wav");
        fault_set(&rig, rows[i].fault);
        struct pbx *pbx = pbx_open(&rig.settings, &rig.keeper, &rig.guard);
        struct pbx_wanted wanted = wanted_of(&rig);
        for (int again = 0; again < 2; again++) {
            struct pbx_outcome outcome;
            struct error error;
            CHECK(pbx_fetch(pbx, &wanted, rig.file, &outcome, &error));
            outcome_check(&rig, rows[i].fault, rows[i].expected, &outcome);
        }
        CHECK_NUMBER(rig.refused_count, strncmp(rows[i].expected, "login", 5) == 0 ? 1 : 0);
        pbx_close(pbx);
        rig_stop(&rig);
    }
}

/* Four minutes: only where AUDIAPRO_SLOW_TESTS is set. */
static void silence_has_an_end(void **state)
{
    (void)state;
    static const struct row rows[] = {
        { "accept-silent", "connect_timeout" },
        { "tls-stall", "connect_timeout" },
        { "stall-in-header", "stalled" },
        { "stall-in-body", "stalled" },
        { "drip", "stalled" },
        { "slow-first-byte", "" },
    };
    if (getenv("AUDIAPRO_SLOW_TESTS") == NULL) {
        skip();
    }
    try_all(rows, COUNT_OF(rows), true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_new_api_gives_the_recording_or_the_right_reason),
        cmocka_unit_test(the_old_api_gives_the_recording_or_the_right_reason),
        cmocka_unit_test(what_stands_in_the_way_has_its_name),
        cmocka_unit_test(silence_has_an_end),
    };
    return cmocka_run_group_tests_name("pbx/simulator", tests, NULL, NULL);
}

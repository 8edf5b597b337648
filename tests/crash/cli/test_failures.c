/*
 * The n-th call fails: memory, write, fsync, rename, open, mkdir; for n = 1, 2, 3 … until the
 * scenario passes untouched; in the process that takes webhooks and in the one that fetches. Each
 * time: what was acknowledged is there once, a process that died of it is back within a second, and
 * nobody had to help.
 *
 * FAULTS=2000 tries up to so many n of each kind (else 10, spread over all of them).
 */
#include <limits.h>

#include "life.h"
#include "tools/shim_use.h"

enum {
    STEPS_DEFAULT = 10,
    STEPS_MAX = 100000,
    ID_FIRST = 1000000000, /* Above what the simulator numbers its legs with. */
    STEP_MS_MAX = 20000,
    BACK_MS_MAX = 1000,
    CROWDED_BACK_MS_MAX = 5000,
    UNTOUCHED = INT_MAX,
};

struct scan {
    const char *name;
    const char *role; /* "http": a webhook is the scenario; "collect": a recording. */
    enum shim_call call;
    const char *path;
    int error;
};

static const struct scan scans[] = {
    { "webhook: no memory", "http", SHIM_ALLOCATE, "", ENOMEM },
    { "webhook: write, I/O error", "http", SHIM_WRITE, "audiapro.db", EIO },
    { "webhook: write, disk full", "http", SHIM_WRITE, "audiapro.db", ENOSPC },
    { "webhook: fsync", "http", SHIM_SYNC, "audiapro.db", EIO },
    { "download: no memory", "collect", SHIM_ALLOCATE, "", ENOMEM },
    { "download: write of the draft", "collect", SHIM_WRITE, "/.drafts/", EIO },
    { "download: write of the database", "collect", SHIM_WRITE, "audiapro.db", EIO },
    { "download: fsync of the database", "collect", SHIM_SYNC, "audiapro.db", EIO },
    { "download: open", "collect", SHIM_OPEN, "", EMFILE },
    { "storage: fsync of draft and folders", "collect", SHIM_SYNC, "/recordings", EIO },
    { "storage: rename", "collect", SHIM_RENAME, "", EIO },
    { "storage: mkdir", "collect", SHIM_MKDIR, "", ENOSPC },
};

/* What came of the steps of one scan. */
struct tally {
    long steps;
    long struck;
    long refused; /* Answers that were not 2xx, or recordings that had to be tried again. */
    long deaths;
    int64_t back_ms_max;
};

struct failures {
    struct life *life;
    struct shim shim;
    struct db *db;
    long leg_count; /* Sent and acknowledged, from ID_FIRST on. */
};

static long number_of(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtol(text, NULL, 10) : otherwise;
}

static int failures_begin(void **state)
{
    struct failures *failures = memory_new(sizeof *failures);

    *state = failures;
    failures->life = life_make(false);
    if (!shim_load(&failures->shim, &failures->life->scene.server)) {
        fail_msg("the fault shim was not built");
    }
    server_set(&failures->life->scene.server, "LOG_LEVEL", "warn");
    server_start(&failures->life->scene.server);
    failures->db = server_db(&failures->life->scene.server);
    return 0;
}

static int failures_end(void **state)
{
    struct failures *failures = *state;

    db_close(failures->db);
    life_bury(failures->life);
    free(failures);
    return 0;
}

/* ---- Who lives ---- */

static pid_t role_living(const char *role)
{
    struct tree tree = tree_read();

    return tree_find(&tree, role);
}

/* Has it begun to work, by its own word? */
static bool role_is_there(const struct failures *failures, const char *role, pid_t pid)
{
    static const char SQL[] = "SELECT count(*) FROM process WHERE role = $1 AND pid = $2";

    return pid > 0 && NUMBER_OF(failures->db, SQL, DB_TEXT(role), DB_INT(pid)) == 1;
}

static int64_t back_ms_max(void)
{
    double load = 0;
    bool is_crowded =
        getloadavg(&load, 1) == 1 && load > 1.5 * (double)sysconf(_SC_NPROCESSORS_ONLN);

    return is_crowded ? CROWDED_BACK_MS_MAX : BACK_MS_MAX;
}

static void back_note(struct tally *tally, const struct scan *scan, long n, int64_t began_ms)
{
    int64_t took_ms = time_monotonic_ms() - began_ms;

    tally->back_ms_max = took_ms > tally->back_ms_max ? took_ms : tally->back_ms_max;
    if (took_ms > back_ms_max()) {
        fail_msg("%s: after number %ld it was back only after %lld ms", scan->name, n,
                 (long long)took_ms);
    }
}

/* ---- A webhook ---- */

static long webhook_post(const struct failures *failures, long id)
{
    AUTO(reply_clear) struct reply reply = { 0 };
    char url[128];
    char body[1024];

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d/api/webhook/cdr/default",
                    failures->life->scene.server.port),
           "fits");
    IGNORE(snprintf(body, sizeof body,
                    "{\"AcctId\":\"%ld\",\"src\":\"1000\",\"dst\":\"5550100\","
                    "\"start\":\"2026-02-05 21:20:41\",\"answer\":\"\","
                    "\"end\":\"2026-02-05 21:20:49\",\"duration\":\"8\",\"billsec\":\"0\","
                    "\"disposition\":\"NO ANSWER\",\"uniqueid\":\"1770326441.%ld\","
                    "\"userfield\":\"Outbound\",\"session\":\"1770326441%ld-1000\","
                    "\"action_owner\":\"1000\",\"action_type\":\"DIAL\",\"recordfiles\":\"\"}",
                    id, id, id),
           "fits");
    web_ask(&(struct ask){ .url = url,
                           .body = body,
                           .headers = { "Content-Type: application/json" },
                           .timeout_ms = 3000 },
            &reply);
    return reply.status;
}

/* Until it is acknowledged, as a sender that repeats would. */
static void webhook_step(struct failures *failures, const struct scan *scan, long n,
                         struct tally *tally)
{
    pid_t before = role_living("http");
    long id = ID_FIRST + failures->leg_count;
    int64_t refused_at_ms = 0;

    for (int64_t began_ms = time_monotonic_ms();;) {
        long status = webhook_post(failures, id);
        if (status >= 200 && status < 300) {
            break;
        }
        if (status >= 300 && status < 500) {
            fail_msg("%s: number %ld is answered HTTP %ld: a sender would give up", scan->name, n,
                     status);
        }
        tally->refused++;
        refused_at_ms = refused_at_ms == 0 ? time_monotonic_ms() : refused_at_ms;
        if (time_monotonic_ms() - began_ms > STEP_MS_MAX) {
            fail_msg("%s: number %ld is not recovered from", scan->name, n);
        }
        time_sleep_ms(5);
    }
    failures->leg_count++;
    if (refused_at_ms > 0) {
        back_note(tally, scan, n, refused_at_ms);
    }
    pid_t after = role_living("http");
    tally->deaths += after != before;
}

/* ---- A recording ---- */

static void pauses_end(const struct failures *failures)
{
    struct error error = { 0 };

    if (NUMBER(failures->db, "SELECT count(*) FROM job WHERE worker IS NULL AND run_at > 1") > 0 ||
        NUMBER(failures->db, "SELECT count(*) FROM lane WHERE blocked_until > 0") > 0) {
        assert_true(
            db_run(failures->db, "UPDATE lane SET blocked_until = 0", DB_NO_VALUES, NULL, &error));
        assert_true(db_run(failures->db, "UPDATE job SET run_at = 1 WHERE worker IS NULL",
                           DB_NO_VALUES, NULL, &error));
    }
}

static void recording_step(struct failures *failures, const struct scan *scan, long n,
                           struct tally *tally)
{
    static const char SQL[] = "SELECT count(*) FROM recording WHERE path = $1 AND state = 'stored'";
    static const char SQL_TRIES[] =
        "SELECT count(*) FROM event WHERE event = 'waiting' AND stage = 'fetch'";
    struct life *life = failures->life;
    int64_t began_ms = time_monotonic_ms();
    int64_t gone_at_ms = 0;
    int64_t tries = NUMBER(failures->db, SQL_TRIES);
    pid_t before = role_living("collect");

    life_ring(life);
    size_t index = life->call_count - 1;
    assert_true(call_send(life, index));
    const char *path = life->calls[index].recordings[0].path;
    while (NUMBER_OF(failures->db, SQL, DB_TEXT(path)) == 0 || gone_at_ms > 0) {
        pid_t now = role_living("collect");
        if (now != before && gone_at_ms == 0) {
            gone_at_ms = time_monotonic_ms();
            tally->deaths++;
        }
        if (gone_at_ms > 0 && role_is_there(failures, "collect", now)) {
            back_note(tally, scan, n, gone_at_ms);
            gone_at_ms = 0;
            before = now;
        }
        if (time_monotonic_ms() - began_ms > STEP_MS_MAX) {
            jobs_show(failures->db);
            fail_msg("%s: after number %ld the recording is not stored", scan->name, n);
        }
        pauses_end(failures);
        time_sleep_ms(10);
    }
    tally->refused += NUMBER(failures->db, SQL_TRIES) - tries;
    AUTO(blob_close) struct blob *blob = life_blob(life);
    call_check(life, failures->db, blob, index);
}

/* ---- The scan ---- */

static long step_do(struct failures *failures, const struct scan *scan, long n, struct tally *tally)
{
    struct shim_rule *rule = shim_set(&failures->shim, 0, scan->call, scan->role, scan->path,
                                      scan->error, n - 1, n == UNTOUCHED ? 0 : 1);

    if (strcmp(scan->role, "http") == 0) {
        webhook_step(failures, scan, n, tally);
    } else {
        recording_step(failures, scan, n, tally);
    }
    shim_clear(&failures->shim);
    tally->struck += atomic_load(&rule->struck);
    tally->steps += n == UNTOUCHED ? 0 : 1;
    return atomic_load(&rule->passed);
}

static void scan_do(struct failures *failures, const struct scan *scan)
{
    struct tally tally = { 0 };
    long steps = number_of("FAULTS", STEPS_DEFAULT);
    long calls = 0;

    for (int i = 0; i < 2; i++) { /* The first time, authorities and the like are read once. */
        calls = step_do(failures, scan, UNTOUCHED, &tally);
    }

    assert_in_range(steps, 1, STEPS_MAX);
    assert_true(calls > 0); /* Else the scenario does not do what the row says. */
    steps = steps < calls ? steps : calls;
    for (long i = 0; i < steps; i++) {
        /* A short form looks everywhere; the first ones always. */
        long n = steps == calls || i < 2 ? i + 1 : 1 + i * calls / steps;
        (void)step_do(failures, scan, n, &tally);
    }
    print_message("    %-38s %5ld calls, %4ld of %4ld failed: %4ld refusals, %3ld deaths, back "
                  "after %lld ms at most\n",
                  scan->name, calls, tally.struck, tally.steps, tally.refused, tally.deaths,
                  (long long)tally.back_ms_max);
    assert_true(tally.struck > 0);
}

/* How often the legs that were acknowledged are there. */
static void legs_check(const struct failures *failures)
{
    static const char SQL[] = "SELECT count(*) FROM leg WHERE acct_id = $1";
    long lost = 0;
    long doubled = 0;

    for (long i = 0; i < failures->leg_count; i++) {
        char id[24];
        IGNORE(snprintf(id, sizeof id, "%ld", ID_FIRST + i), "fits");
        int64_t count = NUMBER_OF(failures->db, SQL, DB_TEXT(id));
        lost += count < 1;
        doubled += count > 1;
    }
    print_message("    %ld webhooks acknowledged: %ld lost, %ld doubled\n", failures->leg_count,
                  lost, doubled);
    assert_int_equal(lost, 0);
    assert_int_equal(doubled, 0);
}

static void whatever_call_fails_nothing_acknowledged_is_lost_and_nothing_is_doubled(void **state)
{
    struct failures *failures = *state;
    struct life *life = failures->life;

    IGNORE(role_wait(&life->scene.server, "collect", 0), "it runs");
    for (size_t i = 0; i < COUNT_OF(scans); i++) {
        scan_do(failures, &scans[i]);
    }
    pauses_end(failures);
    atomic_store(&life->acknowledged_count, life->call_count);
    life_wait(life, DONE_MS, true);
    legs_check(failures);
    life_check(life, (size_t)failures->leg_count);
    print_message("    %zu recordings stored once\n", life->call_count);
    server_stop(&life->scene.server);
    life->is_good = true;
}

/* Nobody knows what a failed fsync has left: the process asks no second time, refuses, and ends;
 * the one that comes after it begins anew. */
static void an_fsync_error_stops_intake_and_is_never_tried_again(void **state)
{
    struct failures *failures = *state;
    struct server *server = &failures->life->scene.server;
    pid_t before = role_wait(server, "http", 0);
    struct tally tally = { 0 };
    const struct scan scan = { .name = "fsync" };

    for (int i = 0; i < 5; i++) {
        struct shim_rule *rule =
            shim_set(&failures->shim, 0, SHIM_SYNC, "http", "audiapro.db", EIO, 0, 1);
        long id = ID_FIRST + failures->leg_count;
        assert_int_equal(webhook_post(failures, id), 503);
        assert_int_equal(webhook_post(failures, id) / 100 == 2, 0);
        webhook_step(failures, &scan, 1, &tally);
        pid_t after = role_wait(server, "http", before);
        assert_int_equal(atomic_load(&rule->last_pid), before);
        assert_int_equal(atomic_load(&rule->struck), 1);
        print_message("    http %d was told of an fsync error, asked for %ld more, and was "
                      "followed by %d\n",
                      (int)before, atomic_load(&rule->after), (int)after);
        assert_int_equal(atomic_load(&rule->after), 0);
        shim_clear(&failures->shim);
        before = after;
    }
    assert_true(log_has(server, "intake.broken"));
    legs_check(failures);
    server_stop(server);
    failures->life->is_good = true;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(an_fsync_error_stops_intake_and_is_never_tried_again,
                                        failures_begin, failures_end),
        cmocka_unit_test_setup_teardown(
            whatever_call_fails_nothing_acknowledged_is_lost_and_nothing_is_doubled, failures_begin,
            failures_end),
    };

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    tree_adopt_orphans();
    cmocka_set_test_filter(getenv("CRASH_TEST"));
    return cmocka_run_group_tests_name("failures", tests, NULL, NULL);
}

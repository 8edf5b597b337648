/*
 * The disk is full: all of DATA_DIR (database, its log, drafts and recordings on one small volume),
 * or one place of it. No webhook is acknowledged that is not kept; what is stored can be seen and
 * heard meanwhile; once there is room again everything goes on within seconds, and nothing is lost.
 *
 * Whole volumes need root (a tmpfs in a mount namespace of our own); where that is not to be had it
 * says so. The single places use the fault shim.
 */
#include <sched.h>
#include <sys/mount.h>
#include <sys/statvfs.h>

#include "life.h"
#include "tools/shim_use.h"

enum {
    ID_FIRST = 1000000000,
    FULL_WEBHOOKS_MAX = 4000, /* So many fit at most into what the log had reserved. */
    REFUSALS = 20,
    RECOVERED_MS_MAX = 5000,
    CALLS_BEFORE = 3,
    CALLS_MEANWHILE = 4,
    CALL_COUNT = CALLS_BEFORE + CALLS_MEANWHILE,
    WAIT_MS = 30000,
};

struct disk {
    struct life *life;
    struct shim shim;
    bool is_mounted;
    char mount[128];
    char filler[160];
    long leg_count;
    size_t call_sent;
};

static bool has_mounts;

/* ---- Webhooks ---- */

static long webhook_post(const struct disk *disk, long id)
{
    AUTO(reply_clear) struct reply reply = { 0 };
    char url[128];
    char body[1024];

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d/api/webhook/cdr/default",
                    disk->life->scene.server.port),
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
                           .timeout_ms = 15000 },
            &reply);
    return reply.status;
}

/* True when it was acknowledged, and then it counts. */
static bool webhook_try(struct disk *disk)
{
    long status = webhook_post(disk, ID_FIRST + disk->leg_count);
    bool is_kept = status >= 200 && status < 300;

    if (!is_kept && status != 0 && status != 503) {
        fail_msg("a webhook is answered HTTP %ld", status);
    }
    disk->leg_count += is_kept ? 1 : 0;
    return is_kept;
}

/* Calls that end in the UCM, whose webhooks are taken. */
static void calls_send(struct disk *disk, size_t count)
{
    for (; disk->call_sent < count; disk->call_sent++) {
        assert_true(call_send(disk->life, disk->call_sent));
    }
}

static int64_t stored_count(const struct disk *disk)
{
    return server_number(&disk->life->scene.server,
                         "SELECT count(*) FROM recording WHERE state = 'stored'", NULL);
}

static void stored_wait(const struct disk *disk, int64_t count, int64_t timeout_ms)
{
    int64_t until_ms = time_monotonic_ms() + timeout_ms;

    while (stored_count(disk) < count) {
        if (time_monotonic_ms() > until_ms) {
            AUTO(db_close) struct db *db = server_db(&disk->life->scene.server);
            jobs_show(db);
            fail_msg("%lld and not %lld recordings are stored after %lld ms",
                     (long long)stored_count(disk), (long long)count, (long long)timeout_ms);
        }
        time_sleep_ms(20);
    }
}

/* ---- The volume ---- */

static void volume_make(struct disk *disk, const char *below, const char *size)
{
    struct error error = { 0 };

    IGNORE(snprintf(disk->mount, sizeof disk->mount, "%s%s", disk->life->scene.server.data, below),
           "fits");
    IGNORE(snprintf(disk->filler, sizeof disk->filler, "%s/filler", disk->mount), "fits");
    assert_true(folder_make(disk->mount, &error));
    assert_int_equal(mount("none", disk->mount, "tmpfs", 0, size), 0);
    disk->is_mounted = true;
}

/* Not a byte is left. */
static void volume_fill(const struct disk *disk)
{
    static const char zeros[65536];
    AUTO(file_close)
    int file = open(disk->filler, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    assert_true(file >= 0);
    for (size_t piece = sizeof zeros; piece > 0;) {
        if (write(file, zeros, piece) <= 0) {
            assert_int_equal(errno, ENOSPC);
            piece /= 2;
        }
    }
}

static int disk_begin(void **state)
{
    struct disk *disk = memory_new(sizeof *disk);

    *state = disk;
    disk->life = life_make(false);
    server_set(&disk->life->scene.server, "LOG_LEVEL", "warn");
    return 0;
}

static int disk_end(void **state)
{
    struct disk *disk = *state;

    tree_kill();
    if (disk->is_mounted && disk->life->is_good) {
        (void)umount2(disk->mount, MNT_DETACH);
    }
    life_bury(disk->life);
    free(disk);
    return 0;
}

/* ---- What holds on a full disk ---- */

static void reads_go_on(const struct disk *disk)
{
    AUTO(reply_clear) struct reply reply = { 0 };
    AUTO(json_release) json_t *page = server_get(&disk->life->scene.server, "/api/calls?limit=200");
    AUTO(json_release) json_t *figures = server_get(&disk->life->scene.server, "/api/collection");
    AUTO(json_release) json_t *found = NULL;
    json_t *call = NULL;
    char path[128];
    const json_t *recording = recording_find_in(
        &disk->life->scene.server, disk->life->calls[0].recordings[0].path, &found, &call);

    assert_true(json_array_size(json_object_get(page, "calls")) > 0);
    assert_true(json_number(figures, "stored", -1) >= CALLS_BEFORE);
    assert_non_null(recording);
    IGNORE(snprintf(path, sizeof path, "/api/calls/%s/recording?recording=%s", text_at(call, "id"),
                    text_at(recording, "id")),
           "fits");
    server_ask(&disk->life->scene.server, path, NULL, &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.body.size, disk->life->calls[0].recordings[0].bytes);
}

/* Until one is refused: the log may have had room of its own. Then a good number of them. */
static void webhooks_are_refused(struct disk *disk)
{
    int taken = 0;

    while (webhook_try(disk)) {
        assert_true(++taken < FULL_WEBHOOKS_MAX);
    }
    for (int i = 0; i < REFUSALS; i++) {
        assert_false(webhook_try(disk));
    }
    print_message("    %d webhooks found room in the log, then %d were refused with 503\n", taken,
                  REFUSALS + 1);
}

/* How long until a webhook is taken again. */
static void webhooks_are_taken_again(struct disk *disk)
{
    int64_t began_ms = time_monotonic_ms();

    while (!webhook_try(disk)) {
        time_sleep_ms(10);
        assert_in_range(time_monotonic_ms() - began_ms, 0, RECOVERED_MS_MAX);
    }
    print_message("    room again: the next webhook was taken after %lld ms\n",
                  (long long)(time_monotonic_ms() - began_ms));
}

static void legs_check(const struct disk *disk)
{
    AUTO(db_close) struct db *db = server_db(&disk->life->scene.server);
    static const char SQL[] = "SELECT count(*) FROM leg WHERE acct_id = $1";
    long lost = 0;

    for (long i = 0; i < disk->leg_count; i++) {
        char id[24];
        IGNORE(snprintf(id, sizeof id, "%ld", ID_FIRST + i), "fits");
        lost += NUMBER_OF(db, SQL, DB_TEXT(id)) != 1;
    }
    print_message("    %ld webhooks acknowledged: %ld lost or doubled\n", disk->leg_count, lost);
    assert_int_equal(lost, 0);
}

static void disk_finish(struct disk *disk)
{
    struct life *life = disk->life;
    int64_t began_ms = time_monotonic_ms();

    calls_send(disk, CALL_COUNT);
    stored_wait(disk, CALL_COUNT, WAIT_MS);
    print_message("    all %d recordings were stored %lld ms later\n", CALL_COUNT,
                  (long long)(time_monotonic_ms() - began_ms));
    atomic_store(&life->acknowledged_count, life->call_count);
    legs_check(disk);
    life_wait(life, DONE_MS, true);
    AUTO(db_close) struct db *db = server_db(&life->scene.server);
    struct error error = { 0 };
    assert_true(db_run(db, "UPDATE lane SET blocked_until = 0", DB_NO_VALUES, NULL, &error));
    life_check(life, (size_t)disk->leg_count);
    server_stop(&life->scene.server);
    life->is_good = true;
}

static void life_begin(struct disk *disk)
{
    disk->life->scene.server.token[0] = '\0'; /* To see what people see. */
    server_start(&disk->life->scene.server);
    IGNORE(role_wait(&disk->life->scene.server, "collect", 0), "it runs");
    while (disk->life->call_count < CALL_COUNT) {
        life_ring(disk->life);
    }
    calls_send(disk, CALLS_BEFORE);
    stored_wait(disk, CALLS_BEFORE, WAIT_MS);
    for (int i = 0; i < 20; i++) {
        assert_true(webhook_try(disk));
    }
}

static void a_full_disk_refuses_webhooks_and_shows_what_is_stored(void **state)
{
    struct disk *disk = *state;

    if (!has_mounts) {
        print_message("    SKIPPED: a volume of our own needs root\n");
        disk->life->is_good = true;
        skip();
    }
    volume_make(disk, "", "size=48m");
    life_begin(disk);
    volume_fill(disk);
    webhooks_are_refused(disk);
    reads_go_on(disk);
    assert_int_equal(unlink(disk->filler), 0);
    webhooks_are_taken_again(disk);
    disk_finish(disk);
}

/* The recordings' volume is full, the database's is not: webhooks are taken, and what cannot be
 * kept is not asked for. */
static void a_full_storage_takes_webhooks_and_keeps_recordings_waiting(void **state)
{
    struct disk *disk = *state;

    if (!has_mounts) {
        print_message("    SKIPPED: a volume of our own needs root\n");
        disk->life->is_good = true;
        skip();
    }
    volume_make(disk, "/recordings", "size=24m");
    life_begin(disk);
    volume_fill(disk);
    calls_send(disk, CALL_COUNT);
    for (int i = CALLS_BEFORE; i < CALL_COUNT; i++) {
        json_decref(recording_wait(&disk->life->scene.server,
                                   disk->life->calls[i].recordings[0].path, "waiting",
                                   "storage_full"));
    }
    reads_go_on(disk);
    int asked = ucm_seen(&disk->life->scene).recapi;
    time_sleep_ms(6000); /* More than a rest: nothing is asked for that could not be kept. */
    assert_int_equal(ucm_seen(&disk->life->scene).recapi, asked);
    assert_true(webhook_try(disk));
    assert_int_equal(unlink(disk->filler), 0);
    int64_t began_ms = time_monotonic_ms();
    stored_wait(disk, CALL_COUNT, RECOVERED_MS_MAX + 2000);
    print_message("    room again: all recordings were stored after %lld ms\n",
                  (long long)(time_monotonic_ms() - began_ms));
    disk_finish(disk);
}

/* ---- One place at a time ---- */

static const struct {
    const char *name;
    enum shim_call call;
    const char *path;
    bool refuses_webhooks;
} places[] = {
    { "the database and its log", SHIM_WRITE, "audiapro.db", true },
    { "the log of the database", SHIM_WRITE, "audiapro.db-wal", true },
    { "the draft", SHIM_WRITE, "/.drafts/", false },
    { "the recordings' folders", SHIM_MKDIR, "default", false },
    { "the recordings' names", SHIM_RENAME, "default", false },
};

static void no_room_at_one_place_is_no_loss(void **state)
{
    struct disk *disk = *state;
    size_t sent = CALLS_BEFORE;

    assert_true(shim_load(&disk->shim, &disk->life->scene.server));
    life_begin(disk);
    for (size_t i = 0; i < COUNT_OF(places); i++) {
        struct shim_rule *rule =
            shim_set(&disk->shim, 0, places[i].call, "", places[i].path, ENOSPC, 0, SHIM_FOREVER);
        print_message("    no room for %s:\n", places[i].name);
        if (places[i].refuses_webhooks) {
            webhooks_are_refused(disk);
        } else if (sent < CALL_COUNT) {
            calls_send(disk, ++sent);
            json_decref(recording_wait(&disk->life->scene.server,
                                       disk->life->calls[sent - 1].recordings[0].path, "waiting",
                                       "storage_full"));
        }
        reads_go_on(disk);
        assert_true(atomic_load(&rule->struck) > 0);
        shim_clear(&disk->shim);
        webhooks_are_taken_again(disk);
        stored_wait(disk, (int64_t)sent, RECOVERED_MS_MAX + 2000);
    }
    disk_finish(disk);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_disk_refuses_webhooks_and_shows_what_is_stored,
                                        disk_begin, disk_end),
        cmocka_unit_test_setup_teardown(a_full_storage_takes_webhooks_and_keeps_recordings_waiting,
                                        disk_begin, disk_end),
        cmocka_unit_test_setup_teardown(no_room_at_one_place_is_no_loss, disk_begin, disk_end),
    };

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    has_mounts =
        unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0;
    tree_adopt_orphans();
    cmocka_set_test_filter(getenv("CRASH_TEST"));
    return cmocka_run_group_tests_name("disk", tests, NULL, NULL);
}

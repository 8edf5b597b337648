/*
 * One life of a server that is going to be hurt: its UCM with recorded calls, the sender that
 * repeats each webhook until it is acknowledged, and afterwards the question whether all that was
 * promised is there, once.
 */
#ifndef TESTS_CRASH_CLI_LIFE_H
#define TESTS_CRASH_CLI_LIFE_H

#include <ftw.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/stat.h>

#include "blob/blob.h"
#include "integration/cli/scene.h"
#include "speech/speech.h"
#include "tree.h"

enum { CALLS_MAX = 4096, DONE_MS = 60000, SEND_AGAIN_MS = 10, CLOCK_LOOKS = 50 };

struct life {
    struct scene scene;
    bool is_transcribing;
    bool is_good; /* Nothing is left to be looked into. */
    struct simulator_added calls[CALLS_MAX];
    size_t call_count;
    size_t leg_count;
    int pause_ms; /* Between two calls' webhooks. */
    pthread_t sender;
    bool is_sender_started;
    atomic_bool is_sender_told_to_stop;
    atomic_size_t acknowledged_count; /* The first so many calls are. */
    _Atomic time_ms acknowledged_at[CALLS_MAX];
};

/* ---- Birth and death ---- */

/* Is there something to transcribe with? Else says so. */
static inline bool speech_is_there(void)
{
    struct arena *arena = arena_new(1 * MIB);
    struct speech_options options = { 0 };
    struct error error = { 0 };
    bool is_there = speech_is_available(&error) &&
                    speech_models_find(arena, getenv("SPEECH_MODEL"), NULL, &options, &error);

    arena_free(arena);
    if (!is_there) {
        print_message("nothing is transcribed: %s\n", error.message);
    }
    return is_there;
}

static inline struct life *life_make(bool is_transcribing)
{
    struct life *life = memory_new(sizeof *life);
    struct server *server = &life->scene.server;

    scene_make(&life->scene, NULL);
    life->is_transcribing = is_transcribing;
    server_set(server, "TRANSCRIPTION_ENABLED", is_transcribing ? "true" : "false");
    server_set(server, "SPEECH_MODEL", getenv("SPEECH_MODEL"));
    server_set(server, "ADMIN_EMAIL", NULL); /* Hashing a password takes longer than a start. */
    server_set(server, "ADMIN_PASSWORD", NULL);
    server->token[0] = '-'; /* None is needed. */
    return life;
}

/* What a test leaves, passed or failed: no process; and no folder, unless there is something to
 * look into. */
static inline void life_bury(struct life *life)
{
    struct error error = { 0 };

    if (life->is_sender_started) {
        atomic_store(&life->is_sender_told_to_stop, true);
        (void)pthread_join(life->sender, NULL);
    }
    tree_kill();
    simulator_stop(life->scene.ucm);
    if (!life->is_good) {
        log_show(&life->scene.server);
        print_message("all of it lies in %s\n", life->scene.server.folder);
    } else if (!folder_remove(life->scene.server.folder, &error)) {
        print_message("%s\n", error.message);
    }
    free(life);
}

/* ---- Calls and their webhooks ---- */

/* A second of sound as no other call has it. Every third call rings two others in vain first, so
 * that it has three legs. Not for threads: it fails the test. */
static inline void life_ring(struct life *life)
{
    char path[128];
    bool is_group = life->call_count % 3 == 2;
    char caller[16]; /* Its own, or two calls of one second would name the same file. */
    struct simulator_call call = { .audio_path = path, .caller = caller, .has_description = true };

    IGNORE(snprintf(caller, sizeof caller, "%zu", 3000 + life->call_count), "fits");
    assert_true(life->call_count < CALLS_MAX);
    IGNORE(snprintf(path, sizeof path, "%s/%zu.wav", life->scene.server.folder, life->call_count),
           "fits");
    sound_write(path, 1, (unsigned)life->call_count + 1);
    if (is_group) {
        call.group = "6400";
        call.members[0] = "1001";
        call.members[1] = "1002";
    }
    call_add(&life->scene, &call, &life->calls[life->call_count]);
    life->leg_count += (size_t)life->calls[life->call_count].leg_count;
    life->call_count++;
}

/* POST the call's legs until each was answered with 2xx: what a UCM cannot do, and a sender in
 * front of it would. For threads. False when told to stop. */
static inline bool call_send(struct life *life, size_t index)
{
    char url[128];
    struct simulator_webhook webhook = { .url = url, .timeout_ms = 5000 };

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d/api/webhook/cdr/default",
                    life->scene.server.port),
           "fits");
    while (!atomic_load(&life->is_sender_told_to_stop)) {
        struct error error = { 0 };
        int status = 0;
        if (simulator_webhook_send(life->scene.ucm, life->calls[index].call, &webhook, &status,
                                   &error) &&
            status >= 200 && status < 300) {
            atomic_store(&life->acknowledged_at[index], time_now());
            return true;
        }
        time_sleep_ms(SEND_AGAIN_MS);
    }
    return false;
}

static inline void *sender_run(void *context)
{
    struct life *life = context;

    for (size_t i = 0; i < life->call_count && call_send(life, i); i++) {
        atomic_store(&life->acknowledged_count, i + 1);
        time_sleep_ms(life->pause_ms);
    }
    return NULL;
}

/* Ring so many calls, and send their webhooks from a thread of their own. */
static inline void life_send(struct life *life, size_t call_count)
{
    while (life->call_count < call_count) {
        life_ring(life);
    }
    assert_int_equal(pthread_create(&life->sender, NULL, sender_run, life), 0);
    life->is_sender_started = true;
}

/* ---- What the database and the disk say ---- */

static inline int64_t number_get(struct db *db, const char *sql, const struct db_value *values,
                                 size_t value_count)
{
    struct error error = { 0 };
    int64_t number = -1;

    if (!db_run_number(db, sql, values, value_count, -1, &number, &error)) {
        fail_msg("%s: %s", sql, error.message);
    }
    return number;
}

#define NUMBER(db, sql) number_get(db, sql, DB_NO_VALUES)
#define NUMBER_OF(db, sql, ...) number_get(db, sql, DB_VALUES(__VA_ARGS__))

static inline void number_check(struct db *db, const char *sql, size_t expected)
{
    int64_t number = NUMBER(db, sql);

    if (number != (int64_t)expected) {
        fail_msg("%lld, not %zu: %s", (long long)number, expected, sql);
    }
}

/* A recording whose speech process died is tried again after 30 s. Nobody wants to wait for that
 * here: what waits is due now. */
static inline void clock_forward(struct db *db)
{
    static const char SQL[] = "UPDATE job SET run_at = $1 WHERE worker IS NULL AND run_at > $2";
    struct error error = { 0 };

    time_ms now = time_now();

    if (!db_run(db, SQL, DB_VALUES(DB_INT(now), DB_INT(now + 2 * SECOND_MS)), NULL, &error)) {
        fail_msg("%s", error.message);
    }
}

/* What is to be done once; a PBX's own job, which polls it, comes again and again. */
#define JOBS_LEFT "SELECT count(*) FROM job WHERE subject_id NOT IN (SELECT id FROM pbx)"

static inline bool life_is_done(struct life *life, struct db *db)
{
    return atomic_load(&life->acknowledged_count) == life->call_count && NUMBER(db, JOBS_LEFT) == 0;
}

/* What is stuck, and where: for whoever reads the failure. */
static inline void jobs_show(struct db *db)
{
    static const char SQL[] =
        "SELECT lane.stage, job.run_at, job.attempt, coalesce(job.worker, '-'), lane.blocked_until"
        " FROM job JOIN lane ON lane.id = job.lane_id";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    struct error error = { 0 };

    if (!db_query(db, SQL, DB_NO_VALUES, &rows, &error)) {
        return;
    }
    while (db_next(&rows, &error) == DB_ROW) {
        print_error("job: %s, due in %lld ms, try %lld, worker %s, lane blocked until %lld\n",
                    db_text(&rows, 0), (long long)(db_int(&rows, 1) - time_now()),
                    (long long)db_int(&rows, 2), db_text(&rows, 3), (long long)db_int(&rows, 4));
    }
}

/* Until all is acknowledged, and nothing is left to do. */
static inline void life_wait(struct life *life, int64_t timeout_ms, bool is_clock_forwarded)
{
    AUTO(db_close) struct db *db = server_db(&life->scene.server);
    int64_t until_ms = time_monotonic_ms() + timeout_ms;

    for (int look = 0; !life_is_done(life, db); look++) {
        if (time_monotonic_ms() > until_ms) {
            jobs_show(db);
            fail_msg("after %lld ms %zu of %zu calls are acknowledged, %lld jobs are left",
                     (long long)timeout_ms, atomic_load(&life->acknowledged_count),
                     life->call_count, (long long)NUMBER(db, JOBS_LEFT));
        }
        if (is_clock_forwarded && look % CLOCK_LOOKS == 0) {
            clock_forward(db);
        }
        time_sleep_ms(LOOK_MS);
    }
}

static inline void integrity_check(struct db *db)
{
    static const char SQL[] = "PRAGMA integrity_check";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    struct error error = { 0 };

    assert_true(db_query(db, SQL, DB_NO_VALUES, &rows, &error));
    assert_int_equal(db_next(&rows, &error), DB_ROW);
    assert_string_equal(db_text(&rows, 0), "ok");
}

/* The answered leg is there once, and so is its recording, with the bytes that the UCM holds. */
static inline void call_check(struct life *life, struct db *db, struct blob *blob, size_t index)
{
    static const char SQL_LEG[] = "SELECT count(*) FROM leg WHERE acct_id = $1 AND uniqueid = $2";
    static const char SQL[] =
        "SELECT blob_key, sha256, state, stored_bytes FROM recording WHERE path = $1";
    const struct simulator_added *call = &life->calls[index];
    const struct simulator_recording *held = &call->recordings[0];
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    AUTO(file_close) int file = -1;
    AUTO(free) char *bytes = memory_new(held->bytes);
    char sha256[SHA256_TEXT_SIZE];
    uint64_t size = 0;
    struct error error = { 0 };

    assert_int_equal(NUMBER_OF(db, SQL_LEG, DB_TEXT(call->acct_id), DB_TEXT(call->uniqueid)), 1);
    assert_true(db_query(db, SQL, DB_VALUES(DB_TEXT(held->path)), &rows, &error));
    assert_int_equal(db_next(&rows, &error), DB_ROW);
    assert_string_equal(db_text(&rows, 2), "stored");
    assert_string_equal(db_text(&rows, 1), held->sha256);
    assert_int_equal(db_int(&rows, 3), held->bytes);
    if (!blob_read(blob, db_text(&rows, 0), &file, &size, &error)) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(size, held->bytes);
    assert_int_equal(read(file, bytes, size), size);
    assert_string_equal(hash_sha256_text(bytes, size, sha256), held->sha256);
    assert_int_equal(db_next(&rows, &error), DB_DONE);
}

/* nftw() passes nothing on: what it counts lies here. */
static struct {
    size_t recordings;
    size_t drafts;
    size_t probes; /* Of blob_check(). */
    bool are_aged; /* Set the drafts' and probes' clocks back as well. */
} files;

static inline int file_count(const char *path, const struct stat *status, int type,
                             struct FTW *place)
{
    struct timespec old[2] = { { .tv_sec = status->st_mtime - 2 * 24 * 3600 },
                               { .tv_sec = status->st_mtime - 2 * 24 * 3600 } };
    bool is_draft = strstr(path, "/.drafts/") != NULL;
    bool is_probe = strstr(path, "/recordings/probe/") != NULL;

    (void)place;
    if (type != FTW_F) {
        return 0;
    }
    files.drafts += is_draft ? 1 : 0;
    files.probes += is_probe ? 1 : 0;
    files.recordings += is_draft || is_probe ? 0 : 1;
    return files.are_aged && (is_draft || is_probe) ? utimensat(AT_FDCWD, path, old, 0) : 0;
}

static inline void files_count(const struct life *life, bool are_aged)
{
    char folder[128];

    IGNORE(snprintf(folder, sizeof folder, "%s/recordings", life->scene.server.data), "fits");
    memset(&files, 0, sizeof files);
    files.are_aged = are_aged;
    assert_int_equal(nftw(folder, file_count, 16, FTW_PHYS), 0);
}

static inline struct blob *life_blob(const struct life *life)
{
    char folder[128];
    struct blob *blob = NULL;
    struct error error = { 0 };

    IGNORE(snprintf(folder, sizeof folder, "%s/recordings", life->scene.server.data), "fits");
    assert_true(blob_open_local(folder, &blob, &error));
    return blob;
}

/* Drafts may be left by the dead; once a day old, the janitor takes them. Returns how many. */
static inline size_t drafts_check(const struct life *life)
{
    AUTO(blob_close) struct blob *blob = life_blob(life);
    struct error error = { 0 };
    int removed = 0;

    files_count(life, true);
    size_t left = files.drafts + files.probes;
    assert_true(blob_sweep(blob, time_now() - DAY_MS, &removed, &error));
    assert_int_equal(removed, left);
    files_count(life, false);
    assert_int_equal(files.drafts + files.probes, 0);
    return left;
}

/* At no instant does a recording say that somebody works on it while nobody does. */
static inline void states_check(struct db *db)
{
    number_check(db,
                 "SELECT count(*) FROM recording"
                 " WHERE (state = 'fetching' OR transcript_state = 'running') AND id NOT IN"
                 " (SELECT subject_id FROM job WHERE worker IS NOT NULL)",
                 0);
}

/* Each process that says it lives does, and each role has one. */
static inline void processes_check(struct db *db)
{
    static const char SQL[] = "SELECT pid, role FROM process";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    struct tree tree = tree_read();
    struct error error = { 0 };
    size_t count = 0;

    assert_true(db_query(db, SQL, DB_NO_VALUES, &rows, &error));
    for (; db_next(&rows, &error) == DB_ROW; count++) {
        if (tree_find(&tree, db_text(&rows, 1)) != db_int(&rows, 0)) {
            fail_msg("process %lld (%s) is gone, and still in the database",
                     (long long)db_int(&rows, 0), db_text(&rows, 1));
        }
    }
    assert_int_equal(count, 4);
    for (size_t i = 0; i < tree.count; i++) {
        if (tree.list[i].parent == getpid() && tree.list[i].pid != tree_find(&tree, "serve")) {
            fail_msg("process %d (%s) has outlived its parent", (int)tree.list[i].pid,
                     tree.list[i].role);
        }
    }
}

/*
 * All that was acknowledged is there once, and nothing else. `other_leg_count` legs with neither
 * recording nor fellow were sent and acknowledged besides.
 */
static inline void life_check(struct life *life, size_t other_leg_count)
{
    AUTO(db_close) struct db *db = server_db(&life->scene.server);
    AUTO(blob_close) struct blob *blob = life_blob(life);
    size_t legs = life->leg_count + other_leg_count;
    size_t heard = life->is_transcribing ? life->call_count : 0;

    for (size_t i = 0; i < life->call_count; i++) {
        call_check(life, db, blob, i);
    }
    number_check(db, "SELECT count(*) FROM leg", legs);
    number_check(db, "SELECT count(*) FROM webhook", legs);
    number_check(db, "SELECT count(*) FROM call", life->call_count + other_leg_count);
    number_check(db, "SELECT count(*) FROM recording", life->call_count);
    number_check(db, "SELECT count(DISTINCT blob_key) FROM recording", life->call_count);
    number_check(db, "SELECT count(*) FROM event WHERE event = 'stored'", life->call_count);
    number_check(db, "SELECT count(*) FROM recording WHERE transcript_state = 'ready'", heard);
    number_check(db, "SELECT count(*) FROM transcript", heard);
    number_check(db, "SELECT count(*) FROM event WHERE event = 'ready' AND stage = 'transcribe'",
                 heard);
    number_check(db, "SELECT count(*) FROM insight GROUP BY recording_id, kind HAVING count(*) > 1",
                 (size_t)-1); /* no row */
    number_check(db, JOBS_LEFT, 0);
    number_check(db, "SELECT count(*) FROM lane WHERE blocked_until > 0", 0);
    integrity_check(db);
    processes_check(db);
    files_count(life, false);
    assert_int_equal(files.recordings, life->call_count);
}

#endif

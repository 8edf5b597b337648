/* Our own side: storage, database, and whether somebody is at work. Always done, whatever the PBX
 * does. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "core/file.h"
#include "core/hash.h"
#include "core/memory.h"
#include "core/random.h"
#include "doctor/inside.h"
#include "store/jobs.h"
#include "store/migrate.h"
#include "store/processes.h"

enum {
    CHECK_MAX_MS = 20 * SECOND_MS,
    PIECE_SIZE = 64 * 1024,
    SILENT_MS = 45 * SECOND_MS,  /* As health says it. */
    OVERDUE_MS = 10 * MINUTE_MS, /* A due job that nobody took is a backlog after this. */
    SLOW_MS = 10 * SECOND_MS,    /* For the probe: a disk in trouble. */
    ROOM_WARN_PERCENT = 5,
};
static const uint64_t ROOM_MIN = 16 * MIB; /* Less counts as full: jobs/fetch.c. */

/* ---- Storage ---- */

/* What the system said, as far as it matters who has to act. */
static enum reason storage_reason(const char *message)
{
    static const struct {
        int code;
        enum reason reason;
    } rows[] = {
        { ENOSPC, REASON_STORAGE_FULL },    { EDQUOT, REASON_STORAGE_FULL },
        { EACCES, REASON_STORAGE_REFUSED }, { EPERM, REASON_STORAGE_REFUSED },
        { EROFS, REASON_STORAGE_REFUSED },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (strstr(message, strerror(rows[i].code)) != NULL) {
            return rows[i].reason;
        }
    }
    return REASON_STORAGE_FAILED;
}

static void storage_blame(struct finding *finding, const char *doing, const char *message)
{
    finding_fail(finding, storage_reason(message), "%s: %s", doing, message);
    if (finding->reason == REASON_STORAGE_REFUSED) {
        finding_advise(finding, "The user that runs audiapro must be able to write to DATA_DIR "
                                "and everything below it: check owner, rights, and that the disk "
                                "is not mounted read-only.");
    } else if (finding->reason == REASON_STORAGE_FULL) {
        finding_advise(finding, "Make room on the disk of DATA_DIR. The recordings that wait are "
                                "then fetched by themselves.");
    }
}

struct room {
    bool is_known;
    uint64_t free_bytes, total_bytes;
};

static struct room room_of(int file)
{
    struct statvfs status;
    struct room room = { .is_known = fstatvfs(file, &status) == 0 };

    if (room.is_known) {
        room.free_bytes = (uint64_t)status.f_bavail * status.f_frsize;
        room.total_bytes = (uint64_t)status.f_blocks * status.f_frsize;
    }
    return room;
}

/* Bytes that no storage can compress or guess; the same again for the comparison by their hash. */
static bool probe_write(int file, int64_t size, char sha256_out[SHA256_TEXT_SIZE],
                        struct error *error)
{
    AUTO(hash_sha256_free) struct hash_sha256 *hash = hash_sha256_new();
    AUTO(free) char *piece = memory_new(PIECE_SIZE);

    for (int64_t done = 0; done < size; done += PIECE_SIZE) {
        size_t count = size - done < PIECE_SIZE ? (size_t)(size - done) : PIECE_SIZE;
        random_bytes(piece, count);
        hash_sha256_add(hash, piece, count);
        if (!file_write_all(file, piece, count, error)) {
            return false;
        }
    }
    IGNORE(hash_sha256_finish(hash, sha256_out), "returns its argument");
    return true;
}

static bool probe_read(int file, const char *sha256, struct error *error)
{
    AUTO(hash_sha256_free) struct hash_sha256 *hash = hash_sha256_new();
    AUTO(free) char *piece = memory_new(PIECE_SIZE);
    char seen[SHA256_TEXT_SIZE];
    ssize_t count = 0;

    while ((count = read(file, piece, PIECE_SIZE)) > 0) {
        hash_sha256_add(hash, piece, (size_t)count);
    }
    if (count < 0) {
        return error_set_errno(error, "storage: read back");
    }
    return strcmp(hash_sha256_finish(hash, seen), sha256) == 0 ||
           error_set(error, ERROR_CORRUPT, "storage: what was written does not come back");
}

/* Write, keep, read back, remove. *room_out: before. */
static bool storage_probe(struct blob *blob, int64_t size, struct room *room_out,
                          struct error *error)
{
    char key[80];
    char id[ID_SIZE];
    char sha256[SHA256_TEXT_SIZE];
    uint64_t back = 0;
    AUTO(blob_discard) struct blob_draft draft = { .file = -1 };
    AUTO(file_close) int file = -1;

    (void)snprintf(key, sizeof key, "probe/%s", id_make(time_now(), id));
    if (!blob_begin(blob, &draft, error)) {
        return false;
    }
    *room_out = room_of(draft.file);
    if (!probe_write(draft.file, size, sha256, error) || !blob_keep(&draft, key, error)) {
        return false;
    }
    bool is_read = blob_read(blob, key, &file, &back, error) && probe_read(file, sha256, error);
    struct error ignored;
    bool is_removed = blob_remove(blob, key, is_read ? error : &ignored);
    return is_read && is_removed;
}

static void room_judge(struct finding *finding, const struct room *room)
{
    if (!room->is_known || room->total_bytes == 0) {
        return;
    }
    int percent = (int)(room->free_bytes * 100 / room->total_bytes);
    char detail[EVIDENCE_SIZE];

    finding_add(finding, "; room: %.1f of %.1f GiB free", (double)room->free_bytes / (double)GIB,
                (double)room->total_bytes / (double)GIB);
    if (percent < ROOM_WARN_PERCENT) {
        memcpy(detail, finding->detail, sizeof detail);
        finding_warn(finding, REASON_STORAGE_FULL, "%s: nearly full", detail);
    }
}

void step_storage(struct doctor *doctor, struct finding *finding)
{
    const struct doctor_request *request = doctor->request;
    struct blob *blob = request->world->blob;
    int64_t size = request->probe_bytes > 0 ? request->probe_bytes : DOCTOR_PROBE_BYTES;
    struct room room = { .is_known = false };
    struct error error = { 0 };
    int64_t began_ms = time_monotonic_ms();

    if (request->leaves_own_side) {
        finding_skip(finding, "examined already, with the first PBX");
    } else if (blob == NULL && request->storage_problem == NULL) {
        finding_skip(finding, "not tried: '%s' comes first", "Settings");
    } else if (blob == NULL) {
        storage_blame(finding, "opened", request->storage_problem);
    } else if (!storage_probe(blob, size, &room, &error)) {
        storage_blame(finding, "a probe was written", error.message);
    } else if (room.is_known && room.free_bytes < ROOM_MIN) {
        finding_fail(finding, REASON_STORAGE_FULL,
                     "a probe could be written, but only %.1f MiB are free; less than 16 MiB "
                     "counts as full",
                     (double)room.free_bytes / (double)MIB);
    } else {
        int64_t took_ms = time_monotonic_ms() - began_ms;
        finding_fine(finding, "%.1f MiB written, read back and compared in %lld ms",
                     (double)size / (double)MIB, (long long)took_ms);
        if (took_ms > SLOW_MS) {
            finding_warn(finding, REASON_STORAGE_FAILED,
                         "%.1f MiB written and read back, but it took %lld ms",
                         (double)size / (double)MIB, (long long)took_ms);
        }
        room_judge(finding, &room);
    }
}

/* ---- Database ---- */

static bool database_write(struct db *db, struct error *error)
{
    static const char SQL[] = "INSERT INTO setting (name, value) VALUES ('doctor_probe', $1)"
                              " ON CONFLICT (name) DO UPDATE SET value = excluded.value";
    char at[TIME_TEXT_SIZE];

    return db_run(db, SQL, DB_VALUES(DB_TEXT(time_print(time_now(), at))), NULL, error);
}

static void database_blame(struct finding *finding, const char *doing, const char *message)
{
    bool is_full =
        strstr(message, "full") != NULL || storage_reason(message) == REASON_STORAGE_FULL;

    finding_fail(finding, is_full ? REASON_STORAGE_FULL : REASON_DATABASE_FAILED, "%s: %s", doing,
                 message);
}

void step_database(struct doctor *doctor, struct finding *finding)
{
    const struct doctor_request *request = doctor->request;
    AUTO(text_clear) struct text damage = TEXT_UP_TO(400);
    struct error error = { 0 };
    int64_t version = 0;
    int64_t newest = 0;
    bool is_whole = false;

    if (request->leaves_own_side) {
        finding_skip(finding, "examined already, with the first PBX");
        return;
    }
    if (request->db == NULL && request->database_problem == NULL) {
        finding_skip(finding, "not tried: '%s' comes first", "Settings");
        return;
    }
    if (request->db == NULL) {
        database_blame(finding, "opened", request->database_problem);
    } else if (!database_write(request->db, &error)) {
        database_blame(finding, "a row was written", error.message);
    } else if (!store_schema(request->db, &version, &newest, &error)) {
        database_blame(finding, "the schema was read", error.message);
    } else if (version != newest) {
        finding_fail(finding, REASON_DATABASE_FAILED,
                     "it has schema %lld, and this program knows %lld", (long long)version,
                     (long long)newest);
        finding_advise(finding, "Bring it to this program's schema: audiapro migrate.");
    } else if (!db_check(request->db, CHECK_MAX_MS, &damage, &is_whole, &error)) {
        database_blame(finding, "its pages were checked", error.message);
    } else if (damage.size > 0) {
        finding_fail(finding, REASON_DATABASE_FAILED, "it is damaged: %s", text_get(&damage));
        finding_advise(finding, "Stop audiapro serve, keep a copy of DATA_DIR, and bring back the "
                                "last backup of audiapro.db; check the disk (dmesg, smartctl).");
    } else {
        finding_fine(finding, "a row written; schema %lld; its pages are sound%s",
                     (long long)version, is_whole ? "" : ", as far as 20 s sufficed to look");
    }
}

/* ---- At work? ---- */

struct work {
    int64_t waiting, due;
    time_ms oldest_due_at;
    time_ms collect_seen_at, any_seen_at;
    time_ms last_cdr_at;
};

static bool work_count(struct doctor *doctor, struct work *work, struct error *error)
{
    static const char SQL_WAITING[] = "SELECT count(*) FROM recording WHERE state IN ('waiting', "
                                      "'fetching') AND ($1 = 0 OR pbx_id = $1)";
    static const char SQL_DUE[] =
        "SELECT count(*), min(job.run_at) FROM job JOIN lane ON lane.id = job.lane_id"
        " WHERE lane.stage = 'fetch' AND ($1 = 0 OR lane.owner_id = $1) AND job.run_at <= $2"
        " AND job.is_history = 0 AND lane.blocked_until <= $2";
    static const char SQL_SEEN[] = "SELECT max(seen_at) FROM process";
    static const char SQL_CDR[] =
        "SELECT max(created_at) FROM call WHERE id = (SELECT max(id) FROM "
        "call WHERE ($1 = 0 OR pbx_id = $1))";
    struct db *db = doctor->request->db;
    int64_t pbx_id = doctor->request->pbx != NULL ? doctor->request->pbx->id : 0;
    AUTO(db_rows_clear) struct db_rows rows = { 0 };

    if (!db_query(db, SQL_DUE, DB_VALUES(DB_INT(pbx_id), DB_INT(time_now())), &rows, error) ||
        db_next(&rows, error) != DB_ROW) {
        return false;
    }
    work->due = db_int(&rows, 0);
    work->oldest_due_at = db_int(&rows, 1);
    db_rows_clear(&rows);
    return db_run_number(db, SQL_WAITING, DB_VALUES(DB_INT(pbx_id)), 0, &work->waiting, error) &&
           db_run_number(db, SQL_SEEN, DB_NO_VALUES, 0, &work->any_seen_at, error) &&
           db_run_number(db, SQL_CDR, DB_VALUES(DB_INT(pbx_id)), 0, &work->last_cdr_at, error) &&
           process_seen(db, "collect", &work->collect_seen_at, error);
}

static const char *age_print(int64_t age_ms, char text_out[32])
{
    int64_t age_s = age_ms / SECOND_MS;

    if (age_s < 120) {
        (void)snprintf(text_out, 32, "%lld s", (long long)age_s);
    } else if (age_s < 2LL * 3600) {
        (void)snprintf(text_out, 32, "%lld min", (long long)(age_s / 60));
    } else if (age_s < 2LL * 86400) {
        (void)snprintf(text_out, 32, "%lld h", (long long)(age_s / 3600));
    } else {
        (void)snprintf(text_out, 32, "%lld days", (long long)(age_s / 86400));
    }
    return text_out;
}

static void work_tell(struct finding *finding, const struct work *work, time_ms now)
{
    char age[32];

    finding_add(finding, "recordings that wait: %lld, due now: %lld", (long long)work->waiting,
                (long long)work->due);
    if (work->due > 0) {
        finding_add(finding, ", the oldest for %s", age_print(now - work->oldest_due_at, age));
    }
    if (work->last_cdr_at > 0) {
        finding_add(finding, "; the last call record came %s ago",
                    age_print(now - work->last_cdr_at, age));
    } else {
        finding_add(finding, "; no call record has come yet");
    }
}

static void work_judge(struct finding *finding, const struct work *work)
{
    time_ms now = time_now();
    bool is_alive = now - work->collect_seen_at < SILENT_MS;
    bool is_server_alive = now - work->any_seen_at < SILENT_MS;
    char age[32];

    if (!is_alive && (is_server_alive || work->waiting > 0)) {
        finding_fail(finding, REASON_NOT_COLLECTING, "no collect process runs");
        if (work->collect_seen_at > 0) {
            finding_add(finding, " (the last was seen %s ago)",
                        age_print(now - work->collect_seen_at, age));
        }
        finding_add(finding, "; ");
    } else if (!is_alive) {
        finding_warn(finding, REASON_NOT_COLLECTING,
                     "the server does not run, and nothing waits for it; ");
        finding_advise(finding, "Start it: audiapro serve.");
    } else if (work->due > 0 && now - work->oldest_due_at > OVERDUE_MS) {
        finding_fail(finding, REASON_BACKLOG, "a collect process runs, but falls behind; ");
    } else {
        finding_fine(finding, "a collect process runs; ");
    }
    work_tell(finding, work, now);
}

void step_backlog(struct doctor *doctor, struct finding *finding)
{
    struct work work = { .waiting = 0 };
    struct error error = { 0 };

    if (doctor->request->db == NULL) {
        finding_skip(finding, "not tried: '%s' comes first",
                     doctor->request->setting_problem != NULL ? "Settings" : "Database");
    } else if (!work_count(doctor, &work, &error)) {
        database_blame(finding, "the queue was read", error.message);
    } else {
        work_judge(finding, &work);
    }
}

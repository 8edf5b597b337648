/* See audit_heal.h. */
#include "jobs/audit_heal.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/rowid.h"
#include "ledger/reason.h"
#include "store/recordings.h"
#include "store/tenants.h"

enum { CHUNK_SIZE = 1 << 20, NAP_MS = 200 };

void audit_reader_init(struct audit_reader *reader, struct blob *blob, int64_t bytes_per_s_max,
                       const struct chore_run *chore)
{
    *reader = (struct audit_reader){ .blob = blob,
                                     .chore = chore,
                                     .buffer = memory_new(CHUNK_SIZE),
                                     .bytes_per_s_max = bytes_per_s_max,
                                     .begun_at_ms = time_monotonic_ms() };
}

void audit_reader_close(struct audit_reader *reader)
{
    free(reader->buffer);
    reader->buffer = NULL;
}

static bool go_on(const struct audit_reader *reader, struct error *error)
{
    return reader->chore == NULL || !chore_should_stop(reader->chore) ||
           error_set(error, ERROR_BUSY, "the audit was cut short");
}

/* Until so many bytes may have been read by now. */
static bool pace_keep(struct audit_reader *reader, struct error *error)
{
    if (reader->bytes_per_s_max <= 0) {
        return go_on(reader, error);
    }
    int64_t due_at_ms =
        reader->begun_at_ms + reader->byte_count * SECOND_MS / reader->bytes_per_s_max;
    int64_t late_ms = time_monotonic_ms() - due_at_ms;
    if (late_ms > SECOND_MS) { /* Time spent elsewhere is no right to a burst. */
        reader->begun_at_ms += late_ms - SECOND_MS;
    }
    for (int64_t left_ms = due_at_ms - time_monotonic_ms(); left_ms > 0;
         left_ms = due_at_ms - time_monotonic_ms()) {
        if (!go_on(reader, error)) {
            return false;
        }
        time_sleep_ms(left_ms < NAP_MS ? left_ms : NAP_MS);
    }
    return go_on(reader, error);
}

/* *is_read_out is false when the disk fails. */
static bool file_hash(struct audit_reader *reader, int file, char sha256_out[SHA256_TEXT_SIZE],
                      bool *is_read_out, struct error *error)
{
    AUTO(hash_sha256_free) struct hash_sha256 *hash = hash_sha256_new();
    ssize_t size = 0;

    while ((size = read(file, reader->buffer, CHUNK_SIZE)) > 0) {
        hash_sha256_add(hash, reader->buffer, (size_t)size);
        reader->byte_count += size;
        if (!pace_keep(reader, error)) {
            return false;
        }
    }
    *is_read_out = size == 0;
    IGNORE(hash_sha256_finish(hash, sha256_out), "returns its argument");
    (void)posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED); /* Others need the cache more. */
    return true;
}

bool audit_file_judge(struct audit_reader *reader, const struct audit_file *file, bool is_read,
                      enum audit_fault *fault_out, struct error *error)
{
    char sha256[SHA256_TEXT_SIZE];
    uint64_t size = 0;
    bool is_whole = false;
    struct error problem = { 0 };
    AUTO(file_close) int handle = -1;

    if (!blob_read(reader->blob, file->blob_key, &handle, &size, &problem)) {
        *fault_out = problem.kind == ERROR_NOT_FOUND ? FAULT_MISSING : FAULT_UNREADABLE;
        return true;
    }
    if (file->bytes < 0 || size != (uint64_t)file->bytes) {
        *fault_out = FAULT_SIZE;
        return true;
    }
    if (!is_read) {
        *fault_out = FAULT_NONE;
        return true;
    }
    if (!file_hash(reader, handle, sha256, &is_whole, error)) {
        return false;
    }
    *fault_out = !is_whole                           ? FAULT_UNREADABLE
                 : strcmp(sha256, file->sha256) != 0 ? FAULT_HASH
                                                     : FAULT_NONE;
    return true;
}

/* The id in "…/RECORDING.wav"; 0: there is none. */
static int64_t recording_of_key(const char *key)
{
    const char *slash = strrchr(key, '/');
    const char *name = slash != NULL ? slash + 1 : key;
    char text[ROW_ID_TEXT_SIZE];
    int64_t id = 0;

    if (strcspn(name, ".") != ROW_ID_TEXT_SIZE - 1) {
        return 0;
    }
    memcpy(text, name, ROW_ID_TEXT_SIZE - 1);
    text[ROW_ID_TEXT_SIZE - 1] = '\0';
    return row_id_parse(text, &id) ? id : 0;
}

bool audit_file_is_named(struct db *db, const char *key, bool *named_out, struct error *error)
{
    static const char SQL[] = "SELECT count(*) FROM recording WHERE id = $1 AND (blob_key = $2 OR"
                              " (blob_key IS NULL AND state IN ('waiting', 'fetching')))";
    int64_t id = recording_of_key(key);
    int64_t count = 0;

    *named_out = false;
    if (id == 0) {
        return true;
    }
    if (!db_run_number(db, SQL, DB_VALUES(DB_INT(id), DB_TEXT(key)), 0, &count, error)) {
        return false;
    }
    *named_out = count > 0;
    return true;
}

bool audit_lay_aside(struct blob *blob, const char *key, struct error *error)
{
    char to_key[BLOB_KEY_SIZE_MAX + 64];
    char id[ROW_ID_TEXT_SIZE];

    IGNORE(snprintf(to_key, sizeof to_key, AUDIT_ASIDE "%s/%s",
                    row_id_print(row_id_new(time_now()), id), key),
           "too long a key is refused");
    return blob_move(blob, key, to_key, error);
}

/* What lies there goes aside while nobody else can have the row changed: the transaction holds the
 * only right to write, and a fetch puts its file there only for a row that waits. */
static bool want_again_inside(const struct world *world, struct db *db,
                              const struct recording *recording, int64_t lane_id,
                              const char *reason, const char *detail, time_ms now,
                              bool *changed_out, struct error *error)
{
    struct error problem = { 0 };
    const struct event_row event = { .tenant_id = recording->tenant_id,
                                     .call_id = recording->call_id,
                                     .recording_id = recording->id,
                                     .at = now,
                                     .stage = "audit",
                                     .event = RECORDING_WAITING,
                                     .detail = detail };

    if (!recording_damaged(db, recording, lane_id, reason, detail, now, changed_out, error)) {
        return false;
    }
    if (!*changed_out) {
        return true;
    }
    if (recording->blob_key != NULL &&
        !audit_lay_aside(world->blob, recording->blob_key, &problem) &&
        problem.kind != ERROR_NOT_FOUND) {
        log_warn("audit.not_laid_aside", "file", recording->blob_key, "error", problem.message,
                 NULL); /* The fetch puts the new file in its place. */
    }
    return event_add(db, &event, error);
}

static bool want_again(const struct world *world, struct db *db, struct arena *arena,
                       const struct recording *recording, const char *what, time_ms now,
                       bool *changed_out, struct error *error)
{
    struct pbx_row *pbx = NULL;
    char id[ROW_ID_TEXT_SIZE];
    const char *reason =
        reason_info(recording->blob_key != NULL ? REASON_STORAGE_DAMAGED : REASON_INTERNAL_ERROR)
            ->code;
    const char *detail =
        recording->sha256 != NULL
            ? arena_print(arena, "%s It was stored with %lld bytes, SHA-256 %.12s….", what,
                          (long long)recording->stored_bytes, recording->sha256)
            : what;

    *changed_out = false;
    if (!pbx_row_find(db, arena, recording->pbx_id, &pbx, error)) {
        return false;
    }
    if (pbx == NULL) {
        return true;
    }
    if (!db_begin(db, error)) {
        return false;
    }
    if (!want_again_inside(world, db, recording, pbx->fetch_lane_id, reason, detail, now,
                           changed_out, error) ||
        !db_commit(db, error)) {
        db_rollback(db);
        return false;
    }
    if (*changed_out) {
        log_warn("recording.damaged", "recording", row_id_print(recording->id, id), "path",
                 recording->path, "what", what, NULL);
    }
    return true;
}

/* The fault that the recording's file has now. */
static bool recording_judge(struct audit_reader *reader, const struct recording *recording,
                            enum audit_fault *fault_out, struct error *error)
{
    const struct audit_file file = { .id = recording->id,
                                     .blob_key = recording->blob_key,
                                     .sha256 = recording->sha256 != NULL ? recording->sha256 : "",
                                     .bytes = recording->stored_bytes };

    *fault_out = FAULT_MISSING;
    return file.blob_key == NULL || audit_file_judge(reader, &file, true, fault_out, error);
}

bool audit_heal_file(const struct world *world, struct db *db, struct arena *arena,
                     struct audit_reader *reader, int64_t recording_id, const char *what,
                     time_ms now, bool *changed_out, struct error *error)
{
    struct recording *recording = NULL;
    enum audit_fault fault = FAULT_NONE;

    *changed_out = false;
    if (!recording_find(db, arena, recording_id, &recording, error)) {
        return false;
    }
    if (recording == NULL || strcmp(recording->state, RECORDING_STORED) != 0) {
        return true;
    }
    if (!recording_judge(reader, recording, &fault, error)) {
        return false;
    }
    return fault == FAULT_NONE ||
           want_again(world, db, arena, recording, what, now, changed_out, error);
}

bool audit_heal_row(const struct world *world, struct db *db, struct arena *arena,
                    struct audit_reader *reader, int64_t recording_id, const char *what,
                    time_ms now, bool *changed_out, struct error *error)
{
    struct recording *recording = NULL;
    enum audit_fault fault = FAULT_NONE;

    *changed_out = false;
    if (!recording_find(db, arena, recording_id, &recording, error)) {
        return false;
    }
    if (recording == NULL) {
        return true;
    }
    if (!recording_judge(reader, recording, &fault, error)) {
        return false;
    }
    if (fault == FAULT_NONE) {
        return audit_cure_stored(db, recording_id, recording->blob_key, changed_out, error);
    }
    return want_again(world, db, arena, recording, what, now, changed_out, error);
}

/* See recordings.h. */
#include "store/recordings.h"

#include <string.h>

#include "core/rowid.h"

enum { RECORDINGS_MAX = 256, ATTEMPTS_MAX = 1000, EVENTS_MAX = 1000, EVENTS_LIVE_MAX = 200 };

#define RECORDING_COLUMNS                                                                          \
    "id, tenant_id, pbx_id, call_id, path, acct_id, uniqueid, action_type, direction,"             \
    " started_at, talk_s, expected_bytes, expected_seconds, state, reason, detail,"                \
    " attempt_count, next_try_at, wanted_since, blob_key, container, stored_bytes,"                \
    " stored_seconds, sha256, stored_at, found_path, rung, transcript_state, insight_state,"       \
    " damaged_at"

static void recording_read(const struct db_rows *rows, struct arena *arena, struct recording *to)
{
    *to = (struct recording){
        .id = db_int(rows, 0),
        .tenant_id = db_int(rows, 1),
        .pbx_id = db_int(rows, 2),
        .call_id = db_int(rows, 3),
        .path = arena_copy_text(arena, db_text(rows, 4)),
        .acct_id = arena_copy_text(arena, db_text(rows, 5)),
        .uniqueid = arena_copy_text(arena, db_text(rows, 6)),
        .action_type = arena_copy_text(arena, db_text(rows, 7)),
        .direction = arena_copy_text(arena, db_text(rows, 8)),
        .started_at = db_int(rows, 9),
        .talk_s = db_int_or(rows, 10, -1),
        .expected_bytes = db_int_or(rows, 11, -1),
        .expected_seconds = db_int_or(rows, 12, -1),
        .state = arena_copy_text(arena, db_text(rows, 13)),
        .reason = arena_copy_text(arena, db_text(rows, 14)),
        .detail = arena_copy_text(arena, db_text(rows, 15)),
        .attempt_count = db_int(rows, 16),
        .next_try_at = db_int(rows, 17),
        .wanted_since = db_int(rows, 18),
        .blob_key = arena_copy_text(arena, db_text(rows, 19)),
        .container = arena_copy_text(arena, db_text(rows, 20)),
        .stored_bytes = db_int_or(rows, 21, -1),
        .stored_seconds = db_real_or(rows, 22, -1),
        .sha256 = arena_copy_text(arena, db_text(rows, 23)),
        .stored_at = db_int(rows, 24),
        .found_path = arena_copy_text(arena, db_text(rows, 25)),
        .rung = arena_copy_text(arena, db_text(rows, 26)),
        .transcript_state = arena_copy_text(arena, db_text(rows, 27)),
        .insight_state = arena_copy_text(arena, db_text(rows, 28)),
        .damaged_at = db_int(rows, 29),
    };
}

static bool recordings_query(struct db *db, struct arena *arena, const char *sql, int64_t id,
                             struct recording *list, size_t room, size_t *count_out,
                             struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    if (!db_query(db, sql, DB_VALUES(DB_INT(id)), &rows, error)) {
        return false;
    }
    while (*count_out < room && (step = db_next(&rows, error)) == DB_ROW) {
        recording_read(&rows, arena, &list[(*count_out)++]);
    }
    return step != DB_FAILED;
}

bool recording_find(struct db *db, struct arena *arena, int64_t id, struct recording **found_out,
                    struct error *error)
{
    static const char SQL[] = "SELECT " RECORDING_COLUMNS " FROM recording WHERE id = $1";
    struct recording *recording = arena_take(arena, sizeof *recording);
    size_t count = 0;

    if (!recordings_query(db, arena, SQL, id, recording, 1, &count, error)) {
        return false;
    }
    *found_out = count == 1 ? recording : NULL;
    return true;
}

bool recording_list(struct db *db, struct arena *arena, int64_t call_id,
                    struct recording **list_out, size_t *count_out, struct error *error)
{
    static const char SQL[] =
        "SELECT " RECORDING_COLUMNS " FROM recording WHERE call_id = $1 OR id IN"
        " (SELECT recording_id FROM recording_also WHERE recording_also.call_id = $1) ORDER BY id"
        " LIMIT 256";
    struct recording list[4];

    /* Most calls have one or two: look with little, and take room for many only when there are. */
    if (!recordings_query(db, arena, SQL, call_id, list, COUNT_OF(list), count_out, error)) {
        return false;
    }
    if (*count_out < COUNT_OF(list)) {
        *list_out = arena_take(arena, sizeof list);
        memcpy(*list_out, list, sizeof list);
        return true;
    }
    *list_out = arena_take(arena, RECORDINGS_MAX * sizeof **list_out);
    return recordings_query(db, arena, SQL, call_id, *list_out, RECORDINGS_MAX, count_out, error);
}

bool recording_fetching(struct db *db, int64_t id, struct error *error)
{
    static const char SQL[] =
        "UPDATE recording SET state = 'fetching', attempt_count = attempt_count + 1 WHERE id = $1";

    return db_run(db, SQL, DB_VALUES(DB_INT(id)), NULL, error);
}

bool recording_stored(struct db *db, int64_t id, const struct recording_proof *proof,
                      const char *transcript_state, time_ms now, struct error *error)
{
    static const char SQL[] =
        "UPDATE recording SET state = 'stored', reason = NULL, detail = NULL, next_try_at = NULL,"
        " blob_key = $2, container = $3, stored_bytes = $4, stored_seconds = $5, sha256 = $6,"
        " stored_at = $7, found_path = $8, rung = $9, transcript_state = $10, damaged_at = NULL,"
        " checked_at = NULL WHERE id = $1";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(id), DB_TEXT(proof->blob_key), DB_TEXT(proof->container),
                            DB_INT(proof->bytes), DB_KNOWN_REAL(proof->seconds),
                            DB_TEXT(proof->sha256), DB_INT(now), DB_TEXT(proof->found_path),
                            DB_TEXT(proof->rung), DB_TEXT(transcript_state)),
                  NULL, error);
}

bool recording_damaged(struct db *db, const struct recording *seen, int64_t lane_id,
                       const char *reason, const char *detail, time_ms now, bool *changed_out,
                       struct error *error)
{
    static const char SQL[] =
        "UPDATE recording SET state = 'waiting', reason = $4, detail = $5, wanted_since = $3,"
        " next_try_at = CASE WHEN EXISTS (SELECT 1 FROM pbx WHERE pbx.id = recording.pbx_id"
        "   AND pbx.stop_reason IS NULL AND pbx.host IS NOT NULL) THEN $3 END,"
        " blob_key = NULL, container = NULL, stored_bytes = NULL, stored_seconds = NULL,"
        " sha256 = NULL, stored_at = NULL, checked_at = NULL,"
        " damaged_at = CASE WHEN blob_key IS NOT NULL THEN $3 END"
        " WHERE id = $1 AND state = $2 AND coalesce(stored_at, 0) = $6"
        " AND coalesce(blob_key, '') = $7";
    /* Whatever was to be done with the file can no longer be done. */
    static const char SQL_JOB[] = "DELETE FROM job WHERE subject_id = $1";
    int64_t changed = 0;

    if (!db_run(db, SQL,
                DB_VALUES(DB_INT(seen->id), DB_TEXT(seen->state), DB_INT(now), DB_TEXT(reason),
                          DB_TEXT(detail), DB_INT(seen->stored_at),
                          DB_TEXT(seen->blob_key != NULL ? seen->blob_key : "")),
                &changed, error)) {
        return false;
    }
    *changed_out = changed == 1;
    if (changed == 0) {
        return true;
    }
    return db_run(db, SQL_JOB, DB_VALUES(DB_INT(seen->id)), NULL, error) &&
           job_add(db, seen->id, lane_id, seen->tenant_id, now, now, error);
}

bool recording_suspect(struct db *db, int64_t id, struct error *error)
{
    static const char SQL[] = "UPDATE recording SET checked_at = 0 WHERE id = $1"
                              " AND state = 'stored' AND (checked_at IS NULL OR checked_at <> 0)";

    return db_run(db, SQL, DB_VALUES(DB_INT(id)), NULL, error);
}

bool recording_not_stored(struct db *db, int64_t id, const char *state, const char *reason,
                          const char *detail, time_ms next_try_at, struct error *error)
{
    static const char SQL[] =
        "UPDATE recording SET state = $2, reason = $3, detail = $4, next_try_at = $5"
        " WHERE id = $1 AND state <> 'stored'";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(id), DB_TEXT(state), DB_TEXT(reason), DB_TEXT(detail),
                            next_try_at > 0 ? DB_INT(next_try_at) : DB_NULL),
                  NULL, error);
}

/* What waits has a job in its PBX's lane: found by that, $1 being the PBX. */
#define OF_THE_LANE                                                                                \
    " WHERE state = 'waiting' AND id IN (SELECT subject_id FROM job WHERE lane_id ="               \
    " (SELECT id FROM lane WHERE owner_id = $1 AND stage = 'fetch'))"

bool recording_blocked(struct db *db, int64_t pbx_id, bool is_stopped, const char *reason,
                       const char *detail, struct error *error)
{
    static const char SQL_PAUSE[] =
        "UPDATE recording SET reason = $2, detail = $3" OF_THE_LANE " AND attempt_count = 0";
    static const char SQL_STOP[] =
        "UPDATE recording SET reason = $2, detail = $3, next_try_at = NULL" OF_THE_LANE;

    return db_run(db, is_stopped ? SQL_STOP : SQL_PAUSE,
                  DB_VALUES(DB_INT(pbx_id), DB_TEXT(reason), DB_TEXT(detail)), NULL, error);
}

bool recording_stage_set(struct db *db, int64_t id, const char *transcript_state,
                         const char *insight_state, struct error *error)
{
    static const char SQL[] =
        "UPDATE recording SET transcript_state = $2, insight_state = $3 WHERE id = $1";

    return db_run(db, SQL, DB_VALUES(DB_INT(id), DB_TEXT(transcript_state), DB_TEXT(insight_state)),
                  NULL, error);
}

static bool recording_retry(struct db *db, const struct recording *recording, int64_t lane_id,
                            time_ms now, struct error *error)
{
    static const char SQL[] = "UPDATE recording SET state = 'waiting', next_try_at = $2,"
                              " wanted_since = $2 WHERE id = $1 AND state <> 'stored'";

    return db_run(db, SQL, DB_VALUES(DB_INT(recording->id), DB_INT(now)), NULL, error) &&
           job_retry_now(db, recording->id, lane_id, recording->tenant_id, now, error);
}

bool recording_retry_call(struct db *db, struct arena *arena, int64_t call_id, int64_t lane_id,
                          time_ms now, int *retried_out, struct error *error)
{
    struct recording *recordings = NULL;
    size_t count = 0;

    if (!recording_list(db, arena, call_id, &recordings, &count, error)) {
        return false;
    }
    *retried_out = 0;
    for (size_t i = 0; i < count; i++) {
        if (strcmp(recordings[i].state, RECORDING_STORED) != 0) {
            if (!recording_retry(db, &recordings[i], lane_id, now, error)) {
                return false;
            }
            (*retried_out)++;
        }
    }
    return true;
}

bool attempt_add(struct db *db, const struct attempt_row *attempt, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO attempt (id, tenant_id, pbx_id, recording_id, at, purpose, method, url,"
        " request, http_status, content_type, content_length, bytes, first_bytes, verdict, reason,"
        " duration_ms, tls_pin) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13,"
        " $14, $15, $16, $17, $18)";

    return db_run(
        db, SQL,
        DB_VALUES(
            DB_INT(row_id_new(attempt->at)), DB_INT(attempt->tenant_id), DB_INT(attempt->pbx_id),
            attempt->recording_id != 0 ? DB_INT(attempt->recording_id) : DB_NULL,
            DB_INT(attempt->at), DB_TEXT(attempt->purpose), DB_TEXT(attempt->method),
            DB_TEXT(attempt->url), DB_TEXT(attempt->request), DB_INT(attempt->http_status),
            DB_TEXT(attempt->content_type), DB_KNOWN_INT(attempt->content_length),
            DB_KNOWN_INT(attempt->bytes), DB_TEXT(attempt->first_bytes), DB_TEXT(attempt->verdict),
            DB_TEXT(attempt->reason), DB_INT(attempt->duration_ms), DB_TEXT(attempt->tls_pin)),
        NULL, error);
}

static void attempt_read(const struct db_rows *rows, struct arena *arena, struct attempt_row *to)
{
    *to = (struct attempt_row){
        .id = db_int(rows, 0),
        .recording_id = db_int(rows, 1),
        .at = db_int(rows, 2),
        .purpose = arena_copy_text(arena, db_text(rows, 3)),
        .method = arena_copy_text(arena, db_text(rows, 4)),
        .url = arena_copy_text(arena, db_text(rows, 5)),
        .request = arena_copy_text(arena, db_text(rows, 6)),
        .http_status = (int)db_int(rows, 7),
        .content_type = arena_copy_text(arena, db_text(rows, 8)),
        .content_length = db_int_or(rows, 9, -1),
        .bytes = db_int_or(rows, 10, -1),
        .first_bytes = arena_copy_text(arena, db_text(rows, 11)),
        .verdict = arena_copy_text(arena, db_text(rows, 12)),
        .reason = arena_copy_text(arena, db_text(rows, 13)),
        .duration_ms = db_int(rows, 14),
        .tls_pin = arena_copy_text(arena, db_text(rows, 15)),
    };
}

bool attempt_list(struct db *db, struct arena *arena, int64_t call_id,
                  struct attempt_row **list_out, size_t *count_out, struct error *error)
{
    static const char SQL[] =
        "SELECT attempt.id, attempt.recording_id, at, purpose, method, url, request, http_status,"
        " content_type, content_length, bytes, first_bytes, verdict, attempt.reason, duration_ms,"
        " tls_pin FROM attempt JOIN recording ON recording.id = attempt.recording_id"
        " WHERE recording.call_id = $1 OR recording.id IN"
        " (SELECT recording_id FROM recording_also WHERE recording_also.call_id = $1)"
        " ORDER BY attempt.id LIMIT 1000";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    *list_out = arena_take(arena, ATTEMPTS_MAX * sizeof **list_out);
    if (!db_query(db, SQL, DB_VALUES(DB_INT(call_id)), &rows, error)) {
        return false;
    }
    while (*count_out < ATTEMPTS_MAX && (step = db_next(&rows, error)) == DB_ROW) {
        attempt_read(&rows, arena, &(*list_out)[(*count_out)++]);
    }
    return step != DB_FAILED;
}

bool transcript_put(struct db *db, const struct transcript_row *transcript, time_ms now,
                    struct error *error)
{
    static const char SQL[] =
        "INSERT INTO transcript (recording_id, tenant_id, engine, engine_version, model, language,"
        " content, audio_seconds, cpu_seconds, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
        " ON CONFLICT (recording_id) DO UPDATE SET engine = excluded.engine,"
        " engine_version = excluded.engine_version, model = excluded.model,"
        " language = excluded.language, content = excluded.content,"
        " audio_seconds = excluded.audio_seconds, cpu_seconds = excluded.cpu_seconds,"
        " created_at = excluded.created_at";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(transcript->recording_id), DB_INT(transcript->tenant_id),
                            DB_TEXT(transcript->engine), DB_TEXT(transcript->engine_version),
                            DB_TEXT(transcript->model), DB_TEXT(transcript->language),
                            DB_TEXT(transcript->content), DB_KNOWN_REAL(transcript->audio_seconds),
                            DB_KNOWN_REAL(transcript->cpu_seconds), DB_INT(now)),
                  NULL, error);
}

/* The one text that a query yields, NULL when it yields none. */
static bool content_get(struct db *db, struct arena *arena, const char *sql,
                        const struct db_value *values, size_t value_count, const char **content_out,
                        struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };

    *content_out = NULL;
    if (!db_query(db, sql, values, value_count, &rows, error)) {
        return false;
    }
    enum db_step step = db_next(&rows, error);
    if (step == DB_ROW) {
        *content_out = arena_copy_text(arena, db_text(&rows, 0));
    }
    return step != DB_FAILED;
}

bool transcript_get(struct db *db, struct arena *arena, int64_t recording_id,
                    const char **content_out, struct error *error)
{
    static const char SQL[] = "SELECT content FROM transcript WHERE recording_id = $1";

    return content_get(db, arena, SQL, DB_VALUES(DB_INT(recording_id)), content_out, error);
}

bool insight_put(struct db *db, int64_t recording_id, int64_t tenant_id, const char *kind,
                 const char *method, const char *version, const char *content, time_ms now,
                 struct error *error)
{
    static const char SQL[] =
        "INSERT INTO insight (recording_id, kind, tenant_id, method, version, content, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (recording_id, kind) DO UPDATE SET"
        " method = excluded.method, version = excluded.version, content = excluded.content,"
        " created_at = excluded.created_at";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(recording_id), DB_TEXT(kind), DB_INT(tenant_id), DB_TEXT(method),
                            DB_TEXT(version), DB_TEXT(content), DB_INT(now)),
                  NULL, error);
}

bool insight_get(struct db *db, struct arena *arena, int64_t recording_id, const char *kind,
                 const char **content_out, struct error *error)
{
    static const char SQL[] = "SELECT content FROM insight WHERE recording_id = $1 AND kind = $2";

    return content_get(db, arena, SQL, DB_VALUES(DB_INT(recording_id), DB_TEXT(kind)), content_out,
                       error);
}

bool event_add(struct db *db, const struct event_row *event, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO event (id, tenant_id, call_id, recording_id, at, stage, event, detail)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(row_id_new(event->at)), DB_INT(event->tenant_id),
                            DB_INT(event->call_id), DB_INT(event->recording_id), DB_INT(event->at),
                            DB_TEXT(event->stage), DB_TEXT(event->event), DB_TEXT(event->detail)),
                  NULL, error);
}

static bool events_query(struct db *db, struct arena *arena, const char *sql, int64_t id,
                         size_t room, struct event_row **list_out, size_t *count_out,
                         struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    *list_out = arena_take(arena, room * sizeof **list_out);
    if (!db_query(db, sql, DB_VALUES(DB_INT(id)), &rows, error)) {
        return false;
    }
    while (*count_out < room && (step = db_next(&rows, error)) == DB_ROW) {
        (*list_out)[(*count_out)++] = (struct event_row){
            .id = db_int(&rows, 0),
            .tenant_id = db_int(&rows, 1),
            .call_id = db_int(&rows, 2),
            .recording_id = db_int(&rows, 3),
            .at = db_int(&rows, 4),
            .stage = arena_copy_text(arena, db_text(&rows, 5)),
            .event = arena_copy_text(arena, db_text(&rows, 6)),
            .detail = arena_copy_text(arena, db_text(&rows, 7)),
        };
    }
    return step != DB_FAILED;
}

bool event_list(struct db *db, struct arena *arena, int64_t call_id, struct event_row **list_out,
                size_t *count_out, struct error *error)
{
    static const char SQL[] =
        "SELECT id, tenant_id, call_id, recording_id, at, stage, event, detail FROM event"
        " WHERE call_id = $1 ORDER BY id LIMIT 1000";

    return events_query(db, arena, SQL, call_id, EVENTS_MAX, list_out, count_out, error);
}

bool event_list_after(struct db *db, struct arena *arena, int64_t after_id,
                      struct event_row **list_out, size_t *count_out, struct error *error)
{
    static const char SQL[] =
        "SELECT id, tenant_id, call_id, recording_id, at, stage, event, detail FROM event"
        " WHERE id > $1 ORDER BY id LIMIT 200";

    return events_query(db, arena, SQL, after_id, EVENTS_LIVE_MAX, list_out, count_out, error);
}

/* See reconciliation.h. */
#include "store/reconciliation.h"

#include <stdio.h>
#include <string.h>

#include "store/intake.h"

bool reconciliation_is_importing(const struct reconciliation *row)
{
    return row->import_begun_at > 0 && row->import_ended_at == 0;
}

static void row_read(const struct db_rows *rows, struct arena *arena, struct reconciliation *row)
{
    *row = (struct reconciliation){
        .pbx_id = row->pbx_id,
        .tenant_id = db_int(rows, 0),
        .polled_until = db_int(rows, 1),
        .newest_end_at = db_int(rows, 2),
        .tried_at = db_int(rows, 3),
        .polled_at = db_int(rows, 4),
        .reason = arena_copy_text(arena, db_text(rows, 5)),
        .detail = arena_copy_text(arena, db_text(rows, 6)),
        .found_legs = db_int(rows, 7),
        .found_recordings = db_int(rows, 8),
        .looked_back_at = db_int(rows, 9),
        .listed_at = db_int(rows, 10),
        .import_from = db_int(rows, 11),
        .import_until = db_int(rows, 12),
        .import_at = db_int(rows, 13),
        .import_per_minute = db_int(rows, 14),
        .import_legs = db_int(rows, 15),
        .import_recordings = db_int(rows, 16),
        .import_due_at = db_int(rows, 17),
        .import_begun_at = db_int(rows, 18),
        .import_ended_at = db_int(rows, 19),
    };
}

bool reconciliation_get(struct db *db, struct arena *arena, int64_t pbx_id,
                        struct reconciliation **row_out, struct error *error)
{
    static const char SQL[] =
        "SELECT tenant_id, polled_until, newest_end_at, tried_at, polled_at, reason, detail,"
        " found_legs, found_recordings, looked_back_at, listed_at, import_from, import_until,"
        " import_at, import_per_minute, import_legs, import_recordings, import_due_at,"
        " import_begun_at, import_ended_at FROM reconciliation WHERE pbx_id = $1";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    struct reconciliation *row = arena_take(arena, sizeof *row);

    row->pbx_id = pbx_id;
    if (!db_query(db, SQL, DB_VALUES(DB_INT(pbx_id)), &rows, error)) {
        return false;
    }
    enum db_step step = db_next(&rows, error);
    if (step == DB_ROW) {
        row_read(&rows, arena, row);
    }
    *row_out = row;
    return step != DB_FAILED;
}

static struct db_value instant_or_null(time_ms at)
{
    return at > 0 ? DB_INT(at) : DB_NULL;
}

bool reconciliation_polled(struct db *db, const struct reconciliation *row, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO reconciliation (pbx_id, tenant_id, polled_until, newest_end_at, tried_at,"
        " polled_at, looked_back_at, listed_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)"
        " ON CONFLICT (pbx_id) DO UPDATE SET polled_until = excluded.polled_until,"
        " newest_end_at = excluded.newest_end_at, tried_at = excluded.tried_at,"
        " polled_at = excluded.polled_at, looked_back_at = excluded.looked_back_at,"
        " listed_at = excluded.listed_at, reason = NULL, detail = NULL";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(row->pbx_id), DB_INT(row->tenant_id),
                            instant_or_null(row->polled_until), instant_or_null(row->newest_end_at),
                            instant_or_null(row->tried_at), instant_or_null(row->polled_at),
                            instant_or_null(row->looked_back_at), instant_or_null(row->listed_at)),
                  NULL, error);
}

bool reconciliation_failed(struct db *db, const struct reconciliation *row, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO reconciliation (pbx_id, tenant_id, tried_at, reason, detail)"
        " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (pbx_id) DO UPDATE SET"
        " tried_at = excluded.tried_at, reason = excluded.reason, detail = excluded.detail";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(row->pbx_id), DB_INT(row->tenant_id),
                            instant_or_null(row->tried_at), DB_TEXT(row->reason),
                            DB_TEXT(row->detail)),
                  NULL, error);
}

bool reconciliation_found(struct db *db, const struct reconciliation *row, int64_t legs,
                          int64_t recordings, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO reconciliation (pbx_id, tenant_id, found_legs, found_recordings)"
        " VALUES ($1, $2, $3, $4) ON CONFLICT (pbx_id) DO UPDATE SET"
        " found_legs = reconciliation.found_legs + excluded.found_legs,"
        " found_recordings = reconciliation.found_recordings + excluded.found_recordings";

    return db_run(
        db, SQL,
        DB_VALUES(DB_INT(row->pbx_id), DB_INT(row->tenant_id), DB_INT(legs), DB_INT(recordings)),
        NULL, error);
}

bool reconciliation_import_order(struct db *db, const struct reconciliation *row, time_ms now,
                                 struct error *error)
{
    static const char SQL[] =
        "INSERT INTO reconciliation (pbx_id, tenant_id, import_from, import_until, import_at,"
        " import_per_minute, import_due_at, import_begun_at)"
        " VALUES ($1, $2, $3, $4, $4, $5, $6, $6) ON CONFLICT (pbx_id) DO UPDATE SET"
        " import_from = excluded.import_from, import_until = excluded.import_until,"
        " import_at = excluded.import_at, import_per_minute = excluded.import_per_minute,"
        " import_due_at = excluded.import_due_at, import_legs = 0, import_recordings = 0,"
        " import_begun_at = excluded.import_begun_at, import_ended_at = NULL";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(row->pbx_id), DB_INT(row->tenant_id), DB_INT(row->import_from),
                            DB_INT(row->import_until), DB_INT(row->import_per_minute), DB_INT(now)),
                  NULL, error);
}

bool reconciliation_import_stop(struct db *db, int64_t pbx_id, time_ms now, bool *stopped_out,
                                struct error *error)
{
    static const char SQL[] = "UPDATE reconciliation SET import_ended_at = $2 WHERE pbx_id = $1"
                              " AND import_begun_at IS NOT NULL AND import_ended_at IS NULL";
    int64_t changed = 0;

    if (!db_run(db, SQL, DB_VALUES(DB_INT(pbx_id), DB_INT(now)), &changed, error)) {
        return false;
    }
    *stopped_out = changed == 1;
    return true;
}

bool reconciliation_import_found(struct db *db, const struct reconciliation *row, int64_t legs,
                                 int64_t recordings, time_ms due_at, struct error *error)
{
    static const char SQL[] =
        "UPDATE reconciliation SET import_legs = import_legs + $3,"
        " import_recordings = import_recordings + $4, import_due_at = $5"
        " WHERE pbx_id = $1 AND import_begun_at = $2 AND import_ended_at IS NULL";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(row->pbx_id), DB_INT(row->import_begun_at), DB_INT(legs),
                            DB_INT(recordings), DB_INT(due_at)),
                  NULL, error);
}

bool reconciliation_import_reached(struct db *db, const struct reconciliation *row, time_ms at,
                                   time_ms ended_at, struct error *error)
{
    static const char SQL[] = "UPDATE reconciliation SET import_at = $3, import_ended_at = $4"
                              " WHERE pbx_id = $1 AND import_begun_at = $2"
                              " AND import_ended_at IS NULL";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(row->pbx_id), DB_INT(row->import_begun_at), DB_INT(at),
                            instant_or_null(ended_at)),
                  NULL, error);
}

/* $1: 1 when all are polled; else only those with an open order. */
#define WANTED_PBXS                                                                                \
    " FROM pbx JOIN tenant ON tenant.id = pbx.tenant_id"                                           \
    " JOIN lane ON lane.owner_id = pbx.id AND lane.stage = 'fetch'"                                \
    " LEFT JOIN reconciliation ON reconciliation.pbx_id = pbx.id"                                  \
    " WHERE pbx.host IS NOT NULL AND pbx.username IS NOT NULL AND pbx.stop_reason IS NULL"         \
    " AND tenant.is_suspended = 0 AND ($1 = 1 OR (reconciliation.import_begun_at IS NOT NULL"      \
    " AND reconciliation.import_ended_at IS NULL))"                                                \
    " AND NOT EXISTS (SELECT 1 FROM job WHERE job.subject_id = pbx.id)"

bool reconciliation_jobs_make(struct db *db, int64_t interval_s, time_ms now, struct error *error)
{
    static const char SQL_COUNT[] = "SELECT count(*)" WANTED_PBXS;
    static const char SQL_MAKE[] =
        "INSERT INTO job (subject_id, lane_id, tenant_id, run_at, queued_at)"
        " SELECT pbx.id, lane.id, pbx.tenant_id, $2, $2" WANTED_PBXS
        " ON CONFLICT (subject_id) DO NOTHING";
    static const char SQL_LATE[] = "SELECT count(*) FROM job WHERE subject_id IN (SELECT id FROM"
                                   " pbx) AND worker IS NULL AND run_at > $1";
    static const char SQL_SOON[] = "UPDATE job SET run_at = $2 WHERE subject_id IN (SELECT id FROM"
                                   " pbx) AND worker IS NULL AND run_at > $1";
    time_ms latest_at = now + interval_s * SECOND_MS;
    int64_t count = 0;

    /* Most looks find nothing to do: they cost no write lock. */
    if (!db_run_number(db, SQL_COUNT, DB_VALUES(DB_INT(interval_s > 0)), 0, &count, error) ||
        (count > 0 &&
         !db_run(db, SQL_MAKE, DB_VALUES(DB_INT(interval_s > 0), DB_INT(now)), NULL, error))) {
        return false;
    }
    if (interval_s == 0) {
        return true;
    }
    return db_run_number(db, SQL_LATE, DB_VALUES(DB_INT(latest_at)), 0, &count, error) &&
           (count == 0 ||
            db_run(db, SQL_SOON, DB_VALUES(DB_INT(latest_at), DB_INT(now)), NULL, error));
}

bool reconciliation_history(struct db *db, const struct reconciliation *row,
                            struct history_count *count_out, struct error *error)
{
    static const char SQL_CALLS[] = "SELECT count(*) FROM call WHERE tenant_id = $1"
                                    " AND started_at >= $3 AND started_at <= $4 AND pbx_id = $2";
    static const char SQL[] =
        "SELECT count(*), sum(CASE WHEN recording.state = 'stored' THEN 1 ELSE 0 END),"
        " sum(CASE WHEN recording.state = 'missing' THEN 1 ELSE 0 END)"
        " FROM call JOIN recording ON recording.call_id = call.id WHERE call.tenant_id = $1"
        " AND call.started_at >= $3 AND call.started_at <= $4 AND call.pbx_id = $2";
    static const char SQL_WAITING[] =
        "SELECT count(*) FROM job JOIN lane ON lane.id = job.lane_id WHERE lane.owner_id = $1"
        " AND lane.stage = 'fetch' AND job.is_history = 1"
        " AND (job.attempt = 0 OR job.worker IS NOT NULL)";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    struct history_count count = { 0 };

    if (!db_run_number(db, SQL_CALLS,
                       DB_VALUES(DB_INT(row->tenant_id), DB_INT(row->pbx_id),
                                 DB_INT(row->import_from), DB_INT(row->import_until)),
                       0, &count.calls, error) ||
        !db_run_number(db, SQL_WAITING, DB_VALUES(DB_INT(row->pbx_id)), 0, &count.waiting_first_try,
                       error) ||
        !db_query(db, SQL,
                  DB_VALUES(DB_INT(row->tenant_id), DB_INT(row->pbx_id), DB_INT(row->import_from),
                            DB_INT(row->import_until)),
                  &rows, error) ||
        db_next(&rows, error) != DB_ROW) {
        return false;
    }
    count.recordings = db_int(&rows, 0);
    count.stored = db_int(&rows, 1);
    count.missing = db_int(&rows, 2);
    *count_out = count;
    return true;
}

/* ---- What is known of a PBX's calls ---- */

/* The columns that leg_read() takes. */
#define LEG_COLUMNS                                                                                \
    " leg.call_id, leg.acct_id, leg.uniqueid, leg.extension, call.from_number, call.started_at,"   \
    " call.ended_at, leg.fields, webhook.body"
#define LEG_WEBHOOK " LEFT JOIN webhook ON webhook.id = leg.webhook_id"

static void leg_read(const struct db_rows *rows, struct arena *arena, struct known_leg *leg)
{
    const char *fields = db_text(rows, 7);
    size_t size = 0;
    const void *body = fields == NULL ? db_blob(rows, 8, &size) : fields;

    size = fields != NULL ? strlen(fields) : size;
    *leg = (struct known_leg){
        .call_id = db_int(rows, 0),
        .acct_id = arena_copy_text(arena, db_text(rows, 1)),
        .uniqueid = arena_copy_text(arena, db_text(rows, 2)),
        .extension = arena_copy_text(arena, db_text(rows, 3)),
        .number = arena_copy_text(arena, db_text(rows, 4)),
        .started_at = db_int(rows, 5),
        .ended_at = db_int(rows, 6),
        .body = body != NULL ? arena_copy(arena, body, size) : NULL,
        .body_size = size,
    };
}

static bool legs_query(struct db *db, struct arena *arena, const char *sql,
                       const struct db_value *values, size_t value_count,
                       struct known_leg *legs_out, size_t room, size_t *count_out,
                       struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    if (!db_query(db, sql, values, value_count, &rows, error)) {
        return false;
    }
    while (*count_out < room && (step = db_next(&rows, error)) == DB_ROW) {
        leg_read(&rows, arena, &legs_out[(*count_out)++]);
    }
    return step != DB_FAILED;
}

bool reconciliation_newest(struct db *db, struct arena *arena, int64_t tenant_id, int64_t pbx_id,
                           time_ms from_at, struct known_leg *leg_out, struct error *error)
{
    /* A tenant with several PBXs: one that has none among the newest of all has none. */
    static const char SQL[] =
        "SELECT" LEG_COLUMNS " FROM (SELECT * FROM call WHERE tenant_id = $1 AND started_at >= $3"
        " ORDER BY started_at DESC LIMIT 1000) AS call JOIN leg ON leg.call_id = call.id"
        " LEFT JOIN webhook ON webhook.id = 0 WHERE call.pbx_id = $2 AND leg.uniqueid <> ''"
        " AND leg.acct_id <> '" LEG_OF_FILE "' ORDER BY call.started_at DESC LIMIT 1";
    size_t count = 0;

    *leg_out = (struct known_leg){ 0 };
    return legs_query(db, arena, SQL, DB_VALUES(DB_INT(tenant_id), DB_INT(pbx_id), DB_INT(from_at)),
                      leg_out, 1, &count, error);
}

/* Uncorrelated, so that it is read once, however many legs are compared with it. */
#define NAMED_LEGS                                                                                 \
    " FROM call AS other JOIN leg AS named ON named.call_id = other.id"                            \
    " WHERE other.tenant_id = $1 AND other.started_at >= $3 AND other.pbx_id = $2"                 \
    " AND named.recording_count > 0"

bool reconciliation_unnamed(struct db *db, struct arena *arena, int64_t tenant_id, int64_t pbx_id,
                            time_ms from_at, time_ms asked_before, struct known_leg *legs_out,
                            size_t room, size_t *count_out, struct error *error)
{
    static const char SQL[] =
        "SELECT" LEG_COLUMNS " FROM call JOIN leg ON leg.call_id = call.id" LEG_WEBHOOK
        " WHERE call.tenant_id = $1 AND call.started_at >= $3 AND call.pbx_id = $2"
        " AND leg.disposition = 'ANSWERED' AND leg.recording_count = 0 AND leg.talk_s > 0"
        " AND leg.acct_id <> '' AND leg.asked_count < 2"
        " AND (leg.asked_at IS NULL OR leg.asked_at <= $4)"
        " AND NOT EXISTS (SELECT 1 FROM recording WHERE recording.call_id = call.id)"
        " AND NOT EXISTS (SELECT 1 FROM recording_also WHERE recording_also.call_id = call.id)"
        " AND (leg.extension IN (SELECT named.extension" NAMED_LEGS ")"
        "   OR leg.trunk IN (SELECT named.trunk" NAMED_LEGS " AND named.trunk <> ''))"
        " ORDER BY call.started_at DESC LIMIT 16";

    return legs_query(
        db, arena, SQL,
        DB_VALUES(DB_INT(tenant_id), DB_INT(pbx_id), DB_INT(from_at), DB_INT(asked_before)),
        legs_out, room, count_out, error);
}

bool reconciliation_asked(struct db *db, int64_t pbx_id, const struct known_leg *leg, time_ms now,
                          struct error *error)
{
    static const char SQL[] = "UPDATE leg SET asked_at = $4, asked_count = asked_count + 1"
                              " WHERE pbx_id = $1 AND acct_id = $2 AND uniqueid = $3";

    return db_run(
        db, SQL,
        DB_VALUES(DB_INT(pbx_id), DB_TEXT(leg->acct_id), DB_TEXT(leg->uniqueid), DB_INT(now)), NULL,
        error);
}

bool reconciliation_legs_at(struct db *db, struct arena *arena, int64_t tenant_id, int64_t pbx_id,
                            time_ms at, bool is_spanning, struct known_leg *legs_out, size_t room,
                            size_t *count_out, struct error *error)
{
    /* "1770326441." to "1770326441/": what is between are the channels of that second. */
    static const char SQL_SECOND[] =
        "SELECT" LEG_COLUMNS " FROM leg JOIN call ON call.id = leg.call_id" LEG_WEBHOOK
        " WHERE leg.uniqueid >= $3 AND leg.uniqueid < $4 AND leg.pbx_id = $2"
        " AND call.tenant_id = $1 AND leg.acct_id <> '" LEG_OF_FILE "'"
        " ORDER BY CASE WHEN leg.disposition = 'ANSWERED' THEN 0 ELSE 1 END, leg.acct_id LIMIT 64";
    static const char SQL_SPAN[] =
        "SELECT" LEG_COLUMNS " FROM call JOIN leg ON leg.call_id = call.id" LEG_WEBHOOK
        " WHERE call.tenant_id = $1 AND call.started_at >= $3 AND call.started_at <= $4"
        " AND call.pbx_id = $2 AND call.ended_at >= $4 AND leg.acct_id <> '" LEG_OF_FILE "'"
        " ORDER BY CASE WHEN leg.disposition = 'ANSWERED' THEN 0 ELSE 1 END, leg.acct_id LIMIT 64";
    char from[32];
    char until[32];

    if (is_spanning) {
        return legs_query(
            db, arena, SQL_SPAN,
            DB_VALUES(DB_INT(tenant_id), DB_INT(pbx_id), DB_INT(at - DAY_MS), DB_INT(at)), legs_out,
            room, count_out, error);
    }
    IGNORE(snprintf(from, sizeof from, "%lld.", (long long)(at / SECOND_MS)), "fits");
    IGNORE(snprintf(until, sizeof until, "%lld/", (long long)(at / SECOND_MS)), "fits");
    return legs_query(db, arena, SQL_SECOND,
                      DB_VALUES(DB_INT(tenant_id), DB_INT(pbx_id), DB_TEXT(from), DB_TEXT(until)),
                      legs_out, room, count_out, error);
}

bool reconciliation_path_is_known(struct db *db, int64_t pbx_id, const char *path, bool *known_out,
                                  struct error *error)
{
    static const char SQL[] = "SELECT count(*) FROM recording WHERE pbx_id = $1 AND path = $2";
    int64_t count = 0;

    if (!db_run_number(db, SQL, DB_VALUES(DB_INT(pbx_id), DB_TEXT(path)), 0, &count, error)) {
        return false;
    }
    *known_out = count > 0;
    return true;
}

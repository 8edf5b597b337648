/*
 * See collection.h. Every query goes from the calls of the range (call_by_time) to their rows, and
 * never through a whole table: CROSS JOIN is how SQLite is told to keep that order; to PostgreSQL
 * it is a join like any other.
 */
#include "store/collection.h"

enum { REASONS_MAX = 128, KINDS = 3 };

/* $1 tenant, $2 $3 time range. */
#define CALLS_IN_RANGE                                                                             \
    " ($1 = 0 OR tenant.id = $1) AND call.tenant_id = tenant.id"                                   \
    " AND call.started_at >= $2 AND call.started_at < $3"
#define HAS_RECORDING                                                                              \
    "(EXISTS (SELECT 1 FROM recording WHERE recording.call_id = call.id) OR"                       \
    " EXISTS (SELECT 1 FROM recording_also WHERE recording_also.call_id = call.id))"
#define COUNT_STATES                                                                               \
    "count(*) AS expected,"                                                                        \
    " coalesce(sum(CASE WHEN recording.state = 'stored' THEN 1 ELSE 0 END), 0) AS stored,"         \
    " coalesce(sum(CASE WHEN recording.state = 'missing' THEN 1 ELSE 0 END), 0) AS missing"

static time_ms end_of(time_ms to_at)
{
    return to_at > 0 ? to_at : INT64_MAX;
}

bool collection_count(struct db *db, int64_t tenant_id, time_ms from_at, time_ms to_at,
                      struct collection *counts_out, struct error *error)
{
    static const char SQL_CALLS[] =
        "SELECT count(*), coalesce(sum(CASE WHEN " HAS_RECORDING " THEN 0 ELSE 1 END), 0)"
        " FROM tenant CROSS JOIN call WHERE" CALLS_IN_RANGE;
    static const char SQL_RECORDINGS[] =
        "SELECT " COUNT_STATES " FROM tenant CROSS JOIN call CROSS JOIN recording"
        " WHERE" CALLS_IN_RANGE " AND recording.call_id = call.id";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    struct collection counts = { 0 };
    const struct db_value values[] = { DB_INT(tenant_id), DB_INT(from_at), DB_INT(end_of(to_at)) };

    if (!db_query(db, SQL_CALLS, values, COUNT_OF(values), &rows, error) ||
        db_next(&rows, error) != DB_ROW) {
        return false;
    }
    counts.calls = db_int(&rows, 0);
    counts.not_expected = db_int(&rows, 1);
    db_rows_clear(&rows);
    if (!db_query(db, SQL_RECORDINGS, values, COUNT_OF(values), &rows, error) ||
        db_next(&rows, error) != DB_ROW) {
        return false;
    }
    counts.expected = db_int(&rows, 0);
    counts.stored = db_int(&rows, 1);
    counts.missing = db_int(&rows, 2);
    counts.waiting = counts.expected - counts.stored - counts.missing;
    *counts_out = counts;
    return true;
}

bool collection_reasons(struct db *db, struct arena *arena, int64_t tenant_id, time_ms from_at,
                        time_ms to_at, struct collection_reason **list_out, size_t *count_out,
                        struct error *error)
{
    /* From what is not stored, which has an index of its own and is little where all is well. */
    static const char SQL[] =
        "SELECT recording.reason, count(*),"
        " sum(CASE WHEN recording.state = 'missing' THEN 1 ELSE 0 END)"
        " FROM recording CROSS JOIN call WHERE recording.state <> 'stored'"
        " AND recording.reason IS NOT NULL AND ($1 = 0 OR recording.tenant_id = $1)"
        " AND call.id = recording.call_id AND call.started_at >= $2 AND call.started_at < $3"
        " GROUP BY recording.reason ORDER BY count(*) DESC, recording.reason LIMIT 128";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    *list_out = arena_take(arena, REASONS_MAX * sizeof **list_out);
    if (!db_query(db, SQL, DB_VALUES(DB_INT(tenant_id), DB_INT(from_at), DB_INT(end_of(to_at))),
                  &rows, error)) {
        return false;
    }
    while (*count_out < REASONS_MAX && (step = db_next(&rows, error)) == DB_ROW) {
        struct collection_reason *reason = &(*list_out)[(*count_out)++];
        reason->code = arena_copy_text(arena, db_text(&rows, 0));
        reason->count = db_int(&rows, 1);
        reason->missing = db_int(&rows, 2);
        reason->waiting = reason->count - reason->missing;
    }
    return step != DB_FAILED;
}

/* The groups of one kind: its number, the name within the PBX, which groups there are. */
#define PART(kind, name, which)                                                                    \
    "SELECT * FROM (SELECT " #kind " AS kind, pbx_id, " name " AS name,"                           \
    " sum(expected) AS expected, sum(stored) AS stored, sum(missing) AS missing"                   \
    " FROM picked " which " ORDER BY sum(missing) DESC, sum(expected) - sum(stored) DESC,"         \
    " sum(expected) DESC, name LIMIT 50) AS part_" #kind

bool collection_parts(struct db *db, struct arena *arena, int64_t tenant_id, time_ms from_at,
                      time_ms to_at, struct collection_part **list_out, size_t *count_out,
                      struct error *error)
{
    static const char SQL[] =
        "WITH picked AS MATERIALIZED (SELECT recording.pbx_id, leg.extension, leg.trunk,"
        " " COUNT_STATES " FROM tenant CROSS JOIN call CROSS JOIN recording"
        " LEFT JOIN leg ON leg.uniqueid = coalesce(recording.uniqueid, '')"
        "  AND leg.acct_id = coalesce(recording.acct_id, '') AND leg.pbx_id = recording.pbx_id"
        " WHERE" CALLS_IN_RANGE " AND recording.call_id = call.id"
        " GROUP BY recording.pbx_id, leg.extension, leg.trunk)"
        " SELECT part.kind, part.pbx_id, tenant.subdomain, pbx.name, part.name, part.expected,"
        " part.stored, part.missing FROM (" /* clang-format off */
        PART(0, "''", "GROUP BY pbx_id") " UNION ALL "
        PART(1, "extension", "WHERE extension <> '' GROUP BY pbx_id, extension") " UNION ALL "
        PART(2, "trunk", "WHERE trunk <> '' GROUP BY pbx_id, trunk") /* clang-format on */
        ") AS part JOIN pbx ON pbx.id = part.pbx_id JOIN tenant ON tenant.id = pbx.tenant_id"
        " ORDER BY part.kind, part.missing DESC, part.expected - part.stored DESC,"
        " part.expected DESC, part.name";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;
    const size_t room = (size_t)KINDS * COLLECTION_PARTS_MAX;

    *count_out = 0;
    *list_out = arena_take(arena, room * sizeof **list_out);
    if (!db_query(db, SQL, DB_VALUES(DB_INT(tenant_id), DB_INT(from_at), DB_INT(end_of(to_at))),
                  &rows, error)) {
        return false;
    }
    while (*count_out < room && (step = db_next(&rows, error)) == DB_ROW) {
        struct collection_part *part = &(*list_out)[(*count_out)++];
        *part = (struct collection_part){
            .kind = (enum collection_kind)db_int(&rows, 0),
            .pbx_id = db_int(&rows, 1),
            .tenant = arena_copy_text(arena, db_text(&rows, 2)),
            .pbx = arena_copy_text(arena, db_text(&rows, 3)),
            .name = arena_copy_text(arena, db_text(&rows, 4)),
            .expected = db_int(&rows, 5),
            .stored = db_int(&rows, 6),
            .missing = db_int(&rows, 7),
        };
        part->waiting = part->expected - part->stored - part->missing;
    }
    return step != DB_FAILED;
}

#define SHARE(kind, name)                                                                          \
    "SELECT " #kind " AS kind, pbx_id, " name " AS name, count(*) AS answered,"                    \
    " sum(recorded) AS recorded FROM (SELECT DISTINCT pbx_id, call_id, " name ", recorded"         \
    " FROM answered WHERE " name " <> '') AS once_" #kind " GROUP BY pbx_id, " name

bool collection_shares(struct db *db, int64_t tenant_id, time_ms from_at, time_ms to_at,
                       bool (*visit)(const struct collection_share *share, void *context),
                       void *context, struct error *error)
{
    static const char SQL[] =
        "WITH answered AS MATERIALIZED (SELECT leg.pbx_id, leg.call_id, leg.extension, leg.trunk,"
        " CASE WHEN " HAS_RECORDING " THEN 1 ELSE 0 END AS recorded"
        " FROM tenant CROSS JOIN call CROSS JOIN leg WHERE" CALLS_IN_RANGE
        " AND call.disposition = 'ANSWERED' AND leg.call_id = call.id"
        " AND leg.disposition = 'ANSWERED' AND (leg.talk_s IS NULL OR leg.talk_s > 0)),"
        " share AS (" SHARE(1, "extension") " UNION ALL " SHARE(
            2,
            "trunk") ")"
                     " SELECT share.kind, tenant.subdomain, pbx.name, share.name, share.answered,"
                     " share.recorded, sum(share.answered) OVER (PARTITION BY share.kind, "
                     "share.pbx_id),"
                     " sum(share.recorded) OVER (PARTITION BY share.kind, share.pbx_id)"
                     " FROM share JOIN pbx ON pbx.id = share.pbx_id JOIN tenant ON tenant.id = "
                     "pbx.tenant_id"
                     " ORDER BY share.answered - share.recorded DESC, share.name, tenant.subdomain";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;
    bool goes_on = true;

    if (!db_query(db, SQL, DB_VALUES(DB_INT(tenant_id), DB_INT(from_at), DB_INT(end_of(to_at))),
                  &rows, error)) {
        return false;
    }
    while (goes_on && (step = db_next(&rows, error)) == DB_ROW) {
        struct collection_share share = {
            .kind = (enum collection_kind)db_int(&rows, 0),
            .tenant = db_text(&rows, 1),
            .pbx = db_text(&rows, 2),
            .name = db_text(&rows, 3),
            .answered = db_int(&rows, 4),
            .recorded = db_int(&rows, 5),
        };
        share.rest_answered = db_int(&rows, 6) - share.answered;
        share.rest_recorded = db_int(&rows, 7) - share.recorded;
        goes_on = visit(&share, context);
    }
    return step != DB_FAILED;
}

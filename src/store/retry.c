/* See retry.h. Batches go along the index of what is not stored; a row is changed only in the state
 * in which it was seen, so that a fetch that settles in between wins. */
#include "store/retry.h"

#include "store/jobs.h"

enum { BATCH_SIZE = 500, BATCH_ARENA_SIZE = 1 << 20 };

struct candidate {
    int64_t id, tenant_id, lane_id;
    time_ms started_at;
    bool is_pbx_stopped;
};

/* Where the last batch ended. */
struct place {
    time_ms started_at;
    int64_t id;
};

/* $1 tenant, $2 $3 time range, $4 PBX, $5 reason, $6 $7 the place. A PBX without an address is as
 * good as stopped: its lane opens when a person enters one. */
static const char SQL_BATCH[] =
    "SELECT recording.id, recording.tenant_id, lane.id, recording.started_at,"
    " CASE WHEN pbx.stop_reason IS NULL AND lane.blocked_until < $8 THEN 0 ELSE 1 END"
    " FROM recording CROSS JOIN call CROSS JOIN pbx CROSS JOIN lane"
    " WHERE call.id = recording.call_id AND pbx.id = recording.pbx_id"
    " AND lane.owner_id = pbx.id AND lane.stage = 'fetch' AND recording.state <> 'stored' AND "
    "recording.state IN ('waiting', 'missing')"
    " AND recording.started_at >= $6 AND (recording.started_at > $6 OR recording.id > $7)"
    " AND ($1 = 0 OR recording.tenant_id = $1)"
    " AND call.started_at >= $2 AND call.started_at < $3"
    " AND ($4 IS NULL OR pbx.name = $4) AND ($5 IS NULL OR recording.reason = $5)"
    " ORDER BY recording.started_at, recording.id LIMIT 500";

static bool batch_read(struct db *db, const struct retry_filter *filter, const struct place *place,
                       struct candidate *list, size_t *count_out, struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    if (!db_query(db, SQL_BATCH,
                  DB_VALUES(DB_INT(filter->tenant_id), DB_INT(filter->from_at),
                            DB_INT(filter->to_at > 0 ? filter->to_at : INT64_MAX),
                            DB_TEXT(filter->pbx), DB_TEXT(filter->reason),
                            DB_INT(place->started_at), DB_INT(place->id),
                            DB_INT(LANE_BLOCKED_FOR_GOOD)),
                  &rows, error)) {
        return false;
    }
    while (*count_out < BATCH_SIZE && (step = db_next(&rows, error)) == DB_ROW) {
        list[(*count_out)++] = (struct candidate){
            .id = db_int(&rows, 0),
            .tenant_id = db_int(&rows, 1),
            .lane_id = db_int(&rows, 2),
            .started_at = db_int(&rows, 3),
            .is_pbx_stopped = db_int(&rows, 4) != 0,
        };
    }
    return step != DB_FAILED;
}

/* What waits for a person says so, whatever it was missing for before. */
static bool candidate_retry(struct db *db, const struct candidate *candidate, time_ms now,
                            struct retry_counts *counts, struct error *error)
{
    static const char SQL[] =
        "UPDATE recording SET state = 'waiting', next_try_at = $2, wanted_since = $2"
        " WHERE id = $1 AND state IN ('waiting', 'missing')";
    static const char SQL_STOPPED[] =
        "UPDATE recording SET state = 'waiting', next_try_at = NULL, wanted_since = $2,"
        " reason = coalesce((SELECT stop_reason FROM pbx WHERE pbx.id = recording.pbx_id),"
        "   'pbx_not_configured'),"
        " detail = (SELECT stop_detail FROM pbx WHERE pbx.id = recording.pbx_id)"
        " WHERE id = $1 AND state IN ('waiting', 'missing')";
    int64_t changed = 0;

    if (!db_run(db, candidate->is_pbx_stopped ? SQL_STOPPED : SQL,
                DB_VALUES(DB_INT(candidate->id), DB_INT(now)), &changed, error)) {
        return false;
    }
    if (changed == 0) {
        return true; /* Fetched meanwhile. */
    }
    *(candidate->is_pbx_stopped ? &counts->waiting_for_pbx : &counts->retried) += 1;
    return job_retry_now(db, candidate->id, candidate->lane_id, candidate->tenant_id, now, error);
}

static bool batch_retry(struct db *db, const struct candidate *list, size_t count, time_ms now,
                        struct retry_counts *counts, struct error *error)
{
    struct retry_counts changed = *counts;

    if (!db_begin(db, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!candidate_retry(db, &list[i], now, &changed, error)) {
            db_rollback(db);
            return false;
        }
    }
    if (!db_commit(db, error)) {
        db_rollback(db);
        return false;
    }
    *counts = changed;
    return true;
}

bool recordings_retry(struct db *db, const struct retry_filter *filter, time_ms now,
                      struct retry_counts *counts_out, struct error *error)
{
    AUTO(arena_free) struct arena *arena = arena_new(BATCH_ARENA_SIZE);
    struct candidate *list = arena_take(arena, BATCH_SIZE * sizeof *list);
    struct place place = { 0 };
    size_t count = 0;

    *counts_out = (struct retry_counts){ 0 };
    do {
        if (!batch_read(db, filter, &place, list, &count, error)) {
            return false;
        }
        if (count > 0 && !batch_retry(db, list, count, now, counts_out, error)) {
            return false;
        }
        place =
            count > 0 ? (struct place){ list[count - 1].started_at, list[count - 1].id } : place;
    } while (count == BATCH_SIZE);
    return true;
}

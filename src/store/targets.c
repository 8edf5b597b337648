/* See targets.h. */
#include "store/targets.h"

#include "core/rowid.h"
#include "store/jobs.h"

enum { TARGETS_LISTED_MAX = 10000 };

/* ---- Targets ---- */

#define TARGET_COLUMNS                                                                             \
    "alarm_target.id, alarm_target.tenant_id, tenant.subdomain, alarm_target.kind,"                \
    " alarm_target.address, alarm_target.secret, alarm_target.created_at,"                         \
    " alarm_target.disabled_at, alarm_target.disabled_reason FROM alarm_target"                    \
    " LEFT JOIN tenant ON tenant.id = alarm_target.tenant_id"

bool target_add(struct db *db, const struct target_row *row, struct error *error)
{
    static const char SQL_COUNT[] = "SELECT count(*) FROM alarm_target WHERE tenant_id = $1";
    static const char SQL[] =
        "INSERT INTO alarm_target (id, tenant_id, kind, address, secret, created_at)"
        " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (tenant_id, kind, address) DO NOTHING";
    int64_t count = 0;

    if (!db_run_number(db, SQL_COUNT, DB_VALUES(DB_INT(row->tenant_id)), 0, &count, error)) {
        return false;
    }
    if (count >= TARGETS_PER_TENANT_MAX) {
        return error_set(error, ERROR_LIMIT, "there are %d targets already; remove one first",
                         TARGETS_PER_TENANT_MAX);
    }
    if (!db_run(db, SQL,
                DB_VALUES(DB_INT(row->id), DB_INT(row->tenant_id), DB_TEXT(row->kind),
                          DB_TEXT(row->address), DB_TEXT(row->secret), DB_INT(row->created_at)),
                &count, error)) {
        return false;
    }
    return count == 1 || error_set(error, ERROR_INVALID, "this %s is a target already", row->kind);
}

static struct target_row target_read(const struct db_rows *rows, struct arena *arena)
{
    return (struct target_row){
        .id = db_int(rows, 0),
        .tenant_id = db_int(rows, 1),
        .tenant = arena_copy_text(arena, db_text(rows, 2)),
        .kind = arena_copy_text(arena, db_text(rows, 3)),
        .address = arena_copy_text(arena, db_text(rows, 4)),
        .secret = arena_copy_text(arena, db_text(rows, 5)),
        .created_at = db_int(rows, 6),
        .disabled_at = db_int(rows, 7),
        .disabled_reason = arena_copy_text(arena, db_text(rows, 8)),
    };
}

bool target_list(struct db *db, struct arena *arena, int64_t tenant_id,
                 struct target_row **list_out, size_t *count_out, struct error *error)
{
    static const char SQL_COUNT[] = "SELECT count(*) FROM alarm_target";
    static const char SQL[] =
        "SELECT " TARGET_COLUMNS " WHERE $1 = 0 OR alarm_target.tenant_id = $1"
        " ORDER BY alarm_target.id";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;
    int64_t room = 0;
    size_t count = 0;

    if (!db_run_number(db, SQL_COUNT, DB_NO_VALUES, 0, &room, error)) {
        return false;
    }
    room = room < TARGETS_LISTED_MAX ? room + 1 : TARGETS_LISTED_MAX;
    *list_out = arena_take(arena, (size_t)room * sizeof **list_out);
    if (!db_query(db, SQL, DB_VALUES(DB_INT(tenant_id)), &rows, error)) {
        return false;
    }
    while (count < (size_t)room && (step = db_next(&rows, error)) == DB_ROW) {
        (*list_out)[count++] = target_read(&rows, arena);
    }
    *count_out = count;
    return step != DB_FAILED;
}

bool target_find(struct db *db, struct arena *arena, int64_t tenant_id, int64_t id,
                 struct target_row **found_out, struct error *error)
{
    static const char SQL[] = "SELECT " TARGET_COLUMNS " WHERE alarm_target.id = $1"
                              " AND ($2 = 0 OR alarm_target.tenant_id = $2)";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };

    *found_out = NULL;
    if (!db_query(db, SQL, DB_VALUES(DB_INT(id), DB_INT(tenant_id)), &rows, error)) {
        return false;
    }
    enum db_step step = db_next(&rows, error);
    if (step == DB_ROW) {
        *found_out = arena_take(arena, sizeof **found_out);
        **found_out = target_read(&rows, arena);
    }
    return step != DB_FAILED;
}

bool target_remove(struct db *db, int64_t id, struct error *error)
{
    static const char *const SQL[] = {
        "DELETE FROM delivery_try WHERE delivery_id IN (SELECT id FROM delivery"
        " WHERE target_id = $1)",
        "DELETE FROM job WHERE lane_id IN (SELECT id FROM lane WHERE owner_id = $1"
        " AND stage = 'notify')",
        "DELETE FROM lane WHERE owner_id = $1 AND stage = 'notify'",
        "DELETE FROM delivery WHERE target_id = $1",
        "DELETE FROM alarm_target WHERE id = $1",
    };

    for (size_t i = 0; i < COUNT_OF(SQL); i++) {
        if (!db_run(db, SQL[i], DB_VALUES(DB_INT(id)), NULL, error)) {
            return false;
        }
    }
    return true;
}

bool target_disable(struct db *db, int64_t id, const char *reason, time_ms now, struct error *error)
{
    static const char SQL[] = "UPDATE alarm_target SET disabled_at = $3, disabled_reason = $2"
                              " WHERE id = $1 AND (disabled_at IS NULL) <> ($2 IS NULL)";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(id), DB_TEXT(reason), reason != NULL ? DB_INT(now) : DB_NULL),
                  NULL, error);
}

/* ---- Deliveries ---- */

bool delivery_add(struct db *db, const struct delivery_row *row, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO delivery (id, target_id, tenant_id, alarm_id, event, content, state,"
        " next_try_at, created_at) VALUES ($1, $2, $3, $4, $5, $6, 'waiting', $7, $7)";
    int64_t lane = 0;

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(row->id), DB_INT(row->target_id), DB_INT(row->tenant_id),
                            row->alarm_id != 0 ? DB_INT(row->alarm_id) : DB_NULL,
                            DB_TEXT(row->event), DB_TEXT(row->content), DB_INT(row->created_at)),
                  NULL, error) &&
           lane_ensure(db, LANE_NOTIFY, row->target_id, 1, &lane, error) &&
           job_add(db, row->id, lane, row->tenant_id, row->created_at, row->created_at, error);
}

#define DELIVERY_COLUMNS                                                                           \
    "id, target_id, tenant_id, alarm_id, event, content, state, attempt_count, next_try_at,"       \
    " created_at, settled_at FROM delivery"

static bool deliveries_query(struct db *db, struct arena *arena, const char *sql, int64_t id,
                             struct delivery_row *list, size_t room, size_t *count_out,
                             struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    if (!db_query(db, sql, DB_VALUES(DB_INT(id)), &rows, error)) {
        return false;
    }
    while (*count_out < room && (step = db_next(&rows, error)) == DB_ROW) {
        list[(*count_out)++] = (struct delivery_row){
            .id = db_int(&rows, 0),
            .target_id = db_int(&rows, 1),
            .tenant_id = db_int(&rows, 2),
            .alarm_id = db_int(&rows, 3),
            .event = arena_copy_text(arena, db_text(&rows, 4)),
            .content = arena_copy_text(arena, db_text(&rows, 5)),
            .state = arena_copy_text(arena, db_text(&rows, 6)),
            .attempt_count = db_int(&rows, 7),
            .next_try_at = db_int(&rows, 8),
            .created_at = db_int(&rows, 9),
            .settled_at = db_int(&rows, 10),
        };
    }
    return step != DB_FAILED;
}

bool delivery_find(struct db *db, struct arena *arena, int64_t id, struct delivery_row **found_out,
                   struct error *error)
{
    static const char SQL[] = "SELECT " DELIVERY_COLUMNS " WHERE id = $1";
    struct delivery_row *row = arena_take(arena, sizeof *row);
    size_t count = 0;

    if (!deliveries_query(db, arena, SQL, id, row, 1, &count, error)) {
        return false;
    }
    *found_out = count == 1 ? row : NULL;
    return true;
}

bool delivery_list(struct db *db, struct arena *arena, int64_t target_id,
                   struct delivery_row **list_out, size_t *count_out, struct error *error)
{
    static const char SQL[] =
        "SELECT " DELIVERY_COLUMNS " WHERE target_id = $1 ORDER BY id DESC LIMIT 200";

    *list_out = arena_take(arena, DELIVERIES_LISTED_MAX * sizeof **list_out);
    return deliveries_query(db, arena, SQL, target_id, *list_out, DELIVERIES_LISTED_MAX, count_out,
                            error);
}

bool delivery_tried(struct db *db, const struct delivery_try *try, const char *state,
                    time_ms next_try_at, struct error *error)
{
    static const char SQL_TRY[] =
        "INSERT INTO delivery_try (id, delivery_id, at, status, detail, answer, duration_ms)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)";
    static const char SQL[] =
        "UPDATE delivery SET state = $2, attempt_count = attempt_count + 1, next_try_at = $3,"
        " settled_at = CASE WHEN $2 = 'waiting' THEN NULL ELSE $4 END WHERE id = $1";

    return db_run(db, SQL_TRY,
                  DB_VALUES(DB_INT(row_id_new(try->at)), DB_INT(try->delivery_id), DB_INT(try->at),
                            try->status > 0 ? DB_INT(try->status) : DB_NULL, DB_TEXT(try->detail),
                            DB_TEXT(try->answer), DB_INT(try->duration_ms)),
                  NULL, error) &&
           db_run(db, SQL,
                  DB_VALUES(DB_INT(try->delivery_id), DB_TEXT(state),
                            next_try_at > 0 ? DB_INT(next_try_at) : DB_NULL,
                            DB_INT(try->at + try->duration_ms)),
                  NULL, error);
}

bool delivery_tries(struct db *db, struct arena *arena, int64_t target_id,
                    struct delivery_try **list_out, size_t *count_out, struct error *error)
{
    static const char SQL[] =
        "SELECT delivery_id, at, status, detail, answer, duration_ms FROM delivery_try"
        " WHERE delivery_id IN"
        " (SELECT id FROM delivery WHERE target_id = $1 ORDER BY id DESC LIMIT 200)"
        " ORDER BY delivery_id, id LIMIT 2000";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;
    size_t count = 0;

    *list_out = arena_take(arena, TRIES_LISTED_MAX * sizeof **list_out);
    if (!db_query(db, SQL, DB_VALUES(DB_INT(target_id)), &rows, error)) {
        return false;
    }
    while (count < TRIES_LISTED_MAX && (step = db_next(&rows, error)) == DB_ROW) {
        (*list_out)[count++] = (struct delivery_try){
            .delivery_id = db_int(&rows, 0),
            .at = db_int(&rows, 1),
            .status = db_int(&rows, 2),
            .detail = arena_copy_text(arena, db_text(&rows, 3)),
            .answer = arena_copy_text(arena, db_text(&rows, 4)),
            .duration_ms = db_int(&rows, 5),
        };
    }
    *count_out = count;
    return step != DB_FAILED;
}

bool delivery_sweep(struct db *db, time_ms before_at, struct error *error)
{
    static const char SQL_TRIES[] = "DELETE FROM delivery_try WHERE delivery_id IN"
                                    " (SELECT id FROM delivery WHERE settled_at < $1)";
    static const char SQL[] = "DELETE FROM delivery WHERE settled_at < $1";

    return db_run(db, SQL_TRIES, DB_VALUES(DB_INT(before_at)), NULL, error) &&
           db_run(db, SQL, DB_VALUES(DB_INT(before_at)), NULL, error);
}

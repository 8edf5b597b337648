/* See alarms.h. */
#include "store/alarms.h"

#include "core/rowid.h"

#define ALARM_COLUMNS                                                                              \
    "alarm.id, alarm.kind, alarm.tenant_id, alarm.pbx_id, tenant.subdomain, pbx.name,"             \
    " alarm.since, alarm.detail, alarm.fine_count, alarm.cleared_at,"                              \
    " alarm.is_pending FROM alarm"                                                                 \
    " LEFT JOIN tenant ON tenant.id = alarm.tenant_id LEFT JOIN pbx ON pbx.id = alarm.pbx_id"

static struct alarm_row alarm_read(const struct db_rows *rows, struct arena *arena)
{
    return (struct alarm_row){
        .id = db_int(rows, 0),
        .kind = arena_copy_text(arena, db_text(rows, 1)),
        .tenant_id = db_int(rows, 2),
        .pbx_id = db_int(rows, 3),
        .tenant = arena_copy_text(arena, db_text(rows, 4)),
        .pbx = arena_copy_text(arena, db_text(rows, 5)),
        .since = db_int(rows, 6),
        .detail = arena_copy_text(arena, db_text(rows, 7)),
        .fine_count = db_int(rows, 8),
        .cleared_at = db_int(rows, 9),
        .is_pending = db_int(rows, 10) != 0,
    };
}

static bool alarms_query(struct db *db, struct arena *arena, const char *sql,
                         const struct db_value *values, size_t value_count, struct alarm_row *list,
                         size_t room, size_t *count_out, struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    if (!db_query(db, sql, values, value_count, &rows, error)) {
        return false;
    }
    while (*count_out < room && (step = db_next(&rows, error)) == DB_ROW) {
        list[(*count_out)++] = alarm_read(&rows, arena);
    }
    return step != DB_FAILED;
}

bool alarm_list(struct db *db, struct arena *arena, int64_t tenant_id, bool is_all,
                struct alarm_row **list_out, size_t *count_out, struct error *error)
{
    static const char SQL[] = "SELECT " ALARM_COLUMNS " WHERE ($1 = 0 OR alarm.tenant_id = $1)"
                              " AND ($2 <> 0 OR alarm.cleared_at IS NULL)"
                              " AND alarm.is_pending = 0"
                              " ORDER BY alarm.id DESC LIMIT $3";

    *list_out = arena_take(arena, ALARMS_LISTED_MAX * sizeof **list_out);
    return alarms_query(db, arena, SQL,
                        DB_VALUES(DB_INT(tenant_id), DB_INT(is_all), DB_INT(ALARMS_LISTED_MAX)),
                        *list_out, ALARMS_LISTED_MAX, count_out, error);
}

bool alarm_list_open(struct db *db, struct arena *arena, size_t limit, struct alarm_row **list_out,
                     size_t *count_out, struct error *error)
{
    static const char SQL[] =
        "SELECT " ALARM_COLUMNS " WHERE alarm.cleared_at IS NULL ORDER BY alarm.id LIMIT $1";

    *list_out = arena_take(arena, limit * sizeof **list_out);
    return alarms_query(db, arena, SQL, DB_VALUES(DB_INT((int64_t)limit)), *list_out, limit,
                        count_out, error);
}

bool alarm_find(struct db *db, struct arena *arena, int64_t id, struct alarm_row **found_out,
                struct error *error)
{
    static const char SQL[] = "SELECT " ALARM_COLUMNS " WHERE alarm.id = $1";
    struct alarm_row *row = arena_take(arena, sizeof *row);
    size_t count = 0;

    if (!alarms_query(db, arena, SQL, DB_VALUES(DB_INT(id)), row, 1, &count, error)) {
        return false;
    }
    *found_out = count == 1 ? row : NULL;
    return true;
}

bool alarm_note(struct db *db, const struct alarm_row *row, time_ms now, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO alarm (id, kind, tenant_id, pbx_id, since, detail, updated_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (kind, tenant_id, pbx_id) WHERE cleared_at IS NULL DO NOTHING";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(row_id_new(now)), DB_TEXT(row->kind), DB_INT(row->tenant_id),
                            DB_INT(row->pbx_id), DB_INT(row->since), DB_TEXT(row->detail),
                            DB_INT(now)),
                  NULL, error);
}

bool alarm_raise(struct db *db, int64_t id, const char *detail, time_ms now, bool *raised_out,
                 struct error *error)
{
    static const char SQL[] = "UPDATE alarm SET is_pending = 0, detail = $2, updated_at = $3"
                              " WHERE id = $1 AND is_pending = 1";
    int64_t changed = 0;

    if (!db_run(db, SQL, DB_VALUES(DB_INT(id), DB_TEXT(detail), DB_INT(now)), &changed, error)) {
        return false;
    }
    *raised_out = changed == 1;
    return true;
}

bool alarm_forget(struct db *db, int64_t id, struct error *error)
{
    static const char SQL[] = "DELETE FROM alarm WHERE id = $1 AND is_pending = 1";

    return db_run(db, SQL, DB_VALUES(DB_INT(id)), NULL, error);
}

bool alarm_hold(struct db *db, int64_t id, const char *detail, time_ms now, struct error *error)
{
    static const char SQL[] = "UPDATE alarm SET detail = $2, updated_at = $3, fine_count = 0"
                              " WHERE id = $1 AND cleared_at IS NULL";

    return db_run(db, SQL, DB_VALUES(DB_INT(id), DB_TEXT(detail), DB_INT(now)), NULL, error);
}

bool alarm_fine(struct db *db, int64_t id, struct error *error)
{
    static const char SQL[] = "UPDATE alarm SET fine_count = fine_count + 1 WHERE id = $1";

    return db_run(db, SQL, DB_VALUES(DB_INT(id)), NULL, error);
}

bool alarm_clear(struct db *db, int64_t id, time_ms now, struct error *error)
{
    static const char SQL[] = "UPDATE alarm SET cleared_at = $2, updated_at = $2 WHERE id = $1";

    return db_run(db, SQL, DB_VALUES(DB_INT(id), DB_INT(now)), NULL, error);
}

bool alarm_sweep(struct db *db, time_ms before_at, struct error *error)
{
    static const char SQL[] = "DELETE FROM alarm WHERE cleared_at < $1";

    return db_run(db, SQL, DB_VALUES(DB_INT(before_at)), NULL, error);
}

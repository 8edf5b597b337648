/* See audit.h. The rules are in audit_rules.c. */
#include "store/audit.h"

#include "core/rowid.h"

bool audit_count(struct db *db, enum audit_table table, int64_t tenant_id,
                 void (*add)(int64_t tenant_id, int64_t count, void *context), void *context,
                 struct error *error)
{
    static const char *const queries[AUDIT_TABLES] = {
        [AUDIT_CALLS] = "SELECT tenant_id, count(*) FROM call WHERE $1 = 0 OR tenant_id = $1"
                        " GROUP BY tenant_id",
        [AUDIT_LEGS] = "SELECT pbx.tenant_id, sum(legs) FROM (SELECT pbx_id, count(*) AS legs"
                       " FROM leg GROUP BY pbx_id) AS counted JOIN pbx ON pbx.id = counted.pbx_id"
                       " WHERE $1 = 0 OR pbx.tenant_id = $1 GROUP BY pbx.tenant_id",
        [AUDIT_RECORDINGS] = "SELECT tenant_id, count(*) FROM recording"
                             " WHERE $1 = 0 OR tenant_id = $1 GROUP BY tenant_id",
        [AUDIT_JOBS] = "SELECT tenant_id, count(*) FROM job WHERE $1 = 0 OR tenant_id = $1"
                       " GROUP BY tenant_id",
    };
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step;

    if (!db_query(db, queries[table], DB_VALUES(DB_INT(tenant_id)), &rows, error)) {
        return false;
    }
    while ((step = db_next(&rows, error)) == DB_ROW) {
        add(db_int(&rows, 0), db_int(&rows, 1), context);
    }
    return step != DB_FAILED;
}

#define FILE_COLUMNS                                                                               \
    "SELECT id, tenant_id, call_id, blob_key, sha256, stored_bytes, checked_at FROM recording"

static bool files_query(struct db *db, struct arena *arena, const char *sql,
                        const struct db_value *values, size_t value_count,
                        struct audit_file **list_out, size_t *count_out, struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    *list_out = arena_take(arena, AUDIT_FILES_MAX * sizeof **list_out);
    if (!db_query(db, sql, values, value_count, &rows, error)) {
        return false;
    }
    while (*count_out < AUDIT_FILES_MAX && (step = db_next(&rows, error)) == DB_ROW) {
        const char *sha256 = db_text(&rows, 4);
        (*list_out)[(*count_out)++] = (struct audit_file){
            .id = db_int(&rows, 0),
            .tenant_id = db_int(&rows, 1),
            .call_id = db_int(&rows, 2),
            .blob_key = arena_copy_text(arena, db_text(&rows, 3)),
            .sha256 = arena_copy_text(arena, sha256 != NULL ? sha256 : ""),
            .bytes = db_int_or(&rows, 5, -1),
            .checked_at = db_int(&rows, 6),
        };
    }
    return step != DB_FAILED;
}

bool audit_files(struct db *db, struct arena *arena, int64_t tenant_id, int64_t after_id,
                 struct audit_file **list_out, size_t *count_out, struct error *error)
{
    static const char SQL[] = FILE_COLUMNS
        " WHERE id > $1 AND state = 'stored' AND blob_key IS NOT NULL AND sha256 IS NOT NULL"
        " AND ($2 = 0 OR tenant_id = $2) ORDER BY id LIMIT 200";

    return files_query(db, arena, SQL, DB_VALUES(DB_INT(after_id), DB_INT(tenant_id)), list_out,
                       count_out, error);
}

bool audit_suspects(struct db *db, struct arena *arena, struct audit_file **list_out,
                    size_t *count_out, struct error *error)
{
    static const char SQL[] = FILE_COLUMNS
        " WHERE checked_at = 0 AND state = 'stored' AND blob_key IS NOT NULL ORDER BY id LIMIT 200";

    return files_query(db, arena, SQL, DB_NO_VALUES, list_out, count_out, error);
}

bool audit_files_checked(struct db *db, const int64_t *ids, size_t count, time_ms now,
                         struct error *error)
{
    static const char SQL[] = "UPDATE recording SET checked_at = $2 WHERE id = $1"
                              " AND state = 'stored'";

    if (count == 0) {
        return true;
    }
    if (!db_begin(db, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!db_run(db, SQL, DB_VALUES(DB_INT(ids[i]), DB_INT(now)), NULL, error)) {
            db_rollback(db);
            return false;
        }
    }
    if (!db_commit(db, error)) {
        db_rollback(db);
        return false;
    }
    return true;
}

bool audit_result_add(struct db *db, const struct audit_result *result, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO audit (id, tenant_id, is_whole, started_at, ended_at, violation_count,"
        " content) VALUES ($1, $2, $3, $4, $5, $6, $7)";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(row_id_new(result->ended_at)), DB_INT(result->tenant_id),
                            DB_INT(result->is_whole), DB_INT(result->started_at),
                            DB_INT(result->ended_at), DB_INT(result->violation_count),
                            DB_TEXT(result->content)),
                  NULL, error);
}

bool audit_result_sweep(struct db *db, time_ms before_at, struct error *error)
{
    static const char SQL[] = "DELETE FROM audit WHERE started_at < $1";

    return db_run(db, SQL, DB_VALUES(DB_INT(before_at)), NULL, error);
}

bool audit_result_last(struct db *db, struct arena *arena, int64_t tenant_id,
                       struct audit_result **found_out, struct error *error)
{
    static const char SQL[] = "SELECT is_whole, started_at, ended_at, violation_count, content"
                              " FROM audit WHERE tenant_id = $1 ORDER BY id DESC LIMIT 1";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };

    *found_out = NULL;
    if (!db_query(db, SQL, DB_VALUES(DB_INT(tenant_id)), &rows, error)) {
        return false;
    }
    enum db_step step = db_next(&rows, error);
    if (step == DB_ROW) {
        struct audit_result *result = arena_take(arena, sizeof *result);
        *result = (struct audit_result){ .tenant_id = tenant_id,
                                         .is_whole = db_int(&rows, 0) != 0,
                                         .started_at = db_int(&rows, 1),
                                         .ended_at = db_int(&rows, 2),
                                         .violation_count = db_int(&rows, 3),
                                         .content = arena_copy_text(arena, db_text(&rows, 4)) };
        *found_out = result;
    }
    return step != DB_FAILED;
}

bool audit_last_whole(struct db *db, time_ms *started_at_out, struct error *error)
{
    static const char SQL[] =
        "SELECT started_at FROM audit WHERE tenant_id = 0 AND is_whole = 1 ORDER BY id DESC"
        " LIMIT 1";

    return db_run_number(db, SQL, DB_NO_VALUES, 0, started_at_out, error);
}

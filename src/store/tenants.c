/* See tenants.h. */
#include "store/tenants.h"

#include <string.h>

#include "core/rowid.h"
#include "store/jobs.h"

enum { LIST_MAX = 10000, PBX_CONNECTIONS_MAX = 2, TENANT_JOBS_MAX = 1000 };

static bool subdomain_is_valid(const char *subdomain)
{
    size_t size = strlen(subdomain);

    return size >= 1 && size <= 63 && subdomain[0] != '-' && subdomain[size - 1] != '-' &&
           strspn(subdomain, "abcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

static bool pbx_insert(struct db *db, const struct pbx_row *pbx, time_ms now, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO pbx (id, tenant_id, name, host, port, old_port, username, password, api,"
        " is_weak_tls_allowed, tls_pin, tls_pinned_at, created_at, edited_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $13)";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(pbx->id), DB_INT(pbx->tenant_id), DB_TEXT(pbx->name),
                            DB_TEXT(pbx->host), DB_INT(pbx->port), DB_INT(pbx->old_port),
                            DB_TEXT(pbx->username), DB_TEXT(pbx->password),
                            DB_TEXT(pbx->api != NULL ? pbx->api : "auto"),
                            DB_INT(pbx->is_weak_tls_allowed), DB_TEXT(pbx->tls_pin),
                            pbx->tls_pin != NULL ? DB_INT(now) : DB_NULL, DB_INT(now)),
                  NULL, error);
}

bool tenant_add(struct db *db, const struct tenant *tenant, const struct pbx_row *pbx,
                struct error *error)
{
    static const char SQL_TAKEN[] = "SELECT id FROM tenant WHERE subdomain = $1";
    static const char SQL[] = "INSERT INTO tenant (id, subdomain, name, webhook_secret, created_at)"
                              " VALUES ($1, $2, $3, $4, $5)";
    int64_t taken = 0;
    int64_t lane = 0;

    if (!subdomain_is_valid(tenant->subdomain)) {
        return error_set(error, ERROR_INVALID,
                         "'%s' is no subdomain: use 1 to 63 of a-z, 0-9 and '-'",
                         tenant->subdomain);
    }
    if (!db_run_number(db, SQL_TAKEN, DB_VALUES(DB_TEXT(tenant->subdomain)), 0, &taken, error)) {
        return false;
    }
    if (taken != 0) {
        return error_set(error, ERROR_INVALID, "there is a tenant '%s' already", tenant->subdomain);
    }
    return db_run(db, SQL,
                  DB_VALUES(DB_INT(tenant->id), DB_TEXT(tenant->subdomain), DB_TEXT(tenant->name),
                            DB_TEXT(tenant->webhook_secret), DB_INT(tenant->created_at)),
                  NULL, error) &&
           pbx_insert(db, pbx, tenant->created_at, error) &&
           lane_ensure(db, LANE_FETCH, pbx->id, PBX_CONNECTIONS_MAX, &lane, error) &&
           (pbx->host != NULL ||
            lane_block(db, LANE_FETCH, pbx->id, LANE_BLOCKED_FOR_GOOD, error)) &&
           lane_ensure(db, LANE_TRANSCRIBE, tenant->id, TENANT_JOBS_MAX, &lane, error) &&
           lane_ensure(db, LANE_ANALYSE, tenant->id, TENANT_JOBS_MAX, &lane, error);
}

/* Recordings that wait for this PBX's settings are due at once; those given up because of them,
 * too. */
static bool recordings_wake(struct db *db, int64_t pbx_id, time_ms now, struct error *error)
{
    /* History that was not tried yet keeps its distances: that is its throttle. */
    static const char SQL_DUE[] = "UPDATE job SET run_at = $2 WHERE worker IS NULL AND lane_id ="
                                  " (SELECT id FROM lane WHERE owner_id = $1 AND stage = 'fetch')"
                                  " AND (is_history = 0 OR attempt > 0)";
    static const char SQL_STATE[] =
        "UPDATE recording SET next_try_at = $2 WHERE state = 'waiting' AND id IN"
        " (SELECT subject_id FROM job WHERE lane_id ="
        " (SELECT id FROM lane WHERE owner_id = $1 AND stage = 'fetch'))";

    return db_run(db, SQL_DUE, DB_VALUES(DB_INT(pbx_id), DB_INT(now)), NULL, error) &&
           db_run(db, SQL_STATE, DB_VALUES(DB_INT(pbx_id), DB_INT(now)), NULL, error);
}

bool pbx_row_edit(struct db *db, const struct pbx_row *pbx, time_ms now, struct error *error)
{
    static const char SQL[] =
        "UPDATE pbx SET name = $2, host = $3, port = $4, old_port = $5, username = $6,"
        " password = CASE WHEN $7 IS NULL THEN password ELSE $7 END, api = $8,"
        " is_weak_tls_allowed = $9, tls_pin = $10, tls_certificate = NULL, detected_api = NULL,"
        " detected_port = NULL, cookie = NULL, rung = NULL, stop_reason = NULL, stop_detail = NULL,"
        " stopped_at = NULL, edited_at = $11 WHERE id = $1";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(pbx->id), DB_TEXT(pbx->name), DB_TEXT(pbx->host),
                            DB_INT(pbx->port), DB_INT(pbx->old_port), DB_TEXT(pbx->username),
                            DB_TEXT(pbx->password), DB_TEXT(pbx->api != NULL ? pbx->api : "auto"),
                            DB_INT(pbx->is_weak_tls_allowed), DB_TEXT(pbx->tls_pin), DB_INT(now)),
                  NULL, error) &&
           lane_block(db, LANE_FETCH, pbx->id, 0, error) &&
           recordings_wake(db, pbx->id, now, error);
}

bool tenant_secret_set(struct db *db, int64_t tenant_id, const char *sealed, struct error *error)
{
    static const char SQL[] = "UPDATE tenant SET webhook_secret = $2 WHERE id = $1";

    return db_run(db, SQL, DB_VALUES(DB_INT(tenant_id), DB_TEXT(sealed)), NULL, error);
}

#define TENANT_COLUMNS "id, subdomain, name, webhook_secret, is_suspended, created_at"

static void tenant_read(const struct db_rows *rows, struct arena *arena, struct tenant *tenant)
{
    tenant->id = db_int(rows, 0);
    tenant->subdomain = arena_copy_text(arena, db_text(rows, 1));
    tenant->name = arena_copy_text(arena, db_text(rows, 2));
    tenant->webhook_secret = arena_copy_text(arena, db_text(rows, 3));
    tenant->is_suspended = db_int(rows, 4) != 0;
    tenant->created_at = db_int(rows, 5);
}

static bool tenants_query(struct db *db, struct arena *arena, const char *sql,
                          const char *subdomain, struct tenant *tenants, size_t room,
                          size_t *count_out, struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    if (!db_query(db, sql, DB_VALUES(DB_TEXT(subdomain)), &rows, error)) {
        return false;
    }
    while (*count_out < room && (step = db_next(&rows, error)) == DB_ROW) {
        tenant_read(&rows, arena, &tenants[(*count_out)++]);
    }
    return step != DB_FAILED;
}

bool tenant_list(struct db *db, struct arena *arena, struct tenant **tenants_out, size_t *count_out,
                 struct error *error)
{
    static const char SQL_COUNT[] = "SELECT count(*) FROM tenant";
    static const char SQL[] = "SELECT " TENANT_COLUMNS " FROM tenant ORDER BY subdomain";
    int64_t count = 0;

    if (!db_run_number(db, SQL_COUNT, DB_NO_VALUES, 0, &count, error)) {
        return false;
    }
    size_t room = count < LIST_MAX ? (size_t)count : LIST_MAX;
    *tenants_out = arena_take(arena, (room + 1) * sizeof **tenants_out);
    return tenants_query(db, arena, SQL, NULL, *tenants_out, room, count_out, error);
}

bool tenant_find(struct db *db, struct arena *arena, const char *subdomain,
                 struct tenant **found_out, struct error *error)
{
    static const char SQL[] = "SELECT " TENANT_COLUMNS " FROM tenant WHERE subdomain = $1";
    struct tenant *tenant = arena_take(arena, sizeof *tenant);
    size_t count = 0;

    if (!tenants_query(db, arena, SQL, subdomain, tenant, 1, &count, error)) {
        return false;
    }
    *found_out = count == 1 ? tenant : NULL;
    return true;
}

#define PBX_COLUMNS                                                                                \
    "pbx.id, pbx.tenant_id, pbx.name, pbx.host, pbx.port, pbx.old_port, pbx.username,"             \
    " pbx.password, pbx.api, pbx.is_weak_tls_allowed, pbx.tls_pin, pbx.tls_certificate,"           \
    " pbx.tls_pinned_at, pbx.serial, pbx.rung, pbx.detected_api, pbx.detected_port,"               \
    " pbx.stop_reason, pbx.stop_detail, pbx.stopped_at, pbx.last_cdr_at, lane.id, pbx.edited_at"   \
    " FROM pbx JOIN lane ON lane.owner_id = pbx.id AND lane.stage = 'fetch'"

static void pbx_read(const struct db_rows *rows, struct arena *arena, struct pbx_row *pbx)
{
    *pbx = (struct pbx_row){
        .id = db_int(rows, 0),
        .tenant_id = db_int(rows, 1),
        .name = arena_copy_text(arena, db_text(rows, 2)),
        .host = arena_copy_text(arena, db_text(rows, 3)),
        .port = (int)db_int(rows, 4),
        .old_port = (int)db_int(rows, 5),
        .username = arena_copy_text(arena, db_text(rows, 6)),
        .password = arena_copy_text(arena, db_text(rows, 7)),
        .api = arena_copy_text(arena, db_text(rows, 8)),
        .is_weak_tls_allowed = db_int(rows, 9) != 0,
        .tls_pin = arena_copy_text(arena, db_text(rows, 10)),
        .tls_certificate = arena_copy_text(arena, db_text(rows, 11)),
        .tls_pinned_at = db_int(rows, 12),
        .serial = arena_copy_text(arena, db_text(rows, 13)),
        .rung = arena_copy_text(arena, db_text(rows, 14)),
        .detected_api = arena_copy_text(arena, db_text(rows, 15)),
        .detected_port = (int)db_int(rows, 16),
        .stop_reason = arena_copy_text(arena, db_text(rows, 17)),
        .stop_detail = arena_copy_text(arena, db_text(rows, 18)),
        .stopped_at = db_int(rows, 19),
        .last_cdr_at = db_int(rows, 20),
        .fetch_lane_id = db_int(rows, 21),
        .edited_at = db_int(rows, 22),
    };
}

static bool pbxs_query(struct db *db, struct arena *arena, const char *sql, int64_t id,
                       struct pbx_row *list, size_t room, size_t *count_out, struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    if (!db_query(db, sql, DB_VALUES(DB_INT(id)), &rows, error)) {
        return false;
    }
    while (*count_out < room && (step = db_next(&rows, error)) == DB_ROW) {
        pbx_read(&rows, arena, &list[(*count_out)++]);
    }
    return step != DB_FAILED;
}

bool pbx_row_list(struct db *db, struct arena *arena, int64_t tenant_id, struct pbx_row **rows_out,
                  size_t *count_out, struct error *error)
{
    static const char SQL_COUNT[] = "SELECT count(*) FROM pbx WHERE tenant_id = $1";
    static const char SQL[] = "SELECT " PBX_COLUMNS " WHERE pbx.tenant_id = $1 ORDER BY pbx.id";
    int64_t count = 0;

    if (!db_run_number(db, SQL_COUNT, DB_VALUES(DB_INT(tenant_id)), 0, &count, error)) {
        return false;
    }
    size_t room = count < LIST_MAX ? (size_t)count : LIST_MAX;
    *rows_out = arena_take(arena, (room + 1) * sizeof **rows_out);
    return pbxs_query(db, arena, SQL, tenant_id, *rows_out, room, count_out, error);
}

bool pbx_row_find(struct db *db, struct arena *arena, int64_t pbx_id, struct pbx_row **found_out,
                  struct error *error)
{
    static const char SQL[] = "SELECT " PBX_COLUMNS " WHERE pbx.id = $1";
    struct pbx_row *pbx = arena_take(arena, sizeof *pbx);
    size_t count = 0;

    if (!pbxs_query(db, arena, SQL, pbx_id, pbx, 1, &count, error)) {
        return false;
    }
    *found_out = count == 1 ? pbx : NULL;
    return true;
}

bool pbx_cookie_get(struct db *db, struct arena *arena, int64_t pbx_id, const char **sealed_out,
                    time_ms *at_out, struct error *error)
{
    static const char SQL[] = "SELECT cookie, cookie_at FROM pbx WHERE id = $1";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };

    *sealed_out = NULL;
    if (!db_query(db, SQL, DB_VALUES(DB_INT(pbx_id)), &rows, error)) {
        return false;
    }
    enum db_step step = db_next(&rows, error);
    if (step == DB_ROW) {
        *sealed_out = arena_copy_text(arena, db_text(&rows, 0));
        *at_out = db_int(&rows, 1);
    }
    return step != DB_FAILED;
}

bool pbx_cookie_put(struct db *db, int64_t pbx_id, const char *sealed, time_ms now,
                    struct error *error)
{
    static const char SQL[] = "UPDATE pbx SET cookie = $2, cookie_at = $3 WHERE id = $1";

    return db_run(db, SQL, DB_VALUES(DB_INT(pbx_id), DB_TEXT(sealed), DB_INT(now)), NULL, error);
}

bool pbx_login_take(struct db *db, int64_t pbx_id, const char *worker, time_ms now, time_ms until,
                    bool *taken_out, struct error *error)
{
    static const char SQL[] = "UPDATE pbx SET login_worker = $2, login_until = $4"
                              " WHERE id = $1 AND login_until <= $3 AND stop_reason IS NULL";
    int64_t changed = 0;

    if (!db_run(db, SQL, DB_VALUES(DB_INT(pbx_id), DB_TEXT(worker), DB_INT(now), DB_INT(until)),
                &changed, error)) {
        return false;
    }
    *taken_out = changed == 1;
    return true;
}

bool pbx_login_give(struct db *db, int64_t pbx_id, const char *worker, struct error *error)
{
    static const char SQL[] = "UPDATE pbx SET login_until = 0 WHERE id = $1 AND login_worker = $2";

    return db_run(db, SQL, DB_VALUES(DB_INT(pbx_id), DB_TEXT(worker)), NULL, error);
}

bool pbx_login_release_all(struct db *db, int64_t process_id, struct error *error)
{
    static const char SQL[] =
        "UPDATE pbx SET login_until = 0 WHERE login_until > 0 AND login_worker LIKE $1 || '/%'";
    char process[ROW_ID_TEXT_SIZE];

    return db_run(db, SQL, DB_VALUES(DB_TEXT(row_id_print(process_id, process))), NULL, error);
}

bool pbx_pin_learn(struct db *db, const struct pbx_row *pbx, const char *pin,
                   const char *certificate, time_ms now, bool *kept_out, struct error *error)
{
    static const char SQL[] =
        "UPDATE pbx SET tls_pinned_at = CASE WHEN tls_pin IS NULL THEN $4 ELSE tls_pinned_at END,"
        " tls_pin = $2, tls_certificate = $3"
        " WHERE id = $1 AND edited_at = $5 AND (tls_pin IS NULL OR tls_pin = $2)";
    int64_t changed = 0;

    if (!db_run(db, SQL,
                DB_VALUES(DB_INT(pbx->id), DB_TEXT(pin), DB_TEXT(certificate), DB_INT(now),
                          DB_INT(pbx->edited_at)),
                &changed, error)) {
        return false;
    }
    *kept_out = changed == 1;
    return true;
}

bool pbx_found(struct db *db, const struct pbx_row *pbx, const char *api, int port,
               struct error *error)
{
    static const char SQL[] = "UPDATE pbx SET detected_api = $2, detected_port = $3"
                              " WHERE id = $1 AND edited_at = $4";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(pbx->id), DB_TEXT(api), DB_INT(port), DB_INT(pbx->edited_at)),
                  NULL, error);
}

bool pbx_rung_worked(struct db *db, int64_t pbx_id, const char *rung, struct error *error)
{
    static const char SQL[] = "UPDATE pbx SET rung = $2 WHERE id = $1";

    return db_run(db, SQL, DB_VALUES(DB_INT(pbx_id), DB_TEXT(rung)), NULL, error);
}

bool pbx_stop(struct db *db, const struct pbx_row *pbx, const char *reason, const char *detail,
              time_ms now, bool *stopped_out, struct error *error)
{
    static const char SQL[] =
        "UPDATE pbx SET stop_reason = $2, stop_detail = $3, stopped_at = $4, cookie = NULL"
        " WHERE id = $1 AND edited_at = $5";
    int64_t changed = 0;

    if (!db_run(db, SQL,
                DB_VALUES(DB_INT(pbx->id), DB_TEXT(reason), DB_TEXT(detail), DB_INT(now),
                          DB_INT(pbx->edited_at)),
                &changed, error)) {
        return false;
    }
    *stopped_out = changed == 1;
    return true;
}

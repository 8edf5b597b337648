/* See processes.h. */
#include "store/processes.h"

#include <errno.h>
#include <signal.h>

#include "store/jobs.h"
#include "store/tenants.h"

enum { BURIED_MAX = 64 };

bool process_beat(struct db *db, int64_t id, const char *role, const char *host, int64_t pid,
                  time_ms started_at, time_ms now, struct error *error)
{
    static const char SQL[] =
        "INSERT INTO process (id, role, host, pid, version, started_at, seen_at)"
        " VALUES ($1, $2, $3, $4, $5, $6, $7)"
        " ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(id), DB_TEXT(role), DB_TEXT(host), DB_INT(pid),
                            DB_TEXT(AUDIAPRO_VERSION), DB_INT(started_at), DB_INT(now)),
                  NULL, error);
}

/* The row goes last: whoever dies halfway leaves it for the next to do again. */
static bool process_free(struct db *db, int64_t id, time_ms now, struct error *error)
{
    return job_release_all(db, id, now, error) && pbx_login_release_all(db, id, error) &&
           process_remove(db, id, error);
}

bool process_died(struct db *db, const char *host, int64_t pid, time_ms now, struct error *error)
{
    static const char SQL[] = "SELECT max(id) FROM process WHERE host = $1 AND pid = $2";
    int64_t id = 0;

    return db_run_number(db, SQL, DB_VALUES(DB_TEXT(host), DB_INT(pid)), 0, &id, error) &&
           (id == 0 || process_free(db, id, now, error));
}

/* A dead one's number may be another's by now: then its leases run out by themselves. */
static bool dead_find(struct db *db, const char *host, int64_t ids_out[BURIED_MAX],
                      size_t *count_out, struct error *error)
{
    static const char SQL[] = "SELECT id, pid FROM process WHERE host = $1 ORDER BY id";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    *count_out = 0;
    if (!db_query(db, SQL, DB_VALUES(DB_TEXT(host)), &rows, error)) {
        return false;
    }
    while (*count_out < BURIED_MAX && (step = db_next(&rows, error)) == DB_ROW) {
        if (kill((pid_t)db_int(&rows, 1), 0) != 0 && errno == ESRCH) {
            ids_out[(*count_out)++] = db_int(&rows, 0);
        }
    }
    return step != DB_FAILED;
}

bool process_bury(struct db *db, const char *host, time_ms now, struct error *error)
{
    int64_t ids[BURIED_MAX];
    size_t count = 0;

    if (!dead_find(db, host, ids, &count, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!process_free(db, ids[i], now, error)) {
            return false;
        }
    }
    return true;
}

bool process_remove(struct db *db, int64_t id, struct error *error)
{
    static const char SQL[] = "DELETE FROM process WHERE id = $1";

    return db_run(db, SQL, DB_VALUES(DB_INT(id)), NULL, error);
}

bool process_seen(struct db *db, const char *role, time_ms *seen_at_out, struct error *error)
{
    static const char SQL[] = "SELECT max(seen_at) FROM process WHERE role = $1";

    return db_run_number(db, SQL, DB_VALUES(DB_TEXT(role)), 0, seen_at_out, error);
}

bool process_sweep(struct db *db, time_ms before_at, struct error *error)
{
    static const char SQL[] = "DELETE FROM process WHERE seen_at < $1";

    return db_run(db, SQL, DB_VALUES(DB_INT(before_at)), NULL, error);
}

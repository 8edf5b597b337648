/* See processes.h. */
#include "store/processes.h"

#include "store/jobs.h"

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

bool process_died(struct db *db, const char *host, int64_t pid, time_ms now, struct error *error)
{
    static const char SQL[] = "SELECT max(id) FROM process WHERE host = $1 AND pid = $2";
    int64_t id = 0;

    return db_run_number(db, SQL, DB_VALUES(DB_TEXT(host), DB_INT(pid)), 0, &id, error) &&
           (id == 0 || (job_release_all(db, id, now, error) && process_remove(db, id, error)));
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

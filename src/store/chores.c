/* See chores.h. The same thought as in jobs.c: a lease is a due time in the future. */
#include "store/chores.h"

bool chore_take(struct db *db, const char *name, const char *worker, time_ms now, time_ms until,
                bool *taken_out, struct error *error)
{
    static const char SQL_LOOK[] = "SELECT count(*) FROM chore WHERE name = $1 AND due_at > $2";
    static const char SQL_TAKE[] =
        "INSERT INTO chore (name, due_at, worker) VALUES ($1, $3, $4)"
        " ON CONFLICT (name) DO UPDATE SET due_at = excluded.due_at, worker = excluded.worker"
        " WHERE chore.due_at <= $2";
    int64_t count = 0;

    *taken_out = false;
    /* Most looks find that it is not time yet: they cost no write lock. */
    if (!db_run_number(db, SQL_LOOK, DB_VALUES(DB_TEXT(name), DB_INT(now)), 0, &count, error)) {
        return false;
    }
    if (count > 0) {
        return true;
    }
    if (!db_run(db, SQL_TAKE, DB_VALUES(DB_TEXT(name), DB_INT(now), DB_INT(until), DB_TEXT(worker)),
                &count, error)) {
        return false;
    }
    *taken_out = count == 1;
    return true;
}

bool chore_delay(struct db *db, const char *name, const char *worker, time_ms until,
                 struct error *error)
{
    static const char SQL[] = "UPDATE chore SET due_at = $3 WHERE name = $1 AND worker = $2";

    return db_run(db, SQL, DB_VALUES(DB_TEXT(name), DB_TEXT(worker), DB_INT(until)), NULL, error);
}

bool chore_clock_back(struct db *db, time_ms now, struct error *error)
{
    static const char SQL[] = "UPDATE chore SET due_at = $1 WHERE due_at > $1";

    return db_run(db, SQL, DB_VALUES(DB_INT(now)), NULL, error);
}

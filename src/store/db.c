/* The face of the database: picks the driver by the URL's scheme, and says everything else in terms
 * of it. */
#include "store/db.h"

#include <string.h>

#include "store/driver.h"

/* The only place that knows which databases there are. */
static const struct db_driver *const drivers[] = { &db_sqlite };

bool db_open(const char *url, int busy_ms, struct db **db_out, struct error *error)
{
    for (size_t i = 0; i < COUNT_OF(drivers); i++) {
        size_t length = strlen(drivers[i]->scheme);
        if (strncmp(url, drivers[i]->scheme, length) == 0 && url[length] == ':') {
            return drivers[i]->open(url + length + 1, busy_ms, db_out, error);
        }
    }
    return error_set(error, ERROR_INVALID, "DATABASE_URL: its scheme is unknown; use sqlite:PATH");
}

void db_close(struct db *db)
{
    if (db != NULL) {
        db->driver->close(db);
    }
}

struct db_value db_text_value(const char *text)
{
    if (text == NULL) {
        return DB_NULL;
    }
    return (struct db_value){ .type = DB_TYPE_TEXT, .bytes = text, .size = strlen(text) };
}

struct db_value db_known_int(int64_t number)
{
    return number < 0 ? DB_NULL : DB_INT(number);
}

struct db_value db_known_real(double number)
{
    return number < 0 ? DB_NULL : DB_REAL(number);
}

void db_rows_clear(struct db_rows *rows)
{
    if (rows->statement != NULL) {
        rows->db->driver->reset(rows->db, rows->statement);
        rows->statement = NULL;
    }
}

bool db_query(struct db *db, const char *sql, const struct db_value *values, size_t value_count,
              struct db_rows *rows_out, struct error *error)
{
    rows_out->db = db;
    rows_out->statement = NULL;
    return db->driver->start(db, sql, values, value_count, &rows_out->statement, error);
}

enum db_step db_next(struct db_rows *rows, struct error *error)
{
    enum db_step step = rows->db->driver->next(rows->db, rows->statement, error);

    if (step != DB_ROW) {
        db_rows_clear(rows);
    }
    return step;
}

int64_t db_int(const struct db_rows *rows, int column)
{
    return db_int_or(rows, column, 0);
}

int64_t db_int_or(const struct db_rows *rows, int column, int64_t if_null)
{
    struct db_value value = rows->db->driver->column(rows->statement, column);

    return value.type == DB_TYPE_NULL ? if_null : value.number;
}

double db_real_or(const struct db_rows *rows, int column, double if_null)
{
    struct db_value value = rows->db->driver->column(rows->statement, column);

    if (value.type == DB_TYPE_INT) {
        return (double)value.number;
    }
    return value.type == DB_TYPE_REAL ? value.real : if_null;
}

const char *db_text(const struct db_rows *rows, int column)
{
    struct db_value value = rows->db->driver->column(rows->statement, column);

    return value.type == DB_TYPE_TEXT ? value.bytes : NULL;
}

const void *db_blob(const struct db_rows *rows, int column, size_t *size_out)
{
    struct db_value value = rows->db->driver->column(rows->statement, column);

    *size_out = value.size;
    return value.bytes;
}

bool db_run(struct db *db, const char *sql, const struct db_value *values, size_t value_count,
            int64_t *changed_out, struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step;

    if (!db_query(db, sql, values, value_count, &rows, error)) {
        return false;
    }
    do {
        step = db_next(&rows, error);
    } while (step == DB_ROW);
    if (step == DB_FAILED) {
        return false;
    }
    if (changed_out != NULL) {
        *changed_out = db->driver->changed(db);
    }
    return true;
}

bool db_run_number(struct db *db, const char *sql, const struct db_value *values,
                   size_t value_count, int64_t otherwise, int64_t *number_out, struct error *error)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };

    if (!db_query(db, sql, values, value_count, &rows, error)) {
        return false;
    }
    switch (db_next(&rows, error)) {
    case DB_FAILED:
        return false;
    case DB_ROW:
        *number_out = db_int_or(&rows, 0, otherwise);
        break;
    case DB_DONE:
        *number_out = otherwise;
        break;
    }
    return true;
}

bool db_begin(struct db *db, struct error *error)
{
    static const char SQL[] = "BEGIN IMMEDIATE";

    return db_run(db, SQL, DB_NO_VALUES, NULL, error);
}

bool db_commit(struct db *db, struct error *error)
{
    static const char SQL[] = "COMMIT";

    return db_run(db, SQL, DB_NO_VALUES, NULL, error);
}

void db_rollback(struct db *db)
{
    static const char SQL[] = "ROLLBACK";
    struct error error;

    IGNORE(db_run(db, SQL, DB_NO_VALUES, NULL, &error), "nothing to roll back is fine");
}

bool db_script(struct db *db, const char *sql, struct error *error)
{
    return db->driver->script(db, sql, error);
}

bool db_version(struct db *db, int64_t *version_out, struct error *error)
{
    return db->driver->version(db, version_out, error);
}

bool db_check(struct db *db, int64_t time_max_ms, struct text *damage, bool *whole_out,
              struct error *error)
{
    return db->driver->check(db, time_max_ms, damage, whole_out, error);
}

void db_interrupt(struct db *db)
{
    db->driver->interrupt(db);
}

bool db_backup(struct db *db, const char *path, struct error *error)
{
    return db->driver->backup(db, path, error);
}

void db_log_leave(struct db *db)
{
    if (db->driver->log_leave != NULL) {
        db->driver->log_leave(db);
    }
}

int64_t db_log_size(struct db *db)
{
    return db->driver->log_size != NULL ? db->driver->log_size(db) : 0;
}

bool db_log_empty(struct db *db, struct error *error)
{
    return db->driver->log_empty == NULL || db->driver->log_empty(db, error);
}

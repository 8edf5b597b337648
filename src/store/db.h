/*
 * One database connection, whatever the database is. SQL is written once, in the common subset of
 * SQLite and PostgreSQL ($1 parameters, RETURNING, ON CONFLICT), beside the function that runs it;
 * statements are prepared once per connection and found again by the address of their text, so pass
 * static texts only.
 *
 * A connection belongs to one thread at a time. Values are never part of the SQL text.
 */
#ifndef STORE_DB_H
#define STORE_DB_H

#include <stdint.h>

#include "core/error.h"
#include "core/text.h"

struct db;

/* Open "sqlite:PATH". Waits up to `busy_ms` for another writer. The file is made when it is not
 * there. */
MUST_USE bool db_open(const char *url, int busy_ms, struct db **db_out, struct error *error);
void db_close(struct db *db);
DEFINE_AUTO(db_close, struct db *, NULL)

enum db_type { DB_TYPE_NULL, DB_TYPE_INT, DB_TYPE_REAL, DB_TYPE_TEXT, DB_TYPE_BLOB };
struct db_value {
    enum db_type type;
    int64_t number;
    double real;
    const void *bytes;
    size_t size;
};
#define DB_INT(value) ((struct db_value){ .type = DB_TYPE_INT, .number = (value) })
#define DB_REAL(value) ((struct db_value){ .type = DB_TYPE_REAL, .real = (value) })
/* Negative means "unknown" and is kept as NULL. */
#define DB_KNOWN_INT(value) db_known_int(value)
#define DB_KNOWN_REAL(value) db_known_real(value)
/* NULL is kept as NULL. Borrowed until the call that takes it returns (db_run) or the rows are
 * done. */
#define DB_TEXT(value) db_text_value(value)
#define DB_BLOB(value, length)                                                                     \
    ((struct db_value){ .type = DB_TYPE_BLOB, .bytes = (value), .size = (length) })
#define DB_NULL ((struct db_value){ .type = DB_TYPE_NULL })
struct db_value db_text_value(const char *text);
struct db_value db_known_int(int64_t number);
struct db_value db_known_real(double number);

/* The values of one call: DB_VALUES(DB_INT(1), DB_TEXT("a")), or DB_NO_VALUES. */
#define DB_VALUES(...)                                                                             \
    ((const struct db_value[]){ __VA_ARGS__ }),                                                    \
        sizeof((const struct db_value[]){ __VA_ARGS__ }) / sizeof(struct db_value)
#define DB_NO_VALUES NULL, 0

/* A running query. Step with db_next(); db_rows_clear() may be called at any time. */
struct db_rows {
    struct db *db;
    void *statement;
};
void db_rows_clear(struct db_rows *rows);
DEFINE_AUTO_CLEAR(db_rows_clear, struct db_rows)

MUST_USE bool db_query(struct db *db, const char *sql, const struct db_value *values,
                       size_t value_count, struct db_rows *rows_out, struct error *error);
enum db_step { DB_FAILED, DB_ROW, DB_DONE };
/* DB_FAILED sets *error. After DB_DONE and DB_FAILED the rows are cleared. */
MUST_USE enum db_step db_next(struct db_rows *rows, struct error *error);

/* Columns of the current row, from 0. Texts and blobs are borrowed until the next db_next(). */
int64_t db_int(const struct db_rows *rows, int column); /* NULL yields 0. */
int64_t db_int_or(const struct db_rows *rows, int column, int64_t if_null);
double db_real_or(const struct db_rows *rows, int column, double if_null);
const char *db_text(const struct db_rows *rows, int column); /* NULL stays NULL. */
const void *db_blob(const struct db_rows *rows, int column, size_t *size_out);

/* Run a statement that yields no rows one cares for; *changed_out (may be NULL) is how many rows it
 * changed. */
MUST_USE bool db_run(struct db *db, const char *sql, const struct db_value *values,
                     size_t value_count, int64_t *changed_out, struct error *error);
/* One number from the first row; `otherwise` when there is none. */
MUST_USE bool db_run_number(struct db *db, const char *sql, const struct db_value *values,
                            size_t value_count, int64_t otherwise, int64_t *number_out,
                            struct error *error);

/* A transaction that writes. Not nested. */
MUST_USE bool db_begin(struct db *db, struct error *error);
MUST_USE bool db_commit(struct db *db, struct error *error);
void db_rollback(struct db *db);

/* Several statements at once, for migrations. */
MUST_USE bool db_script(struct db *db, const char *sql, struct error *error);

/* A number that changes when another connection has committed: cheap to ask, the wake-up of
 * sleeping workers. */
MUST_USE bool db_version(struct db *db, int64_t *version_out, struct error *error);

/* The log of a database that does not empty it by itself (SQLite's WAL); see checkpoint.h. Where
 * there is none, these do nothing and the size is 0.
 *
 * From now on commits of this connection leave the log to whoever calls db_log_empty(). */
void db_log_leave(struct db *db);
/* Bytes in the log after the last commit of this connection. */
int64_t db_log_size(struct db *db);
/* Bring what the log holds to its place and sync that, while others read and write. When they added
 * nothing meanwhile, the next commit begins the log anew (unless a reader still looks at it).
 * ERROR_BUSY when another connection is at it. */
MUST_USE bool db_log_empty(struct db *db, struct error *error);

/* Are its pages sound? Reads all of them, for time_max_ms at most (0: as long as it takes):
 * *whole_out says whether that was enough. What is damaged is added to `damage`, with "; " between;
 * nothing: sound. */
struct text;
MUST_USE bool db_check(struct db *db, int64_t time_max_ms, struct text *damage, bool *whole_out,
                       struct error *error);

/* From any thread: the statement that runs now fails, if one does. The connection stays usable. */
void db_interrupt(struct db *db);

/* A consistent copy into a file, while others read and write. */
MUST_USE bool db_backup(struct db *db, const char *path, struct error *error);

#endif

/*
 * SQLite behind db.h: WAL, synchronous=FULL (a commit is on disk when it returns), foreign keys
 * checked.
 *
 * SQLite numbers "$2, $1" by first appearance, PostgreSQL by name; so each statement keeps a map
 * from the parameter's name to SQLite's index. Statements are cached by the address of their SQL.
 */
#include <malloc.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/memory.h"
#include "store/driver.h"

enum { CACHE_SIZE = 256, PARAMETERS_MAX = 48 };

struct statement {
    const char *sql;
    sqlite3_stmt *handle;
    int parameter_index[PARAMETERS_MAX]; /* [n - 1] is SQLite's index of $n; 0 when it does not
                                            occur. */
};

struct sqlite {
    struct db db;
    sqlite3 *handle;
    struct statement *cache[CACHE_SIZE];
    size_t cached_count;
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static const char *library_vfs;

/* Counting its memory would cost SQLite a lock at each allocation, and nobody asks for the figure.
 */
static void library_prepare(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    library_vfs = sqlite_log_gathered();
}

static bool fail(struct sqlite *sqlite, const char *doing, struct error *error)
{
    int code = sqlite3_extended_errcode(sqlite->handle);
    enum error_kind kind = ERROR_SYSTEM;

    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_FULL: /* The disk is full: heals when somebody makes room. */
        kind = ERROR_BUSY;
        break;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        kind = ERROR_CORRUPT;
        break;
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG:
    case SQLITE_ERROR:
        kind = ERROR_INVALID;
        break;
    default:
        break;
    }
    return error_set(error, kind, "database: %s: %s", doing, sqlite3_errmsg(sqlite->handle));
}

static bool sqlite_script(struct db *db, const char *sql, struct error *error)
{
    struct sqlite *sqlite = (struct sqlite *)db;

    if (sqlite3_exec(sqlite->handle, sql, NULL, NULL, NULL) != SQLITE_OK) {
        return fail(sqlite, "script", error);
    }
    return true;
}

static void sqlite_close(struct db *db)
{
    struct sqlite *sqlite = (struct sqlite *)db;

    for (size_t i = 0; i < CACHE_SIZE; i++) {
        if (sqlite->cache[i] != NULL) {
            (void)sqlite3_finalize(sqlite->cache[i]->handle);
            free(sqlite->cache[i]);
        }
    }
    (void)sqlite3_close(sqlite->handle);
    free(sqlite);
}

/* A checkpoint at 16 MiB of log instead of 4: the pages that nearly every commit writes anew are
 * copied a quarter as often. Reading such a log after a crash takes some 20 ms. */
static const char SETTINGS[] = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;"
                               "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
                               "PRAGMA cache_size = -4096; PRAGMA wal_autocheckpoint = 4000;"
                               "PRAGMA journal_size_limit = 67108864;";

static bool sqlite_open(const char *place, int busy_ms, struct db **db_out, struct error *error)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX;
    struct sqlite *sqlite = memory_new(sizeof *sqlite);
    mode_t mask = umask(0077);

    (void)pthread_once(&library_once, library_prepare);
    sqlite->db.driver = &db_sqlite;
    int code = sqlite3_open_v2(place, &sqlite->handle, flags, library_vfs);
    IGNORE(umask(mask), "only our own mask comes back");
    bool is_open = code == SQLITE_OK;
    if (!is_open) {
        IGNORE(error_set(error, ERROR_SYSTEM, "database '%s': %s", place, sqlite3_errstr(code)),
               "returned below");
    }
    if (is_open) {
        (void)sqlite3_extended_result_codes(sqlite->handle, 1);
        (void)sqlite3_busy_timeout(sqlite->handle, busy_ms);
        is_open = sqlite_script(&sqlite->db, SETTINGS, error);
    }
    if (!is_open) {
        sqlite_close(&sqlite->db);
        return false;
    }
    *db_out = &sqlite->db;
    return true;
}

static struct statement *statement_prepare(struct sqlite *sqlite, const char *sql,
                                           struct error *error)
{
    struct statement *statement = memory_new(sizeof *statement);

    statement->sql = sql;
    if (sqlite3_prepare_v3(sqlite->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement->handle,
                           NULL) != SQLITE_OK) {
        IGNORE(fail(sqlite, "prepare", error), "returned below");
        free(statement);
        return NULL;
    }
    for (int n = 1; n <= PARAMETERS_MAX; n++) {
        char name[8];
        IGNORE(snprintf(name, sizeof name, "$%d", n), "fits");
        statement->parameter_index[n - 1] = sqlite3_bind_parameter_index(statement->handle, name);
    }
    return statement;
}

static struct statement *statement_get(struct sqlite *sqlite, const char *sql, struct error *error)
{
    size_t slot = ((uintptr_t)sql >> 3) * 2654435761U % CACHE_SIZE;

    while (sqlite->cache[slot] != NULL && sqlite->cache[slot]->sql != sql) {
        slot = (slot + 1) % CACHE_SIZE;
    }
    if (sqlite->cache[slot] == NULL) {
        if (++sqlite->cached_count >= CACHE_SIZE) {
            fputs("audiapro: more SQL statements than the cache holds\n", stderr);
            abort();
        }
        sqlite->cache[slot] = statement_prepare(sqlite, sql, error);
    }
    return sqlite->cache[slot];
}

static int bind_one(sqlite3_stmt *handle, int index, const struct db_value *value)
{
    switch (value->type) {
    case DB_TYPE_NULL:
        return sqlite3_bind_null(handle, index);
    case DB_TYPE_INT:
        return sqlite3_bind_int64(handle, index, value->number);
    case DB_TYPE_REAL:
        return sqlite3_bind_double(handle, index, value->real);
    case DB_TYPE_TEXT:
        return sqlite3_bind_text64(handle, index, value->bytes, value->size, SQLITE_STATIC,
                                   SQLITE_UTF8);
    case DB_TYPE_BLOB:
        return sqlite3_bind_blob64(handle, index, value->bytes != NULL ? value->bytes : "",
                                   value->size, SQLITE_STATIC);
    }
    return SQLITE_MISUSE;
}

static void sqlite_reset(struct db *db, void *opaque)
{
    struct statement *statement = opaque;

    (void)db;
    (void)sqlite3_reset(statement->handle);
    (void)sqlite3_clear_bindings(statement->handle);
}

static bool sqlite_start(struct db *db, const char *sql, const struct db_value *values,
                         size_t value_count, void **statement_out, struct error *error)
{
    struct sqlite *sqlite = (struct sqlite *)db;
    struct statement *statement = statement_get(sqlite, sql, error);

    if (statement == NULL) {
        return false;
    }
    for (size_t i = 0; i < value_count && i < PARAMETERS_MAX; i++) {
        int index = statement->parameter_index[i];
        if (index > 0 && bind_one(statement->handle, index, &values[i]) != SQLITE_OK) {
            sqlite_reset(db, statement);
            return fail(sqlite, "bind", error);
        }
    }
    *statement_out = statement;
    return true;
}

static enum db_step sqlite_next(struct db *db, void *opaque, struct error *error)
{
    struct statement *statement = opaque;

    switch (sqlite3_step(statement->handle)) {
    case SQLITE_ROW:
        return DB_ROW;
    case SQLITE_DONE:
        return DB_DONE;
    default:
        IGNORE(fail((struct sqlite *)db, "step", error), "returned below");
        return DB_FAILED;
    }
}

static struct db_value sqlite_column(void *opaque, int column)
{
    sqlite3_stmt *handle = ((struct statement *)opaque)->handle;

    switch (sqlite3_column_type(handle, column)) {
    case SQLITE_INTEGER:
        return DB_INT(sqlite3_column_int64(handle, column));
    case SQLITE_FLOAT:
        return (struct db_value){ .type = DB_TYPE_REAL,
                                  .real = sqlite3_column_double(handle, column),
                                  .number = sqlite3_column_int64(handle, column) };
    case SQLITE_TEXT:
        return (struct db_value){ .type = DB_TYPE_TEXT,
                                  .bytes = sqlite3_column_text(handle, column),
                                  .size = (size_t)sqlite3_column_bytes(handle, column) };
    case SQLITE_BLOB:
        return (struct db_value){ .type = DB_TYPE_BLOB,
                                  .bytes = sqlite3_column_blob(handle, column),
                                  .size = (size_t)sqlite3_column_bytes(handle, column) };
    default:
        return DB_NULL;
    }
}

static int64_t sqlite_changed(struct db *db)
{
    return sqlite3_changes64(((struct sqlite *)db)->handle);
}

static bool sqlite_version(struct db *db, int64_t *version_out, struct error *error)
{
    static const char SQL[] = "PRAGMA data_version";

    return db_run_number(db, SQL, DB_NO_VALUES, 0, version_out, error);
}

static void sqlite_interrupt_now(struct db *db)
{
    sqlite3_interrupt(((struct sqlite *)db)->handle);
}

static bool sqlite_check(struct db *db, struct text *problems, struct error *error)
{
    static const char SQL[] = "PRAGMA quick_check(20)";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step;

    if (!db_query(db, SQL, DB_NO_VALUES, &rows, error)) {
        return false;
    }
    while ((step = db_next(&rows, error)) == DB_ROW) {
        const char *line = db_text(&rows, 0);
        if (line != NULL && strcmp(line, "ok") != 0) {
            text_add(problems, line);
            text_add_char(problems, '\n');
        }
    }
    return step != DB_FAILED;
}

static bool sqlite_backup(struct db *db, const char *path, struct error *error)
{
    static const char SQL[] = "VACUUM INTO $1";

    return db_run(db, SQL, DB_VALUES(DB_TEXT(path)), NULL, error);
}

const struct db_driver db_sqlite = {
    .scheme = "sqlite",
    .id_type = "INTEGER", /* With PRIMARY KEY it names the rowid itself: no tree of its own. */
    .by_key = "WITHOUT ROWID",
    .open = sqlite_open,
    .close = sqlite_close,
    .start = sqlite_start,
    .next = sqlite_next,
    .reset = sqlite_reset,
    .column = sqlite_column,
    .changed = sqlite_changed,
    .script = sqlite_script,
    .version = sqlite_version,
    .interrupt = sqlite_interrupt_now,
    .check = sqlite_check,
    .backup = sqlite_backup,
};

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
#include <time.h>

#include "core/memory.h"
#include "core/text.h"
#include "core/time.h"
#include "store/driver.h"

enum { CACHE_SIZE = 256, PARAMETERS_MAX = 48, PAGE_SIZE = 2048 };
enum { LOOK_US = 2000, LOOK_FIRST_US = 200 };

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
    int64_t busy_ms; /* How long to wait for another writer. */
    int64_t look_us; /* How often to look whether it is our turn. */
    int64_t waiting_since_ms;
    int log_pages; /* After the last commit; counted from log_leave() on. */
};

static pthread_once_t library_once = PTHREAD_ONCE_INIT;
static const char *library_vfs;

/* SQLite's own waits grow to 100 ms, during which others come and go: under load one would hardly
 * ever get its turn. So: short looks of the same length; and who looks more often goes first. */
static int wait_turn(void *context, int looked_count)
{
    struct sqlite *sqlite = context;
    int64_t now_ms = time_monotonic_ms();

    if (looked_count == 0) {
        sqlite->waiting_since_ms = now_ms;
    }
    if (now_ms - sqlite->waiting_since_ms >= sqlite->busy_ms) {
        return 0;
    }
    (void)nanosleep(&(struct timespec){ .tv_nsec = sqlite->look_us * 1000 }, NULL);
    return 1;
}

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

/* Pages of 2 KiB: rows of many tenants and PBXs lie far apart in a few of the trees, so a webhook
 * costs whole pages there; half the page is half the log. A database that was made with other pages
 * keeps them.
 *
 * The log is emptied by the checkpointer (checkpoint.h), at 64 MiB at the latest; connections that
 * do not know of it do so themselves at twice as much, where no http role runs. Reading such a log
 * after a crash takes some 100 ms. */
static const char SETTINGS[] = "PRAGMA page_size = 2048; PRAGMA journal_mode = WAL;"
                               "PRAGMA synchronous = FULL;"
                               "PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF;"
                               "PRAGMA cache_size = -1024; PRAGMA wal_autocheckpoint = 64000;"
                               "PRAGMA journal_size_limit = 134217728;";

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
        sqlite->busy_ms = busy_ms;
        sqlite->look_us = LOOK_US;
        (void)sqlite3_busy_handler(sqlite->handle, wait_turn, sqlite);
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

/* Asked every few thousand steps of a statement: not 0 ends it. */
static int check_is_over(void *context)
{
    return time_monotonic_ms() > *(const int64_t *)context;
}

static bool sqlite_check(struct db *db, int64_t time_max_ms, struct text *damage, bool *whole_out,
                         struct error *error)
{
    static const char SQL[] = "PRAGMA quick_check(20)";
    sqlite3 *handle = ((struct sqlite *)db)->handle;
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    int64_t until_ms = time_max_ms > 0 ? time_monotonic_ms() + time_max_ms : INT64_MAX;
    enum db_step step = DB_FAILED;

    sqlite3_progress_handler(handle, 4000, check_is_over, &until_ms);
    bool is_started = db_query(db, SQL, DB_NO_VALUES, &rows, error);
    while (is_started && (step = db_next(&rows, error)) == DB_ROW) {
        const char *line = db_text(&rows, 0);
        if (line != NULL && strcmp(line, "ok") != 0) {
            text_print(damage, "%s%s", damage->size > 0 ? "; " : "", line);
        }
    }
    sqlite3_progress_handler(handle, 0, NULL, NULL);
    *whole_out = step == DB_DONE;
    return step == DB_DONE || time_monotonic_ms() > until_ms;
}

static bool sqlite_backup(struct db *db, const char *path, struct error *error)
{
    static const char SQL[] = "VACUUM INTO $1";

    return db_run(db, SQL, DB_VALUES(DB_TEXT(path)), NULL, error);
}

static int log_note(void *context, sqlite3 *handle, const char *name, int pages)
{
    struct sqlite *sqlite = context;

    (void)handle;
    (void)name;
    sqlite->log_pages = pages;
    return SQLITE_OK;
}

/* The hook takes the place of SQLite's own, which would empty the log within a commit. Who leaves
 * the log is the one who writes much, and others wait for it: it goes first, and more of the pages
 * that it comes back to stay in memory. */
static void sqlite_log_leave(struct db *db)
{
    struct sqlite *sqlite = (struct sqlite *)db;
    struct error error;

    (void)sqlite3_wal_hook(sqlite->handle, log_note, sqlite);
    sqlite->look_us = LOOK_FIRST_US;
    IGNORE(sqlite_script(db, "PRAGMA cache_size = -4096", &error), "only slower without");
}

static int64_t sqlite_log_size(struct db *db)
{
    return (int64_t)((struct sqlite *)db)->log_pages * PAGE_SIZE;
}

static bool sqlite_log_empty(struct db *db, struct error *error)
{
    struct sqlite *sqlite = (struct sqlite *)db;

    return sqlite3_wal_checkpoint_v2(sqlite->handle, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL) ==
               SQLITE_OK ||
           fail(sqlite, "emptying the log", error);
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
    .log_leave = sqlite_log_leave,
    .log_size = sqlite_log_size,
    .log_empty = sqlite_log_empty,
};

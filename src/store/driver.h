/* What a database driver must provide. Included by store/ only. */
#ifndef STORE_DRIVER_H
#define STORE_DRIVER_H

#include "store/db.h"

struct db_driver {
    const char *scheme; /* As in DATABASE_URL: "sqlite". */
    /* What migrations may write for the type of a row's id, and behind a table whose rows lie in
     * the order of its primary key: "{id}" and "{by key}" become these. */
    const char *id_type;
    const char *by_key;

    MUST_USE bool (*open)(const char *place, int busy_ms, struct db **db_out, struct error *error);
    void (*close)(struct db *db);
    /* Bind and start; *statement_out is the driver's own, given back by `reset`. */
    MUST_USE bool (*start)(struct db *db, const char *sql, const struct db_value *values,
                           size_t value_count, void **statement_out, struct error *error);
    enum db_step (*next)(struct db *db, void *statement, struct error *error);
    void (*reset)(struct db *db, void *statement);
    struct db_value (*column)(void *statement, int column);
    int64_t (*changed)(struct db *db);
    MUST_USE bool (*script)(struct db *db, const char *sql, struct error *error);
    MUST_USE bool (*version)(struct db *db, int64_t *version_out, struct error *error);
    void (*interrupt)(struct db *db);
    MUST_USE bool (*check)(struct db *db, int64_t time_max_ms, struct text *damage, bool *whole_out,
                           struct error *error);
    MUST_USE bool (*backup)(struct db *db, const char *path, struct error *error);
    /* These three are NULL where the database empties its log itself. */
    void (*log_leave)(struct db *db);
    int64_t (*log_size)(struct db *db);
    MUST_USE bool (*log_empty)(struct db *db, struct error *error);
};

struct db {
    const struct db_driver *driver; /* First member of every driver's struct. */
};

extern const struct db_driver db_sqlite;

/* sqlite_log.c: makes known to SQLite a file system that gathers the writes to its log, and says
 * its name; NULL when that failed. Once per process. */
const char *sqlite_log_gathered(void);

#endif

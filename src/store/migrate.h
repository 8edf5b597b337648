/* The schema: numbered, forward only, embedded. Safe when several processes start at once. */
#ifndef STORE_MIGRATE_H
#define STORE_MIGRATE_H

#include "store/db.h"

/* Bring the database to the newest schema. A schema newer than this program is refused. */
MUST_USE bool store_migrate(struct db *db, struct error *error);
/* How far the database is, and how far this program goes. */
MUST_USE bool store_schema(struct db *db, int64_t *version_out, int64_t *newest_out,
                           struct error *error);

#endif

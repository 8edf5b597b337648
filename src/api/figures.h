/* The ledger's figures as the contract writes them (Collection in openapi.json): for the route and
 * for the command line. */
#ifndef API_FIGURES_H
#define API_FIGURES_H

#include <jansson.h>

#include "core/arena.h"
#include "core/time.h"
#include "store/db.h"

/* Parts (by PBX, extension, trunk) cost a few lookups for each call: without a start they look back
 * over this much only; `details_from` in the answer says so. */
#define FIGURES_DETAILS_MAX (31 * DAY_MS)

/* Of a tenant (0: all) and of calls that started in [from_at, to_at); 0: no bound. Yours to
 * release; NULL with *error set when the database fails. */
MUST_USE json_t *figures_make(struct db *db, struct arena *arena, int64_t tenant_id,
                              time_ms from_at, time_ms to_at, time_ms now, struct error *error);

#endif

/*
 * The figures of the ledger: how many recordings should be here, are here, and where the others
 * are; by reason, PBX, extension and trunk; and answered calls that nothing was recorded of.
 *
 * All are of the calls that started in [from_at, to_at) (to_at 0: no end) of one tenant (0: of
 * all). A recording counts once, with the call that named it first; expected = stored + waiting +
 * missing in every row, `fetching` counting as waiting. Cost: a few index lookups for each call in
 * the range.
 */
#ifndef STORE_COLLECTION_H
#define STORE_COLLECTION_H

#include "core/arena.h"
#include "core/time.h"
#include "store/db.h"

struct collection {
    int64_t calls;
    int64_t not_expected; /* Calls none of whose legs names a recording. */
    int64_t expected, stored, waiting, missing;
};
MUST_USE bool collection_count(struct db *db, int64_t tenant_id, time_ms from_at, time_ms to_at,
                               struct collection *counts_out, struct error *error);

struct collection_reason {
    const char *code;
    int64_t count, waiting, missing; /* count = waiting + missing */
};
/* Most frequent first, at most 128. */
MUST_USE bool collection_reasons(struct db *db, struct arena *arena, int64_t tenant_id,
                                 time_ms from_at, time_ms to_at,
                                 struct collection_reason **list_out, size_t *count_out,
                                 struct error *error);

enum collection_kind { COLLECTION_PBX, COLLECTION_EXTENSION, COLLECTION_TRUNK };

struct collection_part {
    enum collection_kind kind;
    int64_t pbx_id;
    const char *tenant; /* subdomain */
    const char *pbx;
    const char *name; /* Of the extension or trunk; "" of a PBX. */
    int64_t expected, stored, waiting, missing;
};
/* By kind, in each the worst first, at most COLLECTION_PARTS_MAX of a kind. A recording whose leg
 * names no extension or no trunk is in no part of that kind. */
enum { COLLECTION_PARTS_MAX = 50 };
MUST_USE bool collection_parts(struct db *db, struct arena *arena, int64_t tenant_id,
                               time_ms from_at, time_ms to_at, struct collection_part **list_out,
                               size_t *count_out, struct error *error);

/* How many of the answered calls of an extension or trunk have a recording, and how many of the
 * others on the same PBX. A call counts once for each extension and trunk that took part in it;
 * who was only rung does not take part. */
struct collection_share {
    enum collection_kind kind; /* COLLECTION_EXTENSION or COLLECTION_TRUNK */
    const char *tenant, *pbx, *name;
    int64_t answered, recorded;
    int64_t rest_answered, rest_recorded;
};
/* Those with the most unrecorded calls first. `visit` says whether to go on. */
MUST_USE bool collection_shares(struct db *db, int64_t tenant_id, time_ms from_at, time_ms to_at,
                                bool (*visit)(const struct collection_share *share, void *context),
                                void *context, struct error *error);

#endif

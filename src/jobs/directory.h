/*
 * Who may send webhooks: tenants by subdomain with their PBXs, held in memory and read anew from
 * the database when older than a second, or at once for a subdomain that is not there. So a changed
 * secret counts within a second, and a new tenant's first webhook is not lost. Threads share it.
 */
#ifndef JOBS_DIRECTORY_H
#define JOBS_DIRECTORY_H

#include "jobs/world.h"
#include "ledger/reason.h"

struct directory_entry {
    int64_t tenant_id;
    int64_t pbx_id; /* The tenant's first, or the one whose serial number was given. */
    int64_t fetch_lane_id;
    enum reason waiting_reason; /* Why new recordings of this PBX wait. */
    bool has_secret;
    bool is_suspended;
};

struct directory;

MUST_USE bool directory_open(const struct world *world, struct directory **directory_out,
                             struct error *error);
void directory_close(struct directory *directory);
DEFINE_AUTO(directory_close, struct directory *, NULL)

/* *found_out false when no tenant has that subdomain. `serial` may be NULL or "". */
MUST_USE bool directory_find(struct directory *directory, const char *subdomain, const char *serial,
                             struct directory_entry *entry_out, bool *found_out,
                             struct error *error);
/* Is `secret` (NULL: none was sent) the tenant's webhook secret? True when the tenant has none.
 * Constant time. */
bool directory_admits(struct directory *directory, const struct directory_entry *entry,
                      const char *secret);

#endif

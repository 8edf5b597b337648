/*
 * A person asks for many recordings again: all that are not stored, with a reason, of a time, of a
 * PBX. What is stored or being fetched is never touched. A PBX that waits for a person is not
 * asked: its recordings are put back into its queue and counted apart.
 */
#ifndef STORE_RETRY_H
#define STORE_RETRY_H

#include "core/arena.h"
#include "core/time.h"
#include "store/db.h"

struct retry_filter {
    int64_t tenant_id;  /* 0: all tenants */
    const char *pbx;    /* A PBX's name; NULL: any. */
    const char *reason; /* A reason's code; NULL: any. */
    time_ms from_at;    /* Of calls that started >= */
    time_ms to_at;      /* and <; 0: no end. */
};

struct retry_counts {
    int64_t retried;         /* Due now. */
    int64_t waiting_for_pbx; /* Due as soon as a person has seen to their PBX. */
};

/* In batches of some hundred, each its own transaction, so that webhooks come in between; outside
 * any other. When it fails, what was counted so far stays done. */
MUST_USE bool recordings_retry(struct db *db, const struct retry_filter *filter, time_ms now,
                               struct retry_counts *counts_out, struct error *error);

#endif

/* Making a webhook durable: raw body, legs, calls, recordings and jobs, inside the caller's
 * transaction. */
#ifndef STORE_INTAKE_H
#define STORE_INTAKE_H

#include "cdr/cdr.h"
#include "core/time.h"
#include "ledger/reason.h"
#include "store/db.h"

/* AcctId of the leg that is made up for a file which no call record names (jobs/heal.h), and the
 * peer of the body that brings it. When a record names the file after all, its recording moves to
 * that record's call, and the leg goes. Only the peer, which nobody outside can choose, makes it
 * such a leg. */
#define LEG_OF_FILE "file"
#define PEER_LISTING "listing"

struct intake_webhook {
    int64_t tenant_id;
    int64_t pbx_id;
    int64_t fetch_lane_id;
    enum reason waiting_reason; /* Why its new recordings wait: first try, PBX not configured, PBX
                                   stopped. */
    time_ms received_at;
    const char *peer;
    const char *content_type;     /* As sent, may be NULL. */
    const char *content_encoding; /* As sent, may be NULL. */
    const void *body;
    size_t size;
    const char *quarantine; /* Why it cannot be read; NULL when `legs` hold what it says. */
    const struct cdr_leg *legs;
    size_t leg_count;
    bool
        is_body_the_leg; /* The body is one flat JSON object in UTF-8: it need not be kept twice. */
    /* Of its new recordings: when they may be fetched (0: now), and whether they stand behind those
     * of living calls. */
    time_ms fetch_at;
    bool is_history;
};

struct intake_result {
    size_t new_leg_count;
    size_t new_recording_count;
    int64_t call_id; /* Of the first leg; 0 when there is none. */
};

/* Inside db_begin()/db_commit(). A webhook that brings nothing new leaves no row. */
MUST_USE bool store_webhook_keep(struct db *db, const struct intake_webhook *webhook,
                                 struct intake_result *result_out, struct error *error);

#endif

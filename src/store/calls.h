/* Calls as people look at them: lists with filters, one call with its legs. Figures: collection.h.
 */
#ifndef STORE_CALLS_H
#define STORE_CALLS_H

#include "core/arena.h"
#include "core/time.h"
#include "store/db.h"

struct call_row {
    int64_t id, tenant_id, pbx_id;
    const char *tenant; /* subdomain */
    const char *session, *direction, *from, *to, *caller_name, *disposition;
    time_ms started_at, answered_at, ended_at; /* 0: never */
    int64_t duration_s, talk_s;                /* -1: unknown */
};

struct call_filter {
    int64_t tenant_id;     /* 0: all tenants */
    time_ms from_at;       /* started_at >= */
    time_ms to_at;         /* started_at < ; 0: no end */
    const char *text;      /* Part of a number or name, any case; NULL: any. */
    const char *number;    /* From or to is exactly this; NULL: any. */
    const char *direction; /* NULL: any. */
    const char *recording; /* A state, "not_expected", or a reason's code; NULL: any. */
    time_ms before_at; /* The cursor: rows older than (before_at, before_id); 0: from the newest. */
    int64_t before_id;
    int64_t limit; /* 1 to 200 */
};

/* Newest first. */
MUST_USE bool call_list(struct db *db, struct arena *arena, const struct call_filter *filter,
                        struct call_row **list_out, size_t *count_out, struct error *error);
/* tenant_id 0: any tenant. NULL when there is none that this tenant may see. */
MUST_USE bool call_find(struct db *db, struct arena *arena, int64_t tenant_id, int64_t id,
                        struct call_row **found_out, struct error *error);

struct leg_row {
    const char *acct_id, *uniqueid;
    const char *fields; /* The leg's JSON object, NULL when it is the webhook's body. */
    const void *body;
    size_t body_size;
    const char *content_encoding;
};
MUST_USE bool leg_list(struct db *db, struct arena *arena, int64_t call_id,
                       struct leg_row **list_out, size_t *count_out, struct error *error);

/* When the call's first webhook came, and how many webhooks brought its legs. */
MUST_USE bool call_webhooks(struct db *db, int64_t call_id, time_ms *first_at_out,
                            int64_t *count_out, struct error *error);

struct quarantine_row {
    int64_t id;
    const char *tenant;
    time_ms received_at;
    const char *content_type, *reason;
    int64_t size;
    const char *preview; /* The first 256 bytes, whatever they are. */
    size_t preview_size;
};
MUST_USE bool quarantine_list(struct db *db, struct arena *arena, int64_t tenant_id,
                              struct quarantine_row **list_out, size_t *count_out,
                              struct error *error);

#endif

/*
 * Targets: who is told of alarms, and every try to tell. Secrets arrive and leave sealed
 * (auth/vault.h); addresses are checked by jobs/notify.h.
 */
#ifndef STORE_TARGETS_H
#define STORE_TARGETS_H

#include "core/arena.h"
#include "core/time.h"
#include "store/db.h"

enum { TARGETS_PER_TENANT_MAX = 32, DELIVERIES_LISTED_MAX = 200, TRIES_LISTED_MAX = 2000 };

/* ---- Targets ---- */

#define TARGET_WEBHOOK "webhook"
#define TARGET_EMAIL "email"

struct target_row {
    int64_t id;
    int64_t tenant_id;  /* 0: hears all tenants' alarms and the server's */
    const char *tenant; /* subdomain; NULL: all */
    const char *kind;
    const char *address;
    const char *secret; /* sealed; NULL: none */
    time_ms created_at;
    time_ms disabled_at; /* 0: it is not */
    const char *disabled_reason;
};

/* ERROR_INVALID when it is there already, ERROR_LIMIT past TARGETS_PER_TENANT_MAX. Inside a
 * transaction. */
MUST_USE bool target_add(struct db *db, const struct target_row *row, struct error *error);
/* Oldest first. tenant_id 0: all. */
MUST_USE bool target_list(struct db *db, struct arena *arena, int64_t tenant_id,
                          struct target_row **list_out, size_t *count_out, struct error *error);
/* tenant_id 0: any tenant's. NULL when there is none that this tenant may see. */
MUST_USE bool target_find(struct db *db, struct arena *arena, int64_t tenant_id, int64_t id,
                          struct target_row **found_out, struct error *error);
/* With its deliveries, sent or not. Inside a transaction. */
MUST_USE bool target_remove(struct db *db, int64_t id, struct error *error);
/* Nothing is sent to it any more, for this reason; NULL: it is again. */
MUST_USE bool target_disable(struct db *db, int64_t id, const char *reason, time_ms now,
                             struct error *error);

/* ---- Deliveries ---- */

#define DELIVERY_WAITING "waiting"
#define DELIVERY_DELIVERED "delivered"
#define DELIVERY_FAILED "failed"

struct delivery_row {
    int64_t id, target_id, tenant_id; /* The target's tenant. */
    int64_t alarm_id;                 /* 0: a test's */
    const char *event;                /* "alarm.raised" … */
    const char *content;              /* The JSON that is sent. */
    const char *state;
    int64_t attempt_count;
    time_ms next_try_at; /* 0: none */
    time_ms created_at, settled_at;
};
/* Written down, and its job in the target's lane, due now. Inside a transaction. */
MUST_USE bool delivery_add(struct db *db, const struct delivery_row *row, struct error *error);
MUST_USE bool delivery_find(struct db *db, struct arena *arena, int64_t id,
                            struct delivery_row **found_out, struct error *error);
/* Of one target, newest first, at most DELIVERIES_LISTED_MAX. */
MUST_USE bool delivery_list(struct db *db, struct arena *arena, int64_t target_id,
                            struct delivery_row **list_out, size_t *count_out, struct error *error);

struct delivery_try {
    int64_t delivery_id;
    time_ms at;
    int64_t status;     /* HTTP's or SMTP's; 0: no answer came */
    const char *detail; /* What happened, for people. */
    const char *answer; /* The first bytes of the answer, printable. */
    int64_t duration_ms;
};
/* A try and what it left: the state, and for a waiting one the next try. Inside the transaction
 * that settles the job. */
MUST_USE bool delivery_tried(struct db *db, const struct delivery_try *try, const char *state,
                             time_ms next_try_at, struct error *error);
/* Of one target's deliveries, oldest first, at most TRIES_LISTED_MAX. */
MUST_USE bool delivery_tries(struct db *db, struct arena *arena, int64_t target_id,
                             struct delivery_try **list_out, size_t *count_out,
                             struct error *error);

/* Forget what was settled before. */
MUST_USE bool delivery_sweep(struct db *db, time_ms before_at, struct error *error);

#endif

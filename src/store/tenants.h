/* Tenants and their PBXs. Secrets arrive and leave sealed (auth/vault.h); this file never opens
 * them. */
#ifndef STORE_TENANTS_H
#define STORE_TENANTS_H

#include "core/arena.h"
#include "core/time.h"
#include "store/db.h"

struct tenant {
    int64_t id;
    const char *subdomain;
    const char *name;
    const char *webhook_secret; /* sealed; NULL: webhooks need none */
    bool is_suspended;
    time_ms created_at;
};

struct pbx_row {
    int64_t id;
    int64_t tenant_id;
    const char *name;
    const char *host; /* NULL: not configured */
    int port;         /* 0: to be detected */
    int old_port;
    const char *username;
    const char *password; /* sealed */
    const char *api;      /* auto, new, old */
    bool is_weak_tls_allowed;
    const char *tls_pin;
    const char *tls_certificate; /* Subject, issuer, expiry, for people. */
    time_ms tls_pinned_at;
    const char *serial;
    const char *rung;
    const char *detected_api;
    int detected_port;
    const char *stop_reason; /* Why nothing is asked of it until a person edits it; NULL: it is. */
    const char *stop_detail;
    time_ms stopped_at;
    time_ms last_cdr_at;
    int64_t fetch_lane_id;
    time_ms edited_at; /* What is learned under older settings says nothing of the newer ones. */
};

/* Both made in one go: a tenant never lacks a PBX row. Lanes are made with them. ERROR_INVALID when
 * the subdomain is taken or is no DNS label of 1 to 63 of a-z, 0-9 and '-'. Inside a transaction.
 */
MUST_USE bool tenant_add(struct db *db, const struct tenant *tenant, const struct pbx_row *pbx,
                         struct error *error);
/* Change what a person may change of a PBX; a stop ends, its lane opens, and recordings that were
 * given up or wait because of it become due. `password` NULL keeps the old one. Inside a
 * transaction. */
MUST_USE bool pbx_row_edit(struct db *db, const struct pbx_row *pbx, time_ms now,
                           struct error *error);
MUST_USE bool tenant_secret_set(struct db *db, int64_t tenant_id, const char *sealed,
                                struct error *error);

MUST_USE bool tenant_list(struct db *db, struct arena *arena, struct tenant **tenants_out,
                          size_t *count_out, struct error *error);
/* *found_out NULL when there is none. */
MUST_USE bool tenant_find(struct db *db, struct arena *arena, const char *subdomain,
                          struct tenant **found_out, struct error *error);
MUST_USE bool pbx_row_list(struct db *db, struct arena *arena, int64_t tenant_id,
                           struct pbx_row **rows_out, size_t *count_out, struct error *error);
MUST_USE bool pbx_row_find(struct db *db, struct arena *arena, int64_t pbx_id,
                           struct pbx_row **found_out, struct error *error);

/* ---- What the PBX client remembers between requests, shared by all processes. Each its own
 * statement. ---- */

MUST_USE bool pbx_cookie_get(struct db *db, struct arena *arena, int64_t pbx_id,
                             const char **sealed_out, time_ms *at_out, struct error *error);
MUST_USE bool pbx_cookie_put(struct db *db, int64_t pbx_id, const char *sealed, time_ms now,
                             struct error *error);
/* One login in flight: *taken_out is false while another worker's lease lasts, and once the PBX is
 * stopped. */
MUST_USE bool pbx_login_take(struct db *db, int64_t pbx_id, const char *worker, time_ms now,
                             time_ms until, bool *taken_out, struct error *error);
MUST_USE bool pbx_login_give(struct db *db, int64_t pbx_id, const char *worker,
                             struct error *error);
/* The process is dead: whatever login a worker "PROCESS/…" of it had is nobody's. */
MUST_USE bool pbx_login_release_all(struct db *db, int64_t process_id, struct error *error);
/* First use: kept only where no other pin is; *kept_out says whether `pin` is now the one that
 * counts. This and the two below change nothing when `pbx` was edited since it was read. */
MUST_USE bool pbx_pin_learn(struct db *db, const struct pbx_row *pbx, const char *pin,
                            const char *certificate, time_ms now, bool *kept_out,
                            struct error *error);
MUST_USE bool pbx_found(struct db *db, const struct pbx_row *pbx, const char *api, int port,
                        struct error *error);
MUST_USE bool pbx_rung_worked(struct db *db, int64_t pbx_id, const char *rung, struct error *error);
/* Stop asking this PBX until a person edits it. */
MUST_USE bool pbx_stop(struct db *db, const struct pbx_row *pbx, const char *reason,
                       const char *detail, time_ms now, bool *stopped_out, struct error *error);

#endif

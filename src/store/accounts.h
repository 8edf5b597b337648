/* People, their sessions, and API tokens. Only hashes of passwords and tokens come here (auth/). */
#ifndef STORE_ACCOUNTS_H
#define STORE_ACCOUNTS_H

#include "core/arena.h"
#include "core/time.h"
#include "store/db.h"

struct account {
    int64_t id;
    int64_t tenant_id;  /* 0: an operator, who sees all tenants */
    const char *tenant; /* Its subdomain; NULL for an operator. */
    const char *email;
    const char *password_hash;
    const char *role; /* auth/role.h's names */
    bool is_disabled;
    time_ms created_at;
};

/* ERROR_INVALID when the e-mail address is taken or is none. */
MUST_USE bool account_add(struct db *db, const struct account *account, struct error *error);
/* By e-mail address, in any case. *found_out NULL when there is none. */
MUST_USE bool account_find(struct db *db, struct arena *arena, const char *email,
                           struct account **found_out, struct error *error);
MUST_USE bool account_list(struct db *db, struct arena *arena, struct account **list_out,
                           size_t *count_out, struct error *error);
/* Ends all of the account's sessions as well. Inside a transaction. */
MUST_USE bool account_password_set(struct db *db, int64_t id, const char *password_hash,
                                   struct error *error);

MUST_USE bool session_add(struct db *db, const char *token_hash, int64_t account_id,
                          const char *peer, time_ms now, time_ms expires_at, struct error *error);
/* The account of a session that has not expired, or of an API token; NULL when there is none. A
 * session of the future is none: it was made before the clock was set back. */
MUST_USE bool session_find(struct db *db, struct arena *arena, const char *token_hash, time_ms now,
                           struct account **found_out, struct error *error);
MUST_USE bool token_find(struct db *db, struct arena *arena, const char *token_hash, time_ms now,
                         struct account **found_out, struct error *error);
MUST_USE bool session_remove(struct db *db, const char *token_hash, struct error *error);
MUST_USE bool session_sweep(struct db *db, time_ms now, struct error *error);

struct token_row {
    int64_t id;
    const char *token_hash;
    int64_t tenant_id; /* 0: all tenants */
    const char *tenant;
    const char *name;
    const char *role;
    time_ms created_at, expires_at;
};
MUST_USE bool token_add(struct db *db, const struct token_row *token, struct error *error);
MUST_USE bool token_list(struct db *db, struct arena *arena, struct token_row **list_out,
                         size_t *count_out, struct error *error);
MUST_USE bool token_remove(struct db *db, int64_t id, bool *removed_out, struct error *error);

#endif

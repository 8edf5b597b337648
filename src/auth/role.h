/*
 * Roles, and which of them may do what. Viewer to operator is a ladder: each may do all that those
 * below it may. The webhook's role stands beside the ladder: it opens webhooks and nothing else,
 * and no person has it.
 */
#ifndef AUTH_ROLE_H
#define AUTH_ROLE_H

#include <stdbool.h>

#include "core/macros.h"

enum role {
    ROLE_NOBODY,  /* Needs no login; has no rights. */
    ROLE_WEBHOOK, /* A phone system that knows its secret. */
    ROLE_VIEWER,
    ROLE_ANALYST,
    ROLE_MANAGER,
    ROLE_ADMIN,    /* Everything within a tenant. */
    ROLE_OPERATOR, /* All tenants. */
};

/* "viewer": as stored and shown. */
const char *role_name(enum role role);
/* False when there is no such role. */
MUST_USE bool role_find(const char *name, enum role *role_out);
/* May one who has `have` do what needs `need`? */
bool role_allows(enum role have, enum role need);

#endif

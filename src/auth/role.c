/* See role.h. */
#include "auth/role.h"

#include <string.h>

static const char *const names[] = {
    [ROLE_NOBODY] = "nobody",     [ROLE_WEBHOOK] = "webhook", [ROLE_VIEWER] = "viewer",
    [ROLE_ANALYST] = "analyst",   [ROLE_MANAGER] = "manager", [ROLE_ADMIN] = "admin",
    [ROLE_OPERATOR] = "operator",
};

const char *role_name(enum role role)
{
    return (size_t)role < COUNT_OF(names) ? names[role] : "unknown";
}

bool role_find(const char *name, enum role *role_out)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(name, names[i]) == 0) {
            *role_out = (enum role)i;
            return true;
        }
    }
    return false;
}

bool role_allows(enum role have, enum role need)
{
    if (need == ROLE_NOBODY) {
        return true;
    }
    if ((size_t)need >= COUNT_OF(names) || (size_t)have >= COUNT_OF(names)) {
        return false;
    }
    if (need == ROLE_WEBHOOK || have == ROLE_WEBHOOK) {
        return have == need;
    }
    return have >= need;
}

/* See wire.h. */
#include "speech/wire.h"

#include <string.h>

static const struct {
    enum error_kind kind;
    const char *name;
} kinds[] = {
    { ERROR_INVALID, "invalid" }, { ERROR_NOT_FOUND, "not_found" }, { ERROR_DENIED, "denied" },
    { ERROR_LIMIT, "limit" },     { ERROR_CORRUPT, "corrupt" },     { ERROR_TIMEOUT, "timeout" },
    { ERROR_BUSY, "busy" },       { ERROR_SYSTEM, "system" },
};

const char *wire_kind_name(enum error_kind kind)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (kinds[i].kind == kind) {
            return kinds[i].name;
        }
    }
    return "system";
}

enum error_kind wire_kind_parse(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return kinds[i].kind;
        }
    }
    return ERROR_SYSTEM;
}

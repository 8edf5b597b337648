/*
 * JSON from outside: jansson with limits (size, nesting, duplicate keys refused), and the few
 * getters that save a null check at every use. Values are jansson's json_t; see its manual for the
 * rest.
 */
#ifndef CORE_JSON_H
#define CORE_JSON_H

#include <jansson.h>

#include "core/error.h"

static inline void json_release(json_t *json)
{
    json_decref(json);
}
DEFINE_AUTO(json_release, json_t *, NULL)

/* Parse a whole document. NULL with *error set when it is not JSON, or nested deeper than 32. */
MUST_USE json_t *json_read(const void *bytes, size_t size, struct error *error);

/* The member's text, or `otherwise` when there is no such member or it is no text. Borrowed. */
const char *json_text(const json_t *object, const char *name, const char *otherwise);
/* The member as a number; a text of digits counts ("140" is how a UCM writes 140). */
long long json_number(const json_t *object, const char *name, long long otherwise);
bool json_flag(const json_t *object, const char *name, bool otherwise);

#endif

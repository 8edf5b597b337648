/*
 * The login throttle: how many attempts a key (an account, an address) may make within a window.
 *
 * In memory and bounded: when the table is full, the key with the fewest attempts is forgotten.
 * Keys are kept only as a keyed hash. An attempt counts when it begins, so that many at once cannot
 * slip through, and is given back when the login succeeds. Threads may share it. Times are
 * monotonic milliseconds (time_monotonic_ms()) and are passed in.
 */
#ifndef AUTH_THROTTLE_H
#define AUTH_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/macros.h"

enum { THROTTLE_ATTEMPT_COUNT_MAX = 10, THROTTLE_WINDOW_MS = 15 * 60 * 1000 };

struct throttle;

/* Never NULL. */
struct throttle *throttle_new(void);
void throttle_free(struct throttle *throttle);
DEFINE_AUTO(throttle_free, struct throttle *, NULL)

/* Count an attempt. False, counting nothing, when 10 were made in the last 15 minutes; *wait_ms_out
 * (may be NULL) then says for how long. Ask for each key: "account/…" and "address/…". */
MUST_USE bool throttle_take(struct throttle *throttle, const char *key, int64_t now_ms,
                            int64_t *wait_ms_out);
/* The attempt was no failure: uncount the latest one. For addresses. */
void throttle_give_back(struct throttle *throttle, const char *key);
/* Forget the key's attempts. For an account after its good login. */
void throttle_clear(struct throttle *throttle, const char *key);

#endif

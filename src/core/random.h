/* Randomness from the kernel, and the ids made of it. Aborts if the kernel has none: nothing is
 * safe then. */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

#include "core/macros.h"
#include "core/time.h"

void random_bytes(void *bytes_out, size_t size);
/* Evenly from 0 to limit - 1. limit > 0. */
uint32_t random_below(uint32_t limit);

/* A UUIDv7 (RFC 9562): sorts by `now`. 36 characters and the NUL. */
enum { ID_SIZE = 37 };
const char *id_make(time_ms now, char id_out[ID_SIZE]);
/* Is it 36 characters of the UUID form, lower case? Everything else never reaches a query or a
 * path. */
bool id_is_valid(const char *text);

#endif

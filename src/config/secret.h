/*
 * A secret from the configuration: a text that nothing here can print, and that is wiped when it is
 * let go. secret_reveal() is for the one call that hands it to whoever needs it (a login, a
 * cipher).
 */
#ifndef CONFIG_SECRET_H
#define CONFIG_SECRET_H

#include <stdbool.h>

#include "core/macros.h"

struct secret {
    char *hidden; /* Not for reading: use secret_reveal(). */
};

bool secret_is_set(const struct secret *secret);
/* The text, "" when not set. Borrowed. */
const char *secret_reveal(const struct secret *secret);
/* Take a copy of `size` bytes in place of what was there. */
void secret_set(struct secret *secret, const char *bytes, size_t size);
/* Overwrite and free. Accepts a zeroed secret. */
void secret_clear(struct secret *secret);
DEFINE_AUTO_CLEAR(secret_clear, struct secret)

#endif

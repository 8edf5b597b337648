/* Secrets in memory: comparing and wiping them. Nothing here prints one. */
#ifndef AUTH_SECRET_H
#define AUTH_SECRET_H

#include <stdbool.h>
#include <stddef.h>

#include "core/macros.h"

/* Are the two texts equal? Takes a time that depends on their lengths only. NULL equals nothing. */
bool secret_equal(const char *left, const char *right);

/* Overwrite, in a way that the compiler does not remove. */
void secret_wipe(void *bytes, size_t size);

/* Wipe a heap text up to its NUL and free() it. NULL is fine. */
void secret_free(char *secret);
DEFINE_AUTO(secret_free, char *, NULL)

#endif

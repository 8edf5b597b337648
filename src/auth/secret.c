/* See secret.h. */
#include "auth/secret.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

bool secret_equal(const char *left, const char *right)
{
    if (left == NULL || right == NULL) {
        return false;
    }
    size_t size = strlen(left);
    return size == strlen(right) && sodium_memcmp(left, right, size) == 0;
}

void secret_wipe(void *bytes, size_t size)
{
    sodium_memzero(bytes, size);
}

void secret_free(char *secret)
{
    if (secret != NULL) {
        sodium_memzero(secret, strlen(secret));
        free(secret);
    }
}

/* See secret.h. */
#include "config/secret.h"

#include <string.h>

#include "core/memory.h"

bool secret_is_set(const struct secret *secret)
{
    return secret->hidden != NULL && secret->hidden[0] != '\0';
}

const char *secret_reveal(const struct secret *secret)
{
    return secret->hidden != NULL ? secret->hidden : "";
}

void secret_set(struct secret *secret, const char *bytes, size_t size)
{
    secret_clear(secret);
    secret->hidden = memory_copy_bytes(bytes, size);
}

void secret_clear(struct secret *secret)
{
    if (secret->hidden != NULL) {
        explicit_bzero(secret->hidden, strlen(secret->hidden));
        free(secret->hidden);
        secret->hidden = NULL;
    }
}

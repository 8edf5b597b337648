/* A sealed text from the database: anything but what was sealed is refused. */
#include <stdint.h>
#include <stdlib.h>

#include "auth/vault.h"
#include "core/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint8_t key[KEY_SIZE] = { 1 };
    AUTO(vault_close) struct vault *vault = vault_open(key);
    AUTO(free) char *sealed = memory_copy_bytes(bytes, size);
    AUTO(secret_free) char *secret = NULL;
    struct error error;

    if (vault_unseal(vault, "row", sealed, &secret, NULL, &error) || error.kind != ERROR_CORRUPT) {
        abort();
    }
    return 0;
}

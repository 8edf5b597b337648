/* See vault.h. */
#include "auth/vault.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#include "core/encode.h"
#include "core/memory.h"
#include "core/random.h"

enum {
    NONCE_SIZE = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_SIZE = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    BOX_SIZE_MAX = NONCE_SIZE + VAULT_SECRET_SIZE_MAX + TAG_SIZE,
    SEALED_LENGTH_MAX = 4 * ((BOX_SIZE_MAX + 2) / 3),
};
_Static_assert(KEY_SIZE == crypto_aead_xchacha20poly1305_ietf_KEYBYTES, "one key size");

static const char VERSION[] = "v1.";
enum { VERSION_LENGTH = sizeof VERSION - 1 };

struct vault {
    uint8_t key[KEY_SIZE];
};

struct vault *vault_open(const uint8_t key[KEY_SIZE])
{
    if (sodium_init() < 0) {
        fputs("audiapro: libsodium does not start\n", stderr);
        abort();
    }
    struct vault *vault = memory_new(sizeof *vault);
    /* Out of swap and core dumps where the limits allow it; the vault works without. */
    (void)sodium_mlock(vault, sizeof *vault);
    memcpy(vault->key, key, KEY_SIZE);
    return vault;
}

void vault_close(struct vault *vault)
{
    if (vault != NULL) {
        (void)sodium_munlock(vault, sizeof *vault); /* Wipes, too. */
        free(vault);
    }
}

bool vault_seal(const struct vault *vault, const char *context, const void *secret, size_t size,
                struct text *sealed_out, struct error *error)
{
    unsigned long long box_size = 0;

    if (size > VAULT_SECRET_SIZE_MAX) {
        return error_set(error, ERROR_LIMIT, "a secret of %zu bytes is longer than %d", size,
                         VAULT_SECRET_SIZE_MAX);
    }
    AUTO(free) uint8_t *box = memory_new(NONCE_SIZE + size + TAG_SIZE);
    random_bytes(box, NONCE_SIZE);
    (void)crypto_aead_xchacha20poly1305_ietf_encrypt(box + NONCE_SIZE, &box_size, secret, size,
                                                     (const uint8_t *)context, strlen(context),
                                                     NULL, box, vault->key);
    text_add(sealed_out, VERSION);
    encode_base64(box, NONCE_SIZE + (size_t)box_size, false, sealed_out);
    if (sealed_out->is_full) {
        return error_set(error, ERROR_LIMIT, "no room for a sealed secret");
    }
    return true;
}

static bool unseal_refuse(struct error *error)
{
    return error_set(error, ERROR_CORRUPT,
                     "a stored secret does not open: SECRET_KEY changed, or the row was edited");
}

bool vault_unseal(const struct vault *vault, const char *context, const char *sealed,
                  char **secret_out, size_t *size_out, struct error *error)
{
    size_t length = strlen(sealed);
    size_t box_size = 0;
    unsigned long long size = 0;

    if (strncmp(sealed, VERSION, VERSION_LENGTH) != 0 ||
        length - VERSION_LENGTH > SEALED_LENGTH_MAX) {
        return unseal_refuse(error);
    }
    sealed += VERSION_LENGTH;
    length -= VERSION_LENGTH;
    AUTO(free) uint8_t *box = memory_new(3 * (length / 4) + 1);
    /* Sodium's decoder refuses every second way to write the same bytes. */
    if (sodium_base642bin(box, 3 * (length / 4) + 1, sealed, length, NULL, &box_size, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        box_size < NONCE_SIZE + TAG_SIZE) {
        return unseal_refuse(error);
    }
    AUTO(free) uint8_t *secret = memory_new(box_size - NONCE_SIZE - TAG_SIZE + 1);
    if (crypto_aead_xchacha20poly1305_ietf_decrypt(secret, &size, NULL, box + NONCE_SIZE,
                                                   box_size - NONCE_SIZE, (const uint8_t *)context,
                                                   strlen(context), box, vault->key) != 0) {
        return unseal_refuse(error);
    }
    if (size_out != NULL) {
        *size_out = (size_t)size;
    }
    *secret_out = (char *)TAKE(secret);
    return true;
}

/*
 * The vault: small secrets (a PBX's password, its cookie) encrypted for the database.
 *
 * XChaCha20-Poly1305 with a random nonce; the text "v1." and base64 of nonce and box. `context`
 * names the row that the secret belongs to ("pbx/0190…/password") and is authenticated: a sealed
 * text that was moved to another row does not open. The key is kept in locked memory.
 */
#ifndef AUTH_VAULT_H
#define AUTH_VAULT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "auth/key.h"
#include "auth/secret.h"
#include "core/text.h"

enum { VAULT_SECRET_SIZE_MAX = 16 * 1024 };

struct vault; /* Constant once open: threads may share it. */

/* Copies the key; wipe yours. Never NULL. */
struct vault *vault_open(const uint8_t key[KEY_SIZE]);
void vault_close(struct vault *vault);
DEFINE_AUTO(vault_close, struct vault *, NULL)

/* Adds the sealed text. ERROR_LIMIT when the secret is too large or the text is full. */
MUST_USE bool vault_seal(const struct vault *vault, const char *context, const void *secret,
                         size_t size, struct text *sealed_out, struct error *error);

/* The secret with a NUL behind it; release with secret_free(). size_out may be NULL. ERROR_CORRUPT
 * when it was changed, moved, or sealed under another key. */
MUST_USE bool vault_unseal(const struct vault *vault, const char *context, const char *sealed,
                           char **secret_out, size_t *size_out, struct error *error);

#endif

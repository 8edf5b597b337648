/*
 * Opaque tokens: sessions, API tokens, webhook secrets. 256 random bits that mean nothing; the
 * database holds only their SHA-256, so that a stolen copy of it opens no door. (A plain hash is
 * enough because the token cannot be guessed; passwords are another matter.)
 */
#ifndef AUTH_TOKEN_H
#define AUTH_TOKEN_H

#include "auth/secret.h"
#include "core/hash.h"

enum {
    TOKEN_PREFIX_SIZE_MAX = 8,
    TOKEN_SIZE = TOKEN_PREFIX_SIZE_MAX + 43 + 1, /* Prefix, base64url of 32 bytes, NUL. */
};

/* A new token: `prefix` (say "ap_", at most 8 characters, may be "") and 43 of base64url. Returns
 * token_out. */
const char *token_make(const char *prefix, char token_out[TOKEN_SIZE]);

/* What the database holds and looks for: SHA-256 as lower-case hex. Returns hash_out. */
const char *token_hash(const char *token, char hash_out[SHA256_TEXT_SIZE]);

#endif

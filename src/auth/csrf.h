/*
 * CSRF tokens: keyed BLAKE2b of the session's token under a server key. Nothing is stored; a token
 * is worth something only together with its own session.
 */
#ifndef AUTH_CSRF_H
#define AUTH_CSRF_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/key.h"

enum { CSRF_TOKEN_SIZE = 44 }; /* 43 characters of base64url and the NUL. */

/* The token of this session. Returns token_out. */
const char *csrf_make(const uint8_t key[KEY_SIZE], const char *session_token,
                      char token_out[CSRF_TOKEN_SIZE]);

/* Is `token` (NULL: no) that of this session? In constant time. */
bool csrf_check(const uint8_t key[KEY_SIZE], const char *session_token, const char *token);

#endif

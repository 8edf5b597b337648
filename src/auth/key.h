/*
 * The server's one secret key: where it comes from, and the keys made from it.
 *
 * SECRET_KEY when set; else the file secret.key in the data folder, made with mode 0600 on first
 * use. Several processes may start at once: exactly one file is made, and all read that one.
 */
#ifndef AUTH_KEY_H
#define AUTH_KEY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/macros.h"

enum { KEY_SIZE = 32, KEY_TEXT_LENGTH_MIN = 16 };

/* 64 hex digits or base64 of 32 bytes are taken as the key itself; any other text of 16 bytes or
 * more is hashed (BLAKE2b) to one. ERROR_INVALID when it is shorter. */
MUST_USE bool key_read(const char *secret_key, uint8_t key_out[KEY_SIZE], struct error *error);

/* `secret_key` (NULL or "" when not set) as above, else the file in `data_folder`, which exists. */
MUST_USE bool key_load(const char *secret_key, const char *data_folder, uint8_t key_out[KEY_SIZE],
                       struct error *error);

/* The key for one purpose ("vault", "csrf"): knowing it tells nothing of the others. */
void key_derive(const uint8_t key[KEY_SIZE], const char *purpose, uint8_t key_out[KEY_SIZE]);

#endif

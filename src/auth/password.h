/*
 * Passwords: Argon2id in libsodium's text form ("$argon2id$v=19$m=19456,t=2,p=1$…").
 *
 * The cost is OWASP's minimum (Password Storage Cheat Sheet): 19 MiB and two passes, about 20 to
 * 60 ms. A check takes that long whether the user exists or not. No function here keeps a password.
 */
#ifndef AUTH_PASSWORD_H
#define AUTH_PASSWORD_H

#include <stdbool.h>

#include "core/error.h"
#include "core/macros.h"

enum {
    PASSWORD_LENGTH_MIN = 10, /* Characters, not bytes. */
    PASSWORD_SIZE_MAX = 1024, /* Bytes. */
    PASSWORD_HASH_SIZE = 128, /* What password_hash() writes, with its NUL. */
};

/* May it be chosen? ERROR_INVALID says what is wrong: too short, too long, one character only. */
MUST_USE bool password_is_acceptable(const char *password, struct error *error);

/* The text for the database. ERROR_SYSTEM when there is no memory for it. */
MUST_USE bool password_hash(const char *password, char hash_out[PASSWORD_HASH_SIZE],
                            struct error *error);

/* Is it the one that was hashed? False for a hash that is damaged or over the cost above. */
MUST_USE bool password_check(const char *password, const char *hash);

/* As long as password_check(), and always false: for users that do not exist. */
bool password_check_dummy(const char *password);

/* Was it hashed at another cost than today's? Then hash it anew at the next good login. */
bool password_needs_rehash(const char *hash);

#endif

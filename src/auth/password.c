/* See password.h. */
#include "auth/password.h"

#include <sodium.h>
#include <stdint.h>
#include <string.h>

_Static_assert(PASSWORD_HASH_SIZE >= crypto_pwhash_STRBYTES, "libsodium's text form must fit");

#define PASSWORD_MEMORY ((size_t)19 * 1024 * 1024)
enum { PASSWORD_PASSES = 2 };

/* What unknown users are checked against: the cost above, a salt and a hash that fit nothing. */
static const char DUMMY_HASH[] = "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$"
                                 "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

static size_t character_count(const char *text)
{
    size_t count = 0;

    for (const char *c = text; *c != '\0'; c++) {
        count += ((unsigned char)*c & 0xC0) != 0x80; /* Not a byte that continues one (UTF-8). */
    }
    return count;
}

bool password_is_acceptable(const char *password, struct error *error)
{
    size_t size = strlen(password);

    if (character_count(password) < PASSWORD_LENGTH_MIN) {
        return error_set(error, ERROR_INVALID, "the password must have at least %d characters",
                         PASSWORD_LENGTH_MIN);
    }
    if (size > PASSWORD_SIZE_MAX) {
        return error_set(error, ERROR_INVALID, "the password is longer than %d bytes",
                         PASSWORD_SIZE_MAX);
    }
    if (strspn(password, (char[]){ password[0], '\0' }) == size) {
        return error_set(error, ERROR_INVALID, "the password is one character repeated");
    }
    return true;
}

bool password_hash(const char *password, char hash_out[PASSWORD_HASH_SIZE], struct error *error)
{
    char hash[crypto_pwhash_STRBYTES];

    if (sodium_init() < 0 || strlen(password) > PASSWORD_SIZE_MAX ||
        crypto_pwhash_str_alg(hash, password, strlen(password), PASSWORD_PASSES, PASSWORD_MEMORY,
                              crypto_pwhash_ALG_ARGON2ID13) != 0) {
        return error_set(error, ERROR_SYSTEM, "no memory to hash a password");
    }
    memcpy(hash_out, hash, sizeof hash);
    return true;
}

/* A hash from a restored or edited database must not make us spend a gigabyte. */
static bool cost_is_ours(const char *hash)
{
    static const char prefix[] = "$argon2id$v=19$m=19456,t=2,p=1$";

    return strncmp(hash, prefix, sizeof prefix - 1) == 0 && strlen(hash) < PASSWORD_HASH_SIZE;
}

bool password_check(const char *password, const char *hash)
{
    char padded[crypto_pwhash_STRBYTES] = { 0 }; /* libsodium may read all of it. */

    if (sodium_init() < 0 || strlen(password) > PASSWORD_SIZE_MAX || !cost_is_ours(hash)) {
        return false;
    }
    memcpy(padded, hash, strlen(hash));
    return crypto_pwhash_str_verify(padded, password, strlen(password)) == 0;
}

bool password_check_dummy(const char *password)
{
    IGNORE(password_check(password, DUMMY_HASH), "done for its duration only");
    return false;
}

bool password_needs_rehash(const char *hash)
{
    return !cost_is_ours(hash);
}

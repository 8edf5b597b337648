/* See csrf.h. */
#include "auth/csrf.h"

#include <sodium.h>
#include <string.h>

#include "auth/secret.h"

const char *csrf_make(const uint8_t key[KEY_SIZE], const char *session_token,
                      char token_out[CSRF_TOKEN_SIZE])
{
    uint8_t digest[32];

    (void)crypto_generichash(digest, sizeof digest, (const uint8_t *)session_token,
                             strlen(session_token), key, KEY_SIZE);
    (void)sodium_bin2base64(token_out, CSRF_TOKEN_SIZE, digest, sizeof digest,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    return token_out;
}

bool csrf_check(const uint8_t key[KEY_SIZE], const char *session_token, const char *token)
{
    char expected[CSRF_TOKEN_SIZE];

    if (token == NULL || session_token == NULL) {
        return false;
    }
    bool is_equal = secret_equal(csrf_make(key, session_token, expected), token);
    secret_wipe(expected, sizeof expected);
    return is_equal;
}

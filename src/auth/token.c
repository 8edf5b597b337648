/* See token.h. */
#include "auth/token.h"

#include <assert.h>
#include <sodium.h>
#include <string.h>

#include "core/random.h"

enum { TOKEN_BYTES = 32 };

const char *token_make(const char *prefix, char token_out[TOKEN_SIZE])
{
    unsigned char bytes[TOKEN_BYTES];
    size_t prefix_size = strlen(prefix);

    assert(prefix_size <= TOKEN_PREFIX_SIZE_MAX);
    memcpy(token_out, prefix, prefix_size);
    random_bytes(bytes, sizeof bytes);
    /* Sodium's encoder takes the same time for every secret. */
    (void)sodium_bin2base64(token_out + prefix_size, TOKEN_SIZE - prefix_size, bytes, sizeof bytes,
                            sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    secret_wipe(bytes, sizeof bytes);
    return token_out;
}

const char *token_hash(const char *token, char hash_out[SHA256_TEXT_SIZE])
{
    return hash_sha256_text(token, strlen(token), hash_out);
}

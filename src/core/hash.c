/* See hash.h. OpenSSL failing here means a broken installation: abort. */
#include "core/hash.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/encode.h"

static void must(int is_done)
{
    if (is_done != 1) {
        fputs("audiapro: libcrypto cannot hash\n", stderr);
        abort();
    }
}

struct hash_sha256 *hash_sha256_new(void)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    must(context != NULL);
    must(EVP_DigestInit_ex(context, EVP_sha256(), NULL));
    return (struct hash_sha256 *)context;
}

void hash_sha256_free(struct hash_sha256 *hash)
{
    EVP_MD_CTX_free((EVP_MD_CTX *)hash);
}

void hash_sha256_add(struct hash_sha256 *hash, const void *bytes, size_t size)
{
    must(EVP_DigestUpdate((EVP_MD_CTX *)hash, bytes, size));
}

const char *hash_sha256_finish(struct hash_sha256 *hash, char text_out[SHA256_TEXT_SIZE])
{
    uint8_t digest[SHA256_SIZE];

    must(EVP_DigestFinal_ex((EVP_MD_CTX *)hash, digest, NULL));
    return encode_hex(digest, sizeof digest, text_out);
}

void hash_sha256(const void *bytes, size_t size, uint8_t digest_out[SHA256_SIZE])
{
    must(EVP_Digest(bytes, size, digest_out, NULL, EVP_sha256(), NULL));
}

const char *hash_sha256_text(const void *bytes, size_t size, char text_out[SHA256_TEXT_SIZE])
{
    uint8_t digest[SHA256_SIZE];

    hash_sha256(bytes, size, digest);
    return encode_hex(digest, sizeof digest, text_out);
}

void hash_hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
                      uint8_t digest_out[SHA256_SIZE])
{
    must(HMAC(EVP_sha256(), key, (int)key_size, bytes, size, digest_out, NULL) != NULL);
}

const char *hash_md5_text(const void *first, size_t first_size, const void *second,
                          size_t second_size, char text_out[MD5_TEXT_SIZE])
{
    uint8_t digest[MD5_SIZE];
    EVP_MD_CTX *context = EVP_MD_CTX_new();

    must(context != NULL);
    must(EVP_DigestInit_ex(context, EVP_md5(), NULL));
    must(EVP_DigestUpdate(context, first, first_size));
    must(EVP_DigestUpdate(context, second, second_size));
    must(EVP_DigestFinal_ex(context, digest, NULL));
    EVP_MD_CTX_free(context);
    return encode_hex(digest, sizeof digest, text_out);
}

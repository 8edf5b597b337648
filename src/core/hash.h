/* SHA-256 (FIPS 180-4), HMAC with it (RFC 2104) and MD5 (RFC 1321, for the UCM's login token only),
 * through OpenSSL's libcrypto. */
#ifndef CORE_HASH_H
#define CORE_HASH_H

#include <stdint.h>

#include "core/macros.h"

enum { SHA256_SIZE = 32, SHA256_TEXT_SIZE = 65, MD5_SIZE = 16, MD5_TEXT_SIZE = 33 };

struct hash_sha256; /* A running SHA-256. */

struct hash_sha256 *hash_sha256_new(void);
void hash_sha256_free(struct hash_sha256 *hash);
DEFINE_AUTO(hash_sha256_free, struct hash_sha256 *, NULL)
void hash_sha256_add(struct hash_sha256 *hash, const void *bytes, size_t size);
/* Finish; lower-case hex. Add nothing after. */
const char *hash_sha256_finish(struct hash_sha256 *hash, char text_out[SHA256_TEXT_SIZE]);

/* In one go. */
void hash_sha256(const void *bytes, size_t size, uint8_t digest_out[SHA256_SIZE]);
const char *hash_sha256_text(const void *bytes, size_t size, char text_out[SHA256_TEXT_SIZE]);
/* HMAC-SHA256 of the bytes under the key. */
void hash_hmac_sha256(const void *key, size_t key_size, const void *bytes, size_t size,
                      uint8_t digest_out[SHA256_SIZE]);
/* MD5 of two byte strings put together, lower-case hex. */
const char *hash_md5_text(const void *first, size_t first_size, const void *second,
                          size_t second_size, char text_out[MD5_TEXT_SIZE]);

#endif

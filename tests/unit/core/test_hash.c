#include "check.h"

#include <string.h>

#include "core/encode.h"
#include "core/hash.h"

static void sha256_is_the_one_of_fips_180(void **state)
{
    (void)state;
    char text[SHA256_TEXT_SIZE];

    CHECK_TEXT(hash_sha256_text("", 0, text),
               "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    CHECK_TEXT(hash_sha256_text("abc", 3, text),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void parts_hash_as_the_whole(void **state)
{
    (void)state;
    char whole[SHA256_TEXT_SIZE];
    char parts[SHA256_TEXT_SIZE];
    unsigned char bytes[1000];

    memset(bytes, 'a', sizeof bytes);
    hash_sha256_text(bytes, sizeof bytes, whole);
    for (size_t step = 1; step < sizeof bytes; step = step * 3 + 1) {
        AUTO(hash_sha256_free) struct hash_sha256 *hash = hash_sha256_new();
        for (size_t at = 0; at < sizeof bytes; at += step) {
            size_t left = sizeof bytes - at;
            hash_sha256_add(hash, bytes + at, left < step ? left : step);
        }
        CHECK_TEXT(hash_sha256_finish(hash, parts), whole);
    }
}

static void md5_takes_two_texts_as_one(void **state)
{
    (void)state;
    char text[MD5_TEXT_SIZE];

    CHECK_TEXT(hash_md5_text("", 0, "", 0, text), "d41d8cd98f00b204e9800998ecf8427e");
    CHECK_TEXT(hash_md5_text("abc", 3, "", 0, text), "900150983cd24fb0d6963f7d28e17f72");
    CHECK_TEXT(hash_md5_text("a", 1, "bc", 2, text), "900150983cd24fb0d6963f7d28e17f72");
}

/* RFC 4231, test case 2. */
static void hmac_is_the_one_of_rfc_4231(void **state)
{
    (void)state;
    static const char DATA[] = "what do ya want for nothing?";
    uint8_t digest[SHA256_SIZE];
    char text[SHA256_TEXT_SIZE];

    hash_hmac_sha256("Jefe", 4, DATA, sizeof DATA - 1, digest);
    CHECK_TEXT(encode_hex(digest, sizeof digest, text),
               "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_is_the_one_of_fips_180),
        cmocka_unit_test(parts_hash_as_the_whole),
        cmocka_unit_test(hmac_is_the_one_of_rfc_4231),
        cmocka_unit_test(md5_takes_two_texts_as_one),
    };
    return cmocka_run_group_tests_name("core/hash", tests, NULL, NULL);
}

/* Digest and token arithmetic, against published figures. */
#include <string.h>

#include "check.h"
#include "core/hash.h"
#include "simulator/sessions.h"
#include "simulator/tar.h"

static void the_example_of_rfc_2617_comes_out(void **state)
{
    char response[33];

    (void)state;
    simulator_digest_response(&(struct digest_parts){ .username = "Mufasa",
                                                      .realm = "testrealm@host.com",
                                                      .password = "Circle Of Life",
                                                      .method = "GET",
                                                      .uri = "/dir/index.html",
                                                      .nonce = "dcd98b7102dd2f0e8b11d0f600bfb0c093",
                                                      .count = "00000001",
                                                      .client_nonce = "0a4f113b" },
                              response);
    CHECK_TEXT(response, "6629fae49393a05397450978507c4ef1");
}

static void the_token_of_the_transcript_comes_out(void **state)
{
    char token[MD5_TEXT_SIZE];

    (void)state;
    hash_md5_text("0000001234567890", 16, "s3cret", 6, token);
    CHECK_TEXT(token, "2fe22bb71bcbceb9acd82f69e2b808cb");
}

static void fields_of_a_header_are_found_with_and_without_quotes(void **state)
{
    static const char header[] = "Digest username=\"a, b\", nc=00000001,qop=auth, uri=\"/x?a=b\"";
    char value[32];

    (void)state;
    CHECK(simulator_digest_field(header, "username", value, sizeof value));
    CHECK_TEXT(value, "a, b");
    CHECK(simulator_digest_field(header, "nc", value, sizeof value));
    CHECK_TEXT(value, "00000001");
    CHECK(simulator_digest_field(header, "uri", value, sizeof value));
    CHECK_TEXT(value, "/x?a=b");
    CHECK(!simulator_digest_field(header, "nonce", value, sizeof value));
    CHECK(!simulator_digest_field("Digest username", "username", value, sizeof value));
    CHECK(!simulator_digest_field(header, "username", value, 3));
}

static void a_tar_header_has_its_checksum_and_magic(void **state)
{
    AUTO(text_clear) struct text tar = TEXT_UP_TO(64 * KIB);
    unsigned sum = 0;

    (void)state;
    simulator_tar_header_add(&tar, &(struct tar_member){ "a.wav", '0', NULL, 5 });
    simulator_tar_content_add(&tar, "12345", 5);
    simulator_tar_end_add(&tar);
    CHECK_NUMBER(tar.size, 512 + 512 + 1024);
    CHECK(memcmp(tar.bytes + 257, "ustar", 6) == 0);
    CHECK(memcmp(tar.bytes + 124, "00000000005", 12) == 0);
    for (int i = 0; i < 512; i++) {
        sum += i >= 148 && i < 156 ? ' ' : (unsigned char)tar.bytes[i];
    }
    CHECK_NUMBER(strtol(tar.bytes + 148, NULL, 8), sum);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_rfc_2617_comes_out),
        cmocka_unit_test(the_token_of_the_transcript_comes_out),
        cmocka_unit_test(fields_of_a_header_are_found_with_and_without_quotes),
        cmocka_unit_test(a_tar_header_has_its_checksum_and_magic),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}

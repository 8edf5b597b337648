/* What may become an address, a server and a subject. Sending is tested against a real mail server
 * in integration/cli. */
#include "check.h"

#include <string.h>

#include "core/encode.h"
#include "core/macros.h"
#include "net/mail.h"

static void addresses_are_plain(void **state)
{
    (void)state;
    static const char *const good[] = { "owner@example.com", "a.b+tag@sub.example.co",
                                        "x@localhost", "o'neil_1@example-shop.de" };
    static const char *const bad[] = { "",
                                       "owner",
                                       "@example.com",
                                       "owner@",
                                       "owner@example.com\r\nBcc: all@example.com",
                                       "owner@example.com>",
                                       "<owner@example.com>",
                                       "Owner <owner@example.com>",
                                       "owner@exam ple.com",
                                       "owner@example.com,other@example.com",
                                       "a@b@example.com",
                                       ".owner@example.com",
                                       "ow..ner@example.com",
                                       "owner@.example.com",
                                       "owner@example.com.",
                                       "\"quoted\"@example.com",
                                       "ow\xc3\xbcner@example.com" };

    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct error error = { 0 };
        CHECK(mail_address_check(good[i], &error));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct error error = { 0 };
        CHECK(!mail_address_check(bad[i], &error));
        CHECK(strpbrk(error.message, "\r\n") == NULL);
    }
}

static void an_address_has_254_characters_at_most(void **state)
{
    (void)state;
    char address[400];
    struct error error = { 0 };

    memset(address, 'a', sizeof address);
    memcpy(address, "owner@", 6);
    address[254] = '\0';
    CHECK(mail_address_check(address, &error));
    address[254] = 'a';
    address[255] = '\0';
    CHECK(!mail_address_check(address, &error));
}

static void servers_are_smtp_urls(void **state)
{
    (void)state;
    static const char *const good[] = { "smtp://mail.example.com:587", "smtps://mail.example.com",
                                        "smtp://127.0.0.1:25", "smtps://[::1]:465" };
    static const char *const bad[] = { "",
                                       "mail.example.com",
                                       "http://mail.example.com",
                                       "smtp://",
                                       "smtp://:587",
                                       "smtp://user:secret@mail.example.com",
                                       "smtp://mail.example.com/path",
                                       "smtp://mail.example.com:0",
                                       "smtp://mail.example.com:65536",
                                       "smtp://mail.example.com:587x",
                                       "smtp://mail.example.com:" };

    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct error error = { 0 };
        CHECK(mail_server_check(good[i], &error));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct error error = { 0 };
        CHECK(!mail_server_check(bad[i], &error));
        CHECK(strstr(error.message, "secret") == NULL);
    }
}

/* The text of encoded words and what stands between them, as a reader sees it. */
static void subject_read(const char *encoded, struct text *text)
{
    static const char BEGIN[] = "=?UTF-8?B?";

    for (const char *at = encoded; *at != '\0';) {
        uint8_t bytes[128];
        size_t size = 0;
        if (strncmp(at, BEGIN, sizeof BEGIN - 1) != 0) {
            text_add_char(text, *at++);
            continue;
        }
        at += sizeof BEGIN - 1;
        size_t length = strcspn(at, "?");
        assert_true(length <= 63 && decode_base64(at, length, bytes, &size));
        text_add_bytes(text, bytes, size);
        at += length + 2;
        at += strncmp(at, "\r\n ", 3) == 0 ? 3 : 0;
    }
}

static void encode(const char *subject, struct text *encoded)
{
    text_reset(encoded);
    mail_subject_encode(subject, encoded);
}

static void a_short_plain_subject_stays(void **state)
{
    (void)state;
    AUTO(text_clear) struct text encoded = TEXT_UP_TO(4096);

    encode("AudiaPro: a test", &encoded);
    CHECK_TEXT(text_get(&encoded), "AudiaPro: a test");
}

static void a_subject_beyond_ascii_comes_back_whole(void **state)
{
    (void)state;
    static const char SUBJECT[] =
        "Gr\xc3\xbc\xc3\x9f"
        "e: die Anlage \xe2\x80\x9eUCM\xe2\x80\x9c schweigt seit 30 Minuten, "
        "\xf0\x9f\x93\x9e \xe6\x9d\xb1\xe4\xba\xac \xe6\x9d\xb1\xe4\xba\xac "
        "\xe6\x9d\xb1\xe4\xba\xac";
    AUTO(text_clear) struct text encoded = TEXT_UP_TO(4096);
    AUTO(text_clear) struct text read = TEXT_UP_TO(4096);

    encode(SUBJECT, &encoded);
    for (const char *line = text_get(&encoded); line != NULL;) {
        const char *end = strstr(line, "\r\n");
        size_t size = end != NULL ? (size_t)(end - line) : strlen(line);
        CHECK(size + strlen("Subject: ") <= 76);
        line = end != NULL ? end + 2 : NULL;
    }
    for (const char *c = text_get(&encoded); *c != '\0'; c++) {
        CHECK((unsigned char)*c < 0x80);
    }
    subject_read(text_get(&encoded), &read);
    CHECK_TEXT(text_get(&read), SUBJECT);
}

static void a_subject_cannot_begin_another_header(void **state)
{
    (void)state;
    AUTO(text_clear) struct text encoded = TEXT_UP_TO(4096);

    encode("a\r\nBcc: all@example.com", &encoded);
    CHECK_TEXT(text_get(&encoded), "a  Bcc: all@example.com");
    encode("=?UTF-8?B?AAAA?=", &encoded); /* Is not taken for an encoded word. */
    CHECK(strstr(text_get(&encoded), "AAAA") == NULL);
}

static void bytes_that_are_no_text_are_marked(void **state)
{
    (void)state;
    AUTO(text_clear) struct text encoded = TEXT_UP_TO(4096);

    encode("a\xff\xc3", &encoded);
    CHECK_TEXT(text_get(&encoded), "a??");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(addresses_are_plain),
        cmocka_unit_test(an_address_has_254_characters_at_most),
        cmocka_unit_test(servers_are_smtp_urls),
        cmocka_unit_test(a_short_plain_subject_stays),
        cmocka_unit_test(a_subject_beyond_ascii_comes_back_whole),
        cmocka_unit_test(a_subject_cannot_begin_another_header),
        cmocka_unit_test(bytes_that_are_no_text_are_marked),
    };
    return cmocka_run_group_tests_name("net/mail", tests, NULL, NULL);
}

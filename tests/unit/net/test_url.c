#include "check.h"

#include <string.h>

#include "core/macros.h"
#include "net/url.h"

static void names_and_addresses_are_hosts(void **state)
{
    (void)state;
    static const char *const good[] = { "pbx.example",      "PBX",  "192.0.2.1",
                                        "a-b.c_d.example.", "::1",  "[2001:db8::1]",
                                        "fe80::1",          "1.2.3" };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct error error = { 0 };
        if (!url_host_check(good[i], &error)) {
            fail_msg("%s: %s", good[i], error.message);
        }
    }
}

static void whatever_could_make_another_request_is_no_host(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "https://pbx.example",
        "user@pbx.example",
        "pbx.example@127.0.0.1",
        "pbx.example/path",
        "pbx.example:8089",
        "pbx.example?x",
        "pbx.example#x",
        "pbx example",
        "pbx.example\r\nHost: other",
        "pbx.example\n",
        "\tpbx.example",
        "pbx..example",
        ".example",
        "-pbx.example",
        "p%62x.example",
        "pbx\\example",
        "[::1",
        "::1]",
        "[::1]:8089",
        "fe80::1%eth0",
        "[v1.x]",
        "пбх.example",
        "pbx。example",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct error error = { 0 };
        if (url_host_check(bad[i], &error)) {
            fail_msg("%s", bad[i]);
        }
    }
    char longest[255];
    struct error error;
    memset(longest, 'a', 254);
    longest[254] = '\0';
    CHECK(!url_host_check(longest, &error));
    longest[253] = '\0';
    CHECK(url_host_check(longest, &error));
}

static void the_base_puts_brackets_around_ipv6(void **state)
{
    (void)state;
    static const char *const pairs[][2] = { { "pbx.example", "https://pbx.example:8089" },
                                            { "::1", "https://[::1]:8089" },
                                            { "[::1]", "https://[::1]:8089" } };
    for (size_t i = 0; i < COUNT_OF(pairs); i++) {
        AUTO(text_clear) struct text url = TEXT_UP_TO(300);
        url_add_base(&url, pairs[i][0], 8089);
        CHECK_TEXT(text_get(&url), pairs[i][1]);
    }
}

static void web_urls_have_a_host_and_no_user(void **state)
{
    (void)state;
    static const char *const good[] = { "https://example.com", "http://10.0.0.7:5678/webhook/x?y=1",
                                        "https://[fd12::1]:8443/", "https://hooks.example/a%20b" };
    static const char *const bad[] = { "",
                                       "ftp://example.com/",
                                       "https://",
                                       "https:///path",
                                       "https://user:secret@example.com/",
                                       "https://user@example.com/",
                                       "https://example.com:0/",
                                       "https://example.com:99999/",
                                       "https://example.com:/",
                                       "https://example.com/a b",
                                       "https://example.com/\r\nHost: other",
                                       "https://exam\xc3\xbcple.com/",
                                       "https://example.com\\@other/" };

    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct error error = { 0 };
        CHECK(url_web_check(good[i], &error));
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct error error = { 0 };
        CHECK(!url_web_check(bad[i], &error));
        CHECK(strstr(error.message, "secret") == NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_and_addresses_are_hosts),
        cmocka_unit_test(whatever_could_make_another_request_is_no_host),
        cmocka_unit_test(web_urls_have_a_host_and_no_user),
        cmocka_unit_test(the_base_puts_brackets_around_ipv6),
    };
    return cmocka_run_group_tests_name("net/url", tests, NULL, NULL);
}

#include "check.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "core/macros.h"
#include "core/text.h"
#include "net/guard.h"

static struct net_guard guard_of(const char *list)
{
    struct net_guard guard;
    struct error error;

    CHECK(guard_parse(list, &guard, &error));
    return guard;
}

static bool allows_port(const struct net_guard *guard, const char *text, uint16_t port)
{
    struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(port) };
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) {
        return guard_allows(guard, (const struct sockaddr *)&v4);
    }
    CHECK(inet_pton(AF_INET6, text, &v6.sin6_addr) == 1);
    return guard_allows(guard, (const struct sockaddr *)&v6);
}

static bool allows(const struct net_guard *guard, const char *text)
{
    return allows_port(guard, text, 8089);
}

static void without_a_list_only_dangerous_addresses_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *address;
        bool is_allowed;
    } vectors[] = {
        { "10.0.0.1", true },
        { "10.255.255.255", true },
        { "172.16.0.1", true },
        { "192.168.1.20", true },
        { "100.64.0.1", true },
        { "203.0.113.9", true },
        { "8.8.8.8", true },
        { "1.0.0.0", true },
        { "126.255.255.255", true },
        { "128.0.0.1", true },
        { "169.253.255.255", true },
        { "169.255.0.1", true },
        { "223.255.255.255", true },
        { "127.0.0.1", false },
        { "127.0.0.2", false },
        { "127.1.2.3", false },
        { "127.255.255.255", false },
        { "0.0.0.0", false },
        { "0.1.2.3", false },
        { "169.254.0.1", false },
        { "169.254.169.254", false },
        { "169.254.255.255", false },
        { "224.0.0.1", false },
        { "239.255.255.255", false },
        { "240.0.0.1", false },
        { "255.255.255.255", false },
        { "2001:db8::1", true },
        { "fd12:3456::1", true },
        { "2606:4700::1111", true },
        { "fec0::1", true },
        { "::", false },
        { "::1", false },
        { "fe80::1", false },
        { "febf::1", false },
        { "fd00:ec2::254", false },
        { "fd00:ec2::253", true },
        { "ff02::1", false },
        { "ffff::1", false },
        { "::ffff:10.0.0.1", true },
        { "::ffff:127.0.0.1", false },
        { "::ffff:7f00:1", false },
        { "::ffff:169.254.169.254", false },
        { "::ffff:0.0.0.0", false },
        { "::ffff:224.0.0.1", false },
        { "::127.0.0.1", false },
        { "::7f00:1", false },
        { "::10.1.2.3", true },
        { "::2", false },
        { "64:ff9b::127.0.0.1", false },
        { "64:ff9b::a9fe:a9fe", false },
        { "64:ff9b::8.8.8.8", true },
        { "2002:7f00:1::", false },
        { "2002:a9fe:a9fe::1", false },
        { "2002:0808:0808::1", true },
    };
    struct net_guard guard = guard_of("");
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        if (allows(&guard, vectors[i].address) != vectors[i].is_allowed) {
            fail_msg("%s", vectors[i].address);
        }
    }
}

static void with_a_list_only_its_networks_are_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *list, *address;
        bool is_allowed;
    } vectors[] = {
        { "10.0.0.0/8", "10.1.2.3", true },
        { "10.0.0.0/8", "11.0.0.1", false },
        { "10.0.0.0/8", "192.168.1.1", false },
        { "10.0.0.0/8", "::ffff:10.1.2.3", true },
        { "10.0.0.0/8", "2001:db8::1", false },
        { "10.0.0.0/8", "127.0.0.1", false },
        { "10.0.0.0/8", "64:ff9b::10.1.2.3", false },
        { "::ffff:10.0.0.0/104", "10.1.2.3", true },
        { "192.168.7.20", "192.168.7.20", true },
        { "192.168.7.20", "192.168.7.21", false },
        { "192.168.7.20/30", "192.168.7.23", true },
        { "192.168.7.20/30", "192.168.7.24", false },
        { "192.168.7.21/31", "192.168.7.20", true },
        { "10.0.0.0/8, 192.168.0.0/16", "192.168.1.1", true },
        { " 10.0.0.0/8 ,\t192.168.0.0/16 ", "10.1.1.1", true },
        { "0.0.0.0/0", "8.8.8.8", true },
        { "0.0.0.0/0", "127.0.0.1", false },
        { "0.0.0.0/0", "169.254.169.254", false },
        { "0.0.0.0/0", "2001:db8::1", false },
        { "::/0", "2001:db8::1", true },
        { "::/0", "::1", false },
        { "127.0.0.0/8", "127.0.0.1", true },
        { "127.0.0.1", "127.0.0.1", true },
        { "127.0.0.1", "127.0.0.2", false },
        { "127.0.0.1", "::1", false },
        { "::1", "::1", true },
        { "::1", "127.0.0.1", false },
        { "169.254.0.0/16", "169.254.1.1", true },
        { "169.254.7.0/24", "169.254.169.254", false },
        { "fe80::/10", "fe80::1", true },
        { "fd12::/16", "fd12:ffff::1", true },
        { "fd12::/16", "fd13::1", false },
        { "2001:db8:8000::/33", "2001:db8:8000::1", true },
        { "2001:db8:8000::/33", "2001:db8:7fff::1", false },
        { "224.0.0.0/4", "224.0.0.1", false },
        { "0.0.0.0/8", "0.0.0.0", false },
        { "255.255.255.255", "255.255.255.255", false },
        { "::", "::", false },
    };
    for (size_t i = 0; i < COUNT_OF(vectors); i++) {
        struct net_guard guard = guard_of(vectors[i].list);
        if (allows(&guard, vectors[i].address) != vectors[i].is_allowed) {
            fail_msg("%s against %s", vectors[i].address, vectors[i].list);
        }
    }
}

static void a_bad_list_is_refused_by_name(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "10.0.0.0/33",
        "10.0.0.0/",
        "10.0.0.0/-1",
        "10.0.0.0/ 8",
        "10.0.0/8",
        "010.0.0.0/8x",
        "10.0.0.0/8,",
        ",10.0.0.0/8",
        "10.0.0.0/8;",
        "example.com",
        "fd12::/129",
        "fd12::/1a",
        "fd12:/16",
        "/8",
        "10.0.0.0/8 11.0.0.0/8",
        "2130706433",
        "0x7f.0.0.1",
        "[::1]",
        "10.0.0.0/0008",
        "10.0.0.0/8,,11.0.0.0/8",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct net_guard guard;
        struct error error = { 0 };
        if (guard_parse(bad[i], &guard, &error)) {
            fail_msg("%s", bad[i]);
        }
        CHECK(error.kind == ERROR_INVALID && error.message[0] != '\0');
    }
}

static void a_list_has_at_most_64_networks(void **state)
{
    (void)state;
    AUTO(text_clear) struct text list = TEXT_UP_TO(2048);
    struct net_guard guard;
    struct error error;

    for (int i = 0; i < GUARD_NETWORKS_MAX; i++) {
        text_print(&list, "%s10.0.%d.0/24", i > 0 ? "," : "", i);
    }
    CHECK(guard_parse(text_get(&list), &guard, &error));
    CHECK_NUMBER(guard.network_count, GUARD_NETWORKS_MAX);
    text_add(&list, ",10.1.0.0/16");
    CHECK(!guard_parse(text_get(&list), &guard, &error));
}

static void our_own_listeners_are_refused_even_on_an_allowed_network(void **state)
{
    (void)state;
    struct net_guard guard = guard_of("127.0.0.0/8");

    guard_add_listener(&guard, 8080);
    CHECK(!allows_port(&guard, "127.0.0.1", 8080));
    CHECK(allows_port(&guard, "127.0.0.1", 8089));
    struct net_guard open = guard_of("");
    guard_add_listener(&open, 8080);
    CHECK(allows_port(&open, "203.0.113.9", 8080));
}

static void other_address_families_are_refused(void **state)
{
    (void)state;
    struct sockaddr address = { .sa_family = AF_UNIX };
    struct net_guard guard = guard_of("");

    CHECK(!guard_allows(&guard, &address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_list_only_dangerous_addresses_are_refused),
        cmocka_unit_test(with_a_list_only_its_networks_are_allowed),
        cmocka_unit_test(a_bad_list_is_refused_by_name),
        cmocka_unit_test(a_list_has_at_most_64_networks),
        cmocka_unit_test(our_own_listeners_are_refused_even_on_an_allowed_network),
        cmocka_unit_test(other_address_families_are_refused),
    };
    return cmocka_run_group_tests_name("net/guard", tests, NULL, NULL);
}

/* See guard.h. Addresses are compared as 16 bytes; IPv4 is its mapped form. */
#include "net/guard.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>

#include "core/macros.h"

enum { MAPPED_BITS = 96, ELEMENT_SIZE_MAX = 64 };

static const uint8_t mapped_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

#define V4(a, b, c, d, prefix)                                                                     \
    {                                                                                              \
        { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, a, b, c, d }, MAPPED_BITS + (prefix)           \
    }

/* Never, not even when listed. */
static const struct guard_network never[] = {
    V4(0, 0, 0, 0, 8),   /* "this network"; Linux connects 0.0.0.0 to itself */
    V4(224, 0, 0, 0, 4), /* multicast */
    V4(240, 0, 0, 0, 4), /* reserved, and 255.255.255.255 */
    { { 0 }, 128 },      /* :: */
    { { 0xff }, 8 },     /* multicast */
};

/* Only where the list names them, or a part of them. */
static const struct guard_network only_by_name[] = {
    V4(127, 0, 0, 0, 8),
    V4(169, 254, 0, 0, 16),
    { { [15] = 1 }, 128 },                                         /* ::1 */
    { { 0xfe, 0x80 }, 10 },                                        /* link-local */
    { { 0xfd, 0x00, 0x0e, 0xc2, [14] = 0x02, [15] = 0x54 }, 128 }, /* a cloud's metadata */
};

/* Where IPv4 hides in IPv6: prefix, and at which byte the four begin. */
static const struct {
    struct guard_network prefix;
    size_t at;
} disguises[] = {
    { { { 0 }, 96 }, 12 },                      /* ::a.b.c.d, compatible */
    { { { 0x00, 0x64, 0xff, 0x9b }, 96 }, 12 }, /* 64:ff9b::/96, NAT64 */
    { { { 0x20, 0x02 }, 16 }, 2 },              /* 2002::/16, 6to4 */
};

static bool network_holds(const struct guard_network *network, const uint8_t address[16])
{
    size_t whole = network->bits / 8;
    unsigned rest = network->bits % 8;

    if (memcmp(network->address, address, whole) != 0) {
        return false;
    }
    if (rest == 0) {
        return true;
    }
    unsigned mask = (0xff00U >> rest) & 0xffU;
    return ((network->address[whole] ^ address[whole]) & mask) == 0;
}

static bool any_holds(const struct guard_network *networks, size_t count, const uint8_t address[16])
{
    for (size_t i = 0; i < count; i++) {
        if (network_holds(&networks[i], address)) {
            return true;
        }
    }
    return false;
}

static bool bytes_are_allowed(const struct net_guard *guard, const uint8_t address[16])
{
    if (any_holds(never, COUNT_OF(never), address)) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(only_by_name); i++) {
        if (!network_holds(&only_by_name[i], address)) {
            continue;
        }
        for (size_t j = 0; j < guard->network_count; j++) {
            const struct guard_network *named = &guard->networks[j];
            if (named->bits >= only_by_name[i].bits && network_holds(named, address)) {
                return true;
            }
        }
        return false;
    }
    return guard->network_count == 0 || any_holds(guard->networks, guard->network_count, address);
}

static bool bytes_of(const struct sockaddr *address, uint8_t bytes_out[16], uint16_t *port_out)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in v4;
        memcpy(&v4, address, sizeof v4);
        memcpy(bytes_out, mapped_prefix, sizeof mapped_prefix);
        memcpy(bytes_out + sizeof mapped_prefix, &v4.sin_addr, 4);
        *port_out = ntohs(v4.sin_port);
        return true;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 v6;
        memcpy(&v6, address, sizeof v6);
        memcpy(bytes_out, &v6.sin6_addr, 16);
        *port_out = ntohs(v6.sin6_port);
        return true;
    }
    return false;
}

static bool is_our_own(const uint8_t address[16])
{
    struct ifaddrs *interfaces = NULL;
    bool is_ours = false;

    if (getifaddrs(&interfaces) != 0) {
        return true; /* Not knowing is no permission. */
    }
    for (struct ifaddrs *one = interfaces; one != NULL && !is_ours; one = one->ifa_next) {
        uint8_t bytes[16];
        uint16_t port = 0;
        is_ours = one->ifa_addr != NULL && bytes_of(one->ifa_addr, bytes, &port) &&
                  memcmp(bytes, address, sizeof bytes) == 0;
    }
    freeifaddrs(interfaces);
    return is_ours;
}

static bool is_listener(const struct net_guard *guard, const uint8_t address[16], uint16_t port)
{
    static const struct guard_network loopback = V4(127, 0, 0, 0, 8);

    for (size_t i = 0; i < guard->listener_count; i++) {
        if (guard->listeners[i] == port) {
            return network_holds(&loopback, address) || is_our_own(address);
        }
    }
    return false;
}

bool guard_allows(const struct net_guard *guard, const struct sockaddr *address)
{
    uint8_t bytes[16];
    uint16_t port = 0;

    if (!bytes_of(address, bytes, &port) || !bytes_are_allowed(guard, bytes) ||
        is_listener(guard, bytes, port)) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(disguises); i++) {
        uint8_t inner[16];
        if (!network_holds(&disguises[i].prefix, bytes)) {
            continue;
        }
        memcpy(inner, mapped_prefix, sizeof mapped_prefix);
        memcpy(inner + sizeof mapped_prefix, bytes + disguises[i].at, 4);
        /* ::1 is `compatible` by form; it has been judged by name above. */
        static const struct guard_network loopback6 = { { [15] = 1 }, 128 };
        if (!network_holds(&loopback6, bytes) && !bytes_are_allowed(guard, inner)) {
            return false;
        }
    }
    return true;
}

void guard_add_listener(struct net_guard *guard, uint16_t port)
{
    if (guard->listener_count == GUARD_LISTENERS_MAX) {
        abort();
    }
    guard->listeners[guard->listener_count++] = port;
}

static bool address_parse(const char *text, uint8_t bytes_out[16], unsigned *bits_max_out)
{
    if (inet_pton(AF_INET, text, bytes_out + sizeof mapped_prefix) == 1) {
        memcpy(bytes_out, mapped_prefix, sizeof mapped_prefix);
        *bits_max_out = 32;
        return true;
    }
    *bits_max_out = 128;
    return inet_pton(AF_INET6, text, bytes_out) == 1;
}

static bool bits_parse(const char *text, unsigned bits_max, unsigned *bits_out)
{
    size_t size = strlen(text);

    if (size == 0 || size > 3 || strspn(text, "0123456789") != size) {
        return false;
    }
    *bits_out = (unsigned)strtoul(text, NULL, 10);
    return *bits_out <= bits_max;
}

static bool network_parse(char *element, struct guard_network *network_out)
{
    unsigned bits_max = 0;
    unsigned bits = 0;
    char *slash = strchr(element, '/');

    if (slash != NULL) {
        *slash = '\0';
    }
    if (!address_parse(element, network_out->address, &bits_max)) {
        return false;
    }
    bits = bits_max;
    if (slash != NULL && !bits_parse(slash + 1, bits_max, &bits)) {
        return false;
    }
    network_out->bits = bits_max == 32 ? MAPPED_BITS + bits : bits;
    return true;
}

bool guard_parse(const char *list, struct net_guard *guard_out, struct error *error)
{
    static const char blanks[] = " \t\r\n";
    struct net_guard guard = { 0 };
    const char *at = list != NULL ? list : "";

    for (;;) {
        char element[ELEMENT_SIZE_MAX];
        at += strspn(at, blanks);
        size_t size = strcspn(at, ", \t\r\n");
        if (size == 0 && *at == '\0' && guard.network_count == 0) {
            break;
        }
        if (size == 0 || size >= sizeof element) {
            return error_set(error, ERROR_INVALID,
                             "an element of the list is empty or too long: '%.40s'", at);
        }
        memcpy(element, at, size);
        element[size] = '\0';
        if (guard.network_count == GUARD_NETWORKS_MAX) {
            return error_set(error, ERROR_LIMIT, "more than %d networks", GUARD_NETWORKS_MAX);
        }
        if (!network_parse(element, &guard.networks[guard.network_count])) {
            return error_set(error, ERROR_INVALID,
                             "'%.*s' is no network such as 192.168.0.0/16 or fd12::/16", (int)size,
                             at);
        }
        guard.network_count++;
        at += size;
        at += strspn(at, blanks);
        if (*at == '\0') {
            break;
        }
        if (*at != ',') {
            return error_set(error, ERROR_INVALID, "networks are separated by commas: '%.40s'", at);
        }
        at++;
    }
    *guard_out = guard;
    return true;
}

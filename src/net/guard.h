/*
 * The guard against requests into our own network (server-side request forgery): which addresses a
 * PBX may have. It judges the address that a connection really goes to, after name resolution, so
 * no spelling of a host and no changing name server gets around it.
 *
 * Without a list every network is allowed but: this host (127/8, ::1, 0/8, ::), link-local and
 * metadata addresses (169.254/16, fe80::/10, fd00:ec2::254), multicast, reserved and broadcast.
 * With a list only its networks are allowed; loopback and link-local then count only where a
 * network of the list lies wholly inside them. Unspecified, multicast and broadcast never.
 * IPv4 inside IPv6 (mapped, compatible, NAT64, 6to4) is judged as the IPv4 address too.
 */
#ifndef NET_GUARD_H
#define NET_GUARD_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "core/error.h"

enum { GUARD_NETWORKS_MAX = 64, GUARD_LISTENERS_MAX = 8 };

/* An address as 16 bytes (IPv4 as ::ffff:a.b.c.d) and how many leading bits count. */
struct guard_network {
    uint8_t address[16];
    unsigned bits;
};

struct net_guard {
    struct guard_network networks[GUARD_NETWORKS_MAX];
    size_t network_count; /* 0: the default rule. */
    uint16_t listeners[GUARD_LISTENERS_MAX];
    size_t listener_count;
};

/* Read a list such as "10.0.0.0/8, 192.168.7.20, fd12::/16"; "" or NULL is the default rule. Bits
 * behind the prefix are ignored. *error names the bad element. */
MUST_USE bool guard_parse(const char *list, struct net_guard *guard_out, struct error *error);

/* A TCP port on which this program itself listens: connections to it at any of this machine's own
 * addresses are refused. At most GUARD_LISTENERS_MAX; more are a bug. */
void guard_add_listener(struct net_guard *guard, uint16_t port);

/* May a connection go to this address? Anything but IPv4 and IPv6 is refused. */
bool guard_allows(const struct net_guard *guard, const struct sockaddr *address);

#endif

/*
 * Hosts and URLs from settings. A host is a name, an IPv4 or an IPv6 address and nothing else: user
 * information, paths, spaces, control characters and non-ASCII letters are refused, so that what a
 * person typed can never become another request.
 */
#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>

#include "core/error.h"
#include "core/text.h"

/* Is this a host that may stand in a URL? "::1" and "[::1]" both count. *error says what is wrong.
 */
MUST_USE bool url_host_check(const char *host, struct error *error);

/* Is this an http:// or https:// URL for a request of ours: a host, perhaps a port, path and query;
 * printable ASCII without user information, at most 2048 characters? *error says what is wrong. */
MUST_USE bool url_web_check(const char *url, struct error *error);

/* Adds "https://HOST:PORT" for a checked host, brackets where IPv6 wants them. */
void url_add_base(struct text *url, const char *host, int port);

#endif

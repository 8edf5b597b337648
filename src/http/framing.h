/*
 * Where a request begins and ends. The library is lenient where leniency lets two servers read two
 * requests in the same bytes (request smuggling); what is left open by it is refused here, once the
 * headers are in (RFC 9112 sections 2.2, 3.2, 5.1, 5.2, 6.1 to 6.3). Inside http/ only.
 */
#ifndef HTTP_FRAMING_H
#define HTTP_FRAMING_H

#include <stdbool.h>
#include <stdint.h>

#include <microhttpd.h>

#include "core/macros.h"

struct framing {
    uint64_t length; /* Content-Length; 0 when there is none. */
    bool is_chunked;
    bool expects_continue;
};

/* NULL when the request can be read in one way only; else the objection, in words. */
MUST_USE const char *framing_read(struct MHD_Connection *library, const char *version,
                                  struct framing *framing_out);

#endif

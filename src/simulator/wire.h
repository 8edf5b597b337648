/*
 * One connection to the simulator as a stream of bytes, in clear or through TLS, that can also end
 * the ways a connection ends in the field: cleanly, cut without TLS's goodbye, or reset.
 *
 * Blocking, one thread per wire. Another thread may shut the socket down, which ends every call
 * here.
 */
#ifndef SIMULATOR_WIRE_H
#define SIMULATOR_WIRE_H

#include <gnutls/gnutls.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/macros.h"

enum wire_end {
    WIRE_CLEAN, /* TLS close_notify, then FIN. */
    WIRE_CUT,   /* FIN only: what a crashed process leaves. */
    WIRE_RESET, /* RST. */
};

struct wire {
    int socket;
    gnutls_session_t tls; /* NULL: in clear. */
    uint64_t received;    /* Payload bytes, after TLS. */
    uint64_t sent;
    const atomic_bool *is_stopping; /* Borrowed; ends every wait. */
};

/* The server's side of the handshake. `priority`: GnuTLS's text. */
MUST_USE bool wire_handshake(struct wire *wire, gnutls_certificate_credentials_t credentials,
                             const char *priority);
/* Some bytes; 0 or less: the end, a failure, or 30 s of silence. */
ssize_t wire_read(struct wire *wire, void *bytes_out, size_t size);
/* All of them, or false. */
MUST_USE bool wire_write(struct wire *wire, const void *bytes, size_t size);
/* Let time pass. False at once when the peer goes away or the simulator stops. */
bool wire_wait(struct wire *wire, int64_t duration_ms);
/* Has the peer gone? */
bool wire_is_abandoned(const struct wire *wire);
/* Once; the socket must be closed next (by its owner), which completes a reset. */
void wire_end(struct wire *wire, enum wire_end end);

#endif

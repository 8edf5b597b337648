/*
 * The simulator's TLS identities: self-signed P-256 certificates for a name that is not the host's,
 * as an appliance has them. The usual one (kept in a file when asked), and two that faults show
 * instead.
 */
#ifndef SIMULATOR_IDENTITY_H
#define SIMULATOR_IDENTITY_H

#include <gnutls/gnutls.h>
#include <stdbool.h>

#include "core/error.h"
#include "core/macros.h"
#include "core/time.h"

struct simulator_identity {
    gnutls_certificate_credentials_t credentials; /* NULL while empty. */
    char public_key_pin[80];                      /* "sha256//BASE64", curl's form. */
    char sha256[65];                              /* Of the DER, hex. */
};

/* A new certificate for `name`, valid from `from` until `until`. With `path` (may be NULL) it is
 * read from there, or written there when the file is missing. */
MUST_USE bool simulator_identity_make(const char *name, time_ms from, time_ms until,
                                      const char *path, struct simulator_identity *identity_out,
                                      struct error *error);
void simulator_identity_clear(struct simulator_identity *identity);

#endif

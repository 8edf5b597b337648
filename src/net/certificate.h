/* The certificate that the other side showed, as a pin and as text for people. For net/ only. */
#ifndef NET_CERTIFICATE_H
#define NET_CERTIFICATE_H

#include <stdbool.h>
#include <stddef.h>

#include "net/client.h"

/* From PEM: the RFC 7469 pin of its public key, "sha256//BASE64", and "subject …; issuer …; valid
 * until …" with control characters replaced. False when it is no certificate. */
bool certificate_describe(const char *pem, char pin_out[NET_PIN_SIZE], char *text_out,
                          size_t text_room);

#endif

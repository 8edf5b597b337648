/* Bytes as text and back: hex, base64 (RFC 4648), percent-encoding (RFC 3986). Decoders are strict.
 */
#ifndef CORE_ENCODE_H
#define CORE_ENCODE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/macros.h"
#include "core/text.h"

/* Lower-case hex; text_out holds 2 * size + 1. Returns text_out. */
const char *encode_hex(const void *bytes, size_t size, char *text_out);
/* `text` must be exactly 2 * size hex digits. */
MUST_USE bool decode_hex(const char *text, uint8_t *bytes_out, size_t size);

/* Adds the base64 form; the URL-safe alphabet without padding when is_url. */
void encode_base64(const void *bytes, size_t size, bool is_url, struct text *text);
/* Standard alphabet with padding. bytes_out holds 3 * (length / 4) bytes. */
MUST_USE bool decode_base64(const char *text, size_t length, uint8_t *bytes_out, size_t *size_out);

/* Adds `string` with all but unreserved characters (and those in `keep`, may be "") as %XX. */
void encode_percent(const char *string, const char *keep, struct text *text);
/* In place; '+' becomes a space when is_form. False on a bad escape or an encoded NUL. */
MUST_USE bool decode_percent(char *string, size_t *size, bool is_form);

#endif

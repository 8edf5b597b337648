/* Header fields that carry a little language of their own. Pure. Inside http/ only. */
#ifndef HTTP_FIELDS_H
#define HTTP_FIELDS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/macros.h"
#include "core/time.h"

/* The value of the first cookie of that name (RFC 6265 section 4.2.1; quotes around it are taken
 * off), a copy in the arena. NULL when there is none. */
const char *cookie_find(struct arena *arena, const char *header, const char *name);

/* "Basic dXNlcjpwYXNz" (RFC 7617). False unless it is base64 of "user:password" without NUL. */
MUST_USE bool basic_read(struct arena *arena, const char *header, const char **user_out,
                         const char **password_out);

/* What follows the scheme ("Bearer") in an Authorization header; NULL for another scheme. */
const char *scheme_strip(const char *header, const char *scheme);

/* Does a list of entity tags, as in If-None-Match ("*" or W/"a", "b"), name `etag` (no quotes)?
 * Weak comparison. */
bool etag_list_has(const char *header, const char *etag);

/* Does Accept-Encoding admit `coding` (q > 0)? False for a missing header (NULL) and for "*". */
bool encoding_is_accepted(const char *header, const char *coding);

/* Is `name` a token (RFC 9110 section 5.6.2), `value` free of control characters but tab? */
bool field_is_valid(const char *name, const char *value);

enum { DATE_TEXT_SIZE = 32 };
/* "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110 section 5.6.7). Returns text_out. */
const char *date_print(time_ms at, char text_out[DATE_TEXT_SIZE]);
/* That form only; the two obsolete ones are as good as no date here. */
MUST_USE bool date_read(const char *text, time_ms *at_out);

#endif

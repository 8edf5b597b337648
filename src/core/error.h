/*
 * What went wrong, and what the caller may do about it.
 *
 * A function that can fail returns bool and takes `struct error *error` last. It returns false
 * exactly when it has set *error. `error` is never NULL. Messages are for people: lower case, no
 * full stop, values quoted, the setting named; they never hold a secret.
 */
#ifndef CORE_ERROR_H
#define CORE_ERROR_H

#include <stdbool.h>

#include "core/macros.h"

enum error_kind {
    ERROR_NONE = 0,
    ERROR_INVALID,     /* The input is wrong; the same input will fail again. */
    ERROR_NOT_FOUND,   /* There is no such thing. */
    ERROR_DENIED,      /* We were refused: credentials, permissions. */
    ERROR_LIMIT,       /* A bound from the configuration was reached. */
    ERROR_CORRUPT,     /* Stored data failed its check. */
    ERROR_UNREACHABLE, /* The other side did not answer. */
    ERROR_TIMEOUT,     /* It answered too late. */
    ERROR_BUSY,        /* A lock, a quota, no room on the disk: "try later". */
    ERROR_SYSTEM,      /* Our own machine failed us: I/O error, no memory. */
};

struct error {
    enum error_kind kind;
    char message[320];
};

/* Fill *error. Always returns false, so that `return error_set(...)` reads well. */
bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* Fill *error from errno, with ": strerror" after the text. Always returns false. */
bool error_set_errno(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* Put "context: " before the message. For boundaries only, one each. Always returns false. */
bool error_within(struct error *error, const char *format, ...) PRINTF_LIKE(2, 3);

/* Forget: the state before anything happened. */
void error_clear(struct error *error);

/* Can the same call succeed later, with nobody touching anything? */
bool error_is_temporary(const struct error *error);

#endif

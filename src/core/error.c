/* See error.h. Messages longer than the buffer are cut, never overrun. */
#include "core/error.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool error_set(struct error *error, enum error_kind kind, const char *format, ...)
{
    va_list arguments;

    error->kind = kind;
    va_start(arguments, format);
    IGNORE(vsnprintf(error->message, sizeof error->message, format, arguments), "cut is fine");
    va_end(arguments);
    return false;
}

static enum error_kind kind_of_errno(int number)
{
    if (number == ENOENT) {
        return ERROR_NOT_FOUND;
    }
    if (number == EACCES || number == EPERM || number == EROFS) {
        return ERROR_DENIED;
    }
    if (number == ENOSPC || number == EDQUOT) {
        return ERROR_BUSY; /* Heals when somebody makes room. */
    }
    return ERROR_SYSTEM;
}

bool error_set_errno(struct error *error, const char *format, ...)
{
    int number = errno;
    va_list arguments;

    error->kind = kind_of_errno(number);
    va_start(arguments, format);
    int length = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof error->message) {
        char text[96];
        IGNORE(snprintf(error->message + length, sizeof error->message - (size_t)length, ": %s",
                        strerror_r(number, text, sizeof text)),
               "cut is fine");
    }
    return false;
}

bool error_within(struct error *error, const char *format, ...)
{
    char inner[sizeof error->message];
    va_list arguments;

    memcpy(inner, error->message, sizeof inner);
    va_start(arguments, format);
    int length = vsnprintf(error->message, sizeof error->message, format, arguments);
    va_end(arguments);
    if (length >= 0 && (size_t)length < sizeof error->message) {
        size_t room = sizeof error->message - (size_t)length;
        IGNORE(snprintf(error->message + length, room, ": %.*s", (int)sizeof inner - 1, inner),
               "cut is fine");
    }
    return false;
}

void error_clear(struct error *error)
{
    error->kind = ERROR_NONE;
    error->message[0] = '\0';
}

bool error_is_temporary(const struct error *error)
{
    switch (error->kind) {
    case ERROR_UNREACHABLE:
    case ERROR_TIMEOUT:
    case ERROR_BUSY:
    case ERROR_SYSTEM:
        return true;
    case ERROR_NONE:
    case ERROR_INVALID:
    case ERROR_NOT_FOUND:
    case ERROR_DENIED:
    case ERROR_LIMIT:
    case ERROR_CORRUPT:
        return false;
    }
    return false;
}

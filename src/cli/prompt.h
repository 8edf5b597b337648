/* Secrets from people: typed without an echo, or read from a file or a pipe. Never from the command
 * line. */
#ifndef CLI_PROMPT_H
#define CLI_PROMPT_H

#include "core/error.h"

/* `file` NULL: asked on the terminal (or the first line of standard input); "-": standard input.
 * Release with secret_free(). ERROR_INVALID when it is empty. */
MUST_USE bool prompt_secret(const char *what, const char *file, char **secret_out,
                            struct error *error);

#endif

/* See prompt.h. */
#include "cli/prompt.h"

#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "auth/secret.h"
#include "core/file.h"
#include "core/memory.h"

enum { LINE_SIZE = 4096 };

static char *line_read(FILE *from)
{
    char line[LINE_SIZE];
    char *copy = NULL;

    if (fgets(line, sizeof line, from) != NULL) {
        line[strcspn(line, "\r\n")] = '\0';
        copy = memory_copy_text(line);
    }
    secret_wipe(line, sizeof line);
    return copy;
}

static char *terminal_read(const char *what)
{
    struct termios before;
    struct termios silent;

    if (tcgetattr(STDIN_FILENO, &before) != 0) {
        return line_read(stdin);
    }
    silent = before;
    silent.c_lflag &= ~(tcflag_t)ECHO;
    fprintf(stderr, "%s: ", what);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    char *secret = line_read(stdin);
    (void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
    fputc('\n', stderr);
    return secret;
}

bool prompt_secret(const char *what, const char *file, char **secret_out, struct error *error)
{
    char *secret = NULL;
    size_t size = 0;

    if (file == NULL) {
        secret = terminal_read(what);
    } else if (strcmp(file, "-") == 0) {
        secret = line_read(stdin);
    } else if (file_read(file, LINE_SIZE, &secret, &size, error)) {
        secret[strcspn(secret, "\r\n")] = '\0';
    } else {
        return false;
    }
    if (secret == NULL || secret[0] == '\0') {
        secret_free(secret);
        return error_set(error, ERROR_INVALID, "no %s was given", what);
    }
    *secret_out = secret;
    return true;
}

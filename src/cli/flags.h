/*
 * Command lines: a command says what it takes in a table, and gets its flags read, its --help
 * printed, and a wrong flag named with exit status 2.
 */
#ifndef CLI_FLAGS_H
#define CLI_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#include "core/time.h"

/* Exit statuses of every command. */
enum { EXIT_FINE = 0, EXIT_PROBLEM = 1, EXIT_USAGE = 2 };

struct flag {
    const char *name;       /* "--json" */
    const char *value_name; /* "FILE"; NULL: takes no value */
    bool *is_given;         /* Where a flag without value goes. */
    const char **value;     /* Where the value goes. */
    const char *help;
};

struct usage {
    const char *command; /* "calls list" */
    const char *words;   /* What stands behind the flags: "ID"; "" for nothing. */
    const char *about;   /* One paragraph. */
    const struct flag *flags;
    size_t flag_count;
    size_t word_count_min;
    size_t word_count_max;
};

enum { WORDS_MAX = 16 };
struct words {
    const char *text[WORDS_MAX];
    size_t count;
};

/* Read argv[1…]. False when the command is over: *status_out is 0 after --help, 2 after a wrong
 * flag or word (said on standard error). Texts are borrowed from argv. */
bool flags_read(const struct usage *usage, int argc, char **argv, struct words *words_out,
                int *status_out);

/* A flag's instant; NULL leaves it alone. False: no instant (said on standard error), *status_out
 * is 2. */
bool flag_time(const struct usage *usage, const char *name, const char *value, time_ms *at_out,
               int *status_out);

/* A sub-command's row, and the command that picks among them. */
struct subcommand {
    const char *name;
    const char *words; /* For the list: "ID" */
    const char *about;
    int (*run)(int argc, char **argv); /* argv[0] is the sub-command */
};
int subcommands_run(const char *command, const struct subcommand *rows, size_t count, int argc,
                    char **argv);

#endif

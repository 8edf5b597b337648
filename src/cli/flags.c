/* See flags.h. */
#include "cli/flags.h"

#include <stdio.h>
#include <string.h>

static void help_print(const struct usage *usage, FILE *to)
{
    fprintf(to, "usage: audiapro %s%s%s%s\n\n%s\n", usage->command,
            usage->flag_count > 0 ? " [FLAGS]" : "", usage->words[0] != '\0' ? " " : "",
            usage->words, usage->about);
    if (usage->flag_count > 0) {
        fputs("\nflags:\n", to);
    }
    for (size_t i = 0; i < usage->flag_count; i++) {
        char left[64];
        const struct flag *flag = &usage->flags[i];
        (void)snprintf(left, sizeof left, "%s %s", flag->name,
                       flag->value_name != NULL ? flag->value_name : "");
        fprintf(to, "  %-24s %s\n", left, flag->help);
    }
    fprintf(to, "  %-24s %s\n", "--help", "this text");
}

static const struct flag *flag_find(const struct usage *usage, const char *name, size_t length)
{
    for (size_t i = 0; i < usage->flag_count; i++) {
        if (strlen(usage->flags[i].name) == length &&
            strncmp(usage->flags[i].name, name, length) == 0) {
            return &usage->flags[i];
        }
    }
    return NULL;
}

static bool usage_wrong(const struct usage *usage, const char *what, const char *which)
{
    fprintf(stderr, "audiapro %s: %s '%s'; see audiapro %s --help\n", usage->command, what, which,
            usage->command);
    return false;
}

/* One flag at argv[*index]; moves on over its value. */
static bool flag_read(const struct usage *usage, int argc, char **argv, int *index)
{
    const char *given = argv[*index];
    const char *equals = strchr(given, '=');
    size_t length = equals != NULL ? (size_t)(equals - given) : strlen(given);
    const struct flag *flag = flag_find(usage, given, length);

    if (flag == NULL) {
        return usage_wrong(usage, "unknown flag", given);
    }
    if (flag->value_name == NULL) {
        if (equals != NULL) {
            return usage_wrong(usage, "no value goes with", flag->name);
        }
        *flag->is_given = true;
        return true;
    }
    if (equals != NULL) {
        *flag->value = equals + 1;
        return true;
    }
    if (*index + 1 >= argc) {
        return usage_wrong(usage, "a value is missing behind", flag->name);
    }
    *flag->value = argv[++*index];
    return true;
}

bool flags_read(const struct usage *usage, int argc, char **argv, struct words *words_out,
                int *status_out)
{
    bool are_flags_over = false;

    *words_out = (struct words){ 0 };
    *status_out = EXIT_USAGE;
    for (int i = 1; i < argc; i++) {
        if (!are_flags_over && strcmp(argv[i], "--") == 0) {
            are_flags_over = true;
        } else if (!are_flags_over && strcmp(argv[i], "--help") == 0) {
            help_print(usage, stdout);
            *status_out = EXIT_FINE;
            return false;
        } else if (!are_flags_over && argv[i][0] == '-' && argv[i][1] != '\0') {
            if (!flag_read(usage, argc, argv, &i)) {
                return false;
            }
        } else if (words_out->count == usage->word_count_max) {
            return usage_wrong(usage, "unexpected word", argv[i]);
        } else {
            words_out->text[words_out->count++] = argv[i];
        }
    }
    if (words_out->count < usage->word_count_min) {
        return usage_wrong(usage, "what is missing is", usage->words);
    }
    *status_out = EXIT_FINE;
    return true;
}

bool flag_time(const struct usage *usage, const char *name, const char *value, time_ms *at_out,
               int *status_out)
{
    if (value == NULL || time_parse(value, at_out)) {
        return true;
    }
    fprintf(stderr,
            "audiapro %s: %s '%s' is no instant: write 2026-02-05T21:20:41Z or 2026-02-05\n",
            usage->command, name, value);
    *status_out = EXIT_USAGE;
    return false;
}

static void subcommands_print(const char *command, const struct subcommand *rows, size_t count,
                              FILE *to)
{
    fprintf(to, "usage: audiapro %s COMMAND\n\n", command);
    for (size_t i = 0; i < count; i++) {
        char left[64];
        (void)snprintf(left, sizeof left, "%s %s", rows[i].name, rows[i].words);
        fprintf(to, "  %-24s %s\n", left, rows[i].about);
    }
    fprintf(to, "\neach has --help\n");
}

int subcommands_run(const char *command, const struct subcommand *rows, size_t count, int argc,
                    char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "--help") == 0) {
        subcommands_print(command, rows, count, stdout);
        return EXIT_FINE;
    }
    for (size_t i = 0; i < count && argc >= 2; i++) {
        if (strcmp(rows[i].name, argv[1]) == 0) {
            return rows[i].run(argc - 1, argv + 1);
        }
    }
    if (argc >= 2) {
        fprintf(stderr, "audiapro %s: there is no command '%s'\n", command, argv[1]);
    }
    subcommands_print(command, rows, count, stderr);
    return EXIT_USAGE;
}

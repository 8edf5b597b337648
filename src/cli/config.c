/* `audiapro config` and `audiapro migrate`. */
#include "config/config.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/setup.h"
#include "store/migrate.h"

extern char **environ;

static int config_show_run(int argc, char **argv)
{
    bool is_json = false;
    const struct flag flags[] = { { "--json", NULL, &is_json, NULL, "as JSON" } };
    const struct usage usage = { .command = "config show",
                                 .words = "",
                                 .about = "Every setting with its value and where that comes from. "
                                          "Secrets are masked.",
                                 .flags = flags,
                                 .flag_count = COUNT_OF(flags) };
    struct words words;
    struct error error = { 0 };
    int status = 0;
    AUTO(config_free) struct config *config = NULL;
    AUTO(text_clear) struct text text = TEXT_UP_TO(1 * MIB);

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!config_load(NULL, environ, &config, &error)) {
        return setup_problem(&error);
    }
    config_show(config, &text, is_json);
    fputs(text_get(&text), stdout);
    return EXIT_FINE;
}

static int config_help_run(int argc, char **argv)
{
    const struct usage usage = {
        .command = "config help",
        .words = "",
        .about = "Every setting with its meaning, default and allowed values."
    };
    struct words words;
    int status = 0;
    AUTO(text_clear) struct text text = TEXT_UP_TO(1 * MIB);

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    config_help(&text);
    fputs(text_get(&text), stdout);
    return EXIT_FINE;
}

int cli_config(int argc, char **argv)
{
    static const struct subcommand rows[] = {
        { "show", "", "values and where they come from", config_show_run },
        { "help", "", "meaning, default and allowed values", config_help_run },
    };

    return subcommands_run("config", rows, COUNT_OF(rows), argc, argv);
}

int cli_migrate(int argc, char **argv)
{
    const struct usage usage = { .command = "migrate",
                                 .words = "",
                                 .about =
                                     "Bring the database to this program's schema. `serve` does "
                                     "it by itself." };
    struct words words;
    struct error error = { 0 };
    int64_t version = 0;
    int64_t newest = 0;
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    if (!store_schema(setup.db, &version, &newest, &error)) {
        return setup_problem(&error);
    }
    printf("the database has schema %lld, the newest that this program knows\n",
           (long long)version);
    return EXIT_FINE;
}

/* THE table of commands. */
#include "cli/commands.h"

#include <stdio.h>
#include <string.h>

#include "cli/flags.h"
#include "cli/simulate.h"
#include "cli/transcribe.h"
#include "core/macros.h"
#include "speech/speech.h"

static const struct subcommand commands[] = {
    { "serve", "", "the server: webhooks, collection, transcription, dashboard", cli_serve },
    { "demo", "", "everything at once with a simulated UCM; nothing to set up", cli_demo },
    { "doctor", "", "why recordings do not arrive: step by step, with the root cause", cli_doctor },
    { "calls", "list|summary|show|retry|reasons", "calls and their recordings", cli_calls },
    { "audit", "", "is everything as it must be? Rules, files, hashes", cli_audit },
    { "alarms", "list|targets|add|test", "what is wrong, and who is told of it", cli_alarms },
    { "import", "--from DATE", "calls and recordings of before this server was there", cli_import },
    { "transcribe", "FILE", "one local recording into text", cli_transcribe },
    { "tenant", "list|create|pbx|secret", "tenants, their PBX and webhook secret", cli_tenant },
    { "user", "list|create|password", "who may sign in", cli_user },
    { "token", "list|create|revoke", "API tokens for machines", cli_token },
    { "migrate", "", "bring the database to this program's schema", cli_migrate },
    { "config", "show", "every setting, its value and where that comes from", cli_config },
    { "simulate-ucm", "", "a simulated Grandstream UCM, for trying and testing", cli_simulate },
};

static void overview_print(FILE *to)
{
    fprintf(to,
            "AudiaPro %s: every business call recorded, kept and understood\n\n"
            "usage: audiapro COMMAND\n\n",
            AUDIAPRO_VERSION);
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        char left[64];
        (void)snprintf(left, sizeof left, "%s %s", commands[i].name, commands[i].words);
        fprintf(to, "  %-32s %s\n", left, commands[i].about);
    }
    fprintf(to, "\neach has --help; start with: audiapro demo\n");
}

int commands_run(int argc, char **argv)
{
    if (argc >= 2 && strcmp(argv[1], "speech-child") == 0) {
        return speech_child_main(argc - 1,
                                 argv + 1); /* speech/speech.h starts it; not for people. */
    }
    for (size_t i = 0; i < COUNT_OF(commands) && argc >= 2; i++) {
        if (strcmp(commands[i].name, argv[1]) == 0) {
            return commands[i].run(argc - 1, argv + 1);
        }
    }
    if (argc >= 2 && strcmp(argv[1], "--version") == 0) {
        printf("audiapro %s\n", AUDIAPRO_VERSION);
        return EXIT_FINE;
    }
    if (argc >= 2 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)) {
        overview_print(stdout);
        return EXIT_FINE;
    }
    if (argc >= 2) {
        fprintf(stderr, "audiapro: there is no command '%s'\n\n", argv[1]);
    }
    overview_print(stderr);
    return EXIT_USAGE;
}

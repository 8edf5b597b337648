/*
 * See simulate.h. Flags to options, options to a simulator; then webhooks for the loaded calls, if
 * asked; then it waits for SIGINT or SIGTERM.
 */
#include "cli/simulate.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/memory.h"
#include "simulator/simulator.h"

enum { FAULTS_MAX = 32, EXIT_FAILED = 1, EXIT_USAGE = 2 };

struct settings {
    struct simulator_options options;
    const char *calls_folder;
    struct simulator_webhook webhook;
    double rate; /* Webhooks (calls) per second. */
    const char *faults[FAULTS_MAX];
    int fault_count;
    bool wants_help;
    bool wants_faults;
};

enum flag_kind { FLAG_TEXT, FLAG_PORT, FLAG_CONTROL, FLAG_RATE, FLAG_FAULT, FLAG_SWITCH };

#define AT(member) offsetof(struct settings, member)

static const struct flag {
    const char *name;
    enum flag_kind kind;
    size_t member;
    const char *value; /* What the value is; NULL: none is taken. */
    const char *does;
} flags[] = {
    { "--listen", FLAG_TEXT, AT(options.listen_address), "ADDRESS",
      "IPv4 address to listen on (127.0.0.1)" },
    { "--new-port", FLAG_PORT, AT(options.new_port), "PORT",
      "port of the new API, POST /api (8089); 0: any, -1: off" },
    { "--old-port", FLAG_PORT, AT(options.old_port), "PORT",
      "port of the old API, /cdrapi and /recapi (8443); 0: any, -1: off" },
    { "--control-port", FLAG_CONTROL, AT(options.control_port), "PORT",
      "plain-HTTP port on 127.0.0.1 for tests (off); 0: any" },
    { "--username", FLAG_TEXT, AT(options.username), "NAME", "API user (cdrapi)" },
    { "--password", FLAG_TEXT, AT(options.password), "TEXT", "its password (s3cret)" },
    { "--certificate", FLAG_TEXT, AT(options.certificate_file), "FILE",
      "PEM with key and certificate, made when missing (a new one each start)" },
    { "--calls", FLAG_TEXT, AT(calls_folder), "DIR", "folder of audio files with a calls.json" },
    { "--webhook", FLAG_TEXT, AT(webhook.url), "URL", "send each loaded call there, once" },
    { "--webhook-user", FLAG_TEXT, AT(webhook.username), "NAME", "Basic user for it (none)" },
    { "--webhook-password", FLAG_TEXT, AT(webhook.password), "TEXT", "its password" },
    { "--rate", FLAG_RATE, AT(rate), "NUMBER", "calls sent per second (1)" },
    { "--fault", FLAG_FAULT, 0, "NAME[@ACTION][:COUNT[:PARAMETER]]",
      "let a fault strike COUNT times (forever); may be repeated" },
    { "--list-faults", FLAG_SWITCH, AT(wants_faults), NULL, "show the faults and leave" },
    { "--help", FLAG_SWITCH, AT(wants_help), NULL, "show this and leave" },
};

static void help_print(void)
{
    char left[64];

    puts("usage: audiapro simulate-ucm [flags]\n\n"
         "A simulated Grandstream UCM: both APIs over TLS, CDRs, recordings, webhooks, faults.\n");
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        IGNORE(snprintf(left, sizeof left, "%s %s", flags[i].name,
                        flags[i].value != NULL ? flags[i].value : ""),
               "fits");
        printf("  %-28s%s%s\n", left, strlen(left) > 27 ? "\n                              " : "",
               flags[i].does);
    }
}

static void faults_print(void)
{
    for (const struct simulator_fault *fault = simulator_faults(); fault->name != NULL; fault++) {
        printf("%-22s %-11s @%-10s %s", fault->name, fault->group, fault->scope, fault->does);
        printf(fault->parameter != 0 ? " [%ld]\n" : "\n", fault->parameter);
    }
}

static bool number_read(const char *text, long min, long max, long *out)
{
    char *end = NULL;

    errno = 0;
    *out = strtol(text, &end, 10);
    return end != text && *end == '\0' && errno == 0 && *out >= min && *out <= max;
}

static bool value_read(struct settings *settings, const struct flag *flag, const char *value)
{
    char *slot = (char *)settings + flag->member;
    long number = 0;
    char *end = NULL;

    switch (flag->kind) {
    case FLAG_TEXT:
        *(const char **)(void *)slot = value;
        return true;
    case FLAG_CONTROL:
        settings->options.has_control = true;
        /* fall through */
    case FLAG_PORT:
        if (!number_read(value, flag->kind == FLAG_PORT ? -1 : 0, UINT16_MAX, &number)) {
            return false;
        }
        *(int *)(void *)slot = (int)number;
        return true;
    case FLAG_RATE:
        settings->rate = strtod(value, &end);
        return end != value && *end == '\0' && settings->rate > 0.001 && settings->rate < 1e6;
    case FLAG_FAULT:
        if (settings->fault_count == FAULTS_MAX) {
            return false;
        }
        settings->faults[settings->fault_count++] = value;
        return true;
    case FLAG_SWITCH:
        *(bool *)slot = true;
        return true;
    }
    return false;
}

static const struct flag *flag_find(const char *name, size_t length)
{
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        if (strlen(flags[i].name) == length && strncmp(flags[i].name, name, length) == 0) {
            return &flags[i];
        }
    }
    return NULL;
}

/* "--flag value" and "--flag=value". False when something is wrong, which is printed. */
static bool flags_read(int argc, char **argv, struct settings *settings)
{
    for (int i = 1; i < argc; i++) {
        size_t length = strcspn(argv[i], "=");
        const struct flag *flag = flag_find(argv[i], length);
        const char *value = argv[i][length] == '=' ? argv[i] + length + 1 : NULL;

        if (flag == NULL) {
            fprintf(stderr, "audiapro simulate-ucm: unknown flag '%s' (see --help)\n", argv[i]);
            return false;
        }
        if (flag->value != NULL && value == NULL && i + 1 < argc) {
            value = argv[++i];
        }
        if ((flag->value != NULL) != (value != NULL)) {
            fprintf(stderr, "audiapro simulate-ucm: %s %s\n", flag->name,
                    flag->value != NULL ? "needs a value" : "takes no value");
            return false;
        }
        if (!value_read(settings, flag, value)) {
            fprintf(stderr, "audiapro simulate-ucm: %s '%s' is not a %s\n", flag->name, value,
                    flag->value);
            return false;
        }
    }
    return true;
}

/* NAME[@ACTION][:COUNT[:PARAMETER]] */
static bool fault_apply(struct simulator *simulator, const char *text, struct error *error)
{
    AUTO(free) char *name = memory_copy_text(text);
    char *count_text = strchr(name, ':');
    char *parameter_text = NULL;
    long count = SIMULATOR_FOREVER;
    long parameter = 0;

    if (count_text != NULL) {
        *count_text++ = '\0';
        parameter_text = strchr(count_text, ':');
        if (parameter_text != NULL) {
            *parameter_text++ = '\0';
        }
    }
    if ((count_text != NULL && !number_read(count_text, SIMULATOR_FOREVER, INT_MAX, &count)) ||
        (parameter_text != NULL &&
         !number_read(parameter_text, -1000000000L, 1000000000L, &parameter))) {
        return error_set(error, ERROR_INVALID, "--fault '%s': a number is wrong", text);
    }
    return simulator_fault_set(simulator, name, (int)count, parameter, error);
}

static void addresses_print(struct simulator *simulator, const char *listen_address)
{
    if (simulator_new_port(simulator) != 0) {
        printf("new API      https://%s:%d/api\n", listen_address, simulator_new_port(simulator));
    }
    if (simulator_old_port(simulator) != 0) {
        printf("old API      https://%s:%d/recapi\n", listen_address,
               simulator_old_port(simulator));
    }
    if (simulator_control_port(simulator) != 0) {
        printf("control      http://127.0.0.1:%d/simulator/\n", simulator_control_port(simulator));
    }
    printf("certificate  SHA-256 %s\n", simulator_certificate_sha256(simulator));
    printf("public key   %s\n", simulator_public_key_pin(simulator));
    printf("calls        %d\n", simulator_call_count(simulator));
    fflush(stdout);
}

/* Wait for a signal at most so long. True when one came. */
static bool signal_await(const sigset_t *signals, double duration_s)
{
    struct timespec rest = { .tv_sec = (time_t)duration_s,
                             .tv_nsec = (long)((duration_s - (double)(time_t)duration_s) * 1e9) };

    return sigtimedwait(signals, NULL, &rest) > 0;
}

/* True when a signal asked to end. */
static bool webhooks_send(struct simulator *simulator, const struct settings *settings,
                          const sigset_t *signals)
{
    int call_count = simulator_call_count(simulator);

    for (int i = 0; i < call_count; i++) {
        struct error error = { 0 };
        int status = 0;
        if (simulator_webhook_send(simulator, i, &settings->webhook, &status, &error)) {
            printf("webhook      call %d: HTTP %d\n", i, status);
        } else {
            printf("webhook      call %d: %s\n", i, error.message);
        }
        fflush(stdout);
        if (signal_await(signals, 1 / settings->rate)) {
            return true;
        }
    }
    return false;
}

static bool simulator_prepare(struct simulator *simulator, const struct settings *settings,
                              struct error *error)
{
    int count = 0;

    if (settings->calls_folder != NULL &&
        !simulator_calls_load(simulator, settings->calls_folder, &count, error)) {
        return false;
    }
    for (int i = 0; i < settings->fault_count; i++) {
        if (!fault_apply(simulator, settings->faults[i], error)) {
            return false;
        }
    }
    return true;
}

static int simulator_run(struct settings *settings)
{
    AUTO(simulator_stop) struct simulator *simulator = NULL;
    const char *listen_address = settings->options.listen_address;
    struct error error = { 0 };
    sigset_t signals;
    int number = 0;

    /* Before any thread, so that all inherit it and the signal waits for us. */
    sigemptyset(&signals);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    if (!simulator_start(&settings->options, &simulator, &error) ||
        !simulator_prepare(simulator, settings, &error)) {
        fprintf(stderr, "audiapro simulate-ucm: %s\n", error.message);
        return error.kind == ERROR_INVALID ? EXIT_USAGE : EXIT_FAILED;
    }
    addresses_print(simulator, listen_address != NULL ? listen_address : "127.0.0.1");
    if (settings->webhook.url == NULL || !webhooks_send(simulator, settings, &signals)) {
        IGNORE(sigwait(&signals, &number), "cannot fail for these signals");
    }
    return EXIT_SUCCESS;
}

int cli_simulate(int argc, char **argv)
{
    struct settings settings = { .options = { .new_port = 8089, .old_port = 8443 }, .rate = 1 };

    if (!flags_read(argc, argv, &settings)) {
        return EXIT_USAGE;
    }
    if (settings.wants_help) {
        help_print();
        return EXIT_SUCCESS;
    }
    if (settings.wants_faults) {
        faults_print();
        return EXIT_SUCCESS;
    }
    settings.options.audio_folder = settings.calls_folder;
    return simulator_run(&settings);
}

/* The commands as a person types them: help, wrong usage, what they print, and what they change. */
#include "scene.h"

/* ---- Little helpers of this file ---- */

/* A folder and settings; nothing is served. */
static int unserved_setup(void **state)
{
    struct server *server = memory_new(sizeof *server);

    *state = server;
    server_make(server);
    return 0;
}

static int unserved_teardown(void **state)
{
    struct server *server = *state;

    server_end(server);
    free(server);
    return 0;
}

/* What a command printed, and its exit status. */
struct printed {
    int status;
    struct text output, errors;
};

static void printed_clear(struct printed *printed)
{
    text_clear(&printed->output);
    text_clear(&printed->errors);
}
DEFINE_AUTO_CLEAR(printed_clear, struct printed)

static void run(const struct server *server, const struct command *command, struct printed *printed)
{
    printed_clear(printed);
    printed->output = TEXT_UP_TO(1 * MIB);
    printed->errors = TEXT_UP_TO(1 * MIB);
    printed->status = server_command(server, command, &printed->output, &printed->errors);
    if (strstr(text_get(&printed->errors), "Sanitizer") != NULL) {
        fail_msg("%s", text_get(&printed->errors));
    }
}

/* A command that must succeed, and its JSON; yours to release. */
static json_t *run_json(const struct server *server, const struct command *command)
{
    AUTO(printed_clear) struct printed printed = { 0 };
    struct error error = { 0 };

    run(server, command, &printed);
    if (printed.status != 0) {
        fail_msg("%s: %s", command->arguments[0], text_get(&printed.errors));
    }
    json_t *json = json_read(text_get(&printed.output), printed.output.size, &error);
    if (json == NULL) {
        fail_msg("%s %s: %s", command->arguments[0], command->arguments[1], error.message);
    }
    return json;
}

/* Every command there is, and how many words it must be given. */
static const struct {
    const char *words[2];
    bool is_group; /* Only its sub-commands do something. */
    bool needs_words;
} commands[] = {
    { { "serve" }, false, false },
    { { "demo" }, false, false },
    { { "calls" }, true, false },
    { { "calls", "list" }, false, false },
    { { "calls", "summary" }, false, false },
    { { "audit" }, false, false },
    { { "calls", "show" }, false, true },
    { { "calls", "retry" }, false, true }, /* or a flag that says which */
    { { "transcribe" }, false, true },
    { { "tenant" }, true, false },
    { { "tenant", "list" }, false, false },
    { { "tenant", "create" }, false, true },
    { { "tenant", "pbx" }, false, true },
    { { "tenant", "secret" }, false, true },
    { { "user" }, true, false },
    { { "user", "list" }, false, false },
    { { "user", "create" }, false, true },
    { { "user", "password" }, false, true },
    { { "token" }, true, false },
    { { "token", "list" }, false, false },
    { { "token", "create" }, false, true },
    { { "token", "revoke" }, false, true },
    { { "doctor" }, false, false },
    { { "migrate" }, false, false },
    { { "config" }, true, false },
    { { "config", "show" }, false, false },
    { { "config", "help" }, false, false },
    { { "simulate-ucm" }, false, false },
};

static struct command command_with(size_t row, const char *last)
{
    struct command command = { .arguments = { commands[row].words[0], commands[row].words[1] } };

    command.arguments[commands[row].words[1] != NULL ? 2 : 1] = last;
    return command;
}

/* ---- Help and wrong usage ---- */

static void every_command_has_help(void **state)
{
    const struct server *server = *state;
    AUTO(printed_clear) struct printed printed = { 0 };

    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        struct command command = command_with(i, "--help");
        run(server, &command, &printed);
        if (printed.status != 0 || strstr(text_get(&printed.output), "usage: audiapro") == NULL ||
            printed.errors.size > 0) {
            fail_msg("%s %s --help: status %d", commands[i].words[0],
                     commands[i].words[1] != NULL ? commands[i].words[1] : "", printed.status);
        }
    }
    run(server, &(struct command){ .arguments = { "--help" } }, &printed);
    assert_int_equal(printed.status, 0);
    assert_non_null(strstr(text_get(&printed.output), "serve"));
    run(server, &(struct command){ .arguments = { "--version" } }, &printed);
    assert_int_equal(printed.status, 0);
    assert_string_equal(text_get(&printed.output), "audiapro " AUDIAPRO_VERSION "\n");
}

static void a_wrong_flag_is_named(void **state)
{
    const struct server *server = *state;
    AUTO(printed_clear) struct printed printed = { 0 };

    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        struct command command = command_with(i, "--no-such-flag");
        run(server, &command, &printed);
        if (printed.status != 2 || strstr(text_get(&printed.errors), "--no-such-flag") == NULL) {
            fail_msg("%s %s --no-such-flag: status %d: %s", commands[i].words[0],
                     commands[i].words[1] != NULL ? commands[i].words[1] : "", printed.status,
                     text_get(&printed.errors));
        }
        assert_int_equal(printed.output.size, 0);
    }
    assert_int_not_equal(access(server->data, F_OK), 0); /* And nothing was made. */
}

static void missing_and_unexpected_words_are_wrong_usage(void **state)
{
    const struct server *server = *state;
    AUTO(printed_clear) struct printed printed = { 0 };
    static const struct command wrong[] = {
        { .arguments = { "frobnicate" } },
        { .arguments = { "calls", "frobnicate" } },
        { .arguments = { "calls", "list", "extra" } },
        { .arguments = { "calls", "list", "--limit" } },
        { .arguments = { "calls", "list", "--limit", "0" } },
        { .arguments = { "calls", "list", "--limit", "10x" } },
        { .arguments = { "calls", "list", "--json=yes" } },
        { .arguments = { "serve", "--role", "cook" } },
        { .arguments = { NULL } },
    };

    for (size_t i = 0; i < COUNT_OF(wrong); i++) {
        run(server, &wrong[i], &printed);
        if (printed.status != 2 || printed.errors.size == 0) {
            fail_msg("row %zu: status %d", i, printed.status);
        }
    }
    for (size_t i = 0; i < COUNT_OF(commands); i++) {
        if (commands[i].needs_words || commands[i].is_group) {
            struct command command = command_with(i, NULL);
            run(server, &command, &printed);
            assert_int_equal(printed.status, 2);
            assert_true(printed.errors.size > 0);
        }
    }
}

/* ---- Settings ---- */

static void a_bad_setting_stops_the_start_with_one_line(void **state)
{
    struct server *server = *state;
    AUTO(printed_clear) struct printed printed = { 0 };
    static const struct {
        const char *name, *value, *allowed;
    } rows[] = {
        { "PORT", "99999", "65535" },
        { "PORT", "http", "65535" },
        { "HTTP_LISTEN", "nowhere", "HOST:PORT" },
        { "HTTP_THREADS", "0", "1 to 64" },
        { "DEFAULT_TENANT", "Bad_Name", "a-z" },
        { "UCM_IP", "https://192.0.2.1/", "address" },
        { "UCM_PORT", "0", "65535" },
        { "UCM_TLS_PIN", "abc", "64 hex digits" },
        { "PBX_ALLOWED_NETWORKS", "the-lan", "192.168.0.0/16" },
        { "STORAGE_BACKEND", "tape", "local|s3" },
        { "TRANSCRIPTION_ENABLED", "maybe", "true or false" },
        { "RETRY_SCHEDULE", "soon", "30s" },
        { "RETRY_HORIZON", "1s", "1m" },
        { "LOG_LEVEL", "loud", "debug|info|warn|error" },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct server copy = *server;
        server_set(&copy, rows[i].name, rows[i].value);
        run(&copy, &(struct command){ .arguments = { "serve" } }, &printed);
        const char *line = text_get(&printed.errors);
        bool is_one_line = printed.errors.size > 0 && strchr(line, '\n') == strrchr(line, '\n');
        if (printed.status != 1 || !is_one_line || strstr(line, rows[i].name) == NULL ||
            strstr(line, rows[i].value) == NULL || strstr(line, rows[i].allowed) == NULL) {
            fail_msg("%s=%s: status %d: %s", rows[i].name, rows[i].value, printed.status, line);
        }
    }
}

static void a_bad_secret_is_not_repeated(void **state)
{
    struct server *server = *state;
    AUTO(printed_clear) struct printed printed = { 0 };
    static const char *const rows[][2] = { { "WEBHOOK_SECRET", "sh/rt?" },
                                           { "SECRET_KEY", "tooshort" },
                                           { "DATABASE_URL", "mysql://me:pass@host/db" },
                                           { "ADMIN_PASSWORD", "9chars-ab" } };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct server copy = *server;
        server_set(&copy, rows[i][0], rows[i][1]);
        run(&copy, &(struct command){ .arguments = { "serve" } }, &printed);
        const char *line = text_get(&printed.errors);
        if (printed.status != 1 || strstr(line, rows[i][0]) == NULL ||
            strstr(line, rows[i][1]) != NULL) {
            fail_msg("%s: status %d: %s", rows[i][0], printed.status, line);
        }
    }
}

static void config_show_masks_secrets(void **state)
{
    struct server *server = *state;
    AUTO(printed_clear) struct printed printed = { 0 };
    char path[128];
    struct error error = { 0 };

    IGNORE(snprintf(path, sizeof path, "%s/hook", server->folder), "fits");
    assert_true(file_write(path, "hook-canary-77\n", 15, 0600, &error));
    server_set(server, "UCM_PASSWORD", "ucm-canary-77");
    server_set(server, "SECRET_KEY", "key-canary-77-0123456789");
    server_set(server, "WEBHOOK_SECRET_FILE", path);
    server_set(server, "DATABASE_URL", "postgres://u:db-canary-77@db/x");
    server_set(server, "UCM_USERNAME", "cdrapi-user");
    for (int as_json = 0; as_json < 2; as_json++) {
        run(server,
            &(struct command){ .arguments = { "config", "show", as_json ? "--json" : NULL } },
            &printed);
        assert_int_equal(printed.status, 0);
        assert_null(strstr(text_get(&printed.output), "canary-77"));
        assert_null(strstr(text_get(&printed.output), ADMIN_PASSWORD));
        assert_non_null(strstr(text_get(&printed.output), "cdrapi-user"));
        assert_non_null(strstr(text_get(&printed.output), "UCM_PASSWORD"));
    }
    AUTO(json_release)
    json_t *json = json_read(text_get(&printed.output), printed.output.size, &error);
    assert_non_null(json);
}

static void migrate_may_be_run_again(void **state)
{
    const struct server *server = *state;
    AUTO(printed_clear) struct printed printed = { 0 };

    for (int i = 0; i < 2; i++) {
        run(server, &(struct command){ .arguments = { "migrate" } }, &printed);
        assert_int_equal(printed.status, 0);
        assert_non_null(strstr(text_get(&printed.output), "schema"));
    }
}

/* ---- Tenants, users, tokens ---- */

static void tenants_are_made_listed_and_configured(void **state)
{
    const struct server *server = *state;
    AUTO(printed_clear) struct printed printed = { 0 };
    static const char *const bad_names[] = { "Acme", "a_b", "-a", "a.b", "" };

    run(server, &(struct command){ .arguments = { "tenant", "create", "acme", "--name", "Acme" } },
        &printed);
    assert_int_equal(printed.status, 0);
    assert_non_null(strstr(text_get(&printed.output), "/api/webhook/cdr/acme/"));
    run(server, &(struct command){ .arguments = { "tenant", "create", "acme" } }, &printed);
    assert_int_equal(printed.status, 1);
    assert_non_null(strstr(text_get(&printed.errors), "acme"));
    for (size_t i = 0; i < COUNT_OF(bad_names); i++) {
        run(server, &(struct command){ .arguments = { "tenant", "create", "--", bad_names[i] } },
            &printed);
        assert_int_equal(printed.status, 1);
    }
    run(server,
        &(struct command){ .arguments = { "tenant", "pbx", "acme", "--host", "192.0.2.7", "--port",
                                          "8089", "--username", "api", "--password-file", "-" },
                           .input = "pbx-canary-3\n" },
        &printed);
    assert_int_equal(printed.status, 0);
    assert_null(strstr(text_get(&printed.output), "canary"));
    run(server, &(struct command){ .arguments = { "tenant", "pbx", "acme", "--port", "80890" } },
        &printed);
    assert_int_equal(printed.status, 1);
    run(server, &(struct command){ .arguments = { "tenant", "pbx", "nobody", "--port", "1" } },
        &printed);
    assert_int_equal(printed.status, 1);
    assert_non_null(strstr(text_get(&printed.errors), "nobody"));
    AUTO(json_release)
    json_t *list =
        run_json(server, &(struct command){ .arguments = { "tenant", "list", "--json" } });
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(text_at(list, "0.tenant"), "acme");
    assert_string_equal(text_at(list, "0.pbx"), "192.0.2.7");
    assert_true(json_is_true(json_at(list, "0.has_secret")));
}

/* The secret that `tenant secret` prints at the end of the webhook's address. */
static void secret_new(const struct server *server, char path_out[256])
{
    AUTO(printed_clear) struct printed printed = { 0 };

    run(server, &(struct command){ .arguments = { "tenant", "secret", "default" } }, &printed);
    assert_int_equal(printed.status, 0);
    const char *at = strstr(text_get(&printed.output), "/api/webhook/");
    assert_non_null(at);
    IGNORE(snprintf(path_out, 256, "%.*s", (int)strcspn(at, " \n"), at), "fits");
}

static long hook_probe(const struct server *server, const char *path)
{
    AUTO(reply_clear) struct reply reply = { 0 };

    server_ask_with(server, path, NULL, 0, NULL, NULL, NULL, &reply);
    return reply.status;
}

static void a_new_webhook_secret_counts_within_two_seconds(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    char first[256];
    char second[256];

    assert_int_equal(hook_probe(server, "/api/webhook/cdr/default"), 200);
    secret_new(server, first);
    secret_new(server, second);
    int64_t until_ms = time_monotonic_ms() + 2000;
    while (hook_probe(server, second) != 200 || hook_probe(server, first) != 401) {
        assert_true(time_monotonic_ms() < until_ms);
        time_sleep_ms(LOOK_MS);
    }
    assert_int_equal(hook_probe(server, "/api/webhook/cdr/default"), 401);
    server_must(server,
                &(struct command){ .arguments = { "tenant", "secret", "default", "--none" } },
                NULL);
    until_ms = time_monotonic_ms() + 2000;
    while (hook_probe(server, "/api/webhook/cdr/default") != 200) {
        assert_true(time_monotonic_ms() < until_ms);
        time_sleep_ms(LOOK_MS);
    }
}

static void users_are_made_with_a_password_from_a_pipe(void **state)
{
    const struct server *server = *state;
    AUTO(printed_clear) struct printed printed = { 0 };
    static const struct {
        struct command command;
        int status;
    } rows[] = {
        { { .arguments = { "user", "create", "boss@example.test", "--password-file", "-" },
            .input = "long-enough-1\n" },
          0 },
        { { .arguments = { "user", "create", "BOSS@example.test", "--password-file", "-" },
            .input = "long-enough-1\n" },
          1 },
        { { .arguments = { "user", "create", "no-address", "--password-file", "-" },
            .input = "long-enough-1\n" },
          1 },
        { { .arguments = { "user", "create", "b@example.test", "--password-file", "-" },
            .input = "short\n" },
          1 },
        { { .arguments = { "user", "create", "b@example.test", "--password-file", "-" },
            .input = "" },
          1 },
        { { .arguments = { "user", "create", "b@example.test", "--role", "viewer",
                           "--password-file", "-" },
            .input = "long-enough-1\n" },
          1 },
        { { .arguments = { "user", "create", "b@example.test", "--tenant", "nobody" },
            .input = "long-enough-1\n" },
          1 },
        { { .arguments = { "user", "password", "nobody@example.test", "--password-file", "-" },
            .input = "long-enough-1\n" },
          1 },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        run(server, &rows[i].command, &printed);
        if (printed.status != rows[i].status) {
            fail_msg("row %zu: status %d: %s", i, printed.status, text_get(&printed.errors));
        }
        assert_null(strstr(text_get(&printed.output), "long-enough"));
        assert_null(strstr(text_get(&printed.errors), "long-enough"));
    }
    AUTO(json_release)
    json_t *list = run_json(server, &(struct command){ .arguments = { "user", "list", "--json" } });
    assert_int_equal(json_array_size(list), 1);
    assert_string_equal(text_at(list, "0.email"), "boss@example.test");
    assert_string_equal(text_at(list, "0.role"), "operator");
}

static void a_token_works_until_it_is_revoked(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    AUTO(reply_clear) struct reply reply = { 0 };
    char token[128];
    char bearer[192];

    token_create(server, "default", "viewer", token);
    IGNORE(snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", token), "fits");
    server_ask_with(server, "/api/calls", NULL, 0, bearer, NULL, NULL, &reply);
    assert_int_equal(reply.status, 200);
    AUTO(json_release)
    json_t *list =
        run_json(server, &(struct command){ .arguments = { "token", "list", "--json" } });
    assert_int_equal(json_array_size(list), 2); /* The test's own is there as well. */
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *row = json_array_get(list, i);
        if (strcmp(text_at(row, "role"), "viewer") == 0) {
            server_must(server,
                        &(struct command){ .arguments = { "token", "revoke", text_at(row, "id") } },
                        NULL);
        }
    }
    server_ask_with(server, "/api/calls", NULL, 0, bearer, NULL, NULL, &reply);
    assert_int_equal(reply.status, 401);
}

/* ---- Calls ---- */

static void calls_are_listed_shown_and_retried(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    AUTO(printed_clear) struct printed printed = { 0 };
    struct simulator_added added[2];
    char id[64];

    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[0]);
    collection_wait(server, "stored", 1);
    call_add(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[1]);
    assert_true(simulator_recording_delete(scene->ucm, added[1].recordings[0].path));
    webhook_send(scene, added[1].call);
    AUTO(json_release)
    json_t *call = recording_wait(server, added[1].recordings[0].path, "waiting", "not_there_yet");
    IGNORE(snprintf(id, sizeof id, "%s", text_at(call, "id")), "fits");

    AUTO(json_release)
    json_t *list =
        run_json(server, &(struct command){ .arguments = { "calls", "list", "--json" } });
    assert_int_equal(json_array_size(json_at(list, "calls")), 2);
    assert_string_equal(text_at(list, "calls.0.id"), id);
    assert_string_equal(text_at(list, "calls.0.reason"), "not_there_yet");
    assert_string_equal(text_at(list, "calls.1.recording"), "stored");
    assert_true(number_at(list, "collection.stored") == 1);
    assert_string_equal(text_at(list, "collection.reasons.0.code"), "not_there_yet");
    AUTO(json_release)
    json_t *stored = run_json(
        server,
        &(struct command){ .arguments = { "calls", "list", "--json", "--recording", "stored" } });
    assert_int_equal(json_array_size(json_at(stored, "calls")), 1);
    run(server, &(struct command){ .arguments = { "calls", "list" } }, &printed);
    assert_int_equal(printed.status, 0);
    assert_non_null(strstr(text_get(&printed.output), "not_there_yet"));
    assert_non_null(strstr(text_get(&printed.output), "2 expected, 1 stored"));

    run(server, &(struct command){ .arguments = { "calls", "show", id } }, &printed);
    assert_int_equal(printed.status, 0);
    assert_non_null(strstr(text_get(&printed.output), added[1].recordings[0].path));
    assert_non_null(strstr(text_get(&printed.output), "next step"));
    AUTO(json_release)
    json_t *shown =
        run_json(server, &(struct command){ .arguments = { "calls", "show", id, "--json" } });
    assert_string_equal(text_at(shown, "id"), id);
    server_must(server, &(struct command){ .arguments = { "calls", "retry", id } }, NULL);
    run(server, &(struct command){ .arguments = { "calls", "show", "0123456789abcdef" } },
        &printed);
    assert_int_equal(printed.status, 1);
    run(server, &(struct command){ .arguments = { "calls", "retry", "junk" } }, &printed);
    assert_int_equal(printed.status, 1);
}

#define UNSERVED(test) cmocka_unit_test_setup_teardown(test, unserved_setup, unserved_teardown)
#define SERVED(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNSERVED(every_command_has_help),
        UNSERVED(a_wrong_flag_is_named),
        UNSERVED(missing_and_unexpected_words_are_wrong_usage),
        UNSERVED(a_bad_setting_stops_the_start_with_one_line),
        UNSERVED(a_bad_secret_is_not_repeated),
        UNSERVED(config_show_masks_secrets),
        UNSERVED(migrate_may_be_run_again),
        UNSERVED(tenants_are_made_listed_and_configured),
        SERVED(a_new_webhook_secret_counts_within_two_seconds),
        UNSERVED(users_are_made_with_a_password_from_a_pipe),
        SERVED(a_token_works_until_it_is_revoked),
        SERVED(calls_are_listed_shown_and_retried),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

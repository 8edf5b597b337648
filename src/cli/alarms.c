/* `audiapro alarms`: what is wrong, and who is told of it. */
#include <stdio.h>
#include <string.h>

#include "auth/secret.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/setup.h"
#include "cli/table.h"
#include "core/json.h"
#include "core/rowid.h"
#include "jobs/notify.h"
#include "store/tenants.h"

/* 0 without the flag: all tenants and the server. False: said. */
static bool tenant_of_flag(struct setup *setup, const char *subdomain, int64_t *tenant_id_out)
{
    struct tenant *tenant = subdomain != NULL ? setup_tenant(setup, subdomain) : NULL;

    *tenant_id_out = tenant != NULL ? tenant->id : 0;
    return subdomain == NULL || tenant != NULL;
}

/* ---- Alarms ---- */

static void alarms_tell(const json_t *alarms)
{
    size_t count = json_array_size(alarms);

    for (size_t i = 0; i < count; i++) {
        const json_t *alarm = json_array_get(alarms, i);
        const char *tenant = json_text(alarm, "tenant", NULL);
        const char *pbx = json_text(alarm, "pbx", NULL);
        const char *cleared = json_text(alarm, "cleared_at", NULL);
        printf("%s  %s  %s%s%s%s\n", json_text(alarm, "severity", ""), json_text(alarm, "kind", ""),
               tenant != NULL ? "tenant " : "this server", tenant != NULL ? tenant : "",
               pbx != NULL ? ", PBX " : "", pbx != NULL ? pbx : "");
        printf("  %s\n  since %s%s%s: %s\n", json_text(alarm, "message", ""),
               json_text(alarm, "since", ""), cleared != NULL ? " until " : "",
               cleared != NULL ? cleared : "", json_text(alarm, "detail", ""));
        if (cleared == NULL) {
            printf("  -> %s\n", json_text(alarm, "advice", ""));
        }
        puts("");
    }
    if (count == 0) {
        puts("no alarm is raised");
    }
}

static int alarms_list_run(int argc, char **argv)
{
    const char *subdomain = NULL;
    bool is_all = false;
    bool is_json = false;
    const struct flag flags[] = {
        { "--all", NULL, &is_all, NULL, "also those that are over, of the last 90 days" },
        { "--tenant", "SUBDOMAIN", NULL, &subdomain, "only this tenant's" },
        { "--json", NULL, &is_json, NULL, "as JSON" },
    };
    const struct usage usage = { .command = "alarms list",
                                 .words = "",
                                 .about = "What is wrong, since when, and what to do about it.",
                                 .flags = flags,
                                 .flag_count = COUNT_OF(flags) };
    struct words words;
    struct error error = { 0 };
    struct alarm_row *alarms = NULL;
    size_t count = 0;
    int64_t tenant_id = 0;
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup) || !tenant_of_flag(&setup, subdomain, &tenant_id)) {
        return EXIT_PROBLEM;
    }
    if (!alarm_list(setup.db, setup.arena, tenant_id, is_all, &alarms, &count, &error)) {
        return setup_problem(&error);
    }
    AUTO(json_release) json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        IGNORE(json_array_append_new(rows, alarm_json(&alarms[i])), "memory never fails");
    }
    if (is_json) {
        table_print(NULL, 0, rows, true);
    } else {
        alarms_tell(rows);
    }
    return EXIT_FINE;
}

/* ---- Targets ---- */

static int alarms_targets_run(int argc, char **argv)
{
    static const struct table_column columns[] = {
        { "ID", "id" },
        { "KIND", "kind" },
        { "ADDRESS", "address" },
        { "TENANT", "tenant" },
        { "OFF SINCE", "disabled_at" },
        { "BECAUSE", "disabled_reason" },
    };
    const char *subdomain = NULL;
    bool is_json = false;
    const struct flag flags[] = {
        { "--tenant", "SUBDOMAIN", NULL, &subdomain, "only this tenant's" },
        { "--json", NULL, &is_json, NULL, "as JSON" },
    };
    const struct usage usage = {
        .command = "alarms targets",
        .words = "",
        .about = "Who is told of alarms. Without a tenant: of all tenants' and the server's.",
        .flags = flags,
        .flag_count = COUNT_OF(flags)
    };
    struct words words;
    struct error error = { 0 };
    struct target_row *targets = NULL;
    size_t count = 0;
    int64_t tenant_id = 0;
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup) || !tenant_of_flag(&setup, subdomain, &tenant_id)) {
        return EXIT_PROBLEM;
    }
    if (!target_list(setup.db, setup.arena, tenant_id, &targets, &count, &error)) {
        return setup_problem(&error);
    }
    AUTO(json_release) json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        IGNORE(json_array_append_new(rows, target_json(&targets[i])), "memory never fails");
    }
    table_print(columns, COUNT_OF(columns), rows, is_json);
    return EXIT_FINE;
}

static void added_tell(const struct target_row *row, const char *secret, bool is_json)
{
    char id[ROW_ID_TEXT_SIZE];

    IGNORE(row_id_print(row->id, id), "returns its argument");
    if (is_json) {
        AUTO(json_release)
        json_t *json = json_pack("{s:s, s:s, s:s, s:s?}", "id", id, "kind", row->kind, "address",
                                 row->address, "secret", secret[0] != '\0' ? secret : NULL);
        (void)json_dumpf(json, stdout, JSON_INDENT(2));
        puts("");
        return;
    }
    printf("target %s: %s %s\n", id, row->kind, row->address);
    if (secret[0] != '\0') {
        printf("secret, shown only now; verify each message's signature with it (docs/alarms.md):\n"
               "%s\n",
               secret);
    }
    printf("try it: audiapro alarms test %s\n", id);
}

static int alarms_add_run(int argc, char **argv)
{
    const char *subdomain = NULL;
    const char *url = NULL;
    const char *email = NULL;
    bool is_json = false;
    const struct flag flags[] = {
        { "--webhook", "URL", NULL, &url, "post signed JSON to this http:// or https:// URL" },
        { "--email", "ADDRESS", NULL, &email, "write to this address (SMTP_URL must be set)" },
        { "--tenant", "SUBDOMAIN", NULL, &subdomain, "of this tenant's alarms; without: of all" },
        { "--json", NULL, &is_json, NULL, "as JSON" },
    };
    const struct usage usage = {
        .command = "alarms add",
        .words = "",
        .about = "Tell somebody when an alarm is raised and when it is over. A webhook's secret is "
                 "printed once.",
        .flags = flags,
        .flag_count = COUNT_OF(flags)
    };
    struct words words;
    struct error error = { 0 };
    char secret[NOTICE_SECRET_SIZE] = "";
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if ((url == NULL) == (email == NULL)) {
        fprintf(stderr, "audiapro: give one of --webhook URL and --email ADDRESS\n");
        return EXIT_USAGE;
    }
    struct target_row row = { .kind = url != NULL ? TARGET_WEBHOOK : TARGET_EMAIL,
                              .address = url != NULL ? url : email };
    if (!setup_open("", &setup) || !tenant_of_flag(&setup, subdomain, &row.tenant_id)) {
        return EXIT_PROBLEM;
    }
    if (!notify_target_add(setup.db, &setup.world, &row, secret, &error)) {
        return setup_problem(&error);
    }
    added_tell(&row, secret, is_json);
    secret_wipe(secret, sizeof secret);
    return EXIT_FINE;
}

/* The target that a person names by its id; NULL: said. */
static struct target_row *target_named(struct setup *setup, int64_t tenant_id, const char *text)
{
    struct target_row *target = NULL;
    struct error error = { 0 };
    int64_t id = 0;

    if (row_id_parse(text, &id) &&
        !target_find(setup->db, setup->arena, tenant_id, id, &target, &error)) {
        IGNORE(setup_problem(&error), "the caller ends");
        return NULL;
    }
    if (target == NULL) {
        fprintf(stderr, "audiapro: there is no target '%s'; see: audiapro alarms targets\n", text);
    }
    return target;
}

/* What `remove` and `test` share: one target, one change, one line about it. */
static int target_change(int argc, char **argv, const char *command, const char *about,
                         bool (*change)(struct setup *setup, const struct target_row *target,
                                        json_t *told, struct error *error))
{
    const char *subdomain = NULL;
    bool is_json = false;
    const struct flag flags[] = {
        { "--tenant", "SUBDOMAIN", NULL, &subdomain, "only when it is this tenant's" },
        { "--json", NULL, &is_json, NULL, "as JSON" },
    };
    const struct usage usage = { .command = command,
                                 .words = "ID",
                                 .about = about,
                                 .flags = flags,
                                 .flag_count = COUNT_OF(flags),
                                 .word_count_min = 1,
                                 .word_count_max = 1 };
    struct words words;
    struct error error = { 0 };
    int64_t tenant_id = 0;
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup) || !tenant_of_flag(&setup, subdomain, &tenant_id)) {
        return EXIT_PROBLEM;
    }
    struct target_row *target = target_named(&setup, tenant_id, words.text[0]);
    if (target == NULL) {
        return EXIT_PROBLEM;
    }
    AUTO(json_release) json_t *told = json_pack("{s:s}", "target", words.text[0]);
    if (!db_begin(setup.db, &error) || !change(&setup, target, told, &error) ||
        !db_commit(setup.db, &error)) {
        db_rollback(setup.db);
        return setup_problem(&error);
    }
    if (is_json) {
        (void)json_dumpf(told, stdout, JSON_INDENT(2));
        puts("");
    } else {
        puts(json_text(told, "said", ""));
    }
    return EXIT_FINE;
}

static bool removal(struct setup *setup, const struct target_row *target, json_t *told,
                    struct error *error)
{
    IGNORE(
        json_object_set_new(told, "said", json_string("removed; nothing is sent there any more")),
        "memory never fails");
    return target_remove(setup->db, target->id, error);
}

static int alarms_remove_run(int argc, char **argv)
{
    return target_change(argc, argv, "alarms remove",
                         "Tell this target nothing any more; its deliveries are forgotten.",
                         removal);
}

static bool trial(struct setup *setup, const struct target_row *target, json_t *told,
                  struct error *error)
{
    char text[ROW_ID_TEXT_SIZE];
    int64_t id = 0;

    if (!notify_test(setup->db, setup->arena, target, time_now(), &id, error)) {
        return false;
    }
    IGNORE(json_object_set_new(told, "delivery", json_string(row_id_print(id, text))),
           "memory never fails");
    const char *said =
        arena_print(setup->arena,
                    "a test is sent by the running server; see: audiapro alarms deliveries "
                    "--target %s",
                    json_text(told, "target", ""));
    return json_object_set_new(told, "said", json_string(said)) == 0;
}

static int alarms_test_run(int argc, char **argv)
{
    return target_change(argc, argv, "alarms test",
                         "Send a test message. One that is taken switches a target on again that "
                         "was switched off.",
                         trial);
}

/* ---- Deliveries ---- */

static bool deliveries_collect(struct setup *setup, int64_t target_id, json_t *rows,
                               struct error *error)
{
    struct delivery_row *deliveries = NULL;
    struct delivery_try *tries = NULL;
    size_t count = 0;
    size_t try_count = 0;
    char id[ROW_ID_TEXT_SIZE];

    if (!delivery_list(setup->db, setup->arena, target_id, &deliveries, &count, error) ||
        !delivery_tries(setup->db, setup->arena, target_id, &tries, &try_count, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        json_t *row = delivery_json(&deliveries[i], tries, try_count);
        const json_t *list = json_object_get(row, "tries");
        const json_t *last = json_array_get(list, json_array_size(list) - 1);
        IGNORE(json_object_set_new(row, "target", json_string(row_id_print(target_id, id))),
               "memory never fails");
        IGNORE(
            json_object_set_new(row, "last", json_string(json_text(last, "detail", "not tried"))),
            "memory never fails");
        IGNORE(json_array_append_new(rows, row), "memory never fails");
    }
    return true;
}

static int alarms_deliveries_run(int argc, char **argv)
{
    static const struct table_column columns[] = {
        { "AT", "created_at" },    { "TARGET", "target" },  { "EVENT", "event" },
        { "STATE", "state" },      { "TRIES", "attempts" }, { "NEXT TRY", "next_try_at" },
        { "LAST ANSWER", "last" },
    };
    const char *subdomain = NULL;
    const char *id = NULL;
    bool is_json = false;
    const struct flag flags[] = {
        { "--target", "ID", NULL, &id, "only to this one" },
        { "--tenant", "SUBDOMAIN", NULL, &subdomain, "only to this tenant's targets" },
        { "--json", NULL, &is_json, NULL, "as JSON, with every try" },
    };
    const struct usage usage = { .command = "alarms deliveries",
                                 .words = "",
                                 .about = "What was sent to targets, and what became of it.",
                                 .flags = flags,
                                 .flag_count = COUNT_OF(flags) };
    struct words words;
    struct error error = { 0 };
    struct target_row *targets = NULL;
    size_t count = 1;
    int64_t tenant_id = 0;
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup) || !tenant_of_flag(&setup, subdomain, &tenant_id)) {
        return EXIT_PROBLEM;
    }
    if (id != NULL && (targets = target_named(&setup, tenant_id, id)) == NULL) {
        return EXIT_PROBLEM;
    }
    if (id == NULL && !target_list(setup.db, setup.arena, tenant_id, &targets, &count, &error)) {
        return setup_problem(&error);
    }
    AUTO(json_release) json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        if (!deliveries_collect(&setup, targets[i].id, rows, &error)) {
            return setup_problem(&error);
        }
    }
    table_print(columns, COUNT_OF(columns), rows, is_json);
    return EXIT_FINE;
}

int cli_alarms(int argc, char **argv)
{
    static char list[] = "list";
    static char *lists[] = { NULL, list, NULL };
    static const struct subcommand rows[] = {
        { "list", "", "what is wrong, since when, and what to do", alarms_list_run },
        { "targets", "", "who is told of it", alarms_targets_run },
        { "add", "", "tell a webhook or an e-mail address", alarms_add_run },
        { "remove", "ID", "tell this target no more", alarms_remove_run },
        { "test", "ID", "send this target a test", alarms_test_run },
        { "deliveries", "", "what was sent, and what became of it", alarms_deliveries_run },
    };

    if (argc == 1) { /* Bare `audiapro alarms` is the list. */
        lists[0] = argv[0];
        return subcommands_run("alarms", rows, COUNT_OF(rows), 2, lists);
    }
    return subcommands_run("alarms", rows, COUNT_OF(rows), argc, argv);
}

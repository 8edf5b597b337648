/* `audiapro tenant`: tenants, their PBX, their webhook secret. Secrets are read from a file or
 * standard input. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "auth/token.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/prompt.h"
#include "cli/setup.h"
#include "cli/table.h"
#include "core/rowid.h"
#include "store/reconciliation.h"
#include "store/tenants.h"

/* "never", "fine", or why the last poll failed. */
static const char *poll_result(const struct reconciliation *poll)
{
    return poll->reason != NULL ? poll->reason : poll->polled_at > 0 ? "fine" : "never";
}

static json_t *tenant_row(const struct tenant *tenant, const struct pbx_row *pbx,
                          const struct reconciliation *poll)
{
    char path[128];
    char polled_at[TIME_TEXT_SIZE];

    (void)snprintf(path, sizeof path, "/api/webhook/cdr/%s", tenant->subdomain);
    return json_pack(
        "{s:s, s:s, s:b, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:s, s:s?, s:I, s:I}", "tenant",
        tenant->subdomain, "name", tenant->name, "has_secret", tenant->webhook_secret != NULL,
        "webhook", path, "pbx", pbx->host, "pbx_api", pbx->detected_api, "tls_pin", pbx->tls_pin,
        "stopped", pbx->stop_reason, "polled_at",
        poll->polled_at > 0 ? time_print(poll->polled_at, polled_at) : NULL, "poll",
        poll_result(poll), "poll_detail", poll->detail, "found_legs", (json_int_t)poll->found_legs,
        "found_recordings", (json_int_t)poll->found_recordings);
}

static bool tenants_print(struct setup *setup, bool is_json, struct error *error)
{
    static const struct table_column columns[] = {
        { "TENANT", "tenant" },     { "NAME", "name" },        { "WEBHOOK", "webhook" },
        { "SECRET", "has_secret" }, { "PBX", "pbx" },          { "API", "pbx_api" },
        { "STOPPED", "stopped" },   { "POLLED", "polled_at" }, { "POLL", "poll" },
    };
    struct tenant *tenants = NULL;
    size_t count = 0;
    json_t *rows = json_array();

    bool is_fine = tenant_list(setup->db, setup->arena, &tenants, &count, error);
    for (size_t i = 0; is_fine && i < count; i++) {
        struct pbx_row *pbxs = NULL;
        size_t pbx_count = 0;
        is_fine = pbx_row_list(setup->db, setup->arena, tenants[i].id, &pbxs, &pbx_count, error);
        for (size_t j = 0; is_fine && j < pbx_count; j++) {
            struct reconciliation *poll = NULL;
            is_fine = reconciliation_get(setup->db, setup->arena, pbxs[j].id, &poll, error);
            if (is_fine) {
                IGNORE(json_array_append_new(rows, tenant_row(&tenants[i], &pbxs[j], poll)),
                       "memory never fails");
            }
        }
    }
    if (is_fine) {
        table_print(columns, COUNT_OF(columns), rows, is_json);
    }
    json_decref(rows);
    return is_fine;
}

static int tenant_list_run(int argc, char **argv)
{
    bool is_json = false;
    const struct flag flags[] = { { "--json", NULL, &is_json, NULL, "as JSON" } };
    const struct usage usage = { .command = "tenant list",
                                 .words = "",
                                 .about = "All tenants with their PBX: whether it is stopped, when "
                                          "it was last asked for its calls, and what came of it.",
                                 .flags = flags,
                                 .flag_count = COUNT_OF(flags) };
    struct words words;
    struct error error = { 0 };
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    return tenants_print(&setup, is_json, &error) ? EXIT_FINE : setup_problem(&error);
}

/* A new secret (or the one given), sealed; and shown once, since this is where it is known. */
static bool secret_make(struct setup *setup, int64_t tenant_id, char secret_out[TOKEN_SIZE],
                        const char **sealed_out, struct error *error)
{
    char name[SECRET_NAME_SIZE];

    IGNORE(token_make("", secret_out), "returns its argument");
    return setup_seal(setup, secret_name_webhook(tenant_id, name), secret_out, sealed_out, error);
}

static void webhook_show(const char *subdomain, const char *secret)
{
    printf("webhook address for the UCM (CDR Real-Time Output, HTTP/HTTPS, JSON):\n"
           "  http(s)://THIS-SERVER/api/webhook/cdr/%s%s%s\n",
           subdomain, secret != NULL ? "/" : "", secret != NULL ? secret : "");
    if (secret != NULL) {
        puts("the secret is shown only now; it may also be sent as the Basic password");
    }
}

static int tenant_create_run(int argc, char **argv)
{
    const char *name = NULL;
    bool is_open = false;
    const struct flag flags[] = {
        { "--name", "TEXT", NULL, &name, "how people call it" },
        { "--no-secret", NULL, &is_open, NULL,
          "take webhooks without a secret (private networks)" },
    };
    const struct usage usage = {
        .command = "tenant create",
        .words = "SUBDOMAIN",
        .about = "Make a tenant with one PBX (configure it with: audiapro tenant pbx).",
        .flags = flags,
        .flag_count = COUNT_OF(flags),
        .word_count_min = 1,
        .word_count_max = 1,
    };
    struct words words;
    struct error error = { 0 };
    int status = 0;
    char secret[TOKEN_SIZE];
    time_ms now = time_now();
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    struct tenant tenant = { .id = row_id_new(now),
                             .subdomain = words.text[0],
                             .name = name != NULL ? name : words.text[0],
                             .created_at = now };
    struct pbx_row pbx = { .id = row_id_new(now), .tenant_id = tenant.id, .name = "UCM" };
    if ((!is_open && !secret_make(&setup, tenant.id, secret, &tenant.webhook_secret, &error)) ||
        !db_begin(setup.db, &error) || !tenant_add(setup.db, &tenant, &pbx, &error) ||
        !db_commit(setup.db, &error)) {
        return setup_problem(&error);
    }
    webhook_show(tenant.subdomain, is_open ? NULL : secret);
    return EXIT_FINE;
}

static int tenant_secret_run(int argc, char **argv)
{
    bool is_none = false;
    const struct flag flags[] = { { "--none", NULL, &is_none, NULL, "need no secret any more" } };
    const struct usage usage = { .command = "tenant secret",
                                 .words = "SUBDOMAIN",
                                 .about = "Give the tenant a new webhook secret; the old one ends "
                                          "within a second.",
                                 .flags = flags,
                                 .flag_count = COUNT_OF(flags),
                                 .word_count_min = 1,
                                 .word_count_max = 1 };
    struct words words;
    struct error error = { 0 };
    int status = 0;
    char secret[TOKEN_SIZE];
    const char *sealed = NULL;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    struct tenant *tenant = setup_tenant(&setup, words.text[0]);
    if (tenant == NULL) {
        return EXIT_PROBLEM;
    }
    if ((!is_none && !secret_make(&setup, tenant->id, secret, &sealed, &error)) ||
        !tenant_secret_set(setup.db, tenant->id, sealed, &error)) {
        return setup_problem(&error);
    }
    webhook_show(tenant->subdomain, is_none ? NULL : secret);
    return EXIT_FINE;
}

struct pbx_flags {
    const char *host, *port, *old_port, *username, *password_file, *api, *pin, *serial;
    bool asks_password, is_weak_allowed, forgets_pin;
};

static bool port_read(const char *text, const char *flag, int *port_out, struct error *error)
{
    char *end = NULL;
    long port = text != NULL ? strtol(text, &end, 10) : 0;

    if (text != NULL && (*end != '\0' || port < 0 || port > 65535)) {
        return error_set(error, ERROR_INVALID, "%s '%s' is no port: 1 to 65535, 0 finds it", flag,
                         text);
    }
    *port_out = text != NULL ? (int)port : *port_out;
    return true;
}

static bool pbx_apply(struct setup *setup, const struct pbx_flags *given, struct pbx_row *pbx,
                      struct error *error)
{
    char name[SECRET_NAME_SIZE];
    AUTO(secret_free) char *password = NULL;

    bool is_other_box =
        given->host != NULL && (pbx->host == NULL || strcmp(given->host, pbx->host) != 0);

    pbx->host = given->host != NULL ? given->host : pbx->host;
    pbx->username = given->username != NULL ? given->username : pbx->username;
    pbx->api = given->api != NULL ? given->api : pbx->api;
    pbx->is_weak_tls_allowed = pbx->is_weak_tls_allowed || given->is_weak_allowed;
    pbx->tls_pin = given->pin != NULL                   ? given->pin
                   : given->forgets_pin || is_other_box ? NULL
                                                        : pbx->tls_pin;
    pbx->password = NULL; /* Keep it unless a new one is given. */
    if (strcmp(pbx->api, "auto") != 0 && strcmp(pbx->api, "new") != 0 &&
        strcmp(pbx->api, "old") != 0) {
        return error_set(error, ERROR_INVALID, "--api '%s' is unknown: auto, new or old", pbx->api);
    }
    if (!port_read(given->port, "--port", &pbx->port, error) ||
        !port_read(given->old_port, "--old-port", &pbx->old_port, error)) {
        return false;
    }
    if (given->password_file == NULL && !given->asks_password) {
        return true;
    }
    return prompt_secret("password of the PBX's API user", given->password_file, &password,
                         error) &&
           setup_seal(setup, secret_name_password(pbx->id, name), password, &pbx->password, error);
}

static int pbx_change(struct setup *setup, const char *subdomain, const struct pbx_flags *given)
{
    struct pbx_row *rows = NULL;
    size_t count = 0;
    struct error error = { 0 };
    struct tenant *tenant = setup_tenant(setup, subdomain);

    if (tenant == NULL) {
        return EXIT_PROBLEM;
    }
    if (!pbx_row_list(setup->db, setup->arena, tenant->id, &rows, &count, &error) || count == 0 ||
        !pbx_apply(setup, given, &rows[0], &error) || !db_begin(setup->db, &error) ||
        !pbx_row_edit(setup->db, &rows[0], time_now(), &error) || !db_commit(setup->db, &error)) {
        return setup_problem(&error);
    }
    printf("PBX of '%s': %s, user %s, API %s; recordings that waited for it are tried now\n",
           subdomain, rows[0].host != NULL ? rows[0].host : "(no address)",
           rows[0].username != NULL ? rows[0].username : "(none)", rows[0].api);
    return EXIT_FINE;
}

static int tenant_pbx_run(int argc, char **argv)
{
    struct pbx_flags given = { 0 };
    const struct flag flags[] = {
        { "--host", "NAME", NULL, &given.host, "address or name of the UCM" },
        { "--port", "PORT", NULL, &given.port, "of the new API; 0 tries 8089 and 8443" },
        { "--old-port", "PORT", NULL, &given.old_port, "of the old API; 0 is 8443" },
        { "--username", "NAME", NULL, &given.username, "API user (not the web page's)" },
        { "--password", NULL, &given.asks_password, NULL, "ask for the API user's password" },
        { "--password-file", "FILE", NULL, &given.password_file,
          "read it from a file; - is stdin" },
        { "--api", "API", NULL, &given.api, "auto, new or old" },
        { "--tls-pin", "PIN", NULL, &given.pin, "sha256//… of the public key that counts" },
        { "--forget-pin", NULL, &given.forgets_pin, NULL, "trust the next certificate anew" },
        { "--weak-tls", NULL, &given.is_weak_allowed, NULL, "allow an old box's weak ciphers" },
    };
    const struct usage usage = {
        .command = "tenant pbx",
        .words = "SUBDOMAIN",
        .about =
            "Say where the tenant's PBX is and how to log in. Ends a stop after a refused login.",
        .flags = flags,
        .flag_count = COUNT_OF(flags),
        .word_count_min = 1,
        .word_count_max = 1,
    };
    struct words words;
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    return pbx_change(&setup, words.text[0], &given);
}

int cli_tenant(int argc, char **argv)
{
    static const struct subcommand rows[] = {
        { "list", "", "all tenants with their PBX", tenant_list_run },
        { "create", "SUBDOMAIN", "a new tenant and its webhook secret", tenant_create_run },
        { "pbx", "SUBDOMAIN", "where its PBX is, and the API user", tenant_pbx_run },
        { "secret", "SUBDOMAIN", "a new webhook secret", tenant_secret_run },
    };

    return subcommands_run("tenant", rows, COUNT_OF(rows), argc, argv);
}

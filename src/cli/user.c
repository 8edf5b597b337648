/* `audiapro user` and `audiapro token`: who may sign in, and tokens for machines. */
#include <stdio.h>
#include <string.h>

#include "auth/password.h"
#include "auth/role.h"
#include "auth/token.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/prompt.h"
#include "cli/setup.h"
#include "cli/table.h"
#include "core/rowid.h"
#include "store/accounts.h"
#include "store/tenants.h"

/* Names the tenant: 0 for all (an operator's). False: said. */
static bool tenant_of_flag(struct setup *setup, const char *subdomain, int64_t *tenant_id_out)
{
    *tenant_id_out = 0;
    if (subdomain == NULL) {
        return true;
    }
    struct tenant *tenant = setup_tenant(setup, subdomain);
    if (tenant == NULL) {
        return false;
    }
    *tenant_id_out = tenant->id;
    return true;
}

/* Without a tenant one is an operator; with one, anything up to its administrator. */
static bool role_of_flag(const char *name, bool has_tenant, const char **role_out,
                         struct error *error)
{
    enum role role;

    *role_out = name != NULL ? name : has_tenant ? "admin" : "operator";
    if (!role_find(*role_out, &role) || role < ROLE_VIEWER ||
        (role == ROLE_OPERATOR) == has_tenant) {
        return error_set(error, ERROR_INVALID,
                         has_tenant
                             ? "--role '%s': a tenant's user is viewer, analyst, manager or admin"
                             : "--role '%s': without --tenant one is an operator",
                         *role_out);
    }
    return true;
}

static int user_list_run(int argc, char **argv)
{
    static const struct table_column columns[] = {
        { "E-MAIL", "email" },
        { "ROLE", "role" },
        { "TENANT", "tenant" },
    };
    bool is_json = false;
    const struct flag flags[] = { { "--json", NULL, &is_json, NULL, "as JSON" } };
    const struct usage usage = {
        .command = "user list",
        .words = "",
        .about = "Who may sign in. Without a tenant: an operator, who sees all.",
        .flags = flags,
        .flag_count = COUNT_OF(flags)
    };
    struct words words;
    struct error error = { 0 };
    struct account *accounts = NULL;
    size_t count = 0;
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    if (!account_list(setup.db, setup.arena, &accounts, &count, &error)) {
        return setup_problem(&error);
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        IGNORE(json_array_append_new(rows, json_pack("{s:s, s:s, s:s?}", "email", accounts[i].email,
                                                     "role", accounts[i].role, "tenant",
                                                     accounts[i].tenant)),
               "memory never fails");
    }
    table_print(columns, COUNT_OF(columns), rows, is_json);
    json_decref(rows);
    return EXIT_FINE;
}

static bool password_ask(const char *file, char hash_out[PASSWORD_HASH_SIZE], struct error *error)
{
    AUTO(secret_free) char *password = NULL;

    return prompt_secret("new password (10 characters or more)", file, &password, error) &&
           password_is_acceptable(password, error) && password_hash(password, hash_out, error);
}

static int user_create_run(int argc, char **argv)
{
    const char *subdomain = NULL;
    const char *role_given = NULL;
    const char *password_file = NULL;
    const struct flag flags[] = {
        { "--tenant", "SUBDOMAIN", NULL, &subdomain, "the tenant it belongs to; without: all" },
        { "--role", "ROLE", NULL, &role_given,
          "viewer, analyst, manager, admin; operator for all" },
        { "--password-file", "FILE", NULL, &password_file, "instead of asking; - is stdin" },
    };
    const struct usage usage = { .command = "user create",
                                 .words = "E-MAIL",
                                 .about = "Let somebody sign in.",
                                 .flags = flags,
                                 .flag_count = COUNT_OF(flags),
                                 .word_count_min = 1,
                                 .word_count_max = 1 };
    struct words words;
    struct error error = { 0 };
    char hash[PASSWORD_HASH_SIZE];
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    struct account account = { .id = row_id_new(time_now()),
                               .email = words.text[0],
                               .password_hash = hash,
                               .created_at = time_now() };
    if (!setup_open("", &setup) || !tenant_of_flag(&setup, subdomain, &account.tenant_id)) {
        return EXIT_PROBLEM;
    }
    if (!role_of_flag(role_given, subdomain != NULL, &account.role, &error) ||
        !password_ask(password_file, hash, &error) || !account_add(setup.db, &account, &error)) {
        return setup_problem(&error);
    }
    printf("%s may sign in as %s\n", account.email, account.role);
    return EXIT_FINE;
}

static int user_password_run(int argc, char **argv)
{
    const char *password_file = NULL;
    const struct flag flags[] = {
        { "--password-file", "FILE", NULL, &password_file, "instead of asking; - is stdin" },
    };
    const struct usage usage = { .command = "user password",
                                 .words = "E-MAIL",
                                 .about = "Set a new password; all sessions of the user end.",
                                 .flags = flags,
                                 .flag_count = COUNT_OF(flags),
                                 .word_count_min = 1,
                                 .word_count_max = 1 };
    struct words words;
    struct error error = { 0 };
    struct account *account = NULL;
    char hash[PASSWORD_HASH_SIZE];
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    if (!account_find(setup.db, setup.arena, words.text[0], &account, &error)) {
        return setup_problem(&error);
    }
    if (account == NULL) {
        fprintf(stderr, "audiapro: there is no user '%s'; see: audiapro user list\n",
                words.text[0]);
        return EXIT_PROBLEM;
    }
    if (!password_ask(password_file, hash, &error) || !db_begin(setup.db, &error) ||
        !account_password_set(setup.db, account->id, hash, &error) ||
        !db_commit(setup.db, &error)) {
        return setup_problem(&error);
    }
    printf("new password for %s; its sessions have ended\n", account->email);
    return EXIT_FINE;
}

int cli_user(int argc, char **argv)
{
    static const struct subcommand rows[] = {
        { "list", "", "who may sign in", user_list_run },
        { "create", "E-MAIL", "let somebody sign in", user_create_run },
        { "password", "E-MAIL", "set a new password", user_password_run },
    };

    return subcommands_run("user", rows, COUNT_OF(rows), argc, argv);
}

/* ---- Tokens ---- */

static int token_list_run(int argc, char **argv)
{
    static const struct table_column columns[] = {
        { "ID", "id" },         { "NAME", "name" },       { "ROLE", "role" },
        { "TENANT", "tenant" }, { "MADE", "created_at" },
    };
    bool is_json = false;
    const struct flag flags[] = { { "--json", NULL, &is_json, NULL, "as JSON" } };
    const struct usage usage = { .command = "token list",
                                 .words = "",
                                 .about = "API tokens. The tokens themselves are not kept.",
                                 .flags = flags,
                                 .flag_count = COUNT_OF(flags) };
    struct words words;
    struct error error = { 0 };
    struct token_row *tokens = NULL;
    size_t count = 0;
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    if (!token_list(setup.db, setup.arena, &tokens, &count, &error)) {
        return setup_problem(&error);
    }
    json_t *rows = json_array();
    for (size_t i = 0; i < count; i++) {
        char id[ROW_ID_TEXT_SIZE];
        char at[TIME_TEXT_SIZE];
        IGNORE(json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s?, s:s}", "id",
                                                     row_id_print(tokens[i].id, id), "name",
                                                     tokens[i].name, "role", tokens[i].role,
                                                     "tenant", tokens[i].tenant, "created_at",
                                                     time_print(tokens[i].created_at, at))),
               "memory never fails");
    }
    table_print(columns, COUNT_OF(columns), rows, is_json);
    json_decref(rows);
    return EXIT_FINE;
}

static int token_create_run(int argc, char **argv)
{
    const char *subdomain = NULL;
    const char *role_given = NULL;
    const struct flag flags[] = {
        { "--tenant", "SUBDOMAIN", NULL, &subdomain, "the tenant it may see; without: all" },
        { "--role", "ROLE", NULL, &role_given,
          "viewer, analyst, manager, admin; operator for all" },
    };
    const struct usage usage = { .command = "token create",
                                 .words = "NAME",
                                 .about = "Make an API token for a machine (Authorization: Bearer "
                                          "TOKEN). It is printed once.",
                                 .flags = flags,
                                 .flag_count = COUNT_OF(flags),
                                 .word_count_min = 1,
                                 .word_count_max = 1 };
    struct words words;
    struct error error = { 0 };
    char token[TOKEN_SIZE];
    char hash[SHA256_TEXT_SIZE];
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    struct token_row row = { .id = row_id_new(time_now()),
                             .name = words.text[0],
                             .created_at = time_now() };
    if (!setup_open("", &setup) || !tenant_of_flag(&setup, subdomain, &row.tenant_id)) {
        return EXIT_PROBLEM;
    }
    row.token_hash = token_hash(token_make("ap_", token), hash);
    if (!role_of_flag(role_given, subdomain != NULL, &row.role, &error) ||
        !token_add(setup.db, &row, &error)) {
        return setup_problem(&error);
    }
    printf("%s\n", token);
    secret_wipe(token, sizeof token);
    return EXIT_FINE;
}

static int token_revoke_run(int argc, char **argv)
{
    const struct usage usage = { .command = "token revoke",
                                 .words = "ID",
                                 .about = "End a token at once.",
                                 .word_count_min = 1,
                                 .word_count_max = 1 };
    struct words words;
    struct error error = { 0 };
    int64_t id = 0;
    bool is_removed = false;
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    if (row_id_parse(words.text[0], &id) && !token_remove(setup.db, id, &is_removed, &error)) {
        return setup_problem(&error);
    }
    if (!is_removed) {
        fprintf(stderr, "audiapro: there is no token '%s'; see: audiapro token list\n",
                words.text[0]);
        return EXIT_PROBLEM;
    }
    puts("revoked");
    return EXIT_FINE;
}

int cli_token(int argc, char **argv)
{
    static const struct subcommand rows[] = {
        { "list", "", "the tokens there are", token_list_run },
        { "create", "NAME", "a new token, printed once", token_create_run },
        { "revoke", "ID", "end a token", token_revoke_run },
    };

    return subcommands_run("token", rows, COUNT_OF(rows), argc, argv);
}

/* See setup.h. */
#include "cli/setup.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "auth/password.h"
#include "auth/role.h"
#include "cli/flags.h"
#include "core/encode.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/rowid.h"
#include "core/text.h"
#include "store/accounts.h"
#include "store/calls.h"
#include "store/migrate.h"
#include "store/tenants.h"

extern char **environ;

int setup_problem(const struct error *error)
{
    fprintf(stderr, "audiapro: %s\n", error->message);
    return EXIT_PROBLEM;
}

/* The keys of everything sealed and signed, from the one secret key. */
static bool keys_open(struct setup *setup, struct error *error)
{
    uint8_t key[KEY_SIZE];
    uint8_t vault_key[KEY_SIZE];

    if (!key_load(secret_reveal(&setup->config->secret_key), setup->config->data_dir, key, error)) {
        return false;
    }
    key_derive(key, "vault", vault_key);
    key_derive(key, "csrf", setup->csrf_key);
    setup->vault = vault_open(vault_key);
    secret_wipe(key, sizeof key);
    secret_wipe(vault_key, sizeof vault_key);
    return true;
}

static bool storage_open(struct setup *setup, struct error *error)
{
    if (setup->config->storage_backend != CONFIG_STORAGE_LOCAL) {
        return error_set(error, ERROR_INVALID,
                         "STORAGE_BACKEND: 's3' is not built in yet; use 'local'");
    }
    return blob_open_local(arena_print(setup->arena, "%s/recordings", setup->config->data_dir),
                           &setup->blob, error);
}

/* "" and ":8080" and "127.0.0.1:8080": the port behind the last colon. */
static int listen_port(const char *listen)
{
    const char *colon = strrchr(listen, ':');

    return colon != NULL ? (int)strtol(colon + 1, NULL, 10) : 0;
}

static bool guard_open(const char *name, const char *networks, int own_port,
                       struct net_guard *guard, struct error *error)
{
    if (!guard_parse(networks, guard, error)) {
        return error_within(error, "%s", name);
    }
    if (own_port > 0) {
        guard_add_listener(guard, (uint16_t)own_port);
    }
    return true;
}

static bool guards_open(struct setup *setup, struct error *error)
{
    const struct config *config = setup->config;
    int port = listen_port(config->http_listen);

    return guard_open("PBX_ALLOWED_NETWORKS", config->pbx_allowed_networks, port, &setup->guard,
                      error) &&
           guard_open("NOTIFY_ALLOWED_NETWORKS", config->notify_allowed_networks, port,
                      &setup->notify_guard, error);
}

static const char *pin_of_setting(struct setup *setup, const char *hex);

/* Without SMTP_URL no mail is sent, and the other SMTP_ settings mean nothing. */
static bool mail_open(struct setup *setup, struct error *error)
{
    const struct config *config = setup->config;

    if (config->smtp_url[0] == '\0') {
        return true;
    }
    if (!mail_server_check(config->smtp_url, error)) {
        return error_within(error, "SMTP_URL");
    }
    if (!mail_address_check(config->smtp_from, error)) {
        return error_within(error, "SMTP_FROM");
    }
    setup->mail = (struct mail_server){
        .url = config->smtp_url,
        .username = config->smtp_username[0] != '\0' ? config->smtp_username : NULL,
        .password = secret_reveal(&config->smtp_password),
        .from = config->smtp_from,
        .pin = pin_of_setting(setup, config->smtp_tls_pin),
        .is_tls_optional = config->smtp_tls == CONFIG_SMTP_TLS_OPTIONAL,
    };
    return true;
}

static void world_fill(struct setup *setup, const char *role)
{
    const struct config *config = setup->config;
    struct world *world = &setup->world;

    *world = (struct world){
        .database_url = secret_reveal(&config->database_url),
        .vault = setup->vault,
        .blob = setup->blob,
        .guard = &setup->guard,
        .process_id = row_id_new(time_now()),
        .role = role,
        .retry_count = config->retry_schedule.count,
        .retry_horizon_s = config->retry_horizon_s,
        .audit_interval_s = config->audit_interval_s,
        .storage_free_min = (uint64_t)config->storage_free_min_gib * GIB,
        .watch_interval_s = config->watch_interval_s,
        .notify_guard = &setup->notify_guard,
        .mail = setup->mail.url != NULL ? &setup->mail : NULL,
        .notify_count = config->notify_schedule.count,
        .reconcile_interval_s = config->reconcile_interval_s,
        .is_transcription_on = config->transcription_enabled,
    };
    memcpy(world->retry_s, config->retry_schedule.steps_s, sizeof world->retry_s);
    memcpy(world->notify_s, config->notify_schedule.steps_s, sizeof world->notify_s);
}

static bool setup_try(const char *role, struct setup *setup, struct error *error)
{
    if (!config_load(NULL, environ, &setup->config, error)) {
        return false;
    }
    log_setup((enum log_level)setup->config->log_level,
              setup->config->log_format == CONFIG_LOG_JSON, role[0] != '\0' ? role : "audiapro");
    if (!folder_make(setup->config->data_dir, error) || !keys_open(setup, error) ||
        !storage_open(setup, error) || !guards_open(setup, error) || !mail_open(setup, error) ||
        !db_open(secret_reveal(&setup->config->database_url), 10000, &setup->db, error) ||
        !store_migrate(setup->db, error)) {
        return false;
    }
    world_fill(setup, role);
    return true;
}

void setup_open_partly(struct setup *setup_out, struct setup_troubles *troubles_out)
{
    struct setup_troubles troubles = { .setting.kind = ERROR_NONE };
    struct setup *setup = setup_out;

    *setup = (struct setup){ .arena = arena_new(64 * MIB) };
    if (config_load(NULL, environ, &setup->config, &troubles.setting)) {
        /* A person reads this: what goes well is told by the steps. */
        log_setup(setup->config->log_level > LOG_WARN ? (enum log_level)setup->config->log_level
                                                      : LOG_WARN,
                  setup->config->log_format == CONFIG_LOG_JSON, "audiapro");
        bool has_folder = folder_make(setup->config->data_dir, &troubles.storage);
        bool has_keys = has_folder && guards_open(setup, &troubles.setting) &&
                        keys_open(setup, &troubles.setting);
        if (has_keys) {
            IGNORE(storage_open(setup, &troubles.storage), "the trouble says it");
            IGNORE(db_open(secret_reveal(&setup->config->database_url), 10000, &setup->db,
                           &troubles.database) &&
                       store_migrate(setup->db, &troubles.database),
                   "the trouble says it");
            world_fill(setup, "");
        }
    }
    if (troubles.database.message[0] != '\0') {
        db_close(setup->db);
        setup->db = NULL;
    }
    *troubles_out = troubles;
}

bool setup_open(const char *role, struct setup *setup_out)
{
    struct error error = { 0 };

    *setup_out = (struct setup){ .arena = arena_new(64 * MIB) };
    if (!setup_try(role, setup_out, &error)) {
        setup_close(setup_out);
        IGNORE(setup_problem(&error), "the caller ends");
        return false;
    }
    return true;
}

void setup_close(struct setup *setup)
{
    db_close(setup->db);
    blob_close(setup->blob);
    vault_close(setup->vault);
    secret_wipe(setup->csrf_key, sizeof setup->csrf_key);
    config_free(setup->config);
    arena_free(setup->arena);
    *setup = (struct setup){ 0 };
}

bool setup_seal(struct setup *setup, const char *name, const char *secret, const char **sealed_out,
                struct error *error)
{
    AUTO(text_clear) struct text sealed = TEXT_UP_TO(64 * KIB);

    if (!vault_seal(setup->vault, name, secret, strlen(secret), &sealed, error)) {
        return false;
    }
    *sealed_out = arena_copy_text(setup->arena, text_get(&sealed));
    return true;
}

struct tenant *setup_tenant(struct setup *setup, const char *subdomain)
{
    struct tenant *tenant = NULL;
    struct error error;

    if (!tenant_find(setup->db, setup->arena, subdomain, &tenant, &error)) {
        IGNORE(setup_problem(&error), "the caller ends");
        return NULL;
    }
    if (tenant == NULL) {
        fprintf(stderr, "audiapro: there is no tenant '%s'; see: audiapro tenant list\n",
                subdomain);
    }
    return tenant;
}

struct call_row *setup_call(struct setup *setup, const char *id)
{
    struct call_row *call = NULL;
    int64_t number = 0;
    struct error error;

    if (row_id_parse(id, &number) &&
        !call_find(setup->db, setup->arena, 0, number, &call, &error)) {
        IGNORE(setup_problem(&error), "the caller ends");
        return NULL;
    }
    if (call == NULL) {
        fprintf(stderr, "audiapro: there is no call '%s'; see: audiapro calls list\n", id);
    }
    return call;
}

/* ---- The first start ---- */

static const char *text_or_null(const char *text)
{
    return text[0] != '\0' ? text : NULL;
}

/* The public key's SHA-256 as a person writes it (64 hex digits) in the form that the client
 * compares. */
static const char *pin_of_setting(struct setup *setup, const char *hex)
{
    uint8_t digest[SHA256_SIZE];
    AUTO(text_clear) struct text pin = TEXT_UP_TO(128);

    if (!decode_hex(hex, digest, sizeof digest)) {
        return text_or_null(hex);
    }
    text_add(&pin, "sha256//");
    encode_base64(digest, sizeof digest, false, &pin);
    return arena_copy_text(setup->arena, text_get(&pin));
}

/* The PBX as the UCM_* settings describe it. */
static bool pbx_from_settings(struct setup *setup, struct pbx_row *pbx, struct error *error)
{
    const struct config *config = setup->config;
    char name[SECRET_NAME_SIZE];

    pbx->name = "UCM";
    pbx->host = text_or_null(config->ucm_ip);
    pbx->port = (int)config->ucm_port;
    pbx->username = text_or_null(config->ucm_username);
    pbx->tls_pin = pin_of_setting(setup, config->ucm_tls_pin);
    pbx->password = NULL;
    return !secret_is_set(&config->ucm_password) ||
           setup_seal(setup, secret_name_password(pbx->id, name),
                      secret_reveal(&config->ucm_password), &pbx->password, error);
}

/* What the UCM_* settings are, as a text that tells nothing without our key. */
static const char *settings_mark(struct setup *setup, char mark_out[SHA256_TEXT_SIZE])
{
    const struct config *config = setup->config;
    AUTO(text_clear) struct text all = TEXT_UP_TO(128 * KIB);

    text_add_bytes(&all, setup->csrf_key, sizeof setup->csrf_key);
    text_print(&all, "%s\n%lld\n%s\n%s\n%s", config->ucm_ip, (long long)config->ucm_port,
               config->ucm_username, config->ucm_tls_pin, secret_reveal(&config->ucm_password));
    IGNORE(hash_sha256_text(text_get(&all), all.size, mark_out), "returns its argument");
    secret_wipe(all.bytes, all.size);
    return mark_out;
}

static const char SQL_MARK_GET[] =
    "SELECT count(*) FROM setting WHERE name = 'ucm_taken_over' AND value = $1";
static const char SQL_MARK_PUT[] = "INSERT INTO setting (name, value) VALUES ('ucm_taken_over', $1)"
                                   " ON CONFLICT (name) DO UPDATE SET value = excluded.value";

static bool mark_put(struct setup *setup, struct error *error)
{
    char mark[SHA256_TEXT_SIZE];

    return db_run(setup->db, SQL_MARK_PUT, DB_VALUES(DB_TEXT(settings_mark(setup, mark))), NULL,
                  error);
}

static bool tenant_make(struct setup *setup, struct error *error)
{
    char name[SECRET_NAME_SIZE];
    time_ms now = time_now();
    struct tenant tenant = { .id = row_id_new(now),
                             .subdomain = setup->config->default_tenant,
                             .name = setup->config->default_tenant,
                             .created_at = now };
    struct pbx_row pbx = { .id = row_id_new(now), .tenant_id = tenant.id };

    if (secret_is_set(&setup->config->webhook_secret) &&
        !setup_seal(setup, secret_name_webhook(tenant.id, name),
                    secret_reveal(&setup->config->webhook_secret), &tenant.webhook_secret, error)) {
        return false;
    }
    if (!pbx_from_settings(setup, &pbx, error) || !tenant_add(setup->db, &tenant, &pbx, error) ||
        !mark_put(setup, error)) {
        return false;
    }
    log_info("tenant.created", "tenant", tenant.subdomain, "webhook",
             arena_print(setup->arena, "/api/webhook/cdr/%s", tenant.subdomain), NULL);
    return true;
}

static bool is_same(const char *left, const char *right)
{
    return strcmp(left != NULL ? left : "", right != NULL ? right : "") == 0;
}

/* Somebody edited UCM_* and started anew: that edit counts, and opens a PBX that had refused us.
 * Settings that have not changed since say nothing: a person may have corrected the PBX in another
 * way. */
static bool pbx_take_over(struct setup *setup, struct error *error)
{
    char mark[SHA256_TEXT_SIZE];
    struct tenant *tenant = NULL;
    struct pbx_row *rows = NULL;
    size_t count = 0;
    int64_t is_known = 0;
    const struct config *config = setup->config;

    if (config->ucm_ip[0] == '\0') {
        return true;
    }
    if (!db_run_number(setup->db, SQL_MARK_GET, DB_VALUES(DB_TEXT(settings_mark(setup, mark))), 0,
                       &is_known, error) ||
        !tenant_find(setup->db, setup->arena, config->default_tenant, &tenant, error)) {
        return false;
    }
    if (is_known > 0 || tenant == NULL) {
        return true;
    }
    if (!pbx_row_list(setup->db, setup->arena, tenant->id, &rows, &count, error)) {
        return false;
    }
    struct pbx_row pbx = rows[0]; /* A tenant never lacks one: store/tenants.h. */
    if (!pbx_from_settings(setup, &pbx, error)) {
        return false;
    }
    if (config->ucm_tls_pin[0] == '\0' && is_same(rows[0].host, pbx.host)) {
        pbx.tls_pin = rows[0].tls_pin; /* The same box still has to show the same certificate. */
    }
    log_info("pbx.settings_changed", "tenant", tenant->subdomain, "host", config->ucm_ip, NULL);
    return pbx_row_edit(setup->db, &pbx, time_now(), error) && mark_put(setup, error);
}

static bool administrator_make(struct setup *setup, struct error *error)
{
    static const char SQL[] = "SELECT count(*) FROM account";
    const struct config *config = setup->config;
    char hash[PASSWORD_HASH_SIZE];
    int64_t count = 0;
    time_ms now = time_now();

    if (!db_run_number(setup->db, SQL, DB_NO_VALUES, 0, &count, error)) {
        return false;
    }
    if (count > 0) {
        return true;
    }
    if (config->admin_email[0] == '\0' || !secret_is_set(&config->admin_password)) {
        log_warn("user.none", "advice",
                 "nobody can sign in: audiapro user create, or set ADMIN_EMAIL and ADMIN_PASSWORD",
                 NULL);
        return true;
    }
    const char *password = secret_reveal(&config->admin_password);
    struct account account = { .id = row_id_new(now),
                               .email = config->admin_email,
                               .password_hash = hash,
                               .role = role_name(ROLE_OPERATOR),
                               .created_at = now };
    if (!password_is_acceptable(password, error)) {
        return error_within(error, "ADMIN_PASSWORD");
    }
    return password_hash(password, hash, error) && account_add(setup->db, &account, error);
}

static bool tenants_seed(struct setup *setup, struct error *error)
{
    static const char SQL[] = "SELECT count(*) FROM tenant";
    int64_t count = 0;

    if (!db_run_number(setup->db, SQL, DB_NO_VALUES, 0, &count, error)) {
        return false;
    }
    return count == 0 ? tenant_make(setup, error) : pbx_take_over(setup, error);
}

bool setup_seed(struct setup *setup, struct error *error)
{
    error_clear(error);
    if (!db_begin(setup->db, error)) {
        return false;
    }
    if (!tenants_seed(setup, error) || !administrator_make(setup, error) ||
        !db_commit(setup->db, error)) {
        db_rollback(setup->db);
        return false;
    }
    return true;
}

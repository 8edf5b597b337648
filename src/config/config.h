/*
 * The configuration: environment first, an optional file, a default for everything.
 *
 * One table (options.c) names every setting with its kind, default, limits and help; it drives
 * loading, `audiapro config show` and the list in --help. A secret may also be given as NAME_FILE,
 * the path of a file that holds it. An empty value counts as not set. Environment variables that
 * are no settings are ignored; unknown names in the file are errors. A bad value stops with one
 * line that names the setting, the value (never a secret's) and what is allowed.
 *
 * The file has lines of NAME=value, as systemd's EnvironmentFile: blank lines and lines that begin
 * with '#' or ';' are passed over; white space around name and value is cut; a value may stand in
 * '…' (as it is) or "…" (where \" and \\ are one character). Nothing is expanded. 64 KiB at most.
 */
#ifndef CONFIG_CONFIG_H
#define CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>

#include "config/secret.h"
#include "core/error.h"
#include "core/macros.h"
#include "core/text.h"

enum { CONFIG_SCHEDULE_STEPS_MAX = 16 };
#define CONFIG_FILE_SIZE_MAX (64 * KIB)
#define CONFIG_SECRET_SIZE_MAX (64 * KIB) /* of a file that NAME_FILE names */
enum { CONFIG_VALUE_SIZE_MAX = 4096 };    /* of a value in the environment or the file */

enum config_storage { CONFIG_STORAGE_LOCAL, CONFIG_STORAGE_S3 };
enum config_log_format { CONFIG_LOG_TEXT, CONFIG_LOG_JSON };
enum config_smtp_tls { CONFIG_SMTP_TLS_REQUIRED, CONFIG_SMTP_TLS_OPTIONAL };

struct config_schedule {
    int64_t steps_s[CONFIG_SCHEDULE_STEPS_MAX]; /* Seconds until the next try; the last repeats. */
    size_t count;
};

/* Texts are never NULL; "" where a setting has no value. */
struct config {
    const char *http_listen; /* HTTP_LISTEN, else ":PORT": every address. */
    int64_t port;
    int64_t http_threads;

    const char *data_dir;
    struct secret database_url; /* It may hold a password. Default sqlite:DATA_DIR/audiapro.db. */
    struct secret secret_key;

    const char *default_tenant;
    const char *ucm_ip; /* A host name or an address, "" = no PBX given. */
    int64_t ucm_port;   /* 0: try the usual ones. */
    const char *ucm_username;
    struct secret ucm_password;
    const char *ucm_tls_pin; /* SHA-256 of the certificate, 64 lower-case hex digits, or "". */
    struct secret webhook_secret;
    const char *pbx_allowed_networks; /* The list as given; net/guard.h reads it. */

    enum config_storage storage_backend;
    const char *s3_endpoint_url;
    const char *s3_bucket_name;
    const char *s3_region;
    const char *s3_access_key_id;
    struct secret s3_secret_access_key;
    bool s3_use_path_style;

    bool transcription_enabled;
    const char *transcription_base_url; /* "" = the embedded engine. */
    struct secret transcription_api_key;
    const char *transcription_model;
    const char *speech_model; /* A local model file, "" = the one in DATA_DIR. */
    int64_t speech_workers;

    bool sentiment_enabled;
    const char *llm_base_url; /* "" = the embedded analysis. */
    struct secret llm_api_key;
    const char *llm_model;

    const char *admin_email;
    struct secret admin_password;

    int64_t fetch_workers;
    struct config_schedule retry_schedule;
    int64_t retry_horizon_s;
    int64_t reconcile_interval_s; /* 0 = off */
    int64_t audit_interval_s;     /* 0 = off */

    int64_t watch_interval_s;
    int64_t storage_free_min_gib;
    const char *notify_allowed_networks; /* As pbx_allowed_networks. */
    struct config_schedule notify_schedule;
    const char *smtp_url; /* "" = no mail; net/mail.h reads it. */
    const char *smtp_username;
    struct secret smtp_password;
    const char *smtp_from;
    enum config_smtp_tls smtp_tls;
    const char *smtp_tls_pin; /* As ucm_tls_pin. */

    enum config_log_format log_format;
    int log_level; /* enum log_level of core/log.h */

    struct config_inside *inside; /* Memory and origins; for config/ only. */
};

enum config_kind {
    CONFIG_TEXT,
    CONFIG_HOST,   /* a host name or an address */
    CONFIG_LISTEN, /* HOST:PORT */
    CONFIG_NAME,   /* a-z, 0-9 and '-' */
    CONFIG_URL,    /* http:// or https:// */
    CONFIG_PIN,    /* a SHA-256 in hex, colons allowed */
    CONFIG_INTEGER,
    CONFIG_BOOL,
    CONFIG_SECONDS,  /* 30s, 5m, 1h, 14d */
    CONFIG_SCHEDULE, /* a list of these */
    CONFIG_CHOICE,
    CONFIG_SECRET,
    CONFIG_DATABASE, /* a database URL: a secret of which all but the password is shown */
};

/* One row of the table. */
struct config_option {
    const char *name;
    enum config_kind kind;
    const char *value_default; /* As it would be written; "" = none. */
    const char *allowed;       /* For people; of a choice: the words, with '|' between. */
    const char *help;          /* One line. */
    int64_t minimum, maximum;  /* Of an integer or seconds; of a secret: its bytes. */
    size_t offset;             /* Into struct config; for config/ only. */
};

/* The table, in the order of --help. */
const struct config_option *config_options(size_t *count_out);

/* Read the settings. `file` is a path, or NULL for the one that AUDIAPRO_CONFIG in `environment`
 * names, if any; `environment` is an environ-like list. Yours to config_free(). */
MUST_USE bool config_load(const char *file, char *const environment[], struct config **config_out,
                          struct error *error);
/* Wipes the secrets. Accepts NULL. */
void config_free(struct config *config);
DEFINE_AUTO(config_free, struct config *, NULL)

/* Add all settings with their values and where these come from; a secret that is set shows as
 * "********", and so does a password in DATABASE_URL. As text: lines of "NAME=value  (source)"; as
 * JSON: {"settings":[{"name":…,"value":…,"source":…,"is_secret":…}…]}. The source is "default",
 * "environment" or the file's path. */
void config_show(const struct config *config, struct text *out, bool is_json);

/* Add the settings with help, default and allowed values, for --help. */
void config_help(struct text *out);

#endif

/* The table of settings, and nothing else: what it means to read one is in value.c. */
#include <stddef.h>
#include <string.h>

#include "config/parts.h"

#define AT(member) .offset = offsetof(struct config, member)

#define ANY_TEXT "any text"
#define ANY_SECRET .allowed = "1 to 65536 characters", .minimum = 1, .maximum = 65536
#define SWITCH "true or false"
#define WEB_URL "a URL that begins with http:// or https://"
enum { YEAR_S = 365 * 24 * 3600 };

static const struct config_option options[] = {
    { "PORT", CONFIG_INTEGER, "8080", "a number from 0 to 65535 (0: any free one)",
      "the port of the dashboard, the API and the webhook", 0, 65535, AT(port) },
    { "HTTP_LISTEN", CONFIG_LISTEN, "", "HOST:PORT, like 127.0.0.1:8080 or [::1]:8080",
      "address and port to listen on, instead of PORT on every address", AT(http_listen) },
    { "HTTP_THREADS", CONFIG_INTEGER, "2", "a number from 1 to 64", "threads that answer requests",
      1, 64, AT(http_threads) },
    { "DATA_DIR", CONFIG_TEXT, "./data", "the path of a folder",
      "where the database, recordings and models are kept", AT(data_dir) },
    { "DATABASE_URL", CONFIG_DATABASE, "", "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME",
      "the database; without it sqlite:DATA_DIR/audiapro.db", 1, 4096, AT(database_url) },
    { "SECRET_KEY", CONFIG_SECRET, "", "16 to 4096 characters",
      "encrypts the phone systems' passwords; without it a key is made in DATA_DIR", 16, 4096,
      AT(secret_key) },

    { "DEFAULT_TENANT", CONFIG_NAME, "default", "1 to 63 of a-z, 0-9 and '-', no '-' at an end",
      "name of the first customer, made on the first start", AT(default_tenant) },
    { "UCM_IP", CONFIG_HOST, "", "a host name or an address, without https:// and without a port",
      "the phone system's address", AT(ucm_ip) },
    { "UCM_PORT", CONFIG_INTEGER, "", "a number from 1 to 65535",
      "the port of its HTTPS API; without it 8089 and 8443 are tried", 1, 65535, AT(ucm_port) },
    { "UCM_USERNAME", CONFIG_TEXT, "", ANY_TEXT, "the user of its HTTPS API (not a web login)",
      AT(ucm_username) },
    { "UCM_PASSWORD", CONFIG_SECRET, "", ANY_SECRET, .help = "that user's password",
      AT(ucm_password) },
    { "UCM_TLS_PIN", CONFIG_PIN, "", "a SHA-256 of 64 hex digits, with or without ':' between",
      "SHA-256 of its public key, which is then trusted and no other", AT(ucm_tls_pin) },
    { "WEBHOOK_SECRET", CONFIG_SECRET, "", "8 to 128 of letters, digits and - . _ ~",
      "last part of the webhook's URL for the first customer", 8, 128, AT(webhook_secret) },
    { "PBX_ALLOWED_NETWORKS", CONFIG_TEXT, "", "networks like 192.168.1.0/24, with ',' between",
      "where phone systems may be; without it anywhere but on this host",
      AT(pbx_allowed_networks) },

    { "STORAGE_BACKEND", CONFIG_CHOICE, "local", "local|s3", "where recordings are kept",
      AT(storage_backend) },
    { "S3_ENDPOINT_URL", CONFIG_URL, "", WEB_URL, "the S3-compatible store", AT(s3_endpoint_url) },
    { "S3_BUCKET_NAME", CONFIG_TEXT, "", ANY_TEXT, "the bucket", AT(s3_bucket_name) },
    { "S3_REGION", CONFIG_TEXT, "us-east-1", ANY_TEXT, "the region", AT(s3_region) },
    { "S3_ACCESS_KEY_ID", CONFIG_TEXT, "", ANY_TEXT, "the access key's id", AT(s3_access_key_id) },
    { "S3_SECRET_ACCESS_KEY", CONFIG_SECRET, "", ANY_SECRET, .help = "the access key's secret",
      AT(s3_secret_access_key) },
    { "S3_USE_PATH_STYLE", CONFIG_BOOL, "true", SWITCH,
      "the bucket's name in the path, not in the host name", AT(s3_use_path_style) },

    { "TRANSCRIPTION_ENABLED", CONFIG_BOOL, "true", SWITCH, "transcribe recordings",
      AT(transcription_enabled) },
    { "TRANSCRIPTION_BASE_URL", CONFIG_URL, "", WEB_URL,
      "an OpenAI-compatible service; without it the embedded engine", AT(transcription_base_url) },
    { "TRANSCRIPTION_API_KEY", CONFIG_SECRET, "", ANY_SECRET, .help = "that service's key",
      AT(transcription_api_key) },
    { "TRANSCRIPTION_MODEL", CONFIG_TEXT, "", ANY_TEXT, "that service's model",
      AT(transcription_model) },
    { "SPEECH_MODEL", CONFIG_TEXT, "", "the path of a file", "model file of the embedded engine",
      AT(speech_model) },
    { "SPEECH_WORKERS", CONFIG_INTEGER, "1", "a number from 1 to 64",
      "recordings transcribed at the same time", 1, 64, AT(speech_workers) },

    { "SENTIMENT_ENABLED", CONFIG_BOOL, "true", SWITCH, "analyse conversations",
      AT(sentiment_enabled) },
    { "LLM_BASE_URL", CONFIG_URL, "", WEB_URL,
      "an OpenAI-compatible service; without it the embedded analysis", AT(llm_base_url) },
    { "LLM_API_KEY", CONFIG_SECRET, "", ANY_SECRET, .help = "that service's key", AT(llm_api_key) },
    { "LLM_MODEL", CONFIG_TEXT, "", ANY_TEXT, "that service's model", AT(llm_model) },

    { "ADMIN_EMAIL", CONFIG_TEXT, "", "an e-mail address", "the first administrator",
      AT(admin_email) },
    { "ADMIN_PASSWORD", CONFIG_SECRET, "", ANY_SECRET, .help = "that administrator's password",
      AT(admin_password) },

    { "FETCH_WORKERS", CONFIG_INTEGER, "16", "a number from 1 to 256",
      "recordings fetched at the same time", 1, 256, AT(fetch_workers) },
    { "RETRY_SCHEDULE", CONFIG_SCHEDULE, "30s,2m,10m,1h,6h,24h",
      "1 to 16 durations like 30s, 5m, 1h or 2d, with ',' between",
      "waits between tries to fetch a recording; the last one repeats", 1, YEAR_S,
      AT(retry_schedule) },
    { "RETRY_HORIZON", CONFIG_SECONDS, "14d", "a duration from 1m to 365d, like 14d",
      "after this a recording is given up", 60, YEAR_S, AT(retry_horizon_s) },
    { "RECONCILE_INTERVAL", CONFIG_SECONDS, "5m", "0 for off, or a duration up to 365d, like 5m",
      "how often phone systems are asked for calls that no webhook told", 0, YEAR_S,
      AT(reconcile_interval_s) },
    { "AUDIT_INTERVAL", CONFIG_SECONDS, "24h", "0 for off, or a duration up to 365d, like 24h",
      "how often every stored file is read back and the tables are checked", 0, YEAR_S,
      AT(audit_interval_s) },

    { "WATCH_INTERVAL", CONFIG_SECONDS, "1m", "a duration from 1s to 1h, like 1m",
      "how often is looked for what is wrong, to raise alarms", 1, 3600, AT(watch_interval_s) },
    { "STORAGE_FREE_MIN_GIB", CONFIG_INTEGER, "1", "a number from 0 to 1048576",
      "less free room for recordings than this many GiB is an alarm", 0, 1048576,
      AT(storage_free_min_gib) },
    { "NOTIFY_ALLOWED_NETWORKS", CONFIG_TEXT, "", "networks like 192.168.1.0/24, with ',' between",
      "where webhooks about alarms may go; without it anywhere but to this host",
      AT(notify_allowed_networks) },
    { "NOTIFY_SCHEDULE", CONFIG_SCHEDULE, "5s,5m,30m,2h,5h,10h,14h,20h,24h",
      "1 to 16 durations like 30s, 5m, 1h or 2d, with ',' between",
      "waits between tries to tell an alarm; after the last it is given up", 1, YEAR_S,
      AT(notify_schedule) },
    { "SMTP_URL", CONFIG_TEXT, "", "smtp://HOST:PORT or smtps://HOST:PORT",
      "the mail server that takes mails about alarms, like smtp://mail.example.com:587",
      AT(smtp_url) },
    { "SMTP_USERNAME", CONFIG_TEXT, "", ANY_TEXT, "the user to log in there; without it no login",
      AT(smtp_username) },
    { "SMTP_PASSWORD", CONFIG_SECRET, "", ANY_SECRET, .help = "that user's password",
      AT(smtp_password) },
    { "SMTP_FROM", CONFIG_TEXT, "", "an e-mail address", "the sender of these mails",
      AT(smtp_from) },
    { "SMTP_TLS", CONFIG_CHOICE, "required", "required|optional",
      "optional sends without TLS where the mail server has none, password included",
      AT(smtp_tls) },
    { "SMTP_TLS_PIN", CONFIG_PIN, "", "a SHA-256 of 64 hex digits, with or without ':' between",
      "SHA-256 of the mail server's public key, which is then trusted and no other",
      AT(smtp_tls_pin) },

    { "LOG_FORMAT", CONFIG_CHOICE, "text", "text|json", "form of the log", AT(log_format) },
    { "LOG_LEVEL", CONFIG_CHOICE, "info", "debug|info|warn|error", "least level that is logged",
      AT(log_level) },
};

_Static_assert(COUNT_OF(options) <= OPTIONS_MAX, "make OPTIONS_MAX larger");

const struct config_option *config_options(size_t *count_out)
{
    *count_out = COUNT_OF(options);
    return options;
}

int option_find(const char *name, size_t size)
{
    for (size_t i = 0; i < COUNT_OF(options); i++) {
        if (strlen(options[i].name) == size && memcmp(options[i].name, name, size) == 0) {
            return (int)i;
        }
    }
    return -1;
}

bool option_is_secret(const struct config_option *option)
{
    return option->kind == CONFIG_SECRET || option->kind == CONFIG_DATABASE;
}

void *option_place(struct config *config, const struct config_option *option)
{
    return (char *)config + option->offset;
}

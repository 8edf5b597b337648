/* Settings from the environment, a file, secrets' files and the defaults. */
#include "check.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/config.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"

#define ENVIRONMENT(...)                                                                           \
    (char *[])                                                                                     \
    {                                                                                              \
        __VA_ARGS__, NULL                                                                          \
    }

static char folder[] = "/tmp/test-config-XXXXXX";
static struct error test_error;

static int folder_set_up(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int folder_tear_down(void **state)
{
    (void)state;
    return folder_remove(folder, &test_error) ? 0 : -1;
}

/* The path of a new file with this content. */
static const char *file_with(const char *name, const char *content, size_t size)
{
    static char path[4][200];
    static int next;
    char *made = path[next++ % 4];

    IGNORE(snprintf(made, sizeof path[0], "%s/%s", folder, name), "fits");
    assert_true(file_write(made, content, size, 0600, &test_error));
    return made;
}

static struct config *load(const char *file, char *const environment[])
{
    struct config *config = NULL;

    if (!config_load(file, environment, &config, &test_error)) {
        fail_msg("%s", test_error.message);
    }
    return config;
}

static struct config *load_file(const char *content)
{
    return load(file_with("settings", content, strlen(content)), ENVIRONMENT("A=b"));
}

static const char *refusal(const char *file, char *const environment[])
{
    struct config *config = NULL;

    assert_false(config_load(file, environment, &config, &test_error));
    assert_null(config);
    assert_null(strchr(test_error.message, '\n'));
    return test_error.message;
}

static void check_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' does not say '%s'", text, part);
    }
}

static void check_lacks(const char *text, const char *part)
{
    if (strstr(text, part) != NULL) {
        fail_msg("'%s' says '%s'", text, part);
    }
}

static void every_setting_has_a_default(void **state)
{
    (void)state;
    AUTO(config_free) struct config *config = load(NULL, ENVIRONMENT("HOME=/root"));
    static const int64_t schedule[] = { 30, 120, 600, 3600, 21600, 86400 };
    CHECK_TEXT(config->http_listen, ":8080");
    CHECK_NUMBER(config->port, 8080);
    CHECK_NUMBER(config->http_threads, 2);
    CHECK_TEXT(config->data_dir, "./data");
    CHECK_TEXT(secret_reveal(&config->database_url), "sqlite:./data/audiapro.db");
    CHECK(!secret_is_set(&config->secret_key));
    CHECK_TEXT(config->default_tenant, "default");
    CHECK_TEXT(config->ucm_ip, "");
    CHECK_NUMBER(config->ucm_port, 0);
    CHECK_TEXT(config->ucm_username, "");
    CHECK(!secret_is_set(&config->ucm_password));
    CHECK_TEXT(secret_reveal(&config->ucm_password), "");
    CHECK_TEXT(config->ucm_tls_pin, "");
    CHECK(!secret_is_set(&config->webhook_secret));
    CHECK_TEXT(config->pbx_allowed_networks, "");
    CHECK_NUMBER(config->storage_backend, CONFIG_STORAGE_LOCAL);
    CHECK_TEXT(config->s3_endpoint_url, "");
    CHECK(config->s3_use_path_style);
    CHECK(config->transcription_enabled);
    CHECK_TEXT(config->transcription_base_url, "");
    CHECK_TEXT(config->speech_model, "");
    CHECK_NUMBER(config->speech_workers, 1);
    CHECK(config->sentiment_enabled);
    CHECK_TEXT(config->llm_model, "");
    CHECK_TEXT(config->admin_email, "");
    CHECK_NUMBER(config->fetch_workers, 16);
    CHECK_NUMBER(config->retry_schedule.count, COUNT_OF(schedule));
    for (size_t i = 0; i < COUNT_OF(schedule); i++) {
        CHECK_NUMBER(config->retry_schedule.steps_s[i], schedule[i]);
    }
    CHECK_NUMBER(config->retry_horizon_s, 14 * 86400);
    CHECK_NUMBER(config->reconcile_interval_s, 300);
    CHECK_NUMBER(config->log_format, CONFIG_LOG_TEXT);
    CHECK_NUMBER(config->log_level, LOG_INFO);
}

static void the_environment_sets_what_it_names(void **state)
{
    (void)state;
    AUTO(config_free)
    struct config *config = load(
        NULL, ENVIRONMENT("PORT=0", "UCM_IP=pbx.example.com", "UCM_PORT=8443",
                          "UCM_USERNAME=cdrapi", "UCM_PASSWORD=p=w d", "TRANSCRIPTION_ENABLED=No",
                          "RETRY_SCHEDULE=5, 2m ,1d", "RECONCILE_INTERVAL=0", "LOG_LEVEL=debug",
                          "LOG_FORMAT=json", "DATA_DIR=/var/lib/audiapro", "DEFAULT_TENANT=acme-2",
                          "UCM_TLS_PIN=AA:bb:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd:"
                          "ee:ff:00:11:22:33:44:55:66:77:88:99:aa:bb:cc:dd",
                          "UNKNOWN_THING=1", "WEBHOOK_SECRET=abc-DEF_1.~"));
    CHECK_TEXT(config->http_listen, ":0");
    CHECK_TEXT(config->ucm_ip, "pbx.example.com");
    CHECK_NUMBER(config->ucm_port, 8443);
    CHECK_TEXT(secret_reveal(&config->ucm_password), "p=w d");
    CHECK(!config->transcription_enabled);
    CHECK_NUMBER(config->retry_schedule.count, 3);
    CHECK_NUMBER(config->retry_schedule.steps_s[0], 5);
    CHECK_NUMBER(config->retry_schedule.steps_s[2], 86400);
    CHECK_NUMBER(config->reconcile_interval_s, 0);
    CHECK_NUMBER(config->log_level, LOG_DEBUG);
    CHECK_NUMBER(config->log_format, CONFIG_LOG_JSON);
    CHECK_TEXT(secret_reveal(&config->database_url), "sqlite:/var/lib/audiapro/audiapro.db");
    CHECK_TEXT(config->ucm_tls_pin,
               "aabb00112233445566778899aabbccddeeff00112233445566778899aabbccdd");
    CHECK_TEXT(secret_reveal(&config->webhook_secret), "abc-DEF_1.~");
}

static void an_empty_value_is_not_set(void **state)
{
    (void)state;
    AUTO(config_free)
    struct config *config = load(NULL, ENVIRONMENT("PORT=", "UCM_PASSWORD=", "LOG_LEVEL="));
    CHECK_NUMBER(config->port, 8080);
    CHECK(!secret_is_set(&config->ucm_password));
}

static void a_bad_value_names_setting_value_and_what_is_allowed(void **state)
{
    (void)state;
    static const struct {
        const char *setting;
        const char *said;
    } rows[] = {
        { "PORT=abc",
          "PORT 'abc' (environment) is not valid: it must be a number from 0 to 65535" },
        { "PORT=65536", "0 to 65535" },
        { "PORT=-1", "0 to 65535" },
        { "PORT=80 ", "0 to 65535" },
        { "UCM_PORT=0", "1 to 65535" },
        { "HTTP_THREADS=65", "1 to 64" },
        { "HTTP_LISTEN=localhost", "HOST:PORT" },
        { "HTTP_LISTEN=::1:80", "HOST:PORT" },
        { "HTTP_LISTEN=[::1:80", "HOST:PORT" },
        { "HTTP_LISTEN=[10.0.0.1]:80", "HOST:PORT" },
        { "HTTP_LISTEN=a b:80", "HOST:PORT" },
        { "HTTP_LISTEN=:99999", "HOST:PORT" },
        { "UCM_IP=https://10.0.0.1", "without https://" },
        { "UCM_IP=10.0.0.1:8089", "without a port" },
        { "UCM_IP=a/b", "a host name" },
        { "UCM_IP=-a", "a host name" },
        { "DEFAULT_TENANT=Acme", "DEFAULT_TENANT 'Acme'" },
        { "DEFAULT_TENANT=-a", "a-z" },
        { "UCM_TLS_PIN=abcd", "SHA-256" },
        { "STORAGE_BACKEND=tape",
          "STORAGE_BACKEND 'tape' (environment) is not valid: it must be one "
          "of local|s3" },
        { "STORAGE_BACKEND=loc", "one of" },
        { "S3_ENDPOINT_URL=s3.example.com", "http://" },
        { "S3_ENDPOINT_URL=https:///x", "http://" },
        { "LLM_BASE_URL=https://user:pw@host", "http://" },
        { "TRANSCRIPTION_ENABLED=maybe", "true or false" },
        { "RETRY_SCHEDULE=30s,,1m", "durations" },
        { "RETRY_SCHEDULE=30s,", "durations" },
        { "RETRY_SCHEDULE=0s", "durations" },
        { "RETRY_SCHEDULE=5 m", "durations" },
        { "RETRY_SCHEDULE=1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1,1", "1 to 16" },
        { "RETRY_HORIZON=5s", "1m to 365d" },
        { "RETRY_HORIZON=9999999999999999d", "1m to 365d" },
        { "RECONCILE_INTERVAL=5w", "0 for off" },
        { "LOG_LEVEL=INFO", "debug|info|warn|error" },
        { "LOG_LEVEL=a\nb", "LOG_LEVEL 'a?b'" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char setting[200];
        IGNORE(snprintf(setting, sizeof setting, "%s", rows[i].setting), "fits");
        check_has(refusal(NULL, ENVIRONMENT(setting)), rows[i].said);
        CHECK_NUMBER(test_error.kind, ERROR_INVALID);
    }
}

static void good_values_are_taken(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "HTTP_LISTEN=127.0.0.1:8080",
        "HTTP_LISTEN=[::1]:8080",
        "HTTP_LISTEN=:0",
        "HTTP_LISTEN=localhost:80",
        "UCM_IP=fe80::1",
        "UCM_IP=192.0.2.7",
        "UCM_IP=abc.c.myucm.cloud",
        "DATABASE_URL=sqlite:x",
        "S3_ENDPOINT_URL=http://h:9/p?q",
        "DATABASE_URL=postgresql://u@h/d",
        "RETRY_HORIZON=365d",
        "S3_USE_PATH_STYLE=off",
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char setting[200];
        IGNORE(snprintf(setting, sizeof setting, "%s", rows[i]), "fits");
        config_free(load(NULL, ENVIRONMENT(setting)));
    }
}

static void no_message_and_no_listing_shows_a_secret(void **state)
{
    (void)state;
    static const char *const bad[] = { "WEBHOOK_SECRET=hush/hush/hush", "SECRET_KEY=hush",
                                       "DATABASE_URL=mysql://u:hush@h/d", "UCM_PASSWORD=hush\x01" };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        char setting[200];
        IGNORE(snprintf(setting, sizeof setting, "%s", bad[i]), "fits");
        check_lacks(refusal(NULL, ENVIRONMENT(setting)), "hush");
    }
    AUTO(config_free)
    struct config *config = load(
        NULL, ENVIRONMENT("UCM_PASSWORD=hush", "SECRET_KEY=hushhushhushhush", "LLM_API_KEY=hush",
                          "TRANSCRIPTION_API_KEY=hush", "ADMIN_PASSWORD=hush",
                          "S3_SECRET_ACCESS_KEY=hush", "WEBHOOK_SECRET=hushhush",
                          "DATABASE_URL=postgres://me:hush/h@db.example:5432/calls?password=hush"));
    for (int is_json = 0; is_json < 2; is_json++) {
        AUTO(text_clear) struct text shown = TEXT_UP_TO(64 * KIB);
        config_show(config, &shown, is_json == 1);
        check_lacks(text_get(&shown), "hush");
        check_has(text_get(&shown), "postgres://me:********@db.example:5432/calls?********");
    }
    check_has(secret_reveal(&config->database_url), "hush/h@");
}

static void a_database_url_without_a_password_is_shown_whole(void **state)
{
    (void)state;
    AUTO(text_clear) struct text shown = TEXT_UP_TO(64 * KIB);
    AUTO(config_free)
    struct config *config = load(NULL, ENVIRONMENT("DATABASE_URL=postgres://db:5432/calls"));
    config_show(config, &shown, false);
    check_has(text_get(&shown), "DATABASE_URL=postgres://db:5432/calls  (environment)\n");
}

static void a_secret_may_come_from_a_file(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        const char *secret;
    } rows[] = { { "s3cret\n", "s3cret" },
                 { "s3cret\r\n", "s3cret" },
                 { "s3cret", "s3cret" },
                 { " s3 cret ", " s3 cret " } };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char setting[300];
        IGNORE(snprintf(setting, sizeof setting, "UCM_PASSWORD_FILE=%s",
                        file_with("secret", rows[i].content, strlen(rows[i].content))),
               "fits");
        AUTO(config_free) struct config *config = load(NULL, ENVIRONMENT(setting));
        CHECK_TEXT(secret_reveal(&config->ucm_password), rows[i].secret);
        check_has(refusal(NULL, ENVIRONMENT(setting, "UCM_PASSWORD=x")), "both set");
    }
}

static void a_bad_secret_file_is_refused(void **state)
{
    (void)state;
    check_has(refusal(NULL, ENVIRONMENT("SECRET_KEY_FILE=/nowhere/at/all")), "SECRET_KEY_FILE");
    char setting[300];
    IGNORE(snprintf(setting, sizeof setting, "UCM_PASSWORD_FILE=%s",
                    file_with("nul", "hush\0hush", 9)),
           "fits");
    check_has(refusal(NULL, ENVIRONMENT(setting)), "NUL");
    IGNORE(snprintf(setting, sizeof setting, "UCM_PASSWORD_FILE=%s", file_with("none", "\n", 1)),
           "fits");
    check_has(refusal(NULL, ENVIRONMENT(setting)), "UCM_PASSWORD");
    IGNORE(snprintf(setting, sizeof setting, "UCM_PASSWORD_FILE=%s",
                    file_with("two", "hush\nhush\n", 10)),
           "fits");
    check_lacks(refusal(NULL, ENVIRONMENT(setting)), "hush");
    static char large[64 * 1024 + 2];
    memset(large, 'x', sizeof large);
    IGNORE(snprintf(setting, sizeof setting, "UCM_PASSWORD_FILE=%s",
                    file_with("large", large, sizeof large)),
           "fits");
    refusal(NULL, ENVIRONMENT(setting));
    CHECK_NUMBER(test_error.kind, ERROR_LIMIT);
    /* Only secrets have such a variant: this one is a stranger, and ignored. */
    config_free(load(NULL, ENVIRONMENT("PORT_FILE=/nowhere")));
}

static void the_file_has_names_values_comments_and_quotes(void **state)
{
    (void)state;
    AUTO(config_free)
    struct config *config = load_file("\xEF\xBB\xBF# comment\n; another\n\n  PORT = 81 \r\n"
                                      "UCM_USERNAME=\"a \\\"b\\\" \\\\ c # d\"\n"
                                      "UCM_PASSWORD='x\"\\y '\n"
                                      "LLM_MODEL=a#b \"c\"\n"
                                      "UCM_IP=\n"
                                      "S3_REGION=''\n"
                                      "LOG_LEVEL=warn");
    CHECK_NUMBER(config->port, 81);
    CHECK_TEXT(config->ucm_username, "a \"b\" \\ c # d");
    CHECK_TEXT(secret_reveal(&config->ucm_password), "x\"\\y ");
    CHECK_TEXT(config->llm_model, "a#b \"c\"");
    CHECK_TEXT(config->ucm_ip, "");
    CHECK_TEXT(config->s3_region, "us-east-1");
    CHECK_NUMBER(config->log_level, LOG_WARN);
}

static void the_environment_wins_over_the_file(void **state)
{
    (void)state;
    static const char content[] = "PORT=81\nLOG_LEVEL=warn\nUCM_PASSWORD=old\n";
    const char *path = file_with("settings", content, sizeof content - 1);
    char secret[300];
    char named[300];
    IGNORE(snprintf(secret, sizeof secret, "UCM_PASSWORD_FILE=%s", file_with("s", "new\n", 4)), "");
    IGNORE(snprintf(named, sizeof named, "AUDIAPRO_CONFIG=%s", path), "");
    for (int by_name = 0; by_name < 2; by_name++) {
        AUTO(config_free)
        struct config *config =
            load(by_name ? NULL : path, ENVIRONMENT("PORT=82", secret, by_name ? named : "X=1"));
        CHECK_NUMBER(config->port, 82);
        CHECK_NUMBER(config->log_level, LOG_WARN);
        CHECK_TEXT(secret_reveal(&config->ucm_password), "new");
        AUTO(text_clear) struct text shown = TEXT_UP_TO(64 * KIB);
        config_show(config, &shown, false);
        check_has(text_get(&shown), "PORT=82  (environment)\n");
        check_has(text_get(&shown), "LOG_LEVEL=warn  (/tmp/");
        check_has(text_get(&shown), "HTTP_THREADS=2  (default)\n");
        check_has(text_get(&shown), "UCM_PASSWORD=********  (/tmp/");
        check_has(text_get(&shown), "DATABASE_URL=sqlite:./data/audiapro.db  (default)\n");
    }
}

static void a_bad_file_says_which_line(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        const char *said;
    } rows[] = {
        { "PORT=1\nPROT=hush\n", "line 2: the setting 'PROT' is unknown" },
        { "PORT=1\nPORT=2\n", "line 2: the setting 'PORT' is there twice" },
        { "PORT_FILE=x\n", "'PORT_FILE' is unknown" },
        { "\n\nhush hush\n", "line 3 is not NAME=value" },
        { "port=1\n", "line 1" },
        { "export PORT=1\n", "line 1" },
        { "=hush\n", "line 1" },
        { "UCM_PASSWORD=\"hush\n", "line 1: the quotes of UCM_PASSWORD do not match" },
        { "UCM_PASSWORD='hush' x\n", "quotes" },
        { "UCM_PASSWORD=hu\x07sh\n", "control character" },
        { "PORT=99999\n", "PORT '99999' (/tmp/" },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        const char *path = file_with("bad", rows[i].content, strlen(rows[i].content));
        const char *message = refusal(path, ENVIRONMENT("A=b"));
        check_has(message, rows[i].said);
        check_lacks(message, "hush");
    }
    check_has(refusal(file_with("nul", "PORT=1\0", 7), ENVIRONMENT("A=b")), "NUL");
    check_has(refusal("/nowhere/at/all", ENVIRONMENT("A=b")), "configuration file");
    check_has(refusal(NULL, ENVIRONMENT("AUDIAPRO_CONFIG=/nowhere/at/all")), "configuration file");
}

static void s3_needs_all_of_its_settings(void **state)
{
    (void)state;
    check_has(refusal(NULL, ENVIRONMENT("STORAGE_BACKEND=s3", "S3_ENDPOINT_URL=https://s3.example",
                                        "S3_ACCESS_KEY_ID=k", "S3_SECRET_ACCESS_KEY=s")),
              "S3_BUCKET_NAME is not set");
    AUTO(config_free)
    struct config *config =
        load(NULL, ENVIRONMENT("STORAGE_BACKEND=s3", "S3_ENDPOINT_URL=https://s3.example",
                               "S3_ACCESS_KEY_ID=k", "S3_SECRET_ACCESS_KEY=s", "S3_BUCKET_NAME=b"));
    CHECK_NUMBER(config->storage_backend, CONFIG_STORAGE_S3);
}

static void the_json_listing_has_every_setting(void **state)
{
    (void)state;
    AUTO(config_free)
    struct config *config = load(NULL, ENVIRONMENT("UCM_USERNAME=\"a\\", "DATA_DIR=/tmp/\xFF"));
    AUTO(text_clear) struct text shown = TEXT_UP_TO(64 * KIB);
    config_show(config, &shown, true);
    AUTO(json_release) json_t *json = json_read(text_get(&shown), shown.size, &test_error);
    const json_t *settings = json_object_get(json, "settings");
    size_t count = 0;
    const struct config_option *options = config_options(&count);
    CHECK_NUMBER(json_array_size(settings), count);
    for (size_t i = 0; i < count; i++) {
        const json_t *setting = json_array_get(settings, i);
        CHECK_TEXT(json_text(setting, "name", "?"), options[i].name);
        CHECK(json_text(setting, "value", NULL) != NULL);
        CHECK(json_text(setting, "source", NULL) != NULL);
        if (strcmp(options[i].name, "UCM_USERNAME") == 0) {
            CHECK_TEXT(json_text(setting, "value", ""), "\"a\\");
            CHECK_TEXT(json_text(setting, "source", ""), "environment");
        }
        if (strcmp(options[i].name, "UCM_PASSWORD") == 0) {
            CHECK(json_flag(setting, "is_secret", false));
        }
    }
}

static void the_help_names_every_setting(void **state)
{
    (void)state;
    AUTO(text_clear) struct text help = TEXT_UP_TO(64 * KIB);
    size_t count = 0;
    const struct config_option *options = config_options(&count);
    config_help(&help);
    CHECK(!help.is_full);
    for (size_t i = 0; i < count; i++) {
        check_has(text_get(&help), options[i].name);
        CHECK(options[i].help != NULL && options[i].allowed != NULL);
    }
    check_has(text_get(&help), "default 30s,2m,10m,1h,6h,24h");
}

static void a_cleared_secret_is_not_set(void **state)
{
    (void)state;
    AUTO(secret_clear) struct secret secret = { 0 };
    secret_clear(&secret);
    secret_set(&secret, "abcdef", 3);
    CHECK_TEXT(secret_reveal(&secret), "abc");
    secret_set(&secret, "z", 1);
    CHECK_TEXT(secret_reveal(&secret), "z");
    secret_clear(&secret);
    CHECK(!secret_is_set(&secret));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_setting_has_a_default),
        cmocka_unit_test(the_environment_sets_what_it_names),
        cmocka_unit_test(an_empty_value_is_not_set),
        cmocka_unit_test(a_bad_value_names_setting_value_and_what_is_allowed),
        cmocka_unit_test(good_values_are_taken),
        cmocka_unit_test(no_message_and_no_listing_shows_a_secret),
        cmocka_unit_test(a_database_url_without_a_password_is_shown_whole),
        cmocka_unit_test(a_secret_may_come_from_a_file),
        cmocka_unit_test(a_bad_secret_file_is_refused),
        cmocka_unit_test(the_file_has_names_values_comments_and_quotes),
        cmocka_unit_test(the_environment_wins_over_the_file),
        cmocka_unit_test(a_bad_file_says_which_line),
        cmocka_unit_test(s3_needs_all_of_its_settings),
        cmocka_unit_test(the_json_listing_has_every_setting),
        cmocka_unit_test(the_help_names_every_setting),
        cmocka_unit_test(a_cleared_secret_is_not_set),
    };
    return cmocka_run_group_tests_name("config", tests, folder_set_up, folder_tear_down);
}

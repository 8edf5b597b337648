/* See config.h. What the environment and the file give is gathered first; then each option takes
 * the first of environment, file and default that has a value, and its kind reads it. */
#include <stdio.h>
#include <string.h>

#include "config/parts.h"
#include "core/file.h"
#include "core/memory.h"

#define MASK "********"

/* What one source says about one option; each may be NULL. */
struct given {
    const char *value;
    const char *path; /* From NAME_FILE. */
};

struct sources {
    struct given environment[OPTIONS_MAX];
    struct given file[OPTIONS_MAX];
    const char *file_path; /* NULL: there is none. */
    char *file_content;
    size_t file_size;
};

static void sources_clear(struct sources *sources)
{
    if (sources->file_content != NULL) {
        explicit_bzero(sources->file_content, sources->file_size);
        free(sources->file_content);
    }
}
DEFINE_AUTO_CLEAR(sources_clear, struct sources)

/* Where NAME or NAME_FILE is noted. NULL when it names no setting. */
static const char **given_find(struct given *given, const char *name, size_t size)
{
    static const char ending[] = "_FILE";
    const size_t ending_size = sizeof ending - 1;
    size_t count = 0;
    int index = option_find(name, size);

    if (index >= 0) {
        return &given[index].value;
    }
    if (size <= ending_size || memcmp(name + size - ending_size, ending, ending_size) != 0) {
        return NULL;
    }
    index = option_find(name, size - ending_size);
    bool is_secret = index >= 0 && option_is_secret(&config_options(&count)[index]);
    return is_secret ? &given[index].path : NULL;
}

static const char *environment_find(char *const environment[], const char *name)
{
    size_t size = strlen(name);

    for (; *environment != NULL; environment++) {
        if (strncmp(*environment, name, size) == 0 && (*environment)[size] == '=') {
            return *environment + size + 1;
        }
    }
    return "";
}

static void environment_gather(char *const environment[], struct sources *sources)
{
    for (; *environment != NULL; environment++) {
        const char *equals = strchr(*environment, '=');
        if (equals == NULL || equals[1] == '\0') {
            continue;
        }
        const char **place =
            given_find(sources->environment, *environment, (size_t)(equals - *environment));
        if (place != NULL && *place == NULL) { /* like getenv(): the first counts */
            *place = equals + 1;
        }
    }
}

static bool file_gather(struct sources *sources, struct error *error)
{
    struct file_line lines[FILE_LINES_MAX];
    size_t count = 0;

    if (!file_read(sources->file_path, CONFIG_FILE_SIZE_MAX, &sources->file_content,
                   &sources->file_size, error)) {
        return error_within(error, "configuration file");
    }
    if (!config_file_parse(sources->file_content, sources->file_size, lines, &count, error)) {
        return error_within(error, "configuration file '%s'", sources->file_path);
    }
    for (size_t i = 0; i < count; i++) {
        const char **place = given_find(sources->file, lines[i].name, strlen(lines[i].name));
        if (place == NULL || *place != NULL) {
            return error_set(error, ERROR_INVALID,
                             "configuration file '%s': line %d: the setting '%.60s' is %s",
                             sources->file_path, lines[i].number, lines[i].name,
                             place == NULL ? "unknown" : "there twice");
        }
        *place = lines[i].value;
    }
    return true;
}

/* --- one option --- */

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == '\x7f') {
            return true;
        }
    }
    return false;
}

static bool refuse(const struct config_option *option, const char *value, const char *source,
                   struct error *error)
{
    char shown[81] = "";

    if (option_is_secret(option)) {
        return error_set(error, ERROR_INVALID, "%s (%s) is not valid: it must be %s", option->name,
                         source, option->allowed);
    }
    for (size_t i = 0; i < sizeof shown - 1 && value[i] != '\0'; i++) {
        shown[i] = (char)((unsigned char)value[i] < ' ' || value[i] == '\x7f' ? '?' : value[i]);
    }
    return error_set(error, ERROR_INVALID, "%s '%s' (%s) is not valid: it must be %s%s",
                     option->name, shown, source, option->kind == CONFIG_CHOICE ? "one of " : "",
                     option->allowed);
}

/* All but the password; and nothing of a query, which may hold one too. */
static const char *database_url_mask(struct arena *arena, const char *url)
{
    const char *user = strstr(url, "://");
    const char *at = strrchr(url, '@');
    const char *query = strchr(at != NULL ? at : url, '?');

    if (user == NULL) {
        return arena_copy_text(arena, url); /* sqlite:PATH */
    }
    int rest = (int)(query != NULL ? (size_t)(query - url) : strlen(url));
    const char *colon = strchr(user + 3, ':');
    bool has_password = at != NULL && colon != NULL && colon < at;
    int kept = has_password ? (int)(colon - url) + 1 : rest;
    return arena_print(arena, "%.*s%s%.*s%s", kept, url, has_password ? MASK : "",
                       has_password ? rest - (int)(at - url) : 0, has_password ? at : "",
                       query != NULL ? "?" MASK : "");
}

static const char *shown_of(struct arena *arena, const struct config_option *option,
                            const char *value)
{
    if (option->kind == CONFIG_DATABASE) {
        return database_url_mask(arena, value);
    }
    return option_is_secret(option) ? MASK : arena_copy_text(arena, value);
}

static bool option_set(struct config *config, size_t index, const struct config_option *option,
                       const char *value, const char *source, struct error *error)
{
    struct arena *arena = config->inside->arena;

    if (has_control(value) || !value_read(config, option, value)) {
        return refuse(option, value, source, error);
    }
    config->inside->settings[index].shown = shown_of(arena, option, value);
    config->inside->settings[index].source = arena_copy_text(arena, source);
    return true;
}

static bool option_set_from_path(struct config *config, size_t index,
                                 const struct config_option *option, const char *path,
                                 struct error *error)
{
    char *content = NULL;
    size_t size = 0;

    if (!file_read(path, CONFIG_SECRET_SIZE_MAX, &content, &size, error)) {
        return error_within(error, "%s_FILE", option->name);
    }
    size_t kept = size;
    if (kept > 0 && content[kept - 1] == '\n') {
        kept--;
    }
    if (kept > 0 && kept < size && content[kept - 1] == '\r') {
        kept--;
    }
    content[kept] = '\0';
    bool is_set =
        strlen(content) == kept
            ? option_set(config, index, option, content, path, error)
            : error_set(error, ERROR_INVALID, "%s_FILE '%s' holds a NUL", option->name, path);
    explicit_bzero(content, size);
    free(content);
    return is_set;
}

static bool option_load(struct config *config, size_t index, const struct config_option *option,
                        const struct sources *sources, struct error *error)
{
    const struct given *given = &sources->environment[index];
    const char *source = "environment";

    if (given->value == NULL && given->path == NULL) {
        given = &sources->file[index];
        source = sources->file_path;
    }
    if (given->value != NULL && given->path != NULL) {
        return error_set(error, ERROR_INVALID, "%s and %s_FILE are both set: give one of them",
                         option->name, option->name);
    }
    if (given->path != NULL && given->path[0] != '\0') {
        return option_set_from_path(config, index, option, given->path, error);
    }
    if (given->value != NULL && given->value[0] != '\0') {
        return option_set(config, index, option, given->value, source, error);
    }
    if (option->value_default[0] != '\0') {
        return option_set(config, index, option, option->value_default, "default", error);
    }
    config->inside->settings[index].shown = "";
    config->inside->settings[index].source = "default";
    return true;
}

/* --- the whole --- */

static void texts_make_empty(struct config *config)
{
    size_t count = 0;
    const struct config_option *options = config_options(&count);

    for (size_t i = 0; i < count; i++) {
        switch (options[i].kind) {
        case CONFIG_TEXT:
        case CONFIG_HOST:
        case CONFIG_LISTEN:
        case CONFIG_NAME:
        case CONFIG_URL:
        case CONFIG_PIN:
            *(const char **)option_place(config, &options[i]) = "";
            break;
        case CONFIG_INTEGER:
        case CONFIG_BOOL:
        case CONFIG_SECONDS:
        case CONFIG_SCHEDULE:
        case CONFIG_CHOICE:
        case CONFIG_SECRET:
        case CONFIG_DATABASE:
            break; /* zero will do */
        }
    }
}

/* Defaults that follow from other settings. */
static void config_complete(struct config *config)
{
    struct arena *arena = config->inside->arena;

    if (config->http_listen[0] == '\0') {
        config->http_listen = arena_print(arena, ":%d", (int)config->port);
    }
    if (!secret_is_set(&config->database_url)) {
        const char *url = arena_print(arena, "sqlite:%s/audiapro.db", config->data_dir);
        secret_set(&config->database_url, url, strlen(url));
        config->inside->settings[option_find("DATABASE_URL", 12)].shown = url;
    }
}

/* Settings that are good one by one may still not go together. */
static bool config_check(const struct config *config, struct error *error)
{
    const struct {
        const char *name;
        bool is_set;
    } needed[] = {
        { "S3_ENDPOINT_URL", config->s3_endpoint_url[0] != '\0' },
        { "S3_BUCKET_NAME", config->s3_bucket_name[0] != '\0' },
        { "S3_ACCESS_KEY_ID", config->s3_access_key_id[0] != '\0' },
        { "S3_SECRET_ACCESS_KEY", secret_is_set(&config->s3_secret_access_key) },
    };

    for (size_t i = 0; config->storage_backend == CONFIG_STORAGE_S3 && i < COUNT_OF(needed); i++) {
        if (!needed[i].is_set) {
            return error_set(error, ERROR_INVALID,
                             "%s is not set: STORAGE_BACKEND 's3' cannot do without it",
                             needed[i].name);
        }
    }
    return true;
}

static struct config *config_new(void)
{
    struct config *config = memory_new(sizeof *config);

    config->inside = memory_new(sizeof *config->inside);
    config->inside->arena = arena_new(4 * MIB); /* well over twice all values at their longest */
    texts_make_empty(config);
    return config;
}

bool config_load(const char *file, char *const environment[], struct config **config_out,
                 struct error *error)
{
    AUTO(sources_clear) struct sources sources = { .file_path = file };
    AUTO(config_free) struct config *config = config_new();
    size_t count = 0;
    const struct config_option *options = config_options(&count);

    if (file == NULL) {
        sources.file_path = environment_find(environment, "AUDIAPRO_CONFIG");
    }
    environment_gather(environment, &sources);
    if (sources.file_path[0] != '\0' && !file_gather(&sources, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        if (!option_load(config, i, &options[i], &sources, error)) {
            return false;
        }
    }
    config_complete(config);
    if (!config_check(config, error)) {
        return false;
    }
    *config_out = TAKE(config);
    return true;
}

void config_free(struct config *config)
{
    size_t count = 0;
    const struct config_option *options = config_options(&count);

    if (config == NULL) {
        return;
    }
    for (size_t i = 0; i < count; i++) {
        if (option_is_secret(&options[i])) {
            secret_clear(option_place(config, &options[i]));
        }
    }
    arena_free(config->inside->arena);
    free(config->inside);
    free(config);
}

/* See parts.h. A reader for each kind of setting; texts go into the config's arena. */
#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "config/parts.h"

typedef bool value_reader(struct config *config, const struct config_option *option,
                          const char *value);

#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define DIGITS "0123456789"

static bool is_made_of(const char *text, const char *characters)
{
    return text[strspn(text, characters)] == '\0';
}

static bool text_store(struct config *config, const struct config_option *option, const char *value)
{
    const char **place = option_place(config, option);

    *place = arena_copy_text(config->inside->arena, value);
    return true;
}

static bool text_read(struct config *config, const struct config_option *option, const char *value)
{
    return strlen(value) <= CONFIG_VALUE_SIZE_MAX && text_store(config, option, value);
}

static bool host_is_fair(const char *host)
{
    unsigned char address[16];

    if (strchr(host, ':') != NULL) {
        return inet_pton(AF_INET6, host, address) == 1;
    }
    return host[0] != '\0' && strlen(host) <= 253 && host[0] != '-' && host[0] != '.' &&
           is_made_of(host, LETTERS DIGITS "-._");
}

static bool host_read(struct config *config, const struct config_option *option, const char *value)
{
    return host_is_fair(value) && text_store(config, option, value);
}

static bool integer_parse(const char *text, int64_t *number_out)
{
    size_t size = strlen(text);

    if (size == 0 || size > 9 || !is_made_of(text, DIGITS)) {
        return false;
    }
    *number_out = strtoll(text, NULL, 10);
    return true;
}

static bool listen_read(struct config *config, const struct config_option *option,
                        const char *value)
{
    char host[254];
    const char *colon = strrchr(value, ':');
    size_t size = colon != NULL ? (size_t)(colon - value) : 0;
    int64_t port = -1;

    if (colon == NULL || size >= sizeof host || !integer_parse(colon + 1, &port) || port > 65535) {
        return false;
    }
    bool is_bracketed = size > 2 && value[0] == '[' && value[size - 1] == ']';
    size_t skipped = is_bracketed ? 1 : 0;
    memcpy(host, value + skipped, size - 2 * skipped);
    host[size - 2 * skipped] = '\0';
    bool is_fair = size == 0 || (host_is_fair(host) && is_bracketed == (strchr(host, ':') != NULL));
    return is_fair && text_store(config, option, value);
}

static bool name_read(struct config *config, const struct config_option *option, const char *value)
{
    size_t size = strlen(value);
    bool is_fair = size >= 1 && size <= 63 && value[0] != '-' && value[size - 1] != '-' &&
                   is_made_of(value, "abcdefghijklmnopqrstuvwxyz" DIGITS "-");

    return is_fair && text_store(config, option, value);
}

static bool url_read(struct config *config, const struct config_option *option, const char *value)
{
    const char *host = NULL;

    if (strncmp(value, "https://", 8) == 0) {
        host = value + 8;
    } else if (strncmp(value, "http://", 7) == 0) {
        host = value + 7;
    }
    /* A '@' would be a user and password, which are shown; '/' first is no host. */
    bool is_fair = host != NULL && host[0] != '\0' && host[0] != '/' &&
                   strpbrk(value, " \"<>\\^`{|}@") == NULL && strlen(value) <= 2048;
    return is_fair && text_store(config, option, value);
}

static bool pin_read(struct config *config, const struct config_option *option, const char *value)
{
    char pin[65] = "";
    size_t size = 0;

    for (; *value != '\0'; value++) {
        if (*value == ':' && size > 0 && size % 2 == 0 && value[1] != ':' && value[1] != '\0') {
            continue;
        }
        if (size == 64 || strchr(DIGITS "abcdefABCDEF", *value) == NULL) {
            return false;
        }
        pin[size++] = (char)(*value >= 'A' && *value <= 'F' ? *value - 'A' + 'a' : *value);
    }
    return size == 64 && text_store(config, option, pin);
}

static bool number_store(struct config *config, const struct config_option *option, int64_t number)
{
    int64_t *place = option_place(config, option);

    *place = number;
    return number >= option->minimum && number <= option->maximum;
}

static bool integer_read(struct config *config, const struct config_option *option,
                         const char *value)
{
    int64_t number = 0;

    return integer_parse(value, &number) && number_store(config, option, number);
}

static bool bool_read(struct config *config, const struct config_option *option, const char *value)
{
    static const struct {
        const char *word;
        bool flag;
    } words[] = { { "true", true },   { "yes", true }, { "on", true },   { "1", true },
                  { "false", false }, { "no", false }, { "off", false }, { "0", false } };
    bool *place = option_place(config, option);

    for (size_t i = 0; i < COUNT_OF(words); i++) {
        if (strcasecmp(value, words[i].word) == 0) {
            *place = words[i].flag;
            return true;
        }
    }
    return false;
}

bool duration_read(const char *text, size_t size, int64_t *seconds_out)
{
    static const struct {
        char letter;
        int64_t seconds;
    } units[] = { { 's', 1 }, { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 } };
    int64_t unit = 1;
    int64_t number = 0;
    size_t digits = 0;

    for (; digits < size && digits < 10 && text[digits] >= '0' && text[digits] <= '9'; digits++) {
        number = number * 10 + (text[digits] - '0');
    }
    if (size == digits + 1) {
        unit = 0;
        for (size_t i = 0; i < COUNT_OF(units); i++) {
            unit = text[digits] == units[i].letter ? units[i].seconds : unit;
        }
    }
    if (digits == 0 || size > digits + 1 || unit == 0 || number > 100LL * 365 * 86400 / unit) {
        return false;
    }
    *seconds_out = number * unit;
    return true;
}

static bool seconds_read(struct config *config, const struct config_option *option,
                         const char *value)
{
    int64_t seconds = 0;

    return duration_read(value, strlen(value), &seconds) && number_store(config, option, seconds);
}

static bool schedule_read(struct config *config, const struct config_option *option,
                          const char *value)
{
    struct config_schedule *place = option_place(config, option);
    struct config_schedule schedule = { .count = 0 };

    for (;;) {
        value += strspn(value, " ");
        size_t size = strcspn(value, ", ");
        int64_t seconds = 0;
        if (schedule.count == CONFIG_SCHEDULE_STEPS_MAX || !duration_read(value, size, &seconds) ||
            seconds < option->minimum || seconds > option->maximum) {
            return false;
        }
        schedule.steps_s[schedule.count++] = seconds;
        value += size + strspn(value + size, " ");
        if (*value == '\0') {
            break;
        }
        if (*value++ != ',') {
            return false;
        }
    }
    *place = schedule;
    return true;
}

static bool choice_read(struct config *config, const struct config_option *option,
                        const char *value)
{
    int *place = option_place(config, option);
    const char *words = option->allowed;

    for (int i = 0; *words != '\0'; i++) {
        size_t size = strcspn(words, "|");
        if (strlen(value) == size && memcmp(words, value, size) == 0) {
            *place = i;
            return true;
        }
        words += size + (words[size] == '|');
    }
    return false;
}

static bool secret_read(struct config *config, const struct config_option *option,
                        const char *value)
{
    size_t size = strlen(value);

    if ((int64_t)size < option->minimum || (int64_t)size > option->maximum) {
        return false;
    }
    /* This one stands in a URL. */
    if (option_place(config, option) == &config->webhook_secret &&
        !is_made_of(value, LETTERS DIGITS "-._~")) {
        return false;
    }
    secret_set(option_place(config, option), value, size);
    return true;
}

static bool database_read(struct config *config, const struct config_option *option,
                          const char *value)
{
    static const char *const schemes[] = { "sqlite:", "postgres://", "postgresql://" };

    for (size_t i = 0; i < COUNT_OF(schemes); i++) {
        size_t size = strlen(schemes[i]);
        if (strncmp(value, schemes[i], size) == 0 && value[size] != '\0') {
            return secret_read(config, option, value);
        }
    }
    return false;
}

static value_reader *const readers[] = {
    [CONFIG_TEXT] = text_read,         [CONFIG_HOST] = host_read,
    [CONFIG_LISTEN] = listen_read,     [CONFIG_NAME] = name_read,
    [CONFIG_URL] = url_read,           [CONFIG_PIN] = pin_read,
    [CONFIG_INTEGER] = integer_read,   [CONFIG_BOOL] = bool_read,
    [CONFIG_SECONDS] = seconds_read,   [CONFIG_SCHEDULE] = schedule_read,
    [CONFIG_CHOICE] = choice_read,     [CONFIG_SECRET] = secret_read,
    [CONFIG_DATABASE] = database_read,
};

bool value_read(struct config *config, const struct config_option *option, const char *value)
{
    return readers[option->kind](config, option, value);
}

/* See config.h: the settings for people and for programs. Secrets were masked when they were read;
 * nothing here could show one. */
#include <string.h>

#include "config/parts.h"
#include "core/json.h"

static void show_text(const struct config *config, struct text *out)
{
    size_t count = 0;
    const struct config_option *options = config_options(&count);

    for (size_t i = 0; i < count; i++) {
        text_print(out, "%s=%s  (%s)\n", options[i].name, config->inside->settings[i].shown,
                   config->inside->settings[i].source);
    }
}

static json_t *text_json(const char *text)
{
    json_t *value = json_string(text);

    return value != NULL ? value : json_string("(not UTF-8)"); /* a path may be anything */
}

static void show_json(const struct config *config, struct text *out)
{
    size_t count = 0;
    const struct config_option *options = config_options(&count);
    AUTO(json_release) json_t *settings = json_array();

    for (size_t i = 0; i < count; i++) {
        json_t *setting = json_object();
        IGNORE(json_object_set_new(setting, "name", json_string(options[i].name)), "no memory");
        IGNORE(json_object_set_new(setting, "value", text_json(config->inside->settings[i].shown)),
               "no memory");
        IGNORE(
            json_object_set_new(setting, "source", text_json(config->inside->settings[i].source)),
            "no memory");
        IGNORE(
            json_object_set_new(setting, "is_secret", json_boolean(option_is_secret(&options[i]))),
            "no memory");
        IGNORE(json_array_append_new(settings, setting), "no memory");
    }
    char *printed = json_dumps(settings, JSON_COMPACT);
    text_print(out, "{\"settings\":%s}\n", printed != NULL ? printed : "[]");
    free(printed);
}

void config_show(const struct config *config, struct text *out, bool is_json)
{
    if (is_json) {
        show_json(config, out);
    } else {
        show_text(config, out);
    }
}

void config_help(struct text *out)
{
    size_t count = 0;
    const struct config_option *options = config_options(&count);

    for (size_t i = 0; i < count; i++) {
        text_print(out, "  %-24s %s\n", options[i].name, options[i].help);
        text_print(out, "  %-24s %s%s", "", options[i].kind == CONFIG_CHOICE ? "one of " : "",
                   options[i].allowed);
        if (options[i].value_default[0] != '\0') {
            text_print(out, "; default %s", options[i].value_default);
        }
        text_add(out, "\n");
    }
    text_add(out, "  A secret may also be given as NAME_FILE, the path of a file that holds it.\n");
}

/* See config.h for the form. Parsed in place: names and values are parts of the content. */
#include <string.h>

#include "config/parts.h"

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

static char *trim(char *text)
{
    size_t size = strlen(text);

    while (size > 0 && is_blank(text[size - 1])) {
        text[--size] = '\0';
    }
    while (is_blank(*text)) {
        text++;
    }
    return text;
}

static bool name_is_fair(const char *name)
{
    return name[0] != '\0' && strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == strlen(name);
}

/* Take the quotes off, in place. False when they do not match or something follows them. */
static bool value_unquote(char **value)
{
    char quote = (*value)[0];
    char *from = *value + 1;
    char *to = *value;

    if (quote != '"' && quote != '\'') {
        return true;
    }
    while (*from != '\0' && *from != quote) {
        if (quote == '"' && *from == '\\' && (from[1] == '"' || from[1] == '\\')) {
            from++;
        }
        *to++ = *from++;
    }
    bool is_closed = *from == quote && from[1] == '\0';
    *to = '\0';
    return is_closed;
}

static bool has_control(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < ' ' || *text == '\x7f') {
            return true;
        }
    }
    return false;
}

/* The messages never repeat the line: it may hold a secret. */
static bool line_parse(char *text, struct file_line *line, struct error *error)
{
    char *equals = strchr(text, '=');

    if (equals == NULL) {
        return error_set(error, ERROR_INVALID, "line %d is not NAME=value", line->number);
    }
    *equals = '\0';
    line->name = trim(text);
    line->value = trim(equals + 1);
    if (!name_is_fair(line->name)) {
        return error_set(error, ERROR_INVALID,
                         "line %d: a setting's name has A-Z, 0-9 and '_' only", line->number);
    }
    if (!value_unquote(&line->value)) {
        return error_set(error, ERROR_INVALID, "line %d: the quotes of %.40s do not match",
                         line->number, line->name);
    }
    if (has_control(line->value)) {
        return error_set(error, ERROR_INVALID, "line %d: %.40s holds a control character",
                         line->number, line->name);
    }
    return true;
}

bool config_file_parse(char *content, size_t size, struct file_line *lines_out, size_t *count_out,
                       struct error *error)
{
    size_t count = 0;
    int number = 0;

    if (strlen(content) != size) {
        return error_set(error, ERROR_INVALID, "the file holds a NUL");
    }
    if (strncmp(content, "\xEF\xBB\xBF", 3) == 0) { /* the byte order mark of some editors */
        content += 3;
    }
    while (content != NULL) {
        char *text = strsep(&content, "\n");
        number++;
        text = trim(text);
        if (*text == '\0' || *text == '#' || *text == ';') {
            continue;
        }
        if (count == FILE_LINES_MAX) {
            return error_set(error, ERROR_LIMIT, "over %d settings", FILE_LINES_MAX);
        }
        lines_out[count].number = number;
        if (!line_parse(text, &lines_out[count], error)) {
            return false;
        }
        count++;
    }
    *count_out = count;
    return true;
}

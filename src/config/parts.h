/* What the files of config/ share; nobody else includes this. */
#ifndef CONFIG_PARTS_H
#define CONFIG_PARTS_H

#include "config/config.h"
#include "core/arena.h"

/* --- options.c --- */

enum { OPTIONS_MAX = 64 };

struct config_inside {
    struct arena *arena; /* All texts of the config. */
    struct {
        const char *shown;  /* The value as config_show() prints it. */
        const char *source; /* "default", "environment", or the file's path. */
    } settings[OPTIONS_MAX];
};

/* The option with this name of `size` bytes, or -1. */
int option_find(const char *name, size_t size);
bool option_is_secret(const struct config_option *option);
/* The place of the option's value in the config. */
void *option_place(struct config *config, const struct config_option *option);

/* --- file.c --- */

enum { FILE_LINES_MAX = 256 };

struct file_line {
    const char *name; /* Both borrowed from the content that was parsed. */
    char *value;
    int number; /* From 1. */
};

/* Cut `content` (of `size` bytes, with a NUL behind) into settings, in place. Knows the form only,
 * not the names. ERROR_INVALID with the line's number; lines_out holds FILE_LINES_MAX. */
MUST_USE bool config_file_parse(char *content, size_t size, struct file_line *lines_out,
                                size_t *count_out, struct error *error);

/* --- value.c --- */

/* Read `value` (not empty) into the config as the option's kind wants it. False: not allowed. */
MUST_USE bool value_read(struct config *config, const struct config_option *option,
                         const char *value);
/* "90", "30s", "5m", "1h", "14d" to seconds, up to 100 years. */
MUST_USE bool duration_read(const char *text, size_t size, int64_t *seconds_out);

#endif

/* See cdr.h (grammar) and parts.h. Two passes over bytes; the only memory is the result. */
#include <limits.h>
#include <string.h>

#include "cdr/parts.h"

/* More than the longest list that can be taken, CDR_RECORDINGS_MAX * (CDR_PATH_SIZE_MAX + 1). */
#define NAMES_SIZE_MAX (32 * KIB)

struct span {
    const char *bytes;
    size_t size;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Cut the next part off *rest at any of `separators`, trimmed. False at the end. */
static bool part_next(struct span *rest, const char *separators, struct span *part_out)
{
    if (rest->size == 0) {
        return false;
    }
    size_t size = 0;
    while (size < rest->size &&
           (rest->bytes[size] == '\0' || strchr(separators, rest->bytes[size]) == NULL)) {
        size++;
    }
    struct span part = { rest->bytes, size };
    size_t step = size < rest->size ? size + 1 : size;
    rest->bytes += step;
    rest->size -= step;
    while (part.size > 0 && is_blank(part.bytes[0])) {
        part.bytes++;
        part.size--;
    }
    while (part.size > 0 && is_blank(part.bytes[part.size - 1])) {
        part.size--;
    }
    *part_out = part;
    return true;
}

/* The same, but parts of nothing are passed over. */
static bool filled_part_next(struct span *rest, const char *separators, struct span *part_out)
{
    while (part_next(rest, separators, part_out)) {
        if (part_out->size > 0) {
            return true;
        }
    }
    return false;
}

static size_t filled_part_count(struct span rest, const char *separators)
{
    struct span part;
    size_t count = 0;

    while (filled_part_next(&rest, separators, &part)) {
        count++;
    }
    return count;
}

static bool path_is_safe(struct span path)
{
    if (path.size > CDR_PATH_SIZE_MAX || path.bytes[0] == '/' ||
        memmem(path.bytes, path.size, "..", 2) != NULL ||
        memchr(path.bytes, '\\', path.size) != NULL || !utf8_is_valid(path.bytes, path.size)) {
        return false;
    }
    for (size_t i = 0; i < path.size; i++) {
        if (utf8_control_size(path.bytes + i, path.size - i) > 0) {
            return false;
        }
    }
    return true;
}

/* Digits, and nothing behind them but `unit`. -1 when it is not that or overflows. */
static int64_t figure_read(struct span text, const char *unit)
{
    int64_t figure = 0;
    size_t i = 0;

    for (; i < text.size && text.bytes[i] >= '0' && text.bytes[i] <= '9'; i++) {
        if (figure > INT64_MAX / 100000) { /* leaves room for seconds to become milliseconds */
            return -1;
        }
        figure = figure * 10 + (text.bytes[i] - '0');
    }
    size_t rest = text.size - i;
    bool is_unit = rest == strlen(unit) && strncasecmp(text.bytes + i, unit, rest) == 0;
    return i > 0 && (rest == 0 || is_unit) ? figure : -1;
}

static bool value_find(struct span pair, const char *name, struct span *value_out)
{
    size_t size = strlen(name);

    if (pair.size <= size || memcmp(pair.bytes, name, size) != 0 || pair.bytes[size] != '=') {
        return false;
    }
    *value_out = (struct span){ pair.bytes + size + 1, pair.size - size - 1 };
    return true;
}

static void description_read(struct span description, struct cdr_recording *recording)
{
    struct span pair;
    struct span value;

    while (filled_part_next(&description, ",", &pair)) {
        if (value_find(pair, "duration", &value)) {
            recording->seconds = figure_read(value, "s");
        } else if (value_find(pair, "size", &value)) {
            recording->bytes = figure_read(value, "B");
        } else if (value_find(pair, "start-time", &value)) {
            int64_t epoch_s = figure_read(value, "");
            recording->started_at = epoch_s > 0 ? epoch_s * SECOND_MS : 0;
        }
    }
}

static bool is_repeated(struct span path, const struct span *paths, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (paths[i].size == path.size && memcmp(paths[i].bytes, path.bytes, path.size) == 0) {
            return true;
        }
    }
    return false;
}

static bool recordings_keep(struct arena *arena, const struct span *paths,
                            const struct cdr_recording *figures, struct cdr_recordings *recordings,
                            struct error *error)
{
    recordings->items = arena_try_take(arena, recordings->count * sizeof *recordings->items);
    for (size_t i = 0; recordings->items != NULL && i < recordings->count; i++) {
        char *path = arena_try_take(arena, paths[i].size + 1);
        if (path == NULL) {
            recordings->items = NULL;
            break;
        }
        memcpy(path, paths[i].bytes, paths[i].size);
        recordings->items[i] = figures[i];
        recordings->items[i].path = path;
    }
    if (recordings->items == NULL) {
        return error_set(error, ERROR_LIMIT, "no memory left for the names of recordings");
    }
    return true;
}

bool cdr_recordfiles_parse(struct arena *arena, const char *names, size_t size,
                           const char *description, struct cdr_recordings *recordings_out,
                           struct error *error)
{
    struct span paths[CDR_RECORDINGS_MAX];
    struct cdr_recording figures[CDR_RECORDINGS_MAX];
    struct cdr_recordings found = { .items = NULL };
    struct span rest = { names, size < NAMES_SIZE_MAX ? size : NAMES_SIZE_MAX };
    struct span described = { description,
                              description == NULL ? 0 : strnlen(description, NAMES_SIZE_MAX) };
    struct span path;
    struct span words;

    if (described.size > 0 && filled_part_count(described, "@") != filled_part_count(rest, "@,;")) {
        described.size = 0;
    }
    while (filled_part_next(&rest, "@,;", &path)) {
        bool is_described = filled_part_next(&described, "@", &words);
        if (is_repeated(path, paths, found.count)) {
            continue;
        }
        if (found.count == CDR_RECORDINGS_MAX || !path_is_safe(path)) {
            found.refused_count++;
            continue;
        }
        paths[found.count] = path;
        figures[found.count] = (struct cdr_recording){ .bytes = -1, .seconds = -1 };
        if (is_described) {
            description_read(words, &figures[found.count]);
        }
        found.count++;
    }
    if (found.count > 0 && !recordings_keep(arena, paths, figures, &found, error)) {
        return false;
    }
    *recordings_out = found;
    return true;
}

static size_t month_folder_size(const char *text)
{
    static const char pattern[] = "dddd-dd/";

    for (size_t i = 0; i < sizeof pattern - 1; i++) {
        bool is_digit = text[i] >= '0' && text[i] <= '9';
        if (pattern[i] == 'd' ? !is_digit : text[i] != pattern[i]) {
            return 0;
        }
    }
    return sizeof pattern - 1;
}

bool recording_path_is_likely(const char *text)
{
    static const char *const endings[] = { ".wav", ".mp3", ".ogg", ".opus", ".gsm" };
    size_t size = strlen(text);

    if (size > 0 && text[size - 1] == '@') {
        size--;
    }
    size_t folder = month_folder_size(text);
    if (size <= folder || strncmp(text + folder, "auto-", 5) != 0) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(endings); i++) {
        size_t length = strlen(endings[i]);
        if (size > folder + 5 + length &&
            strncasecmp(text + size - length, endings[i], length) == 0) {
            return true;
        }
    }
    return false;
}

/* See names.h. */
#include "pbx/grandstream/names.h"

#include <jansson.h>
#include <string.h>

#include "core/encode.h"

enum { NAME_SIZE_MAX = 256 }; /* Longer ones are cut by the PBX: they would name something else. */

static bool is_utf8(const char *text)
{
    json_t *value = json_string(text);
    bool is_good = value != NULL;

    json_decref(value);
    return is_good;
}

bool name_is_fit(const char *path)
{
    size_t size = strlen(path);
    const char *slash = strchr(path, '/');

    if (size == 0 || size > NAME_SIZE_MAX || path[0] == '/' || path[size - 1] == '/' ||
        strstr(path, "..") != NULL || (slash != NULL && strchr(slash + 1, '/') != NULL)) {
        return false;
    }
    for (const char *at = path; *at != '\0'; at++) {
        unsigned char c = (unsigned char)*at;
        if (c < 0x20 || c == 0x7f || c == '\\' || c == '@' || c == ',') {
            return false;
        }
    }
    return is_utf8(path);
}

const char *name_base(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash != NULL ? slash + 1 : path;
}

static bool names_hold(const struct pbx_names *names, const char *path)
{
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(names->paths[i], path) == 0) {
            return true;
        }
    }
    return false;
}

void names_split(const char *list, struct pbx_names *names_out)
{
    names_out->count = 0;
    for (const char *at = list; *at != '\0' && names_out->count < PBX_NAMES_MAX;) {
        char *path = names_out->paths[names_out->count];
        size_t size = strcspn(at, "@,");
        const char *name = at;
        size_t length = size;
        while (length > 0 && (*name == ' ' || *name == '\t')) {
            name++;
            length--;
        }
        while (length > 0 && (name[length - 1] == ' ' || name[length - 1] == '\t')) {
            length--;
        }
        if (length > 0 && length < PBX_PATH_SIZE) {
            memcpy(path, name, length);
            path[length] = '\0';
            if (name_is_fit(path) && !names_hold(names_out, path)) {
                names_out->count++;
            }
        }
        at += size;
        at += *at != '\0' ? 1 : 0;
    }
}

const char *names_pick(const struct pbx_names *names, const char *wanted_path)
{
    if (names->count == 0) {
        return NULL;
    }
    if (wanted_path[0] == '\0') {
        return names->paths[0];
    }
    for (size_t i = 0; i < names->count; i++) {
        if (strcmp(name_base(names->paths[i]), name_base(wanted_path)) == 0) {
            return NULL;
        }
    }
    return names->count == 1 ? names->paths[0] : NULL;
}

void names_add_old_query(struct text *url, const char *directory, const char *path)
{
    text_add(url, "/recapi?filedir=");
    encode_percent(directory, "/", url);
    text_add(url, "&filename=");
    encode_percent(path, "/", url);
}

/* Calls from JSON: a folder's calls.json, or one object from the control port. */
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/text.h"
#include "simulator/simulator.h"

enum { MANIFEST_MAX = 8 * 1024 * 1024 };

#define AT(member) offsetof(struct simulator_call, member)

static const struct {
    const char *name;
    size_t member;
} texts[] = {
    { "caller", AT(caller) },
    { "callee", AT(callee) },
    { "caller_name", AT(caller_name) },
    { "direction", AT(direction) },
    { "action_type", AT(action_type) },
    { "trunk", AT(trunk) },
    { "group", AT(group) },
    { "disposition", AT(disposition) },
    { "filedir", AT(filedir) },
    { "recording_path", AT(recording_path) },
};

static const struct {
    const char *name;
    size_t member;
} flags[] = {
    { "has_fork", AT(has_fork) },
    { "is_fork_recorded", AT(is_fork_recorded) },
    { "has_description", AT(has_description) },
    { "is_unnamed", AT(is_unnamed) },
    { "has_no_cdr", AT(has_no_cdr) },
    { "is_path_in_caller_name", AT(is_path_in_caller_name) },
};

static const struct {
    const char *name;
    size_t member;
} numbers[] = {
    { "ring_s", AT(ring_s) },
    { "ready_after_ms", AT(ready_after_ms) },
    { "field_count", AT(field_count) },
};

/* Not in any table: paths, times, the list; and what only the demo reads. */
static const char *const others[] = { "audio",      "second_audio", "minutes_ago",
                                      "started_at", "talk_s",       "members",
                                      "api",        "reference",    "title" };

static bool name_is_known(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        if (strcmp(texts[i].name, name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        if (strcmp(flags[i].name, name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        if (strcmp(numbers[i].name, name) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < COUNT_OF(others); i++) {
        if (strcmp(others[i], name) == 0) {
            return true;
        }
    }
    return false;
}

/* "audio" below the folder: relative, without "..". */
static bool path_read(const json_t *entry, const char *name, const char *folder, char *out,
                      size_t out_size, const char **path_out, struct error *error)
{
    const char *file = json_text(entry, name, NULL);

    *path_out = NULL;
    if (file == NULL) {
        return true;
    }
    if (folder == NULL) {
        return error_set(error, ERROR_INVALID, "%s '%s': no audio folder is set", name, file);
    }
    if (file[0] == '\0' || file[0] == '/' || strstr(file, "..") != NULL ||
        (size_t)snprintf(out, out_size, "%s/%s", folder, file) >= out_size) {
        return error_set(error, ERROR_INVALID, "%s '%.100s' does not lie in the folder", name,
                         file);
    }
    *path_out = out;
    return true;
}

static bool members_read(const json_t *list, struct simulator_call *call, struct error *error)
{
    if (list != NULL && json_array_size(list) > SIMULATOR_MEMBERS_MAX) {
        return error_set(error, ERROR_INVALID, "more than %d members", SIMULATOR_MEMBERS_MAX);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        call->members[i] = json_string_value(json_array_get(list, i));
        if (call->members[i] == NULL) {
            return error_set(error, ERROR_INVALID, "members must be a list of texts");
        }
    }
    return true;
}

static bool time_read(const json_t *entry, struct simulator_call *call, struct error *error)
{
    const char *started = json_text(entry, "started_at", NULL);
    const json_t *minutes = json_object_get(entry, "minutes_ago");

    if (started != NULL && !time_parse(started, &call->started_at)) {
        return error_set(error, ERROR_INVALID, "started_at '%.40s' is no time", started);
    }
    if (json_is_number(minutes)) {
        call->started_at = time_now() - (time_ms)(json_number_value(minutes) * MINUTE_MS);
    }
    call->talk_s = json_number_value(json_object_get(entry, "talk_s"));
    return true;
}

bool simulator_call_read(const json_t *entry, const char *folder,
                         struct simulator_call_paths *paths, struct simulator_call *call_out,
                         struct error *error)
{
    struct simulator_call call = { 0 };
    const char *name = NULL;
    json_t *value = NULL;

    if (!json_is_object(entry)) {
        return error_set(error, ERROR_INVALID, "a call must be a JSON object");
    }
    json_object_foreach((json_t *)(uintptr_t)entry, name, value)
    {
        if (!name_is_known(name)) {
            return error_set(error, ERROR_INVALID, "a call has no '%.40s'", name);
        }
    }
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        *(const char **)(void *)((char *)&call + texts[i].member) =
            json_text(entry, texts[i].name, NULL);
    }
    for (size_t i = 0; i < COUNT_OF(flags); i++) {
        *(bool *)((char *)&call + flags[i].member) = json_flag(entry, flags[i].name, false);
    }
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        *(int *)(void *)((char *)&call + numbers[i].member) =
            (int)json_number(entry, numbers[i].name, 0);
    }
    if (!path_read(entry, "audio", folder, paths->audio, sizeof paths->audio, &call.audio_path,
                   error) ||
        !path_read(entry, "second_audio", folder, paths->second_audio, sizeof paths->second_audio,
                   &call.second_audio_path, error) ||
        !members_read(json_object_get(entry, "members"), &call, error) ||
        !time_read(entry, &call, error)) {
        return false;
    }
    *call_out = call;
    return true;
}

bool simulator_calls_load(struct simulator *simulator, const char *folder, int *count_out,
                          struct error *error)
{
    AUTO(free) char *content = NULL;
    AUTO(text_clear) struct text path = TEXT_UP_TO(4096);
    size_t size = 0;

    text_print(&path, "%s/calls.json", folder);
    if (!file_read(text_get(&path), MANIFEST_MAX, &content, &size, error)) {
        return false;
    }
    AUTO(json_release) json_t *list = json_read(content, size, error);
    if (!json_is_array(list)) {
        return list == NULL ? error_within(error, "%s", text_get(&path))
                            : error_set(error, ERROR_INVALID, "%s is no list", text_get(&path));
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct simulator_call call;
        struct simulator_call_paths paths;
        if (!simulator_call_read(json_array_get(list, i), folder, &paths, &call, error) ||
            !simulator_call_add(simulator, &call, NULL, error)) {
            return error_within(error, "%s, call %zu", text_get(&path), i + 1);
        }
    }
    *count_out = (int)json_array_size(list);
    return true;
}

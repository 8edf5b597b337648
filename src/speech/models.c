/* See speech.h: is there an engine, and where are its models? */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "speech/driver.h"
#include "speech/speech.h"

/* What an operator puts there, or `make engine` links there, comes first. */
static const char *const model_files[] = { "speech.bin", "base.en-q8_0.bin", "ggml-base.en.bin" };
static const char *const voice_files[] = { "silero-v6.2.0.bin", "ggml-silero-v6.2.0.bin" };

enum { FOLDERS_MAX = 4 };

bool speech_is_available(struct error *error)
{
    if (speech_driver_get() == NULL) {
        return error_set(error, ERROR_NOT_FOUND,
                         "the speech engine is not built in: run `make engine`, then `make`");
    }
    return true;
}

/* The folder of this program, or NULL. */
static const char *program_folder(struct arena *arena)
{
    char path[PATH_MAX];
    ssize_t length = readlink("/proc/self/exe", path, sizeof path - 1);

    if (length <= 0) {
        return NULL;
    }
    path[length] = '\0';
    char *slash = strrchr(path, '/');
    if (slash == NULL) {
        return NULL;
    }
    *slash = '\0';
    return arena_copy_text(arena, path);
}

static size_t folders_list(struct arena *arena, const char *data_dir,
                           const char *folders_out[FOLDERS_MAX])
{
    const char *program = program_folder(arena);
    size_t count = 0;

    if (data_dir != NULL) {
        folders_out[count++] = arena_print(arena, "%s/models", data_dir);
    }
    if (program != NULL) {
        folders_out[count++] = arena_print(arena, "%s/../models", program);
        folders_out[count++] = arena_print(arena, "%s/../../models", program);
    }
    folders_out[count++] = "/usr/share/audiapro/models";
    return count;
}

/* The first of `names` in the first folder that has one; links are followed, so that the model's
 * own name is seen. NULL when there is none. */
static const char *file_find(struct arena *arena, const char *const *folders, size_t folder_count,
                             const char *const *names, size_t name_count)
{
    char real[PATH_MAX];

    for (size_t i = 0; i < folder_count; i++) {
        for (size_t j = 0; j < name_count; j++) {
            const char *path = arena_print(arena, "%s/%s", folders[i], names[j]);
            if (access(path, R_OK) == 0 && realpath(path, real) != NULL) {
                return arena_copy_text(arena, real);
            }
        }
    }
    return NULL;
}

bool speech_models_find(struct arena *arena, const char *model, const char *data_dir,
                        struct speech_options *options, struct error *error)
{
    const char *folders[FOLDERS_MAX];
    size_t count = folders_list(arena, data_dir, folders);

    if (model != NULL && model[0] != '\0') {
        if (access(model, R_OK) != 0) {
            return error_set_errno(error, "the speech model '%s' cannot be read", model);
        }
        options->model_path = arena_copy_text(arena, model);
    } else {
        options->model_path = file_find(arena, folders, count, model_files, COUNT_OF(model_files));
    }
    options->vad_path = file_find(arena, folders, count, voice_files, COUNT_OF(voice_files));
    if (options->model_path == NULL || options->vad_path == NULL) {
        const char *what = options->model_path == NULL ? model_files[1] : voice_files[0];
        return error_set(error, ERROR_NOT_FOUND,
                         "the speech model '%s' is not there: run `make engine`, or put it into "
                         "'%s'",
                         what, folders[0]);
    }
    return true;
}

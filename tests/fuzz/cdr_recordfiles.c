/* Any bytes as recordfiles and, after a newline, recordfiles_desc. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "cdr/parts.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void path_check(const char *path)
{
    size_t size = strlen(path);

    assert(size > 0 && size <= CDR_PATH_SIZE_MAX && path[0] != '/' && utf8_is_valid(path, size));
    assert(strstr(path, "..") == NULL && strpbrk(path, "@,;\\") == NULL);
    for (size_t i = 0; i < size; i++) {
        assert(utf8_control_size(path + i, size - i) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    const uint8_t *newline = size > 0 ? memchr(bytes, '\n', size) : NULL;
    size_t names_size = newline != NULL ? (size_t)(newline - bytes) : size;
    /* Exact copies, so that a read past either end is seen. */
    char *names = arena_copy(arena, bytes, names_size > 60000 ? 60000 : names_size);
    AUTO(text_clear) struct text description = TEXT_UP_TO(MIB);
    struct cdr_recordings recordings;
    struct error error;

    if (newline != NULL) {
        text_add_bytes(&description, newline + 1, size - names_size - 1);
    }
    names_size = names_size > 60000 ? 60000 : names_size;
    assert(cdr_recordfiles_parse(arena, names, names_size,
                                 newline != NULL ? text_get(&description) : NULL, &recordings,
                                 &error));
    assert(recordings.count <= CDR_RECORDINGS_MAX);
    for (size_t i = 0; i < recordings.count; i++) {
        path_check(recordings.items[i].path);
        assert(recordings.items[i].bytes >= -1 && recordings.items[i].seconds >= -1);
        assert(recordings.items[i].started_at >= 0);
    }
    return 0;
}

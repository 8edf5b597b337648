/* See file.h. */
#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/memory.h"
#include "core/random.h"

bool file_read(const char *path, size_t size_max, char **content_out, size_t *size_out,
               struct error *error)
{
    AUTO(file_close) int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0) {
        return error_set_errno(error, "open '%s'", path);
    }
    size_t room = 4096;
    size_t size = 0;
    AUTO(free) char *content = memory_new(room + 1);
    for (;;) {
        if (size == room) {
            room *= 2;
            content = memory_resize(content, room + 1);
        }
        ssize_t got = read(file, content + size, room - size);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return error_set_errno(error, "read '%s'", path);
        }
        if (got == 0) {
            break;
        }
        size += (size_t)got;
        if (size > size_max) {
            return error_set(error, ERROR_LIMIT, "'%s' is longer than %zu bytes", path, size_max);
        }
    }
    content[size] = '\0';
    *content_out = TAKE(content);
    *size_out = size;
    return true;
}

bool file_write_all(int file, const void *bytes, size_t size, struct error *error)
{
    const char *cursor = bytes;

    while (size > 0) {
        ssize_t written = write(file, cursor, size);
        if (written < 0 && errno == EINTR) {
            continue;
        }
        if (written < 0) {
            return error_set_errno(error, "write");
        }
        cursor += written;
        size -= (size_t)written;
    }
    return true;
}

bool file_sync_folder_of(const char *path, struct error *error)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    size_t size = slash == NULL ? 0 : (size_t)(slash - path);

    if (size >= sizeof folder) {
        return error_set(error, ERROR_INVALID, "path is too long");
    }
    if (slash == NULL) {
        memcpy(folder, ".", 2);
    } else {
        memcpy(folder, path, size > 0 ? size : 1);
        folder[size > 0 ? size : 1] = '\0';
    }
    AUTO(file_close) int handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0 || fsync(handle) != 0) {
        return error_set_errno(error, "fsync folder '%s'", folder);
    }
    return true;
}

bool file_write(const char *path, const void *bytes, size_t size, unsigned mode,
                struct error *error)
{
    char temporary[PATH_MAX];
    char id[ID_SIZE];
    int length = snprintf(temporary, sizeof temporary, "%s.%s", path, id_make(time_now(), id));

    if (length < 0 || (size_t)length >= sizeof temporary) {
        return error_set(error, ERROR_INVALID, "path '%s' is too long", path);
    }
    AUTO(file_close) int file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (file < 0) {
        return error_set_errno(error, "create '%s'", temporary);
    }
    bool is_written = file_write_all(file, bytes, size, error);
    if (is_written && fsync(file) != 0) {
        is_written = error_set_errno(error, "fsync '%s'", temporary);
    }
    if (is_written && rename(temporary, path) != 0) {
        is_written = error_set_errno(error, "rename to '%s'", path);
    }
    if (!is_written) {
        (void)unlink(temporary);
        return false;
    }
    return file_sync_folder_of(path, error);
}

bool folder_make(const char *path, struct error *error)
{
    char partial[PATH_MAX];
    size_t size = strlen(path);

    if (size >= sizeof partial) {
        return error_set(error, ERROR_INVALID, "path '%s' is too long", path);
    }
    memcpy(partial, path, size + 1);
    for (size_t i = 1; i <= size; i++) {
        if (partial[i] != '/' && partial[i] != '\0') {
            continue;
        }
        partial[i] = '\0';
        if (mkdir(partial, 0700) != 0 && errno != EEXIST) {
            return error_set_errno(error, "make folder '%s'", partial);
        }
        partial[i] = i < size ? '/' : '\0';
    }
    return true;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *place)
{
    (void)status;
    (void)kind;
    (void)place;
    return remove(path);
}

bool folder_remove(const char *path, struct error *error)
{
    if (nftw(path, remove_one, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT) {
        return error_set_errno(error, "remove folder '%s'", path);
    }
    return true;
}

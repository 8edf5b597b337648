/*
 * See blob.h. FOLDER/.drafts/ID holds drafts; keeping one is fsync of the file, rename to its key,
 * fsync of the folder: in that order, so that a name that is there after a power cut has all its
 * bytes.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "blob/blob.h"
#include "core/crash.h"
#include "core/file.h"
#include "core/memory.h"
#include "core/random.h"

struct blob {
    char *folder;
    int handle; /* Of the folder. */
};

enum { DEPTH_MAX = 32 };
static const char DRAFTS[] = ".drafts";
static const char PROBES[] = "probe"; /* Of blob_check(). */

bool blob_open_local(const char *folder, struct blob **blob_out, struct error *error)
{
    char drafts[PATH_MAX];

    IGNORE(snprintf(drafts, sizeof drafts, "%s/%s", folder, DRAFTS), "a cut path fails to open");
    if (!folder_make(drafts, error)) {
        return false;
    }
    int handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0) {
        return error_set_errno(error, "open folder '%s'", folder);
    }
    struct blob *blob = memory_new(sizeof *blob);
    blob->folder = memory_copy_text(folder);
    blob->handle = handle;
    *blob_out = blob;
    return true;
}

void blob_close(struct blob *blob)
{
    if (blob != NULL) {
        (void)close(blob->handle);
        free(blob->folder);
        free(blob);
    }
}

static bool key_is_valid(const char *key)
{
    size_t size = strlen(key);
    bool is_segment_start = true;

    if (size == 0 || size > BLOB_KEY_SIZE_MAX ||
        strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789._-/") != size || key[size - 1] == '/') {
        return false;
    }
    for (const char *c = key; *c != '\0'; c++) {
        if (is_segment_start && (*c == '.' || *c == '/')) {
            return false;
        }
        is_segment_start = *c == '/';
    }
    return true;
}

static bool key_check(const char *key, struct error *error)
{
    return key_is_valid(key) || error_set(error, ERROR_INVALID, "'%s' is no blob key", key);
}

bool blob_begin(struct blob *blob, struct blob_draft *draft_out, struct error *error)
{
    char id[ID_SIZE];
    struct blob_draft draft = { .blob = blob, .file = -1 };

    IGNORE(snprintf(draft.name, sizeof draft.name, "%s/%s", DRAFTS, id_make(time_now(), id)),
           "fits");
    draft.file = openat(blob->handle, draft.name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (draft.file < 0) {
        return error_set_errno(error, "storage: create a draft in '%s'", blob->folder);
    }
    *draft_out = draft;
    return true;
}

void blob_discard(struct blob_draft *draft)
{
    if (draft->file >= 0 && draft->name[0] != '\0') {
        (void)close(draft->file);
        (void)unlinkat(draft->blob->handle, draft->name, 0);
        draft->file = -1;
    }
}

/* fsync every folder from the key's up to the root: a new folder's own name must survive as well.
 */
static bool folders_sync(struct blob *blob, const char *key, struct error *error)
{
    char folder[BLOB_KEY_SIZE_MAX + 1];

    memcpy(folder, key, strlen(key) + 1);
    for (char *slash = strrchr(folder, '/'); slash != NULL; slash = strrchr(folder, '/')) {
        *slash = '\0';
        AUTO(file_close)
        int handle = openat(blob->handle, folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (handle < 0 || fsync(handle) != 0) {
            return error_set_errno(error, "storage: fsync folder '%s'", folder);
        }
    }
    if (fsync(blob->handle) != 0) {
        return error_set_errno(error, "storage: fsync '%s'", blob->folder);
    }
    return true;
}

static bool folders_make(struct blob *blob, const char *key, struct error *error)
{
    char folder[BLOB_KEY_SIZE_MAX + 1];

    for (const char *slash = strchr(key, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        memcpy(folder, key, (size_t)(slash - key));
        folder[slash - key] = '\0';
        if (mkdirat(blob->handle, folder, 0700) != 0 && errno != EEXIST) {
            return error_set_errno(error, "storage: make folder '%s'", folder);
        }
    }
    return true;
}

static bool draft_place(struct blob_draft *draft, const char *key, struct error *error)
{
    if (!folders_make(draft->blob, key, error)) {
        return false;
    }
    if (fsync(draft->file) != 0) {
        return error_set_errno(error, "storage: fsync");
    }
    crash_point("blob.synced");
    if (renameat(draft->blob->handle, draft->name, draft->blob->handle, key) != 0) {
        return error_set_errno(error, "storage: rename");
    }
    crash_point("blob.renamed");
    (void)close(draft->file);
    draft->file = -1;
    return folders_sync(draft->blob, key, error);
}

bool blob_keep(struct blob_draft *draft, const char *key, struct error *error)
{
    if (!key_check(key, error) || !draft_place(draft, key, error)) {
        blob_discard(draft);
        return false;
    }
    return true;
}

bool blob_read(struct blob *blob, const char *key, int *file_out, uint64_t *size_out,
               struct error *error)
{
    struct stat status;

    if (!key_check(key, error)) {
        return false;
    }
    AUTO(file_close) int file = openat(blob->handle, key, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (file < 0 || fstat(file, &status) != 0) {
        return error_set_errno(error, "storage: open '%s'", key);
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(error, ERROR_CORRUPT, "storage: '%s' is no file", key);
    }
    *file_out = file;
    *size_out = (uint64_t)status.st_size;
    file = -1;
    return true;
}

static time_ms modified_at(const struct stat *status)
{
    return (time_ms)status->st_mtim.tv_sec * SECOND_MS + status->st_mtim.tv_nsec / 1000000;
}

bool blob_stat(struct blob *blob, const char *key, struct blob_entry *entry_out,
               struct error *error)
{
    struct stat status;

    if (!key_check(key, error)) {
        return false;
    }
    if (fstatat(blob->handle, key, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return error_set_errno(error, "storage: look at '%s'", key);
    }
    if (!S_ISREG(status.st_mode)) {
        return error_set(error, ERROR_CORRUPT, "storage: '%s' is no file", key);
    }
    *entry_out = (struct blob_entry){ .key = key,
                                      .size = (uint64_t)status.st_size,
                                      .modified_at = modified_at(&status) };
    return true;
}

struct walk {
    char key[BLOB_KEY_SIZE_MAX + NAME_MAX + 2];
    bool (*visit)(const struct blob_entry *entry, void *context, struct error *error);
    void *context;
};

static bool folder_walk(struct walk *walk, int handle, int depth, struct error *error);

/* One name in the folder whose path is the first `size` bytes of walk->key. */
static bool name_walk(struct walk *walk, int handle, size_t size, const char *name, int depth,
                      struct error *error)
{
    struct stat status;
    size_t name_size = strlen(name);

    if (size + name_size + 1 > BLOB_KEY_SIZE_MAX || depth == 0) {
        return error_set(error, ERROR_CORRUPT, "storage: '%s' is nested too deep", walk->key);
    }
    if (fstatat(handle, name, &status, AT_SYMLINK_NOFOLLOW) != 0) {
        return errno == ENOENT || error_set_errno(error, "storage: look at '%s'", name);
    }
    memcpy(walk->key + size, name, name_size + 1);
    if (!S_ISDIR(status.st_mode)) {
        struct blob_entry entry = { .key = walk->key,
                                    .size = (uint64_t)status.st_size,
                                    .modified_at = modified_at(&status) };
        return walk->visit(&entry, walk->context, error);
    }
    int inner = openat(handle, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (inner < 0) {
        return errno == ENOENT || error_set_errno(error, "storage: open '%s'", walk->key);
    }
    memcpy(walk->key + size + name_size, "/", 2);
    return folder_walk(walk, inner, depth - 1, error);
}

/* Takes the handle. */
static bool folder_walk(struct walk *walk, int handle, int depth, struct error *error)
{
    size_t size = strlen(walk->key);
    DIR *folder = fdopendir(handle);
    bool goes_on = true;

    if (folder == NULL) {
        (void)close(handle);
        return error_set_errno(error, "storage: read '%s'", walk->key);
    }
    for (struct dirent *entry = readdir(folder); goes_on && entry != NULL;
         entry = goes_on ? readdir(folder) : NULL) {
        bool is_blob = strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0 &&
                       (size > 0 || strcmp(entry->d_name, DRAFTS) != 0);
        goes_on = !is_blob || name_walk(walk, handle, size, entry->d_name, depth, error);
        walk->key[size] = '\0';
    }
    (void)closedir(folder);
    return goes_on;
}

bool blob_walk(struct blob *blob, const char *prefix,
               bool (*visit)(const struct blob_entry *entry, void *context, struct error *error),
               void *context, struct error *error)
{
    struct walk walk = { .visit = visit, .context = context };
    size_t size = strlen(prefix);

    if (size > BLOB_KEY_SIZE_MAX || (size > 0 && prefix[size - 1] != '/')) {
        return error_set(error, ERROR_INVALID, "'%s' is no prefix of keys", prefix);
    }
    int handle = openat(blob->handle, size > 0 ? prefix : ".",
                        O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (handle < 0) {
        return errno == ENOENT || error_set_errno(error, "storage: open '%s'", prefix);
    }
    memcpy(walk.key, prefix, size + 1);
    return folder_walk(&walk, handle, DEPTH_MAX, error);
}

bool blob_move(struct blob *blob, const char *key, const char *to_key, struct error *error)
{
    if (!key_check(key, error) || !key_check(to_key, error) || !folders_make(blob, to_key, error)) {
        return false;
    }
    if (renameat2(blob->handle, key, blob->handle, to_key, RENAME_NOREPLACE) != 0) {
        return errno == EEXIST
                   ? error_set(error, ERROR_INVALID, "storage: there is a '%s' already", to_key)
                   : error_set_errno(error, "storage: move '%s'", key);
    }
    return folders_sync(blob, to_key, error) && folders_sync(blob, key, error);
}

bool blob_remove(struct blob *blob, const char *key, struct error *error)
{
    if (!key_check(key, error)) {
        return false;
    }
    if (unlinkat(blob->handle, key, 0) != 0 && errno != ENOENT) {
        return error_set_errno(error, "storage: remove '%s'", key);
    }
    return true;
}

bool blob_is_nearly_full(struct blob *blob, uint64_t bytes)
{
    struct statvfs status;

    return fstatvfs(blob->handle, &status) == 0 &&
           (uint64_t)status.f_bavail * status.f_frsize < bytes;
}

bool blob_room(struct blob *blob, uint64_t *free_out, uint64_t *total_out, struct error *error)
{
    struct statvfs status;

    if (fstatvfs(blob->handle, &status) != 0) {
        return error_set_errno(error, "storage: ask for the room in '%s'", blob->folder);
    }
    *free_out = (uint64_t)status.f_bavail * status.f_frsize;
    *total_out = (uint64_t)status.f_blocks * status.f_frsize;
    return true;
}

bool blob_check(struct blob *blob, struct error *error)
{
    static const char PROBE[] = "audiapro storage probe";
    char key[64];
    char id[ID_SIZE];
    char back[sizeof PROBE];
    uint64_t size = 0;
    AUTO(blob_discard) struct blob_draft draft = { .file = -1 };

    IGNORE(snprintf(key, sizeof key, "%s/%s", PROBES, id_make(time_now(), id)), "fits");
    if (!blob_begin(blob, &draft, error) ||
        !file_write_all(draft.file, PROBE, sizeof PROBE, error) || !blob_keep(&draft, key, error)) {
        return false;
    }
    AUTO(file_close) int file = -1;
    if (!blob_read(blob, key, &file, &size, error)) {
        return false;
    }
    bool is_equal = read(file, back, sizeof back) == (ssize_t)sizeof back &&
                    memcmp(back, PROBE, sizeof back) == 0;
    if (!blob_remove(blob, key, error)) {
        return false;
    }
    return is_equal ||
           error_set(error, ERROR_CORRUPT, "storage: what was written does not come back");
}

static bool folder_sweep(struct blob *blob, const char *name, time_ms before_at, int *removed,
                         struct error *error)
{
    int handle = openat(blob->handle, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = handle < 0 ? NULL : fdopendir(handle);

    if (folder == NULL) {
        return errno == ENOENT || error_set_errno(error, "storage: open '%s'", name);
    }
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        struct stat status;
        bool is_old = entry->d_name[0] != '.' &&
                      fstatat(handle, entry->d_name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
                      (time_ms)status.st_mtim.tv_sec * SECOND_MS < before_at;
        if (is_old && unlinkat(handle, entry->d_name, 0) == 0) {
            (*removed)++;
        }
    }
    (void)closedir(folder);
    return true;
}

bool blob_sweep(struct blob *blob, time_ms before_at, int *removed_out, struct error *error)
{
    *removed_out = 0;
    return folder_sweep(blob, DRAFTS, before_at, removed_out, error) &&
           folder_sweep(blob, PROBES, before_at, removed_out, error);
}

/* Files: whole reads with a limit, durable writes, folders. Paths here are ours, never a PBX's. */
#ifndef CORE_FILE_H
#define CORE_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include "core/error.h"
#include "core/macros.h"

static inline void file_close(int file)
{
    (void)close(file);
}
DEFINE_AUTO(file_close, int, -1)

/* The whole file with a NUL behind it, yours to free(). ERROR_LIMIT when longer than size_max. */
MUST_USE bool file_read(const char *path, size_t size_max, char **content_out, size_t *size_out,
                        struct error *error);

/* Write all or nothing: temporary name, fsync, rename, fsync of the folder. `mode` as for open().
 */
MUST_USE bool file_write(const char *path, const void *bytes, size_t size, unsigned mode,
                         struct error *error);

/* write() until all is written. */
MUST_USE bool file_write_all(int file, const void *bytes, size_t size, struct error *error);

/* fsync() of the folder that holds `path`, so that a rename or unlink in it survives a power cut.
 */
MUST_USE bool file_sync_folder_of(const char *path, struct error *error);

/* Make the folder and those above it (mode 0700). It may exist. */
MUST_USE bool folder_make(const char *path, struct error *error);

/* Remove a folder and all below it; symbolic links are removed, not followed. */
MUST_USE bool folder_remove(const char *path, struct error *error);

#endif

/*
 * Gathers what SQLite writes to its log (the WAL) into few large writes. SQLite writes each page of
 * a commit on its own, and its 24-byte header on its own before it: hundreds of system calls for
 * one group commit, and they would be the dearest part of a webhook.
 *
 * A file system of SQLite's ("VFS") that hands everything to the usual one, but for log files:
 * their writes are kept as long as each goes on where the one before ended, and are written before
 * SQLite asks for anything else of the file, above all before it is synced. A commit with
 * synchronous=FULL syncs the log before anybody is told of it, in this process or another; so
 * nobody ever looks for bytes that are still here. An error of the late write is reported by the
 * call that made it necessary, and fails the commit like an error of the write itself.
 */
#include <sqlite3.h>
#include <string.h>

#include "core/memory.h"
#include "store/driver.h"

/* SQLite's usual file takes no write of 128 KiB or more: it cuts the size to 17 bits. */
#define GATHER_SIZE_MAX (120 * KIB)

struct log_file {
    sqlite3_file file;         /* SQLite's view: our methods. First. */
    sqlite3_int64 gathered_at; /* Where in the file `gathered` belongs. */
    size_t gathered_size;
    char *gathered; /* GATHER_SIZE_MAX bytes; NULL before the first write. */
    /* The usual file lies behind. */
};

static sqlite3_file *usual_file(sqlite3_file *file)
{
    return (sqlite3_file *)(void *)((struct log_file *)(void *)file + 1);
}

static const sqlite3_io_methods *usual(sqlite3_file *file)
{
    return usual_file(file)->pMethods;
}

static int log_flush(sqlite3_file *file)
{
    struct log_file *log = (struct log_file *)(void *)file;
    size_t size = log->gathered_size;

    log->gathered_size = 0;
    return size == 0
               ? SQLITE_OK
               : usual(file)->xWrite(usual_file(file), log->gathered, (int)size, log->gathered_at);
}

static int log_write(sqlite3_file *file, const void *bytes, int size, sqlite3_int64 at)
{
    struct log_file *log = (struct log_file *)(void *)file;
    size_t room = GATHER_SIZE_MAX - log->gathered_size;
    bool goes_on = at == log->gathered_at + (sqlite3_int64)log->gathered_size;

    if (!goes_on || (size_t)size > room) {
        int code = log_flush(file);
        if (code != SQLITE_OK) {
            return code;
        }
    }
    if ((size_t)size > GATHER_SIZE_MAX) {
        return usual(file)->xWrite(usual_file(file), bytes, size, at);
    }
    if (log->gathered == NULL) {
        log->gathered = memory_try_new(GATHER_SIZE_MAX);
        if (log->gathered == NULL) {
            return SQLITE_NOMEM;
        }
    }
    if (log->gathered_size == 0) {
        log->gathered_at = at;
    }
    memcpy(log->gathered + log->gathered_size, bytes, (size_t)size);
    log->gathered_size += (size_t)size;
    return SQLITE_OK;
}

static int log_close(sqlite3_file *file)
{
    int flushed = log_flush(file);
    int closed = usual(file)->xClose(usual_file(file));

    free(((struct log_file *)(void *)file)->gathered);
    return flushed != SQLITE_OK ? flushed : closed;
}

static int log_read(sqlite3_file *file, void *bytes, int size, sqlite3_int64 at)
{
    int code = log_flush(file);

    return code != SQLITE_OK ? code : usual(file)->xRead(usual_file(file), bytes, size, at);
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    int code = log_flush(file);

    return code != SQLITE_OK ? code : usual(file)->xTruncate(usual_file(file), size);
}

static int log_sync(sqlite3_file *file, int flags)
{
    int code = log_flush(file);

    return code != SQLITE_OK ? code : usual(file)->xSync(usual_file(file), flags);
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size_out)
{
    int code = log_flush(file);

    return code != SQLITE_OK ? code : usual(file)->xFileSize(usual_file(file), size_out);
}

static int log_lock(sqlite3_file *file, int level)
{
    return usual(file)->xLock(usual_file(file), level);
}

static int log_unlock(sqlite3_file *file, int level)
{
    return usual(file)->xUnlock(usual_file(file), level);
}

static int log_lock_check(sqlite3_file *file, int *is_locked_out)
{
    return usual(file)->xCheckReservedLock(usual_file(file), is_locked_out);
}

static int log_control(sqlite3_file *file, int operation, void *argument)
{
    int code = log_flush(file);

    return code != SQLITE_OK ? code
                             : usual(file)->xFileControl(usual_file(file), operation, argument);
}

static int log_sector_size(sqlite3_file *file)
{
    return usual(file)->xSectorSize(usual_file(file));
}

static int log_traits(sqlite3_file *file)
{
    return usual(file)->xDeviceCharacteristics(usual_file(file));
}

static const sqlite3_io_methods log_methods = {
    .iVersion = 1,
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_lock_check,
    .xFileControl = log_control,
    .xSectorSize = log_sector_size,
    .xDeviceCharacteristics = log_traits,
};

static sqlite3_vfs *usual_vfs(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

/* The usual methods find their file at the address that SQLite gave; so only a log is wrapped. */
static int gather_open(sqlite3_vfs *vfs, const char *name, sqlite3_file *file, int flags,
                       int *flags_out)
{
    if ((flags & SQLITE_OPEN_WAL) == 0) {
        return usual_vfs(vfs)->xOpen(usual_vfs(vfs), name, file, flags, flags_out);
    }
    memset(file, 0, sizeof(struct log_file));
    int code = usual_vfs(vfs)->xOpen(usual_vfs(vfs), name, usual_file(file), flags, flags_out);
    if (code == SQLITE_OK) {
        file->pMethods = &log_methods;
    } else if (usual_file(file)->pMethods != NULL) {
        IGNORE(usual(file)->xClose(usual_file(file)), "it was not opened");
    }
    return code;
}

const char *sqlite_log_gathered(void)
{
    static sqlite3_vfs gather;
    sqlite3_vfs *found = sqlite3_vfs_find(NULL);

    gather = *found; /* Its other functions take no notice of whose structure they are given. */
    gather.zName = "gather";
    gather.szOsFile = found->szOsFile + (int)sizeof(struct log_file);
    gather.pNext = NULL;
    gather.pAppData = found;
    gather.xOpen = gather_open;
    return sqlite3_vfs_register(&gather, 0) == SQLITE_OK ? gather.zName : NULL;
}

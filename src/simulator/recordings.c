/* What both APIs do with recordings: find one, list a directory, list the directories. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "simulator/state.h"

static const char *const filedirs[] = { "monitor", "emergency",     "meetme",           "queue",
                                        "sca",     "monitor_local", "voicemail/default" };

bool simulator_filedir_is_known(const char *filedir)
{
    for (size_t i = 0; i < COUNT_OF(filedirs); i++) {
        if (strcmp(filedirs[i], filedir) == 0) {
            return true;
        }
    }
    return false;
}

bool simulator_recording_open(struct simulator *simulator, const char *filedir, const char *name,
                              bool is_whole_path, struct simulator_reply *reply)
{
    char path[4096] = "";
    struct stat facts;

    simulator_lock(simulator);
    const struct book_recording *recording =
        book_recording_find(simulator->book, filedir, name, is_whole_path);
    if (recording != NULL && !recording->is_deleted && recording->ready_at <= time_now()) {
        IGNORE(snprintf(path, sizeof path, "%s", recording->audio_path), "then open() fails");
    }
    simulator_unlock(simulator);
    if (path[0] == '\0') {
        return false;
    }
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 || fstat(file, &facts) != 0) {
        if (file >= 0) {
            file_close(file);
        }
        return false;
    }
    simulator_reply_set(reply, 200, "application/octet-stream", "");
    reply->file = file;
    reply->size = (uint64_t)facts.st_size;
    reply->is_recording = true;
    return true;
}

void simulator_listing_add(struct simulator *simulator, const char *filedir, bool is_whole_path,
                           struct text *csv)
{
    simulator_lock(simulator);
    for (int i = 0; i < book_recording_count(simulator->book); i++) {
        const struct book_recording *recording = book_recording_get(simulator->book, i);
        const struct simulator_recording *face = &recording->face;
        bool is_shown = !recording->is_deleted && recording->ready_at <= time_now();
        if (is_shown && strcmp(face->filedir, filedir) == 0) {
            text_print(csv, "%s,%s,%llu\n", filedir, is_whole_path ? face->path : face->name,
                       (unsigned long long)face->bytes);
        }
    }
    simulator_unlock(simulator);
}

void simulator_directories_list(struct text *csv)
{
    text_add(csv, "directory\n");
    for (size_t i = 0; i < COUNT_OF(filedirs); i++) {
        text_print(csv, "%s\n", filedirs[i]);
    }
}

bool simulator_recording_delete(struct simulator *simulator, const char *path)
{
    simulator_lock(simulator);
    struct book_recording *recording = book_recording_find(simulator->book, NULL, path, true);
    bool is_found = recording != NULL && !recording->is_deleted;
    if (is_found) {
        recording->is_deleted = true;
    }
    simulator_unlock(simulator);
    return is_found;
}

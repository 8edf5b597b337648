/* Runs a fuzz target over the files of a folder: how its corpus serves as an ordinary test. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include "core/file.h"
#include "core/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static bool replay_one(const char *folder, const char *name)
{
    char path[4096];
    AUTO(free) char *content = NULL;
    size_t size = 0;
    struct error error;

    IGNORE(snprintf(path, sizeof path, "%s/%s", folder, name), "a longer path fails to open");
    if (!file_read(path, 16 * MIB, &content, &size, &error)) {
        fprintf(stderr, "%s\n", error.message);
        return false;
    }
    /* A heap copy of the exact size lets the address sanitizer see a read past the end. */
    AUTO(free) uint8_t *exact = memory_new(size);
    memcpy(exact, content, size);
    IGNORE(LLVMFuzzerTestOneInput(exact, size), "only a crash is a failure");
    return true;
}

int main(int argument_count, char **arguments)
{
    int count = 0;

    for (int i = 1; i < argument_count; i++) {
        DIR *folder = opendir(arguments[i]);
        if (folder == NULL) {
            fprintf(stderr, "no corpus in '%s'\n", arguments[i]);
            return 1;
        }
        for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
            if (entry->d_name[0] != '.') {
                if (!replay_one(arguments[i], entry->d_name)) {
                    return 1;
                }
                count++;
            }
        }
        (void)closedir(folder);
    }
    printf("%d inputs replayed\n", count);
    return count > 0 ? 0 : 1;
}

/* Writes ustar archives (POSIX.1-1988), honest ones and, for faults, headers that lie. */
#ifndef SIMULATOR_TAR_H
#define SIMULATOR_TAR_H

#include <stdint.h>

#include "core/text.h"

struct tar_member {
    const char *name; /* Cut at 100 characters. */
    char kind;        /* '0' file, '1' hard link, '2' symbolic link, '3' character device. */
    const char *link; /* NULL: none. */
    uint64_t size;    /* As claimed. */
};

void simulator_tar_header_add(struct text *tar, const struct tar_member *member);
/* The bytes and their padding. */
void simulator_tar_content_add(struct text *tar, const void *bytes, size_t size);
/* The two empty blocks at the end. */
void simulator_tar_end_add(struct text *tar);

#endif

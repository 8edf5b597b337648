/* See tar.h. */
#include "simulator/tar.h"

#include <stdio.h>
#include <string.h>

enum { BLOCK = 512, SIZE_AT = 124, CHECKSUM_AT = 148 };

/* Octal with a NUL; sizes of 8 GiB and more in GNU's base-256 form. */
static void size_write(char *field, uint64_t size)
{
    if (size < (1ULL << 33)) {
        IGNORE(snprintf(field, 12, "%011llo", (unsigned long long)size), "11 digits");
        return;
    }
    memset(field, 0, 12);
    field[0] = (char)0x80;
    for (int i = 11; i >= 4; i--) {
        field[i] = (char)(size & 0xff);
        size >>= 8;
    }
}

void simulator_tar_header_add(struct text *tar, const struct tar_member *member)
{
    char block[BLOCK] = { 0 };
    unsigned sum = 0;

    IGNORE(snprintf(block, 101, "%s", member->name), "cut on purpose");
    IGNORE(snprintf(block + 100, 8, "%07o", 0644U), "fits");
    IGNORE(snprintf(block + 108, 8, "%07o", 0U), "fits");
    IGNORE(snprintf(block + 116, 8, "%07o", 0U), "fits");
    size_write(block + SIZE_AT, member->size);
    IGNORE(snprintf(block + 136, 12, "%011o", 0U), "fits");
    memset(block + CHECKSUM_AT, ' ', 8);
    block[156] = member->kind;
    if (member->link != NULL) {
        IGNORE(snprintf(block + 157, 100, "%s", member->link), "cut on purpose");
    }
    memcpy(block + 257,
           "ustar\0"
           "00",
           8);
    for (int i = 0; i < BLOCK; i++) {
        sum += (unsigned char)block[i];
    }
    IGNORE(snprintf(block + CHECKSUM_AT, 8, "%06o", sum), "six digits and a NUL, then a space");
    text_add_bytes(tar, block, sizeof block);
}

void simulator_tar_content_add(struct text *tar, const void *bytes, size_t size)
{
    static const char zeros[BLOCK];

    text_add_bytes(tar, bytes, size);
    text_add_bytes(tar, zeros, (BLOCK - size % BLOCK) % BLOCK);
}

void simulator_tar_end_add(struct text *tar)
{
    static const char zeros[2 * BLOCK];

    text_add_bytes(tar, zeros, sizeof zeros);
}

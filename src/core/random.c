/* See random.h. */
#include "core/random.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>

void random_bytes(void *bytes_out, size_t size)
{
    unsigned char *cursor = bytes_out;

    while (size > 0) {
        ssize_t got = getrandom(cursor, size, 0);
        if (got <= 0) {
            fputs("audiapro: the kernel gives no random bytes\n", stderr);
            abort();
        }
        cursor += got;
        size -= (size_t)got;
    }
}

uint32_t random_below(uint32_t limit)
{
    uint32_t number;
    uint32_t unfair = (UINT32_MAX - limit + 1) % limit; /* 2^32 mod limit */

    do {
        random_bytes(&number, sizeof number);
    } while (number < unfair);
    return number % limit;
}

const char *id_make(time_ms now, char id_out[ID_SIZE])
{
    uint8_t b[16];

    random_bytes(b + 6, sizeof b - 6);
    for (int i = 0; i < 6; i++) {
        b[i] = (uint8_t)((uint64_t)now >> (8 * (5 - i)));
    }
    b[6] = (uint8_t)((b[6] & 0x0f) | 0x70);
    b[8] = (uint8_t)((b[8] & 0x3f) | 0x80);
    IGNORE(snprintf(id_out, ID_SIZE,
                    "%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-%02x%02x%02x%02x%02x%02x", b[0],
                    b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9], b[10], b[11], b[12],
                    b[13], b[14], b[15]),
           "exactly fits");
    return id_out;
}

bool id_is_valid(const char *text)
{
    for (int i = 0; i < ID_SIZE - 1; i++) {
        char c = text[i];
        bool is_dash = i == 8 || i == 13 || i == 18 || i == 23;
        bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
        if (is_dash ? c != '-' : !is_hex) {
            return false;
        }
    }
    return text[ID_SIZE - 1] == '\0';
}

/* What an audio file says of itself: size, hash, and the length of a WAV (see legs.h). */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/file.h"
#include "core/hash.h"
#include "simulator/legs.h"

static unsigned long number_read(const unsigned char *bytes, int count)
{
    unsigned long number = 0;

    for (int i = count - 1; i >= 0; i--) {
        number = number << 8 | bytes[i];
    }
    return number;
}

/* Length of a RIFF/WAVE file by its `fmt ` chunk's byte rate and its `data` chunk's size. */
static double wav_seconds(int file, uint64_t size)
{
    unsigned char head[4096];
    ssize_t got = pread(file, head, sizeof head, 0);
    unsigned long byte_rate = 0;

    if (got < 44 || memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WAVE", 4) != 0) {
        return 0;
    }
    for (size_t at = 12; at + 8 <= (size_t)got;) {
        unsigned long chunk_size = number_read(head + at + 4, 4);
        if (memcmp(head + at, "fmt ", 4) == 0 && at + 20 <= (size_t)got) {
            byte_rate = number_read(head + at + 16, 4);
        } else if (memcmp(head + at, "data", 4) == 0) {
            uint64_t there = size - at - 8;
            uint64_t data = chunk_size < there ? chunk_size : there;
            return byte_rate > 0 ? (double)data / (double)byte_rate : 0;
        }
        at += 8 + chunk_size + (chunk_size & 1);
    }
    return 0;
}

bool book_audio_facts_read(const char *path, struct audio_facts *facts_out, struct error *error)
{
    AUTO(file_close) int file = open(path, O_RDONLY | O_CLOEXEC);
    AUTO(hash_sha256_free) struct hash_sha256 *hash = hash_sha256_new();
    struct stat facts;
    char piece[64 * 1024];
    ssize_t got = 0;

    if (file < 0 || fstat(file, &facts) != 0) {
        return error_set_errno(error, "open '%s'", path);
    }
    while ((got = read(file, piece, sizeof piece)) > 0) {
        hash_sha256_add(hash, piece, (size_t)got);
    }
    if (got < 0) {
        return error_set_errno(error, "read '%s'", path);
    }
    hash_sha256_finish(hash, facts_out->sha256);
    facts_out->bytes = (uint64_t)facts.st_size;
    facts_out->seconds = wav_seconds(file, facts_out->bytes);
    return true;
}

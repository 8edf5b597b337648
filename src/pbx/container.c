/* See container.h. */
#include "pbx/container.h"

#include <string.h>
#include <unistd.h>

enum {
    FORMAT_IMA_ADPCM = 0x11,
    FORMAT_GSM610 = 0x31,
    FORMAT_EXTENSIBLE = 0xfffe,
    CHUNKS_MAX = 1024,
    FMT_SIZE_MIN = 16,
    FMT_SIZE_READ = 40, /* WAVE_FORMAT_EXTENSIBLE's. */
    GSM610_FRAMES_PER_BLOCK = 320,
    TAR_MAGIC_AT = 257,
};
#define STREAMING_SIZE 0xffffffffU

/* ISO/IEC 11172-3, 2.4.1.3: eleven ones, then version, layer, bit rate and rate, none reserved. */
static bool is_mpeg_frame(const uint8_t *head)
{
    return head[0] == 0xff && (head[1] & 0xe0) == 0xe0 && (head[1] & 0x18) != 0x08 &&
           (head[1] & 0x06) != 0 && (head[2] & 0xf0) != 0xf0 && (head[2] & 0x0c) != 0x0c;
}

static bool begins(const uint8_t *head, size_t size, size_t at, const char *magic)
{
    size_t length = strlen(magic);

    return size >= at + length && memcmp(head + at, magic, length) == 0;
}

const char *container_name(const uint8_t *head, size_t size)
{
    static const struct {
        const char *magic, *name;
    } table[] = { { "OggS", "ogg" }, { "fLaC", "flac" }, { "ID3", "mp3" }, { "GSFF", "gsff" } };

    if (begins(head, size, 0, "RIFF") && begins(head, size, 8, "WAVE")) {
        return "wav";
    }
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        if (begins(head, size, 0, table[i].magic)) {
            return table[i].name;
        }
    }
    if (size >= 4 && is_mpeg_frame(head)) {
        return "mp3";
    }
    return begins(head, size, TAR_MAGIC_AT, "ustar") ? "tar" : NULL;
}

static unsigned number16(const uint8_t *bytes)
{
    return bytes[0] | (unsigned)bytes[1] << 8;
}

static uint32_t number32(const uint8_t *bytes)
{
    return number16(bytes) | (uint32_t)number16(bytes + 2) << 16;
}

static bool read_at(int file, int64_t at, void *bytes_out, size_t size)
{
    return pread(file, bytes_out, size, (off_t)at) == (ssize_t)size;
}

struct fmt {
    uint8_t bytes[FMT_SIZE_READ];
    size_t size;
};

static bool fmt_take(int file, int64_t at, uint32_t size, struct fmt *fmt, struct wave_info *info)
{
    fmt->size = size < FMT_SIZE_READ ? size : FMT_SIZE_READ;
    if (fmt->size < FMT_SIZE_MIN || !read_at(file, at, fmt->bytes, fmt->size)) {
        return false;
    }
    info->format = number16(fmt->bytes);
    info->channels = number16(fmt->bytes + 2);
    info->rate = number32(fmt->bytes + 4);
    info->block_align = number16(fmt->bytes + 12);
    info->bits = number16(fmt->bytes + 14);
    if (info->format == FORMAT_EXTENSIBLE && fmt->size >= 26) {
        info->format = number16(fmt->bytes + 24);
    }
    return info->channels > 0 && info->rate > 0 && info->block_align > 0;
}

/* How many sample frames one block holds; 0 where only the byte rate can tell. */
static unsigned frames_per_block(const struct fmt *fmt, const struct wave_info *info)
{
    if (info->format == FORMAT_GSM610 || info->format == FORMAT_IMA_ADPCM) {
        if (fmt->size >= 20 && number16(fmt->bytes + 18) > 0) {
            return number16(fmt->bytes + 18); /* wSamplesPerBlock */
        }
        if (info->format == FORMAT_GSM610) {
            return GSM610_FRAMES_PER_BLOCK;
        }
        unsigned head = 4 * info->channels;
        return info->bits > 0 && info->block_align > head
                   ? (info->block_align - head) * 8 / (info->bits * info->channels) + 1
                   : 0;
    }
    /* PCM, float, A-law, mu-law: a block is one frame. */
    return info->format == 1 || info->format == 3 || info->format == 6 || info->format == 7 ? 1 : 0;
}

static double seconds_of(const struct fmt *fmt, const struct wave_info *info)
{
    unsigned frames = frames_per_block(fmt, info);
    uint32_t bytes_per_second = number32(fmt->bytes + 8);

    if (frames > 0) {
        double blocks = (double)(info->data_present / info->block_align);
        return blocks * frames / info->rate;
    }
    return bytes_per_second > 0 ? (double)info->data_present / bytes_per_second : -1;
}

static void data_take(int64_t at, uint32_t declared, int64_t size, struct wave_info *info)
{
    int64_t rest = size - at;
    bool is_streaming = declared == STREAMING_SIZE || (declared == 0 && rest > 0);

    info->data_at = at;
    info->data_declared = is_streaming ? -1 : (int64_t)declared;
    info->data_present = is_streaming || rest < declared ? rest : declared;
}

bool wave_read(int file, int64_t size, struct wave_info *info_out)
{
    uint8_t head[12];
    struct fmt fmt = { .size = 0 };
    struct wave_info info = { .seconds = -1 };

    if (size < (int64_t)sizeof head || !read_at(file, 0, head, sizeof head) ||
        memcmp(head, "RIFF", 4) != 0 || memcmp(head + 8, "WAVE", 4) != 0) {
        return false;
    }
    uint32_t declared = number32(head + 4);
    info.riff_bytes = declared == 0 || declared == STREAMING_SIZE ? -1 : (int64_t)declared + 8;

    int64_t at = sizeof head;
    for (int i = 0; i < CHUNKS_MAX && at + 8 <= size; i++) {
        uint8_t chunk[8];
        if (!read_at(file, at, chunk, sizeof chunk)) {
            return false;
        }
        uint32_t chunk_size = number32(chunk + 4);
        at += (int64_t)sizeof chunk;
        if (memcmp(chunk, "fmt ", 4) == 0 && !fmt_take(file, at, chunk_size, &fmt, &info)) {
            return false;
        }
        if (memcmp(chunk, "data", 4) == 0) {
            if (fmt.size == 0) {
                return false;
            }
            data_take(at, chunk_size, size, &info);
            info.seconds = seconds_of(&fmt, &info);
            *info_out = info;
            return true;
        }
        at += (int64_t)chunk_size + (chunk_size & 1); /* Chunks are padded to an even length. */
    }
    return false;
}

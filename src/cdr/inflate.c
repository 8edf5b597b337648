/*
 * See parts.h. Gzip (RFC 1952) through zlib. Output is taken in small steps and stops at the text's
 * maximum, so a bomb costs no more than a body of the largest size allowed.
 */
#include <zlib.h>

#include "cdr/parts.h"

enum { STEP_SIZE = 16384, WINDOW_BITS_GZIP = 15 + 16 }; /* + 16: zlib's sign for gzip only */

bool gzip_is(const char *bytes, size_t size)
{
    return size >= 3 && bytes[0] == '\x1f' && bytes[1] == '\x8b' && bytes[2] == '\x08';
}

static bool stream_inflate(z_stream *stream, struct text *text, struct error *error)
{
    for (;;) {
        unsigned char step[STEP_SIZE];
        stream->next_out = step;
        stream->avail_out = sizeof step;
        int result = inflate(stream, Z_NO_FLUSH);
        if (result != Z_OK && result != Z_STREAM_END) {
            return error_set(error, ERROR_INVALID, "gzip: %s",
                             stream->msg != NULL ? stream->msg : "the body ends too early");
        }
        text_add_bytes(text, step, sizeof step - stream->avail_out);
        if (text->is_full) {
            return error_set(error, ERROR_LIMIT, "gzip: the body inflates to over %zu bytes",
                             text->size_max);
        }
        if (result == Z_STREAM_END) {
            return true;
        }
    }
}

bool gzip_inflate(const char *bytes, size_t size, struct text *text, struct error *error)
{
    z_stream stream = { .next_in = (z_const Bytef *)(const void *)bytes, .avail_in = (uInt)size };

    if (inflateInit2(&stream, WINDOW_BITS_GZIP) != Z_OK) {
        return error_set(error, ERROR_SYSTEM, "gzip: no memory");
    }
    bool is_done = stream_inflate(&stream, text, error);
    IGNORE(inflateEnd(&stream), "only releases");
    return is_done;
}

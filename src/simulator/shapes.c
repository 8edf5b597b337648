/* See shapes.h: faults of the stream, the HTTP status and the JSON status. */
#include "simulator/shapes.h"

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "core/memory.h"
#include "core/random.h"
#include "simulator/state.h"

static const char AUDIO[] = "audio/x-wav";

bool shape_unauthorised(struct simulator_strike *strike)
{
    simulator_reply_set(strike->reply, 401, "text/html", "<html>401</html>\n");
    text_add(&strike->reply->headers,
             "WWW-Authenticate: Digest realm=\"UCM\", nonce=\"0123456789abcdef\", qop=\"auth\", "
             "algorithm=MD5\r\n");
    return true;
}

bool shape_basic_only(struct simulator_strike *strike)
{
    simulator_reply_set(strike->reply, 401, "text/html", "<html>401</html>\n");
    text_add(&strike->reply->headers, "WWW-Authenticate: Basic realm=\"UCM\"\r\n");
    return true;
}

bool shape_forbidden(struct simulator_strike *strike)
{
    simulator_reply_set(strike->reply, 403, "text/html", "<html>403 Forbidden</html>\n");
    return true;
}

static bool status_shape(struct simulator_strike *strike, int status, const char *members)
{
    if (strike->reply->is_old_api) {
        return false;
    }
    simulator_reply_status(strike->reply, status, members);
    return true;
}

bool shape_login_refused(struct simulator_strike *strike)
{
    return status_shape(strike, (int)strike->parameter, "\"remain_num\":2");
}

bool shape_login_locked(struct simulator_strike *strike)
{
    return status_shape(strike, (int)strike->parameter, "\"remain_time\":300");
}

bool shape_api_status(struct simulator_strike *strike)
{
    return status_shape(strike, (int)strike->parameter, "");
}

static bool head_shape(struct simulator_strike *strike, enum reply_finish finish)
{
    strike->reply->has_head_limit = true;
    strike->reply->limit = strike->parameter > 0 ? (uint64_t)strike->parameter : 0;
    strike->reply->finish = finish;
    return true;
}

bool shape_reset_in_header(struct simulator_strike *strike)
{
    return head_shape(strike, REPLY_RESET);
}

bool shape_stall_in_header(struct simulator_strike *strike)
{
    return head_shape(strike, REPLY_STALL);
}

bool shape_header_garbage(struct simulator_strike *strike)
{
    simulator_reply_set(strike->reply, 200, AUDIO, "\x16\x03\x01 this is not HTTP \r\n\r\n");
    strike->reply->is_raw = true;
    return true;
}

bool shape_header_huge(struct simulator_strike *strike)
{
    strike->reply->header_padding = (uint64_t)strike->parameter * MIB;
    return true;
}

/* Where to stop: the parameter, or somewhere inside. False for a body too small to cut. */
static bool body_limit(struct simulator_strike *strike)
{
    struct simulator_reply *reply = strike->reply;

    if (reply->size < 2) {
        return false;
    }
    uint32_t range = reply->size - 1 < UINT32_MAX ? (uint32_t)(reply->size - 1) : UINT32_MAX;
    reply->has_limit = true;
    reply->limit = strike->parameter > 0 ? (uint64_t)strike->parameter : 1 + random_below(range);
    if (reply->limit >= reply->size) {
        reply->limit = reply->size - 1;
    }
    return true;
}

static bool body_shape(struct simulator_strike *strike, enum reply_framing framing,
                       enum reply_finish finish)
{
    strike->reply->framing = framing;
    strike->reply->finish = finish;
    return body_limit(strike);
}

bool shape_reset_in_body(struct simulator_strike *strike)
{
    return body_shape(strike, REPLY_LENGTH, REPLY_RESET);
}

bool shape_stall_in_body(struct simulator_strike *strike)
{
    return body_shape(strike, REPLY_LENGTH, REPLY_STALL);
}

bool shape_body_short(struct simulator_strike *strike)
{
    return body_shape(strike, REPLY_LENGTH, REPLY_WHOLE);
}

bool shape_body_long(struct simulator_strike *strike)
{
    char junk[256];

    if (!simulator_reply_to_memory(strike->reply)) {
        return false;
    }
    memset(junk, 'z', sizeof junk);
    for (long left = strike->parameter; left > 0; left -= (long)sizeof junk) {
        size_t size = left < (long)sizeof junk ? (size_t)left : sizeof junk;
        text_add_bytes(&strike->reply->body, junk, size);
    }
    strike->reply->size = strike->reply->body.size;
    strike->reply->surplus = -strike->parameter;
    return true;
}

bool shape_length_short(struct simulator_strike *strike)
{
    uint64_t less = (uint64_t)strike->parameter;

    if (strike->reply->size < 2) {
        return false;
    }
    strike->reply->surplus =
        -(int64_t)(less < strike->reply->size ? less : strike->reply->size / 2);
    return true;
}

bool shape_close_delimited(struct simulator_strike *strike)
{
    strike->reply->framing = REPLY_UNTIL_CLOSE;
    return true;
}

bool shape_close_delimited_cut(struct simulator_strike *strike)
{
    return body_shape(strike, REPLY_UNTIL_CLOSE, REPLY_WHOLE);
}

bool shape_chunked(struct simulator_strike *strike)
{
    strike->reply->framing = REPLY_CHUNKED;
    return true;
}

bool shape_chunk_cut(struct simulator_strike *strike)
{
    return body_shape(strike, REPLY_CHUNKED, REPLY_WHOLE);
}

bool shape_chunk_malformed(struct simulator_strike *strike)
{
    strike->reply->is_chunk_malformed = true;
    return body_shape(strike, REPLY_CHUNKED, REPLY_WHOLE);
}

bool shape_drip(struct simulator_strike *strike)
{
    strike->reply->rate = strike->parameter;
    return true;
}

bool shape_slow_first_byte(struct simulator_strike *strike)
{
    strike->reply->pause_ms = strike->parameter * SECOND_MS;
    return true;
}

bool shape_empty_body(struct simulator_strike *strike)
{
    simulator_reply_set(strike->reply, 200, AUDIO, "");
    return true;
}

bool shape_html_page(struct simulator_strike *strike)
{
    simulator_reply_web_page(strike->reply);
    strike->reply->type = AUDIO;
    return true;
}

bool shape_json_error(struct simulator_strike *strike)
{
    simulator_reply_status(strike->reply, (int)strike->parameter, "");
    strike->reply->type = AUDIO;
    return true;
}

bool shape_wrong_type(struct simulator_strike *strike)
{
    strike->reply->type = "text/html";
    return true;
}

bool shape_not_found(struct simulator_strike *strike)
{
    if (!strike->reply->is_old_api) {
        return status_shape(strike, -25, "");
    }
    simulator_reply_set(strike->reply, 404, "text/html", "<html>404 Not Found</html>\n");
    return true;
}

bool shape_too_many_requests(struct simulator_strike *strike)
{
    simulator_reply_set(strike->reply, 429, "text/html", "<html>429</html>\n");
    text_print(&strike->reply->headers, "Retry-After: %ld\r\n", strike->parameter);
    return true;
}

bool shape_http_status(struct simulator_strike *strike)
{
    simulator_reply_set(strike->reply, (int)strike->parameter, "text/html",
                        "<html>The server has a problem</html>\n");
    return true;
}

bool shape_redirect(struct simulator_strike *strike)
{
    simulator_reply_set(strike->reply, 302, "text/html", "");
    text_add(&strike->reply->headers, "Location: https://192.0.2.1/elsewhere.wav\r\n");
    return true;
}

bool shape_redirect_loop(struct simulator_strike *strike)
{
    simulator_reply_set(strike->reply, 302, "text/html", "");
    text_print(&strike->reply->headers, "Location: %s\r\n", strike->request->target);
    return true;
}

bool shape_gzip_bomb(struct simulator_strike *strike)
{
    AUTO(free) unsigned char *zeros = memory_new(MIB);
    AUTO(free) unsigned char *packed = memory_new(MIB);
    z_stream stream = { 0 };
    bool is_last = false;

    simulator_reply_set(strike->reply, 200, AUDIO, "");
    text_add(&strike->reply->headers, "Content-Encoding: gzip\r\n");
    if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY) != Z_OK) {
        return false;
    }
    for (long i = 0; i < strike->parameter; i++) {
        is_last = i + 1 == strike->parameter;
        stream.next_in = zeros;
        stream.avail_in = MIB;
        do {
            stream.next_out = packed;
            stream.avail_out = MIB;
            IGNORE(deflate(&stream, is_last ? Z_FINISH : Z_NO_FLUSH), "cannot fail with room");
            text_add_bytes(&strike->reply->body, packed, MIB - stream.avail_out);
        } while (stream.avail_out == 0);
    }
    IGNORE(deflateEnd(&stream), "nothing to be done");
    strike->reply->size = strike->reply->body.size;
    return true;
}

/*
 * A reply before it is sent: what a UCM would say, and how a fault lets it go wrong.
 *
 * The handler fills the first half. Faults change it or the second half, which is zeroed otherwise.
 */
#ifndef SIMULATOR_REPLY_H
#define SIMULATOR_REPLY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"
#include "core/time.h"
#include "simulator/wire.h"

enum { REPLY_BODY_MAX = 256 * 1024 * 1024 };

enum reply_framing { REPLY_LENGTH, REPLY_UNTIL_CLOSE, REPLY_CHUNKED };
enum reply_finish { REPLY_WHOLE, REPLY_CUT, REPLY_RESET, REPLY_STALL };

struct simulator_reply {
    int status;
    const char *type;    /* Content-Type; static. */
    struct text headers; /* More header lines, each with CRLF. */
    struct text body;    /* The body, unless `file` is open. */
    int file;            /* -1, or the recording to send. */
    uint64_t size;       /* Of the body; set by simulator_reply_finish(). */
    bool is_recording;   /* A download that succeeded. */
    bool is_old_api;

    enum reply_framing framing;
    int64_t surplus; /* Content-Length claims so much more (or less) than there is. */
    bool has_limit;  /* Send only `limit` bytes of the body … */
    uint64_t limit;
    enum reply_finish finish; /* … and then do this. */
    bool has_head_limit;      /* The same within the header. */
    bool is_chunk_malformed;
    bool is_raw;             /* No head at all: the body is everything. */
    uint64_t header_padding; /* Bytes of senseless header lines. */
    time_ms clock_shift_ms;  /* By which the PBX's clock, and so its Date, is wrong. */
    int64_t pause_ms;        /* Before the first byte. */
    long rate;               /* Bytes per second; 0: as fast as can be. */
};

/* An empty 200. */
void simulator_reply_init(struct simulator_reply *reply);
void simulator_reply_clear(struct simulator_reply *reply);
DEFINE_AUTO_CLEAR(simulator_reply_clear, struct simulator_reply)

/* Make it these bytes instead of whatever it was, HTTP 200 again. */
void simulator_reply_set(struct simulator_reply *reply, int status, const char *type,
                         const char *body);
/* {"response":{…},"status":N} as the new API writes it; `members` is JSON without braces, may be
 * "". */
void simulator_reply_status(struct simulator_reply *reply, int status, const char *members);
/* The web page that a UCM shows to whom it does not understand: HTTP 200. */
void simulator_reply_web_page(struct simulator_reply *reply);
/* Read an open file into the body, so that it can be changed. False when it is too large. */
MUST_USE bool simulator_reply_to_memory(struct simulator_reply *reply);

/* Send it. Returns how the wire must be closed. *is_whole_out: nothing was harmed on the way. */
enum wire_end simulator_reply_send(struct wire *wire, const struct simulator_reply *reply,
                                   bool *is_whole_out);

#endif

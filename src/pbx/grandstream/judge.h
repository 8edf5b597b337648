/*
 * What a UCM's answer means. The body decides, never the status or the content type: a UCM sends
 * its errors as JSON, and its web page as HTML, with HTTP status 200. Pure.
 */
#ifndef PBX_GRANDSTREAM_JUDGE_H
#define PBX_GRANDSTREAM_JUDGE_H

#include "pbx/pbx.h"

enum { JUDGE_HEAD_SIZE = 4096 }; /* How much of a download the judge gets to see. */

enum verdict_kind {
    VERDICT_AUDIO,    /* Sound in verdict.container: to be proven against its own header. */
    VERDICT_DATA,     /* JSON (or a listing) that answers what was asked. */
    VERDICT_NOT_HERE, /* The next rung. reason: not_there_yet, html_instead_of_audio, unsupported.
                       */
    VERDICT_LOG_IN,   /* Log in once and ask again. */
    VERDICT_WAIT,     /* Not now: retry_after_s. */
    VERDICT_STOP,     /* Nothing of this PBX until a person acts. */
    VERDICT_BROKEN,   /* This recording, this time: the reason says why. */
};

/* What was asked for decides what counts as an answer. */
enum wanted_body { WANTED_AUDIO, WANTED_JSON, WANTED_LISTING };

struct seen_answer {
    enum wanted_body wanted;
    bool was_digest; /* A 401 means that the password was refused. */
    int http_status;
    const char *challenge; /* WWW-Authenticate; "" when there was none. */
    const uint8_t *head;   /* The first JUDGE_HEAD_SIZE bytes, or all of a JSON answer. */
    size_t head_size;
    int64_t total;         /* Bytes of the body. */
    int64_t retry_after_s; /* Header; -1: none. */
};

struct verdict {
    enum verdict_kind kind;
    enum reason reason;       /* REASON_NONE for AUDIO and DATA. */
    int64_t retry_after_s;    /* -1: none. */
    const char *container;    /* Of AUDIO. */
    bool has_status;          /* The body was the new API's JSON with … */
    int status;               /* … this status. */
    bool forgets_session;     /* Log in anew next time. */
    int tries_left, locked_s; /* Of a refused login; -1: not said. */
    char text[160];           /* For people; no control characters. */
};

void judge(const struct seen_answer *seen, struct verdict *verdict_out);

#endif

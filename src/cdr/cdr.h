/*
 * CDRs: from the bytes that a phone system (Grandstream UCM) sends to legs. Pure: no clock, no
 * network, no store; the same bytes give the same legs. Every byte is taken as hostile.
 *
 * A body may be JSON (a flat object; a list; {"cdr_root":[…]}, {"cdr":[…]}, either of them under
 * "response"; groups of main_cdr and sub_cdr_N), XML, or a form; plain or gzipped. Its own first
 * bytes say which: what the headers claim is only used to explain a refusal. Values may be texts or
 * numbers, fields may be missing or new.
 *
 * Limits: 8 MiB of body (after inflating), 10,000 legs, 32 levels of JSON, 16 of XML, 1 KiB a
 * field.
 */
#ifndef CDR_CDR_H
#define CDR_CDR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/macros.h"
#include "core/time.h"

#define CDR_BODY_SIZE_MAX (8 * MIB)    /* also the most that a gzipped body may inflate to */
#define CDR_FIELDS_SIZE_MAX (64 * KIB) /* of cdr_leg.fields_json */
#define CDR_ARENA_SIZE_MAX                                                                         \
    (64 * MIB) /* An arena of this size takes every body within the limits. */
enum { CDR_LEGS_MAX = 10000, CDR_FIELD_SIZE_MAX = 1024 };
enum { CDR_PATH_SIZE_MAX = 256, CDR_RECORDINGS_MAX = 64 }; /* 256: the UCM cuts longer names too */

enum cdr_direction { CDR_INBOUND, CDR_OUTBOUND, CDR_INTERNAL, CDR_UNKNOWN };

/* One file that the PBX says it recorded. Figures that it does not name are -1, or 0 for the
 * instant. */
struct cdr_recording {
    const char *path; /* As the PBX names it: month folder kept, the ending '@' gone. */
    int64_t bytes;
    int64_t seconds;
    time_ms started_at;
};

/* One CDR row. Texts are never NULL ("" when not there), trimmed, valid UTF-8 without control
 * characters, and at most CDR_FIELD_SIZE_MAX bytes. */
struct cdr_leg {
    const char *acct_id;  /* AcctId: row number, unique on one PBX until its table is cleared. */
    const char *uniqueid; /* "<epoch seconds>.<counter>" of the caller's channel. */
    const char *session;  /* "<epoch microseconds>-<caller>"; a group's where the leg lacks one. */
    const char *src, *dst, *clid, *caller_name, *disposition, *userfield, *action_type;
    const char *action_owner, *lastapp, *channel, *dstchannel, *channel_ext, *dstchannel_ext;
    const char *dstanswer;
    const char *src_trunk, *dst_trunk; /* src_trunk_name, dst_trunk_name */
    const char *sn;                    /* The PBX's serial number, where it tells. */

    enum cdr_direction direction;
    bool is_fork; /* lastapp ForkCDR: repeats another leg; its recordings are not counted. */

    /* UTC; 0 never or unknown. answered_at is 0 unless the disposition is ANSWERED or missing: a
     * UCM fills `answer` on unanswered legs as well. */
    time_ms started_at, answered_at, ended_at;
    bool is_offset_known;       /* Else started_at is the channel's creation, not the leg's. */
    int offset_minutes;         /* Of the PBX's local time to UTC; 0 when not known. */
    int64_t duration_s, talk_s; /* duration, billsec; -1 unknown. */

    struct cdr_recording *recordings;
    size_t recording_count;
    size_t refused_count; /* Names in recordfiles that were hostile or too many, and dropped. */

    /* The leg's own object as compact JSON with all its fields, known or not. Where that would be
     * longer than CDR_FIELDS_SIZE_MAX, long members are left out and "fields_left_out" counts them.
     */
    const char *fields_json;
};

struct cdr_batch {
    enum cdr_kind {
        CDR_PROBE, /* An empty body, white space or {}: the PBX tries whether we are there. */
        CDR_LEGS,  /* Legs; none for an empty list, which is how a UCM says "no calls". */
    } kind;
    struct cdr_leg *legs;
    size_t leg_count;
    /* Records in a list that are no legs (no AcctId, uniqueid or session), and why the first was
     * refused (NULL when none was). Where all are refused, cdr_parse() fails instead. */
    size_t refused_leg_count;
    const char *refused_reason;
};

/* Read a body. `content_type` and `content_encoding` are the headers' values, or NULL. All of
 * *batch_out lives in `arena` (a webhook's leg costs about 3 KiB there).
 * ERROR_INVALID: not a CDR, the message says what is wrong with it. ERROR_LIMIT: too large, or the
 * arena is full. Nothing is then written to *batch_out. */
MUST_USE bool cdr_parse(struct arena *arena, const char *content_type, const char *content_encoding,
                        const void *body, size_t size, struct cdr_batch *batch_out,
                        struct error *error);

/* What the legs of one call have in common: session, else uniqueid, else AcctId. Borrowed from the
 * leg. */
const char *cdr_call_key(const struct cdr_leg *leg);

/* "inbound", "outbound", "internal", "unknown". */
const char *cdr_direction_name(enum cdr_direction direction);

struct cdr_recordings {
    struct cdr_recording *items;
    size_t count;
    size_t refused_count;
};

/*
 * Read a list of recording names: a CDR's `recordfiles` ('@' ends every name) or the comma form of
 * getRecordInfosByCall; ';' is taken for a separator too. Names are trimmed; empty ones and
 * repetitions are dropped; refused and counted are those with "..", a control character, a NUL, a
 * backslash, a leading '/', bad UTF-8, more than CDR_PATH_SIZE_MAX bytes, and all after the
 * CDR_RECORDINGS_MAX-th.
 *
 * `description` is the parallel `recordfiles_desc`
 * ("duration=31,size=489324B,start-time=1661157307@"), or NULL. Its figures are used only where it
 * has as many entries as there are names. False with ERROR_LIMIT when the arena is full.
 */
MUST_USE bool cdr_recordfiles_parse(struct arena *arena, const char *names, size_t size,
                                    const char *description, struct cdr_recordings *recordings_out,
                                    struct error *error);

/*
 * The PBX's offset to UTC, from one instant that it names twice: `local_at`, its local time read as
 * if it were UTC, and `epoch_at`, the UTC instant in an id. The local time may be up to 7 minutes
 * later (a leg starts after its channel) and 1 minute earlier. False when no offset explains the
 * pair: only those that the IANA time zone database has today are tried, within 14 hours.
 */
MUST_USE bool cdr_offset_from(time_ms local_at, time_ms epoch_at, int *offset_minutes_out);

#endif

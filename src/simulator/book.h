/*
 * The PBX's book: its calls, their legs as CDR fields, their recordings.
 *
 * Plain data without a lock or a clock; the simulator's mutex guards it. Nothing is ever removed; a
 * deleted recording is marked. All texts live as long as the book.
 */
#ifndef SIMULATOR_BOOK_H
#define SIMULATOR_BOOK_H

#include "core/json.h"
#include "core/text.h"
#include "simulator/simulator.h"

/* In the order of the samples. Firmware of 22, 32, 43 or 49 fields has the first so many. */
enum cdr_field {
    FIELD_ACCT_ID,
    FIELD_ACCOUNTCODE,
    FIELD_SRC,
    FIELD_DST,
    FIELD_DCONTEXT,
    FIELD_CLID,
    FIELD_CHANNEL,
    FIELD_DSTCHANNEL,
    FIELD_LASTAPP,
    FIELD_LASTDATA,
    FIELD_START,
    FIELD_ANSWER,
    FIELD_END,
    FIELD_DURATION,
    FIELD_BILLSEC,
    FIELD_DISPOSITION,
    FIELD_AMAFLAGS,
    FIELD_UNIQUEID,
    FIELD_USERFIELD,
    FIELD_CHANNEL_EXT,
    FIELD_DSTCHANNEL_EXT,
    FIELD_SERVICE, /* The 22 of 2013 end here. */
    FIELD_CALLER_NAME,
    FIELD_RECORDFILES,
    FIELD_DSTANSWER,
    FIELD_CHANEXT,
    FIELD_DSTCHANEXT,
    FIELD_SESSION,
    FIELD_ACTION_OWNER,
    FIELD_ACTION_TYPE,
    FIELD_SRC_TRUNK_NAME,
    FIELD_DST_TRUNK_NAME, /* 32. */
    FIELD_NAT_CALL,
    FIELD_NAT_CALL_PEER,
    FIELD_VIDEO_CALL,
    FIELD_GDMS_UNIQUE_CODE,
    FIELD_GDS_CALL,
    FIELD_GSC_CALL,
    FIELD_WAVE_SRC_SEQID,
    FIELD_WAVE_DST_SEQID,
    FIELD_DEVICE_INFO,
    FIELD_DEVICE_INFO_PEER,
    FIELD_RECORDFILES_DESC, /* 43. */
    FIELD_ANONYMOUS_CALL,
    FIELD_REASON,
    FIELD_WAVE_SRC_HIDE,
    FIELD_WAVE_DST_HIDE,
    FIELD_NEW_SRC,
    FIELD_SN,
    CDR_FIELD_COUNT, /* 49. */
};

extern const char *const book_field_names[CDR_FIELD_COUNT];

enum { BOOK_CALLS_MAX = 200000, BOOK_LEGS_MAX = SIMULATOR_MEMBERS_MAX + 2 };

struct book_recording {
    struct simulator_recording face;
    char *audio_path;
    time_ms ready_at;
    time_ms started_at;
    double seconds;
    bool is_deleted;
};

struct book_leg {
    time_ms start_at; /* UTC. */
    time_ms end_at;
    long duration_s;
    long billsec_s;
    const char *values[CDR_FIELD_COUNT]; /* Never NULL. */
};

struct book_call {
    struct simulator_added face;
    int field_count;
    int leg_count;
    int recorded_leg;        /* Index of the answered leg. */
    bool is_hidden;          /* No CDR tells of it. */
    const char *summary_dst; /* The group that was called, in the summary of several legs. */
    struct book_leg legs[];  /* leg_count of them. */
};

/* What the PBX is, as far as CDRs show it. */
struct book_place {
    time_ms now;            /* The PBX's clock. */
    time_ms clock_shift_ms; /* How far it is from the truth; added to started_at. */
    int utc_offset_minutes;
    int field_count;
    const char *serial;
};

struct book;

struct book *book_new(void);
void book_free(struct book *book);

/* Reads the audio files; writes one call. */
MUST_USE bool book_call_add(struct book *book, const struct book_place *place,
                            const struct simulator_call *call, struct simulator_added *added_out,
                            struct error *error);
/* From now on CDRs tell of the call, and of its recordings. False: there is no such call. */
bool book_call_name(struct book *book, int call);
int book_call_count(const struct book *book);
const struct book_call *book_call_get(const struct book *book, int call); /* NULL: none. */
int book_recording_count(const struct book *book);
struct book_recording *book_recording_get(struct book *book, int recording);
/* By directory and base name, or whole path. When several have the name, the last one: a UCM has
 * one file of a name. NULL: none. filedir NULL: any. */
struct book_recording *book_recording_find(struct book *book, const char *filedir, const char *name,
                                           bool is_whole_path);

/* ---- legs as documents (render.c) ---- */

/* A flat object of texts with the leg's fields. New reference. */
json_t *book_leg_json(const struct book_call *call, int leg, int field_count);
/* {"cdr":…,"main_cdr":…,"sub_cdr_1":…}, or with one leg a flat object with the key "cdr". New. */
json_t *book_call_json(const struct book_call *call);
void book_leg_xml(const struct book_call *call, int leg, int field_count, struct text *xml);
/* Straight commas, nothing quoted: as a UCM writes it. */
void book_leg_csv(const struct book_call *call, int leg, int field_count, struct text *csv);
void book_header_csv(int field_count, struct text *csv);

#endif

/*
 * What the files of cdr/ share; nobody else includes this.
 *
 *     bytes -(inflate)-> bytes -(json, xml, form)-> JSON tree -(records)-> objects -(leg)-> legs
 *                              \-(flat)-> members -----------------------------(leg)-> leg
 *
 * XML and forms become the JSON that a UCM would have sent, so one reader makes all legs. One flat
 * object of texts, which is what a webhook brings, needs no tree.
 */
#ifndef CDR_PARTS_H
#define CDR_PARTS_H

#include "cdr/cdr.h"
#include "core/json.h"
#include "core/text.h"

/* --- utf8.c --- */

/* The length of the well-formed UTF-8 sequence (RFC 3629) at the head of `bytes`; 0 if there is
 * none. */
size_t utf8_sequence_size(const char *bytes, size_t size);
bool utf8_is_valid(const char *bytes, size_t size);
/* Adds `bytes` with U+FFFD for every byte that belongs to no sequence. */
void utf8_repair(const char *bytes, size_t size, struct text *text);
/* The size (1 or 2) of the control character (C0, DEL, C1) at the head of `bytes`, else 0. */
size_t utf8_control_size(const char *bytes, size_t size);

/* --- inflate.c --- */

bool gzip_is(const char *bytes, size_t size);
/* Adds what the gzip file holds to `text`, up to its maximum (ERROR_LIMIT). */
MUST_USE bool gzip_inflate(const char *bytes, size_t size, struct text *text, struct error *error);

/* --- xml.c, form.c: NULL with *error set on failure --- */

/* A list with one object for each record. */
MUST_USE json_t *xml_read(const char *bytes, size_t size, struct error *error);
/* The form's fields as one flat object. *document_out is the text of the field that holds a whole
 * JSON or XML document, or NULL; it lives as long as the object. */
MUST_USE json_t *form_read(const char *bytes, size_t size, const char **document_out,
                           struct error *error);

/* --- flat.c --- */

enum { FLAT_MEMBERS_MAX = 64 };

struct member {
    const char *name; /* Of plain ASCII. */
    const char *text; /* Decoded; both have a NUL behind and none inside. */
    size_t name_size, size;
    bool is_plain; /* The text is ASCII without control characters. */
};

struct flat {
    struct member members[FLAT_MEMBERS_MAX];
    size_t count;
    bool has_space; /* Between the tokens. */
};

/* Read one object whose members are all texts. False: it is not plainly that, which says nothing
 * about whether it is JSON. Names and texts live in `arena`. */
MUST_USE bool flat_read(struct arena *arena, const char *bytes, size_t size, struct flat *flat_out);
/* The text of the member of exactly that name, or NULL. */
const char *flat_text(const struct flat *flat, const char *name);

/* --- records.c --- */

struct record {
    const json_t *object;
    const struct flat *flat; /* Instead of `object`, where it was read so. */
    const char *session;     /* The group's, for a record that has none; may be NULL. */
};

struct records {
    struct record *items;
    size_t count;
    size_t room;
    size_t refused_count;
    char refused_reason[200];
};

void records_clear(struct records *records);
DEFINE_AUTO_CLEAR(records_clear, struct records)
/* Find the records in a document. Borrows from `document`. ERROR_LIMIT past CDR_LEGS_MAX. */
MUST_USE bool records_find(const json_t *document, struct records *records, struct error *error);
void records_refuse(struct records *records, const char *reason);

/* --- leg.c --- */

/* Times as the PBX wrote them (read as UTC), and the UTC instant in the leg's ids; 0 unknown. */
struct leg_times {
    time_ms local_start_at, local_answer_at, local_end_at;
    time_ms epoch_at;
};

/* Is `name` a field of a CDR? */
bool field_is_known(const char *name, size_t size);
/* Make *leg of a record, but for its times. `source` is the record's own JSON where it is at
 * hand, else NULL. ERROR_INVALID: it has no id. ERROR_LIMIT: the arena is full. */
MUST_USE bool leg_read(struct arena *arena, const struct record *record, const char *source,
                       size_t source_size, struct cdr_leg *leg, struct leg_times *times,
                       struct error *error);

/* --- fields.c --- */

/* `object` as cdr_leg.fields_json wants it; from `source`, its JSON, where that is not NULL.
 * NULL when the arena is full. */
const char *fields_json_keep(struct arena *arena, const json_t *object, const char *source,
                             size_t source_size);

/* --- recordings.c --- */

/* Does this caller name look like "[YYYY-MM/]auto-….wav[@]"? One CloudUCM puts the path there. */
bool recording_path_is_likely(const char *text);

/* --- offset.c --- */

/* The UTC instant at the head of a uniqueid or session, 0 when it has none. */
time_ms epoch_of_id(const char *id);
/* Give every leg its offset (its own, else that of its channel, else of a neighbour) and times. */
void times_settle(struct cdr_leg *legs, const struct leg_times *times, size_t count);

#endif

/*
 * See parts.h. One record becomes one leg: a table says where each field goes, everything else is
 * kept in fields_json alone.
 */
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "cdr/parts.h"

/* What a leg is read into: itself, and the fields that do not stay texts. */
struct draft {
    struct cdr_leg leg;
    const char *start, *answer, *end, *duration, *billsec, *recordfiles, *recordfiles_desc;
};

/* Texts for the arena; when it is full they become "", and is_full says so at the end. */
struct shelf {
    struct arena *arena;
    bool is_full;
};

enum field_use {
    USE_CLEAN, /* A copy: trimmed, capped, control characters removed. */
    USE_RAW,   /* As it came, borrowed from the JSON. */
};

struct field {
    const char *name;
    size_t name_size;
    size_t offset;
    enum field_use use;
};

#define FIELD(name, place, use)                                                                    \
    {                                                                                              \
        name, sizeof name - 1, offsetof(struct draft, place), use                                  \
    }

/* In the order in which a UCM writes them, so that the search for the next mostly hits at once. */
static const struct field fields[] = {
    FIELD("AcctId", leg.acct_id, USE_CLEAN),
    FIELD("src", leg.src, USE_CLEAN),
    FIELD("dst", leg.dst, USE_CLEAN),
    FIELD("clid", leg.clid, USE_CLEAN),
    FIELD("channel", leg.channel, USE_CLEAN),
    FIELD("dstchannel", leg.dstchannel, USE_CLEAN),
    FIELD("lastapp", leg.lastapp, USE_CLEAN),
    FIELD("start", start, USE_RAW),
    FIELD("answer", answer, USE_RAW),
    FIELD("end", end, USE_RAW),
    FIELD("duration", duration, USE_RAW),
    FIELD("billsec", billsec, USE_RAW),
    FIELD("disposition", leg.disposition, USE_CLEAN),
    FIELD("uniqueid", leg.uniqueid, USE_CLEAN),
    FIELD("userfield", leg.userfield, USE_CLEAN),
    FIELD("channel_ext", leg.channel_ext, USE_CLEAN),
    FIELD("dstchannel_ext", leg.dstchannel_ext, USE_CLEAN),
    FIELD("caller_name", leg.caller_name, USE_CLEAN),
    FIELD("recordfiles", recordfiles, USE_RAW),
    FIELD("dstanswer", leg.dstanswer, USE_CLEAN),
    FIELD("session", leg.session, USE_CLEAN),
    FIELD("action_owner", leg.action_owner, USE_CLEAN),
    FIELD("action_type", leg.action_type, USE_CLEAN),
    FIELD("src_trunk_name", leg.src_trunk, USE_CLEAN),
    FIELD("dst_trunk_name", leg.dst_trunk, USE_CLEAN),
    FIELD("recordfiles_desc", recordfiles_desc, USE_RAW),
    FIELD("sn", leg.sn, USE_CLEAN),
};

static const char **place_of(struct draft *draft, const struct field *field)
{
    return (const char **)(void *)((char *)draft + field->offset);
}

/* Search from *hint on, once around. XML's and others' spelling may differ in case. */
static const struct field *field_find(const char *name, size_t size, size_t *hint)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        size_t index = (*hint + i) % COUNT_OF(fields);
        if (fields[index].name_size == size && strncasecmp(fields[index].name, name, size) == 0) {
            *hint = index + 1;
            return &fields[index];
        }
    }
    return NULL;
}

bool field_is_known(const char *name, size_t size)
{
    size_t hint = 0;

    return field_find(name, size, &hint) != NULL;
}

/* --- texts --- */

static bool is_trimmed(char c)
{
    return (unsigned char)c <= ' ' || c == '\x7f';
}

static size_t size_capped(const char *text, size_t size)
{
    if (size > CDR_FIELD_SIZE_MAX) {
        size = CDR_FIELD_SIZE_MAX;
        while (size > 0 && ((unsigned char)text[size] & 0xC0) == 0x80) {
            size--;
        }
    }
    return size;
}

static void text_trim(const char **text, size_t *size)
{
    while (*size > 0 && is_trimmed((*text)[0])) {
        (*text)++;
        (*size)--;
    }
    while (*size > 0 && is_trimmed((*text)[*size - 1])) {
        (*size)--;
    }
}

static const char *text_keep(struct shelf *shelf, const char *text, size_t size)
{
    text_trim(&text, &size);
    size = size_capped(text, size);
    text_trim(&text, &size);
    if (size == 0) {
        return "";
    }
    char *copy = arena_try_take(shelf->arena, size + 1);
    if (copy == NULL) {
        shelf->is_full = true;
        return "";
    }
    size_t kept = 0;
    for (size_t i = 0; i < size;) {
        size_t control = utf8_control_size(text + i, size - i);
        if (control == 0) {
            copy[kept++] = text[i++];
        }
        i += control;
    }
    return copy; /* Arena memory is zeroed: the NUL is there. */
}

/* A number is written out, to be read like the text that it should have been. */
static const char *value_text(const json_t *value, char number_out[32], size_t *size_out)
{
    int length = 0;

    if (json_is_string(value)) {
        *size_out = json_string_length(value);
        return json_string_value(value);
    }
    if (json_is_integer(value)) {
        length = snprintf(number_out, 32, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        length = snprintf(number_out, 32, "%.15g", json_real_value(value));
    }
    *size_out = length > 0 ? (size_t)length : 0;
    return number_out;
}

/* `is_lasting`: it lives as long as the leg, and need not be copied if it is clean already. */
static void field_read(struct shelf *shelf, struct draft *draft, const struct field *field,
                       const char *text, size_t size, bool is_lasting)
{
    const char **place = place_of(draft, field);

    if ((*place)[0] == '\0') { /* Else it came in another case: the first that speaks counts. */
        *place = is_lasting ? text : text_keep(shelf, text, size);
    }
}

static void object_read(struct shelf *shelf, const json_t *object, struct draft *draft)
{
    size_t hint = 0;
    const char *name = NULL;
    size_t name_size = 0;
    json_t *value = NULL;

    /* The iteration does not change the object; jansson's macro only wants it writable. */
    json_object_keylen_foreach((json_t *)(uintptr_t)object, name, name_size, value)
    {
        const struct field *field = field_find(name, name_size, &hint);
        if (field != NULL) {
            char number[32] = "";
            size_t size = 0;
            const char *text = value_text(value, number, &size);
            field_read(shelf, draft, field, text, size, field->use == USE_RAW && text != number);
        }
    }
}

static bool is_clean(const struct member *member)
{
    return member->is_plain && member->size <= CDR_FIELD_SIZE_MAX &&
           (member->size == 0 ||
            (!is_trimmed(member->text[0]) && !is_trimmed(member->text[member->size - 1])));
}

static void flat_object_read(struct shelf *shelf, const struct flat *flat, struct draft *draft)
{
    size_t hint = 0;

    for (size_t i = 0; i < flat->count; i++) {
        const struct member *member = &flat->members[i];
        const struct field *field = field_find(member->name, member->name_size, &hint);
        if (field != NULL) {
            field_read(shelf, draft, field, member->text, member->size,
                       field->use == USE_RAW || is_clean(member));
        }
    }
}

static void fields_read(struct shelf *shelf, const struct record *record, struct draft *draft)
{
    for (size_t i = 0; i < COUNT_OF(fields); i++) {
        *place_of(draft, &fields[i]) = "";
    }
    if (record->flat != NULL) {
        flat_object_read(shelf, record->flat, draft);
    } else {
        object_read(shelf, record->object, draft);
    }
}

/* --- what follows from the texts --- */

static int64_t seconds_read(const char *text)
{
    int64_t seconds = 0;

    text += strspn(text, " ");
    size_t digits = strspn(text, "0123456789");
    if (digits == 0 || digits > 9 || text[digits + strspn(text + digits, " ")] != '\0') {
        return -1;
    }
    for (size_t i = 0; i < digits; i++) {
        seconds = seconds * 10 + (text[i] - '0');
    }
    return seconds;
}

static time_ms local_read(const char *text)
{
    char trimmed[20]; /* "YYYY-MM-DD HH:MM:SS" */
    size_t size = strlen(text);
    time_ms at = 0;

    text_trim(&text, &size);
    if (size != sizeof trimmed - 1) {
        return 0;
    }
    memcpy(trimmed, text, size);
    trimmed[size] = '\0';
    return time_parse_naive(trimmed, &at) ? at : 0;
}

static bool is_trunk(const char *trunk, const char *extension)
{
    return trunk[0] != '\0' || strncasecmp(extension, "trunk_", 6) == 0;
}

/* "External" names no direction and 2013's "EXT" is said of extensions: the trunks decide. */
static enum cdr_direction direction_read(const struct cdr_leg *leg)
{
    static const enum cdr_direction stated[] = { CDR_INBOUND, CDR_OUTBOUND, CDR_INTERNAL };

    for (size_t i = 0; i < COUNT_OF(stated); i++) {
        if (strcasecmp(leg->userfield, cdr_direction_name(stated[i])) == 0) {
            return stated[i];
        }
    }
    if (is_trunk(leg->src_trunk, leg->channel_ext)) {
        return CDR_INBOUND;
    }
    if (is_trunk(leg->dst_trunk, leg->dstchannel_ext)) {
        return CDR_OUTBOUND;
    }
    bool has_both_ends = leg->channel_ext[0] != '\0' && leg->dstchannel_ext[0] != '\0';
    return has_both_ends ? CDR_INTERNAL : CDR_UNKNOWN;
}

const char *cdr_direction_name(enum cdr_direction direction)
{
    static const char *const names[] = { [CDR_INBOUND] = "inbound",
                                         [CDR_OUTBOUND] = "outbound",
                                         [CDR_INTERNAL] = "internal",
                                         [CDR_UNKNOWN] = "unknown" };

    return names[direction];
}

const char *cdr_call_key(const struct cdr_leg *leg)
{
    if (leg->session[0] != '\0') {
        return leg->session;
    }
    return leg->uniqueid[0] != '\0' ? leg->uniqueid : leg->acct_id;
}

static bool recordings_read(struct arena *arena, struct draft *draft, struct error *error)
{
    struct cdr_leg *leg = &draft->leg;
    const char *names = draft->recordfiles;
    struct cdr_recordings recordings = { .items = NULL };

    if (names[0] == '\0' && recording_path_is_likely(leg->caller_name)) {
        names = leg->caller_name;
        leg->caller_name = "";
    }
    if (leg->is_fork || names[0] == '\0') {
        return true;
    }
    if (!cdr_recordfiles_parse(arena, names, strlen(names), draft->recordfiles_desc, &recordings,
                               error)) {
        return false;
    }
    leg->recordings = recordings.items;
    leg->recording_count = recordings.count;
    leg->refused_count = recordings.refused_count;
    return true;
}

/* --- the leg --- */

/* Says what the object holds instead; names from outside are cut and kept printable. */
static bool refuse_nameless(const json_t *object, struct error *error)
{
    enum { SHOWN_MAX = 4, NAME_SHOWN_MAX = 24 };
    AUTO(text_clear) struct text names = TEXT_UP_TO(160);
    const char *name = NULL;
    json_t *value = NULL;
    int shown = 0;

    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (shown++ == SHOWN_MAX) {
            break;
        }
        text_add(&names, shown == 1 ? "its fields are '" : "', '");
        for (size_t i = 0; name[i] != '\0' && i < NAME_SHOWN_MAX; i++) {
            text_add_char(&names, name[i] >= ' ' && name[i] < '\x7f' ? name[i] : '?');
        }
    }
    text_add(&names, shown == 0 ? "it has no fields" : shown > SHOWN_MAX ? "', ..." : "'");
    return error_set(error, ERROR_INVALID,
                     "not a CDR: none of AcctId, uniqueid and session is there; %s",
                     text_get(&names));
}

static const char *source_copy(struct arena *arena, const char *source, size_t size)
{
    char *copy = arena_try_take(arena, size + 1);

    return copy != NULL ? memcpy(copy, source, size) : NULL;
}

bool leg_read(struct arena *arena, const struct record *record, const char *source,
              size_t source_size, struct cdr_leg *leg, struct leg_times *times, struct error *error)
{
    struct shelf shelf = { .arena = arena };
    struct draft draft = { .leg = { .acct_id = NULL } };

    fields_read(&shelf, record, &draft);
    if (draft.leg.session[0] == '\0' && record->session != NULL) {
        draft.leg.session = text_keep(&shelf, record->session, strlen(record->session));
    }
    if (cdr_call_key(&draft.leg)[0] == '\0' && !shelf.is_full) {
        return refuse_nameless(record->object, error);
    }
    draft.leg.is_fork = strcasecmp(draft.leg.lastapp, "ForkCDR") == 0;
    if (!recordings_read(arena, &draft, error)) {
        return false;
    }
    draft.leg.direction = direction_read(&draft.leg);
    draft.leg.duration_s = seconds_read(draft.duration);
    draft.leg.talk_s = seconds_read(draft.billsec);
    bool is_compact = record->flat != NULL && !record->flat->has_space;
    draft.leg.fields_json = is_compact
                                ? source_copy(arena, source, source_size)
                                : fields_json_keep(arena, record->object, source, source_size);
    if (shelf.is_full || draft.leg.fields_json == NULL) {
        return error_set(error, ERROR_LIMIT, "no memory left for the fields of a CDR");
    }
    time_ms channel_at = epoch_of_id(draft.leg.uniqueid);
    *times = (struct leg_times){
        .local_start_at = local_read(draft.start),
        .local_answer_at = local_read(draft.answer),
        .local_end_at = local_read(draft.end),
        .epoch_at = channel_at != 0 ? channel_at : epoch_of_id(draft.leg.session),
    };
    *leg = draft.leg;
    return true;
}

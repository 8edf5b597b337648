/*
 * See legs.h.
 *
 * One call has one answered leg, which carries the recordings; before it one leg for each member
 * that rang in vain; after it the ForkCDR copy, if asked for. All share session and uniqueid.
 */
#include "simulator/legs.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "core/random.h"

enum { TALK_S_MAX = 24 * 3600, RING_S_MAX = 3600 };

/* What the legs of one call have in common while it is composed. */
struct draft {
    struct arena *arena;
    const struct book_place *place;
    const struct simulator_call *spec;
    struct leg_counters *counters;
    const char *caller;
    const char *callee;
    const char *action_type;
    const char *filedir;
    const char *uniqueid;
    const char *session;
    const char *source_channel;
    time_ms start_at;
    long ring_s;
    double talk_s;
    bool is_answered;
    struct audio_facts audio[SIMULATOR_RECORDINGS_MAX];
    const char *recordfiles;
    const char *description;
};

static long rounded(double seconds)
{
    return (long)(seconds + 0.5);
}

/* "YYYY-MM-DD HH:MM:SS" in PBX-local time, or its month only: "YYYY-MM". */
static const char *local_print(const struct draft *draft, time_ms at, bool is_month)
{
    char text[32];
    struct tm parts;
    time_t seconds = (time_t)(at / SECOND_MS) + draft->place->utc_offset_minutes * 60L;

    size_t size = strftime(text, sizeof text, is_month ? "%Y-%m" : "%Y-%m-%d %H:%M:%S",
                           gmtime_r(&seconds, &parts));
    return arena_copy(draft->arena, text, size);
}

static bool spec_is_fair(const struct simulator_call *call, struct error *error)
{
    if (call->field_count != 0 && call->field_count != 22 && call->field_count != 32 &&
        call->field_count != 43 && call->field_count != 49) {
        return error_set(error, ERROR_INVALID, "field_count %d is not 22, 32, 43 or 49",
                         call->field_count);
    }
    if (call->ring_s < 0 || call->ring_s > RING_S_MAX || call->talk_s < 0 ||
        call->talk_s > TALK_S_MAX || call->ready_after_ms < 0) {
        return error_set(error, ERROR_INVALID, "a call's duration is out of range");
    }
    if (call->recording_path != NULL &&
        strlen(call->recording_path) >= sizeof((struct simulator_recording *)0)->path) {
        return error_set(error, ERROR_INVALID, "recording_path is too long");
    }
    if (call->second_audio_path != NULL && call->audio_path == NULL) {
        return error_set(error, ERROR_INVALID, "second_audio needs audio");
    }
    return true;
}

static const char *action_type_choose(const struct draft *draft)
{
    const struct simulator_call *call = draft->spec;
    bool is_queue = call->filedir != NULL && strcmp(call->filedir, "queue") == 0;

    if (call->action_type != NULL) {
        return arena_copy_text(draft->arena, call->action_type);
    }
    if (call->group == NULL) {
        return is_queue ? "QUEUE[6500]" : "DIAL";
    }
    return arena_print(draft->arena, "%s[%s]", is_queue ? "QUEUE" : "RINGGROUP", call->group);
}

/* The names of §4.2 of the reference. The second recording begins where the first ends. */
static const char *path_make(const struct draft *draft, int index, double first_s)
{
    const struct simulator_call *call = draft->spec;
    struct arena *arena = draft->arena;
    const char *month = local_print(draft, draft->start_at, true);
    long long epoch = draft->start_at / SECOND_MS;

    if (index == 0 && call->recording_path != NULL) {
        return arena_copy_text(arena, call->recording_path);
    }
    if (index == 1) {
        epoch += draft->ring_s + (long long)first_s;
        return arena_print(arena, "%s/auto-%lld-%s-%s.wav", month, epoch, draft->callee,
                           draft->caller);
    }
    if (strcmp(draft->filedir, "meetme") == 0) {
        return arena_print(arena, "%s/meetme-conf-rec-%s-%lld.%u.wav", month,
                           call->group != NULL ? call->group : draft->callee, epoch,
                           draft->counters->unique);
    }
    if (strncmp(draft->action_type, "RINGGROUP", 9) == 0 && call->group != NULL) {
        return arena_print(arena, "%s/auto-%lld#%s-%s-%s.wav", month, epoch, draft->callee,
                           draft->caller, call->group);
    }
    return arena_print(arena, "%s/auto-%lld-%s-%s.wav", month, epoch, draft->caller,
                       call->group != NULL ? call->group : draft->callee);
}

static struct book_recording *recording_make(const struct draft *draft, int index, double first_s)
{
    struct book_recording *recording = arena_take(draft->arena, sizeof *recording);
    struct simulator_recording *face = &recording->face;
    const struct simulator_call *call = draft->spec;
    const char *path = path_make(draft, index, first_s);
    const char *slash = strrchr(path, '/');

    IGNORE(snprintf(face->path, sizeof face->path, "%s", path), "our own names are short");
    IGNORE(snprintf(face->name, sizeof face->name, "%s", slash != NULL ? slash + 1 : path),
           "no longer than the path");
    IGNORE(snprintf(face->filedir, sizeof face->filedir, "%s", draft->filedir), "checked");
    memcpy(face->sha256, draft->audio[index].sha256, sizeof face->sha256);
    face->bytes = draft->audio[index].bytes;
    recording->seconds = draft->audio[index].seconds;
    recording->audio_path =
        arena_copy_text(draft->arena, index == 0 ? call->audio_path : call->second_audio_path);
    recording->started_at =
        draft->start_at + draft->ring_s * SECOND_MS + (time_ms)(first_s * SECOND_MS);
    recording->ready_at = time_now() + call->ready_after_ms;
    return recording;
}

/* Whom and when: everything that does not depend on the audio. */
static bool draft_begin(struct draft *draft, struct error *error)
{
    const struct simulator_call *call = draft->spec;

    draft->caller = arena_copy_text(draft->arena, call->caller != NULL ? call->caller : "1000");
    draft->callee =
        arena_copy_text(draft->arena, call->callee != NULL ? call->callee : "2815550100");
    draft->action_type = action_type_choose(draft);
    bool is_queue = strstr(draft->action_type, "QUEUE") != NULL;
    draft->filedir = call->filedir != NULL ? arena_copy_text(draft->arena, call->filedir)
                                           : (is_queue ? "queue" : "monitor");
    if (strlen(draft->filedir) >= sizeof((struct simulator_recording *)0)->filedir) {
        return error_set(error, ERROR_INVALID, "filedir '%s' is too long", draft->filedir);
    }
    draft->ring_s = call->ring_s;
    return true;
}

/* When, once it is known for how long. */
static void draft_time(struct draft *draft)
{
    const struct simulator_call *call = draft->spec;
    time_ms length_ms = (draft->ring_s + rounded(draft->talk_s)) * SECOND_MS;
    time_ms shift_ms = draft->place->clock_shift_ms;

    draft->start_at =
        call->started_at != 0 ? call->started_at + shift_ms : draft->place->now - length_ms;
    draft->is_answered =
        call->disposition != NULL ? strcmp(call->disposition, "ANSWERED") == 0 : draft->talk_s > 0;
    draft->uniqueid = arena_print(draft->arena, "%lld.%u", (long long)draft->start_at / SECOND_MS,
                                  draft->counters->unique++);
    /* Epoch seconds, then the microseconds without padding: as real ones look. */
    draft->session = arena_print(draft->arena, "%lld%u-%s", (long long)draft->start_at / SECOND_MS,
                                 random_below(1000000), draft->caller);
    draft->source_channel = arena_print(
        draft->arena, "PJSIP/%s-%08x",
        strcmp(call->direction != NULL ? call->direction : "", "Inbound") == 0 ? "trunk_1"
                                                                               : draft->caller,
        draft->counters->channel++);
}

/* The recordings, and the two fields that name them. Returns how many there are. */
static int draft_record(struct draft *draft, struct book_recording **recordings)
{
    const struct simulator_call *call = draft->spec;
    int count = (call->audio_path != NULL) + (call->second_audio_path != NULL);
    bool is_hidden = call->is_unnamed || call->is_path_in_caller_name;
    AUTO(text_clear) struct text files = TEXT_UP_TO(2048);
    AUTO(text_clear) struct text description = TEXT_UP_TO(2048);
    double done_s = 0;

    for (int i = 0; i < count; i++) {
        recordings[i] = recording_make(draft, i, done_s);
        done_s += recordings[i]->seconds;
        text_print(&files, "%s@", recordings[i]->face.path);
        text_print(&description, "duration=%ld,size=%lluB,start-time=%lld@",
                   rounded(recordings[i]->seconds), (unsigned long long)recordings[i]->face.bytes,
                   (long long)recordings[i]->started_at / SECOND_MS);
    }
    draft->recordfiles = is_hidden ? "" : arena_copy_text(draft->arena, text_get(&files));
    draft->description = call->has_description && !is_hidden
                             ? arena_copy_text(draft->arena, text_get(&description))
                             : "";
    return count;
}

/* The fields that every leg of the call has alike. */
static void leg_common(struct draft *draft, const char **values)
{
    const struct simulator_call *call = draft->spec;
    struct arena *arena = draft->arena;
    const char *name = call->caller_name != NULL ? arena_copy_text(arena, call->caller_name) : "";
    const char *trunk = call->trunk != NULL ? arena_copy_text(arena, call->trunk) : "";
    const char *direction =
        call->direction != NULL ? arena_copy_text(arena, call->direction) : "Internal";
    bool is_inbound = strcmp(direction, "Inbound") == 0;
    bool is_outbound = strcmp(direction, "Outbound") == 0;

    values[FIELD_SRC] = draft->caller;
    values[FIELD_CLID] = arena_print(arena, "\"%s\" <%s>", name, draft->caller);
    values[FIELD_CHANNEL] = draft->source_channel;
    values[FIELD_DCONTEXT] = is_outbound ? "outbound-route-1" : "from-internal";
    values[FIELD_AMAFLAGS] = "DOCUMENTATION";
    values[FIELD_UNIQUEID] = draft->uniqueid;
    values[FIELD_USERFIELD] = direction;
    values[FIELD_CHANNEL_EXT] = is_inbound ? "trunk_1" : draft->caller;
    values[FIELD_SERVICE] = "s";
    values[FIELD_CALLER_NAME] = name;
    values[FIELD_SESSION] = draft->session;
    values[FIELD_ACTION_OWNER] = draft->caller;
    values[FIELD_ACTION_TYPE] = draft->action_type;
    values[FIELD_SRC_TRUNK_NAME] = is_inbound ? trunk : "";
    values[FIELD_DST_TRUNK_NAME] = is_outbound ? trunk : "";
    values[FIELD_NAT_CALL] = values[FIELD_NAT_CALL_PEER] = values[FIELD_VIDEO_CALL] = "no";
    values[FIELD_GDS_CALL] = values[FIELD_GSC_CALL] = "no";
    values[FIELD_NEW_SRC] = draft->caller;
    values[FIELD_SN] = draft->place->serial;
}

static void leg_times(struct draft *draft, struct book_leg *leg, time_ms answer_at)
{
    const char **values = leg->values;

    leg->duration_s = (long)((leg->end_at - leg->start_at) / SECOND_MS);
    values[FIELD_START] = local_print(draft, leg->start_at, false);
    values[FIELD_ANSWER] = answer_at != 0 ? local_print(draft, answer_at, false) : "";
    values[FIELD_END] = local_print(draft, leg->end_at, false);
    values[FIELD_DURATION] = arena_print(draft->arena, "%ld", leg->duration_s);
    values[FIELD_BILLSEC] = arena_print(draft->arena, "%ld", leg->billsec_s);
}

/* One leg to `extension`, answered or not. */
static void leg_fill(struct draft *draft, struct book_leg *leg, const char *extension,
                     bool is_answered)
{
    const struct simulator_call *call = draft->spec;
    struct arena *arena = draft->arena;
    const char **values = leg->values;
    bool is_outbound = call->direction != NULL && strcmp(call->direction, "Outbound") == 0;
    bool is_queue = strstr(draft->action_type, "QUEUE") != NULL;
    const char *far_end = is_outbound ? "trunk_1" : extension;
    time_ms answer_at = draft->start_at + draft->ring_s * SECOND_MS;

    for (int i = 0; i < CDR_FIELD_COUNT; i++) {
        values[i] = "";
    }
    leg_common(draft, values);
    values[FIELD_ACCT_ID] = arena_print(arena, "%lld", draft->counters->acct_id++);
    values[FIELD_DST] = extension;
    values[FIELD_DSTCHANNEL] =
        arena_print(arena, "PJSIP/%s-%08x", far_end, draft->counters->channel++);
    values[FIELD_DSTCHANNEL_EXT] = far_end;
    values[FIELD_LASTAPP] = is_queue ? "Queue" : "Dial";
    values[FIELD_LASTDATA] =
        is_queue ? arena_print(arena, "%s,tTr,,,60", call->group != NULL ? call->group : "6500")
                 : arena_print(arena, is_outbound ? "PJSIP/%s@trunk_1,,TKX" : "PJSIP/%s,60,TKX",
                               extension);
    values[FIELD_DISPOSITION] = is_answered ? "ANSWERED" : "NO ANSWER";
    values[FIELD_DSTANSWER] = is_answered ? extension : "";
    leg->start_at = draft->start_at;
    leg->end_at = answer_at + (is_answered ? rounded(draft->talk_s) * SECOND_MS : 0);
    leg->billsec_s = is_answered ? rounded(draft->talk_s) : 0;
    leg_times(draft, leg, is_answered ? answer_at : 0);
}

/* What only the answered (or only) leg has. */
static void leg_record(struct draft *draft, struct book_leg *leg,
                       struct book_recording *const *recordings)
{
    const struct simulator_call *call = draft->spec;

    leg->values[FIELD_RECORDFILES] = draft->recordfiles;
    leg->values[FIELD_RECORDFILES_DESC] = draft->description;
    if (call->disposition != NULL) {
        leg->values[FIELD_DISPOSITION] = arena_copy_text(draft->arena, call->disposition);
    }
    if (call->is_path_in_caller_name && recordings[0] != NULL) {
        leg->values[FIELD_CALLER_NAME] = arena_print(draft->arena, "%s@", recordings[0]->face.path);
    }
}

static void face_fill(const struct draft *draft, struct book_call *made,
                      struct book_recording *const *recordings, int recording_count)
{
    struct simulator_added *face = &made->face;
    const char *acct_id = made->legs[made->recorded_leg].values[FIELD_ACCT_ID];

    IGNORE(snprintf(face->acct_id, sizeof face->acct_id, "%s", acct_id), "fits");
    IGNORE(snprintf(face->uniqueid, sizeof face->uniqueid, "%s", draft->uniqueid), "fits");
    IGNORE(snprintf(face->session, sizeof face->session, "%s", draft->session), "cut if absurd");
    face->leg_count = made->leg_count;
    face->started_at = draft->start_at;
    face->talk_s = draft->talk_s;
    face->recording_count = recording_count;
    for (int i = 0; i < recording_count; i++) {
        face->recordings[i] = recordings[i]->face;
    }
}

/* The copy ends where the talk begins, and is marked as answered all the same. */
static void leg_fork(struct draft *draft, struct book_leg *leg)
{
    const char **values = leg->values;

    values[FIELD_ACCT_ID] = arena_print(draft->arena, "%lld", draft->counters->acct_id++);
    values[FIELD_LASTAPP] = "ForkCDR";
    values[FIELD_LASTDATA] = values[FIELD_DSTANSWER] = "";
    leg->billsec_s = 0;
    leg->end_at = leg->start_at + draft->ring_s * SECOND_MS;
    leg_times(draft, leg, leg->end_at);
    if (!draft->spec->is_fork_recorded) {
        values[FIELD_RECORDFILES] = values[FIELD_RECORDFILES_DESC] = "";
    }
}

static int member_count(const struct simulator_call *call)
{
    int count = 0;

    while (count < SIMULATOR_MEMBERS_MAX && call->members[count] != NULL) {
        count++;
    }
    return count;
}

static struct book_call *legs_fill(struct draft *draft, struct book_recording *const *recordings)
{
    const struct simulator_call *call = draft->spec;
    int members = member_count(call);
    int leg_count = members + 1 + (call->has_fork ? 1 : 0);
    struct book_call *made =
        arena_take(draft->arena, sizeof *made + (size_t)leg_count * sizeof(struct book_leg));

    made->field_count = call->field_count != 0 ? call->field_count : draft->place->field_count;
    made->leg_count = leg_count;
    made->recorded_leg = members;
    made->is_hidden = call->has_no_cdr;
    for (int i = 0; i < members; i++) {
        struct book_leg *leg = &made->legs[i];
        leg_fill(draft, leg, arena_copy_text(draft->arena, call->members[i]), false);
        leg_times(draft, leg, leg->end_at); /* `answer` is filled on such legs. */
    }
    leg_fill(draft, &made->legs[members], draft->callee, draft->is_answered);
    leg_record(draft, &made->legs[members], recordings);
    if (call->has_fork) {
        made->legs[members + 1] = made->legs[members];
        leg_fork(draft, &made->legs[members + 1]);
    }
    made->summary_dst = call->group != NULL ? arena_copy_text(draft->arena, call->group)
                                            : made->legs[members].values[FIELD_DST];
    return made;
}

struct book_call *book_call_compose(struct arena *arena, const struct book_place *place,
                                    const struct simulator_call *call,
                                    struct leg_counters *counters,
                                    struct book_recording *recordings_out[SIMULATOR_RECORDINGS_MAX],
                                    struct error *error)
{
    struct draft draft = { .arena = arena, .place = place, .spec = call, .counters = counters };

    if (!spec_is_fair(call, error) || !draft_begin(&draft, error)) {
        return NULL;
    }
    if (call->audio_path != NULL &&
        !book_audio_facts_read(call->audio_path, &draft.audio[0], error)) {
        return NULL;
    }
    if (call->second_audio_path != NULL &&
        !book_audio_facts_read(call->second_audio_path, &draft.audio[1], error)) {
        return NULL;
    }
    draft.talk_s =
        call->talk_s > 0 ? call->talk_s : draft.audio[0].seconds + draft.audio[1].seconds;
    draft_time(&draft);
    int recording_count = draft_record(&draft, recordings_out);
    struct book_call *made = legs_fill(&draft, recordings_out);
    face_fill(&draft, made, recordings_out, recording_count);
    return made;
}

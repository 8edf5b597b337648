/* See book.h: storage and look-up. What a call's legs say is written in legs.c. */
#include "simulator/book.h"

#include <string.h>

#include "core/memory.h"
#include "simulator/legs.h"

const char *const book_field_names[CDR_FIELD_COUNT] = {
    [FIELD_ACCT_ID] = "AcctId",
    [FIELD_ACCOUNTCODE] = "accountcode",
    [FIELD_SRC] = "src",
    [FIELD_DST] = "dst",
    [FIELD_DCONTEXT] = "dcontext",
    [FIELD_CLID] = "clid",
    [FIELD_CHANNEL] = "channel",
    [FIELD_DSTCHANNEL] = "dstchannel",
    [FIELD_LASTAPP] = "lastapp",
    [FIELD_LASTDATA] = "lastdata",
    [FIELD_START] = "start",
    [FIELD_ANSWER] = "answer",
    [FIELD_END] = "end",
    [FIELD_DURATION] = "duration",
    [FIELD_BILLSEC] = "billsec",
    [FIELD_DISPOSITION] = "disposition",
    [FIELD_AMAFLAGS] = "amaflags",
    [FIELD_UNIQUEID] = "uniqueid",
    [FIELD_USERFIELD] = "userfield",
    [FIELD_CHANNEL_EXT] = "channel_ext",
    [FIELD_DSTCHANNEL_EXT] = "dstchannel_ext",
    [FIELD_SERVICE] = "service",
    [FIELD_CALLER_NAME] = "caller_name",
    [FIELD_RECORDFILES] = "recordfiles",
    [FIELD_DSTANSWER] = "dstanswer",
    [FIELD_CHANEXT] = "chanext",
    [FIELD_DSTCHANEXT] = "dstchanext",
    [FIELD_SESSION] = "session",
    [FIELD_ACTION_OWNER] = "action_owner",
    [FIELD_ACTION_TYPE] = "action_type",
    [FIELD_SRC_TRUNK_NAME] = "src_trunk_name",
    [FIELD_DST_TRUNK_NAME] = "dst_trunk_name",
    [FIELD_NAT_CALL] = "nat_call",
    [FIELD_NAT_CALL_PEER] = "nat_call_peer",
    [FIELD_VIDEO_CALL] = "video_call",
    [FIELD_GDMS_UNIQUE_CODE] = "gdms_unique_code",
    [FIELD_GDS_CALL] = "gds_call",
    [FIELD_GSC_CALL] = "gsc_call",
    [FIELD_WAVE_SRC_SEQID] = "wave_src_seqid",
    [FIELD_WAVE_DST_SEQID] = "wave_dst_seqid",
    [FIELD_DEVICE_INFO] = "device_info",
    [FIELD_DEVICE_INFO_PEER] = "device_info_peer",
    [FIELD_RECORDFILES_DESC] = "recordfiles_desc",
    [FIELD_ANONYMOUS_CALL] = "anonymous_call",
    [FIELD_REASON] = "reason",
    [FIELD_WAVE_SRC_HIDE] = "wave_src_hide",
    [FIELD_WAVE_DST_HIDE] = "wave_dst_hide",
    [FIELD_NEW_SRC] = "new_src",
    [FIELD_SN] = "sn",
};

struct book {
    struct arena *arena; /* Everything below lives in it, but the two lists. */
    struct book_call **calls;
    int call_count;
    int call_room;
    struct book_recording **recordings;
    int recording_count;
    int recording_room;
    struct leg_counters counters;
};

struct book *book_new(void)
{
    struct book *book = memory_new(sizeof *book);

    book->arena = arena_new(4 * GIB);
    book->counters = (struct leg_counters){ .acct_id = 41, .channel = 0x4a, .unique = 84 };
    return book;
}

void book_free(struct book *book)
{
    if (book != NULL) {
        arena_free(book->arena);
        free(book->calls);
        free(book->recordings);
        free(book);
    }
}

static void *list_grow(void *list, int count, int *room, size_t element_size)
{
    if (count < *room) {
        return list;
    }
    *room = *room == 0 ? 64 : *room * 2;
    return memory_resize(list, (size_t)*room * element_size);
}

bool book_call_add(struct book *book, const struct book_place *place,
                   const struct simulator_call *call, struct simulator_added *added_out,
                   struct error *error)
{
    struct book_recording *recordings[SIMULATOR_RECORDINGS_MAX] = { NULL };

    if (book->call_count >= BOOK_CALLS_MAX) {
        return error_set(error, ERROR_LIMIT, "the simulator holds %d calls", BOOK_CALLS_MAX);
    }
    struct book_call *made =
        book_call_compose(book->arena, place, call, &book->counters, recordings, error);
    if (made == NULL) {
        return false;
    }
    made->face.call = book->call_count;
    book->calls =
        list_grow(book->calls, book->call_count, &book->call_room, sizeof(book->calls[0]));
    book->calls[book->call_count++] = made;
    for (int i = 0; i < made->face.recording_count; i++) {
        book->recordings = list_grow(book->recordings, book->recording_count, &book->recording_room,
                                     sizeof(book->recordings[0]));
        book->recordings[book->recording_count++] = recordings[i];
    }
    *added_out = made->face;
    return true;
}

bool book_call_name(struct book *book, int call)
{
    AUTO(text_clear) struct text files = TEXT_UP_TO(2048);

    if (call < 0 || call >= book->call_count) {
        return false;
    }
    struct book_call *named = book->calls[call];

    named->is_hidden = false;
    for (int i = 0; i < named->face.recording_count; i++) {
        text_print(&files, "%s@", named->face.recordings[i].path);
    }
    named->legs[named->recorded_leg].values[FIELD_RECORDFILES] =
        arena_copy_text(book->arena, text_get(&files));
    return true;
}

int book_call_count(const struct book *book)
{
    return book->call_count;
}

const struct book_call *book_call_get(const struct book *book, int call)
{
    return call >= 0 && call < book->call_count ? book->calls[call] : NULL;
}

int book_recording_count(const struct book *book)
{
    return book->recording_count;
}

struct book_recording *book_recording_get(struct book *book, int recording)
{
    return book->recordings[recording];
}

struct book_recording *book_recording_find(struct book *book, const char *filedir, const char *name,
                                           bool is_whole_path)
{
    for (int i = book->recording_count - 1; i >= 0; i--) {
        struct book_recording *recording = book->recordings[i];
        const char *own = is_whole_path ? recording->face.path : recording->face.name;
        if (strcmp(own, name) == 0 &&
            (filedir == NULL || strcmp(recording->face.filedir, filedir) == 0)) {
            return recording;
        }
    }
    return NULL;
}

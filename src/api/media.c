/* What one listens to and reads: the audio with Range, and the transcript in its formats. */
#include <stdlib.h>
#include <string.h>

#include "api/inside.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/rowid.h"
#include "ledger/reason.h"
#include "speech/transcript.h"

enum { TRANSCRIPT_SIZE_MAX = 64 << 20 };

static const struct {
    const char *container;
    const char *content_type;
} types[] = { { "wav", "audio/wav" },
              { "mp3", "audio/mpeg" },
              { "ogg", "audio/ogg" },
              { "flac", "audio/flac" } };

static const char *type_of(const char *container)
{
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        if (container != NULL && strcmp(types[i].container, container) == 0) {
            return types[i].content_type;
        }
    }
    return "application/octet-stream";
}

/* ?recording=ID among the call's, else the first that `fits`; NULL: answered (404). */
static const struct recording *recording_chosen(struct db *db, struct http_request *request,
                                                const struct call_row *call,
                                                bool (*fits)(const struct recording *))
{
    struct recording *recordings = NULL;
    size_t count = 0;
    struct error error;
    const char *wanted = http_request_query(request, "recording");
    char id[ROW_ID_TEXT_SIZE];

    if (!recording_list(db, http_request_arena(request), call->id, &recordings, &count, &error)) {
        api_failed(request, &error);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        bool is_wanted = wanted == NULL || strcmp(row_id_print(recordings[i].id, id), wanted) == 0;
        if (is_wanted && fits(&recordings[i])) {
            return &recordings[i];
        }
    }
    http_answer_problem(request, 404, "not_found", "there is none for this call yet");
    return NULL;
}

static bool is_stored(const struct recording *recording)
{
    return recording->blob_key != NULL;
}

static bool is_transcribed(const struct recording *recording)
{
    return strcmp(recording->transcript_state, "ready") == 0;
}

/* Better nothing than wrong bytes. The audit looks at the file within seconds, and has it fetched
 * again when it is damaged. */
static void damaged_answer(struct api *api, struct http_request *request,
                           const struct recording *recording, const char *what)
{
    struct error error;
    char id[ROW_ID_TEXT_SIZE];
    const struct reason_info *info = reason_info(REASON_STORAGE_DAMAGED);
    struct db *db = pool_take(&api->pool);

    log_error("recording.damaged", "recording", row_id_print(recording->id, id), "what", what,
              NULL);
    if (!recording_suspect(db, recording->id, &error)) {
        log_warn("recording.not_noted", "error", error.message, NULL);
    }
    pool_give(&api->pool, db);
    http_header_add(request, "Retry-After", "30");
    http_answer_problem(request, 503, info->code, "%s (%s) %s", info->message, what, info->advice);
}

static void recording_answer(struct api *api, struct http_request *request,
                             const struct recording *recording)
{
    int file = -1;
    uint64_t size = 0;
    struct error error;
    char id[ROW_ID_TEXT_SIZE];

    if (!blob_read(api->world->blob, recording->blob_key, &file, &size, &error)) {
        damaged_answer(api, request, recording, error.message);
        return;
    }
    if (recording->stored_bytes >= 0 && size != (uint64_t)recording->stored_bytes) {
        (void)close(file);
        damaged_answer(api, request, recording,
                       arena_print(http_request_arena(request), "%llu bytes, stored were %lld",
                                   (unsigned long long)size, (long long)recording->stored_bytes));
        return;
    }
    if (http_request_query(request, "download") != NULL) {
        http_header_add(request, "Content-Disposition",
                        arena_print(http_request_arena(request),
                                    "attachment; filename=\"recording-%s.%s\"",
                                    row_id_print(recording->id, id),
                                    recording->container != NULL ? recording->container : "bin"));
    }
    http_header_add(request, "Cache-Control", "private, no-store");
    http_answer_file(request, file, size, type_of(recording->container), recording->sha256,
                     recording->stored_at);
}

void calls_recording(struct http_request *request, void *context)
{
    struct api *api = context;
    struct db *db = pool_take(&api->pool);
    struct call_row *call = api_call(api, db, request);
    const struct recording *recording =
        call != NULL ? recording_chosen(db, request, call, is_stored) : NULL;

    pool_give(&api->pool, db);
    if (recording != NULL) {
        recording_answer(api, request, recording);
    }
}

static void transcript_answer(struct http_request *request, const struct recording *recording,
                              const char *content, enum transcript_format format)
{
    struct transcript transcript;
    struct error error;
    char id[ROW_ID_TEXT_SIZE];
    AUTO(text_clear) struct text text = TEXT_UP_TO(TRANSCRIPT_SIZE_MAX);
    AUTO(json_release) json_t *json = json_read(content, strlen(content), &error);

    if (json == NULL ||
        !transcript_from_json(http_request_arena(request), json, &transcript, &error)) {
        api_failed(request, &error);
        return;
    }
    transcript_print(&transcript, format, &text);
    http_header_add(request, "X-Recording-Id", row_id_print(recording->id, id));
    http_answer(request, 200, transcript_format_type(format), text_get(&text), text.size);
}

void calls_transcript(struct http_request *request, void *context)
{
    struct api *api = context;
    const char *name = http_request_query(request, "format");
    const char *content = NULL;
    enum transcript_format format = TRANSCRIPT_JSON;
    struct error error;

    if (name != NULL && !transcript_format_parse(name, &format)) {
        http_answer_problem(request, 400, "bad_parameter", "'format' is json, txt, srt or vtt");
        return;
    }
    struct db *db = pool_take(&api->pool);
    struct call_row *call = api_call(api, db, request);
    const struct recording *recording =
        call != NULL ? recording_chosen(db, request, call, is_transcribed) : NULL;
    bool is_read = recording == NULL ||
                   transcript_get(db, http_request_arena(request), recording->id, &content, &error);
    pool_give(&api->pool, db);
    if (!is_read) {
        api_failed(request, &error);
    } else if (content != NULL) {
        transcript_answer(request, recording, content, format);
    }
}

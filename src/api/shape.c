/* How the contract writes things: one function per shape, used by every route that shows it. */
#include <string.h>

#include "api/inside.h"
#include "core/rowid.h"
#include "ledger/reason.h"

json_t *shape_time(time_ms at)
{
    char text[TIME_TEXT_SIZE];

    return at > 0 ? json_string(time_print(at, text)) : json_null();
}

json_t *shape_number(int64_t number)
{
    return number >= 0 ? json_integer(number) : json_null();
}

json_t *shape_text(const char *text)
{
    return text != NULL ? json_string(text) : json_null();
}

static json_t *shape_reason(const struct recording *recording)
{
    if (recording->reason == NULL) {
        return json_null();
    }
    const struct reason_info *info = reason_info(reason_from_code(recording->reason));
    return json_pack("{s:s, s:s, s:s, s:s, s:s?}", "code", recording->reason, "message",
                     info->message, "owner", reason_owner_code(info->owner), "advice", info->advice,
                     "detail", recording->detail);
}

static json_t *shape_stored(const struct recording *recording)
{
    if (recording->blob_key == NULL) {
        return json_null();
    }
    return json_pack(
        "{s:o, s:o, s:s, s:o, s:s?, s:s?, s:s?}", "bytes", shape_number(recording->stored_bytes),
        "seconds",
        recording->stored_seconds >= 0 ? json_real(recording->stored_seconds) : json_null(),
        "sha256", recording->sha256, "at", shape_time(recording->stored_at), "container",
        recording->container, "found_path", recording->found_path, "rung", recording->rung);
}

json_t *shape_recording(const struct recording *recording)
{
    char id[ROW_ID_TEXT_SIZE];
    int64_t seconds =
        recording->expected_seconds >= 0 ? recording->expected_seconds : recording->talk_s;

    return json_pack(
        "{s:s, s:s, s:s, s:o, s:{s:o, s:o}, s:o, s:I, s:o, s:s}", "id",
        row_id_print(recording->id, id), "pbx_path", recording->path, "state", recording->state,
        "reason", shape_reason(recording), "expected", "bytes",
        shape_number(recording->expected_bytes), "seconds", shape_number(seconds), "stored",
        shape_stored(recording), "attempts", (json_int_t)recording->attempt_count, "next_try_at",
        shape_time(recording->next_try_at), "transcript_state", recording->transcript_state);
}

/* The worst of several tells the state of the call: what is missing is what one has to look at. */
static const char *worst_state(const struct recording *recordings, size_t count)
{
    static const char *const order[] = { RECORDING_MISSING, RECORDING_WAITING, RECORDING_FETCHING,
                                         RECORDING_STORED };

    for (size_t i = 0; i < COUNT_OF(order); i++) {
        for (size_t j = 0; j < count; j++) {
            if (strcmp(recordings[j].state, order[i]) == 0) {
                return order[i];
            }
        }
    }
    return "not_expected";
}

static const char *best_transcript(const struct recording *recordings, size_t count)
{
    static const char *const order[] = { "running", "waiting", "ready", "failed" };

    for (size_t i = 0; i < COUNT_OF(order); i++) {
        for (size_t j = 0; j < count; j++) {
            if (strcmp(recordings[j].transcript_state, order[i]) == 0) {
                return order[i];
            }
        }
    }
    return "none";
}

json_t *shape_summary(const struct call_row *call, const struct recording *recordings,
                      size_t recording_count)
{
    char id[ROW_ID_TEXT_SIZE];
    json_t *list = json_array();
    bool has_name = call->caller_name != NULL && call->caller_name[0] != '\0';

    for (size_t i = 0; i < recording_count; i++) {
        IGNORE(json_array_append_new(list, shape_recording(&recordings[i])), "memory never fails");
    }
    return json_pack(
        "{s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:s, s:o, s:s,"
        " s:s}",
        "id", row_id_print(call->id, id), "tenant", call->tenant, "session",
        call->session != NULL ? call->session : "", "direction", call->direction, "from",
        call->from != NULL ? call->from : "", "to", call->to != NULL ? call->to : "", "caller_name",
        shape_text(has_name ? call->caller_name : NULL), "started_at", shape_time(call->started_at),
        "answered_at", shape_time(call->answered_at), "ended_at", shape_time(call->ended_at),
        "duration_s", shape_number(call->duration_s), "talk_s", shape_number(call->talk_s),
        "disposition", call->disposition != NULL ? call->disposition : "", "recordings", list,
        "recording_state", worst_state(recordings, recording_count), "transcript_state",
        best_transcript(recordings, recording_count));
}

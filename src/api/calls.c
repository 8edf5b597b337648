/* The list of calls, one call whole, its attempts, and a person's retry. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/inside.h"
#include "cdr/cdr.h"
#include "core/encode.h"
#include "core/json.h"
#include "core/rowid.h"
#include "store/tenants.h"

enum { LIMIT_DEFAULT = 50, LIMIT_MAX = 200, QUERY_SIZE_MAX = 200 };

struct call_row *api_call(struct api *api, struct db *db, struct http_request *request)
{
    const struct visitor *visitor = http_request_user(request);
    struct call_row *call = NULL;
    int64_t id = 0;
    struct error error;

    (void)api;
    if (row_id_parse(http_request_parameter(request, "id"), &id) &&
        !call_find(db, http_request_arena(request), visitor->tenant_id, id, &call, &error)) {
        api_failed(request, &error);
        return NULL;
    }
    if (call == NULL) {
        http_answer_problem(request, 404, "not_found", "there is no such call");
    }
    return call;
}

/* ---- The list ---- */

/* "STARTED_AT-ID" of the last row shown, both in hex. */
static bool cursor_read(const char *text, struct call_filter *filter)
{
    char copy[2 * ROW_ID_TEXT_SIZE];

    if (strlen(text) != 2 * (ROW_ID_TEXT_SIZE - 1) + 1 || text[ROW_ID_TEXT_SIZE - 1] != '-') {
        return false;
    }
    memcpy(copy, text, sizeof copy);
    copy[ROW_ID_TEXT_SIZE - 1] = '\0';
    return row_id_parse(copy, &filter->before_at) &&
           row_id_parse(copy + ROW_ID_TEXT_SIZE, &filter->before_id);
}

static json_t *cursor_make(struct arena *arena, const struct call_row *last)
{
    char at[ROW_ID_TEXT_SIZE];
    char id[ROW_ID_TEXT_SIZE];

    return json_string(arena_print(arena, "%s-%s", row_id_print(last->started_at, at),
                                   row_id_print(last->id, id)));
}

/* An optional query text; false (answered) when it is too long. Empty counts as absent. */
static bool query_text(struct http_request *request, const char *name, const char **text_out)
{
    const char *text = http_request_query(request, name);

    *text_out = text != NULL && text[0] != '\0' ? text : NULL;
    if (text != NULL && strlen(text) > QUERY_SIZE_MAX) {
        http_answer_problem(request, 400, "bad_parameter", "'%s' is longer than %d characters",
                            name, QUERY_SIZE_MAX);
        return false;
    }
    return true;
}

bool api_query_time(struct http_request *request, const char *name, time_ms *at_out)
{
    const char *text = http_request_query(request, name);

    if (text != NULL && text[0] != '\0' && !time_parse(text, at_out)) {
        http_answer_problem(request, 400, "bad_parameter",
                            "'%s' is no instant: write 2026-02-05T21:20:41Z or 2026-02-05", name);
        return false;
    }
    return true;
}

static bool filter_read(struct http_request *request, struct call_filter *filter)
{
    const char *limit = http_request_query(request, "limit");
    const char *cursor = http_request_query(request, "cursor");
    char *end = NULL;

    filter->limit = limit != NULL && limit[0] != '\0' ? strtol(limit, &end, 10) : LIMIT_DEFAULT;
    if (filter->limit < 1 || filter->limit > LIMIT_MAX || (end != NULL && *end != '\0')) {
        http_answer_problem(request, 400, "bad_parameter", "'limit' goes from 1 to %d", LIMIT_MAX);
        return false;
    }
    if (cursor != NULL && cursor[0] != '\0' && !cursor_read(cursor, filter)) {
        http_answer_problem(request, 400, "bad_parameter", "'cursor' is none of ours");
        return false;
    }
    return query_text(request, "q", &filter->text) &&
           query_text(request, "number", &filter->number) &&
           query_text(request, "direction", &filter->direction) &&
           query_text(request, "recording", &filter->recording) &&
           api_query_time(request, "from", &filter->from_at) &&
           api_query_time(request, "to", &filter->to_at);
}

static json_t *page_make(struct db *db, struct arena *arena, const struct call_filter *filter,
                         struct error *error)
{
    struct call_row *calls = NULL;
    size_t count = 0;
    AUTO(json_release) json_t *list = json_array();

    if (!call_list(db, arena, filter, &calls, &count, error)) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        struct recording *recordings = NULL;
        size_t recording_count = 0;
        if (!recording_list(db, arena, calls[i].id, &recordings, &recording_count, error)) {
            return NULL;
        }
        IGNORE(json_array_append_new(list, shape_summary(&calls[i], recordings, recording_count)),
               "memory never fails");
    }
    bool has_more = count == (size_t)filter->limit;
    json_t *cursor = has_more ? cursor_make(arena, &calls[count - 1]) : json_null();
    return json_pack("{s:O, s:o}", "calls", list, "next_cursor", cursor);
}

void calls_list(struct http_request *request, void *context)
{
    struct api *api = context;
    struct call_filter filter = { 0 };
    struct error error;

    if (!filter_read(request, &filter)) {
        return;
    }
    struct db *db = pool_take(&api->pool);
    if (api_tenant(api, db, request, &filter.tenant_id)) {
        json_t *page = page_make(db, http_request_arena(request), &filter, &error);
        if (page != NULL) {
            http_answer_json(request, 200, page);
        } else {
            api_failed(request, &error);
        }
    }
    pool_give(&api->pool, db);
}

/* ---- One call ---- */

/* The leg as the PBX wrote it, plus our reading of it. */
static json_t *shape_leg(struct arena *arena, const struct leg_row *row)
{
    struct cdr_batch batch = { 0 };
    struct error error;
    const void *body = row->fields != NULL ? row->fields : row->body;
    size_t size = row->fields != NULL ? strlen(row->fields) : row->body_size;
    json_t *json = json_read(body, size, &error);

    if (!json_is_object(json)) {
        json_decref(json);
        json = json_object();
    }
    IGNORE(json_object_set_new(json, "acct_id", json_string(row->acct_id)), "memory never fails");
    IGNORE(json_object_set_new(json, "uniqueid", json_string(row->uniqueid)), "memory never fails");
    if (cdr_parse(arena, "application/json", NULL, body, size, &batch, &error) &&
        batch.leg_count == 1) {
        const struct cdr_leg *leg = &batch.legs[0];
        IGNORE(json_object_update_new(json,
                                      json_pack("{s:s, s:s, s:o, s:o, s:o}", "src", leg->src, "dst",
                                                leg->dst, "started_at", shape_time(leg->started_at),
                                                "duration_s", shape_number(leg->duration_s),
                                                "talk_s", shape_number(leg->talk_s))),
               "memory never fails");
    }
    return json;
}

static json_t *legs_make(struct db *db, struct arena *arena, int64_t call_id, struct error *error)
{
    struct leg_row *legs = NULL;
    size_t count = 0;
    json_t *list = json_array();

    if (!leg_list(db, arena, call_id, &legs, &count, error)) {
        json_decref(list);
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        IGNORE(json_array_append_new(list, shape_leg(arena, &legs[i])), "memory never fails");
    }
    return list;
}

static void timeline_add(json_t *list, time_ms at, const char *stage, const char *event,
                         const char *detail)
{
    IGNORE(json_array_append_new(list, json_pack("{s:o, s:s, s:s, s:s?}", "at", shape_time(at),
                                                 "stage", stage, "event", event, "detail", detail)),
           "memory never fails");
}

static json_t *timeline_make(struct db *db, struct arena *arena, int64_t call_id,
                             struct error *error)
{
    struct event_row *events = NULL;
    size_t count = 0;
    time_ms first_at = 0;
    int64_t webhook_count = 0;
    json_t *list = json_array();

    if (!call_webhooks(db, call_id, &first_at, &webhook_count, error) ||
        !event_list(db, arena, call_id, &events, &count, error)) {
        json_decref(list);
        return NULL;
    }
    if (webhook_count > 0) {
        timeline_add(list, first_at, "webhook", "received",
                     arena_print(arena, "%lld webhook%s brought the legs of this call",
                                 (long long)webhook_count, webhook_count == 1 ? "" : "s"));
    }
    for (size_t i = 0; i < count; i++) {
        timeline_add(list, events[i].at, events[i].stage, events[i].event, events[i].detail);
    }
    return list;
}

/* The recording whose transcript is shown: the one with a transcript, else the first. */
static const struct recording *recording_spoken(const struct recording *recordings, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(recordings[i].transcript_state, "ready") == 0) {
            return &recordings[i];
        }
    }
    return count > 0 ? &recordings[0] : NULL;
}

static json_t *transcript_make(struct db *db, struct arena *arena,
                               const struct recording *recording, struct error *error)
{
    const char *content = NULL;
    char id[ROW_ID_TEXT_SIZE];
    json_t *json = NULL;

    if (recording != NULL && !transcript_get(db, arena, recording->id, &content, error)) {
        return NULL;
    }
    if (content != NULL) {
        json = json_read(content, strlen(content), error);
    }
    if (json == NULL) {
        json = json_pack("{s:n, s:n, s:n, s:[]}", "engine", "model", "language", "segments");
    }
    const char *state = recording != NULL ? recording->transcript_state : "none";
    IGNORE(json_object_set_new(json, "state", json_string(state)), "memory never fails");
    IGNORE(json_object_set_new(json, "recording_id",
                               recording != NULL ? json_string(row_id_print(recording->id, id))
                                                 : json_null()),
           "memory never fails");
    return json;
}

/* The contract's names for what talk metrics cannot tell of one track, and the sum over the sides.
 */
static json_t *shape_talk(json_t *taken_talk)
{
    json_int_t interruptions = 0;
    json_t *sides = json_object_get(taken_talk, "sides");
    bool is_known = json_is_null(json_object_get(taken_talk, "not_known"));

    for (size_t i = 0; i < json_array_size(sides); i++) {
        interruptions +=
            json_integer_value(json_object_get(json_array_get(sides, i), "interruptions"));
    }
    IGNORE(json_object_set_new(taken_talk, "interruptions",
                               is_known ? json_integer(interruptions) : json_null()),
           "memory never fails");
    IGNORE(json_object_set(taken_talk, "reason", json_object_get(taken_talk, "not_known")),
           "memory never fails");
    return taken_talk;
}

static json_t *insight_make(struct db *db, struct arena *arena, const struct recording *recording,
                            struct error *error)
{
    const char *content = NULL;

    if (recording != NULL && !insight_get(db, arena, recording->id, "talk", &content, error)) {
        return NULL;
    }
    json_t *talk = content != NULL ? json_read(content, strlen(content), error) : NULL;
    return json_pack("{s:s, s:o}", "state", recording != NULL ? recording->insight_state : "none",
                     "talk", talk != NULL ? shape_talk(talk) : json_null());
}

/* Set a member that may have failed to be made. */
static bool member_set(json_t *object, const char *name, json_t *taken_value)
{
    return taken_value != NULL && json_object_set_new(object, name, taken_value) == 0;
}

static json_t *call_make(struct db *db, struct arena *arena, const struct call_row *call,
                         struct error *error)
{
    struct recording *recordings = NULL;
    size_t count = 0;

    if (!recording_list(db, arena, call->id, &recordings, &count, error)) {
        return NULL;
    }
    const struct recording *spoken = recording_spoken(recordings, count);
    json_t *json = shape_summary(call, recordings, count);
    if (member_set(json, "legs", legs_make(db, arena, call->id, error)) &&
        member_set(json, "transcript", transcript_make(db, arena, spoken, error)) &&
        member_set(json, "insight", insight_make(db, arena, spoken, error)) &&
        member_set(json, "timeline", timeline_make(db, arena, call->id, error))) {
        return json;
    }
    json_decref(json);
    return NULL;
}

void calls_show(struct http_request *request, void *context)
{
    struct api *api = context;
    struct error error;
    struct db *db = pool_take(&api->pool);
    struct call_row *call = api_call(api, db, request);

    if (call != NULL) {
        json_t *json = call_make(db, http_request_arena(request), call, &error);
        if (json != NULL) {
            http_answer_json(request, 200, json);
        } else {
            api_failed(request, &error);
        }
    }
    pool_give(&api->pool, db);
}

/* ---- Attempts and retry ---- */

static json_t *shape_attempt(const struct attempt_row *attempt)
{
    char id[ROW_ID_TEXT_SIZE];
    char recording[ROW_ID_TEXT_SIZE];
    bool has_reason = attempt->reason != NULL && attempt->reason[0] != '\0';

    return json_pack(
        "{s:s, s:s, s:o, s:s?, s:s?, s:s?, s:s?, s:o, s:s?, s:o, s:o, s:s?, s:s?, s:o, s:I, s:s?}",
        "id", row_id_print(attempt->id, id), "recording_id",
        row_id_print(attempt->recording_id, recording), "at", shape_time(attempt->at), "purpose",
        attempt->purpose, "method", attempt->method, "url", attempt->url, "request",
        attempt->request, "http_status",
        attempt->http_status > 0 ? json_integer(attempt->http_status) : json_null(), "content_type",
        attempt->content_type, "content_length", shape_number(attempt->content_length), "bytes",
        shape_number(attempt->bytes), "first_bytes", attempt->first_bytes, "verdict",
        attempt->verdict, "reason", shape_text(has_reason ? attempt->reason : NULL), "duration_ms",
        (json_int_t)attempt->duration_ms, "tls_pin", attempt->tls_pin);
}

void calls_attempts(struct http_request *request, void *context)
{
    struct api *api = context;
    struct attempt_row *attempts = NULL;
    size_t count = 0;
    struct error error;
    struct db *db = pool_take(&api->pool);
    struct call_row *call = api_call(api, db, request);

    if (call != NULL) {
        if (attempt_list(db, http_request_arena(request), call->id, &attempts, &count, &error)) {
            json_t *list = json_array();
            for (size_t i = 0; i < count; i++) {
                IGNORE(json_array_append_new(list, shape_attempt(&attempts[i])),
                       "memory never fails");
            }
            http_answer_json(request, 200, json_pack("{s:o}", "attempts", list));
        } else {
            api_failed(request, &error);
        }
    }
    pool_give(&api->pool, db);
}

static bool recordings_retry(struct db *db, struct arena *arena, const struct call_row *call,
                             int *retried_out, struct error *error)
{
    struct pbx_row *pbx = NULL;

    return pbx_row_find(db, arena, call->pbx_id, &pbx, error) &&
           (pbx == NULL || recording_retry_call(db, arena, call->id, pbx->fetch_lane_id, time_now(),
                                                retried_out, error));
}

void calls_retry(struct http_request *request, void *context)
{
    struct api *api = context;
    struct error error;
    int retried = 0;
    struct db *db = pool_take(&api->pool);
    struct call_row *call = api_call(api, db, request);

    if (call != NULL) {
        if (db_begin(db, &error) &&
            recordings_retry(db, http_request_arena(request), call, &retried, &error) &&
            db_commit(db, &error)) {
            http_answer_json(request, 202, json_pack("{s:i}", "retried", retried));
        } else {
            db_rollback(db);
            api_failed(request, &error);
        }
    }
    pool_give(&api->pool, db);
}

/* The ledger's figures, trying many recordings again, and the webhooks that could not be read. */
#include <string.h>

#include "api/figures.h"
#include "api/inside.h"
#include "core/json.h"
#include "core/rowid.h"
#include "core/text.h"
#include "ledger/reason.h"
#include "store/retry.h"

void collection_show(struct http_request *request, void *context)
{
    struct api *api = context;
    time_ms from_at = 0;
    time_ms to_at = 0;
    int64_t tenant_id = 0;
    struct error error;

    if (!api_query_time(request, "from", &from_at) || !api_query_time(request, "to", &to_at)) {
        return;
    }
    struct db *db = pool_take(&api->pool);
    if (api_tenant(api, db, request, &tenant_id)) {
        json_t *json = figures_make(db, http_request_arena(request), tenant_id, from_at, to_at,
                                    time_now(), &error);
        if (json != NULL) {
            http_answer_json(request, 200, json);
        } else {
            api_failed(request, &error);
        }
    }
    pool_give(&api->pool, db);
}

/* ---- Trying many again ---- */

static void reason_refuse(struct http_request *request, const char *code)
{
    AUTO(text_clear) struct text codes = TEXT_UP_TO(8 * KIB);

    for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
        text_add_char(&codes, ' ');
        text_add(&codes, reason_info((enum reason)i)->code);
    }
    http_answer_problem(request, 400, "unknown_reason", "there is no reason '%.64s'; there are:%s",
                        code, text_get(&codes));
}

/* An optional text of the body; false (answered) when it is something else. */
static bool body_text(struct http_request *request, const json_t *json, const char *name,
                      const char **text_out)
{
    const json_t *value = json_object_get(json, name);

    if (value != NULL && !json_is_null(value) && !json_is_string(value)) {
        http_answer_problem(request, 400, "bad_parameter", "'%s' is a text or null", name);
        return false;
    }
    *text_out = json_string_value(value);
    return true;
}

static bool body_time(struct http_request *request, const json_t *json, const char *name,
                      time_ms *at_out)
{
    const char *text = NULL;

    if (!body_text(request, json, name, &text)) {
        return false;
    }
    if (text != NULL && !time_parse(text, at_out)) {
        http_answer_problem(request, 400, "bad_parameter",
                            "'%s' is no instant: write 2026-02-05T21:20:41Z or 2026-02-05", name);
        return false;
    }
    return true;
}

/* Texts are borrowed from `json`. False: answered. */
static bool retry_read(struct http_request *request, const json_t *json,
                       struct retry_filter *filter)
{
    if (!json_is_object(json)) {
        http_answer_problem(request, 400, "bad_body",
                            "send a JSON object: {\"reason\":…,\"from\":…,\"to\":…,\"pbx\":…}, "
                            "each of them optional; {} means all");
        return false;
    }
    if (!body_text(request, json, "reason", &filter->reason) ||
        !body_text(request, json, "pbx", &filter->pbx) ||
        !body_time(request, json, "from", &filter->from_at) ||
        !body_time(request, json, "to", &filter->to_at)) {
        return false;
    }
    if (filter->reason != NULL && reason_from_code(filter->reason) == REASON_NONE) {
        reason_refuse(request, filter->reason);
        return false;
    }
    return true;
}

void recordings_retry_many(struct http_request *request, void *context)
{
    struct api *api = context;
    struct retry_filter filter = { 0 };
    struct retry_counts counts = { 0 };
    struct error error;
    size_t size = 0;
    const char *body = http_request_body(request, &size);
    AUTO(json_release) json_t *json = json_read(body, size, &error);

    if (!retry_read(request, json, &filter)) {
        return;
    }
    struct db *db = pool_take(&api->pool);
    if (api_tenant(api, db, request, &filter.tenant_id)) {
        if (recordings_retry(db, &filter, time_now(), &counts, &error)) {
            http_answer_json(request, 202,
                             json_pack("{s:I, s:I}", "retried", (json_int_t)counts.retried,
                                       "waiting_for_pbx", (json_int_t)counts.waiting_for_pbx));
        } else {
            api_failed(request, &error);
        }
    }
    pool_give(&api->pool, db);
}

/* ---- Quarantine ---- */

/* Whatever it is, as text that a page can show: what is not printable ASCII becomes a dot. */
static const char *preview_make(struct arena *arena, const struct quarantine_row *row)
{
    char *preview = arena_copy(arena, row->preview, row->preview_size);

    for (size_t i = 0; i < row->preview_size; i++) {
        if (preview[i] < 0x20 || preview[i] > 0x7e) {
            preview[i] = '.';
        }
    }
    return preview;
}

void quarantine_show(struct http_request *request, void *context)
{
    struct api *api = context;
    struct arena *arena = http_request_arena(request);
    struct quarantine_row *rows = NULL;
    size_t count = 0;
    int64_t tenant_id = 0;
    struct error error;
    char id[ROW_ID_TEXT_SIZE];
    struct db *db = pool_take(&api->pool);

    if (api_tenant(api, db, request, &tenant_id)) {
        if (quarantine_list(db, arena, tenant_id, &rows, &count, &error)) {
            json_t *list = json_array();
            for (size_t i = 0; i < count; i++) {
                IGNORE(
                    json_array_append_new(
                        list, json_pack("{s:s, s:o, s:s, s:s?, s:I, s:s, s:s}", "id",
                                        row_id_print(rows[i].id, id), "received_at",
                                        shape_time(rows[i].received_at), "tenant", rows[i].tenant,
                                        "content_type", rows[i].content_type, "bytes",
                                        (json_int_t)rows[i].size, "reason", rows[i].reason,
                                        "preview", preview_make(arena, &rows[i]))),
                    "memory never fails");
            }
            http_answer_json(request, 200, json_pack("{s:o}", "webhooks", list));
        } else {
            api_failed(request, &error);
        }
    }
    pool_give(&api->pool, db);
}

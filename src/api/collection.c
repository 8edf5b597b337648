/* The ledger's figures, and the webhooks that could not be read. */
#include <string.h>

#include "api/figures.h"
#include "api/inside.h"
#include "core/rowid.h"
#include "core/text.h"

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

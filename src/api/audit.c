/* What the last audit checked and found. */
#include <string.h>

#include "api/inside.h"
#include "core/json.h"
#include "store/audit.h"

void audit_show(struct http_request *request, void *context)
{
    struct api *api = context;
    struct audit_result *result = NULL;
    int64_t tenant_id = 0;
    struct error error;
    const char *named = http_request_query(request, "tenant");
    const struct visitor *visitor = http_request_user(request);
    struct db *db = pool_take(&api->pool);
    /* An operator who names no tenant is shown the server's, also where there is one tenant only.
     */
    bool is_all = visitor->tenant_id == 0 && (named == NULL || named[0] == '\0');

    if (is_all || api_tenant(api, db, request, &tenant_id)) {
        if (!audit_result_last(db, http_request_arena(request), tenant_id, &result, &error)) {
            api_failed(request, &error);
        } else if (result == NULL) {
            http_answer_json(request, 200,
                             json_pack("{s:n, s:n, s:b, s:n, s:i, s:i, s:[]}", "started_at",
                                       "ended_at", "has_hashes", 0, "checked", "violation_count", 0,
                                       "healed_count", 0, "violations"));
        } else {
            http_answer(request, 200, "application/json", result->content, strlen(result->content));
        }
    }
    pool_give(&api->pool, db);
}

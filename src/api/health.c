/* Is it well? And what is the contract? Both without a login, both without a secret. */
#include <string.h>

#include "api/inside.h"
#include "api/openapi.h"
#include "store/processes.h"

enum { STORAGE_FRESH_MS = 10 * SECOND_MS, ROLE_SILENT_MS = 45 * SECOND_MS };

/* A write and a read cost an fsync: not more often than every ten seconds, however often one asks.
 */
static bool storage_is_fine(struct api *api)
{
    struct error error;
    int64_t now_ms = time_monotonic_ms();

    (void)pthread_mutex_lock(&api->health_lock);
    if (api->storage_checked_at_ms == 0 || now_ms - api->storage_checked_at_ms > STORAGE_FRESH_MS) {
        api->is_storage_fine = blob_check(api->world->blob, &error);
        api->storage_checked_at_ms = now_ms;
    }
    bool is_fine = api->is_storage_fine;
    (void)pthread_mutex_unlock(&api->health_lock);
    return is_fine;
}

static const char *role_state(struct db *db, const char *role)
{
    time_ms seen_at = 0;
    struct error error;

    if (!process_seen(db, role, &seen_at, &error)) {
        return "unknown";
    }
    if (seen_at == 0) {
        return "not running";
    }
    return time_now() - seen_at < ROLE_SILENT_MS ? "ok" : "silent";
}

void health_show(struct http_request *request, void *context)
{
    static const char SQL[] = "SELECT count(*) FROM setting";
    struct api *api = context;
    int64_t count = 0;
    struct error error;
    json_t *components = json_object();
    struct db *db = pool_take(&api->pool);
    bool is_database_fine =
        db_run_number(db, SQL, DB_NO_VALUES, 0, &count, &error) && !api_is_broken(api);
    bool is_storage_fine = storage_is_fine(api);

    IGNORE(json_object_set_new(components, "database",
                               json_string(is_database_fine ? "connected" : "failed")),
           "memory never fails");
    IGNORE(
        json_object_set_new(components, "storage", json_string(is_storage_fine ? "ok" : "failed")),
        "memory never fails");
    for (size_t i = 0; api->roles[i] != NULL; i++) {
        IGNORE(json_object_set_new(components, api->roles[i],
                                   json_string(role_state(db, api->roles[i]))),
               "memory never fails");
    }
    pool_give(&api->pool, db);
    bool is_healthy = is_database_fine && is_storage_fine;
    http_answer_json(request, is_healthy ? 200 : 503,
                     json_pack("{s:s, s:s, s:o}", "status", is_healthy ? "healthy" : "unhealthy",
                               "version", AUDIAPRO_VERSION, "components", components));
}

void openapi_show(struct http_request *request, void *context)
{
    (void)context;
    http_header_add(request, "Cache-Control", "public, max-age=300");
    http_answer(request, 200, "application/json", openapi_json,
                (size_t)(openapi_json_end - openapi_json));
}

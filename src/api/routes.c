/* THE table of routes: what there is, who may call it, and how much they may send. And the server's
 * life. */
#include <stdlib.h>
#include <string.h>

#include "api/inside.h"
#include "core/memory.h"

#define HOOK_BODY_MAX (1 * MIB)
#define HOOK "/api/webhook/cdr/{subdomain}"

static const struct http_route routes[] = {
    { "POST", HOOK, ROLE_WEBHOOK, HOOK_BODY_MAX, hooks_receive },
    { "POST", HOOK "/{secret}", ROLE_WEBHOOK, HOOK_BODY_MAX, hooks_receive },
    { "GET", HOOK, ROLE_WEBHOOK, 0, hooks_probe },
    { "GET", HOOK "/{secret}", ROLE_WEBHOOK, 0, hooks_probe },
    { "GET", "/api/health", ROLE_NOBODY, 0, health_show },
    { "GET", "/api/openapi.json", ROLE_NOBODY, 0, openapi_show },
    { "POST", "/api/auth/login", ROLE_NOBODY, 8 * KIB, session_login },
    { "POST", "/api/auth/logout", ROLE_VIEWER, 8 * KIB, session_logout },
    { "GET", "/api/auth/me", ROLE_VIEWER, 0, session_me },
    { "GET", "/api/calls", ROLE_VIEWER, 0, calls_list },
    { "GET", "/api/calls/{id}", ROLE_VIEWER, 0, calls_show },
    { "GET", "/api/calls/{id}/recording", ROLE_VIEWER, 0, calls_recording },
    { "GET", "/api/calls/{id}/transcript", ROLE_VIEWER, 0, calls_transcript },
    { "GET", "/api/calls/{id}/attempts", ROLE_VIEWER, 0, calls_attempts },
    { "POST", "/api/calls/{id}/retry", ROLE_MANAGER, 8 * KIB, calls_retry },
    { "POST", "/api/recordings/retry", ROLE_MANAGER, 8 * KIB, recordings_retry_many },
    { "GET", "/api/collection", ROLE_VIEWER, 0, collection_show },
    { "GET", "/api/audit", ROLE_MANAGER, 0, audit_show },
    { "GET", "/api/quarantine", ROLE_MANAGER, 0, quarantine_show },
    { "POST", "/api/admin/test-ucm-connection", ROLE_MANAGER, 8 * KIB, doctor_examine_now },
    { "GET", "/api/admin/doctor-report", ROLE_MANAGER, 0, doctor_report_show },
    { "GET", "/api/alarms", ROLE_MANAGER, 0, alarms_list },
    { "GET", "/api/alarm-targets", ROLE_MANAGER, 0, targets_list },
    { "POST", "/api/alarm-targets", ROLE_MANAGER, 8 * KIB, targets_add },
    { "DELETE", "/api/alarm-targets/{id}", ROLE_MANAGER, 8 * KIB, targets_remove },
    { "POST", "/api/alarm-targets/{id}/test", ROLE_MANAGER, 8 * KIB, targets_test },
    { "GET", "/api/alarm-targets/{id}/deliveries", ROLE_MANAGER, 0, targets_deliveries },
    { "GET", "/api/events", ROLE_VIEWER, 0, events_stream },
};

static struct http_prepared *answer_prepare(const char *text)
{
    return http_prepared_new(200, "application/json", text, strlen(text));
}

static bool api_open(struct api *api, const struct api_options *options, struct error *error)
{
    struct http_options http = {
        .listen = options->listen,
        .threads = options->threads,
        .routes = routes,
        .route_count = COUNT_OF(routes),
        .admit = api_admit,
        .context = api,
        .assets = options->assets,
        .asset_count = options->asset_count,
        .events = api->events,
        .connection_count_max = 2048,
    };

    return pool_open(&api->pool, api->world->database_url, error) &&
           directory_open(api->world, &api->directory, error) &&
           intake_start(api->world, &api->intake, error) && live_start(api, &api->live, error) &&
           http_server_start(&http, &api->server, error);
}

bool api_start(const struct world *world, const struct api_options *options, struct api **api_out,
               struct error *error)
{
    struct api *api = memory_new(sizeof *api);

    api->world = world;
    api->roles = options->roles;
    memcpy(api->csrf_key, options->csrf_key, sizeof api->csrf_key);
    IGNORE(pthread_mutex_init(&api->health_lock, NULL), "cannot fail with these attributes");
    api->throttle = throttle_new();
    api->wards = wards_new(api);
    api->events = http_events_new(1000);
    api->accepted = answer_prepare("{\"status\":\"accepted\",\"legs\":1}");
    api->duplicate = answer_prepare("{\"status\":\"duplicate\",\"legs\":0}");
    api->probe = answer_prepare("{\"status\":\"probe\",\"legs\":0}");
    if (!api_open(api, options, error)) {
        api_stop(api);
        return false;
    }
    *api_out = api;
    return true;
}

int api_port(const struct api *api)
{
    return http_server_port(api->server);
}

bool api_is_broken(struct api *api)
{
    return intake_is_broken(api->intake);
}

void api_stop(struct api *api)
{
    if (api == NULL) {
        return;
    }
    wards_hurry(api->wards);
    http_server_stop(api->server); /* Waits for suspended webhooks, so intake goes after it. */
    intake_stop(api->intake);
    live_stop(api->live);
    wards_free(api->wards);
    directory_close(api->directory);
    pool_close(&api->pool);
    throttle_free(api->throttle);
    http_events_free(api->events);
    http_prepared_free(api->accepted);
    http_prepared_free(api->duplicate);
    http_prepared_free(api->probe);
    (void)pthread_mutex_destroy(&api->health_lock);
    secret_wipe(api->csrf_key, sizeof api->csrf_key);
    free(api);
}

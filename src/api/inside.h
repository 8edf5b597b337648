/* What the files of api/ share. Included by api/ only. */
#ifndef API_INSIDE_H
#define API_INSIDE_H

#include <pthread.h>

#include "api/api.h"
#include "auth/key.h"
#include "auth/role.h"
#include "auth/throttle.h"
#include "jobs/directory.h"
#include "jobs/intake.h"
#include "store/accounts.h"
#include "store/calls.h"
#include "store/recordings.h"

enum { POOL_SIZE = 8 };

/* Connections for handlers: borrowed for one request, given back. */
struct pool {
    pthread_mutex_t lock;
    pthread_cond_t returned;
    struct db *free[POOL_SIZE];
    size_t free_count;
};
MUST_USE bool pool_open(struct pool *pool, const char *url, struct error *error);
void pool_close(struct pool *pool);
struct db *pool_take(struct pool *pool);
void pool_give(struct pool *pool, struct db *db);

struct live;  /* live.c */
struct wards; /* doctor.c */

struct api {
    const struct world *world;
    struct http_server *server;
    struct http_events *events;
    struct pool pool;
    struct directory *directory;
    struct intake *intake;
    struct throttle *throttle;
    struct live *live;
    struct wards *wards;
    const char *const *roles;
    uint8_t csrf_key[KEY_SIZE];
    struct http_prepared *accepted; /* One leg, new: by far the most frequent answer. */
    struct http_prepared *duplicate;
    struct http_prepared *probe;
    pthread_mutex_t health_lock;
    int64_t storage_checked_at_ms; /* monotonic */
    bool is_storage_fine;
};

/* Who asks. Set by admission for every route that needs somebody. */
struct visitor {
    enum role role;
    int64_t tenant_id; /* 0: all tenants */
    const char *tenant;
    int64_t account_id;
    const char *email;
    const char *session_token; /* NULL: came with an API token, so CSRF does not apply. */
};

/* Before the body is read: may this request come in? Answers itself when not. */
bool api_admit(struct http_request *request, const struct http_route *route, void *context);

/* Which tenant the visitor looks at: its own; or, for an operator, ?tenant=, or 0 for all. False:
 * answered. */
MUST_USE bool api_tenant(struct api *api, struct db *db, struct http_request *request,
                         int64_t *tenant_id_out);
/* {id} as a call that the visitor may see. NULL: answered (404). */
struct call_row *api_call(struct api *api, struct db *db, struct http_request *request);
/* An optional instant of the query, left alone when absent or empty. False: answered (400). */
MUST_USE bool api_query_time(struct http_request *request, const char *name, time_ms *at_out);
/* The database failed: 503, and a line in the log. */
void api_failed(struct http_request *request, const struct error *error);

/* Instants and unknowns as the contract writes them. */
json_t *shape_time(time_ms at);       /* null for 0 */
json_t *shape_number(int64_t number); /* null for negative ones */
json_t *shape_text(const char *text); /* null for NULL */
json_t *shape_summary(const struct call_row *call, const struct recording *recordings,
                      size_t recording_count);
json_t *shape_recording(const struct recording *recording);

/* live.c: tells listeners what happened, as it happens. */
MUST_USE bool live_start(struct api *api, struct live **live_out, struct error *error);
void live_stop(struct live *live);

/* doctor.c: examinations of PBXs, each on a thread of its own, and the last result of each. */
struct wards *wards_new(struct api *api);
/* Asks what runs to end. Before http_server_stop(), which waits for it. */
void wards_hurry(struct wards *wards);
/* After http_server_stop(). NULL is fine. */
void wards_free(struct wards *wards);

/* Handlers, by file. */
void hooks_probe(struct http_request *request, void *context);
void hooks_receive(struct http_request *request, void *context);
void session_login(struct http_request *request, void *context);
void session_logout(struct http_request *request, void *context);
void session_me(struct http_request *request, void *context);
void calls_list(struct http_request *request, void *context);
void calls_show(struct http_request *request, void *context);
void calls_attempts(struct http_request *request, void *context);
void calls_retry(struct http_request *request, void *context);
void calls_recording(struct http_request *request, void *context);
void calls_transcript(struct http_request *request, void *context);
void recordings_retry_many(struct http_request *request, void *context);
void collection_show(struct http_request *request, void *context);
void audit_show(struct http_request *request, void *context);
void quarantine_show(struct http_request *request, void *context);
void doctor_examine_now(struct http_request *request, void *context);
void doctor_report_show(struct http_request *request, void *context);
void alarms_list(struct http_request *request, void *context);
void targets_list(struct http_request *request, void *context);
void targets_add(struct http_request *request, void *context);
void targets_remove(struct http_request *request, void *context);
void targets_test(struct http_request *request, void *context);
void targets_deliveries(struct http_request *request, void *context);
void events_stream(struct http_request *request, void *context);
void health_show(struct http_request *request, void *context);
void openapi_show(struct http_request *request, void *context);

#endif

/* Alarms, the targets that are told of them, and what became of each message. A tenant's people see
 * their own tenant's; what is the server's, and targets that hear all, are for operators. */
#include <string.h>

#include "api/inside.h"
#include "core/json.h"
#include "core/log.h"
#include "core/rowid.h"
#include "jobs/notify.h"

/* The tenant that the visitor looks at; 0 for an operator who names none: all, and the server. Not
 * api_tenant(): a lone tenant is not the server. False: answered. */
static bool tenant_read(struct db *db, struct http_request *request, int64_t *tenant_id_out)
{
    static const char SQL[] = "SELECT id FROM tenant WHERE subdomain = $1";
    const struct visitor *visitor = http_request_user(request);
    const char *subdomain = http_request_query(request, "tenant");
    struct error error;

    *tenant_id_out = visitor->tenant_id;
    if (visitor->tenant_id != 0 || subdomain == NULL || subdomain[0] == '\0') {
        return true;
    }
    if (!db_run_number(db, SQL, DB_VALUES(DB_TEXT(subdomain)), 0, tenant_id_out, &error)) {
        api_failed(request, &error);
        return false;
    }
    if (*tenant_id_out == 0) {
        http_answer_problem(request, 404, "unknown_tenant", "there is no such tenant");
        return false;
    }
    return true;
}

/* {id} as a target that the visitor may see. NULL: answered. */
static struct target_row *target_of(struct db *db, struct http_request *request)
{
    const struct visitor *visitor = http_request_user(request);
    struct target_row *target = NULL;
    int64_t id = 0;
    struct error error;

    if (row_id_parse(http_request_parameter(request, "id"), &id) &&
        !target_find(db, http_request_arena(request), visitor->tenant_id, id, &target, &error)) {
        api_failed(request, &error);
        return NULL;
    }
    if (target == NULL) {
        http_answer_problem(request, 404, "unknown_target", "there is no such target");
    }
    return target;
}

/* ---- Alarms ---- */

static void alarms_answer(struct db *db, struct http_request *request, int64_t tenant_id,
                          bool is_all)
{
    struct alarm_row *alarms = NULL;
    size_t count = 0;
    struct error error;

    if (!alarm_list(db, http_request_arena(request), tenant_id, is_all, &alarms, &count, &error)) {
        api_failed(request, &error);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        IGNORE(json_array_append_new(list, alarm_json(&alarms[i])), "memory never fails");
    }
    http_answer_json(request, 200, json_pack("{s:o}", "alarms", list));
}

void alarms_list(struct http_request *request, void *context)
{
    struct api *api = context;
    const char *state = http_request_query(request, "state");
    bool is_all = state != NULL && strcmp(state, "all") == 0;
    int64_t tenant_id = 0;

    if (state != NULL && state[0] != '\0' && !is_all && strcmp(state, "raised") != 0) {
        http_answer_problem(request, 400, "bad_request", "'state' is raised or all");
        return;
    }
    struct db *db = pool_take(&api->pool);
    if (tenant_read(db, request, &tenant_id)) {
        alarms_answer(db, request, tenant_id, is_all);
    }
    pool_give(&api->pool, db);
}

/* ---- Targets ---- */

static void targets_answer(struct db *db, struct http_request *request, int64_t tenant_id)
{
    struct target_row *targets = NULL;
    size_t count = 0;
    struct error error;

    if (!target_list(db, http_request_arena(request), tenant_id, &targets, &count, &error)) {
        api_failed(request, &error);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        IGNORE(json_array_append_new(list, target_json(&targets[i])), "memory never fails");
    }
    http_answer_json(request, 200, json_pack("{s:o}", "targets", list));
}

void targets_list(struct http_request *request, void *context)
{
    struct api *api = context;
    int64_t tenant_id = 0;
    struct db *db = pool_take(&api->pool);

    if (tenant_read(db, request, &tenant_id)) {
        targets_answer(db, request, tenant_id);
    }
    pool_give(&api->pool, db);
}

static void target_make(struct api *api, struct db *db, struct http_request *request,
                        struct target_row *wanted)
{
    char secret[NOTICE_SECRET_SIZE] = "";
    struct target_row *target = NULL;
    struct error error;

    if (!notify_target_add(db, api->world, wanted, secret, &error)) {
        bool is_wish = error.kind == ERROR_INVALID || error.kind == ERROR_LIMIT;
        if (is_wish) {
            http_answer_problem(request, 422, "bad_target", "%s", error.message);
        } else {
            api_failed(request, &error);
        }
        return;
    }
    if (!target_find(db, http_request_arena(request), 0, wanted->id, &target, &error) ||
        target == NULL) {
        http_answer_problem(request, 503, "unavailable", "the target was added; list it again");
        return;
    }
    json_t *answer = target_json(target);
    IGNORE(json_object_set_new(answer, "secret",
                               secret[0] != '\0' ? json_string(secret) : json_null()),
           "memory never fails");
    secret_wipe(secret, sizeof secret);
    http_header_add(request, "Cache-Control", "no-store");
    http_answer_json(request, 201, answer);
}

void targets_add(struct http_request *request, void *context)
{
    struct api *api = context;
    size_t size = 0;
    struct error error;
    const char *body = http_request_body(request, &size);
    AUTO(json_release) json_t *json = json_read(body, size, &error);
    struct target_row wanted = { .kind = json_text(json, "kind", NULL),
                                 .address = json_text(json, "address", NULL) };

    if (wanted.kind == NULL || wanted.address == NULL) {
        http_answer_problem(request, 400, "bad_request",
                            "send {\"kind\":\"webhook\",\"address\":\"https://…\"} or "
                            "{\"kind\":\"email\",\"address\":\"…\"} as JSON");
        return;
    }
    struct db *db = pool_take(&api->pool);
    if (tenant_read(db, request, &wanted.tenant_id)) {
        target_make(api, db, request, &wanted);
    }
    pool_give(&api->pool, db);
}

void targets_remove(struct http_request *request, void *context)
{
    struct api *api = context;
    struct error error = { 0 };
    struct db *db = pool_take(&api->pool);
    struct target_row *target = target_of(db, request);

    if (target != NULL) {
        if (db_begin(db, &error) && target_remove(db, target->id, &error) &&
            db_commit(db, &error)) {
            http_answer(request, 204, NULL, NULL, 0);
        } else {
            db_rollback(db);
            api_failed(request, &error);
        }
    }
    pool_give(&api->pool, db);
}

static void test_failed(struct http_request *request, const struct error *error)
{
    if (error->kind == ERROR_LIMIT) {
        http_answer_problem(request, 429, "too_many_waiting", "%s", error->message);
    } else {
        api_failed(request, error);
    }
}

void targets_test(struct http_request *request, void *context)
{
    struct api *api = context;
    struct error error = { 0 };
    char text[ROW_ID_TEXT_SIZE];
    int64_t id = 0;
    struct db *db = pool_take(&api->pool);
    struct target_row *target = target_of(db, request);

    if (target != NULL) {
        if (db_begin(db, &error) &&
            notify_test(db, http_request_arena(request), target, time_now(), &id, &error) &&
            db_commit(db, &error)) {
            http_answer_json(request, 202, json_pack("{s:s}", "delivery", row_id_print(id, text)));
        } else {
            db_rollback(db);
            test_failed(request, &error);
        }
    }
    pool_give(&api->pool, db);
}

static void deliveries_answer(struct db *db, struct http_request *request, int64_t target_id)
{
    struct arena *arena = http_request_arena(request);
    struct delivery_row *deliveries = NULL;
    struct delivery_try *tries = NULL;
    size_t count = 0;
    size_t try_count = 0;
    struct error error;

    if (!delivery_list(db, arena, target_id, &deliveries, &count, &error) ||
        !delivery_tries(db, arena, target_id, &tries, &try_count, &error)) {
        api_failed(request, &error);
        return;
    }
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        IGNORE(json_array_append_new(list, delivery_json(&deliveries[i], tries, try_count)),
               "memory never fails");
    }
    http_answer_json(request, 200, json_pack("{s:o}", "deliveries", list));
}

void targets_deliveries(struct http_request *request, void *context)
{
    struct api *api = context;
    struct db *db = pool_take(&api->pool);
    struct target_row *target = target_of(db, request);

    if (target != NULL) {
        deliveries_answer(db, request, target->id);
    }
    pool_give(&api->pool, db);
}

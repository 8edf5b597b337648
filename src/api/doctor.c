/*
 * The doctor over HTTP. An examination may take a minute: the request is parked, a thread of its
 * own examines, tells each step to those who listen to /api/events, and answers. One examination
 * per PBX at a time, WARDS_MAX at once over all; the last result of each PBX is kept, for its
 * report.
 */
#include "doctor/doctor.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/inside.h"
#include "core/json.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/rowid.h"

enum {
    WARDS_MAX = 8,  /* Examinations at once: each holds a thread and a connection. */
    KEPT_MAX = 200, /* Results of so many PBXs; the oldest goes. */
    RUN_SIZE = 65,  /* The client's name for it, and a NUL. */
    RECORDING_MAX = 300,
};
#define REPORT_SIZE_MAX (8 * MIB)

/* The result of one PBX's last examination. */
struct kept {
    int64_t pbx_id;
    struct arena *arena;
    struct doctor_result *result;
};

struct wards {
    struct api *api;
    pthread_mutex_t lock;
    pthread_cond_t ended;
    int64_t running[WARDS_MAX]; /* PBXs under examination. */
    size_t running_count;
    struct kept kept[KEPT_MAX];
    size_t kept_count;
    atomic_bool is_hurried;
};

/* One examination. */
struct ward {
    struct wards *wards;
    struct http_request *request;
    int64_t tenant_id;
    int64_t pbx_id;
    char run[RUN_SIZE];
    char recording[RECORDING_MAX];
    bool wants_report;
    enum doctor_format format;
    struct arena *arena; /* Of the result; NULL once it is kept. */
};

struct wards *wards_new(struct api *api)
{
    struct wards *wards = memory_new(sizeof *wards);

    wards->api = api;
    IGNORE(pthread_mutex_init(&wards->lock, NULL), "cannot fail with these attributes");
    IGNORE(pthread_cond_init(&wards->ended, NULL), "cannot fail with these attributes");
    return wards;
}

void wards_hurry(struct wards *wards)
{
    wards->is_hurried = true;
}

void wards_free(struct wards *wards)
{
    if (wards == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&wards->lock);
    while (wards->running_count > 0) {
        (void)pthread_cond_wait(&wards->ended, &wards->lock);
    }
    (void)pthread_mutex_unlock(&wards->lock);
    for (size_t i = 0; i < wards->kept_count; i++) {
        arena_free(wards->kept[i].arena);
    }
    (void)pthread_cond_destroy(&wards->ended);
    (void)pthread_mutex_destroy(&wards->lock);
    free(wards);
}

/* ---- Who is examined, and what was found last ---- */

enum entry { ENTRY_TAKEN, ENTRY_BUSY, ENTRY_FULL };

static enum entry ward_enter(struct wards *wards, int64_t pbx_id)
{
    enum entry entry = ENTRY_TAKEN;

    (void)pthread_mutex_lock(&wards->lock);
    for (size_t i = 0; i < wards->running_count; i++) {
        entry = wards->running[i] == pbx_id ? ENTRY_BUSY : entry;
    }
    if (entry == ENTRY_TAKEN && wards->running_count == WARDS_MAX) {
        entry = ENTRY_FULL;
    }
    if (entry == ENTRY_TAKEN) {
        wards->running[wards->running_count++] = pbx_id;
    }
    (void)pthread_mutex_unlock(&wards->lock);
    return entry;
}

static void ward_leave(struct wards *wards, int64_t pbx_id)
{
    (void)pthread_mutex_lock(&wards->lock);
    for (size_t i = 0; i < wards->running_count; i++) {
        if (wards->running[i] == pbx_id) {
            wards->running[i] = wards->running[--wards->running_count];
            break;
        }
    }
    (void)pthread_cond_broadcast(&wards->ended);
    (void)pthread_mutex_unlock(&wards->lock);
}

/* Takes the arena over. */
static void result_keep(struct wards *wards, int64_t pbx_id, struct arena *taken_arena,
                        struct doctor_result *result)
{
    struct arena *old = NULL;
    size_t at = 0;

    (void)pthread_mutex_lock(&wards->lock);
    while (at < wards->kept_count && wards->kept[at].pbx_id != pbx_id) {
        at++;
    }
    if (at == KEPT_MAX) {
        at = 0;
        for (size_t i = 1; i < KEPT_MAX; i++) {
            at = wards->kept[i].result->at < wards->kept[at].result->at ? i : at;
        }
    }
    if (at < wards->kept_count) {
        old = wards->kept[at].arena;
    } else {
        wards->kept_count++;
    }
    wards->kept[at] = (struct kept){ .pbx_id = pbx_id, .arena = taken_arena, .result = result };
    (void)pthread_mutex_unlock(&wards->lock);
    arena_free(old);
}

/* ---- The report ---- */

static const struct {
    const char *name;
    enum doctor_format format;
    const char *content_type;
    const char *disposition;
} formats[] = {
    { "html", DOCTOR_HTML, "text/html; charset=utf-8",
      "attachment; filename=\"audiapro-doctor.html\"" },
    { "md", DOCTOR_MARKDOWN, "text/markdown; charset=utf-8",
      "attachment; filename=\"audiapro-doctor.md\"" },
};

static const struct tenant *tenant_of(struct db *db, struct arena *arena, int64_t tenant_id,
                                      struct error *error)
{
    struct tenant *tenants = NULL;
    size_t count = 0;

    if (!tenant_list(db, arena, &tenants, &count, error)) {
        return NULL;
    }
    for (size_t i = 0; i < count; i++) {
        if (tenants[i].id == tenant_id) {
            return &tenants[i];
        }
    }
    IGNORE(error_set(error, ERROR_NOT_FOUND, "the tenant is gone"), "the caller says it");
    return NULL;
}

static void report_answer(struct http_request *request, const struct doctor_result *result,
                          struct db *db, const struct tenant *tenant, enum doctor_format format)
{
    AUTO(text_clear) struct text text = TEXT_UP_TO(REPORT_SIZE_MAX);
    AUTO(arena_free) struct arena *arena = arena_new(DOCTOR_ARENA_SIZE);
    struct error error = { 0 };

    if (!doctor_report(result, db, tenant, format, arena, &text, &error)) {
        api_failed(request, &error);
        return;
    }
    http_header_add(request, "Content-Disposition", formats[format].disposition);
    http_answer(request, 200, formats[format].content_type, text_get(&text), text.size);
}

/* Of what was found last; false: nothing was. The lock is held meanwhile: reports are rare. */
static bool report_of_kept(struct wards *wards, struct http_request *request, struct db *db,
                           const struct tenant *tenant, int64_t pbx_id, enum doctor_format format)
{
    bool is_found = false;

    (void)pthread_mutex_lock(&wards->lock);
    for (size_t i = 0; i < wards->kept_count && !is_found; i++) {
        is_found = wards->kept[i].pbx_id == pbx_id;
        if (is_found) {
            report_answer(request, wards->kept[i].result, db, tenant, format);
        }
    }
    (void)pthread_mutex_unlock(&wards->lock);
    return is_found;
}

/* ---- An examination, on its thread ---- */

static bool is_hurried(void *context)
{
    const struct ward *ward = context;

    return ward->wards->is_hurried;
}

/* To the tenant's own listeners, and to operators. */
static void step_tell(void *context, const struct doctor_step *step)
{
    const struct ward *ward = context;
    struct http_events *events = ward->wards->api->events;
    char tenant[ROW_ID_TEXT_SIZE];
    json_t *json = json_pack("{s:s, s:o}", "run", ward->run, "step", doctor_step_json(step));
    AUTO(free) char *text = json_dumps(json, JSON_COMPACT);

    json_decref(json);
    http_events_send(events, row_id_print(ward->tenant_id, tenant), "doctor", text);
    http_events_send(events, "all", "doctor", text);
}

static json_t *answer_make(const struct ward *ward, const struct doctor_result *result)
{
    json_t *json = doctor_result_json(result);

    json_object_set_new(json, "run", json_string(ward->run));
    return json;
}

static bool ward_examine(struct ward *ward, struct db *db, struct error *error)
{
    struct pbx_row *pbx = NULL;
    const struct tenant *tenant = tenant_of(db, ward->arena, ward->tenant_id, error);

    if (tenant == NULL || !pbx_row_find(db, ward->arena, ward->pbx_id, &pbx, error)) {
        return false;
    }
    struct doctor_result *result = arena_take(ward->arena, sizeof *result);
    struct doctor_request request = {
        .world = ward->wards->api->world,
        .db = db,
        .tenant = tenant,
        .pbx = pbx,
        .recording = ward->recording[0] != '\0' ? ward->recording : NULL,
        .finished = step_tell,
        .should_stop = is_hurried,
        .context = ward,
    };
    doctor_examine(&request, ward->arena, result);
    log_info("doctor.examined", "tenant", tenant->subdomain, "root_cause",
             result->root >= 0 ? reason_info(result->steps[result->root].reason)->code : "none",
             NULL);
    if (ward->wants_report) {
        report_answer(ward->request, result, db, tenant, ward->format);
    } else {
        http_answer_json(ward->request, 200, answer_make(ward, result));
    }
    if (!ward->wards->is_hurried) {
        result_keep(ward->wards, ward->pbx_id, TAKE(ward->arena), result);
    }
    return true;
}

static void *ward_run(void *argument)
{
    struct ward *ward = argument;
    struct wards *wards = ward->wards;
    int64_t pbx_id = ward->pbx_id;
    struct error error = { 0 };
    AUTO(db_close) struct db *db = NULL;

    if (!db_open(wards->api->world->database_url, 10000, &db, &error) ||
        !ward_examine(ward, db, &error)) {
        api_failed(ward->request, &error);
    }
    struct http_request *request = ward->request;
    arena_free(ward->arena);
    free(ward);
    db_close(TAKE(db));
    ward_leave(wards, pbx_id); /* Before the client knows, so that it may ask again at once. */
    http_resume(request);
    return NULL;
}

/* Parks the request and starts the thread; or answers why not. */
static void ward_start(struct ward *taken_ward)
{
    struct ward *ward = taken_ward;
    struct http_request *request = ward->request;
    struct wards *wards = ward->wards;
    enum entry entry = ward_enter(wards, ward->pbx_id);
    pthread_attr_t detached;
    pthread_t thread;

    if (entry != ENTRY_TAKEN) {
        http_header_add(request, "Retry-After", "10");
        http_answer_problem(request, entry == ENTRY_BUSY ? 409 : 503,
                            entry == ENTRY_BUSY ? "examination_running" : "too_many_examinations",
                            entry == ENTRY_BUSY
                                ? "this PBX is being examined; its steps come as events"
                                : "other PBXs are being examined; try again in a moment");
        free(ward);
        return;
    }
    ward->arena = arena_new(DOCTOR_ARENA_SIZE);
    int64_t pbx_id = ward->pbx_id;
    http_suspend(request);
    IGNORE(pthread_attr_init(&detached), "cannot fail here");
    IGNORE(pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED), "a valid state");
    bool is_started = pthread_create(&thread, &detached, ward_run, ward) == 0;
    IGNORE(pthread_attr_destroy(&detached), "cannot fail here");
    if (!is_started) {
        http_answer_problem(request, 503, "unavailable", "no thread for the examination");
        arena_free(ward->arena);
        free(ward);
        http_resume(request);
        ward_leave(wards, pbx_id);
    }
}

/* ---- Handlers ---- */

/* The tenant's PBX: the first, as everywhere. False: answered. */
static bool pbx_chosen(struct api *api, struct db *db, struct http_request *request,
                       int64_t *tenant_id_out, int64_t *pbx_id_out)
{
    struct pbx_row *rows = NULL;
    size_t count = 0;
    struct error error;

    if (!api_tenant(api, db, request, tenant_id_out)) {
        return false;
    }
    if (*tenant_id_out == 0) {
        http_answer_problem(request, 400, "tenant_needed",
                            "there are several tenants: say which, by ?tenant=");
        return false;
    }
    if (!pbx_row_list(db, http_request_arena(request), *tenant_id_out, &rows, &count, &error)) {
        api_failed(request, &error);
        return false;
    }
    if (count == 0) {
        http_answer_problem(request, 404, "not_found", "this tenant has no PBX");
        return false;
    }
    *pbx_id_out = rows[0].id;
    return true;
}

static bool run_is_fit(const char *run)
{
    size_t size = strlen(run);

    return size < RUN_SIZE &&
           strspn(run, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-") == size;
}

/* {"recording","run"}, both optional. False: answered. */
static bool body_read(struct http_request *request, struct ward *ward)
{
    size_t size = 0;
    const char *body = http_request_body(request, &size);
    struct error error;
    AUTO(json_release) json_t *json = size > 0 ? json_read(body, size, &error) : json_object();
    const char *run = json_text(json, "run", "");
    const char *recording = json_text(json, "recording", "");

    if (!json_is_object(json) || !run_is_fit(run) || strlen(recording) >= RECORDING_MAX) {
        http_answer_problem(request, 400, "bad_request",
                            "the body is {\"recording\": a path of at most 299 bytes, \"run\": up "
                            "to 64 of letters, digits and '-'}, both optional");
        return false;
    }
    memcpy(ward->run, run, strlen(run) + 1);
    memcpy(ward->recording, recording, strlen(recording) + 1);
    return true;
}

void doctor_examine_now(struct http_request *request, void *context)
{
    struct api *api = context;
    struct ward *ward = memory_new(sizeof *ward);

    ward->wards = api->wards;
    ward->request = request;
    struct db *db = pool_take(&api->pool);
    bool is_chosen =
        body_read(request, ward) && pbx_chosen(api, db, request, &ward->tenant_id, &ward->pbx_id);
    pool_give(&api->pool, db);
    if (is_chosen) {
        ward_start(ward);
    } else {
        free(ward);
    }
}

static bool format_read(struct http_request *request, enum doctor_format *format_out)
{
    const char *wanted = http_request_query(request, "format");

    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        if (wanted == NULL || strcmp(formats[i].name, wanted) == 0) {
            *format_out = formats[i].format;
            return true;
        }
    }
    http_answer_problem(request, 400, "bad_parameter", "format is html or md");
    return false;
}

void doctor_report_show(struct http_request *request, void *context)
{
    struct api *api = context;
    int64_t tenant_id = 0;
    int64_t pbx_id = 0;
    enum doctor_format format = DOCTOR_HTML;
    struct error error = { 0 };

    if (!format_read(request, &format)) {
        return;
    }
    struct db *db = pool_take(&api->pool);
    bool is_chosen = pbx_chosen(api, db, request, &tenant_id, &pbx_id);
    const struct tenant *tenant =
        is_chosen ? tenant_of(db, http_request_arena(request), tenant_id, &error) : NULL;
    bool is_answered = !is_chosen;
    if (is_chosen && tenant == NULL) {
        api_failed(request, &error);
        is_answered = true;
    }
    bool is_fresh = http_request_query(request, "fresh") != NULL;
    is_answered = is_answered ||
                  (!is_fresh && report_of_kept(api->wards, request, db, tenant, pbx_id, format));
    pool_give(&api->pool, db);
    if (!is_answered) {
        struct ward *ward = memory_new(sizeof *ward);
        *ward = (struct ward){ .wards = api->wards,
                               .request = request,
                               .tenant_id = tenant_id,
                               .pbx_id = pbx_id,
                               .wants_report = true,
                               .format = format };
        ward_start(ward);
    }
}

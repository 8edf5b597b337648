/*
 * Server-sent events: what happened in any process, told to the dashboards that listen. One thread
 * looks whether somebody has committed; it asks for news only then, and only while somebody
 * listens.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "api/inside.h"
#include "core/memory.h"
#include "core/rowid.h"

enum { LOOK_MS = 300, NEWS_MAX = 200 };

struct live {
    struct api *api;
    struct db *db;
    struct arena *arena;
    pthread_t thread;
    atomic_bool is_stopping;
    int64_t last_event_id;
    int64_t last_call_id;
};

/* Which events of the history are told under which name. */
static const struct {
    const char *stage;
    const char *name;
} names[] = { { "fetch", "recording" },
              { "transcribe", "transcript" },
              { "analyse", "insight" },
              { "alarm", "alarm" } };

static const char *name_of(const char *stage)
{
    for (size_t i = 0; i < COUNT_OF(names); i++) {
        if (strcmp(names[i].stage, stage) == 0) {
            return names[i].name;
        }
    }
    return "recording";
}

void events_stream(struct http_request *request, void *context)
{
    const struct visitor *visitor = http_request_user(request);
    char tenant[ROW_ID_TEXT_SIZE];

    (void)context;
    http_answer_events(request,
                       visitor->tenant_id != 0 ? row_id_print(visitor->tenant_id, tenant) : "all");
}

/* To the tenant's own listeners, and to operators. */
static void tell(struct live *live, int64_t tenant_id, const char *name, json_t *taken_json)
{
    char tenant[ROW_ID_TEXT_SIZE];
    AUTO(free) char *text = json_dumps(taken_json, JSON_COMPACT);

    json_decref(taken_json);
    http_events_send(live->api->events, row_id_print(tenant_id, tenant), name, text);
    http_events_send(live->api->events, "all", name, text);
}

/* What happened to a recording, or to an alarm. */
static json_t *event_json(const struct event_row *event)
{
    char call[ROW_ID_TEXT_SIZE];
    char recording[ROW_ID_TEXT_SIZE];

    if (strcmp(event->stage, "alarm") == 0) {
        return json_pack("{s:s?, s:s}", "kind", event->detail, "state", event->event);
    }
    return json_pack("{s:s, s:s, s:s}", "call_id", row_id_print(event->call_id, call),
                     "recording_id", row_id_print(event->recording_id, recording), "state",
                     event->event);
}

static bool events_tell(struct live *live, struct error *error)
{
    struct event_row *events = NULL;
    size_t count = 0;

    if (!event_list_after(live->db, live->arena, live->last_event_id, &events, &count, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        live->last_event_id = events[i].id;
        tell(live, events[i].tenant_id, name_of(events[i].stage), event_json(&events[i]));
    }
    return true;
}

static bool calls_tell(struct live *live, struct error *error)
{
    static const char SQL[] = "SELECT id, tenant_id FROM call WHERE id > $1 ORDER BY id LIMIT 200";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step;
    char call[ROW_ID_TEXT_SIZE];

    if (!db_query(live->db, SQL, DB_VALUES(DB_INT(live->last_call_id)), &rows, error)) {
        return false;
    }
    while ((step = db_next(&rows, error)) == DB_ROW) {
        live->last_call_id = db_int(&rows, 0);
        tell(live, db_int(&rows, 1), "call",
             json_pack("{s:s}", "call_id", row_id_print(live->last_call_id, call)));
    }
    return step != DB_FAILED;
}

static bool start_from_now(struct live *live, struct error *error)
{
    static const char SQL_EVENT[] = "SELECT max(id) FROM event";
    static const char SQL_CALL[] = "SELECT max(id) FROM call";

    return db_run_number(live->db, SQL_EVENT, DB_NO_VALUES, 0, &live->last_event_id, error) &&
           db_run_number(live->db, SQL_CALL, DB_NO_VALUES, 0, &live->last_call_id, error);
}

static void *live_run(void *argument)
{
    struct live *live = argument;
    int64_t version = -1;
    bool was_listened = false;
    struct error error;

    while (!live->is_stopping) {
        time_sleep_ms(LOOK_MS);
        int64_t seen = version;
        bool is_listened = http_events_listener_count(live->api->events) > 0;
        if (!is_listened || !db_version(live->db, &seen, &error)) {
            was_listened = false;
            continue;
        }
        /* After a failure nothing is lost but liveliness: the next look tells the rest. */
        if (!was_listened) {
            IGNORE(start_from_now(live, &error), "see above");
        } else if (seen != version) {
            IGNORE(calls_tell(live, &error) && events_tell(live, &error), "see above");
            arena_reset(live->arena);
        }
        was_listened = true;
        version = seen;
    }
    return NULL;
}

bool live_start(struct api *api, struct live **live_out, struct error *error)
{
    struct live *live = memory_new(sizeof *live);

    live->api = api;
    live->arena = arena_new(4 * MIB);
    if (!db_open(api->world->database_url, 5000, &live->db, error) ||
        pthread_create(&live->thread, NULL, live_run, live) != 0) {
        db_close(live->db);
        arena_free(live->arena);
        free(live);
        return error->kind != ERROR_NONE ? false
                                         : error_set(error, ERROR_SYSTEM, "cannot start a thread");
    }
    *live_out = live;
    return true;
}

void live_stop(struct live *live)
{
    if (live != NULL) {
        live->is_stopping = true;
        (void)pthread_join(live->thread, NULL);
        db_close(live->db);
        arena_free(live->arena);
        free(live);
    }
}

/*
 * The control port: plain HTTP on 127.0.0.1 for shell tests and other languages.
 *
 *     GET  /simulator/statistics   GET /simulator/faults   GET /simulator/calls
 *     POST /simulator/fault        {"name":…,"count":…,"parameter":…}; count absent: forever
 *     POST /simulator/clear        all faults end          POST /simulator/expire  all sessions end
 *     POST /simulator/reset        statistics to zero
 *     POST /simulator/call         as an entry of calls.json; answers what was made
 *     POST /simulator/delete       {"path":…}
 *     POST /simulator/webhook {"call":…,"url":…,"username":…,"password":…,"format":"json"|"xml",
 *                                   "grouping":"legs"|"grouped"|"list","copies":…}
 */
#include <string.h>

#include "core/json.h"
#include "simulator/state.h"

typedef bool control_handler(struct simulator *simulator, const json_t *body, json_t *answer,
                             struct error *error);

#define MEMBER(name)                                                                               \
    {                                                                                              \
#name, offsetof(struct simulator_statistics, name)                                         \
    }

static const struct {
    const char *name;
    size_t member;
} counters[] = {
    MEMBER(connections),  MEMBER(connections_now), MEMBER(connections_max),
    MEMBER(handshakes),   MEMBER(requests),        MEMBER(challenges),
    MEMBER(logins),       MEMBER(logins_refused),  MEMBER(logins_in_flight_max),
    MEMBER(logouts),      MEMBER(cdrapi),          MEMBER(recapi),
    MEMBER(record_infos), MEMBER(system_status),   MEMBER(pings),
    MEMBER(other),        MEMBER(digest_accepted), MEMBER(digest_refused),
    MEMBER(basic_seen),   MEMBER(downloads),       MEMBER(faults),
};

static bool statistics_show(struct simulator *simulator, const json_t *body, json_t *answer,
                            struct error *error)
{
    struct simulator_statistics statistics;

    (void)body;
    (void)error;
    simulator_statistics_get(simulator, &statistics);
    for (size_t i = 0; i < COUNT_OF(counters); i++) {
        int value = *(int *)(void *)((char *)&statistics + counters[i].member);
        json_object_set_new(answer, counters[i].name, json_integer(value));
    }
    json_object_set_new(answer, "credential_bytes",
                        json_integer((json_int_t)statistics.credential_bytes));
    json_object_set_new(answer, "bytes_received",
                        json_integer((json_int_t)statistics.bytes_received));
    json_object_set_new(answer, "bytes_sent", json_integer((json_int_t)statistics.bytes_sent));
    return true;
}

static bool faults_show(struct simulator *simulator, const json_t *body, json_t *answer,
                        struct error *error)
{
    json_t *list = json_array();

    (void)simulator;
    (void)body;
    (void)error;
    for (const struct simulator_fault *fault = simulator_faults(); fault->name != NULL; fault++) {
        json_array_append_new(list, json_pack("{s:s,s:s,s:s,s:i,s:s}", "name", fault->name, "group",
                                              fault->group, "scope", fault->scope, "parameter",
                                              (int)fault->parameter, "does", fault->does));
    }
    json_object_set_new(answer, "faults", list);
    return true;
}

static void added_show(const struct simulator_added *added, json_t *answer)
{
    json_t *recordings = json_array();

    for (int i = 0; i < added->recording_count; i++) {
        const struct simulator_recording *recording = &added->recordings[i];
        json_array_append_new(recordings,
                              json_pack("{s:s,s:s,s:s,s:I,s:s}", "filedir", recording->filedir,
                                        "path", recording->path, "name", recording->name, "bytes",
                                        (json_int_t)recording->bytes, "sha256", recording->sha256));
    }
    json_object_set_new(answer, "call", json_integer(added->call));
    json_object_set_new(answer, "legs", json_integer(added->leg_count));
    json_object_set_new(answer, "acct_id", json_string(added->acct_id));
    json_object_set_new(answer, "uniqueid", json_string(added->uniqueid));
    json_object_set_new(answer, "session", json_string(added->session));
    json_object_set_new(answer, "started_at_ms", json_integer(added->started_at));
    json_object_set_new(answer, "talk_s", json_real(added->talk_s));
    json_object_set_new(answer, "recordings", recordings);
}

static bool calls_show(struct simulator *simulator, const json_t *body, json_t *answer,
                       struct error *error)
{
    json_t *list = json_array();
    struct simulator_added added;

    (void)body;
    (void)error;
    for (int i = 0; simulator_call_get(simulator, i, &added); i++) {
        json_t *one = json_object();
        added_show(&added, one);
        json_array_append_new(list, one);
    }
    json_object_set_new(answer, "calls", list);
    return true;
}

static bool fault_do(struct simulator *simulator, const json_t *body, json_t *answer,
                     struct error *error)
{
    (void)answer;
    return simulator_fault_set(simulator, json_text(body, "name", ""),
                               (int)json_number(body, "count", SIMULATOR_FOREVER),
                               (long)json_number(body, "parameter", 0), error);
}

static bool clear_do(struct simulator *simulator, const json_t *body, json_t *answer,
                     struct error *error)
{
    (void)body;
    (void)answer;
    (void)error;
    simulator_faults_clear(simulator);
    return true;
}

static bool expire_do(struct simulator *simulator, const json_t *body, json_t *answer,
                      struct error *error)
{
    (void)body;
    (void)answer;
    (void)error;
    simulator_sessions_expire(simulator);
    return true;
}

static bool reset_do(struct simulator *simulator, const json_t *body, json_t *answer,
                     struct error *error)
{
    (void)body;
    (void)answer;
    (void)error;
    simulator_statistics_reset(simulator);
    return true;
}

static bool call_do(struct simulator *simulator, const json_t *body, json_t *answer,
                    struct error *error)
{
    struct simulator_call_paths paths;
    struct simulator_call call;
    struct simulator_added added;

    if (!simulator_call_read(body, simulator->options.audio_folder, &paths, &call, error) ||
        !simulator_call_add(simulator, &call, &added, error)) {
        return false;
    }
    added_show(&added, answer);
    return true;
}

static bool delete_do(struct simulator *simulator, const json_t *body, json_t *answer,
                      struct error *error)
{
    (void)answer;
    return simulator_recording_delete(simulator, json_text(body, "path", "")) ||
           error_set(error, ERROR_NOT_FOUND, "there is no such recording");
}

static bool webhook_do(struct simulator *simulator, const json_t *body, json_t *answer,
                       struct error *error)
{
    const char *grouping = json_text(body, "grouping", "legs");
    struct simulator_webhook webhook = {
        .url = json_text(body, "url", ""),
        .username = json_text(body, "username", NULL),
        .password = json_text(body, "password", NULL),
        .format =
            strcmp(json_text(body, "format", "json"), "xml") == 0 ? SIMULATOR_XML : SIMULATOR_JSON,
        .grouping = strcmp(grouping, "grouped") == 0
                        ? SIMULATOR_GROUPED
                        : (strcmp(grouping, "list") == 0 ? SIMULATOR_LIST : SIMULATOR_LEG_BY_LEG),
        .copies = (int)json_number(body, "copies", 1),
    };
    int status = 0;

    if (!simulator_webhook_send(simulator, (int)json_number(body, "call", -1), &webhook, &status,
                                error)) {
        return false;
    }
    json_object_set_new(answer, "status", json_integer(status));
    return true;
}

static const struct {
    const char *method;
    const char *path;
    control_handler *handle;
} routes[] = {
    { "GET", "/simulator/statistics", statistics_show },
    { "GET", "/simulator/faults", faults_show },
    { "GET", "/simulator/calls", calls_show },
    { "POST", "/simulator/fault", fault_do },
    { "POST", "/simulator/clear", clear_do },
    { "POST", "/simulator/expire", expire_do },
    { "POST", "/simulator/reset", reset_do },
    { "POST", "/simulator/call", call_do },
    { "POST", "/simulator/delete", delete_do },
    { "POST", "/simulator/webhook", webhook_do },
};

static void answer_set(struct simulator_reply *reply, int status, const json_t *answer)
{
    char *dump = json_dumps(answer, JSON_INDENT(1));

    simulator_reply_set(reply, status, "application/json", dump != NULL ? dump : "{}");
    free(dump);
}

void simulator_control_handle(struct simulator *simulator, const char *peer,
                              struct simulator_request *request, struct simulator_reply *reply)
{
    AUTO(json_release) json_t *answer = json_object();
    struct error error = { 0 };

    (void)peer;
    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        if (strcmp(routes[i].method, request->method) != 0 ||
            strcmp(routes[i].path, request->path) != 0) {
            continue;
        }
        bool has_body = request->body.size > 0;
        AUTO(json_release)
        json_t *body = has_body ? json_read(text_get(&request->body), request->body.size, &error)
                                : json_object();
        if (body != NULL && routes[i].handle(simulator, body, answer, &error)) {
            answer_set(reply, 200, answer);
            return;
        }
        json_object_set_new(answer, "error", json_string(error.message));
        answer_set(reply, 400, answer);
        return;
    }
    json_object_set_new(answer, "error", json_string("there is no such route"));
    answer_set(reply, 404, answer);
}

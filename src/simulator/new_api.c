/* POST /api: one URL, JSON in, JSON or bytes out, HTTP 200 whatever happens. */
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "simulator/sessions.h"

enum { NAME_MAX_UCM = 256 };

typedef void action_handler(struct simulator *simulator, const json_t *request,
                            struct simulator_reply *reply);

static void invalid_reply(struct simulator_reply *reply)
{
    simulator_reply_status(reply, -1, "\"error_msg\":\"Invalid parameters!\"");
}

static void logout_reply(struct simulator *simulator, const json_t *request,
                         struct simulator_reply *reply)
{
    simulator_cookie_forget(simulator, json_text(request, "cookie", ""));
    simulator_reply_status(reply, 0, "");
}

static void ping_reply(struct simulator *simulator, const json_t *request,
                       struct simulator_reply *reply)
{
    (void)simulator;
    (void)request;
    simulator_reply_status(reply, 0, "");
}

static void system_status_reply(struct simulator *simulator, const json_t *request,
                                struct simulator_reply *reply)
{
    const struct simulator_options *options = &simulator->options;
    char members[400];

    (void)request;
    IGNORE(snprintf(members, sizeof members,
                    "\"product-model\":\"%s\",\"serial-number\":\"%s\",\"prog-version\":\"%s\","
                    "\"up-time\":\"1 days 02:03:04\",\"system-time\":\"%lld\"",
                    options->model, options->serial, options->firmware,
                    (long long)(time_now() / SECOND_MS)),
           "cut when absurdly long");
    simulator_reply_status(reply, 0, members);
}

static void cdrapi_reply(struct simulator *simulator, const json_t *request,
                         struct simulator_reply *reply)
{
    simulator_cdrs_reply(simulator, request, reply);
}

/* Directories in a listing request are separated by commas. */
static void listing_reply(struct simulator *simulator, const char *filedirs,
                          struct simulator_reply *reply)
{
    AUTO(free) char *copy = memory_copy_text(filedirs);
    char *rest = NULL;

    simulator_reply_set(reply, 200, "text/csv", "directory,filename,size\n");
    for (char *filedir = strtok_r(copy, ",", &rest); filedir != NULL;
         filedir = strtok_r(NULL, ",", &rest)) {
        if (!simulator_filedir_is_known(filedir)) {
            simulator_reply_status(reply, -16, "");
            return;
        }
        simulator_listing_add(simulator, filedir, false, &reply->body);
    }
    reply->size = reply->body.size;
}

static void recapi_reply(struct simulator *simulator, const json_t *request,
                         struct simulator_reply *reply)
{
    const char *filename = json_text(request, "filename", NULL);
    const char *filedir = json_text(request, "filedir", filename != NULL ? "monitor" : NULL);
    char name[NAME_MAX_UCM + 1];

    if (filedir == NULL) {
        simulator_reply_set(reply, 200, "text/csv", "");
        simulator_directories_list(&reply->body);
        reply->size = reply->body.size;
    } else if (filename == NULL) {
        listing_reply(simulator, filedir, reply);
    } else if (!simulator_filedir_is_known(filedir)) {
        simulator_reply_status(reply, -16, "");
    } else if (strstr(filename, "..") != NULL || filename[0] == '\0') {
        simulator_reply_status(reply, -50, "");
    } else {
        IGNORE(snprintf(name, sizeof name, "%s", filename), "cut, as the guide says");
        if (!simulator_recording_open(simulator, filedir, name, false, reply)) {
            simulator_reply_status(reply, -25, "");
        }
    }
}

/* By AcctId; the list is separated by commas here, where a CDR has '@'. */
static void record_infos_reply(struct simulator *simulator, const json_t *request,
                               struct simulator_reply *reply)
{
    AUTO(text_clear) struct text files = TEXT_UP_TO(4096);
    char id[32];
    bool is_found = false;

    IGNORE(snprintf(id, sizeof id, "%lld", json_number(request, "id", -1)), "fits");
    simulator_lock(simulator);
    for (int i = 0; i < book_call_count(simulator->book) && !is_found; i++) {
        const struct book_call *call = book_call_get(simulator->book, i);
        const struct simulator_added *face = &call->face;
        is_found = !call->is_hidden && strcmp(face->acct_id, id) == 0;
        for (int j = 0; is_found && j < face->recording_count; j++) {
            text_print(&files, "%s%s", j > 0 ? "," : "", face->recordings[j].path);
        }
    }
    simulator_unlock(simulator);
    AUTO(json_release)
    json_t *root =
        json_pack("{s:{s:s},s:i}", "response", "recordfiles", text_get(&files), "status", 0);
    char *dump = json_dumps(root, JSON_COMPACT);
    simulator_reply_set(reply, 200, "application/json;charset=UTF-8", dump != NULL ? dump : "{}");
    free(dump);
}

#define COUNTER(member) offsetof(struct simulator_statistics, member)

static const struct {
    const char *name;
    bool needs_cookie;
    action_handler *handle;
    size_t counter; /* Which statistic counts it; 0: its handler does. */
} actions[] = {
    { "challenge", false, simulator_challenge_reply, 0 },
    { "login", false, simulator_login_reply, 0 },
    { "logout", true, logout_reply, 0 },
    { "ping", true, ping_reply, COUNTER(pings) },
    { "getSystemStatus", true, system_status_reply, COUNTER(system_status) },
    { "getSystemGeneralStatus", true, system_status_reply, COUNTER(system_status) },
    { "cdrapi", true, cdrapi_reply, COUNTER(cdrapi) },
    { "recapi", true, recapi_reply, COUNTER(recapi) },
    { "getRecordInfosByCall", true, record_infos_reply, COUNTER(record_infos) },
};

static void count(struct simulator *simulator, size_t counter)
{
    simulator_lock(simulator);
    if (counter != 0) {
        (*(int *)(void *)((char *)&simulator->statistics + counter))++;
    }
    simulator_unlock(simulator);
}

static void action_run(struct simulator *simulator, const char *action, const json_t *request,
                       struct simulator_reply *reply)
{
    for (size_t i = 0; i < COUNT_OF(actions); i++) {
        if (strcmp(actions[i].name, action) != 0) {
            continue;
        }
        count(simulator, actions[i].counter);
        if (simulator_fault_strikes(simulator, FAULT_COOKIES_EXPIRED, action, NULL)) {
            simulator_sessions_expire(simulator);
        }
        int status = actions[i].needs_cookie
                         ? simulator_cookie_judge(simulator, json_text(request, "cookie", NULL))
                         : 0;
        if (status != 0) {
            simulator_reply_status(reply, status, "");
        } else {
            actions[i].handle(simulator, request, reply);
        }
        return;
    }
    count(simulator, COUNTER(other));
    simulator_reply_status(reply, -19, "");
}

static bool is_below_api(const char *path)
{
    return strncmp(path, "/api/", 5) == 0;
}

void simulator_new_api_handle(struct simulator *simulator, const char *peer,
                              struct simulator_request *request, struct simulator_reply *reply)
{
    struct error error = { 0 };
    bool is_api = strcmp(request->path, "/api") == 0 && strcmp(request->method, "POST") == 0;

    if (!is_api) {
        count(simulator, COUNTER(other));
        if (is_below_api(request->path)) {
            invalid_reply(reply);
        } else {
            simulator_reply_web_page(reply);
        }
        return;
    }
    if (!simulator_address_is_permitted(simulator->options.permitted_new, peer)) {
        simulator_reply_status(reply, -47, "");
        return;
    }
    AUTO(json_release)
    json_t *root = json_read(text_get(&request->body), request->body.size, &error);
    const json_t *inner = json_object_get(root, "request");
    const char *action = json_text(inner, "action", NULL);
    if (action == NULL) {
        count(simulator, COUNTER(other));
        invalid_reply(reply);
        return;
    }
    IGNORE(snprintf(request->action, sizeof request->action, "%s", action), "cut is no action");
    action_run(simulator, action, inner, reply);
}

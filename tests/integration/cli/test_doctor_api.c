/* The doctor over HTTP and on paper: the same answer as the command, steps as they happen, a server
 * that goes on meanwhile, reports, and no secret anywhere. */
#include <pthread.h>

#include "doctor.h"

#define EXAMINE "/api/admin/test-ucm-connection"

static int unserved_setup(void **state)
{
    struct scene *scene = memory_new(sizeof *scene);

    *state = scene;
    scene_make(scene, NULL);
    return 0;
}

/* POST by the operator; the JSON of a 200, yours to release. */
static json_t *examine(const struct server *server, const char *body)
{
    AUTO(reply_clear) struct reply reply = { 0 };

    server_ask(server, EXAMINE, body, &reply);
    if (reply.status != 200 || reply.json == NULL) {
        fail_msg("HTTP %ld %s", reply.status, text_get(&reply.body));
    }
    return json_incref(reply.json);
}

/* ---- The same as the command ---- */

static void same_check(const json_t *left, const json_t *right)
{
    json_t *left_steps = json_object_get(left, "steps");
    json_t *right_steps = json_object_get(right, "steps");

    assert_string_equal(text_at(left, "root_cause.code"), text_at(right, "root_cause.code"));
    assert_string_equal(text_at(left, "root_cause.advice"), text_at(right, "root_cause.advice"));
    assert_int_equal(json_array_size(left_steps), json_array_size(right_steps));
    for (size_t i = 0; i < json_array_size(left_steps); i++) {
        const json_t *one = json_array_get(left_steps, i);
        const json_t *other = json_array_get(right_steps, i);
        assert_string_equal(text_at(one, "name"), text_at(other, "name"));
        assert_string_equal(text_at(one, "title"), text_at(other, "title"));
        assert_string_equal(text_at(one, "state"), text_at(other, "state"));
        assert_string_equal(text_at(one, "reason"), text_at(other, "reason"));
    }
}

static void the_answer_is_that_of_the_command(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;

    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    json_decref(recording_wait(&scene->server, added.recordings[0].path, "stored", NULL));
    AUTO(json_release) json_t *well = doctor_run_with(&scene->server, NULL, NULL, NULL, 0);
    AUTO(json_release) json_t *well_too = examine(&scene->server, "{}");
    assert_true(json_is_true(json_at(well_too, "ok")));
    same_check(well, well_too);
    fault_set(scene, "no-permission", SIMULATOR_FOREVER, 0);
    AUTO(json_release) json_t *ill = examine(&scene->server, "{}");
    assert_true(json_is_false(json_at(ill, "ok")));
    root_check(ill, "no_permission", "permissions", "recordings: no");
    AUTO(json_release) json_t *ill_too = doctor_run_with(&scene->server, NULL, NULL, NULL, 1);
    same_check(ill, ill_too);
}

static void a_recording_of_choice_is_fetched(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added[2];
    char body[512];

    for (size_t i = 0; i < COUNT_OF(added); i++) {
        call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[i]);
        json_decref(recording_wait(&scene->server, added[i].recordings[0].path, "stored", NULL));
    }
    IGNORE(snprintf(body, sizeof body, "{\"recording\":\"%s\"}", added[0].recordings[0].path),
           "fits");
    AUTO(json_release) json_t *answer = examine(&scene->server, body);
    assert_string_equal(text_at(answer, "facts.recording"), added[0].recordings[0].path);
}

/* ---- As it happens ---- */

struct listener {
    struct server *server;
    char bearer[192];
    struct text body;
    pthread_t thread;
};

static void *listener_run(void *argument)
{
    struct listener *listener = argument;
    char url[96];
    struct reply reply = { 0 };

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d/api/events", listener->server->port),
           "fits");
    web_ask(&(struct ask){ .url = url, .headers = { listener->bearer }, .timeout_ms = 4000 },
            &reply);
    text_add(&listener->body, text_get(&reply.body));
    reply_clear(&reply);
    return NULL;
}

static void listener_start(struct listener *listener, struct server *server, const char *token)
{
    *listener = (struct listener){ .server = server, .body = TEXT_UP_TO(1 * MIB) };
    IGNORE(snprintf(listener->bearer, sizeof listener->bearer, "Authorization: Bearer %s", token),
           "fits");
    assert_int_equal(pthread_create(&listener->thread, NULL, listener_run, listener), 0);
}

static void each_step_is_told_to_the_tenants_listeners(void **state)
{
    struct scene *scene = *state;
    struct listener mine;
    struct listener theirs;
    char token[2][128];

    server_must(&scene->server, &(struct command){ .arguments = { "tenant", "create", "other" } },
                NULL);
    token_create(&scene->server, "default", "viewer", token[0]);
    token_create(&scene->server, "other", "viewer", token[1]);
    listener_start(&mine, &scene->server, token[0]);
    listener_start(&theirs, &scene->server, token[1]);
    time_sleep_ms(500);
    AUTO(reply_clear) struct reply reply = { 0 };
    server_ask(&scene->server, EXAMINE "?tenant=default", "{\"run\":\"page-7\"}", &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(pthread_join(mine.thread, NULL), 0);
    assert_int_equal(pthread_join(theirs.thread, NULL), 0);
    assert_string_equal(text_at(reply.json, "run"), "page-7");
    json_t *steps = json_object_get(reply.json, "steps");
    const char *at = text_get(&mine.body);
    for (size_t i = 0; i < json_array_size(steps); i++) {
        char wanted[128];
        IGNORE(snprintf(wanted, sizeof wanted, "{\"run\":\"page-7\",\"step\":{\"name\":\"%s\"",
                        text_at(json_array_get(steps, i), "name")),
               "fits");
        at = strstr(at, "event: doctor");
        assert_non_null(at);
        at = strstr(at, wanted); /* In their order. */
        assert_non_null(at);
    }
    assert_null(strstr(text_get(&theirs.body), "doctor"));
    text_clear(&mine.body);
    text_clear(&theirs.body);
}

/* ---- Meanwhile ---- */

struct patient {
    struct server *server;
    long status;
    pthread_t thread;
};

static void *patient_run(void *argument)
{
    struct patient *patient = argument;
    struct reply reply = { 0 };

    server_ask(patient->server, EXAMINE, "{}", &reply);
    patient->status = reply.status;
    reply_clear(&reply);
    return NULL;
}

static void a_long_examination_holds_up_nobody_and_happens_once(void **state)
{
    struct scene *scene = *state;
    struct patient patient = { .server = &scene->server };

    server_set(&scene->server, "HTTP_THREADS", "1");
    server_start(&scene->server);
    fault_set(scene, "tls-stall", SIMULATOR_FOREVER, 0);
    assert_int_equal(pthread_create(&patient.thread, NULL, patient_run, &patient), 0);
    time_sleep_ms(1000);
    int64_t began_ms = time_monotonic_ms();
    json_decref(server_get(&scene->server, "/api/calls"));
    AUTO(reply_clear) struct reply reply = { 0 };
    server_ask(&scene->server, EXAMINE, "{}", &reply);
    assert_int_equal(reply.status, 409);
    assert_string_equal(text_at(reply.json, "code"), "examination_running");
    assert_true(time_monotonic_ms() - began_ms < 1000);
    assert_int_equal(pthread_join(patient.thread, NULL), 0);
    assert_int_equal(patient.status, 200);
    simulator_faults_clear(scene->ucm);
    json_decref(examine(&scene->server, "{}"));
}

static void a_server_that_stops_ends_its_examinations(void **state)
{
    struct scene *scene = *state;
    struct patient patient = { .server = &scene->server };

    server_start(&scene->server);
    fault_set(scene, "tls-stall", SIMULATOR_FOREVER, 0);
    assert_int_equal(pthread_create(&patient.thread, NULL, patient_run, &patient), 0);
    time_sleep_ms(500);
    int64_t began_ms = time_monotonic_ms();
    server_stop(&scene->server);
    assert_true(time_monotonic_ms() - began_ms < 8000);
    assert_int_equal(pthread_join(patient.thread, NULL), 0);
}

/* ---- Who may, and what is wrong ---- */

static void wrong_requests_are_refused(void **state)
{
    struct scene *scene = *state;
    static const struct {
        const char *path, *body;
        long status;
        const char *code;
    } rows[] = {
        { EXAMINE, "no json", 400, "bad_request" },
        { EXAMINE, "[]", 400, "bad_request" },
        { EXAMINE, "{\"run\":\"with a space\"}", 400, "bad_request" },
        { EXAMINE,
          "{\"run\":\"1234567890123456789012345678901234567890123456789012345678901234x\"}", 400,
          "bad_request" },
        { EXAMINE "?tenant=nobody", "{}", 404, "unknown_tenant" },
        { EXAMINE, "{}", 400, "tenant_needed" },
        { "/api/admin/doctor-report?tenant=default&format=pdf", NULL, 400, "bad_parameter" },
    };
    char token[128];
    char bearer[192];
    AUTO(reply_clear) struct reply reply = { 0 };

    server_must(&scene->server, &(struct command){ .arguments = { "tenant", "create", "other" } },
                NULL);
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        server_ask(&scene->server, rows[i].path, rows[i].body, &reply);
        assert_int_equal(reply.status, rows[i].status);
        assert_string_equal(text_at(reply.json, "code"), rows[i].code);
    }
    token_create(&scene->server, "default", "analyst", token);
    IGNORE(snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", token), "fits");
    server_ask_with(&scene->server, EXAMINE, "{}", 0, bearer, NULL, NULL, &reply);
    assert_int_equal(reply.status, 403);
    server_ask_with(&scene->server, EXAMINE, "{}", 0, NULL, NULL, NULL, &reply);
    assert_int_equal(reply.status, 401);
    assert_int_equal(ucm_seen(scene).connections, 0);
    token_create(&scene->server, "default", "manager", token);
    IGNORE(snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", token), "fits");
    server_ask_with(&scene->server, EXAMINE, "", 0, bearer, NULL, NULL, &reply);
    assert_int_equal(reply.status, 200);
}

/* ---- On paper ---- */

static void reports_are_downloaded_of_the_last_examination(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;
    AUTO(reply_clear) struct reply reply = { 0 };
    char header[512];

    fault_set(scene, "no-permission", SIMULATOR_FOREVER, 0);
    call_ring(scene,
              &(struct simulator_call){ .audio_path = scene->sound, .caller_name = "<b>Bold</b>" },
              &added);
    json_decref(
        recording_wait(&scene->server, added.recordings[0].path, "waiting", "no_permission"));
    server_ask(&scene->server, "/api/admin/doctor-report", NULL, &reply); /* A fresh one. */
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply_header(&reply, "Content-Type", header), "text/html; charset=utf-8");
    assert_non_null(strstr(reply_header(&reply, "Content-Disposition", header), "attachment"));
    assert_non_null(strstr(text_get(&reply.body), "no_permission"));
    assert_non_null(strstr(text_get(&reply.body), added.recordings[0].path));
    assert_non_null(strstr(text_get(&reply.body), "Attempts for recordings"));
    int requests = ucm_seen(scene).requests;
    server_ask(&scene->server, "/api/admin/doctor-report?format=md", NULL, &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(reply_header(&reply, "Content-Type", header),
                        "text/markdown; charset=utf-8");
    assert_non_null(strstr(text_get(&reply.body), "# Why recordings are missing"));
    assert_int_equal(ucm_seen(scene).requests, requests);
}

static char *report_read(const char *path)
{
    char *content = NULL;
    size_t size = 0;
    struct error error = { 0 };

    if (!file_read(path, 16 * MIB, &content, &size, &error)) {
        fail_msg("%s", error.message);
    }
    return content;
}

static void the_command_writes_reports(void **state)
{
    struct scene *scene = *state;
    char path[160];
    char named[160];

    IGNORE(snprintf(path, sizeof path, "%s/why", scene->server.folder), "fits");
    json_decref(doctor_run_with(&scene->server, "--report", path, NULL, 0));
    IGNORE(snprintf(named, sizeof named, "%s.html", path), "fits");
    AUTO(free) char *html = report_read(named);
    assert_non_null(strstr(html, "No problem was found"));
    assert_non_null(strstr(html, "UCM6301"));
    IGNORE(snprintf(named, sizeof named, "%s.md", path), "fits");
    AUTO(free) char *markdown = report_read(named);
    assert_non_null(strstr(markdown, "## Facts"));
    IGNORE(snprintf(named, sizeof named, "%s/only.md", scene->server.folder), "fits");
    json_decref(doctor_run_with(&scene->server, "--report", named, NULL, 0));
    AUTO(free) char *only = report_read(named);
    assert_non_null(strstr(only, "## Steps"));
    IGNORE(snprintf(named, sizeof named, "%s/only.html", scene->server.folder), "fits");
    assert_int_not_equal(access(named, F_OK), 0);
}

/* ---- Secrets ---- */

/* The secret, or a cookie of the simulated UCM ("sid743052864-1771597757"). */
static void leak_check(const char *text, const char *secret)
{
    assert_null(strstr(text, secret));
    for (const char *at = strstr(text, "sid"); at != NULL; at = strstr(at + 3, "sid")) {
        assert_true(strspn(at + 3, "0123456789") < 8);
    }
}

static void secret_check(const struct scene *scene, const char *secret)
{
    AUTO(text_clear) struct text output = TEXT_UP_TO(1 * MIB);
    AUTO(text_clear) struct text errors = TEXT_UP_TO(1 * MIB);
    AUTO(reply_clear) struct reply reply = { 0 };
    char path[160];
    char named[192];

    IGNORE(snprintf(path, sizeof path, "%s/report", scene->server.folder), "fits");
    IGNORE(server_command(&scene->server,
                          &(struct command){ .arguments = { "doctor", "--report", path } }, &output,
                          &errors),
           "either way");
    assert_non_null(strstr(text_get(&output), "Login"));
    leak_check(text_get(&output), secret);
    leak_check(text_get(&errors), secret);
    for (int i = 0; i < 2; i++) {
        IGNORE(snprintf(named, sizeof named, "%s%s", path, i == 0 ? ".html" : ".md"), "fits");
        AUTO(free) char *report = report_read(named);
        leak_check(report, secret);
    }
    server_ask(&scene->server, EXAMINE, "{}", &reply);
    assert_int_equal(reply.status, 200);
    leak_check(text_get(&reply.body), secret);
    AUTO(free) char *log = server_log(&scene->server);
    leak_check(log, secret);
}

static void no_password_is_told(void **state)
{
    struct scene *scene = *state;
    static const char OTHER[] = "canary-of-a-wrong-password";
    struct simulator_added added;

    server_start(&scene->server);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    json_decref(recording_wait(&scene->server, added.recordings[0].path, "stored", NULL));
    secret_check(scene, UCM_PASSWORD);
    server_must(
        &scene->server,
        &(struct command){ .arguments = { "tenant", "pbx", "default", "--password-file", "-" },
                           .input = "canary-of-a-wrong-password\n" },
        NULL);
    simulator_sessions_expire(scene->ucm);
    secret_check(scene, OTHER);
    assert_int_equal(ucm_seen(scene).logins_refused, 1);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)
#define UNSERVED(test) cmocka_unit_test_setup_teardown(test, unserved_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(the_answer_is_that_of_the_command),
        SERVED(a_recording_of_choice_is_fetched),
        SERVED(each_step_is_told_to_the_tenants_listeners),
        UNSERVED(a_long_examination_holds_up_nobody_and_happens_once),
        UNSERVED(a_server_that_stops_ends_its_examinations),
        SERVED(wrong_requests_are_refused),
        SERVED(reports_are_downloaded_of_the_last_examination),
        UNSERVED(the_command_writes_reports),
        UNSERVED(no_password_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

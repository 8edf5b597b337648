/* Alarms as the API, the live events and the command line tell them, and to whom. */
#include <pthread.h>
#include <stdatomic.h>

#include "alarms.h"

/* ---- Who sees what ---- */

static long ask_as(const struct server *server, const char *method, const char *path,
                   const char *body, const char *token, struct reply *reply)
{
    char url[256];
    char bearer[192];

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d%s", server->port, path), "fits");
    IGNORE(snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", token), "fits");
    web_ask(&(struct ask){ .method = method, .url = url, .body = body, .headers = { bearer } },
            reply);
    return reply->status;
}

static void alarms_are_told_to_those_whom_they_concern(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    char manager[128];
    char other[128];
    char viewer[128];
    AUTO(reply_clear) struct reply reply = { 0 };

    server_must(server, &(struct command){ .arguments = { "tenant", "create", "other" } }, NULL);
    token_create(server, "default", "manager", manager);
    token_create(server, "default", "viewer", viewer);
    token_create(server, "other", "manager", other);
    change(server, AUDIT_BREAKS); /* The server's. */
    server_ask_with(server, "/api/webhook/cdr/default", "{ this is no JSON", 0, NULL, NULL, NULL,
                    &reply);
    json_decref(alarm_wait(server, "quarantine", true));
    json_decref(alarm_wait(server, "audit_violation", true));

    assert_int_equal(ask_as(server, "GET", "/api/alarms", NULL, viewer, &reply), 403);
    assert_int_equal(ask_as(server, "GET", "/api/alarms", NULL, manager, &reply), 200);
    assert_int_equal(json_array_size(json_at(reply.json, "alarms")), 1);
    assert_non_null(alarm_in(reply.json, "quarantine"));
    assert_int_equal(ask_as(server, "GET", "/api/alarms?tenant=default", NULL, other, &reply), 200);
    assert_int_equal(json_array_size(json_at(reply.json, "alarms")), 0);
    assert_int_equal(ask_as(server, "GET", "/api/alarms", NULL, server->token, &reply), 200);
    assert_int_equal(json_array_size(json_at(reply.json, "alarms")), 2);
    assert_int_equal(ask_as(server, "GET", "/api/alarms?tenant=other", NULL, server->token, &reply),
                     200);
    assert_int_equal(json_array_size(json_at(reply.json, "alarms")), 0);
    assert_int_equal(
        ask_as(server, "GET", "/api/alarms?tenant=nobody", NULL, server->token, &reply), 404);
    assert_int_equal(ask_as(server, "GET", "/api/alarms?state=loud", NULL, server->token, &reply),
                     400);
}

static void targets_of_another_tenant_are_not_there(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    static const char BODY[] = "{\"kind\":\"webhook\",\"address\":\"https://example.test/hook\"}";
    static const char *const deeds[][2] = { { "POST", "/test" },
                                            { "GET", "/deliveries" },
                                            { "DELETE", "" } };
    char tokens[2][128];
    char ids[3][32];
    AUTO(reply_clear) struct reply reply = { 0 };

    server_must(server, &(struct command){ .arguments = { "tenant", "create", "other" } }, NULL);
    token_create(server, "default", "manager", tokens[0]);
    token_create(server, "other", "manager", tokens[1]);
    const char *const owners[] = { tokens[0], tokens[1], server->token };
    for (size_t i = 0; i < COUNT_OF(owners); i++) {
        assert_int_equal(ask_as(server, "POST", "/api/alarm-targets", BODY, owners[i], &reply),
                         201);
        assert_true(strncmp(text_at(reply.json, "secret"), "whsec_", 6) == 0);
        assert_string_equal(text_at(reply.json, "tenant"), i == 0   ? "default"
                                                           : i == 1 ? "other"
                                                                    : "");
        IGNORE(snprintf(ids[i], sizeof ids[i], "%s", text_at(reply.json, "id")), "fits");
    }
    assert_int_equal(ask_as(server, "POST", "/api/alarm-targets", BODY, tokens[0], &reply), 422);
    for (size_t i = 0; i < COUNT_OF(deeds); i++) {
        for (size_t j = 0; j < COUNT_OF(ids); j++) {
            char path[128];
            IGNORE(snprintf(path, sizeof path, "/api/alarm-targets/%s%s", ids[j], deeds[i][1]),
                   "fits");
            long status = ask_as(server, deeds[i][0], path, NULL, tokens[0], &reply);
            assert_true(j == 0 || status == 404);
            assert_true(j > 0 || (status >= 200 && status < 300));
            if (status == 200) {
                contract_check("Delivery", json_at(reply.json, "deliveries.0"));
            }
        }
    }
    assert_int_equal(ask_as(server, "GET", "/api/alarm-targets", NULL, tokens[1], &reply), 200);
    assert_int_equal(json_array_size(json_at(reply.json, "targets")), 1);
    assert_null(strstr(text_get(&reply.body), "whsec_"));
    contract_check("AlarmTarget", json_at(reply.json, "targets.0"));
    assert_int_equal(ask_as(server, "GET", "/api/alarm-targets", NULL, server->token, &reply), 200);
    assert_int_equal(json_array_size(json_at(reply.json, "targets")), 2); /* One was removed. */
}

static void wrong_targets_are_refused_with_a_reason(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    static const struct {
        const char *body, *words;
        long status;
    } rows[] = {
        { "no json", "as JSON", 400 },
        { "{\"kind\":\"webhook\"}", "as JSON", 400 },
        { "{\"kind\":\"pigeon\",\"address\":\"roof\"}", "no kind of target", 422 },
        { "{\"kind\":\"webhook\",\"address\":\"ftp://example.test\"}", "https://", 422 },
        { "{\"kind\":\"webhook\",\"address\":\"https://me:pw@example.test\"}", "user", 422 },
        { "{\"kind\":\"email\",\"address\":\"owner@example.test\"}", "SMTP_URL", 422 },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(reply_clear) struct reply reply = { 0 };
        assert_int_equal(
            ask_as(server, "POST", "/api/alarm-targets", rows[i].body, server->token, &reply),
            rows[i].status);
        assert_non_null(strstr(text_at(reply.json, "detail"), rows[i].words));
    }
}

/* ---- Events and commands ---- */

struct listener {
    const struct server *server;
    struct text heard;
    atomic_bool is_done;
};

static size_t listener_take(char *bytes, size_t size, size_t count, void *context)
{
    struct listener *listener = context;

    text_add_bytes(&listener->heard, bytes, size * count);
    return strstr(text_get(&listener->heard), "\"cleared\"") != NULL ? 0 : size * count;
}

static void *listener_run(void *argument)
{
    struct listener *listener = argument;
    char url[128];
    char bearer[192];
    CURL *easy = curl_easy_init();

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d/api/events", listener->server->port),
           "fits");
    IGNORE(snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", listener->server->token),
           "fits");
    struct curl_slist *headers = curl_slist_append(NULL, bearer);
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, 2L * SETTLE_MS);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, listener_take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, listener);
    IGNORE(curl_easy_perform(easy), "what was heard tells");
    curl_slist_free_all(headers);
    curl_easy_cleanup(easy);
    listener->is_done = true;
    return NULL;
}

static void dashboards_hear_of_it_live(void **state)
{
    struct scene *scene = *state;
    struct server *server = &scene->server;
    struct listener listener = { .server = server, .heard = TEXT_UP_TO(1 * MIB) };
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, listener_run, &listener), 0);
    time_sleep_ms(SECOND_MS); /* Until it listens: events of before are not told. */
    change(server, AUDIT_BREAKS);
    json_decref(alarm_wait(server, "audit_violation", true));
    change(server, AUDIT_MENDS);
    json_decref(alarm_wait(server, "audit_violation", false));
    (void)pthread_join(thread, NULL);
    const char *heard = text_get(&listener.heard);
    assert_non_null(strstr(heard, "event: alarm\n"));
    assert_non_null(strstr(heard, "{\"kind\":\"audit_violation\",\"state\":\"raised\"}"));
    assert_non_null(strstr(heard, "{\"kind\":\"audit_violation\",\"state\":\"cleared\"}"));
    text_clear(&listener.heard);
}

static void the_command_line_says_the_same(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    AUTO(text_clear) struct text output = TEXT_UP_TO(64 * KIB);
    AUTO(text_clear) struct text errors = TEXT_UP_TO(64 * KIB);

    server_must(server, &(struct command){ .arguments = { "alarms" } }, &output);
    assert_string_equal(text_get(&output), "no alarm is raised\n");
    change(server, AUDIT_BREAKS);
    json_decref(alarm_wait(server, "audit_violation", true));
    text_reset(&output);
    server_must(server, &(struct command){ .arguments = { "alarms", "list" } }, &output);
    assert_non_null(strstr(text_get(&output), "audit_violation  this server"));
    assert_non_null(strstr(text_get(&output), "-> Run audiapro audit"));
    text_reset(&output);
    server_must(server, &(struct command){ .arguments = { "alarms", "list", "--json", "--all" } },
                &output);
    assert_non_null(strstr(text_get(&output), "\"audit_violation\""));
    text_reset(&output);
    server_must(server,
                &(struct command){ .arguments = { "alarms", "list", "--tenant", "default" } },
                &output);
    assert_string_equal(text_get(&output), "no alarm is raised\n");
    assert_int_equal(server_command(server, &(struct command){ .arguments = { "alarms", "add" } },
                                    NULL, &errors),
                     2);
    assert_int_equal(
        server_command(server,
                       &(struct command){ .arguments = { "alarms", "add", "--email", "a@b.test" } },
                       NULL, &errors),
        1);
    assert_non_null(strstr(text_get(&errors), "SMTP_URL"));
    assert_int_equal(
        server_command(server,
                       &(struct command){ .arguments = { "alarms", "test", "0000000000000001" } },
                       NULL, &errors),
        1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WATCHED(alarms_are_told_to_those_whom_they_concern),
        WATCHED(targets_of_another_tenant_are_not_there),
        WATCHED(wrong_targets_are_refused_with_a_reason),
        WATCHED(dashboards_hear_of_it_live),
        WATCHED(the_command_line_says_the_same),
    };
    return cmocka_run_group_tests_name("cli/alarm_faces", tests, NULL, NULL);
}

/* The HTTP API of a running server: signing in, the list and its pages, one call whole, its audio,
 * retries, the figures, and who may see what. */
#include "scene.h"

/* ---- Little helpers of this file ---- */

/* A person's browser: the session cookie and the token that changes need. */
struct visitor {
    char cookie[256]; /* "Cookie: …" */
    char csrf[160];   /* "X-CSRF-Token: …" */
};

static void sign_in(const struct server *server, const char *email, const char *password,
                    struct visitor *visitor)
{
    AUTO(reply_clear) struct reply reply = { 0 };
    char body[512];
    char cookie[512];

    IGNORE(snprintf(body, sizeof body, "{\"email\":\"%s\",\"password\":\"%s\"}", email, password),
           "fits");
    server_ask_with(server, "/api/auth/login", body, 0, "Content-Type: application/json", NULL,
                    NULL, &reply);
    assert_int_equal(reply.status, 200);
    assert_string_equal(text_at(reply.json, "user.email"), email);
    IGNORE(reply_header(&reply, "Set-Cookie", cookie), "returns its argument");
    assert_non_null(strstr(cookie, "HttpOnly"));
    assert_non_null(strstr(cookie, "SameSite="));
    IGNORE(snprintf(visitor->cookie, sizeof visitor->cookie, "Cookie: %.*s",
                    (int)strcspn(cookie, ";"), cookie),
           "fits");
    IGNORE(snprintf(visitor->csrf, sizeof visitor->csrf, "X-CSRF-Token: %s",
                    text_at(reply.json, "csrf_token")),
           "fits");
}

static long ask_as(const struct server *server, const char *path, const char *body,
                   const char *header, struct reply *reply)
{
    server_ask_with(server, path, body, 0, header, NULL, NULL, reply);
    return reply->status;
}

static void refused_check(const struct reply *reply, long status, const char *code)
{
    char type[512];

    assert_int_equal(reply->status, status);
    assert_string_equal(reply_header(reply, "Content-Type", type), "application/problem+json");
    assert_string_equal(text_at(reply->json, "code"), code);
}

/* `count` calls in one webhook, three in each second, the oldest first. */
static void calls_fill(const struct server *server, int count)
{
    AUTO(text_clear) struct text body = TEXT_UP_TO(1 * MIB);
    AUTO(reply_clear) struct reply reply = { 0 };

    for (int i = 0; i < count; i++) {
        int at = i / 3;
        text_print(&body,
                   "%s{\"AcctId\":\"%d\",\"src\":\"%d\",\"dst\":\"+1281555%04d\","
                   "\"start\":\"2026-02-05 15:%02d:%02d\",\"end\":\"2026-02-05 15:%02d:%02d\","
                   "\"uniqueid\":\"%d.%d\",\"session\":\"filled-%d\",\"duration\":\"0\","
                   "\"billsec\":\"0\",\"caller_name\":\"Person %d\",\"userfield\":\"%s\","
                   "\"disposition\":\"NO ANSWER\"}",
                   i > 0 ? "," : "[", 5000 + i, 1000 + i % 10, i, at / 60, at % 60, at / 60,
                   at % 60, 1770325200 + at, i, i, i, i % 2 == 0 ? "Inbound" : "Outbound");
    }
    text_add_char(&body, ']');
    assert_int_equal(ask_as(server, "/api/webhook/cdr/default", text_get(&body),
                            "Content-Type: application/json", &reply),
                     200);
}

static size_t calls_count(const struct server *server, const char *query)
{
    char path[256];

    IGNORE(snprintf(path, sizeof path, "/api/calls?limit=200&%s", query), "fits");
    AUTO(json_release) json_t *page = server_get(server, path);
    return json_array_size(json_object_get(page, "calls"));
}

/* ---- Signing in ---- */

static void signing_in_and_out(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct visitor visitor;
    AUTO(reply_clear) struct reply reply = { 0 };

    IGNORE(ask_as(server, "/api/auth/me", NULL, NULL, &reply), "below");
    refused_check(&reply, 401, "not_signed_in");
    IGNORE(ask_as(server, "/api/auth/login",
                  "{\"email\":\"" ADMIN_EMAIL "\",\"password\":\"wrong-password\"}", NULL, &reply),
           "below");
    refused_check(&reply, 401, "login_refused");
    IGNORE(ask_as(server, "/api/auth/login", "not json", NULL, &reply), "below");
    refused_check(&reply, 400, "bad_request");
    sign_in(server, ADMIN_EMAIL, ADMIN_PASSWORD, &visitor);
    assert_int_equal(ask_as(server, "/api/auth/me", NULL, visitor.cookie, &reply), 200);
    assert_string_equal(text_at(reply.json, "user.role"), "operator");
    assert_true(strlen(text_at(reply.json, "csrf_token")) > 0);
    server_ask_with(server, "/api/auth/logout", "{}", 0, visitor.cookie, visitor.csrf, NULL,
                    &reply);
    assert_int_equal(reply.status, 204);
    assert_int_equal(ask_as(server, "/api/auth/me", NULL, visitor.cookie, &reply), 401);
}

/* ---- The list ---- */

static void pages_lose_and_repeat_nothing(void **state)
{
    enum { CALLS = 120, PAGE = 7 };
    struct scene *scene = *state;
    bool seen[CALLS] = { false };
    char path[128] = "/api/calls?limit=7";
    char last_at[64] = "9999";
    int found = 0;

    calls_fill(&scene->server, CALLS);
    for (int page = 0; page < CALLS / PAGE + 2; page++) {
        AUTO(json_release) json_t *answer = server_get(&scene->server, path);
        const json_t *calls = json_object_get(answer, "calls");
        assert_true(json_array_size(calls) <= PAGE);
        for (size_t i = 0; i < json_array_size(calls); i++) {
            const json_t *call = json_array_get(calls, i);
            int index = -1;
            assert_int_equal(sscanf(text_at(call, "session"), "filled-%d", &index), 1);
            assert_in_range(index, 0, CALLS - 1);
            assert_false(seen[index]);
            seen[index] = true;
            assert_true(strcmp(text_at(call, "started_at"), last_at) <= 0);
            IGNORE(snprintf(last_at, sizeof last_at, "%s", text_at(call, "started_at")), "fits");
            assert_null(json_object_get(call, "legs"));
            assert_null(json_object_get(call, "transcript"));
            found++;
        }
        const json_t *cursor = json_object_get(answer, "next_cursor");
        if (json_is_null(cursor)) {
            break;
        }
        IGNORE(
            snprintf(path, sizeof path, "/api/calls?limit=7&cursor=%s", json_string_value(cursor)),
            "fits");
    }
    assert_int_equal(found, CALLS);
}

static void filters_find_what_they_name(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added[2];

    calls_fill(server, 60); /* From 21:00:00 to 21:00:19. */
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound, .caller = "7777" },
              &added[0]);
    collection_wait(server, "stored", 1);
    call_add(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[1]);
    assert_true(simulator_recording_delete(scene->ucm, added[1].recordings[0].path));
    webhook_send(scene, added[1].call);
    json_decref(recording_wait(server, added[1].recordings[0].path, "waiting", "not_there_yet"));

    assert_int_equal(calls_count(server, ""), 62);
    assert_int_equal(calls_count(server, "q=person%205"), 11); /* 5 and 50 to 59 */
    assert_int_equal(calls_count(server, "q=5550017"), 1);
    assert_int_equal(calls_count(server, "number=1003"), 6);
    assert_int_equal(calls_count(server, "number=%2B12815550017"), 1);
    assert_int_equal(calls_count(server, "number=100"), 0);
    assert_int_equal(calls_count(server, "direction=inbound"), 30);
    assert_int_equal(calls_count(server, "direction=outbound"), 30);
    assert_int_equal(calls_count(server, "recording=not_expected"), 60);
    assert_int_equal(calls_count(server, "recording=stored"), 1);
    assert_int_equal(calls_count(server, "recording=stored&number=7777"), 1);
    assert_int_equal(calls_count(server, "recording=not_there_yet"), 1);
    assert_int_equal(calls_count(server, "recording=missing"), 0);
    assert_int_equal(calls_count(server, "from=2026-02-05T21:00:10Z&to=2026-02-05T21:00:12Z"), 6);
    assert_int_equal(calls_count(server, "to=2026-02-05"), 0);
    assert_int_equal(calls_count(server, "from=2026-02-06"), 2);
    assert_int_equal(calls_count(server, "q=%25"), 0); /* No wildcard of the database's. */
    assert_int_equal(calls_count(server, "q=nobody%27%20OR%201=1"), 0);
}

static void wrong_parameters_are_named(void **state)
{
    struct scene *scene = *state;
    static const char *const queries[] = { "limit=0",       "limit=201",      "limit=ten",
                                           "limit=10x",     "cursor=zzz",     "from=today",
                                           "to=2026-13-01", "from=2026-02-30" };

    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        AUTO(reply_clear) struct reply reply = { 0 };
        char path[128];
        char name[32];
        IGNORE(snprintf(path, sizeof path, "/api/calls?%s", queries[i]), "fits");
        IGNORE(snprintf(name, sizeof name, "'%.*s'", (int)strcspn(queries[i], "="), queries[i]),
               "fits");
        server_ask(&scene->server, path, NULL, &reply);
        refused_check(&reply, 400, "bad_parameter");
        assert_non_null(strstr(text_at(reply.json, "detail"), name));
    }
}

/* ---- One call ---- */

/* product.md section 4, as far as it is built. */
static const char *const call_members[] = {
    "id",
    "tenant",
    "session",
    "direction",
    "from",
    "to",
    "caller_name",
    "started_at",
    "answered_at",
    "ended_at",
    "duration_s",
    "talk_s",
    "disposition",
    "recordings.0.id",
    "recordings.0.pbx_path",
    "recordings.0.state",
    "recordings.0.reason",
    "recordings.0.expected.bytes",
    "recordings.0.expected.seconds",
    "recordings.0.stored.bytes",
    "recordings.0.stored.seconds",
    "recordings.0.stored.sha256",
    "recordings.0.attempts",
    "recordings.0.next_try_at",
    "legs.0.acct_id",
    "legs.0.uniqueid",
    "legs.0.src",
    "legs.0.dst",
    "transcript.state",
    "transcript.engine",
    "transcript.model",
    "transcript.language",
    "transcript.segments",
    "insight.state",
    "insight.talk",
    "timeline.0.at",
    "timeline.0.stage",
    "timeline.0.event",
    "timeline.0.detail",
};

static void a_call_has_every_member_of_the_contract(void **state)
{
    struct scene *scene = *state;
    struct simulator_added added;

    call_ring(scene,
              &(struct simulator_call){ .audio_path = scene->sound,
                                        .direction = "Outbound",
                                        .caller = "1000",
                                        .caller_name = "Front Desk",
                                        .ring_s = 4 },
              &added);
    AUTO(json_release)
    json_t *call = recording_wait(&scene->server, added.recordings[0].path, "stored", NULL);
    for (size_t i = 0; i < COUNT_OF(call_members); i++) {
        if (json_at(call, call_members[i]) == NULL) {
            fail_msg("the call has no '%s'", call_members[i]);
        }
    }
    assert_string_equal(text_at(call, "tenant"), "default");
    assert_string_equal(text_at(call, "session"), added.session);
    assert_string_equal(text_at(call, "direction"), "outbound");
    assert_string_equal(text_at(call, "from"), "1000");
    assert_string_equal(text_at(call, "to"), "2815550100");
    assert_string_equal(text_at(call, "caller_name"), "Front Desk");
    assert_string_equal(text_at(call, "disposition"), "ANSWERED");
    assert_int_equal(json_number(call, "talk_s", -1), 2);
    assert_int_equal(json_number(call, "duration_s", -1), 6);
    assert_string_equal(text_at(call, "legs.0.acct_id"), added.acct_id);
    assert_string_equal(text_at(call, "legs.0.uniqueid"), added.uniqueid);
    assert_string_equal(text_at(call, "timeline.0.event"), "received");
    assert_string_equal(text_at(call, "timeline.1.event"), "stored");
    time_ms started = 0;
    assert_true(time_parse(text_at(call, "started_at"), &started));
    assert_int_equal(started, added.started_at / SECOND_MS * SECOND_MS); /* CDRs have seconds. */
}

static void an_unknown_call_is_not_found(void **state)
{
    struct scene *scene = *state;
    static const char *const ids[] = { "0123456789abcdef", "1",
                                       "..%2f..%2fetc",    "%00",
                                       "ffffffffffffffff", "0123456789ABCDEF" };

    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        AUTO(reply_clear) struct reply reply = { 0 };
        char path[128];
        IGNORE(snprintf(path, sizeof path, "/api/calls/%s", ids[i]), "fits");
        server_ask(&scene->server, path, NULL, &reply);
        assert_true(reply.status == 404 || reply.status == 400);
    }
}

static void the_audio_is_served_in_ranges(void **state)
{
    struct scene *scene = *state;
    static const struct {
        const char *range;
        long status;
        size_t first, last; /* Of the bytes answered. */
    } rows[] = {
        { "Range: bytes=0-99", 206, 0, 99 },
        { "Range: bytes=-100", 206, 31944, 32043 },
        { "Range: bytes=32000-", 206, 32000, 32043 },
        { "Range: bytes=0-", 206, 0, 32043 },
        { "Range: bytes=5-5", 206, 5, 5 },
        { "Range: bytes=32043-99999", 206, 32043, 32043 },
        { "Range: bytes=32044-", 416, 0, 0 },
        { "Range: bytes=-0", 416, 0, 0 },
        { "Range: lines=1-2", 200, 0, 32043 },
        { "Range: bytes=9-5", 200, 0, 32043 },
    };
    struct simulator_added added;
    char path[64];
    char bearer[192];
    char value[512];
    char expected[512];
    AUTO(free) char *sound = NULL;
    size_t size = 0;
    struct error error;

    assert_true(file_read(scene->sound, 1 * MIB, &sound, &size, &error));
    assert_int_equal(size, 32044);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    AUTO(json_release)
    json_t *call = recording_wait(&scene->server, added.recordings[0].path, "stored", NULL);
    IGNORE(snprintf(path, sizeof path, "/api/calls/%s/recording", text_at(call, "id")), "fits");
    IGNORE(snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", scene->server.token),
           "fits");
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(reply_clear) struct reply reply = { 0 };
        server_ask_with(&scene->server, path, NULL, 0, bearer, rows[i].range, NULL, &reply);
        if (reply.status != rows[i].status) {
            fail_msg("%s: HTTP %ld", rows[i].range, reply.status);
        }
        if (rows[i].status == 416) {
            assert_string_equal(reply_header(&reply, "Content-Range", value), "bytes */32044");
            continue;
        }
        size_t length = rows[i].last - rows[i].first + 1;
        assert_int_equal(reply.body.size, length);
        assert_memory_equal(text_get(&reply.body), sound + rows[i].first, length);
        assert_string_equal(reply_header(&reply, "Accept-Ranges", value), "bytes");
        assert_string_equal(reply_header(&reply, "Content-Type", value), "audio/wav");
        IGNORE(
            snprintf(expected, sizeof expected, "bytes %zu-%zu/32044", rows[i].first, rows[i].last),
            "fits");
        assert_string_equal(reply_header(&reply, "Content-Range", value),
                            rows[i].status == 206 ? expected : "");
    }
}

/* ---- Retry ---- */

static void a_person_may_try_again(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added;
    struct visitor visitor;
    AUTO(reply_clear) struct reply reply = { 0 };
    char path[64];

    server_stop(&scene->server);
    server_set(&scene->server, "RETRY_SCHEDULE", "1h");
    server_start(&scene->server);
    fault_set(scene, "not-found", SIMULATOR_FOREVER, 0);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    AUTO(json_release)
    json_t *call = recording_wait(server, added.recordings[0].path, "waiting", "not_there_yet");
    simulator_faults_clear(scene->ucm);
    IGNORE(snprintf(path, sizeof path, "/api/calls/%s/retry", text_at(call, "id")), "fits");
    sign_in(server, ADMIN_EMAIL, ADMIN_PASSWORD, &visitor);

    IGNORE(ask_as(server, path, "{}", NULL, &reply), "below");
    refused_check(&reply, 401, "not_signed_in");
    IGNORE(ask_as(server, path, "{}", visitor.cookie, &reply), "below");
    refused_check(&reply, 403, "csrf");
    server_ask_with(server, path, "{}", 0, visitor.cookie, "X-CSRF-Token: 0123456789abcdef", NULL,
                    &reply);
    refused_check(&reply, 403, "csrf");
    server_ask_with(server, path, "{}", 0, visitor.cookie, visitor.csrf, NULL, &reply);
    assert_int_equal(reply.status, 202);
    assert_int_equal(json_number(reply.json, "retried", -1), 1);
    json_decref(recording_wait(server, added.recordings[0].path, "stored", NULL));
    server_ask(server, path, "{}", &reply); /* A machine's token needs no CSRF token. */
    assert_int_equal(reply.status, 202);
    assert_int_equal(json_number(reply.json, "retried", -1), 0);
}

static void what_was_given_up_may_be_tried_again(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added;
    struct error error = { 0 };
    AUTO(reply_clear) struct reply reply = { 0 };
    char path[64];

    fault_set(scene, "not-found", SIMULATOR_FOREVER, 0);
    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    json_decref(recording_wait(server, added.recordings[0].path, "waiting", "not_there_yet"));
    AUTO(db_close) struct db *db = server_db(server);
    assert_true(db_run(db, "UPDATE recording SET wanted_since = 1", DB_NO_VALUES, NULL, &error));
    AUTO(json_release)
    json_t *call = recording_wait(server, added.recordings[0].path, "missing", "deleted_on_pbx");
    AUTO(json_release) json_t *figures = server_get(server, "/api/collection");
    assert_int_equal(json_number(figures, "missing", -1), 1);
    assert_string_equal(text_at(figures, "reasons.0.code"), "deleted_on_pbx");
    simulator_faults_clear(scene->ucm);
    IGNORE(snprintf(path, sizeof path, "/api/calls/%s/retry", text_at(call, "id")), "fits");
    server_ask(server, path, "{}", &reply);
    assert_int_equal(reply.status, 202);
    json_decref(recording_wait(server, added.recordings[0].path, "stored", NULL));
}

/* ---- The figures ---- */

static void the_figures_add_up(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added[3];

    calls_fill(server, 5);
    for (int i = 0; i < 3; i++) {
        call_add(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added[i]);
    }
    assert_true(simulator_recording_delete(scene->ucm, added[2].recordings[0].path));
    for (int i = 0; i < 3; i++) {
        webhook_send(scene, added[i].call);
    }
    collection_wait(server, "stored", 2);
    json_decref(recording_wait(server, added[2].recordings[0].path, "waiting", "not_there_yet"));
    AUTO(json_release) json_t *figures = server_get(server, "/api/collection");
    assert_int_equal(json_number(figures, "calls", -1), 8);
    assert_int_equal(json_number(figures, "not_expected", -1), 5);
    assert_int_equal(json_number(figures, "expected", -1), 3);
    assert_int_equal(json_number(figures, "waiting", -1), 1);
    assert_int_equal(json_number(figures, "missing", -1), 0);
    assert_true(number_at(figures, "yield") > 0.66 && number_at(figures, "yield") < 0.67);
    assert_string_equal(text_at(figures, "reasons.0.code"), "not_there_yet");
    assert_true(number_at(figures, "reasons.0.count") == 1);
    AUTO(json_release)
    json_t *old = server_get(server, "/api/collection?from=2026-02-01&to=2026-03-01");
    assert_int_equal(json_number(old, "calls", -1), 5);
    assert_true(json_is_null(json_object_get(old, "yield")));
}

/* ---- Who may see what ---- */

static void user_create(const struct server *server, const char *tenant, const char *role,
                        const char *email)
{
    server_must(server,
                &(struct command){ .arguments = { "user", "create", email, "--tenant", tenant,
                                                  "--role", role, "--password-file", "-" },
                                   .input = "another-Password-7\n" },
                NULL);
}

static void a_tenant_sees_nothing_of_another(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    static const char *const routes[] = { "", "/recording", "/transcript", "/attempts" };
    struct simulator_added added;
    struct visitor stranger;
    AUTO(reply_clear) struct reply reply = { 0 };
    char path[96];

    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    AUTO(json_release)
    json_t *call = recording_wait(server, added.recordings[0].path, "stored", NULL);
    IGNORE(ask_as(server, "/api/webhook/cdr/default", "junk", NULL, &reply), "is quarantined");
    server_must(server, &(struct command){ .arguments = { "tenant", "create", "acme" } }, NULL);
    user_create(server, "acme", "admin", "admin@acme.test");
    sign_in(server, "admin@acme.test", "another-Password-7", &stranger);

    for (size_t i = 0; i < COUNT_OF(routes); i++) {
        IGNORE(snprintf(path, sizeof path, "/api/calls/%s%s", text_at(call, "id"), routes[i]),
               "fits");
        IGNORE(ask_as(server, path, NULL, stranger.cookie, &reply), "below");
        refused_check(&reply, 404, "not_found");
        IGNORE(ask_as(server, path, NULL, NULL, &reply), "below");
        refused_check(&reply, 401, "not_signed_in");
    }
    IGNORE(snprintf(path, sizeof path, "/api/calls/%s/retry", text_at(call, "id")), "fits");
    server_ask_with(server, path, "{}", 0, stranger.cookie, stranger.csrf, NULL, &reply);
    refused_check(&reply, 404, "not_found");
    assert_int_equal(ask_as(server, "/api/calls?tenant=default", NULL, stranger.cookie, &reply),
                     200);
    assert_int_equal(json_array_size(json_at(reply.json, "calls")), 0);
    assert_int_equal(
        ask_as(server, "/api/collection?tenant=default", NULL, stranger.cookie, &reply), 200);
    assert_int_equal(json_number(reply.json, "calls", -1), 0);
    assert_int_equal(
        ask_as(server, "/api/quarantine?tenant=default", NULL, stranger.cookie, &reply), 200);
    assert_int_equal(json_array_size(json_at(reply.json, "webhooks")), 0);

    char token[128];
    char bearer[192];
    token_create(server, "acme", "admin", token);
    IGNORE(snprintf(bearer, sizeof bearer, "Authorization: Bearer %s", token), "fits");
    IGNORE(snprintf(path, sizeof path, "/api/calls/%s", text_at(call, "id")), "fits");
    IGNORE(ask_as(server, path, NULL, bearer, &reply), "below");
    refused_check(&reply, 404, "not_found");
}

static void a_viewer_looks_and_changes_nothing(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    struct simulator_added added;
    struct visitor viewer;
    AUTO(reply_clear) struct reply reply = { 0 };
    char path[96];

    call_ring(scene, &(struct simulator_call){ .audio_path = scene->sound }, &added);
    AUTO(json_release)
    json_t *call = recording_wait(server, added.recordings[0].path, "stored", NULL);
    user_create(server, "default", "viewer", "viewer@default.test");
    sign_in(server, "viewer@default.test", "another-Password-7", &viewer);
    IGNORE(snprintf(path, sizeof path, "/api/calls/%s", text_at(call, "id")), "fits");
    assert_int_equal(ask_as(server, path, NULL, viewer.cookie, &reply), 200);
    IGNORE(snprintf(path, sizeof path, "/api/calls/%s/recording", text_at(call, "id")), "fits");
    assert_int_equal(ask_as(server, path, NULL, viewer.cookie, &reply), 200);
    IGNORE(snprintf(path, sizeof path, "/api/calls/%s/retry", text_at(call, "id")), "fits");
    server_ask_with(server, path, "{}", 0, viewer.cookie, viewer.csrf, NULL, &reply);
    refused_check(&reply, 403, "not_allowed");
    IGNORE(ask_as(server, "/api/quarantine", NULL, viewer.cookie, &reply), "below");
    refused_check(&reply, 403, "not_allowed");
}

static void health_and_contract_need_no_login(void **state)
{
    struct scene *scene = *state;
    const struct server *server = &scene->server;
    AUTO(reply_clear) struct reply reply = { 0 };

    for (size_t i = 0; i < 3; i++) {
        IGNORE(role_wait(server, ((const char *const[]){ "collect", "speech", "insight" })[i], 0),
               "it runs");
    }
    assert_int_equal(ask_as(server, "/api/health", NULL, NULL, &reply), 200);
    assert_string_equal(text_at(reply.json, "status"), "healthy");
    assert_string_equal(text_at(reply.json, "components.database"), "connected");
    assert_string_equal(text_at(reply.json, "components.storage"), "ok");
    assert_string_equal(text_at(reply.json, "components.collect"), "ok");
    assert_int_equal(ask_as(server, "/api/openapi.json", NULL, NULL, &reply), 200);
    assert_true(json_object_size(json_at(reply.json, "paths")) > 10);
    assert_int_equal(ask_as(server, "/api/nothing", NULL, NULL, &reply), 404);
}

#define SERVED(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVED(signing_in_and_out),
        SERVED(pages_lose_and_repeat_nothing),
        SERVED(filters_find_what_they_name),
        SERVED(wrong_parameters_are_named),
        SERVED(a_call_has_every_member_of_the_contract),
        SERVED(an_unknown_call_is_not_found),
        SERVED(the_audio_is_served_in_ranges),
        SERVED(a_person_may_try_again),
        SERVED(what_was_given_up_may_be_tried_again),
        SERVED(the_figures_add_up),
        SERVED(a_tenant_sees_nothing_of_another),
        SERVED(a_viewer_looks_and_changes_nothing),
        SERVED(health_and_contract_need_no_login),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Webhooks into the running server: who may send, what is understood, what is kept, and that
 * nothing acknowledged is ever lost. */
#include <pthread.h>
#include <sys/resource.h>
#include <zlib.h>

#include "core/encode.h"
#include "scene.h"

enum { HOOK_BODY_MAX = 1024 * 1024 };

/* ---- Little helpers of this file ---- */

/* A server without a UCM: webhooks only. */
static int hooks_setup(void **state)
{
    struct server *server = memory_new(sizeof *server);

    *state = server;
    server_make(server);
    server_start(server);
    return 0;
}

static int hooks_teardown(void **state)
{
    struct server *server = *state;

    server_end(server);
    free(server);
    return 0;
}

/* POST a body to a tenant's webhook (`place`: "default", "default/SECRET"). */
static long hook_post(const struct server *server, const char *place, const void *body, size_t size,
                      const char *header, struct reply *reply)
{
    char path[256];

    IGNORE(snprintf(path, sizeof path, "/api/webhook/cdr/%s", place), "fits");
    server_ask_with(server, path, body, size, header, NULL, NULL, reply);
    return reply->status;
}

static long hook_send(const struct server *server, const char *body)
{
    AUTO(reply_clear) struct reply reply = { 0 };

    return hook_post(server, "default", body, 0, "Content-Type: application/json", &reply);
}

/* The fields of one leg, without braces: number `index` of its session. */
static void leg_print(struct text *text, int index, const char *session, const char *recordfiles)
{
    text_print(text,
               "\"AcctId\":\"%d\",\"src\":\"1000\",\"dst\":\"%d\",\"clid\":\"\\\"Desk\\\" <1000>\","
               "\"start\":\"2026-02-05 15:20:41\",\"answer\":\"2026-02-05 15:20:52\","
               "\"end\":\"2026-02-05 15:23:12\",\"duration\":\"151\",\"billsec\":\"140\","
               "\"disposition\":\"ANSWERED\",\"uniqueid\":\"1770326441.%d\",\"lastapp\":\"Dial\","
               "\"userfield\":\"Outbound\",\"caller_name\":\"Desk\",\"recordfiles\":\"%s\","
               "\"session\":\"%s\",\"action_type\":\"DIAL\"",
               1000 + index, 2000 + index, index, recordfiles, session);
}

static int64_t legs_of(const struct server *server, const char *session)
{
    return server_number(
        server,
        "SELECT count(*) FROM leg JOIN call ON call.id = leg.call_id WHERE call.session = $1",
        session);
}

static int64_t table_count(const struct server *server, const char *sql)
{
    return server_number(server, sql, NULL);
}

static void problem_check(const struct reply *reply, long status, const char *code)
{
    char type[512];

    assert_int_equal(reply->status, status);
    assert_string_equal(reply_header(reply, "Content-Type", type), "application/problem+json");
    assert_string_equal(text_at(reply->json, "code"), code);
    assert_int_equal(json_number(reply->json, "status", 0), status);
    assert_true(strlen(text_at(reply->json, "title")) > 0);
}

/* ---- Who may send ---- */

static void probes_are_answered(void **state)
{
    const struct server *server = *state;
    AUTO(reply_clear) struct reply reply = { 0 };

    server_ask_with(server, "/api/webhook/cdr/default", NULL, 0, NULL, NULL, NULL, &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(hook_post(server, "default", "", 0, NULL, &reply), 200);
    assert_int_equal(hook_post(server, "default", "{}", 0, NULL, &reply), 200);
    assert_int_equal(hook_post(server, "default", " \r\n", 0, NULL, &reply), 200);
    assert_int_equal(table_count(server, "SELECT count(*) FROM webhook"), 0);
}

static void an_unknown_tenant_is_told_so(void **state)
{
    const struct server *server = *state;
    static const char *const places[] = { "nobody", "nobody/secret", "Default", "default2" };
    AUTO(reply_clear) struct reply reply = { 0 };

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        IGNORE(hook_post(server, places[i], "{\"AcctId\":\"1\"}", 0, NULL, &reply), "below");
        problem_check(&reply, 404, "unknown_tenant");
    }
    server_ask_with(server, "/api/webhook/cdr/nobody", NULL, 0, NULL, NULL, NULL, &reply);
    problem_check(&reply, 404, "unknown_tenant");
}

static void the_secret_opens_in_the_path_as_basic_and_as_bearer(void **state)
{
    const struct server *server = *state;
    AUTO(text_clear) struct text output = TEXT_UP_TO(4096);
    AUTO(reply_clear) struct reply reply = { 0 };
    char secret[128];
    char place[160];
    char header[256];
    char credentials[200];
    AUTO(text_clear) struct text encoded = TEXT_UP_TO(300);

    server_must(server, &(struct command){ .arguments = { "tenant", "create", "acme" } }, &output);
    const char *at = strstr(text_get(&output), "/cdr/acme/");
    assert_non_null(at);
    at += strlen("/cdr/acme/");
    IGNORE(snprintf(secret, sizeof secret, "%.*s", (int)strcspn(at, " \n"), at), "fits");
    assert_true(strlen(secret) >= 20);

    IGNORE(hook_post(server, "acme", "{}", 0, NULL, &reply), "below");
    problem_check(&reply, 401, "wrong_secret");
    IGNORE(hook_post(server, "acme/wrong-secret", "{}", 0, NULL, &reply), "below");
    problem_check(&reply, 401, "wrong_secret");
    IGNORE(hook_post(server, "acme", "{}", 0, "Authorization: Bearer wrong", &reply), "below");
    problem_check(&reply, 401, "wrong_secret");
    IGNORE(hook_post(server, "acme", "{}", 0, "Authorization: Basic dWNtOndyb25n", &reply),
           "below");
    problem_check(&reply, 401, "wrong_secret");

    IGNORE(snprintf(place, sizeof place, "acme/%s", secret), "fits");
    assert_int_equal(hook_post(server, place, "{}", 0, NULL, &reply), 200);
    IGNORE(snprintf(header, sizeof header, "Authorization: Bearer %s", secret), "fits");
    assert_int_equal(hook_post(server, "acme", "{}", 0, header, &reply), 200);
    IGNORE(snprintf(credentials, sizeof credentials, "anybody:%s", secret), "fits");
    encode_base64(credentials, strlen(credentials), false, &encoded);
    IGNORE(snprintf(header, sizeof header, "Authorization: Basic %s", text_get(&encoded)), "fits");
    assert_int_equal(hook_post(server, "acme", "{}", 0, header, &reply), 200);
    /* A tenant without a secret takes all of them. */
    assert_int_equal(hook_post(server, "default/whatever", "{}", 0, NULL, &reply), 200);
    assert_int_equal(hook_post(server, "default", "{}", 0, header, &reply), 200);
}

/* ---- What is understood ---- */

static void every_width_of_a_flat_record_is_understood(void **state)
{
    struct scene *scene = *state;
    static const int widths[] = { 22, 32, 43, 49 };

    for (size_t i = 0; i < COUNT_OF(widths); i++) {
        struct simulator_added added;
        call_ring(scene,
                  &(struct simulator_call){ .field_count = widths[i], .disposition = "NO ANSWER" },
                  &added);
        assert_int_equal(server_number(&scene->server,
                                       "SELECT count(*) FROM leg WHERE acct_id = $1",
                                       added.acct_id),
                         1);
    }
}

static void every_form_of_a_body_is_understood(void **state)
{
    const struct server *server = *state;
    AUTO(text_clear) struct text a = TEXT_UP_TO(8192);
    AUTO(text_clear) struct text b = TEXT_UP_TO(8192);
    static const struct {
        const char *session;
        const char *format; /* %s: the fields of two legs */
        int legs;
    } rows[] = {
        { "flat", "{%s}", 1 },
        { "unknown-fields", "{\"firmware_news\":{\"deep\":[1,2]},\"x\":null,%s}", 1 },
        { "list", "[{%s},{%s}]", 2 },
        { "root", "{\"cdr_root\":[{%s},{%s}]}", 2 },
        { "response", "{\"response\":{\"cdr\":[{%s},{%s}]},\"status\":0}", 2 },
        { "group",
          "{\"cdr\":\"group\",\"main_cdr\":{\"AcctId\":\"\",\"src\":\"1000\"},"
          "\"sub_cdr_1\":{%s},\"sub_cdr_2\":{%s}}",
          2 },
        { "bom", "\xef\xbb\xbf\r\n{%s}\r\n", 1 },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(text_clear) struct text body = TEXT_UP_TO(32768);
        text_reset(&a);
        text_reset(&b);
        leg_print(&a, (int)i * 2, rows[i].session, "");
        leg_print(&b, (int)i * 2 + 1, rows[i].session, "");
        const char *rest = rows[i].format;
        for (int leg = 0; leg < rows[i].legs; leg++) {
            const char *hole = strstr(rest, "%s");
            text_add_bytes(&body, rest, (size_t)(hole - rest));
            text_add(&body, text_get(leg == 0 ? &a : &b));
            rest = hole + 2;
        }
        text_add(&body, rest);
        assert_int_equal(hook_send(server, text_get(&body)), 200);
        assert_int_equal(legs_of(server, rows[i].session), rows[i].legs);
    }
}

static void xml_forms_and_numbers_are_understood(void **state)
{
    const struct server *server = *state;
    AUTO(reply_clear) struct reply reply = { 0 };
    static const char xml[] = "<?xml version=\"1.0\"?><root><cdr><AcctId>7001</AcctId>"
                              "<src>1000</src><dst>1001</dst><start>2026-02-05 15:20:41</start>"
                              "<uniqueid>1770326441.71</uniqueid><session>xml</session>"
                              "<disposition>NO ANSWER</disposition></cdr></root>";
    static const char form[] =
        "AcctId=7002&src=%2B12815550100&dst=1001&start=2026-02-05+15%3A20%3A41&"
        "uniqueid=1770326441.72&session=form&disposition=NO+ANSWER";
    static const char numbers[] =
        "{\"AcctId\":7003,\"src\":1000,\"dst\":1001,\"start\":\"2026-02-05 15:20:41\","
        "\"duration\":151,\"billsec\":140,\"uniqueid\":\"1770326441.73\",\"session\":\"numbers\","
        "\"disposition\":\"ANSWERED\"}";

    assert_int_equal(hook_post(server, "default", xml, 0, "Content-Type: text/xml", &reply), 200);
    assert_int_equal(legs_of(server, "xml"), 1);
    assert_int_equal(hook_post(server, "default", form, 0,
                               "Content-Type: application/x-www-form-urlencoded", &reply),
                     200);
    assert_int_equal(legs_of(server, "form"), 1);
    assert_int_equal(
        server_number(server, "SELECT count(*) FROM call WHERE from_number = $1", "+12815550100"),
        1);
    assert_int_equal(hook_send(server, numbers), 200);
    assert_int_equal(server_number(server, "SELECT talk_s FROM call WHERE session = $1", "numbers"),
                     140);
}

static void gzip_is_understood(void **state)
{
    const struct server *server = *state;
    AUTO(text_clear) struct text body = TEXT_UP_TO(8192);
    AUTO(reply_clear) struct reply reply = { 0 };
    unsigned char packed[4096];
    z_stream stream = { .next_out = packed, .avail_out = sizeof packed };

    text_add_char(&body, '{');
    leg_print(&body, 1, "gzip", "");
    text_add_char(&body, '}');
    stream.next_in = (unsigned char *)(uintptr_t)text_get(&body);
    stream.avail_in = (unsigned)body.size;
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    size_t size = sizeof packed - stream.avail_out;
    assert_int_equal(deflateEnd(&stream), Z_OK);
    assert_int_equal(hook_post(server, "default", packed, size, "Content-Encoding: gzip", &reply),
                     200);
    assert_int_equal(legs_of(server, "gzip"), 1);
}

/* The simulator's own forms, as a UCM of today sends them. */
static void legs_of_one_call_are_kept_and_not_merged_away(void **state)
{
    struct scene *scene = *state;
    static const struct simulator_webhook forms[] = {
        { .grouping = SIMULATOR_LEG_BY_LEG },
        { .grouping = SIMULATOR_GROUPED },
        { .grouping = SIMULATOR_LIST },
        { .format = SIMULATOR_XML },
    };

    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        struct simulator_added added;
        call_add(scene,
                 &(struct simulator_call){ .members = { "1005", "1006" },
                                           .group = "6400",
                                           .ring_s = 3,
                                           .talk_s = 20,
                                           .has_fork = true },
                 &added);
        webhook_send_as(scene, added.call, "default", forms[i]);
        assert_int_equal(legs_of(&scene->server, added.session), 4);
    }
    assert_int_equal(table_count(&scene->server, "SELECT count(*) FROM call"), COUNT_OF(forms));
}

static void local_times_become_utc(void **state)
{
    const struct server *server = *state;
    static const int offsets[] = { -360, 345, 0, 840 };

    for (size_t i = 0; i < COUNT_OF(offsets); i++) {
        struct simulator_options options = { .utc_offset_minutes = offsets[i] };
        AUTO(simulator_stop) struct simulator *ucm = NULL;
        struct simulator_call call = { .started_at = 1770326441000 + (time_ms)i * SECOND_MS,
                                       .ring_s = 11,
                                       .talk_s = 140 };
        struct simulator_added added;
        char url[128];
        struct simulator_webhook webhook = { .url = url };
        struct error error = { 0 };
        int status = 0;
        IGNORE(
            snprintf(url, sizeof url, "http://127.0.0.1:%d/api/webhook/cdr/default", server->port),
            "fits");
        assert_true(simulator_start(&options, &ucm, &error));
        assert_true(simulator_call_add(ucm, &call, &added, &error));
        assert_true(simulator_webhook_send(ucm, added.call, &webhook, &status, &error));
        assert_int_equal(status, 200);
        assert_int_equal(
            server_number(server, "SELECT started_at FROM call WHERE session = $1", added.session),
            added.started_at);
        assert_int_equal(
            server_number(server, "SELECT answered_at FROM call WHERE session = $1", added.session),
            added.started_at + 11 * SECOND_MS);
    }
    AUTO(json_release) json_t *list = server_get(server, "/api/calls?limit=4");
    assert_string_equal(text_at(list, "calls.3.started_at"), "2026-02-05T21:20:41Z");
}

/* ---- What is kept ---- */

struct sender {
    pthread_t thread;
    const struct server *server;
    const char *body;
    int first; /* Number of the first of the thread's own legs, or -1: sends `body`. */
    int count;
    int accepted; /* Answers 200. */
};

static void *sender_run(void *argument)
{
    struct sender *sender = argument;
    CURL *easy = curl_easy_init();
    char url[128];

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d/api/webhook/cdr/default",
                    sender->server->port),
           "fits");
    for (int i = 0; i < sender->count; i++) {
        AUTO(reply_clear) struct reply reply = { 0 };
        AUTO(text_clear) struct text body = TEXT_UP_TO(8192);
        char session[32];
        if (sender->first >= 0) {
            IGNORE(snprintf(session, sizeof session, "flood-%d", sender->first + i), "fits");
            text_add_char(&body, '{');
            leg_print(&body, sender->first + i, session, "");
            text_add_char(&body, '}');
        }
        web_ask(&(struct ask){ .url = url,
                               .body = sender->first >= 0 ? text_get(&body) : sender->body,
                               .headers = { "Content-Type: application/json" },
                               .timeout_ms = 60000,
                               .easy = easy },
                &reply);
        sender->accepted += reply.status == 200 ? 1 : 0;
    }
    curl_easy_cleanup(easy);
    return NULL;
}

/* Run them at one time; how many answers were 200. */
static int senders_run(struct sender *senders, size_t count)
{
    int accepted = 0;

    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_create(&senders[i].thread, NULL, sender_run, &senders[i]), 0);
    }
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
        accepted += senders[i].accepted;
    }
    return accepted;
}

static void a_replay_changes_nothing(void **state)
{
    const struct server *server = *state;
    AUTO(text_clear) struct text body = TEXT_UP_TO(8192);
    struct sender senders[8];

    text_add_char(&body, '{');
    leg_print(&body, 1, "replayed", "2026-02/auto-1770326441-1000-2001.wav@");
    text_add_char(&body, '}');
    for (size_t i = 0; i < COUNT_OF(senders); i++) {
        senders[i] =
            (struct sender){ .server = server, .body = text_get(&body), .first = -1, .count = 5 };
    }
    assert_int_equal(senders_run(senders, COUNT_OF(senders)), COUNT_OF(senders) * 5);
    assert_int_equal(table_count(server, "SELECT count(*) FROM leg"), 1);
    assert_int_equal(table_count(server, "SELECT count(*) FROM call"), 1);
    assert_int_equal(table_count(server, "SELECT count(*) FROM recording"), 1);
    assert_int_equal(table_count(server, "SELECT count(*) FROM job"), 1);
    assert_int_equal(table_count(server, "SELECT count(*) FROM webhook"), 1);
}

/* The UCM fills `recordfiles` late: the same leg comes again, and now names its file. */
static void a_name_that_comes_later_is_added(void **state)
{
    const struct server *server = *state;
    static const char *const names[] = { "", "2026-02/auto-1770326441-1000-2001.wav@" };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        AUTO(text_clear) struct text body = TEXT_UP_TO(8192);
        text_add_char(&body, '{');
        leg_print(&body, 1, "named-later", names[i]);
        text_add_char(&body, '}');
        assert_int_equal(hook_send(server, text_get(&body)), 200);
        assert_int_equal(table_count(server, "SELECT count(*) FROM recording"), (int64_t)i);
    }
    assert_int_equal(legs_of(server, "named-later"), 1);
}

static void what_cannot_be_read_is_kept_and_shown(void **state)
{
    const struct server *server = *state;
    static const char nul[] = "{\"AcctId\":\"1\"\0}";
    static const struct {
        const char *body;
        size_t size; /* 0: a text */
        const char *type;
    } rows[] = {
        { "<html><body>Sign in</body></html>", 0, "text/html" },
        { "{\"AcctId\":\"41\",\"src\":\"10", 0, "application/json" },
        { "AcctId,src,dst\r\n41,1000,1001\r\n", 0, "text/csv" },
        { "not a record at all", 0, "text/plain" },
        { "{\"hello\":\"world\"}", 0, "application/json" },
        { "\x89PNG\r\n\x1a\n\xff\xfe\x80", 0, "application/octet-stream" },
        { nul, sizeof nul - 1, "application/json" },
        { "\x1f\x8b\x08 truncated gzip", 0, "application/json" },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(reply_clear) struct reply reply = { 0 };
        char header[64];
        size_t size = rows[i].size > 0 ? rows[i].size : strlen(rows[i].body);
        IGNORE(snprintf(header, sizeof header, "Content-Type: %s", rows[i].type), "fits");
        IGNORE(hook_post(server, "default", rows[i].body, size, header, &reply), "below");
        assert_int_equal(reply.status, 202);
        assert_string_equal(text_at(reply.json, "status"), "quarantined");
        assert_true(strlen(text_at(reply.json, "reason")) > 0);
    }
    AUTO(json_release) json_t *answer = server_get(server, "/api/quarantine");
    const json_t *list = json_object_get(answer, "webhooks");
    assert_int_equal(json_array_size(list), COUNT_OF(rows));
    AUTO(db_close) struct db *db = server_db(server);
    AUTO(db_rows_clear) struct db_rows kept = { 0 };
    struct error error = { 0 };
    assert_true(db_query(db, "SELECT body, content_type, quarantine FROM webhook ORDER BY id",
                         DB_NO_VALUES, &kept, &error));
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        size_t size = 0;
        size_t sent = rows[i].size > 0 ? rows[i].size : strlen(rows[i].body);
        assert_int_equal(db_next(&kept, &error), DB_ROW);
        const void *body = db_blob(&kept, 0, &size);
        assert_int_equal(size, sent);
        assert_memory_equal(body, rows[i].body, sent);
        assert_string_equal(db_text(&kept, 1), rows[i].type);
        assert_true(strlen(db_text(&kept, 2)) > 0);
    }
}

static void a_body_over_one_mebibyte_is_refused(void **state)
{
    const struct server *server = *state;
    AUTO(free) char *body = memory_new(HOOK_BODY_MAX + 2);
    AUTO(reply_clear) struct reply reply = { 0 };

    memset(body, 'x', HOOK_BODY_MAX + 1);
    IGNORE(hook_post(server, "default", body, HOOK_BODY_MAX + 1, NULL, &reply), "below");
    problem_check(&reply, 413, "too_large");
    server_ask_with(server, "/api/webhook/cdr/default", body, HOOK_BODY_MAX + 1,
                    "Transfer-Encoding: chunked", NULL, NULL, &reply);
    assert_int_equal(reply.status, 413);
    assert_int_equal(table_count(server, "SELECT count(*) FROM webhook"), 0);
    IGNORE(hook_post(server, "default", body, HOOK_BODY_MAX, NULL, &reply), "below");
    assert_int_equal(reply.status, 202);
    assert_int_equal(table_count(server, "SELECT max(length(body)) FROM webhook"), HOOK_BODY_MAX);
}

static void hostile_names_are_refused_and_visible(void **state)
{
    const struct server *server = *state;
    static const char *const names[] = { "../../etc/passwd@", "/etc/shadow@",
                                         "2026-02/..\\\\..\\\\win.ini@", "2026-02/a\\u0001b.wav@" };
    AUTO(text_clear) struct text body = TEXT_UP_TO(8192);

    for (int round = 0; round < 2; round++) { /* A replay of it changes nothing, either. */
        for (size_t i = 0; i < COUNT_OF(names); i++) {
            AUTO(text_clear) struct text files = TEXT_UP_TO(1024);
            text_reset(&body);
            text_print(&files, "2026-02/good-%zu.wav@%s", i, names[i]);
            text_add_char(&body, '{');
            leg_print(&body, (int)i, "hostile", text_get(&files));
            text_add_char(&body, '}');
            assert_int_equal(hook_send(server, text_get(&body)), 200);
        }
        assert_int_equal(legs_of(server, "hostile"), COUNT_OF(names));
        assert_int_equal(
            table_count(server, "SELECT count(*) FROM recording WHERE path LIKE '2026-02/good-%'"),
            COUNT_OF(names));
        assert_int_equal(table_count(server, "SELECT count(*) FROM recording"), COUNT_OF(names));
        AUTO(json_release) json_t *answer = server_get(server, "/api/quarantine");
        assert_int_equal(json_array_size(json_object_get(answer, "webhooks")), COUNT_OF(names));
        assert_non_null(strstr(text_at(answer, "webhooks.0.reason"), "refused"));
    }
}

/* ---- Durable or refused ---- */

/* No byte may be written any more: as with a full disk, or one that fails. */
static void what_cannot_be_made_durable_is_not_acknowledged(void **state)
{
    const struct server *server = *state;
    AUTO(text_clear) struct text body = TEXT_UP_TO(8192);
    AUTO(reply_clear) struct reply reply = { 0 };
    pid_t http = role_wait(server, "http", 0);
    struct rlimit limit = { .rlim_cur = 512, .rlim_max = 512 };

    text_add_char(&body, '{');
    leg_print(&body, 1, "durable", "");
    text_add_char(&body, '}');
    assert_int_equal(prlimit(http, RLIMIT_FSIZE, &limit, NULL), 0);
    IGNORE(hook_post(server, "default", text_get(&body), 0, NULL, &reply), "below");
    problem_check(&reply, 503, "not_durable");
    assert_int_equal(legs_of(server, "durable"), 0);
    IGNORE(role_wait(server, "http", http), "a new process comes for the broken one");
    int64_t until_ms = time_monotonic_ms() + READY_MS;
    while (hook_send(server, text_get(&body)) != 200) {
        assert_true(time_monotonic_ms() < until_ms);
        time_sleep_ms(LOOK_MS);
    }
    assert_int_equal(legs_of(server, "durable"), 1);
}

static void nothing_acknowledged_is_lost_by_kill_9(void **state)
{
    struct server *server = *state;
    enum { CONNECTIONS = 64, EACH = 50 };
    struct sender senders[CONNECTIONS];

    pid_t http = role_wait(server, "http", 0);
    for (int i = 0; i < CONNECTIONS; i++) {
        senders[i] = (struct sender){ .server = server, .first = i * EACH, .count = EACH };
    }
    assert_int_equal(senders_run(senders, CONNECTIONS), CONNECTIONS * EACH);
    assert_int_equal(kill(http, SIGKILL), 0);
    assert_int_equal(table_count(server, "SELECT count(*) FROM leg"), CONNECTIONS * EACH);
    IGNORE(role_wait(server, "http", http), "it runs again");
    assert_int_equal(table_count(server, "SELECT count(*) FROM leg"), CONNECTIONS * EACH);
    assert_int_equal(table_count(server, "SELECT count(DISTINCT call_id) FROM leg"),
                     CONNECTIONS * EACH);
    assert_true(server_wait(server));
}

#define HOOKS(test) cmocka_unit_test_setup_teardown(test, hooks_setup, hooks_teardown)
#define SERVED(test) cmocka_unit_test_setup_teardown(test, scene_setup, scene_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        HOOKS(probes_are_answered),
        HOOKS(an_unknown_tenant_is_told_so),
        HOOKS(the_secret_opens_in_the_path_as_basic_and_as_bearer),
        SERVED(every_width_of_a_flat_record_is_understood),
        HOOKS(every_form_of_a_body_is_understood),
        HOOKS(xml_forms_and_numbers_are_understood),
        HOOKS(gzip_is_understood),
        SERVED(legs_of_one_call_are_kept_and_not_merged_away),
        HOOKS(local_times_become_utc),
        HOOKS(a_replay_changes_nothing),
        HOOKS(a_name_that_comes_later_is_added),
        HOOKS(what_cannot_be_read_is_kept_and_shown),
        HOOKS(a_body_over_one_mebibyte_is_refused),
        HOOKS(hostile_names_are_refused_and_visible),
        HOOKS(what_cannot_be_made_durable_is_not_acknowledged),
        HOOKS(nothing_acknowledged_is_lost_by_kill_9),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

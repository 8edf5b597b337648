#include "peer.h"

#include "core/memory.h"
#include "core/time.h"
#include "http/internal.h"

enum { LISTENERS_MAX = 40 };
#define ASK "GET /api/events/acme HTTP/1.1\r\nHost: a\r\n\r\n"

static struct http_server *server;
static struct http_events *events;
static int port;

static void stream(struct http_request *request, void *context)
{
    (void)context;
    http_answer_events(request, http_request_parameter(request, "tenant"));
}

static int server_open(void **state)
{
    static const struct http_route routes[] = { { "GET", "/api/events/{tenant}", 0, 0, stream } };
    struct error error;

    (void)state;
    events = http_events_new(LISTENERS_MAX);
    const struct http_options options = { .listen = "127.0.0.1:0",
                                          .routes = routes,
                                          .route_count = COUNT_OF(routes),
                                          .events = events,
                                          .idle_timeout_s = 1 };
    if (!http_server_start(&options, &server, &error)) {
        return -1;
    }
    port = http_server_port(server);
    return 0;
}

static int server_shut(void **state)
{
    (void)state;
    http_server_stop(server);
    http_events_free(events);
    return 0;
}

/* Read on until `wanted` has come. */
static bool peer_awaits(int peer, struct text *all, const char *wanted)
{
    int64_t until_ms = time_monotonic_ms() + PEER_PATIENCE_MS;

    while (strstr(text_get(all), wanted) == NULL) {
        if (time_monotonic_ms() > until_ms || !peer_read(peer, all, 1000)) {
            return false;
        }
    }
    return true;
}

static int listener_connect(const char *request)
{
    AUTO(text_clear) struct text all = TEXT_UP_TO(4 * KIB);
    int peer = peer_connect(port);

    peer_send(peer, request);
    CHECK(peer_awaits(peer, &all, "retry: 3000\n\n"));
    CHECK(strstr(text_get(&all), "Content-Type: text/event-stream\r\n") != NULL);
    return peer;
}

/* Those who have gone are parked: what is written to them next finds out. */
static void listeners_wait_for_none(void)
{
    for (int i = 0; i < 300 && http_events_listener_count(events) > 0; i++) {
        http_events_send(events, NULL, "notice", "{}");
        time_sleep_ms(10);
    }
    CHECK_NUMBER(http_events_listener_count(events), 0);
}

static void events_reach_their_tenant_and_nobody_else(void **state)
{
    (void)state;
    AUTO(file_close) int acme = listener_connect(ASK);
    AUTO(file_close)
    int other = listener_connect("GET /api/events/other HTTP/1.1\r\nHost: a\r\n\r\n");
    AUTO(text_clear) struct text heard = TEXT_UP_TO(64 * KIB);
    AUTO(text_clear) struct text overheard = TEXT_UP_TO(64 * KIB);

    time_sleep_ms(1300); /* Longer than the idle timeout: a quiet stream stays. */
    http_events_send(events, "acme", "call", "{\"id\":1}");
    http_events_send(events, "other", "call", "{\"id\":2}");
    http_events_send(events, NULL, "notice", "{\"id\":3}");
    CHECK(peer_awaits(acme, &heard, "event: notice\ndata: {\"id\":3}\n\n"));
    CHECK(strstr(heard.bytes, "event: call\ndata: {\"id\":1}\n\n") != NULL);
    CHECK(strstr(heard.bytes, "\"id\":2") == NULL);
    CHECK(peer_awaits(other, &overheard, "\"id\":3"));
    CHECK(strstr(overheard.bytes, "\"id\":1") == NULL);
}

static void silence_is_broken_after_fifteen_seconds(void **state)
{
    (void)state;
    AUTO(file_close) int peer = listener_connect(ASK);
    AUTO(text_clear) struct text heard = TEXT_UP_TO(4 * KIB);
    int64_t now_ms = time_monotonic_ms();

    events_tick(events, now_ms + 14 * SECOND_MS);
    CHECK(!peer_read(peer, &heard, 200));
    events_tick(events, now_ms + 16 * SECOND_MS);
    CHECK(peer_awaits(peer, &heard, ":\n\n"));
}

static void many_events_arrive_in_order(void **state)
{
    (void)state;
    AUTO(file_close) int peer = listener_connect(ASK);
    AUTO(text_clear) struct text heard = TEXT_UP_TO(4 * MIB);
    for (int i = 0; i < 2000; i++) {
        char json[64];
        IGNORE(snprintf(json, sizeof json, "{\"number\":%d}", i), "short");
        http_events_send(events, "acme", "count", json);
        if (i % 200 == 199) {
            CHECK(peer_awaits(peer, &heard, json));
        }
    }
    const char *cursor = heard.bytes;
    for (int i = 0; i < 2000; i++) {
        char json[64];
        IGNORE(snprintf(json, sizeof json, "{\"number\":%d}\n\n", i), "short");
        cursor = strstr(cursor, json);
        CHECK(cursor != NULL);
    }
}

static void a_listener_that_does_not_listen_is_dropped(void **state)
{
    (void)state;
    listeners_wait_for_none();
    AUTO(file_close) int peer = listener_connect(ASK);
    AUTO(free) char *json = memory_new(4096);
    memset(json, 'x', 4095);
    for (int i = 0; i < 20000 && http_events_listener_count(events) > 0; i++) {
        http_events_send(events, "acme", "flood", json);
        if (i % 100 == 0) {
            time_sleep_ms(1);
        }
    }
    CHECK_NUMBER(http_events_listener_count(events), 0);
    CHECK(peer_is_closed(peer, 1000));
}

static void listeners_are_limited_and_their_places_are_given_back(void **state)
{
    int peers[LISTENERS_MAX];

    (void)state;
    listeners_wait_for_none();
    for (size_t i = 0; i < LISTENERS_MAX; i++) {
        peers[i] = listener_connect(ASK);
    }
    CHECK_NUMBER(peer_status(port, ASK), 503);
    for (size_t i = 0; i < LISTENERS_MAX; i++) {
        file_close(peers[i]);
    }
    listeners_wait_for_none();
    AUTO(file_close) int peer = listener_connect(ASK);
    CHECK(!peer_is_closed(peer, 10));
}

static void head_opens_no_stream(void **state)
{
    (void)state;
    AUTO(reply_clear)
    struct reply reply = peer_ask(port, "HEAD /api/events/acme HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_NUMBER(reply.status, 200);
}

static void stopping_ends_the_streams(void **state)
{
    (void)state;
    AUTO(file_close) int peer = listener_connect(ASK);
    http_server_stop(server);
    server = NULL;
    CHECK(peer_is_closed(peer, 1000));
    CHECK_NUMBER(http_events_listener_count(events), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(events_reach_their_tenant_and_nobody_else),
        cmocka_unit_test(silence_is_broken_after_fifteen_seconds),
        cmocka_unit_test(many_events_arrive_in_order),
        cmocka_unit_test(a_listener_that_does_not_listen_is_dropped),
        cmocka_unit_test(listeners_are_limited_and_their_places_are_given_back),
        cmocka_unit_test(head_opens_no_stream),
        cmocka_unit_test(stopping_ends_the_streams),
    };
    return cmocka_run_group_tests_name("http/events", tests, server_open, server_shut);
}

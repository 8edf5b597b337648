/* The duties that libmicrohttpd leaves to its user, each seen from a raw socket. */
#include "peer.h"

#include "core/memory.h"
#include "core/time.h"

static struct http_server *server;
static int port;

static void echo(struct http_request *request, void *context)
{
    size_t size = 0;
    const char *body = http_request_body(request, &size);

    (void)context;
    http_answer(request, 200, "application/octet-stream", body, size);
}

/* Everything that the getters see, a line each. */
static void show(struct http_request *request, void *context)
{
    const char *user = "";
    const char *password = "";
    const char *bearer = http_request_bearer(request);
    const char *cookie = http_request_cookie(request, "session");
    const char *query = http_request_query(request, "q");
    const char *id = http_request_parameter(request, "id");
    bool is_basic = http_request_basic(request, &user, &password);

    (void)context;
    char *text = arena_print(http_request_arena(request), "%s|%s|%s|%s|%s|%d|%s|%s|%s|%s|%s",
                             http_request_method(request), http_request_path(request), id,
                             query != NULL ? query : "-", cookie != NULL ? cookie : "-", is_basic,
                             user, password, bearer != NULL ? bearer : "-",
                             http_request_peer(request), (const char *)http_request_user(request));
    http_answer(request, 200, "text/plain", text, strlen(text));
}

static void forget(struct http_request *request, void *context)
{
    (void)request;
    (void)context;
}

static void split(struct http_request *request, void *context)
{
    (void)context;
    http_header_add(request, "X-A", "a\r\nSet-Cookie: b=c");
    http_answer(request, 200, "text/plain", "a", 1);
}

static const struct http_route routes[] = {
    { "GET", "/api/things/{id}", 0, 0, show }, { "POST", "/api/echo", 0, 100 * 1000, echo },
    { "GET", "/api/echo", 0, 0, echo },        { "PUT", "/api/echo", 0, 10, echo },
    { "POST", "/api/private", 1, 1000, echo }, { "GET", "/api/forget", 0, 0, forget },
    { "GET", "/api/split", 0, 0, split },
};

static bool admit(struct http_request *request, const struct http_route *route, void *context)
{
    (void)context;
    http_request_user_set(request, arena_copy_text(http_request_arena(request), "user"));
    if (route->access > 0) {
        http_answer_problem(request, 401, "login_needed", "log in first");
        http_header_add(request, "WWW-Authenticate", "Basic");
        return false;
    }
    return true;
}

static int server_open(void **state)
{
    const struct http_options options = { .listen = "127.0.0.1:0",
                                          .routes = routes,
                                          .route_count = COUNT_OF(routes),
                                          .admit = admit,
                                          .header_timeout_s = 1,
                                          .idle_timeout_s = 2 };
    struct error error;

    (void)state;
    if (!http_server_start(&options, &server, &error)) {
        print_message("%s\n", error.message);
        return -1;
    }
    port = http_server_port(server);
    return 0;
}

static int server_shut(void **state)
{
    (void)state;
    http_server_stop(server);
    return 0;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static void every_answer_carries_the_security_headers(void **state)
{
    static const char *const requests[] = { GET("/api/things/1"), GET("/api/none"),
                                            GET("/api/forget"), GET("/%zz"),
                                            "DELETE /api/echo HTTP/1.1\r\nHost: a\r\n\r\n" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        AUTO(reply_clear) struct reply reply = peer_ask(port, requests[i]);
        CHECK_TEXT(reply_header(&reply, "X-Content-Type-Options"), "nosniff");
        CHECK_TEXT(reply_header(&reply, "Referrer-Policy"), "no-referrer");
        CHECK_TEXT(reply_header(&reply, "Cross-Origin-Opener-Policy"), "same-origin");
        CHECK_TEXT(reply_header(&reply, "Cache-Control"), "no-store");
        CHECK(reply_header(&reply, "Date") != NULL);
        CHECK(reply_header(&reply, "Server") == NULL);
    }
}

static void a_handler_sees_what_was_asked(void **state)
{
    (void)state;
    AUTO(reply_clear)
    struct reply reply =
        peer_ask(port, "GET /api/things/a%20b?x=1&q=c+d HTTP/1.1\r\nHost: a\r\n"
                       "Cookie: a=b; session=s1\r\nAuthorization: Basic dTpw\r\n\r\n");
    CHECK_NUMBER(reply.status, 200);
    CHECK_TEXT(reply.body, "GET|/api/things/a%20b|a b|c d|s1|1|u|p|-|127.0.0.1|user");
    AUTO(reply_clear)
    struct reply bearer = peer_ask(port, "GET /api/things/1 HTTP/1.1\r\nHost: a\r\n"
                                         "authorization: bearer t0\r\n\r\n");
    CHECK_TEXT(bearer.body, "GET|/api/things/1|1|-|-|0|||t0|127.0.0.1|user");
}

static void paths_and_methods_get_the_status_they_deserve(void **state)
{
    static const struct {
        const char *line;
        int status;
    } rows[] = {
        { "GET /api/things/1 HTTP/1.1", 200 },
        { "HEAD /api/things/1 HTTP/1.1", 200 },
        { "GET /api/things/ HTTP/1.1", 404 },
        { "GET /api/things HTTP/1.1", 404 },
        { "GET / HTTP/1.1", 404 },
        { "GET /api/things/../echo HTTP/1.1", 404 },
        { "GET /api/%2e%2E/etc HTTP/1.1", 404 },
        { "GET /api/things/%zz HTTP/1.1", 400 },
        { "GET /api/things/%00 HTTP/1.1", 400 },
        { "GET /api/things/1?a=%f HTTP/1.1", 400 },
        { "GET api HTTP/1.1", 400 },
        { "OPTIONS * HTTP/1.1", 400 },
        { "DELETE /api/echo HTTP/1.1", 405 },
        { "PATCH /api/things/1 HTTP/1.1", 405 },
        { "get /api/things/1 HTTP/1.1", 405 },
        { "GET /api/forget HTTP/1.1", 500 },
        { "GET /api/split HTTP/1.1", 500 },
        { "GET http://b/api/things/1 HTTP/1.1", 200 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char request[256];
        IGNORE(snprintf(request, sizeof request, "%s\r\nHost: a\r\n\r\n", rows[i].line), "short");
        print_message("%s\n", rows[i].line);
        CHECK_NUMBER(peer_status(port, request), rows[i].status);
    }
    AUTO(reply_clear)
    struct reply reply = peer_ask(port, "DELETE /api/echo HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_TEXT(reply_header(&reply, "Allow"), "POST, GET, HEAD, PUT");
    CHECK_TEXT(reply_header(&reply, "Content-Type"), "application/problem+json");
    CHECK_TEXT(reply.body,
               "{\"type\":\"about:blank\",\"title\":\"Method Not Allowed\",\"status\":405,"
               "\"code\":\"method_not_allowed\",\"detail\":\"this path answers POST, GET, HEAD, "
               "PUT\"}");
}

static void head_is_get_without_the_body(void **state)
{
    (void)state;
    AUTO(file_close) int peer = peer_connect(port);
    peer_send(peer, "HEAD /api/things/1 HTTP/1.1\r\nHost: a\r\n\r\n" GET("/api/none"));
    AUTO(text_clear) struct text all = TEXT_UP_TO(64 * KIB);
    while (strstr(text_get(&all), "not_found") == NULL && peer_read(peer, &all, 2000)) {
    }
    const char *end = strstr(text_get(&all), "\r\n\r\n");
    CHECK(end != NULL);
    CHECK(strncmp(end + 4, "HTTP/1.1 404", 12) == 0);
}

static void requests_on_one_connection_do_not_mix(void **state)
{
    (void)state;
    AUTO(file_close) int peer = peer_connect(port);
    for (int i = 0; i < 50; i++) {
        char request[256];
        char body[32];
        int size = snprintf(body, sizeof body, "body %d", i);
        IGNORE(snprintf(request, sizeof request,
                        "POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s", size,
                        body),
               "short");
        peer_send(peer, request);
        AUTO(reply_clear) struct reply reply = peer_receive(peer, false);
        CHECK_TEXT(reply.body, body);
    }
}

static void what_two_servers_could_read_differently_is_refused_and_closed(void **state)
{
    static const char *const requests[] = {
        /* Both framings, in both orders. */
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        /* Unknown, repeated or disguised codings. */
        "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: identity\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: \"chunked\"\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        " Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "X: y\r\n Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        /* Lengths. */
        "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello",
        "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello",
        "Content-Length: 5, 5\r\n\r\nhello",
        "Content-Length: +5\r\n\r\nhello",
        "Content-Length: -1\r\n\r\nhello",
        "Content-Length: 0x5\r\n\r\nhello",
        "Content-Length: 5 5\r\n\r\nhello",
        "Content-Length:\r\n\r\nhello",
        "Content-Length : 5\r\n\r\nhello",
        "Content-Length: 99999999999999999999999\r\n\r\nhello",
        /* Line ends that others take for a part of the value, and the other way round. */
        "X: y\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "X: y\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Content-Length: 5\nX: y\r\n\r\nhello",
        "X: y\r\n z\r\nContent-Length: 5\r\n\r\nhello",
        "X: y\r\r",
        "X: y\n\n",
        "X: y\r\n\r",
        "X: y\n\r\n",
        /* Hosts. */
        "Host: b\r\nContent-Length: 0\r\n\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(requests); i++) {
        AUTO(file_close) int peer = peer_connect(port);
        print_message("%s\n", requests[i]);
        peer_send(peer, "POST /api/echo HTTP/1.1\r\nHost: a\r\n");
        peer_send(peer, requests[i]);
        /* What would be smuggled: it must never be answered. */
        peer_send(peer, GET("/api/things/smuggled"));
        AUTO(text_clear) struct text all = TEXT_UP_TO(64 * KIB);
        while (peer_read(peer, &all, 1500)) {
        }
        CHECK(all.size == 0 || strncmp(all.bytes, "HTTP/1.1 400", 12) == 0 ||
              strncmp(all.bytes, "HTTP/1.1 413", 12) == 0);
        CHECK(strstr(text_get(&all), "smuggled") == NULL);
        CHECK(peer_is_closed(peer, 2500));
    }
}

/* What looks odd and is not: none of it may be refused. */
static void ordinary_headers_pass(void **state)
{
    static const char *const headers[] = {
        "X:y\r\n",          "X:   y\r\n",
        "X: y  \r\n",       "X:\r\n",
        "X: \r\n",          "X: \ty\t\r\n",
        "X: a\r\nX: b\r\n", "Cookie: a=b; c=\"d\"\r\n",
        "X: a:b, c;d\r\n",  "Accept: */*\r\nTE: trailers\r\nConnection: keep-alive, TE\r\n",
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        char request[256];
        print_message("%s", headers[i]);
        for (int last = 0; last < 2; last++) {
            IGNORE(snprintf(request, sizeof request,
                            last ? "GET /api/things/1 HTTP/1.1\r\nHost: a\r\n%s\r\n"
                                 : "GET /api/things/1 HTTP/1.1\r\n%sHost: a\r\n\r\n",
                            headers[i]),
                   "short");
            CHECK_NUMBER(peer_status(port, request), 200);
        }
    }
    /* Headers that come in pieces, and enough of them to make the library's buffer grow. */
    AUTO(file_close) int peer = peer_connect(port);
    for (int round = 0; round < 3; round++) {
        peer_send(peer, "GET /api/things/1 HTTP/1.1\r\nHost: a\r\n");
        for (int i = 0; i < 80; i++) {
            char header[128];
            IGNORE(snprintf(header, sizeof header, "X-%d: %064d\r\n", i, i), "short");
            peer_send(peer, header);
            if (i % 20 == 0) {
                time_sleep_ms(5);
            }
        }
        peer_send(peer, "\r\n");
        AUTO(reply_clear) struct reply reply = peer_receive(peer, false);
        CHECK_NUMBER(reply.status, 200);
    }
}

static void chunks_are_read_strictly(void **state)
{
    static const char head[] =
        "POST /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n";
    static const char *const bad[] = {
        "-1\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n",
        "g\r\nhello\r\n0\r\n\r\n",  "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "5\r\nhelloX0\r\n\r\n",     "\r\n5\r\nhello\r\n0\r\n\r\n",
    };

    (void)state;
    AUTO(file_close) int good = peer_connect(port);
    peer_send(good, head);
    peer_send(good, "5\r\nhello\r\n6;x=y\r\n world\r\n0\r\nTrailer: t\r\n\r\n");
    AUTO(reply_clear) struct reply reply = peer_receive(good, false);
    CHECK_NUMBER(reply.status, 200);
    CHECK_TEXT(reply.body, "hello world");
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        AUTO(file_close) int peer = peer_connect(port);
        print_message("%s\n", bad[i]);
        peer_send(peer, head);
        peer_send(peer, bad[i]);
        peer_send(peer, GET("/api/things/smuggled"));
        AUTO(text_clear) struct text all = TEXT_UP_TO(64 * KIB);
        while (peer_read(peer, &all, 1500)) {
        }
        CHECK(strstr(text_get(&all), "smuggled") == NULL);
        CHECK(all.size == 0 || strncmp(all.bytes, "HTTP/1.1 4", 10) == 0);
    }
}

static void a_request_without_host_is_refused(void **state)
{
    (void)state;
    CHECK_NUMBER(peer_status(port, "GET /api/things/1 HTTP/1.1\r\n\r\n"), 400);
    CHECK_NUMBER(peer_status(port, "GET /api/things/1 HTTP/1.1\r\nHost : a\r\n\r\n"), 400);
    CHECK_NUMBER(peer_status(port, "GET /api/things/1 HTTP/1.0\r\n\r\n"), 200);
    CHECK_NUMBER(peer_status(port, "POST /api/echo HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"
                                   "0\r\n\r\n"),
                 400);
}

static void a_body_over_its_limit_is_refused_before_it_is_read(void **state)
{
    (void)state;
    AUTO(file_close) int peer = peer_connect(port);
    peer_send(peer, "POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100001\r\n\r\n");
    AUTO(reply_clear) struct reply reply = peer_receive(peer, false);
    CHECK_NUMBER(reply.status, 413);
    CHECK_TEXT(reply_header(&reply, "Connection"), "close");
    CHECK(peer_is_closed(peer, 1000));

    CHECK_NUMBER(peer_status(port, "PUT /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n"
                                   "0123456789"),
                 200);
    CHECK_NUMBER(peer_status(port, "PUT /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 11\r\n\r\n"
                                   "0123456789a"),
                 413);
    CHECK_NUMBER(
        peer_status(port, "GET /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx"), 413);
    CHECK_NUMBER(peer_status(port, "PUT /api/echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked"
                                   "\r\n\r\nb\r\n0123456789a\r\n0\r\n\r\n"),
                 413);
}

static void a_body_up_to_its_limit_arrives_whole(void **state)
{
    enum { SIZE = 100 * 1000 };
    AUTO(free) char *body = memory_new(SIZE + 1);
    AUTO(file_close) int peer = peer_connect(port);

    (void)state;
    for (size_t i = 0; i < SIZE; i++) {
        body[i] = (char)('a' + i * 31 % 26);
    }
    peer_send(peer, "POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
    peer_send_bytes(peer, body, SIZE);
    AUTO(reply_clear) struct reply reply = peer_receive(peer, false);
    CHECK_NUMBER(reply.status, 200);
    CHECK_NUMBER(reply.body_size, SIZE);
    assert_memory_equal(reply.body, body, SIZE);
}

static void a_refusal_with_a_small_body_keeps_the_connection(void **state)
{
    (void)state;
    AUTO(file_close) int peer = peer_connect(port);
    for (int i = 0; i < 3; i++) {
        peer_send(peer, "POST /api/private HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n");
        time_sleep_ms(20);
        peer_send(peer, "hello");
        AUTO(reply_clear) struct reply reply = peer_receive(peer, false);
        CHECK_NUMBER(reply.status, 401);
        CHECK_TEXT(reply_header(&reply, "WWW-Authenticate"), "Basic");
    }
    peer_send(peer, GET("/api/things/1"));
    AUTO(reply_clear) struct reply reply = peer_receive(peer, false);
    CHECK_NUMBER(reply.status, 200);
}

static void a_client_that_expects_to_be_told_is_told(void **state)
{
    (void)state;
    AUTO(file_close) int peer = peer_connect(port);
    peer_send(peer, "POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                    "Expect: 100-continue\r\n\r\n");
    AUTO(reply_clear) struct reply first = peer_receive(peer, false);
    CHECK_NUMBER(first.status, 100);
    peer_send(peer, "hello");
    AUTO(reply_clear) struct reply second = peer_receive(peer, false);
    CHECK_NUMBER(second.status, 200);

    AUTO(file_close) int refused = peer_connect(port);
    peer_send(refused, "POST /api/private HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n"
                       "Expect: 100-continue\r\n\r\n");
    AUTO(reply_clear) struct reply reply = peer_receive(refused, false);
    CHECK_NUMBER(reply.status, 401);
}

static void long_lines_and_headers_are_refused(void **state)
{
    AUTO(text_clear) struct text line = TEXT_UP_TO(256 * KIB);
    AUTO(text_clear) struct text header = TEXT_UP_TO(256 * KIB);

    (void)state;
    text_add(&line, "GET /api/things/");
    text_add(&header, "GET /api/things/1 HTTP/1.1\r\nHost: a\r\nX: ");
    for (int i = 0; i < 70 * 1000; i++) {
        text_add_char(&line, 'a');
        text_add_char(&header, 'a');
    }
    text_add(&line, " HTTP/1.1\r\nHost: a\r\n\r\n");
    text_add(&header, "\r\n\r\n");
    CHECK_NUMBER(peer_status(port, text_get(&line)), 414);
    CHECK_NUMBER(peer_status(port, text_get(&header)), 431);
}

/* Send `text` byte by byte, pause_ms apart. How long until the server closed? */
static int64_t drip(int peer, const char *text, int pause_ms)
{
    int64_t began_ms = time_monotonic_ms();

    for (const char *c = text; *c != '\0'; c++) {
        peer_send_bytes(peer, c, 1);
        if (peer_is_closed(peer, pause_ms)) {
            break;
        }
    }
    return time_monotonic_ms() - began_ms;
}

static void a_dripping_header_is_cut_off(void **state)
{
    (void)state;
    AUTO(file_close) int first = peer_connect(port);
    int64_t took_ms = drip(first, "GET /api/things/1 HTTP/1.1\r\nHost: a\r\nX: aaaaaaaaa", 100);
    CHECK(took_ms >= 900 && took_ms < 2500);

    /* On a connection that was good once: idle_timeout_s and header_timeout_s together. */
    AUTO(file_close) int second = peer_connect(port);
    peer_send(second, GET("/api/things/1"));
    AUTO(reply_clear) struct reply reply = peer_receive(second, false);
    CHECK_NUMBER(reply.status, 200);
    took_ms =
        drip(second, "GET /api/things/1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 100);
    CHECK(took_ms >= 900 && took_ms < 5000);
}

static void a_dripping_body_is_cut_off(void **state)
{
    (void)state;
    AUTO(file_close) int peer = peer_connect(port);
    peer_send(peer, "POST /api/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n");
    int64_t took_ms = drip(peer, "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", 100);
    CHECK(took_ms >= 900 && took_ms < 2500);
}

static void a_silent_connection_is_closed(void **state)
{
    (void)state;
    AUTO(file_close) int peer = peer_connect(port);
    peer_send(peer, GET("/api/things/1"));
    AUTO(reply_clear) struct reply reply = peer_receive(peer, false);
    CHECK_NUMBER(reply.status, 200);
    CHECK(!peer_is_closed(peer, 1200));
    CHECK(peer_is_closed(peer, 3000));
}

static void connections_are_limited_per_address_and_in_all(void **state)
{
    const struct http_options per_address = { .listen = "127.0.0.1:0",
                                              .routes = routes,
                                              .route_count = COUNT_OF(routes),
                                              .connection_per_address_max = 3 };
    const struct http_options in_all = { .listen = "127.0.0.1:0",
                                         .routes = routes,
                                         .route_count = COUNT_OF(routes),
                                         .connection_count_max = 4 };
    struct error error;

    (void)state;
    struct http_server *small = NULL;
    CHECK(http_server_start(&per_address, &small, &error));
    int peers[6];
    int answered = 0;
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        peers[i] = peer_connect(http_server_port(small));
        peer_send(peers[i], GET("/api/echo"));
        struct reply reply = peer_receive(peers[i], false);
        answered += reply.status == 200;
        reply_clear(&reply);
    }
    CHECK_NUMBER(answered, 3);
    CHECK_NUMBER(http_server_connection_count(small), 3);
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        file_close(peers[i]);
    }
    http_server_stop(small);

    CHECK(http_server_start(&in_all, &small, &error));
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        peers[i] = peer_connect(http_server_port(small));
        time_sleep_ms(20);
    }
    CHECK(http_server_connection_count(small) <= 4);
    for (size_t i = 0; i < COUNT_OF(peers); i++) {
        file_close(peers[i]);
    }
    http_server_stop(small);
}

static void listen_addresses_are_checked(void **state)
{
    static const char *const good[] = { "127.0.0.1:0", "localhost:0", ":0", "0.0.0.0:0" };
    static const char *const bad[] = { "",       "8080",        "127.0.0.1",  "127.0.0.1:",
                                       "a.b:80", "[::1:80",     "::1:80",     "127.0.0.1:65536",
                                       "[]:1",   "127.0.0.1:x", "[1.2.3.4]:1" };
    struct error error;

    (void)state;
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        const struct http_options options = { .listen = good[i] };
        struct http_server *other = NULL;
        CHECK(http_server_start(&options, &other, &error));
        CHECK_NUMBER(peer_status(http_server_port(other), GET("/")), 404);
        http_server_stop(other);
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        const struct http_options options = { .listen = bad[i] };
        struct http_server *other = NULL;
        print_message("%s\n", bad[i]);
        CHECK(!http_server_start(&options, &other, &error));
        CHECK_NUMBER(error.kind, ERROR_INVALID);
    }
    char taken[32];
    IGNORE(snprintf(taken, sizeof taken, "127.0.0.1:%d", port), "fits");
    const struct http_options options = { .listen = taken };
    struct http_server *other = NULL;
    CHECK(!http_server_start(&options, &other, &error));
    CHECK(strstr(error.message, taken) != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_answer_carries_the_security_headers),
        cmocka_unit_test(a_handler_sees_what_was_asked),
        cmocka_unit_test(paths_and_methods_get_the_status_they_deserve),
        cmocka_unit_test(head_is_get_without_the_body),
        cmocka_unit_test(requests_on_one_connection_do_not_mix),
        cmocka_unit_test(what_two_servers_could_read_differently_is_refused_and_closed),
        cmocka_unit_test(ordinary_headers_pass),
        cmocka_unit_test(chunks_are_read_strictly),
        cmocka_unit_test(a_request_without_host_is_refused),
        cmocka_unit_test(a_body_over_its_limit_is_refused_before_it_is_read),
        cmocka_unit_test(a_body_up_to_its_limit_arrives_whole),
        cmocka_unit_test(a_refusal_with_a_small_body_keeps_the_connection),
        cmocka_unit_test(a_client_that_expects_to_be_told_is_told),
        cmocka_unit_test(long_lines_and_headers_are_refused),
        cmocka_unit_test(a_dripping_header_is_cut_off),
        cmocka_unit_test(a_dripping_body_is_cut_off),
        cmocka_unit_test(a_silent_connection_is_closed),
        cmocka_unit_test(connections_are_limited_per_address_and_in_all),
        cmocka_unit_test(listen_addresses_are_checked),
    };
    return cmocka_run_group_tests_name("http/server", tests, server_open, server_shut);
}

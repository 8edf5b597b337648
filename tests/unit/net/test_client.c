#include "check.h"

#include "net/client.h"
#include "unit/net/scripted_server.h"

struct collected {
    char bytes[256];
    size_t size;
};

static bool collect(void *context, const void *bytes, size_t size)
{
    struct collected *collected = context;

    if (size > sizeof collected->bytes - collected->size) {
        return false;
    }
    memcpy(collected->bytes + collected->size, bytes, size);
    collected->size += size;
    return true;
}

static struct net_guard loopback_guard(void)
{
    struct net_guard guard;
    struct error error;

    CHECK(guard_parse("127.0.0.1", &guard, &error));
    return guard;
}

static struct net_request request_to(const struct scripted_server *server, char url[128])
{
    snprintf(url, 128, "https://127.0.0.1:%d/x", server->port);
    return (struct net_request){ .method = "GET",
                                 .url = url,
                                 .tls = { .accepts_any = true },
                                 .total_timeout_ms = 5000,
                                 .body_size_max = 1000 };
}

static void say_hello(void *context, const struct scripted_request *request,
                      struct scripted_reply *reply)
{
    (void)context, (void)request;
    scripted_text(reply, 200, "text/plain", "hello");
}

static void an_answer_is_described_in_full(void **state)
{
    (void)state;
    struct scripted_server server;
    struct net_guard guard = loopback_guard();
    AUTO(net_client_free) struct net_client *client = net_client_new(&guard);
    struct collected collected = { 0 };
    struct net_answer answer;
    char url[128];

    scripted_start(&server, 0, say_hello, NULL);
    struct net_request request = request_to(&server, url);
    request.sink = collect;
    request.sink_context = &collected;
    CHECK(net_send(client, &request, &answer));
    CHECK_NUMBER(answer.http_status, 200);
    CHECK_TEXT(answer.content_type, "text/plain");
    CHECK_NUMBER(answer.content_length, 5);
    CHECK_NUMBER(answer.received_bytes, 5);
    CHECK_NUMBER(answer.head_size, 5);
    assert_memory_equal(collected.bytes, "hello", 5);
    CHECK(strncmp(answer.pin, "sha256//", 8) == 0 && strlen(answer.pin) == 52);
    CHECK(strstr(answer.certificate, "CN=scripted PBX") != NULL);
    CHECK(strstr(answer.remote, "127.0.0.1") != NULL);
    CHECK(answer.was_new_connection);

    CHECK(net_send(client, &request, &answer));
    CHECK(!answer.was_new_connection);
    CHECK(strlen(answer.pin) == 52);
    CHECK_NUMBER(server.connection_count, 1);
    scripted_stop(&server);
}

static void a_pinned_key_is_accepted_and_a_changed_one_gets_not_a_byte(void **state)
{
    (void)state;
    struct scripted_server server;
    struct net_guard guard = loopback_guard();
    AUTO(net_client_free) struct net_client *client = net_client_new(&guard);
    struct net_answer answer;
    char url[128];
    char pin[NET_PIN_SIZE];

    scripted_start(&server, 0, say_hello, NULL);
    struct net_request request = request_to(&server, url);
    CHECK(net_send(client, &request, &answer));
    memcpy(pin, answer.pin, sizeof pin);
    request.tls = (struct net_tls){ .pin = pin };
    CHECK(net_send(client, &request, &answer));
    int port = server.port;
    scripted_stop(&server);

    scripted_start(&server, port, say_hello, NULL);
    CHECK(!net_send(client, &request, &answer));
    CHECK_NUMBER(answer.failure, NET_TLS_CHANGED);
    CHECK_NUMBER(server.plain_bytes, 0);
    CHECK(strlen(answer.pin) == 52 && strcmp(answer.pin, pin) != 0);
    scripted_stop(&server);
}

static void a_self_signed_certificate_is_not_trusted_by_itself(void **state)
{
    (void)state;
    struct scripted_server server;
    struct net_guard guard = loopback_guard();
    AUTO(net_client_free) struct net_client *client = net_client_new(&guard);
    struct net_answer answer;
    char url[128];

    scripted_start(&server, 0, say_hello, NULL);
    struct net_request request = request_to(&server, url);
    request.tls.accepts_any = false;
    CHECK(!net_send(client, &request, &answer));
    CHECK_NUMBER(answer.failure, NET_TLS_UNTRUSTED);
    CHECK_NUMBER(server.plain_bytes, 0);
    scripted_stop(&server);
}

static void the_guard_stops_a_connection_before_it_is_made(void **state)
{
    (void)state;
    struct scripted_server server;
    struct net_guard guard;
    struct error error;
    struct net_answer answer;
    static const char *const spellings[] = {
        "127.0.0.1", "2130706433", "0x7f.1", "017700000001",      "localhost", "127.1", "0.0.0.0",
        "[::1]",     "[::]",       "0",      "[::ffff:127.0.0.1]"
    };

    CHECK(guard_parse("", &guard, &error));
    AUTO(net_client_free) struct net_client *client = net_client_new(&guard);
    scripted_start(&server, 0, say_hello, NULL);
    for (size_t i = 0; i < COUNT_OF(spellings); i++) {
        char url[128];
        struct net_request request = request_to(&server, url);
        snprintf(url, sizeof url, "https://%s:%d/x", spellings[i], server.port);
        CHECK(!net_send(client, &request, &answer));
        if (answer.failure != NET_BLOCKED) {
            fail_msg("%s: %s %s", spellings[i], net_failure_name(answer.failure), answer.detail);
        }
    }
    CHECK_NUMBER(server.connection_count, 0);
    scripted_stop(&server);
}

/* What the server of the table below sends, and what it must count as. */
struct broken_answer {
    const char *bytes;
    enum net_failure failure;
};

static void send_broken(void *context, const struct scripted_request *request,
                        struct scripted_reply *reply)
{
    const struct broken_answer *broken = context;

    (void)request;
    text_add(&reply->bytes, broken->bytes);
    reply->closes = true;
}

static void a_broken_answer_has_its_own_name(void **state)
{
    (void)state;
    static struct broken_answer table[] = {
        { "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc", NET_TRUNCATED },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab", NET_TRUNCATED },
        { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab", NET_MALFORMED },
        { "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\nabc", NET_TOO_LARGE },
        { "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcdef", NET_OK },
        { "HTTP/1.1 200 OK\r\n\r\nabc", NET_OK },
        { "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", NET_OK },
        { "HTTP/1.1 302 Found\r\nLocation: https://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
          NET_OK },
        { "SSH-2.0-x\r\n", NET_MALFORMED },
        { "", NET_RESET },
    };
    struct net_guard guard = loopback_guard();
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct scripted_server server;
        struct net_answer answer;
        char url[128];
        AUTO(net_client_free) struct net_client *client = net_client_new(&guard);
        scripted_start(&server, 0, send_broken, &table[i]);
        struct net_request request = request_to(&server, url);
        IGNORE(net_send(client, &request, &answer), "looked at below");
        if (answer.failure != table[i].failure) {
            fail_msg("%zu: %s %s", i, net_failure_name(answer.failure), answer.detail);
        }
        scripted_stop(&server);
    }
}

static void send_long_header(void *context, const struct scripted_request *request,
                             struct scripted_reply *reply)
{
    (void)context, (void)request;
    text_add(&reply->bytes, "HTTP/1.1 200 OK\r\n");
    for (int i = 0; i < 10000; i++) {
        text_print(&reply->bytes, "X-Filler-%d: 0123456789\r\n", i);
    }
    text_add(&reply->bytes, "Content-Length: 0\r\n\r\n");
}

static void headers_have_an_end(void **state)
{
    (void)state;
    struct scripted_server server;
    struct net_guard guard = loopback_guard();
    AUTO(net_client_free) struct net_client *client = net_client_new(&guard);
    struct net_answer answer;
    char url[128];

    scripted_start(&server, 0, send_long_header, NULL);
    struct net_request request = request_to(&server, url);
    CHECK(!net_send(client, &request, &answer));
    CHECK_NUMBER(answer.failure, NET_MALFORMED);
    scripted_stop(&server);
}

/* Digest or Basic challenge until credentials come; counts what came. */
struct gate {
    const char *challenge;
    int bare_count, digest_count, basic_count;
};

static void guard_the_gate(void *context, const struct scripted_request *request,
                           struct scripted_reply *reply)
{
    struct gate *gate = context;

    if (strstr(request->headers, "Authorization: Digest") != NULL) {
        gate->digest_count++;
        scripted_text(reply, 200, "text/plain", "in");
        return;
    }
    if (strstr(request->headers, "Authorization: Basic") != NULL) {
        gate->basic_count++;
        scripted_text(reply, 200, "text/plain", "in");
        return;
    }
    gate->bare_count++;
    text_print(&reply->bytes,
               "HTTP/1.1 401 No\r\n%sContent-Type: text/html\r\nContent-Length: 6\r\n\r\n<html>",
               gate->challenge);
}

static void a_password_travels_as_digest_and_never_as_basic(void **state)
{
    (void)state;
    static const char digest[] =
        "WWW-Authenticate: Digest realm=\"x\", nonce=\"abc\", qop=\"auth\", algorithm=MD5\r\n";
    static const char basic[] = "WWW-Authenticate: Basic realm=\"x\"\r\n";
    struct gate gate = { .challenge = digest };
    struct scripted_server server;
    struct net_guard guard = loopback_guard();
    AUTO(net_client_free) struct net_client *client = net_client_new(&guard);
    struct collected collected = { 0 };
    struct net_answer answer;
    char url[128];

    scripted_start(&server, 0, guard_the_gate, &gate);
    struct net_request request = request_to(&server, url);
    request.user = "u";
    request.password = "p";
    request.sink = collect;
    request.sink_context = &collected;
    CHECK(net_send(client, &request, &answer));
    CHECK_NUMBER(answer.http_status, 200);
    CHECK_NUMBER(gate.bare_count, 1);
    CHECK_NUMBER(gate.digest_count, 1);
    CHECK_NUMBER(collected.size, 2); /* The page of the 401 is not part of the body. */
    CHECK_TEXT(answer.content_type, "text/plain");

    CHECK(net_send(client, &request, &answer));
    CHECK_NUMBER(gate.bare_count, 2); /* No old nonce is used again. */

    gate.challenge = basic;
    CHECK(net_send(client, &request, &answer));
    CHECK_NUMBER(answer.http_status, 401);
    CHECK(strncmp(answer.challenge, "Basic", 5) == 0);
    CHECK_NUMBER(gate.basic_count, 0);

    request.allows_basic = true;
    CHECK(net_send(client, &request, &answer));
    CHECK_NUMBER(gate.basic_count, 1);
    scripted_stop(&server);
}

static bool always(void *context)
{
    (void)context;
    return true;
}

static void the_caller_may_stop_a_request(void **state)
{
    (void)state;
    struct scripted_server server;
    struct net_guard guard = loopback_guard();
    AUTO(net_client_free) struct net_client *client = net_client_new(&guard);
    struct net_answer answer;
    char url[128];

    scripted_start(&server, 0, say_hello, NULL);
    struct net_request request = request_to(&server, url);
    request.should_stop = always;
    CHECK(!net_send(client, &request, &answer));
    CHECK_NUMBER(answer.failure, NET_STOPPED);
    scripted_stop(&server);
}

static void nobody_listening_and_no_such_name_are_told_apart(void **state)
{
    (void)state;
    struct scripted_server server;
    struct net_guard guard = loopback_guard();
    AUTO(net_client_free) struct net_client *client = net_client_new(&guard);
    struct net_answer answer;
    char url[128];

    scripted_start(&server, 0, say_hello, NULL);
    struct net_request request = request_to(&server, url);
    scripted_stop(&server);
    CHECK(!net_send(client, &request, &answer));
    CHECK_NUMBER(answer.failure, NET_REFUSED);

    request.url = "https://no-such-host.invalid/";
    CHECK(!net_send(client, &request, &answer));
    CHECK_NUMBER(answer.failure, NET_DNS);

    request.url = "http://127.0.0.1:1/";
    CHECK(!net_send(client, &request, &answer));
    CHECK_NUMBER(answer.failure, NET_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_described_in_full),
        cmocka_unit_test(a_pinned_key_is_accepted_and_a_changed_one_gets_not_a_byte),
        cmocka_unit_test(a_self_signed_certificate_is_not_trusted_by_itself),
        cmocka_unit_test(the_guard_stops_a_connection_before_it_is_made),
        cmocka_unit_test(a_broken_answer_has_its_own_name),
        cmocka_unit_test(headers_have_an_end),
        cmocka_unit_test(a_password_travels_as_digest_and_never_as_basic),
        cmocka_unit_test(the_caller_may_stop_a_request),
        cmocka_unit_test(nobody_listening_and_no_such_name_are_told_apart),
    };
    return cmocka_run_group_tests_name("net/client", tests, NULL, NULL);
}

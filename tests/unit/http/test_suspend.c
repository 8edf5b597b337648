/* Suspended requests, answered from another thread in batches, as the group commit does it. */
#include "peer.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

#include "core/time.h"

enum { CLIENTS = 64, ROUNDS = 30, QUEUE_SIZE = 256 };

struct writer {
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct http_request *queue[QUEUE_SIZE];
    size_t count;
    bool is_done;
    int pause_ms;
    struct http_prepared *prepared;
};

static struct writer writer;
static struct http_server *server;
static int port;
static atomic_int failures;

static void later(struct http_request *request, void *context)
{
    struct writer *to = context;

    http_suspend(request);
    (void)pthread_mutex_lock(&to->lock);
    assert_true(to->count < QUEUE_SIZE);
    to->queue[to->count++] = request;
    (void)pthread_cond_signal(&to->wake);
    (void)pthread_mutex_unlock(&to->lock);
}

static void batch_answer(struct writer *from, struct http_request **batch, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t size = 0;
        const char *body = http_request_body(batch[i], &size);
        if (http_request_query(batch[i], "prepared") != NULL) {
            http_answer_prepared(batch[i], from->prepared);
        } else {
            http_header_add(batch[i], "X-Peer", http_request_peer(batch[i]));
            http_answer(batch[i], 200, "text/plain", body, size);
        }
        http_resume(batch[i]);
    }
}

static void *writer_run(void *context)
{
    struct writer *from = context;
    struct http_request *batch[QUEUE_SIZE];

    (void)pthread_mutex_lock(&from->lock);
    for (;;) {
        while (from->count == 0 && !from->is_done) {
            (void)pthread_cond_wait(&from->wake, &from->lock);
        }
        if (from->count == 0) {
            break;
        }
        size_t count = from->count;
        memcpy(batch, from->queue, count * sizeof batch[0]);
        from->count = 0;
        int pause_ms = from->pause_ms;
        (void)pthread_mutex_unlock(&from->lock);
        time_sleep_ms(pause_ms);
        batch_answer(from, batch, count);
        (void)pthread_mutex_lock(&from->lock);
    }
    (void)pthread_mutex_unlock(&from->lock);
    return NULL;
}

static int server_open(void **state)
{
    static const struct http_route routes[] = { { "POST", "/api/later", 0, 4096, later } };
    const struct http_options options = { .listen = "127.0.0.1:0",
                                          .routes = routes,
                                          .route_count = COUNT_OF(routes),
                                          .context = &writer,
                                          .idle_timeout_s = 1 };
    struct error error;

    (void)state;
    (void)pthread_mutex_init(&writer.lock, NULL);
    (void)pthread_cond_init(&writer.wake, NULL);
    writer.prepared = http_prepared_new(200, "text/plain", "stored", 6);
    if (pthread_create(&writer.thread, NULL, writer_run, &writer) != 0 ||
        !http_server_start(&options, &server, &error)) {
        return -1;
    }
    port = http_server_port(server);
    return 0;
}

static int server_shut(void **state)
{
    (void)state;
    http_server_stop(server);
    (void)pthread_mutex_lock(&writer.lock);
    writer.is_done = true;
    (void)pthread_cond_signal(&writer.wake);
    (void)pthread_mutex_unlock(&writer.lock);
    (void)pthread_join(writer.thread, NULL);
    http_prepared_free(writer.prepared);
    return 0;
}

static void *client_run(void *context)
{
    int number = (int)(intptr_t)context;
    AUTO(file_close) int peer = peer_connect(port);

    for (int i = 0; i < ROUNDS; i++) {
        char request[256];
        char body[64];
        bool is_prepared = i % 3 == 0;
        int size = snprintf(body, sizeof body, "client %d round %d", number, i);
        IGNORE(snprintf(request, sizeof request,
                        "POST /api/later%s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n%s",
                        is_prepared ? "?prepared" : "", size, body),
               "short");
        peer_send(peer, request);
        AUTO(reply_clear) struct reply reply = peer_receive(peer, false);
        if (reply.status != 200 || reply.body == NULL ||
            strcmp(reply.body, is_prepared ? "stored" : body) != 0) {
            (void)atomic_fetch_add(&failures, 1);
        }
    }
    return NULL;
}

static void sixty_four_connections_each_get_their_own_answer(void **state)
{
    pthread_t clients[CLIENTS];

    (void)state;
    for (intptr_t i = 0; i < CLIENTS; i++) {
        CHECK(pthread_create(&clients[i], NULL, client_run, (void *)i) == 0);
    }
    for (size_t i = 0; i < CLIENTS; i++) {
        CHECK(pthread_join(clients[i], NULL) == 0);
    }
    CHECK_NUMBER(atomic_load(&failures), 0);
}

static void writer_pause_set(int pause_ms)
{
    (void)pthread_mutex_lock(&writer.lock);
    writer.pause_ms = pause_ms;
    (void)pthread_mutex_unlock(&writer.lock);
}

#define POST "POST /api/later HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"

static void a_suspended_request_outlives_the_idle_timeout(void **state)
{
    (void)state;
    writer_pause_set(2500);
    AUTO(reply_clear) struct reply reply = peer_ask(port, POST);
    CHECK_NUMBER(reply.status, 200);
    writer_pause_set(0);
}

static void a_client_that_leaves_while_suspended_does_no_harm(void **state)
{
    (void)state;
    writer_pause_set(100);
    for (int i = 0; i < 20; i++) {
        AUTO(file_close) int peer = peer_connect(port);
        peer_send(peer, POST);
    }
    time_sleep_ms(300);
    writer_pause_set(0);
    CHECK_NUMBER(peer_status(port, POST), 200);
}

static void stopping_waits_for_what_is_suspended(void **state)
{
    (void)state;
    writer_pause_set(400);
    AUTO(file_close) int peer = peer_connect(port);
    peer_send(peer, POST);
    time_sleep_ms(100);
    int64_t began_ms = time_monotonic_ms();
    http_server_stop(server);
    server = NULL;
    CHECK(time_monotonic_ms() - began_ms >= 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sixty_four_connections_each_get_their_own_answer),
        cmocka_unit_test(a_suspended_request_outlives_the_idle_timeout),
        cmocka_unit_test(a_client_that_leaves_while_suspended_does_no_harm),
        cmocka_unit_test(stopping_waits_for_what_is_suspended),
    };
    return cmocka_run_group_tests_name("http/suspend", tests, server_open, server_shut);
}

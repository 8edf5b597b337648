/*
 * The server's own thread: twice a second it shuts down the connections whose request has been on
 * its way for too long (the library only knows silence, and a dripping client is never silent), and
 * lets the event streams beat.
 */
#include "http/internal.h"

#include <sys/socket.h>
#include <time.h>

enum { TICK_MS = 500 };

static void connections_reap(struct http_server *server, int64_t now_ms)
{
    for (struct connection *connection = server->connections; connection != NULL;
         connection = connection->next) {
        int64_t deadline_ms = atomic_load_explicit(&connection->deadline_ms, memory_order_relaxed);
        if (deadline_ms != 0 && now_ms >= deadline_ms) {
            /* Its descriptor is open: the library closes it after on_connection() took it out. */
            (void)shutdown(connection->socket, SHUT_RDWR);
        }
    }
}

static void tick_wait(struct http_server *server)
{
    struct timespec until;

    (void)clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += TICK_MS * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    (void)pthread_cond_timedwait(&server->wake, &server->lock, &until);
}

static void *ticker_run(void *context)
{
    struct http_server *server = context;

    (void)pthread_mutex_lock(&server->lock);
    while (!server->is_ticker_done) {
        connections_reap(server, time_monotonic_ms());
        if (server->options.events != NULL) {
            (void)pthread_mutex_unlock(&server->lock);
            events_tick(server->options.events, time_monotonic_ms());
            (void)pthread_mutex_lock(&server->lock);
        }
        if (!server->is_ticker_done) {
            tick_wait(server);
        }
    }
    (void)pthread_mutex_unlock(&server->lock);
    return NULL;
}

bool ticker_start(struct http_server *server, struct error *error)
{
    if (pthread_create(&server->ticker, NULL, ticker_run, server) != 0) {
        return error_set(error, ERROR_SYSTEM, "no thread for the HTTP server");
    }
    return true;
}

void ticker_stop(struct http_server *server)
{
    (void)pthread_mutex_lock(&server->lock);
    server->is_ticker_done = true;
    (void)pthread_cond_signal(&server->wake);
    (void)pthread_mutex_unlock(&server->lock);
    (void)pthread_join(server->ticker, NULL);
}

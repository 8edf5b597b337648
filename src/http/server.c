/* See http.h: start, stop, and the life of a connection. */
#include "http/internal.h"

#include <arpa/inet.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/memory.h"

enum {
    THREADS_DEFAULT = 2,
    CONNECTIONS_DEFAULT = 1024,
    HEADER_TIMEOUT_DEFAULT_S = 10,
    IDLE_TIMEOUT_DEFAULT_S = 60,
    CONNECTION_MEMORY_SIZE = 16 * 1024, /* Longer headers get 431, a longer line 414. */
    STOP_POLL_MS = 2,
};
#define ARENA_SIZE_MAX (16 * MIB)

static void deadline_set(struct connection *connection, int seconds)
{
    atomic_store_explicit(&connection->deadline_ms,
                          time_monotonic_ms() + (int64_t)seconds * SECOND_MS, memory_order_relaxed);
}

static void peer_print(const struct sockaddr *address, char text_out[INET6_ADDRSTRLEN])
{
    const void *bytes = NULL;

    if (address->sa_family == AF_INET) {
        bytes = &((const struct sockaddr_in *)(const void *)address)->sin_addr;
    } else if (address->sa_family == AF_INET6) {
        bytes = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    }
    if (bytes == NULL || inet_ntop(address->sa_family, bytes, text_out, INET6_ADDRSTRLEN) == NULL) {
        text_out[0] = '\0';
    } else if (strncmp(text_out, "::ffff:", 7) == 0 && strchr(text_out, '.') != NULL) {
        memmove(text_out, text_out + 7, strlen(text_out + 7) + 1); /* IPv4 on a dual socket. */
    }
}

static struct connection *connection_new(struct http_server *server, struct MHD_Connection *library)
{
    struct connection *connection = memory_new(sizeof *connection);

    connection->server = server;
    connection->library = library;
    connection->socket =
        MHD_get_connection_info(library, MHD_CONNECTION_INFO_CONNECTION_FD)->connect_fd;
    peer_print(MHD_get_connection_info(library, MHD_CONNECTION_INFO_CLIENT_ADDRESS)->client_addr,
               connection->peer);
    connection->request.connection = connection;
    connection->request.arena = arena_new(ARENA_SIZE_MAX);
    deadline_set(connection, server->options.header_timeout_s);
    (void)pthread_mutex_lock(&server->lock);
    connection->next = server->connections;
    if (connection->next != NULL) {
        connection->next->previous = connection;
    }
    server->connections = connection;
    (void)pthread_mutex_unlock(&server->lock);
    (void)atomic_fetch_add_explicit(&server->connection_count, 1, memory_order_relaxed);
    return connection;
}

static void connection_free(struct connection *connection)
{
    struct http_server *server = connection->server;

    (void)pthread_mutex_lock(&server->lock);
    if (connection->next != NULL) {
        connection->next->previous = connection->previous;
    }
    if (connection->previous != NULL) {
        connection->previous->next = connection->next;
    } else {
        server->connections = connection->next;
    }
    (void)pthread_mutex_unlock(&server->lock);
    (void)atomic_fetch_sub_explicit(&server->connection_count, 1, memory_order_relaxed);
    request_reset(&connection->request);
    arena_free(connection->request.arena);
    free(connection->request.body);
    free(connection);
}

static void on_connection(void *context, struct MHD_Connection *library, void **slot,
                          enum MHD_ConnectionNotificationCode code)
{
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *slot = connection_new(context, library);
    } else if (*slot != NULL) {
        connection_free(*slot);
        *slot = NULL;
    }
}

/* The request line is in; the library has not touched it yet. */
static void *on_target(void *context, const char *target, struct MHD_Connection *library)
{
    const struct http_server *server = context;
    struct connection *connection =
        MHD_get_connection_info(library, MHD_CONNECTION_INFO_SOCKET_CONTEXT)->socket_context;

    request_begin(&connection->request, target);
    deadline_set(connection, server->options.header_timeout_s);
    return &connection->request;
}

static void on_completed(void *context, struct MHD_Connection *library, void **request_slot,
                         enum MHD_RequestTerminationCode code)
{
    const struct http_server *server = context;
    struct http_request *request = *request_slot;

    (void)library;
    (void)code;
    if (request != NULL) {
        request_reset(request);
        /* The next request's first bytes are not seen here: silence, then a whole header. */
        deadline_set(request->connection,
                     server->options.idle_timeout_s + server->options.header_timeout_s);
        *request_slot = NULL;
    }
}

/* We decode paths ourselves, after cutting them. */
static size_t on_unescape(void *context, struct MHD_Connection *library, char *text)
{
    (void)context;
    (void)library;
    return strlen(text);
}

static void options_default(struct http_options *options)
{
    options->threads = options->threads > 0 ? options->threads : THREADS_DEFAULT;
    if (options->connection_count_max == 0) {
        options->connection_count_max = CONNECTIONS_DEFAULT;
    }
    if (options->header_timeout_s == 0) {
        options->header_timeout_s = HEADER_TIMEOUT_DEFAULT_S;
    }
    if (options->idle_timeout_s == 0) {
        options->idle_timeout_s = IDLE_TIMEOUT_DEFAULT_S;
    }
}

static void segments_count(struct http_server *server)
{
    server->segment_counts = memory_new(server->options.route_count * sizeof(size_t) + 1);
    for (size_t i = 0; i < server->options.route_count; i++) {
        for (const char *c = server->options.routes[i].pattern; *c != '\0'; c++) {
            server->segment_counts[i] += *c == '/';
        }
    }
}

static bool daemon_start(struct http_server *server, struct error *error)
{
    const struct http_options *options = &server->options;
    const struct MHD_OptionItem settings[] = {
        { MHD_OPTION_LISTEN_SOCKET, server->listener, NULL },
        /* A pool of one is no pool. */
        { MHD_OPTION_THREAD_POOL_SIZE, options->threads > 1 ? options->threads : 0, NULL },
        { MHD_OPTION_CONNECTION_LIMIT, (intptr_t)options->connection_count_max, NULL },
        { MHD_OPTION_PER_IP_CONNECTION_LIMIT, (intptr_t)options->connection_per_address_max, NULL },
        { MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY_SIZE, NULL },
        { MHD_OPTION_CONNECTION_TIMEOUT, options->idle_timeout_s, NULL },
        { MHD_OPTION_STRICT_FOR_CLIENT, 1, NULL },
        { MHD_OPTION_NOTIFY_CONNECTION, (intptr_t)on_connection, server },
        { MHD_OPTION_NOTIFY_COMPLETED, (intptr_t)on_completed, server },
        { MHD_OPTION_URI_LOG_CALLBACK, (intptr_t)on_target, server },
        { MHD_OPTION_UNESCAPE_CALLBACK, (intptr_t)on_unescape, server },
        { MHD_OPTION_END, 0, NULL },
    };
    sigset_t all;
    sigset_t before;

    /* Signals are the main thread's; the library's threads inherit this mask. */
    (void)sigfillset(&all);
    for (size_t i = 0; i < 5; i++) {
        (void)sigdelset(&all, (const int[]){ SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT }[i]);
    }
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    bool is_started = ticker_start(server, error);
    if (is_started) {
        server->daemon =
            MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_USE_SUSPEND_RESUME, 0, NULL, NULL,
                             exchange_call, server, MHD_OPTION_ARRAY, settings, MHD_OPTION_END);
        if (server->daemon == NULL) {
            ticker_stop(server);
            is_started = error_set(error, ERROR_SYSTEM, "the HTTP server does not start on '%s'",
                                   options->listen);
        }
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    return is_started;
}

static void server_free(struct http_server *server)
{
    (void)pthread_cond_destroy(&server->wake);
    (void)pthread_mutex_destroy(&server->lock);
    free(server->segment_counts);
    free(server);
}

static struct http_server *server_new(const struct http_options *options)
{
    struct http_server *server = memory_new(sizeof *server);
    pthread_condattr_t attributes;

    server->options = *options;
    options_default(&server->options);
    segments_count(server);
    (void)pthread_mutex_init(&server->lock, NULL);
    (void)pthread_condattr_init(&attributes);
    (void)pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    (void)pthread_cond_init(&server->wake, &attributes);
    (void)pthread_condattr_destroy(&attributes);
    return server;
}

bool http_server_start(const struct http_options *options, struct http_server **server_out,
                       struct error *error)
{
    struct http_server *server = server_new(options);

    if (!listen_open(options->listen, &server->listener, &server->port, error)) {
        server_free(server);
        return false;
    }
    if (options->events != NULL) {
        events_open(options->events);
    }
    if (!daemon_start(server, error)) {
        (void)close(server->listener);
        server_free(server);
        return false;
    }
    *server_out = server;
    return true;
}

int http_server_port(const struct http_server *server)
{
    return server->port;
}

size_t http_server_connection_count(const struct http_server *server)
{
    return atomic_load_explicit(&server->connection_count, memory_order_relaxed);
}

void http_server_stop(struct http_server *server)
{
    if (server == NULL) {
        return;
    }
    int listener = MHD_quiesce_daemon(server->daemon);
    atomic_store(&server->is_stopping, true);
    while (atomic_load(&server->active_count) > 0) {
        time_sleep_ms(STOP_POLL_MS);
    }
    if (server->options.events != NULL) {
        events_close(server->options.events);
    }
    MHD_stop_daemon(server->daemon);
    ticker_stop(server);
    if (listener != MHD_INVALID_SOCKET) {
        (void)close(listener);
    }
    server_free(server);
}

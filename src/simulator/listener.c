/*
 * See listener.h. A closed port is a listening socket that was shut down: Linux then refuses new
 * connections but keeps the port reserved, and listen() opens it again. That needs a port bound by
 * number, hence "any port" is resolved first.
 */
#include "simulator/listener.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include "core/file.h"
#include "core/memory.h"
#include "core/time.h"

enum { BACKLOG = 256, POLL_MS = 20, BIND_TRIES = 20, SILENCE_S = 30, PEER_SIZE = 46 };

struct connection {
    struct listener *listener;
    int socket; /* -1: the slot is free. */
    char peer[PEER_SIZE];
};

struct listener {
    int socket;
    int port;
    listener_serve *serve;
    listener_should_refuse *should_refuse;
    void *context;
    pthread_t thread;
    bool is_running; /* There is a thread to join. */
    atomic_bool is_stopping;
    pthread_mutex_t lock;
    pthread_cond_t one_ended;
    bool is_refusing; /* Under the lock, as all below. */
    int connection_count;
    struct connection connections[LISTENER_CONNECTIONS_MAX];
};

static void connection_end(struct connection *connection)
{
    struct listener *listener = connection->listener;

    pthread_mutex_lock(&listener->lock);
    file_close(connection->socket); /* Under the lock: the number may be another's at once. */
    connection->socket = -1;
    listener->connection_count--;
    pthread_cond_signal(&listener->one_ended);
    pthread_mutex_unlock(&listener->lock);
}

static void *connection_main(void *argument)
{
    struct connection *connection = argument;
    struct listener *listener = connection->listener;

    listener->serve(listener->context, connection->socket, connection->peer);
    connection_end(connection);
    return NULL;
}

static struct connection *connection_register(struct listener *listener, int socket)
{
    struct connection *free_one = NULL;

    pthread_mutex_lock(&listener->lock);
    for (size_t i = 0; i < LISTENER_CONNECTIONS_MAX && free_one == NULL; i++) {
        if (listener->connections[i].socket < 0) {
            free_one = &listener->connections[i];
            free_one->socket = socket;
            listener->connection_count++;
        }
    }
    pthread_mutex_unlock(&listener->lock);
    return free_one;
}

static void connection_start(struct listener *listener, int socket,
                             const struct sockaddr_in *address)
{
    struct timeval silence = { .tv_sec = SILENCE_S };
    struct connection *connection = connection_register(listener, socket);
    pthread_attr_t attributes;
    pthread_t thread;

    if (connection == NULL) {
        file_close(socket);
        return;
    }
    IGNORE(inet_ntop(AF_INET, &address->sin_addr, connection->peer, PEER_SIZE), "IPv4 fits");
    IGNORE(setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &silence, sizeof silence), "no time limit");
    IGNORE(setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &silence, sizeof silence), "no time limit");
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    if (pthread_create(&thread, &attributes, connection_main, connection) != 0) {
        connection_end(connection);
    }
    pthread_attr_destroy(&attributes);
}

static bool accept_one(struct listener *listener)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    int socket = accept4(listener->socket, (struct sockaddr *)&address, &size, SOCK_CLOEXEC);

    if (socket < 0) {
        return false;
    }
    connection_start(listener, socket, &address);
    return true;
}

static void *accept_main(void *argument)
{
    struct listener *listener = argument;

    while (!listener->is_stopping) {
        struct pollfd watched = { .fd = listener->socket, .events = POLLIN };

        simulator_listener_update(listener);
        if (poll(&watched, 1, POLL_MS) > 0 && accept_one(listener)) {
            continue;
        }
        if ((watched.revents & POLLIN) == 0 && watched.revents != 0) {
            time_sleep_ms(POLL_MS); /* The port is closed: poll() does not wait then. */
        }
    }
    return NULL;
}

static int socket_bind(struct sockaddr_in *address)
{
    int yes = 1;
    socklen_t size = sizeof *address;
    int file = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (file < 0 || setsockopt(file, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) != 0 ||
        bind(file, (struct sockaddr *)address, sizeof *address) != 0 ||
        getsockname(file, (struct sockaddr *)address, &size) != 0) {
        if (file >= 0) {
            file_close(file);
        }
        return -1;
    }
    return file;
}

static int socket_listen(struct sockaddr_in *address)
{
    bool is_any = address->sin_port == 0;
    int file = -1;

    for (int i = 0; i < BIND_TRIES && file < 0; i++) {
        if (is_any) {
            address->sin_port = 0;
            int probe = socket_bind(address);
            if (probe >= 0) {
                file_close(probe);
            }
        }
        file = socket_bind(address);
        if (file >= 0 && listen(file, BACKLOG) != 0) {
            file_close(file);
            file = -1;
        }
        if (!is_any) {
            break;
        }
    }
    return file;
}

bool simulator_listener_open(const char *address, int port, listener_serve *serve,
                             listener_should_refuse *should_refuse, void *context,
                             struct listener **listener_out, struct error *error)
{
    struct sockaddr_in place = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };

    if (port < 0 || port > UINT16_MAX || inet_pton(AF_INET, address, &place.sin_addr) != 1) {
        return error_set(error, ERROR_INVALID, "'%s:%d' is no IPv4 address and port", address,
                         port);
    }
    int file = socket_listen(&place);
    if (file < 0) {
        return error_set_errno(error, "listen on %s:%d", address, port);
    }
    struct listener *listener = memory_new(sizeof *listener);
    listener->socket = file;
    listener->port = ntohs(place.sin_port);
    listener->serve = serve;
    listener->should_refuse = should_refuse;
    listener->context = context;
    pthread_mutex_init(&listener->lock, NULL);
    pthread_cond_init(&listener->one_ended, NULL);
    for (size_t i = 0; i < LISTENER_CONNECTIONS_MAX; i++) {
        listener->connections[i] = (struct connection){ .listener = listener, .socket = -1 };
    }
    *listener_out = listener;
    return true;
}

bool simulator_listener_run(struct listener *listener, struct error *error)
{
    if (listener != NULL && pthread_create(&listener->thread, NULL, accept_main, listener) != 0) {
        return error_set(error, ERROR_SYSTEM, "start a thread for port %d", listener->port);
    }
    if (listener != NULL) {
        listener->is_running = true;
    }
    return true;
}

int simulator_listener_port(const struct listener *listener)
{
    return listener != NULL ? listener->port : 0;
}

void simulator_listener_update(struct listener *listener)
{
    if (listener == NULL) {
        return;
    }
    /* Asked under the lock, so that an answer of before cannot undo one of after. */
    pthread_mutex_lock(&listener->lock);
    bool should_refuse = listener->should_refuse(listener->context);
    if (should_refuse && !listener->is_refusing) {
        IGNORE(shutdown(listener->socket, SHUT_RDWR), "a listening socket always can");
        listener->is_refusing = true;
    } else if (!should_refuse && listener->is_refusing && listen(listener->socket, BACKLOG) == 0) {
        listener->is_refusing = false; /* When it failed: tried again in 20 ms. */
    }
    pthread_mutex_unlock(&listener->lock);
}

void simulator_listener_interrupt(struct listener *listener)
{
    if (listener == NULL) {
        return;
    }
    pthread_mutex_lock(&listener->lock);
    for (size_t i = 0; i < LISTENER_CONNECTIONS_MAX; i++) {
        if (listener->connections[i].socket >= 0) {
            IGNORE(shutdown(listener->connections[i].socket, SHUT_RDWR), "it may be gone");
        }
    }
    pthread_mutex_unlock(&listener->lock);
}

int simulator_listener_connection_count(struct listener *listener)
{
    int count = 0;

    if (listener == NULL) {
        return 0;
    }
    pthread_mutex_lock(&listener->lock);
    for (size_t i = 0; i < LISTENER_CONNECTIONS_MAX; i++) {
        struct pollfd watched = { .fd = listener->connections[i].socket, .events = POLLRDHUP };
        if (watched.fd >= 0 && (poll(&watched, 1, 0) <= 0 || watched.revents == 0)) {
            count++;
        }
    }
    pthread_mutex_unlock(&listener->lock);
    return count;
}

void simulator_listener_stop(struct listener *listener)
{
    if (listener == NULL || !listener->is_running) {
        return;
    }
    listener->is_stopping = true;
    pthread_join(listener->thread, NULL);
    listener->is_running = false;
    simulator_listener_interrupt(listener);
    pthread_mutex_lock(&listener->lock);
    while (listener->connection_count > 0) {
        pthread_cond_wait(&listener->one_ended, &listener->lock);
    }
    pthread_mutex_unlock(&listener->lock);
}

void simulator_listener_close(struct listener *listener)
{
    if (listener == NULL) {
        return;
    }
    file_close(listener->socket);
    pthread_mutex_destroy(&listener->lock);
    pthread_cond_destroy(&listener->one_ended);
    free(listener);
}

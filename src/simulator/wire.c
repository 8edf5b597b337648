/* See wire.h. */
#include "simulator/wire.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>

#include "core/time.h"

enum { HANDSHAKE_MS = 20 * SECOND_MS, WAIT_STEP_MS = 25, DRAIN_MS = 500 };

bool wire_handshake(struct wire *wire, gnutls_certificate_credentials_t credentials,
                    const char *priority)
{
    int result = GNUTLS_E_AGAIN;

    if (gnutls_init(&wire->tls, GNUTLS_SERVER | GNUTLS_NO_SIGNAL) != 0) {
        wire->tls = NULL;
        return false;
    }
    if (gnutls_priority_set_direct(wire->tls, priority, NULL) != 0 ||
        gnutls_credentials_set(wire->tls, GNUTLS_CRD_CERTIFICATE, credentials) != 0) {
        return false;
    }
    gnutls_transport_set_int(wire->tls, wire->socket);
    gnutls_handshake_set_timeout(wire->tls, HANDSHAKE_MS);
    while (result == GNUTLS_E_AGAIN || result == GNUTLS_E_INTERRUPTED) {
        result = gnutls_handshake(wire->tls);
        if (result != GNUTLS_E_SUCCESS && (gnutls_error_is_fatal(result) || *wire->is_stopping)) {
            return false;
        }
    }
    return result == GNUTLS_E_SUCCESS;
}

ssize_t wire_read(struct wire *wire, void *bytes_out, size_t size)
{
    ssize_t result = 0;

    if (wire->tls != NULL) {
        do {
            result = gnutls_record_recv(wire->tls, bytes_out, size);
        } while (result == GNUTLS_E_INTERRUPTED);
    } else {
        do {
            result = recv(wire->socket, bytes_out, size, 0);
        } while (result < 0 && errno == EINTR);
    }
    if (result > 0) {
        wire->received += (uint64_t)result;
    }
    return result;
}

static ssize_t some_write(struct wire *wire, const void *bytes, size_t size)
{
    ssize_t result = 0;

    if (wire->tls != NULL) {
        do {
            result = gnutls_record_send(wire->tls, bytes, size);
        } while (result == GNUTLS_E_INTERRUPTED);
        return result;
    }
    do {
        result = send(wire->socket, bytes, size, MSG_NOSIGNAL);
    } while (result < 0 && errno == EINTR);
    return result;
}

bool wire_write(struct wire *wire, const void *bytes, size_t size)
{
    const char *cursor = bytes;

    while (size > 0) {
        ssize_t written = some_write(wire, cursor, size);
        if (written <= 0) {
            return false;
        }
        cursor += written;
        size -= (size_t)written;
        wire->sent += (uint64_t)written;
    }
    return true;
}

bool wire_is_abandoned(const struct wire *wire)
{
    struct pollfd watched = { .fd = wire->socket, .events = POLLRDHUP };

    return poll(&watched, 1, 0) > 0 && (watched.revents & (POLLRDHUP | POLLHUP | POLLERR)) != 0;
}

bool wire_wait(struct wire *wire, int64_t duration_ms)
{
    int64_t until = time_monotonic_ms() + duration_ms;
    int64_t left = duration_ms;

    while (left > 0) {
        if (*wire->is_stopping || wire_is_abandoned(wire)) {
            return false;
        }
        time_sleep_ms(left < WAIT_STEP_MS ? left : WAIT_STEP_MS);
        left = until - time_monotonic_ms();
    }
    return !*wire->is_stopping;
}

/* Closing with unread bytes would turn our FIN into a reset and could destroy the reply under way.
 */
static void socket_drain(int file)
{
    struct pollfd watched = { .fd = file, .events = POLLIN };
    int64_t until = time_monotonic_ms() + DRAIN_MS;
    char scrap[4096];

    while (time_monotonic_ms() < until && poll(&watched, 1, DRAIN_MS) > 0 &&
           recv(file, scrap, sizeof scrap, MSG_DONTWAIT) > 0) {
    }
}

void wire_end(struct wire *wire, enum wire_end end)
{
    if (wire->tls != NULL) {
        if (end == WIRE_CLEAN) {
            IGNORE(gnutls_bye(wire->tls, GNUTLS_SHUT_WR), "the peer may be gone already");
        }
        gnutls_deinit(wire->tls);
        wire->tls = NULL;
    }
    if (end == WIRE_RESET) {
        struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
        IGNORE(setsockopt(wire->socket, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once),
               "then it is a FIN");
    } else {
        IGNORE(shutdown(wire->socket, SHUT_WR), "the peer may be gone already");
        socket_drain(wire->socket);
    }
}

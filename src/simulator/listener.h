/*
 * A listening port: accepts, and runs a thread per connection. Can refuse for a while and come back
 * on the same port, as a PBX does that reboots.
 */
#ifndef SIMULATOR_LISTENER_H
#define SIMULATOR_LISTENER_H

#include <stdbool.h>

#include "core/error.h"
#include "core/macros.h"

struct listener;

/* What runs for a connection, in its own thread. The listener closes the socket after it. */
typedef void listener_serve(void *context, int socket, const char *peer_address);
/* Asked every 20 ms: should the port be closed now? */
typedef bool listener_should_refuse(void *context);

enum { LISTENER_CONNECTIONS_MAX = 256 };

/* Bind and listen; nothing is accepted yet. */
MUST_USE bool simulator_listener_open(const char *address, int port, listener_serve *serve,
                                      listener_should_refuse *should_refuse, void *context,
                                      struct listener **listener_out, struct error *error);
/* Begin to accept. NULL is fine. */
MUST_USE bool simulator_listener_run(struct listener *listener, struct error *error);
int simulator_listener_port(const struct listener *listener);
/* Ask now, and close or open the port at once. Not while holding what should_refuse() locks. */
void simulator_listener_update(struct listener *listener);
/* End all connections (their sockets are shut down); those under way notice. */
void simulator_listener_interrupt(struct listener *listener);
/* Connections whose peer is still there. */
int simulator_listener_connection_count(struct listener *listener);
/* End and wait for all its threads. The listener can still be asked, and is idle. NULL is fine. */
void simulator_listener_stop(struct listener *listener);
/* After simulator_listener_stop(), or when it never ran. NULL is fine. */
void simulator_listener_close(struct listener *listener);

#endif

/* One HTTP/1.1 request as the simulator reads it: bounded, Content-Length only, one per connection.
 */
#ifndef SIMULATOR_REQUEST_H
#define SIMULATOR_REQUEST_H

#include <stdbool.h>

#include "core/macros.h"
#include "core/text.h"
#include "simulator/wire.h"

enum { REQUEST_HEAD_MAX = 16 * 1024, REQUEST_BODY_MAX = 256 * 1024 };

struct simulator_request {
    char method[12];
    char target[8192];        /* As sent: what a digest covers. */
    char path[4096];          /* Before the '?', as sent. */
    const char *query;        /* After it, as sent; "" when there is none. Points into `target`. */
    char authorization[2048]; /* "" when absent. */
    struct text body;
    char action[40]; /* Set by the handler: "recapi", "login", …; what a fault's scope names. */
};

/* False when the peer sends no whole request of a bearable size. */
MUST_USE bool simulator_request_read(struct wire *wire, struct simulator_request *request_out);
void simulator_request_clear(struct simulator_request *request);
DEFINE_AUTO_CLEAR(simulator_request_clear, struct simulator_request)

#endif

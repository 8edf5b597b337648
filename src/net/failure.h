/* What a libcurl result means. Pure; for net/ only. */
#ifndef NET_FAILURE_H
#define NET_FAILURE_H

#include <stdbool.h>

#include "net/client.h"

struct net_trouble {
    int code;         /* A CURLcode. */
    const char *text; /* libcurl's own sentence. */
    int system_error; /* errno of a failed connect(); 0: none is known. */
    int blocked_count, dialled_count;
    bool is_resolved, is_connected;
    bool header_is_too_long, body_is_too_long, sink_refused;
    bool asks_without_end; /* One challenge after the other. */
};

enum net_failure failure_classify(const struct net_trouble *trouble);

#endif

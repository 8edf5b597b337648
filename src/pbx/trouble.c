/* See trouble.h. */
#include "pbx/trouble.h"

#include <stdarg.h>
#include <stdio.h>

enum reason trouble_set(struct pbx_trouble *trouble, enum reason reason, const char *format, ...)
{
    va_list arguments;
    int retry_after_s = reason_info(reason)->retry_after_s;

    trouble->reason = reason;
    trouble->retry_after_s = retry_after_s > 0 ? retry_after_s : -1;
    va_start(arguments, format);
    IGNORE(vsnprintf(trouble->detail, sizeof trouble->detail, format, arguments),
           "cut at the room there is");
    va_end(arguments);
    return reason;
}

static const enum reason reasons[] = {
    [NET_OK] = REASON_NONE,
    [NET_BLOCKED] = REASON_ADDRESS_REFUSED,
    [NET_DNS] = REASON_DNS_FAILED,
    [NET_REFUSED] = REASON_CONNECT_REFUSED,
    [NET_CONNECT_TIMEOUT] = REASON_CONNECT_TIMEOUT,
    [NET_TLS_UNTRUSTED] = REASON_TLS_UNTRUSTED,
    [NET_TLS_CHANGED] = REASON_TLS_CHANGED,
    [NET_TLS_TOO_OLD] = REASON_TLS_TOO_OLD,
    [NET_TLS_FAILED] = REASON_TLS_FAILED,
    [NET_RESET] = REASON_CONNECTION_RESET,
    [NET_TRUNCATED] = REASON_TRUNCATED,
    [NET_TOO_LARGE] = REASON_TOO_LARGE,
    [NET_STALLED] = REASON_STALLED,
    [NET_MALFORMED] = REASON_PBX_ERROR,
    [NET_SINK] = REASON_INTERNAL_ERROR,
    [NET_STOPPED] = REASON_INTERRUPTED,
    [NET_INTERNAL] = REASON_INTERNAL_ERROR,
};

enum reason trouble_set_network(struct pbx_trouble *trouble, const struct net_answer *answer)
{
    return trouble_set(trouble, reasons[answer->failure], "%s", answer->detail);
}

/* Filling in a struct pbx_trouble. For pbx/ only. */
#ifndef PBX_TROUBLE_H
#define PBX_TROUBLE_H

#include "net/client.h"
#include "pbx/pbx.h"

/* The reason, its usual retry and a sentence. Returns the reason. */
enum reason trouble_set(struct pbx_trouble *trouble, enum reason reason, const char *format, ...)
    PRINTF_LIKE(3, 4);

/* What a request that got no whole answer means. */
enum reason trouble_set_network(struct pbx_trouble *trouble, const struct net_answer *answer);

#endif

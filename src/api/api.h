/*
 * The HTTP API of product.md section 4: THE table of routes (routes.c), who may call what, and the
 * handlers. Knows the store, the intake and the blobs; the mechanics are http/.
 */
#ifndef API_API_H
#define API_API_H

#include "http/http.h"
#include "jobs/world.h"

struct api;

struct api_options {
    const char *listen; /* As http/http.h */
    unsigned threads;
    const char *const *roles; /* Which role processes health expects to see; NULL-terminated. */
    const struct http_asset *assets;
    size_t asset_count;
    const uint8_t *csrf_key; /* KEY_SIZE bytes; copied */
};

/* Listens when it returns. `world` is borrowed. */
MUST_USE bool api_start(const struct world *world, const struct api_options *options,
                        struct api **api_out, struct error *error);
int api_port(const struct api *api);
/* True after a database failure that only a restart heals: the process should end. */
bool api_is_broken(struct api *api);
void api_stop(struct api *api);

#endif

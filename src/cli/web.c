/* See web.h. `make web` makes build/web/assets.c; CMake says whether it was there. */
#include "cli/web.h"

#ifdef AUDIAPRO_HAS_WEB
extern const struct http_asset http_assets[];
extern const size_t http_asset_count;

const struct http_asset *web_assets(void)
{
    return http_assets;
}

size_t web_asset_count(void)
{
    return http_asset_count;
}
#else
const struct http_asset *web_assets(void)
{
    return NULL;
}

size_t web_asset_count(void)
{
    return 0;
}
#endif

/* The dashboard's files, put into the program when it was built with them. */
#ifndef CLI_WEB_H
#define CLI_WEB_H

#include "http/http.h"

/* NULL and 0 in a build without the dashboard. */
const struct http_asset *web_assets(void);
size_t web_asset_count(void);

#endif

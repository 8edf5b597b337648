/* Any bytes as a directory's listing: rows and the names in them keep to their limits. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "jobs/listing.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool is_true)
{
    if (!is_true) {
        abort();
    }
}

static bool row_take(void *context, const char *name, int64_t bytes)
{
    size_t *rows = context;
    struct listed_name parsed;
    char paths[LISTED_PATHS_MAX][LISTED_PATH_SIZE];

    must(name[0] != '\0' && strlen(name) < LISTED_PATH_SIZE && strchr(name, '\n') == NULL &&
         strchr(name, ',') == NULL && bytes >= -1);
    if (listed_name_parse(name, &parsed)) {
        must(parsed.started_at >= 1000000000LL * SECOND_MS &&
             parsed.started_at <= 9999999999LL * SECOND_MS);
        must(strchr(parsed.caller, '/') == NULL && strchr(parsed.callee, '/') == NULL);
        size_t count = listed_paths(name, parsed.started_at, paths);
        must(count >= 1 && count <= LISTED_PATHS_MAX && strcmp(paths[count - 1], name) == 0);
    }
    return ++*rows < 100000;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    size_t rows = 0;

    listing_walk((const char *)bytes, size, row_take, &rows);
    must(rows <= size);
    return 0;
}

/* A request target: no segment that is let through climbs, and matching stays in bounds. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "http/target.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char *const patterns[] = { "/", "/api/{id}", "/api/{id}/x/{name}", "/{a}/{b}" };
    AUTO(arena_free) struct arena *arena = arena_new(16 * MIB);
    AUTO(free) char *text = memory_copy_bytes(bytes, size);
    struct target target;

    if (size > 16 * KIB || target_read(arena, text, &target) != TARGET_GOOD) {
        return 0;
    }
    for (size_t i = 0; i < target.segment_count; i++) {
        if (strcmp(target.segments[i], "..") == 0 || strpbrk(target.segments[i], "\r\n") != NULL) {
            abort();
        }
    }
    for (size_t i = 0; i < target.pair_count; i++) {
        if (strlen(target.pairs[i].name) + strlen(target.pairs[i].value) > size) {
            abort();
        }
    }
    for (size_t i = 0; i < COUNT_OF(patterns); i++) {
        const char *id = target_parameter(&target, patterns[i], "id");
        if (target_fits(&target, patterns[i]) && i == 1 && (id == NULL || *id == '\0')) {
            abort();
        }
    }
    return 0;
}

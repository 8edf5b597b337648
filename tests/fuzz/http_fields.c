/* The small languages in headers: cookies, credentials, entity tags, encodings, dates. The first
 * byte chooses one. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "http/fields.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void cookie_try(struct arena *arena, const char *header)
{
    const char *value = cookie_find(arena, header, "session");

    if (value != NULL && (strstr(header, "session=") == NULL || strchr(value, ';') != NULL)) {
        abort();
    }
}

static void basic_try(struct arena *arena, const char *header)
{
    const char *user = NULL;
    const char *password = NULL;

    if (basic_read(arena, header, &user, &password) &&
        (strchr(user, ':') != NULL || strlen(user) + strlen(password) > strlen(header))) {
        abort();
    }
}

static void date_try(const char *header)
{
    char again[DATE_TEXT_SIZE];
    time_ms at = 0;

    if (date_read(header, &at) && strcmp(date_print(at, again), header) != 0) {
        abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (size == 0 || size > 16 * KIB) {
        return 0;
    }
    AUTO(arena_free) struct arena *arena = arena_new(16 * MIB);
    AUTO(free) char *header = memory_copy_bytes(bytes + 1, size - 1);
    switch (bytes[0]) {
    case 'c':
        cookie_try(arena, header);
        break;
    case 'b':
        basic_try(arena, header);
        break;
    case 'e':
        (void)etag_list_has(header, "tag");
        break;
    case 'a':
        (void)encoding_is_accepted(header, "br");
        break;
    case 'd':
        date_try(header);
        break;
    default:
        (void)field_is_valid(header, header);
        break;
    }
    return 0;
}

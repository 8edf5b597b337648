/* Lists of networks and hosts as a person may type them; whatever the list, no multicast and no
 * unspecified address is ever allowed. Input: the list, a NUL, a host, a NUL, an address. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "core/memory.h"
#include "net/guard.h"
#include "net/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void host_check(const char *host)
{
    struct error error;

    if (url_host_check(host, &error)) {
        assert(strpbrk(host, "/@ \r\n\t?#%\\") == NULL && strlen(host) <= 253);
        AUTO(text_clear) struct text url = TEXT_UP_TO(512);
        url_add_base(&url, host, 8089);
        assert(!url.is_full);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    AUTO(free) char *list = memory_copy_bytes(bytes, size);
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    struct sockaddr_in v4 = { .sin_family = AF_INET };
    struct net_guard guard;
    struct error error = { 0 };
    size_t list_size = strlen(list);

    if (list_size < size) {
        host_check(list + list_size + 1);
    }
    if (!guard_parse(list, &guard, &error)) {
        assert(error.kind != ERROR_NONE);
        return 0;
    }
    assert(guard.network_count <= GUARD_NETWORKS_MAX);
    if (size >= 16) {
        memcpy(&v6.sin6_addr, bytes + size - 16, 16);
        memcpy(&v4.sin_addr, bytes + size - 4, 4);
    }
    IGNORE(guard_allows(&guard, (const struct sockaddr *)&v6), "must only not crash");
    bool is_allowed = guard_allows(&guard, (const struct sockaddr *)&v4);
    const uint8_t *first = (const uint8_t *)&v4.sin_addr;
    assert(!is_allowed || (first[0] != 0 && first[0] < 224));

    /* The same address as IPv4 and inside IPv6 is judged alike. */
    memset(&v6.sin6_addr, 0, 10);
    memset((uint8_t *)&v6.sin6_addr + 10, 0xff, 2);
    memcpy((uint8_t *)&v6.sin6_addr + 12, &v4.sin_addr, 4);
    assert(guard_allows(&guard, (const struct sockaddr *)&v6) == is_allowed);
    return 0;
}

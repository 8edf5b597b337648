/* Pages of call records and lists of names from a hostile PBX: every name that comes out may be
 * asked for, and none leaves its folder. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "core/memory.h"
#include "pbx/grandstream/names.h"
#include "pbx/grandstream/ucm.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void names_check(const struct pbx_names *names)
{
    assert(names->count <= PBX_NAMES_MAX);
    for (size_t i = 0; i < names->count; i++) {
        AUTO(text_clear) struct text url = TEXT_UP_TO(UCM_URL_SIZE_MAX);
        const char *path = names->paths[i];
        assert(name_is_fit(path) && strstr(path, "..") == NULL && path[0] != '/');
        assert(strchr(name_base(path), '/') == NULL);
        names_add_old_query(&url, "monitor", path);
        assert(!url.is_full && strpbrk(text_get(&url), " \r\n#") == NULL);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static struct pbx_names names;
    AUTO(free) char *text = memory_copy_bytes(bytes, size);

    names.count = 0;
    IGNORE(ucm_page_count(text, size), "must only not crash");
    if (ucm_page_find(text, size, "41", NULL, &names)) {
        names_check(&names);
    }
    names_split(text, &names);
    names_check(&names);
    IGNORE(names_pick(&names, "2026-02/a.wav"), "must only not crash");
    return 0;
}

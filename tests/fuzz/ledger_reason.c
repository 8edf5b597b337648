/* Any text is a code or is not. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "core/memory.h"
#include "ledger/reason.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    AUTO(free) char *text = memory_copy_bytes(bytes, size);
    enum reason reason = reason_from_code(text);

    assert(reason == REASON_NONE || strcmp(reason_info(reason)->code, text) == 0);
    return 0;
}

/* A Range header: whatever it says, a part lies inside the file. The first byte chooses the size.
 */
#include <stdlib.h>
#include <string.h>

#include "core/memory.h"
#include "http/range.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const uint64_t sizes[] = { 0, 1, 2, 10000, UINT64_MAX / 2, UINT64_MAX };
    uint64_t first = 0;
    uint64_t last = 0;

    if (size == 0) {
        return 0;
    }
    uint64_t file_size = sizes[bytes[0] % COUNT_OF(sizes)];
    AUTO(free) char *header = memory_copy_bytes(bytes + 1, size - 1);
    if (range_read(header, file_size, &first, &last) == RANGE_PART &&
        (first > last || last >= file_size)) {
        abort();
    }
    return 0;
}

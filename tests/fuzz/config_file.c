/* Any bytes as a configuration file: what is accepted has fair names and values without controls.
 */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "config/parts.h"
#include "core/memory.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    AUTO(free) char *content = memory_copy_bytes(bytes, size);
    struct file_line lines[FILE_LINES_MAX];
    size_t count = 0;
    struct error error;
    int64_t seconds = 0;

    if (!config_file_parse(content, size, lines, &count, &error)) {
        assert(error.kind == ERROR_INVALID || error.kind == ERROR_LIMIT);
        return 0;
    }
    assert(count <= FILE_LINES_MAX);
    for (size_t i = 0; i < count; i++) {
        assert(lines[i].name >= content && lines[i].value <= content + size);
        assert(lines[i].name[0] != '\0' && lines[i].number > 0);
        for (const char *c = lines[i].value; *c != '\0'; c++) {
            assert((unsigned char)*c >= ' ' && *c != '\x7f');
        }
        if (duration_read(lines[i].value, strlen(lines[i].value), &seconds)) {
            assert(seconds >= 0);
        }
    }
    return 0;
}

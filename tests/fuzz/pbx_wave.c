/* The walk over RIFF chunks stays inside the file, ends, and gives figures that agree. */
#include <assert.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/file.h"
#include "pbx/container.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    AUTO(file_close) int file = memfd_create("wave", MFD_CLOEXEC);
    struct wave_info info;
    struct error error;

    IGNORE(container_name(bytes, size), "must only not crash");
    if (file < 0 || !file_write_all(file, bytes, size, &error)) {
        return 0;
    }
    if (wave_read(file, (int64_t)size, &info)) {
        assert(info.data_at >= 0 && info.data_at <= (int64_t)size);
        assert(info.data_present >= 0 && info.data_at + info.data_present <= (int64_t)size);
        assert(info.data_declared < 0 || info.data_present <= info.data_declared);
        assert(info.channels > 0 && info.rate > 0 && info.block_align > 0);
        assert(info.seconds == -1 || info.seconds >= 0);
    }
    return 0;
}

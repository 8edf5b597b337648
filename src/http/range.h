/* Byte ranges: RFC 9110 section 14. Pure. Inside http/ only. */
#ifndef HTTP_RANGE_H
#define HTTP_RANGE_H

#include <stdint.h>

enum range_verdict {
    RANGE_WHOLE,         /* Not a range of ours, or several: answer 200 with everything. */
    RANGE_PART,          /* 206 with *first to *last. */
    RANGE_UNSATISFIABLE, /* 416. */
};

/* Judge a Range header for a file of `size` bytes. *first_out and *last_out (inclusive) are written
 * for RANGE_PART only. */
enum range_verdict range_read(const char *header, uint64_t size, uint64_t *first_out,
                              uint64_t *last_out);

#endif

#include "check.h"

#include "core/macros.h"
#include "http/range.h"

static void ranges_are_judged_as_rfc_9110_says(void **state)
{
    static const struct {
        const char *header;
        uint64_t size;
        enum range_verdict verdict;
        uint64_t first, last;
    } rows[] = {
        /* Section 14.1.2's own examples, for 10000 bytes. */
        { "bytes=0-499", 10000, RANGE_PART, 0, 499 },
        { "bytes=500-999", 10000, RANGE_PART, 500, 999 },
        { "bytes=-500", 10000, RANGE_PART, 9500, 9999 },
        { "bytes=9500-", 10000, RANGE_PART, 9500, 9999 },
        { "bytes=0-0,-1", 10000, RANGE_WHOLE, 0, 0 },
        { "bytes=500-600,601-999", 10000, RANGE_WHOLE, 0, 0 },
        /* Edges. */
        { "bytes=0-", 10000, RANGE_PART, 0, 9999 },
        { "bytes=0-0", 10000, RANGE_PART, 0, 0 },
        { "bytes=9999-9999", 10000, RANGE_PART, 9999, 9999 },
        { "bytes=9999-20000", 10000, RANGE_PART, 9999, 9999 },
        { "bytes=-1", 10000, RANGE_PART, 9999, 9999 },
        { "bytes=-10000", 10000, RANGE_PART, 0, 9999 },
        { "bytes=-10001", 10000, RANGE_PART, 0, 9999 },
        { "bytes=0-99999999999999999999999", 10000, RANGE_PART, 0, 9999 },
        { "Bytes=0-1", 10000, RANGE_PART, 0, 1 },
        { "bytes= 0-1 ", 10000, RANGE_PART, 0, 1 },
        /* Nothing of the file. */
        { "bytes=10000-", 10000, RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=10000-10001", 10000, RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=99999999999999999999999-", 10000, RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=-0", 10000, RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=0-", 0, RANGE_UNSATISFIABLE, 0, 0 },
        { "bytes=-5", 0, RANGE_UNSATISFIABLE, 0, 0 },
        /* Malformed, or not ours: as if it were not there. */
        { "bytes=5-4", 10000, RANGE_WHOLE, 0, 0 },
        { "bytes=-", 10000, RANGE_WHOLE, 0, 0 },
        { "bytes=", 10000, RANGE_WHOLE, 0, 0 },
        { "bytes=a-b", 10000, RANGE_WHOLE, 0, 0 },
        { "bytes=0-1x", 10000, RANGE_WHOLE, 0, 0 },
        { "bytes=+1-2", 10000, RANGE_WHOLE, 0, 0 },
        { "bytes=--1", 10000, RANGE_WHOLE, 0, 0 },
        { "bytes 0-1", 10000, RANGE_WHOLE, 0, 0 },
        { "seconds=0-1", 10000, RANGE_WHOLE, 0, 0 },
        { "", 10000, RANGE_WHOLE, 0, 0 },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t first = 0;
        uint64_t last = 0;
        print_message("%s\n", rows[i].header);
        CHECK_NUMBER(range_read(rows[i].header, rows[i].size, &first, &last), rows[i].verdict);
        CHECK_NUMBER(first, rows[i].first);
        CHECK_NUMBER(last, rows[i].last);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ranges_are_judged_as_rfc_9110_says),
    };
    return cmocka_run_group_tests_name("http/range", tests, NULL, NULL);
}

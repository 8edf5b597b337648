/* The judge never takes JSON or a web page for sound, and its verdicts are consistent. The first
 * two bytes of the input choose the status and what was asked for; the rest is the body. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "pbx/grandstream/judge.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const int statuses[] = { 200, 401, 403, 404, 429, 500, 302, 206 };
    struct verdict verdict;

    if (size < 2) {
        return 0;
    }
    struct seen_answer seen = {
        .wanted = (enum wanted_body)(bytes[0] % 3),
        .was_digest = (bytes[0] & 0x80) != 0,
        .http_status = statuses[bytes[1] % 8],
        .challenge = "",
        .head = bytes + 2,
        .head_size = size - 2 < JUDGE_HEAD_SIZE ? size - 2 : JUDGE_HEAD_SIZE,
        .total = (int64_t)size - 2,
        .retry_after_s = bytes[1] - 1,
    };
    judge(&seen, &verdict);
    bool is_good = verdict.kind == VERDICT_AUDIO || verdict.kind == VERDICT_DATA;
    assert(is_good == (verdict.reason == REASON_NONE));
    assert((verdict.kind == VERDICT_AUDIO) == (verdict.container != NULL));
    if (verdict.kind == VERDICT_AUDIO) {
        assert(seen.wanted == WANTED_AUDIO && seen.http_status == 200 && seen.total > 44);
        assert(strchr("{[<", seen.head[0]) == NULL);
    }
    assert(strlen(verdict.text) < sizeof verdict.text && verdict.text[0] != '\0');
    for (const char *at = verdict.text; *at != '\0'; at++) {
        assert((unsigned char)*at >= 0x20);
    }
    return 0;
}

/* See proof.h. */
#include "pbx/proof.h"

#include <inttypes.h>
#include <stdio.h>

#include "core/memory.h"
#include "pbx/trouble.h"

/* 16 bit, 8 kHz, two channels: twice what a UCM writes. */
#define BYTES_PER_SECOND_MAX ((int64_t)32000)
#define UNKNOWN_TALK_S ((int64_t)6 * 3600)
#define SPARE_S ((int64_t)600)
#define TALK_S_MAX ((int64_t)48 * 3600)
static const double TOLERANCE_S = 2.0; /* Figures of the PBX are whole seconds. */
static const double TOLERANCE_SHARE = 0.02;
static const double TALK_DIFFERENCE_S = 10.0;

int64_t proof_size_max(const struct pbx_wanted *wanted)
{
    int64_t talk_s =
        wanted->talk_s > wanted->expected_seconds ? wanted->talk_s : wanted->expected_seconds;
    if (talk_s < 0) {
        talk_s = UNKNOWN_TALK_S;
    }
    talk_s = talk_s < TALK_S_MAX ? talk_s : TALK_S_MAX;
    int64_t limit = BYTES_PER_SECOND_MAX * (talk_s + SPARE_S);
    return limit > (int64_t)(64 * MIB) ? limit : (int64_t)(64 * MIB);
}

static enum reason length_check(const struct pbx_wanted *wanted, const struct wave_info *wave,
                                int64_t bytes, int64_t announced, struct pbx_trouble *trouble)
{
    if (announced >= 0 && bytes < announced) {
        return trouble_set(trouble, REASON_TRUNCATED,
                           "%" PRId64 " of the %" PRId64 " bytes announced came", bytes, announced);
    }
    if (wave != NULL && wave->data_declared > wave->data_present) {
        return trouble_set(trouble, REASON_TRUNCATED,
                           "%" PRId64 " of the %" PRId64 " bytes of sound in the header are there",
                           wave->data_present, wave->data_declared);
    }
    if (wave != NULL && wave->data_present == 0) {
        return trouble_set(trouble, REASON_EMPTY, "a header of %" PRId64 " bytes without sound",
                           bytes);
    }
    if (wanted->expected_bytes >= 0 && bytes != wanted->expected_bytes) {
        return trouble_set(trouble, REASON_SIZE_MISMATCH,
                           "%" PRId64 " bytes came, the call record says %" PRId64, bytes,
                           wanted->expected_bytes);
    }
    return REASON_NONE;
}

static enum reason duration_check(const struct pbx_wanted *wanted, double seconds,
                                  struct pbx_trouble *trouble)
{
    double expected = (double)wanted->expected_seconds;
    double talk = (double)wanted->talk_s;

    if (wanted->expected_seconds >= 0) {
        double share_s = TOLERANCE_SHARE * expected;
        double tolerance_s = share_s > TOLERANCE_S ? share_s : TOLERANCE_S;
        if (seconds > expected + tolerance_s || seconds < expected - tolerance_s) {
            return trouble_set(trouble, REASON_DURATION_MISMATCH,
                               "%.1f seconds came, the call record says %.0f", seconds, expected);
        }
    } else if (wanted->talk_s >= 0 && seconds < talk / 2 && talk - seconds > TALK_DIFFERENCE_S) {
        return trouble_set(trouble, REASON_DURATION_MISMATCH,
                           "%.1f seconds came of %.0f seconds of talk", seconds, talk);
    }
    return REASON_NONE;
}

enum reason proof_check(const struct pbx_wanted *wanted, const struct wave_info *wave,
                        int64_t bytes, int64_t announced, struct pbx_trouble *trouble_out)
{
    enum reason reason = length_check(wanted, wave, bytes, announced, trouble_out);

    if (reason == REASON_NONE && wave != NULL && wave->seconds >= 0) {
        reason = duration_check(wanted, wave->seconds, trouble_out);
    }
    return reason;
}

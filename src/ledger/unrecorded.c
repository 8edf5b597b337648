/* See unrecorded.h. */
#include "ledger/unrecorded.h"

enum { ANSWERED_MIN = 3 };

bool unrecorded_is_notable(const struct unrecorded_share *share)
{
    if (share->answered < ANSWERED_MIN) {
        return false;
    }
    /* recorded / answered < half of rest_recorded / rest_answered, without dividing. */
    return share->recorded == 0 || 2.0 * (double)share->recorded * (double)share->rest_answered <
                                       (double)share->rest_recorded * (double)share->answered;
}

void unrecorded_say(const struct unrecorded_share *share, struct text *text)
{
    text_print(text, "%s %s: %lld of %lld answered calls %s a recording",
               share->is_trunk ? "trunk" : "extension", share->name, (long long)share->recorded,
               (long long)share->answered, share->recorded == 1 ? "has" : "have");
    if (share->recorded == 0) {
        text_add(text, ": recording is off");
        return;
    }
    text_print(text,
               ", of the others on this PBX %lld of %lld: recording is off for some kinds of call",
               (long long)share->rest_recorded, (long long)share->rest_answered);
}

const char *unrecorded_advice(bool is_trunk)
{
    return is_trunk ? "Switch recording on in Extension/Trunk > VoIP Trunks (or Analog or Digital "
                      "Trunks) > edit > Auto Record, if these calls are to be recorded; what was "
                      "not recorded cannot be fetched."
                    : "Switch recording on in Extension/Trunk > Extensions > edit > Features > "
                      "Auto Record, if these calls are to be recorded; what was not recorded "
                      "cannot be fetched.";
}

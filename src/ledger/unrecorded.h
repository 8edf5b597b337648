/*
 * Answered calls that the PBX never recorded: which extension or trunk stands out, and what to say
 * about it. No recording is missing then in the sense of a reason: none was made. Pure.
 */
#ifndef LEDGER_UNRECORDED_H
#define LEDGER_UNRECORDED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"

struct unrecorded_share {
    bool is_trunk; /* Else an extension. */
    const char *name;
    int64_t answered, recorded;           /* Its answered calls, and those with a recording. */
    int64_t rest_answered, rest_recorded; /* The same of all others on its PBX. */
};

/* With three answered calls or more: none has a recording, or less than half as large a share of
 * them as of the others'. */
bool unrecorded_is_notable(const struct unrecorded_share *share);
/* "extension 230: 0 of 41 answered calls have a recording: recording is off" */
void unrecorded_say(const struct unrecorded_share *share, struct text *text);
/* The next step, with the UCM's menu path. */
const char *unrecorded_advice(bool is_trunk);

#endif

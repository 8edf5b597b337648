/*
 * The ladder: the places where a UCM may have a recording, in the order in which they are asked
 * (protocol reference, 4.4 and 4.6). Rung names are stable: they are remembered per PBX. Pure.
 */
#ifndef PBX_GRANDSTREAM_LADDER_H
#define PBX_GRANDSTREAM_LADDER_H

#include "pbx/pbx.h"

enum rung_kind {
    RUNG_NEW_FILE,  /* recapi of the new API. */
    RUNG_NEW_NAMES, /* getRecordInfosByCall: maybe another name. */
    RUNG_NEW_CDR,   /* cdrapi around the call: maybe a newer `recordfiles`. */
    RUNG_OLD_FILE,  /* GET /recapi of the old API. */
};

struct rung {
    const char *name; /* "new:monitor", "old:queue+month" … */
    enum rung_kind kind;
    const char *directory; /* Of the file kinds. */
    bool keeps_month;      /* The month folder stays in the name. */
};

enum { LADDER_RUNGS_MAX = 24 };

struct ladder {
    const struct rung *rungs[LADDER_RUNGS_MAX];
    size_t count;
};

/* Where to look first by what kind of call it was: "monitor" or "queue". */
const char *ladder_directory(const struct pbx_wanted *wanted);

/* All rungs for this recording; `remembered` (may be NULL) comes first when it is one of them. */
void ladder_build(const struct pbx_wanted *wanted, bool has_new_api, bool has_old_api,
                  const char *remembered, struct ladder *ladder_out);

#endif

/* The names in `recordfiles`: "2026-02/auto-….wav@…@", '@' ends each, ',' is tolerated (newer
 * firmware's getRecordInfosByCall). Pure. */
#ifndef PBX_GRANDSTREAM_NAMES_H
#define PBX_GRANDSTREAM_NAMES_H

#include "pbx/pbx.h"

/* May this path be asked for? At most one folder, 256 characters, UTF-8, no "..", control
 * character, backslash, '@', ',' or leading '/'. */
bool name_is_fit(const char *path);

/* The part behind the folder. */
const char *name_base(const char *path);

/* The fit names of a list, in order, duplicates once; at most PBX_NAMES_MAX. */
void names_split(const char *list, struct pbx_names *names_out);

/* Which of the names the PBX gives for a leg is the recording that is wanted, other than under the
 * path that was tried already; NULL when none can be told for certain. Never another recording:
 * with a wanted path only a sole name may stand in for it. */
const char *names_pick(const struct pbx_names *names, const char *wanted_path);

/* Adds the path and query of the old API's download: '/' stays, everything else is escaped. */
void names_add_old_query(struct text *url, const char *directory, const char *path);

#endif

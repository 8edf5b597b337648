/* See janitor.h. */
#include "jobs/janitor.h"

#include "core/crash.h"
#include "core/log.h"
#include "store/accounts.h"
#include "store/alarms.h"
#include "store/processes.h"
#include "store/targets.h"

static const time_ms DRAFT_AGE = DAY_MS;           /* Nobody writes to a draft for a day. */
static const time_ms PROCESS_AGE = 10 * MINUTE_MS; /* A process beats every few seconds. */
static const time_ms ALARM_AGE = 90 * DAY_MS;      /* Since it was cleared, or told. */

bool janitor_sweep(struct chore_run *run, struct error *error)
{
    time_ms now = time_now();
    int removed = 0;

    crash_point("janitor.begun");
    if (!blob_sweep(run->world->blob, now - DRAFT_AGE, &removed, error)) {
        return false;
    }
    crash_point("janitor.drafts_swept");
    if (removed > 0) {
        log_info("storage.swept", "drafts", LOG_NUMBER(removed), NULL);
    }
    return session_sweep(run->db, now, error) && process_sweep(run->db, now - PROCESS_AGE, error) &&
           alarm_sweep(run->db, now - ALARM_AGE, error) &&
           delivery_sweep(run->db, now - ALARM_AGE, error);
}

/* See stage.h. */
#include "jobs/stage.h"

#include <string.h>

#include "store/recordings.h"

static const struct stage stages[] = {
    /* takes jobs from   in role     lease            tries  by running */
    { LANE_FETCH, "collect", 30 * SECOND_MS, 0, stage_fetch },
    { LANE_TRANSCRIBE, "speech", 30 * SECOND_MS, 3, stage_transcribe },
    { LANE_ANALYSE, "insight", 30 * SECOND_MS, 3, stage_analyse },
    { LANE_NOTIFY, "collect", 30 * SECOND_MS, 0, stage_notify },
};

const struct stage *stage_of_role(const char *role, size_t number)
{
    for (size_t i = 0; i < COUNT_OF(stages); i++) {
        if (strcmp(stages[i].role, role) == 0 && number-- == 0) {
            return &stages[i];
        }
    }
    return NULL;
}

bool stage_event(struct worker *worker, const struct recording *recording, const char *event,
                 const char *detail, struct error *error)
{
    return event_add(worker->db,
                     &(struct event_row){ .tenant_id = recording->tenant_id,
                                          .call_id = recording->call_id,
                                          .recording_id = recording->id,
                                          .at = time_now(),
                                          .stage = worker->stage->lane,
                                          .event = event,
                                          .detail = detail },
                     error);
}

time_ms stage_next_try(const struct world *world, int64_t attempt, int64_t at_least_s,
                       time_ms wanted_since, time_ms now)
{
    size_t step = attempt < 1 ? 0 : (size_t)(attempt - 1);
    size_t last = world->retry_count - 1;
    int64_t wait_s = world->retry_s[step < last ? step : last];
    time_ms horizon = wanted_since + world->retry_horizon_s * SECOND_MS;

    wait_s = wait_s < at_least_s ? at_least_s : wait_s;
    time_ms next = now + wait_s * SECOND_MS;
    /* Not by the clock alone, which may have been set forward: the schedule was gone through too.
     */
    if (now >= horizon) {
        return attempt >= (int64_t)world->retry_count ? 0 : next;
    }
    return next < horizon ? next : horizon; /* The last try is at the horizon itself. */
}

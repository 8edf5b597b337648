/* See rest.h. */
#include "jobs/rest.h"

enum {
    UNREACHABLE_WAIT_MS =
        30 * SECOND_MS, /* The whole lane rests so long when the PBX cannot be reached. */
};

time_ms rest_until(enum reason reason, int64_t retry_after_s, time_ms now)
{
    const struct reason_info *info = reason_info(reason);

    if (info->stops_pbx) {
        return LANE_BLOCKED_FOR_GOOD;
    }
    if (reason == REASON_THROTTLED || reason == REASON_BUSY || reason == REASON_STORAGE_FULL) {
        int64_t wait_s = retry_after_s > 0 ? retry_after_s : info->retry_after_s;
        return now + wait_s * SECOND_MS;
    }
    /* A file that is cut came from a PBX that can be reached: the others need not wait. */
    bool is_away = info->owner == REASON_OWNER_NETWORK && reason != REASON_TRUNCATED;
    return is_away ? now + UNREACHABLE_WAIT_MS : 0;
}

bool rest_begin(struct keeper *keeper, enum reason reason, const char *detail, time_ms until,
                struct error *error)
{
    struct db *db = keeper->worker->db;
    bool is_stopped = until == LANE_BLOCKED_FOR_GOOD;
    bool is_resting = is_stopped ? keeper_stop(keeper, reason, detail, error)
                                 : lane_block(db, LANE_FETCH, keeper->pbx->id, until, error);

    return is_resting && recording_blocked(db, keeper->pbx->id, is_stopped,
                                           reason_info(reason)->code, detail, error);
}

/* See watch.h. */
#include "jobs/watch.h"

#include <string.h>

#include "core/log.h"
#include "jobs/notify.h"
#include "jobs/symptoms.h"
#include "store/recordings.h"

static bool is_same(const struct alarm_row *left, const struct alarm_row *right)
{
    return left->tenant_id == right->tenant_id && left->pbx_id == right->pbx_id &&
           strcmp(left->kind, right->kind) == 0;
}

static const struct alarm_row *find(const struct alarm_row *list, size_t count,
                                    const struct alarm_row *wanted)
{
    for (size_t i = 0; i < count; i++) {
        if (is_same(&list[i], wanted)) {
            return &list[i];
        }
    }
    return NULL;
}

/* The event for the dashboards, the messages for the targets. */
static bool tell(struct chore_run *run, int64_t alarm_id, const char *state, const char *event,
                 time_ms now, struct error *error)
{
    struct alarm_row *alarm = NULL;

    if (!alarm_find(run->db, run->arena, alarm_id, &alarm, error)) {
        return false;
    }
    if (alarm == NULL) {
        return error_set(error, ERROR_CORRUPT, "the alarm just written is not there");
    }
    return event_add(run->db,
                     &(struct event_row){ .tenant_id = alarm->tenant_id,
                                          .at = now,
                                          .stage = "alarm",
                                          .event = state,
                                          .detail = alarm->kind },
                     error) &&
           notify_all(run->db, run->arena, event, alarm, now, error);
}

static bool raise_known(struct chore_run *run, const struct alarm_row *pending,
                        const struct alarm_row *symptom, time_ms now, struct error *error)
{
    bool is_raised = false;

    if (!alarm_raise(run->db, pending->id, symptom->detail, now, &is_raised, error)) {
        return false;
    }
    if (!is_raised) {
        return true; /* Another watch was faster, and has told it. */
    }
    log_warn("alarm.raised", "alarm", symptom->kind, "detail", symptom->detail, NULL);
    return tell(run, pending->id, "raised", NOTICE_RAISED, now, error);
}

static bool symptom_write(struct chore_run *run, const struct alarm_row *known,
                          const struct alarm_row *symptom, time_ms now, struct error *error)
{
    if (known == NULL) {
        return alarm_note(run->db, symptom, now, error);
    }
    return known->is_pending ? raise_known(run, known, symptom, now, error)
                             : alarm_hold(run->db, known->id, symptom->detail, now, error);
}

static bool clear_old(struct chore_run *run, const struct alarm_row *alarm, time_ms now,
                      struct error *error)
{
    if (alarm->is_pending) {
        return alarm_forget(run->db, alarm->id, error);
    }
    if (alarm->fine_count + 1 < WATCH_ROUNDS_FINE) {
        return alarm_fine(run->db, alarm->id, error);
    }
    log_info("alarm.cleared", "alarm", alarm->kind, "detail", alarm->detail, NULL);
    return alarm_clear(run->db, alarm->id, now, error) &&
           tell(run, alarm->id, "cleared", NOTICE_CLEARED, now, error);
}

static bool difference_write(struct chore_run *run, const struct symptoms *found,
                             const struct alarm_row *open, size_t open_count, time_ms now,
                             struct error *error)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct alarm_row *known = find(open, open_count, &found->list[i]);
        if (!symptom_write(run, known, &found->list[i], now, error)) {
            return false;
        }
    }
    for (size_t i = 0; i < open_count; i++) {
        if (find(found->list, found->count, &open[i]) == NULL &&
            !clear_old(run, &open[i], now, error)) {
            return false;
        }
    }
    return true;
}

bool watch_look(struct chore_run *run, struct error *error)
{
    struct alarm_row *open = NULL;
    size_t open_count = 0;
    struct symptoms found = { 0 };
    time_ms now = time_now();

    if (!alarm_list_open(run->db, run->arena, SYMPTOMS_MAX, &open, &open_count, error) ||
        !symptoms_find(run->world, run->db, run->arena, open, open_count, now, &found, error)) {
        return false;
    }
    if (found.count == 0 && open_count == 0) {
        return true; /* The usual round writes nothing. */
    }
    if (!db_begin(run->db, error)) {
        return false;
    }
    if (!difference_write(run, &found, open, open_count, now, error) ||
        !db_commit(run->db, error)) {
        db_rollback(run->db);
        return false;
    }
    return true;
}

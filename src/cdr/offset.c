/*
 * See cdr.h and parts.h. The PBX writes local time without a zone, but its ids hold UTC seconds:
 * the difference is the zone, for each record anew (daylight saving, a zone changed by hand). A
 * queue or transfer leg starts long after its channel; it takes the offset of a leg that did not.
 */
#include <stdlib.h>
#include <string.h>

#include "cdr/parts.h"
#include "core/memory.h"

/* A leg is written a moment after its channel; a minute early is only clocks being read apart. */
#define LATE_MS_MAX (7 * (time_ms)MINUTE_MS)
#define EARLY_MS_MAX (1 * (time_ms)MINUTE_MS)
#define STEP_MS (15 * (time_ms)MINUTE_MS)
enum { STEP_MINUTES = 15, OFFSET_MINUTES_MAX = 14 * 60 };

/* Ids name seconds since 1970 with ten digits, from 2001 to 2286. */
enum { EPOCH_DIGITS = 10 };
#define EPOCH_S_MIN 1000000000

/* Half hours, and Nepal, Eucla, Chatham in winter and summer. Trying every quarter of an hour
 * instead would take a leg that is 15 minutes late for one from the next zone. */
static bool offset_exists(int minutes)
{
    static const int quarters[] = { 345, 525, 765, 825 };

    if (abs(minutes) > OFFSET_MINUTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < COUNT_OF(quarters); i++) {
        if (minutes == quarters[i]) {
            return true;
        }
    }
    return minutes % 30 == 0;
}

bool cdr_offset_from(time_ms local_at, time_ms epoch_at, int *offset_minutes_out)
{
    time_ms distance = local_at - epoch_at + EARLY_MS_MAX;

    if (distance > DAY_MS || distance < -DAY_MS) {
        return false;
    }
    time_ms late = ((distance % STEP_MS) + STEP_MS) % STEP_MS;
    int minutes = (int)((distance - late) / STEP_MS) * STEP_MINUTES;
    if (late > LATE_MS_MAX + EARLY_MS_MAX || !offset_exists(minutes)) {
        return false;
    }
    *offset_minutes_out = minutes;
    return true;
}

time_ms epoch_of_id(const char *id)
{
    /* Asterisk may put its system's name before: "pbx1-1770326441.84". A session has '-' behind. */
    const char *digits = id + strcspn(id, "0123456789");
    const char *dash = strrchr(id, '-');
    time_ms epoch_s = 0;

    if (digits != id || strspn(id, "0123456789") < EPOCH_DIGITS) {
        digits = dash != NULL ? dash + 1 : id;
    }
    for (int i = 0; i < EPOCH_DIGITS; i++) {
        if (digits[i] < '0' || digits[i] > '9') {
            return 0;
        }
        epoch_s = epoch_s * 10 + (digits[i] - '0');
    }
    return epoch_s >= EPOCH_S_MIN ? epoch_s * SECOND_MS : 0;
}

/* What this leg says about its offset by itself. */
static bool offset_own(const struct cdr_leg *leg, const struct leg_times *times, int *minutes_out)
{
    if (times->local_start_at != 0 && times->epoch_at != 0 &&
        cdr_offset_from(times->local_start_at, times->epoch_at, minutes_out)) {
        return true;
    }
    /* A recording begins at the answer, and the PBX names that instant in UTC. */
    return leg->recording_count > 0 && leg->recordings[0].started_at != 0 &&
           times->local_answer_at != 0 &&
           cdr_offset_from(times->local_answer_at, leg->recordings[0].started_at, minutes_out);
}

static int by_uniqueid(const void *left, const void *right)
{
    const struct cdr_leg *const *first = left;
    const struct cdr_leg *const *second = right;

    return strcmp((*first)->uniqueid, (*second)->uniqueid);
}

/* Sorted once, so that ten thousand hostile legs do not cost their square. */
static size_t known_sort(struct cdr_leg *legs, size_t count, const struct cdr_leg **known_out)
{
    size_t known_count = 0;

    for (size_t i = 0; i < count; i++) {
        if (legs[i].is_offset_known && legs[i].uniqueid[0] != '\0') {
            known_out[known_count++] = &legs[i];
        }
    }
    qsort(known_out, known_count, sizeof *known_out, by_uniqueid);
    return known_count;
}

static const struct cdr_leg *neighbour_first(const struct cdr_leg *legs, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (legs[i].is_offset_known) {
            return &legs[i];
        }
    }
    return NULL;
}

static void offsets_lend(struct cdr_leg *legs, size_t count)
{
    const struct cdr_leg *neighbour = neighbour_first(legs, count);

    if (neighbour == NULL) {
        return;
    }
    AUTO(free) const struct cdr_leg **known = memory_new(count * sizeof *known);
    size_t known_count = known_sort(legs, count, known);
    for (size_t i = 0; i < count; i++) {
        if (!legs[i].is_offset_known) {
            const struct cdr_leg *key = &legs[i];
            const struct cdr_leg **twin =
                bsearch(&key, known, known_count, sizeof *known, by_uniqueid);
            legs[i].offset_minutes =
                twin != NULL ? (*twin)->offset_minutes : neighbour->offset_minutes;
            legs[i].is_offset_known = true;
        }
        neighbour = &legs[i]; /* Batches are in order of time: the leg before is the nearest. */
    }
}

static bool is_answered(const struct cdr_leg *leg)
{
    return leg->disposition[0] == '\0' || strcasecmp(leg->disposition, "ANSWERED") == 0;
}

static void times_apply(struct cdr_leg *leg, const struct leg_times *times)
{
    bool is_placed = leg->is_offset_known;
    time_ms shift = -(time_ms)leg->offset_minutes * MINUTE_MS;

    if (!is_placed && times->epoch_at != 0 && times->local_start_at != 0) {
        is_placed = true;
        shift = times->epoch_at - times->local_start_at;
    }
    leg->started_at =
        is_placed && times->local_start_at != 0 ? times->local_start_at + shift : times->epoch_at;
    if (is_placed && times->local_answer_at != 0 && is_answered(leg)) {
        leg->answered_at = times->local_answer_at + shift;
    }
    if (is_placed && times->local_end_at != 0) {
        leg->ended_at = times->local_end_at + shift;
    }
}

void times_settle(struct cdr_leg *legs, const struct leg_times *times, size_t count)
{
    size_t known_count = 0;

    for (size_t i = 0; i < count; i++) {
        legs[i].is_offset_known = offset_own(&legs[i], &times[i], &legs[i].offset_minutes);
        known_count += legs[i].is_offset_known;
    }
    if (known_count < count) {
        offsets_lend(legs, count);
    }
    for (size_t i = 0; i < count; i++) {
        times_apply(&legs[i], &times[i]);
    }
}

/* What the API user may see: call records, directories, and by both the PBX's clock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cdr/cdr.h"
#include "doctor/inside.h"

enum {
    PAGE_SIZE = 200,
    PAGES_MAX = 10,
    LISTING_SIZE_MAX = 16 << 20,
    CLOCK_WARN_S = 60,
    CLOCK_FAIL_S = 300,
    CALLS_LOOKED_AT = 50,
};

static const char *tenant_name(const struct doctor *doctor)
{
    return doctor->request->tenant != NULL ? doctor->request->tenant->subdomain : "TENANT";
}

/* ---- Call records ---- */

struct pages {
    struct doctor *doctor;
    struct arena *arena; /* Of one page. */
    int count;
    time_ms newest_recorded_at;
};

static void recording_note(struct pages *pages, const struct cdr_leg *leg)
{
    struct doctor *doctor = pages->doctor;
    struct pbx_wanted *newest = &doctor->newest;

    if (leg->recording_count == 0 || leg->is_fork || leg->started_at <= pages->newest_recorded_at) {
        return;
    }
    pages->newest_recorded_at = leg->started_at;
    *newest = (struct pbx_wanted){
        .path = arena_copy_text(doctor->arena, leg->recordings[0].path),
        .acct_id = arena_copy_text(doctor->arena, leg->acct_id),
        .uniqueid = arena_copy_text(doctor->arena, leg->uniqueid),
        .action_type = arena_copy_text(doctor->arena, leg->action_type),
        .direction = cdr_direction_name(leg->direction),
        .started_at = leg->started_at,
        .expected_bytes = leg->recordings[0].bytes,
        .expected_seconds = leg->recordings[0].seconds,
        .talk_s = leg->talk_s,
    };
}

static bool page_take(void *context, const char *body, size_t size)
{
    struct pages *pages = context;
    struct doctor *doctor = pages->doctor;
    struct cdr_batch batch = { 0 };
    struct error error;

    arena_reset(pages->arena);
    if (!cdr_parse(pages->arena, "application/json", NULL, body, size, &batch, &error)) {
        return false;
    }
    for (size_t i = 0; i < batch.leg_count; i++) {
        const struct cdr_leg *leg = &batch.legs[i];
        recording_note(pages, leg);
        if (leg->ended_at > doctor->newest_end_at) {
            doctor->newest_end_at = leg->ended_at;
        }
    }
    doctor->call_count += (int)batch.leg_count;
    return ++pages->count < PAGES_MAX && !doctor_should_stop(doctor);
}

static bool calls_ask(struct doctor *doctor, time_ms since_at, struct pbx_trouble *trouble)
{
    AUTO(arena_free) struct arena *arena = arena_new(CDR_ARENA_SIZE_MAX);
    struct pages pages = { .doctor = doctor, .arena = arena };
    /* Its clock may be wrong: into the future as well. */
    struct pbx_period period = { .from_at = since_at,
                                 .until_at = time_now() + 3 * DAY_MS,
                                 .page_size = PAGE_SIZE };

    doctor->call_count = 0;
    return pbx_cdr_pages(doctor_pbx(doctor), &period, page_take, &pages, trouble);
}

/* ---- Permissions ---- */

static void permission_stored(struct doctor *doctor, struct finding *finding)
{
    const struct pbx_row *pbx = doctor->request->pbx;
    char at[TIME_TEXT_SIZE];

    finding_fail(finding, REASON_NO_PERMISSION, "not tried again since %s UTC, when it failed: %s",
                 moment_print(pbx->stopped_at, at),
                 pbx->stop_detail != NULL ? pbx->stop_detail : pbx->stop_reason);
    finding_advise(finding,
                   "Give the API user access to recordings in Value-added Features > API "
                   "Configuration > HTTPS API Settings (New). Then let it be asked again: audiapro "
                   "tenant pbx %s (without anything else, it only ends the stop).",
                   tenant_name(doctor));
}

static void permissions_advise(const struct doctor *doctor, struct finding *finding,
                               const struct pbx_trouble *calls,
                               const struct pbx_trouble *recordings)
{
    bool is_calls = calls->reason == REASON_NO_PERMISSION;
    bool is_recordings = recordings->reason == REASON_NO_PERMISSION;

    if (is_calls || is_recordings) {
        finding_advise(finding,
                       "Give the API user '%s' access to %s%s%s in Value-added Features > API "
                       "Configuration > HTTPS API Settings (New) (CloudUCM: Integrations > API "
                       "Configuration), and check Permitted IP(s) there.",
                       doctor->settings.username, is_calls ? "call records (cdrapi)" : "",
                       is_calls && is_recordings ? " and " : "",
                       is_recordings ? "recordings (recapi)" : "");
    }
}

void step_permissions(struct doctor *doctor, struct finding *finding)
{
    AUTO(text_clear) struct text listing = TEXT_UP_TO(LISTING_SIZE_MAX);
    struct pbx_trouble calls = { .reason = REASON_NONE };
    struct pbx_trouble recordings = { .reason = REASON_NONE };

    if (doctor->is_stopped) {
        permission_stored(doctor, finding);
        return;
    }
    bool has_calls = calls_ask(doctor, time_now() - DAY_MS, &calls);
    if (has_calls && doctor->call_count == 0) {
        has_calls = calls_ask(doctor, time_now() - 30 * DAY_MS, &calls);
    }
    bool has_recordings = pbx_list(doctor_pbx(doctor), "", &listing, &recordings);
    doctor->is_recording_refused = !has_recordings;
    if (has_calls && has_recordings) {
        finding_fine(finding, "call records: yes (%d seen); recordings: yes", doctor->call_count);
        return;
    }
    finding_fail(finding, has_calls ? recordings.reason : calls.reason,
                 "call records: %s%s; recordings: %s%s", has_calls ? "yes" : "no, ",
                 has_calls ? "" : calls.detail, has_recordings ? "yes" : "no, ",
                 has_recordings ? "" : recordings.detail);
    permissions_advise(doctor, finding, &calls, &recordings);
}

/* ---- A directory ---- */

/* The second column of "directory,filename,size"; a first row is its head. */
static void line_note(struct doctor *doctor, const char *line, size_t size)
{
    char name[PBX_PATH_SIZE];
    const char *comma = memchr(line, ',', size);

    if (comma == NULL) {
        return;
    }
    size_t left = size - (size_t)(comma + 1 - line);
    const char *end = memchr(comma + 1, ',', left);
    size_t length = end != NULL ? (size_t)(end - comma - 1) : left;
    (void)snprintf(name, sizeof name, "%.*s", (int)length, comma + 1);
    if (strcmp(name, "filename") == 0 || name[0] == '\0') {
        return;
    }
    time_ms at = name_instant(name);
    doctor->listed_count++;
    if (at > 0 && (doctor->oldest_listed_at == 0 || at < doctor->oldest_listed_at)) {
        doctor->oldest_listed_at = at;
    }
    if (at > doctor->newest_listed_at) {
        doctor->newest_listed_at = at;
        doctor->newest_listed = arena_copy_text(doctor->arena, name);
    }
}

static void listing_read(struct doctor *doctor, const char *csv)
{
    doctor->listed_count = 0;
    while (*csv != '\0') {
        size_t size = strcspn(csv, "\r\n");
        line_note(doctor, csv, size);
        csv += size;
        csv += strspn(csv, "\r\n");
    }
}

void step_directory(struct doctor *doctor, struct finding *finding)
{
    AUTO(text_clear) struct text listing = TEXT_UP_TO(LISTING_SIZE_MAX);
    struct pbx_trouble trouble;
    char at[TIME_TEXT_SIZE];

    if (doctor->is_stopped || doctor->is_recording_refused) {
        finding_skip(finding, "not tried: '%s' comes first", "Permissions");
        return;
    }
    if (!pbx_list(doctor_pbx(doctor), "monitor", &listing, &trouble)) {
        finding_fail(finding, trouble.reason, "directory 'monitor': %s", trouble.detail);
        return;
    }
    listing_read(doctor, text_get(&listing));
    finding_fine(finding, "directory 'monitor' holds %d file%s", doctor->listed_count,
                 doctor->listed_count == 1 ? "" : "s");
    if (doctor->oldest_listed_at > 0) {
        finding_add(finding, ", the oldest of %s UTC", moment_print(doctor->oldest_listed_at, at));
    }
    if (doctor->newest_listed_at > 0) {
        finding_add(finding, ", the newest of %s UTC", moment_print(doctor->newest_listed_at, at));
    }
}

/* ---- Clock ---- */

/* By how much the calls that webhooks told had ended before they were told, at most: a call that is
 * told before it ended was told by a clock that is ahead. */
static bool calls_ahead(struct doctor *doctor, int64_t *ahead_s_out)
{
    static const char SQL[] =
        "SELECT max(ended_at - created_at) FROM (SELECT ended_at, created_at FROM call"
        " WHERE pbx_id = $1 AND ended_at IS NOT NULL AND id > $2 ORDER BY id DESC LIMIT 50) newest";
    struct error error;
    int64_t ahead_ms = 0;
    int64_t since_id = row_id_new(time_now() - 30 * DAY_MS);

    if (!db_run_number(doctor->request->db, SQL,
                       DB_VALUES(DB_INT(doctor->request->pbx->id), DB_INT(since_id)), INT64_MIN,
                       &ahead_ms, &error) ||
        ahead_ms == INT64_MIN) {
        return false;
    }
    *ahead_s_out = ahead_ms / SECOND_MS;
    return true;
}

/* A second that is told is half over on average. */
static int64_t ahead_of(time_ms told_at, time_ms seen_at)
{
    time_ms ahead_ms = told_at + SECOND_MS / 2 - seen_at;

    return (ahead_ms + (ahead_ms < 0 ? -1 : 1) * SECOND_MS / 2) / SECOND_MS;
}

struct clock_look {
    int64_t worst_s; /* The largest deviation that was seen; positive: the PBX is ahead. */
    int count;
};

static void clock_take(struct clock_look *look, struct finding *finding, const char *source,
                       int64_t ahead_s)
{
    finding_add(finding, "%s%s: %+lld s", look->count > 0 ? ", " : "", source, (long long)ahead_s);
    if (look->count == 0 || llabs(ahead_s) > llabs(look->worst_s)) {
        look->worst_s = ahead_s;
    }
    look->count++;
}

void step_clock(struct doctor *doctor, struct finding *finding)
{
    struct clock_look look = { .count = 0 };
    time_ms now = time_now();
    int64_t ahead_s = 0;
    char detail[EVIDENCE_SIZE];

    finding_fine(finding, "the PBX's clock against ours: ");
    if (doctor->date_at > 0) {
        clock_take(&look, finding, "by its answers (Date)",
                   ahead_of(doctor->date_at, doctor->date_seen_at));
    }
    if (doctor->cookie_at > 0) {
        clock_take(&look, finding, "by its login",
                   ahead_of(doctor->cookie_at, doctor->cookie_seen_at));
    }
    /* The past proves nothing: the newest call may be old. */
    if (doctor->newest_end_at > now + CLOCK_WARN_S * SECOND_MS) {
        clock_take(&look, finding, "by the end of its newest call",
                   (doctor->newest_end_at - now) / SECOND_MS);
    }
    if (calls_ahead(doctor, &ahead_s) && ahead_s > CLOCK_WARN_S) {
        clock_take(&look, finding, "by calls told before they ended", ahead_s);
    }
    if (look.count == 0) {
        finding_skip(finding, "the PBX showed no clock");
        return;
    }
    doctor->result->facts.clock_ahead_s = look.worst_s;
    doctor->result->facts.is_clock_known = true;
    if (llabs(look.worst_s) < CLOCK_WARN_S) {
        return;
    }
    memcpy(detail, finding->detail, sizeof detail);
    if (llabs(look.worst_s) >= CLOCK_FAIL_S) {
        finding_fail(finding, REASON_CLOCK_SKEW, "%s", detail);
    } else {
        finding_warn(finding, REASON_CLOCK_SKEW, "%s", detail);
    }
    finding_add(finding, ". It is %lld minutes %s", (llabs((long long)look.worst_s) + 30) / 60,
                look.worst_s > 0 ? "ahead" : "behind");
}

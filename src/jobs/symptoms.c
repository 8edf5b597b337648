/* See symptoms.h. Each check is one function; the table at the end says in which order. */
#include "jobs/symptoms.h"

#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/rowid.h"
#include "jobs/trend.h"
#include "ledger/alarm.h"
#include "ledger/reason.h"
#include "store/processes.h"

enum { PBXS_MAX = 4096, ATTEMPTS_MAX = 300, YIELD_EXPECTED_MIN = 5, COUNTS_SIZE_MAX = 8192 };
static const double YIELD_TARGET = 0.98;
static const time_ms YIELD_GRACE = 30 * MINUTE_MS;
static const time_ms BACKLOG_MAX = 15 * MINUTE_MS;
static const time_ms RECONCILE_MAX = 30 * MINUTE_MS;
static const time_ms ROLE_SILENT_MAX = 45 * SECOND_MS; /* A role beats every 5 s. */
static const uint64_t STORAGE_SHARE_MAX = 20 * GIB;

struct watched_pbx {
    int64_t id, tenant_id;
    const char *tls_pin, *stop_reason, *stop_detail;
    time_ms stopped_at, edited_at;
};

struct look {
    const struct world *world;
    struct db *db;
    struct arena *arena;
    const struct alarm_row *open;
    size_t open_count;
    time_ms now;
    struct watched_pbx *pbxs;
    size_t pbx_count;
    struct trend_attempt *attempts; /* ATTEMPTS_MAX, for one PBX after the other */
    struct symptoms found;
};

static void found_add(struct look *look, enum alarm alarm, int64_t tenant_id, int64_t pbx_id,
                      time_ms since, const char *detail)
{
    if (look->found.count < SYMPTOMS_MAX) {
        look->found.list[look->found.count++] = (struct alarm_row){ .kind = alarm_info(alarm)->code,
                                                                    .tenant_id = tenant_id,
                                                                    .pbx_id = pbx_id,
                                                                    .since = since,
                                                                    .detail = detail };
    }
}

static bool is_found(const struct look *look, enum alarm alarm, int64_t pbx_id)
{
    for (size_t i = 0; i < look->found.count; i++) {
        if (look->found.list[i].pbx_id == pbx_id &&
            alarm_from_code(look->found.list[i].kind) == alarm) {
            return true;
        }
    }
    return false;
}

static bool is_open(const struct look *look, enum alarm alarm)
{
    for (size_t i = 0; i < look->open_count; i++) {
        if (alarm_from_code(look->open[i].kind) == alarm) {
            return true;
        }
    }
    return false;
}

static const char *instant(const struct look *look, time_ms at)
{
    char text[TIME_TEXT_SIZE];

    return arena_copy_text(look->arena, time_print(at - at % SECOND_MS, text));
}

/* ---- Is a PBX there, and does it let us in? ---- */

static bool attempts_read(struct look *look, const struct watched_pbx *pbx,
                          struct trend_attempt *attempts, size_t *count_out,
                          const char **shown_pin_out, struct error *error)
{
    static const char SQL[] = "SELECT at, purpose, reason, tls_pin FROM attempt"
                              " WHERE pbx_id = $1 AND at > $2 ORDER BY id DESC LIMIT $3";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;
    size_t count = 0;

    *shown_pin_out = NULL;
    if (!db_query(look->db, SQL,
                  DB_VALUES(DB_INT(pbx->id), DB_INT(pbx->edited_at), DB_INT(ATTEMPTS_MAX)), &rows,
                  error)) {
        return false;
    }
    while (count < ATTEMPTS_MAX && (step = db_next(&rows, error)) == DB_ROW) {
        const char *purpose = db_text(&rows, 1);
        const char *reason = db_text(&rows, 2);
        const char *pin = db_text(&rows, 3);
        if (*shown_pin_out == NULL && pin != NULL && pin[0] != '\0') {
            *shown_pin_out = arena_copy_text(look->arena, pin);
        }
        attempts[count++] = (struct trend_attempt){
            .at = db_int(&rows, 0),
            .purpose = arena_copy_text(look->arena, purpose != NULL ? purpose : ""),
            .reason = arena_copy_text(look->arena, reason != NULL ? reason : ""),
        };
    }
    *count_out = count;
    return step != DB_FAILED;
}

static bool pbx_check(struct look *look, const struct watched_pbx *pbx, struct error *error)
{
    const char *shown_pin = NULL;
    size_t count = 0;

    if (pbx->stop_reason != NULL) {
        found_add(look, ALARM_PBX_REFUSING, pbx->tenant_id, pbx->id, pbx->stopped_at,
                  arena_print(look->arena, "%s: %s%s%s", pbx->stop_reason,
                              reason_info(reason_from_code(pbx->stop_reason))->message,
                              pbx->stop_detail != NULL ? " " : "",
                              pbx->stop_detail != NULL ? pbx->stop_detail : ""));
        return true;
    }
    if (!attempts_read(look, pbx, look->attempts, &count, &shown_pin, error)) {
        return false;
    }
    struct trend trend = trend_judge(look->attempts, count, look->now);
    if (trend.alarm == ALARM_CERTIFICATE_CHANGED) {
        found_add(look, trend.alarm, pbx->tenant_id, pbx->id, trend.since,
                  arena_print(look->arena, "confirmed is %s, shown is %s",
                              pbx->tls_pin != NULL ? pbx->tls_pin : "(none)",
                              shown_pin != NULL ? shown_pin : "(not seen)"));
    } else if (trend.alarm != ALARM_NONE) {
        found_add(look, trend.alarm, pbx->tenant_id, pbx->id, trend.since,
                  arena_print(look->arena, "%s: %s %zu failed requests in a row since %s",
                              trend.reason, reason_info(reason_from_code(trend.reason))->message,
                              trend.count, instant(look, trend.since)));
    }
    return true;
}

static bool pbxs_check(struct look *look, struct error *error)
{
    for (size_t i = 0; i < look->pbx_count; i++) {
        if (!pbx_check(look, &look->pbxs[i], error)) {
            return false;
        }
    }
    return true;
}

/* ---- Is it more silent than usual? ---- */

static void rhythm_read(const char *counts, struct rhythm *rhythm)
{
    struct error ignored;
    AUTO(json_release) json_t *list = json_read(counts, strlen(counts), &ignored);

    for (size_t i = 0; i < WEEK_HOURS; i++) {
        rhythm->count[i] = json_integer_value(json_array_get(list, i));
    }
}

/* The count of before, where it is fresh. counted_at 0: there is none. */
static bool rhythm_get(struct look *look, int64_t pbx_id, struct rhythm *rhythm,
                       time_ms *counted_at_out, struct error *error)
{
    static const char SQL[] =
        "SELECT counted_at, from_at, until_at, counts FROM rhythm WHERE pbx_id = $1";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };

    *counted_at_out = 0;
    if (!db_query(look->db, SQL, DB_VALUES(DB_INT(pbx_id)), &rows, error)) {
        return false;
    }
    enum db_step step = db_next(&rows, error);
    if (step == DB_ROW) {
        *counted_at_out = db_int(&rows, 0);
        rhythm->from_at = db_int(&rows, 1);
        rhythm->until_at = db_int(&rows, 2);
        rhythm_read(db_text(&rows, 3), rhythm);
    }
    return step != DB_FAILED;
}

static bool rhythm_put(struct look *look, int64_t pbx_id, const struct rhythm *rhythm,
                       struct error *error)
{
    static const char SQL[] = "INSERT INTO rhythm (pbx_id, counted_at, from_at, until_at, counts)"
                              " VALUES ($1, $2, $3, $4, $5) ON CONFLICT (pbx_id) DO UPDATE SET"
                              " counted_at = excluded.counted_at, from_at = excluded.from_at,"
                              " until_at = excluded.until_at, counts = excluded.counts";
    AUTO(text_clear) struct text counts = TEXT_UP_TO(COUNTS_SIZE_MAX);

    for (size_t i = 0; i < WEEK_HOURS; i++) {
        text_print(&counts, "%s%lld", i == 0 ? "[" : ",", (long long)rhythm->count[i]);
    }
    text_add_char(&counts, ']');
    return db_run(look->db, SQL,
                  DB_VALUES(DB_INT(pbx_id), DB_INT(look->now), DB_INT(rhythm->from_at),
                            DB_INT(rhythm->until_at), DB_TEXT(text_get(&counts))),
                  NULL, error);
}

static bool rhythm_count(struct look *look, const struct watched_pbx *pbx, struct rhythm *rhythm,
                         struct error *error)
{
    static const char SQL_NEWEST[] = "SELECT created_at FROM call WHERE tenant_id = $1"
                                     " AND pbx_id = $2 ORDER BY started_at DESC LIMIT 1";
    static const char SQL[] =
        "SELECT started_at / 3600000 % 168, count(*), min(started_at), max(created_at) FROM call"
        " WHERE tenant_id = $1 AND pbx_id = $2 AND started_at >= $3 GROUP BY 1";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;
    time_ms newest_at = 0;

    *rhythm = (struct rhythm){ .from_at = 0 };
    if (!db_run_number(look->db, SQL_NEWEST, DB_VALUES(DB_INT(pbx->tenant_id), DB_INT(pbx->id)), 0,
                       &newest_at, error) ||
        !db_query(look->db, SQL,
                  DB_VALUES(DB_INT(pbx->tenant_id), DB_INT(pbx->id),
                            DB_INT(newest_at - RHYTHM_DAYS * DAY_MS)),
                  &rows, error)) {
        return false;
    }
    while ((step = db_next(&rows, error)) == DB_ROW) {
        int64_t hour = db_int(&rows, 0);
        time_ms from_at = db_int(&rows, 2);
        time_ms until_at = db_int(&rows, 3);
        if (hour >= 0 && hour < WEEK_HOURS) {
            rhythm->count[hour] = db_int(&rows, 1);
        }
        rhythm->from_at =
            rhythm->from_at == 0 || from_at < rhythm->from_at ? from_at : rhythm->from_at;
        rhythm->until_at = until_at > rhythm->until_at ? until_at : rhythm->until_at;
    }
    return step != DB_FAILED && rhythm_put(look, pbx->id, rhythm, error);
}

static bool silence_check(struct look *look, const struct watched_pbx *pbx, struct error *error)
{
    static const char SQL_LAST[] = "SELECT max(created_at) FROM call WHERE tenant_id = $1"
                                   " AND pbx_id = $2 AND started_at >= $3";
    struct rhythm *rhythm = arena_take(look->arena, sizeof *rhythm);
    time_ms counted_at = 0;
    time_ms last_at = 0;
    double expected = 0;

    if (!rhythm_get(look, pbx->id, rhythm, &counted_at, error)) {
        return false;
    }
    bool is_fresh = counted_at > look->now - HOUR_MS && counted_at <= look->now;
    if (!is_fresh && !rhythm_count(look, pbx, rhythm, error)) {
        return false;
    }
    if (rhythm->from_at == 0 || !db_run_number(look->db, SQL_LAST,
                                               DB_VALUES(DB_INT(pbx->tenant_id), DB_INT(pbx->id),
                                                         DB_INT(rhythm->until_at - DAY_MS)),
                                               0, &last_at, error)) {
        return rhythm->from_at == 0;
    }
    last_at = last_at > rhythm->until_at ? last_at : rhythm->until_at;
    if (rhythm_is_broken(rhythm, last_at, look->now, &expected)) {
        found_add(look, ALARM_NO_CDR, pbx->tenant_id, pbx->id, last_at,
                  arena_print(look->arena,
                              "no call since %s, for %lld minutes; about %.0f usually come in "
                              "that time",
                              instant(look, last_at),
                              (long long)((look->now - last_at) / MINUTE_MS), expected));
    }
    return true;
}

static bool silences_check(struct look *look, struct error *error)
{
    for (size_t i = 0; i < look->pbx_count; i++) {
        if (!silence_check(look, &look->pbxs[i], error)) {
            return false;
        }
    }
    return true;
}

/* ---- Is what should be there there? ---- */

static bool yield_check(struct look *look, struct error *error)
{
    static const char SQL[] =
        "SELECT recording.tenant_id, pbx_id, count(*),"
        " sum(CASE WHEN state = 'stored' THEN 1 ELSE 0 END),"
        " min(CASE WHEN state = 'stored' THEN NULL ELSE wanted_since END) FROM recording"
        " JOIN tenant ON tenant.id = recording.tenant_id"
        " WHERE recording.id >= $1 AND wanted_since <= $2 AND is_suspended = 0"
        " AND state <> 'not_expected' AND (state = 'stored' OR attempt_count > 0"
        " OR next_try_at IS NULL OR next_try_at <= $2)"
        " GROUP BY recording.tenant_id, pbx_id";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    if (!db_query(
            look->db, SQL,
            DB_VALUES(DB_INT(row_id_first_at(look->now - DAY_MS)), DB_INT(look->now - YIELD_GRACE)),
            &rows, error)) {
        return false;
    }
    while ((step = db_next(&rows, error)) == DB_ROW) {
        int64_t expected = db_int(&rows, 2);
        int64_t stored = db_int(&rows, 3);
        if (expected >= YIELD_EXPECTED_MIN && (double)stored < YIELD_TARGET * (double)expected) {
            found_add(look, ALARM_YIELD_LOW, db_int(&rows, 0), db_int(&rows, 1), db_int(&rows, 4),
                      arena_print(look->arena,
                                  "%lld of %lld recordings of the last 24 hours are stored "
                                  "(%.1f %%, wanted are %.0f %%)",
                                  (long long)stored, (long long)expected,
                                  100.0 * (double)stored / (double)expected, 100.0 * YIELD_TARGET));
        }
    }
    return step != DB_FAILED;
}

static bool reconcile_check(struct look *look, struct error *error)
{
    static const char SQL[] =
        "SELECT pbx.tenant_id, pbx.id, coalesce(polled_at, pbx.edited_at), reason,"
        " reconciliation.detail FROM reconciliation JOIN pbx ON pbx.id = reconciliation.pbx_id"
        " JOIN tenant ON tenant.id = pbx.tenant_id"
        " WHERE reason IS NOT NULL AND is_suspended = 0"
        " AND coalesce(polled_at, pbx.edited_at) < $1";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    if (!db_query(look->db, SQL, DB_VALUES(DB_INT(look->now - RECONCILE_MAX)), &rows, error)) {
        return false;
    }
    while ((step = db_next(&rows, error)) == DB_ROW) {
        const char *reason = db_text(&rows, 3);
        const char *detail = db_text(&rows, 4);
        found_add(look, ALARM_RECONCILE_FAILING, db_int(&rows, 0), db_int(&rows, 1),
                  db_int(&rows, 2),
                  arena_print(look->arena, "%s: %s %s; the last list was read at %s", reason,
                              reason_info(reason_from_code(reason))->message,
                              detail != NULL ? detail : "", instant(look, db_int(&rows, 2))));
    }
    return step != DB_FAILED;
}

static bool quarantine_check(struct look *look, struct error *error)
{
    static const char SQL[] =
        "SELECT tenant_id, count(*), min(received_at), max(received_at), max(quarantine)"
        " FROM webhook WHERE quarantine IS NOT NULL AND id >= $1 GROUP BY tenant_id";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    if (!db_query(look->db, SQL, DB_VALUES(DB_INT(row_id_first_at(look->now - DAY_MS))), &rows,
                  error)) {
        return false;
    }
    while ((step = db_next(&rows, error)) == DB_ROW) {
        found_add(look, ALARM_QUARANTINE, db_int(&rows, 0), 0, db_int(&rows, 2),
                  arena_print(look->arena,
                              "%lld webhooks of the last 24 hours, the last at %s; one of them: "
                              "%s",
                              (long long)db_int(&rows, 1), instant(look, db_int(&rows, 3)),
                              db_text(&rows, 4)));
    }
    return step != DB_FAILED;
}

/* ---- This server ---- */

bool storage_is_nearly_full(uint64_t free_bytes, uint64_t total_bytes, uint64_t min_bytes,
                            bool is_raised)
{
    uint64_t share = total_bytes / 10 < STORAGE_SHARE_MAX ? total_bytes / 10 : STORAGE_SHARE_MAX;
    uint64_t wanted = share > min_bytes ? share : min_bytes;

    return free_bytes < (is_raised ? wanted + wanted / 4 : wanted);
}

static bool storage_check(struct look *look, struct error *error)
{
    uint64_t free_bytes = 0;
    uint64_t total_bytes = 0;
    struct error problem = { 0 };

    (void)error;
    if (!blob_check(look->world->blob, &problem)) {
        found_add(look, ALARM_STORAGE_FAILING, 0, 0, look->now,
                  arena_copy_text(look->arena, problem.message));
    }
    if (blob_room(look->world->blob, &free_bytes, &total_bytes, &problem) &&
        storage_is_nearly_full(free_bytes, total_bytes, look->world->storage_free_min,
                               is_open(look, ALARM_STORAGE_NEARLY_FULL))) {
        found_add(look, ALARM_STORAGE_NEARLY_FULL, 0, 0, look->now,
                  arena_print(look->arena, "%.1f GiB of %.1f GiB are free",
                              (double)free_bytes / (double)GIB, (double)total_bytes / (double)GIB));
    }
    return true;
}

/* Jobs that are due for long, by stage. Those of a PBX that is in trouble follow from that, and
 * history that a person ordered takes its time. */
static bool backlog_check(struct look *look, struct error *error)
{
    static const char SQL[] =
        "SELECT lane.stage, lane.owner_id, count(*), min(job.run_at) FROM job"
        " JOIN lane ON lane.id = job.lane_id WHERE job.is_history = 0 AND job.run_at <= $1"
        " AND lane.blocked_until <= $2"
        " GROUP BY lane.stage, lane.owner_id ORDER BY lane.stage";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    AUTO(text_clear) struct text detail = TEXT_UP_TO(1024);
    enum db_step step = DB_DONE;
    char stage[32] = "";
    int64_t count = 0;
    time_ms oldest = look->now;

    if (!db_query(look->db, SQL, DB_VALUES(DB_INT(look->now - BACKLOG_MAX), DB_INT(look->now)),
                  &rows, error)) {
        return false;
    }
    while ((step = db_next(&rows, error)) == DB_ROW) {
        int64_t owner = db_int(&rows, 1);
        bool is_explained = is_found(look, ALARM_PBX_UNREACHABLE, owner) ||
                            is_found(look, ALARM_PBX_REFUSING, owner) ||
                            is_found(look, ALARM_CERTIFICATE_CHANGED, owner);
        if (is_explained) {
            continue;
        }
        if (strcmp(stage, db_text(&rows, 0)) != 0 && count > 0) {
            text_print(&detail, "%s: %lld jobs, ", stage, (long long)count);
            count = 0;
        }
        IGNORE(snprintf(stage, sizeof stage, "%s", db_text(&rows, 0)), "fits");
        count += db_int(&rows, 2);
        oldest = db_int(&rows, 3) < oldest ? db_int(&rows, 3) : oldest;
    }
    if (step == DB_DONE && count > 0) {
        text_print(&detail, "%s: %lld jobs; the oldest is due since %s", stage, (long long)count,
                   instant(look, oldest));
        found_add(look, ALARM_BACKLOG, 0, 0, oldest,
                  arena_copy_text(look->arena, text_get(&detail)));
    }
    return step != DB_FAILED;
}

static bool roles_check(struct look *look, struct error *error)
{
    const struct {
        const char *name;
        bool is_needed;
    } roles[] = { { "http", true },
                  { "speech", look->world->is_transcription_on },
                  { "insight", look->world->is_transcription_on } };
    AUTO(text_clear) struct text detail = TEXT_UP_TO(512);
    time_ms started_at = row_id_made_at(look->world->process_id);
    time_ms since = 0;

    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        time_ms seen_at = 0;
        if (!process_seen(look->db, roles[i].name, &seen_at, error)) {
            return false;
        }
        /* A role that never was gets the time to start. */
        time_ms from_at = seen_at != 0 ? seen_at : started_at;
        if (!roles[i].is_needed || look->now - from_at < ROLE_SILENT_MAX) {
            continue;
        }
        text_print(&detail, "%s%s: %s%s", detail.size > 0 ? "; " : "", roles[i].name,
                   seen_at == 0 ? "does not run" : "no sign of life since ",
                   seen_at == 0 ? "" : instant(look, seen_at));
        time_ms silent_since = seen_at != 0 ? seen_at : look->now;
        since = since == 0 || silent_since < since ? silent_since : since;
    }
    if (detail.size > 0) {
        found_add(look, ALARM_ROLE_SILENT, 0, 0, since,
                  arena_copy_text(look->arena, text_get(&detail)));
    }
    return true;
}

/* What an audit found stands until a whole one that covers it found nothing there. */
static bool audit_check(struct look *look, struct error *error)
{
    static const char SQL[] =
        "SELECT found.tenant_id, found.ended_at, found.violation_count FROM audit AS found"
        " WHERE found.violation_count > 0 AND NOT EXISTS (SELECT 1 FROM audit AS later"
        "   WHERE later.id > found.id AND (later.is_whole <> 0 OR later.violation_count > 0)"
        "   AND later.tenant_id IN (0, found.tenant_id))"
        " ORDER BY found.id";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;

    if (!db_query(look->db, SQL, DB_NO_VALUES, &rows, error)) {
        return false;
    }
    while ((step = db_next(&rows, error)) == DB_ROW) {
        found_add(look, ALARM_AUDIT_VIOLATION, db_int(&rows, 0), 0, db_int(&rows, 1),
                  arena_print(look->arena, "the audit of %s found %lld violations",
                              instant(look, db_int(&rows, 1)), (long long)db_int(&rows, 2)));
    }
    return step != DB_FAILED;
}

/* ---- One look ---- */

static bool pbxs_read(struct look *look, struct error *error)
{
    static const char SQL_COUNT[] = "SELECT count(*) FROM pbx";
    static const char SQL[] =
        "SELECT pbx.id, tenant_id, tls_pin, stop_reason, stop_detail, stopped_at, edited_at"
        " FROM pbx JOIN tenant ON tenant.id = pbx.tenant_id WHERE is_suspended = 0"
        " ORDER BY pbx.id LIMIT $1";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    enum db_step step = DB_DONE;
    int64_t room = 0;

    if (!db_run_number(look->db, SQL_COUNT, DB_NO_VALUES, 0, &room, error)) {
        return false;
    }
    room = room < PBXS_MAX ? room : PBXS_MAX;
    look->pbxs = arena_take(look->arena, (size_t)(room + 1) * sizeof *look->pbxs);
    if (!db_query(look->db, SQL, DB_VALUES(DB_INT(room)), &rows, error)) {
        return false;
    }
    while (look->pbx_count < (size_t)room && (step = db_next(&rows, error)) == DB_ROW) {
        look->pbxs[look->pbx_count++] = (struct watched_pbx){
            .id = db_int(&rows, 0),
            .tenant_id = db_int(&rows, 1),
            .tls_pin = arena_copy_text(look->arena, db_text(&rows, 2)),
            .stop_reason = arena_copy_text(look->arena, db_text(&rows, 3)),
            .stop_detail = arena_copy_text(look->arena, db_text(&rows, 4)),
            .stopped_at = db_int(&rows, 5),
            .edited_at = db_int(&rows, 6),
        };
    }
    return step != DB_FAILED;
}

bool symptoms_find(const struct world *world, struct db *db, struct arena *arena,
                   const struct alarm_row *open, size_t open_count, time_ms now,
                   struct symptoms *found_out, struct error *error)
{
    /* The PBXs first: backlog_check() looks at what they have. */
    static bool (*const checks[])(struct look * look, struct error * error) = {
        pbxs_read,        pbxs_check,    silences_check, yield_check, reconcile_check,
        quarantine_check, storage_check, backlog_check,  roles_check, audit_check,
    };
    struct look look = {
        .world = world, .db = db, .arena = arena, .open = open, .open_count = open_count, .now = now
    };

    look.found.list = arena_take(arena, SYMPTOMS_MAX * sizeof *look.found.list);
    look.attempts = arena_take(arena, ATTEMPTS_MAX * sizeof *look.attempts);
    for (size_t i = 0; i < COUNT_OF(checks); i++) {
        if (!checks[i](&look, error)) {
            return false;
        }
    }
    *found_out = look.found;
    return true;
}

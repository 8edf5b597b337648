/* The report's content: what was found, and what the ledger says of the last calls. */
#include <stdio.h>
#include <string.h>

#include "doctor/inside.h"
#include "doctor/writer.h"
#include "store/calls.h"
#include "store/collection.h"
#include "store/recordings.h"

enum { CALLS_MAX = 50, MISSING_MAX = 10, ATTEMPTS_MAX = 8 };

struct report {
    const struct doctor_result *result;
    struct db *db;
    const struct tenant *tenant;
    struct arena *arena;
    struct writer writer;
    /* The calls whose attempts are shown. */
    int64_t missing_calls[MISSING_MAX];
    size_t missing_count;
};

/* ---- What was found ---- */

static void verdict_write(struct report *report)
{
    const struct doctor_result *result = report->result;
    struct arena *arena = report->arena;

    if (result->root < 0) {
        const char *const fine[] = { "Every step was passed, or had nothing to look at.", NULL };
        writer_notice(&report->writer, "good", "No problem was found.", fine);
        return;
    }
    const struct doctor_step *step = &result->steps[result->root];
    const struct reason_info *info = reason_info(step->reason);
    const char *const lines[] = {
        arena_print(arena, "Seen: %s", step->detail),
        arena_print(arena, "Who has to act: %s", reason_owner_name(info->owner)),
        NULL,
    };
    writer_notice(&report->writer, "bad",
                  arena_print(arena, "Root cause: %s (%s)", info->message, info->code), lines);
}

static void fact_write(struct report *report, const char *name, const char *value)
{
    if (value != NULL && value[0] != '\0') {
        writer_row(&report->writer, NULL, (const char *[]){ name, value }, 2);
    }
}

static const char *api_words(const struct report *report)
{
    const struct doctor_facts *facts = &report->result->facts;

    return facts->api[0] == '\0'
               ? ""
               : arena_print(report->arena, "%s HTTPS API, port %d",
                             strcmp(facts->api, "new") == 0 ? "new" : "old", facts->port);
}

static void facts_write(struct report *report)
{
    const struct doctor_facts *facts = &report->result->facts;
    struct arena *arena = report->arena;
    char at[TIME_TEXT_SIZE];

    writer_heading(&report->writer, "Facts");
    writer_table(&report->writer, (const char *[]){ "What", "Value" }, 2);
    fact_write(report, "Tenant", facts->tenant);
    fact_write(report, "PBX", facts->pbx);
    fact_write(report, "Address", facts->host);
    if (strcmp(facts->addresses, facts->host) != 0) {
        fact_write(report, "Leads to", facts->addresses);
    }
    fact_write(report, "API", api_words(report));
    fact_write(report, "API user", facts->username);
    fact_write(report, "Model", facts->model);
    fact_write(report, "Firmware", facts->firmware);
    fact_write(report, "Serial number", facts->serial);
    fact_write(report, "Certificate", facts->certificate);
    fact_write(report, facts->is_pinned ? "Its key" : "Its key (not confirmed before)", facts->pin);
    if (facts->is_clock_known) {
        fact_write(report, "Its clock against ours",
                   arena_print(arena, "%+lld s", (long long)facts->clock_ahead_s));
    }
    fact_write(report, "Examined",
               arena_print(arena, "%s UTC, in %.1f s, by AudiaPro %s",
                           moment_print(report->result->at, at),
                           (double)report->result->duration_ms / 1000, AUDIAPRO_VERSION));
    writer_table_end(&report->writer);
}

static void steps_write(struct report *report)
{
    const struct doctor_result *result = report->result;

    writer_heading(&report->writer, "Steps");
    writer_paragraph(&report->writer,
                     "In the order in which one failure explains the next. No password, token or "
                     "cookie stands in this report.");
    writer_table(&report->writer, (const char *[]){ "Step", "Result", "Seen" }, 3);
    for (size_t i = 0; i < result->count; i++) {
        const struct doctor_step *step = &result->steps[i];
        const char *state = doctor_state_name(step->state);
        const char *code = reason_info(step->reason)->code;
        const char *shown =
            step->reason == REASON_NONE ? state : arena_print(report->arena, "%s: %s", state, code);
        writer_row(&report->writer, state, (const char *[]){ step->title, shown, step->detail }, 3);
    }
    writer_table_end(&report->writer);
}

/* ---- What the ledger says ---- */

static void recording_write(struct report *report, const struct call_row *call,
                            const struct recording *recording)
{
    struct arena *arena = report->arena;
    char at[TIME_TEXT_SIZE];
    const char *who = arena_print(arena, "%s to %s", call->from != NULL ? call->from : "?",
                                  call->to != NULL ? call->to : "?");
    const char *talked =
        call->talk_s >= 0 ? arena_print(arena, "%lld s", (long long)call->talk_s) : "";
    const char *path = recording != NULL ? recording->path : "";
    const char *state = recording != NULL ? recording->state : "not expected";
    const char *reason = "";

    if (recording != NULL && recording->reason != NULL) {
        reason = arena_print(arena, "%s: %s", recording->reason,
                             recording->detail != NULL && recording->detail[0] != '\0'
                                 ? recording->detail
                                 : reason_info(reason_from_code(recording->reason))->message);
    } else if (recording != NULL && recording->stored_bytes >= 0) {
        reason = arena_print(arena, "%lld bytes", (long long)recording->stored_bytes);
    }
    writer_row(
        &report->writer, recording != NULL ? state : NULL,
        (const char *[]){ moment_print(call->started_at, at), who, talked, path, state, reason },
        6);
}

static bool call_write(struct report *report, const struct call_row *call, struct error *error)
{
    struct recording *recordings = NULL;
    size_t count = 0;
    bool is_incomplete = false;

    if (!recording_list(report->db, report->arena, call->id, &recordings, &count, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        recording_write(report, call, &recordings[i]);
        is_incomplete = is_incomplete || strcmp(recordings[i].state, RECORDING_STORED) != 0;
    }
    if (count == 0) {
        recording_write(report, call, NULL);
    }
    if (is_incomplete && report->missing_count < MISSING_MAX) {
        report->missing_calls[report->missing_count++] = call->id;
    }
    return true;
}

static bool causes_write(struct report *report, struct error *error)
{
    struct collection counts = { 0 };
    struct collection_reason *reasons = NULL;
    size_t count = 0;
    struct arena *arena = report->arena;

    if (!collection_count(report->db, report->tenant->id, 0, 0, &counts, error) ||
        !collection_reasons(report->db, arena, report->tenant->id, 0, 0, &reasons, &count, error)) {
        return false;
    }
    writer_heading(&report->writer, "Causes by count");
    writer_paragraph(&report->writer,
                     arena_print(arena,
                                 "Calls: %lld; recordings: %lld expected, %lld stored, %lld "
                                 "waiting, %lld missing.",
                                 (long long)counts.calls, (long long)counts.expected,
                                 (long long)counts.stored, (long long)counts.waiting,
                                 (long long)counts.missing));
    if (count == 0) {
        writer_paragraph(&report->writer, "No recording is missing.");
        return true;
    }
    writer_table(&report->writer,
                 (const char *[]){ "Recordings", "Cause", "What it means", "Who has to act" }, 4);
    for (size_t i = 0; i < count; i++) {
        const struct reason_info *info = reason_info(reason_from_code(reasons[i].code));
        writer_row(&report->writer, NULL,
                   (const char *[]){ arena_print(arena, "%lld", (long long)reasons[i].count),
                                     reasons[i].code, info->message,
                                     reason_owner_name(info->owner) },
                   4);
    }
    writer_table_end(&report->writer);
    return true;
}

static bool calls_write(struct report *report, struct error *error)
{
    struct call_filter filter = { .tenant_id = report->tenant->id, .limit = CALLS_MAX };
    struct call_row *calls = NULL;
    size_t count = 0;

    if (!call_list(report->db, report->arena, &filter, &calls, &count, error)) {
        return false;
    }
    writer_heading(&report->writer, "The newest calls and their recordings");
    if (count == 0) {
        writer_paragraph(&report->writer, "No call has been reported yet.");
        return true;
    }
    writer_table(&report->writer,
                 (const char *[]){ "Started (UTC)", "From, to", "Talked", "Recording on the PBX",
                                   "State", "Reason" },
                 6);
    for (size_t i = 0; i < count; i++) {
        if (!call_write(report, &calls[i], error)) {
            return false;
        }
    }
    writer_table_end(&report->writer);
    return true;
}

static void attempt_write(struct report *report, const struct attempt_row *attempt)
{
    struct arena *arena = report->arena;
    char at[TIME_TEXT_SIZE];
    const char *asked = arena_print(
        arena, "%s %s %s", attempt->method != NULL ? attempt->method : "",
        attempt->url != NULL ? attempt->url : "", attempt->request != NULL ? attempt->request : "");
    const char *answer = attempt->http_status > 0
                             ? arena_print(arena, "HTTP %d, %lld bytes", attempt->http_status,
                                           (long long)attempt->bytes)
                             : "none";

    writer_row(&report->writer, NULL,
               (const char *[]){ moment_print(attempt->at, at),
                                 attempt->purpose != NULL ? attempt->purpose : "", asked, answer,
                                 attempt->verdict != NULL ? attempt->verdict : "" },
               5);
}

/* The last attempts for each of the newest calls that lack a recording. */
static bool attempts_write(struct report *report, struct error *error)
{
    bool is_begun = false;

    for (size_t i = 0; i < report->missing_count; i++) {
        struct attempt_row *attempts = NULL;
        size_t count = 0;
        if (!attempt_list(report->db, report->arena, report->missing_calls[i], &attempts, &count,
                          error)) {
            return false;
        }
        if (count > 0 && !is_begun) {
            is_begun = true;
            writer_heading(&report->writer, "Attempts for recordings that are not here");
            writer_table(
                &report->writer,
                (const char *[]){ "At (UTC)", "For", "Asked", "Answer", "What was made of it" }, 5);
        }
        for (size_t j = count > ATTEMPTS_MAX ? count - ATTEMPTS_MAX : 0; j < count; j++) {
            attempt_write(report, &attempts[j]);
        }
    }
    if (is_begun) {
        writer_table_end(&report->writer);
    }
    return true;
}

/* ---- What to do ---- */

static void next_write(struct report *report)
{
    const struct doctor_result *result = report->result;
    struct arena *arena = report->arena;
    bool is_any = false;

    writer_heading(&report->writer, "Next steps");
    for (int pass = 0; pass < 2; pass++) { /* The root cause first. */
        for (size_t i = 0; i < result->count; i++) {
            const struct doctor_step *step = &result->steps[i];
            bool is_root = (int)i == result->root;
            if (step->advice != NULL && is_root == (pass == 0)) {
                is_any = true;
                writer_item(&report->writer,
                            arena_print(arena, "%s (%s): %s", step->title,
                                        reason_owner_name(reason_info(step->reason)->owner),
                                        step->advice));
            }
        }
    }
    if (is_any) {
        writer_item(&report->writer, "Examine again: audiapro doctor, or the dashboard's "
                                     "connection test. What waited is then fetched by itself.");
    } else {
        writer_paragraph(&report->writer, "Nothing to do.");
    }
}

bool doctor_report(const struct doctor_result *result, struct db *db, const struct tenant *tenant,
                   enum doctor_format format, struct arena *arena, struct text *text,
                   struct error *error)
{
    struct report report = { .result = result, .db = db, .tenant = tenant, .arena = arena };
    const char *tenant_name =
        result->facts.tenant[0] != '\0' ? result->facts.tenant : "this server";
    const char *place = result->facts.host[0] != '\0' ? result->facts.host : "no PBX";

    writer_begin(&report.writer, text, format,
                 arena_print(arena, "%s: %s (%s)",
                             result->root >= 0 ? "Why recordings are missing"
                                               : "Recordings: no problem found",
                             tenant_name, place));
    writer_paragraph(&report.writer,
                     "AudiaPro fetches the recordings of calls from the phone system and proves "
                     "that each has arrived. This report says what stands in the way, for whoever "
                     "administers the phone system, the network or the server.");
    verdict_write(&report);
    next_write(&report);
    facts_write(&report);
    steps_write(&report);
    if (db != NULL && tenant != NULL &&
        (!causes_write(&report, error) || !calls_write(&report, error) ||
         !attempts_write(&report, error))) {
        return false;
    }
    writer_end(&report.writer);
    return !text->is_full || error_set(error, ERROR_LIMIT, "the report is too long");
}

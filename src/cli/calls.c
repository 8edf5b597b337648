/* `audiapro calls`: what came in, where each recording is, and trying again. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/figures.h"
#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/retry.h"
#include "cli/setup.h"
#include "cli/summary.h"
#include "cli/table.h"
#include "core/json.h"
#include "core/rowid.h"
#include "ledger/reason.h"
#include "store/calls.h"
#include "store/recordings.h"
#include "store/tenants.h"

enum { LIMIT_DEFAULT = 20 };

static json_t *recording_row(const struct recording *recording)
{
    char id[ROW_ID_TEXT_SIZE];
    char at[TIME_TEXT_SIZE];
    const struct reason_info *info =
        recording->reason != NULL ? reason_info(reason_from_code(recording->reason)) : NULL;

    return json_pack(
        "{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:s?, s:s?, s:I, s:I, s:I, s:f, s:s?, s:I, s:s?, s:s}",
        "id", row_id_print(recording->id, id), "path", recording->path, "state", recording->state,
        "reason", recording->reason, "message", info != NULL ? info->message : NULL, "detail",
        recording->detail, "owner", info != NULL ? reason_owner_name(info->owner) : NULL, "advice",
        info != NULL ? info->advice : NULL, "expected_bytes", (json_int_t)recording->expected_bytes,
        "expected_seconds",
        (json_int_t)(recording->expected_seconds >= 0 ? recording->expected_seconds
                                                      : recording->talk_s),
        "stored_bytes", (json_int_t)recording->stored_bytes, "stored_seconds",
        recording->stored_seconds, "sha256", recording->sha256, "attempts",
        (json_int_t)recording->attempt_count, "next_try_at",
        recording->next_try_at > 0 ? time_print(recording->next_try_at, at) : NULL,
        "transcript_state", recording->transcript_state);
}

static json_t *call_row_make(const struct call_row *call, const struct recording *recordings,
                             size_t count)
{
    char id[ROW_ID_TEXT_SIZE];
    char at[TIME_TEXT_SIZE];
    json_t *list = json_array();
    const char *state = count > 0 ? recordings[0].state : "not_expected";
    const char *reason = count > 0 ? recordings[0].reason : NULL;

    for (size_t i = 0; i < count; i++) {
        if (strcmp(recordings[i].state, RECORDING_STORED) != 0) {
            state = recordings[i].state;
            reason = recordings[i].reason;
        }
        IGNORE(json_array_append_new(list, recording_row(&recordings[i])), "memory never fails");
    }
    return json_pack("{s:s, s:s, s:s, s:s, s:s?, s:s?, s:I, s:I, s:s?, s:s, s:s?, s:s, s:o}", "id",
                     row_id_print(call->id, id), "started_at", time_print(call->started_at, at),
                     "tenant", call->tenant, "direction", call->direction, "from", call->from, "to",
                     call->to, "duration_s", (json_int_t)call->duration_s, "talk_s",
                     (json_int_t)call->talk_s, "disposition", call->disposition, "recording", state,
                     "reason", reason, "transcript",
                     count > 0 ? recordings[0].transcript_state : "none", "recordings", list);
}

static json_t *calls_get(struct setup *setup, const struct call_filter *filter, struct error *error)
{
    struct call_row *calls = NULL;
    size_t count = 0;
    json_t *rows = json_array();

    bool is_fine = call_list(setup->db, setup->arena, filter, &calls, &count, error);
    for (size_t i = 0; is_fine && i < count; i++) {
        struct recording *recordings = NULL;
        size_t recording_count = 0;
        is_fine = recording_list(setup->db, setup->arena, calls[i].id, &recordings,
                                 &recording_count, error);
        if (is_fine) {
            IGNORE(
                json_array_append_new(rows, call_row_make(&calls[i], recordings, recording_count)),
                "memory never fails");
        }
    }
    if (!is_fine) {
        json_decref(rows);
        return NULL;
    }
    return rows;
}

/* The calls, and behind them how many recordings there should be and are. */
static int calls_print(struct setup *setup, const struct call_filter *filter, bool is_json)
{
    static const struct table_column columns[] = {
        { "ID", "id" },
        { "STARTED", "started_at" },
        { "TENANT", "tenant" },
        { "FROM", "from" },
        { "TO", "to" },
        { "SECONDS", "talk_s" },
        { "RECORDING", "recording" },
        { "REASON", "reason" },
        { "TRANSCRIPT", "transcript" },
    };
    struct error error = { 0 };
    AUTO(json_release) json_t *rows = calls_get(setup, filter, &error);
    AUTO(json_release)
    json_t *figures = rows != NULL ? figures_make(setup->db, setup->arena, filter->tenant_id, 0, 0,
                                                  time_now(), &error)
                                   : NULL;

    if (figures == NULL) {
        return setup_problem(&error);
    }
    if (is_json) {
        AUTO(json_release)
        json_t *both = json_pack("{s:O, s:O}", "calls", rows, "collection", figures);
        table_print(NULL, 0, both, true);
        return EXIT_FINE;
    }
    table_print(columns, COUNT_OF(columns), rows, false);
    summary_print_short(figures);
    return EXIT_FINE;
}

static int calls_list_run(int argc, char **argv)
{
    bool is_json = false;
    const char *subdomain = NULL;
    const char *limit = NULL;
    struct call_filter filter = { .limit = LIMIT_DEFAULT };
    const struct flag flags[] = {
        { "--tenant", "SUBDOMAIN", NULL, &subdomain, "only this tenant's" },
        { "--number", "NUMBER", NULL, &filter.number, "from or to this number" },
        { "--recording", "STATE", NULL, &filter.recording,
          "stored, waiting, missing, not_expected, or a reason" },
        { "--limit", "N", NULL, &limit, "how many, newest first (20; at most 200)" },
        { "--json", NULL, &is_json, NULL, "as JSON, with the figures" },
    };
    const struct usage usage = { .command = "calls list",
                                 .words = "",
                                 .about = "Calls, newest first, and where their recordings are.",
                                 .flags = flags,
                                 .flag_count = COUNT_OF(flags) };
    struct words words;
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    char *end = NULL;
    filter.limit = limit != NULL ? strtol(limit, &end, 10) : filter.limit;
    if (filter.limit < 1 || filter.limit > 200 || (end != NULL && *end != '\0')) {
        fprintf(stderr, "audiapro calls list: --limit goes from 1 to 200\n");
        return EXIT_USAGE;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    struct tenant *tenant = subdomain != NULL ? setup_tenant(&setup, subdomain) : NULL;
    if (subdomain != NULL && tenant == NULL) {
        return EXIT_PROBLEM;
    }
    filter.tenant_id = tenant != NULL ? tenant->id : 0;
    return calls_print(&setup, &filter, is_json);
}

static void recording_tell(const struct recording *recording)
{
    const struct reason_info *info =
        recording->reason != NULL ? reason_info(reason_from_code(recording->reason)) : NULL;
    char at[TIME_TEXT_SIZE];

    printf("\nrecording  %s\nstate      %s\n", recording->path, recording->state);
    if (info != NULL) {
        printf("reason     %s: %s\n", recording->reason, info->message);
        if (recording->detail != NULL && recording->detail[0] != '\0') {
            printf("evidence   %s\n", recording->detail);
        }
        printf("who        %s\nnext step  %s\n", reason_owner_name(info->owner), info->advice);
    }
    if (recording->next_try_at > 0) {
        printf("next try   %s\n", time_print(recording->next_try_at, at));
    }
    if (recording->blob_key != NULL) {
        printf("proof      %lld bytes, %.1f s stored; PBX says %lld bytes, %lld s (-1: nothing)\n"
               "SHA-256    %s\nstored as  %s\n",
               (long long)recording->stored_bytes, recording->stored_seconds,
               (long long)recording->expected_bytes,
               (long long)(recording->expected_seconds >= 0 ? recording->expected_seconds
                                                            : recording->talk_s),
               recording->sha256, recording->blob_key);
    }
    printf("transcript %s\n", recording->transcript_state);
}

static bool attempts_tell(struct setup *setup, int64_t call_id, struct error *error)
{
    struct attempt_row *attempts = NULL;
    size_t count = 0;
    char at[TIME_TEXT_SIZE];

    if (!attempt_list(setup->db, setup->arena, call_id, &attempts, &count, error)) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        printf("%s%s  %-28s HTTP %d, %lld bytes, %lld ms: %s\n", i == 0 ? "\nattempts\n" : "",
               time_print(attempts[i].at, at), attempts[i].purpose, attempts[i].http_status,
               (long long)attempts[i].bytes, (long long)attempts[i].duration_ms,
               attempts[i].verdict);
    }
    return true;
}

static int calls_show_run(int argc, char **argv)
{
    bool is_json = false;
    const struct flag flags[] = { { "--json", NULL, &is_json, NULL, "as JSON" } };
    const struct usage usage = { .command = "calls show",
                                 .words = "ID",
                                 .about =
                                     "One call: its recordings, why one is missing, who must do "
                                     "what, and every attempt.",
                                 .flags = flags,
                                 .flag_count = COUNT_OF(flags),
                                 .word_count_min = 1,
                                 .word_count_max = 1 };
    struct words words;
    struct error error = { 0 };
    struct recording *recordings = NULL;
    size_t count = 0;
    int status = 0;
    char at[TIME_TEXT_SIZE];
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    struct call_row *call = setup_call(&setup, words.text[0]);
    if (call == NULL) {
        return EXIT_PROBLEM;
    }
    if (!recording_list(setup.db, setup.arena, call->id, &recordings, &count, &error)) {
        return setup_problem(&error);
    }
    if (is_json) {
        json_t *row = call_row_make(call, recordings, count);
        table_print(NULL, 0, row, true);
        json_decref(row);
        return EXIT_FINE;
    }
    printf("call       %s → %s, %s, %s, %lld s (tenant %s)\n", call->from, call->to,
           call->direction, time_print(call->started_at, at), (long long)call->duration_s,
           call->tenant);
    for (size_t i = 0; i < count; i++) {
        recording_tell(&recordings[i]);
    }
    if (count == 0) {
        puts("recording  none expected: the CDR names no file");
    }
    return attempts_tell(&setup, call->id, &error) ? EXIT_FINE : setup_problem(&error);
}

/* The table as a page of the manual: docs/reasons.md is this command's output. */
static void reasons_write(void)
{
    puts("# What each reason means\n\n"
         "Written by `audiapro calls reasons --markdown`: the same table that the dashboard, the "
         "API and\n"
         "`audiapro calls show` read. \"Final\" is not tried again by itself; \"stops the PBX\" "
         "means that nothing is\n"
         "asked of that PBX until somebody changes its settings; everything else is tried again by "
         "itself.\n\n"
         "| reason | what it means | who | next step | |\n|---|---|---|---|---|");
    for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
        const struct reason_info *info = reason_info((enum reason)i);
        printf("| `%s` | %s | %s | %s | %s |\n", info->code, info->message,
               reason_owner_name(info->owner), info->advice,
               info->stops_pbx  ? "stops the PBX"
               : info->is_final ? "final"
                                : "");
    }
}

static int calls_reasons_run(int argc, char **argv)
{
    static const struct table_column columns[] = {
        { "REASON", "code" },
        { "WHO", "owner" },
        { "WHAT IT MEANS", "message" },
    };
    bool is_json = false;
    bool is_markdown = false;
    const struct flag flags[] = {
        { "--json", NULL, &is_json, NULL, "as JSON, with the next step" },
        { "--markdown", NULL, &is_markdown, NULL, "as a page of the manual" },
    };
    const struct usage usage = { .command = "calls reasons",
                                 .words = "",
                                 .about =
                                     "Why a recording can be missing: every reason, whose it is, "
                                     "and the next step.",
                                 .flags = flags,
                                 .flag_count = COUNT_OF(flags) };
    struct words words;
    int status = 0;

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (is_markdown) {
        reasons_write();
        return EXIT_FINE;
    }
    json_t *rows = json_array();
    for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
        const struct reason_info *info = reason_info((enum reason)i);
        IGNORE(json_array_append_new(rows, json_pack("{s:s, s:s, s:s, s:s, s:b, s:b}", "code",
                                                     info->code, "message", info->message, "owner",
                                                     reason_owner_name(info->owner), "advice",
                                                     info->advice, "is_final", info->is_final,
                                                     "stops_pbx", info->stops_pbx)),
               "memory never fails");
    }
    table_print(columns, COUNT_OF(columns), rows, is_json);
    json_decref(rows);
    return EXIT_FINE;
}

int cli_calls(int argc, char **argv)
{
    static const struct subcommand rows[] = {
        { "list", "", "calls and where their recordings are", calls_list_run },
        { "summary", "", "how many recordings are here, and why not all", calls_summary_run },
        { "show", "ID", "one call, and why a recording is missing", calls_show_run },
        { "retry", "[ID]", "try missing recordings again, now: of a call, or many",
          calls_retry_run },
        { "reasons", "", "every reason why one can be missing", calls_reasons_run },
    };

    return subcommands_run("calls", rows, COUNT_OF(rows), argc, argv);
}

/* See retry.h. */
#include "cli/retry.h"

#include <stdio.h>

#include "cli/flags.h"
#include "cli/setup.h"
#include "cli/table.h"
#include "core/json.h"
#include "ledger/reason.h"
#include "store/calls.h"
#include "store/recordings.h"
#include "store/retry.h"
#include "store/tenants.h"

/* What the words and flags say. */
struct wanted {
    struct retry_filter filter;
    const char *tenant, *from, *to;
    bool is_all, is_json;
};

static int call_retry(struct setup *setup, const char *id)
{
    struct pbx_row *pbx = NULL;
    int retried = 0;
    struct error error = { 0 };
    struct call_row *call = setup_call(setup, id);

    if (call == NULL) {
        return EXIT_PROBLEM;
    }
    if (!pbx_row_find(setup->db, setup->arena, call->pbx_id, &pbx, &error) ||
        (pbx == NULL && !error_set(&error, ERROR_NOT_FOUND, "the call's PBX is gone")) ||
        !db_begin(setup->db, &error)) {
        return setup_problem(&error);
    }
    if (!recording_retry_call(setup->db, setup->arena, call->id, pbx->fetch_lane_id, time_now(),
                              &retried, &error) ||
        !db_commit(setup->db, &error)) {
        db_rollback(setup->db);
        return setup_problem(&error);
    }
    printf("%d recording%s will be tried now\n", retried, retried == 1 ? "" : "s");
    return EXIT_FINE;
}

static void counts_print(const struct retry_counts *counts, bool is_json)
{
    if (is_json) {
        AUTO(json_release)
        json_t *json = json_pack("{s:I, s:I}", "retried", (json_int_t)counts->retried,
                                 "waiting_for_pbx", (json_int_t)counts->waiting_for_pbx);
        table_print(NULL, 0, json, true);
        return;
    }
    printf("%lld recording%s will be tried now\n", (long long)counts->retried,
           counts->retried == 1 ? "" : "s");
    if (counts->waiting_for_pbx > 0) {
        printf("%lld wait until somebody has seen to their PBX, which is not asked before that;"
               " see: audiapro calls summary\n",
               (long long)counts->waiting_for_pbx);
    }
}

static int many_retry(struct setup *setup, struct wanted *wanted)
{
    struct retry_counts counts = { 0 };
    struct error error = { 0 };

    if (wanted->tenant != NULL) {
        const struct tenant *tenant = setup_tenant(setup, wanted->tenant);
        if (tenant == NULL) {
            return EXIT_PROBLEM;
        }
        wanted->filter.tenant_id = tenant->id;
    }
    if (!recordings_retry(setup->db, &wanted->filter, time_now(), &counts, &error)) {
        return setup_problem(&error);
    }
    counts_print(&counts, wanted->is_json);
    return EXIT_FINE;
}

static int usage_wrong(const char *why)
{
    fprintf(stderr, "audiapro calls retry: %s; see audiapro calls retry --help\n", why);
    return EXIT_USAGE;
}

/* A reason that there is, with all of them named otherwise. */
static int reason_check(const char *reason)
{
    if (reason == NULL || reason_from_code(reason) != REASON_NONE) {
        return EXIT_FINE;
    }
    fprintf(stderr, "audiapro calls retry: there is no reason '%s'; there are:", reason);
    for (int i = REASON_NONE + 1; i < REASON_COUNT; i++) {
        fprintf(stderr, " %s", reason_info((enum reason)i)->code);
    }
    fputc('\n', stderr);
    return EXIT_USAGE;
}

static int wanted_check(const struct wanted *wanted, const struct words *words)
{
    bool is_many = wanted->is_all || wanted->filter.reason != NULL || wanted->filter.pbx != NULL ||
                   wanted->from != NULL || wanted->to != NULL;

    if (is_many && words->count > 0) {
        return usage_wrong("an ID goes with no flag");
    }
    if (!is_many && words->count == 0) {
        return usage_wrong("say which: an ID, --reason, --from, --to, --pbx, or --all");
    }
    return reason_check(wanted->filter.reason);
}

int calls_retry_run(int argc, char **argv)
{
    struct wanted wanted = { .is_all = false };
    const struct flag flags[] = {
        { "--reason", "CODE", NULL, &wanted.filter.reason, "all with this reason" },
        { "--from", "INSTANT", NULL, &wanted.from, "all of calls from then on, like 2026-02-05" },
        { "--to", "INSTANT", NULL, &wanted.to, "all of calls before then" },
        { "--pbx", "NAME", NULL, &wanted.filter.pbx, "all of the PBX of that name" },
        { "--tenant", "SUBDOMAIN", NULL, &wanted.tenant, "only this tenant's" },
        { "--all", NULL, &wanted.is_all, NULL, "all that are not stored" },
        { "--json", NULL, &wanted.is_json, NULL, "as JSON" },
    };
    const struct usage usage = {
        .command = "calls retry",
        .words = "[ID]",
        .about = "Try recordings that are waiting or missing again, now: of the call ID, or all\n"
                 "that fit every flag given.",
        .flags = flags,
        .flag_count = COUNT_OF(flags),
        .word_count_max = 1,
    };
    struct words words;
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status) ||
        !flag_time(&usage, "--from", wanted.from, &wanted.filter.from_at, &status) ||
        !flag_time(&usage, "--to", wanted.to, &wanted.filter.to_at, &status)) {
        return status;
    }
    status = wanted_check(&wanted, &words);
    if (status != EXIT_FINE) {
        return status;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    return words.count > 0 ? call_retry(&setup, words.text[0]) : many_retry(&setup, &wanted);
}

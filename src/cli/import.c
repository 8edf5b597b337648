/* `audiapro import`: an order to fetch history, how far it is, and its end. The collecting process
 * carries it out; this command writes the order down and watches. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/role.h"
#include "cli/setup.h"
#include "cli/table.h"
#include "jobs/window.h"
#include "ledger/reason.h"
#include "store/jobs.h"
#include "store/processes.h"
#include "store/reconciliation.h"
#include "store/tenants.h"

enum {
    PER_MINUTE_DEFAULT = 60,
    PER_MINUTE_MAX = 6000,
    LOOK_EVERY_MS = 1000,
    PAUSE_MS = 100,
    TELL_LOG_MS = 10 * SECOND_MS,       /* Where there is no terminal. */
    COLLECT_SILENT_MS = 30 * SECOND_MS, /* A process beats every 5 s. */
    LINE_SIZE = 320,
};

struct order {
    const char *from, *until, *tenant, *per_minute;
    bool is_detached, is_json, asks_status, stops;
    time_ms from_at, until_at;
    int64_t per_minute_count;
};

/* One PBX's import, as it is now. */
struct state {
    const char *name; /* none, walking, fetching, done, stopped */
    const struct pbx_row *pbx;
    struct reconciliation *row;
    struct history_count count;
};

/* ---- How far it is ---- */

static const char *name_of(const struct state *state)
{
    const struct reconciliation *row = state->row;

    if (row->import_begun_at == 0) {
        return "none";
    }
    if (row->import_ended_at == 0) {
        return "walking";
    }
    if (row->import_at > row->import_from) {
        return "stopped";
    }
    return state->count.waiting_first_try > 0 ? "fetching" : "done";
}

static bool state_read(struct setup *setup, struct arena *arena, const struct pbx_row *pbx,
                       struct state *state_out, struct error *error)
{
    struct state state = { .pbx = pbx };

    if (!reconciliation_get(setup->db, arena, pbx->id, &state.row, error)) {
        return false;
    }
    if (state.row->import_begun_at > 0 &&
        !reconciliation_history(setup->db, state.row, &state.count, error)) {
        return false;
    }
    state.name = name_of(&state);
    *state_out = state;
    return true;
}

static bool is_open(const struct state *state)
{
    return strcmp(state->name, "walking") == 0 || strcmp(state->name, "fetching") == 0;
}

/* Why it does not get on; NULL: it does. */
static const char *trouble_of(const struct state *state)
{
    return state->pbx->stop_reason != NULL ? state->pbx->stop_reason : state->row->reason;
}

static const char *instant_or_null(time_ms at, char text[TIME_TEXT_SIZE])
{
    return at > 0 ? time_print(at, text) : NULL;
}

static json_t *state_json(const struct state *state, const char *tenant)
{
    const struct reconciliation *row = state->row;
    const char *trouble = is_open(state) ? trouble_of(state) : NULL;
    char text[6][TIME_TEXT_SIZE];

    return json_pack(
        "{s:s, s:s, s:s, s:s?, s:s?, s:s?, s:I, s:s?, s:s?, s:s?, s:I, s:I, s:I, s:I, s:I, s:I,"
        " s:I, s:s?}",
        "tenant", tenant, "pbx", state->pbx->name, "state", state->name, "from",
        instant_or_null(row->import_from, text[0]), "until",
        instant_or_null(row->import_until, text[1]), "reached",
        instant_or_null(row->import_at, text[2]), "per_minute", (json_int_t)row->import_per_minute,
        "begun_at", instant_or_null(row->import_begun_at, text[3]), "ended_at",
        instant_or_null(row->import_ended_at, text[4]), "expected_end",
        is_open(state) ? instant_or_null(import_expected_end(row, time_now()), text[5]) : NULL,
        "found_legs", (json_int_t)row->import_legs, "found_recordings",
        (json_int_t)row->import_recordings, "calls", (json_int_t)state->count.calls, "recordings",
        (json_int_t)state->count.recordings, "stored", (json_int_t)state->count.stored, "missing",
        (json_int_t)state->count.missing, "to_fetch", (json_int_t)state->count.waiting_first_try,
        "trouble", trouble);
}

static void progress_print(const struct state *state, char line_out[LINE_SIZE])
{
    const struct reconciliation *row = state->row;
    char reached[TIME_TEXT_SIZE];
    char end[TIME_TEXT_SIZE] = "not known yet";
    time_ms end_at = import_expected_end(row, time_now());

    if (end_at > 0) {
        IGNORE(time_print(end_at - end_at % SECOND_MS, end), "returns its argument");
    }
    IGNORE(snprintf(line_out, LINE_SIZE,
                    "%s: back to %.10s; %lld calls, %lld recordings, %lld stored, %lld missing;"
                    " expected end %s",
                    strcmp(state->name, "walking") == 0 ? "asking for calls" : "fetching",
                    time_print(row->import_at, reached), (long long)state->count.calls,
                    (long long)state->count.recordings, (long long)state->count.stored,
                    (long long)state->count.missing, end),
           "cut is fine");
}

static void trouble_print(const struct state *state)
{
    const char *code = trouble_of(state);
    const struct reason_info *info = reason_info(reason_from_code(code));
    const char *detail =
        state->pbx->stop_reason != NULL ? state->pbx->stop_detail : state->row->detail;

    printf("it does not get on: %s\n  evidence   %s\n  who        %s\n  next step  %s\n",
           info->message, detail != NULL ? detail : "none", reason_owner_name(info->owner),
           info->advice);
}

static void state_print(const struct state *state, const char *tenant)
{
    const struct reconciliation *row = state->row;
    char from[TIME_TEXT_SIZE];
    char until[TIME_TEXT_SIZE];
    char line[LINE_SIZE];

    if (strcmp(state->name, "none") == 0) {
        printf("%s: nothing was ever imported; see: audiapro import --help\n", tenant);
        return;
    }
    printf("%s: import from %s to %s, %s\n", tenant, time_print(row->import_from, from),
           time_print(row->import_until, until), state->name);
    if (is_open(state)) {
        progress_print(state, line);
        puts(line);
        if (trouble_of(state) != NULL) {
            trouble_print(state);
        }
        return;
    }
    printf("%lld calls with %lld recordings are known of that time: %lld stored, %lld missing,"
           " %lld waiting\nthis import found %lld legs and %lld recordings that were not known\n",
           (long long)state->count.calls, (long long)state->count.recordings,
           (long long)state->count.stored, (long long)state->count.missing,
           (long long)(state->count.recordings - state->count.stored - state->count.missing),
           (long long)row->import_legs, (long long)row->import_recordings);
    if (state->count.missing > 0) {
        puts("why: audiapro calls list --recording missing");
    }
}

/* ---- The collecting process ---- */

static bool collect_is_there(struct setup *setup, bool *there_out, struct error *error)
{
    time_ms seen_at = 0;

    if (!process_seen(setup->db, "collect", &seen_at, error)) {
        return false;
    }
    *there_out = time_now() - seen_at < COLLECT_SILENT_MS;
    return true;
}

static void absence_print(void)
{
    puts("no collecting process runs: the order is kept, and begins when one does.\n"
         "start it with: audiapro serve");
}

/* ---- Watching ---- */

static void line_show(const char *line, bool is_terminal)
{
    if (is_terminal) {
        printf("\r\033[K%s", line);
        (void)fflush(stdout);
    } else {
        puts(line);
        (void)fflush(stdout);
    }
}

/* A second, or less when the person goes. */
static void pause_take(void)
{
    for (int waited_ms = 0; waited_ms < LOOK_EVERY_MS && !role_should_stop();
         waited_ms += PAUSE_MS) {
        time_sleep_ms(PAUSE_MS);
    }
}

/* Until it is done, stopped, or the person goes. *state_out lives in `arena`. */
static bool watch(struct setup *setup, struct arena *arena, const struct pbx_row *pbx,
                  bool is_quiet, struct state *state_out, struct error *error)
{
    bool is_terminal = isatty(STDOUT_FILENO) != 0;
    int64_t tell_at_ms = 0;
    char line[LINE_SIZE];

    for (;; pause_take()) {
        arena_reset(arena);
        if (!state_read(setup, arena, pbx, state_out, error)) {
            return false;
        }
        if (!is_open(state_out) || role_should_stop()) {
            break;
        }
        if (!is_quiet && time_monotonic_ms() >= tell_at_ms) {
            progress_print(state_out, line);
            line_show(line, is_terminal);
            tell_at_ms = time_monotonic_ms() + (is_terminal ? 0 : TELL_LOG_MS);
        }
    }
    if (is_terminal && !is_quiet) {
        puts("");
    }
    return true;
}

static int import_watch(struct setup *setup, const struct order *order, const struct pbx_row *pbx)
{
    AUTO(arena_free) struct arena *arena = arena_new(16 * MIB);
    struct state state = { 0 };
    struct error error = { 0 };

    if (!watch(setup, arena, pbx, order->is_json, &state, &error)) {
        return setup_problem(&error);
    }
    if (order->is_json) {
        json_t *json = state_json(&state, order->tenant);
        table_print(NULL, 0, json, true);
        json_decref(json);
        return EXIT_FINE;
    }
    if (is_open(&state)) {
        puts("the import goes on without this command\n"
             "see how far it is: audiapro import --status\n"
             "end it:            audiapro import --stop");
        return EXIT_FINE;
    }
    state_print(&state, order->tenant);
    return EXIT_FINE;
}

/* ---- The three things to do with it ---- */

static bool order_put(struct setup *setup, const struct order *order, const struct pbx_row *pbx,
                      struct error *error)
{
    time_ms now = time_now();
    struct reconciliation row = { .pbx_id = pbx->id,
                                  .tenant_id = pbx->tenant_id,
                                  .import_from = order->from_at,
                                  .import_until = order->until_at,
                                  .import_per_minute = order->per_minute_count };

    if (db_begin(setup->db, error) && reconciliation_import_order(setup->db, &row, now, error) &&
        job_retry_now(setup->db, pbx->id, pbx->fetch_lane_id, pbx->tenant_id, now, error) &&
        db_commit(setup->db, error)) {
        return true;
    }
    db_rollback(setup->db);
    return false;
}

static int import_order(struct setup *setup, const struct order *order, const struct pbx_row *pbx)
{
    struct error error = { 0 };
    bool is_there = false;
    char from[TIME_TEXT_SIZE];
    char until[TIME_TEXT_SIZE];

    if (pbx->host == NULL || pbx->username == NULL) {
        fprintf(stderr,
                "audiapro: the PBX of '%s' is not configured; see: audiapro tenant pbx --help\n",
                order->tenant);
        return EXIT_PROBLEM;
    }
    if (!order_put(setup, order, pbx, &error) || !collect_is_there(setup, &is_there, &error)) {
        return setup_problem(&error);
    }
    if (!order->is_json) {
        printf("import of '%s' from %s to %s, newest first, at most %lld recordings a minute\n",
               order->tenant, time_print(order->from_at, from), time_print(order->until_at, until),
               (long long)order->per_minute_count);
    }
    if (!is_there) {
        absence_print();
        return EXIT_PROBLEM;
    }
    if (!order->is_detached) {
        return import_watch(setup, order, pbx);
    }
    if (!order->is_json) {
        puts("see how far it is: audiapro import --status");
        return EXIT_FINE;
    }
    struct state state = { 0 };
    if (!state_read(setup, setup->arena, pbx, &state, &error)) {
        return setup_problem(&error);
    }
    json_t *json = state_json(&state, order->tenant);
    table_print(NULL, 0, json, true);
    json_decref(json);
    return EXIT_FINE;
}

static int import_status(struct setup *setup, const struct order *order, const struct pbx_row *pbx)
{
    struct state state = { 0 };
    struct error error = { 0 };
    bool is_there = false;

    if (!state_read(setup, setup->arena, pbx, &state, &error) ||
        !collect_is_there(setup, &is_there, &error)) {
        return setup_problem(&error);
    }
    if (order->is_json) {
        json_t *json = state_json(&state, order->tenant);
        table_print(NULL, 0, json, true);
        json_decref(json);
        return EXIT_FINE;
    }
    state_print(&state, order->tenant);
    if (is_open(&state) && !is_there) {
        absence_print();
    }
    return EXIT_FINE;
}

static int import_stop(struct setup *setup, const struct order *order, const struct pbx_row *pbx)
{
    struct error error = { 0 };
    bool is_stopped = false;

    if (!reconciliation_import_stop(setup->db, pbx->id, time_now(), &is_stopped, &error)) {
        return setup_problem(&error);
    }
    puts(is_stopped ? "the import is stopped; what it has found is still fetched"
                    : "no import was under way");
    return order->is_json ? import_status(setup, order, pbx) : EXIT_FINE;
}

/* ---- The command line ---- */

/* A bare date as the end takes that day along. */
static bool dates_read(struct order *order)
{
    time_ms now = time_now();

    if (order->from == NULL || !time_parse(order->from, &order->from_at)) {
        fprintf(stderr,
                "audiapro import: --from '%s' is no date: write 2026-02-05 or "
                "2026-02-05T08:00:00Z\n",
                order->from != NULL ? order->from : "");
        return false;
    }
    order->until_at = now;
    if (order->until != NULL && !time_parse(order->until, &order->until_at)) {
        fprintf(stderr,
                "audiapro import: --until '%s' is no date: write 2026-02-05 or "
                "2026-02-05T08:00:00Z\n",
                order->until);
        return false;
    }
    if (order->until != NULL && strlen(order->until) == strlen("2026-02-05")) {
        order->until_at += DAY_MS;
    }
    if (order->from_at >= order->until_at) {
        fprintf(stderr, "audiapro import: --from lies behind the end of the import\n");
        return false;
    }
    return true;
}

static bool order_read(struct order *order)
{
    char *end = NULL;
    bool has_order = order->from != NULL || order->until != NULL || order->per_minute != NULL;

    if (order->asks_status || order->stops) {
        if (has_order || order->is_detached || (order->asks_status && order->stops)) {
            fprintf(stderr, "audiapro import: --status and --stop each stand alone\n");
            return false;
        }
        return true;
    }
    order->per_minute_count =
        order->per_minute != NULL ? strtol(order->per_minute, &end, 10) : PER_MINUTE_DEFAULT;
    if (order->per_minute_count < 1 || order->per_minute_count > PER_MINUTE_MAX ||
        (end != NULL && *end != '\0')) {
        fprintf(stderr, "audiapro import: --per-minute goes from 1 to %d\n", PER_MINUTE_MAX);
        return false;
    }
    return dates_read(order);
}

static int order_run(struct setup *setup, struct order *order)
{
    struct pbx_row *pbxs = NULL;
    size_t count = 0;
    struct error error = { 0 };

    order->tenant = order->tenant != NULL ? order->tenant : setup->config->default_tenant;
    struct tenant *tenant = setup_tenant(setup, order->tenant);
    if (tenant == NULL) {
        return EXIT_PROBLEM;
    }
    if (!pbx_row_list(setup->db, setup->arena, tenant->id, &pbxs, &count, &error)) {
        return setup_problem(&error);
    }
    assert(count > 0); /* A tenant never lacks one: store/tenants.h. */
    return order->asks_status ? import_status(setup, order, &pbxs[0])
           : order->stops     ? import_stop(setup, order, &pbxs[0])
                              : import_order(setup, order, &pbxs[0]);
}

int cli_import(int argc, char **argv)
{
    struct order order = { 0 };
    const struct flag flags[] = {
        { "--from", "DATE", NULL, &order.from, "the first day: 2026-02-05 (UTC), or RFC 3339" },
        { "--until", "DATE", NULL, &order.until, "the last day, or an instant (now)" },
        { "--tenant", "SUBDOMAIN", NULL, &order.tenant, "whose PBX (DEFAULT_TENANT)" },
        { "--per-minute", "N", NULL, &order.per_minute,
          "recordings to fetch a minute at most (60)" },
        { "--detach", NULL, &order.is_detached, NULL, "give the order and do not watch it" },
        { "--status", NULL, &order.asks_status, NULL, "how far the last order is" },
        { "--stop", NULL, &order.stops, NULL, "end it; what it found is still fetched" },
        { "--json", NULL, &order.is_json, NULL, "as JSON, at the end" },
    };
    const struct usage usage = {
        .command = "import",
        .words = "",
        .about = "Fetch the PBX's calls and recordings of a time before this server was there. The "
                 "collecting process of `audiapro serve` does it, newest day first, and takes a "
                 "recording of the import only when no living call's waits. It survives restarts; "
                 "Ctrl-C ends the watching, not the import. What is known already stays as it is.",
        .flags = flags,
        .flag_count = COUNT_OF(flags),
    };
    struct words words;
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!order_read(&order)) {
        return EXIT_USAGE;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    role_signals_set();
    return order_run(&setup, &order);
}

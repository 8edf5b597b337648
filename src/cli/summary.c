/* See summary.h. */
#include "cli/summary.h"

#include <stdio.h>

#include "api/figures.h"
#include "cli/flags.h"
#include "cli/setup.h"
#include "cli/table.h"
#include "core/json.h"
#include "store/tenants.h"

static long long number(const json_t *figures, const char *name)
{
    return json_integer_value(json_object_get(figures, name));
}

static void totals_print(const json_t *figures)
{
    const json_t *yield = json_object_get(figures, "yield");

    printf("%lld calls, %lld of them without a recording to expect\n", number(figures, "calls"),
           number(figures, "not_expected"));
    printf("recordings: %lld expected, %lld stored, %lld waiting, %lld missing",
           number(figures, "expected"), number(figures, "stored"), number(figures, "waiting"),
           number(figures, "missing"));
    if (json_is_real(yield)) {
        printf("; yield %.1f %%", 100.0 * json_real_value(yield));
    }
    putchar('\n');
}

void summary_print_short(const json_t *figures)
{
    const json_t *reasons = json_object_get(figures, "reasons");
    size_t i = 0;
    const json_t *reason = NULL;

    putchar('\n');
    totals_print(figures);
    json_array_foreach(reasons, i, reason)
    {
        printf("%6lld  %s: %s\n", number(reason, "count"), json_text(reason, "code", ""),
               json_text(reason, "message", ""));
    }
    if (i > 0) {
        puts("who must do what, and which extensions are not recorded: audiapro calls summary");
    }
}

static void reasons_print(const json_t *figures)
{
    const json_t *reasons = json_object_get(figures, "reasons");
    size_t i = 0;
    const json_t *reason = NULL;

    if (json_array_size(reasons) > 0) {
        puts("\nWHY NOT");
    }
    json_array_foreach(reasons, i, reason)
    {
        printf("%lld waiting, %lld missing: %s\n  %s\n  next step: %s\n", number(reason, "waiting"),
               number(reason, "missing"), json_text(reason, "code", ""),
               json_text(reason, "message", ""), json_text(reason, "advice", ""));
    }
}

/* A copy of the rows with the yield in hundredths, for people. */
static json_t *rows_of_part(const json_t *figures, const char *kind)
{
    json_t *rows = json_deep_copy(json_object_get(json_object_get(figures, "missing_by"), kind));
    size_t i = 0;
    json_t *row = NULL;
    char text[32];

    json_array_foreach(rows, i, row)
    {
        (void)snprintf(text, sizeof text, "%.1f %%",
                       100.0 * json_real_value(json_object_get(row, "yield")));
        IGNORE(json_object_set_new(row, "yield", json_string(text)), "memory never fails");
    }
    return rows;
}

static void parts_print(const json_t *figures)
{
    static const struct {
        const char *kind, *title, *name;
    } parts[] = {
        { "pbx", "PBX", "name" },
        { "extension", "EXTENSION", "extension" },
        { "trunk", "TRUNK", "trunk" },
    };

    for (size_t i = 0; i < COUNT_OF(parts); i++) {
        const struct table_column columns[] = {
            { parts[i].title, parts[i].name },
            { "TENANT", "tenant" },
            { "EXPECTED", "expected" },
            { "STORED", "stored" },
            { "WAITING", "waiting" },
            { "MISSING", "missing" },
            { "YIELD", "yield" },
        };
        AUTO(json_release) json_t *rows = rows_of_part(figures, parts[i].kind);
        if (json_array_size(rows) > 0) {
            putchar('\n');
            table_print(columns, COUNT_OF(columns), rows, false);
        }
    }
}

static void unrecorded_print(const json_t *figures)
{
    static const char *const kinds[] = { "extensions", "trunks" };
    const json_t *unrecorded = json_object_get(figures, "unrecorded");
    bool is_first = true;

    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        size_t i = 0;
        const json_t *line = NULL;
        json_array_foreach(json_object_get(unrecorded, kinds[k]), i, line)
        {
            printf("%s%s (tenant %s, PBX %s)\n", is_first ? "\nANSWERED BUT NOT RECORDED\n" : "",
                   json_text(line, "sentence", ""), json_text(line, "tenant", ""),
                   json_text(line, "pbx", ""));
            is_first = false;
        }
        if (i > 0) {
            printf(
                "  next step: %s\n",
                json_text(json_array_get(json_object_get(unrecorded, kinds[k]), 0), "advice", ""));
        }
    }
}

static void summary_print(const json_t *figures)
{
    totals_print(figures);
    reasons_print(figures);
    parts_print(figures);
    unrecorded_print(figures);
}

int calls_summary_run(int argc, char **argv)
{
    bool is_json = false;
    const char *subdomain = NULL;
    const char *from = NULL;
    const char *to = NULL;
    const struct flag flags[] = {
        { "--tenant", "SUBDOMAIN", NULL, &subdomain, "only this tenant's" },
        { "--from", "INSTANT", NULL, &from,
          "calls from then on, like 2026-02-05 or 2026-02-05T21:20:41Z" },
        { "--to", "INSTANT", NULL, &to, "calls before then" },
        { "--json", NULL, &is_json, NULL, "as JSON, like GET /api/collection" },
    };
    const struct usage usage = {
        .command = "calls summary",
        .words = "",
        .about = "How many recordings should be here, are here, and why not: by reason, PBX,\n"
                 "extension and trunk; and who is answered but never recorded. Without --from the\n"
                 "parts look back 31 days.",
        .flags = flags,
        .flag_count = COUNT_OF(flags),
    };
    struct words words;
    struct error error = { 0 };
    time_ms from_at = 0;
    time_ms to_at = 0;
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status) ||
        !flag_time(&usage, "--from", from, &from_at, &status) ||
        !flag_time(&usage, "--to", to, &to_at, &status)) {
        return status;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    const struct tenant *tenant = subdomain != NULL ? setup_tenant(&setup, subdomain) : NULL;
    if (subdomain != NULL && tenant == NULL) {
        return EXIT_PROBLEM;
    }
    AUTO(json_release)
    json_t *figures = figures_make(setup.db, setup.arena, tenant != NULL ? tenant->id : 0, from_at,
                                   to_at, time_now(), &error);
    if (figures == NULL) {
        return setup_problem(&error);
    }
    if (is_json) {
        table_print(NULL, 0, figures, true);
    } else {
        summary_print(figures);
    }
    return EXIT_FINE;
}

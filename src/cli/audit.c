/* `audiapro audit`: is everything as it must be? */
#include <stdio.h>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/setup.h"
#include "cli/table.h"
#include "core/json.h"
#include "jobs/audit.h"
#include "store/tenants.h"

static long long number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void checked_print(const json_t *report, bool is_of_all)
{
    const json_t *checked = json_object_get(report, "checked");

    printf("checked\n");
    if (is_of_all) {
        puts("  the database file itself");
    }
    printf("  %lld rules over %lld calls, %lld legs, %lld recordings, %lld jobs\n",
           number(checked, "rules"), number(checked, "calls"), number(checked, "legs"),
           number(checked, "recordings"), number(checked, "jobs"));
    printf("  %lld stored recordings: file and size", number(checked, "stored"));
    if (json_is_true(json_object_get(report, "has_hashes"))) {
        printf("; %lld of them read back against their SHA-256, %lld bytes",
               number(checked, "hashes"), number(checked, "bytes"));
    } else {
        printf("; their bytes were not read (--no-hashes)");
    }
    printf("\n  %lld files in the storage: each has its row\n", number(checked, "files"));
}

static void violations_print(const json_t *report)
{
    const json_t *lines = json_object_get(report, "violations");
    long long count = number(report, "violation_count");
    size_t i = 0;
    const json_t *line = NULL;

    if (count == 0) {
        puts("\nall is well");
        return;
    }
    printf("\n%lld violation%s, %lld healed\n", count, count == 1 ? "" : "s",
           number(report, "healed_count"));
    json_array_foreach(lines, i, line)
    {
        const char *recording = json_text(line, "recording_id", NULL);
        const char *call = json_text(line, "call_id", NULL);
        bool is_healed = json_is_true(json_object_get(line, "healed"));
        printf("\n%s: %s\n  where: %s", json_text(line, "code", ""), json_text(line, "what", ""),
               json_text(line, "where", ""));
        if (recording != NULL) {
            printf(" (recording %s)", recording);
        }
        if (call != NULL) {
            printf(" (audiapro calls show %s)", call);
        }
        printf("\n  %s%s\n", is_healed ? "set right now" : "what to do: ",
               is_healed ? "" : json_text(line, "advice", ""));
    }
    if ((long long)i < count) {
        printf("\nand %lld more\n", count - (long long)i);
    }
}

int cli_audit(int argc, char **argv)
{
    bool is_json = false;
    bool is_without_hashes = false;
    struct audit_options options = { .is_hashing = true };
    const char *subdomain = NULL;
    const struct flag flags[] = {
        { "--tenant", "SUBDOMAIN", NULL, &subdomain, "only this tenant's" },
        { "--no-hashes", NULL, &is_without_hashes, NULL, "do not read the files back: quick" },
        { "--heal", NULL, &options.is_healing, NULL,
          "set right what can be: damaged files are fetched again, files without a row laid "
          "aside" },
        { "--lost", NULL, &options.is_sure_of_lost, NULL,
          "with --heal: also when most of the files are gone (is the disk mounted?)" },
        { "--json", NULL, &is_json, NULL, "as JSON" },
    };
    const struct usage usage = {
        .command = "audit",
        .words = "",
        .about =
            "Is everything as it must be? The tables' rules, a file for every stored recording,\n"
            "its size and SHA-256, a row for every file. Prints what was checked and exits 0, or\n"
            "1 with the violations. The server does the same every AUDIT_INTERVAL, with --heal.",
        .flags = flags,
        .flag_count = COUNT_OF(flags),
    };
    struct words words;
    struct error error = { 0 };
    json_t *report = NULL;
    int status = 0;
    AUTO(setup_close) struct setup setup = { 0 };

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    if (!setup_open("", &setup)) {
        return EXIT_PROBLEM;
    }
    const struct tenant *tenant = subdomain != NULL ? setup_tenant(&setup, subdomain) : NULL;
    if (subdomain != NULL && tenant == NULL) {
        return EXIT_PROBLEM;
    }
    options.tenant_id = tenant != NULL ? tenant->id : 0;
    options.is_hashing = !is_without_hashes;
    options.is_moving_orphans = options.is_healing;
    if (!audit_run(&setup.world, setup.db, &options, &report, &error)) {
        return setup_problem(&error);
    }
    if (is_json) {
        table_print(NULL, 0, report, true);
    } else {
        checked_print(report, tenant == NULL);
        violations_print(report);
    }
    status = number(report, "violation_count") == 0 ? EXIT_FINE : EXIT_PROBLEM;
    json_decref(report);
    return status;
}

/* `audiapro doctor`: each step as it ends, the root cause last; the report to send to others. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/commands.h"
#include "cli/flags.h"
#include "cli/role.h"
#include "cli/setup.h"
#include "core/file.h"
#include "core/memory.h"
#include "doctor/doctor.h"

enum { WIDTH_MIN = 60, WIDTH_USUAL = 100, WIDTH_MAX = 140, INDENT = 40, PATH_SIZE = 4096 };
#define REPORT_SIZE_MAX (8 * MIB)

struct options {
    const char *tenant, *recording, *report;
    bool is_json;
};

/* One run of the command: all PBXs one after the other. */
struct run {
    struct options options;
    struct setup *setup;
    const struct setup_troubles *troubles;
    bool is_terminal, is_coloured;
    int width;
    json_t *examinations;
    int done, failed;
    bool is_report_failed;
};

/* ---- What one sees ---- */

static int terminal_width(void)
{
    struct winsize size;
    int columns = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : WIDTH_USUAL;

    return columns < WIDTH_MIN ? WIDTH_MIN : columns > WIDTH_MAX ? WIDTH_MAX : columns;
}

/* From the cursor's column on, broken between words, further lines indented. */
static void wrapped_print(const struct run *run, const char *text, int indent)
{
    int column = indent;

    while (*text != '\0') {
        int size = (int)strcspn(text, " ");
        if (column > indent && column + 1 + size > run->width) {
            printf("\n%*s", indent, "");
            column = indent;
        } else if (column > indent) {
            putchar(' ');
            column++;
        }
        printf("%.*s", size, text);
        column += size;
        text += size;
        text += strspn(text, " ");
    }
    putchar('\n');
}

static const struct {
    const char *word, *colour;
} looks[] = {
    [DOCTOR_OK] = { "ok", "\033[32m" },
    [DOCTOR_WARNING] = { "warn", "\033[33m" },
    [DOCTOR_FAILED] = { "FAIL", "\033[1;31m" },
    [DOCTOR_SKIPPED] = { "-", "\033[2m" },
};

static void step_print(const struct run *run, const struct doctor_step *step)
{
    char took[24] = "";

    if (step->state != DOCTOR_SKIPPED) {
        (void)snprintf(took, sizeof took, "%lld ms", (long long)step->duration_ms);
    }
    printf("  %s%-4s%s  %-19s %9s  ", run->is_coloured ? looks[step->state].colour : "",
           looks[step->state].word, run->is_coloured ? "\033[0m" : "", step->title, took);
    wrapped_print(run, step->detail, INDENT - 1);
    if (step->advice != NULL) {
        printf("%*s", INDENT - 1, "fix: ");
        wrapped_print(run, step->advice, INDENT - 1);
    }
    (void)fflush(stdout);
}

static void step_finished(void *context, const struct doctor_step *step)
{
    const struct run *run = context;

    if (!run->options.is_json) {
        fputs(run->is_terminal ? "\r\033[K" : "", stdout);
        step_print(run, step);
    }
}

/* On a terminal only: what is being tried, until its line takes the place. */
static void step_begun(void *context, const char *title)
{
    const struct run *run = context;

    if (run->is_terminal && !run->options.is_json) {
        printf("  ..    %s", title);
        (void)fflush(stdout);
    }
}

static bool was_interrupted(void *context)
{
    (void)context;
    return role_should_stop();
}

static void line_print(const struct run *run, const char *label, const char *text)
{
    printf("  %-6s ", label);
    wrapped_print(run, text, 9);
}

static void fine_print(const struct run *run, const struct doctor_result *result)
{
    int warnings = 0;
    bool is_fetched = false;

    for (size_t i = 0; i < result->count; i++) {
        warnings += result->steps[i].state == DOCTOR_WARNING ? 1 : 0;
        is_fetched = is_fetched || (strcmp(result->steps[i].name, "recording") == 0 &&
                                    result->steps[i].state == DOCTOR_OK);
    }
    printf("\n%sall well%s: %s", run->is_coloured ? "\033[1;32m" : "",
           run->is_coloured ? "\033[0m" : "",
           is_fetched ? "a recording was fetched, decoded, and could be stored"
                      : "the PBX lets us in; no recording could be tried yet");
    if (warnings > 0) {
        printf("; %d warning%s above", warnings, warnings == 1 ? "" : "s");
    }
    puts(".");
}

static void root_print(const struct run *run, const struct doctor_result *result)
{
    if (result->root < 0) {
        fine_print(run, result);
        return;
    }
    const struct doctor_step *step = &result->steps[result->root];
    const struct reason_info *info = reason_info(step->reason);
    printf("\n%sroot cause: %s%s\n", run->is_coloured ? "\033[1;31m" : "", info->code,
           run->is_coloured ? "\033[0m" : "");
    line_print(run, "what:", info->message);
    line_print(run, "seen:", step->detail);
    line_print(run, "who:", reason_owner_name(info->owner));
    line_print(run, "next:", step->advice != NULL ? step->advice : info->advice);
}

/* ---- The report ---- */

static bool ends_with(const char *text, const char *ending)
{
    size_t size = strlen(text);
    size_t ending_size = strlen(ending);

    return size > ending_size && strcmp(text + size - ending_size, ending) == 0;
}

static bool report_write(struct run *run, const struct doctor_result *result,
                         const struct tenant *tenant, const char *path, enum doctor_format format)
{
    AUTO(text_clear) struct text text = TEXT_UP_TO(REPORT_SIZE_MAX);
    AUTO(arena_free) struct arena *arena = arena_new(DOCTOR_ARENA_SIZE);
    struct error error = { 0 };

    if (!doctor_report(result, run->setup->db, tenant, format, arena, &text, &error) ||
        !file_write(path, text_get(&text), text.size, 0600, &error)) {
        IGNORE(setup_problem(&error), "the run goes on");
        run->is_report_failed = true;
        return false;
    }
    (void)fflush(stdout);
    fprintf(stderr, "report written: %s\n", path);
    return true;
}

/* FILE.html and FILE.md, or the one that the name says; with the tenant's name in it where there
 * are several. */
static void reports_write(struct run *run, const struct doctor_result *result,
                          const struct tenant *tenant, bool is_one_of_several)
{
    static const struct {
        const char *ending;
        enum doctor_format format;
    } rows[] = { { ".html", DOCTOR_HTML }, { ".md", DOCTOR_MARKDOWN } };
    char path[PATH_SIZE];
    const char *file = run->options.report;
    bool is_html = ends_with(file, ".html");
    bool has_ending = is_html || ends_with(file, ".md");
    int stem = (int)(strlen(file) - (is_html ? 5 : has_ending ? 3 : 0));

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        if (has_ending && !ends_with(file, rows[i].ending)) {
            continue;
        }
        (void)snprintf(path, sizeof path, "%.*s%s%s%s", stem, file, is_one_of_several ? "-" : "",
                       is_one_of_several ? tenant->subdomain : "", rows[i].ending);
        if (!report_write(run, result, tenant, path, rows[i].format)) {
            return;
        }
    }
}

/* ---- Examinations ---- */

static const char *message_or_null(const struct error *error)
{
    return error->message[0] != '\0' ? error->message : NULL;
}

static void examine(struct run *run, const struct tenant *tenant, const struct pbx_row *pbx,
                    bool is_one_of_several)
{
    AUTO(arena_free) struct arena *arena = arena_new(DOCTOR_ARENA_SIZE);
    struct doctor_result *result = arena_take(arena, sizeof *result);
    struct doctor_request request = {
        .world = &run->setup->world,
        .db = run->setup->db,
        .tenant = tenant,
        .pbx = pbx,
        .recording = run->options.recording,
        .leaves_own_side = run->done > 0,
        .setting_problem = message_or_null(&run->troubles->setting),
        .storage_problem = message_or_null(&run->troubles->storage),
        .database_problem = message_or_null(&run->troubles->database),
        .begun = step_begun,
        .finished = step_finished,
        .should_stop = was_interrupted,
        .context = run,
    };

    if (!run->options.is_json) {
        printf("%saudiapro doctor: %s%s%s%s\n\n", run->done > 0 ? "\n\n" : "",
               tenant != NULL ? "tenant " : "this server", tenant != NULL ? tenant->subdomain : "",
               pbx != NULL ? ", PBX " : "", pbx != NULL ? pbx->name : "");
    }
    doctor_examine(&request, arena, result);
    run->done++;
    run->failed += result->root >= 0 ? 1 : 0;
    if (run->options.is_json) {
        json_array_append_new(run->examinations, doctor_result_json(result));
    } else {
        root_print(run, result);
    }
    if (run->options.report != NULL) {
        reports_write(run, result, tenant, is_one_of_several);
    }
}

static bool tenant_examine(struct run *run, const struct tenant *tenant, bool is_one_of_several,
                           struct error *error)
{
    struct pbx_row *rows = NULL;
    size_t count = 0;

    if (!pbx_row_list(run->setup->db, run->setup->arena, tenant->id, &rows, &count, error)) {
        return false;
    }
    for (size_t i = 0; i < count && !role_should_stop(); i++) {
        examine(run, tenant, &rows[i], is_one_of_several);
    }
    return true;
}

static int tenants_examine(struct run *run)
{
    struct tenant *tenants = NULL;
    size_t count = 0;
    struct error error = { 0 };
    const char *wanted = run->options.tenant;

    if (run->setup->db == NULL) {
        examine(run, NULL, NULL, false);
        return EXIT_PROBLEM;
    }
    if (wanted != NULL) {
        struct tenant *tenant = setup_tenant(run->setup, wanted);
        return tenant == NULL                               ? EXIT_USAGE
               : tenant_examine(run, tenant, false, &error) ? EXIT_FINE
                                                            : setup_problem(&error);
    }
    if (!tenant_list(run->setup->db, run->setup->arena, &tenants, &count, &error)) {
        return setup_problem(&error);
    }
    if (run->options.recording != NULL && count > 1) {
        fprintf(stderr, "audiapro doctor: --recording needs --tenant, for there are several\n");
        return EXIT_USAGE;
    }
    if (count == 0) {
        examine(run, NULL, NULL, false);
    }
    for (size_t i = 0; i < count && !role_should_stop(); i++) {
        if (!tenant_examine(run, &tenants[i], count > 1, &error)) {
            return setup_problem(&error);
        }
    }
    return EXIT_FINE;
}

static void summary_print(const struct run *run)
{
    if (run->options.is_json) {
        json_t *all =
            json_pack("{s:b, s:O}", "ok", run->failed == 0, "examinations", run->examinations);
        IGNORE(json_dumpf(all, stdout, JSON_INDENT(2)), "nowhere to report to");
        putchar('\n');
        json_decref(all);
    } else if (run->done > 1) {
        printf("\n%d PBXs examined, %d with a problem\n", run->done, run->failed);
    }
}

static int run_all(const struct options *options)
{
    AUTO(setup_close) struct setup setup = { 0 };
    struct setup_troubles troubles;
    struct error error = { 0 };

    role_signals_set();
    setup_open_partly(&setup, &troubles);
    if (setup.db != NULL && !setup_seed(&setup, &error)) {
        troubles.database = error;
    }
    struct run run = { .options = *options,
                       .setup = &setup,
                       .troubles = &troubles,
                       .is_terminal = isatty(STDOUT_FILENO) == 1,
                       .is_coloured = isatty(STDOUT_FILENO) == 1 && getenv("NO_COLOR") == NULL,
                       .width = terminal_width(),
                       .examinations = json_array() };
    int status = tenants_examine(&run);
    if (status != EXIT_USAGE) {
        summary_print(&run);
    }
    json_decref(run.examinations);
    return status != EXIT_FINE                      ? status
           : run.failed > 0 || run.is_report_failed ? EXIT_PROBLEM
                                                    : EXIT_FINE;
}

int cli_doctor(int argc, char **argv)
{
    struct options options = { .tenant = NULL };
    const struct flag flags[] = {
        { "--tenant", "SUBDOMAIN", NULL, &options.tenant, "only this tenant's PBX" },
        { "--recording", "PATH", NULL, &options.recording,
          "fetch this one; else the newest that is known" },
        { "--report", "FILE", NULL, &options.report,
          "write FILE.html and FILE.md, to send to the PBX's administrator" },
        { "--json", NULL, &options.is_json, NULL, "as JSON" },
    };
    const struct usage usage = {
        .command = "doctor",
        .words = "",
        .about =
            "Why do recordings not arrive? Examines settings, name, ports, certificate, API, "
            "login,\npermissions, directory, clock, one real recording, storage, database and "
            "collection, in\nthe order in which one failure explains the next. Each step tells "
            "what was seen and how\nto put it right; the root cause comes last. A login that the "
            "PBX refused is not tried again.\n\nExit status: 0 all well, 1 a problem found, 2 bad "
            "usage.",
        .flags = flags,
        .flag_count = COUNT_OF(flags),
    };
    struct words words;
    int status = 0;

    if (!flags_read(&usage, argc, argv, &words, &status)) {
        return status;
    }
    return run_all(&options);
}

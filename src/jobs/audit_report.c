/* See audit_report.h. */
#include "jobs/audit_report.h"

#include <stdlib.h>
#include <string.h>

#include "core/json.h"
#include "core/memory.h"
#include "core/rowid.h"
#include "store/tenants.h"

enum { LINES_MAX = 200 };
static const time_ms KEPT = 90 * DAY_MS;

struct part {
    int64_t tenant_id; /* 0: all */
    const char *subdomain;
    int64_t figures[FIGURES];
    int64_t violation_count, healed_count;
    json_t *lines;
};

struct audit_report {
    int64_t tenant_id;
    time_ms started_at;
    struct part all;
    struct part *parts; /* By tenant id. */
    size_t part_count;
};

static int part_compare(const void *left, const void *right)
{
    const struct part *l = left;
    const struct part *r = right;

    return l->tenant_id < r->tenant_id ? -1 : l->tenant_id > r->tenant_id;
}

bool audit_report_open(struct db *db, struct arena *arena, int64_t tenant_id, time_ms now,
                       struct audit_report **report_out, struct error *error)
{
    struct tenant *tenants = NULL;
    size_t count = 0;

    if (!tenant_list(db, arena, &tenants, &count, error)) {
        return false;
    }
    struct audit_report *report = arena_take(arena, sizeof *report);
    *report =
        (struct audit_report){ .tenant_id = tenant_id,
                               .started_at = now,
                               .all = { .lines = json_array() },
                               .parts = arena_take(arena, (count + 1) * sizeof(struct part)) };
    for (size_t i = 0; i < count; i++) {
        if (tenant_id == 0 || tenants[i].id == tenant_id) {
            report->parts[report->part_count++] = (struct part){ .tenant_id = tenants[i].id,
                                                                 .subdomain = tenants[i].subdomain,
                                                                 .lines = json_array() };
        }
    }
    qsort(report->parts, report->part_count, sizeof *report->parts, part_compare);
    *report_out = report;
    return true;
}

void audit_report_close(struct audit_report *report)
{
    for (size_t i = 0; i < report->part_count; i++) {
        json_decref(report->parts[i].lines);
    }
    json_decref(report->all.lines);
}

static struct part *part_find(struct audit_report *report, int64_t tenant_id)
{
    struct part wanted = { .tenant_id = tenant_id };

    return bsearch(&wanted, report->parts, report->part_count, sizeof *report->parts, part_compare);
}

int64_t audit_report_tenant(const struct audit_report *report, const char *subdomain,
                            size_t subdomain_size)
{
    for (size_t i = 0; i < report->part_count; i++) {
        if (strlen(report->parts[i].subdomain) == subdomain_size &&
            memcmp(report->parts[i].subdomain, subdomain, subdomain_size) == 0) {
            return report->parts[i].tenant_id;
        }
    }
    return 0;
}

void audit_report_count(struct audit_report *report, int64_t tenant_id, enum audit_figure figure,
                        int64_t count)
{
    struct part *part = part_find(report, tenant_id);

    report->all.figures[figure] += count;
    if (part != NULL) {
        part->figures[figure] += count;
    }
}

int64_t audit_report_figure(const struct audit_report *report, enum audit_figure figure)
{
    return report->all.figures[figure];
}

static json_t *id_or_null(int64_t id)
{
    char text[ROW_ID_TEXT_SIZE];

    return id > 0 ? json_string(row_id_print(id, text)) : json_null();
}

static void part_add(struct part *part, json_t *line)
{
    part->violation_count++;
    if (json_array_size(part->lines) < LINES_MAX) {
        IGNORE(json_array_append(part->lines, line), "memory never fails");
    }
}

json_t *audit_report_add(struct audit_report *report, const struct audit_violation *violation)
{
    struct part *part = part_find(report, violation->tenant_id);
    /* Where a stray file's name is no UTF-8, the line says so instead. */
    json_t *where = json_string(violation->where);
    AUTO(json_release)
    json_t *line = json_pack(
        "{s:s, s:s, s:o, s:s, s:s?, s:o, s:o, s:b}", "code", violation->code, "what",
        violation->what, "where", where != NULL ? where : json_string("a name that is no text"),
        "advice", violation->advice, "tenant", part != NULL ? part->subdomain : NULL,
        "recording_id", id_or_null(violation->recording_id), "call_id",
        id_or_null(violation->call_id), "healed", 0);

    part_add(&report->all, line);
    if (part != NULL) {
        part_add(part, line);
    }
    return line->refcount > 1 ? line : NULL; /* Whether a list holds it. */
}

void audit_report_healed(struct audit_report *report, int64_t tenant_id, json_t *line)
{
    struct part *part = part_find(report, tenant_id);

    report->all.healed_count++;
    if (part != NULL) {
        part->healed_count++;
    }
    if (line != NULL) {
        IGNORE(json_object_set_new(line, "healed", json_true()), "memory never fails");
    }
}

static json_t *instant(time_ms at)
{
    char text[TIME_TEXT_SIZE];

    return json_string(time_print(at, text));
}

static json_t *part_json(const struct audit_report *report, const struct part *part,
                         bool has_hashes, time_ms ended_at)
{
    static const char *const names[FIGURES] = {
        "calls",  "legs",   "recordings", "jobs",  "rules",
        "stored", "hashes", "bytes",      "fresh", "files"
    };
    json_t *checked = json_object();

    for (size_t i = 0; i < FIGURES; i++) {
        IGNORE(json_object_set_new(checked, names[i], json_integer(part->figures[i])),
               "memory never fails");
    }
    /* The rules are the same for everybody. */
    IGNORE(json_object_set_new(checked, "rules", json_integer(report->all.figures[FIGURE_RULES])),
           "memory never fails");
    return json_pack("{s:o, s:o, s:b, s:o, s:I, s:I, s:O}", "started_at",
                     instant(report->started_at), "ended_at", instant(ended_at), "has_hashes",
                     has_hashes, "checked", checked, "violation_count",
                     (json_int_t)part->violation_count, "healed_count",
                     (json_int_t)part->healed_count, "violations", part->lines);
}

json_t *audit_report_json(const struct audit_report *report, bool has_hashes, time_ms ended_at)
{
    return part_json(report, &report->all, has_hashes, ended_at);
}

static bool part_keep(const struct audit_report *report, const struct part *part, struct db *db,
                      bool has_hashes, time_ms ended_at, struct error *error)
{
    AUTO(json_release) json_t *json = part_json(report, part, has_hashes, ended_at);
    AUTO(free) char *content = json_dumps(json, JSON_COMPACT);

    return audit_result_add(db,
                            &(struct audit_result){ .tenant_id = part->tenant_id,
                                                    .is_whole = has_hashes,
                                                    .started_at = report->started_at,
                                                    .ended_at = ended_at,
                                                    .violation_count = part->violation_count,
                                                    .content = content },
                            error);
}

static bool parts_keep(const struct audit_report *report, struct db *db, bool has_hashes,
                       time_ms ended_at, struct error *error)
{
    for (size_t i = 0; i < report->part_count; i++) {
        if (!part_keep(report, &report->parts[i], db, has_hashes, ended_at, error)) {
            return false;
        }
    }
    return (report->tenant_id != 0 ||
            part_keep(report, &report->all, db, has_hashes, ended_at, error)) &&
           audit_result_sweep(db, ended_at - KEPT, error) && db_commit(db, error);
}

bool audit_report_keep(const struct audit_report *report, struct db *db, bool has_hashes,
                       time_ms ended_at, struct error *error)
{
    if (!db_begin(db, error)) {
        return false;
    }
    if (!parts_keep(report, db, has_hashes, ended_at, error)) {
        db_rollback(db);
        return false;
    }
    return true;
}

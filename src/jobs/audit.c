/* See audit.h. The rules of the tables are in store/audit_rules.c, what is found goes to
 * audit_report.c. */
#include "jobs/audit.h"

#include <stdio.h>
#include <string.h>

#include "core/log.h"
#include "jobs/audit_heal.h"
#include "jobs/audit_report.h"

enum {
    CANDIDATES_MAX = 10000, /* What is healed in one audit; the next goes on. */
    ARENA_SIZE_MAX = 64 << 20,
    PROBLEMS_SIZE_MAX = 8 << 10,
    BYTES_PER_S = 32 << 20, /* Of the daily one: a disk gives several times that. */
    LOST_MIN = 10,          /* So many files, and one in five, gone at once: the storage is away. */
    LOST_PART = 5,
};
static const time_ms ORPHAN_AGE = HOUR_MS; /* A file is there before its row says so. */

/* What can be wrong with files and the database, beside the rules of the tables. */
static const struct {
    const char *code, *what, *advice;
} faults[] = {
    [FAULT_NONE] = { "", "", "" },
    [FAULT_MISSING] = { "file_missing", "A stored recording's file is gone.",
                        "It is fetched from the PBX again (audiapro audit --heal, or by itself at "
                        "the daily audit); find out who removes files below DATA_DIR/recordings." },
    [FAULT_UNREADABLE] = { "file_unreadable", "A stored recording's file cannot be read.",
                           "Check the disk and the rights of DATA_DIR/recordings; then audiapro "
                           "audit --heal fetches it again." },
    [FAULT_SIZE] = { "file_size_differs",
                     "A stored recording's file has another size than when "
                     "it was stored.",
                     "It is fetched from the PBX again (audiapro audit --heal, or by itself at the "
                     "daily audit); check the disk." },
    [FAULT_HASH] = { "file_hash_differs",
                     "A stored recording's file has other bytes than when it "
                     "was stored.",
                     "It is fetched from the PBX again (audiapro audit --heal, or by itself at the "
                     "daily audit); check the disk." },
    [FAULT_ORPHAN] = { "file_without_row", "A file lies in the storage that no recording names.",
                       "Look what it is; audiapro audit --heal lays it aside under "
                       "lost_and_found/. After restoring an older database it may be a recording: "
                       "keep it." },
    [FAULT_DATABASE] = { "database_damaged", "The database file itself is damaged.",
                         "Stop the server, keep a copy of DATA_DIR, check the disk, and restore "
                         "the database from its backup." },
    [FAULT_AWAY] = { "storage_away",
                     "A large part of all files is gone at once: the storage "
                     "itself seems to be away. Nothing was fetched again.",
                     "See that the disk of DATA_DIR/recordings is mounted. If the files are "
                     "really lost: audiapro audit --heal --lost." },
};

struct candidate {
    int64_t id, tenant_id;
    enum audit_fault fault;
    json_t *line; /* Of the report; may be NULL. */
};

struct audit {
    const struct world *world;
    struct db *db;
    struct arena *arena; /* For the whole audit. */
    struct arena *batch; /* For a batch of files. */
    const struct audit_options *options;
    struct audit_report *report;
    struct candidate *candidates;
    size_t candidate_count;
    int64_t lost_count;
    struct audit_reader reader;
    time_ms now;
};

/* False, with *error set, once the process ends. */
static bool go_on(struct audit *audit, struct error *error)
{
    return audit->options->chore == NULL || !chore_should_stop(audit->options->chore) ||
           error_set(error, ERROR_BUSY, "the audit was cut short");
}

static json_t *fault_add(struct audit *audit, enum audit_fault fault, const char *where,
                         int64_t tenant_id, int64_t recording_id, int64_t call_id)
{
    return audit_report_add(audit->report, &(struct audit_violation){
                                               .code = faults[fault].code,
                                               .what = faults[fault].what,
                                               .where = where,
                                               .advice = faults[fault].advice,
                                               .tenant_id = tenant_id,
                                               .recording_id = recording_id,
                                               .call_id = call_id,
                                           });
}

static void candidate_add(struct audit *audit, int64_t id, int64_t tenant_id,
                          enum audit_fault fault, json_t *line)
{
    if (audit->candidate_count < CANDIDATES_MAX) {
        audit->candidates[audit->candidate_count++] =
            (struct candidate){ .id = id, .tenant_id = tenant_id, .fault = fault, .line = line };
    }
}

/* ---- The database and its tables ---- */

static bool database_check(struct audit *audit, struct error *error)
{
    AUTO(text_clear) struct text problems = TEXT_UP_TO(PROBLEMS_SIZE_MAX);
    bool is_whole = false;

    if (audit->options->tenant_id != 0) {
        return true; /* It is everybody's. */
    }
    if (!db_check(audit->db, 0, &problems, &is_whole, error)) {
        if (error->kind != ERROR_CORRUPT) {
            return false;
        }
        text_add(&problems, error->message);
    }
    if (problems.size > 0) {
        IGNORE(fault_add(audit, FAULT_DATABASE, text_get(&problems), 0, 0, 0), "it is told");
    }
    return true;
}

struct rule_run {
    struct audit *audit;
    const struct audit_rule *rule;
    struct candidate *list;
    size_t count;
};

static bool breach_take(const struct audit_breach *breach, void *context)
{
    struct rule_run *run = context;
    bool is_recording = run->rule->cure == CURE_FILE || run->rule->cure == CURE_JOB_ADD ||
                        run->rule->cure == CURE_WAIT || run->rule->cure == CURE_REASON;
    json_t *line =
        audit_report_add(run->audit->report,
                         &(struct audit_violation){ .code = run->rule->code,
                                                    .what = run->rule->what,
                                                    .where = breach->where,
                                                    .advice = run->rule->advice,
                                                    .tenant_id = breach->tenant_id,
                                                    .recording_id = is_recording ? breach->id : 0,
                                                    .call_id = breach->call_id });

    run->list[run->count++] =
        (struct candidate){ .id = breach->id, .tenant_id = breach->tenant_id, .line = line };
    return run->count < AUDIT_BREACHES_MAX;
}

static bool breach_cure(struct audit *audit, const struct audit_rule *rule,
                        const struct candidate *candidate, struct error *error)
{
    bool is_changed = false;

    if (rule->cure == CURE_FILE) {
        if (!audit_heal_row(audit->world, audit->db, audit->batch, &audit->reader, candidate->id,
                            rule->what, audit->now, &is_changed, error)) {
            return false;
        }
    } else if (!audit_cure_apply(audit->db, rule->cure, candidate->id, audit->now, &is_changed,
                                 error)) {
        return false;
    }
    if (is_changed) {
        audit_report_healed(audit->report, candidate->tenant_id, candidate->line);
    }
    arena_reset(audit->batch);
    return true;
}

static bool rules_check(struct audit *audit, struct error *error)
{
    struct rule_run run = { .audit = audit,
                            .list = arena_take(audit->arena,
                                               AUDIT_BREACHES_MAX * sizeof(struct candidate)) };

    for (const struct audit_rule *rule = audit_rules(); rule->code != NULL; rule++) {
        run.rule = rule;
        run.count = 0;
        if (!go_on(audit, error) || !audit_rule_check(audit->db, rule, audit->options->tenant_id,
                                                      audit->now, breach_take, &run, error)) {
            return false;
        }
        audit_report_count(audit->report, 0, FIGURE_RULES, 1);
        for (size_t i = 0; audit->options->is_healing && i < run.count; i++) {
            if (!breach_cure(audit, rule, &run.list[i], error)) {
                return false;
            }
        }
    }
    return true;
}

struct count_run {
    struct audit *audit;
    enum audit_figure figure;
};

static void count_add(int64_t tenant_id, int64_t count, void *context)
{
    const struct count_run *run = context;

    audit_report_count(run->audit->report, tenant_id, run->figure, count);
}

static bool rows_count(struct audit *audit, struct error *error)
{
    for (int table = 0; table < AUDIT_TABLES; table++) {
        struct count_run run = { .audit = audit, .figure = (enum audit_figure)table };
        if (!go_on(audit, error) ||
            !audit_count(audit->db, (enum audit_table)table, audit->options->tenant_id, count_add,
                         &run, error)) {
            return false;
        }
    }
    return true;
}

/* ---- A file for every row ---- */

static bool file_check(struct audit *audit, const struct audit_file *file, bool is_read,
                       struct error *error)
{
    enum audit_fault fault = FAULT_NONE;

    if (!go_on(audit, error) || !audit_file_judge(&audit->reader, file, is_read, &fault, error)) {
        return false;
    }
    audit_report_count(audit->report, file->tenant_id, FIGURE_STORED, 1);
    audit_report_count(audit->report, file->tenant_id, is_read ? FIGURE_HASHES : FIGURE_FRESH,
                       is_read || audit->options->is_hashing ? 1 : 0);
    audit_report_count(audit->report, file->tenant_id, FIGURE_BYTES, is_read ? file->bytes : 0);
    if (fault != FAULT_NONE) {
        json_t *line =
            fault_add(audit, fault, file->blob_key, file->tenant_id, file->id, file->call_id);
        candidate_add(audit, file->id, file->tenant_id, fault, line);
        audit->lost_count += fault == FAULT_MISSING || fault == FAULT_UNREADABLE ? 1 : 0;
    }
    return true;
}

static bool files_check(struct audit *audit, struct error *error)
{
    struct audit_file *files = NULL;
    size_t count = 0;
    int64_t after_id = 0;

    do {
        int64_t read[AUDIT_FILES_MAX];
        size_t read_count = 0;
        arena_reset(audit->batch);
        if (!audit_files(audit->db, audit->batch, audit->options->tenant_id, after_id, &files,
                         &count, error)) {
            return false;
        }
        for (size_t i = 0; i < count; i++) {
            bool is_fresh = audit->options->fresh_since > 0 &&
                            files[i].checked_at >= audit->options->fresh_since;
            bool is_read = audit->options->is_hashing && !is_fresh;
            size_t found_count = audit->candidate_count;
            if (!file_check(audit, &files[i], is_read, error)) {
                return false;
            }
            if (is_read && audit->candidate_count == found_count) {
                read[read_count++] = files[i].id;
            }
            after_id = files[i].id;
        }
        if (!audit_files_checked(audit->db, read, read_count, audit->now, error)) {
            return false;
        }
    } while (count == AUDIT_FILES_MAX);
    return true;
}

/* ---- A row for every file ---- */

static void orphan_aside(struct audit *audit, const struct blob_entry *entry, int64_t tenant_id,
                         json_t *line)
{
    struct error problem = { 0 };

    if (!audit->options->is_moving_orphans) {
        return;
    }
    if (audit_lay_aside(audit->world->blob, entry->key, &problem)) {
        audit_report_healed(audit->report, tenant_id, line);
    } else {
        log_warn("audit.not_laid_aside", "file", entry->key, "error", problem.message, NULL);
    }
}

static bool entry_visit(const struct blob_entry *entry, void *context, struct error *error)
{
    struct audit *audit = context;
    size_t size = strcspn(entry->key, "/");
    bool is_named = false;
    bool is_kept_apart = strncmp(entry->key, AUDIT_ASIDE, strlen(AUDIT_ASIDE)) == 0 ||
                         strncmp(entry->key, "probe/", 6) == 0;

    if (!go_on(audit, error)) {
        return false;
    }
    if (is_kept_apart) {
        return true;
    }
    int64_t tenant_id = audit_report_tenant(audit->report, entry->key, size);
    audit_report_count(audit->report, tenant_id, FIGURE_FILES, 1);
    if (!audit_file_is_named(audit->db, entry->key, &is_named, error)) {
        return false;
    }
    if (is_named || entry->modified_at > time_now() - ORPHAN_AGE) {
        return true;
    }
    json_t *line = fault_add(audit, FAULT_ORPHAN, entry->key, tenant_id, 0, 0);
    orphan_aside(audit, entry, tenant_id, line);
    return true;
}

static bool entries_check(struct audit *audit, struct error *error)
{
    char prefix[128] = "";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    static const char SQL[] = "SELECT subdomain FROM tenant WHERE id = $1";

    if (audit->options->tenant_id != 0) {
        if (!db_query(audit->db, SQL, DB_VALUES(DB_INT(audit->options->tenant_id)), &rows, error)) {
            return false;
        }
        if (db_next(&rows, error) != DB_ROW) {
            return error_set(error, ERROR_NOT_FOUND, "the tenant is gone");
        }
        IGNORE(snprintf(prefix, sizeof prefix, "%s/", db_text(&rows, 0)), "63 characters at most");
        db_rows_clear(&rows);
    }
    return blob_walk(audit->world->blob, prefix, entry_visit, audit, error);
}

/* ---- Healing ---- */

static bool is_lost(enum audit_fault fault)
{
    return fault == FAULT_MISSING || fault == FAULT_UNREADABLE;
}

static bool candidates_heal(struct audit *audit, struct error *error)
{
    bool is_away =
        audit->lost_count > LOST_MIN &&
        audit->lost_count * LOST_PART > audit_report_figure(audit->report, FIGURE_STORED) &&
        !audit->options->is_sure_of_lost;

    if (is_away) {
        IGNORE(fault_add(audit, FAULT_AWAY, "DATA_DIR/recordings", 0, 0, 0), "it is told");
    }
    for (size_t i = 0; audit->options->is_healing && i < audit->candidate_count; i++) {
        const struct candidate *candidate = &audit->candidates[i];
        bool is_changed = false;
        arena_reset(audit->batch);
        if (is_away && is_lost(candidate->fault)) {
            continue;
        }
        if (!go_on(audit, error) ||
            !audit_heal_file(audit->world, audit->db, audit->batch, &audit->reader, candidate->id,
                             faults[candidate->fault].what, audit->now, &is_changed, error)) {
            return false;
        }
        if (is_changed) {
            audit_report_healed(audit->report, candidate->tenant_id, candidate->line);
        }
    }
    return true;
}

/* ---- The whole ---- */

static bool steps_run(struct audit *audit, struct error *error)
{
    static bool (*const steps[])(struct audit * audit, struct error * error) = {
        database_check, rules_check, rows_count, files_check, entries_check, candidates_heal,
    };

    for (size_t i = 0; i < COUNT_OF(steps); i++) {
        if (!steps[i](audit, error)) {
            return false;
        }
    }
    return true;
}

bool audit_run(const struct world *world, struct db *db, const struct audit_options *options,
               json_t **report_out, struct error *error)
{
    AUTO(arena_free) struct arena *arena = arena_new(ARENA_SIZE_MAX);
    AUTO(arena_free) struct arena *batch = arena_new(ARENA_SIZE_MAX);
    AUTO(audit_report_close) struct audit_report *report = NULL;
    struct audit audit = { .world = world,
                           .db = db,
                           .arena = arena,
                           .batch = batch,
                           .options = options,
                           .now = time_now() };

    if (!audit_report_open(db, arena, options->tenant_id, audit.now, &report, error)) {
        return false;
    }
    audit.report = report;
    audit.candidates = arena_take(arena, CANDIDATES_MAX * sizeof *audit.candidates);
    audit_reader_init(&audit.reader, world->blob, options->bytes_per_s_max, options->chore);
    bool is_done = steps_run(&audit, error);
    audit_reader_close(&audit.reader);
    time_ms ended_at = time_now();
    if (!is_done || !audit_report_keep(report, db, options->is_hashing, ended_at, error)) {
        return false;
    }
    *report_out = audit_report_json(report, options->is_hashing, ended_at);
    return true;
}

/* ---- The chore ---- */

/* What a player or a transcription stumbled over: whoever waits for it waits for this. */
static bool suspects_check(struct chore_run *run, struct error *error)
{
    struct audit_file *files = NULL;
    size_t count = 0;
    struct audit_reader reader;
    bool is_fine = audit_suspects(run->db, run->arena, &files, &count, error);

    audit_reader_init(&reader, run->world->blob, BYTES_PER_S, run);
    for (size_t i = 0; is_fine && i < count && !chore_should_stop(run); i++) {
        enum audit_fault fault = FAULT_NONE;
        bool is_changed = false;
        is_fine = audit_file_judge(&reader, &files[i], true, &fault, error);
        if (is_fine && fault == FAULT_NONE) {
            is_fine = audit_files_checked(run->db, &files[i].id, 1, time_now(), error);
        } else if (is_fine && !(is_lost(fault) && count > LOST_MIN)) {
            is_fine = audit_heal_file(run->world, run->db, run->arena, &reader, files[i].id,
                                      faults[fault].what, time_now(), &is_changed, error);
        }
    }
    audit_reader_close(&reader);
    return is_fine;
}

static void report_log(const json_t *report)
{
    const json_t *checked = json_object_get(report, "checked");
    long long found = json_integer_value(json_object_get(report, "violation_count"));
    const json_t *first = json_array_get(json_object_get(report, "violations"), 0);

    if (found == 0) {
        log_info("audit.clean", "recordings",
                 LOG_NUMBER(json_integer_value(json_object_get(checked, "recordings"))), "hashes",
                 LOG_NUMBER(json_integer_value(json_object_get(checked, "hashes"))), "bytes",
                 LOG_NUMBER(json_integer_value(json_object_get(checked, "bytes"))), NULL);
        return;
    }
    log_warn("audit.violations", "count", LOG_NUMBER(found), "healed",
             LOG_NUMBER(json_integer_value(json_object_get(report, "healed_count"))), "first",
             json_string_value(json_object_get(first, "what")), "where",
             json_string_value(json_object_get(first, "where")), "advice",
             "all of them: GET /api/audit", NULL);
}

bool audit_chore(struct chore_run *run, struct error *error)
{
    int64_t interval_ms = run->world->audit_interval_s * SECOND_MS;
    time_ms last_at = 0;
    time_ms now = time_now();
    json_t *report = NULL;

    if (interval_ms == 0) {
        return true;
    }
    if (!suspects_check(run, error) || !audit_last_whole(run->db, &last_at, error)) {
        return false;
    }
    if (now - last_at < interval_ms) {
        return true;
    }
    struct audit_options options = { .is_hashing = true,
                                     .is_healing = true,
                                     .fresh_since = now - interval_ms / 2,
                                     .bytes_per_s_max = BYTES_PER_S,
                                     .chore = run };
    if (!audit_run(run->world, run->db, &options, &report, error)) {
        return error->kind == ERROR_BUSY && chore_should_stop(run); /* Then it begins anew later. */
    }
    report_log(report);
    json_decref(report);
    return true;
}

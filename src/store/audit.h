/*
 * What must always be true of the tables, each a row of THE table of rules: the query that finds
 * who breaks it, the sentence for people, and how it heals. And the results of audits.
 */
#ifndef STORE_AUDIT_H
#define STORE_AUDIT_H

#include "core/arena.h"
#include "core/time.h"
#include "store/db.h"

/* How a broken rule is set right. */
enum audit_cure {
    CURE_NONE,       /* A person must look. */
    CURE_WAIT,       /* The recording waits again. */
    CURE_JOB_FREE,   /* The job is due now and nobody's. */
    CURE_JOB_REMOVE, /* The job goes, unless somebody works on it. */
    CURE_JOB_ADD,    /* The recording gets its job. */
    CURE_REASON,     /* A general reason is put in. */
    CURE_FILE,       /* Stored again where its file is whole, else wanted again. */
};

struct audit_rule {
    const char *code;
    const char *what;   /* One sentence. */
    const char *advice; /* What to do where it does not heal. */
    enum audit_cure cure;
    const char *sql; /* See audit.c. */
};
/* All of them; ends with a row whose code is NULL. */
const struct audit_rule *audit_rules(void);

/* Who breaks a rule. Texts are borrowed for the time of the visit. */
struct audit_breach {
    int64_t id;        /* Of the job's subject, recording, or call, as the rule has it. */
    int64_t tenant_id; /* 0: unknown */
    int64_t call_id;   /* 0: none */
    const char *where; /* For people. */
};
/* Tell each, at most AUDIT_BREACHES_MAX. tenant_id 0: of all. */
enum { AUDIT_BREACHES_MAX = 1000 };
MUST_USE bool audit_rule_check(struct db *db, const struct audit_rule *rule, int64_t tenant_id,
                               time_ms now,
                               bool (*visit)(const struct audit_breach *breach, void *context),
                               void *context, struct error *error);
/* Set one right that heals by a statement (every cure but CURE_FILE and CURE_NONE); nothing happens
 * where it is no longer broken. Its own transaction. */
MUST_USE bool audit_cure_apply(struct db *db, enum audit_cure cure, int64_t id, time_ms now,
                               bool *changed_out, struct error *error);
/* Its file turned out to be there and whole: stored, whatever the row said. */
MUST_USE bool audit_cure_stored(struct db *db, int64_t recording_id, const char *blob_key,
                                bool *changed_out, struct error *error);

/* How many rows each tenant has, told one tenant after another. */
enum audit_table { AUDIT_CALLS, AUDIT_LEGS, AUDIT_RECORDINGS, AUDIT_JOBS, AUDIT_TABLES };
MUST_USE bool audit_count(struct db *db, enum audit_table table, int64_t tenant_id,
                          void (*add)(int64_t tenant_id, int64_t count, void *context),
                          void *context, struct error *error);

/* Recordings that should have a file, by id from `after_id` on. Keys are the arena's. */
struct audit_file {
    int64_t id, tenant_id, call_id;
    const char *blob_key;
    const char *sha256;
    int64_t bytes; /* -1: unknown */
    time_ms checked_at;
};
enum { AUDIT_FILES_MAX = 200 };
MUST_USE bool audit_files(struct db *db, struct arena *arena, int64_t tenant_id, int64_t after_id,
                          struct audit_file **list_out, size_t *count_out, struct error *error);
/* Those that somebody found wrong (recording_suspect()); at most AUDIT_FILES_MAX. */
MUST_USE bool audit_suspects(struct db *db, struct arena *arena, struct audit_file **list_out,
                             size_t *count_out, struct error *error);
/* These were read back now, and are as their rows say. Its own transaction. */
MUST_USE bool audit_files_checked(struct db *db, const int64_t *ids, size_t count, time_ms now,
                                  struct error *error);

/* The result of an audit: of all (tenant_id 0), or a tenant's part of it. */
struct audit_result {
    int64_t tenant_id;
    bool is_whole; /* Everything was checked, the files' bytes too. */
    time_ms started_at, ended_at;
    int64_t violation_count;
    const char *content; /* JSON */
};
/* Inside a transaction. */
MUST_USE bool audit_result_add(struct db *db, const struct audit_result *result,
                               struct error *error);
/* Forget those from before then. */
MUST_USE bool audit_result_sweep(struct db *db, time_ms before_at, struct error *error);
/* The newest; NULL: there is none. */
MUST_USE bool audit_result_last(struct db *db, struct arena *arena, int64_t tenant_id,
                                struct audit_result **found_out, struct error *error);
/* When the last whole one of all began; 0: never. */
MUST_USE bool audit_last_whole(struct db *db, time_ms *started_at_out, struct error *error);

#endif

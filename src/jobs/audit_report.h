/* What an audit counted and found: for all, and each tenant's part, which is all that a tenant's
 * people are shown. Used by audit.c. */
#ifndef JOBS_AUDIT_REPORT_H
#define JOBS_AUDIT_REPORT_H

#include <jansson.h>

#include "core/arena.h"
#include "store/audit.h"

enum audit_figure {
    FIGURE_CALLS, /* In the order of enum audit_table. */
    FIGURE_LEGS,
    FIGURE_RECORDINGS,
    FIGURE_JOBS,
    FIGURE_RULES,  /* Rules of the tables that were checked. */
    FIGURE_STORED, /* Recordings that have a file by their row. */
    FIGURE_HASHES, /* Of these were read back whole. */
    FIGURE_BYTES,  /* So many bytes. */
    FIGURE_FRESH,  /* Were read back not long ago, and now only looked at. */
    FIGURE_FILES,  /* Files that lie in the storage. */
    FIGURES
};

struct audit_violation {
    const char *code, *what, *where, *advice;
    int64_t tenant_id; /* 0: the server's */
    int64_t recording_id, call_id;
};

struct audit_report;

/* Of one tenant, or of all (0). In the arena; to be closed all the same. */
MUST_USE bool audit_report_open(struct db *db, struct arena *arena, int64_t tenant_id, time_ms now,
                                struct audit_report **report_out, struct error *error);
void audit_report_close(struct audit_report *report);
DEFINE_AUTO(audit_report_close, struct audit_report *, NULL)

/* Which tenant has that subdomain; 0: none of this report's. */
int64_t audit_report_tenant(const struct audit_report *report, const char *subdomain,
                            size_t subdomain_size);
void audit_report_count(struct audit_report *report, int64_t tenant_id, enum audit_figure figure,
                        int64_t count);
int64_t audit_report_figure(const struct audit_report *report, enum audit_figure figure);
/* Counted, and told while there is room: the line, borrowed, or NULL. */
json_t *audit_report_add(struct audit_report *report, const struct audit_violation *violation);
void audit_report_healed(struct audit_report *report, int64_t tenant_id, json_t *line);

/* As GET /api/audit answers it; the part of all. Yours to release. */
json_t *audit_report_json(const struct audit_report *report, bool has_hashes, time_ms ended_at);
/* Write it down, each tenant's part as a row; older ones than a quarter of a year go. Its own
 * transaction. */
MUST_USE bool audit_report_keep(const struct audit_report *report, struct db *db, bool has_hashes,
                                time_ms ended_at, struct error *error);

#endif

/*
 * The doctor: why do recordings of this PBX not arrive? A fixed list of steps, in the order in
 * which one failure explains the next; each says what was tried and what was seen; the last word is
 * one root cause of ledger/reason.h with its owner and the next step.
 *
 * Promises: a step that failed skips what depends on it, and never the steps that stand alone
 * (storage, database, backlog); each step is told as it ends; no text holds a password, token or
 * cookie. A login that was refused is not tried again: what is stored about it is told instead. At
 * most one connection to the PBX at a time, one login in flight (jobs/keeper.h), only to addresses
 * that the guard allows, no redirects. A new login, certificate or refusal that the examination
 * finds is remembered as collection would remember it.
 *
 * An examination takes a second when all is well, and up to some minutes when the PBX is silent.
 */
#ifndef DOCTOR_DOCTOR_H
#define DOCTOR_DOCTOR_H

#include <jansson.h>

#include "core/arena.h"
#include "core/text.h"
#include "jobs/world.h"
#include "ledger/reason.h"
#include "store/db.h"
#include "store/tenants.h"

/* An arena for one examination takes this much at most. */
#define DOCTOR_ARENA_SIZE (160 * MIB)

enum {
    DOCTOR_STEPS_MAX = 16,
    /* Written to the storage and read back unless told otherwise. Some object stores refuse large
     * objects by a limit of their own (Supabase's is 50 MB at first): probe with more than that
     * there. */
    DOCTOR_PROBE_BYTES = 1 << 20,
};

enum doctor_state { DOCTOR_OK, DOCTOR_WARNING, DOCTOR_FAILED, DOCTOR_SKIPPED };
/* "ok", "warning", "failed", "skipped". */
const char *doctor_state_name(enum doctor_state state);

struct doctor_step {
    const char *name;  /* "dns": stable */
    const char *title; /* "Name and address": for people */
    enum doctor_state state;
    int64_t duration_ms;
    const char *detail; /* What was tried, and what was seen. Never NULL. */
    const char *advice; /* What to do; NULL: nothing. */
    enum reason reason; /* Of a failure or warning; REASON_NONE else. */
};

struct doctor_request {
    const struct world *world;   /* `blob` NULL: see storage_problem. */
    struct db *db;               /* NULL: see database_problem; then no PBX is examined. */
    const struct tenant *tenant; /* These two NULL: only this server's own side. */
    const struct pbx_row *pbx;
    const char *recording; /* A path on the PBX to fetch; NULL: the newest known. */
    bool leaves_own_side;  /* Storage and database were examined a moment ago. */
    int64_t probe_bytes;   /* For the storage; 0: DOCTOR_PROBE_BYTES. */
    /* Why this could not be opened; NULL: it was. */
    const char *setting_problem, *storage_problem, *database_problem;
    /* Optional. The title of each step as it begins: a silent PBX takes its time. */
    void (*begun)(void *context, const char *title);
    /* Optional. Each step as it ends; the texts live as long as the arena. */
    void (*finished)(void *context, const struct doctor_step *step);
    /* Optional. Asked about once a second; true: the rest is skipped. */
    bool (*should_stop)(void *context);
    void *context; /* Of the three. */
};

/* What was learned about the PBX, for the report. Texts may be "". */
struct doctor_facts {
    const char *tenant, *pbx; /* subdomain; the PBX's name */
    const char *host, *addresses, *username;
    const char *api; /* "new", "old", "" */
    int port;        /* 0: unknown */
    const char *model, *firmware, *serial;
    const char *certificate, *pin;
    bool is_pinned; /* `pin` is the one that was confirmed before. */
    int64_t clock_ahead_s;
    bool is_clock_known;
    const char *recording; /* The path that was fetched, or tried. */
};

struct doctor_result {
    struct doctor_step steps[DOCTOR_STEPS_MAX];
    size_t count;
    int root; /* Index of the step that is the root cause; -1: all well. */
    time_ms at;
    int64_t duration_ms;
    struct doctor_facts facts;
};

/* Examine one PBX. Texts of *result_out live in `arena` (of DOCTOR_ARENA_SIZE). Never fails: what
 * goes wrong is what it tells. */
void doctor_examine(const struct doctor_request *request, struct arena *arena,
                    struct doctor_result *result_out);

/* Pure: the step whose failure explains the others; -1 when none failed. The first that failed,
 * but a clock that is wrong only where nothing else is. */
int doctor_root(const struct doctor_step *steps, size_t count);

/* {"name","title","ok","state","ms","detail","advice","reason"}: as the API and --json say it. */
json_t *doctor_step_json(const struct doctor_step *step);
/* {"code","message","owner","advice","detail","step"}, or null when all is well. */
json_t *doctor_root_json(const struct doctor_result *result);
/* {"ok","root_cause","steps","facts",…}. */
json_t *doctor_result_json(const struct doctor_result *result);

/* ---- The report: what one sends to the PBX's administrator ---- */

enum doctor_format { DOCTOR_HTML, DOCTOR_MARKDOWN };

/* Facts, steps, the newest calls with their recordings' state, the attempts of the missing ones,
 * causes by count, next steps. Readable without this product; everything from outside is escaped.
 * `db` and `tenant` may be NULL: then without calls. Adds to `text` (give it 4 MiB). */
MUST_USE bool doctor_report(const struct doctor_result *result, struct db *db,
                            const struct tenant *tenant, enum doctor_format format,
                            struct arena *arena, struct text *text, struct error *error);

#endif

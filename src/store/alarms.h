/* Alarms: what is or was wrong, since when. At most one is raised of a kind, tenant and PBX. */
#ifndef STORE_ALARMS_H
#define STORE_ALARMS_H

#include "core/arena.h"
#include "core/time.h"
#include "store/db.h"

enum { ALARMS_LISTED_MAX = 500 };

struct alarm_row {
    int64_t id;
    const char *kind;   /* ledger/alarm.h's codes */
    int64_t tenant_id;  /* 0: the server */
    int64_t pbx_id;     /* 0: not one PBX's */
    const char *tenant; /* subdomain; NULL: the server */
    const char *pbx;    /* its name; NULL: not one PBX's */
    time_ms since;      /* wrong since */
    const char *detail; /* the evidence, in figures */
    bool is_pending;    /* found once; nobody is told, and it is no alarm yet */
    int64_t fine_count; /* rounds of the watch in a row that found nothing wrong */
    time_ms cleared_at; /* 0: still raised */
};

/* Newest first, at most ALARMS_LISTED_MAX. tenant_id 0: all tenants' and the server's. Those that
 * stand, or with is_all the cleared ones as well; never pending ones. */
MUST_USE bool alarm_list(struct db *db, struct arena *arena, int64_t tenant_id, bool is_all,
                         struct alarm_row **list_out, size_t *count_out, struct error *error);
/* For the watch: all that stand and the pending ones, at most `limit`. */
MUST_USE bool alarm_list_open(struct db *db, struct arena *arena, size_t limit,
                              struct alarm_row **list_out, size_t *count_out, struct error *error);
/* NULL when there is none. */
MUST_USE bool alarm_find(struct db *db, struct arena *arena, int64_t id,
                         struct alarm_row **found_out, struct error *error);
/* Found once: pending. From row: kind, tenant_id, pbx_id, since, detail. Nothing happens where it
 * is open already. */
MUST_USE bool alarm_note(struct db *db, const struct alarm_row *row, time_ms now,
                         struct error *error);
/* Found again: it is an alarm. *raised_out is false when another was faster. */
MUST_USE bool alarm_raise(struct db *db, int64_t id, const char *detail, time_ms now,
                          bool *raised_out, struct error *error);
/* Not found again: a pending one goes. */
MUST_USE bool alarm_forget(struct db *db, int64_t id, struct error *error);
/* Still wrong: with this evidence. */
MUST_USE bool alarm_hold(struct db *db, int64_t id, const char *detail, time_ms now,
                         struct error *error);
/* Nothing wrong in this round. */
MUST_USE bool alarm_fine(struct db *db, int64_t id, struct error *error);
MUST_USE bool alarm_clear(struct db *db, int64_t id, time_ms now, struct error *error);

/* Forget what was cleared before. */
MUST_USE bool alarm_sweep(struct db *db, time_ms before_at, struct error *error);

#endif

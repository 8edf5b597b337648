/*
 * Asking one PBX for its calls, page by page. Each leg goes the way of a webhook's
 * (store_webhook_keep()), so that what is known already changes nothing; fifty legs share a
 * transaction, and each transaction renews the job's lease: who has lost it writes nothing more.
 * Memory is that of one page.
 */
#ifndef JOBS_POLL_H
#define JOBS_POLL_H

#include "cdr/cdr.h"
#include "jobs/keeper.h"
#include "jobs/window.h"
#include "pbx/pbx.h"
#include "store/reconciliation.h"

struct poll {
    struct worker *worker;
    const struct job *job;
    const struct pbx_row *pbx;
    struct reconciliation *row; /* As it was when the run began. */
    struct pbx *line;
    struct arena *page; /* Emptied for each. */

    /* Set by who asks. */
    const char *peer;      /* What its bodies are said to come from: "poll", "import" … */
    bool is_history;       /* Recordings come after those of living calls, … */
    time_ms next_fetch_at; /* … the next of them not before this, the others as the order says. */
    const struct known_leg *canary; /* Look for this leg, and keep nothing. */

    /* What came of it. */
    size_t leg_count, new_leg_count, new_recording_count;
    time_ms newest_end_at;
    bool is_canary_found;
    struct pbx_trouble trouble; /* When the PBX failed. */
};

enum poll_end {
    POLL_DONE,
    POLL_REFUSED, /* The PBX, or the way to it: poll->trouble. */
    POLL_FAILED,  /* Our own side: *error. */
};

/* All pages of the period. */
enum poll_end poll_period(struct poll *poll, const struct window *window, struct error *error);

/* Keep legs as a webhook's: one transaction each 50. */
MUST_USE bool poll_legs_keep(struct poll *poll, const struct cdr_leg *legs, size_t count,
                             struct error *error);

#endif

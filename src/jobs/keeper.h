/*
 * What the PBX client remembers, on the database: the shared cookie, the one login in flight, the
 * pin, the API and rung that worked, and the attempts. Cookie and password are sealed at rest. One
 * keeper per job.
 */
#ifndef JOBS_KEEPER_H
#define JOBS_KEEPER_H

#include "core/rowid.h"
#include "jobs/stage.h"
#include "pbx/pbx.h"
#include "store/recordings.h"
#include "store/tenants.h"

enum { KEEPER_ATTEMPTS_MAX = 64 };

struct keeper {
    struct worker *worker;
    const struct pbx_row *pbx;
    int64_t recording_id;                             /* 0: not for one recording */
    char login_worker[2 * ROW_ID_TEXT_SIZE];          /* "PROCESS/TURN" */
    struct attempt_row attempts[KEEPER_ATTEMPTS_MAX]; /* Written with the job's result. */
    size_t attempt_count;
    enum reason stopped_by; /* Found stopped, by another worker, when it was our turn to log in. */
    char stop_detail[PBX_DETAIL_SIZE];
};

void keeper_init(struct keeper *keeper, struct worker *worker, const struct pbx_row *pbx,
                 int64_t recording_id);
/* The client's view of it. Borrows `keeper`. */
struct pbx_keeper keeper_face(struct keeper *keeper);

/* The row as the client's settings, the password opened: yours to release with secret_free(). */
MUST_USE bool keeper_settings(struct keeper *keeper, struct pbx_settings *settings_out,
                              char **password_out, struct error *error);

/* Nothing is asked of this PBX until a person edits it. Inside the caller's transaction. */
MUST_USE bool keeper_stop(struct keeper *keeper, enum reason reason, const char *detail,
                          struct error *error);

/* Write the collected attempts. Inside the caller's transaction. */
MUST_USE bool keeper_attempts_put(struct keeper *keeper, struct error *error);

#endif

/*
 * Telling targets about alarms: who is told, and the stage `notify` that sends what waits.
 *
 * A message is a row and a job, written in the transaction that raises or clears the alarm; nothing
 * is sent inside a transaction. A webhook that answers 2xx, or a mail server that takes the mail,
 * ends it. Everything else is tried again as NOTIFY_SCHEDULE says (no sooner than a Retry-After),
 * then given up; but 410 switches the target off, a recipient that is refused for good ends the
 * delivery, and a refused login at the mail server waits half an hour. Every try is written down.
 * A message may come twice (a crash between sending and settling): its id is the same.
 */
#ifndef JOBS_NOTIFY_H
#define JOBS_NOTIFY_H

#include "jobs/notice.h"
#include "jobs/stage.h"
#include "store/targets.h"

/* A message about the alarm for each target that hears it. Inside a transaction. */
MUST_USE bool notify_all(struct db *db, struct arena *arena, const char *event,
                         const struct alarm_row *alarm, time_ms now, struct error *error);
/* A test message for one target, also for one that is switched off: when it is taken, the target
 * is on again. ERROR_LIMIT where many messages wait for it already. Inside a transaction. */
MUST_USE bool notify_test(struct db *db, struct arena *arena, const struct target_row *target,
                          time_ms now, int64_t *delivery_id_out, struct error *error);

/* What a person asks for: row->tenant_id, kind and address. Checks it, gives it an id, and a
 * webhook its secret (shown once, so secret_out is wiped by the caller; "" for others). Its own
 * transaction. ERROR_INVALID and ERROR_LIMIT say what to change. */
MUST_USE bool notify_target_add(struct db *db, const struct world *world, struct target_row *row,
                                char secret_out[NOTICE_SECRET_SIZE], struct error *error);

/* As the API and the command line write them; yours. */
json_t *target_json(const struct target_row *target);
json_t *delivery_json(const struct delivery_row *delivery, const struct delivery_try *tries,
                      size_t try_count);

/* ---- The judgement on one try. Pure. ---- */

enum notify_verdict { NOTIFY_DELIVERED, NOTIFY_AGAIN, NOTIFY_GIVE_UP, NOTIFY_SWITCH_OFF };
struct notify_outcome {
    enum notify_verdict verdict;
    int64_t status;       /* HTTP's or SMTP's; 0: none came */
    int64_t at_least_s;   /* No sooner than this. */
    char detail[320];     /* For people; nothing secret. */
    char answer[256 + 1]; /* The first bytes of it, printable. */
};
/* When to try again after try number `attempt` (from 1); 0: it is given up. */
time_ms notify_next_try(const struct world *world, int64_t attempt, int64_t at_least_s,
                        time_ms now);
/* What an answer of a webhook means. `failure` is net_client's sentence where none came in full. */
void notify_judge_http(int status, int64_t retry_after_s, const char *failure,
                       struct notify_outcome *outcome);

#endif

/*
 * What a PBX has recorded although no call record says so: names that it tells when asked for a leg
 * (getRecordInfosByCall), and files that lie in its directories. What is found is added to its leg,
 * or kept as a call of its own, by the way of a webhook.
 */
#ifndef JOBS_HEAL_H
#define JOBS_HEAL_H

#include "jobs/poll.h"

/* Ask for a few answered legs without a recording, where others like them have one; each twice at
 * most. A PBX that cannot be asked for names is left alone. */
enum poll_end heal_names(struct poll *poll, time_ms now, struct error *error);

/* Look through the directories for recordings of calls that began in the period (its clock). */
enum poll_end heal_listings(struct poll *poll, time_ms from_at, time_ms until_at, time_ms now,
                            struct error *error);

#endif

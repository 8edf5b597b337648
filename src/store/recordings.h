/* Recordings: what should exist on a PBX, where it ended, and every attempt to get it. */
#ifndef STORE_RECORDINGS_H
#define STORE_RECORDINGS_H

#include "core/arena.h"
#include "core/time.h"
#include "store/db.h"
#include "store/jobs.h"

#define RECORDING_WAITING "waiting"
#define RECORDING_FETCHING "fetching"
#define RECORDING_STORED "stored"
#define RECORDING_MISSING "missing"

struct recording {
    int64_t id, tenant_id, pbx_id, call_id;
    const char *path; /* As the PBX names it; never a path of ours. */
    const char *acct_id, *uniqueid, *action_type, *direction;
    time_ms started_at;
    int64_t talk_s, expected_bytes, expected_seconds; /* -1: the PBX names no figure */
    const char *state, *reason, *detail;
    int64_t attempt_count;
    time_ms next_try_at, wanted_since;
    const char *blob_key, *container;
    int64_t stored_bytes;
    double stored_seconds; /* < 0: unknown */
    const char *sha256;
    time_ms stored_at;
    time_ms damaged_at; /* Its stored file was found damaged then and is wanted again; 0: no. */
    const char *found_path, *rung;
    const char *transcript_state, *insight_state; /* none waiting running ready failed */
};

/* NULL when there is none. */
MUST_USE bool recording_find(struct db *db, struct arena *arena, int64_t id,
                             struct recording **found_out, struct error *error);
/* All recordings of a call, also those that another call's legs named first. */
MUST_USE bool recording_list(struct db *db, struct arena *arena, int64_t call_id,
                             struct recording **list_out, size_t *count_out, struct error *error);

/* A try begins: state `fetching`. */
MUST_USE bool recording_fetching(struct db *db, int64_t id, struct error *error);
/* The proof. Inside the transaction that moves the job on. */
struct recording_proof {
    const char *blob_key, *container, *sha256, *found_path, *rung;
    int64_t bytes;
    double seconds;
};
MUST_USE bool recording_stored(struct db *db, int64_t id, const struct recording_proof *proof,
                               const char *transcript_state, time_ms now, struct error *error);
/* Its file was found damaged or gone: it is wanted again, due now. Only while it is stored just as
 * it was seen: *changed_out is false otherwise. `lane_id` is its PBX's fetch lane. Inside a
 * transaction. */
MUST_USE bool recording_damaged(struct db *db, const struct recording *seen, int64_t lane_id,
                                const char *reason, const char *detail, time_ms now,
                                bool *changed_out, struct error *error);
/* Its file looked wrong to somebody who needed it: it is to be read back soon. */
MUST_USE bool recording_suspect(struct db *db, int64_t id, struct error *error);
/* Not yet (`waiting`, with the next try) or given up (`missing`, next_try_at 0). */
MUST_USE bool recording_not_stored(struct db *db, int64_t id, const char *state, const char *reason,
                                   const char *detail, time_ms next_try_at, struct error *error);
/* The PBX cannot be asked: recordings that wait for their first try wait for this reason now; and,
 * when it is not asked again before a person acts (`is_stopped`), all that wait, with no next try.
 */
MUST_USE bool recording_blocked(struct db *db, int64_t pbx_id, bool is_stopped, const char *reason,
                                const char *detail, struct error *error);
MUST_USE bool recording_stage_set(struct db *db, int64_t id, const char *transcript_state,
                                  const char *insight_state, struct error *error);
/* A person asks again for what is not stored of a call: waiting, due now. `lane_id` is its PBX's
 * fetch lane; *retried_out counts them. Inside a transaction. */
MUST_USE bool recording_retry_call(struct db *db, struct arena *arena, int64_t call_id,
                                   int64_t lane_id, time_ms now, int *retried_out,
                                   struct error *error);

struct attempt_row {
    int64_t id, tenant_id, pbx_id, recording_id; /* recording_id 0: not for one recording */
    time_ms at;
    const char *purpose, *method, *url, *request; /* Secrets masked by who made it. */
    int http_status;                              /* 0: none came */
    const char *content_type;
    int64_t content_length, bytes; /* -1: unknown */
    const char *first_bytes, *verdict, *reason;
    int64_t duration_ms;
    const char *tls_pin;
};
MUST_USE bool attempt_add(struct db *db, const struct attempt_row *attempt, struct error *error);
/* Of all recordings of a call, oldest first, at most 1000. */
MUST_USE bool attempt_list(struct db *db, struct arena *arena, int64_t call_id,
                           struct attempt_row **list_out, size_t *count_out, struct error *error);

struct transcript_row {
    int64_t recording_id, tenant_id;
    const char *engine, *engine_version, *model, *language;
    const char *content; /* JSON as in product.md section 4 */
    double audio_seconds, cpu_seconds;
};
/* Replaces an older one. */
MUST_USE bool transcript_put(struct db *db, const struct transcript_row *transcript, time_ms now,
                             struct error *error);
/* The JSON, or NULL. */
MUST_USE bool transcript_get(struct db *db, struct arena *arena, int64_t recording_id,
                             const char **content_out, struct error *error);
MUST_USE bool insight_put(struct db *db, int64_t recording_id, int64_t tenant_id, const char *kind,
                          const char *method, const char *version, const char *content, time_ms now,
                          struct error *error);
MUST_USE bool insight_get(struct db *db, struct arena *arena, int64_t recording_id,
                          const char *kind, const char **content_out, struct error *error);

/* One line of a call's history. Instants of equal milliseconds keep their order. */
struct event_row {
    int64_t id, tenant_id, call_id, recording_id;
    time_ms at;
    const char *stage, *event, *detail;
};
MUST_USE bool event_add(struct db *db, const struct event_row *event, struct error *error);
MUST_USE bool event_list(struct db *db, struct arena *arena, int64_t call_id,
                         struct event_row **list_out, size_t *count_out, struct error *error);
/* Events of all tenants after an id, oldest first, at most 200: what the dashboard is told live. */
MUST_USE bool event_list_after(struct db *db, struct arena *arena, int64_t after_id,
                               struct event_row **list_out, size_t *count_out, struct error *error);

#endif

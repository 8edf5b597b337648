/*
 * Stage: a transcript becomes insight. So far the talk metrics: exact by definition, evidence being
 * the transcript's own times. Further kinds (sentiment, summary …) are further rows under the same
 * recording.
 */
#include <string.h>

#include "core/crash.h"
#include "core/json.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/rowid.h"
#include "insight/talk.h"
#include "jobs/stage.h"
#include "store/recordings.h"

static const char KIND_TALK[] = "talk";

/* The stored transcript; false with ERROR_CORRUPT when it cannot be read back. */
static bool transcript_read(struct worker *worker, int64_t recording_id,
                            struct transcript *transcript_out, struct error *error)
{
    const char *content = NULL;

    if (!transcript_get(worker->db, worker->arena, recording_id, &content, error)) {
        return false;
    }
    if (content == NULL) {
        return error_set(error, ERROR_CORRUPT, "the recording has no transcript");
    }
    AUTO(json_release) json_t *json = json_read(content, strlen(content), error);
    return json != NULL && transcript_from_json(worker->arena, json, transcript_out, error);
}

static bool ready_settle(struct worker *worker, const struct job *job,
                         const struct recording *recording, const struct transcript *transcript,
                         struct error *error)
{
    struct talk talk = talk_measure(transcript);
    AUTO(json_release) json_t *json = talk_to_json(&talk);
    AUTO(free) char *content = json_dumps(json, JSON_COMPACT);
    const char *method = json_text(json, "method", "");

    return db_begin(worker->db, error) &&
           insight_put(worker->db, recording->id, recording->tenant_id, KIND_TALK, method,
                       AUDIAPRO_VERSION, content, time_now(), error) &&
           recording_stage_set(worker->db, recording->id, recording->transcript_state, "ready",
                               error) &&
           stage_event(worker, recording, "ready",
                       arena_print(worker->arena, "talk metrics over %zu segments",
                                   transcript->segment_count),
                       error) &&
           job_remove(worker->db, job, error) && crash_point("analyse.written") &&
           db_commit(worker->db, error) && crash_point("analyse.committed");
}

static bool failed_settle(struct worker *worker, const struct job *job,
                          const struct recording *recording, const char *detail,
                          struct error *error)
{
    return db_begin(worker->db, error) &&
           recording_stage_set(worker->db, recording->id, recording->transcript_state, "failed",
                               error) &&
           stage_event(worker, recording, "failed", detail, error) &&
           job_remove(worker->db, job, error) && db_commit(worker->db, error);
}

bool stage_analyse(struct worker *worker, const struct job *job, struct error *error)
{
    struct recording *recording = NULL;
    struct transcript transcript;
    struct error problem = { 0 };
    char id[ROW_ID_TEXT_SIZE];

    crash_point("analyse.claimed");
    if (!recording_find(worker->db, worker->arena, job->subject_id, &recording, error)) {
        return false;
    }
    if (recording == NULL) {
        return job_remove(worker->db, job, error);
    }
    if (transcript_read(worker, recording->id, &transcript, &problem)) {
        return ready_settle(worker, job, recording, &transcript, error);
    }
    if (problem.kind != ERROR_CORRUPT && problem.kind != ERROR_INVALID) {
        *error = problem;
        return false; /* The database: later. */
    }
    log_warn("insight.failed", "recording", row_id_print(recording->id, id), "error",
             problem.message, NULL);
    return failed_settle(worker, job, recording, problem.message, error);
}

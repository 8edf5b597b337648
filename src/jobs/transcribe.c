/*
 * Stage: a stored recording becomes a transcript. The work is done by a child process without
 * network or secrets (speech/speech.h); whatever happens to it, this process only sees a result or
 * an error.
 */
#include <string.h>

#include "core/crash.h"
#include "core/file.h"
#include "core/json.h"
#include "core/log.h"
#include "core/memory.h"
#include "core/rowid.h"
#include "jobs/stage.h"
#include "store/recordings.h"

enum { NO_ENGINE_WAIT_MS = 60 * SECOND_MS, RETRY_WAIT_MS = 30 * SECOND_MS };

/* Who is on which channel: a UCM writes the caller left, the callee right. */
struct sides {
    const char *direction;
    const char *left;
    const char *right;
};
static const struct sides sides[] = {
    { "inbound", "customer", "agent" },
    { "outbound", "agent", "customer" },
};

static void speakers_name(struct transcript *transcript, const char *direction)
{
    for (size_t i = 0; i < COUNT_OF(sides); i++) {
        if (direction != NULL && strcmp(sides[i].direction, direction) == 0) {
            transcript_speakers_name(transcript, sides[i].left, sides[i].right);
            return;
        }
    }
    transcript_speakers_name(transcript, "caller", "callee");
}

static bool ready_settle(struct worker *worker, const struct job *job,
                         const struct recording *recording, const struct transcript *transcript,
                         struct error *error)
{
    AUTO(json_release) json_t *json = transcript_to_json(transcript);
    AUTO(free) char *content = json_dumps(json, JSON_COMPACT);
    int64_t lane = 0;
    time_ms now = time_now();
    const char *detail =
        arena_print(worker->arena, "%zu segments, %s %s, %.1f s of audio in %.1f CPU s",
                    transcript->segment_count, transcript->engine, transcript->model,
                    transcript->audio_seconds, transcript->cpu_seconds);
    struct transcript_row row = { .recording_id = recording->id,
                                  .tenant_id = recording->tenant_id,
                                  .engine = transcript->engine,
                                  .engine_version = transcript->engine_version,
                                  .model = transcript->model,
                                  .language = transcript->language,
                                  .content = content,
                                  .audio_seconds = transcript->audio_seconds,
                                  .cpu_seconds = transcript->cpu_seconds };

    return db_begin(worker->db, error) &&
           lane_ensure(worker->db, LANE_ANALYSE, recording->tenant_id, 1000, &lane, error) &&
           transcript_put(worker->db, &row, now, error) &&
           recording_stage_set(worker->db, recording->id, "ready", "waiting", error) &&
           stage_event(worker, recording, "ready", detail, error) &&
           job_move(worker->db, job, lane, now, error) && crash_point("transcribe.written") &&
           db_commit(worker->db, error) && crash_point("transcribe.committed");
}

/* `event`: "waiting" with a later try, or "failed" for good. */
static bool not_ready_settle(struct worker *worker, const struct job *job,
                             const struct recording *recording, time_ms run_at, const char *detail,
                             struct error *error)
{
    bool is_final = run_at == 0;

    return db_begin(worker->db, error) &&
           recording_stage_set(worker->db, recording->id, is_final ? "failed" : "waiting", "none",
                               error) &&
           stage_event(worker, recording, is_final ? "failed" : "waiting", detail, error) &&
           (is_final ? job_remove(worker->db, job, error)
                     : job_delay(worker->db, job, run_at, error)) &&
           db_commit(worker->db, error);
}

/* When to try again after this error; 0: never. A missing engine or model is nobody's fault but the
 * operator's. */
static time_ms retry_at(const struct worker *worker, const struct job *job,
                        const struct error *error, time_ms now)
{
    switch (error->kind) {
    case ERROR_NOT_FOUND:
        return now + NO_ENGINE_WAIT_MS;
    case ERROR_TIMEOUT:
    case ERROR_SYSTEM:
    case ERROR_BUSY:
    case ERROR_UNREACHABLE:
        return job->attempt < worker->stage->tries_max ? now + RETRY_WAIT_MS : 0;
    case ERROR_NONE:
    case ERROR_INVALID:
    case ERROR_DENIED:
    case ERROR_LIMIT:
    case ERROR_CORRUPT:
        return 0;
    }
    return 0;
}

bool stage_transcribe(struct worker *worker, const struct job *job, struct error *error)
{
    struct recording *recording = NULL;
    struct transcript transcript;
    struct error problem = { 0 };
    uint64_t size = 0;
    char id[ROW_ID_TEXT_SIZE];
    AUTO(file_close) int file = -1;

    crash_point("transcribe.claimed");
    if (!recording_find(worker->db, worker->arena, job->subject_id, &recording, error)) {
        return false;
    }
    if (recording == NULL || recording->blob_key == NULL) {
        return job_remove(worker->db, job, error);
    }
    bool is_ready = recording_stage_set(worker->db, recording->id, "running", "none", error) &&
                    blob_read(worker->world->blob, recording->blob_key, &file, &size, &problem) &&
                    speech_transcribe(&worker->world->speech, file, recording->blob_key,
                                      worker->arena, &transcript, &problem);
    if (is_ready) {
        speakers_name(&transcript, recording->direction);
        log_info("transcript.ready", "recording", row_id_print(recording->id, id), "segments",
                 LOG_NUMBER(transcript.segment_count), "cpu_ms",
                 LOG_NUMBER(transcript.cpu_seconds * 1000), NULL);
        return ready_settle(worker, job, recording, &transcript, error);
    }
    if (problem.kind == ERROR_NONE) {
        return false; /* The database failed before the engine was asked. */
    }
    log_warn("transcript.not_ready", "recording", row_id_print(recording->id, id), "error",
             problem.message, NULL);
    return not_ready_settle(worker, job, recording, retry_at(worker, job, &problem, time_now()),
                            problem.message, error);
}

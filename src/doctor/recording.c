/* One real recording, fetched as collection fetches it, into memory only, and decoded. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "audio/audio.h"
#include "core/file.h"
#include "doctor/inside.h"
#include "store/recordings.h"

enum {
    FINISHED_AFTER_MS = 2 * MINUTE_MS, /* A PBX may still be writing a younger one. */
    GONE_AFTER_MS = HOUR_MS,           /* Older ones are no more on their way. */
};

/* What is to be fetched, and what our own tables know of it. */
struct candidate {
    struct pbx_wanted wanted;
    const char *source; /* "named by our newest call record" … */
    const char *sha256; /* Of the stored copy; NULL: none */
    bool is_known;      /* A call record names it. */
};

static bool candidate_query(struct doctor *doctor, const char *sql, const struct db_value *values,
                            size_t value_count, struct candidate *candidate)
{
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    struct arena *arena = doctor->arena;
    struct error error;

    if (!db_query(doctor->request->db, sql, values, value_count, &rows, &error) ||
        db_next(&rows, &error) != DB_ROW) {
        return false;
    }
    candidate->wanted = (struct pbx_wanted){
        .path = arena_copy_text(arena, db_text(&rows, 0)),
        .acct_id = arena_copy_text(arena, db_text(&rows, 1)),
        .uniqueid = arena_copy_text(arena, db_text(&rows, 2)),
        .action_type = arena_copy_text(arena, db_text(&rows, 3)),
        .direction = arena_copy_text(arena, db_text(&rows, 4)),
        .started_at = db_int(&rows, 5),
        .talk_s = db_int_or(&rows, 6, -1),
        .expected_bytes = db_int_or(&rows, 7, -1),
        .expected_seconds = db_int_or(&rows, 8, -1),
    };
    candidate->sha256 = arena_copy_text(arena, db_text(&rows, 9));
    candidate->is_known = true;
    return true;
}

#define COLUMNS                                                                                    \
    "SELECT path, acct_id, uniqueid, action_type, direction, started_at, talk_s, expected_bytes,"  \
    " expected_seconds, sha256 FROM recording WHERE pbx_id = $1 "

static bool candidate_given(struct doctor *doctor, struct candidate *candidate)
{
    static const char SQL[] = COLUMNS "AND path = $2";
    const char *path = doctor->request->recording;

    candidate->source = "the one that was asked for";
    if (!candidate_query(doctor, SQL, DB_VALUES(DB_INT(doctor->request->pbx->id), DB_TEXT(path)),
                         candidate)) {
        candidate->wanted = (struct pbx_wanted){ .path = path,
                                                 .started_at = name_instant(path),
                                                 .expected_bytes = -1,
                                                 .expected_seconds = -1,
                                                 .talk_s = -1 };
    }
    return true;
}

static bool candidate_ours(struct doctor *doctor, time_ms before_at, struct candidate *candidate)
{
    /* Calls are told nearly in their order: the newest is among the last few hundred rows. It is
     * held in memory, so an hour-long one is taken only where there is no other. */
    static const char SQL[] = COLUMNS "AND id IN (SELECT id FROM recording WHERE pbx_id = $1 AND "
                                      "started_at < $2 ORDER BY id DESC LIMIT 200)"
                                      " ORDER BY CASE WHEN talk_s > 1800 THEN 1 ELSE 0 END,"
                                      " started_at DESC LIMIT 1";

    candidate->source = "the newest that our call records name";
    return candidate_query(
        doctor, SQL, DB_VALUES(DB_INT(doctor->request->pbx->id), DB_INT(before_at)), candidate);
}

static bool candidate_theirs(struct doctor *doctor, struct candidate *candidate)
{
    if (doctor->newest.path == NULL) {
        return false;
    }
    candidate->wanted = doctor->newest;
    candidate->source = "the newest that the PBX's call records name";
    candidate->is_known = true;
    return true;
}

static bool candidate_listed(struct doctor *doctor, struct candidate *candidate)
{
    if (doctor->newest_listed == NULL) {
        return false;
    }
    candidate->wanted = (struct pbx_wanted){ .path = doctor->newest_listed,
                                             .started_at = doctor->newest_listed_at,
                                             .expected_bytes = -1,
                                             .expected_seconds = -1,
                                             .talk_s = -1 };
    candidate->source = "the newest that the PBX lists";
    return true;
}

static bool candidate_find(struct doctor *doctor, struct candidate *candidate)
{
    time_ms now = time_now();

    if (doctor->request->recording != NULL) {
        return candidate_given(doctor, candidate);
    }
    return candidate_ours(doctor, now - FINISHED_AFTER_MS, candidate) ||
           candidate_theirs(doctor, candidate) || candidate_ours(doctor, now + DAY_MS, candidate) ||
           candidate_listed(doctor, candidate);
}

/* ---- What came of it ---- */

static void gone_tell(struct doctor *doctor, struct finding *finding,
                      const struct candidate *candidate, const struct pbx_outcome *outcome)
{
    char at[TIME_TEXT_SIZE];

    finding_fail(finding, REASON_DELETED_ON_PBX,
                 "%s (%s): the PBX has it in no folder any more (%s)", candidate->wanted.path,
                 candidate->source, outcome->detail);
    if (candidate->wanted.started_at > 0) {
        finding_add(finding, "; the call was at %s UTC",
                    moment_print(candidate->wanted.started_at, at));
    }
    if (doctor->oldest_listed_at > 0) {
        finding_add(finding, "; the oldest file that the PBX still lists is of %s UTC",
                    moment_print(doctor->oldest_listed_at, at));
    }
    finding_advise(finding,
                   "Lengthen the time before automatic deletion in Maintenance > System "
                   "Cleanup/Reset > Cleaner of the PBX to several days, and check that the medium "
                   "in PBX Settings > Recordings Storage Settings is connected. What is deleted "
                   "there cannot be fetched any more.");
}

static void not_there_tell(struct doctor *doctor, struct finding *finding,
                           const struct candidate *candidate, const struct pbx_outcome *outcome)
{
    time_ms at = candidate->wanted.started_at;

    if (at > 0 && time_now() - at > GONE_AFTER_MS) {
        gone_tell(doctor, finding, candidate, outcome);
    } else if (candidate->is_known) {
        finding_warn(finding, REASON_NOT_THERE_YET, "%s (%s) is not there yet: %s",
                     candidate->wanted.path, candidate->source, outcome->detail);
    } else {
        finding_fail(finding, REASON_NOT_THERE_YET, "%s (%s): %s", candidate->wanted.path,
                     candidate->source, outcome->detail);
        finding_advise(finding, "Check the path: audiapro calls show ID prints it as the PBX "
                                "names it, month folder and all.");
    }
}

static void refused_tell(struct doctor *doctor, struct finding *finding,
                         const struct candidate *candidate, const struct pbx_outcome *outcome)
{
    if (outcome->reason == REASON_NOT_THERE_YET) {
        not_there_tell(doctor, finding, candidate, outcome);
    } else {
        finding_fail(finding, outcome->reason, "%s (%s): %s", candidate->wanted.path,
                     candidate->source, outcome->detail);
    }
}

static void sound_tell(struct finding *finding, const struct candidate *candidate,
                       const struct pbx_outcome *outcome, int file)
{
    struct audio_facts facts = { .rate = 0 };
    struct error error = { 0 };

    if (!decode_caged(file, &facts, &error)) {
        finding_fail(finding, REASON_UNKNOWN_CONTAINER,
                     "%s (%s): fetched by %s, %lld bytes of %s, but not decoded: %s",
                     candidate->wanted.path, candidate->source, outcome->rung,
                     (long long)outcome->bytes, outcome->container, error.message);
        return;
    }
    finding_fine(finding,
                 "%s (%s): fetched by %s, %lld bytes; decoded: %s, %u Hz, %u channel%s, "
                 "%.1f s, loudest %.0f %%",
                 candidate->wanted.path, candidate->source, outcome->rung,
                 (long long)outcome->bytes, facts.codec, facts.rate, facts.channels,
                 facts.channels == 1 ? "" : "s", facts.seconds, (double)facts.peak * 100);
    if (candidate->sha256 != NULL) {
        finding_add(finding, "; %s",
                    strcmp(candidate->sha256, outcome->sha256) == 0
                        ? "byte for byte what is stored here"
                        : "not the same bytes as are stored here");
    }
}

void step_recording(struct doctor *doctor, struct finding *finding)
{
    struct candidate candidate = { .source = "" };
    struct pbx_outcome outcome;
    struct error error = { 0 };

    if (doctor->is_stopped || doctor->is_recording_refused) {
        finding_skip(finding, "not tried: '%s' comes first", "Permissions");
        return;
    }
    if (!candidate_find(doctor, &candidate)) {
        finding_skip(finding, "no recording is known yet: make a call, talk ten seconds, and run "
                              "the doctor again");
        return;
    }
    doctor->result->facts.recording = candidate.wanted.path;
    AUTO(file_close) int file = memfd_create("recording", MFD_CLOEXEC);
    if (file < 0 || !pbx_fetch(doctor_pbx(doctor), &candidate.wanted, file, &outcome, &error)) {
        finding_fail(finding, REASON_INTERNAL_ERROR, "no memory for the recording: %s",
                     error.message);
    } else if (outcome.reason != REASON_NONE) {
        refused_tell(doctor, finding, &candidate, &outcome);
    } else {
        sound_tell(finding, &candidate, &outcome, file);
    }
}

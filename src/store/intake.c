/*
 * See intake.h. Every column of a call is a function of the set of its legs, so that legs may come
 * in any order, from any process, any number of times.
 */
#include "store/intake.h"

#include <stdio.h>
#include <string.h>

#include "core/rowid.h"
#include "store/jobs.h"

static bool is_answered(const struct cdr_leg *leg)
{
    return leg->disposition != NULL && strcmp(leg->disposition, "ANSWERED") == 0;
}

/* The side that is ours: an extension, whose recording setting decides whether there is a file. */
static const char *leg_extension(const struct cdr_leg *leg)
{
    switch (leg->direction) {
    case CDR_INBOUND:
        return leg->dstanswer != NULL && leg->dstanswer[0] != '\0' ? leg->dstanswer : leg->dst;
    case CDR_OUTBOUND:
    case CDR_INTERNAL:
    case CDR_UNKNOWN:
        return leg->src;
    }
    return leg->src;
}

static const char *leg_trunk(const struct cdr_leg *leg)
{
    bool has_source = leg->src_trunk != NULL && leg->src_trunk[0] != '\0';

    return has_source ? leg->src_trunk : leg->dst_trunk;
}

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static struct db_value db_instant(time_ms at)
{
    return at > 0 ? DB_INT(at) : DB_NULL;
}

/* ON CONFLICT: min of the starts, max of the ends, names from the first leg, answered if any leg
 * was. */
static const char SQL_CALL[] =
    "INSERT INTO call (id, tenant_id, pbx_id, call_key, first_leg, session, direction, from_number,"
    " to_number, caller_name, started_at, answered_at, ended_at, duration_s, talk_s, disposition,"
    " created_at)"
    " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)"
    " ON CONFLICT (pbx_id, call_key) DO UPDATE SET"
    " direction = CASE WHEN excluded.first_leg < call.first_leg THEN excluded.direction ELSE "
    "call.direction END,"
    " from_number = CASE WHEN excluded.first_leg < call.first_leg THEN excluded.from_number ELSE "
    "call.from_number END,"
    " to_number = CASE WHEN excluded.first_leg < call.first_leg THEN excluded.to_number ELSE "
    "call.to_number END,"
    " caller_name = CASE WHEN excluded.first_leg < call.first_leg THEN excluded.caller_name ELSE "
    "call.caller_name END,"
    " disposition = CASE WHEN call.disposition = 'ANSWERED' OR excluded.disposition = 'ANSWERED' "
    "THEN 'ANSWERED'"
    "   WHEN excluded.first_leg < call.first_leg THEN excluded.disposition ELSE call.disposition "
    "END,"
    " first_leg = CASE WHEN excluded.first_leg < call.first_leg THEN excluded.first_leg ELSE "
    "call.first_leg END,"
    " started_at = CASE WHEN excluded.started_at < call.started_at THEN excluded.started_at ELSE "
    "call.started_at END,"
    " answered_at = CASE WHEN call.answered_at IS NULL OR excluded.answered_at < call.answered_at"
    "   THEN excluded.answered_at ELSE call.answered_at END,"
    " ended_at = CASE WHEN call.ended_at IS NULL OR excluded.ended_at > call.ended_at"
    "   THEN excluded.ended_at ELSE call.ended_at END,"
    " duration_s = CASE WHEN call.duration_s IS NULL OR excluded.duration_s > call.duration_s"
    "   THEN excluded.duration_s ELSE call.duration_s END,"
    " talk_s = CASE WHEN call.talk_s IS NULL OR excluded.talk_s > call.talk_s"
    "   THEN excluded.talk_s ELSE call.talk_s END";
static const char SQL_CALL_FIND[] = "SELECT id FROM call WHERE call_key = $1 AND pbx_id = $2";

static bool call_upsert(struct db *db, const struct intake_webhook *webhook,
                        const struct cdr_leg *leg, const char *key, int64_t id, struct error *error)
{
    char first_leg[64];
    time_ms started_at = leg->started_at > 0 ? leg->started_at : webhook->received_at;

    IGNORE(snprintf(first_leg, sizeof first_leg, "%016llx/%20.20s", (unsigned long long)started_at,
                    text_or_empty(leg->acct_id)),
           "a longer AcctId is cut: only the order of equal starts suffers");
    return db_run(db, SQL_CALL,
                  DB_VALUES(DB_INT(id), DB_INT(webhook->tenant_id), DB_INT(webhook->pbx_id),
                            DB_TEXT(key), DB_TEXT(first_leg), DB_TEXT(leg->session),
                            DB_TEXT(cdr_direction_name(leg->direction)), DB_TEXT(leg->src),
                            DB_TEXT(leg->dst), DB_TEXT(leg->caller_name), DB_INT(started_at),
                            is_answered(leg) ? db_instant(leg->answered_at) : DB_NULL,
                            db_instant(leg->ended_at), DB_KNOWN_INT(leg->duration_s),
                            DB_KNOWN_INT(leg->talk_s), DB_TEXT(leg->disposition),
                            DB_INT(webhook->received_at)),
                  NULL, error);
}

/* The old API's records may have no session where a webhook's had one: then legs of one channel
 * belong together. *key_out is kept in `room` when it is not the leg's own. */
static bool key_find(struct db *db, const struct intake_webhook *webhook, const struct cdr_leg *leg,
                     char room[CDR_FIELD_SIZE_MAX + 1], const char **key_out, struct error *error)
{
    static const char SQL[] =
        "SELECT call.call_key FROM leg JOIN call ON call.id = leg.call_id"
        " WHERE leg.uniqueid = $1 AND leg.pbx_id = $2 ORDER BY leg.acct_id LIMIT 1";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };

    *key_out = cdr_call_key(leg);
    if (text_or_empty(leg->session)[0] != '\0' || text_or_empty(leg->uniqueid)[0] == '\0') {
        return true;
    }
    if (!db_query(db, SQL, DB_VALUES(DB_TEXT(leg->uniqueid), DB_INT(webhook->pbx_id)), &rows,
                  error)) {
        return false;
    }
    enum db_step step = db_next(&rows, error);
    if (step == DB_ROW) {
        IGNORE(snprintf(room, CDR_FIELD_SIZE_MAX + 1, "%s", db_text(&rows, 0)),
               "no field is longer");
        *key_out = room;
    }
    return step != DB_FAILED;
}

static const char SQL_LEG[] = "INSERT INTO leg (pbx_id, acct_id, uniqueid, call_id, webhook_id, "
                              "fields, started_at, disposition,"
                              " talk_s, extension, trunk, recording_count)"
                              " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)"
                              " ON CONFLICT (pbx_id, acct_id, uniqueid) DO NOTHING";
static const char SQL_LEG_FIND[] =
    "SELECT call_id FROM leg WHERE pbx_id = $1 AND acct_id = $2 AND uniqueid = $3";
/* A replay that names more recordings than the leg had: its fields are the newer truth. */
static const char SQL_LEG_NAMED[] =
    "UPDATE leg SET recording_count = $4, fields = $5 WHERE pbx_id = $1 AND acct_id = $2"
    " AND uniqueid = $3 AND recording_count < $4";

static bool leg_find(struct db *db, const struct intake_webhook *webhook, const struct cdr_leg *leg,
                     int64_t *call_id_out, struct error *error)
{
    return db_run_number(db, SQL_LEG_FIND,
                         DB_VALUES(DB_INT(webhook->pbx_id), DB_TEXT(text_or_empty(leg->acct_id)),
                                   DB_TEXT(text_or_empty(leg->uniqueid))),
                         0, call_id_out, error);
}

static bool leg_insert(struct db *db, const struct intake_webhook *webhook,
                       const struct cdr_leg *leg, int64_t call_id, int64_t webhook_id,
                       bool *is_new_out, struct error *error)
{
    const char *fields = webhook->is_body_the_leg ? NULL : leg->fields_json;
    int64_t changed = 0;

    if (!db_run(db, SQL_LEG,
                DB_VALUES(DB_INT(webhook->pbx_id), DB_TEXT(text_or_empty(leg->acct_id)),
                          DB_TEXT(text_or_empty(leg->uniqueid)), DB_INT(call_id),
                          DB_INT(webhook_id), DB_TEXT(fields), db_instant(leg->started_at),
                          DB_TEXT(leg->disposition), DB_KNOWN_INT(leg->talk_s),
                          DB_TEXT(leg_extension(leg)), DB_TEXT(leg_trunk(leg)),
                          DB_INT((int64_t)leg->recording_count)),
                &changed, error)) {
        return false;
    }
    *is_new_out = changed == 1;
    return true;
}

/* Why a PBX is stopped is read here, where no stop can come in between: whoever took the webhook in
 * may not have known of it. */
static const char SQL_RECORDING[] =
    "INSERT INTO recording (id, tenant_id, pbx_id, call_id, path, acct_id, uniqueid, action_type,"
    " direction, started_at, talk_s, expected_bytes, expected_seconds, state, reason, next_try_at,"
    " wanted_since)"
    " SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, 'waiting',"
    "   coalesce(stop_reason, $14), CASE WHEN stop_reason IS NULL THEN $15 END, $16"
    " FROM pbx WHERE pbx.id = $3"
    " ON CONFLICT (pbx_id, path) DO NOTHING";
static const char SQL_RECORDING_ALSO[] =
    "INSERT INTO recording_also (call_id, recording_id)"
    " SELECT $3, id FROM recording WHERE pbx_id = $1 AND path = $2 AND call_id <> $3"
    " ON CONFLICT (call_id, recording_id) DO NOTHING";

/* The call that was made up for the file of that path; 0: there is none. */
static const char SQL_FILE_CALL[] =
    "SELECT recording.call_id FROM recording JOIN leg ON leg.call_id = recording.call_id"
    " JOIN webhook ON webhook.id = leg.webhook_id"
    " WHERE recording.pbx_id = $1 AND recording.path = $2 AND recording.call_id <> $3"
    " AND leg.acct_id = '" LEG_OF_FILE "' AND webhook.peer = '" PEER_LISTING "'"
    " AND (SELECT count(*) FROM leg AS other WHERE other.call_id = recording.call_id) = 1";
static const char SQL_FILE_RECORDING[] =
    "UPDATE recording SET call_id = $2, acct_id = $3, uniqueid = $4, action_type = $5,"
    " direction = $6 WHERE call_id = $1";
static const char SQL_FILE_EVENTS[] = "UPDATE event SET call_id = $2 WHERE call_id = $1";
static const char SQL_FILE_LEG[] = "DELETE FROM leg WHERE call_id = $1";
static const char SQL_FILE_END[] = "DELETE FROM call WHERE id = $1";

/* Its record has come: the file belongs to a call, and is none of its own any more. */
static bool file_adopt(struct db *db, const struct intake_webhook *webhook,
                       const struct cdr_leg *leg, const char *path, int64_t call_id,
                       bool *adopted_out, struct error *error)
{
    int64_t file_call_id = 0;

    *adopted_out = false;
    if (strcmp(text_or_empty(leg->acct_id), LEG_OF_FILE) == 0) {
        return true;
    }
    if (!db_run_number(db, SQL_FILE_CALL,
                       DB_VALUES(DB_INT(webhook->pbx_id), DB_TEXT(path), DB_INT(call_id)), 0,
                       &file_call_id, error)) {
        return false;
    }
    if (file_call_id == 0) {
        return true;
    }
    *adopted_out = true;
    return db_run(db, SQL_FILE_RECORDING,
                  DB_VALUES(DB_INT(file_call_id), DB_INT(call_id), DB_TEXT(leg->acct_id),
                            DB_TEXT(leg->uniqueid), DB_TEXT(leg->action_type),
                            DB_TEXT(cdr_direction_name(leg->direction))),
                  NULL, error) &&
           db_run(db, SQL_FILE_EVENTS, DB_VALUES(DB_INT(file_call_id), DB_INT(call_id)), NULL,
                  error) &&
           db_run(db, SQL_FILE_LEG, DB_VALUES(DB_INT(file_call_id)), NULL, error) &&
           db_run(db, SQL_FILE_END, DB_VALUES(DB_INT(file_call_id)), NULL, error);
}

/* Another leg has named it before; perhaps one of another call. */
static bool recording_share(struct db *db, const struct intake_webhook *webhook,
                            const struct cdr_leg *leg, const char *path, int64_t call_id,
                            struct error *error)
{
    bool is_adopted = false;

    return file_adopt(db, webhook, leg, path, call_id, &is_adopted, error) &&
           (is_adopted || db_run(db, SQL_RECORDING_ALSO,
                                 DB_VALUES(DB_INT(webhook->pbx_id), DB_TEXT(path), DB_INT(call_id)),
                                 NULL, error));
}

static bool fetch_queue(struct db *db, const struct intake_webhook *webhook, int64_t recording_id,
                        time_ms fetch_at, struct error *error)
{
    return (webhook->is_history ? job_add_history : job_add)(
        db, recording_id, webhook->fetch_lane_id, webhook->tenant_id, fetch_at,
        webhook->received_at, error);
}

static bool recording_keep(struct db *db, const struct intake_webhook *webhook,
                           const struct cdr_leg *leg, const struct cdr_recording *recording,
                           int64_t call_id, bool *is_new_out, struct error *error)
{
    int64_t id = row_id_new(webhook->received_at);
    time_ms fetch_at = webhook->fetch_at > 0 ? webhook->fetch_at : webhook->received_at;
    int64_t changed = 0;
    bool is_only_one = leg->recording_count == 1;
    const struct reason_info *waits_for = reason_info(webhook->waiting_reason);

    if (!db_run(db, SQL_RECORDING,
                DB_VALUES(DB_INT(id), DB_INT(webhook->tenant_id), DB_INT(webhook->pbx_id),
                          DB_INT(call_id), DB_TEXT(recording->path), DB_TEXT(leg->acct_id),
                          DB_TEXT(leg->uniqueid), DB_TEXT(leg->action_type),
                          DB_TEXT(cdr_direction_name(leg->direction)),
                          DB_INT(leg->started_at > 0 ? leg->started_at : webhook->received_at),
                          is_only_one ? DB_KNOWN_INT(leg->talk_s) : DB_NULL,
                          DB_KNOWN_INT(recording->bytes), DB_KNOWN_INT(recording->seconds),
                          DB_TEXT(waits_for->code),
                          waits_for->stops_pbx ? DB_NULL : DB_INT(fetch_at), DB_INT(fetch_at)),
                &changed, error)) {
        return false;
    }
    *is_new_out = changed == 1;
    if (!*is_new_out) {
        return recording_share(db, webhook, leg, recording->path, call_id, error);
    }
    return fetch_queue(db, webhook, id, fetch_at, error);
}

static bool recordings_keep(struct db *db, const struct intake_webhook *webhook,
                            const struct cdr_leg *leg, int64_t call_id, size_t *new_count_out,
                            struct error *error)
{
    *new_count_out = 0;
    for (size_t i = 0; i < leg->recording_count; i++) {
        bool is_new = false;
        if (!recording_keep(db, webhook, leg, &leg->recordings[i], call_id, &is_new, error)) {
            return false;
        }
        *new_count_out += is_new ? 1 : 0;
    }
    return true;
}

/* Recordings that an old leg names only now, and its fields with them. */
static bool leg_named(struct db *db, const struct intake_webhook *webhook,
                      const struct cdr_leg *leg, struct error *error)
{
    return db_run(db, SQL_LEG_NAMED,
                  DB_VALUES(DB_INT(webhook->pbx_id), DB_TEXT(text_or_empty(leg->acct_id)),
                            DB_TEXT(text_or_empty(leg->uniqueid)),
                            DB_INT((int64_t)leg->recording_count), DB_TEXT(leg->fields_json)),
                  NULL, error);
}

/* The leg into its call. Most legs are new: so the leg is inserted first, under the call that is
 * there or is to be, and only a replay asks where it was put. Nobody else writes within this
 * transaction, so the call cannot appear between the look and the insert. RETURNING would save the
 * look, but costs SQLite a table in memory each time. */
static bool leg_place(struct db *db, const struct intake_webhook *webhook,
                      const struct cdr_leg *leg, int64_t webhook_id, int64_t *call_id_out,
                      bool *is_new_out, struct error *error)
{
    char room[CDR_FIELD_SIZE_MAX + 1];
    const char *key = NULL;
    int64_t id = 0;

    if (!key_find(db, webhook, leg, room, &key, error) ||
        !db_run_number(db, SQL_CALL_FIND, DB_VALUES(DB_TEXT(key), DB_INT(webhook->pbx_id)), 0, &id,
                       error)) {
        return false;
    }
    *call_id_out = id != 0 ? id : row_id_new(webhook->received_at);
    if (!leg_insert(db, webhook, leg, *call_id_out, webhook_id, is_new_out, error)) {
        return false;
    }
    return *is_new_out ? call_upsert(db, webhook, leg, key, *call_id_out, error)
                       : leg_find(db, webhook, leg, call_id_out, error);
}

static bool leg_keep(struct db *db, const struct intake_webhook *webhook, const struct cdr_leg *leg,
                     int64_t webhook_id, struct intake_result *result, struct error *error)
{
    int64_t call_id = 0;
    size_t new_recording_count = 0;
    bool is_new = false;

    if (!leg_place(db, webhook, leg, webhook_id, &call_id, &is_new, error)) {
        return false;
    }
    if (!recordings_keep(db, webhook, leg, call_id, &new_recording_count, error)) {
        return false;
    }
    if (!is_new && new_recording_count > 0 && !leg_named(db, webhook, leg, error)) {
        return false;
    }
    result->new_leg_count += is_new ? 1 : 0;
    result->new_recording_count += new_recording_count;
    result->call_id = result->call_id != 0 ? result->call_id : call_id;
    return true;
}

static bool body_keep(struct db *db, const struct intake_webhook *webhook, int64_t id,
                      struct error *error)
{
    static const char SQL[] =
        "INSERT INTO webhook (id, tenant_id, pbx_id, received_at, peer, content_type,"
        " content_encoding, body, quarantine) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";

    return db_run(db, SQL,
                  DB_VALUES(DB_INT(id), DB_INT(webhook->tenant_id), DB_INT(webhook->pbx_id),
                            DB_INT(webhook->received_at), DB_TEXT(webhook->peer),
                            DB_TEXT(webhook->content_type), DB_TEXT(webhook->content_encoding),
                            DB_BLOB(webhook->body, webhook->size), DB_TEXT(webhook->quarantine)),
                  NULL, error);
}

/* A sender repeats what it has sent: the same bytes among the newest of the quarantine are a
 * replay. */
static bool quarantine_is_new(struct db *db, const struct intake_webhook *webhook, bool *is_new_out,
                              struct error *error)
{
    static const char SQL[] =
        "SELECT count(*) FROM webhook WHERE id IN (SELECT id FROM webhook WHERE tenant_id = $1"
        " AND quarantine IS NOT NULL ORDER BY id DESC LIMIT 200)"
        " AND length(body) = $2 AND body = $3";
    int64_t count = 0;

    if (!db_run_number(db, SQL,
                       DB_VALUES(DB_INT(webhook->tenant_id), DB_INT((int64_t)webhook->size),
                                 DB_BLOB(webhook->body, webhook->size)),
                       0, &count, error)) {
        return false;
    }
    *is_new_out = count == 0;
    return true;
}

bool store_webhook_keep(struct db *db, const struct intake_webhook *webhook,
                        struct intake_result *result_out, struct error *error)
{
    struct intake_result result = { 0 };
    int64_t id = row_id_new(webhook->received_at);

    for (size_t i = 0; i < webhook->leg_count; i++) {
        if (!leg_keep(db, webhook, &webhook->legs[i], id, &result, error)) {
            return false;
        }
    }
    bool brings_news = result.new_leg_count > 0 || result.new_recording_count > 0;
    bool is_kept = brings_news;
    if (!brings_news && webhook->quarantine != NULL &&
        !quarantine_is_new(db, webhook, &is_kept, error)) {
        return false;
    }
    if (is_kept && !body_keep(db, webhook, id, error)) {
        return false;
    }
    *result_out = result;
    return true;
}

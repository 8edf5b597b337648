/*
 * See migrate.h. Instants are UTC milliseconds; keys are core/rowid.h; texts are UTF-8.
 *
 * A webhook's cost is the number of pages that its rows touch. So keys and indexes begin with what
 * grows with time wherever the question allows it: new rows then share the last page of the tree,
 * and a commit of many webhooks writes that page once. Only three trees begin with a PBX or tenant:
 * call_by_time, recording's (pbx_id, path) and job_due.
 */
#include "store/migrate.h"

#include <string.h>

#include "core/text.h"
#include "core/time.h"
#include "store/driver.h"

static const char SCHEMA_1[] =
    "CREATE TABLE setting (name TEXT PRIMARY KEY, value TEXT NOT NULL) {by key};"

    "CREATE TABLE tenant ("
    "  id {id} PRIMARY KEY, subdomain TEXT NOT NULL UNIQUE, name TEXT NOT NULL,"
    "  webhook_secret TEXT," /* sealed; NULL: webhooks need none */
    "  is_suspended BIGINT NOT NULL DEFAULT 0, created_at BIGINT NOT NULL);"

    "CREATE TABLE pbx ("
    "  id {id} PRIMARY KEY, tenant_id BIGINT NOT NULL REFERENCES tenant(id), name TEXT NOT NULL,"
    "  host TEXT, port BIGINT NOT NULL DEFAULT 0, old_port BIGINT NOT NULL DEFAULT 0,"
    "  username TEXT, password TEXT," /* sealed */
    "  api TEXT NOT NULL DEFAULT 'auto', is_weak_tls_allowed BIGINT NOT NULL DEFAULT 0,"
    "  tls_pin TEXT, tls_certificate TEXT, tls_pinned_at BIGINT,"
    "  serial TEXT, rung TEXT, detected_api TEXT, detected_port BIGINT,"
    "  cookie TEXT, cookie_at BIGINT," /* sealed */
    "  login_worker TEXT, login_until BIGINT NOT NULL DEFAULT 0,"
    "  stop_reason TEXT, stop_detail TEXT, stopped_at BIGINT,"
    "  last_cdr_at BIGINT, created_at BIGINT NOT NULL, edited_at BIGINT NOT NULL);"
    "CREATE INDEX pbx_by_tenant ON pbx (tenant_id);"

    "CREATE TABLE lane ("
    "  id {id} PRIMARY KEY, stage TEXT NOT NULL, owner_id BIGINT NOT NULL, running_max BIGINT "
    "NOT NULL,"
    "  blocked_until BIGINT NOT NULL DEFAULT 0, served_at BIGINT NOT NULL DEFAULT 0,"
    "  UNIQUE (stage, owner_id));"
    "CREATE TABLE job ("
    "  subject_id {id} PRIMARY KEY, lane_id BIGINT NOT NULL, tenant_id BIGINT NOT NULL,"
    "  run_at BIGINT NOT NULL, attempt BIGINT NOT NULL DEFAULT 0, worker TEXT, queued_at BIGINT "
    "NOT NULL);"
    "CREATE INDEX job_due ON job (lane_id, run_at);"
    "CREATE INDEX job_running ON job (lane_id) WHERE worker IS NOT NULL;"

    "CREATE TABLE webhook ("
    "  id {id} PRIMARY KEY, tenant_id BIGINT NOT NULL, pbx_id BIGINT NOT NULL, received_at "
    "BIGINT NOT NULL,"
    "  peer TEXT, content_type TEXT, content_encoding TEXT, body BLOB NOT NULL,"
    "  quarantine TEXT);" /* why it could not be read; NULL: it was */
    "CREATE INDEX webhook_quarantined ON webhook (tenant_id, id) WHERE quarantine IS NOT NULL;"

    "CREATE TABLE call ("
    "  id {id} PRIMARY KEY, tenant_id BIGINT NOT NULL, pbx_id BIGINT NOT NULL, call_key TEXT NOT "
    "NULL,"
    "  first_leg TEXT NOT NULL," /* sorts legs: start, then AcctId; the smallest gives the names
                                    below */
    "  session TEXT, direction TEXT NOT NULL, from_number TEXT, to_number TEXT, caller_name TEXT,"
    "  started_at BIGINT NOT NULL, answered_at BIGINT, ended_at BIGINT, duration_s BIGINT, talk_s "
    "BIGINT,"
    "  disposition TEXT, created_at BIGINT NOT NULL,"
    "  UNIQUE (call_key, pbx_id));"
    "CREATE INDEX call_by_time ON call (tenant_id, started_at, id);"

    "CREATE TABLE leg ("
    "  pbx_id BIGINT NOT NULL, acct_id TEXT NOT NULL, uniqueid TEXT NOT NULL, call_id BIGINT NOT "
    "NULL,"
    "  webhook_id BIGINT NOT NULL,"
    "  fields TEXT," /* NULL: the webhook's body is this leg's object */
    "  started_at BIGINT, disposition TEXT, talk_s BIGINT, extension TEXT, trunk TEXT,"
    "  recording_count BIGINT NOT NULL,"
    "  PRIMARY KEY (uniqueid, acct_id, pbx_id)) {by key};"
    "CREATE INDEX leg_by_call ON leg (call_id);"

    "CREATE TABLE recording ("
    "  id {id} PRIMARY KEY, tenant_id BIGINT NOT NULL, pbx_id BIGINT NOT NULL, call_id BIGINT "
    "NOT NULL,"
    "  path TEXT NOT NULL, acct_id TEXT, uniqueid TEXT, action_type TEXT, direction TEXT,"
    "  started_at BIGINT NOT NULL, talk_s BIGINT, expected_bytes BIGINT, expected_seconds BIGINT,"
    "  state TEXT NOT NULL, reason TEXT, detail TEXT, attempt_count BIGINT NOT NULL DEFAULT 0,"
    "  next_try_at BIGINT, wanted_since BIGINT NOT NULL,"
    "  blob_key TEXT, container TEXT, stored_bytes BIGINT, stored_seconds DOUBLE PRECISION, sha256 "
    "TEXT,"
    "  stored_at BIGINT, found_path TEXT, rung TEXT,"
    "  transcript_state TEXT NOT NULL DEFAULT 'none', insight_state TEXT NOT NULL DEFAULT 'none',"
    "  UNIQUE (pbx_id, path));"
    "CREATE INDEX recording_by_call ON recording (call_id);"
    "CREATE INDEX recording_unfinished ON recording (started_at, tenant_id) WHERE state <> "
    "'stored';"
    "CREATE TABLE recording_also (" /* a recording that legs of another call name as well */
    "  call_id BIGINT NOT NULL, recording_id BIGINT NOT NULL, PRIMARY KEY (call_id, recording_id)) "
    "{by key};"

    "CREATE TABLE attempt ("
    "  id {id} PRIMARY KEY, tenant_id BIGINT NOT NULL, pbx_id BIGINT NOT NULL, recording_id "
    "BIGINT,"
    "  at BIGINT NOT NULL, purpose TEXT, method TEXT, url TEXT, request TEXT, http_status BIGINT,"
    "  content_type TEXT, content_length BIGINT, bytes BIGINT, first_bytes TEXT, verdict TEXT, "
    "reason TEXT,"
    "  duration_ms BIGINT, tls_pin TEXT);"
    "CREATE INDEX attempt_by_recording ON attempt (recording_id, id);"

    "CREATE TABLE transcript ("
    "  recording_id {id} PRIMARY KEY, tenant_id BIGINT NOT NULL, engine TEXT, engine_version "
    "TEXT, model TEXT,"
    "  language TEXT, content TEXT NOT NULL, audio_seconds DOUBLE PRECISION, cpu_seconds DOUBLE "
    "PRECISION,"
    "  created_at BIGINT NOT NULL);"
    "CREATE TABLE insight ("
    "  recording_id BIGINT NOT NULL, kind TEXT NOT NULL, tenant_id BIGINT NOT NULL, method TEXT "
    "NOT NULL,"
    "  version TEXT NOT NULL, content TEXT NOT NULL, created_at BIGINT NOT NULL,"
    "  PRIMARY KEY (recording_id, kind));"

    "CREATE TABLE event ("
    "  id {id} PRIMARY KEY, tenant_id BIGINT NOT NULL, call_id BIGINT, recording_id BIGINT, at "
    "BIGINT NOT NULL,"
    "  stage TEXT NOT NULL, event TEXT NOT NULL, detail TEXT);"
    "CREATE INDEX event_by_call ON event (call_id, id);"

    "CREATE TABLE account ("
    "  id {id} PRIMARY KEY, tenant_id BIGINT," /* NULL: an operator, who sees all tenants */
    "  email TEXT NOT NULL UNIQUE, password_hash TEXT NOT NULL, role TEXT NOT NULL,"
    "  is_disabled BIGINT NOT NULL DEFAULT 0, created_at BIGINT NOT NULL);"
    "CREATE TABLE session ("
    "  token_hash TEXT PRIMARY KEY, account_id BIGINT NOT NULL, created_at BIGINT NOT NULL,"
    "  seen_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, peer TEXT);"
    "CREATE TABLE api_token ("
    "  id {id} PRIMARY KEY, token_hash TEXT NOT NULL UNIQUE, tenant_id BIGINT, name TEXT NOT "
    "NULL,"
    "  role TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT, used_at BIGINT);"

    "CREATE TABLE process ("
    "  id {id} PRIMARY KEY, role TEXT NOT NULL, host TEXT NOT NULL, pid BIGINT NOT NULL, version "
    "TEXT NOT NULL,"
    "  started_at BIGINT NOT NULL, seen_at BIGINT NOT NULL, detail TEXT);";

/* The watch over collection: what was asked of each PBX, what is wrong since when, who is told,
 * what was checked. */
static const char SCHEMA_2[] =
    "CREATE TABLE reconciliation ("
    "  pbx_id {id} PRIMARY KEY, tenant_id BIGINT NOT NULL,"
    "  polled_until BIGINT,"  /* calls that ended before are known (our clock); NULL: never asked */
    "  newest_end_at BIGINT," /* the newest end among its calls (its clock) */
    "  polled_at BIGINT,"     /* the last poll that was answered */
    "  reason TEXT, detail TEXT,"             /* why the last one failed; NULL: it did not */
    "  found_legs BIGINT NOT NULL DEFAULT 0," /* by polls, that no webhook had told */
    "  found_recordings BIGINT NOT NULL DEFAULT 0,"
    "  looked_back_at BIGINT," /* the last poll over a longer period */
    "  listed_at BIGINT,"      /* the last look through its directories */
    "  import_from BIGINT, import_until BIGINT,"
    "  import_at BIGINT," /* history is known up to here */
    "  import_per_minute BIGINT, import_legs BIGINT NOT NULL DEFAULT 0,"
    "  import_recordings BIGINT NOT NULL DEFAULT 0, import_begun_at BIGINT,"
    "  import_ended_at BIGINT);"
    "ALTER TABLE leg ADD COLUMN asked_at BIGINT;" /* when the PBX was asked for its recordings */
    "ALTER TABLE recording ADD COLUMN checked_at BIGINT;" /* when its file was last read back */

    "CREATE TABLE alarm ("
    "  id {id} PRIMARY KEY, kind TEXT NOT NULL, tenant_id BIGINT NOT NULL," /* 0: the server */
    "  pbx_id BIGINT NOT NULL,"                                             /* 0: not one PBX's */
    "  since BIGINT NOT NULL, detail TEXT, updated_at BIGINT NOT NULL,"
    "  is_pending BIGINT NOT NULL DEFAULT 1," /* found once: nobody is told yet */
    "  fine_count BIGINT NOT NULL DEFAULT 0," /* rounds in a row that found nothing wrong */
    "  cleared_at BIGINT);"
    "CREATE UNIQUE INDEX alarm_raised ON alarm (kind, tenant_id, pbx_id) WHERE cleared_at IS NULL;"
    "CREATE INDEX alarm_by_tenant ON alarm (tenant_id, id);"
    "CREATE TABLE alarm_target ("
    "  id {id} PRIMARY KEY, tenant_id BIGINT NOT NULL," /* 0: hears all tenants' and the server's */
    "  kind TEXT NOT NULL, address TEXT NOT NULL,"      /* webhook: a URL; email: an address */
    "  secret TEXT,"                                    /* sealed; of webhooks */
    "  created_at BIGINT NOT NULL, disabled_at BIGINT, disabled_reason TEXT,"
    "  UNIQUE (tenant_id, kind, address));"
    "CREATE TABLE delivery ("
    "  id {id} PRIMARY KEY, target_id BIGINT NOT NULL, tenant_id BIGINT NOT NULL,"
    "  alarm_id BIGINT, event TEXT NOT NULL, content TEXT NOT NULL,"
    "  state TEXT NOT NULL, attempt_count BIGINT NOT NULL DEFAULT 0, next_try_at BIGINT,"
    "  created_at BIGINT NOT NULL, settled_at BIGINT);"
    "CREATE INDEX delivery_by_target ON delivery (target_id, id);"
    "CREATE TABLE delivery_try (" /* every try to deliver */
    "  id {id} PRIMARY KEY, delivery_id BIGINT NOT NULL, at BIGINT NOT NULL, status BIGINT,"
    "  detail TEXT, answer TEXT, duration_ms BIGINT);"
    "CREATE INDEX delivery_try_by_delivery ON delivery_try (delivery_id, id);"
    "CREATE TABLE rhythm (" /* when a PBX's calls usually come: the last count */
    "  pbx_id {id} PRIMARY KEY, counted_at BIGINT NOT NULL, from_at BIGINT NOT NULL,"
    "  until_at BIGINT NOT NULL, counts TEXT NOT NULL);" /* JSON: calls by hour of the week */
    "CREATE INDEX attempt_by_pbx ON attempt (pbx_id, id);"

    "CREATE TABLE audit ("
    "  id {id} PRIMARY KEY, tenant_id BIGINT NOT NULL," /* 0: of all, and of the server */
    "  is_whole BIGINT NOT NULL," /* everything was checked, the files' bytes too */
    "  started_at BIGINT NOT NULL, ended_at BIGINT NOT NULL, violation_count BIGINT NOT NULL,"
    "  content TEXT NOT NULL);" /* what was checked and found, JSON */
    "CREATE INDEX audit_by_tenant ON audit (tenant_id, id);"
    "CREATE TABLE chore ("
    "  name TEXT PRIMARY KEY, due_at BIGINT NOT NULL, worker TEXT) {by key};";

/* Append only: a released migration never changes. */
static const char *const migrations[] = { SCHEMA_1, SCHEMA_2 };

static bool version_read(struct db *db, int64_t *version_out, struct error *error)
{
    static const char SQL[] = "SELECT max(version) FROM schema_migration";

    return db_run_number(db, SQL, DB_NO_VALUES, 0, version_out, error);
}

static bool table_make(struct db *db, struct error *error)
{
    return db_script(db,
                     "CREATE TABLE IF NOT EXISTS schema_migration"
                     " (version BIGINT PRIMARY KEY, at BIGINT NOT NULL)",
                     error);
}

/* Run a migration with the words that this database has for "{id}" and "{by key}". */
static bool migration_run(struct db *db, const char *sql, struct error *error)
{
    AUTO(text_clear) struct text script = TEXT_UP_TO(256 * KIB);

    for (const char *brace = strchr(sql, '{'); brace != NULL; brace = strchr(sql, '{')) {
        bool is_id = strncmp(brace, "{id}", 4) == 0;
        text_add_bytes(&script, sql, (size_t)(brace - sql));
        text_add(&script, is_id ? db->driver->id_type : db->driver->by_key);
        sql = strchr(brace, '}') + 1;
    }
    text_add(&script, sql);
    return db_script(db, text_get(&script), error);
}

static bool migrate_inside(struct db *db, struct error *error)
{
    static const char SQL[] = "INSERT INTO schema_migration (version, at) VALUES ($1, $2)";
    int64_t version = 0;

    if (!version_read(db, &version, error)) {
        return false;
    }
    if (version > (int64_t)COUNT_OF(migrations)) {
        return error_set(
            error, ERROR_INVALID,
            "the database has schema %lld, this program knows only %zu: use a newer program",
            (long long)version, COUNT_OF(migrations));
    }
    for (int64_t next = version + 1; next <= (int64_t)COUNT_OF(migrations); next++) {
        if (!migration_run(db, migrations[next - 1], error) ||
            !db_run(db, SQL, DB_VALUES(DB_INT(next), DB_INT(time_now())), NULL, error)) {
            return error_within(error, "migration %lld", (long long)next);
        }
    }
    return true;
}

bool store_migrate(struct db *db, struct error *error)
{
    int64_t version = 0;
    int64_t newest = 0;
    struct error ignored;

    if (store_schema(db, &version, &newest, &ignored) && version == newest) {
        return true; /* The usual start takes no write lock. */
    }
    if (!db_begin(db, error)) {
        return false;
    }
    if (!table_make(db, error) || !migrate_inside(db, error)) {
        db_rollback(db);
        return false;
    }
    return db_commit(db, error);
}

bool store_schema(struct db *db, int64_t *version_out, int64_t *newest_out, struct error *error)
{
    *newest_out = (int64_t)COUNT_OF(migrations);
    return version_read(db, version_out, error);
}

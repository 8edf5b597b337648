/*
 * A bench of the fault matrix: one tenant of the server with a UCM, proxies and a place in the name
 * server of its own, so that many faults can be had at one time without disturbing each other.
 *
 * A bench works in a thread of its own, where cmocka must not be called: whatever goes wrong is
 * words in cell->trouble.
 */
#ifndef TESTS_INTEGRATION_CLI_MATRIX_BENCH_H
#define TESTS_INTEGRATION_CLI_MATRIX_BENCH_H

#include "blob/blob.h"
#include "integration/cli/scene.h"
#include "rows.h"
#include "store/recordings.h"
#include "store/tenants.h"
#include "tools/names.h"
#include "tools/shim_use.h"

enum {
    CELL_RECORDINGS_MAX = 4,
    SOUNDS = 24,
    REASON_MS = 60000,
    REASON_SLOW_MS = 240000,
    STORED_MS = 90000,
    PUMP_MS = 120,
    HOME_ADDRESS = 0x7f000001,
    LONG_S = 16,
    REQUESTS_PER_TRY_MAX = 40, /* A whole ladder, each rung with its challenge. */
};

/* What all benches share. */
struct matrix {
    struct server server;
    struct names names;
    bool has_names;
    struct hole hole;
    struct shim shim; /* Our own side's faults, for all benches at one time. */
    struct blob *blob;
    char sounds[SOUNDS][96];
    char special[CALL_TWO_FILES + 1][96]; /* By enum call_kind; "" for most. */
    char long_sound[96];
    char short_sound[96];
};

struct cell {
    const struct fault_row *row;
    int seed;
    uint64_t random;
    char api; /* 'N' or 'O' */
    bool is_lasting;
    int strikes;
    long parameter;
    struct simulator_added calls[CELL_RECORDINGS_MAX];
    int call_count;
    bool is_over; /* The fault has ended. */
    /* What came of it. */
    int recordings;
    int stored;
    char reasons[160];
    char trouble[400]; /* "": it went well. */
    int64_t took_ms;
};

struct bench {
    struct matrix *matrix;
    int index;
    char subdomain[24];
    struct simulator *ucm;
    struct proxy proxies[2]; /* to the new and the old API */
    struct db *db;
    struct arena *arena;
    struct pbx_row *pbx;
    char host[64]; /* Where the PBX is said to be, as the three below. */
    int port;
    char api;
    bool is_known; /* A recording was fetched since. */
    int call_count;
};

static inline bool cell_fail(struct cell *cell, const char *format, ...) PRINTF_LIKE(2, 3);

static inline bool cell_fail(struct cell *cell, const char *format, ...)
{
    va_list arguments;

    if (cell->trouble[0] == '\0') {
        va_start(arguments, format);
        IGNORE(vsnprintf(cell->trouble, sizeof cell->trouble, format, arguments), "cut is fine");
        va_end(arguments);
    }
    return false;
}

static inline long cell_random(struct cell *cell, long low, long high)
{
    cell->random ^= cell->random << 13;
    cell->random ^= cell->random >> 7;
    cell->random ^= cell->random << 17;
    return low + (long)((cell->random >> 20) % (uint64_t)(high - low + 1));
}

static inline bool cell_has(const struct cell *cell, unsigned flag)
{
    return (cell->row->flags & flag) != 0;
}

/* Is `word` one of "a|b|c"? */
static inline bool list_has(const char *list, const char *word)
{
    size_t size = strlen(word);

    for (const char *at = list; *at != '\0';
         at += strcspn(at, "|") + (at[strcspn(at, "|")] == '|')) {
        if (strcspn(at, "|") == size && strncmp(at, word, size) == 0) {
            return true;
        }
    }
    return false;
}

/* The fault's own; or what the PBX says when the fault ends in the middle of a walk. */
static inline bool reason_is_right(const struct cell *cell, const char *reason)
{
    bool may_end_on_the_way = cell_has(cell, WALKS) && (cell->is_over || !cell->is_lasting);

    return list_has(cell->row->reasons, reason) ||
           (may_end_on_the_way && strcmp(reason, "not_there_yet") == 0);
}

static inline void reason_note(struct cell *cell, const char *reason)
{
    size_t used = strlen(cell->reasons);

    if (!list_has(cell->reasons, reason)) {
        IGNORE(snprintf(cell->reasons + used, sizeof cell->reasons - used, "%s%s",
                        used > 0 ? "|" : "", reason),
               "cut is fine");
    }
}

/* ---- Where the PBX is said to be ---- */

static inline int bench_port(const struct bench *bench, char api, bool is_by_proxy)
{
    bool is_new = api == 'N';

    if (is_by_proxy) {
        return bench->proxies[is_new ? 0 : 1].port;
    }
    return is_new ? simulator_new_port(bench->ucm) : simulator_old_port(bench->ucm);
}

/* What a person does on the page of the PBX. Everything that was learned is forgotten. */
static inline bool bench_point(struct bench *bench, struct cell *cell, const char *host, int port,
                               char api)
{
    struct error error = { 0 };
    struct pbx_row *pbx = bench->pbx;

    IGNORE(snprintf(bench->host, sizeof bench->host, "%s", host), "fits");
    bench->port = port;
    bench->api = api;
    bench->is_known = false;
    pbx->host = bench->host;
    pbx->port = api == 'N' ? port : 0;
    pbx->old_port = api == 'N' ? 0 : port;
    pbx->api = api == 'N' ? "new" : "old";
    pbx->tls_pin = NULL;
    pbx->password = NULL;
    if (!db_begin(bench->db, &error) || !pbx_row_edit(bench->db, pbx, time_now(), &error) ||
        !db_commit(bench->db, &error)) {
        db_rollback(bench->db);
        return cell_fail(cell, "point the PBX: %s", error.message);
    }
    return true;
}

static inline bool bench_is_at(const struct bench *bench, const char *host, int port, char api)
{
    return bench->is_known && bench->port == port && bench->api == api &&
           strcmp(bench->host, host) == 0;
}

/* ---- What the database says ---- */

struct seen {
    bool is_there;
    char state[16];
    char reason[40];
    int64_t id;
    int64_t call_id;
    int64_t attempts;
};

static inline bool recording_see(struct bench *bench, struct cell *cell, const char *path,
                                 struct seen *seen)
{
    static const char SQL[] = "SELECT state, coalesce(reason, ''), id, call_id, attempt_count"
                              " FROM recording WHERE pbx_id = $1 AND path = $2";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    struct error error = { 0 };

    memset(seen, 0, sizeof *seen);
    if (!db_query(bench->db, SQL, DB_VALUES(DB_INT(bench->pbx->id), DB_TEXT(path)), &rows,
                  &error)) {
        return cell_fail(cell, "look: %s", error.message);
    }
    enum db_step step = db_next(&rows, &error);
    if (step == DB_FAILED) {
        return cell_fail(cell, "look: %s", error.message);
    }
    seen->is_there = step == DB_ROW;
    if (seen->is_there) {
        IGNORE(snprintf(seen->state, sizeof seen->state, "%s", db_text(&rows, 0)), "fits");
        IGNORE(snprintf(seen->reason, sizeof seen->reason, "%s", db_text(&rows, 1)), "fits");
        seen->id = db_int(&rows, 2);
        seen->call_id = db_int(&rows, 3);
        seen->attempts = db_int(&rows, 4);
    }
    return true;
}

static inline int64_t bench_number(struct bench *bench, const char *sql, int64_t subject)
{
    struct error error = { 0 };
    int64_t number = -1;

    return db_run_number(bench->db, sql, DB_VALUES(DB_INT(subject)), -1, &number, &error) ? number
                                                                                          : -1;
}

/* Pauses that were agreed with the PBX are over, and so are ours: nobody waits for them here. */
static inline bool bench_pump(struct bench *bench, struct cell *cell)
{
    static const char SQL_WAITING[] =
        "SELECT count(*) FROM job JOIN lane ON lane.id = job.lane_id"
        " WHERE lane.owner_id = $1 AND lane.stage = 'fetch' AND job.worker IS NULL"
        " AND (job.run_at > 1 OR lane.blocked_until > 0)";
    static const char SQL_LANE[] =
        "UPDATE lane SET blocked_until = 0"
        " WHERE owner_id = $1 AND stage = 'fetch' AND blocked_until < $2";
    static const char SQL_JOB[] = "UPDATE job SET run_at = 1 WHERE worker IS NULL AND lane_id IN"
                                  " (SELECT id FROM lane WHERE owner_id = $1 AND stage = 'fetch')";
    struct error error = { 0 };

    if (bench_number(bench, SQL_WAITING, bench->pbx->id) == 0) {
        return true;
    }
    return (db_run(bench->db, SQL_LANE,
                   DB_VALUES(DB_INT(bench->pbx->id), DB_INT(LANE_BLOCKED_FOR_GOOD)), NULL,
                   &error) &&
            db_run(bench->db, SQL_JOB, DB_VALUES(DB_INT(bench->pbx->id)), NULL, &error)) ||
           cell_fail(cell, "end the pauses: %s", error.message);
}

/* What a person does with the button "try again". */
static inline bool bench_retry(struct bench *bench, struct cell *cell, int64_t call_id)
{
    AUTO(arena_free) struct arena *arena = arena_new(16 * MIB);
    struct error error = { 0 };
    int retried = 0;

    if (!db_begin(bench->db, &error) ||
        !recording_retry_call(bench->db, arena, call_id, bench->pbx->fetch_lane_id, time_now(),
                              &retried, &error) ||
        !db_commit(bench->db, &error)) {
        db_rollback(bench->db);
        return cell_fail(cell, "try again: %s", error.message);
    }
    return true;
}

/* ---- Calls and webhooks ---- */

static inline bool bench_webhook(struct bench *bench, struct cell *cell, int call)
{
    char url[128];
    struct error error = { 0 };
    int status = 0;
    bool is_xml = cell->seed % 4 == 3;
    struct simulator_webhook webhook = {
        .url = url,
        .format = is_xml ? SIMULATOR_XML : SIMULATOR_JSON,
        .grouping = cell->seed % 3 == 2 ? SIMULATOR_GROUPED : SIMULATOR_LEG_BY_LEG,
        .copies = 1 + cell->seed % 2,
    };

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d/api/webhook/cdr/%s",
                    bench->matrix->server.port, bench->subdomain),
           "fits");
    if (!simulator_webhook_send(bench->ucm, call, &webhook, &status, &error)) {
        return cell_fail(cell, "webhook: %s", error.message);
    }
    return status == 200 || status == 202 || cell_fail(cell, "webhook: HTTP %d", status);
}

static inline bool bench_ring(struct bench *bench, struct cell *cell, struct simulator_call *call,
                              struct simulator_added *added)
{
    char caller[16];
    struct error error = { 0 };

    IGNORE(snprintf(caller, sizeof caller, "%d", 3000 + bench->call_count++), "fits");
    call->caller = caller;
    if (!simulator_call_add(bench->ucm, call, added, &error)) {
        return cell_fail(cell, "ring: %s", error.message);
    }
    return true;
}

/* ---- Beginning and end ---- */

static inline void bench_open(struct bench *bench, struct matrix *matrix, int index)
{
    struct simulator_options options = { .password = UCM_PASSWORD };
    struct error error = { 0 };

    *bench = (struct bench){ .matrix = matrix, .index = index };
    IGNORE(snprintf(bench->subdomain, sizeof bench->subdomain, "bench-%d", index), "fits");
    if (!simulator_start(&options, &bench->ucm, &error)) {
        fail_msg("%s", error.message);
    }
    assert_true(proxy_start(&bench->proxies[0], simulator_new_port(bench->ucm)));
    assert_true(proxy_start(&bench->proxies[1], simulator_old_port(bench->ucm)));
    server_must(
        &matrix->server,
        &(struct command){ .arguments = { "tenant", "create", bench->subdomain, "--no-secret" } },
        NULL);
    server_must(
        &matrix->server,
        &(struct command){ .arguments = { "tenant", "pbx", bench->subdomain, "--host", "127.0.0.1",
                                          "--username", "cdrapi", "--password-file", "-" },
                           .input = UCM_PASSWORD "\n" },
        NULL);
    bench->db = server_db(&matrix->server);
    bench->arena = arena_new(256 * MIB);
    struct tenant *tenant = NULL;
    size_t count = 0;
    if (!tenant_find(bench->db, bench->arena, bench->subdomain, &tenant, &error) ||
        tenant == NULL ||
        !pbx_row_list(bench->db, bench->arena, tenant->id, &bench->pbx, &count, &error)) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(count, 1);
}

static inline void bench_close(struct bench *bench)
{
    proxy_stop(&bench->proxies[0]);
    proxy_stop(&bench->proxies[1]);
    simulator_stop(bench->ucm);
    db_close(bench->db);
    arena_free(bench->arena);
}

#endif

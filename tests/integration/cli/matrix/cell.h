/*
 * One cell of the fault matrix: a fault, at a seed, on a bench. The fault begins, calls end, their
 * webhooks come; what waits must say the right reason; the fault ends; everything must be stored,
 * once, with the bytes that the UCM holds.
 */
#ifndef TESTS_INTEGRATION_CLI_MATRIX_CELL_H
#define TESTS_INTEGRATION_CLI_MATRIX_CELL_H

#include "bench.h"

/* ---- The seed ---- */

/* Which API, how long, where, how many: all of it from the seed, so that a cell can be had again.
 */
static inline void cell_draw(struct cell *cell, const struct fault_row *row, int seed)
{
    static const char apis[] = "NOON";

    *cell = (struct cell){ .row = row, .seed = seed };
    cell->random = ((uint64_t)seed * 1000003U + (uint64_t)(row - fault_rows)) * 2654435761U +
                   88172645463325252U;
    for (int i = 0; i < 8; i++) {
        (void)cell_random(cell, 0, 1);
    }
    cell->api = row->apis[1] == '\0' ? row->apis[0] : apis[(seed - 1) % 4];
    cell->is_lasting =
        cell_has(cell, SLOW | LASTS) || (!cell_has(cell, STRIKES) && (seed - 1) % 2 == 0);
    /* With the old API two strikes may spoil nothing but the bodies of two connections' 401. */
    cell->strikes = cell->is_lasting ? SIMULATOR_FOREVER
                                     : (int)cell_random(cell, 1, 3) + (cell->api == 'O' ? 2 : 0);
    cell->parameter = row->low != 0 || row->high != 0 ? cell_random(cell, row->low, row->high) : 0;
    cell->call_count = cell_has(cell, SLOW) ? 1 : (int)cell_random(cell, 1, 3);
}

/* ---- The fault ---- */

static inline bool fault_begin(struct bench *bench, struct cell *cell)
{
    const struct fault_row *row = cell->row;
    struct error error = { 0 };
    char host[64];

    switch (row->kind) {
    case BY_UCM:
        if (!simulator_fault_set(bench->ucm, row->what, cell->strikes, cell->parameter, &error)) {
            return cell_fail(cell, "%s", error.message);
        }
        if (cell_has(cell, NEEDS_LOGIN)) {
            simulator_sessions_expire(bench->ucm);
        }
        return true;
    case BY_PROXY:
        proxy_fault_set(&bench->proxies[cell->api == 'N' ? 0 : 1], (enum proxy_fault)row->number,
                        cell->strikes, cell->parameter);
        return true;
    case BY_NAME:
        if (strcmp(row->what, "moves") == 0) {
            atomic_store(&bench->matrix->names.places[bench->index], (uint32_t)row->number);
            return true;
        }
        IGNORE(snprintf(host, sizeof host, "%s-%d.ucm.test", row->what, bench->index), "fits");
        return bench_point(bench, cell, host, bench_port(bench, cell->api, false), cell->api);
    case BY_ADDRESS:
        return strcmp(row->what, "hole") == 0
                   ? bench_point(bench, cell, "127.0.0.1", bench->matrix->hole.port, cell->api)
                   : bench_point(bench, cell, row->what, bench_port(bench, cell->api, false),
                                 cell->api);
    case BY_US:
        IGNORE(shim_set(&bench->matrix->shim, 0, (enum shim_call)row->number, "collect", row->what,
                        (int)cell->parameter, 0, cell->strikes),
               "matrix.shim holds it");
        return true;
    case BY_CALL:
        break;
    }
    return true;
}

/* Where the cell's PBX is in good times. */
static inline const char *cell_home(const struct bench *bench, const struct cell *cell,
                                    char host_out[64])
{
    bool is_named = cell->row->kind == BY_NAME && strcmp(cell->row->what, "moves") == 0;

    IGNORE(is_named ? snprintf(host_out, 64, "moves-%d.ucm.test", bench->index)
                    : snprintf(host_out, 64, "127.0.0.1"),
           "fits");
    return host_out;
}

static inline bool fault_end(struct bench *bench, struct cell *cell)
{
    char host[64];

    cell->is_over = true;
    simulator_faults_clear(bench->ucm);
    proxy_fault_set(&bench->proxies[0], PROXY_PASS, 0, 0);
    proxy_fault_set(&bench->proxies[1], PROXY_PASS, 0, 0);
    atomic_store(&bench->matrix->names.places[bench->index], HOME_ADDRESS);
    if (cell->row->kind == BY_US) {
        shim_clear(&bench->matrix->shim);
    }
    if (!cell_has(cell, BY_PERSON)) {
        return true;
    }
    return bench_point(bench, cell, cell_home(bench, cell, host),
                       bench_port(bench, cell->api, cell->row->kind == BY_PROXY), cell->api);
}

static inline bool fault_has_struck(const struct bench *bench, const struct cell *cell)
{
    struct simulator_statistics seen;

    simulator_statistics_get(bench->ucm, &seen);
    switch (cell->row->kind) {
    case BY_UCM:
        return seen.faults > 0 || strcmp(cell->row->what, "clock") == 0;
    case BY_PROXY:
        return atomic_load(&bench->proxies[cell->api == 'N' ? 0 : 1].struck_count) > 0;
    case BY_US:
        return atomic_load(&bench->matrix->shim.control->rules[0].struck) > 0;
    case BY_NAME:
    case BY_ADDRESS:
    case BY_CALL:
        break;
    }
    return true;
}

/* ---- The calls ---- */

static inline void call_name(struct cell *cell, const struct bench *bench, int index, char *path,
                             size_t room)
{
    long number = bench->call_count;

    if (cell->row->kind != BY_CALL) {
        return;
    }
    switch ((enum call_kind)cell->row->number) {
    case CALL_SAME_NAME:
        IGNORE(snprintf(path, room, "2026-02/auto-1770326441-same-%d-%d.wav", cell->seed,
                        bench->index),
               "fits");
        break;
    case CALL_NAME_SPACE:
        IGNORE(snprintf(path, room, "2026-02/auto 1770326441 %ld %d.wav", number, index), "fits");
        break;
    case CALL_NAME_UTF8:
        IGNORE(
            snprintf(path, room, "2026-02/auto-1770326441-Zo\xc3\xab-\xe7\x94\xb5-%ld.wav", number),
            "fits");
        break;
    case CALL_NAME_QUOTES:
        IGNORE(snprintf(path, room, "2026-02/auto-1770326441-'%%41&x=1#%ld+\"q\".wav", number),
               "fits");
        break;
    case CALL_NAME_UP:
        IGNORE(snprintf(path, room, "../../../../tmp/auto-1770326441-%ld.wav", number), "fits");
        break;
    case CALL_NAME_LONG:
        IGNORE(snprintf(path, room, "2026-02/auto-%0*ld.wav", 260 + (int)cell_random(cell, 0, 40),
                        number),
               "fits");
        break;
    case CALL_LATE:
    case CALL_DELETED:
    case CALL_TOO_LARGE:
    case CALL_ALAW:
    case CALL_MULAW:
    case CALL_RIFF_MAX:
    case CALL_RIFF_ZERO:
    case CALL_TWO_FILES:
        break;
    }
}

static inline const char *call_sound(struct bench *bench, struct cell *cell)
{
    struct matrix *matrix = bench->matrix;
    bool is_special = cell->row->kind == BY_CALL && matrix->special[cell->row->number][0] != '\0';

    if (cell_has(cell, LONG)) {
        return matrix->long_sound;
    }
    if (is_special) {
        return matrix->special[cell->row->number];
    }
    int same = cell->row->number == CALL_SAME_NAME && cell->row->kind == BY_CALL ? 0 : 1;
    return matrix->sounds[(bench->call_count * same) % SOUNDS];
}

static inline bool cell_ring(struct bench *bench, struct cell *cell)
{
    int kind = cell->row->kind == BY_CALL ? cell->row->number : 0;

    cell->call_count = kind == CALL_SAME_NAME ? 2 : cell->call_count;
    for (int i = 0; i < cell->call_count; i++) {
        char path[320] = "";
        struct simulator_call call = {
            .audio_path = call_sound(bench, cell),
            .has_description = cell_has(cell, DESCRIBED),
            .ready_after_ms = kind == CALL_LATE ? (int)cell_random(cell, 1500, 2500) : 0,
            .talk_s = kind == CALL_TOO_LARGE ? 2 : 0,
            .second_audio_path = kind == CALL_TWO_FILES
                                     ? bench->matrix->sounds[(bench->call_count + 7) % SOUNDS]
                                     : NULL,
            .field_count = 49,
        };
        call_name(cell, bench, i, path, sizeof path);
        call.recording_path = path[0] != '\0' ? path : NULL;
        if (!bench_ring(bench, cell, &call, &cell->calls[i]) ||
            (kind == CALL_DELETED &&
             !simulator_recording_delete(bench->ucm, cell->calls[i].recordings[0].path)) ||
            !bench_webhook(bench, cell, cell->calls[i].call)) {
            return cell_fail(cell, "the call cannot be made");
        }
        cell->recordings += cell->calls[i].recording_count;
    }
    return true;
}

/* ---- What became of them ---- */

struct look {
    int stored;
    int telling; /* Not stored, and with one of the right reasons. */
    int missing;
};

/* All recordings of the cell; a wrong reason ends it. `retries`: a person asks for what was given
 * up. */
static inline bool cell_look(struct bench *bench, struct cell *cell, bool retries,
                             struct look *look)
{
    *look = (struct look){ 0 };
    for (int i = 0; i < cell->call_count; i++) {
        for (int j = 0; j < cell->calls[i].recording_count; j++) {
            struct seen seen;
            if (!recording_see(bench, cell, cell->calls[i].recordings[j].path, &seen)) {
                return false;
            }
            bool is_missing = strcmp(seen.state, RECORDING_MISSING) == 0;
            bool is_waiting = strcmp(seen.state, RECORDING_WAITING) == 0;
            look->stored += strcmp(seen.state, RECORDING_STORED) == 0;
            look->missing += is_missing;
            if ((is_waiting && seen.attempts > 0) || is_missing) {
                bool is_right = reason_is_right(cell, seen.reason);
                look->telling += is_right;
                reason_note(cell, seen.reason);
                if (!is_right) {
                    return cell_fail(cell, "'%s' says '%s' and not '%s'",
                                     cell->calls[i].recordings[j].path, seen.reason,
                                     cell->row->reasons);
                }
            }
            if (is_missing && retries && !bench_retry(bench, cell, seen.call_id)) {
                return false;
            }
        }
    }
    return true;
}

/* Until the reason shows; or, where that is allowed, everything is stored. */
static inline bool reason_wait(struct bench *bench, struct cell *cell)
{
    int64_t until_ms = time_monotonic_ms() + (cell_has(cell, SLOW) ? REASON_SLOW_MS : REASON_MS);
    struct look look;

    for (;;) {
        if (!cell_look(bench, cell, false, &look)) {
            return false;
        }
        if (look.telling > 0 || (cell_has(cell, MAY_PASS) && look.stored == cell->recordings)) {
            break;
        }
        if (time_monotonic_ms() > until_ms || look.stored == cell->recordings) {
            return cell_fail(cell, "no reason shows; %d of %d are stored", look.stored,
                             cell->recordings);
        }
        time_sleep_ms(PUMP_MS);
    }
    if (look.stored > 0 && !cell_has(cell, MAY_PASS) && cell->row->kind != BY_CALL) {
        return cell_fail(cell, "%d recordings were stored in spite of the fault", look.stored);
    }
    return true;
}

static inline bool stored_wait(struct bench *bench, struct cell *cell)
{
    int64_t until_ms = time_monotonic_ms() + STORED_MS;
    struct look look = { 0 };

    while (time_monotonic_ms() < until_ms) {
        if (!cell_look(bench, cell, cell_has(cell, IS_FINAL), &look)) {
            return false;
        }
        if (look.stored == cell->recordings) {
            return true;
        }
        if (!bench_pump(bench, cell)) {
            return false;
        }
        time_sleep_ms(PUMP_MS);
    }
    return cell_fail(cell, "%d of %d recordings are stored; the reasons were %s", look.stored,
                     cell->recordings, cell->reasons);
}

/* Nobody can help: the horizon is reached, and it stays missing. */
static inline bool missing_wait(struct bench *bench, struct cell *cell)
{
    static const char SQL[] = "UPDATE recording SET wanted_since = 1"
                              " WHERE pbx_id = $1 AND state <> 'stored'";
    int64_t until_ms = time_monotonic_ms() + STORED_MS;
    struct error error = { 0 };
    struct look look = { 0 };

    if (!db_run(bench->db, SQL, DB_VALUES(DB_INT(bench->pbx->id)), NULL, &error)) {
        return cell_fail(cell, "%s", error.message);
    }
    while (time_monotonic_ms() < until_ms) {
        if (!cell_look(bench, cell, false, &look) || !bench_pump(bench, cell)) {
            return false;
        }
        if (look.missing == cell->recordings) {
            return true;
        }
        time_sleep_ms(PUMP_MS);
    }
    return cell_fail(cell, "%d of %d recordings are missing; the reasons were %s", look.missing,
                     cell->recordings, cell->reasons);
}

/* A name that is an attack: the call is there, the webhook is kept and says so, and nothing is
 * asked for. */
static inline bool refused_check(struct bench *bench, struct cell *cell)
{
    static const char SQL_CALLS[] =
        "SELECT count(*) FROM leg WHERE pbx_id = $1 AND recording_count = 0";
    static const char SQL_HOOKS[] =
        "SELECT count(*) FROM webhook WHERE pbx_id = $1 AND quarantine IS NOT NULL";
    struct seen seen;

    for (int i = 0; i < cell->call_count; i++) {
        if (!recording_see(bench, cell, cell->calls[i].recordings[0].path, &seen)) {
            return false;
        }
        if (seen.is_there) {
            return cell_fail(cell, "there is a recording of a name that was to be refused");
        }
    }
    if (bench_number(bench, SQL_CALLS, bench->pbx->id) < cell->call_count ||
        bench_number(bench, SQL_HOOKS, bench->pbx->id) < cell->call_count) {
        return cell_fail(cell, "the legs or their webhooks were not kept");
    }
    return true;
}

/* ---- The proof ---- */

static inline bool file_check(struct bench *bench, struct cell *cell, const char *key,
                              const struct simulator_recording *held)
{
    AUTO(file_close) int file = -1;
    AUTO(hash_sha256_free) struct hash_sha256 *hash = hash_sha256_new();
    char sha256[SHA256_TEXT_SIZE];
    char piece[16384];
    struct error error = { 0 };
    uint64_t size = 0;
    ssize_t got = 0;

    if (!blob_read(bench->matrix->blob, key, &file, &size, &error)) {
        return cell_fail(cell, "%s", error.message);
    }
    while ((got = read(file, piece, sizeof piece)) > 0) {
        hash_sha256_add(hash, piece, (size_t)got);
    }
    IGNORE(hash_sha256_finish(hash, sha256), "written");
    if (size != held->bytes || strcmp(sha256, held->sha256) != 0) {
        return cell_fail(cell, "WRONG BYTES in '%s': %llu bytes, and the UCM holds %llu", key,
                         (unsigned long long)size, (unsigned long long)held->bytes);
    }
    return true;
}

static inline bool stored_check(struct bench *bench, struct cell *cell,
                                const struct simulator_recording *held)
{
    static const char SQL[] =
        "SELECT coalesce(sha256, ''), stored_bytes, coalesce(blob_key, ''),"
        " (SELECT count(*) FROM event WHERE event.recording_id = recording.id"
        "   AND event.event = 'stored'),"
        " (SELECT count(*) FROM recording AS other WHERE other.blob_key = recording.blob_key)"
        " FROM recording WHERE pbx_id = $1 AND path = $2 AND state = 'stored'";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    struct error error = { 0 };

    if (!db_query(bench->db, SQL, DB_VALUES(DB_INT(bench->pbx->id), DB_TEXT(held->path)), &rows,
                  &error) ||
        db_next(&rows, &error) != DB_ROW) {
        return cell_fail(cell, "no row is stored for '%s'", held->path);
    }
    if (strcmp(db_text(&rows, 0), held->sha256) != 0 || db_int(&rows, 1) != (int64_t)held->bytes) {
        return cell_fail(cell, "WRONG PROOF of '%s'", held->path);
    }
    if (db_int(&rows, 3) != 1 || db_int(&rows, 4) != 1) {
        return cell_fail(cell, "'%s' was stored %lld times", held->path,
                         (long long)db_int(&rows, 3));
    }
    return file_check(bench, cell, db_text(&rows, 2), held);
}

/* The history: each time that it was not stored, for a right reason. Returns how often; -1 when
 * another reason is among them. */
static inline int history_check(struct bench *bench, struct cell *cell, const char *path)
{
    static const char SQL[] = "SELECT coalesce(event.detail, '') FROM event JOIN recording"
                              " ON recording.id = event.recording_id WHERE recording.pbx_id = $1"
                              " AND recording.path = $2 AND event.event IN ('waiting', 'missing')"
                              " AND event.stage = 'fetch'";
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    struct error error = { 0 };
    int count = 0;

    if (!db_query(bench->db, SQL, DB_VALUES(DB_INT(bench->pbx->id), DB_TEXT(path)), &rows,
                  &error)) {
        IGNORE(cell_fail(cell, "%s", error.message), "said");
        return -1;
    }
    for (; db_next(&rows, &error) == DB_ROW; count++) {
        char code[48];
        const char *detail = db_text(&rows, 0);
        IGNORE(snprintf(code, sizeof code, "%.*s", (int)strcspn(detail, ":"), detail), "fits");
        reason_note(cell, code);
        if (!reason_is_right(cell, code)) {
            IGNORE(cell_fail(cell, "'%s' was not stored for '%s' and not '%s'", path, detail,
                             cell->row->reasons),
                   "said");
            return -1;
        }
    }
    return count;
}

static inline int requests_made(const struct bench *bench)
{
    struct simulator_statistics seen;

    simulator_statistics_get(bench->ucm, &seen);
    return seen.requests;
}

static inline bool cell_check(struct bench *bench, struct cell *cell)
{
    int refusals = 0;
    bool must_show = cell->row->reasons[0] != '\0' && !cell_has(cell, MAY_PASS);

    for (int i = 0; i < cell->call_count; i++) {
        for (int j = 0; j < cell->calls[i].recording_count; j++) {
            const struct simulator_recording *held = &cell->calls[i].recordings[j];
            int count = history_check(bench, cell, held->path);
            if (count < 0 || (!cell_has(cell, ENDS_MISSING) && !stored_check(bench, cell, held))) {
                return false;
            }
            refusals += count;
            cell->stored += cell_has(cell, ENDS_MISSING) ? 0 : 1;
        }
    }
    if (requests_made(bench) > (refusals + cell->recordings + 1) * REQUESTS_PER_TRY_MAX) {
        return cell_fail(cell, "%d requests for %d refused tries", requests_made(bench), refusals);
    }
    if (!fault_has_struck(bench, cell) && !cell_has(cell, MAY_PASS)) {
        return cell_fail(cell, "the fault never struck");
    }
    return !must_show || refusals > 0 || cell_fail(cell, "no try was ever refused");
}

/* ---- The cell ---- */

/* The PBX is known and in order: a recording was just fetched from it. */
static inline bool cell_warm(struct bench *bench, struct cell *cell)
{
    struct simulator_call call = { .audio_path = bench->matrix->short_sound };
    struct cell warming = { .row = cell->row, .seed = 1, .call_count = 1, .recordings = 1 };
    char host[64];
    int port = bench_port(bench, cell->api, cell->row->kind == BY_PROXY);
    bool is_cold = cell->row->kind == BY_ADDRESS ||
                   (cell->row->kind == BY_NAME && strcmp(cell->row->what, "moves") != 0);

    IGNORE(cell_home(bench, cell, host), "written");
    atomic_store(&bench->matrix->names.places[bench->index], HOME_ADDRESS);
    if (is_cold || bench_is_at(bench, host, port, cell->api)) {
        return true;
    }
    if (!bench_point(bench, cell, host, port, cell->api) ||
        !bench_ring(bench, &warming, &call, &warming.calls[0]) ||
        !bench_webhook(bench, &warming, warming.calls[0].call) || !stored_wait(bench, &warming)) {
        return cell_fail(cell, "in good times: %s", warming.trouble);
    }
    bench->is_known = true;
    return true;
}

static inline bool cell_run_through(struct bench *bench, struct cell *cell)
{
    struct simulator_statistics zero;

    if (!cell_warm(bench, cell)) {
        return false;
    }
    simulator_statistics_reset(bench->ucm);
    simulator_statistics_get(bench->ucm, &zero);
    atomic_store(&bench->proxies[0].struck_count, 0);
    atomic_store(&bench->proxies[1].struck_count, 0);
    if (!fault_begin(bench, cell) || !cell_ring(bench, cell)) {
        return false;
    }
    if (cell_has(cell, REFUSED)) {
        return refused_check(bench, cell);
    }
    bool shows = cell->row->reasons[0] != '\0' && (cell->is_lasting || cell->row->kind == BY_CALL);
    if (shows && !reason_wait(bench, cell)) {
        return false;
    }
    if (cell_has(cell, ENDS_MISSING)) {
        return missing_wait(bench, cell) && cell_check(bench, cell);
    }
    if (shows && !fault_end(bench, cell)) {
        return false;
    }
    return stored_wait(bench, cell) && cell_check(bench, cell);
}

static inline void cell_run(struct bench *bench, struct cell *cell)
{
    int64_t began_ms = time_monotonic_ms();
    bool is_good = cell_run_through(bench, cell);
    bool was_told = cell_has(cell, BY_PERSON);

    if (!fault_end(bench, cell) || !is_good || was_told) {
        bench->is_known = false; /* The next cell begins anew. */
    }
    cell->took_ms = time_monotonic_ms() - began_ms;
}

#endif

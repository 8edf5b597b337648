/*
 * The fault matrix: every row of matrix/rows.h at several seeds, against one real server with a
 * tenant and a UCM for each of MATRIX_BENCHES (16) faults at one time. Every recording ends stored
 * once with the SHA-256 that its UCM holds, or missing for the right reason; never wrong bytes,
 * never two files; and when the fault is over everything is stored.
 *
 * SEEDS=20 for the long form (else 2), MATRIX_ONLY=name for the rows whose name has that in it.
 */
#include <ftw.h>

#include "matrix/cell.h"

enum {
    SEEDS_DEFAULT = 2,
    BENCHES_DEFAULT = 16,
    BENCHES_MAX = 48,
    CELLS_MAX = 20000,
    LARGE_BYTES = 66 * 1024 * 1024,
};

static struct matrix matrix;
static struct bench benches[BENCHES_MAX];
static struct cell *cells;
static size_t cell_count;
static atomic_size_t cell_next;

static long number_of(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtol(text, NULL, 10) : otherwise;
}

/* ---- Sounds ---- */

/* 8 kHz, mono: PCM16 is format 1, A-law 6, mu-law 7. `declared`: what the header says of its sizes,
 * where it is not the truth; -1: the truth. */
static void wave_write(const char *path, unsigned format, unsigned seconds, int64_t declared,
                       unsigned seed)
{
    unsigned width = format == 1 ? 2 : 1;
    size_t size = 44 + (size_t)width * SOUND_RATE * seconds;
    AUTO(free) unsigned char *wav = memory_new(size);
    uint32_t numbers[][2] = {
        { 4, declared < 0 ? (uint32_t)size - 8 : (uint32_t)declared },
        { 16, 16 },
        { 20, format | 1U << 16 },
        { 24, SOUND_RATE },
        { 28, SOUND_RATE * width },
        { 32, width | width * 8 << 16 },
        { 40, declared < 0 ? (uint32_t)size - 44 : (uint32_t)declared },
    };
    struct error error = { 0 };

    memcpy(wav, "RIFF", 4);
    memcpy(wav + 8, "WAVEfmt ", 8);
    memcpy(wav + 36, "data", 4);
    for (size_t i = 0; i < COUNT_OF(numbers); i++) {
        for (unsigned j = 0; j < 4; j++) {
            wav[numbers[i][0] + j] = (unsigned char)(numbers[i][1] >> (8 * j));
        }
    }
    for (size_t i = 44; i < size; i++) {
        seed = seed * 1103515245U + 12345U;
        wav[i] = (unsigned char)(seed >> 16);
    }
    assert_true(file_write(path, wav, size, 0600, &error));
}

static char *sound_path(char path_out[96], const char *name, int number)
{
    IGNORE(snprintf(path_out, 96, "%s/%s-%d.wav", matrix.server.folder, name, number), "fits");
    return path_out;
}

static void sounds_make(void)
{
    for (int i = 0; i < SOUNDS; i++) {
        wave_write(sound_path(matrix.sounds[i], "sound", i), 1, 2 + (unsigned)i % 4, -1,
                   100 + (unsigned)i);
    }
    wave_write(sound_path(matrix.long_sound, "long", 0), 1, LONG_S, -1, 7);
    wave_write(sound_path(matrix.short_sound, "short", 0), 1, 1, -1, 8);
    wave_write(sound_path(matrix.special[CALL_ALAW], "special", CALL_ALAW), 6, 4, -1, 9);
    wave_write(sound_path(matrix.special[CALL_MULAW], "special", CALL_MULAW), 7, 4, -1, 10);
    wave_write(sound_path(matrix.special[CALL_RIFF_MAX], "special", CALL_RIFF_MAX), 1, 3,
               UINT32_MAX, 11);
    wave_write(sound_path(matrix.special[CALL_RIFF_ZERO], "special", CALL_RIFF_ZERO), 1, 3, 0, 12);
    wave_write(sound_path(matrix.special[CALL_TOO_LARGE], "special", CALL_TOO_LARGE), 1, 1,
               LARGE_BYTES - 44, 13);
    assert_int_equal(truncate(matrix.special[CALL_TOO_LARGE], LARGE_BYTES), 0);
}

/* ---- The run ---- */

/* The cells of our own side, which all benches share, or those of the others. */
static void cells_make(bool is_ours)
{
    const char *only = getenv("MATRIX_ONLY");
    long seeds = number_of("SEEDS", SEEDS_DEFAULT);

    for (size_t i = 0; i < COUNT_OF(fault_rows); i++) {
        const struct fault_row *row = &fault_rows[i];
        bool is_wanted = only == NULL || strstr(row->name, only) != NULL;
        bool is_possible = (row->kind != BY_NAME || matrix.has_names) &&
                           (row->kind != BY_US || matrix.shim.control != NULL) &&
                           (row->kind == BY_US) == is_ours;
        for (int seed = 1; is_wanted && is_possible && seed <= seeds; seed++) {
            assert_true(cell_count < CELLS_MAX);
            cell_draw(&cells[cell_count++], row, seed);
        }
    }
}

static void *bench_work(void *context)
{
    struct bench *bench = context;

    size_t i = 0;

    while ((i = atomic_load(&cell_next)) < cell_count) {
        if (!atomic_compare_exchange_strong(&cell_next, &i, i + 1)) {
            continue;
        }
        cell_run(bench, &cells[i]);
    }
    return NULL;
}

static void cells_run(int bench_count)
{
    pthread_t threads[BENCHES_MAX];

    for (int i = 0; i < bench_count; i++) {
        bench_open(&benches[i], &matrix, i);
    }
    for (int i = 0; i < bench_count; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, bench_work, &benches[i]), 0);
    }
    for (int i = 0; i < bench_count; i++) {
        (void)pthread_join(threads[i], NULL);
    }
    cells_make(true);
    (void)bench_work(&benches[0]);
}

/* ---- The reckoning ---- */

static size_t row_print(const struct fault_row *row)
{
    char reasons[200] = "";
    int seeds = 0;
    int recordings = 0;
    int stored = 0;
    size_t bad = 0;
    int64_t longest_ms = 0;

    for (size_t i = 0; i < cell_count; i++) {
        const struct cell *cell = &cells[i];
        if (cell->row != row) {
            continue;
        }
        seeds++;
        recordings += cell->recordings;
        stored += cell->stored;
        bad += cell->trouble[0] != '\0';
        longest_ms = cell->took_ms > longest_ms ? cell->took_ms : longest_ms;
        for (const char *at = cell->reasons; *at != '\0';) {
            char word[48];
            size_t used = strlen(reasons);
            IGNORE(snprintf(word, sizeof word, "%.*s", (int)strcspn(at, "|"), at), "fits");
            if (!list_has(reasons, word)) {
                IGNORE(snprintf(reasons + used, sizeof reasons - used, "%s%s", used > 0 ? "|" : "",
                                word),
                       "cut is fine");
            }
            at += strcspn(at, "|");
            at += *at == '|';
        }
    }
    if (seeds > 0) {
        print_message("  %-26s %-10s %5d %6d/%-6d %6lld  %s%s\n", row->name, row->group, seeds,
                      stored, recordings, (long long)longest_ms, reasons[0] != '\0' ? reasons : "-",
                      bad > 0 ? "  FAILED" : "");
    }
    return bad;
}

static void table_print(void)
{
    size_t bad = 0;
    size_t rows = 0;

    print_message("  %-26s %-10s %5s %6s/%-6s %6s  %s\n", "fault", "group", "seeds", "stored", "of",
                  "ms", "reasons");
    for (size_t i = 0; i < COUNT_OF(fault_rows); i++) {
        bad += row_print(&fault_rows[i]);
    }
    for (size_t i = 0; i < cell_count; i++) {
        const struct cell *cell = &cells[i];
        rows += i == 0 || cells[i - 1].row != cell->row;
        if (cell->trouble[0] != '\0') {
            print_message("  FAILED %s, seed %d (%s API, %s, parameter %ld): %s\n", cell->row->name,
                          cell->seed, cell->api == 'N' ? "new" : "old",
                          cell->is_lasting ? "lasting" : "some strikes", cell->parameter,
                          cell->trouble);
        }
    }
    print_message("  %zu types of fault, %zu cells, %zu failed\n", rows, cell_count, bad);
    if (bad > 0) {
        log_show(&matrix.server);
    }
    assert_int_equal(bad, 0);
}

/* nftw() passes nothing on: what it counts lies here. */
static struct {
    int64_t recordings;
    int64_t drafts;
} files;

static int file_count(const char *path, const struct stat *status, int type, struct FTW *place)
{
    bool is_draft = strstr(path, "/.drafts/") != NULL;

    (void)status;
    (void)place;
    files.drafts += type == FTW_F && is_draft;
    files.recordings += type == FTW_F && !is_draft && strstr(path, "/probe/") == NULL;
    return 0;
}

/* As many files as rows that are stored, a key for each, nothing half-done, nothing to do. */
static void life_check(void)
{
    char folder[128];

    IGNORE(snprintf(folder, sizeof folder, "%s/recordings", matrix.server.data), "fits");
    assert_int_equal(nftw(folder, file_count, 16, FTW_PHYS), 0);
    int64_t stored = server_number(&matrix.server,
                                   "SELECT count(*) FROM recording WHERE state = 'stored'", NULL);
    assert_int_equal(
        server_number(&matrix.server, "SELECT count(DISTINCT blob_key) FROM recording", NULL),
        stored);
    assert_int_equal(files.recordings, stored);
    assert_int_equal(files.drafts, 0);
    assert_int_equal(server_number(&matrix.server, "SELECT count(*) FROM job", NULL), 0);
    assert_int_equal(server_number(&matrix.server,
                                   "SELECT count(*) FROM recording"
                                   " WHERE state NOT IN ('stored', 'missing')",
                                   NULL),
                     0);
    print_message("  %lld recordings are stored in %lld files; nothing is left to do\n",
                  (long long)stored, (long long)files.recordings);
}

static void every_fault_ends_in_the_recording_or_in_its_right_reason(void **state)
{
    int bench_count = (int)number_of("MATRIX_BENCHES", BENCHES_DEFAULT);
    char folder[128];
    struct error error = { 0 };

    (void)state;
    assert_in_range(bench_count, 1, BENCHES_MAX);
    server_set(&matrix.server, "PBX_ALLOWED_NETWORKS", "127.0.0.0/8");
    server_set(&matrix.server, "FETCH_WORKERS", "48");
    server_set(&matrix.server, "LOG_LEVEL", "warn");
    server_set(&matrix.server, "RETRY_SCHEDULE", "1s,1s,1s,2s");
    assert_true(hole_open(&matrix.hole));
    sounds_make();
    cells = memory_new(CELLS_MAX * sizeof *cells);
    cells_make(false);
    if (!shim_load(&matrix.shim, &matrix.server)) {
        print_message("  SKIPPED: the rows of our own side need a build without sanitizers\n");
    }
    server_start(&matrix.server);
    IGNORE(snprintf(folder, sizeof folder, "%s/recordings", matrix.server.data), "fits");
    assert_true(blob_open_local(folder, &matrix.blob, &error));
    cells_run(bench_count);
    table_print();
    life_check();
    for (int i = 0; i < bench_count; i++) {
        bench_close(&benches[i]);
    }
    blob_close(matrix.blob);
    hole_close(&matrix.hole);
    server_end(&matrix.server);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_fault_ends_in_the_recording_or_in_its_right_reason),
    };

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    curl_global_init(CURL_GLOBAL_DEFAULT); /* Before threads. */
    server_make(&matrix.server);
    matrix.has_names = names_start(&matrix.names, matrix.server.folder);
    if (!matrix.has_names) {
        print_message("  SKIPPED: the rows of the name server need root and mount namespaces\n");
    }
    int failed = cmocka_run_group_tests_name("matrix", tests, NULL, NULL);
    names_stop(&matrix.names);
    return failed;
}

/*
 * kill -9 at every crash point (core/crash.h): the matrix is that table, so a point that is never
 * passed fails its test. While the process dies, a UCM's webhooks come in and are repeated until
 * they are acknowledged. After that: nothing acknowledged is lost, nothing is there twice, nothing
 * is left to do, and nobody had to help.
 */
#include <assert.h>

#include "core/crash.h"
#include "life.h"

enum {
    CALL_COUNT = 6,
    CALL_COUNT_SPEECH = 3, /* Each takes the engine half a second of processor time. */
    BACK_MS_MAX = 1000,
    TICK_MS = 20, /* Files get their time from a clock that may be so late. */
};

/* When the process died, and what came after. 0: not yet. */
struct strike {
    time_ms at;
    time_ms taken_at; /* The next job of its stage was taken; for http: a webhook acknowledged. */
};

struct scenario {
    const struct crash_row *row;
    struct life *life;
    char marker[128];
    struct strike strike;
};

static const struct {
    const char *role;
    const char *stage;
} stages[] = { { "collect", "fetch" }, { "speech", "transcribe" }, { "insight", "analyse" } };

static const char *stage_of(const char *role)
{
    for (size_t i = 0; i < COUNT_OF(stages); i++) {
        if (strcmp(stages[i].role, role) == 0) {
            return stages[i].stage;
        }
    }
    return "";
}

static bool needs_speech(const struct crash_row *row)
{
    return strcmp(row->role, "speech") == 0 || strcmp(row->role, "insight") == 0;
}

static bool is_of(const struct crash_row *row, const char *file)
{
    return strncmp(row->name, file, strlen(file)) == 0;
}

static int scenario_begin(void **state)
{
    struct scenario *scenario = memory_new(sizeof *scenario);

    scenario->row = *state;
    *state = scenario;
    return 0;
}

static int scenario_end(void **state)
{
    struct scenario *scenario = *state;

    if (scenario->life != NULL) {
        life_bury(scenario->life);
    }
    free(scenario);
    return 0;
}

static void server_arm(struct scenario *scenario)
{
    struct server *server = &scenario->life->scene.server;

    IGNORE(snprintf(scenario->marker, sizeof scenario->marker, "%s/struck", server->folder),
           "fits");
    if (is_of(scenario->row, "reconcile.")) {
        server_set(server, "RECONCILE_INTERVAL", "1s");
    }
    server_set(server, "AUDIAPRO_CRASH_AT", scenario->row->name);
    server_set(server, "AUDIAPRO_CRASH_ONCE", scenario->marker);
    server_start(server);
}

static void strike_look(struct scenario *scenario, struct db *db)
{
    static const char SQL[] = "SELECT max(served_at) FROM lane WHERE stage = $1";
    struct strike *strike = &scenario->strike;
    struct stat marker;

    if (strike->at == 0 && stat(scenario->marker, &marker) == 0) {
        strike->at = (time_ms)marker.st_mtim.tv_sec * SECOND_MS + marker.st_mtim.tv_nsec / 1000000;
    }
    if (strike->at == 0 || strike->taken_at > 0) {
        return;
    }
    if (strcmp(scenario->row->role, "http") == 0) {
        size_t count = atomic_load(&scenario->life->acknowledged_count);
        strike->taken_at = count > 0 ? atomic_load(&scenario->life->acknowledged_at[0]) : 0;
    } else {
        time_ms served_at = NUMBER_OF(db, SQL, DB_TEXT(stage_of(scenario->row->role)));
        strike->taken_at = served_at > strike->at + TICK_MS ? served_at : 0;
    }
}

/* Until all is acknowledged and done. */
static void scenario_watch(struct scenario *scenario)
{
    struct life *life = scenario->life;
    AUTO(db_close) struct db *db = server_db(&life->scene.server);
    int64_t until_ms = time_monotonic_ms() + DONE_MS;
    /* Without it all recordings may be stored already: who died must be back. */
    bool is_unhurried = is_of(scenario->row, "reconcile.") || is_of(scenario->row, "import.");

    for (;;) {
        strike_look(scenario, db);
        if (scenario->strike.at > 0 && (!is_unhurried || scenario->strike.taken_at > 0) &&
            life_is_done(life, db)) {
            return;
        }
        states_check(db);
        if (scenario->row->is_for_child && scenario->strike.at > 0) {
            clock_forward(db);
        }
        if (time_monotonic_ms() > until_ms) {
            fail_msg("after %d ms: %s, %zu of %zu calls acknowledged, %lld jobs left", DONE_MS,
                     scenario->strike.at > 0 ? "it struck" : "the point was never passed",
                     atomic_load(&life->acknowledged_count), life->call_count,
                     (long long)NUMBER(db, JOBS_LEFT));
        }
        time_sleep_ms(3);
    }
}

/* A second; but a machine that is crowded by others says nothing about us. */
static int64_t back_ms_max(void)
{
    double load = 0;
    bool is_crowded =
        getloadavg(&load, 1) == 1 && load > 1.5 * (double)sysconf(_SC_NPROCESSORS_ONLN);

    return is_crowded ? 5 * BACK_MS_MAX : BACK_MS_MAX;
}

/* The role was started again at once: by its own word, given when it had begun to work. */
static void return_check(const struct scenario *scenario)
{
    static const char SQL[] =
        "SELECT min(started_at) FROM process WHERE role = $1 AND started_at > $2";
    const struct crash_row *row = scenario->row;
    const struct strike *strike = &scenario->strike;
    AUTO(db_close) struct db *db = server_db(&scenario->life->scene.server);

    if (row->is_for_child) {
        print_message("    %s: %s\n", row->name, row->cuts);
        return;
    }
    time_ms back_at = NUMBER_OF(db, SQL, DB_TEXT(row->role), DB_INT(strike->at));
    assert_true(back_at > 0);
    print_message("    %s: %s. %s was back after %lld ms", row->name, row->cuts, row->role,
                  (long long)(back_at - strike->at));
    if (strike->taken_at > 0) {
        print_message(", did its work again after %lld ms",
                      (long long)(strike->taken_at - strike->at));
    }
    print_message("\n");
    assert_in_range(back_at - strike->at, 0, back_ms_max());
}

/* The days of the calls that are being told at the same time. */
static void history_order(const struct server *server)
{
    char from[TIME_TEXT_SIZE];

    IGNORE(time_print(time_now() - 2 * DAY_MS, from), "returns its argument");
    IGNORE(role_wait(server, "collect", 0), "an order without one to carry it out exits 1");
    server_must(server,
                &(struct command){
                    .arguments = { "import", "--from", from, "--per-minute", "6000", "--detach" } },
                NULL);
}

static void nothing_is_lost_or_doubled(void **state)
{
    struct scenario *scenario = *state;
    bool is_transcribing = needs_speech(scenario->row);

    if (is_transcribing && !speech_is_there()) {
        print_message("SKIPPED: the crash point %s\n", scenario->row->name);
        skip();
    }
    scenario->life = life_make(is_transcribing);
    server_arm(scenario);
    life_send(scenario->life, is_transcribing ? CALL_COUNT_SPEECH : CALL_COUNT);
    if (is_of(scenario->row, "import.")) {
        history_order(&scenario->life->scene.server);
    }
    scenario_watch(scenario);
    return_check(scenario);
    life_check(scenario->life, 0);
    server_stop(&scenario->life->scene.server);
    (void)drafts_check(scenario->life);
    scenario->life->is_good = true;
}

static void a_point_that_is_none_is_refused(void **state)
{
    static const char *const arguments[] = { "serve", "--role", "http", NULL };
    struct scenario *scenario = *state;
    struct server *server = NULL;

    scenario->life = life_make(false);
    server = &scenario->life->scene.server;
    server_set(server, "AUDIAPRO_CRASH_AT", "fetch.eaten");
    server_set(server, "AUDIAPRO_CRASH_ONCE", "/nowhere");
    assert_int_equal(process_wait(program_start(server, arguments, -1, -1, -1), STOP_MS), 1);
    scenario->life->is_good = true;
}

int main(void)
{
    enum { TESTS_MAX = 128 };
    static struct CMUnitTest tests[TESTS_MAX];
    static char names[TESTS_MAX][96];
    size_t count = 0;

    tree_adopt_orphans();
    tests[count++] = (struct CMUnitTest){ .name = "a_point_that_is_none_is_refused",
                                          .test_func = a_point_that_is_none_is_refused,
                                          .setup_func = scenario_begin,
                                          .teardown_func = scenario_end };
    for (const struct crash_row *row = crash_rows(); row->name != NULL; row++, count++) {
        assert(count < TESTS_MAX);
        IGNORE(snprintf(names[count], sizeof names[count], "nothing_is_lost_or_doubled_at_%s",
                        row->name),
               "fits");
        tests[count] = (struct CMUnitTest){ .name = names[count],
                                            .test_func = nothing_is_lost_or_doubled,
                                            .setup_func = scenario_begin,
                                            .teardown_func = scenario_end,
                                            .initial_state = (void *)(uintptr_t)row };
    }
    cmocka_set_test_filter(getenv("CRASH_TEST")); /* "*fetch.kept": only that one */
    return _cmocka_run_group_tests("points", tests, count, NULL, NULL);
}

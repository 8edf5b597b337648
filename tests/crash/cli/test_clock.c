/*
 * The wall clock jumps while the server works: an hour, a day, ten years, forward and back again.
 * Nothing waits for an instant of the clock as it was, no webhook is lost, no recording is given
 * up, and no session lives longer for it. The fault shim moves the clock of every process at once.
 */
#include "life.h"
#include "tools/shim_use.h"

enum {
    CALLS_PER_JUMP = 2,
    WEBHOOK_MS = 3000,
    STORED_WAIT_MS = 20000,
    NEXT_TRY_MS = 5000, /* The longest step of the schedule, and some. */
};

static const struct jump {
    const char *name;
    long long shift_ms;
} jumps[] = {
    { "an hour forward", (long long)HOUR_MS },
    { "back", 0 },
    { "an hour back", -(long long)HOUR_MS },
    { "forward again", 0 },
    { "a day forward", DAY_MS },
    { "back", 0 },
    { "a day back", -DAY_MS },
    { "forward again", 0 },
    { "ten years forward", 3650 * DAY_MS },
    { "back", 0 },
    { "ten years back", -3650 * DAY_MS },
    { "forward again", 0 },
};

struct clock_test {
    struct life *life;
    struct shim shim;
    size_t sent;
};

static int clock_begin(void **state)
{
    struct clock_test *test = memory_new(sizeof *test);
    struct server *server = NULL;

    *state = test;
    test->life = life_make(false);
    server = &test->life->scene.server;
    if (!shim_load(&test->shim, server)) {
        fail_msg("the fault shim was not built");
    }
    server_set(server, "LOG_LEVEL", "warn");
    server_set(server, "ADMIN_EMAIL", ADMIN_EMAIL);
    server_set(server, "ADMIN_PASSWORD", ADMIN_PASSWORD);
    server_start(server);
    IGNORE(role_wait(server, "collect", 0), "it runs");
    return 0;
}

static int clock_end(void **state)
{
    struct clock_test *test = *state;

    life_bury(test->life);
    free(test);
    return 0;
}

static void clock_set(struct clock_test *test, long long shift_ms)
{
    atomic_store(&test->shim.control->clock_shift_ms, shift_ms);
}

static int64_t count_of(const struct clock_test *test, const char *sql)
{
    return server_number(&test->life->scene.server, sql, NULL);
}

static void count_wait(const struct clock_test *test, const char *sql, int64_t count,
                       const char *name)
{
    int64_t until_ms = time_monotonic_ms() + STORED_WAIT_MS;

    while (count_of(test, sql) != count) {
        if (time_monotonic_ms() > until_ms) {
            AUTO(db_close) struct db *db = server_db(&test->life->scene.server);
            jobs_show(db);
            fail_msg("%s: %lld and not %lld after %d ms: %s", name, (long long)count_of(test, sql),
                     (long long)count, STORED_WAIT_MS, sql);
        }
        time_sleep_ms(20);
    }
}

/* Their webhooks are taken as fast as ever. */
static void calls_ring(struct clock_test *test, const char *name)
{
    int64_t began_ms = time_monotonic_ms();

    for (int i = 0; i < CALLS_PER_JUMP; i++) {
        life_ring(test->life);
        assert_true(call_send(test->life, test->sent++));
    }
    if (time_monotonic_ms() - began_ms > WEBHOOK_MS) {
        fail_msg("%s: the webhooks took %lld ms", name,
                 (long long)(time_monotonic_ms() - began_ms));
    }
}

static void no_job_waits_for_a_clock_that_was_wrong(void **state)
{
    static const char SQL_STORED[] = "SELECT count(*) FROM recording WHERE state = 'stored'";
    static const char SQL_WAITING[] = "SELECT count(*) FROM recording WHERE state = 'waiting'"
                                      " AND reason = 'not_there_yet'";
    struct clock_test *test = *state;
    struct life *life = test->life;

    calls_ring(test, "before");
    count_wait(test, SQL_STORED, (int64_t)test->sent, "before");
    for (size_t i = 0; i < COUNT_OF(jumps); i++) {
        int64_t stored = (int64_t)test->sent;
        fault_set(&life->scene, "not-found", SIMULATOR_FOREVER, 0);
        calls_ring(test, jumps[i].name);
        count_wait(test, SQL_WAITING, CALLS_PER_JUMP, jumps[i].name);
        clock_set(test, jumps[i].shift_ms);
        int64_t began_ms = time_monotonic_ms();
        time_sleep_ms(300);
        simulator_faults_clear(life->scene.ucm);
        count_wait(test, SQL_STORED, stored + CALLS_PER_JUMP, jumps[i].name);
        int64_t took_ms = time_monotonic_ms() - began_ms;
        calls_ring(test, jumps[i].name);
        count_wait(test, SQL_STORED, (int64_t)test->sent, jumps[i].name);
        print_message("    %s: what had waited was stored %lld ms later\n", jumps[i].name,
                      (long long)took_ms);
        assert_in_range(took_ms, 0, NEXT_TRY_MS);
    }
    atomic_store(&life->acknowledged_count, life->call_count);
    life_wait(life, DONE_MS, false);
    /* The sweep took who seemed silent for years; the next beat brings them back. */
    count_wait(test, "SELECT count(*) FROM process", 4, "at the end");
    life_check(life, 0);
    server_stop(&life->scene.server);
    life->is_good = true;
}

/* ---- Sessions ---- */

static void sign_in(struct clock_test *test, char cookie_out[600])
{
    AUTO(reply_clear) struct reply reply = { 0 };
    char value[512];

    server_ask_with(&test->life->scene.server, "/api/auth/login",
                    "{\"email\":\"" ADMIN_EMAIL "\",\"password\":\"" ADMIN_PASSWORD "\"}", 0,
                    "Content-Type: application/json", NULL, NULL, &reply);
    if (reply.status != 200) {
        fail_msg("sign in: HTTP %ld %s", reply.status, text_get(&reply.body));
    }
    IGNORE(reply_header(&reply, "Set-Cookie", value), "below");
    assert_true(strlen(value) > 0);
    IGNORE(snprintf(cookie_out, 600, "Cookie: %.*s", (int)strcspn(value, ";"), value), "fits");
}

static long me_status(struct clock_test *test, const char *cookie)
{
    AUTO(reply_clear) struct reply reply = { 0 };

    server_ask_with(&test->life->scene.server, "/api/auth/me", NULL, 0, cookie, NULL, NULL, &reply);
    return reply.status;
}

static void no_session_lives_longer_because_the_clock_was_set_back(void **state)
{
    struct clock_test *test = *state;
    char cookie[600];

    sign_in(test, cookie);
    assert_int_equal(me_status(test, cookie), 200);
    clock_set(test, 13 * (long long)HOUR_MS); /* Longer than a session. */
    assert_int_equal(me_status(test, cookie), 401);
    sign_in(test, cookie);
    assert_int_equal(me_status(test, cookie), 200);
    clock_set(test, 0); /* It would live 25 hours now. */
    assert_int_equal(me_status(test, cookie), 401);
    sign_in(test, cookie);
    clock_set(test, -3650 * DAY_MS);
    assert_int_equal(me_status(test, cookie), 401);
    clock_set(test, -1 * (long long)MINUTE_MS);
    sign_in(test, cookie);
    clock_set(test, -2 * (long long)MINUTE_MS); /* A clock that is corrected signs nobody out. */
    assert_int_equal(me_status(test, cookie), 200);
    server_stop(&test->life->scene.server);
    test->life->is_good = true;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_job_waits_for_a_clock_that_was_wrong, clock_begin,
                                        clock_end),
        cmocka_unit_test_setup_teardown(no_session_lives_longer_because_the_clock_was_set_back,
                                        clock_begin, clock_end),
    };

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    tree_adopt_orphans();
    cmocka_set_test_filter(getenv("CRASH_TEST"));
    return cmocka_run_group_tests_name("clock", tests, NULL, NULL);
}

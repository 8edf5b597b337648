/*
 * The supervisor dies, alone or with all its roles: nobody is left behind, nobody waits for a lease
 * of the dead when the server is started again, and nothing is lost or doubled.
 */
#include "life.h"

enum {
    CALL_COUNT = 4,
    HELD_COUNT = 2, /* As many connections as one PBX gets. */
    GONE_MS_MAX = 2000,
    AGAIN_MS_MAX = 10000, /* A lease is 30 s. */
};

static int life_begin(void **state)
{
    *state = life_make(false);
    return 0;
}

static int life_end(void **state)
{
    life_bury(*state);
    return 0;
}

/* Downloads that do not end: the collector is in the middle of its work from now on. */
static void work_hold(struct life *life)
{
    AUTO(db_close) struct db *db = NULL;
    int64_t until_ms = time_monotonic_ms() + READY_MS;

    fault_set(&life->scene, "stall-in-body", SIMULATOR_FOREVER, 8000);
    server_start(&life->scene.server);
    life_send(life, CALL_COUNT);
    db = server_db(&life->scene.server);
    while (NUMBER(db, "SELECT count(*) FROM recording WHERE state = 'fetching'") != HELD_COUNT) {
        assert_true(time_monotonic_ms() < until_ms);
        time_sleep_ms(LOOK_MS);
    }
}

/* Start it again: what the dead were at is done within seconds. */
static void work_goes_on(struct life *life)
{
    int64_t started_at = time_monotonic_ms();

    simulator_faults_clear(life->scene.ucm);
    server_start(&life->scene.server);
    int64_t answered_at = time_monotonic_ms();
    life_wait(life, AGAIN_MS_MAX, false);
    print_message("    started again: answered after %lld ms, all was done after %lld ms\n",
                  (long long)(answered_at - started_at),
                  (long long)(time_monotonic_ms() - started_at));
    life_check(life, 0);
    server_stop(&life->scene.server);
    (void)drafts_check(life);
    life->is_good = true;
}

static void roles_end_with_their_supervisor_and_the_next_one_goes_on(void **state)
{
    struct life *life = *state;

    work_hold(life);
    assert_int_equal(kill(life->scene.server.pid, SIGKILL), 0);
    int64_t gone_ms = tree_wait_gone(4 * GONE_MS_MAX);
    print_message("    the supervisor was killed: its roles were gone after %lld ms\n",
                  (long long)gone_ms);
    assert_in_range(gone_ms, 0, GONE_MS_MAX);
    work_goes_on(life);
}

static void a_server_killed_as_a_whole_goes_on_at_once(void **state)
{
    struct life *life = *state;

    work_hold(life);
    tree_kill();
    work_goes_on(life);
}

/* The one role, in a process that nobody supervises. */
static pid_t role_alone(const struct life *life, const char *role)
{
    const char *const arguments[] = { "serve", "--role", role, NULL };
    AUTO(file_close)
    int log = open(life->scene.server.log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    return program_start(&life->scene.server, arguments, -1, log, log);
}

/* Work waits already, so that the role takes it in its very first moment, and dies of it. */
static void a_role_that_dies_in_its_first_moment_holds_nothing_back(void **state)
{
    struct life *life = *state;
    struct server *server = &life->scene.server;
    char marker[128];

    server_start(server);
    server_stop(server);
    pid_t http = role_alone(life, "http");
    life_send(life, CALL_COUNT);
    while (atomic_load(&life->acknowledged_count) < CALL_COUNT) {
        time_sleep_ms(LOOK_MS);
    }
    assert_int_equal(kill(http, SIGKILL), 0);
    (void)process_wait(http, STOP_MS);
    IGNORE(snprintf(marker, sizeof marker, "%s/struck", server->folder), "fits");
    server_set(server, "AUDIAPRO_CRASH_AT", "fetch.claimed");
    server_set(server, "AUDIAPRO_CRASH_ONCE", marker);
    work_goes_on(life);
    assert_int_equal(access(marker, F_OK), 0);
}

/* Nobody but the next of its kind finds out that it died. */
static void an_unsupervised_role_frees_what_its_predecessor_held(void **state)
{
    struct life *life = *state;

    work_hold(life);
    tree_kill();
    life->scene.server.pid = 0;
    simulator_faults_clear(life->scene.ucm);
    pid_t http = role_alone(life, "http"); /* The sender may not be through. */
    pid_t collect = role_alone(life, "collect");
    life_wait(life, AGAIN_MS_MAX, false);
    assert_int_equal(kill(http, SIGKILL), 0);
    assert_int_equal(kill(collect, SIGKILL), 0);
    assert_true(tree_wait_gone(STOP_MS) >= 0);
    life->is_good = true;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, life_begin, life_end)
        TEST(roles_end_with_their_supervisor_and_the_next_one_goes_on),
        TEST(a_server_killed_as_a_whole_goes_on_at_once),
        TEST(a_role_that_dies_in_its_first_moment_holds_nothing_back),
        TEST(an_unsupervised_role_frees_what_its_predecessor_held),
    };

    tree_adopt_orphans();
    return cmocka_run_group_tests_name("supervisor", tests, NULL, NULL);
}

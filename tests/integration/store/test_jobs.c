/* The queue in the store: leases, fences, limits, fairness. */
#include "check.h"

#include <string.h>

#include "integration/store/store_fixture.h"
#include "store/jobs.h"

enum { LEASE_MS = 60000 };

static void add(struct fixture *f, int64_t subject, int64_t lane, time_ms run_at)
{
    MUST(f, job_add(f->db, subject, lane, f->tenant_id, run_at, run_at, &f->error));
}

static bool claim(struct fixture *f, time_ms now, struct job *job)
{
    bool is_found = false;

    MUST(f, job_claim(f->db, LANE_FETCH, 7, now, LEASE_MS, job, &is_found, &f->error));
    return is_found;
}

static void a_job_is_taken_once_until_its_lease_runs_out(void **state)
{
    struct fixture *f = *state;
    struct job first;
    struct job second;

    add(f, 1, f->lane_id, 1000);
    CHECK(!claim(f, 999, &first));
    CHECK(claim(f, 1000, &first));
    CHECK_NUMBER(first.attempt, 1);
    CHECK(!claim(f, 1000 + LEASE_MS - 1, &second));
    CHECK(claim(f, 1000 + LEASE_MS, &second));
    CHECK_NUMBER(second.attempt, 2);

    CHECK(
        !job_remove(f->db, &first, &f->error)); /* The first worker wakes up: it lost its lease. */
    CHECK_NUMBER(f->error.kind, ERROR_BUSY);
    CHECK(!job_renew(f->db, &first, 2000, LEASE_MS, &f->error));
    CHECK(!job_delay(f->db, &first, 2000, &f->error));
    MUST(f, job_remove(f->db, &second, &f->error));
    CHECK_NUMBER(fixture_count(f, "SELECT count(*) FROM job"), 0);
}

static void a_heartbeat_keeps_the_lease(void **state)
{
    struct fixture *f = *state;
    struct job job;
    struct job other;

    add(f, 1, f->lane_id, 1000);
    CHECK(claim(f, 1000, &job));
    MUST(f, job_renew(f->db, &job, 50000, LEASE_MS, &f->error));
    CHECK(!claim(f, 1000 + LEASE_MS, &other));
    CHECK(claim(f, 50000 + LEASE_MS, &other));
}

static void a_pbx_never_has_more_than_two_running(void **state)
{
    struct fixture *f = *state;
    struct job jobs[3];

    for (int64_t i = 1; i <= 3; i++) {
        add(f, i, f->lane_id, 1000);
    }
    CHECK(claim(f, 1000, &jobs[0]));
    CHECK(claim(f, 1000, &jobs[1]));
    CHECK(!claim(f, 1000, &jobs[2]));
    MUST(f, job_delay(f->db, &jobs[0], 9000, &f->error));
    CHECK(claim(f, 1000, &jobs[2]));
}

static void a_blocked_lane_waits_and_the_others_go_on(void **state)
{
    struct fixture *f = *state;
    int64_t tenant = 0;
    int64_t pbx = 0;
    int64_t lane = 0;
    struct job job;
    time_ms due = 0;

    fixture_tenant_add(f, "other", &tenant, &pbx);
    MUST(f, lane_ensure(f->db, LANE_FETCH, pbx, 2, &lane, &f->error));
    add(f, 1, f->lane_id, 1000);
    add(f, 2, lane, 2000);
    MUST(f, lane_block(f->db, LANE_FETCH, f->pbx_id, 60000, &f->error));
    MUST(f, job_next_due(f->db, LANE_FETCH, 1500, &due, &f->error));
    CHECK_NUMBER(due, 2000);
    CHECK(claim(f, 5000, &job));
    CHECK_NUMBER(job.subject_id, 2);
    CHECK(!claim(f, 5000, &job));
    MUST(f, lane_block(f->db, LANE_FETCH, f->pbx_id, 0, &f->error));
    CHECK(claim(f, 5000, &job));
    CHECK_NUMBER(job.subject_id, 1);
}

static void one_lane_with_many_jobs_does_not_starve_another(void **state)
{
    struct fixture *f = *state;
    int64_t tenant = 0;
    int64_t pbx = 0;
    int64_t lane = 0;
    int small_after = -1;

    fixture_tenant_add(f, "small", &tenant, &pbx);
    MUST(f, lane_ensure(f->db, LANE_FETCH, pbx, 2, &lane, &f->error));
    for (int64_t i = 1; i <= 100; i++) {
        add(f, i, f->lane_id, 1000);
    }
    add(f, 1000, lane, 1500);
    for (int i = 0; i < 10 && small_after < 0; i++) {
        struct job job;
        CHECK(claim(f, 2000 + i, &job));
        small_after = job.subject_id == 1000 ? i : -1;
        MUST(f, job_remove(f->db, &job, &f->error));
    }
    CHECK(small_after >= 0 && small_after <= 1);
}

static void a_moved_job_starts_anew_in_the_next_lane(void **state)
{
    struct fixture *f = *state;
    struct job job;
    int64_t lane = 0;
    bool is_found = false;

    MUST(f, lane_ensure(f->db, LANE_TRANSCRIBE, f->tenant_id, 10, &lane, &f->error));
    add(f, 1, f->lane_id, 1000);
    CHECK(claim(f, 1000, &job));
    MUST(f, job_move(f->db, &job, lane, 1100, &f->error));
    CHECK(!claim(f, 99999, &job));
    MUST(f, job_claim(f->db, LANE_TRANSCRIBE, 7, 1100, LEASE_MS, &job, &is_found, &f->error));
    CHECK(is_found);
    CHECK_NUMBER(job.attempt, 1);
    CHECK_NUMBER(job.owner_id, f->tenant_id);
}

static void a_retry_makes_a_waiting_job_due_but_leaves_a_running_one_alone(void **state)
{
    struct fixture *f = *state;
    struct job job;
    struct job other;

    add(f, 1, f->lane_id, 900000);
    MUST(f, job_retry_now(f->db, 1, f->lane_id, f->tenant_id, 1000, &f->error));
    CHECK(claim(f, 1000, &job));
    MUST(f, job_retry_now(f->db, 1, f->lane_id, f->tenant_id, 1001, &f->error));
    CHECK(!claim(f, 1001, &other));
    MUST(f, job_remove(f->db, &job, &f->error));
    MUST(f, job_retry_now(f->db, 1, f->lane_id, f->tenant_id, 1002, &f->error));
    CHECK(claim(f, 1002, &other));
}

static void what_a_dead_process_held_is_due_at_once(void **state)
{
    struct fixture *f = *state;
    struct job job;

    add(f, 1, f->lane_id, 1000);
    CHECK(claim(f, 1000, &job));
    MUST(f, job_release_all(f->db, 8, 1001, &f->error));
    CHECK(!claim(f, 1001, &job));
    MUST(f, job_release_all(f->db, 7, 1001, &f->error));
    CHECK(claim(f, 1001, &job));
    CHECK_NUMBER(job.attempt, 1); /* The try that was cut short does not count. */
}

static void history_is_taken_when_nothing_else_is_due(void **state)
{
    struct fixture *f = *state;
    struct job job;
    time_ms due_at = 0;

    MUST(f, job_add_history(f->db, 1, f->lane_id, f->tenant_id, 1000, 1000, &f->error));
    MUST(f, job_next_due(f->db, LANE_FETCH, 1, &due_at, &f->error));
    CHECK_NUMBER(due_at, 1000);
    add(f, 2, f->lane_id, 3000);
    MUST(f, job_next_due(f->db, LANE_FETCH, 1, &due_at, &f->error));
    CHECK_NUMBER(due_at, 1000);
    CHECK(claim(f, 3000, &job)); /* The living call came later, and goes first. */
    CHECK_NUMBER(job.subject_id, 2);
    MUST(f, job_remove(f->db, &job, &f->error));
    CHECK(claim(f, 3000, &job));
    CHECK_NUMBER(job.subject_id, 1);
    MUST(f, job_move(f->db, &job, f->lane_id, 4000, &f->error)); /* In the next lane as well. */
    add(f, 3, f->lane_id, 5000);
    CHECK(claim(f, 5000, &job));
    CHECK_NUMBER(job.subject_id, 3);
    CHECK(claim(f, 5000, &job));
    CHECK_NUMBER(job.subject_id, 1);
    MUST(f, job_delay(f->db, &job, 9000, &f->error));
    MUST(f, job_retry_now(f->db, 1, f->lane_id, f->tenant_id, 6000, &f->error));
    add(f, 4, f->lane_id, 6001); /* A person's retry is no history any more. */
    CHECK(claim(f, 6001, &job));
    CHECK_NUMBER(job.subject_id, 1);
}

static void the_owners_own_job_goes_before_its_recordings(void **state)
{
    struct fixture *f = *state;
    struct job job;

    add(f, 1, f->lane_id, 1000);
    add(f, 2, f->lane_id, 1001);
    add(f, f->pbx_id, f->lane_id, 2000);
    CHECK(claim(f, 2000, &job));
    CHECK_NUMBER(job.subject_id, f->pbx_id);
    CHECK_NUMBER(job.owner_id, f->pbx_id);
    CHECK(claim(f, 2000, &job)); /* It is taken: now the oldest. */
    CHECK_NUMBER(job.subject_id, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
        TEST(a_job_is_taken_once_until_its_lease_runs_out),
        TEST(a_heartbeat_keeps_the_lease),
        TEST(a_pbx_never_has_more_than_two_running),
        TEST(a_blocked_lane_waits_and_the_others_go_on),
        TEST(one_lane_with_many_jobs_does_not_starve_another),
        TEST(a_moved_job_starts_anew_in_the_next_lane),
        TEST(what_a_dead_process_held_is_due_at_once),
        TEST(history_is_taken_when_nothing_else_is_due),
        TEST(the_owners_own_job_goes_before_its_recordings),
        TEST(a_retry_makes_a_waiting_job_due_but_leaves_a_running_one_alone),
    };
    return cmocka_run_group_tests_name("store/jobs", tests, NULL, NULL);
}

#include "check.h"

#include <string.h>

#include "pbx/proof.h"

static const struct wave_info ten_seconds = {
    .format = 1,
    .channels = 1,
    .rate = 8000,
    .bits = 16,
    .block_align = 2,
    .riff_bytes = 160044,
    .data_at = 44,
    .data_declared = 160000,
    .data_present = 160000,
    .seconds = 10,
};

static enum reason check(struct pbx_wanted wanted, struct wave_info wave, int64_t bytes,
                         int64_t announced)
{
    struct pbx_trouble trouble = { .detail = "" };
    enum reason reason = proof_check(&wanted, &wave, bytes, announced, &trouble);

    CHECK(reason == trouble.reason);
    CHECK((reason != REASON_NONE) == (trouble.detail[0] != '\0'));
    return reason;
}

static struct pbx_wanted wanting(int64_t bytes, int64_t seconds, int64_t talk_s)
{
    return (struct pbx_wanted){ .expected_bytes = bytes,
                                .expected_seconds = seconds,
                                .talk_s = talk_s };
}

static void a_file_that_agrees_with_everything_is_proven(void **state)
{
    (void)state;
    struct pbx_wanted wanted = { .expected_bytes = 160044, .expected_seconds = 10, .talk_s = 9 };

    CHECK_NUMBER(check(wanted, ten_seconds, 160044, 160044), REASON_NONE);
    CHECK_NUMBER(check(wanting(-1, -1, 10), ten_seconds, 160044, -1), REASON_NONE);
}

static void less_than_announced_or_declared_is_truncated(void **state)
{
    (void)state;
    struct wave_info cut = ten_seconds;

    cut.data_present = 100000;
    CHECK_NUMBER(check(wanting(-1, -1, 10), cut, 100044, -1), REASON_TRUNCATED);
    CHECK_NUMBER(check(wanting(160044, -1, -1), cut, 100044, -1), REASON_TRUNCATED);
    CHECK_NUMBER(check(wanting(-1, -1, 10), ten_seconds, 160044, 170000), REASON_TRUNCATED);
}

static void a_header_without_sound_is_empty(void **state)
{
    (void)state;
    struct wave_info bare = ten_seconds;

    bare.data_declared = bare.data_present = 0;
    bare.seconds = 0;
    CHECK_NUMBER(check(wanting(-1, -1, 0), bare, 60, -1), REASON_EMPTY);
}

static void another_size_than_the_records_is_a_mismatch(void **state)
{
    (void)state;
    CHECK_NUMBER(check(wanting(160045, -1, -1), ten_seconds, 160044, -1), REASON_SIZE_MISMATCH);
    CHECK_NUMBER(check(wanting(160043, -1, -1), ten_seconds, 160044, -1), REASON_SIZE_MISMATCH);
}

static void seconds_agree_within_two_or_two_percent(void **state)
{
    (void)state;
    struct wave_info hour = ten_seconds;

    hour.seconds = 3600;
    CHECK_NUMBER(check(wanting(-1, 12, -1), ten_seconds, 160044, -1), REASON_NONE);
    CHECK_NUMBER(check(wanting(-1, 13, -1), ten_seconds, 160044, -1), REASON_DURATION_MISMATCH);
    CHECK_NUMBER(check(wanting(-1, 7, -1), ten_seconds, 160044, -1), REASON_DURATION_MISMATCH);
    CHECK_NUMBER(check(wanting(-1, 3665, -1), hour, 160044, -1), REASON_NONE);
    CHECK_NUMBER(check(wanting(-1, 3700, -1), hour, 160044, -1), REASON_DURATION_MISMATCH);
}

static void talk_time_alone_only_finds_the_coarse_differences(void **state)
{
    (void)state;
    CHECK_NUMBER(check(wanting(-1, -1, 20), ten_seconds, 160044, -1), REASON_NONE);
    CHECK_NUMBER(check(wanting(-1, -1, 21), ten_seconds, 160044, -1), REASON_DURATION_MISMATCH);
    CHECK_NUMBER(check(wanting(-1, -1, 1), ten_seconds, 160044, -1), REASON_NONE);
    struct wave_info two = ten_seconds;
    two.seconds = 2;
    CHECK_NUMBER(check(wanting(-1, -1, 11), two, 160044, -1), REASON_NONE);
}

static void other_containers_are_checked_by_size_only(void **state)
{
    (void)state;
    struct pbx_trouble trouble;
    struct pbx_wanted wanted = wanting(100, 99, -1);

    CHECK_NUMBER(proof_check(&wanted, NULL, 100, 100, &trouble), REASON_NONE);
    CHECK_NUMBER(proof_check(&wanted, NULL, 99, -1, &trouble), REASON_SIZE_MISMATCH);
}

static void the_limit_of_a_download_follows_the_talk(void **state)
{
    (void)state;
    struct pbx_wanted wanted = wanting(-1, -1, 10);

    CHECK_NUMBER(proof_size_max(&wanted), 64 * MIB);
    wanted.talk_s = 36000;
    CHECK_NUMBER(proof_size_max(&wanted), 32000LL * 36600);
    wanted.talk_s = INT64_MAX;
    CHECK(proof_size_max(&wanted) < (int64_t)(8 * GIB));
    wanted.talk_s = -1;
    CHECK(proof_size_max(&wanted) > (int64_t)(512 * MIB));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_that_agrees_with_everything_is_proven),
        cmocka_unit_test(less_than_announced_or_declared_is_truncated),
        cmocka_unit_test(a_header_without_sound_is_empty),
        cmocka_unit_test(another_size_than_the_records_is_a_mismatch),
        cmocka_unit_test(seconds_agree_within_two_or_two_percent),
        cmocka_unit_test(talk_time_alone_only_finds_the_coarse_differences),
        cmocka_unit_test(other_containers_are_checked_by_size_only),
        cmocka_unit_test(the_limit_of_a_download_follows_the_talk),
    };
    return cmocka_run_group_tests_name("pbx/proof", tests, NULL, NULL);
}

#include "check.h"

#include <stdlib.h>

#include "cli/transcribe.h"

static int run(int argc, char **argv)
{
    return cli_transcribe(argc, argv);
}

#define RUN(...)                                                                                   \
    run((int)(sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *)), (char *[]){ __VA_ARGS__, NULL })

static void help_is_no_error(void **state)
{
    (void)state;
    CHECK_NUMBER(RUN("transcribe", "--help"), 0);
}

static void wrong_usage_exits_with_2(void **state)
{
    (void)state;
    CHECK_NUMBER(RUN("transcribe"), 2);
    CHECK_NUMBER(RUN("transcribe", "a.wav", "b.wav"), 2);
    CHECK_NUMBER(RUN("transcribe", "a.wav", "--format", "doc"), 2);
    CHECK_NUMBER(RUN("transcribe", "a.wav", "--format"), 2);
    CHECK_NUMBER(RUN("transcribe", "a.wav", "--channels", "agent"), 2);
    CHECK_NUMBER(RUN("transcribe", "a.wav", "--channels", "a,b,c"), 2);
    CHECK_NUMBER(RUN("transcribe", "a.wav", "--channels", ",customer"), 2);
    CHECK_NUMBER(RUN("transcribe", "a.wav", "--threads", "0"), 2);
    CHECK_NUMBER(RUN("transcribe", "a.wav", "--threads", "4x"), 2);
    CHECK_NUMBER(RUN("transcribe", "a.wav", "--loud"), 2);
    CHECK_NUMBER(RUN("transcribe", "a.wav", "-z"), 2);
}

static void a_file_that_is_not_there_exits_with_1(void **state)
{
    (void)state;
    CHECK_NUMBER(RUN("transcribe", "/nothing/is/called/so.wav"), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(help_is_no_error),
        cmocka_unit_test(wrong_usage_exits_with_2),
        cmocka_unit_test(a_file_that_is_not_there_exits_with_1),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

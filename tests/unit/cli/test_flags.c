#include "check.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/flags.h"
#include "core/macros.h"

static bool is_json;
static const char *limit;
static const struct flag flags[] = {
    { "--json", NULL, &is_json, NULL, "as JSON" },
    { "--limit", "N", NULL, &limit, "how many" },
};
static const struct usage usage = { .command = "calls list",
                                    .words = "ID",
                                    .about = "About.",
                                    .flags = flags,
                                    .flag_count = COUNT_OF(flags),
                                    .word_count_min = 1,
                                    .word_count_max = 1 };

static int output; /* Standard error and output during a test. */

static int output_hide(void **state)
{
    (void)state;
    is_json = false;
    limit = NULL;
    output = dup(STDERR_FILENO);
    return freopen("/dev/null", "w", stderr) != NULL ? 0 : 1;
}

static int output_show(void **state)
{
    (void)state;
    (void)fflush(stderr);
    (void)dup2(output, STDERR_FILENO);
    return close(output);
}

static bool read_flags(char **argv, int argc, struct words *words, int *status)
{
    return flags_read(&usage, argc, argv, words, status);
}
#define READ(words, status, ...)                                                                   \
    read_flags((char *[]){ __VA_ARGS__ },                                                          \
               (int)(sizeof((char *[]){ __VA_ARGS__ }) / sizeof(char *)), words, status)

static char list[] = "list", json[] = "--json", limit_flag[] = "--limit", seven[] = "7",
            limit_seven[] = "--limit=7", id[] = "abc", wrong[] = "--jsn", dashes[] = "--",
            json_yes[] = "--json=yes";

static void flags_and_words_may_stand_in_any_order(void **state)
{
    struct words words;
    int status = -1;

    (void)state;
    CHECK(READ(&words, &status, list, json, id, limit_flag, seven));
    CHECK(is_json);
    CHECK_TEXT(limit, "7");
    CHECK_NUMBER(words.count, 1);
    CHECK_TEXT(words.text[0], "abc");
    CHECK(READ(&words, &status, list, limit_seven, id));
    CHECK_TEXT(limit, "7");
}

static void what_is_wrong_ends_with_exit_status_2(void **state)
{
    struct words words;
    int status = -1;

    (void)state;
    CHECK(!READ(&words, &status, list, wrong, id));
    CHECK_NUMBER(status, EXIT_USAGE);
    CHECK(!READ(&words, &status, list, id, limit_flag));
    CHECK_NUMBER(status, EXIT_USAGE);
    CHECK(!READ(&words, &status, list, id, json_yes));
    CHECK_NUMBER(status, EXIT_USAGE);
    CHECK(!READ(&words, &status, list));
    CHECK_NUMBER(status, EXIT_USAGE);
    CHECK(!READ(&words, &status, list, id, seven));
    CHECK_NUMBER(status, EXIT_USAGE);
}

static void two_dashes_end_the_flags(void **state)
{
    struct words words;
    int status = -1;

    (void)state;
    CHECK(READ(&words, &status, list, dashes, json));
    CHECK(!is_json);
    CHECK_TEXT(words.text[0], "--json");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, output_hide, output_show)
        TEST(flags_and_words_may_stand_in_any_order),
        TEST(what_is_wrong_ends_with_exit_status_2),
        TEST(two_dashes_end_the_flags),
    };
    return cmocka_run_group_tests_name("cli/flags", tests, NULL, NULL);
}

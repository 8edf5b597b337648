#include "check.h"

#include <string.h>

#include "http/target.h"

static enum target_verdict verdict_of(const char *text)
{
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    struct target target;

    return target_read(arena, text, &target);
}

static void a_path_is_cut_before_it_is_decoded(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    struct target target;

    CHECK_NUMBER(target_read(arena, "/api/a%2Fb%20c/?q=1+2%2B&flag&=x&q=3", &target), TARGET_GOOD);
    CHECK_TEXT(target.path, "/api/a%2Fb%20c/");
    CHECK_NUMBER(target.segment_count, 3);
    CHECK_TEXT(target.segments[1], "a/b c");
    CHECK_TEXT(target.segments[2], "");
    CHECK_NUMBER(target.pair_count, 3);
    CHECK_TEXT(target.pairs[0].value, "1 2+");
    CHECK_TEXT(target.pairs[1].name, "flag");
    CHECK_TEXT(target.pairs[1].value, "");
    CHECK_TEXT(target.pairs[2].value, "3");
}

static void an_absolute_target_is_read_for_its_path(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    struct target target;

    CHECK_NUMBER(target_read(arena, "http://example.test:80/api?x=1", &target), TARGET_GOOD);
    CHECK_TEXT(target.path, "/api");
    CHECK_NUMBER(target_read(arena, "http://example.test", &target), TARGET_BAD);
}

static void bad_targets_are_refused(void **state)
{
    static const char *const bad[] = { "",       "*",      "api",    "/%",     "/%4",
                                       "/%zz",   "/a%00b", "/a%0Ab", "/a\x7F", "/?a=%",
                                       "/?%g0=", "/a#b",   "/a?b\tc" };
    static const char *const nowhere[] = { "/..",
                                           "/a/../b",
                                           "/a/.",
                                           "/%2e%2e/b",
                                           "/a/%2E./b",
                                           "/.%2e/etc/passwd",
                                           "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17" };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        print_message("%s\n", bad[i]);
        CHECK_NUMBER(verdict_of(bad[i]), TARGET_BAD);
    }
    for (size_t i = 0; i < COUNT_OF(nowhere); i++) {
        print_message("%s\n", nowhere[i]);
        CHECK_NUMBER(verdict_of(nowhere[i]), TARGET_NOWHERE);
    }
    char query[4 * TARGET_PAIR_COUNT_MAX] = "/?";
    memset(query + 2, '&', TARGET_PAIR_COUNT_MAX);
    CHECK_NUMBER(verdict_of(query), TARGET_BAD);
}

static void patterns_fit_whole_paths_only(void **state)
{
    static const struct {
        const char *path, *pattern;
        bool fits;
    } rows[] = {
        { "/", "/", true },
        { "/api", "/api", true },
        { "/api/", "/api", false },
        { "/ap", "/api", false },
        { "/apis", "/api", false },
        { "/api/7", "/api/{id}", true },
        { "/api/", "/api/{id}", false },
        { "/api/7/x", "/api/{id}", false },
        { "/api/7/x", "/api/{id}/x", true },
        { "/api/7", "/api/{id}/x", false },
        { "/%61pi/7", "/api/{id}", true },
        { "/api/{id}", "/api/{id}", true },
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        AUTO(arena_free) struct arena *arena = arena_new(MIB);
        struct target target;
        print_message("%s %s\n", rows[i].path, rows[i].pattern);
        CHECK_NUMBER(target_read(arena, rows[i].path, &target), TARGET_GOOD);
        CHECK_NUMBER(target_fits(&target, rows[i].pattern), rows[i].fits);
    }
}

static void parameters_are_found_by_name(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    struct target target;
    const char *pattern = "/api/{tenant}/x/{id}";

    CHECK_NUMBER(target_read(arena, "/api/ac%6De/x/7", &target), TARGET_GOOD);
    CHECK_TEXT(target_parameter(&target, pattern, "tenant"), "acme");
    CHECK_TEXT(target_parameter(&target, pattern, "id"), "7");
    CHECK(target_parameter(&target, pattern, "ten") == NULL);
    CHECK(target_parameter(&target, pattern, "x") == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_path_is_cut_before_it_is_decoded),
        cmocka_unit_test(an_absolute_target_is_read_for_its_path),
        cmocka_unit_test(bad_targets_are_refused),
        cmocka_unit_test(patterns_fit_whole_paths_only),
        cmocka_unit_test(parameters_are_found_by_name),
    };
    return cmocka_run_group_tests_name("http/target", tests, NULL, NULL);
}

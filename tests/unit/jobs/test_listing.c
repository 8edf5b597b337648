#include "check.h"

#include <stdio.h>
#include <string.h>

#include "jobs/listing.h"

static void names_of_every_form_tell_their_call(void **state)
{
    (void)state;
    static const struct {
        const char *path, *caller, *callee, *extension;
    } rows[] = {
        { "2026-02/auto-1770326441-1000-2815550100.wav", "1000", "2815550100", "" },
        { "auto-1770326441-1000-2815550100.mp3", "1000", "2815550100", "" },
        { "2026-02/auto-1770326441#1002-+33140205050-6400.wav", "+33140205050", "6400", "1002" },
        { "auto-1770326441RG6400-+33140205050-1002.wav", "+33140205050", "1002", "" },
        { "auto-1770326441-+33140205050-6500.wav", "+33140205050", "6500", "" },
        { "meetme-conf-rec-6300-1770326441.84.wav", "", "6300", "" },
        { "2026-02/meetme-conf-rec-6300-1770326441.84-0.wav", "", "6300", "" },
        { "auto-1770326441--2815550100.wav", "", "2815550100", "" },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct listed_name name;
        CHECK(listed_name_parse(rows[i].path, &name));
        CHECK_NUMBER(name.started_at, 1770326441000);
        CHECK_TEXT(name.caller, rows[i].caller);
        CHECK_TEXT(name.callee, rows[i].callee);
        CHECK_TEXT(name.extension, rows[i].extension);
    }
}

static void other_names_are_left_alone(void **state)
{
    (void)state;
    static const char *const paths[] = {
        "",
        "auto-",
        "auto-1770326441",
        "auto-1770326441-1000",
        "auto-1770326441-1000.wav",
        "auto-1770326441-1000-2815550100",
        "auto-177032644-1000-2815550100.wav",
        "auto-17703264410-1000-2815550100.wav",
        "auto-0770326441-1000-2815550100.wav",
        "auto-1770326441#1002.wav",
        "xauto-1770326441-1000-2815550100.wav",
        "meetme-conf-rec-6300.wav",
        "meetme-conf-rec-6300-177.wav",
        "greeting.wav",
        "auto-1770326441-100000000000000000000000000000000000000000000000000000-1.wav",
    };
    struct listed_name name = { .started_at = 7 };

    for (size_t i = 0; i < COUNT_OF(paths); i++) {
        CHECK(!listed_name_parse(paths[i], &name));
        CHECK_NUMBER(name.started_at, 7);
    }
}

struct seen {
    char all[512];
    size_t count, count_max;
};

static bool row_note(void *context, const char *name, int64_t bytes)
{
    struct seen *seen = context;
    size_t size = strlen(seen->all);

    IGNORE(snprintf(seen->all + size, sizeof seen->all - size, "%s=%lld;", name, (long long)bytes),
           "cut where it is too long");
    return ++seen->count < seen->count_max;
}

static void listing_check(const char *csv, const char *expected)
{
    struct seen seen = { .count_max = 100 };

    listing_walk(csv, strlen(csv), row_note, &seen);
    CHECK_TEXT(seen.all, expected);
}

static void the_second_column_is_the_name_and_the_first_row_a_header(void **state)
{
    (void)state;
    listing_check("directory,filename,size\nmonitor,a.wav,16044\nmonitor,b.wav,12\n",
                  "a.wav=16044;b.wav=12;");
    listing_check("directory,filename\r\nmonitor,a.wav\r\nmonitor,b.wav", "a.wav=-1;b.wav=-1;");
    listing_check("directory,filename,size\nmonitor,a.wav,12 KB,2026-02-05\n", "a.wav=-1;");
    listing_check("directory,filename,size\n\nmonitor\nmonitor,,5\n,c.wav,1\n", "c.wav=1;");
    listing_check("directory,filename,size\n", "");
    listing_check("", "");
}

static void a_listing_ends_where_it_is_told_to(void **state)
{
    (void)state;
    static const char csv[] = "h\nm,a\nm,b\nm,c\n";
    struct seen seen = { .count_max = 2 };

    listing_walk(csv, sizeof csv - 1, row_note, &seen);
    CHECK_TEXT(seen.all, "a=-1;b=-1;");
}

static void a_name_longer_than_a_path_is_passed_over(void **state)
{
    (void)state;
    char csv[1200] = "directory,filename\nmonitor,";
    size_t size = strlen(csv);

    memset(csv + size, 'x', 1000);
    IGNORE(snprintf(csv + size + 1000, 100, "\nmonitor,a.wav\n"), "fits");
    listing_check(csv, "a.wav=-1;");
}

static void a_bare_name_may_lie_in_two_months(void **state)
{
    (void)state;
    char paths[LISTED_PATHS_MAX][LISTED_PATH_SIZE];
    const time_ms middle = 1770326441000; /* 5 February 2026 */
    const time_ms eve = 1769900000000;    /* 31 January, 22:53 UTC */
    const char *name = "auto-1770326441-1000-2000.wav";

    CHECK_NUMBER(listed_paths(name, middle, paths), 2);
    CHECK_TEXT(paths[0], "2026-02/auto-1770326441-1000-2000.wav");
    CHECK_TEXT(paths[1], name);
    CHECK_NUMBER(listed_paths(name, eve, paths), 3);
    CHECK_TEXT(paths[0], "2026-01/auto-1770326441-1000-2000.wav");
    CHECK_TEXT(paths[1], "2026-02/auto-1770326441-1000-2000.wav");
    CHECK_TEXT(paths[2], name);
    CHECK_NUMBER(listed_paths("2026-02/x.wav", middle, paths), 1);
    CHECK_TEXT(paths[0], "2026-02/x.wav");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_every_form_tell_their_call),
        cmocka_unit_test(other_names_are_left_alone),
        cmocka_unit_test(the_second_column_is_the_name_and_the_first_row_a_header),
        cmocka_unit_test(a_listing_ends_where_it_is_told_to),
        cmocka_unit_test(a_name_longer_than_a_path_is_passed_over),
        cmocka_unit_test(a_bare_name_may_lie_in_two_months),
    };
    return cmocka_run_group_tests_name("jobs/listing", tests, NULL, NULL);
}

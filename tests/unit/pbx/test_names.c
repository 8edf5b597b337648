#include "check.h"

#include <stdio.h>
#include <string.h>

#include "core/text.h"
#include "pbx/grandstream/names.h"

static void a_list_is_split_at_each_end_mark(void **state)
{
    (void)state;
    static const struct {
        const char *list;
        size_t count;
        const char *first, *last;
    } table[] = {
        { "", 0, NULL, NULL },
        { "@", 0, NULL, NULL },
        { "2026-02/a.wav@", 1, "2026-02/a.wav", "2026-02/a.wav" },
        { "a.wav@b.wav@", 2, "a.wav", "b.wav" },
        { "2026-02/a.wav,2026-02/b.wav", 2, "2026-02/a.wav", "2026-02/b.wav" },
        { " a.wav @ b.wav ", 2, "a.wav", "b.wav" },
        { "a.wav@@,a.wav@", 1, "a.wav", "a.wav" },
        { "../etc/passwd@a.wav@", 1, "a.wav", "a.wav" },
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct pbx_names names;
        names_split(table[i].list, &names);
        CHECK_NUMBER(names.count, table[i].count);
        if (names.count > 0) {
            CHECK_TEXT(names.paths[0], table[i].first);
            CHECK_TEXT(names.paths[names.count - 1], table[i].last);
        }
    }
    AUTO(text_clear) struct text many = TEXT_UP_TO(4096);
    for (int i = 0; i < 100; i++) {
        text_print(&many, "a%d.wav@", i);
    }
    struct pbx_names names;
    names_split(text_get(&many), &names);
    CHECK_NUMBER(names.count, PBX_NAMES_MAX);
}

static void only_plain_names_may_be_asked_for(void **state)
{
    (void)state;
    static const char *const good[] = { "a.wav",
                                        "2026-02/auto-1770394547#203-2815550122-6400.wav",
                                        "auto-1-+33123-6500.wav",
                                        "with space.wav",
                                        "caf\xc3\xa9.wav",
                                        "100%.wav" };
    static const char *const bad[] = {
        "",          "/a.wav",   "..",      "../a.wav", "a/../b.wav", "a/b/c.wav",   "a\nb.wav",
        "a\x7f.wav", "a\\b.wav", "a@b.wav", "a,b.wav",  "2026-02/",   "caf\xe9.wav", "\xff"
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        if (!name_is_fit(good[i])) {
            fail_msg("%s", good[i]);
        }
    }
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        if (name_is_fit(bad[i])) {
            fail_msg("%s", bad[i]);
        }
    }
    char longest[258];
    memset(longest, 'a', sizeof longest);
    longest[257] = '\0';
    CHECK(!name_is_fit(longest));
    longest[256] = '\0';
    CHECK(name_is_fit(longest));
}

static void the_old_api_gets_its_names_escaped(void **state)
{
    (void)state;
    AUTO(text_clear) struct text url = TEXT_UP_TO(512);

    names_add_old_query(&url, "monitor", "2026-02/auto-1#203-+33 50%&x=1.wav");
    CHECK_TEXT(text_get(&url), "/recapi?filedir=monitor&filename="
                               "2026-02/auto-1%23203-%2B33%2050%25%26x%3D1.wav");
}

static void another_name_stands_in_only_when_it_is_the_sole_one(void **state)
{
    (void)state;
    struct pbx_names names;

    names_split("2026-02/new.wav@", &names);
    CHECK_TEXT(names_pick(&names, "2026-02/old.wav"), "2026-02/new.wav");
    CHECK(names_pick(&names, "2026-03/new.wav") == NULL); /* Asked for already, by its base name. */
    CHECK_TEXT(names_pick(&names, ""), "2026-02/new.wav");
    names_split("2026-02/a.wav@2026-02/b.wav@", &names);
    CHECK(names_pick(&names, "2026-02/old.wav") == NULL);
    CHECK_TEXT(names_pick(&names, ""), "2026-02/a.wav");
    names_split("", &names);
    CHECK(names_pick(&names, "") == NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_list_is_split_at_each_end_mark),
        cmocka_unit_test(only_plain_names_may_be_asked_for),
        cmocka_unit_test(the_old_api_gets_its_names_escaped),
        cmocka_unit_test(another_name_stands_in_only_when_it_is_the_sole_one),
    };
    return cmocka_run_group_tests_name("pbx/names", tests, NULL, NULL);
}

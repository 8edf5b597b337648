/* The grammar of recordfiles and recordfiles_desc. */
#include "check.h"

#include "bodies.h"
#include "core/random.h"

static struct cdr_recordings read_names(const char *names, size_t size, const char *description)
{
    struct cdr_recordings recordings;

    if (!cdr_recordfiles_parse(test_arena, names, size, description, &recordings, &test_error)) {
        fail_msg("%s", test_error.message);
    }
    return recordings;
}

static struct cdr_recordings read_text(const char *names)
{
    return read_names(names, strlen(names), NULL);
}

static void every_name_ends_in_an_at_sign(void **state)
{
    (void)state;
    struct cdr_recordings recordings = read_text("2026-03/a.wav@b.wav@");
    CHECK_NUMBER(recordings.count, 2);
    CHECK_TEXT(recordings.items[0].path, "2026-03/a.wav");
    CHECK_TEXT(recordings.items[1].path, "b.wav");
    CHECK_NUMBER(recordings.items[0].bytes, -1);
    CHECK_NUMBER(recordings.items[0].seconds, -1);
    CHECK_NUMBER(recordings.items[0].started_at, 0);
    CHECK_NUMBER(read_text("").count, 0);
    CHECK_NUMBER(read_text("@").count, 0);
    CHECK_NUMBER(read_text("a.wav").count, 1);
}

static void commas_and_semicolons_separate_too(void **state)
{
    (void)state;
    struct cdr_recordings recordings = read_text(" a.wav , b.wav;c.wav@@ ,\t;d.wav");
    CHECK_NUMBER(recordings.count, 4);
    CHECK_TEXT(recordings.items[0].path, "a.wav");
    CHECK_TEXT(recordings.items[2].path, "c.wav");
    CHECK_TEXT(recordings.items[3].path, "d.wav");
    CHECK_NUMBER(recordings.refused_count, 0);
}

static void names_keep_their_odd_characters(void **state)
{
    (void)state;
    struct cdr_recordings recordings = read_text("2026-03/auto-1#203-+3361 50%-6400.wav@");
    CHECK_NUMBER(recordings.count, 1);
    CHECK_TEXT(recordings.items[0].path, "2026-03/auto-1#203-+3361 50%-6400.wav");
}

static void a_repeated_name_counts_once(void **state)
{
    (void)state;
    struct cdr_recordings recordings = read_text("a.wav@b.wav@a.wav@a.wa@");
    CHECK_NUMBER(recordings.count, 3);
    CHECK_NUMBER(recordings.refused_count, 0);
}

static void hostile_names_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t size;
    } rows[] = {
        { "..", 2 },        { "a/../b", 6 },    { "/a.wav", 6 },        { "a\\b", 3 },
        { "a\0b", 3 },      { "a\x1f\x62", 3 }, { "a\x7f", 2 },         { "a\xC2\x85z", 4 },
        { "a\xFF.wav", 6 }, { "a\xC0\xAF", 3 }, { "a\xED\xA0\x80", 4 },
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct cdr_recordings recordings = read_names(rows[i].name, rows[i].size, NULL);
        CHECK_NUMBER(recordings.count, 0);
        CHECK_NUMBER(recordings.refused_count, 1);
        CHECK(recordings.items == NULL);
    }
}

static void a_name_of_256_bytes_is_the_longest(void **state)
{
    (void)state;
    char name[258];
    memset(name, 'n', sizeof name);
    CHECK_NUMBER(read_names(name, 256, NULL).count, 1);
    CHECK_NUMBER(strlen(read_names(name, 256, NULL).items[0].path), 256);
    CHECK_NUMBER(read_names(name, 257, NULL).count, 0);
    CHECK_NUMBER(read_names(name, 257, NULL).refused_count, 1);
}

static void names_after_the_64th_are_refused(void **state)
{
    (void)state;
    AUTO(text_clear) struct text names = TEXT_UP_TO(MIB);
    for (int i = 0; i < 70; i++) {
        text_print(&names, "auto-%d.wav@", i);
    }
    struct cdr_recordings recordings = read_text(text_get(&names));
    CHECK_NUMBER(recordings.count, 64);
    CHECK_NUMBER(recordings.refused_count, 6);
}

static void the_description_runs_in_parallel(void **state)
{
    (void)state;
    static const char names[] = "a.wav@../x@a.wav@b.wav@";
    struct cdr_recordings recordings =
        read_names(names, sizeof names - 1,
                   "duration=31,size=489324B,start-time=1772645400@size=1B@size=2B@"
                   " start-time=1772645500 , size=7b,duration=2,other=9@");
    CHECK_NUMBER(recordings.count, 2);
    CHECK_NUMBER(recordings.refused_count, 1);
    CHECK_NUMBER(recordings.items[0].seconds, 31);
    CHECK_NUMBER(recordings.items[0].bytes, 489324);
    CHECK_NUMBER(recordings.items[0].started_at, CHANNEL_AT);
    CHECK_NUMBER(recordings.items[1].seconds, 2);
    CHECK_NUMBER(recordings.items[1].bytes, 7);
    CHECK_NUMBER(recordings.items[1].started_at, CHANNEL_AT + 100 * SECOND_MS);
}

static void a_description_of_another_length_is_not_believed(void **state)
{
    (void)state;
    static const char names[] = "a.wav@b.wav@";
    struct cdr_recordings recordings = read_names(names, sizeof names - 1, "size=489324B@");
    CHECK_NUMBER(recordings.items[0].bytes, -1);
    CHECK_NUMBER(recordings.items[1].bytes, -1);
}

static void odd_figures_in_a_description_are_unknown(void **state)
{
    (void)state;
    static const char *const odd[] = { "size=",   "size=-5B", "size=5KB",
                                       "size=B",  "size",     "size=99999999999999999999B",
                                       "SIZE=5B", "bytes=5" };
    for (size_t i = 0; i < COUNT_OF(odd); i++) {
        CHECK_NUMBER(read_names("a@", 2, odd[i]).items[0].bytes, -1);
    }
    CHECK_NUMBER(read_names("a@", 2, "start-time=0@").items[0].started_at, 0);
}

static void whatever_is_kept_is_safe(void **state)
{
    (void)state;
    static const char alphabet[] = "a.@,;/\\ \t\x01\xC3\xA9-";
    for (int round = 0; round < 20000; round++) {
        char names[24];
        size_t size = random_below(sizeof names);
        for (size_t i = 0; i < size; i++) {
            names[i] = alphabet[random_below(sizeof alphabet)]; /* its NUL too */
        }
        struct cdr_recordings recordings = read_names(names, size, NULL);
        for (size_t i = 0; i < recordings.count; i++) {
            const char *path = recordings.items[i].path;
            size_t length = strlen(path);
            CHECK(length > 0 && path[0] != '/' && path[0] != ' ' && path[length - 1] != ' ');
            CHECK(strstr(path, "..") == NULL && strpbrk(path, "@,;\\\t\x01") == NULL);
        }
        arena_reset(test_arena);
    }
}

static void reading_what_was_read_changes_nothing(void **state)
{
    (void)state;
    struct cdr_recordings first = read_text("x/a.wav@ b.wav,../c@b.wav@d e.wav");
    AUTO(text_clear) struct text again = TEXT_UP_TO(KIB);
    for (size_t i = 0; i < first.count; i++) {
        text_print(&again, "%s@", first.items[i].path);
    }
    struct cdr_recordings second = read_text(text_get(&again));
    CHECK_NUMBER(second.count, first.count);
    for (size_t i = 0; i < first.count; i++) {
        CHECK_TEXT(second.items[i].path, first.items[i].path);
    }
}

static void a_full_arena_is_an_error(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *small = arena_new(64);
    struct cdr_recordings recordings;
    CHECK(!cdr_recordfiles_parse(small, "a@b@c@", 6, NULL, &recordings, &test_error));
    CHECK_NUMBER(test_error.kind, ERROR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(every_name_ends_in_an_at_sign),
        TEST(commas_and_semicolons_separate_too),
        TEST(names_keep_their_odd_characters),
        TEST(a_repeated_name_counts_once),
        TEST(hostile_names_are_refused),
        TEST(a_name_of_256_bytes_is_the_longest),
        TEST(names_after_the_64th_are_refused),
        TEST(the_description_runs_in_parallel),
        TEST(a_description_of_another_length_is_not_believed),
        TEST(odd_figures_in_a_description_are_unknown),
        TEST(whatever_is_kept_is_safe),
        TEST(reading_what_was_read_changes_nothing),
        TEST(a_full_arena_is_an_error),
    };
    return cmocka_run_group_tests_name("cdr/recordings", tests, NULL, NULL);
}

#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blob/blob.h"
#include "core/file.h"
#include "core/text.h"

struct place {
    char folder[64];
    struct blob *blob;
};

static int place_open(void **state)
{
    static struct place place;
    struct error error;

    memcpy(place.folder, "/tmp/audiapro-blob-XXXXXX", sizeof "/tmp/audiapro-blob-XXXXXX");
    assert_non_null(mkdtemp(place.folder));
    CHECK(blob_open_local(place.folder, &place.blob, &error));
    *state = &place;
    return 0;
}

static int place_close(void **state)
{
    struct place *place = *state;
    struct error error;

    blob_close(place->blob);
    return folder_remove(place->folder, &error) ? 0 : 1;
}

static int draft_count(struct place *place)
{
    char path[96];
    int count = 0;

    IGNORE(snprintf(path, sizeof path, "%s/.drafts", place->folder), "fits");
    DIR *folder = opendir(path);
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += entry->d_name[0] != '.' ? 1 : 0;
    }
    (void)closedir(folder);
    return count;
}

static void put(struct place *place, const char *key, const char *content)
{
    struct error error;
    AUTO(blob_discard) struct blob_draft draft = { .file = -1 };

    CHECK(blob_begin(place->blob, &draft, &error));
    CHECK(file_write_all(draft.file, content, strlen(content), &error));
    CHECK(blob_keep(&draft, key, &error));
}

static void a_kept_draft_is_the_blob_and_leaves_nothing_behind(void **state)
{
    struct place *place = *state;
    struct error error;
    char back[16] = { 0 };
    uint64_t size = 0;
    AUTO(file_close) int file = -1;

    put(place, "acme/2026/02/05/c/r.wav", "first");
    put(place, "acme/2026/02/05/c/r.wav", "second");
    CHECK(blob_read(place->blob, "acme/2026/02/05/c/r.wav", &file, &size, &error));
    CHECK_NUMBER(size, 6);
    CHECK_NUMBER(read(file, back, sizeof back), 6);
    CHECK_TEXT(back, "second");
    CHECK_NUMBER(draft_count(place), 0);
    CHECK(blob_check(place->blob, &error));
}

static void a_draft_that_is_not_kept_is_never_seen(void **state)
{
    struct place *place = *state;
    struct error error;
    struct blob_draft draft;
    uint64_t size = 0;
    int file = -1;

    CHECK(blob_begin(place->blob, &draft, &error));
    CHECK_NUMBER(draft_count(place), 1);
    blob_discard(&draft);
    blob_discard(&draft);
    CHECK_NUMBER(draft_count(place), 0);
    CHECK(!blob_read(place->blob, "acme/none.wav", &file, &size, &error));
    CHECK_NUMBER(error.kind, ERROR_NOT_FOUND);
}

static void keys_that_could_leave_the_folder_are_refused(void **state)
{
    static const char *const bad[] = { "",        "/etc/passwd", "../x", "a/../b", "a//b", "a/",
                                       ".drafts", "a/.hidden",   "A/b",  "a b",    "a\\b", "a\nb" };
    struct place *place = *state;

    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct error error;
        uint64_t size = 0;
        int file = -1;
        AUTO(blob_discard) struct blob_draft draft = { .file = -1 };
        CHECK(!blob_read(place->blob, bad[i], &file, &size, &error));
        CHECK_NUMBER(error.kind, ERROR_INVALID);
        CHECK(blob_begin(place->blob, &draft, &error));
        CHECK(!blob_keep(&draft, bad[i], &error));
        CHECK_NUMBER(draft_count(place), 0);
    }
}

static void the_sweep_takes_only_old_drafts(void **state)
{
    struct place *place = *state;
    struct error error;
    int removed = -1;
    AUTO(blob_discard) struct blob_draft draft = { .file = -1 };

    CHECK(blob_begin(place->blob, &draft, &error));
    CHECK(blob_sweep(place->blob, time_now() - HOUR_MS, &removed, &error));
    CHECK_NUMBER(removed, 0);
    CHECK(blob_sweep(place->blob, time_now() + HOUR_MS, &removed, &error));
    CHECK_NUMBER(removed, 1);
}

static void the_sweep_takes_the_probe_of_one_that_died_and_no_recording(void **state)
{
    struct place *place = *state;
    struct error error;
    int removed = -1;
    uint64_t size = 0;
    AUTO(file_close) int file = -1;

    put(place, "probe/0190", "a probe");
    put(place, "acme/r.wav", "a recording");
    CHECK(blob_sweep(place->blob, time_now() + HOUR_MS, &removed, &error));
    CHECK_NUMBER(removed, 1);
    CHECK(blob_read(place->blob, "acme/r.wav", &file, &size, &error));
}

/* The keys that a walk told, each with its size: "a:1 b:2 ", in no order. */
static bool told_add(const struct blob_entry *entry, void *context, struct error *error)
{
    struct text *told = context;

    (void)error;
    text_print(told, "%s:%llu ", entry->key, (unsigned long long)entry->size);
    CHECK(entry->modified_at > time_now() - HOUR_MS && entry->modified_at < time_now() + HOUR_MS);
    return true;
}

static bool walk_end(const struct blob_entry *entry, void *context, struct error *error)
{
    int *count = context;

    (void)entry;
    ++*count;
    return error_set(error, ERROR_BUSY, "enough");
}

static void a_walk_tells_each_blob_once_and_no_draft(void **state)
{
    struct place *place = *state;
    struct error error;
    AUTO(text_clear) struct text told = TEXT_UP_TO(4096);
    AUTO(blob_discard) struct blob_draft draft = { .file = -1 };

    CHECK(blob_walk(place->blob, "", told_add, &told, &error));
    CHECK_TEXT(text_get(&told), "");
    put(place, "acme/2026/02/r.wav", "1234");
    put(place, "acme/2026/03/s.wav", "12");
    put(place, "beta/t.wav", "");
    put(place, "u.wav", "1");
    CHECK(blob_begin(place->blob, &draft, &error));
    CHECK(blob_walk(place->blob, "", told_add, &told, &error));
    CHECK(strstr(text_get(&told), "acme/2026/02/r.wav:4 ") != NULL);
    CHECK(strstr(text_get(&told), "acme/2026/03/s.wav:2 ") != NULL);
    CHECK(strstr(text_get(&told), "beta/t.wav:0 ") != NULL);
    CHECK(strstr(text_get(&told), "u.wav:1 ") != NULL);
    CHECK_NUMBER(told.size,
                 strlen("acme/2026/02/r.wav:4 acme/2026/03/s.wav:2 beta/t.wav:0 u.wav:1 "));
    text_reset(&told);
    CHECK(blob_walk(place->blob, "acme/2026/03/", told_add, &told, &error));
    CHECK_TEXT(text_get(&told), "acme/2026/03/s.wav:2 ");
    text_reset(&told);
    CHECK(blob_walk(place->blob, "nobody/", told_add, &told, &error));
    CHECK_TEXT(text_get(&told), "");
    CHECK(!blob_walk(place->blob, "acme", told_add, &told, &error));
}

static void a_walk_ends_when_it_is_told_to_and_follows_no_link(void **state)
{
    struct place *place = *state;
    struct error error;
    AUTO(text_clear) struct text told = TEXT_UP_TO(4096);
    char link[96];
    int count = 0;

    put(place, "acme/r.wav", "1");
    put(place, "acme/s.wav", "2");
    CHECK(!blob_walk(place->blob, "", walk_end, &count, &error));
    CHECK_NUMBER(error.kind, ERROR_BUSY);
    CHECK_NUMBER(count, 1);
    IGNORE(snprintf(link, sizeof link, "%s/acme/up", place->folder), "fits");
    CHECK_NUMBER(symlink("..", link), 0);
    CHECK(blob_walk(place->blob, "", told_add, &told, &error));
    CHECK(strstr(text_get(&told), "acme/up/") == NULL);
    CHECK(strstr(text_get(&told), "acme/up:") != NULL); /* Told as what it is: something strange. */
}

static void a_blob_is_moved_but_never_over_another(void **state)
{
    struct place *place = *state;
    struct error error;
    struct blob_entry entry;

    put(place, "acme/r.wav", "1234");
    put(place, "acme/s.wav", "12");
    CHECK(blob_move(place->blob, "acme/r.wav", "lost_and_found/1/acme/r.wav", &error));
    CHECK(!blob_stat(place->blob, "acme/r.wav", &entry, &error));
    CHECK_NUMBER(error.kind, ERROR_NOT_FOUND);
    CHECK(blob_stat(place->blob, "lost_and_found/1/acme/r.wav", &entry, &error));
    CHECK_NUMBER(entry.size, 4);
    CHECK(!blob_move(place->blob, "acme/s.wav", "lost_and_found/1/acme/r.wav", &error));
    CHECK_NUMBER(error.kind, ERROR_INVALID);
    CHECK(!blob_move(place->blob, "acme/none.wav", "acme/other.wav", &error));
    CHECK_NUMBER(error.kind, ERROR_NOT_FOUND);
    CHECK(!blob_move(place->blob, "acme/s.wav", "../s.wav", &error));
    CHECK(blob_stat(place->blob, "acme/s.wav", &entry, &error));
    CHECK_NUMBER(entry.size, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)
        TEST(a_kept_draft_is_the_blob_and_leaves_nothing_behind),
        TEST(a_draft_that_is_not_kept_is_never_seen),
        TEST(keys_that_could_leave_the_folder_are_refused),
        TEST(the_sweep_takes_only_old_drafts),
        TEST(the_sweep_takes_the_probe_of_one_that_died_and_no_recording),
        TEST(a_walk_tells_each_blob_once_and_no_draft),
        TEST(a_walk_ends_when_it_is_told_to_and_follows_no_link),
        TEST(a_blob_is_moved_but_never_over_another),
    };
    return cmocka_run_group_tests_name("blob/local", tests, NULL, NULL);
}

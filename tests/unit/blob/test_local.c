#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blob/blob.h"
#include "core/file.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, place_open, place_close)
        TEST(a_kept_draft_is_the_blob_and_leaves_nothing_behind),
        TEST(a_draft_that_is_not_kept_is_never_seen),
        TEST(keys_that_could_leave_the_folder_are_refused),
        TEST(the_sweep_takes_only_old_drafts),
        TEST(the_sweep_takes_the_probe_of_one_that_died_and_no_recording),
    };
    return cmocka_run_group_tests_name("blob/local", tests, NULL, NULL);
}

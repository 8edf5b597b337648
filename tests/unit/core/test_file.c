#include "check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "core/file.h"
#include "core/memory.h"

static char folder[64]; /* Of this run; removed at its end. */

static const char *path_of(const char *name)
{
    static char path[256];

    IGNORE(snprintf(path, sizeof path, "%s/%s", folder, name), "short names only");
    return path;
}

static int entry_count(const char *path)
{
    int count = 0;
    DIR *handle = opendir(path);

    assert_non_null(handle);
    for (struct dirent *entry = readdir(handle); entry != NULL; entry = readdir(handle)) {
        count += entry->d_name[0] != '.' ? 1 : 0;
    }
    closedir(handle);
    return count;
}

static void what_was_written_is_read_back(void **state)
{
    (void)state;
    static const size_t sizes[] = { 0, 1, 4095, 4096, 4097, 100000 };
    AUTO(free) char *bytes = memory_new(100000);

    memset(bytes, 'b', 100000);
    bytes[0] = '\0';
    for (size_t i = 0; i < COUNT_OF(sizes); i++) {
        struct error error;
        AUTO(free) char *content = NULL;
        size_t size = 1;
        CHECK(file_write(path_of("round"), bytes, sizes[i], 0600, &error));
        CHECK(file_read(path_of("round"), sizes[i], &content, &size, &error));
        CHECK_NUMBER(size, sizes[i]);
        assert_memory_equal(content, bytes, size);
        CHECK_NUMBER(content[size], 0);
    }
}

static void a_file_longer_than_its_limit_is_refused(void **state)
{
    (void)state;
    struct error error;
    AUTO(free) char *content = NULL;
    size_t size = 7;

    CHECK(file_write(path_of("long"), "12345", 5, 0600, &error));
    CHECK(!file_read(path_of("long"), 4, &content, &size, &error));
    CHECK_NUMBER(error.kind, ERROR_LIMIT);
    CHECK(content == NULL);
    CHECK_NUMBER(size, 7);
}

static void a_missing_file_is_named_in_the_error(void **state)
{
    (void)state;
    struct error error;
    char *content = NULL;
    size_t size = 0;

    CHECK(!file_read(path_of("absent"), 10, &content, &size, &error));
    CHECK_NUMBER(error.kind, ERROR_NOT_FOUND);
    CHECK(strstr(error.message, "absent") != NULL);
}

static void a_write_replaces_the_whole_file_and_leaves_no_other_behind(void **state)
{
    (void)state;
    struct error error;
    struct stat status;
    AUTO(free) char *content = NULL;
    size_t size = 0;

    CHECK(folder_make(path_of("whole"), &error));
    CHECK(file_write(path_of("whole/a"), "a longer first text", 19, 0600, &error));
    CHECK(file_write(path_of("whole/a"), "short", 5, 0640, &error));
    CHECK(file_read(path_of("whole/a"), 100, &content, &size, &error));
    CHECK_TEXT(content, "short");
    CHECK_NUMBER(entry_count(path_of("whole")), 1);
    CHECK_NUMBER(stat(path_of("whole/a"), &status), 0);
    CHECK_NUMBER(status.st_mode & 0777, 0640);
}

static void a_write_that_fails_leaves_the_old_file_and_no_new_one(void **state)
{
    (void)state;
    struct error error;

    CHECK(!file_write(path_of("nowhere/a"), "x", 1, 0600, &error));
    CHECK_NUMBER(error.kind, ERROR_NOT_FOUND);
    /* A folder cannot be replaced by a file: the rename fails after the temporary was written. */
    CHECK(folder_make(path_of("stands/in/the/way"), &error));
    CHECK(!file_write(path_of("stands/in"), "x", 1, 0600, &error));
    CHECK_NUMBER(entry_count(path_of("stands")), 1);
    CHECK_NUMBER(entry_count(path_of("stands/in/the")), 1);
}

static void folders_are_made_at_any_depth_and_may_exist(void **state)
{
    (void)state;
    struct error error;
    struct stat status;

    CHECK(folder_make(path_of("one/two/three"), &error));
    CHECK(folder_make(path_of("one/two/three"), &error));
    CHECK(folder_make(path_of("one/two/three/four/"), &error));
    CHECK_NUMBER(stat(path_of("one/two/three/four"), &status), 0);
    CHECK_NUMBER(status.st_mode & 0777, 0700);
    CHECK(file_write(path_of("one/file"), "", 0, 0600, &error));
    CHECK(!folder_make(path_of("one/file/below"), &error));
}

static void removing_a_folder_does_not_follow_links(void **state)
{
    (void)state;
    struct error error;

    CHECK(folder_make(path_of("kept"), &error));
    CHECK(file_write(path_of("kept/file"), "x", 1, 0600, &error));
    CHECK(folder_make(path_of("gone/below"), &error));
    CHECK(file_write(path_of("gone/below/file"), "x", 1, 0600, &error));
    CHECK_NUMBER(symlink("../kept", path_of("gone/link")), 0);
    CHECK(folder_remove(path_of("gone"), &error));
    CHECK(access(path_of("gone"), F_OK) != 0);
    CHECK(access(path_of("kept/file"), F_OK) == 0);
    CHECK(folder_remove(path_of("never-was"), &error));
}

static int folder_open(void **state)
{
    (void)state;
    const char *parent = getenv("TMPDIR");

    IGNORE(snprintf(folder, sizeof folder, "%s/audiapro-XXXXXX", parent != NULL ? parent : "/tmp"),
           "mkdtemp() refuses a cut one");
    return mkdtemp(folder) != NULL ? 0 : -1;
}

static int folder_close(void **state)
{
    (void)state;
    struct error error;

    return folder_remove(folder, &error) ? 0 : -1;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_written_is_read_back),
        cmocka_unit_test(a_file_longer_than_its_limit_is_refused),
        cmocka_unit_test(a_missing_file_is_named_in_the_error),
        cmocka_unit_test(a_write_replaces_the_whole_file_and_leaves_no_other_behind),
        cmocka_unit_test(a_write_that_fails_leaves_the_old_file_and_no_new_one),
        cmocka_unit_test(folders_are_made_at_any_depth_and_may_exist),
        cmocka_unit_test(removing_a_folder_does_not_follow_links),
    };
    return cmocka_run_group_tests_name("core/file", tests, folder_open, folder_close);
}

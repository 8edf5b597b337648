#include "check.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "auth/key.h"
#include "core/file.h"
#include "core/memory.h"

static char folder[] = "/tmp/test_key.XXXXXX";

static int folder_open(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL ? -1 : 0;
}

static int folder_shut(void **state)
{
    struct error error;

    (void)state;
    return folder_remove(folder, &error) ? 0 : -1;
}

static void path_of_key(char path_out[64])
{
    IGNORE(snprintf(path_out, 64, "%s/secret.key", folder), "short");
}

static void a_key_is_taken_as_hex_base64_or_any_long_text(void **state)
{
    uint8_t hex[KEY_SIZE];
    uint8_t base64[KEY_SIZE];
    uint8_t text[KEY_SIZE];
    uint8_t again[KEY_SIZE];
    struct error error;

    (void)state;
    CHECK(
        key_read("000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F", hex, &error));
    CHECK_NUMBER(hex[31], 31);
    CHECK(key_read("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", base64, &error));
    assert_memory_equal(hex, base64, KEY_SIZE);
    CHECK(key_read("a text of sixteen", text, &error));
    CHECK(key_read("a text of sixteen", again, &error));
    assert_memory_equal(text, again, KEY_SIZE);
    CHECK(key_read("a text of sixteeo", again, &error));
    CHECK(memcmp(text, again, KEY_SIZE) != 0);
    /* 44 characters that decode to 33 bytes are a text. */
    CHECK(key_read("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8h", again, &error));
    CHECK(!key_read("fifteen letters", again, &error));
    CHECK_NUMBER(error.kind, ERROR_INVALID);
}

static void the_setting_wins_over_the_file(void **state)
{
    uint8_t key[KEY_SIZE];
    char path[64];
    struct stat status;
    struct error error;

    (void)state;
    CHECK(key_load("a text of sixteen", folder, key, &error));
    path_of_key(path);
    CHECK(stat(path, &status) != 0);
    CHECK(!key_load("short", folder, key, &error));
    CHECK(strstr(error.message, "SECRET_KEY") != NULL);
    CHECK(strstr(error.message, "'short'") == NULL);
}

static void processes_that_start_at_once_share_one_key(void **state)
{
    enum { PROCESSES = 16 };
    int pipes[2];
    uint8_t keys[PROCESSES][KEY_SIZE];
    char path[64];
    struct stat status;
    struct error error;

    (void)state;
    CHECK(pipe(pipes) == 0);
    for (int i = 0; i < PROCESSES; i++) {
        if (fork() == 0) {
            uint8_t key[KEY_SIZE];
            bool is_loaded = key_load("", folder, key, &error) &&
                             write(pipes[1], key, sizeof key) == (ssize_t)sizeof key;
            _exit(is_loaded ? 0 : 1);
        }
    }
    for (int i = 0; i < PROCESSES; i++) {
        int result = 1;
        CHECK(wait(&result) > 0);
        CHECK_NUMBER(result, 0);
        CHECK_NUMBER(read(pipes[0], keys[i], KEY_SIZE), KEY_SIZE);
        assert_memory_equal(keys[i], keys[0], KEY_SIZE);
    }
    path_of_key(path);
    CHECK(stat(path, &status) == 0);
    CHECK_NUMBER(status.st_mode & 0777, 0600);
    int count = 0;
    DIR *entries = opendir(folder);
    while (readdir(entries) != NULL) {
        count++;
    }
    CHECK(closedir(entries) == 0);
    CHECK_NUMBER(count, 3); /* ".", "..", the key: no temporary file is left. */
    uint8_t zero[KEY_SIZE] = { 0 };
    CHECK(memcmp(keys[0], zero, KEY_SIZE) != 0);
}

static void a_damaged_key_file_is_an_error_and_stays(void **state)
{
    uint8_t key[KEY_SIZE];
    char path[64];
    AUTO(free) char *content = NULL;
    size_t size = 0;
    struct error error;

    (void)state;
    path_of_key(path);
    CHECK(file_write(path, "0123\n", 5, 0600, &error));
    CHECK(!key_load(NULL, folder, key, &error));
    CHECK_NUMBER(error.kind, ERROR_CORRUPT);
    CHECK(file_read(path, 100, &content, &size, &error));
    CHECK_TEXT(content, "0123\n");
    CHECK(!key_load(NULL, "/nonexistent/folder", key, &error));
}

static void purposes_have_keys_of_their_own(void **state)
{
    const uint8_t key[KEY_SIZE] = { 7 };
    uint8_t vault[KEY_SIZE];
    uint8_t csrf[KEY_SIZE];

    (void)state;
    key_derive(key, "vault", vault);
    key_derive(key, "csrf", csrf);
    CHECK(memcmp(vault, csrf, KEY_SIZE) != 0);
    CHECK(memcmp(vault, key, KEY_SIZE) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_is_taken_as_hex_base64_or_any_long_text),
        cmocka_unit_test(the_setting_wins_over_the_file),
        cmocka_unit_test(processes_that_start_at_once_share_one_key),
        cmocka_unit_test(a_damaged_key_file_is_an_error_and_stays),
        cmocka_unit_test(purposes_have_keys_of_their_own),
    };
    return cmocka_run_group_tests_name("auth/key", tests, folder_open, folder_shut);
}

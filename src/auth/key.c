/*
 * See key.h. The file is made under a temporary name and then linked to its own: link() refuses
 * when the name exists, so the first process wins and no reader ever sees half a key.
 */
#include "auth/key.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "auth/secret.h"
#include "core/encode.h"
#include "core/file.h"
#include "core/random.h"

enum { KEY_HEX_LENGTH = 2 * KEY_SIZE, KEY_FILE_SIZE_MAX = 4096 };

bool key_read(const char *secret_key, uint8_t key_out[KEY_SIZE], struct error *error)
{
    size_t length = strlen(secret_key);
    size_t size = 0;
    uint8_t bytes[KEY_SIZE + 1];

    if (length < KEY_TEXT_LENGTH_MIN) {
        return error_set(error, ERROR_INVALID, "the secret key must have at least %d characters",
                         KEY_TEXT_LENGTH_MIN);
    }
    if (decode_hex(secret_key, key_out, KEY_SIZE)) {
        return true;
    }
    /* 32 bytes are 43 characters and one '='; nothing else may be decoded into `bytes`. */
    if (length == 44 && secret_key[43] == '=' && decode_base64(secret_key, length, bytes, &size) &&
        size == KEY_SIZE) {
        memcpy(key_out, bytes, KEY_SIZE);
    } else {
        (void)crypto_generichash(key_out, KEY_SIZE, (const uint8_t *)secret_key, length, NULL, 0);
    }
    secret_wipe(bytes, sizeof bytes);
    return true;
}

static bool key_file_write(const char *path, const char *text, struct error *error)
{
    AUTO(file_close) int file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

    if (file < 0) {
        return error_set_errno(error, "create '%s'", path);
    }
    if (!file_write_all(file, text, strlen(text), error)) {
        return error_within(error, "'%s'", path);
    }
    if (fsync(file) != 0) {
        return error_set_errno(error, "fsync '%s'", path);
    }
    return true;
}

static bool key_file_make(const char *path, struct error *error)
{
    char temporary[PATH_MAX];
    char id[ID_SIZE];
    uint8_t key[KEY_SIZE];
    char text[KEY_HEX_LENGTH + 2];
    int length = snprintf(temporary, sizeof temporary, "%s.%s", path, id_make(time_now(), id));

    if (length < 0 || (size_t)length >= sizeof temporary) {
        return error_set(error, ERROR_INVALID, "path '%s' is too long", path);
    }
    random_bytes(key, sizeof key);
    (void)sodium_bin2hex(text, sizeof text, key, sizeof key);
    memcpy(text + KEY_HEX_LENGTH, "\n", 2);
    bool is_made = key_file_write(temporary, text, error);
    secret_wipe(key, sizeof key);
    secret_wipe(text, sizeof text);
    if (is_made && link(temporary, path) != 0 && errno != EEXIST) {
        is_made = error_set_errno(error, "make '%s'", path);
    }
    (void)unlink(temporary);
    return is_made && file_sync_folder_of(path, error);
}

static bool key_file_read(const char *path, uint8_t key_out[KEY_SIZE], struct error *error)
{
    AUTO(secret_free) char *content = NULL;
    size_t size = 0;

    if (!file_read(path, KEY_FILE_SIZE_MAX, &content, &size, error)) {
        return false;
    }
    while (size > 0 && (content[size - 1] == '\n' || content[size - 1] == '\r')) {
        content[--size] = '\0';
    }
    /* A damaged key must not become another key: what it sealed would be lost silently. */
    if (strlen(content) != size || !decode_hex(content, key_out, KEY_SIZE)) {
        return error_set(error, ERROR_CORRUPT, "'%s' is not %d hex digits", path, KEY_HEX_LENGTH);
    }
    return true;
}

bool key_load(const char *secret_key, const char *data_folder, uint8_t key_out[KEY_SIZE],
              struct error *error)
{
    char path[PATH_MAX];

    if (secret_key != NULL && secret_key[0] != '\0') {
        return key_read(secret_key, key_out, error) || error_within(error, "SECRET_KEY");
    }
    int length = snprintf(path, sizeof path, "%s/secret.key", data_folder);
    if (length < 0 || (size_t)length >= sizeof path) {
        return error_set(error, ERROR_INVALID, "path '%s' is too long", data_folder);
    }
    if (key_file_read(path, key_out, error)) {
        return true;
    }
    if (error->kind != ERROR_NOT_FOUND) {
        return false;
    }
    error_clear(error);
    return key_file_make(path, error) && key_file_read(path, key_out, error);
}

void key_derive(const uint8_t key[KEY_SIZE], const char *purpose, uint8_t key_out[KEY_SIZE])
{
    (void)crypto_generichash(key_out, KEY_SIZE, (const uint8_t *)purpose, strlen(purpose), key,
                             KEY_SIZE);
}

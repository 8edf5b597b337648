#include "check.h"

#include <string.h>

#include "auth/vault.h"
#include "core/memory.h"

static const uint8_t KEY[KEY_SIZE] = { 1, 2, 3 };
static const uint8_t OTHER_KEY[KEY_SIZE] = { 1, 2, 4 };

static void a_secret_comes_back_from_its_own_row(void **state)
{
    AUTO(vault_close) struct vault *vault = vault_open(KEY);
    AUTO(text_clear) struct text sealed = TEXT_UP_TO(4096);
    AUTO(text_clear) struct text again = TEXT_UP_TO(4096);
    AUTO(secret_free) char *secret = NULL;
    AUTO(secret_free) char *other = NULL;
    size_t size = 0;
    struct error error;

    (void)state;
    CHECK(vault_seal(vault, "pbx/1/password", "pa55w0rd", 8, &sealed, &error));
    CHECK(vault_seal(vault, "pbx/1/password", "pa55w0rd", 8, &again, &error));
    CHECK(strcmp(text_get(&sealed), text_get(&again)) != 0);
    CHECK(strncmp(text_get(&sealed), "v1.", 3) == 0);
    CHECK(strstr(text_get(&sealed), "pa55") == NULL);
    CHECK(vault_unseal(vault, "pbx/1/password", text_get(&sealed), &secret, &size, &error));
    CHECK_TEXT(secret, "pa55w0rd");
    CHECK_NUMBER(size, 8);
    CHECK(!vault_unseal(vault, "pbx/2/password", text_get(&sealed), &other, NULL, &error));
    CHECK_NUMBER(error.kind, ERROR_CORRUPT);
    CHECK(strstr(error.message, "pa55") == NULL);
}

static void another_key_opens_nothing(void **state)
{
    AUTO(vault_close) struct vault *vault = vault_open(KEY);
    AUTO(vault_close) struct vault *other = vault_open(OTHER_KEY);
    AUTO(text_clear) struct text sealed = TEXT_UP_TO(4096);
    AUTO(secret_free) char *secret = NULL;
    struct error error;

    (void)state;
    CHECK(vault_seal(vault, "row", "", 0, &sealed, &error));
    CHECK(!vault_unseal(other, "row", text_get(&sealed), &secret, NULL, &error));
    CHECK(vault_unseal(vault, "row", text_get(&sealed), &secret, NULL, &error));
    CHECK_TEXT(secret, "");
}

static void every_changed_or_cut_text_is_refused(void **state)
{
    AUTO(vault_close) struct vault *vault = vault_open(KEY);
    AUTO(text_clear) struct text sealed = TEXT_UP_TO(4096);
    struct error error;

    (void)state;
    CHECK(vault_seal(vault, "row", "secret", 6, &sealed, &error));
    for (size_t i = 0; i < sealed.size; i++) {
        AUTO(secret_free) char *secret = NULL;
        AUTO(free) char *changed = memory_copy_text(text_get(&sealed));
        changed[i] = changed[i] == 'A' ? 'B' : 'A';
        CHECK(!vault_unseal(vault, "row", changed, &secret, NULL, &error));
        changed[i] = '\0';
        CHECK(!vault_unseal(vault, "row", changed, &secret, NULL, &error));
    }
}

static void what_is_too_large_is_refused(void **state)
{
    AUTO(vault_close) struct vault *vault = vault_open(KEY);
    AUTO(text_clear) struct text sealed = TEXT_UP_TO(64 * KIB);
    AUTO(text_clear) struct text small = TEXT_UP_TO(10);
    AUTO(free) char *large = memory_new(VAULT_SECRET_SIZE_MAX + 1);
    AUTO(secret_free) char *secret = NULL;
    size_t size = 0;
    struct error error;

    (void)state;
    memset(large, 'x', VAULT_SECRET_SIZE_MAX);
    CHECK(!vault_seal(vault, "row", large, VAULT_SECRET_SIZE_MAX + 1, &sealed, &error));
    CHECK_NUMBER(error.kind, ERROR_LIMIT);
    CHECK(!vault_seal(vault, "row", large, 10, &small, &error));
    CHECK(vault_seal(vault, "row", large, VAULT_SECRET_SIZE_MAX, &sealed, &error));
    CHECK(vault_unseal(vault, "row", text_get(&sealed), &secret, &size, &error));
    CHECK_NUMBER(size, VAULT_SECRET_SIZE_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_secret_comes_back_from_its_own_row),
        cmocka_unit_test(another_key_opens_nothing),
        cmocka_unit_test(every_changed_or_cut_text_is_refused),
        cmocka_unit_test(what_is_too_large_is_refused),
    };
    return cmocka_run_group_tests_name("auth/vault", tests, NULL, NULL);
}

#include "check.h"

#include <string.h>

#include "auth/csrf.h"
#include "auth/token.h"

static void tokens_are_unlike_each_other_and_safe_in_urls(void **state)
{
    char first[TOKEN_SIZE];
    char second[TOKEN_SIZE];

    (void)state;
    token_make("ap_", first);
    CHECK_TEXT(token_make("ap_", second), second);
    CHECK(strncmp(first, "ap_", 3) == 0);
    CHECK_NUMBER(strlen(first), 3 + 43);
    CHECK(strcmp(first, second) != 0);
    CHECK_NUMBER(strspn(first, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"),
                 strlen(first));
    CHECK_NUMBER(strlen(token_make("12345678", first)), TOKEN_SIZE - 1);
    CHECK_NUMBER(strlen(token_make("", first)), 43);
}

static void the_database_sees_a_hash(void **state)
{
    char hash[SHA256_TEXT_SIZE];

    (void)state;
    /* FIPS 180-4's example. */
    CHECK_TEXT(token_hash("abc", hash),
               "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
}

static void secrets_are_equal_only_when_they_are(void **state)
{
    (void)state;
    CHECK(secret_equal("abc", "abc"));
    CHECK(secret_equal("", ""));
    CHECK(!secret_equal("abc", "abd"));
    CHECK(!secret_equal("abc", "abcd"));
    CHECK(!secret_equal("abc", ""));
    CHECK(!secret_equal(NULL, "abc"));
    CHECK(!secret_equal("abc", NULL));
    CHECK(!secret_equal(NULL, NULL));
}

static void a_csrf_token_belongs_to_its_session_and_server(void **state)
{
    const uint8_t key[KEY_SIZE] = { 1 };
    const uint8_t other_key[KEY_SIZE] = { 2 };
    char token[CSRF_TOKEN_SIZE];

    (void)state;
    csrf_make(key, "session one", token);
    CHECK_NUMBER(strlen(token), CSRF_TOKEN_SIZE - 1);
    CHECK(csrf_check(key, "session one", token));
    CHECK(!csrf_check(key, "session two", token));
    CHECK(!csrf_check(other_key, "session one", token));
    CHECK(!csrf_check(key, "session one", ""));
    CHECK(!csrf_check(key, "session one", NULL));
    CHECK(!csrf_check(key, NULL, token));
    token[0] = token[0] == 'A' ? 'B' : 'A';
    CHECK(!csrf_check(key, "session one", token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tokens_are_unlike_each_other_and_safe_in_urls),
        cmocka_unit_test(the_database_sees_a_hash),
        cmocka_unit_test(secrets_are_equal_only_when_they_are),
        cmocka_unit_test(a_csrf_token_belongs_to_its_session_and_server),
    };
    return cmocka_run_group_tests_name("auth/token", tests, NULL, NULL);
}

#include "check.h"

#include <string.h>

#include "auth/password.h"
#include "core/time.h"

static void a_password_fits_its_own_hash_only(void **state)
{
    char hash[PASSWORD_HASH_SIZE];
    char other[PASSWORD_HASH_SIZE];
    struct error error;

    (void)state;
    CHECK(password_hash("correct horse battery", hash, &error));
    CHECK(password_hash("correct horse battery", other, &error));
    CHECK(strcmp(hash, other) != 0);
    CHECK(strncmp(hash, "$argon2id$v=19$m=19456,t=2,p=1$", 31) == 0);
    CHECK(password_check("correct horse battery", hash));
    CHECK(password_check("correct horse battery", other));
    CHECK(!password_check("correct horse batterz", hash));
    CHECK(!password_check("", hash));
    CHECK(!password_needs_rehash(hash));
}

static void a_hash_that_is_not_ours_fits_nothing(void **state)
{
    /* The second would take four gigabytes. */
    static const char *const hashes[] = {
        "", "$argon2id$v=19$m=4194304,t=20,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAA",
        "$argon2id$v=19$m=19456,t=2,p=1$", "$2b$12$abcdefghijklmnopqrstuv", "plain text"
    };

    (void)state;
    for (size_t i = 0; i < COUNT_OF(hashes); i++) {
        CHECK(!password_check("plain text", hashes[i]));
    }
    CHECK(password_needs_rehash(hashes[1]));
}

static void the_dummy_check_fails_and_takes_as_long(void **state)
{
    char hash[PASSWORD_HASH_SIZE];
    struct error error;

    (void)state;
    CHECK(password_hash("correct horse battery", hash, &error));
    int64_t real_ms = INT64_MAX;
    int64_t dummy_ms = INT64_MAX;
    for (int i = 0; i < 5; i++) {
        int64_t began_ms = time_monotonic_ms();
        CHECK(!password_check("wrong horse battery", hash));
        int64_t between_ms = time_monotonic_ms();
        CHECK(!password_check_dummy("wrong horse battery"));
        int64_t ended_ms = time_monotonic_ms();
        real_ms = between_ms - began_ms < real_ms ? between_ms - began_ms : real_ms;
        dummy_ms = ended_ms - between_ms < dummy_ms ? ended_ms - between_ms : dummy_ms;
    }
    print_message("real %lld ms, dummy %lld ms\n", (long long)real_ms, (long long)dummy_ms);
    CHECK(real_ms > 0);
    CHECK(dummy_ms * 2 >= real_ms && dummy_ms <= real_ms * 2 + 1);
}

static void weak_passwords_are_refused_with_a_reason(void **state)
{
    char long_one[PASSWORD_SIZE_MAX + 2];
    struct error error;

    (void)state;
    CHECK(!password_is_acceptable("ninechars", &error));
    CHECK_TEXT(error.message, "the password must have at least 10 characters");
    CHECK(!password_is_acceptable("äöüäöüäöü", &error)); /* 18 bytes, 9 characters. */
    CHECK(password_is_acceptable("äöüäöüäöüß", &error));
    CHECK(password_is_acceptable("tencharsxx", &error));
    CHECK(!password_is_acceptable("aaaaaaaaaaaa", &error));
    memset(long_one, 'a', sizeof long_one - 1);
    long_one[0] = 'b';
    long_one[sizeof long_one - 1] = '\0';
    CHECK(!password_is_acceptable(long_one, &error));
    long_one[sizeof long_one - 2] = '\0';
    CHECK(password_is_acceptable(long_one, &error));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_fits_its_own_hash_only),
        cmocka_unit_test(a_hash_that_is_not_ours_fits_nothing),
        cmocka_unit_test(the_dummy_check_fails_and_takes_as_long),
        cmocka_unit_test(weak_passwords_are_refused_with_a_reason),
    };
    return cmocka_run_group_tests_name("auth/password", tests, NULL, NULL);
}

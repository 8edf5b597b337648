#include "check.h"

#include <stdio.h>

#include "auth/throttle.h"

static void ten_attempts_fit_into_the_window(void **state)
{
    AUTO(throttle_free) struct throttle *throttle = throttle_new();
    int64_t wait_ms = 0;

    (void)state;
    for (int i = 0; i < 10; i++) {
        CHECK(throttle_take(throttle, "account/a", 1000 + i * 1000, &wait_ms));
    }
    CHECK(!throttle_take(throttle, "account/a", 20000, &wait_ms));
    CHECK_NUMBER(wait_ms, 1000 + THROTTLE_WINDOW_MS - 20000);
    CHECK(throttle_take(throttle, "account/b", 20000, NULL));
    CHECK(!throttle_take(throttle, "account/a", 1000 + THROTTLE_WINDOW_MS - 1, NULL));
    CHECK(throttle_take(throttle, "account/a", 1000 + THROTTLE_WINDOW_MS, NULL));
    CHECK(!throttle_take(throttle, "account/a", 1000 + THROTTLE_WINDOW_MS, NULL));
    CHECK(throttle_take(throttle, "account/a", 2000 + THROTTLE_WINDOW_MS, NULL));
}

static void refused_attempts_do_not_prolong_the_wait(void **state)
{
    AUTO(throttle_free) struct throttle *throttle = throttle_new();

    (void)state;
    for (int i = 0; i < 100; i++) {
        CHECK_NUMBER(throttle_take(throttle, "a", i, NULL), i < 10);
    }
    CHECK(throttle_take(throttle, "a", THROTTLE_WINDOW_MS, NULL));
}

static void good_logins_cost_an_address_nothing(void **state)
{
    AUTO(throttle_free) struct throttle *throttle = throttle_new();

    (void)state;
    for (int i = 0; i < 100; i++) {
        CHECK(throttle_take(throttle, "address/1", i, NULL));
        throttle_give_back(throttle, "address/1");
    }
    for (int i = 0; i < 10; i++) {
        CHECK(throttle_take(throttle, "address/1", 200, NULL));
    }
    CHECK(!throttle_take(throttle, "address/1", 200, NULL));
    throttle_clear(throttle, "address/1");
    CHECK(throttle_take(throttle, "address/1", 200, NULL));
    throttle_give_back(throttle, "never seen");
    throttle_clear(throttle, "never seen");
}

static void a_flood_of_addresses_does_not_free_an_account_under_attack(void **state)
{
    AUTO(throttle_free) struct throttle *throttle = throttle_new();

    (void)state;
    for (int i = 0; i < 10; i++) {
        CHECK(throttle_take(throttle, "account/a", 0, NULL));
    }
    for (int i = 0; i < 100000; i++) {
        char key[32];
        IGNORE(snprintf(key, sizeof key, "address/%d", i), "short");
        CHECK(throttle_take(throttle, key, 1 + i / 1000, NULL));
    }
    CHECK(!throttle_take(throttle, "account/a", 200, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ten_attempts_fit_into_the_window),
        cmocka_unit_test(refused_attempts_do_not_prolong_the_wait),
        cmocka_unit_test(good_logins_cost_an_address_nothing),
        cmocka_unit_test(a_flood_of_addresses_does_not_free_an_account_under_attack),
    };
    return cmocka_run_group_tests_name("auth/throttle", tests, NULL, NULL);
}

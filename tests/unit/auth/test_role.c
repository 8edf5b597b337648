#include "check.h"

#include "auth/role.h"

static void each_rung_may_do_what_those_below_may(void **state)
{
    (void)state;
    for (int have = ROLE_VIEWER; have <= ROLE_OPERATOR; have++) {
        for (int need = ROLE_VIEWER; need <= ROLE_OPERATOR; need++) {
            CHECK_NUMBER(role_allows((enum role)have, (enum role)need), have >= need);
        }
    }
}

static void what_needs_no_login_is_open_to_all_and_gives_no_rights(void **state)
{
    (void)state;
    for (int role = ROLE_NOBODY; role <= ROLE_OPERATOR; role++) {
        CHECK(role_allows((enum role)role, ROLE_NOBODY));
        CHECK_NUMBER(role_allows(ROLE_NOBODY, (enum role)role), role == ROLE_NOBODY);
    }
}

static void webhooks_are_for_the_webhook_alone(void **state)
{
    (void)state;
    CHECK(role_allows(ROLE_WEBHOOK, ROLE_WEBHOOK));
    for (int role = ROLE_VIEWER; role <= ROLE_OPERATOR; role++) {
        CHECK(!role_allows(ROLE_WEBHOOK, (enum role)role));
        CHECK(!role_allows((enum role)role, ROLE_WEBHOOK));
    }
    CHECK(!role_allows((enum role)99, ROLE_VIEWER));
    CHECK(!role_allows(ROLE_OPERATOR, (enum role)99));
}

static void names_and_roles_go_together(void **state)
{
    enum role role = ROLE_NOBODY;

    (void)state;
    for (int i = ROLE_NOBODY; i <= ROLE_OPERATOR; i++) {
        CHECK(role_find(role_name((enum role)i), &role));
        CHECK_NUMBER(role, i);
    }
    CHECK(!role_find("root", &role));
    CHECK(!role_find("", &role));
    CHECK_TEXT(role_name((enum role)99), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_rung_may_do_what_those_below_may),
        cmocka_unit_test(what_needs_no_login_is_open_to_all_and_gives_no_rights),
        cmocka_unit_test(webhooks_are_for_the_webhook_alone),
        cmocka_unit_test(names_and_roles_go_together),
    };
    return cmocka_run_group_tests_name("auth/role", tests, NULL, NULL);
}

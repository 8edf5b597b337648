#include "check.h"

#include <string.h>

#include "core/macros.h"
#include "ledger/reason.h"

static void every_row_is_complete(void **state)
{
    (void)state;
    for (int i = 1; i < REASON_COUNT; i++) {
        const struct reason_info *info = reason_info((enum reason)i);
        CHECK(info->code != NULL && info->message != NULL && info->advice != NULL);
        CHECK(strspn(info->code, "abcdefghijklmnopqrstuvwxyz_") == strlen(info->code));
        CHECK(strlen(info->code) >= 4 && strlen(info->code) <= 32);
        CHECK(strlen(info->message) > 15 && info->message[strlen(info->message) - 1] == '.');
        CHECK(strlen(info->advice) > 15 && info->advice[strlen(info->advice) - 1] == '.');
        CHECK(info->retry_after_s >= 0);
        CHECK(strlen(reason_owner_code(info->owner)) > 0);
        CHECK(strlen(reason_owner_name(info->owner)) > 0);
    }
}

static void a_code_belongs_to_one_reason(void **state)
{
    (void)state;
    for (int i = 1; i < REASON_COUNT; i++) {
        CHECK_NUMBER(reason_from_code(reason_info((enum reason)i)->code), i);
    }
    CHECK_NUMBER(reason_from_code(""), REASON_NONE);
    CHECK_NUMBER(reason_from_code("no_such_reason"), REASON_NONE);
}

static void the_codes_of_the_contract_are_there(void **state)
{
    (void)state;
    static const char *const codes[] = {
        "pbx_not_configured",
        "dns_failed",
        "connect_refused",
        "connect_timeout",
        "tls_untrusted",
        "tls_changed",
        "login_refused",
        "login_locked",
        "address_not_permitted",
        "no_permission",
        "throttled",
        "not_there_yet",
        "deleted_on_pbx",
        "html_instead_of_audio",
        "json_instead_of_audio",
        "empty",
        "truncated",
        "size_mismatch",
        "duration_mismatch",
        "unknown_container",
        "too_large",
        "storage_full",
        "storage_refused",
    };
    for (size_t i = 0; i < COUNT_OF(codes); i++) {
        CHECK(reason_from_code(codes[i]) != REASON_NONE);
    }
}

static void what_could_lock_the_account_stops_the_pbx(void **state)
{
    (void)state;
    CHECK(reason_info(REASON_LOGIN_REFUSED)->stops_pbx);
    CHECK(reason_info(REASON_LOGIN_LOCKED)->stops_pbx);
    CHECK(reason_info(REASON_NO_PERMISSION)->stops_pbx);
    CHECK(!reason_info(REASON_TLS_CHANGED)->stops_pbx); /* Nothing is sent: asking is harmless. */
    CHECK(!reason_info(REASON_NOT_THERE_YET)->stops_pbx);
    CHECK(!reason_info(REASON_NOT_THERE_YET)->is_final);
    CHECK(reason_info(REASON_DELETED_ON_PBX)->is_final);
}

static void an_unknown_value_is_an_internal_error(void **state)
{
    (void)state;
    CHECK_TEXT(reason_info((enum reason)9999)->code, "internal_error");
    CHECK_TEXT(reason_info((enum reason) - 1)->code, "internal_error");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(a_code_belongs_to_one_reason),
        cmocka_unit_test(the_codes_of_the_contract_are_there),
        cmocka_unit_test(what_could_lock_the_account_stops_the_pbx),
        cmocka_unit_test(an_unknown_value_is_an_internal_error),
    };
    return cmocka_run_group_tests_name("ledger/reason", tests, NULL, NULL);
}

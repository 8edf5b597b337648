#include "check.h"

#include <string.h>

#include "core/macros.h"
#include "ledger/alarm.h"

static void every_row_is_complete(void **state)
{
    (void)state;
    for (int i = 1; i < ALARM_COUNT; i++) {
        const struct alarm_info *info = alarm_info((enum alarm)i);
        CHECK(info->code != NULL && info->message != NULL && info->advice != NULL);
        CHECK(strspn(info->code, "abcdefghijklmnopqrstuvwxyz_") == strlen(info->code));
        CHECK(strlen(info->code) >= 4 && strlen(info->code) <= 32);
        CHECK(strlen(info->message) > 15 && info->message[strlen(info->message) - 1] == '.');
        CHECK(strlen(info->advice) > 15 && info->advice[strlen(info->advice) - 1] == '.');
        CHECK(strlen(alarm_severity_code(info->severity)) > 3);
    }
}

static void a_code_belongs_to_one_alarm(void **state)
{
    (void)state;
    for (int i = 1; i < ALARM_COUNT; i++) {
        CHECK_NUMBER(alarm_from_code(alarm_info((enum alarm)i)->code), i);
    }
    CHECK_NUMBER(alarm_from_code(""), ALARM_NONE);
    CHECK_NUMBER(alarm_from_code("no_such_alarm"), ALARM_NONE);
    CHECK_TEXT(alarm_info((enum alarm)9999)->code, "");
}

static void what_loses_recordings_is_critical(void **state)
{
    (void)state;
    static const enum alarm critical[] = { ALARM_NO_CDR, ALARM_PBX_UNREACHABLE, ALARM_PBX_REFUSING,
                                           ALARM_STORAGE_NEARLY_FULL, ALARM_STORAGE_FAILING };
    for (size_t i = 0; i < COUNT_OF(critical); i++) {
        CHECK_NUMBER(alarm_info(critical[i])->severity, ALARM_CRITICAL);
    }
    CHECK_NUMBER(alarm_info(ALARM_TEST)->severity, ALARM_INFO);
}

static void what_is_set_on_the_pbx_names_its_menu(void **state)
{
    (void)state;
    static const enum alarm alarms[] = { ALARM_NO_CDR, ALARM_PBX_REFUSING,
                                         ALARM_CERTIFICATE_CHANGED, ALARM_RECONCILE_FAILING,
                                         ALARM_QUARANTINE };
    for (size_t i = 0; i < COUNT_OF(alarms); i++) {
        CHECK(strstr(alarm_info(alarms[i])->advice, " > ") != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_is_complete),
        cmocka_unit_test(a_code_belongs_to_one_alarm),
        cmocka_unit_test(what_loses_recordings_is_critical),
        cmocka_unit_test(what_is_set_on_the_pbx_names_its_menu),
    };
    return cmocka_run_group_tests_name("ledger/alarm", tests, NULL, NULL);
}

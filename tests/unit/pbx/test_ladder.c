#include "check.h"

#include <string.h>

#include "core/text.h"
#include "pbx/grandstream/ladder.h"

static void check_ladder(struct pbx_wanted wanted, bool has_new, bool has_old,
                         const char *remembered, const char *expected)
{
    struct ladder ladder;
    AUTO(text_clear) struct text names = TEXT_UP_TO(1024);

    ladder_build(&wanted, has_new, has_old, remembered, &ladder);
    for (size_t i = 0; i < ladder.count; i++) {
        text_print(&names, "%s%s", i > 0 ? " " : "", ladder.rungs[i]->name);
    }
    CHECK_TEXT(text_get(&names), expected);
}

static const char path[] = "2026-02/auto-1770326441-1000-2815550100.wav";

static void an_ordinary_call_is_looked_for_in_monitor_first(void **state)
{
    (void)state;
    check_ladder(
        (struct pbx_wanted){
            .path = path, .acct_id = "41", .action_type = "DIAL", .started_at = 1770326441000 },
        true, false, NULL,
        "new:monitor new:queue new:emergency new:sca new:recordinfos new:cdrapi "
        "new:monitor+month");
}

static void a_queue_call_is_looked_for_in_queue_first(void **state)
{
    (void)state;
    check_ladder((struct pbx_wanted){ .path = path, .action_type = "QUEUE[6500]" }, true, false,
                 NULL, "new:queue new:monitor new:emergency new:sca new:monitor+month");
    check_ladder((struct pbx_wanted){ .path = path, .action_type = "TRANSFER" }, true, false, NULL,
                 "new:queue new:monitor new:emergency new:sca new:monitor+month");
}

static void follow_me_goes_by_the_direction(void **state)
{
    (void)state;
    struct pbx_wanted wanted = { .action_type = "FOLLOWME[1000]", .direction = "Inbound" };
    CHECK_TEXT(ladder_directory(&wanted), "monitor");
    wanted.direction = "outbound";
    CHECK_TEXT(ladder_directory(&wanted), "queue");
    CHECK_TEXT(ladder_directory(&(struct pbx_wanted){ .path = path }), "monitor");
}

static void a_name_without_auto_may_be_a_conference(void **state)
{
    (void)state;
    check_ladder((struct pbx_wanted){ .path = "meetme-conf-rec-6300-1770326441.1-x.wav" }, true,
                 false, NULL, "new:monitor new:queue new:meetme new:emergency new:sca");
}

static void the_old_api_comes_last_with_the_month_first(void **state)
{
    (void)state;
    check_ladder((struct pbx_wanted){ .path = path }, true, true, NULL,
                 "new:monitor new:queue new:emergency new:sca new:monitor+month "
                 "old:monitor+month old:monitor old:queue+month old:queue "
                 "old:monitor_local+month old:monitor_local");
    check_ladder((struct pbx_wanted){ .path = "auto-1.wav" }, false, true, NULL,
                 "old:monitor old:queue old:monitor_local");
}

static void the_rung_that_worked_is_tried_first(void **state)
{
    (void)state;
    check_ladder((struct pbx_wanted){ .path = path }, true, false, "new:monitor+month",
                 "new:monitor+month new:monitor new:queue new:emergency new:sca");
    check_ladder((struct pbx_wanted){ .path = path }, true, false, "old:monitor",
                 "new:monitor new:queue new:emergency new:sca new:monitor+month");
    check_ladder((struct pbx_wanted){ .path = path }, true, false, "nonsense",
                 "new:monitor new:queue new:emergency new:sca new:monitor+month");
}

static void without_a_path_only_the_pbx_can_name_one(void **state)
{
    (void)state;
    check_ladder((struct pbx_wanted){ .path = "", .acct_id = "41", .started_at = 1 }, true, true,
                 "new:monitor", "new:recordinfos new:cdrapi");
    check_ladder((struct pbx_wanted){ .path = NULL }, true, true, NULL, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_ordinary_call_is_looked_for_in_monitor_first),
        cmocka_unit_test(a_queue_call_is_looked_for_in_queue_first),
        cmocka_unit_test(follow_me_goes_by_the_direction),
        cmocka_unit_test(a_name_without_auto_may_be_a_conference),
        cmocka_unit_test(the_old_api_comes_last_with_the_month_first),
        cmocka_unit_test(the_rung_that_worked_is_tried_first),
        cmocka_unit_test(without_a_path_only_the_pbx_can_name_one),
    };
    return cmocka_run_group_tests_name("pbx/ladder", tests, NULL, NULL);
}

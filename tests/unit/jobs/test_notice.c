/* What is said of an alarm, how it is signed, and what an answer to it means. */
#include "check.h"

#include <string.h>

#include "core/encode.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/memory.h"
#include "jobs/notify.h"

/* The example that the Standard Webhooks libraries test themselves with. */
static void the_signature_is_that_of_standard_webhooks(void **state)
{
    (void)state;
    char signature[NOTICE_SIGNATURE_SIZE];
    struct error error = { 0 };

    CHECK(notice_sign("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_p5jXN8AQM9LWM0D4loKWxJek",
                      (time_ms)1614265330 * SECOND_MS, "{\"test\": 2432232314}", signature,
                      &error));
    CHECK_TEXT(signature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
}

static void what_is_no_secret_signs_nothing(void **state)
{
    (void)state;
    static const char *const secrets[] = {
        "",
        "whsec_",
        "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLa==", /* 23 bytes at most */
        "whsec_not*base64*not*base64*not*base64",
    };
    char signature[NOTICE_SIGNATURE_SIZE];

    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        struct error error = { 0 };
        CHECK(!notice_sign(secrets[i], "msg_1", 1, "{}", signature, &error));
        CHECK_NUMBER(error.kind, ERROR_INVALID);
        CHECK(strlen(secrets[i]) < 10 || strstr(error.message, secrets[i]) == NULL);
    }
}

static void new_secrets_differ_and_sign(void **state)
{
    (void)state;
    char first[NOTICE_SECRET_SIZE];
    char second[NOTICE_SECRET_SIZE];
    char signature[NOTICE_SIGNATURE_SIZE];
    struct error error = { 0 };

    CHECK_NUMBER(strlen(notice_secret_make(first)), NOTICE_SECRET_SIZE - 1);
    CHECK(strcmp(first, notice_secret_make(second)) != 0);
    CHECK(strncmp(first, "whsec_", 6) == 0);
    CHECK(notice_sign(first, "msg_1", 1, "{}", signature, &error));
}

static const struct alarm_row silent = { .id = 0x1234,
                                         .kind = "no_cdr",
                                         .tenant_id = 7,
                                         .pbx_id = 8,
                                         .tenant = "acme",
                                         .pbx = "UCM",
                                         .since = 1770325200000,
                                         .detail = "no call since \"noon\"" };

static void a_message_has_the_shape_of_the_contract(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(1 * MIB);
    struct error error = { 0 };
    const char *content = notice_make(arena, NOTICE_RAISED, &silent, 1770325260000);
    AUTO(json_release) json_t *json = json_read(content, strlen(content), &error);
    const json_t *alarm = json_object_get(json_object_get(json, "data"), "alarm");

    CHECK_TEXT(json_text(json, "type", ""), "alarm.raised");
    CHECK_TEXT(json_text(json, "timestamp", ""), "2026-02-05T21:01:00Z");
    CHECK_TEXT(json_text(alarm, "id", ""), "0000000000001234");
    CHECK_TEXT(json_text(alarm, "kind", ""), "no_cdr");
    CHECK_TEXT(json_text(alarm, "severity", ""), "critical");
    CHECK_TEXT(json_text(alarm, "tenant", ""), "acme");
    CHECK_TEXT(json_text(alarm, "pbx", ""), "UCM");
    CHECK_TEXT(json_text(alarm, "since", ""), "2026-02-05T21:00:00Z");
    CHECK(json_is_null(json_object_get(alarm, "cleared_at")));
    CHECK_TEXT(json_text(alarm, "detail", ""), "no call since \"noon\"");
    CHECK(strlen(json_text(alarm, "message", "")) > 15);
    CHECK(strlen(json_text(alarm, "advice", "")) > 15);
}

static void a_mail_says_what_since_when_and_what_to_do(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(1 * MIB);
    struct notice_mail mail = { 0 };
    struct error error = { 0 };
    const char *content = notice_make(arena, NOTICE_RAISED, &silent, 1770325260000);

    CHECK(notice_mail_make(arena, content, &mail, &error));
    CHECK(strstr(mail.subject, "critical") != NULL && strstr(mail.subject, "acme") != NULL);
    CHECK(strstr(mail.text, "2026-02-05T21:00:00Z") != NULL);
    CHECK(strstr(mail.text, "no call since \"noon\"") != NULL);
    CHECK(strstr(mail.text, "What to do: ") != NULL);
    CHECK(!notice_mail_make(arena, "{}", &mail, &error));
}

static void a_cleared_alarm_says_that_it_is_over(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(1 * MIB);
    struct notice_mail mail = { 0 };
    struct error error = { 0 };
    struct alarm_row alarm = silent;

    alarm.cleared_at = alarm.since + HOUR_MS;
    CHECK(notice_mail_make(arena, notice_make(arena, NOTICE_CLEARED, &alarm, alarm.cleared_at),
                           &mail, &error));
    CHECK(strstr(mail.subject, "over") != NULL);
    CHECK(strstr(mail.text, "2026-02-05T22:00:00Z") != NULL);
    CHECK(strstr(mail.text, "What to do") == NULL);
}

/* ---- The judgement ---- */

static void answers_mean_what_the_specification_says(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum notify_verdict verdict;
    } rows[] = {
        { 200, NOTIFY_DELIVERED },  { 204, NOTIFY_DELIVERED }, { 299, NOTIFY_DELIVERED },
        { 302, NOTIFY_AGAIN },      { 400, NOTIFY_AGAIN },     { 404, NOTIFY_AGAIN },
        { 410, NOTIFY_SWITCH_OFF }, { 429, NOTIFY_AGAIN },     { 500, NOTIFY_AGAIN },
        { 503, NOTIFY_AGAIN },      { 0, NOTIFY_AGAIN },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct notify_outcome outcome = { 0 };
        notify_judge_http(rows[i].status, -1, "nothing listens", &outcome);
        CHECK_NUMBER(outcome.verdict, rows[i].verdict);
        CHECK_NUMBER(outcome.at_least_s, 0);
        CHECK(strlen(outcome.detail) > 4);
    }
}

static void retry_after_counts_up_to_a_day(void **state)
{
    (void)state;
    struct notify_outcome outcome = { 0 };

    notify_judge_http(429, 77, "", &outcome);
    CHECK_NUMBER(outcome.at_least_s, 77);
    notify_judge_http(503, INT64_MAX, "", &outcome);
    CHECK_NUMBER(outcome.at_least_s, 24 * 3600);
}

static void tries_follow_the_schedule_and_end(void **state)
{
    (void)state;
    struct world world = { .notify_s = { 5, 300, 1800 }, .notify_count = 3 };
    time_ms now = 1000000;

    CHECK_NUMBER(notify_next_try(&world, 1, 0, now), now + 5 * SECOND_MS);
    CHECK_NUMBER(notify_next_try(&world, 2, 0, now), now + 300 * SECOND_MS);
    CHECK_NUMBER(notify_next_try(&world, 3, 0, now), now + 1800 * SECOND_MS);
    CHECK_NUMBER(notify_next_try(&world, 4, 0, now), 0);
    CHECK_NUMBER(notify_next_try(&world, 1, 60, now), now + 60 * SECOND_MS);
    CHECK_NUMBER(notify_next_try(&world, 2, 60, now), now + 300 * SECOND_MS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_signature_is_that_of_standard_webhooks),
        cmocka_unit_test(what_is_no_secret_signs_nothing),
        cmocka_unit_test(new_secrets_differ_and_sign),
        cmocka_unit_test(a_message_has_the_shape_of_the_contract),
        cmocka_unit_test(a_mail_says_what_since_when_and_what_to_do),
        cmocka_unit_test(a_cleared_alarm_says_that_it_is_over),
        cmocka_unit_test(answers_mean_what_the_specification_says),
        cmocka_unit_test(retry_after_counts_up_to_a_day),
        cmocka_unit_test(tries_follow_the_schedule_and_end),
    };
    return cmocka_run_group_tests_name("jobs/notice", tests, NULL, NULL);
}

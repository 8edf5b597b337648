#include "check.h"

#include <stdio.h>
#include <string.h>

#include "pbx/grandstream/judge.h"
#include "unit/pbx/wave.h"

static struct verdict judge_body(int http_status, const void *body, size_t size,
                                 enum wanted_body wanted)
{
    struct verdict verdict;
    struct seen_answer seen = { .wanted = wanted,
                                .http_status = http_status,
                                .challenge = "",
                                .head = body,
                                .head_size = size < JUDGE_HEAD_SIZE ? size : JUDGE_HEAD_SIZE,
                                .total = (int64_t)size,
                                .retry_after_s = -1 };

    judge(&seen, &verdict);
    CHECK(verdict.text[0] != '\0');
    CHECK((verdict.kind == VERDICT_AUDIO || verdict.kind == VERDICT_DATA) ==
          (verdict.reason == REASON_NONE));
    return verdict;
}

static struct verdict judge_text(int http_status, const char *body)
{
    return judge_body(http_status, body, strlen(body), WANTED_AUDIO);
}

static void every_status_has_its_consequence(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum verdict_kind kind;
        enum reason reason;
        int wait_s;
    } table[] = {
        { -1, VERDICT_BROKEN, REASON_REQUEST_REFUSED, -1 },
        { -5, VERDICT_LOG_IN, REASON_SESSION_LOST, -1 },
        { -6, VERDICT_LOG_IN, REASON_SESSION_LOST, -1 },
        { -7, VERDICT_WAIT, REASON_PBX_ERROR, -1 },
        { -8, VERDICT_WAIT, REASON_PBX_ERROR, -1 },
        { -9, VERDICT_WAIT, REASON_PBX_ERROR, -1 },
        { -15, VERDICT_BROKEN, REASON_REQUEST_REFUSED, -1 },
        { -16, VERDICT_NOT_HERE, REASON_NOT_THERE_YET, -1 },
        { -19, VERDICT_NOT_HERE, REASON_UNSUPPORTED, -1 },
        { -25, VERDICT_NOT_HERE, REASON_NOT_THERE_YET, -1 },
        { -26, VERDICT_WAIT, REASON_PBX_ERROR, -1 },
        { -37, VERDICT_STOP, REASON_LOGIN_REFUSED, -1 },
        { -45, VERDICT_WAIT, REASON_THROTTLED, 15 },
        { -46, VERDICT_WAIT, REASON_THROTTLED, 15 },
        { -47, VERDICT_STOP, REASON_NO_PERMISSION, -1 },
        { -50, VERDICT_BROKEN, REASON_REFUSED_NAME, -1 },
        { -51, VERDICT_WAIT, REASON_BUSY, 15 },
        { -57, VERDICT_WAIT, REASON_THROTTLED, 60 },
        { -68, VERDICT_STOP, REASON_LOGIN_LOCKED, -1 },
        { -70, VERDICT_STOP, REASON_LOGIN_LOCKED, -1 },
        { -71, VERDICT_STOP, REASON_LOGIN_REFUSED, -1 },
        { -251, VERDICT_WAIT, REASON_BUSY, 15 },
        { -30, VERDICT_WAIT, REASON_PBX_ERROR, -1 },
        { -2147483647, VERDICT_WAIT, REASON_PBX_ERROR, -1 },
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        char body[80];
        snprintf(body, sizeof body, "{\"response\":{},\"status\":%d}", table[i].status);
        struct verdict verdict = judge_text(200, body);
        if (verdict.kind != table[i].kind || verdict.reason != table[i].reason ||
            verdict.retry_after_s != table[i].wait_s) {
            fail_msg("%s: %d %d %d", body, (int)verdict.kind, (int)verdict.reason,
                     (int)verdict.retry_after_s);
        }
        CHECK_NUMBER(verdict.status, table[i].status);
        /* An error is an error whatever HTTP says, and whatever was asked for. */
        CHECK_NUMBER(judge_text(404, body).kind, table[i].kind);
        CHECK_NUMBER(judge_body(200, body, strlen(body), WANTED_JSON).kind, table[i].kind);
    }
}

static void a_refused_login_says_how_many_tries_are_left(void **state)
{
    (void)state;
    struct verdict verdict = judge_text(200, "{\"response\":{\"remain_num\":4},\"status\":-37}");
    CHECK_NUMBER(verdict.tries_left, 4);
    CHECK_NUMBER(verdict.locked_s, -1);
    verdict = judge_text(200, "{\"response\":{\"remain_time\":\"300\"},\"status\":-68}");
    CHECK_NUMBER(verdict.locked_s, 300);
}

static void sound_is_told_by_its_bytes(void **state)
{
    (void)state;
    AUTO(text_clear) struct text wave = TEXT_UP_TO(MIB);
    wave_add(&wave, 1);
    struct verdict verdict = judge_body(200, text_get(&wave), wave.size, WANTED_AUDIO);
    CHECK_NUMBER(verdict.kind, VERDICT_AUDIO);
    CHECK_TEXT(verdict.container, "wav");
    CHECK_NUMBER(judge_body(500, text_get(&wave), wave.size, WANTED_AUDIO).kind, VERDICT_WAIT);
    CHECK_NUMBER(judge_body(200, text_get(&wave), 44, WANTED_AUDIO).reason, REASON_EMPTY);
    CHECK_NUMBER(judge_body(200, "", 0, WANTED_AUDIO).reason, REASON_EMPTY);

    char bytes[600] = "GSFF";
    CHECK_NUMBER(judge_body(200, bytes, sizeof bytes, WANTED_AUDIO).reason, REASON_GSFF_CONTAINER);
    memcpy(bytes, "\x1f\x8b\x08\x00", 4);
    CHECK_NUMBER(judge_body(200, bytes, sizeof bytes, WANTED_AUDIO).reason,
                 REASON_UNKNOWN_CONTAINER);
    memcpy(bytes + 257, "ustar", 5);
    CHECK_NUMBER(judge_body(200, bytes, sizeof bytes, WANTED_AUDIO).reason,
                 REASON_UNKNOWN_CONTAINER);
}

static void a_web_page_or_a_message_is_never_sound(void **state)
{
    (void)state;
    static const struct {
        const char *body;
        enum verdict_kind kind;
        enum reason reason;
    } table[] = {
        { "<!DOCTYPE html><html>", VERDICT_NOT_HERE, REASON_HTML_INSTEAD_OF_AUDIO },
        { "\r\n  <html>", VERDICT_NOT_HERE, REASON_HTML_INSTEAD_OF_AUDIO },
        { "\xef\xbb\xbf<?xml?>", VERDICT_NOT_HERE, REASON_HTML_INSTEAD_OF_AUDIO },
        { "{\"response\":{},\"status\":0}", VERDICT_BROKEN, REASON_JSON_INSTEAD_OF_AUDIO },
        { "{\"response\":{}}", VERDICT_BROKEN, REASON_JSON_INSTEAD_OF_AUDIO },
        { "{\"cdr_root\":[]}", VERDICT_BROKEN, REASON_JSON_INSTEAD_OF_AUDIO },
        { "{ broken", VERDICT_BROKEN, REASON_JSON_INSTEAD_OF_AUDIO },
        { "[1,2]", VERDICT_BROKEN, REASON_JSON_INSTEAD_OF_AUDIO },
        { "{\"status\":-25,\"status\":0}", VERDICT_BROKEN, REASON_JSON_INSTEAD_OF_AUDIO },
        { "{\"status\":\"-25\"}", VERDICT_NOT_HERE, REASON_NOT_THERE_YET },
        { "monitor,queue,meetme,voicemail/default,and,more,of,that", VERDICT_BROKEN,
          REASON_UNKNOWN_CONTAINER },
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct verdict verdict = judge_text(200, table[i].body);
        if (verdict.kind != table[i].kind || verdict.reason != table[i].reason) {
            fail_msg("%s: %d %s", table[i].body, (int)verdict.kind,
                     reason_info(verdict.reason)->code);
        }
    }
}

static void http_status_counts_where_the_body_says_nothing(void **state)
{
    (void)state;
    static const struct {
        int status;
        enum verdict_kind kind;
        enum reason reason;
    } table[] = {
        { 404, VERDICT_NOT_HERE, REASON_NOT_THERE_YET },
        { 410, VERDICT_NOT_HERE, REASON_NOT_THERE_YET },
        { 403, VERDICT_STOP, REASON_ADDRESS_NOT_PERMITTED },
        { 401, VERDICT_BROKEN, REASON_API_NOT_FOUND },
        { 301, VERDICT_BROKEN, REASON_REDIRECTED },
        { 302, VERDICT_BROKEN, REASON_REDIRECTED },
        { 429, VERDICT_WAIT, REASON_THROTTLED },
        { 500, VERDICT_WAIT, REASON_PBX_ERROR },
        { 502, VERDICT_WAIT, REASON_PBX_ERROR },
        { 503, VERDICT_WAIT, REASON_PBX_ERROR },
        { 206, VERDICT_WAIT, REASON_PBX_ERROR },
        { 400, VERDICT_WAIT, REASON_PBX_ERROR },
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct verdict verdict = judge_text(table[i].status, "<html>");
        CHECK_NUMBER(verdict.kind, table[i].kind);
        CHECK_NUMBER(verdict.reason, table[i].reason);
    }
    struct verdict verdict;
    struct seen_answer seen = {
        .http_status = 503, .challenge = "", .retry_after_s = 40, .head = (const uint8_t *)""
    };
    judge(&seen, &verdict);
    CHECK_NUMBER(verdict.retry_after_s, 40);
    seen.retry_after_s = 99999999;
    judge(&seen, &verdict);
    CHECK_NUMBER(verdict.retry_after_s, 3600);
}

static void a_401_to_a_digest_is_a_refused_login(void **state)
{
    (void)state;
    struct verdict verdict;
    struct seen_answer seen = { .http_status = 401,
                                .was_digest = true,
                                .challenge = "Digest realm=\"x\"",
                                .retry_after_s = -1,
                                .head = (const uint8_t *)"<html>",
                                .head_size = 6,
                                .total = 6 };
    judge(&seen, &verdict);
    CHECK_NUMBER(verdict.kind, VERDICT_STOP);
    CHECK_NUMBER(verdict.reason, REASON_LOGIN_REFUSED);
    seen.challenge = "Basic realm=\"x\"";
    judge(&seen, &verdict);
    CHECK_NUMBER(verdict.reason, REASON_BASIC_ONLY);
}

static void an_answer_to_another_question_is_told_from_the_api(void **state)
{
    (void)state;
    static const struct {
        int http_status;
        const char *body;
        enum verdict_kind kind;
        enum reason reason;
    } table[] = {
        { 200, "{\"response\":{\"challenge\":\"1\"},\"status\":0}", VERDICT_DATA, REASON_NONE },
        { 200, "{\"cdr_root\":[]}", VERDICT_DATA, REASON_NONE },
        { 200, "{\"cdr\":[]}", VERDICT_DATA, REASON_NONE },
        { 200, "<html>", VERDICT_BROKEN, REASON_API_NOT_FOUND },
        { 404, "<html>", VERDICT_BROKEN, REASON_API_NOT_FOUND },
        { 405, "", VERDICT_BROKEN, REASON_API_NOT_FOUND },
        { 200, "It works", VERDICT_BROKEN, REASON_API_NOT_FOUND },
        { 200, "{\"message\":\"hello\"}", VERDICT_BROKEN, REASON_API_NOT_FOUND },
        { 200, "", VERDICT_WAIT, REASON_PBX_ERROR },
        { 500, "{\"error\":1}", VERDICT_WAIT, REASON_PBX_ERROR },
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        struct verdict verdict =
            judge_body(table[i].http_status, table[i].body, strlen(table[i].body), WANTED_JSON);
        if (verdict.kind != table[i].kind || verdict.reason != table[i].reason) {
            fail_msg("%d %s: %d %s", table[i].http_status, table[i].body, (int)verdict.kind,
                     reason_info(verdict.reason)->code);
        }
    }
}

static void the_words_of_the_pbx_cannot_forge_a_line(void **state)
{
    (void)state;
    struct verdict verdict =
        judge_text(200, "{\"response\":{\"error_msg\":\"a\\nb\\u0007\"},\"status\":-9}");
    CHECK(strchr(verdict.text, '\n') == NULL && strchr(verdict.text, '\a') == NULL);
    CHECK(strstr(verdict.text, "a?b?") != NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_status_has_its_consequence),
        cmocka_unit_test(a_refused_login_says_how_many_tries_are_left),
        cmocka_unit_test(sound_is_told_by_its_bytes),
        cmocka_unit_test(a_web_page_or_a_message_is_never_sound),
        cmocka_unit_test(http_status_counts_where_the_body_says_nothing),
        cmocka_unit_test(a_401_to_a_digest_is_a_refused_login),
        cmocka_unit_test(an_answer_to_another_question_is_told_from_the_api),
        cmocka_unit_test(the_words_of_the_pbx_cannot_forge_a_line),
    };
    return cmocka_run_group_tests_name("pbx/judge", tests, NULL, NULL);
}

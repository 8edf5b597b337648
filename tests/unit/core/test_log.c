#include "check.h"

#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/json.h"
#include "core/log.h"
#include "core/text.h"

enum { OUTPUT_SIZE_MAX = 32768 };

static char output[OUTPUT_SIZE_MAX];
static int stderr_before;
static FILE *captured;

static void capture_start(enum log_level level_min, bool is_json)
{
    log_setup(level_min, is_json, "http");
    captured = tmpfile();
    assert_non_null(captured);
    stderr_before = dup(STDERR_FILENO);
    CHECK(dup2(fileno(captured), STDERR_FILENO) >= 0);
}

static const char *capture_stop(void)
{
    CHECK(dup2(stderr_before, STDERR_FILENO) >= 0);
    close(stderr_before);
    rewind(captured);
    output[fread(output, 1, sizeof output - 1, captured)] = '\0';
    fclose(captured);
    return output;
}

static int line_count(const char *text)
{
    int count = 0;

    for (; *text != '\0'; text++) {
        count += *text == '\n' ? 1 : 0;
    }
    return count;
}

static void a_text_line_has_role_event_and_fields(void **state)
{
    (void)state;
    capture_start(LOG_INFO, false);
    log_info("recording.stored", "call", "c1", "bytes", LOG_NUMBER(2240044), "name", "Front Desk",
             "empty", NULL, NULL);
    const char *line = capture_stop();

    CHECK(strstr(line, " info http recording.stored call=c1 bytes=2240044 name=\"Front Desk\" "
                       "empty=\"\"\n") != NULL);
    CHECK_NUMBER(line_count(line), 1);
}

static void levels_below_the_minimum_are_silent(void **state)
{
    (void)state;
    capture_start(LOG_WARN, false);
    log_debug("a", NULL);
    log_info("b", NULL);
    log_warn("c", NULL);
    log_error("d", NULL);
    CHECK_NUMBER(line_count(capture_stop()), 2);
}

static void a_caller_name_cannot_forge_a_line_or_a_field(void **state)
{
    (void)state;
    static const char evil[] = "x\n2026-02-05T21:20:41Z info http login.done user=root\r\t\x1b[2J";

    capture_start(LOG_INFO, false);
    log_info("call.arrived", "name", evil, NULL);
    log_info("call.arrived", "name", "\" role=\"admin", NULL);
    log_info("call.arrived", "name", "\x7f\n", NULL);
    const char *text = capture_stop();
    CHECK_NUMBER(line_count(text), 3);
    CHECK(strchr(text, '\x1b') == NULL && strchr(text, '\r') == NULL);
    CHECK(strstr(text, "name=\"\\\" role=\\\"admin\"\n") != NULL);
    CHECK(strstr(text, "name=\\u007f\\u000a\n") != NULL);
}

static void a_json_line_holds_any_value(void **state)
{
    (void)state;
    static const char evil[] = "a\"b\\c\n\t\x01\x7f, {}";
    struct error error;

    capture_start(LOG_INFO, true);
    log_warn("call.arrived", "name", evil, "umlaut", "\xc3\xa4", NULL);
    const char *text = capture_stop();
    CHECK_NUMBER(line_count(text), 1);
    AUTO(json_release) json_t *json = json_read(text, strlen(text), &error);
    CHECK(json != NULL);
    CHECK_TEXT(json_text(json, "level", ""), "warn");
    CHECK_TEXT(json_text(json, "role", ""), "http");
    CHECK_TEXT(json_text(json, "event", ""), "call.arrived");
    CHECK_TEXT(json_text(json, "name", ""), evil);
    CHECK_TEXT(json_text(json, "umlaut", ""), "\xc3\xa4");
}

static void a_line_that_is_too_long_is_cut_and_still_one_good_line(void **state)
{
    (void)state;
    struct error error;
    char long_value[4096];

    memset(long_value, 1, sizeof long_value - 1); /* Control characters grow sixfold. */
    long_value[sizeof long_value - 1] = '\0';
    for (int is_json = 0; is_json <= 1; is_json++) {
        capture_start(LOG_INFO, is_json != 0);
        log_info("long", "first", "kept", "a", long_value, "b", long_value, "c", long_value, NULL);
        const char *text = capture_stop();
        CHECK_NUMBER(line_count(text), 1);
        CHECK(text[strlen(text) - 1] == '\n');
        CHECK(strlen(text) < 10000);
        if (is_json != 0) {
            AUTO(json_release) json_t *json = json_read(text, strlen(text), &error);
            CHECK(json != NULL);
            CHECK_TEXT(json_text(json, "first", ""), "kept");
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_line_has_role_event_and_fields),
        cmocka_unit_test(levels_below_the_minimum_are_silent),
        cmocka_unit_test(a_caller_name_cannot_forge_a_line_or_a_field),
        cmocka_unit_test(a_json_line_holds_any_value),
        cmocka_unit_test(a_line_that_is_too_long_is_cut_and_still_one_good_line),
    };
    return cmocka_run_group_tests_name("core/log", tests, NULL, NULL);
}

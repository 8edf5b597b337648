/* The doctor's pure parts: the root cause, readings of stored texts, shapes, and escaping. */
#include "check.h"

#include <string.h>

#include "doctor/inside.h"
#include "doctor/writer.h"

static struct doctor_step step_of(enum doctor_state state, enum reason reason)
{
    return (struct doctor_step){
        .name = "step", .title = "Step", .state = state, .detail = "seen", .reason = reason
    };
}

/* ---- The root cause ---- */

static void the_first_failure_is_the_root_cause(void **state)
{
    (void)state;
    const struct doctor_step steps[] = {
        step_of(DOCTOR_OK, REASON_NONE),
        step_of(DOCTOR_WARNING, REASON_BACKLOG),
        step_of(DOCTOR_FAILED, REASON_LOGIN_REFUSED),
        step_of(DOCTOR_SKIPPED, REASON_NONE),
        step_of(DOCTOR_FAILED, REASON_STORAGE_FULL),
    };

    CHECK_NUMBER(doctor_root(steps, COUNT_OF(steps)), 2);
    CHECK_NUMBER(doctor_root(steps, 2), -1);
    CHECK_NUMBER(doctor_root(steps, 0), -1);
}

static void a_wrong_clock_explains_nothing_else(void **state)
{
    (void)state;
    const struct doctor_step steps[] = {
        step_of(DOCTOR_FAILED, REASON_CLOCK_SKEW),
        step_of(DOCTOR_FAILED, REASON_DELETED_ON_PBX),
    };

    CHECK_NUMBER(doctor_root(steps, 2), 1);
    CHECK_NUMBER(doctor_root(steps, 1), 0);
}

/* ---- Readings ---- */

static void a_stored_refusal_tells_its_figures(void **state)
{
    (void)state;
    static const struct {
        const char *detail;
        int tries_left, locked_s;
    } rows[] = {
        { "the PBX answers status -37: wrong account or password; 2 tries left", 2, -1 },
        { "login refused; 10 tries left", 10, -1 },
        { "the PBX answers status -68: login restricted; locked for 287 s", -1, 287 },
        { "login refused; locked for 300 s", -1, 300 },
        { "login refused; locked for -1 s", -1, -1 },
        { "login refused", -1, -1 },
        { "no tries left", -1, -1 },
        { "99999999999999 tries left", -1, -1 },
        { "", -1, -1 },
        { NULL, -1, -1 },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct refusal refusal = refusal_read(rows[i].detail);
        CHECK_NUMBER(refusal.tries_left, rows[i].tries_left);
        CHECK_NUMBER(refusal.locked_s, rows[i].locked_s);
    }
}

static void a_name_of_the_pbx_tells_its_instant(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        time_ms at;
    } rows[] = {
        { "2026-02/auto-1770326441-1000-2815550100.wav", 1770326441000 },
        { "auto-1770326441-1000-2815550100.wav", 1770326441000 },
        { "auto-1770326441.wav", 1770326441000 },
        { "auto-17703264411-1000.wav", 0 },
        { "auto-177032644-1000.wav", 0 },
        { "2026-02/meetme-conf-1770326441.wav", 0 },
        { "auto-0000000001-1.wav", 0 },
        { "plain.wav", 0 },
        { "", 0 },
    };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        CHECK_NUMBER(name_instant(rows[i].path), rows[i].at);
    }
}

static void evidence_is_one_printable_line(void **state)
{
    (void)state;
    struct finding finding = { .state = DOCTOR_OK };

    finding_fail(&finding, REASON_DNS_FAILED, "one\ntwo\x1b[31m\t%s", "three\x7f");
    CHECK_TEXT(finding.detail, "one two [31m three ");
    finding_add(&finding, "; %d", 4);
    CHECK_TEXT(finding.detail, "one two [31m three ; 4");
    finding_advise(&finding, "do\r\nthis");
    CHECK_TEXT(finding.advice, "do  this");
    CHECK_NUMBER(finding.state, DOCTOR_FAILED);
    char endless[4 * EVIDENCE_SIZE];
    memset(endless, 'x', sizeof endless - 1);
    endless[sizeof endless - 1] = '\0';
    finding_warn(&finding, REASON_BACKLOG, "%s", endless);
    finding_add(&finding, "%s", endless);
    CHECK_NUMBER(strlen(finding.detail), EVIDENCE_SIZE - 1);
    CHECK_TEXT(finding.advice, "");
}

/* ---- Shapes ---- */

static void a_result_has_the_shape_of_the_contract(void **state)
{
    (void)state;
    struct doctor_result result = { .count = 2, .root = 1 };
    result.steps[0] = step_of(DOCTOR_OK, REASON_NONE);
    result.steps[1] = step_of(DOCTOR_FAILED, REASON_NO_PERMISSION);
    result.steps[1].advice = "do this";
    result.steps[1].duration_ms = 12;
    AUTO(json_release) json_t *json = doctor_result_json(&result);
    const json_t *root = json_object_get(json, "root_cause");
    const json_t *step = json_array_get(json_object_get(json, "steps"), 1);

    CHECK(json_is_false(json_object_get(json, "ok")));
    CHECK_TEXT(json_text(root, "code", ""), "no_permission");
    CHECK_TEXT(json_text(root, "owner", ""), "pbx_administrator");
    CHECK_TEXT(json_text(root, "advice", ""), "do this");
    CHECK_TEXT(json_text(root, "message", ""), reason_info(REASON_NO_PERMISSION)->message);
    CHECK_TEXT(json_text(step, "state", ""), "failed");
    CHECK(json_is_false(json_object_get(step, "ok")));
    CHECK_NUMBER(json_number(step, "ms", -1), 12);
    CHECK_TEXT(json_text(step, "detail", ""), "seen");
    result.root = -1;
    AUTO(json_release) json_t *well = doctor_result_json(&result);
    CHECK(json_is_true(json_object_get(well, "ok")));
    CHECK(json_is_null(json_object_get(well, "root_cause")));
}

/* ---- Documents ---- */

static const char HOSTILE[] = "<script>alert('1')</script> & \"x\" | [a](b) `c` *d* _e_\n# f";

static void everything_is_escaped_in_html(void **state)
{
    (void)state;
    AUTO(text_clear) struct text text = TEXT_UP_TO(64 * KIB);
    struct writer writer;

    writer_begin(&writer, &text, DOCTOR_HTML, HOSTILE);
    writer_heading(&writer, HOSTILE);
    writer_paragraph(&writer, HOSTILE);
    writer_notice(&writer, "bad", HOSTILE, (const char *[]){ HOSTILE, NULL });
    writer_table(&writer, (const char *[]){ HOSTILE }, 1);
    writer_row(&writer, "ok", (const char *[]){ HOSTILE, NULL }, 2);
    writer_table_end(&writer);
    writer_item(&writer, HOSTILE);
    writer_end(&writer);
    CHECK(strstr(text_get(&text), "<script") == NULL);
    CHECK(strstr(text_get(&text), "alert('") == NULL);
    CHECK(strstr(text_get(&text), "& \"") == NULL);
    CHECK(strstr(text_get(&text), "&lt;script&gt;alert(&#39;1&#39;)&lt;/script&gt; &amp; "
                                  "&quot;x&quot; |") != NULL);
    CHECK(strncmp(text_get(&text), "<!doctype html>", 15) == 0);
    CHECK(strstr(text_get(&text), "http") == NULL); /* Nothing is fetched. */
}

static void everything_is_escaped_in_markdown(void **state)
{
    (void)state;
    AUTO(text_clear) struct text text = TEXT_UP_TO(64 * KIB);
    struct writer writer;

    writer_begin(&writer, &text, DOCTOR_MARKDOWN, "title");
    writer_table(&writer, (const char *[]){ "one", "two" }, 2);
    writer_row(&writer, "ok", (const char *[]){ HOSTILE, NULL }, 2);
    writer_table_end(&writer);
    writer_end(&writer);
    CHECK_TEXT(text_get(&text),
               "# title\n"
               "\n| one | two |\n|---|---|\n"
               "| \\<script\\>alert('1')\\</script\\> \\& \"x\" \\| \\[a\\](b) \\`c\\` \\*d\\* "
               "\\_e\\_ \\# f |  |\n");
}

static void a_report_says_the_root_cause_and_the_next_step(void **state)
{
    (void)state;
    static const enum doctor_format formats[] = { DOCTOR_HTML, DOCTOR_MARKDOWN };
    struct doctor_result result = { .count = 2, .root = 1, .at = 1770326441000 };
    struct error error = { 0 };

    result.facts = (struct doctor_facts){ .tenant = "acme",
                                          .host = "ucm.example",
                                          .addresses = "",
                                          .pbx = "UCM",
                                          .username = "cdrapi",
                                          .api = "",
                                          .model = "",
                                          .firmware = "",
                                          .serial = "",
                                          .certificate = "",
                                          .pin = "",
                                          .recording = "" };
    result.steps[0] = step_of(DOCTOR_OK, REASON_NONE);
    result.steps[1] = step_of(DOCTOR_FAILED, REASON_CONNECT_TIMEOUT);
    result.steps[1].advice = "open the firewall";
    for (size_t i = 0; i < COUNT_OF(formats); i++) {
        AUTO(text_clear) struct text text = TEXT_UP_TO(256 * KIB);
        AUTO(arena_free) struct arena *arena = arena_new(4 * MIB);
        CHECK(doctor_report(&result, NULL, NULL, formats[i], arena, &text, &error));
        CHECK(strstr(text_get(&text), "Root cause: ") != NULL);
        CHECK(strstr(text_get(&text), "open the firewall") != NULL);
        CHECK(strstr(text_get(&text), "whoever runs the network") != NULL);
        CHECK(strstr(text_get(&text), "ucm.example") != NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_first_failure_is_the_root_cause),
        cmocka_unit_test(a_wrong_clock_explains_nothing_else),
        cmocka_unit_test(a_stored_refusal_tells_its_figures),
        cmocka_unit_test(a_name_of_the_pbx_tells_its_instant),
        cmocka_unit_test(evidence_is_one_printable_line),
        cmocka_unit_test(a_result_has_the_shape_of_the_contract),
        cmocka_unit_test(everything_is_escaped_in_html),
        cmocka_unit_test(everything_is_escaped_in_markdown),
        cmocka_unit_test(a_report_says_the_root_cause_and_the_next_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The doctor in whole-product tests: run it, and look at what it named. */
#ifndef TESTS_INTEGRATION_CLI_DOCTOR_H
#define TESTS_INTEGRATION_CLI_DOCTOR_H

#include "scene.h"

/* `audiapro doctor --json` with up to three more words; its only examination, yours to release. The
 * UCM's password must stand in nothing that it printed. */
static inline json_t *doctor_run_with(const struct server *server, const char *first,
                                      const char *second, const char *third, int status_expected)
{
    AUTO(text_clear) struct text output = TEXT_UP_TO(4 * MIB);
    AUTO(text_clear) struct text errors = TEXT_UP_TO(1 * MIB);
    struct error error = { 0 };
    struct command command = { .arguments = { "doctor", "--json", first, second, third } };
    int status = server_command(server, &command, &output, &errors);
    AUTO(json_release) json_t *json = json_read(text_get(&output), output.size, &error);
    json_t *examination = json_at(json, "examinations.0");

    assert_null(strstr(text_get(&output), UCM_PASSWORD));
    assert_null(strstr(text_get(&errors), UCM_PASSWORD));
    if (status != status_expected || examination == NULL ||
        strstr(text_get(&errors), "Sanitizer")) {
        fail_msg("doctor: status %d, not %d: %s%s", status, status_expected, text_get(&output),
                 text_get(&errors));
    }
    assert_int_equal(json_is_true(json_at(json, "ok")), status == 0);
    return json_incref(examination);
}

/* The step of that name; borrowed. */
static inline json_t *step_of(const json_t *examination, const char *name)
{
    json_t *steps = json_object_get(examination, "steps");

    for (size_t i = 0; i < json_array_size(steps); i++) {
        if (strcmp(text_at(json_array_get(steps, i), "name"), name) == 0) {
            return json_array_get(steps, i);
        }
    }
    fail_msg("there is no step '%s'", name);
    return NULL;
}

static inline void examination_show(const json_t *examination)
{
    AUTO(free) char *text = json_dumps(examination, JSON_INDENT(1));

    fprintf(stderr, "%s\n", text);
}

/* The root cause is that one, met in that step, with these words in its evidence; whatever does not
 * depend on it was done. */
static inline void root_check(const json_t *examination, const char *code, const char *step,
                              const char *words)
{
    static const char *const independent[] = { "storage", "database", "backlog" };
    const char *found = text_at(examination, "root_cause.code");

    if (strcmp(found, code) != 0 || strcmp(text_at(examination, "root_cause.step"), step) != 0 ||
        strstr(text_at(examination, "root_cause.detail"), words) == NULL) {
        examination_show(examination);
        fail_msg("the root cause is '%s', not '%s' at '%s' with '%s'", found, code, step, words);
    }
    assert_string_equal(text_at(step_of(examination, step), "state"), "failed");
    assert_true(strlen(text_at(examination, "root_cause.message")) > 10);
    assert_true(strlen(text_at(examination, "root_cause.owner")) > 1);
    assert_true(strlen(text_at(examination, "root_cause.advice")) > 20);
    for (size_t i = 0; i < COUNT_OF(independent); i++) {
        assert_string_not_equal(text_at(step_of(examination, independent[i]), "state"), "skipped");
    }
}

/* The doctor finds exactly that. */
static inline void cause_check(const struct server *server, const char *code, const char *step,
                               const char *words)
{
    AUTO(json_release) json_t *examination = doctor_run_with(server, NULL, NULL, NULL, 1);

    root_check(examination, code, step, words);
}

/* All well, and a recording was fetched. */
static inline void well_check(const struct server *server)
{
    AUTO(json_release) json_t *examination = doctor_run_with(server, NULL, NULL, NULL, 0);
    json_t *steps = json_object_get(examination, "steps");

    assert_true(json_is_null(json_object_get(examination, "root_cause")));
    for (size_t i = 0; i < json_array_size(steps); i++) {
        if (strcmp(text_at(json_array_get(steps, i), "state"), "ok") != 0) {
            examination_show(examination);
            fail_msg("'%s' is not ok", text_at(json_array_get(steps, i), "name"));
        }
    }
    assert_int_equal(json_array_size(steps), 14);
}

#endif

/*
 * Alarms in tests: a server whose watch looks every second, changes in its database, waiting until
 * a kind is raised or cleared, and the contract's word on the answers.
 */
#ifndef TESTS_INTEGRATION_CLI_ALARMS_H
#define TESTS_INTEGRATION_CLI_ALARMS_H

#include "scene.h"

/* A served scene whose watch looks every second. */
static inline int watched_setup(void **state)
{
    struct scene *scene = memory_new(sizeof *scene);

    *state = scene;
    scene_make(scene, NULL);
    server_set(&scene->server, "WATCH_INTERVAL", "1s");
    server_set(&scene->server, "AUDIT_INTERVAL", "0");
    server_set(&scene->server, "NOTIFY_ALLOWED_NETWORKS", "127.0.0.1/32");
    server_start(&scene->server);
    return 0;
}

static inline void change(const struct server *server, const char *sql)
{
    AUTO(db_close) struct db *db = server_db(server);
    struct error error = { 0 };

    if (!db_script(db, sql, &error)) {
        fail_msg("%s: %s", sql, error.message);
    }
}

/* The alarm of that kind in the list, NULL when there is none; borrowed. */
static inline const json_t *alarm_in(const json_t *answer, const char *kind)
{
    const json_t *list = json_object_get(answer, "alarms");

    for (size_t i = 0; i < json_array_size(list); i++) {
        if (strcmp(text_at(json_array_get(list, i), "kind"), kind) == 0) {
            return json_array_get(list, i);
        }
    }
    return NULL;
}

/* Until the kind is raised (or not); the whole answer, yours to release. */
static inline json_t *alarm_wait(const struct server *server, const char *kind, bool is_raised)
{
    int64_t until_ms = time_monotonic_ms() + SETTLE_MS;

    for (;;) {
        json_t *answer = server_get(server, "/api/alarms");
        if ((alarm_in(answer, kind) != NULL) == is_raised) {
            return answer;
        }
        if (time_monotonic_ms() > until_ms) {
            AUTO(free) char *text = json_dumps(answer, JSON_INDENT(1));
            log_show(server);
            fail_msg("the alarm '%s' is%s raised: %s", kind, is_raised ? " not" : "", text);
        }
        json_decref(answer);
        time_sleep_ms(10 * LOOK_MS);
    }
}

/* The object has every member that api/openapi.json requires of that schema, and none that it does
 * not name. */
static inline void contract_check(const char *schema, const json_t *object)
{
    char path[128];
    char *content = NULL;
    size_t size = 0;
    const char *name = NULL;
    json_t *value = NULL;
    size_t index = 0;
    struct error error = { 0 };

    assert_true(file_read("api/openapi.json", 1 * MIB, &content, &size, &error));
    AUTO(json_release) json_t *contract = json_read(content, size, &error);
    free(content);
    IGNORE(snprintf(path, sizeof path, "components.schemas.%s", schema), "fits");
    const json_t *shape = json_at(contract, path);
    assert_true(json_array_size(json_object_get(shape, "required")) > 0);
    json_array_foreach(json_object_get(shape, "required"), index, value)
    {
        if (json_object_get(object, json_string_value(value)) == NULL) {
            fail_msg("%s lacks '%s'", schema, json_string_value(value));
        }
    }
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        if (json_object_get(json_object_get(shape, "properties"), name) == NULL) {
            fail_msg("the contract knows no '%s' of %s", name, schema);
        }
    }
}

/* What makes the server's alarm `audit_violation`, and what ends it. */
#define AUDIT_BREAKS                                                                               \
    "INSERT INTO audit (id, tenant_id, is_whole, started_at, ended_at, violation_count, content) " \
    "VALUES"                                                                                       \
    " (9000000000000000001, 0, 1, 1, 1770325200000, 3, '{}');"
#define AUDIT_MENDS                                                                                \
    "INSERT INTO audit (id, tenant_id, is_whole, started_at, ended_at, violation_count, content) " \
    "VALUES"                                                                                       \
    " (9000000000000000002, 0, 1, 1, 1770325200000, 0, '{}');"

#define WATCHED(test) cmocka_unit_test_setup_teardown(test, watched_setup, scene_teardown)

#endif

/*
 * See parts.h. Finds the records in a document:
 *
 *     document = list | object
 *     object   = { "response": object } | { "cdr_root" or "cdr": list or record } | record
 *     record   = group | flat leg
 *     group    = { "cdr": session, "main_cdr": summary, "sub_cdr_1": leg, … }
 *
 * A main_cdr is a summary of its group and no leg. A flat leg may carry its session as "cdr".
 */
#include <stdio.h>
#include <string.h>

#include "cdr/parts.h"
#include "core/memory.h"

void records_clear(struct records *records)
{
    free(records->items);
    records->items = NULL;
}

void records_refuse(struct records *records, const char *reason)
{
    if (records->refused_count++ == 0) {
        IGNORE(snprintf(records->refused_reason, sizeof records->refused_reason, "%s", reason),
               "cut is fine");
    }
}

static bool leg_add(struct records *records, const json_t *object, const char *session,
                    struct error *error)
{
    if (records->count == CDR_LEGS_MAX) {
        return error_set(error, ERROR_LIMIT, "the body has over %d legs", CDR_LEGS_MAX);
    }
    if (records->count == records->room) {
        records->room = records->room == 0 ? 4 : records->room * 2;
        records->items = memory_resize(records->items, records->room * sizeof *records->items);
    }
    records->items[records->count++] = (struct record){ .object = object, .session = session };
    return true;
}

static bool is_group(const json_t *object)
{
    return json_is_object(json_object_get(object, "main_cdr")) ||
           json_is_object(json_object_get(object, "sub_cdr_1"));
}

static bool group_add(struct records *records, const json_t *group, struct error *error)
{
    const char *session = json_text(group, "cdr", "");
    size_t before = records->count;
    const char *name = NULL;
    json_t *value = NULL;

    if (session[strspn(session, " ")] == '\0') {
        session = json_text(json_object_get(group, "main_cdr"), "session", NULL);
    }
    /* The iteration does not change the object; jansson's macro only wants it writable. */
    json_object_foreach((json_t *)(uintptr_t)group, name, value)
    {
        if (strncmp(name, "sub_cdr_", 8) == 0 && json_is_object(value) &&
            !leg_add(records, value, session, error)) {
            return false;
        }
    }
    if (records->count == before) {
        records_refuse(records, "a group has no sub_cdr_N: its main_cdr is only a summary");
    }
    return true;
}

static bool record_add(struct records *records, const json_t *value, struct error *error)
{
    if (!json_is_object(value)) {
        records_refuse(records, "a record is no JSON object");
        return true;
    }
    if (is_group(value)) {
        return group_add(records, value, error);
    }
    return leg_add(records, value, json_text(value, "cdr", NULL), error);
}

/* The list (or single record) under one of the names that UCMs give to it, else NULL. */
static const json_t *list_find(const json_t *object)
{
    static const char *const names[] = { "cdr_root", "cdr" };

    for (size_t i = 0; i < COUNT_OF(names); i++) {
        const json_t *value = json_object_get(object, names[i]);
        if (json_is_array(value) || json_is_object(value)) {
            return value;
        }
    }
    return NULL;
}

static const json_t *unwrap(const json_t *document)
{
    const json_t *list = list_find(document);

    if (list == NULL) {
        list = list_find(json_object_get(document, "response"));
    }
    return list != NULL ? list : document;
}

bool records_find(const json_t *document, struct records *records, struct error *error)
{
    const json_t *list = unwrap(document);
    size_t i = 0;
    json_t *value = NULL;

    if (!json_is_array(list)) {
        return record_add(records, list, error);
    }
    json_array_foreach(list, i, value)
    {
        if (!record_add(records, value, error)) {
            return false;
        }
    }
    return true;
}

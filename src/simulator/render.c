/* The legs as JSON, XML and CSV (see book.h). Element names of the XML are a guess of the
 * reference. */
#include <stdio.h>

#include "simulator/book.h"

/* The summary that heads a group: everything else in it is empty. */
static const enum cdr_field summary_fields[] = {
    FIELD_SRC,     FIELD_DST,     FIELD_START,       FIELD_DURATION,
    FIELD_BILLSEC, FIELD_SESSION, FIELD_ACTION_TYPE,
};

static int count_shown(const struct book_call *call, int field_count)
{
    return field_count != 0 ? field_count : call->field_count;
}

static void leg_into(json_t *object, const struct book_call *call, int leg, int field_count)
{
    for (int i = 0; i < count_shown(call, field_count); i++) {
        json_object_set_new(object, book_field_names[i], json_string(call->legs[leg].values[i]));
    }
}

json_t *book_leg_json(const struct book_call *call, int leg, int field_count)
{
    json_t *object = json_object();

    leg_into(object, call, leg, field_count);
    return object;
}

static json_t *summary_json(const struct book_call *call)
{
    const struct book_leg *leg = &call->legs[call->recorded_leg];
    json_t *object = json_object();

    for (int i = 0; i < call->field_count; i++) {
        json_object_set_new(object, book_field_names[i], json_string(""));
    }
    for (size_t i = 0; i < COUNT_OF(summary_fields); i++) {
        if ((int)summary_fields[i] < call->field_count) {
            json_object_set_new(object, book_field_names[summary_fields[i]],
                                json_string(leg->values[summary_fields[i]]));
        }
    }
    json_object_set_new(object, "dst", json_string(call->summary_dst));
    return object;
}

json_t *book_call_json(const struct book_call *call)
{
    json_t *group = json_object();
    char name[32];

    json_object_set_new(group, "cdr", json_string(call->face.session));
    if (call->leg_count == 1) {
        leg_into(group, call, 0, 0);
        return group;
    }
    json_object_set_new(group, "main_cdr", summary_json(call));
    for (int i = 0; i < call->leg_count; i++) {
        IGNORE(snprintf(name, sizeof name, "sub_cdr_%d", i + 1), "fits");
        json_object_set_new(group, name, book_leg_json(call, i, 0));
    }
    return group;
}

static void xml_escape(const char *value, struct text *xml)
{
    static const struct {
        char character;
        const char *entity;
    } entities[] = { { '<', "&lt;" }, { '>', "&gt;" }, { '&', "&amp;" } };

    for (; *value != '\0'; value++) {
        const char *entity = NULL;
        for (size_t i = 0; i < COUNT_OF(entities); i++) {
            entity = entities[i].character == *value ? entities[i].entity : entity;
        }
        if (entity != NULL) {
            text_add(xml, entity);
        } else {
            text_add_char(xml, *value);
        }
    }
}

void book_leg_xml(const struct book_call *call, int leg, int field_count, struct text *xml)
{
    text_add(xml, " <cdr>\n");
    for (int i = 0; i < count_shown(call, field_count); i++) {
        text_print(xml, "  <%s>", book_field_names[i]);
        xml_escape(call->legs[leg].values[i], xml);
        text_print(xml, "</%s>\n", book_field_names[i]);
    }
    text_add(xml, " </cdr>\n");
}

void book_leg_csv(const struct book_call *call, int leg, int field_count, struct text *csv)
{
    int shown = count_shown(call, field_count);

    for (int i = 0; i < shown; i++) {
        text_add(csv, call->legs[leg].values[i]);
        text_add_char(csv, i + 1 < shown ? ',' : '\n');
    }
}

void book_header_csv(int field_count, struct text *csv)
{
    for (int i = 0; i < field_count; i++) {
        text_add(csv, book_field_names[i]);
        text_add_char(csv, i + 1 < field_count ? ',' : '\n');
    }
}

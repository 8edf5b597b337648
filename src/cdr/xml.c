/*
 * See parts.h. XML through expat. The UCM's element names are not documented, so none is required:
 * an element is a record when a child or attribute of it is named like a field of a CDR, or when it
 * holds main_cdr or sub_cdr_N records (a group). Every leaf in a record is kept.
 *
 * Refused: DOCTYPE (and with it entities), more than 16 levels, leaves over 64 KiB, records of more
 * than 256 fields, documents without any record.
 */
#include <expat.h>
#include <string.h>

#include "cdr/parts.h"

enum { DEPTH_MAX = 16, RECORD_FIELDS_MAX = 256, ELEMENTS_MAX = 64 * CDR_LEGS_MAX };
#define LEAF_SIZE_MAX (64 * KIB)

struct element {
    json_t *fields; /* Its leaves by name; made with the first. */
    bool has_children;
    bool is_record;
};

struct reader {
    XML_Parser parser;
    struct element stack[DEPTH_MAX];
    size_t depth;
    size_t element_count;
    struct text leaf; /* The text of the innermost element so far. */
    json_t *records;
    bool has_content; /* Anything but a bare root element? */
    struct error *error;
    bool is_refused;
};

static void reader_clear(struct reader *reader)
{
    for (size_t i = 0; i < DEPTH_MAX; i++) {
        json_decref(reader->stack[i].fields);
    }
    json_decref(reader->records);
    text_clear(&reader->leaf);
    if (reader->parser != NULL) {
        XML_ParserFree(reader->parser);
    }
}
DEFINE_AUTO_CLEAR(reader_clear, struct reader)

static void reader_refuse(struct reader *reader, enum error_kind kind, const char *message)
{
    if (!reader->is_refused) {
        reader->is_refused = true;
        IGNORE(error_set(reader->error, kind, "XML: %s", message), "reported by xml_read()");
        IGNORE(XML_StopParser(reader->parser, XML_FALSE), "stops, or has stopped already");
    }
}

static void member_add(struct reader *reader, struct element *element, const char *name,
                       json_t *taken_value)
{
    if (element->fields == NULL) {
        element->fields = json_object();
    }
    if (json_object_size(element->fields) >= RECORD_FIELDS_MAX) {
        reader_refuse(reader, ERROR_LIMIT, "a record has too many fields");
    } else if (json_object_get(element->fields, name) == NULL) {
        IGNORE(json_object_set(element->fields, name, taken_value), "fails only without memory");
    }
    json_decref(taken_value);
}

static void leaf_add(struct reader *reader, struct element *element, const char *name,
                     const char *value)
{
    element->is_record = element->is_record || field_is_known(name, strlen(name));
    member_add(reader, element, name, json_string(value));
}

static void XMLCALL element_start(void *user, const XML_Char *name, const XML_Char **attributes)
{
    struct reader *reader = user;

    (void)name;
    if (reader->is_refused) {
        return;
    }
    if (reader->depth == DEPTH_MAX || ++reader->element_count > ELEMENTS_MAX) {
        reader_refuse(reader, ERROR_LIMIT, "nested too deep, or too many elements");
        return;
    }
    if (reader->depth > 0) {
        reader->stack[reader->depth - 1].has_children = true;
        reader->has_content = true;
    }
    struct element *element = &reader->stack[reader->depth++];
    *element = (struct element){ .fields = NULL };
    for (; *attributes != NULL; attributes += 2) {
        leaf_add(reader, element, attributes[0], attributes[1]);
    }
    text_reset(&reader->leaf);
}

static bool is_group_member(const char *name)
{
    return strcmp(name, "main_cdr") == 0 || strncmp(name, "sub_cdr_", 8) == 0;
}

static void XMLCALL element_end(void *user, const XML_Char *name)
{
    struct reader *reader = user;

    if (reader->is_refused) {
        return;
    }
    struct element *element = &reader->stack[--reader->depth];
    struct element *parent = reader->depth > 0 ? element - 1 : NULL;
    json_t *fields = TAKE(element->fields);
    if (element->is_record && parent != NULL && is_group_member(name)) {
        parent->is_record = true;
        member_add(reader, parent, name, TAKE(fields));
    } else if (element->is_record) {
        IGNORE(json_array_append_new(reader->records, TAKE(fields)), "fails only without memory");
    } else if (parent != NULL && !element->has_children) {
        leaf_add(reader, parent, name, text_get(&reader->leaf));
    }
    json_decref(fields);
    text_reset(&reader->leaf);
}

static void XMLCALL text_seen(void *user, const XML_Char *bytes, int size)
{
    struct reader *reader = user;

    text_add_bytes(&reader->leaf, bytes, (size_t)size);
    if (reader->leaf.is_full) {
        reader_refuse(reader, ERROR_LIMIT, "a field is too long");
    }
    for (int i = 0; i < size && !reader->has_content; i++) {
        reader->has_content = strchr(" \t\r\n", bytes[i]) == NULL;
    }
}

static void XMLCALL doctype_seen(void *user, const XML_Char *name, const XML_Char *system_id,
                                 const XML_Char *public_id, int has_subset)
{
    (void)system_id;
    (void)public_id;
    (void)has_subset;
    reader_refuse(user, ERROR_INVALID,
                  strcasecmp(name, "html") == 0 ? "a web page, not a CDR" : "DOCTYPE is refused");
}

static void handlers_set(struct reader *reader)
{
    XML_SetUserData(reader->parser, reader);
    XML_SetElementHandler(reader->parser, element_start, element_end);
    XML_SetCharacterDataHandler(reader->parser, text_seen);
    XML_SetStartDoctypeDeclHandler(reader->parser, doctype_seen);
}

json_t *xml_read(const char *bytes, size_t size, struct error *error)
{
    AUTO(reader_clear)
    struct reader reader = { .parser = XML_ParserCreate(NULL),
                             .records = json_array(),
                             .leaf = TEXT_UP_TO(LEAF_SIZE_MAX),
                             .error = error };

    if (reader.parser == NULL) {
        IGNORE(error_set(error, ERROR_SYSTEM, "XML: no memory"), "below");
        return NULL;
    }
    handlers_set(&reader);
    enum XML_Status status = XML_Parse(reader.parser, bytes, (int)size, XML_TRUE);
    if (reader.is_refused) {
        return NULL;
    }
    if (status != XML_STATUS_OK) {
        IGNORE(error_set(error, ERROR_INVALID, "not XML: %s (line %lu)",
                         XML_ErrorString(XML_GetErrorCode(reader.parser)),
                         (unsigned long)XML_GetCurrentLineNumber(reader.parser)),
               "below");
        return NULL;
    }
    if (json_array_size(reader.records) == 0 && reader.has_content) {
        IGNORE(error_set(error, ERROR_INVALID, "XML: no element has the fields of a CDR"), "below");
        return NULL;
    }
    return TAKE(reader.records);
}

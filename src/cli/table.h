/* A printed table: columns as wide as they need to be, or JSON of the same rows. */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum { TABLE_COLUMNS_MAX = 12 };

struct table_column {
    const char *title; /* "RECORDING" */
    const char *name;  /* The member of each row that it shows; texts, numbers, booleans, null. */
};

/* Print `rows` (a list of objects): as a table, or as JSON when asked. Texts lose their control
 * characters. */
void table_print(const struct table_column *columns, size_t column_count, const json_t *rows,
                 bool is_json);

#endif

/* See table.h. */
#include "cli/table.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/macros.h"

enum { CELL_SIZE = 96 };

/* Width in characters of UTF-8: what a terminal shows, near enough for names and numbers. */
static size_t width(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++) {
        count += ((unsigned char)*text & 0xc0) != 0x80 ? 1 : 0;
    }
    return count;
}

static const char *cell_print(const json_t *row, const char *name, char cell_out[CELL_SIZE])
{
    const json_t *value = json_object_get(row, name);

    if (json_is_string(value)) {
        (void)snprintf(cell_out, CELL_SIZE, "%s", json_string_value(value));
    } else if (json_is_integer(value)) {
        (void)snprintf(cell_out, CELL_SIZE, "%lld", (long long)json_integer_value(value));
    } else if (json_is_real(value)) {
        (void)snprintf(cell_out, CELL_SIZE, "%.1f", json_real_value(value));
    } else if (json_is_boolean(value)) {
        (void)snprintf(cell_out, CELL_SIZE, "%s", json_is_true(value) ? "yes" : "no");
    } else {
        (void)snprintf(cell_out, CELL_SIZE, "-");
    }
    for (char *c = cell_out; *c != '\0'; c++) {
        if ((unsigned char)*c < 0x20 || *c == 0x7f) {
            *c = ' ';
        }
    }
    return cell_out;
}

static void line_print(const struct table_column *columns, size_t count, const size_t *widths,
                       const json_t *row)
{
    for (size_t i = 0; i < count; i++) {
        char cell[CELL_SIZE];
        const char *text = row == NULL ? columns[i].title : cell_print(row, columns[i].name, cell);
        bool is_last = i + 1 == count;
        size_t shown = width(text);
        printf("%s%*s", text, is_last ? 0 : (int)(widths[i] - shown + 2), "");
    }
    putchar('\n');
}

void table_print(const struct table_column *columns, size_t column_count, const json_t *rows,
                 bool is_json)
{
    size_t widths[TABLE_COLUMNS_MAX] = { 0 };
    char cell[CELL_SIZE];

    if (is_json) {
        IGNORE(json_dumpf(rows, stdout, JSON_INDENT(2)), "nowhere to report to");
        putchar('\n');
        return;
    }
    for (size_t i = 0; i < column_count; i++) {
        widths[i] = width(columns[i].title);
        for (size_t j = 0; j < json_array_size(rows); j++) {
            size_t shown = width(cell_print(json_array_get(rows, j), columns[i].name, cell));
            widths[i] = shown > widths[i] ? shown : widths[i];
        }
    }
    line_print(columns, column_count, widths, NULL);
    for (size_t j = 0; j < json_array_size(rows); j++) {
        line_print(columns, column_count, widths, json_array_get(rows, j));
    }
}

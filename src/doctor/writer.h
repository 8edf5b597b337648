/*
 * A document written once and rendered two ways: HTML for people and paper, Markdown for tickets
 * and mail. Every text given is plain text from anywhere: escaping is the writer's work. For
 * doctor/ only.
 */
#ifndef DOCTOR_WRITER_H
#define DOCTOR_WRITER_H

#include "doctor/doctor.h"

struct writer {
    struct text *text;
    enum doctor_format format;
    bool is_in_list;
};

void writer_begin(struct writer *writer, struct text *text, enum doctor_format format,
                  const char *title);
void writer_end(struct writer *writer);

void writer_heading(struct writer *writer, const char *heading);
void writer_paragraph(struct writer *writer, const char *paragraph);
/* A framed word of importance: "good" or "bad", a headline, and lines below (NULL ends them). */
void writer_notice(struct writer *writer, const char *kind, const char *headline,
                   const char *const *lines);
void writer_item(struct writer *writer, const char *item); /* Of a numbered list. */

/* A table: its columns, then as many rows of as many cells (NULL: empty), then the end. `mark` of a
 * row ("ok", "failed" …; NULL) colours it. */
void writer_table(struct writer *writer, const char *const *columns, size_t count);
void writer_row(struct writer *writer, const char *mark, const char *const *cells, size_t count);
void writer_table_end(struct writer *writer);

#endif

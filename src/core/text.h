/*
 * Text: a byte buffer that grows up to a stated maximum and always ends in NUL.
 *
 * Adding past the maximum adds nothing and sets `is_full`; look once, after the last addition.
 */
#ifndef CORE_TEXT_H
#define CORE_TEXT_H

#include <stdarg.h>
#include <stdbool.h>

#include "core/macros.h"

struct text {
    char *bytes; /* NULL while empty; use text_get(). */
    size_t size; /* Without the NUL. */
    size_t room;
    size_t size_max;
    bool is_full;
};

/* An empty text that may hold `size_max` bytes. Takes no memory yet. */
#define TEXT_UP_TO(limit) ((struct text){ .size_max = (limit) })
void text_clear(struct text *text);
DEFINE_AUTO_CLEAR(text_clear, struct text)

/* The bytes, "" when empty. Borrowed until the next addition. */
const char *text_get(const struct text *text);
/* The bytes, now yours to free(); the text is empty after. Never NULL. */
char *text_take(struct text *text);
/* Empty it, keep the memory. */
void text_reset(struct text *text);

void text_add(struct text *text, const char *string);
void text_add_bytes(struct text *text, const void *bytes, size_t size);
void text_add_char(struct text *text, char character);
void text_print(struct text *text, const char *format, ...) PRINTF_LIKE(2, 3);

#endif

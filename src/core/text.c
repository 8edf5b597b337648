/* See text.h. */
#include "core/text.h"

#include <stdio.h>
#include <string.h>

#include "core/memory.h"

void text_clear(struct text *text)
{
    free(text->bytes);
    text->bytes = NULL;
    text->size = 0;
    text->room = 0;
}

const char *text_get(const struct text *text)
{
    return text->bytes != NULL ? text->bytes : "";
}

char *text_take(struct text *text)
{
    char *bytes = text->bytes != NULL ? text->bytes : memory_copy_text("");

    text->bytes = NULL;
    text->size = 0;
    text->room = 0;
    text->is_full = false;
    return bytes;
}

void text_reset(struct text *text)
{
    text->size = 0;
    text->is_full = false;
    if (text->bytes != NULL) {
        text->bytes[0] = '\0';
    }
}

static bool text_reserve(struct text *text, size_t more)
{
    if (text->is_full || more > text->size_max || text->size > text->size_max - more) {
        text->is_full = true;
        return false;
    }
    size_t needed = text->size + more + 1;
    if (needed > text->room) {
        size_t room = text->room < 64 ? 64 : text->room * 2;
        text->room = room < needed ? needed : room;
        text->bytes = memory_resize(text->bytes, text->room);
    }
    return true;
}

void text_add_bytes(struct text *text, const void *bytes, size_t size)
{
    if (size > 0 && text_reserve(text, size)) {
        memcpy(text->bytes + text->size, bytes, size);
        text->size += size;
        text->bytes[text->size] = '\0';
    }
}

void text_add(struct text *text, const char *string)
{
    text_add_bytes(text, string, strlen(string));
}

void text_add_char(struct text *text, char character)
{
    text_add_bytes(text, &character, 1);
}

void text_print(struct text *text, const char *format, ...)
{
    va_list arguments;
    va_list again;

    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length > 0 && text_reserve(text, (size_t)length)) {
        IGNORE(vsnprintf(text->bytes + text->size, (size_t)length + 1, format, again),
               "measured above");
        text->size += (size_t)length;
    }
    va_end(again);
}

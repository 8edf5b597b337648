/* See memory.h. */
#include "core/memory.h"

#include <stdio.h>
#include <string.h>

static void *memory_or_abort(void *memory)
{
    if (memory == NULL) {
        fputs("audiapro: out of memory\n", stderr);
        abort();
    }
    return memory;
}

void *memory_new(size_t size)
{
    return memory_or_abort(calloc(1, size > 0 ? size : 1));
}

void *memory_try_new(size_t size)
{
    return calloc(1, size > 0 ? size : 1);
}

void *memory_resize(void *memory, size_t size)
{
    return memory_or_abort(realloc(memory, size > 0 ? size : 1));
}

char *memory_copy_bytes(const void *bytes, size_t size)
{
    char *copy = memory_or_abort(malloc(size + 1));

    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    copy[size] = '\0';
    return copy;
}

char *memory_copy_text(const char *text)
{
    return text == NULL ? NULL : memory_copy_bytes(text, strlen(text));
}

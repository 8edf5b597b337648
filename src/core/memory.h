/*
 * Heap memory. Small allocations never fail: the process aborts, and the durable queue makes that
 * safe. Sizes that come from outside are compared to a limit first and then taken with
 * memory_try_new().
 */
#ifndef CORE_MEMORY_H
#define CORE_MEMORY_H

#include <stdlib.h>

#include "core/macros.h"

/* Zeroed memory. Never NULL. Release with free(). */
void *memory_new(size_t size);
/* The same for a size from outside: NULL when there is none to be had. */
MUST_USE void *memory_try_new(size_t size);
/* Grow or shrink. Never NULL. */
void *memory_resize(void *memory, size_t size);
/* A copy of a text (NULL yields NULL), or of its first `size` bytes with a NUL behind. */
char *memory_copy_text(const char *text);
char *memory_copy_bytes(const void *bytes, size_t size);

/* AUTO(free): written by hand, takes the address of any pointer. */
static inline void free_auto(void *address_of_pointer)
{
    free(*(void **)address_of_pointer);
}

#endif

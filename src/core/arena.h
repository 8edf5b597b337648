/*
 * Arena: memory that lives exactly as long as one request or one job.
 *
 * Take pieces freely, give none of them back: arena_free() returns them all.
 * Not for threads to share. Not for anything that outlives the request or job.
 */
#ifndef CORE_ARENA_H
#define CORE_ARENA_H

#include "core/macros.h"

struct arena;

/* A new arena that holds at most `size_max` bytes. Never NULL; takes no block before its first use.
 */
struct arena *arena_new(size_t size_max);
void arena_free(struct arena *arena);
DEFINE_AUTO(arena_free, struct arena *, NULL)

/* Give everything back but one block, for the next request. */
void arena_reset(struct arena *arena);

/* Zeroed bytes, aligned for any type. Never NULL: passing size_max is a bug, and aborts. */
void *arena_take(struct arena *arena, size_t size);
/* The same for a size that came from outside: NULL when it does not fit. */
MUST_USE void *arena_try_take(struct arena *arena, size_t size);
/* A copy of `size` bytes with a NUL behind, or of a text (NULL yields NULL). */
char *arena_copy(struct arena *arena, const void *bytes, size_t size);
char *arena_copy_text(struct arena *arena, const char *text);
/* A printf() into the arena. */
char *arena_print(struct arena *arena, const char *format, ...) PRINTF_LIKE(2, 3);

#endif

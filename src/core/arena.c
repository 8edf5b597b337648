/* See arena.h. Blocks are chained, newest first; a piece larger than a block gets one of its own.
 */
#include "core/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"

enum { BLOCK_SIZE = 8192 };

struct block {
    struct block *next;
    size_t size;
    size_t used;
    alignas(max_align_t) unsigned char bytes[];
};

struct arena {
    struct block *blocks;
    size_t size_max;
    size_t taken;
};

struct arena *arena_new(size_t size_max)
{
    struct arena *arena = memory_new(sizeof *arena);

    arena->size_max = size_max;
    return arena;
}

static void blocks_free(struct block *block)
{
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_free(struct arena *arena)
{
    if (arena != NULL) {
        blocks_free(arena->blocks);
        free(arena);
    }
}

void arena_reset(struct arena *arena)
{
    struct block *kept = arena->blocks;

    if (kept != NULL) {
        blocks_free(kept->next);
        kept->next = NULL;
        kept->used = 0;
        if (kept->size > BLOCK_SIZE) {
            free(kept);
            arena->blocks = NULL;
        }
    }
    arena->taken = 0;
}

static struct block *block_for(struct arena *arena, size_t size)
{
    struct block *block = arena->blocks;

    if (block != NULL && block->size - block->used >= size) {
        return block;
    }
    size_t block_size = size > BLOCK_SIZE ? size : BLOCK_SIZE;
    block = memory_try_new(sizeof *block + block_size);
    if (block == NULL) {
        return NULL;
    }
    block->size = block_size;
    block->next = arena->blocks;
    arena->blocks = block;
    return block;
}

void *arena_try_take(struct arena *arena, size_t size)
{
    if (size > arena->size_max || arena->taken > arena->size_max - size) {
        return NULL;
    }
    size_t rounded = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    struct block *block = block_for(arena, rounded);
    if (block == NULL) {
        return NULL;
    }
    void *piece = block->bytes + block->used;
    block->used += rounded;
    arena->taken += rounded;
    memset(piece, 0, rounded);
    return piece;
}

void *arena_take(struct arena *arena, size_t size)
{
    void *piece = arena_try_take(arena, size);

    if (piece == NULL) {
        fprintf(stderr, "audiapro: an arena of %zu bytes is full\n", arena->size_max);
        abort();
    }
    return piece;
}

char *arena_copy(struct arena *arena, const void *bytes, size_t size)
{
    char *copy = arena_take(arena, size + 1);

    if (size > 0) {
        memcpy(copy, bytes, size);
    }
    return copy;
}

char *arena_copy_text(struct arena *arena, const char *text)
{
    return text == NULL ? NULL : arena_copy(arena, text, strlen(text));
}

char *arena_print(struct arena *arena, const char *format, ...)
{
    va_list arguments;
    va_list again;

    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    size_t size = length < 0 ? 0 : (size_t)length;
    char *text = arena_take(arena, size + 1);
    IGNORE(vsnprintf(text, size + 1, format, again), "measured above");
    va_end(again);
    return text;
}

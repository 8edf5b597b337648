/*
 * The small vocabulary that every file uses: cleanup, ownership, result checking, sizes.
 * Nothing here allocates or calls out.
 */
#ifndef CORE_MACROS_H
#define CORE_MACROS_H

#include <stddef.h>

#define PRINTF_LIKE(format_index, first_index)                                                     \
    __attribute__((format(printf, format_index, first_index)))
#define MUST_USE __attribute__((warn_unused_result))

/* Release a variable when its scope ends: AUTO(file_close) int file = ...; initialise it there. */
#define AUTO(release) __attribute__((cleanup(release##_auto)))

/* Beside the declaration of each releasing function: makes AUTO(release) work for `type`. */
#define DEFINE_AUTO(release, type, empty)                                                          \
    static inline void release##_auto(type *value)                                                 \
    {                                                                                              \
        if (*value != (empty)) {                                                                   \
            release(*value);                                                                       \
        }                                                                                          \
    }

/* The same for structs whose releasing function takes their address and accepts a zeroed one. */
#define DEFINE_AUTO_CLEAR(clear, type)                                                             \
    static inline void clear##_auto(type *value)                                                   \
    {                                                                                              \
        clear(value);                                                                              \
    }

/* Hand a pointer on: yields it and leaves NULL behind. */
#define TAKE(pointer)                                                                              \
    __extension__({                                                                                \
        __typeof__(pointer) taken = (pointer);                                                     \
        (pointer) = NULL;                                                                          \
        taken;                                                                                     \
    })

/* A result that is deliberately not looked at; `why` is for the reader. */
#define IGNORE(call, why)                                                                          \
    do {                                                                                           \
        __typeof__(call) ignored_result = (call);                                                  \
        (void)ignored_result;                                                                      \
        (void)sizeof(why);                                                                         \
    } while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof((array)[0]))

#define KIB ((size_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)

#endif

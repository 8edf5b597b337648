/*
 * The request target: its path cut into decoded segments, its query into decoded pairs, and the
 * match of a path against a pattern. Works in place on the caller's copy. Inside http/ only.
 */
#ifndef HTTP_TARGET_H
#define HTTP_TARGET_H

#include <stdbool.h>
#include <stddef.h>

#include "core/arena.h"
#include "core/macros.h"

enum { TARGET_SEGMENT_COUNT_MAX = 16, TARGET_PAIR_COUNT_MAX = 64 };

struct target_pair {
    const char *name;
    const char *value;
};

struct target {
    const char *path; /* As sent, without the query. */
    const char *segments[TARGET_SEGMENT_COUNT_MAX];
    size_t segment_count; /* "/" has one, empty. */
    struct target_pair *pairs;
    size_t pair_count;
};

enum target_verdict {
    TARGET_GOOD,
    TARGET_BAD,    /* 400: no path, a bad escape, a control character, too many pairs. */
    TARGET_NOWHERE /* 404: "." or ".." as a segment, or deeper than any route. */
};

/* Cut `text` ("/a/b%20c?d=e"). What *target_out holds lives in the arena. */
enum target_verdict target_read(struct arena *arena, const char *text, struct target *target_out);

/* Does the path fit the pattern "/api/{id}"? */
bool target_fits(const struct target *target, const char *pattern);

/* The segment that stands for {name} of a pattern that fits; NULL when it has no such name. */
const char *target_parameter(const struct target *target, const char *pattern, const char *name);

#endif

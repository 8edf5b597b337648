#include "check.h"

#include <stdalign.h>
#include <string.h>

#include "core/arena.h"

static void pieces_are_zeroed_aligned_and_apart(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    unsigned char *pieces[64];

    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        size_t size = i * 37 + 1;
        pieces[i] = arena_take(arena, size);
        CHECK_NUMBER((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        for (size_t at = 0; at < size; at++) {
            CHECK_NUMBER(pieces[i][at], 0);
        }
        memset(pieces[i], (int)i + 1, size);
    }
    for (size_t i = 0; i < COUNT_OF(pieces); i++) {
        CHECK_NUMBER(pieces[i][0], i + 1);
        CHECK_NUMBER(pieces[i][i * 37], i + 1);
    }
}

static void a_size_from_outside_that_does_not_fit_is_refused(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(1024);

    CHECK(arena_try_take(arena, 1025) == NULL);
    CHECK(arena_try_take(arena, SIZE_MAX) == NULL);
    CHECK(arena_try_take(arena, 1024) != NULL);
    CHECK(arena_try_take(arena, 1) == NULL);
}

static void a_piece_may_be_larger_than_a_block(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    char *small = arena_copy_text(arena, "before");
    char *large = arena_take(arena, 100 * KIB);

    memset(large, 'x', 100 * KIB);
    CHECK_TEXT(small, "before");
    CHECK_TEXT(arena_copy_text(arena, "after"), "after");
}

static void a_reset_arena_has_all_its_room_again(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(64 * KIB);

    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 60; i++) {
            char *piece = arena_take(arena, KIB);
            CHECK_NUMBER(piece[KIB - 1], 0);
            memset(piece, 'x', KIB);
        }
        arena_reset(arena);
    }
    CHECK(arena_try_take(arena, 64 * KIB) != NULL);
    arena_reset(arena);
    CHECK(arena_try_take(arena, 64 * KIB) != NULL);
}

static void copies_end_in_nul_and_null_stays_null(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(KIB);

    CHECK_TEXT(arena_copy(arena, "abcdef", 3), "abc");
    CHECK_TEXT(arena_copy(arena, NULL, 0), "");
    CHECK(arena_copy_text(arena, NULL) == NULL);
    CHECK_TEXT(arena_print(arena, "%s-%d", "call", 7), "call-7");
    CHECK_TEXT(arena_print(arena, "%s", ""), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_are_zeroed_aligned_and_apart),
        cmocka_unit_test(a_size_from_outside_that_does_not_fit_is_refused),
        cmocka_unit_test(a_piece_may_be_larger_than_a_block),
        cmocka_unit_test(a_reset_arena_has_all_its_room_again),
        cmocka_unit_test(copies_end_in_nul_and_null_stays_null),
    };
    return cmocka_run_group_tests_name("core/arena", tests, NULL, NULL);
}

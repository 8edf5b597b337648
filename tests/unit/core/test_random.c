#include "check.h"

#include <string.h>

#include "core/random.h"

static void numbers_stay_below_their_limit_and_reach_all_of_it(void **state)
{
    (void)state;
    int seen[6] = { 0 };

    for (int i = 0; i < 6000; i++) {
        uint32_t number = random_below(6);
        CHECK(number < 6);
        seen[number]++;
    }
    for (size_t i = 0; i < COUNT_OF(seen); i++) {
        /* 1000 expected, standard deviation 29: ten of them off is no accident. */
        CHECK(seen[i] > 700 && seen[i] < 1300);
    }
    CHECK_NUMBER(random_below(1), 0);
    CHECK(random_below(UINT32_MAX) < UINT32_MAX);
}

static void every_byte_asked_for_is_filled(void **state)
{
    (void)state;
    unsigned char first[4096] = { 0 };
    unsigned char second[4096] = { 0 };
    int different = 0;

    random_bytes(first, sizeof first);
    random_bytes(second, sizeof second);
    for (size_t i = 0; i < sizeof first; i++) {
        different += first[i] != second[i] ? 1 : 0;
    }
    CHECK(different > 3900); /* 4080 expected. */
    CHECK(memcmp(first + 4080, second + 4080, 16) != 0);
}

static void ids_sort_as_their_instants_do(void **state)
{
    (void)state;
    static const time_ms instants[] = {
        0, 1, 255, 256, 1770326441000, 1770326441001, 253402300799999
    };
    char before[ID_SIZE] = "";

    for (size_t i = 0; i < COUNT_OF(instants); i++) {
        char id[ID_SIZE];
        CHECK(id_is_valid(id_make(instants[i], id)));
        CHECK(strcmp(before, id) < 0);
        CHECK_NUMBER(id[14], '7');
        CHECK(strchr("89ab", id[19]) != NULL);
        memcpy(before, id, sizeof id);
    }
    CHECK(memcmp(before, "e677d21f-dbff", 13) == 0);
}

static void ids_of_one_instant_differ(void **state)
{
    (void)state;
    static char ids[500][ID_SIZE];

    for (size_t i = 0; i < COUNT_OF(ids); i++) {
        id_make(1770326441000, ids[i]);
        for (size_t j = 0; j < i; j++) {
            CHECK(strcmp(ids[i], ids[j]) != 0);
        }
    }
}

static void only_the_form_of_an_id_is_an_id(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "../../etc/passwd",
        "019c2f9a-0d28-7abc-8def-0123456789a",   /* One short. */
        "019c2f9a-0d28-7abc-8def-0123456789abc", /* One long. */
        "019C2F9A-0D28-7ABC-8DEF-0123456789AB",
        "019c2f9a00d28-7abc-8def-0123456789ab",
        "019c2f9a-0d28-7abc-8def-0123456789a/",
        "019c2f9a-0d28-7abc-8def-0123456789a'",
    };

    CHECK(id_is_valid("019c2f9a-0d28-7abc-8def-0123456789ab"));
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        CHECK(!id_is_valid(bad[i]));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_stay_below_their_limit_and_reach_all_of_it),
        cmocka_unit_test(every_byte_asked_for_is_filled),
        cmocka_unit_test(ids_sort_as_their_instants_do),
        cmocka_unit_test(ids_of_one_instant_differ),
        cmocka_unit_test(only_the_form_of_an_id_is_an_id),
    };
    return cmocka_run_group_tests_name("core/random", tests, NULL, NULL);
}

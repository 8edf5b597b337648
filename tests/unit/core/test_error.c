#include "check.h"

#include <errno.h>
#include <string.h>

#include "core/error.h"

static void setting_an_error_yields_false(void **state)
{
    (void)state;
    struct error error;

    CHECK(!error_set(&error, ERROR_DENIED, "PORT '%d' is %s", 99999, "too high"));
    CHECK_NUMBER(error.kind, ERROR_DENIED);
    CHECK_TEXT(error.message, "PORT '99999' is too high");
    error_clear(&error);
    CHECK_NUMBER(error.kind, ERROR_NONE);
    CHECK_TEXT(error.message, "");
}

static void errno_tells_the_kind_and_the_reason(void **state)
{
    (void)state;
    static const struct {
        int number;
        enum error_kind kind;
    } rows[] = { { ENOENT, ERROR_NOT_FOUND },
                 { EACCES, ERROR_DENIED },
                 { EPERM, ERROR_DENIED },
                 { ENOSPC, ERROR_BUSY },
                 { EIO, ERROR_SYSTEM } };

    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct error error;
        errno = rows[i].number;
        CHECK(!error_set_errno(&error, "open '%s'", "calls.db"));
        CHECK_NUMBER(error.kind, rows[i].kind);
        CHECK(strncmp(error.message, "open 'calls.db': ", 17) == 0);
        CHECK(strlen(error.message) > 17);
    }
}

static void context_comes_before_the_message_and_keeps_the_kind(void **state)
{
    (void)state;
    struct error error;

    IGNORE(error_set(&error, ERROR_TIMEOUT, "no answer"), "always false");
    CHECK(!error_within(&error, "fetch '%s'", "auto.wav"));
    CHECK_TEXT(error.message, "fetch 'auto.wav': no answer");
    CHECK_NUMBER(error.kind, ERROR_TIMEOUT);
}

static void long_messages_are_cut_not_overrun(void **state)
{
    (void)state;
    struct {
        struct error error;
        char guard[8];
    } boxed = { .guard = "guarded" };
    char long_text[1000];

    memset(long_text, 'x', sizeof long_text - 1);
    long_text[sizeof long_text - 1] = '\0';
    IGNORE(error_set(&boxed.error, ERROR_INVALID, "%s", long_text), "always false");
    CHECK_NUMBER(strlen(boxed.error.message), sizeof boxed.error.message - 1);
    IGNORE(error_within(&boxed.error, "%s", "outer"), "always false");
    CHECK(strncmp(boxed.error.message, "outer: xxx", 10) == 0);
    CHECK_NUMBER(strlen(boxed.error.message), sizeof boxed.error.message - 1);
    IGNORE(error_within(&boxed.error, "%s", long_text), "always false");
    CHECK_NUMBER(strlen(boxed.error.message), sizeof boxed.error.message - 1);
    errno = EIO;
    IGNORE(error_set_errno(&boxed.error, "%s", long_text), "always false");
    CHECK_NUMBER(strlen(boxed.error.message), sizeof boxed.error.message - 1);
    CHECK_TEXT(boxed.guard, "guarded");
}

static void only_what_may_heal_by_itself_is_temporary(void **state)
{
    (void)state;
    static const enum error_kind temporary[] = { ERROR_UNREACHABLE, ERROR_TIMEOUT, ERROR_BUSY,
                                                 ERROR_SYSTEM };
    static const enum error_kind lasting[] = { ERROR_NONE,   ERROR_INVALID, ERROR_NOT_FOUND,
                                               ERROR_DENIED, ERROR_LIMIT,   ERROR_CORRUPT };

    for (size_t i = 0; i < COUNT_OF(temporary); i++) {
        CHECK(error_is_temporary(&(struct error){ .kind = temporary[i] }));
    }
    for (size_t i = 0; i < COUNT_OF(lasting); i++) {
        CHECK(!error_is_temporary(&(struct error){ .kind = lasting[i] }));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(setting_an_error_yields_false),
        cmocka_unit_test(errno_tells_the_kind_and_the_reason),
        cmocka_unit_test(context_comes_before_the_message_and_keeps_the_kind),
        cmocka_unit_test(long_messages_are_cut_not_overrun),
        cmocka_unit_test(only_what_may_heal_by_itself_is_temporary),
    };
    return cmocka_run_group_tests_name("core/error", tests, NULL, NULL);
}

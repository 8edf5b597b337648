/* What every unit test includes: cmocka with its prerequisites, and one assertion with a readable
 * failure. */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define CHECK(condition) assert_true(condition)
#define CHECK_TEXT(actual, expected) assert_string_equal(actual, expected)
#define CHECK_NUMBER(actual, expected) assert_int_equal(actual, expected)

#endif

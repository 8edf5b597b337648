#include "check.h"

#include <string.h>

#include "http/fields.h"

static void cookies_are_found_by_their_whole_name(void **state)
{
    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    const char *header = "xsession=1; session=abc ; session=2;quoted=\"q v\"; empty=;last=z";

    CHECK_TEXT(cookie_find(arena, header, "session"), "abc");
    CHECK_TEXT(cookie_find(arena, header, "xsession"), "1");
    CHECK_TEXT(cookie_find(arena, header, "quoted"), "q v");
    CHECK_TEXT(cookie_find(arena, header, "empty"), "");
    CHECK_TEXT(cookie_find(arena, header, "last"), "z");
    CHECK(cookie_find(arena, header, "sess") == NULL);
    CHECK(cookie_find(arena, "session", "session") == NULL);
    CHECK(cookie_find(arena, " ; ;;", "session") == NULL);
    CHECK_TEXT(cookie_find(arena, "a=\"", "a"), "\"");
}

static void basic_credentials_are_read_strictly(void **state)
{
    static const char *const bad[] = {
        "Basic",       "Basic ",    "Basic %%%%",     "Basic dXNlcg==", "Basic dXNl",
        "Bearer dTpw", "BasicdTpw", "Basic dQA6cA==", "Basic dTpw=",    "Digest username"
    };
    const char *user = NULL;
    const char *password = NULL;

    (void)state;
    AUTO(arena_free) struct arena *arena = arena_new(MIB);
    CHECK(basic_read(arena, "Basic dXNlcjpwYTpzcw==", &user, &password));
    CHECK_TEXT(user, "user");
    CHECK_TEXT(password, "pa:ss");
    CHECK(basic_read(arena, "basic  Og==", &user, &password));
    CHECK_TEXT(user, "");
    CHECK_TEXT(password, "");
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        print_message("%s\n", bad[i]);
        CHECK(!basic_read(arena, bad[i], &user, &password));
    }
}

static void entity_tags_are_compared_weakly(void **state)
{
    (void)state;
    CHECK(etag_list_has("*", "a"));
    CHECK(etag_list_has("\"a\"", "a"));
    CHECK(etag_list_has("W/\"a\"", "a"));
    CHECK(etag_list_has("\"b\", W/\"c,d\" ,\"a\"", "a"));
    CHECK(!etag_list_has("\"ab\"", "a"));
    CHECK(!etag_list_has("a", "a"));
    CHECK(!etag_list_has("\"a", "a"));
    CHECK(!etag_list_has("", "a"));
}

static void encodings_are_accepted_by_weight(void **state)
{
    (void)state;
    CHECK(encoding_is_accepted("gzip, deflate, br", "br"));
    CHECK(encoding_is_accepted("gzip;q=0.5", "gzip"));
    CHECK(encoding_is_accepted("BR ; q=1", "br"));
    CHECK(!encoding_is_accepted("gzip;q=0", "gzip"));
    CHECK(!encoding_is_accepted("gzip;q=0.000, br", "gzip"));
    CHECK(!encoding_is_accepted("brotli", "br"));
    CHECK(!encoding_is_accepted(NULL, "br"));
    CHECK(!encoding_is_accepted("", "br"));
}

static void dates_are_those_of_http(void **state)
{
    char text[DATE_TEXT_SIZE];
    time_ms at = 0;

    (void)state;
    CHECK_TEXT(date_print(784111777000, text), "Sun, 06 Nov 1994 08:49:37 GMT");
    CHECK(date_read("Sun, 06 Nov 1994 08:49:37 GMT", &at));
    CHECK_NUMBER(at, 784111777000);
    CHECK(!date_read("Mon, 06 Nov 1994 08:49:37 GMT", &at));
    CHECK(!date_read("Sunday, 06-Nov-94 08:49:37 GMT", &at));
    CHECK(!date_read("Sun, 06 Nov 1994 08:49:37 CET", &at));
    CHECK(!date_read("Sun, 31 Feb 1994 08:49:37 GMT", &at));
    CHECK(!date_read("", &at));
}

static void headers_that_would_split_an_answer_are_refused(void **state)
{
    (void)state;
    CHECK(field_is_valid("X-Name", "value\twith tab"));
    CHECK(!field_is_valid("X-Name", "a\r\nSet-Cookie: b"));
    CHECK(!field_is_valid("X-Name", "a\nb"));
    CHECK(!field_is_valid("X Name", "a"));
    CHECK(!field_is_valid("X:Name", "a"));
    CHECK(!field_is_valid("", "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cookies_are_found_by_their_whole_name),
        cmocka_unit_test(basic_credentials_are_read_strictly),
        cmocka_unit_test(entity_tags_are_compared_weakly),
        cmocka_unit_test(encodings_are_accepted_by_weight),
        cmocka_unit_test(dates_are_those_of_http),
        cmocka_unit_test(headers_that_would_split_an_answer_are_refused),
    };
    return cmocka_run_group_tests_name("http/fields", tests, NULL, NULL);
}

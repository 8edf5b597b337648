/* Bodies for the tests of cdr/, composed by us after the shapes that UCMs send, and a parse() that
 * fails loudly. Numbers are from 555-01xx, names invented. */
#ifndef TESTS_CDR_BODIES_H
#define TESTS_CDR_BODIES_H

#include <stdio.h>
#include <string.h>

#include "cdr/cdr.h"
#include "core/text.h"

/* 2026-03-04 17:30:00 UTC is 11:30:00 in UTC-6. */
#define CHANNEL_EPOCH "1772645400"
#define CHANNEL_AT (1772645400 * (time_ms)SECOND_MS)

#define LEG_FLAT                                                                                   \
    "{\"AcctId\":\"512\",\"accountcode\":\"\",\"src\":\"2001\",\"dst\":\"5125550143\","            \
    "\"dcontext\":\"out\",\"clid\":\"\\\"Ada B.\\\" <2001>\",\"channel\":\"PJSIP/2001-00000a\","   \
    "\"dstchannel\":\"PJSIP/trunk_3-00000b\",\"lastapp\":\"Dial\",\"lastdata\":\"x@y,,T(a,b)\","   \
    "\"start\":\"2026-03-04 11:30:00\",\"answer\":\"2026-03-04 11:30:09\","                        \
    "\"end\":\"2026-03-04 11:31:10\",\"duration\":\"70\",\"billsec\":\"61\","                      \
    "\"disposition\":\"ANSWERED\",\"amaflags\":\"DOCUMENTATION\",\"uniqueid\":\"" CHANNEL_EPOCH    \
    ".17\",\"userfield\":\"Outbound\",\"channel_ext\":\"2001\",\"dstchannel_ext\":\"trunk_3\","    \
    "\"service\":\"s\",\"caller_name\":\"Ada B.\","                                                \
    "\"recordfiles\":\"2026-03/auto-" CHANNEL_EPOCH "-2001-5125550143.wav@\","                     \
    "\"dstanswer\":\"5125550143\",\"session\":\"" CHANNEL_EPOCH "004211-2001\","                   \
    "\"action_owner\":\"2001\",\"action_type\":\"DIAL\",\"src_trunk_name\":\"\","                  \
    "\"dst_trunk_name\":\"Line One\",\"recordfiles_desc\":"                                        \
    "\"duration=61,size=976044B,start-time=1772645409@\",\"sn\":\"SN0001\"}"

static struct arena *test_arena;
static struct error test_error;

static inline int arena_set_up(void **state)
{
    (void)state;
    test_arena = arena_new(CDR_ARENA_SIZE_MAX);
    return 0;
}

static inline int arena_tear_down(void **state)
{
    (void)state;
    arena_free(test_arena);
    return 0;
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, arena_set_up, arena_tear_down)

static inline struct cdr_batch parse_bytes(const char *type, const char *bytes, size_t size)
{
    struct cdr_batch batch = { .legs = NULL };

    if (!cdr_parse(test_arena, type, NULL, bytes, size, &batch, &test_error)) {
        fail_msg("%s", test_error.message);
    }
    return batch;
}

static inline struct cdr_batch parse(const char *body)
{
    return parse_bytes("application/json", body, strlen(body));
}

static inline struct cdr_leg parse_leg(const char *body)
{
    struct cdr_batch batch = parse(body);

    assert_int_equal(batch.kind, CDR_LEGS);
    assert_int_equal(batch.leg_count, 1);
    return batch.legs[0];
}

/* The message of a refusal of this kind. */
static inline const char *refusal(enum error_kind kind, const char *body, size_t size)
{
    struct cdr_batch batch = { .legs = NULL };

    assert_false(cdr_parse(test_arena, NULL, NULL, body, size, &batch, &test_error));
    assert_int_equal(test_error.kind, kind);
    return test_error.message;
}

static inline void check_has(const char *text, const char *part)
{
    if (strstr(text, part) == NULL) {
        fail_msg("'%s' does not say '%s'", text, part);
    }
}

#endif

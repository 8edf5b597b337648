/* The ledger's figures on a made-up ledger: they add up, count a recording once, and tell apart by
 * reason, PBX, extension and trunk. */
#include "check.h"

#include "integration/store/store_fixture.h"
#include "store/calls.h"
#include "store/collection.h"

/* One leg of a call; zeroed members: answered, from extension 100, on the first day. */
struct made {
    int call;              /* Session. */
    int leg;               /* AcctId; legs of one call differ. */
    const char *extension; /* Who calls out. */
    const char *trunk;
    const char *file; /* NULL: none is named. */
    bool is_unanswered;
    int day; /* 0 to 9: of 2026-02 */
};

static void make(struct fixture *f, const struct made *made)
{
    char body[1024];
    int day = made->day + 1;

    IGNORE(snprintf(body, sizeof body,
                    "{\"AcctId\":\"%d\",\"uniqueid\":\"%lld.%d\",\"session\":\"session-%d\","
                    "\"src\":\"%s\",\"dst\":\"5550123\",\"start\":\"2026-02-%02d 10:15:47\","
                    "\"answer\":\"%s\",\"end\":\"2026-02-%02d 10:16:47\",\"duration\":\"60\","
                    "\"billsec\":\"%d\",\"disposition\":\"%s\",\"userfield\":\"Outbound\","
                    "\"dst_trunk_name\":\"%s\",\"recordfiles\":\"%s%s\"}",
                    made->call * 10 + made->leg, (long long)(1769940947 + made->day * 86400),
                    made->call, made->call, made->extension != NULL ? made->extension : "100", day,
                    made->is_unanswered ? "" : "2026-02-01 10:15:50", day,
                    made->is_unanswered ? 0 : 57, made->is_unanswered ? "NO ANSWER" : "ANSWERED",
                    made->trunk != NULL ? made->trunk : "line",
                    made->file != NULL ? made->file : "", made->file != NULL ? "@" : ""),
           "fits");
    CHECK_NUMBER(fixture_send(f, body).new_leg_count, 1);
}

/* As a fetch would leave it. */
static void settle(struct fixture *f, const char *file, const char *state, const char *reason)
{
    static const char SQL[] = "UPDATE recording SET state = $2, reason = $3 WHERE path = $1";
    int64_t changed = 0;

    MUST(f, db_run(f->db, SQL, DB_VALUES(DB_TEXT(file), DB_TEXT(state), DB_TEXT(reason)), &changed,
                   &f->error));
    CHECK_NUMBER(changed, 1);
}

static struct collection count(struct fixture *f, int64_t tenant_id, time_ms from_at, time_ms to_at)
{
    struct collection counts = { 0 };

    MUST(f, collection_count(f->db, tenant_id, from_at, to_at, &counts, &f->error));
    CHECK_NUMBER(counts.expected, counts.stored + counts.waiting + counts.missing);
    return counts;
}

static const struct collection_part *part_find(const struct collection_part *parts, size_t count,
                                               enum collection_kind kind, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (parts[i].kind == kind && strcmp(parts[i].name, name) == 0) {
            return &parts[i];
        }
    }
    fail_msg("there is no part '%s'", name);
    return NULL;
}

static time_ms day(int number)
{
    time_ms first = 0;

    CHECK(time_parse("2026-02-01", &first));
    return first + number * DAY_MS;
}

static void a_recording_that_another_call_named_first_is_expected_there_and_not_twice(void **state)
{
    struct fixture *f = *state;
    struct call_row *calls = NULL;
    struct call_filter filter = { .tenant_id = f->tenant_id, .limit = 10 };
    size_t call_count = 0;

    make(f, &(struct made){ .call = 1, .file = "2026-02/shared.wav" });
    make(f, &(struct made){ .call = 2, .file = "2026-02/shared.wav" });
    make(f, &(struct made){ .call = 3 });
    struct collection counts = count(f, f->tenant_id, 0, 0);
    CHECK_NUMBER(counts.calls, 3);
    CHECK_NUMBER(counts.expected, 1);
    CHECK_NUMBER(counts.not_expected, 1);

    filter.recording = "not_expected";
    MUST(f, call_list(f->db, f->arena, &filter, &calls, &call_count, &f->error));
    CHECK_NUMBER(call_count, 1);
    CHECK_TEXT(calls[0].session, "session-3");
    filter.recording = "waiting";
    MUST(f, call_list(f->db, f->arena, &filter, &calls, &call_count, &f->error));
    CHECK_NUMBER(call_count, 2);
}

static void the_figures_count_the_calls_of_the_range_and_of_the_tenant(void **state)
{
    struct fixture *f = *state;
    struct fixture other = *f;

    make(f, &(struct made){ .call = 1, .day = 0, .file = "a.wav" });
    make(f, &(struct made){ .call = 2, .day = 1, .file = "b.wav" });
    make(f, &(struct made){ .call = 3, .day = 2, .file = "c.wav" });
    make(f, &(struct made){ .call = 4, .day = 2, .is_unanswered = true });
    fixture_tenant_add(&other, "other", &other.tenant_id, &other.pbx_id);
    MUST(f, lane_ensure(f->db, LANE_FETCH, other.pbx_id, 2, &other.lane_id, &f->error));
    make(&other, &(struct made){ .call = 5, .day = 1, .file = "a.wav" });
    settle(f, "b.wav", "stored", NULL);

    CHECK_NUMBER(count(f, f->tenant_id, 0, 0).expected, 3);
    CHECK_NUMBER(count(f, f->tenant_id, day(1), day(2)).expected, 1);
    CHECK_NUMBER(count(f, f->tenant_id, day(1), day(2)).stored, 1);
    CHECK_NUMBER(count(f, f->tenant_id, day(2), 0).calls, 2);
    CHECK_NUMBER(count(f, f->tenant_id, day(2), 0).not_expected, 1);
    CHECK_NUMBER(count(f, other.tenant_id, 0, 0).calls, 1);
    CHECK_NUMBER(count(f, 0, 0, 0).expected, 4);
    CHECK_NUMBER(count(f, 0, day(1), day(2)).calls, 2);
    CHECK_NUMBER(count(f, f->tenant_id, day(5), 0).calls, 0);
}

static void reasons_are_split_into_waiting_and_missing(void **state)
{
    struct fixture *f = *state;
    struct collection_reason *reasons = NULL;
    size_t reason_count = 0;

    make(f, &(struct made){ .call = 1, .file = "a.wav" });
    make(f, &(struct made){ .call = 2, .file = "b.wav" });
    make(f, &(struct made){ .call = 3, .file = "c.wav" });
    make(f, &(struct made){ .call = 4, .file = "d.wav", .day = 3 });
    settle(f, "a.wav", "missing", "not_there_yet");
    settle(f, "b.wav", "waiting", "not_there_yet");
    settle(f, "c.wav", "missing", "deleted_on_pbx");
    settle(f, "d.wav", "fetching", "not_there_yet");
    MUST(f, collection_reasons(f->db, f->arena, f->tenant_id, 0, 0, &reasons, &reason_count,
                               &f->error));
    CHECK_NUMBER(reason_count, 2);
    CHECK_TEXT(reasons[0].code, "not_there_yet");
    CHECK_NUMBER(reasons[0].count, 3);
    CHECK_NUMBER(reasons[0].waiting, 2);
    CHECK_NUMBER(reasons[0].missing, 1);
    CHECK_TEXT(reasons[1].code, "deleted_on_pbx");
    MUST(f, collection_reasons(f->db, f->arena, f->tenant_id, day(3), 0, &reasons, &reason_count,
                               &f->error));
    CHECK_NUMBER(reason_count, 1);
    CHECK_NUMBER(reasons[0].count, 1);
}

static void parts_add_up_and_the_worst_is_first(void **state)
{
    struct fixture *f = *state;
    struct collection_part *parts = NULL;
    size_t part_count = 0;
    int64_t by_extension = 0;

    make(f, &(struct made){ .call = 1, .extension = "101", .trunk = "north", .file = "a.wav" });
    make(f, &(struct made){ .call = 2, .extension = "101", .trunk = "south", .file = "b.wav" });
    make(f, &(struct made){ .call = 3, .extension = "102", .trunk = "south", .file = "c.wav" });
    make(f,
         &(struct made){ .call = 3, .leg = 1, .extension = "103", .trunk = "", .file = "d.wav" });
    make(f, &(struct made){ .call = 4, .extension = "102", .trunk = "south", .file = "a.wav" });
    settle(f, "a.wav", "stored", NULL);
    settle(f, "b.wav", "missing", "deleted_on_pbx");
    MUST(f, collection_parts(f->db, f->arena, f->tenant_id, 0, 0, &parts, &part_count, &f->error));
    CHECK_NUMBER(part_count, 1 + 3 + 2);
    CHECK_NUMBER(parts[0].kind, COLLECTION_PBX);
    CHECK_TEXT(parts[0].pbx, "main");
    CHECK_NUMBER(parts[0].expected, 4);
    for (size_t i = 0; i < part_count; i++) {
        CHECK_TEXT(parts[i].tenant, "acme");
        CHECK_NUMBER(parts[i].expected, parts[i].stored + parts[i].waiting + parts[i].missing);
        by_extension += parts[i].kind == COLLECTION_EXTENSION ? parts[i].expected : 0;
    }
    CHECK_NUMBER(by_extension, 4);
    CHECK_TEXT(parts[1].name, "101"); /* With one that is missing. */
    CHECK_NUMBER(part_find(parts, part_count, COLLECTION_EXTENSION, "101")->stored, 1);
    CHECK_NUMBER(part_find(parts, part_count, COLLECTION_EXTENSION, "102")->waiting, 1);
    CHECK_NUMBER(part_find(parts, part_count, COLLECTION_TRUNK, "south")->expected, 2);
    CHECK_NUMBER(part_find(parts, part_count, COLLECTION_TRUNK, "south")->missing, 1);
    CHECK_NUMBER(part_find(parts, part_count, COLLECTION_TRUNK, "north")->missing, 0);
}

struct shares {
    struct collection_share list[8];
    char names[8][16];
    size_t count;
};

static bool share_take(const struct collection_share *share, void *context)
{
    struct shares *shares = context;

    assert_true(shares->count < COUNT_OF(shares->list));
    IGNORE(snprintf(shares->names[shares->count], 16, "%s", share->name), "fits");
    shares->list[shares->count] = *share;
    shares->list[shares->count].name = shares->names[shares->count];
    shares->count++;
    return true;
}

static const struct collection_share *share_find(const struct shares *shares,
                                                 enum collection_kind kind, const char *name)
{
    for (size_t i = 0; i < shares->count; i++) {
        if (shares->list[i].kind == kind && strcmp(shares->list[i].name, name) == 0) {
            return &shares->list[i];
        }
    }
    fail_msg("there is no share of '%s'", name);
    return NULL;
}

static void answered_calls_without_a_recording_count_once_for_each_who_took_part(void **state)
{
    struct fixture *f = *state;
    struct shares shares = { .count = 0 };

    /* 230 answers three times, never recorded; the second call has a copied leg, the third was
     * shared with 231, whose leg names a file: that call has a recording. */
    make(f, &(struct made){ .call = 1, .extension = "230", .trunk = "north" });
    make(f, &(struct made){ .call = 2, .extension = "230", .trunk = "north" });
    make(f, &(struct made){ .call = 2, .leg = 1, .extension = "230", .trunk = "north" });
    make(f, &(struct made){ .call = 3, .extension = "230", .trunk = "north" });
    make(f, &(struct made){
                .call = 3, .leg = 1, .extension = "231", .trunk = "south", .file = "a.wav" });
    make(f, &(struct made){ .call = 4, .extension = "231", .trunk = "south", .file = "a.wav" });
    make(f, &(struct made){ .call = 5, .extension = "231", .is_unanswered = true });
    MUST(f, collection_shares(f->db, f->tenant_id, 0, 0, share_take, &shares, &f->error));
    CHECK_NUMBER(shares.count, 4);
    const struct collection_share *share = share_find(&shares, COLLECTION_EXTENSION, "230");
    CHECK_NUMBER(share->answered, 3);
    CHECK_NUMBER(share->recorded, 1);
    CHECK_NUMBER(share->rest_answered, 2);
    CHECK_NUMBER(share->rest_recorded, 2); /* One of them shares its recording with the other. */
    share = share_find(&shares, COLLECTION_TRUNK, "south");
    CHECK_NUMBER(share->answered, 2);
    CHECK_NUMBER(share->recorded, 2);
    CHECK_NUMBER(share->rest_answered, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, fixture_open, fixture_close)
        TEST(a_recording_that_another_call_named_first_is_expected_there_and_not_twice),
        TEST(the_figures_count_the_calls_of_the_range_and_of_the_tenant),
        TEST(reasons_are_split_into_waiting_and_missing),
        TEST(parts_add_up_and_the_worst_is_first),
        TEST(answered_calls_without_a_recording_count_once_for_each_who_took_part),
    };
    return cmocka_run_group_tests_name("store/collection", tests, NULL, NULL);
}

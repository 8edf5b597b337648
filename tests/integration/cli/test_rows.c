/* Webhooks in any order, any number of times, through any process, and polls make the same rows. */
#include <pthread.h>

#include "core/random.h"
#include "polling.h"

/* One of two senders: its own half of the deliveries, to its own process. */
struct sender {
    struct simulator *ucm;
    const int *calls;
    int count;
    int port;
    bool is_fine;
    pthread_t thread;
};

static void *sender_run(void *context)
{
    struct sender *sender = context;
    char url[128];
    struct error error = { 0 };

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d/api/webhook/cdr/default", sender->port),
           "fits");
    sender->is_fine = true;
    for (int i = 0; i < sender->count && sender->is_fine; i++) {
        int status = 0;
        sender->is_fine =
            simulator_webhook_send(sender->ucm, sender->calls[i],
                                   &(struct simulator_webhook){ .url = url }, &status, &error) &&
            status == 200;
    }
    return NULL;
}

static void port_wait(int port)
{
    int64_t until_ms = time_monotonic_ms() + READY_MS;
    char url[64];

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d/api/health", port), "fits");
    for (;;) {
        AUTO(reply_clear) struct reply reply = { 0 };
        web_ask(&(struct ask){ .url = url }, &reply);
        if (reply.status > 0) {
            return;
        }
        assert_true(time_monotonic_ms() < until_ms);
        time_sleep_ms(LOOK_MS);
    }
}

/* All rows of what webhooks make, without ids and without when they came. When not `is_whole`, also
 * without what a poll brings in another form, and what fetching changes. */
static char *rows_dump(struct server *server, bool is_whole)
{
    static const struct {
        int columns, columns_of_part;
        const char *sql;
    } queries[] = {
        { 13, 13,
          "SELECT call_key, first_leg, session, direction, from_number, to_number, caller_name,"
          " started_at, answered_at, ended_at, duration_s, talk_s, disposition FROM call"
          " ORDER BY call_key" },
        { 10, 9,
          "SELECT leg.uniqueid, leg.acct_id, call.call_key, leg.started_at, leg.disposition,"
          " leg.talk_s, leg.extension, leg.trunk, leg.recording_count,"
          " coalesce(leg.fields, webhook.body) FROM leg JOIN call ON call.id = leg.call_id"
          " JOIN webhook ON webhook.id = leg.webhook_id ORDER BY leg.uniqueid, leg.acct_id" },
        { 12, 10,
          "SELECT path, call.call_key, recording.acct_id, uniqueid, action_type, "
          "recording.direction,"
          " recording.started_at, recording.talk_s, expected_bytes, expected_seconds, state, reason"
          " FROM recording JOIN call ON call.id = recording.call_id ORDER BY path" },
        { 1, 0,
          "SELECT count(*) FROM webhook UNION ALL SELECT count(*) FROM job"
          " UNION ALL SELECT count(*) FROM recording_also" },
    };
    AUTO(db_close) struct db *db = server_db(server);
    AUTO(text_clear) struct text dump = TEXT_UP_TO(16 * MIB);
    struct error error = { 0 };

    for (size_t i = 0; i < COUNT_OF(queries); i++) {
        AUTO(db_rows_clear) struct db_rows rows = { 0 };
        if (!db_query(db, queries[i].sql, DB_NO_VALUES, &rows, &error)) {
            fail_msg("%s", error.message);
        }
        while (db_next(&rows, &error) == DB_ROW) {
            int columns = is_whole ? queries[i].columns : queries[i].columns_of_part;
            for (int j = 0; j < columns; j++) {
                const char *text = db_text(&rows, j);
                text_print(&dump, "%s%lld|", text != NULL ? text : "",
                           (long long)db_int_or(&rows, j, -1));
            }
            text_add(&dump, columns > 0 ? "\n" : "");
        }
    }
    return text_take(&dump);
}

/* Fails with the first line that differs: the whole is too long to read. */
static void rows_compare(const char *found, const char *expected)
{
    size_t line_found = 0;
    size_t line_expected = 0;

    while (*expected != '\0') {
        line_found = strcspn(found, "\n");
        line_expected = strcspn(expected, "\n");
        if (line_found != line_expected || strncmp(found, expected, line_found) != 0) {
            fail_msg("found:    %.*s\nexpected: %.*s", (int)line_found, found, (int)line_expected,
                     expected);
        }
        found += line_found + 1;
        expected += line_expected + 1;
    }
    assert_string_equal(found, "");
}

/* Calls of every kind, without a person's voice. */
static int odd_calls_make(struct scene *scene, int count)
{
    for (int i = 0; i < count; i++) {
        struct simulator_added added;
        struct simulator_call call = { .audio_path = i % 4 == 3 ? NULL : scene->sound,
                                       .second_audio_path =
                                           i % 5 == 0 && i % 4 != 3 ? scene->longer : NULL,
                                       .has_description = i % 2 == 0,
                                       .has_fork = i % 3 == 0,
                                       .is_fork_recorded = i % 6 == 0,
                                       .ring_s = i % 7,
                                       .direction = i % 2 == 0 ? "Inbound" : "Outbound",
                                       .trunk = "line-1" };
        if (i % 3 == 1) {
            call.group = "6400";
            call.members[0] = "1001";
            call.members[1] = "1002";
            call.members[2] = "1003";
        }
        call_add(scene, &call, &added);
    }
    return count;
}

static void shuffle(int *numbers, int count)
{
    for (int i = count - 1; i > 0; i--) {
        int j = (int)random_below((unsigned)i + 1);
        int number = numbers[i];
        numbers[i] = numbers[j];
        numbers[j] = number;
    }
}

static void webhooks_in_any_order_make_the_same_rows(void **state)
{
    enum { CALL_COUNT = 60, DELIVERIES_MAX = CALL_COUNT * 5 };
    struct scene *scene = *state;
    struct server second;
    int deliveries[DELIVERIES_MAX];
    int count = 0;

    IGNORE(odd_calls_make(scene, CALL_COUNT), "as many");
    pid_t plain = role_start(&scene->server, "http", scene->server.port);
    port_wait(scene->server.port);
    for (int i = 0; i < CALL_COUNT; i++) { /* Once, in order. */
        webhook_send(scene, i);
    }
    process_end(plain);

    server_make(&second);
    server_set(&second, "UCM_IP", "127.0.0.1");
    server_set(&second, "UCM_USERNAME", "cdrapi");
    int other_port = port_free();
    pid_t processes[] = { role_start(&second, "http", second.port),
                          role_start(&second, "http", other_port) };
    port_wait(second.port);
    port_wait(other_port);
    for (int i = 0; i < CALL_COUNT; i++) {
        for (unsigned copies = 1 + random_below(5); copies > 0; copies--) {
            deliveries[count++] = i;
        }
    }
    shuffle(deliveries, count);
    struct sender senders[] = {
        { .ucm = scene->ucm, .calls = deliveries, .count = count / 2, .port = second.port },
        { .ucm = scene->ucm,
          .calls = deliveries + count / 2,
          .count = count - count / 2,
          .port = other_port },
    };
    for (size_t i = 0; i < COUNT_OF(senders); i++) {
        assert_int_equal(pthread_create(&senders[i].thread, NULL, sender_run, &senders[i]), 0);
    }
    for (size_t i = 0; i < COUNT_OF(senders); i++) {
        assert_int_equal(pthread_join(senders[i].thread, NULL), 0);
        assert_true(senders[i].is_fine);
        process_end(processes[i]);
    }
    AUTO(free) char *expected = rows_dump(&scene->server, true);
    AUTO(free) char *found = rows_dump(&second, true);
    assert_true(strlen(expected) > 10000);
    rows_compare(found, expected);
    server_end(&second);
}

static void a_poll_makes_the_same_rows_as_webhooks(void **state)
{
    enum { CALL_COUNT = 60 };
    struct scene *scene = *state;
    struct server polled;

    IGNORE(odd_calls_make(scene, CALL_COUNT), "as many");
    pid_t plain = role_start(&scene->server, "http", scene->server.port);
    port_wait(scene->server.port);
    for (int i = 0; i < CALL_COUNT; i++) {
        webhook_send(scene, i);
    }
    process_end(plain);
    server_make(&polled);
    server_set(&polled, "RECONCILE_INTERVAL", "1s");
    server_set(&polled, "UCM_IP", "127.0.0.1");
    server_set(&polled, "UCM_USERNAME", "cdrapi");
    server_set(&polled, "UCM_PASSWORD", UCM_PASSWORD);
    server_set_number(&polled, "UCM_PORT", simulator_new_port(scene->ucm));
    server_start(&polled);
    number_wait(&polled, "SELECT count(*) FROM call", CALL_COUNT, SETTLE_MS);
    poll_wait(&polled);
    AUTO(free) char *expected = rows_dump(&scene->server, false);
    AUTO(free) char *found = rows_dump(&polled, false);
    rows_compare(found, expected);
    server_end(&polled);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        UNSERVED(webhooks_in_any_order_make_the_same_rows),
        UNSERVED(a_poll_makes_the_same_rows_as_webhooks),
    };
    cmocka_set_test_filter(getenv("ROWS_TEST")); /* "*clock*": only those */
    return cmocka_run_group_tests(tests, NULL, NULL);
}

/*
 * kill -9 at random moments, under load: 16 connections send webhooks, a UCM's recorded calls come
 * in between, and roles, the speech process, the supervisor or all of them at once die 0 to 500 ms
 * after everything was ready again. Each id is written to a list, and the list to the disk, once it
 * is acknowledged. Afterwards all of the list is there once, and so is each recording.
 *
 * CRASH_KILLS=300 for the long form (else 20), CRASH_SEED to choose the victims again.
 */
#include "core/random.h"
#include "life.h"

enum {
    CONNECTIONS = 16,
    KILLS_DEFAULT = 20,
    ID_FIRST = 1000000000, /* Above what the simulator numbers its legs with. */
    IDS_MAX = 4000000,
    READY_WAIT_MS = 15000,
    MOMENT_MS_MAX = 500,
    SEND_PAUSE_MS = 10,
    CALL_COUNT_MAX = 100,
    KILL_MS = 800,    /* So long one takes, about: the calls are spread over all of them. */
    REST_MS = 480000, /* For what is left to do at the end: leases and rests run out well before. */
    ROLES_GONE_MS_MAX = 2000,
};

static const char *const roles[] = { "http", "collect", "speech", "insight" };

/* What is killed, how often of a hundred, and how long it took until all was ready again. */
struct victim {
    const char *name;
    unsigned share;
    size_t kills;
    int64_t back_ms_sum;
    int64_t back_ms_max;
};
static struct victim victims[] = {
    { .name = "http", .share = 30 },        { .name = "collect", .share = 25 },
    { .name = "speech", .share = 15 },      { .name = "insight", .share = 8 },
    { .name = "speech-child", .share = 4 }, { .name = "serve", .share = 8 },
    { .name = "all", .share = 10 },
};

struct torture {
    struct life *life;
    uint64_t random;
    int list; /* Of acknowledged ids. */
    char list_path[128];
    atomic_long next_id;
    atomic_bool is_ending; /* What was begun is finished, nothing else is begun. */
    pthread_t senders[CONNECTIONS];
    size_t sender_count;
    size_t kill_count;
};

static unsigned torture_random(struct torture *torture, unsigned limit)
{
    torture->random ^= torture->random << 13;
    torture->random ^= torture->random >> 7;
    torture->random ^= torture->random << 17;
    return (unsigned)(torture->random >> 33) % limit;
}

static long number_of(const char *name, long otherwise)
{
    const char *text = getenv(name);

    return text != NULL ? strtol(text, NULL, 10) : otherwise;
}

/* ---- The senders ---- */

static void leg_print(long id, char body_out[1024])
{
    IGNORE(snprintf(body_out, 1024,
                    "{\"AcctId\":\"%ld\",\"accountcode\":\"\",\"src\":\"1000\",\"dst\":\"5550100\","
                    "\"start\":\"2026-02-05 21:20:41\",\"answer\":\"\","
                    "\"end\":\"2026-02-05 21:20:49\",\"duration\":\"8\",\"billsec\":\"0\","
                    "\"disposition\":\"NO ANSWER\",\"uniqueid\":\"1770326441.%ld\","
                    "\"userfield\":\"Outbound\",\"session\":\"1770326441%ld-1000\","
                    "\"action_owner\":\"1000\",\"action_type\":\"DIAL\",\"recordfiles\":\"\"}",
                    id, id, id),
           "fits");
}

/* Until it is acknowledged. False when told to stop. */
static bool leg_send(struct torture *torture, CURL *easy, long id)
{
    char url[128];
    char body[1024];

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d/api/webhook/cdr/default",
                    torture->life->scene.server.port),
           "fits");
    leg_print(id, body);
    while (!atomic_load(&torture->life->is_sender_told_to_stop)) {
        AUTO(reply_clear) struct reply reply = { 0 };
        web_ask(&(struct ask){ .url = url,
                               .body = body,
                               .headers = { "Content-Type: application/json" },
                               .timeout_ms = 5000,
                               .easy = easy },
                &reply);
        if (reply.status >= 200 && reply.status < 300) {
            return true;
        }
        time_sleep_ms(SEND_AGAIN_MS);
    }
    return false;
}

static void *leg_sender_run(void *context)
{
    struct torture *torture = context;
    CURL *easy = curl_easy_init();
    bool is_fine = true;

    while (is_fine && !atomic_load(&torture->is_ending)) {
        long id = atomic_fetch_add(&torture->next_id, 1);
        char line[24];
        int size = snprintf(line, sizeof line, "%ld\n", id);
        is_fine = id < ID_FIRST + IDS_MAX && leg_send(torture, easy, id) &&
                  write(torture->list, line, (size_t)size) == size && fdatasync(torture->list) == 0;
        time_sleep_ms(SEND_PAUSE_MS);
    }
    curl_easy_cleanup(easy);
    return NULL;
}

static void senders_start(struct torture *torture)
{
    struct life *life = torture->life;

    IGNORE(snprintf(torture->list_path, sizeof torture->list_path, "%s/acknowledged",
                    life->scene.server.folder),
           "fits");
    torture->list =
        open(torture->list_path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    assert_true(torture->list >= 0);
    atomic_store(&torture->next_id, ID_FIRST);
    size_t calls = torture->kill_count < CALL_COUNT_MAX ? torture->kill_count : CALL_COUNT_MAX;
    life->pause_ms = (int)(torture->kill_count * KILL_MS / (calls + 1));
    life_send(life, calls);
    for (; torture->sender_count < CONNECTIONS; torture->sender_count++) {
        assert_int_equal(
            pthread_create(&torture->senders[torture->sender_count], NULL, leg_sender_run, torture),
            0);
    }
}

static void senders_join(struct torture *torture)
{
    atomic_store(&torture->is_ending, true);
    for (; torture->sender_count > 0; torture->sender_count--) {
        (void)pthread_join(torture->senders[torture->sender_count - 1], NULL);
    }
}

/* ---- The killer ---- */

static bool is_answering(const struct torture *torture)
{
    AUTO(reply_clear) struct reply reply = { 0 };
    char url[128];

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d/api/webhook/cdr/default",
                    torture->life->scene.server.port),
           "fits");
    web_ask(&(struct ask){ .url = url, .timeout_ms = 1000 }, &reply);
    return reply.status == 200;
}

/* Does each role live, and say so? */
static bool are_roles_there(struct db *db)
{
    static const char SQL[] = "SELECT count(*) FROM process WHERE role = $1 AND pid = $2";
    struct tree tree = tree_read();

    for (size_t i = 0; i < COUNT_OF(roles); i++) {
        pid_t pid = tree_find(&tree, roles[i]);
        if (pid == 0 || NUMBER_OF(db, SQL, DB_TEXT(roles[i]), DB_INT(pid)) != 1) {
            return false;
        }
    }
    return true;
}

/* How long it took until everything was ready. */
static int64_t ready_wait(const struct torture *torture)
{
    AUTO(db_close) struct db *db = server_db(&torture->life->scene.server);
    int64_t started_at = time_monotonic_ms();

    while (!are_roles_there(db) || !is_answering(torture)) {
        if (time_monotonic_ms() - started_at > READY_WAIT_MS) {
            fail_msg("not ready again after %d ms", READY_WAIT_MS);
        }
        time_sleep_ms(LOOK_MS);
    }
    return time_monotonic_ms() - started_at;
}

static void supervisor_start(struct torture *torture)
{
    static const char *const arguments[] = { "serve", NULL };
    struct server *server = &torture->life->scene.server;
    AUTO(file_close)
    int log = open(server->log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

    server->pid = program_start(server, arguments, -1, log, log);
}

static struct victim *victim_pick(struct torture *torture)
{
    unsigned drawn = torture_random(torture, 100);

    for (size_t i = 0; i < COUNT_OF(victims); i++) {
        if (drawn < victims[i].share) {
            return &victims[i];
        }
        drawn -= victims[i].share;
    }
    return &victims[0];
}

/* False when there was none to be killed (the speech process comes and goes). */
static bool victim_kill(struct torture *torture, const struct victim *victim)
{
    struct tree tree = tree_read();
    bool is_supervisor = strcmp(victim->name, "serve") == 0;

    if (strcmp(victim->name, "all") == 0) {
        tree_kill();
        supervisor_start(torture);
        return true;
    }
    pid_t pid = tree_find(&tree, victim->name);
    if (pid == 0 || kill(pid, SIGKILL) != 0) {
        return false;
    }
    if (is_supervisor) {
        assert_in_range(tree_wait_gone(READY_WAIT_MS), 0, ROLES_GONE_MS_MAX);
        supervisor_start(torture);
    }
    return true;
}

static void kills_do(struct torture *torture)
{
    AUTO(db_close) struct db *db = server_db(&torture->life->scene.server);

    IGNORE(ready_wait(torture), "the first start");
    for (size_t done = 0; done < torture->kill_count;) {
        struct victim *victim = victim_pick(torture);
        time_sleep_ms(torture_random(torture, MOMENT_MS_MAX + 1));
        if (!victim_kill(torture, victim)) {
            continue;
        }
        int64_t back_ms = ready_wait(torture);
        states_check(db);
        victim->kills++;
        victim->back_ms_sum += back_ms;
        victim->back_ms_max = back_ms > victim->back_ms_max ? back_ms : victim->back_ms_max;
        done++;
    }
}

/* ---- The reckoning ---- */

/* How many legs each id has in the database, from ID_FIRST on. Yours to free. */
static unsigned char *legs_read(const struct torture *torture, size_t id_count)
{
    static const char SQL[] = "SELECT acct_id FROM leg";
    AUTO(db_close) struct db *db = server_db(&torture->life->scene.server);
    AUTO(db_rows_clear) struct db_rows rows = { 0 };
    struct error error = { 0 };
    unsigned char *legs = memory_new(id_count + 1);

    assert_true(db_query(db, SQL, DB_NO_VALUES, &rows, &error));
    while (db_next(&rows, &error) == DB_ROW) {
        long id = strtol(db_text(&rows, 0), NULL, 10) - ID_FIRST;
        if (id >= 0 && (size_t)id < id_count && legs[id] < 255) {
            legs[id]++;
        }
    }
    return legs;
}

/* Returns how many ids are in the list of the acknowledged. */
static size_t list_check(const struct torture *torture)
{
    size_t id_count = (size_t)(atomic_load(&torture->next_id) - ID_FIRST);
    AUTO(free) unsigned char *legs = legs_read(torture, id_count);
    AUTO(free) char *list = NULL;
    size_t acknowledged = 0;
    size_t lost = 0;
    size_t doubled = 0;
    size_t size = 0;
    struct error error = { 0 };

    assert_true(file_read(torture->list_path, 64 * MIB, &list, &size, &error));
    for (char *line = list; *line != '\0'; line += strcspn(line, "\n") + 1) {
        long id = strtol(line, NULL, 10) - ID_FIRST;
        assert_in_range(id, 0, id_count - 1);
        lost += legs[id] < 1;
        doubled += legs[id] > 1;
        acknowledged++;
    }
    print_message("    %zu webhooks over %d connections acknowledged: %zu lost, %zu doubled\n",
                  acknowledged, CONNECTIONS, lost, doubled);
    assert_int_equal(lost, 0);
    assert_int_equal(doubled, 0);
    return acknowledged;
}

static void victims_print(void)
{
    int64_t worst_ms = 0;
    size_t kills = 0;

    for (size_t i = 0; i < COUNT_OF(victims); i++) {
        const struct victim *victim = &victims[i];
        print_message(
            "    %-12s killed %3zu times, all was ready again after %lld ms on average, "
            "%lld ms at most\n",
            victim->name, victim->kills,
            (long long)(victim->kills > 0 ? victim->back_ms_sum / (int64_t)victim->kills : 0),
            (long long)victim->back_ms_max);
        worst_ms = victim->back_ms_max > worst_ms ? victim->back_ms_max : worst_ms;
        kills += victim->kills;
    }
    print_message("    %zu kills; at worst it took %lld ms until all was ready again\n", kills,
                  (long long)worst_ms);
}

static int torture_begin(void **state)
{
    struct torture *torture = memory_new(sizeof *torture);
    long seed = number_of("CRASH_SEED", (long)random_below(1000000));

    torture->list = -1;
    torture->kill_count = (size_t)number_of("CRASH_KILLS", KILLS_DEFAULT);
    torture->random = (uint64_t)seed * 2654435761U + 88172645463325252U;
    torture->life = life_make(speech_is_there());
    server_set(&torture->life->scene.server, "LOG_LEVEL", "warn");
    print_message("    %zu kills; CRASH_SEED=%ld chooses the same victims\n", torture->kill_count,
                  seed);
    *state = torture;
    return 0;
}

static int torture_end(void **state)
{
    struct torture *torture = *state;

    atomic_store(&torture->life->is_sender_told_to_stop, true);
    senders_join(torture);
    if (torture->list >= 0) {
        (void)close(torture->list);
    }
    life_bury(torture->life);
    free(torture);
    return 0;
}

static void whatever_dies_nothing_acknowledged_is_lost_and_nothing_is_doubled(void **state)
{
    struct torture *torture = *state;
    struct life *life = torture->life;

    server_start(&life->scene.server);
    senders_start(torture);
    kills_do(torture);
    senders_join(torture);
    victims_print();
    life->pause_ms = 0;
    life_wait(life, REST_MS, true);
    life_check(life, list_check(torture));
    server_stop(&life->scene.server);
    print_message("    %zu recordings stored once%s; %zu drafts of the dead were left and swept\n",
                  life->call_count, life->is_transcribing ? " and transcribed once" : "",
                  drafts_check(life));
    life->is_good = true;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            whatever_dies_nothing_acknowledged_is_lost_and_nothing_is_doubled, torture_begin,
            torture_end),
    };

    (void)setvbuf(stdout, NULL, _IOLBF, 0);
    tree_adopt_orphans();
    return cmocka_run_group_tests_name("torture", tests, NULL, NULL);
}

/*
 * What a webhook costs inside the program, without HTTP: reading the body (cdr/) and keeping it
 * (store/), in transactions of BATCH as group commit makes them. Prints microseconds of processor
 * time a webhook, and pages written to the log; tools/bench runs it under callgrind as well, which
 * counts instructions and so does not feel what else the machine does.
 *
 * usage: intake_cost FOLDER WEBHOOKS BATCH TENANTS
 */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

#include "cdr/cdr.h"
#include "core/rowid.h"
#include "core/text.h"
#include "store/intake.h"
#include "store/migrate.h"
#include "store/tenants.h"

enum { BATCH_MAX = 512, TENANTS_MAX = 1000, WARM_UP = 512 };

/* One UCM record, 800 bytes: %1$s AcctId, %2$d caller, %3$s called, %4$s epoch, %5$d counter. */
static const char BODY[] =
    "{\"AcctId\":\"%1$d\",\"accountcode\":\"\",\"src\":\"%2$d\",\"dst\":\"1415555%3$04d\","
    "\"dcontext\":\"from-internal\",\"clid\":\"\\\"Jos\\u00e9 O'Brien\\\" <%2$d>\","
    "\"channel\":\"PJSIP/%2$d-%1$08x\",\"dstchannel\":\"PJSIP/"
    "trunk_1-%1$08x\",\"lastapp\":\"Dial\","
    "\"lastdata\":\"PJSIP/1415555%3$04d@trunk_1,,TtWw\",\"start\":\"2026-11-22 08:26:40\","
    "\"answer\":\"2026-11-22 08:26:46\",\"end\":\"2026-11-22 08:28:16\",\"duration\":\"96\","
    "\"billsec\":\"90\",\"disposition\":\"ANSWERED\",\"amaflags\":\"DOCUMENTATION\","
    "\"uniqueid\":\"%4$d.%1$d\",\"userfield\":\"Outbound\",\"channel_ext\":\"%2$d\","
    "\"dstchannel_ext\":\"1415555%3$04d\",\"service\":\"s\",\"caller_name\":\"Jos\\u00e9 O'Brien\","
    "\"recordfiles\":\"2026-11/auto-%4$d-%2$d-1415555%3$04d.wav@\","
    "\"dstanswer\":\"1415555%3$04d\",\"session\":\"%4$d%5$06d-%2$d\",\"action_owner\":\"%2$d\","
    "\"action_type\":\"DIAL\",\"src_trunk_name\":\"\",\"dst_trunk_name\":\"trunk_1\"}";

struct bench {
    struct db *db;
    size_t tenant_count;
    struct tenant tenants[TENANTS_MAX];
    struct pbx_row pbxs[TENANTS_MAX];
    struct text bodies[BATCH_MAX];
    struct intake_webhook webhooks[BATCH_MAX];
    struct cdr_batch legs[BATCH_MAX];
    struct arena *arenas[BATCH_MAX];
    int next;
    double read_us, keep_us, commit_us;
};

static void stop_at(const char *what, const struct error *error)
{
    fprintf(stderr, "intake_cost: %s: %s\n", what, error->message);
    exit(1);
}

static double cpu_us(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e6 + (double)now.tv_nsec / 1e3;
}

static void bodies_make(struct bench *bench, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        int n = bench->next++;
        text_clear(&bench->bodies[i]);
        bench->bodies[i] = TEXT_UP_TO(64 * KIB);
        text_print(&bench->bodies[i], BODY, n, 1000 + n % 200, n % 10000, 1763800000 + n / 40,
                   n % 1000000);
    }
}

/* Kept out of line, so that callgrind can be told to count only inside them. */
__attribute__((noinline)) void bench_read(struct bench *bench, size_t count)
{
    struct error error;

    for (size_t i = 0; i < count; i++) {
        const struct text *body = &bench->bodies[i];
        arena_reset(bench->arenas[i]);
        if (!cdr_parse(bench->arenas[i], "application/json", NULL, body->bytes, body->size,
                       &bench->legs[i], &error)) {
            stop_at("read", &error);
        }
    }
}

__attribute__((noinline)) void bench_keep(struct bench *bench, size_t count)
{
    struct error error;
    struct intake_result result;

    if (!db_begin(bench->db, &error)) {
        stop_at("begin", &error);
    }
    for (size_t i = 0; i < count; i++) {
        if (!store_webhook_keep(bench->db, &bench->webhooks[i], &result, &error)) {
            stop_at("keep", &error);
        }
    }
}

__attribute__((noinline)) void bench_commit(struct bench *bench)
{
    struct error error;

    if (!db_commit(bench->db, &error)) {
        stop_at("commit", &error);
    }
}

static void webhooks_make(struct bench *bench, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t tenant = ((size_t)bench->next - count + i) % bench->tenant_count;
        bench->webhooks[i] = (struct intake_webhook){
            .tenant_id = bench->tenants[tenant].id,
            .pbx_id = bench->pbxs[tenant].id,
            .fetch_lane_id = bench->pbxs[tenant].fetch_lane_id,
            .waiting_reason = REASON_WAITING_FIRST_TRY,
            .received_at = time_now(),
            .peer = "192.0.2.7",
            .content_type = "application/json",
            .body = bench->bodies[i].bytes,
            .size = bench->bodies[i].size,
            .legs = bench->legs[i].legs,
            .leg_count = bench->legs[i].leg_count,
            .is_body_the_leg = true,
        };
    }
}

static void round_run(struct bench *bench, size_t batch)
{
    bodies_make(bench, batch);
    double before = cpu_us();
    bench_read(bench, batch);
    double read = cpu_us();
    webhooks_make(bench, batch);
    double made = cpu_us();
    bench_keep(bench, batch);
    double kept = cpu_us();
    bench_commit(bench);
    bench->read_us += read - before;
    bench->keep_us += kept - made;
    bench->commit_us += cpu_us() - kept;
}

static void tenants_make(struct bench *bench)
{
    struct error error;
    char name[32];

    if (!store_migrate(bench->db, &error) || !db_begin(bench->db, &error)) {
        stop_at("migrate", &error);
    }
    for (size_t i = 0; i < bench->tenant_count; i++) {
        struct tenant *tenant = &bench->tenants[i];
        struct pbx_row *pbx = &bench->pbxs[i];
        struct pbx_row *rows = NULL;
        size_t count = 0;
        (void)snprintf(name, sizeof name, "acme%zu", i);
        tenant->id = row_id_new(time_now());
        tenant->subdomain = name;
        tenant->name = name;
        pbx->id = row_id_new(time_now());
        pbx->tenant_id = tenant->id;
        pbx->name = "UCM";
        if (!tenant_add(bench->db, tenant, pbx, &error) ||
            !pbx_row_list(bench->db, bench->arenas[0], tenant->id, &rows, &count, &error)) {
            stop_at("tenant", &error);
        }
        pbx->fetch_lane_id = rows[0].fetch_lane_id;
    }
    if (!db_commit(bench->db, &error)) {
        stop_at("commit", &error);
    }
}

static void bench_open(struct bench *bench, const char *folder)
{
    struct error error;
    char url[4096];

    (void)snprintf(url, sizeof url, "sqlite:%s/cost.db", folder);
    for (size_t i = 0; i < BATCH_MAX; i++) {
        bench->arenas[i] = arena_new(16 * MIB);
    }
    if (!db_open(url, 1000, &bench->db, &error)) {
        stop_at("open", &error);
    }
    tenants_make(bench);
}

static void bench_close(struct bench *bench)
{
    for (size_t i = 0; i < BATCH_MAX; i++) {
        arena_free(bench->arenas[i]);
        text_clear(&bench->bodies[i]);
    }
    db_close(bench->db);
    free(bench);
}

int main(int argc, char **argv)
{
    if (argc != 5) {
        fputs("usage: intake_cost FOLDER WEBHOOKS BATCH TENANTS\n", stderr);
        return 2;
    }
    struct bench *bench = calloc(1, sizeof *bench);
    size_t count = strtoul(argv[2], NULL, 10);
    size_t batch = strtoul(argv[3], NULL, 10);

    bench->tenant_count = strtoul(argv[4], NULL, 10);
    if (batch == 0 || batch > BATCH_MAX || bench->tenant_count == 0 ||
        bench->tenant_count > TENANTS_MAX) {
        fputs("intake_cost: BATCH is 1 to 512, TENANTS 1 to 1000\n", stderr);
        return 2;
    }
    bench_open(bench, argv[1]);
    for (size_t done = 0; done < WARM_UP; done += batch) {
        round_run(bench, batch);
    }
    bench->read_us = bench->keep_us = bench->commit_us = 0;
    size_t done = 0;
    for (; done < count; done += batch) {
        round_run(bench, batch);
    }
    printf("read %.2f us, keep %.2f us, commit %.2f us a webhook (%zu webhooks, %zu a commit)\n",
           bench->read_us / (double)done, bench->keep_us / (double)done,
           bench->commit_us / (double)done, done, batch);
    bench_close(bench);
    return 0;
}

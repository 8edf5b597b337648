/* A fresh database in a folder of its own, with one tenant and one PBX, for each test of the store
 * suite. */
#ifndef TESTS_STORE_FIXTURE_H
#define TESTS_STORE_FIXTURE_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/memory.h"
#include "core/rowid.h"
#include "store/intake.h"
#include "store/jobs.h"
#include "store/migrate.h"
#include "store/tenants.h"

struct fixture {
    char folder[64];
    char url[128];
    struct db *db;
    struct arena *arena;
    int64_t tenant_id;
    int64_t pbx_id;
    int64_t lane_id;
    struct error error;
};

#define MUST(fixture, call)                                                                        \
    do {                                                                                           \
        if (!(call)) {                                                                             \
            fail_msg("%s: %s", #call, (fixture)->error.message);                                   \
        }                                                                                          \
    } while (0)

static inline void fixture_tenant_add(struct fixture *f, const char *subdomain,
                                      int64_t *tenant_id_out, int64_t *pbx_id_out)
{
    struct tenant tenant = { .id = row_id_new(time_now()),
                             .subdomain = subdomain,
                             .name = subdomain,
                             .created_at = time_now() };
    struct pbx_row pbx = {
        .id = row_id_new(time_now()), .tenant_id = tenant.id, .name = "main", .host = "192.0.2.1"
    };

    MUST(f, db_begin(f->db, &f->error));
    MUST(f, tenant_add(f->db, &tenant, &pbx, &f->error));
    MUST(f, db_commit(f->db, &f->error));
    *tenant_id_out = tenant.id;
    *pbx_id_out = pbx.id;
}

static inline int fixture_open(void **state)
{
    struct fixture *f = memory_new(sizeof *f);

    IGNORE(snprintf(f->folder, sizeof f->folder, "/tmp/audiapro-store-XXXXXX"), "fits");
    assert_non_null(mkdtemp(f->folder));
    IGNORE(snprintf(f->url, sizeof f->url, "sqlite:%s/test.db", f->folder), "fits");
    f->arena = arena_new(16 * MIB);
    MUST(f, db_open(f->url, 5000, &f->db, &f->error));
    MUST(f, store_migrate(f->db, &f->error));
    fixture_tenant_add(f, "acme", &f->tenant_id, &f->pbx_id);
    MUST(f, lane_ensure(f->db, LANE_FETCH, f->pbx_id, 2, &f->lane_id, &f->error));
    *state = f;
    return 0;
}

static inline int fixture_close(void **state)
{
    struct fixture *f = *state;

    db_close(f->db);
    arena_free(f->arena);
    MUST(f, folder_remove(f->folder, &f->error));
    free(f);
    return 0;
}

/* Send a body through the parser and the store, as intake does. */
static inline struct intake_result fixture_send(struct fixture *f, const char *body)
{
    struct cdr_batch batch = { 0 };
    struct intake_result result = { 0 };

    MUST(f, cdr_parse(f->arena, "application/json", NULL, body, strlen(body), &batch, &f->error));
    struct intake_webhook webhook = { .tenant_id = f->tenant_id,
                                      .pbx_id = f->pbx_id,
                                      .fetch_lane_id = f->lane_id,
                                      .waiting_reason = REASON_WAITING_FIRST_TRY,
                                      .received_at = time_now(),
                                      .body = body,
                                      .size = strlen(body),
                                      .legs = batch.legs,
                                      .leg_count = batch.leg_count };
    MUST(f, db_begin(f->db, &f->error));
    MUST(f, store_webhook_keep(f->db, &webhook, &result, &f->error));
    MUST(f, db_commit(f->db, &f->error));
    return result;
}

static inline int64_t fixture_count(struct fixture *f, const char *sql)
{
    int64_t count = -1;

    MUST(f, db_run_number(f->db, sql, DB_NO_VALUES, -1, &count, &f->error));
    return count;
}

#endif

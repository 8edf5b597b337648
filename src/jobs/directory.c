/* See directory.h. A list is never changed once made: readers copy what they need under the lock.
 */
#include "jobs/directory.h"

#include <pthread.h>
#include <string.h>

#include "core/log.h"
#include "core/memory.h"
#include "core/time.h"
#include "store/tenants.h"

enum { FRESH_MS = 1000, MISS_FRESH_MS = 50 };

struct row {
    struct directory_entry entry;
    const char *subdomain;
    const char *serial;
    const char *secret; /* NULL: none needed */
};

struct directory {
    const struct world *world;
    struct db *db;
    pthread_mutex_t lock;
    struct arena *arena;
    struct row *rows;
    size_t row_count;
    int64_t read_at_ms; /* monotonic */
    bool is_read;
};

bool directory_open(const struct world *world, struct directory **directory_out,
                    struct error *error)
{
    struct directory *directory = memory_new(sizeof *directory);

    directory->world = world;
    IGNORE(pthread_mutex_init(&directory->lock, NULL), "cannot fail with these attributes");
    if (!db_open(world->database_url, 5000, &directory->db, error)) {
        directory_close(directory);
        return false;
    }
    *directory_out = directory;
    return true;
}

void directory_close(struct directory *directory)
{
    if (directory != NULL) {
        for (size_t i = 0; i < directory->row_count; i++) {
            if (directory->rows[i].secret != NULL) {
                secret_wipe((void *)directory->rows[i].secret, strlen(directory->rows[i].secret));
            }
        }
        db_close(directory->db);
        arena_free(directory->arena);
        (void)pthread_mutex_destroy(&directory->lock);
        free(directory);
    }
}

/* The opened secret in the arena; one that does not open admits nobody, and the log says why. */
static const char *secret_open(const struct world *world, struct arena *arena,
                               const struct tenant *tenant)
{
    char name[SECRET_NAME_SIZE];
    struct error error;
    AUTO(secret_free) char *secret = NULL;

    if (tenant->webhook_secret == NULL) {
        return NULL;
    }
    if (!vault_unseal(world->vault, secret_name_webhook(tenant->id, name), tenant->webhook_secret,
                      &secret, NULL, &error)) {
        log_error("tenant.secret_unreadable", "tenant", tenant->subdomain, "error", error.message,
                  "advice", "set it anew: audiapro tenant secret", NULL);
        return "";
    }
    return arena_copy_text(arena, secret);
}

static enum reason waiting_reason(const struct pbx_row *pbx)
{
    if (pbx->host == NULL || pbx->username == NULL) {
        return REASON_PBX_NOT_CONFIGURED;
    }
    return pbx->stop_reason != NULL ? reason_from_code(pbx->stop_reason) : REASON_WAITING_FIRST_TRY;
}

static bool rows_of_tenant(struct directory *directory, struct arena *arena,
                           const struct tenant *tenant, struct row *rows, size_t *count,
                           struct error *error)
{
    struct pbx_row *pbxs = NULL;
    size_t pbx_count = 0;
    const char *secret = secret_open(directory->world, arena, tenant);

    if (!pbx_row_list(directory->db, arena, tenant->id, &pbxs, &pbx_count, error)) {
        return false;
    }
    for (size_t i = 0; i < pbx_count; i++) {
        rows[(*count)++] = (struct row){
            .entry = { .tenant_id = tenant->id,
                       .pbx_id = pbxs[i].id,
                       .fetch_lane_id = pbxs[i].fetch_lane_id,
                       .waiting_reason = waiting_reason(&pbxs[i]),
                       .has_secret = secret != NULL,
                       .is_suspended = tenant->is_suspended },
            .subdomain = tenant->subdomain,
            .serial = pbxs[i].serial,
            .secret = secret,
        };
    }
    return true;
}

static bool directory_read(struct directory *directory, struct error *error)
{
    static const char SQL_COUNT[] = "SELECT count(*) FROM pbx";
    AUTO(arena_free) struct arena *arena = arena_new(64 * MIB);
    struct tenant *tenants = NULL;
    size_t tenant_count = 0;
    size_t count = 0;
    int64_t room = 0;

    if (!db_run_number(directory->db, SQL_COUNT, DB_NO_VALUES, 0, &room, error) ||
        !tenant_list(directory->db, arena, &tenants, &tenant_count, error)) {
        return false;
    }
    struct row *rows = arena_take(arena, ((size_t)room + 1) * sizeof *rows);
    for (size_t i = 0; i < tenant_count && count < (size_t)room; i++) {
        if (!rows_of_tenant(directory, arena, &tenants[i], rows, &count, error)) {
            return false;
        }
    }
    arena_free(directory->arena);
    directory->arena = TAKE(arena);
    directory->rows = rows;
    directory->row_count = count;
    directory->read_at_ms = time_monotonic_ms();
    directory->is_read = true;
    return true;
}

/* Rows are sorted by subdomain: tenant_list() promises it. */
static const struct row *row_search(const struct directory *directory, const char *subdomain)
{
    size_t low = 0;
    size_t high = directory->row_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (strcmp(directory->rows[middle].subdomain, subdomain) < 0) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    bool is_there =
        low < directory->row_count && strcmp(directory->rows[low].subdomain, subdomain) == 0;
    return is_there ? &directory->rows[low] : NULL;
}

static const struct row *row_with_serial(const struct directory *directory, const struct row *first,
                                         const char *serial)
{
    const struct row *end = directory->rows + directory->row_count;

    for (const struct row *row = first;
         row < end && serial != NULL && row->entry.tenant_id == first->entry.tenant_id; row++) {
        if (row->serial != NULL && strcmp(row->serial, serial) == 0) {
            return row;
        }
    }
    return first;
}

bool directory_find(struct directory *directory, const char *subdomain, const char *serial,
                    struct directory_entry *entry_out, bool *found_out, struct error *error)
{
    bool is_fine = true;

    (void)pthread_mutex_lock(&directory->lock);
    const struct row *row = directory->is_read ? row_search(directory, subdomain) : NULL;
    int64_t age_ms = time_monotonic_ms() - directory->read_at_ms;
    if (!directory->is_read || age_ms > (row != NULL ? FRESH_MS : MISS_FRESH_MS)) {
        is_fine = directory_read(directory, error);
        row = is_fine ? row_search(directory, subdomain) : NULL;
    }
    *found_out = row != NULL;
    if (row != NULL) {
        *entry_out = row_with_serial(directory, row, serial)->entry;
    }
    (void)pthread_mutex_unlock(&directory->lock);
    return is_fine;
}

bool directory_admits(struct directory *directory, const struct directory_entry *entry,
                      const char *secret)
{
    bool is_admitted = !entry->has_secret;

    (void)pthread_mutex_lock(&directory->lock);
    for (size_t i = 0; i < directory->row_count && !is_admitted; i++) {
        const struct row *row = &directory->rows[i];
        if (row->entry.pbx_id == entry->pbx_id) {
            is_admitted = row->secret == NULL || (row->secret[0] != '\0' && secret != NULL &&
                                                  secret_equal(row->secret, secret));
            break;
        }
    }
    (void)pthread_mutex_unlock(&directory->lock);
    return is_admitted;
}

/* See intake.h. */
#include "jobs/intake.h"

#include <pthread.h>

#include "core/crash.h"
#include "core/log.h"
#include "core/memory.h"
#include "store/checkpoint.h"

enum { WAITING_MAX = 8192, BATCH_MAX = 512 };

struct intake {
    struct db *db;
    struct checkpointer *checkpointer;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t arrived;
    struct intake_item *first; /* Oldest first. */
    struct intake_item **last;
    size_t waiting_count;
    bool is_stopping;
    bool is_broken;
};

/* Up to BATCH_MAX items, oldest first; NULL when intake stops and none waits. */
static struct intake_item *batch_take(struct intake *intake)
{
    (void)pthread_mutex_lock(&intake->lock);
    while (intake->first == NULL && !intake->is_stopping) {
        (void)pthread_cond_wait(&intake->arrived, &intake->lock);
    }
    struct intake_item *batch = intake->first;
    struct intake_item **end = &intake->first;
    for (size_t i = 0; i < BATCH_MAX && *end != NULL; i++) {
        end = &(*end)->next;
        intake->waiting_count--;
    }
    struct intake_item *rest = batch != NULL ? *end : NULL;
    if (batch != NULL) {
        *end = NULL;
    }
    intake->first = rest;
    if (rest == NULL) {
        intake->last = &intake->first;
    }
    (void)pthread_mutex_unlock(&intake->lock);
    return batch;
}

static bool batch_write(struct intake *intake, struct intake_item *batch, struct error *error)
{
    crash_point("intake.taken");
    if (!db_begin(intake->db, error)) {
        return false;
    }
    for (struct intake_item *item = batch; item != NULL; item = item->next) {
        if (!store_webhook_keep(intake->db, &item->webhook, &item->result, error)) {
            db_rollback(intake->db);
            return false;
        }
    }
    crash_point("intake.written");
    if (!db_commit(intake->db, error)) {
        db_rollback(intake->db);
        return false;
    }
    crash_point("intake.committed");
    return true;
}

static void batch_done(struct intake_item *batch, bool is_kept, const struct error *error)
{
    while (batch != NULL) {
        struct intake_item *next = batch->next;
        batch->next = NULL;
        batch->is_kept = is_kept;
        if (!is_kept) {
            batch->error = *error;
        }
        batch->done(batch); /* Gone after this. */
        batch = next;
    }
}

static void intake_break(struct intake *intake, const struct error *error)
{
    (void)pthread_mutex_lock(&intake->lock);
    intake->is_broken = true;
    (void)pthread_mutex_unlock(&intake->lock);
    log_error(
        "intake.broken", "error", error->message, "advice",
        "the disk or the database failed; webhooks are refused until this process starts anew",
        NULL);
}

/* One item that the database refuses must not take the others of its batch down with it. */
static void batch_settle(struct intake *intake, struct intake_item *batch)
{
    struct error error = { 0 };

    if (batch_write(intake, batch, &error)) {
        batch_done(batch, true, &error);
        if (!checkpointer_turn(intake->checkpointer, &error)) {
            intake_break(intake, &error);
        }
        return;
    }
    if (error.kind == ERROR_SYSTEM || error.kind == ERROR_CORRUPT) {
        intake_break(intake, &error);
    }
    if (error.kind != ERROR_INVALID || batch->next == NULL) {
        log_error("intake.refused", "error", error.message, NULL);
        batch_done(batch, false, &error);
        return;
    }
    while (batch != NULL) {
        struct intake_item *next = batch->next;
        batch->next = NULL;
        batch_settle(intake, batch);
        batch = next;
    }
}

static void *intake_run(void *argument)
{
    struct intake *intake = argument;

    for (struct intake_item *batch = batch_take(intake); batch != NULL;
         batch = batch_take(intake)) {
        if (intake_is_broken(intake)) {
            struct error error = { .kind = ERROR_SYSTEM, .message = "the database has failed" };
            batch_done(batch, false, &error);
        } else {
            batch_settle(intake, batch);
        }
    }
    return NULL;
}

bool intake_start(const struct world *world, struct intake **intake_out, struct error *error)
{
    struct intake *intake = memory_new(sizeof *intake);

    intake->last = &intake->first;
    if (!db_open(world->database_url, 10000, &intake->db, error) ||
        !checkpointer_start(world->database_url, intake->db, &intake->checkpointer, error)) {
        db_close(intake->db);
        free(intake);
        return false;
    }
    IGNORE(pthread_mutex_init(&intake->lock, NULL), "cannot fail with these attributes");
    IGNORE(pthread_cond_init(&intake->arrived, NULL), "cannot fail with these attributes");
    if (pthread_create(&intake->thread, NULL, intake_run, intake) != 0) {
        checkpointer_stop(intake->checkpointer);
        db_close(intake->db);
        free(intake);
        return error_set(error, ERROR_SYSTEM, "cannot start the intake thread");
    }
    *intake_out = intake;
    return true;
}

void intake_stop(struct intake *intake)
{
    if (intake == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&intake->lock);
    intake->is_stopping = true;
    (void)pthread_cond_signal(&intake->arrived);
    (void)pthread_mutex_unlock(&intake->lock);
    (void)pthread_join(intake->thread, NULL);
    checkpointer_stop(intake->checkpointer);
    db_close(intake->db);
    (void)pthread_cond_destroy(&intake->arrived);
    (void)pthread_mutex_destroy(&intake->lock);
    free(intake);
}

bool intake_submit(struct intake *intake, struct intake_item *item)
{
    item->next = NULL;
    (void)pthread_mutex_lock(&intake->lock);
    bool is_taken =
        !intake->is_broken && !intake->is_stopping && intake->waiting_count < WAITING_MAX;
    if (is_taken) {
        bool was_empty = intake->first == NULL;
        *intake->last = item;
        intake->last = &item->next;
        intake->waiting_count++;
        if (was_empty) {
            (void)pthread_cond_signal(&intake->arrived);
        }
    }
    (void)pthread_mutex_unlock(&intake->lock);
    return is_taken;
}

bool intake_is_broken(struct intake *intake)
{
    (void)pthread_mutex_lock(&intake->lock);
    bool is_broken = intake->is_broken;
    (void)pthread_mutex_unlock(&intake->lock);
    return is_broken;
}

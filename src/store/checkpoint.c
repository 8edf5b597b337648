/* See checkpoint.h. */
#include "store/checkpoint.h"

#include <pthread.h>

#include "core/memory.h"

static const int64_t STEP_SIZE = 16 * MIB; /* Copied each time that it has grown by so much. */
static const int64_t LOG_SIZE = 64 * MIB;  /* From here on it begins anew. */

enum phase {
    PHASE_IDLE,    /* The log may grow. */
    PHASE_WORKING, /* The thread copies. */
    PHASE_COPIED,  /* The writer's turn: the small rest, when the log is to begin anew. */
};

struct checkpointer {
    struct db *writer;
    struct db *db; /* The thread's own. */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wanted;
    enum phase phase;    /* Under the lock. */
    bool is_ending;      /* Under the lock: after this copy the log is to begin anew. */
    bool is_stopping;    /* Under the lock. */
    struct error error;  /* Under the lock: why the thread could not; kind ERROR_NONE: it could. */
    int64_t size_before; /* The writer's own: of the log, after the last turn. */
    int64_t size_wanted; /* The writer's own: at which it is copied next. */
};

/* What is added during the first copy would hold up the writer, were it not copied as well. Busy is
 * fine: then somebody else copies. */
static bool log_copy(struct checkpointer *checkpointer, bool is_ending, struct error *error)
{
    for (int i = 0; i < (is_ending ? 2 : 1); i++) {
        if (!db_log_empty(checkpointer->db, error)) {
            return error->kind == ERROR_BUSY;
        }
    }
    return true;
}

static void *checkpointer_run(void *argument)
{
    struct checkpointer *checkpointer = argument;

    (void)pthread_mutex_lock(&checkpointer->lock);
    while (!checkpointer->is_stopping) {
        if (checkpointer->phase != PHASE_WORKING) {
            (void)pthread_cond_wait(&checkpointer->wanted, &checkpointer->lock);
            continue;
        }
        struct error error = { 0 };
        bool is_ending = checkpointer->is_ending;
        (void)pthread_mutex_unlock(&checkpointer->lock);
        bool is_fine = log_copy(checkpointer, is_ending, &error);
        (void)pthread_mutex_lock(&checkpointer->lock);
        if (!is_fine) {
            checkpointer->error = error;
        }
        checkpointer->phase = PHASE_COPIED;
    }
    (void)pthread_mutex_unlock(&checkpointer->lock);
    return NULL;
}

bool checkpointer_turn(struct checkpointer *checkpointer, struct error *error)
{
    int64_t size = db_log_size(checkpointer->writer);
    bool is_rest = false;

    if (size < checkpointer->size_before) {
        checkpointer->size_wanted = STEP_SIZE; /* It has begun anew. */
    }
    checkpointer->size_before = size;
    (void)pthread_mutex_lock(&checkpointer->lock);
    if (checkpointer->phase == PHASE_IDLE && size >= checkpointer->size_wanted) {
        checkpointer->phase = PHASE_WORKING;
        checkpointer->is_ending = size >= LOG_SIZE;
        (void)pthread_cond_signal(&checkpointer->wanted);
    } else if (checkpointer->phase == PHASE_COPIED) {
        checkpointer->phase = PHASE_IDLE;
        checkpointer->size_wanted = size + STEP_SIZE;
        is_rest = checkpointer->is_ending;
    }
    *error = checkpointer->error;
    (void)pthread_mutex_unlock(&checkpointer->lock);
    if (error->kind != ERROR_NONE) {
        return false;
    }
    return !is_rest || db_log_empty(checkpointer->writer, error) || error->kind == ERROR_BUSY;
}

bool checkpointer_start(const char *database_url, struct db *writer,
                        struct checkpointer **checkpointer_out, struct error *error)
{
    struct checkpointer *checkpointer = memory_new(sizeof *checkpointer);

    checkpointer->writer = writer;
    checkpointer->size_wanted = STEP_SIZE;
    if (!db_open(database_url, 10000, &checkpointer->db, error)) {
        free(checkpointer);
        return false;
    }
    IGNORE(pthread_mutex_init(&checkpointer->lock, NULL), "cannot fail with these attributes");
    IGNORE(pthread_cond_init(&checkpointer->wanted, NULL), "cannot fail with these attributes");
    if (pthread_create(&checkpointer->thread, NULL, checkpointer_run, checkpointer) != 0) {
        db_close(checkpointer->db);
        free(checkpointer);
        return error_set(error, ERROR_SYSTEM, "cannot start the thread that empties the log");
    }
    db_log_leave(writer);
    *checkpointer_out = checkpointer;
    return true;
}

void checkpointer_stop(struct checkpointer *checkpointer)
{
    if (checkpointer == NULL) {
        return;
    }
    (void)pthread_mutex_lock(&checkpointer->lock);
    checkpointer->is_stopping = true;
    (void)pthread_cond_signal(&checkpointer->wanted);
    (void)pthread_mutex_unlock(&checkpointer->lock);
    (void)pthread_join(checkpointer->thread, NULL);
    db_close(checkpointer->db);
    (void)pthread_cond_destroy(&checkpointer->wanted);
    (void)pthread_mutex_destroy(&checkpointer->lock);
    free(checkpointer);
}

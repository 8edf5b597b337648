/* Database connections for handlers: as many as can be busy at once, opened at the start. */
#include "api/inside.h"

bool pool_open(struct pool *pool, const char *url, struct error *error)
{
    IGNORE(pthread_mutex_init(&pool->lock, NULL), "cannot fail with these attributes");
    IGNORE(pthread_cond_init(&pool->returned, NULL), "cannot fail with these attributes");
    while (pool->free_count < POOL_SIZE) {
        if (!db_open(url, 10000, &pool->free[pool->free_count], error)) {
            return false;
        }
        pool->free_count++;
    }
    return true;
}

void pool_close(struct pool *pool)
{
    for (size_t i = 0; i < pool->free_count; i++) {
        db_close(pool->free[i]);
    }
    pool->free_count = 0;
}

struct db *pool_take(struct pool *pool)
{
    (void)pthread_mutex_lock(&pool->lock);
    while (pool->free_count == 0) {
        (void)pthread_cond_wait(&pool->returned, &pool->lock);
    }
    struct db *db = pool->free[--pool->free_count];
    (void)pthread_mutex_unlock(&pool->lock);
    return db;
}

void pool_give(struct pool *pool, struct db *db)
{
    (void)pthread_mutex_lock(&pool->lock);
    pool->free[pool->free_count++] = db;
    (void)pthread_cond_signal(&pool->returned);
    (void)pthread_mutex_unlock(&pool->lock);
}

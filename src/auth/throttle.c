/*
 * See throttle.h. A table of sets: a key's keyed hash names its set, and it may stand in any of the
 * set's places. When all are taken the one with the fewest live attempts goes, so that a flood of
 * one-try addresses cannot push out an account under attack.
 */
#include "auth/throttle.h"

#include <pthread.h>
#include <sodium.h>
#include <string.h>

#include "core/memory.h"
#include "core/random.h"

enum { SET_COUNT = 512, SET_SIZE = 8, HASH_SIZE = 16 };

struct entry {
    uint8_t hash[HASH_SIZE];
    int64_t attempts_ms[THROTTLE_ATTEMPT_COUNT_MAX]; /* Oldest first. */
    int count;                                       /* 0: the place is free. */
};

struct throttle {
    pthread_mutex_t lock;
    uint8_t key[crypto_generichash_KEYBYTES];
    struct entry entries[SET_COUNT][SET_SIZE];
};

struct throttle *throttle_new(void)
{
    struct throttle *throttle = memory_new(sizeof *throttle);

    (void)pthread_mutex_init(&throttle->lock, NULL);
    random_bytes(throttle->key, sizeof throttle->key);
    return throttle;
}

void throttle_free(struct throttle *throttle)
{
    if (throttle != NULL) {
        (void)pthread_mutex_destroy(&throttle->lock);
        free(throttle);
    }
}

static struct entry *set_of(struct throttle *throttle, const char *key, uint8_t hash[HASH_SIZE])
{
    (void)crypto_generichash(hash, HASH_SIZE, (const uint8_t *)key, strlen(key), throttle->key,
                             sizeof throttle->key);
    return throttle->entries[(hash[0] | hash[1] << 8) % SET_COUNT];
}

static struct entry *entry_find(struct entry *set, const uint8_t hash[HASH_SIZE])
{
    for (int i = 0; i < SET_SIZE; i++) {
        if (set[i].count > 0 && memcmp(set[i].hash, hash, HASH_SIZE) == 0) {
            return &set[i];
        }
    }
    return NULL;
}

static void entry_expire(struct entry *entry, int64_t now_ms)
{
    int expired = 0;

    while (expired < entry->count && now_ms - entry->attempts_ms[expired] >= THROTTLE_WINDOW_MS) {
        expired++;
    }
    entry->count -= expired;
    memmove(entry->attempts_ms, entry->attempts_ms + expired,
            (size_t)entry->count * sizeof entry->attempts_ms[0]);
}

static struct entry *entry_make(struct entry *set, const uint8_t hash[HASH_SIZE], int64_t now_ms)
{
    struct entry *chosen = &set[0];

    for (int i = 0; i < SET_SIZE; i++) {
        entry_expire(&set[i], now_ms);
        bool is_older = set[i].count == chosen->count && set[i].count > 0 &&
                        set[i].attempts_ms[0] < chosen->attempts_ms[0];
        if (set[i].count < chosen->count || is_older) {
            chosen = &set[i];
        }
    }
    memcpy(chosen->hash, hash, HASH_SIZE);
    chosen->count = 0;
    return chosen;
}

bool throttle_take(struct throttle *throttle, const char *key, int64_t now_ms, int64_t *wait_ms_out)
{
    uint8_t hash[HASH_SIZE];
    struct entry *set = set_of(throttle, key, hash);

    (void)pthread_mutex_lock(&throttle->lock);
    struct entry *entry = entry_find(set, hash);
    if (entry == NULL) {
        entry = entry_make(set, hash, now_ms);
    }
    entry_expire(entry, now_ms);
    bool is_allowed = entry->count < THROTTLE_ATTEMPT_COUNT_MAX;
    if (is_allowed) {
        entry->attempts_ms[entry->count++] = now_ms;
    } else if (wait_ms_out != NULL) {
        *wait_ms_out = entry->attempts_ms[0] + THROTTLE_WINDOW_MS - now_ms;
    }
    (void)pthread_mutex_unlock(&throttle->lock);
    return is_allowed;
}

void throttle_give_back(struct throttle *throttle, const char *key)
{
    uint8_t hash[HASH_SIZE];
    struct entry *set = set_of(throttle, key, hash);

    (void)pthread_mutex_lock(&throttle->lock);
    struct entry *entry = entry_find(set, hash);
    if (entry != NULL) {
        entry->count--;
    }
    (void)pthread_mutex_unlock(&throttle->lock);
}

void throttle_clear(struct throttle *throttle, const char *key)
{
    uint8_t hash[HASH_SIZE];
    struct entry *set = set_of(throttle, key, hash);

    (void)pthread_mutex_lock(&throttle->lock);
    struct entry *entry = entry_find(set, hash);
    if (entry != NULL) {
        entry->count = 0;
    }
    (void)pthread_mutex_unlock(&throttle->lock);
}

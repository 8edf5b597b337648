/* See rowid.h. The last id given out is kept, so that ids of one process strictly grow. */
#include "core/rowid.h"

#include <stdatomic.h>
#include <stdio.h>

#include "core/random.h"

enum { COUNTER_BITS = 22 };
static const time_ms EPOCH_2020 = 1577836800000;

int64_t row_id_new(time_ms now)
{
    static _Atomic int64_t last_id;
    time_ms since = now > EPOCH_2020 ? now - EPOCH_2020 : 0;
    int64_t instant = since << COUNTER_BITS;
    int64_t last = atomic_load(&last_id);
    int64_t id;

    do {
        bool is_new_instant = instant >> COUNTER_BITS > last >> COUNTER_BITS;
        id = is_new_instant ? instant + 1 + (int64_t)random_below(1U << (COUNTER_BITS - 1))
                            : last + 1;
    } while (!atomic_compare_exchange_weak(&last_id, &last, id));
    return id;
}

time_ms row_id_made_at(int64_t id)
{
    return (id >> COUNTER_BITS) + EPOCH_2020;
}

int64_t row_id_first_at(time_ms at)
{
    return at > EPOCH_2020 ? (at - EPOCH_2020) << COUNTER_BITS : 0;
}

const char *row_id_print(int64_t id, char text_out[ROW_ID_TEXT_SIZE])
{
    IGNORE(snprintf(text_out, ROW_ID_TEXT_SIZE, "%016llx", (unsigned long long)id), "exactly fits");
    return text_out;
}

bool row_id_parse(const char *text, int64_t *id_out)
{
    uint64_t id = 0;

    for (int i = 0; i < ROW_ID_TEXT_SIZE - 1; i++) {
        char c = text[i];
        if (c >= '0' && c <= '9') {
            id = id << 4 | (uint64_t)(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            id = id << 4 | (uint64_t)(c - 'a' + 10);
        } else {
            return false;
        }
    }
    if (text[ROW_ID_TEXT_SIZE - 1] != '\0' || id == 0 || id > INT64_MAX) {
        return false;
    }
    *id_out = (int64_t)id;
    return true;
}

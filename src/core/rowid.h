/*
 * Row ids: 63-bit numbers that sort by the time they were made, so that any process can name a row
 * before the database has seen it and new rows go to the end of every index.
 *
 * Layout: milliseconds since 2020 (41 bits, until 2089), then 22 bits that start at random in each
 * millisecond and count up within one process. Outside the program an id is 16 lower-case hex
 * digits.
 */
#ifndef CORE_ROWID_H
#define CORE_ROWID_H

#include <stdbool.h>
#include <stdint.h>

#include "core/macros.h"
#include "core/time.h"

/* Safe to call from several threads. Always > 0. */
int64_t row_id_new(time_ms now);
/* The instant an id was made at. */
time_ms row_id_made_at(int64_t id);

/* The bound between ids made before the instant and those made at it or later. */
int64_t row_id_first_at(time_ms at);

enum { ROW_ID_TEXT_SIZE = 17 };
const char *row_id_print(int64_t id, char text_out[ROW_ID_TEXT_SIZE]);
/* False when it is not exactly 16 lower-case hex digits, or 0, or negative. */
MUST_USE bool row_id_parse(const char *text, int64_t *id_out);

#endif

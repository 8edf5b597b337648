/*
 * Empties the database's log beside the one who writes to it (SQLite's WAL must be copied to its
 * place now and then, or it grows for ever).
 *
 * Within a commit that copy would hold up every webhook for tens of milliseconds. So a thread does
 * it, with a connection of its own, while the writer goes on. Only when the log has become large
 * does the writer wait, for the small rest: the log begins anew when nothing is added meanwhile.
 */
#ifndef STORE_CHECKPOINT_H
#define STORE_CHECKPOINT_H

#include "store/db.h"

struct checkpointer;

/* `writer` leaves its log to us from now on. Both live until the end. */
MUST_USE bool checkpointer_start(const char *database_url, struct db *writer,
                                 struct checkpointer **checkpointer_out, struct error *error);
/* NULL is fine. */
void checkpointer_stop(struct checkpointer *checkpointer);

/* The writer's thread, after each commit; nearly always cheap. False: the disk failed, and nobody
 * knows what is on it; what was committed is safe in the log. */
MUST_USE bool checkpointer_turn(struct checkpointer *checkpointer, struct error *error);

#endif

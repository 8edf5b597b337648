/*
 * Where recordings lie. A blob comes into being whole or not at all: it is written to a draft, and
 * keeping the draft under its key is one step that survives a power cut.
 *
 * Keys are ours ("acme/2026/02/05/0190…/0190….wav"), never a PBX's name: 1 to 512 of a-z 0-9 . _ -
 * and '/', no empty segment, no segment that starts with a dot.
 */
#ifndef BLOB_BLOB_H
#define BLOB_BLOB_H

#include <stdint.h>

#include "core/error.h"
#include "core/time.h"

struct blob;

enum { BLOB_KEY_SIZE_MAX = 512 };

/* Local disk: `folder` is made when it is not there. */
MUST_USE bool blob_open_local(const char *folder, struct blob **blob_out, struct error *error);
void blob_close(struct blob *blob);
DEFINE_AUTO(blob_close, struct blob *, NULL)

/* A file to write to, open for reading and writing, that nobody else sees. */
struct blob_draft {
    struct blob *blob;
    int file; /* -1: none */
    char name[64];
};
MUST_USE bool blob_begin(struct blob *blob, struct blob_draft *draft_out, struct error *error);
/* Make the draft the blob of that key, in place of an older one; durable on return. The draft is
 * used up. ERROR_SYSTEM when the storage fails; the draft is then gone as well. */
MUST_USE bool blob_keep(struct blob_draft *draft, const char *key, struct error *error);
/* Throw it away. One that was kept, or never begun, is fine. */
void blob_discard(struct blob_draft *draft);
DEFINE_AUTO_CLEAR(blob_discard, struct blob_draft)

/* Open for reading; the descriptor is yours. ERROR_NOT_FOUND when there is none. */
MUST_USE bool blob_read(struct blob *blob, const char *key, int *file_out, uint64_t *size_out,
                        struct error *error);
/* A blob as its storage knows it. */
struct blob_entry {
    const char *key;
    uint64_t size;
    time_ms modified_at;
};
/* ERROR_NOT_FOUND when there is none. entry_out->key is `key`. */
MUST_USE bool blob_stat(struct blob *blob, const char *key, struct blob_entry *entry_out,
                        struct error *error);
/* Tell each blob whose key begins with `prefix` (whole segments: "" or "acme/"), in no order and in
 * bounded memory; drafts are none. What comes or goes meanwhile may be told or not. On local disk a
 * stray file whose name is no key is told as well. `visit` returns false, with *error set, to end.
 */
MUST_USE bool blob_walk(struct blob *blob, const char *prefix,
                        bool (*visit)(const struct blob_entry *entry, void *context,
                                      struct error *error),
                        void *context, struct error *error);
/* Give a blob another key, durably. ERROR_NOT_FOUND: there is none; ERROR_INVALID: the new key is
 * taken, or one is no key. */
MUST_USE bool blob_move(struct blob *blob, const char *key, const char *to_key,
                        struct error *error);
MUST_USE bool blob_remove(struct blob *blob, const char *key, struct error *error);

/* Is there less than `bytes` of room? False when it cannot be told. */
bool blob_is_nearly_full(struct blob *blob, uint64_t bytes);
/* How many bytes are free for us, and how many there are in all. */
MUST_USE bool blob_room(struct blob *blob, uint64_t *free_out, uint64_t *total_out,
                        struct error *error);
/* Write a small blob, read it back, compare, remove it. */
MUST_USE bool blob_check(struct blob *blob, struct error *error);
/* Remove drafts (and what blob_check() wrote) that nobody has touched since `before_at`: what a
 * process left that died. */
MUST_USE bool blob_sweep(struct blob *blob, time_ms before_at, int *removed_out,
                         struct error *error);

#endif

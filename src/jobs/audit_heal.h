/* The hands of the audit: reading a stored file back, and wanting it again. Used by audit.c. */
#ifndef JOBS_AUDIT_HEAL_H
#define JOBS_AUDIT_HEAL_H

#include "core/arena.h"
#include "jobs/chores.h"
#include "store/audit.h"

/* Where files are laid aside. No subdomain has a '_', so no recording's key begins so. */
#define AUDIT_ASIDE "lost_and_found/"

enum audit_fault {
    FAULT_NONE,
    FAULT_MISSING,
    FAULT_UNREADABLE,
    FAULT_SIZE,
    FAULT_HASH,
    FAULT_ORPHAN,
    FAULT_DATABASE,
    FAULT_AWAY,
};

/* Reads files one after another, no faster than told, and leaves none of them in the page cache. */
struct audit_reader {
    struct blob *blob;
    const struct chore_run *chore; /* NULL: nobody is asked whether to go on. */
    char *buffer;
    int64_t bytes_per_s_max;
    int64_t begun_at_ms; /* monotonic */
    int64_t byte_count;
};
void audit_reader_init(struct audit_reader *reader, struct blob *blob, int64_t bytes_per_s_max,
                       const struct chore_run *chore);
void audit_reader_close(struct audit_reader *reader);

/* Is the file as its row says? Its bytes are read only when `is_read`. False only when it was cut
 * short by the end of the process (ERROR_BUSY). */
MUST_USE bool audit_file_judge(struct audit_reader *reader, const struct audit_file *file,
                               bool is_read, enum audit_fault *fault_out, struct error *error);
/* Does a recording's row name this file, or will a fetch that is due put another in its place? */
MUST_USE bool audit_file_is_named(struct db *db, const char *key, bool *named_out,
                                  struct error *error);

/* The recording's file was found wrong: it is looked at once more, then wanted again, and what lies
 * there is laid aside. Nothing changes where all is well by now, or its PBX is gone. */
MUST_USE bool audit_heal_file(const struct world *world, struct db *db, struct arena *arena,
                              struct audit_reader *reader, int64_t recording_id, const char *what,
                              time_ms now, bool *changed_out, struct error *error);
/* The recording's row is wrong: stored where its file is whole, else wanted again. */
MUST_USE bool audit_heal_row(const struct world *world, struct db *db, struct arena *arena,
                             struct audit_reader *reader, int64_t recording_id, const char *what,
                             time_ms now, bool *changed_out, struct error *error);
MUST_USE bool audit_lay_aside(struct blob *blob, const char *key, struct error *error);

#endif

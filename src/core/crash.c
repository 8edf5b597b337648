/* See crash.h. Beside the log's, the only state of the program: set before threads start, and only
 * the counter changes after. */
#include "core/crash.h"

#include <assert.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* In the order of the pipeline: one row for each arrow of jobs/DESIGN.md that can be cut. */
static const struct crash_row rows[] = {
    { "intake.taken", "http", "a webhook is read, nothing of it is written", false },
    { "intake.written", "http", "its rows are written, not committed", false },
    { "intake.committed", "http", "committed, and the sender never hears of it", false },

    { "fetch.claimed", "collect", "the job is ours, nothing is done", false },
    { "fetch.login_taken", "collect", "the PBX's one login is ours and not given back", false },
    { "fetch.draft_begun", "collect", "an empty draft lies about", false },
    { "fetch.downloaded", "collect", "the draft is whole, not on disk", false },
    { "blob.synced", "collect", "on disk, under no name", false },
    { "blob.renamed", "collect", "named, and the name is not on disk", false },
    { "fetch.kept", "collect", "kept, and the database knows nothing", false },
    { "fetch.written", "collect", "'stored' is written, not committed", false },
    { "fetch.committed", "collect", "committed, and nobody was woken", false },

    { "reconcile.claimed", "collect", "the PBX's own job is ours, nothing is asked", false },
    { "reconcile.written", "collect", "a page's calls are written, not committed", false },
    { "reconcile.committed", "collect", "a page is committed, the others are not", false },
    { "reconcile.polled", "collect", "all pages are in, and the next poll does not know", false },
    { "import.walked", "collect", "a day of history is in, and the order does not know", false },

    { "transcribe.claimed", "speech", "the job is ours, nothing is done", false },
    { "transcribe.child_works", "speech", "the role dies while its child works", false },
    { "transcribe.child_dies", "speech", "the child dies while it works", true },
    { "transcribe.written", "speech", "'ready' is written, not committed", false },
    { "transcribe.committed", "speech", "committed, and nobody was woken", false },

    { "analyse.claimed", "insight", "the job is ours, nothing is done", false },
    { "analyse.written", "insight", "the insight is written, not committed", false },
    { "analyse.committed", "insight", "committed, and nobody was woken", false },

    { "janitor.begun", "collect", "nothing is swept", false },
    { "janitor.drafts_swept", "collect", "the drafts are swept, the rest is not", false },
    { NULL, NULL, NULL, false },
};

bool crash_is_armed;

static struct {
    const char *name;
    long strikes_at; /* The passing that is the last. */
    const char *marker_path;
    atomic_long passed;
} armed;

const struct crash_row *crash_rows(void)
{
    return rows;
}

static const struct crash_row *row_find(const char *name, size_t size)
{
    for (const struct crash_row *row = rows; row->name != NULL; row++) {
        if (strlen(row->name) == size && memcmp(row->name, name, size) == 0) {
            return row;
        }
    }
    return NULL;
}

bool crash_arm(const char *role, struct error *error)
{
    const char *at = getenv("AUDIAPRO_CRASH_AT");
    const char *once = getenv("AUDIAPRO_CRASH_ONCE");

    if (at == NULL && once == NULL) {
        return true;
    }
    if (at == NULL || once == NULL) {
        return error_set(
            error, ERROR_INVALID,
            "AUDIAPRO_CRASH_AT and AUDIAPRO_CRASH_ONCE are set together or not at all");
    }
    size_t size = strcspn(at, ":");
    const struct crash_row *row = row_find(at, size);
    long strikes_at = at[size] == ':' ? strtol(at + size + 1, NULL, 10) : 1;
    if (row == NULL || strikes_at < 1) {
        return error_set(error, ERROR_INVALID, "AUDIAPRO_CRASH_AT '%s' is no crash point", at);
    }
    armed.name = row->name;
    armed.strikes_at = strikes_at;
    armed.marker_path = once;
    crash_is_armed = strcmp(row->role, role) == 0 && access(once, F_OK) != 0;
    return true;
}

void crash_pass(const char *name, pid_t victim)
{
    assert(row_find(name, strlen(name)) != NULL); /* Every point has its row. */
    if (strcmp(name, armed.name) != 0 ||
        atomic_fetch_add(&armed.passed, 1) + 1 != armed.strikes_at) {
        return;
    }
    int marker = open(armed.marker_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (marker < 0) {
        return; /* Somebody else was first, or could not be told: then nobody dies. */
    }
    (void)close(marker);
    (void)kill(victim > 0 ? victim : getpid(), SIGKILL);
}

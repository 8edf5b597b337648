/* See heal.h. */
#include "jobs/heal.h"

#include <string.h>

#include "core/json.h"
#include "core/log.h"
#include "core/memory.h"
#include "jobs/listing.h"
#include "jobs/rest.h"
#include "store/intake.h"

enum { LEGS_ASKED_MAX = 5, LEGS_LOOKED_AT_MAX = 64 };
#define ASK_AGAIN_MS ((time_ms)HOUR_MS)
#define UNNAMED_MS (2 * DAY_MS) /* Older legs have been asked for, or were never to be named. */
/* A file of a call that still goes on has no CDR yet: what is younger is no call of its own. */
#define ALONE_AFTER_MS ((time_ms)4 * HOUR_MS)
#define LISTING_SIZE_MAX (16 * MIB)

/* Does this trouble concern the whole PBX, or only this question? */
static bool is_grave(const struct pbx_trouble *trouble)
{
    return trouble->reason != REASON_NO_PERMISSION &&
           rest_until(trouble->reason, trouble->retry_after_s, 1) != 0;
}

/* ---- A known leg with more names ---- */

static const struct cdr_leg *leg_of(const struct cdr_batch *batch, const struct known_leg *known)
{
    for (size_t i = 0; i < batch->leg_count; i++) {
        if (strcmp(batch->legs[i].acct_id, known->acct_id) == 0 &&
            strcmp(batch->legs[i].uniqueid, known->uniqueid) == 0) {
            return &batch->legs[i];
        }
    }
    return NULL;
}

/* One leg from an object, read by the one reader of CDRs. NULL: it is none. */
static struct cdr_leg *leg_from(struct arena *arena, const json_t *object)
{
    AUTO(free) char *text = json_dumps(object, JSON_COMPACT);
    struct cdr_batch batch = { 0 };
    struct error ignored;

    if (text == NULL ||
        !cdr_parse(arena, "application/json", NULL, text, strlen(text), &batch, &ignored) ||
        batch.leg_count != 1) {
        return NULL;
    }
    return &batch.legs[0];
}

/* The leg as it is known, naming its own recordings and this one too. NULL: it cannot be read any
 * more. */
static struct cdr_leg *leg_with(struct arena *arena, const struct known_leg *known,
                                const char *const *paths, size_t path_count)
{
    AUTO(text_clear) struct text names = TEXT_UP_TO(64 * KIB);
    struct cdr_batch batch = { 0 };
    struct error ignored;

    if (known->body == NULL ||
        !cdr_parse(arena, NULL, NULL, known->body, known->body_size, &batch, &ignored)) {
        return NULL;
    }
    const struct cdr_leg *leg = leg_of(&batch, known);
    AUTO(json_release)
    json_t *object =
        leg != NULL ? json_read(leg->fields_json, strlen(leg->fields_json), &ignored) : NULL;
    if (object == NULL) {
        return NULL;
    }
    for (size_t i = 0; i < leg->recording_count; i++) {
        text_print(&names, "%s@", leg->recordings[i].path);
    }
    for (size_t i = 0; i < path_count; i++) {
        text_print(&names, "%s@", paths[i]);
    }
    IGNORE(json_object_set_new(object, "recordfiles", json_string(text_get(&names))),
           "memory never fails");
    return leg_from(arena, object);
}

/* ---- Names that the PBX tells when asked ---- */

static bool asked_put(struct poll *poll, const struct known_leg *known, time_ms now,
                      struct error *error)
{
    struct db *db = poll->worker->db;

    if (db_begin(db, error) && reconciliation_asked(db, poll->pbx->id, known, now, error) &&
        db_commit(db, error)) {
        return true;
    }
    db_rollback(db);
    return false;
}

static bool names_keep(struct poll *poll, const struct known_leg *known,
                       const struct pbx_names *names, struct error *error)
{
    const char *paths[PBX_NAMES_MAX];

    arena_reset(poll->page);
    for (size_t i = 0; i < names->count; i++) {
        paths[i] = names->paths[i];
    }
    struct cdr_leg *leg =
        names->count > 0 ? leg_with(poll->page, known, paths, names->count) : NULL;
    return leg == NULL || poll_legs_keep(poll, leg, 1, error);
}

enum poll_end heal_names(struct poll *poll, time_ms now, struct error *error)
{
    struct known_leg *legs = arena_take(poll->worker->arena, LEGS_ASKED_MAX * sizeof *legs);
    struct pbx_names *names = arena_take(poll->worker->arena, sizeof *names);
    time_ms newest_at = poll->row->newest_end_at > 0 ? poll->row->newest_end_at : now;
    time_ms from_at = (newest_at < now ? newest_at : now) - UNNAMED_MS;
    size_t count = 0;

    if (!reconciliation_unnamed(poll->worker->db, poll->worker->arena, poll->pbx->tenant_id,
                                poll->pbx->id, from_at, now - ASK_AGAIN_MS, legs, LEGS_ASKED_MAX,
                                &count, error)) {
        return POLL_FAILED;
    }
    poll->peer = "getRecordInfosByCall";
    for (size_t i = 0; i < count; i++) {
        struct pbx_trouble trouble = { .reason = REASON_NONE };
        if (!pbx_record_names(poll->line, legs[i].acct_id, names, &trouble)) {
            poll->trouble = trouble;
            return is_grave(&trouble) ? POLL_REFUSED : POLL_DONE;
        }
        if (!names_keep(poll, &legs[i], names, error) || !asked_put(poll, &legs[i], now, error)) {
            return POLL_FAILED;
        }
    }
    return POLL_DONE;
}

/* ---- Files in the directories ---- */

struct search {
    struct poll *poll;
    const char *directory;
    time_ms from_at, until_at, now;
    size_t known_count, strange_count;
    bool is_failed;
    struct error *error;
};

static bool is_same(const char *left, const char *right)
{
    return left != NULL && right != NULL && left[0] != '\0' && strcmp(left, right) == 0;
}

static bool leg_has(const struct known_leg *leg, const char *number)
{
    return is_same(leg->number, number) || is_same(leg->extension, number);
}

/* The leg that the name speaks of: of a channel that was made in its second, or of a call that went
 * on then, with its numbers. NULL: none. */
static const struct known_leg *leg_match(const struct known_leg *legs, size_t count,
                                         const struct listed_name *name, bool is_spanning)
{
    const struct known_leg *match = NULL;

    for (size_t i = 0; i < count; i++) {
        bool has_caller = leg_has(&legs[i], name->caller);
        bool has_callee = leg_has(&legs[i], name->callee) || leg_has(&legs[i], name->extension);
        if (has_caller && has_callee) {
            return &legs[i];
        }
        bool is_enough = is_spanning ? false : has_caller || name->caller[0] == '\0';
        match = match == NULL && is_enough ? &legs[i] : match;
    }
    return match;
}

static bool leg_search(struct search *search, const struct listed_name *name,
                       const struct known_leg **leg_out)
{
    struct poll *poll = search->poll;
    struct known_leg *legs = arena_take(poll->page, LEGS_LOOKED_AT_MAX * sizeof *legs);

    *leg_out = NULL;
    for (int is_spanning = 0; is_spanning <= 1 && *leg_out == NULL; is_spanning++) {
        size_t count = 0;
        if (!reconciliation_legs_at(poll->worker->db, poll->page, poll->pbx->tenant_id,
                                    poll->pbx->id, name->started_at, is_spanning != 0, legs,
                                    LEGS_LOOKED_AT_MAX, &count, search->error)) {
            return false;
        }
        *leg_out = leg_match(legs, count, name, is_spanning != 0);
    }
    return true;
}

/* A call of which the file's name is all that is left. Its ids begin with the epoch, as a UCM's do.
 */
static struct cdr_leg *leg_alone(struct search *search, const char *path,
                                 const struct listed_name *name)
{
    struct arena *arena = search->poll->page;
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    long long epoch = name->started_at / SECOND_MS;
    char start[TIME_TEXT_SIZE];
    bool is_queue = strcmp(search->directory, "queue") == 0;

    IGNORE(time_print(name->started_at, start), "returns its argument");
    start[10] = ' ';
    start[19] = '\0';
    AUTO(json_release)
    json_t *object =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:s}", "AcctId", LEG_OF_FILE,
                  "uniqueid", arena_print(arena, "%lld.%s", epoch, base), "session",
                  arena_print(arena, "%lld-%s", epoch, base), "src", name->caller, "dst",
                  name->callee, "dstanswer", name->extension, "start", start, "recordfiles",
                  arena_print(arena, "%s@", path), "action_type", is_queue ? "QUEUE" : "",
                  "listed_in", search->directory);
    return object != NULL ? leg_from(arena, object) : NULL;
}

static bool file_keep(struct search *search, const char *path, const struct listed_name *name)
{
    struct poll *poll = search->poll;
    const struct known_leg *known = NULL;
    struct cdr_leg *leg = NULL;

    if (!leg_search(search, name, &known)) {
        return false;
    }
    if (known != NULL) {
        leg = leg_with(poll->page, known, &path, 1);
    } else if (name->started_at <= search->now - ALONE_AFTER_MS) {
        leg = leg_alone(search, path, name);
    }
    if (leg == NULL || leg->recording_count == 0) {
        return true;
    }
    leg->talk_s = -1; /* It may be a part of the call: its own header is the measure. */
    log_info("reconcile.file_found", "path", path, "directory", search->directory, "call",
             known != NULL ? "known" : "unknown", NULL);
    return poll_legs_keep(poll, leg, 1, search->error);
}

static bool file_look(void *context, const char *listed, int64_t bytes)
{
    struct search *search = context;
    struct listed_name name;
    char paths[LISTED_PATHS_MAX][LISTED_PATH_SIZE];
    bool is_known = false;

    (void)bytes;
    if (!listed_name_parse(listed, &name)) {
        search->strange_count++;
        return true;
    }
    if (name.started_at < search->from_at || name.started_at > search->until_at) {
        return true;
    }
    size_t count = listed_paths(listed, name.started_at, paths);
    for (size_t i = 0; i < count && !is_known; i++) {
        if (!reconciliation_path_is_known(search->poll->worker->db, search->poll->pbx->id, paths[i],
                                          &is_known, search->error)) {
            search->is_failed = true;
            return false;
        }
    }
    search->known_count += is_known ? 1 : 0;
    arena_reset(search->poll->page);
    search->is_failed = !is_known && !file_keep(search, paths[0], &name);
    return !search->is_failed;
}

static enum poll_end directory_search(struct search *search)
{
    AUTO(text_clear) struct text listing = TEXT_UP_TO(LISTING_SIZE_MAX);
    struct pbx_trouble trouble = { .reason = REASON_NONE };

    if (!pbx_list(search->poll->line, search->directory, &listing, &trouble)) {
        search->poll->trouble = trouble;
        return is_grave(&trouble) ? POLL_REFUSED : POLL_DONE;
    }
    if (listing.is_full) {
        log_warn("reconcile.listing_cut", "directory", search->directory, "advice",
                 "the PBX holds more recordings than a listing is read for: let it clean up (CDR > "
                 "Recordings, or Maintenance > Storage Management)",
                 NULL);
    }
    listing_walk(text_get(&listing), listing.size, file_look, search);
    return search->is_failed ? POLL_FAILED : POLL_DONE;
}

enum poll_end heal_listings(struct poll *poll, time_ms from_at, time_ms until_at, time_ms now,
                            struct error *error)
{
    static const char *const directories[] = { "monitor", "queue", "meetme", "emergency", "sca" };
    struct search search = {
        .poll = poll, .from_at = from_at, .until_at = until_at, .now = now, .error = error
    };
    enum poll_end end = POLL_DONE;

    poll->peer = PEER_LISTING;
    for (size_t i = 0; i < COUNT_OF(directories) && end == POLL_DONE; i++) {
        search.directory = directories[i];
        end = directory_search(&search);
    }
    log_debug("reconcile.listed", "known", LOG_NUMBER((int64_t)search.known_count), "strange",
              LOG_NUMBER((int64_t)search.strange_count), NULL);
    return end;
}

/*
 * The ladder walked for one recording. Only "not here" moves to the next rung; the first sound that
 * proves to be the recording ends the walk, and so does every other trouble.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "pbx/grandstream/names.h"
#include "pbx/grandstream/ucm.h"

enum { CDR_WINDOW_MS = HOUR_MS, CDR_PAGES_MAX = 5, CDR_PAGE_SIZE = 1000 };

/* One walk: what is wanted, what was seen, where the result goes. */
struct walk {
    struct ucm *ucm;
    const struct pbx_wanted *wanted;
    int file;
    struct pbx_outcome *outcome;
    struct pbx_trouble missed; /* The most telling of the rungs that did not have it. */
    struct pbx_trouble trouble;
    struct error *error;
};

static const char *text_or_empty(const char *text)
{
    return text != NULL ? text : "";
}

/* A plain "not here" outweighs a web page and an unknown request on other rungs. */
static void missed_keep(struct walk *walk, const struct pbx_trouble *trouble)
{
    if (walk->missed.reason == REASON_NONE || trouble->reason == REASON_NOT_THERE_YET ||
        (trouble->reason == REASON_HTML_INSTEAD_OF_AUDIO &&
         walk->missed.reason == REASON_UNSUPPORTED)) {
        walk->missed = *trouble;
    }
}

/* Another name of the same recording, on the file rungs of the new API. */
static enum rung_end walk_name(struct walk *walk, const struct rung *by, const char *path)
{
    struct pbx_wanted named = *walk->wanted;
    struct ladder ladder;
    enum rung_end end = RUNG_NOT_HERE;

    named.path = path;
    named.acct_id = NULL;
    ladder_build(&named, true, false, NULL, &ladder);
    for (size_t i = 0; i < ladder.count && end == RUNG_NOT_HERE; i++) {
        end = ucm_download(walk->ucm, ladder.rungs[i], path, &named, walk->file, walk->outcome,
                           &walk->trouble, walk->error);
        if (end == RUNG_NOT_HERE) {
            missed_keep(walk, &walk->trouble);
        }
    }
    if (end == RUNG_FETCHED) {
        IGNORE(snprintf(walk->outcome->rung, sizeof walk->outcome->rung, "%s", by->name), "ours");
    }
    return end;
}

/* What the PBX says to a request that only helps to find a name is no news of the file itself. */
static enum rung_end helper_end(struct walk *walk)
{
    return walk->trouble.reason == REASON_NOT_THERE_YET ||
                   walk->trouble.reason == REASON_UNSUPPORTED ||
                   walk->trouble.reason == REASON_NO_PERMISSION ||
                   walk->trouble.reason == REASON_REQUEST_REFUSED
               ? RUNG_NOT_HERE
               : RUNG_ENDED;
}

static enum rung_end walk_names(struct walk *walk, const struct rung *rung)
{
    struct pbx_names names;

    if (!ucm_record_names(&walk->ucm->base, walk->wanted->acct_id, &names, &walk->trouble)) {
        return helper_end(walk);
    }
    const char *path = names_pick(&names, text_or_empty(walk->wanted->path));
    return path != NULL ? walk_name(walk, rung, path) : RUNG_NOT_HERE;
}

static enum rung_end walk_cdr(struct walk *walk, const struct rung *rung)
{
    const struct pbx_wanted *wanted = walk->wanted;
    AUTO(text_clear) struct text body = TEXT_UP_TO(UCM_PAGE_SIZE_MAX);
    struct pbx_names names = { .count = 0 };
    struct pbx_period period = { .from_at = wanted->started_at - CDR_WINDOW_MS,
                                 .until_at = wanted->started_at + CDR_WINDOW_MS,
                                 .by_start = true,
                                 .page_size = CDR_PAGE_SIZE };

    for (int page = 0; page < CDR_PAGES_MAX; page++) {
        if (!ucm_page(walk->ucm, &period, page * CDR_PAGE_SIZE, rung->name, &body,
                      &walk->trouble)) {
            return helper_end(walk);
        }
        if (ucm_page_find(text_get(&body), body.size, wanted->acct_id, wanted->uniqueid, &names)) {
            const char *path = names_pick(&names, text_or_empty(wanted->path));
            return path != NULL ? walk_name(walk, rung, path) : RUNG_NOT_HERE;
        }
        if (ucm_page_count(text_get(&body), body.size) < CDR_PAGE_SIZE) {
            break;
        }
    }
    return RUNG_NOT_HERE;
}

static enum rung_end walk_rung(struct walk *walk, const struct rung *rung)
{
    enum rung_end end = RUNG_NOT_HERE;

    switch (rung->kind) {
    case RUNG_NEW_FILE:
    case RUNG_OLD_FILE:
        end = ucm_download(walk->ucm, rung, walk->wanted->path, walk->wanted, walk->file,
                           walk->outcome, &walk->trouble, walk->error);
        if (end == RUNG_NOT_HERE) {
            missed_keep(walk, &walk->trouble);
        }
        break;
    case RUNG_NEW_NAMES:
        end = walk_names(walk, rung);
        break;
    case RUNG_NEW_CDR:
        end = walk_cdr(walk, rung);
        break;
    }
    return end;
}

static void refuse(struct pbx_outcome *outcome, const struct pbx_trouble *trouble)
{
    outcome->reason = trouble->reason;
    outcome->retry_after_s = trouble->retry_after_s;
    memcpy(outcome->detail, trouble->detail, sizeof outcome->detail);
}

/* The end of the walk as the outcome. A refusal of the shape of a later request, or an old API that
 * cannot be reached, takes nothing away from an earlier plain "not here". */
static void walk_conclude(struct walk *walk, const struct rung *last)
{
    struct pbx_trouble *trouble = &walk->trouble;
    bool is_lesser = trouble->reason == REASON_REQUEST_REFUSED ||
                     trouble->reason == REASON_REFUSED_NAME ||
                     (last != NULL && last->kind == RUNG_OLD_FILE &&
                      walk->ucm->api == UCM_API_NEW && !reason_info(trouble->reason)->stops_pbx);

    if (last == NULL || (is_lesser && walk->missed.reason == REASON_NOT_THERE_YET)) {
        trouble = &walk->missed;
    }
    refuse(walk->outcome, trouble);
}

static bool walk_ladder(struct walk *walk)
{
    struct ucm *ucm = walk->ucm;
    const struct pbx_settings *settings = ucm->base.settings;
    struct ladder ladder;
    bool has_old = ucm->api == UCM_API_OLD || settings->old_port > 0;

    ladder_build(walk->wanted, ucm->api == UCM_API_NEW, has_old, settings->rung, &ladder);
    for (size_t i = 0; i < ladder.count; i++) {
        enum rung_end end = walk_rung(walk, ladder.rungs[i]);
        if (end == RUNG_FAILED) {
            return false;
        }
        if (end == RUNG_FETCHED) {
            return true;
        }
        if (end == RUNG_ENDED) {
            walk_conclude(walk, ladder.rungs[i]);
            return true;
        }
    }
    if (walk->missed.reason == REASON_NONE) {
        IGNORE(trouble_set(&walk->missed, REASON_NOT_THERE_YET,
                           "the PBX names no recording of this call"),
               "kept for the outcome");
    }
    walk_conclude(walk, NULL);
    return true;
}

bool ucm_fetch(struct pbx *pbx, const struct pbx_wanted *wanted, int file,
               struct pbx_outcome *outcome_out, struct error *error)
{
    const struct pbx_keeper *keeper = pbx->keeper;
    struct pbx_outcome outcome = { .seconds = -1, .retry_after_s = -1 };
    struct walk walk = { .ucm = (struct ucm *)pbx,
                         .wanted = wanted,
                         .file = file,
                         .outcome = &outcome,
                         .error = error };
    const char *path = text_or_empty(wanted->path);

    if (path[0] != '\0' && !name_is_fit(path)) {
        IGNORE(trouble_set(&walk.trouble, REASON_REFUSED_NAME, "the name is not fit to be sent"),
               "kept for the outcome");
        refuse(&outcome, &walk.trouble);
    } else if (!ucm_find(walk.ucm, &walk.trouble)) {
        refuse(&outcome, &walk.trouble);
    } else if (!walk_ladder(&walk)) {
        return false;
    }
    if (outcome.reason != REASON_NONE &&
        (ftruncate(file, 0) != 0 || lseek(file, 0, SEEK_SET) != 0)) {
        return error_set_errno(error, "cannot empty the file for a recording");
    }
    if (outcome.reason == REASON_NONE && keeper->rung_worked != NULL) {
        keeper->rung_worked(keeper->context, outcome.rung);
    }
    *outcome_out = outcome;
    return true;
}

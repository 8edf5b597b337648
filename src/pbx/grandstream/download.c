/* One rung of the ladder that is a file: its bytes, and the proof that they are what was wanted. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "core/hash.h"
#include "pbx/container.h"
#include "pbx/grandstream/names.h"
#include "pbx/grandstream/ucm.h"
#include "pbx/proof.h"

struct download {
    const struct pbx_wanted *wanted;
    int file;
    int64_t bytes;
    struct hash_sha256 *hash;
    bool has_failed; /* Our disk: *error. */
    struct error *error;
    bool is_proven;
    struct wave_info wave;
};

static bool download_take(void *context, const void *bytes, size_t size)
{
    struct download *download = context;

    if (!file_write_all(download->file, bytes, size, download->error)) {
        download->has_failed = true;
        return false;
    }
    hash_sha256_add(download->hash, bytes, size);
    download->bytes += (int64_t)size;
    return true;
}

/* Before each request: a login between two of them leaves the first answer in the file. */
static bool download_begin(void *context)
{
    struct download *download = context;

    hash_sha256_free(download->hash);
    download->hash = hash_sha256_new();
    download->bytes = 0;
    download->is_proven = false;
    if (ftruncate(download->file, 0) != 0 || lseek(download->file, 0, SEEK_SET) != 0) {
        download->has_failed = true;
        return error_set_errno(download->error, "cannot empty the file for a recording");
    }
    return true;
}

/* The body is sound by its first bytes; is it whole, and the right one? */
static bool download_prove(void *context, const struct ucm_reply *reply,
                           struct pbx_trouble *trouble)
{
    struct download *download = context;
    bool is_wave = strcmp(reply->verdict.container, "wav") == 0;

    download->wave = (struct wave_info){ .seconds = -1 };
    if (is_wave && !wave_read(download->file, download->bytes, &download->wave)) {
        IGNORE(trouble_set(trouble, REASON_TRUNCATED, "the WAVE header is incomplete"), "below");
        return false;
    }
    download->is_proven =
        proof_check(download->wanted, is_wave ? &download->wave : NULL, download->bytes,
                    reply->answer.content_length, trouble) == REASON_NONE;
    return download->is_proven;
}

static struct ucm_call call_make(const struct rung *rung, struct download *download)
{
    return (struct ucm_call){ .purpose = "recapi",
                              .rung = rung->name,
                              .wanted = WANTED_AUDIO,
                              .body_size_max = proof_size_max(download->wanted),
                              .begin = download_begin,
                              .sink = download_take,
                              .prove = download_prove,
                              .sink_context = download };
}

static bool ask_new(struct ucm *ucm, const struct rung *rung, const char *path,
                    struct ucm_call *call, struct ucm_reply *reply, struct pbx_trouble *trouble)
{
    AUTO(json_release)
    json_t *fields = json_pack("{s:s, s:s, s:s}", "action", "recapi", "filedir", rung->directory,
                               "filename", rung->keeps_month ? path : name_base(path));

    call->fields = fields;
    bool is_asked = ucm_ask(ucm, call, reply, trouble);
    call->fields = NULL;
    return is_asked;
}

static bool ask_old(struct ucm *ucm, const struct rung *rung, const char *path,
                    struct ucm_call *call, struct ucm_reply *reply, struct pbx_trouble *trouble)
{
    AUTO(text_clear) struct text target = TEXT_UP_TO(UCM_URL_SIZE_MAX);

    names_add_old_query(&target, rung->directory, rung->keeps_month ? path : name_base(path));
    call->target = text_get(&target);
    call->is_digest = true;
    call->port = ucm->api == UCM_API_OLD ? ucm->port : ucm_old_port(ucm->base.settings);
    bool is_asked = ucm_send(ucm, call, reply, trouble);
    call->target = NULL;
    return is_asked;
}

static void outcome_fill(const struct rung *rung, const char *path, const struct ucm_reply *reply,
                         const struct download *download, struct pbx_outcome *outcome)
{
    outcome->bytes = download->bytes;
    outcome->seconds = download->wave.seconds;
    outcome->container = reply->verdict.container;
    IGNORE(hash_sha256_finish(download->hash, outcome->sha256), "written into the outcome");
    IGNORE(snprintf(outcome->rung, sizeof outcome->rung, "%s", rung->name), "ours, and short");
    IGNORE(snprintf(outcome->found_path, sizeof outcome->found_path, "%s", path), "is fit");
}

enum rung_end ucm_download(struct ucm *ucm, const struct rung *rung, const char *path,
                           const struct pbx_wanted *wanted, int file,
                           struct pbx_outcome *outcome_out, struct pbx_trouble *trouble_out,
                           struct error *error)
{
    AUTO(hash_sha256_free) struct hash_sha256 *hash = NULL;
    struct download download = { .wanted = wanted, .file = file, .error = error };
    struct ucm_reply reply;

    struct ucm_call call = call_make(rung, &download);
    bool is_asked = rung->kind == RUNG_NEW_FILE
                        ? ask_new(ucm, rung, path, &call, &reply, trouble_out)
                        : ask_old(ucm, rung, path, &call, &reply, trouble_out);
    hash = download.hash;
    if (download.has_failed) {
        return RUNG_FAILED;
    }
    if (!is_asked) {
        return RUNG_ENDED;
    }
    if (reply.verdict.kind == VERDICT_AUDIO && !download.is_proven) {
        return RUNG_ENDED; /* The trouble says why. */
    }
    if (reply.verdict.kind == VERDICT_AUDIO) {
        outcome_fill(rung, path, &reply, &download, outcome_out);
        return RUNG_FETCHED;
    }
    IGNORE(ucm_refuse(ucm, &reply.verdict, trouble_out), "the kind decides");
    return reply.verdict.kind == VERDICT_NOT_HERE ? RUNG_NOT_HERE : RUNG_ENDED;
}

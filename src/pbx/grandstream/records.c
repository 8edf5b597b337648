/* Call records by the page, the names of a leg's recordings, listings. */
#include <stdio.h>
#include <string.h>

#include "core/encode.h"
#include "core/hash.h"
#include "core/json.h"
#include "pbx/grandstream/names.h"
#include "pbx/grandstream/ucm.h"

enum { PAGE_SIZE_USUAL = 200, PAGE_SIZE_MAX = 1000, PAGES_MAX = 2000 };

/* "2026-02-05T21:20:41+00:00": the zone is said, so the PBX's own does not matter. */
static void instant_print(time_ms at, char text_out[TIME_TEXT_SIZE + 8])
{
    char printed[TIME_TEXT_SIZE];

    IGNORE(time_print(at - at % SECOND_MS, printed), "written into the text");
    IGNORE(snprintf(text_out, TIME_TEXT_SIZE + 8, "%.19s+00:00", printed), "25 characters");
}

static struct ucm_call page_call(const char *rung, struct text *body)
{
    return (struct ucm_call){ .purpose = "cdrapi",
                              .rung = rung,
                              .wanted = WANTED_JSON,
                              .body_size_max = UCM_PAGE_SIZE_MAX,
                              .timeout_ms = NET_JSON_TIMEOUT_MS,
                              .body = body };
}

/* Older firmware does not know timeFilterType and answers it with an empty list; without it the
 * start counts. */
static bool page_new(struct ucm *ucm, const struct pbx_period *period, int offset, int count,
                     const char *rung, struct text *body, struct ucm_reply *reply,
                     struct pbx_trouble *trouble)
{
    struct ucm_call call = page_call(rung, body);
    char from[TIME_TEXT_SIZE + 8];
    char until[TIME_TEXT_SIZE + 8];
    char offset_text[16];
    char count_text[16];

    instant_print(period->from_at, from);
    instant_print(period->until_at, until);
    IGNORE(snprintf(offset_text, sizeof offset_text, "%d", offset), "digits");
    IGNORE(snprintf(count_text, sizeof count_text, "%d", count), "digits");
    AUTO(json_release)
    json_t *fields =
        json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s*}", "action", "cdrapi", "format", "json",
                  "numRecords", count_text, "offset", offset_text, "startTime", from, "endTime",
                  until, "timeFilterType", period->by_start ? NULL : "End");
    call.fields = fields;
    return ucm_ask(ucm, &call, reply, trouble);
}

/* The old API filters by the start only: an unknown parameter would make its answer empty. */
static bool page_old(struct ucm *ucm, const struct pbx_period *period, int offset, int count,
                     const char *rung, struct text *body, struct ucm_reply *reply,
                     struct pbx_trouble *trouble)
{
    struct ucm_call call = page_call(rung, body);
    AUTO(text_clear) struct text target = TEXT_UP_TO(UCM_URL_SIZE_MAX);
    char instant[TIME_TEXT_SIZE + 8];

    text_print(&target, "/cdrapi?format=json&numRecords=%d&offset=%d&startTime=", count, offset);
    instant_print(period->from_at, instant);
    encode_percent(instant, ":", &target);
    text_add(&target, "&endTime=");
    instant_print(period->until_at, instant);
    encode_percent(instant, ":", &target);
    call.target = text_get(&target);
    call.port = ucm->port;
    call.is_digest = true;
    return ucm_send(ucm, &call, reply, trouble);
}

static int page_size(const struct pbx_period *period)
{
    int size = period->page_size > 0 ? period->page_size : PAGE_SIZE_USUAL;

    return size < PAGE_SIZE_MAX ? size : PAGE_SIZE_MAX;
}

bool ucm_page(struct ucm *ucm, const struct pbx_period *period, int offset, const char *rung,
              struct text *body, struct pbx_trouble *trouble_out)
{
    struct ucm_reply reply;
    int count = page_size(period);
    bool is_asked = ucm->api == UCM_API_NEW
                        ? page_new(ucm, period, offset, count, rung, body, &reply, trouble_out)
                        : page_old(ucm, period, offset, count, rung, body, &reply, trouble_out);

    if (!is_asked) {
        return false;
    }
    if (reply.verdict.kind != VERDICT_DATA) {
        return ucm_refuse(ucm, &reply.verdict, trouble_out);
    }
    if (ucm_page_count(text_get(body), body->size) < 0) {
        IGNORE(trouble_set(trouble_out, REASON_PBX_ERROR, "an answer without call records"),
               "below");
        return false;
    }
    return true;
}

/* The array of groups, at the root or under `response`. Borrowed. */
static const json_t *groups_of(const json_t *root)
{
    static const char *const names[] = { "cdr_root", "cdr" };
    const json_t *const places[] = { root, json_object_get(root, "response") };

    for (size_t i = 0; i < COUNT_OF(places); i++) {
        for (size_t j = 0; j < COUNT_OF(names); j++) {
            const json_t *groups = json_object_get(places[i], names[j]);
            if (json_is_array(groups)) {
                return groups;
            }
        }
    }
    return NULL;
}

int ucm_page_count(const char *body, size_t size)
{
    struct error error;
    AUTO(json_release) json_t *root = json_read(body, size, &error);
    const json_t *groups = groups_of(root);

    return groups != NULL ? (int)json_array_size(groups) : -1;
}

static bool leg_matches(const json_t *leg, const char *acct_id, const char *uniqueid)
{
    return strcmp(json_text(leg, "AcctId", ""), acct_id) == 0 &&
           (uniqueid == NULL || uniqueid[0] == '\0' ||
            strcmp(json_text(leg, "uniqueid", ""), uniqueid) == 0);
}

static bool leg_take(const json_t *leg, const char *acct_id, const char *uniqueid,
                     struct pbx_names *names_out)
{
    if (!json_is_object(leg) || !leg_matches(leg, acct_id, uniqueid)) {
        return false;
    }
    names_split(json_text(leg, "recordfiles", ""), names_out);
    return true;
}

bool ucm_page_find(const char *body, size_t size, const char *acct_id, const char *uniqueid,
                   struct pbx_names *names_out)
{
    struct error error;
    AUTO(json_release) json_t *root = json_read(body, size, &error);
    const json_t *groups = groups_of(root);

    for (size_t i = 0; i < json_array_size(groups); i++) {
        json_t *group = json_array_get(groups, i);
        const char *name = NULL;
        json_t *leg = NULL;
        if (leg_take(group, acct_id, uniqueid, names_out)) {
            return true;
        }
        json_object_foreach(group, name, leg)
        {
            if (leg_take(leg, acct_id, uniqueid, names_out)) {
                return true;
            }
        }
    }
    return false;
}

bool ucm_cdr_pages(struct pbx *pbx, const struct pbx_period *period,
                   bool (*page)(void *context, const char *body, size_t size), void *context,
                   struct pbx_trouble *trouble_out)
{
    struct ucm *ucm = (struct ucm *)pbx;
    AUTO(text_clear) struct text body = TEXT_UP_TO(UCM_PAGE_SIZE_MAX);
    uint8_t before[SHA256_SIZE] = { 0 };

    if (!ucm_find(ucm, trouble_out)) {
        return false;
    }
    for (int i = 0; i < PAGES_MAX; i++) {
        uint8_t digest[SHA256_SIZE];
        if (!ucm_page(ucm, period, i * page_size(period), "", &body, trouble_out)) {
            return false;
        }
        hash_sha256(text_get(&body), body.size, digest);
        int count = ucm_page_count(text_get(&body), body.size);
        bool is_repeated = memcmp(before, digest, sizeof digest) == 0; /* `offset` is ignored. */
        if (is_repeated && count > 0 && period->cut_out != NULL) {
            *period->cut_out = true;
        }
        if (is_repeated || count == 0) {
            break;
        }
        memcpy(before, digest, sizeof before);
        if (!page(context, text_get(&body), body.size) || count < page_size(period)) {
            break;
        }
    }
    return true;
}

bool ucm_record_names(struct pbx *pbx, const char *acct_id, struct pbx_names *names_out,
                      struct pbx_trouble *trouble_out)
{
    struct ucm *ucm = (struct ucm *)pbx;
    AUTO(text_clear) struct text body = TEXT_UP_TO(UCM_REPLY_SIZE_MAX);
    struct ucm_reply reply;
    struct error error;

    if (!ucm_find(ucm, trouble_out)) {
        return false;
    }
    AUTO(json_release)
    json_t *fields = json_pack("{s:s, s:s}", "action", "getRecordInfosByCall", "id", acct_id);
    if (ucm->api != UCM_API_NEW || fields == NULL) {
        IGNORE(
            trouble_set(trouble_out, REASON_UNSUPPORTED, "the old API cannot be asked for names"),
            "below");
        return false;
    }
    struct ucm_call call = { .purpose = "getRecordInfosByCall",
                             .rung = "new:recordinfos",
                             .fields = fields,
                             .wanted = WANTED_JSON,
                             .body_size_max = UCM_REPLY_SIZE_MAX,
                             .timeout_ms = NET_JSON_TIMEOUT_MS,
                             .body = &body };
    if (!ucm_ask(ucm, &call, &reply, trouble_out)) {
        return false;
    }
    if (reply.verdict.kind != VERDICT_DATA) {
        return ucm_refuse(ucm, &reply.verdict, trouble_out);
    }
    AUTO(json_release) json_t *root = json_read(text_get(&body), body.size, &error);
    names_split(json_text(json_object_get(root, "response"), "recordfiles", ""), names_out);
    return true;
}

static bool list_new(struct ucm *ucm, const char *directory, struct ucm_call *call,
                     struct ucm_reply *reply, struct pbx_trouble *trouble)
{
    AUTO(json_release)
    json_t *fields = directory[0] != '\0'
                         ? json_pack("{s:s, s:s}", "action", "recapi", "filedir", directory)
                         : json_pack("{s:s}", "action", "recapi");

    call->fields = fields;
    bool is_asked = ucm_ask(ucm, call, reply, trouble);
    call->fields = NULL;
    return is_asked;
}

static bool list_old(struct ucm *ucm, const char *directory, struct ucm_call *call,
                     struct ucm_reply *reply, struct pbx_trouble *trouble)
{
    AUTO(text_clear) struct text target = TEXT_UP_TO(UCM_URL_SIZE_MAX);

    text_add(&target, "/recapi");
    if (directory[0] != '\0') {
        text_add(&target, "?filedir=");
        encode_percent(directory, "/@", &target);
    }
    call->target = text_get(&target);
    call->port = ucm->port;
    call->is_digest = true;
    bool is_asked = ucm_send(ucm, call, reply, trouble);
    call->target = NULL;
    return is_asked;
}

bool ucm_list(struct pbx *pbx, const char *directory, struct text *listing,
              struct pbx_trouble *trouble_out)
{
    struct ucm *ucm = (struct ucm *)pbx;
    AUTO(text_clear) struct text body = TEXT_UP_TO(UCM_PAGE_SIZE_MAX);
    struct ucm_reply reply;
    struct ucm_call call = { .purpose = "recapi",
                             .wanted = WANTED_LISTING,
                             .body_size_max = UCM_PAGE_SIZE_MAX,
                             .timeout_ms = NET_JSON_TIMEOUT_MS,
                             .body = &body };

    if (!ucm_find(ucm, trouble_out)) {
        return false;
    }
    bool is_asked = ucm->api == UCM_API_NEW ? list_new(ucm, directory, &call, &reply, trouble_out)
                                            : list_old(ucm, directory, &call, &reply, trouble_out);
    if (!is_asked) {
        return false;
    }
    if (reply.verdict.kind != VERDICT_DATA) {
        return ucm_refuse(ucm, &reply.verdict, trouble_out);
    }
    text_add_bytes(listing, text_get(&body), body.size);
    return true;
}

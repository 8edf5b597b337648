/* The driver's table, its life, and the connection test. See ucm.h. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/json.h"
#include "core/memory.h"
#include "pbx/grandstream/ucm.h"

static struct pbx *ucm_open(const struct net_guard *guard)
{
    struct ucm *ucm = memory_new(sizeof *ucm);

    ucm->client = net_client_new(guard);
    return &ucm->base;
}

static void ucm_close(struct pbx *pbx)
{
    struct ucm *ucm = (struct ucm *)pbx;

    net_client_free(ucm->client);
    explicit_bzero(ucm, sizeof *ucm);
    free(ucm);
}

/* The names of the members of getSystemStatus differ by firmware: take what sounds right. */
static void member_take(const json_t *response, const char *word, char *value_out, size_t room)
{
    const char *name = NULL;
    json_t *value = NULL;

    json_object_foreach((json_t *)response, name, value)
    {
        if (value_out[0] == '\0' && strcasestr(name, word) != NULL && json_is_string(value)) {
            IGNORE(snprintf(value_out, room, "%s", json_string_value(value)), "cut at the room");
        }
    }
    for (char *at = value_out; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            *at = '?';
        }
    }
}

static bool check_new(struct ucm *ucm, struct pbx_description *description,
                      struct pbx_trouble *trouble)
{
    AUTO(text_clear) struct text body = TEXT_UP_TO(UCM_REPLY_SIZE_MAX);
    AUTO(json_release) json_t *fields = json_pack("{s:s}", "action", "getSystemStatus");
    struct ucm_reply reply;
    struct error error;
    struct ucm_call call = { .purpose = "getSystemStatus",
                             .fields = fields,
                             .wanted = WANTED_JSON,
                             .body_size_max = UCM_REPLY_SIZE_MAX,
                             .timeout_ms = NET_JSON_TIMEOUT_MS,
                             .body = &body };

    if (!ucm_ask(ucm, &call, &reply, trouble)) {
        return false;
    }
    /* A firmware without this request, or a user without right to it, has let us in. */
    bool is_refused = reply.verdict.kind == VERDICT_STOP || reply.verdict.kind == VERDICT_WAIT;
    if (is_refused && reply.verdict.reason != REASON_NO_PERMISSION) {
        return ucm_refuse(ucm, &reply.verdict, trouble);
    }
    AUTO(json_release) json_t *root = json_read(text_get(&body), body.size, &error);
    const json_t *response = json_object_get(root, "response");
    member_take(response, "model", description->model, sizeof description->model);
    member_take(response, "version", description->firmware, sizeof description->firmware);
    member_take(response, "firmware", description->firmware, sizeof description->firmware);
    member_take(response, "serial", description->serial, sizeof description->serial);
    return true;
}

static bool check_old(struct ucm *ucm, struct pbx_trouble *trouble)
{
    AUTO(text_clear) struct text listing = TEXT_UP_TO(UCM_PAGE_SIZE_MAX);

    ucm->is_logged_in = ucm_list(&ucm->base, "", &listing, trouble);
    return ucm->is_logged_in;
}

bool ucm_check(struct pbx *pbx, struct pbx_description *description_out,
               struct pbx_trouble *trouble_out)
{
    struct ucm *ucm = (struct ucm *)pbx;
    struct pbx_description description = { .port = 0 };
    bool is_good = ucm_find(ucm, trouble_out);

    if (is_good) {
        is_good = ucm->api == UCM_API_NEW ? check_new(ucm, &description, trouble_out)
                                          : check_old(ucm, trouble_out);
    }
    if (ucm->api != UCM_API_UNKNOWN) {
        IGNORE(snprintf(description.api, sizeof description.api, "%s",
                        ucm->api == UCM_API_NEW ? "new" : "old"),
               "short");
        description.port = ucm->port;
    }
    description.is_logged_in = ucm->is_logged_in;
    memcpy(description.pin, ucm->seen_pin, sizeof description.pin);
    memcpy(description.certificate, ucm->seen_certificate, sizeof description.certificate);
    *description_out = description;
    return is_good;
}

const struct pbx_driver pbx_grandstream = {
    .name = "grandstream",
    .open = ucm_open,
    .close = ucm_close,
    .fetch = ucm_fetch,
    .cdr_pages = ucm_cdr_pages,
    .record_names = ucm_record_names,
    .list = ucm_list,
    .check = ucm_check,
};

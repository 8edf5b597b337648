/*
 * Webhooks. The body is read into legs here, on the server's thread; intake's thread makes it
 * durable together with whatever else waits, and answers. So 2xx is only ever said after the
 * commit.
 */
#include <string.h>

#include "api/inside.h"
#include "cdr/cdr.h"
#include "core/log.h"

struct delivery {
    struct intake_item item; /* First: `done` gets its address. */
    struct api *api;
    struct http_request *request;
};

void hooks_probe(struct http_request *request, void *context)
{
    struct api *api = context;

    http_answer_prepared(request, api->probe);
}

static void refuse_unavailable(struct http_request *request)
{
    http_header_add(request, "Retry-After", "5");
    http_answer_problem(request, 503, "not_durable",
                        "the call record could not be made durable; send it again");
}

static void answer_kept(struct api *api, struct http_request *request,
                        const struct intake_item *item)
{
    size_t new_count = item->result.new_leg_count;
    bool brings_news = new_count > 0 || item->result.new_recording_count > 0;

    if (item->webhook.quarantine != NULL && item->webhook.leg_count == 0) {
        http_answer_json(request, 202,
                         json_pack("{s:s, s:i, s:s}", "status", "quarantined", "legs", 0, "reason",
                                   item->webhook.quarantine));
    } else if (!brings_news) {
        http_answer_prepared(request, api->duplicate);
    } else if (new_count == 1) {
        http_answer_prepared(request, api->accepted);
    } else {
        http_answer_json(
            request, 200,
            json_pack("{s:s, s:I}", "status", "accepted", "legs", (json_int_t)new_count));
    }
}

static void delivery_done(struct intake_item *item)
{
    struct delivery *delivery = (struct delivery *)item;
    struct http_request *request = delivery->request;

    if (item->is_kept) {
        answer_kept(delivery->api, request, item);
    } else {
        refuse_unavailable(request);
    }
    http_resume(request); /* The delivery lives in the request's arena: gone after this. */
}

/* What a person should see although the legs were kept: names or records that were dropped. */
static const char *remark_make(struct arena *arena, const struct cdr_batch *batch)
{
    size_t names = 0;

    for (size_t i = 0; i < batch->leg_count; i++) {
        names += batch->legs[i].refused_count;
    }
    if (names > 0) {
        return arena_print(arena, "%zu recording names were refused: they look like an attack",
                           names);
    }
    if (batch->refused_leg_count > 0) {
        return arena_print(arena, "%zu records were no call legs: %s", batch->refused_leg_count,
                           batch->refused_reason);
    }
    return NULL;
}

static bool is_body_the_leg(const struct cdr_batch *batch, const char *body, size_t size)
{
    return batch->leg_count == 1 && strlen(batch->legs[0].fields_json) == size &&
           memcmp(batch->legs[0].fields_json, body, size) == 0;
}

/* Which PBX of the tenant sent it: the one whose serial number it carries, else the first. */
static bool entry_get(struct api *api, struct http_request *request, const struct cdr_batch *batch,
                      struct directory_entry *entry_out)
{
    const char *subdomain = http_request_parameter(request, "subdomain");
    const char *serial = batch->leg_count > 0 ? batch->legs[0].sn : NULL;
    bool is_found = false;
    struct error error;

    return directory_find(api->directory, subdomain, serial, entry_out, &is_found, &error) &&
           is_found;
}

void hooks_receive(struct http_request *request, void *context)
{
    struct api *api = context;
    struct arena *arena = http_request_arena(request);
    struct delivery *delivery = arena_take(arena, sizeof *delivery);
    struct intake_webhook *webhook = &delivery->item.webhook;
    struct cdr_batch batch = { 0 };
    struct directory_entry entry;
    struct error error;

    webhook->body = http_request_body(request, &webhook->size);
    webhook->content_type = http_request_header(request, "Content-Type");
    webhook->content_encoding = http_request_header(request, "Content-Encoding");
    webhook->peer = http_request_peer(request);
    webhook->received_at = time_now();
    if (!cdr_parse(arena, webhook->content_type, webhook->content_encoding, webhook->body,
                   webhook->size, &batch, &error)) {
        if (error.kind == ERROR_SYSTEM) { /* Our own trouble says nothing about the body. */
            refuse_unavailable(request);
            return;
        }
        webhook->quarantine = arena_copy_text(arena, error.message);
    } else if (batch.kind == CDR_PROBE) {
        http_answer_prepared(request, api->probe);
        return;
    } else {
        webhook->legs = batch.legs;
        webhook->leg_count = batch.leg_count;
        webhook->is_body_the_leg = is_body_the_leg(&batch, webhook->body, webhook->size);
        webhook->quarantine = remark_make(arena, &batch);
    }
    if (!entry_get(api, request, &batch, &entry)) {
        refuse_unavailable(request);
        return;
    }
    webhook->tenant_id = entry.tenant_id;
    webhook->pbx_id = entry.pbx_id;
    webhook->fetch_lane_id = entry.fetch_lane_id;
    webhook->waiting_reason = entry.waiting_reason;
    delivery->api = api;
    delivery->request = request;
    delivery->item.done = delivery_done;
    http_suspend(request);
    if (!intake_submit(api->intake, &delivery->item)) {
        refuse_unavailable(request);
        http_resume(request);
    }
}

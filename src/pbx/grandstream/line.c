/* One HTTP request to a UCM: trust, limits, verdict, attempt record. See ucm.h. */
#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "core/memory.h"
#include "net/url.h"
#include "pbx/grandstream/ucm.h"

enum {
    SPEED_MIN_BYTES_S = 1000, /* A recording plays at 16 000. */
    SPEED_WINDOW_S = 60,
    TEXT_BODY_SIZE_MAX = 256 * 1024, /* An error page where a recording was wanted. */
};

/* Keeps the first bytes for the judge and passes the body on. */
struct intake {
    const struct ucm_call *call;
    uint8_t head[JUDGE_HEAD_SIZE];
    size_t head_size;
    int64_t total;
    bool is_text_flood;
};

static bool intake_take(void *context, const void *bytes, size_t size)
{
    struct intake *intake = context;
    const struct ucm_call *call = intake->call;
    size_t room = sizeof intake->head - intake->head_size;
    size_t taken = size < room ? size : room;

    memcpy(intake->head + intake->head_size, bytes, taken);
    intake->head_size += taken;
    intake->total += (int64_t)size;
    if (call->wanted == WANTED_AUDIO && intake->head_size > 0 &&
        strchr("<{[", intake->head[0]) != NULL && intake->total > TEXT_BODY_SIZE_MAX) {
        intake->is_text_flood = true;
        return false;
    }
    if (call->body != NULL) {
        text_add_bytes(call->body, bytes, size);
        return !call->body->is_full;
    }
    return call->sink == NULL || call->sink(call->sink_context, bytes, size);
}

/* False when memory is short: a request that lacks a field would be refused for it, for good. */
static bool request_body_add(const struct ucm_call *call, struct text *text)
{
    AUTO(json_release) json_t *root = json_object();
    AUTO(json_release) json_t *fields = json_copy((json_t *)call->fields);

    if (call->cookie != NULL &&
        json_object_set_new(fields, "cookie", json_string(call->cookie)) != 0) {
        return false;
    }
    if (json_object_size(fields) < json_object_size(call->fields) ||
        json_object_set(root, "request", fields) != 0) {
        return false;
    }
    AUTO(free) char *printed = json_dumps(root, JSON_COMPACT);
    text_add(text, printed != NULL ? printed : "");
    return printed != NULL;
}

static bool sends_credentials(const struct ucm_call *call)
{
    return call->cookie != NULL || call->is_digest ||
           (call->fields != NULL && json_object_get(call->fields, "token") != NULL);
}

static struct net_request request_make(const struct ucm *ucm, const struct ucm_call *call,
                                       const struct net_tls *tls, const char *url,
                                       const struct text *body, struct intake *intake)
{
    const struct pbx_settings *settings = ucm->base.settings;
    const struct pbx_keeper *keeper = ucm->base.keeper;

    return (struct net_request){
        .method = call->fields != NULL ? "POST" : "GET",
        .url = url,
        .content_type = call->fields != NULL ? "application/json;charset=UTF-8" : NULL,
        .body = call->fields != NULL ? text_get(body) : NULL,
        .body_size = body->size,
        .user = call->is_digest ? settings->username : NULL,
        .password = call->is_digest ? settings->password : NULL,
        .allows_basic = settings->allows_basic,
        .tls = *tls,
        .total_timeout_ms = call->timeout_ms,
        .speed_min_bytes_s = SPEED_MIN_BYTES_S,
        .speed_window_s = SPEED_WINDOW_S,
        .body_size_max = call->body_size_max,
        .sink = intake_take,
        .sink_context = intake,
        .should_stop = keeper->should_stop,
        .stop_context = keeper->context,
    };
}

/* The verdict on what came; false with the trouble when it is too little to judge. */
static bool reply_judge(const struct ucm_call *call, const struct intake *intake,
                        struct ucm_reply *reply, struct pbx_trouble *trouble)
{
    const struct net_answer *answer = &reply->answer;
    bool has_all = call->body != NULL && !call->body->is_full;

    reply->is_whole = answer->failure == NET_OK;
    if (!reply->is_whole && !intake->is_text_flood) {
        IGNORE(trouble_set_network(trouble, answer), "false says it");
        return false;
    }
    struct seen_answer seen = {
        .wanted = call->wanted,
        .was_digest = call->is_digest,
        .http_status = answer->http_status,
        .challenge = answer->challenge,
        .head = has_all ? (const uint8_t *)text_get(call->body) : intake->head,
        .head_size = has_all ? call->body->size : intake->head_size,
        .total = intake->total,
        .retry_after_s = answer->retry_after_s,
    };
    judge(&seen, &reply->verdict);
    return true;
}

static bool send_with(struct ucm *ucm, const struct ucm_call *call, const struct net_tls *tls,
                      struct ucm_reply *reply_out, struct pbx_trouble *trouble_out)
{
    AUTO(text_clear) struct text url = TEXT_UP_TO(UCM_URL_SIZE_MAX);
    AUTO(text_clear) struct text body = TEXT_UP_TO(UCM_REPLY_SIZE_MAX);
    AUTO(free) struct intake *intake = memory_new(sizeof *intake);

    intake->call = call;
    if (call->body != NULL) {
        text_reset(call->body);
    }
    url_add_base(&url, ucm->base.settings->host, call->port);
    text_add(&url, call->target);
    bool lacks_fields = call->fields == NULL && strcmp(call->target, "/api") == 0;
    if (lacks_fields || (call->fields != NULL && !request_body_add(call, &body))) {
        IGNORE(trouble_set(trouble_out, REASON_INTERNAL_ERROR, "no memory is left"), "below");
        return false;
    }
    if (url.is_full || body.is_full) {
        IGNORE(trouble_set(trouble_out, REASON_REFUSED_NAME, "the request is too long"), "below");
        return false;
    }
    if (call->begin != NULL && !call->begin(call->sink_context)) {
        IGNORE(trouble_set(trouble_out, REASON_INTERNAL_ERROR, "the file cannot be written"),
               "below");
        return false;
    }
    struct net_request request = request_make(ucm, call, tls, text_get(&url), &body, intake);
    IGNORE(net_send(ucm->client, &request, &reply_out->answer), "reply_judge() looks");
    memcpy(ucm->seen_pin, reply_out->answer.pin, sizeof ucm->seen_pin);
    memcpy(ucm->seen_certificate, reply_out->answer.certificate, sizeof ucm->seen_certificate);

    bool is_judged = reply_judge(call, intake, reply_out, trouble_out);
    bool is_doubted = is_judged && call->prove != NULL &&
                      reply_out->verdict.kind == VERDICT_AUDIO &&
                      !call->prove(call->sink_context, reply_out, trouble_out);
    bool is_quiet = tls->accepts_any == false && tls->pin == NULL &&
                    ucm->trust == UCM_TRUST_UNDECIDED && !is_judged &&
                    trouble_out->reason == REASON_TLS_UNTRUSTED;
    if (!is_quiet) { /* The second try of ucm_send_first() tells the story. */
        ucm_report(ucm, call, text_get(&url), &reply_out->answer, intake->head, intake->head_size,
                   is_judged && !is_doubted ? &reply_out->verdict : NULL, trouble_out);
    }
    return is_judged;
}

bool ucm_send(struct ucm *ucm, const struct ucm_call *call, struct ucm_reply *reply_out,
              struct pbx_trouble *trouble_out)
{
    struct net_tls tls = { .allows_weak = ucm->base.settings->weak_ciphers };

    assert(ucm->trust != UCM_TRUST_UNDECIDED);
    if (ucm->trust == UCM_TRUST_PIN) {
        tls.pin = ucm->pin;
    }
    return send_with(ucm, call, &tls, reply_out, trouble_out);
}

bool ucm_send_first(struct ucm *ucm, const struct ucm_call *call, struct ucm_reply *reply_out,
                    enum ucm_trust *trust_out, struct pbx_trouble *trouble_out)
{
    struct net_tls tls = { .allows_weak = ucm->base.settings->weak_ciphers };

    assert(!sends_credentials(call));
    if (ucm->trust != UCM_TRUST_UNDECIDED) {
        *trust_out = ucm->trust;
        return ucm_send(ucm, call, reply_out, trouble_out);
    }
    *trust_out = UCM_TRUST_AUTHORITY;
    bool is_sent = send_with(ucm, call, &tls, reply_out, trouble_out);
    if (!is_sent && trouble_out->reason == REASON_TLS_UNTRUSTED) {
        *trust_out = UCM_TRUST_PIN;
        tls.accepts_any = true;
        is_sent = send_with(ucm, call, &tls, reply_out, trouble_out);
    }
    return is_sent;
}

bool ucm_trust_keep(struct ucm *ucm, enum ucm_trust trust, const struct net_answer *answer,
                    struct pbx_trouble *trouble_out)
{
    const struct pbx_keeper *keeper = ucm->base.keeper;
    const char *pin = trust == UCM_TRUST_AUTHORITY ? "ca" : answer->pin;

    if (ucm->trust != UCM_TRUST_UNDECIDED) {
        return true;
    }
    if (pin[0] == '\0' || !keeper->pin_learned(keeper->context, pin, answer->certificate)) {
        IGNORE(trouble_set(trouble_out, REASON_TLS_CHANGED,
                           "another key was stored meanwhile; this one is %s", pin),
               "false says it");
        return false;
    }
    ucm->trust = trust;
    IGNORE(snprintf(ucm->pin, sizeof ucm->pin, "%s", trust == UCM_TRUST_PIN ? pin : ""),
           "one pin is shorter");
    return true;
}

/* How many tries are left, or how long the lock lasts, where the PBX says it. */
static void add_limits(const struct verdict *verdict, struct pbx_trouble *trouble)
{
    size_t used = strlen(trouble->detail);
    char *rest = trouble->detail + used;
    size_t room = sizeof trouble->detail - used;

    if (verdict->tries_left >= 0) {
        IGNORE(snprintf(rest, room, "; %d tries left", verdict->tries_left), "cut at the room");
    } else if (verdict->locked_s >= 0) {
        IGNORE(snprintf(rest, room, "; locked for %d s", verdict->locked_s), "cut at the room");
    }
}

bool ucm_refuse(struct ucm *ucm, const struct verdict *verdict, struct pbx_trouble *trouble_out)
{
    const struct pbx_keeper *keeper = ucm->base.keeper;

    IGNORE(trouble_set(trouble_out, verdict->reason, "%s", verdict->text), "false says it");
    trouble_out->retry_after_s = verdict->retry_after_s;
    /* What one request may not do, another may: the caller decides about that one. */
    if (reason_info(verdict->reason)->stops_pbx && verdict->reason != REASON_NO_PERMISSION) {
        add_limits(verdict, trouble_out);
        ucm->stopped = *trouble_out;
        keeper->login_refused(keeper->context, verdict->reason, verdict->tries_left,
                              verdict->locked_s);
    }
    return false;
}

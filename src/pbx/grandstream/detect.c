/*
 * Which API answers, and where. Nothing is assumed: a challenge is asked for at the ports that are
 * usual; JSON with a status is the new API. Else a bare GET /recapi that is answered with 401 is
 * the old one. Neither request holds a credential, so the certificate may be learned from it.
 */
#include <string.h>

#include "core/json.h"
#include "net/url.h"
#include "pbx/grandstream/ucm.h"

enum { PORT_APPLIANCE = 8089, PORT_CLOUD = 8443, PORT_OLD = 8443, PORTS_MAX = 3 };

int ucm_old_port(const struct pbx_settings *settings)
{
    return settings->old_port > 0 ? settings->old_port : PORT_OLD;
}

/* A name that JSON cannot hold; or, where it can, no memory: which is no reason to stop the PBX. */
static void refuse_user(const char *username, struct pbx_trouble *trouble)
{
    bool is_plain = true;

    for (const char *at = username; *at != '\0'; at++) {
        is_plain = is_plain && (unsigned char)*at < 0x80;
    }
    IGNORE(is_plain ? trouble_set(trouble, REASON_INTERNAL_ERROR, "no memory is left")
                    : trouble_set(trouble, REASON_PBX_NOT_CONFIGURED, "the user name is not UTF-8"),
           "the caller returns false");
}

bool ucm_challenge(struct ucm *ucm, int port, struct text *body, struct ucm_reply *reply_out,
                   enum ucm_trust *trust_out, struct pbx_trouble *trouble_out)
{
    AUTO(json_release)
    json_t *fields = json_pack("{s:s, s:s, s:s}", "action", "challenge", "user",
                               ucm->base.settings->username, "version", "1.0");
    if (fields == NULL) {
        refuse_user(ucm->base.settings->username, trouble_out);
        return false;
    }
    struct ucm_call call = { .purpose = "challenge",
                             .port = port,
                             .target = "/api",
                             .fields = fields,
                             .wanted = WANTED_JSON,
                             .body_size_max = UCM_REPLY_SIZE_MAX,
                             .timeout_ms = NET_JSON_TIMEOUT_MS,
                             .body = body };
    return ucm_send_first(ucm, &call, reply_out, trust_out, trouble_out);
}

/* Is this what a person should hear of before that? Earlier in the list says more. */
static int weight(enum reason reason)
{
    static const enum reason order[] = {
        REASON_INTERRUPTED,
        REASON_ADDRESS_REFUSED,
        REASON_DNS_FAILED,
        REASON_TLS_CHANGED,
        REASON_ADDRESS_NOT_PERMITTED,
        REASON_THROTTLED,
        REASON_BUSY,
        REASON_PBX_ERROR,
        REASON_TLS_TOO_OLD,
        REASON_TLS_UNTRUSTED,
        REASON_REDIRECTED,
        REASON_API_NOT_FOUND,
        REASON_TLS_FAILED,
        REASON_CONNECTION_RESET,
        REASON_STALLED,
        REASON_CONNECT_TIMEOUT,
        REASON_CONNECT_REFUSED,
    };
    for (size_t i = 0; i < COUNT_OF(order); i++) {
        if (order[i] == reason) {
            return (int)i;
        }
    }
    return (int)COUNT_OF(order);
}

static bool is_hopeless(enum reason reason)
{
    return reason == REASON_ADDRESS_REFUSED || reason == REASON_DNS_FAILED ||
           reason == REASON_TLS_CHANGED || reason == REASON_INTERRUPTED;
}

/* Remember the most telling trouble of several ports. */
static void trouble_keep(struct pbx_trouble *worst, const struct pbx_trouble *trouble)
{
    if (worst->reason == REASON_NONE || weight(trouble->reason) < weight(worst->reason)) {
        *worst = *trouble;
    }
}

static bool found(struct ucm *ucm, enum ucm_api api, int port, enum ucm_trust trust,
                  const struct net_answer *answer, struct pbx_trouble *trouble)
{
    const struct pbx_keeper *keeper = ucm->base.keeper;

    if (!ucm_trust_keep(ucm, trust, answer, trouble)) {
        return false;
    }
    ucm->api = api;
    ucm->port = port;
    if (keeper->api_found != NULL) {
        keeper->api_found(keeper->context, api == UCM_API_NEW ? "new" : "old", port);
    }
    return true;
}

/* The challenge that proves the API is also the one that is answered. */
static bool probe_new_inside(struct ucm *ucm, int port, struct pbx_trouble *trouble)
{
    AUTO(text_clear) struct text body = TEXT_UP_TO(UCM_REPLY_SIZE_MAX);
    struct ucm_reply reply;
    enum ucm_trust trust = UCM_TRUST_UNDECIDED;

    if (!ucm_challenge(ucm, port, &body, &reply, &trust, trouble)) {
        return false;
    }
    if (reply.verdict.has_status && !found(ucm, UCM_API_NEW, port, trust, &reply.answer, trouble)) {
        return false;
    }
    /* A challenge that is refused is not asked for a second time. */
    return reply.verdict.kind == VERDICT_DATA ? ucm_login_with(ucm, &body, trouble)
                                              : ucm_refuse(ucm, &reply.verdict, trouble);
}

/* A challenge makes the one before it worthless: none may come between another's and its login. */
static bool probe_new(struct ucm *ucm, int port, struct pbx_trouble *trouble)
{
    if (!ucm_login_begin(ucm, trouble)) {
        return false;
    }
    bool is_found = probe_new_inside(ucm, port, trouble);
    ucm_login_end(ucm);
    return is_found;
}

/* 401 is what the old API answers; without a password set on it, the list of directories. */
static bool probe_old(struct ucm *ucm, int port, struct pbx_trouble *trouble)
{
    AUTO(text_clear) struct text body = TEXT_UP_TO(UCM_REPLY_SIZE_MAX);
    struct ucm_reply reply;
    enum ucm_trust trust = UCM_TRUST_UNDECIDED;
    struct ucm_call call = { .purpose = "probe",
                             .port = port,
                             .target = "/recapi",
                             .wanted = WANTED_LISTING,
                             .body_size_max = UCM_REPLY_SIZE_MAX,
                             .timeout_ms = NET_JSON_TIMEOUT_MS,
                             .body = &body };

    if (!ucm_send_first(ucm, &call, &reply, &trust, trouble)) {
        return false;
    }
    bool is_open = reply.verdict.kind == VERDICT_DATA && strstr(text_get(&body), "monitor") != NULL;
    if (is_open || (reply.answer.http_status == 401 && reply.answer.challenge[0] != '\0')) {
        return found(ucm, UCM_API_OLD, port, trust, &reply.answer, trouble);
    }
    if (reply.verdict.kind == VERDICT_NOT_HERE || reply.verdict.kind == VERDICT_DATA) {
        IGNORE(trouble_set(trouble, REASON_API_NOT_FOUND, "HTTP status %d to /recapi",
                           reply.answer.http_status),
               "false says it");
        return false;
    }
    return ucm_refuse(ucm, &reply.verdict, trouble);
}

static void port_add(int ports[PORTS_MAX], size_t *count, int port)
{
    for (size_t i = 0; i < *count; i++) {
        if (ports[i] == port) {
            return;
        }
    }
    ports[(*count)++] = port;
}

static bool probe_all(struct ucm *ucm, bool wants_new, bool wants_old, struct pbx_trouble *trouble)
{
    const struct pbx_settings *settings = ucm->base.settings;
    struct pbx_trouble worst = { .reason = REASON_NONE };
    int ports[PORTS_MAX];
    size_t count = 0;

    if (wants_new) {
        if (settings->port_found > 0 && settings->port <= 0) {
            port_add(ports, &count, settings->port_found);
        }
        port_add(ports, &count, settings->port > 0 ? settings->port : PORT_APPLIANCE);
        if (settings->port <= 0) {
            port_add(ports, &count, PORT_CLOUD);
        }
    }
    for (size_t i = 0; i < count && !is_hopeless(worst.reason); i++) {
        bool is_good = probe_new(ucm, ports[i], trouble);
        if (is_good || ucm->api != UCM_API_UNKNOWN) {
            return is_good;
        }
        trouble_keep(&worst, trouble);
    }
    /* A port that was given may well be the old API's: forwarded, or all that a person knew. */
    count = 0;
    if (wants_old) {
        if (settings->old_port <= 0 && settings->port > 0) {
            port_add(ports, &count, settings->port);
        }
        port_add(ports, &count, ucm_old_port(settings));
    }
    for (size_t i = 0; i < count && !is_hopeless(worst.reason); i++) {
        if (probe_old(ucm, ports[i], trouble)) {
            return true;
        }
        trouble_keep(&worst, trouble);
    }
    *trouble = worst;
    return false;
}

static void trust_read(struct ucm *ucm)
{
    const char *pin = ucm->base.settings->tls_pin;

    if (ucm->is_trust_read) {
        return;
    }
    ucm->is_trust_read = true;
    if (pin == NULL || pin[0] == '\0') {
        return;
    }
    size_t size = strlen(pin);
    if (strcmp(pin, "ca") == 0) {
        ucm->trust = UCM_TRUST_AUTHORITY;
    } else if (size < sizeof ucm->pin) { /* A longer one matches nothing: see below. */
        memcpy(ucm->pin, pin, size + 1);
        ucm->trust = UCM_TRUST_PIN;
    }
}

static bool is_given(const char *text)
{
    return text != NULL && text[0] != '\0';
}

static bool settings_check(const struct ucm *ucm, struct pbx_trouble *trouble)
{
    const struct pbx_settings *settings = ucm->base.settings;
    struct error error;

    if (!is_given(settings->host) || !is_given(settings->username) ||
        !is_given(settings->password)) {
        IGNORE(trouble_set(trouble, REASON_PBX_NOT_CONFIGURED, "no %s is stored",
                           !is_given(settings->host)       ? "address"
                           : !is_given(settings->username) ? "user name"
                                                           : "password"),
               "false says it");
        return false;
    }
    if (!url_host_check(settings->host, &error)) {
        IGNORE(trouble_set(trouble, REASON_ADDRESS_INVALID, "%s", error.message), "false says it");
        return false;
    }
    if (settings->port > 65535 || settings->old_port > 65535) {
        IGNORE(trouble_set(trouble, REASON_ADDRESS_INVALID, "a port is over 65535"),
               "false says it");
        return false;
    }
    if (is_given(settings->tls_pin) && ucm->trust == UCM_TRUST_UNDECIDED) {
        IGNORE(trouble_set(trouble, REASON_TLS_CHANGED, "the stored pin is too long"),
               "false says it");
        return false;
    }
    return true;
}

/* Which APIs may be used. */
static void apis_wanted(const struct pbx_settings *settings, bool *new_out, bool *old_out)
{
    const char *api = is_given(settings->api) ? settings->api : "auto";

    *new_out = strcmp(api, "old") != 0;
    *old_out = strcmp(api, "new") != 0;
}

static bool hint_take(struct ucm *ucm, bool wants_new, bool wants_old)
{
    const struct pbx_settings *settings = ucm->base.settings;
    bool is_given_here = is_given(settings->api_found) && settings->port_found > 0;

    if (!is_given_here || ucm->trust == UCM_TRUST_UNDECIDED) {
        return false;
    }
    bool is_new = strcmp(settings->api_found, "new") == 0;
    int port_set = is_new ? settings->port : settings->old_port;
    if (!(is_new ? wants_new : wants_old) || (port_set > 0 && port_set != settings->port_found)) {
        return false;
    }
    ucm->api = is_new ? UCM_API_NEW : UCM_API_OLD;
    ucm->port = settings->port_found;
    ucm->is_hinted = true;
    return true;
}

bool ucm_find(struct ucm *ucm, struct pbx_trouble *trouble_out)
{
    bool wants_new = true;
    bool wants_old = true;

    if (ucm->stopped.reason != REASON_NONE) {
        *trouble_out = ucm->stopped;
        return false;
    }
    if (ucm->api != UCM_API_UNKNOWN) {
        return true;
    }
    trust_read(ucm);
    if (!settings_check(ucm, trouble_out)) {
        return false;
    }
    apis_wanted(ucm->base.settings, &wants_new, &wants_old);
    return hint_take(ucm, wants_new, wants_old) ||
           probe_all(ucm, wants_new, wants_old, trouble_out);
}

bool ucm_find_again(struct ucm *ucm, struct pbx_trouble *trouble_out)
{
    bool wants_new = true;
    bool wants_old = true;

    ucm->is_hinted = false;
    ucm->api = UCM_API_UNKNOWN;
    apis_wanted(ucm->base.settings, &wants_new, &wants_old);
    return probe_all(ucm, wants_new, wants_old, trouble_out);
}

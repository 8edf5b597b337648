/*
 * Which API answers where. Two requests that need no login and change nothing: a POST /api without
 * a cookie, which the new API answers with JSON and a status (-5 or -6: "log in first"), and a bare
 * GET /recapi, which the old one answers with 401 and its Digest challenge. So this can be asked
 * also of a PBX that has refused our login.
 */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/json.h"
#include "doctor/inside.h"
#include "pbx/trouble.h"

enum { REPLY_SIZE_MAX = 256 * 1024, STATUS_NO_PERMISSION = -47 };

/* What a port is, once it answered; reason NONE: an API. */
struct answerer {
    enum api_seen api;
    enum reason reason;
    char words[300];
};

static void answerer_set(struct answerer *answerer, enum api_seen api, enum reason reason,
                         const char *words)
{
    *answerer = (struct answerer){ .api = api, .reason = reason };
    (void)snprintf(answerer->words, sizeof answerer->words, "%s", words);
}

/* "text/html" with a "<": the page that people log in to. */
static bool is_page(const struct text *reply)
{
    const char *body = text_get(reply);

    return body[strspn(body, " \t\r\n\xef\xbb\xbf")] == '<';
}

static const char *title_of(const struct text *reply, char title_out[80])
{
    const char *start = strcasestr(text_get(reply), "<title>");
    size_t size = start != NULL ? strcspn(start + 7, "<\r\n") : 0;

    (void)snprintf(title_out, 80, "%.*s", (int)(size < 60 ? size : 60),
                   start != NULL ? start + 7 : "");
    return title_out;
}

static void judge_other(const struct net_answer *answer, const struct text *reply,
                        struct answerer *answerer)
{
    char words[300];
    char title[80];
    int status = answer->http_status;

    if (status == 403) {
        answerer_set(answerer, SEEN_NOTHING, REASON_ADDRESS_NOT_PERMITTED,
                     "HTTP 403: this server's address is not permitted");
    } else if (status >= 300 && status <= 399) {
        (void)snprintf(words, sizeof words, "HTTP %d: it sends us elsewhere, which is not followed",
                       status);
        answerer_set(answerer, SEEN_NOTHING, REASON_REDIRECTED, words);
    } else if (is_page(reply)) {
        (void)snprintf(words, sizeof words, "a web page (HTTP %d%s%s) and no API", status,
                       title_of(reply, title)[0] != '\0' ? ", title: " : "", title);
        answerer_set(answerer, SEEN_NOTHING, REASON_API_NOT_FOUND, words);
    } else if (status >= 500) {
        (void)snprintf(words, sizeof words, "HTTP %d", status);
        answerer_set(answerer, SEEN_NOTHING, REASON_PBX_ERROR, words);
    } else {
        (void)snprintf(words, sizeof words, "HTTP %d and %zu bytes that are not the API's", status,
                       reply->size);
        answerer_set(answerer, SEEN_NOTHING, REASON_API_NOT_FOUND, words);
    }
}

/* True when it is the new API, or the new API refusing us as a whole. */
static bool judge_new(const struct net_answer *answer, const struct text *reply,
                      struct answerer *answerer)
{
    struct error error;
    AUTO(json_release) json_t *root = json_read(text_get(reply), reply->size, &error);
    const long long absent = INT64_MAX;
    long long status = json_number(root, "status", absent);
    char words[120];

    (void)answer;
    if (status == absent) {
        return false;
    }
    if (status == STATUS_NO_PERMISSION) {
        answerer_set(answerer, SEEN_NEW, REASON_ADDRESS_NOT_PERMITTED,
                     "the new API, which refuses this server's address (status -47 before any "
                     "login)");
        return true;
    }
    (void)snprintf(words, sizeof words, "the new API (POST /api, status %lld without a login)",
                   status);
    answerer_set(answerer, SEEN_NEW, REASON_NONE, words);
    return true;
}

static void network_tell(const struct net_answer *answer, struct answerer *answerer)
{
    struct pbx_trouble trouble;
    enum reason reason = trouble_set_network(&trouble, answer);

    answerer_set(answerer, SEEN_NOTHING, reason, answer->detail);
}

static void old_ask(struct doctor *doctor, const struct port *port, struct answerer *answerer)
{
    AUTO(text_clear) struct text reply = TEXT_UP_TO(REPLY_SIZE_MAX);
    struct net_answer answer;
    struct answerer seen;

    if (!bare_send(doctor, port, "GET", "/recapi", NULL, &reply, &answer)) {
        if (answerer->reason == REASON_NONE) {
            network_tell(&answer, answerer);
        }
        return;
    }
    if (answer.http_status == 401 && answer.challenge[0] != '\0') {
        bool is_basic = strncasecmp(answer.challenge, "Basic", 5) == 0;
        answerer_set(answerer, SEEN_OLD, REASON_NONE,
                     is_basic ? "the old API (GET /recapi, 401 with Basic)"
                              : "the old API (GET /recapi, 401 with Digest)");
        return;
    }
    bool is_open = answer.http_status == 200 && strstr(text_get(&reply), "monitor") != NULL &&
                   !is_page(&reply);
    if (is_open) {
        answerer_set(answerer, SEEN_OLD, REASON_NONE, "the old API, without a password");
        return;
    }
    judge_other(&answer, &reply, &seen);
    if (answerer->reason == REASON_NONE || seen.reason == REASON_ADDRESS_NOT_PERMITTED ||
        answerer->reason == REASON_API_NOT_FOUND) {
        *answerer = seen;
    }
}

static void port_ask(struct doctor *doctor, struct port *port, struct answerer *answerer)
{
    static const char BODY[] = "{\"request\":{\"action\":\"getSystemStatus\"}}";
    AUTO(text_clear) struct text reply = TEXT_UP_TO(REPLY_SIZE_MAX);
    struct net_answer answer;

    answerer_set(answerer, SEEN_NOTHING, REASON_NONE, "");
    if (!bare_send(doctor, port, "POST", "/api", BODY, &reply, &answer)) {
        network_tell(&answer, answerer);
        return;
    }
    if (!judge_new(&answer, &reply, answerer)) {
        if (answer.http_status != 401) {
            judge_other(&answer, &reply, answerer);
        }
        old_ask(doctor, port, answerer);
    }
    port->api = answerer->api;
}

/* Of several ports without an API: which says most. */
static int weight(enum reason reason)
{
    static const enum reason order[] = { REASON_ADDRESS_NOT_PERMITTED, REASON_REDIRECTED,
                                         REASON_API_NOT_FOUND, REASON_PBX_ERROR };

    for (size_t i = 0; i < COUNT_OF(order); i++) {
        if (order[i] == reason) {
            return (int)i;
        }
    }
    return (int)COUNT_OF(order);
}

static bool is_usable(const struct port *port)
{
    return (port->api == SEEN_NEW && port->is_for_new) ||
           (port->api == SEEN_OLD && port->is_for_old);
}

static void not_permitted_advise(const struct doctor *doctor, struct finding *finding, bool is_new)
{
    (void)doctor;
    finding_advise(
        finding, "%s",
        is_new ? "Add this server's address as address/mask (e.g. 192.0.2.20/255.255.255.255) to "
                 "Permitted IP(s) in Value-added Features > API Configuration > HTTPS API Settings "
                 "(New), and to Permitted IP(s) in System Settings > HTTP Server."
               : "Add this server's address as address/mask (e.g. 192.0.2.20/255.255.255.255) to "
                 "Permitted IP(s) in Value-added Features > API Configuration > HTTPS API Settings "
                 "(Old): there an empty list refuses everybody.");
}

static void generation_blame(const struct doctor *doctor, struct finding *finding, bool is_new_seen)
{
    const char *tenant = doctor->request->tenant->subdomain;
    char detail[EVIDENCE_SIZE];

    memcpy(detail, finding->detail, sizeof detail);
    finding_fail(finding, REASON_WRONG_API, "%s; the settings of this PBX ask for the %s API only",
                 detail, is_new_seen ? "old" : "new");
    finding_advise(finding,
                   "Let this product find out by itself: audiapro tenant pbx %s --api auto; or "
                   "switch the other API on in Value-added Features > API Configuration > HTTPS "
                   "API Settings (%s).",
                   tenant, is_new_seen ? "Old" : "New");
}

static void page_advise(struct finding *finding)
{
    finding_advise(finding,
                   "The PBX's web page answers instead of its API: either the port is wrong (the "
                   "API is usually at 8089, on a CloudUCM at 8443: audiapro tenant pbx TENANT "
                   "--port 0 tries both), or the API is off: switch it on in Value-added Features "
                   "> API Configuration > HTTPS API Settings (New) (CloudUCM: Integrations > API "
                   "Configuration).");
}

/* What was seen at all ports together. */
struct survey {
    const struct port *good, *other; /* An API that may be used; one of the other generation. */
    struct answerer worst;
    bool is_new_refused;
};

static void survey_take(struct survey *survey, const struct port *port,
                        const struct answerer *answerer)
{
    if (answerer->reason == REASON_NONE && is_usable(port)) {
        survey->good = survey->good != NULL ? survey->good : port;
    } else if (answerer->reason == REASON_NONE && port->api != SEEN_NOTHING) {
        survey->other = survey->other != NULL ? survey->other : port;
    } else if (survey->worst.reason == REASON_NONE ||
               weight(answerer->reason) < weight(survey->worst.reason)) {
        survey->worst = *answerer;
        survey->is_new_refused = answerer->api == SEEN_NEW;
    }
}

static void survey_blame(struct doctor *doctor, const struct survey *survey,
                         struct finding *finding)
{
    char detail[EVIDENCE_SIZE];
    enum reason reason =
        survey->worst.reason != REASON_NONE ? survey->worst.reason : REASON_API_NOT_FOUND;

    if (survey->other != NULL) {
        generation_blame(doctor, finding, survey->other->api == SEEN_NEW);
        return;
    }
    memcpy(detail, finding->detail, sizeof detail);
    finding_fail(finding, reason, "%s", detail);
    if (reason == REASON_ADDRESS_NOT_PERMITTED) {
        not_permitted_advise(doctor, finding, survey->is_new_refused);
    } else if (reason == REASON_API_NOT_FOUND) {
        page_advise(finding);
    }
}

void step_api(struct doctor *doctor, struct finding *finding)
{
    struct survey survey = { .good = NULL };

    finding_fine(finding, "%s", "");
    for (size_t i = 0; i < doctor->port_count; i++) {
        struct port *port = &doctor->ports[i];
        struct answerer answerer;
        if (!port->is_tls) {
            continue;
        }
        port_ask(doctor, port, &answerer);
        finding_add(finding, "%sport %d: %s", finding->detail[0] != '\0' ? "; " : "", port->number,
                    answerer.words);
        survey_take(&survey, port, &answerer);
    }
    if (survey.good == NULL) {
        survey_blame(doctor, &survey, finding);
        return;
    }
    doctor->api = survey.good->api;
    doctor->result->facts.api = survey.good->api == SEEN_NEW ? "new" : "old";
    doctor->result->facts.port = survey.good->number;
}

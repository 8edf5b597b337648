/* The real-time output: POSTs CDRs, one leg each, and the probes of the settings page. */
#include <curl/curl.h>
#include <string.h>

#include "core/memory.h"
#include "simulator/state.h"

enum { TIMEOUT_MS = 10 * SECOND_MS, BODY_MAX = 1024 * 1024, ANSWER_MAX = 64 * 1024 };

static inline void easy_release(CURL *easy)
{
    curl_easy_cleanup(easy);
}
DEFINE_AUTO(easy_release, CURL *, NULL)

static inline void slist_release(struct curl_slist *list)
{
    curl_slist_free_all(list);
}
DEFINE_AUTO(slist_release, struct curl_slist *, NULL)

/* The receiver's answer is not looked at; a flood of it ends the transfer. */
static size_t answer_drop(char *bytes, size_t size, size_t count, void *context)
{
    size_t *seen = context;

    (void)bytes;
    *seen += size * count;
    return *seen <= ANSWER_MAX ? size * count : 0;
}

static void options_set(CURL *easy, const struct simulator_webhook *webhook)
{
    curl_easy_setopt(easy, CURLOPT_URL, webhook->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     (long)(webhook->timeout_ms > 0 ? webhook->timeout_ms : TIMEOUT_MS));
    if (webhook->username != NULL) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(easy, CURLOPT_USERNAME, webhook->username);
        curl_easy_setopt(easy, CURLOPT_PASSWORD,
                         webhook->password != NULL ? webhook->password : "");
    }
}

/* One request; body NULL: a GET. */
static bool request_send(CURL *easy, const struct simulator_webhook *webhook, const char *body,
                         const char *type, int *status_out, struct error *error)
{
    size_t seen = 0;
    long status = 0;
    AUTO(slist_release) struct curl_slist *headers = curl_slist_append(NULL, "Expect:");

    curl_easy_reset(easy);
    options_set(easy, webhook);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_drop);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &seen);
    if (body != NULL) {
        headers = curl_slist_append(headers, type);
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, body);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE, (long)strlen(body));
    }
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    CURLcode code = curl_easy_perform(easy);
    if (code != CURLE_OK) {
        return error_set(error, ERROR_UNREACHABLE, "webhook: %s", curl_easy_strerror(code));
    }
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    *status_out = (int)status;
    return true;
}

static void json_dump(json_t *taken_json, struct text *body)
{
    char *dump = json_dumps(taken_json, JSON_COMPACT);

    text_add(body, dump != NULL ? dump : "");
    free(dump);
    json_decref(taken_json);
}

/* The body of POST number `index`. False when there are no more. */
static bool body_make_locked(const struct book_call *call, const struct simulator_webhook *webhook,
                             int index, struct text *body)
{
    bool is_leg_by_leg =
        webhook->grouping == SIMULATOR_LEG_BY_LEG || webhook->format == SIMULATOR_XML;

    text_reset(body);
    if (index >= (is_leg_by_leg ? call->leg_count : 1)) {
        return false;
    }
    if (webhook->format == SIMULATOR_XML) {
        text_add(body, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<root>\n");
        book_leg_xml(call, index, 0, body);
        text_add(body, "</root>\n");
    } else if (is_leg_by_leg) {
        json_dump(book_leg_json(call, index, 0), body);
    } else if (webhook->grouping == SIMULATOR_GROUPED) {
        json_dump(book_call_json(call), body);
    } else {
        json_t *list = json_array();
        for (int i = 0; i < call->leg_count; i++) {
            json_array_append_new(list, book_leg_json(call, i, 0));
        }
        json_dump(list, body);
    }
    return true;
}

static bool body_make(struct simulator *simulator, int call,
                      const struct simulator_webhook *webhook, int index, struct text *body)
{
    simulator_lock(simulator);
    const struct book_call *found = book_call_get(simulator->book, call);
    bool is_made = found != NULL && body_make_locked(found, webhook, index, body);
    simulator_unlock(simulator);
    return is_made;
}

static bool is_success(int status)
{
    return status >= 200 && status < 300;
}

bool simulator_webhook_send(struct simulator *simulator, int call,
                            const struct simulator_webhook *webhook, int *status_out,
                            struct error *error)
{
    AUTO(easy_release) CURL *easy = curl_easy_init();
    AUTO(text_clear) struct text body = TEXT_UP_TO(BODY_MAX);
    const char *type = webhook->format == SIMULATOR_XML ? "Content-Type: text/xml"
                                                        : "Content-Type: application/json";
    int worst = 0;

    if (easy == NULL) {
        return error_set(error, ERROR_SYSTEM, "webhook: libcurl does not start");
    }
    for (int index = 0; body_make(simulator, call, webhook, index, &body); index++) {
        for (int i = 0; i < (webhook->copies > 0 ? webhook->copies : 1); i++) {
            int status = 0;
            if (!request_send(easy, webhook, text_get(&body), type, &status, error)) {
                return false;
            }
            worst = worst == 0 || is_success(worst) ? status : worst;
        }
    }
    if (worst == 0) {
        return error_set(error, ERROR_NOT_FOUND, "the simulator has no call %d", call);
    }
    *status_out = worst;
    return true;
}

bool simulator_webhook_probe(const struct simulator_webhook *webhook, bool is_post, int *status_out,
                             struct error *error)
{
    AUTO(easy_release) CURL *easy = curl_easy_init();

    if (easy == NULL) {
        return error_set(error, ERROR_SYSTEM, "webhook: libcurl does not start");
    }
    /* An empty "Content-Type:" keeps curl from naming one: the ping of a UCM has none. */
    return request_send(easy, webhook, is_post ? "" : NULL, "Content-Type:", status_out, error);
}

/*
 * A browser's and a machine's view of the server in the whole-product tests: one request, one
 * answer, through libcurl. Never throws a test itself, so that threads may use it.
 */
#ifndef TESTS_INTEGRATION_CLI_WEB_H
#define TESTS_INTEGRATION_CLI_WEB_H

#include <curl/curl.h>
#include <stdio.h>
#include <string.h>

#include "core/json.h"
#include "core/text.h"

enum { WEB_HEADERS_MAX = 8, WEB_TIMEOUT_MS = 15000 };

/* What to ask; zeroed members are left out. */
struct ask {
    const char *method; /* NULL: POST where there is a body, else GET. */
    const char *url;
    const void *body; /* NULL with size 0 and method "POST": an empty one. */
    size_t size;      /* 0: as long as the text `body`. */
    const char *headers[WEB_HEADERS_MAX];
    long timeout_ms; /* 0: WEB_TIMEOUT_MS. */
    CURL *easy;      /* A connection to keep; NULL: a new one. */
};

struct reply {
    CURLcode code;
    long status; /* 0: no answer came. */
    struct text head;
    struct text body;
    json_t *json; /* The body, where it is JSON; NULL otherwise. */
};

static inline void reply_clear(struct reply *reply)
{
    text_clear(&reply->head);
    text_clear(&reply->body);
    json_decref(reply->json);
    *reply = (struct reply){ 0 };
}
DEFINE_AUTO_CLEAR(reply_clear, struct reply)

static inline size_t reply_take(char *bytes, size_t size, size_t count, void *context)
{
    struct text *text = context;

    text_add_bytes(text, bytes, size * count);
    return text->is_full ? 0 : size * count;
}

static inline void ask_prepare(CURL *easy, const struct ask *ask, struct reply *reply)
{
    size_t size = ask->size > 0 || ask->body == NULL ? ask->size : strlen(ask->body);
    const char *method = ask->method;

    curl_easy_setopt(easy, CURLOPT_URL, ask->url);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     ask->timeout_ms > 0 ? ask->timeout_ms : (long)WEB_TIMEOUT_MS);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, reply_take);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &reply->head);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, reply_take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &reply->body);
    if (ask->body != NULL || (method != NULL && strcmp(method, "POST") == 0)) {
        curl_easy_setopt(easy, CURLOPT_POST, 1L);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)size);
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, ask->body != NULL ? ask->body : "");
    }
    if (method != NULL && strcmp(method, "HEAD") == 0) {
        curl_easy_setopt(easy, CURLOPT_NOBODY, 1L);
    } else if (method != NULL && strcmp(method, "POST") != 0 && strcmp(method, "GET") != 0) {
        curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, method);
    }
}

/* Sends "Expect:" and "Content-Type:" of curl's own away: what is sent is what the test says. */
static inline struct curl_slist *ask_headers(const struct ask *ask)
{
    struct curl_slist *list = curl_slist_append(NULL, "Expect:");
    bool has_type = false;

    for (size_t i = 0; i < WEB_HEADERS_MAX && ask->headers[i] != NULL; i++) {
        has_type = has_type || strncmp(ask->headers[i], "Content-Type", 12) == 0;
        list = curl_slist_append(list, ask->headers[i]);
    }
    return has_type ? list : curl_slist_append(list, "Content-Type:");
}

static inline void web_ask(const struct ask *ask, struct reply *reply)
{
    CURL *easy = ask->easy != NULL ? ask->easy : curl_easy_init();
    struct curl_slist *headers = ask_headers(ask);
    struct error ignored;

    reply_clear(reply);
    *reply = (struct reply){ .head = TEXT_UP_TO(64 * KIB), .body = TEXT_UP_TO(64 * MIB) };
    curl_easy_reset(easy);
    ask_prepare(easy, ask, reply);
    curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
    reply->code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &reply->status);
    curl_slist_free_all(headers);
    if (ask->easy == NULL) {
        curl_easy_cleanup(easy);
    }
    const char *bytes = text_get(&reply->body);
    if (bytes[0] == '{' || bytes[0] == '[') {
        reply->json = json_read(bytes, reply->body.size, &ignored);
    }
}

/* The value of a header in the last answer's head, copied without its line's end; "" without. */
static inline const char *reply_header(const struct reply *reply, const char *name,
                                       char value_out[512])
{
    size_t size = strlen(name);

    value_out[0] = '\0';
    for (const char *line = text_get(&reply->head); line != NULL && *line != '\0';) {
        const char *end = strstr(line, "\r\n");
        if (end != NULL && strncasecmp(line, name, size) == 0 && line[size] == ':') {
            const char *value = line + size + 1 + strspn(line + size + 1, " ");
            IGNORE(snprintf(value_out, 512, "%.*s", (int)(end - value), value), "cut is fine");
        }
        line = end != NULL ? end + 2 : NULL;
    }
    return value_out;
}

#endif

/* An attempt as it is written down: everything that helps to understand it, nothing secret. */
#include <stdio.h>
#include <string.h>

#include "core/encode.h"
#include "core/json.h"
#include "core/memory.h"
#include "pbx/grandstream/ucm.h"

enum { SHOWN_SIZE = 64, SECRET_SIZE_MIN = 4, REQUEST_SIZE_MAX = 4096 };

/* Overwrite every occurrence of the secret: a PBX may send back what it was sent. */
static void mask_one(char *bytes, size_t size, const char *secret)
{
    size_t length = secret != NULL ? strlen(secret) : 0;

    if (length < SECRET_SIZE_MIN || length > size) {
        return;
    }
    for (size_t at = 0; at + length <= size; at++) {
        if (memcmp(bytes + at, secret, length) == 0) {
            memset(bytes + at, '*', length);
        }
    }
}

static void mask(const struct ucm *ucm, char *bytes, size_t size)
{
    mask_one(bytes, size, ucm->base.settings->password);
    mask_one(bytes, size, ucm->cookie);
    mask_one(bytes, size, ucm->token);
}

static void add_bytes(struct text *text, const char *bytes, size_t size)
{
    char hex[2 * SHOWN_SIZE + 1];

    text_print(text, "%s |", encode_hex(bytes, size, hex));
    for (size_t i = 0; i < size; i++) {
        text_add_char(text, bytes[i] >= 0x20 && bytes[i] < 0x7f ? bytes[i] : '.');
    }
    text_add_char(text, '|');
}

static void add_head(const struct ucm *ucm, const struct ucm_call *call, const uint8_t *head,
                     size_t size, const struct verdict *verdict, struct text *text)
{
    /* Before the verdict is known to be an error message, a login's answer may hold a cookie. */
    bool is_error = verdict != NULL && verdict->has_status && verdict->status < 0;

    if (call->hides_answer && !is_error) {
        text_add(text, size > 0 ? "(not shown: the answer to a login)" : "");
        return;
    }
    AUTO(free) char *copy = memory_copy_bytes(head, size);
    mask(ucm, copy, size);
    if (size > 0) {
        add_bytes(text, copy, size < SHOWN_SIZE ? size : SHOWN_SIZE);
    }
}

static void add_request(const struct ucm_call *call, struct text *text)
{
    static const char *const secrets[] = { "token", "cookie", "password" };

    if (call->fields == NULL) {
        return;
    }
    AUTO(json_release) json_t *copy = json_copy((json_t *)call->fields);
    if (call->cookie != NULL) {
        json_object_set_new(copy, "cookie", json_string("***"));
    }
    for (size_t i = 0; i < COUNT_OF(secrets); i++) {
        if (json_object_get(copy, secrets[i]) != NULL) {
            json_object_set_new(copy, secrets[i], json_string("***"));
        }
    }
    AUTO(free) char *printed = json_dumps(copy, JSON_COMPACT);
    text_add(text, printed != NULL ? printed : "");
}

void ucm_report(const struct ucm *ucm, const struct ucm_call *call, const char *url,
                const struct net_answer *answer, const uint8_t *head, size_t head_size,
                const struct verdict *verdict, const struct pbx_trouble *trouble)
{
    const struct pbx_keeper *keeper = ucm->base.keeper;
    AUTO(text_clear) struct text request = TEXT_UP_TO(REQUEST_SIZE_MAX);
    AUTO(text_clear) struct text first_bytes = TEXT_UP_TO(512);
    char content_type[sizeof answer->content_type];
    char words[PBX_DETAIL_SIZE];

    if (keeper->attempt == NULL) {
        return;
    }
    add_request(call, &request);
    add_head(ucm, call, head, head_size, verdict, &first_bytes);
    memcpy(content_type, answer->content_type, sizeof content_type);
    mask(ucm, content_type, strlen(content_type));
    IGNORE(snprintf(words, sizeof words, "%s", verdict != NULL ? verdict->text : trouble->detail),
           "cut at the room there is");
    mask(ucm, words, strlen(words));
    struct pbx_attempt attempt = {
        .purpose = call->purpose,
        .rung = call->rung != NULL ? call->rung : "",
        .method = call->fields != NULL ? "POST" : "GET",
        .url = url,
        .request = text_get(&request),
        .http_status = answer->http_status,
        .content_type = content_type,
        .content_length = answer->content_length,
        .bytes = answer->received_bytes,
        .first_bytes = text_get(&first_bytes),
        .verdict = words,
        .reason = verdict != NULL ? verdict->reason : trouble->reason,
        .duration_ms = answer->duration_ms,
        .tls_pin = answer->pin,
        .remote = answer->remote,
    };
    keeper->attempt(keeper->context, &attempt);
}

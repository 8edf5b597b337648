/* See judge.h. Status codes after the protocol reference, 2.5. */
#include "pbx/grandstream/judge.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "core/json.h"
#include "core/macros.h"
#include "pbx/container.h"

enum {
    EMPTY_SIZE_MAX = 44, /* A WAVE header without sound. */
    RETRY_AFTER_S_MAX = 3600,
};

struct status_row {
    int status;
    enum verdict_kind kind;
    enum reason reason;
    int wait_s;
    const char *meaning;
};

static const struct status_row statuses[] = {
    { -1, VERDICT_BROKEN, REASON_REQUEST_REFUSED, 0, "invalid parameters" },
    { -5, VERDICT_LOG_IN, REASON_SESSION_LOST, 0, "login needed" },
    { -6, VERDICT_LOG_IN, REASON_SESSION_LOST, 0, "cookie not valid" },
    { -7, VERDICT_WAIT, REASON_PBX_ERROR, 0, "connection closed inside the PBX" },
    { -8, VERDICT_WAIT, REASON_PBX_ERROR, 0, "time-out inside the PBX" },
    { -9, VERDICT_WAIT, REASON_PBX_ERROR, 0, "system error" },
    { -15, VERDICT_BROKEN, REASON_REQUEST_REFUSED, 0, "invalid value" },
    { -16, VERDICT_NOT_HERE, REASON_NOT_THERE_YET, 0, "no such item" },
    { -19, VERDICT_NOT_HERE, REASON_UNSUPPORTED, 0, "not supported" },
    { -24, VERDICT_WAIT, REASON_PBX_ERROR, 0, "data operation failed" },
    { -25, VERDICT_NOT_HERE, REASON_NOT_THERE_YET, 0, "file not found" },
    { -26, VERDICT_WAIT, REASON_PBX_ERROR, 0, "could not get data" },
    { -37, VERDICT_STOP, REASON_LOGIN_REFUSED, 0, "wrong account or password" },
    { -45, VERDICT_WAIT, REASON_THROTTLED, 15, "too frequent" },
    { -46, VERDICT_WAIT, REASON_THROTTLED, 15, "too frequent" },
    { -47, VERDICT_STOP, REASON_NO_PERMISSION, 0, "no permission" },
    { -50, VERDICT_BROKEN, REASON_REFUSED_NAME, 0, "characters that are not allowed" },
    { -51, VERDICT_WAIT, REASON_BUSY, 15, "another task is running" },
    { -57, VERDICT_WAIT, REASON_THROTTLED, 60, "too frequent" },
    { -68, VERDICT_STOP, REASON_LOGIN_LOCKED, 0, "login restricted" },
    { -70, VERDICT_STOP, REASON_LOGIN_LOCKED, 0, "login forbidden" },
    { -71, VERDICT_STOP, REASON_LOGIN_REFUSED, 0, "user name does not exist" },
    { -251, VERDICT_WAIT, REASON_BUSY, 15, "another task is running" },
};

enum { STATUS_TIMEOUT = -8 };

/* The first byte that is neither a byte-order mark nor white space; 0 when there is none. */
static char first_mark(const uint8_t *head, size_t size)
{
    size_t at = size >= 3 && memcmp(head, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;

    while (at < size && strchr(" \t\r\n", head[at]) != NULL && head[at] != '\0') {
        at++;
    }
    return at < size ? (char)head[at] : '\0';
}

static void say(struct verdict *verdict, enum verdict_kind kind, enum reason reason,
                const char *format, ...) PRINTF_LIKE(4, 5);

static void say(struct verdict *verdict, enum verdict_kind kind, enum reason reason,
                const char *format, ...)
{
    va_list arguments;
    int usual_s = reason_info(reason)->retry_after_s;

    verdict->kind = kind;
    verdict->reason = reason;
    verdict->retry_after_s = usual_s > 0 ? usual_s : -1;
    va_start(arguments, format);
    IGNORE(vsnprintf(verdict->text, sizeof verdict->text, format, arguments),
           "cut at the room there is");
    va_end(arguments);
    for (char *at = verdict->text; *at != '\0'; at++) {
        if ((unsigned char)*at < 0x20 || *at == 0x7f) {
            *at = '?'; /* The PBX's own words may be in it. */
        }
    }
}

static int small_number(const json_t *object, const char *name)
{
    long long value = json_number(object, name, -1);

    return value >= 0 && value <= 1000000000 ? (int)value : -1;
}

static void judge_status(long long status, const json_t *root, struct verdict *verdict)
{
    const json_t *response = json_object_get(root, "response");
    const char *words = json_text(response, "error_msg", "");

    verdict->has_status = true;
    verdict->status = (int)status;
    verdict->tries_left = small_number(response, "remain_num");
    verdict->locked_s = small_number(response, "remain_time");
    for (size_t i = 0; i < COUNT_OF(statuses); i++) {
        const struct status_row *row = &statuses[i];
        if (row->status == status) {
            say(verdict, row->kind, row->reason, "the PBX answers status %d: %s%s%.60s",
                row->status, row->meaning, words[0] != '\0' ? ", " : "", words);
            if (row->wait_s > 0) {
                verdict->retry_after_s = row->wait_s;
            }
            verdict->forgets_session = row->status == STATUS_TIMEOUT;
            return;
        }
    }
    say(verdict, VERDICT_WAIT, REASON_PBX_ERROR, "the PBX answers status %lld%s%.60s", status,
        words[0] != '\0' ? ": " : "", words);
}

/* True when the body is JSON that settles the matter. */
static bool judge_json(const struct seen_answer *seen, struct verdict *verdict)
{
    struct error error;

    if (seen->total > (int64_t)seen->head_size) {
        return false; /* Only its beginning is here. */
    }
    AUTO(json_release) json_t *root = json_read(seen->head, seen->head_size, &error);
    if (!json_is_object(root)) {
        return false;
    }
    bool has_records = json_is_array(json_object_get(root, "cdr_root")) ||
                       json_is_array(json_object_get(root, "cdr"));
    const long long absent = INT32_MIN;
    long long status = json_number(root, "status", absent);
    if (status < 0 && status > absent) {
        judge_status(status, root, verdict);
        return true;
    }
    if (status != absent) {
        verdict->has_status = true;
        verdict->status = status == 0 ? 0 : 1;
    }
    if (seen->wanted == WANTED_AUDIO || seen->http_status != 200) {
        return false;
    }
    if (status == 0 || has_records) {
        say(verdict, VERDICT_DATA, REASON_NONE, "answered");
        return true;
    }
    return false;
}

static void judge_unauthorized(const struct seen_answer *seen, struct verdict *verdict)
{
    if (!seen->was_digest) {
        say(verdict, VERDICT_BROKEN, REASON_API_NOT_FOUND,
            "HTTP status 401 where the UCM's API would answer with JSON");
    } else if (strncasecmp(seen->challenge, "Basic", 5) == 0) {
        say(verdict, VERDICT_STOP, REASON_BASIC_ONLY,
            "the PBX offers only HTTP Basic authentication");
    } else {
        say(verdict, VERDICT_STOP, REASON_LOGIN_REFUSED, "HTTP status 401 to our Digest answer");
    }
}

/* Status codes that say something by themselves, once the body did not. */
static void judge_http(const struct seen_answer *seen, struct verdict *verdict)
{
    int status = seen->http_status;
    bool wants_json = seen->wanted == WANTED_JSON;

    if (status == 401) {
        judge_unauthorized(seen, verdict);
    } else if (status == 403) {
        say(verdict, VERDICT_STOP, REASON_ADDRESS_NOT_PERMITTED, "HTTP status 403");
    } else if (wants_json && (status == 404 || status == 405 || status == 501)) {
        say(verdict, VERDICT_BROKEN, REASON_API_NOT_FOUND, "HTTP status %d", status);
    } else if (status == 404 || status == 410) {
        say(verdict, VERDICT_NOT_HERE, REASON_NOT_THERE_YET, "HTTP status %d", status);
    } else if (status == 429) {
        say(verdict, VERDICT_WAIT, REASON_THROTTLED, "HTTP status 429");
        verdict->retry_after_s = 60;
    } else if (status >= 300 && status <= 399) {
        say(verdict, VERDICT_BROKEN, REASON_REDIRECTED, "HTTP status %d", status);
    } else {
        say(verdict, VERDICT_WAIT, REASON_PBX_ERROR, "HTTP status %d", status);
    }
    if (verdict->kind == VERDICT_WAIT && seen->retry_after_s > 0) {
        verdict->retry_after_s =
            seen->retry_after_s < RETRY_AFTER_S_MAX ? seen->retry_after_s : RETRY_AFTER_S_MAX;
    }
}

static void judge_sound(const struct seen_answer *seen, struct verdict *verdict)
{
    const char *container = container_name(seen->head, seen->head_size);

    if (seen->total <= EMPTY_SIZE_MAX) {
        say(verdict, VERDICT_BROKEN, REASON_EMPTY, "a body of %lld bytes", (long long)seen->total);
    } else if (container == NULL) {
        say(verdict, VERDICT_BROKEN, REASON_UNKNOWN_CONTAINER,
            "%lld bytes that begin like no sound format", (long long)seen->total);
    } else if (strcmp(container, "gsff") == 0) {
        say(verdict, VERDICT_BROKEN, REASON_GSFF_CONTAINER, "%lld bytes of GSFF",
            (long long)seen->total);
    } else if (strcmp(container, "tar") == 0) {
        say(verdict, VERDICT_BROKEN, REASON_UNKNOWN_CONTAINER,
            "a tar archive of %lld bytes, though one file was asked for", (long long)seen->total);
    } else {
        say(verdict, VERDICT_AUDIO, REASON_NONE, "%lld bytes of %s", (long long)seen->total,
            container);
        verdict->container = container;
    }
}

static void judge_page(const struct seen_answer *seen, struct verdict *verdict)
{
    if (seen->wanted == WANTED_AUDIO) {
        say(verdict, VERDICT_NOT_HERE, REASON_HTML_INSTEAD_OF_AUDIO,
            "HTTP status 200 with a web page");
    } else {
        say(verdict, VERDICT_BROKEN, REASON_API_NOT_FOUND, "HTTP status 200 with a web page");
    }
}

void judge(const struct seen_answer *seen, struct verdict *verdict_out)
{
    struct verdict verdict = { .retry_after_s = -1, .tries_left = -1, .locked_s = -1 };
    char mark = first_mark(seen->head, seen->head_size);
    bool is_json = mark == '{' || mark == '[';

    if (is_json && judge_json(seen, &verdict)) {
        *verdict_out = verdict;
        return;
    }
    if (seen->http_status != 200) {
        judge_http(seen, &verdict);
    } else if (mark == '<') {
        judge_page(seen, &verdict);
    } else if (is_json && seen->wanted == WANTED_AUDIO) {
        say(&verdict, VERDICT_BROKEN, REASON_JSON_INSTEAD_OF_AUDIO, "a JSON body of %lld bytes",
            (long long)seen->total);
    } else if (seen->wanted == WANTED_AUDIO) {
        judge_sound(seen, &verdict);
    } else if (seen->wanted == WANTED_LISTING && !is_json && seen->total > 0) {
        say(&verdict, VERDICT_DATA, REASON_NONE, "a listing of %lld bytes", (long long)seen->total);
    } else if (seen->total == 0) {
        say(&verdict, VERDICT_WAIT, REASON_PBX_ERROR, "an empty body");
    } else {
        say(&verdict, VERDICT_BROKEN, REASON_API_NOT_FOUND, "a body that is not the API's JSON");
    }
    *verdict_out = verdict;
}

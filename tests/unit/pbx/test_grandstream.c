/* The whole driver against a scripted UCM over real TLS on the loopback. */
#include "check.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "pbx/pbx.h"
#include "unit/net/scripted_server.h"
#include "unit/pbx/wave.h"

#define PASSWORD "canary-PASSWORD-4711"
#define USERNAME "cdrapi"
#define CHALLENGE "0000001234567890"
static const char path[] = "2026-02/auto-1770326441-1000-2815550100.wav";

/* --- the scripted UCM: what it holds, how it misbehaves, what it saw -------------------------- */

struct fake {
    struct scripted_server server;
    struct text wave; /* The recording, in `directory` under `name`. */
    const char *directory, *name;
    bool has_only_old, is_html, wants_month;
    int challenge_status, login_status; /* Not 0: the answer of that action. */
    int expire_count;                   /* So many recapi answers are -6. */
    const char *recapi_answer;          /* Not NULL: every recapi is answered with this JSON. */
    int cut_bytes;                      /* Leave off so many at the end, though announced. */
    int login_count, challenge_count, recapi_count, names_count, cdr_count, digest_count;
    const char *names_answer, *cdr_answer;
    char asked[2048]; /* "filedir/filename " of each recapi. */
};

static void answer_wave(const struct fake *fake, struct scripted_reply *reply)
{
    scripted_body(reply, 200, "application/octet-stream", text_get(&fake->wave),
                  fake->wave.size - (size_t)fake->cut_bytes, fake->wave.size);
}

static void answer_status(struct scripted_reply *reply, int status)
{
    char body[96];

    snprintf(body, sizeof body, "{\"response\":{\"remain_num\":4},\"status\":%d}", status);
    scripted_json(reply, body);
}

static void answer_login(struct fake *fake, const json_t *request, struct scripted_reply *reply)
{
    char token[MD5_TEXT_SIZE];
    char body[160];

    hash_md5_text(CHALLENGE, strlen(CHALLENGE), PASSWORD, strlen(PASSWORD), token);
    fake->login_count++;
    if (fake->login_status != 0 || strcmp(json_text(request, "token", ""), token) != 0) {
        answer_status(reply, fake->login_status != 0 ? fake->login_status : -37);
        return;
    }
    snprintf(body, sizeof body, "{\"response\":{\"cookie\":\"sid%d-canaryCOOKIE\"},\"status\":0}",
             fake->login_count);
    scripted_json(reply, body);
}

static bool cookie_is_good(const struct fake *fake, const json_t *request)
{
    char cookie[64];

    snprintf(cookie, sizeof cookie, "sid%d-canaryCOOKIE", fake->login_count);
    return strcmp(json_text(request, "cookie", ""), cookie) == 0;
}

static void answer_recapi(struct fake *fake, const json_t *request, struct scripted_reply *reply)
{
    const char *directory = json_text(request, "filedir", "");
    const char *name = json_text(request, "filename", "");
    size_t used = strlen(fake->asked);

    fake->recapi_count++;
    snprintf(fake->asked + used, sizeof fake->asked - used, "%s/%s ", directory, name);
    if (fake->expire_count > 0) {
        fake->expire_count--;
        answer_status(reply, -6);
    } else if (fake->is_html) {
        scripted_text(reply, 200, "audio/wav", "<!DOCTYPE html><html><title>UCM</title></html>");
    } else if (fake->recapi_answer != NULL) {
        scripted_text(reply, 200, "audio/wav", fake->recapi_answer);
    } else if (strcmp(directory, fake->directory) == 0 && strcmp(name, fake->name) == 0) {
        answer_wave(fake, reply);
    } else {
        answer_status(reply, -25);
    }
}

static void answer_post(struct fake *fake, const json_t *request, struct scripted_reply *reply)
{
    const char *action = json_text(request, "action", "");

    if (strcmp(action, "challenge") == 0) {
        fake->challenge_count++;
        if (fake->challenge_status != 0) {
            answer_status(reply, fake->challenge_status);
            return;
        }
        scripted_json(reply, "{\"response\":{\"challenge\":\"" CHALLENGE "\"},\"status\":0}");
    } else if (strcmp(action, "login") == 0) {
        answer_login(fake, request, reply);
    } else if (!cookie_is_good(fake, request)) {
        answer_status(reply, -6);
    } else if (strcmp(action, "recapi") == 0) {
        answer_recapi(fake, request, reply);
    } else if (strcmp(action, "getRecordInfosByCall") == 0) {
        fake->names_count++;
        scripted_json(reply, fake->names_answer != NULL
                                 ? fake->names_answer
                                 : "{\"response\":{\"recordfiles\":\"\"},\"status\":0}");
    } else if (strcmp(action, "cdrapi") == 0) {
        fake->cdr_count++;
        scripted_json(reply, fake->cdr_answer != NULL ? fake->cdr_answer : "{\"cdr_root\":[]}");
    } else if (strcmp(action, "getSystemStatus") == 0) {
        scripted_json(reply, "{\"response\":{\"product-model\":\"UCM6302\",\"prog-version\":"
                             "\"1.0.27.1\",\"serial\":\"X1\"},\"status\":0}");
    } else {
        answer_status(reply, -19);
    }
}

static void answer_old(struct fake *fake, const struct scripted_request *request,
                       struct scripted_reply *reply)
{
    char wanted[512];

    if (strstr(request->headers, "Authorization: Digest username=\"" USERNAME "\"") == NULL) {
        text_add(&reply->bytes, "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Digest "
                                "realm=\"r\", nonce=\"n\", qop=\"auth\", algorithm=MD5\r\n"
                                "Content-Length: 0\r\n\r\n");
        return;
    }
    fake->digest_count++;
    snprintf(wanted, sizeof wanted, "/recapi?filedir=%s&filename=%s", fake->directory, fake->name);
    if (strcmp(request->target, wanted) == 0) {
        answer_wave(fake, reply);
    } else if (strncmp(request->target, "/cdrapi?", 8) == 0) {
        scripted_json(reply, "{\"cdr\":[{\"AcctId\":\"7\"}]}");
    } else {
        scripted_text(reply, 404, "text/html", "<html>not found</html>");
    }
}

static void answer(void *context, const struct scripted_request *request,
                   struct scripted_reply *reply)
{
    struct fake *fake = context;
    struct error error;

    if (strcmp(request->method, "GET") == 0 && fake->has_only_old) {
        answer_old(fake, request, reply);
        return;
    }
    AUTO(json_release) json_t *root = json_read(request->body, request->body_size, &error);
    const json_t *inner = json_object_get(root, "request");
    if (fake->has_only_old || inner == NULL || strcmp(request->target, "/api") != 0) {
        scripted_text(reply, 404, "text/html", "<html>web page</html>");
        return;
    }
    answer_post(fake, inner, reply);
}

/* --- the caller's side ------------------------------------------------------------------------ */

struct caller {
    struct fake fake;
    struct net_guard guard;
    struct pbx_settings settings;
    struct pbx_keeper keeper;
    struct pbx_wanted wanted;
    char cookie[160];
    time_ms cookie_at;
    char pin[1024];
    bool refuses_pin;
    int refused_count, tries_left;
    enum reason refused_reason;
    char api[8];
    int port;
    char rung[PBX_RUNG_SIZE];
    int login_depth, begin_count;
    struct text attempts; /* All texts of all attempts. */
    int attempt_count;
    int file;
    struct pbx_outcome outcome;
};

static bool keep_session_get(void *context, char *cookie_out, size_t room, time_ms *at_out)
{
    struct caller *caller = context;

    snprintf(cookie_out, room, "%s", caller->cookie);
    *at_out = caller->cookie_at;
    return caller->cookie[0] != '\0';
}

static void keep_session_put(void *context, const char *cookie)
{
    struct caller *caller = context;

    snprintf(caller->cookie, sizeof caller->cookie, "%s", cookie != NULL ? cookie : "");
    caller->cookie_at = time_now();
}

static bool keep_login_begin(void *context, int64_t wait_ms)
{
    struct caller *caller = context;

    CHECK(wait_ms > 0);
    caller->begin_count++;
    return caller->login_depth++ == 0;
}

static void keep_login_end(void *context)
{
    ((struct caller *)context)->login_depth--;
}

static bool keep_pin(void *context, const char *pin, const char *certificate_text)
{
    struct caller *caller = context;

    CHECK(strstr(certificate_text, "scripted PBX") != NULL);
    if (!caller->refuses_pin) {
        snprintf(caller->pin, sizeof caller->pin, "%s", pin);
    }
    return !caller->refuses_pin;
}

static void keep_refused(void *context, enum reason reason, int tries_left, int locked_s)
{
    struct caller *caller = context;

    (void)locked_s;
    caller->refused_count++;
    caller->refused_reason = reason;
    caller->tries_left = tries_left;
}

static void keep_api(void *context, const char *api, int port)
{
    struct caller *caller = context;

    snprintf(caller->api, sizeof caller->api, "%s", api);
    caller->port = port;
}

static void keep_rung(void *context, const char *rung)
{
    struct caller *caller = context;

    snprintf(caller->rung, sizeof caller->rung, "%s", rung);
}

static void keep_attempt(void *context, const struct pbx_attempt *attempt)
{
    struct caller *caller = context;

    caller->attempt_count++;
    text_print(&caller->attempts, "%s %s %s %s %s %d %s %lld %lld %s %s %s %s %s\n",
               attempt->purpose, attempt->rung, attempt->method, attempt->url, attempt->request,
               attempt->http_status, attempt->content_type, (long long)attempt->content_length,
               (long long)attempt->bytes, attempt->first_bytes, attempt->verdict,
               reason_info(attempt->reason)->code, attempt->tls_pin, attempt->remote);
}

static int begin(void **state)
{
    static struct caller caller;
    struct error error;

    memset(&caller, 0, sizeof caller);
    caller.fake.wave = TEXT_UP_TO(MIB);
    wave_add(&caller.fake.wave, 5);
    caller.fake.directory = "monitor";
    caller.fake.name = "auto-1770326441-1000-2815550100.wav";
    scripted_start(&caller.fake.server, 0, answer, &caller.fake);
    if (!guard_parse("127.0.0.1", &caller.guard, &error)) {
        return -1;
    }
    caller.settings = (struct pbx_settings){ .id = "p1",
                                             .host = "127.0.0.1",
                                             .port = caller.fake.server.port,
                                             .username = USERNAME,
                                             .password = PASSWORD,
                                             .api = "new" };
    caller.keeper = (struct pbx_keeper){ .context = &caller,
                                         .session_get = keep_session_get,
                                         .session_put = keep_session_put,
                                         .login_begin = keep_login_begin,
                                         .login_end = keep_login_end,
                                         .pin_learned = keep_pin,
                                         .login_refused = keep_refused,
                                         .api_found = keep_api,
                                         .rung_worked = keep_rung,
                                         .attempt = keep_attempt };
    caller.wanted = (struct pbx_wanted){ .path = path,
                                         .acct_id = "41",
                                         .uniqueid = "1770326441.84",
                                         .started_at = 1770326441000,
                                         .expected_bytes = -1,
                                         .expected_seconds = 5,
                                         .talk_s = 5 };
    caller.attempts = TEXT_UP_TO(MIB);
    caller.file = memfd_create("recording", MFD_CLOEXEC);
    *state = &caller;
    return 0;
}

static int end(void **state)
{
    struct caller *caller = *state;
    bool has_leaked = strstr(text_get(&caller->attempts), "canary") != NULL ||
                      strstr(text_get(&caller->attempts), "Authorization") != NULL ||
                      strstr(text_get(&caller->attempts), "response=") != NULL;

    scripted_stop(&caller->fake.server);
    text_clear(&caller->fake.wave);
    if (has_leaked) {
        fprintf(stderr, "a secret in: %s\n", text_get(&caller->attempts));
    }
    text_clear(&caller->attempts);
    file_close(caller->file);
    return has_leaked ? -1 : 0;
}

static struct pbx_outcome *fetch(struct caller *caller)
{
    AUTO(pbx_close)
    struct pbx *pbx = pbx_open(&caller->settings, &caller->keeper, &caller->guard);
    struct error error;

    CHECK(pbx_fetch(pbx, &caller->wanted, caller->file, &caller->outcome, &error));
    return &caller->outcome;
}

static void settings_follow(struct caller *caller)
{
    caller->settings.tls_pin = caller->pin;
    caller->settings.api_found = caller->api;
    caller->settings.port_found = caller->port;
    caller->settings.rung = caller->rung[0] != '\0' ? caller->rung : NULL;
}

/* --- what must hold ----------------------------------------------------------------------------
 */

static void a_recording_is_fetched_and_proven(void **state)
{
    struct caller *caller = *state;
    char expected[SHA256_TEXT_SIZE];
    const struct pbx_outcome *outcome = fetch(caller);

    CHECK_TEXT(reason_info(outcome->reason)->code, "");
    CHECK_NUMBER(outcome->bytes, 80044);
    assert_float_equal(outcome->seconds, 5.0, 0.001);
    CHECK_TEXT(outcome->container, "wav");
    CHECK_TEXT(outcome->rung, "new:monitor");
    CHECK_TEXT(outcome->found_path, path);
    CHECK_TEXT(outcome->sha256,
               hash_sha256_text(text_get(&caller->fake.wave), caller->fake.wave.size, expected));
    CHECK_NUMBER(lseek(caller->file, 0, SEEK_END), 80044);
    CHECK(strncmp(caller->pin, "sha256//", 8) == 0);
    CHECK_TEXT(caller->api, "new");
    CHECK_NUMBER(caller->port, caller->fake.server.port);
    CHECK_TEXT(caller->rung, "new:monitor");
    CHECK_TEXT(caller->fake.asked, "monitor/auto-1770326441-1000-2815550100.wav ");
    CHECK_NUMBER(caller->login_depth, 0);
    CHECK(strstr(text_get(&caller->attempts), "\"cookie\":\"***\"") != NULL);
    CHECK(strstr(text_get(&caller->attempts), "\"token\":\"***\"") != NULL);
    CHECK(strstr(text_get(&caller->attempts), "52494646") != NULL);
}

static void the_shared_cookie_spares_the_next_login(void **state)
{
    struct caller *caller = *state;

    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
    settings_follow(caller);
    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
    CHECK_NUMBER(caller->fake.login_count, 1);
    CHECK_NUMBER(caller->fake.recapi_count, 2);
    CHECK_NUMBER(caller->begin_count, 1);
}

static void an_expired_cookie_is_renewed_once_and_the_rung_repeated(void **state)
{
    struct caller *caller = *state;

    caller->fake.expire_count = 1;
    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
    CHECK_NUMBER(caller->fake.login_count, 2);
    CHECK_NUMBER(caller->fake.recapi_count, 2);

    caller->fake.expire_count = 5;
    CHECK_NUMBER(fetch(caller)->reason, REASON_SESSION_LOST);
    CHECK_NUMBER(caller->fake.login_count, 3);
    CHECK_NUMBER(caller->fake.recapi_count, 4);
    CHECK_NUMBER(lseek(caller->file, 0, SEEK_END), 0);
}

static void a_refused_login_is_not_tried_again(void **state)
{
    struct caller *caller = *state;
    struct error error;

    caller->settings.password = "canary-another";
    AUTO(pbx_close)
    struct pbx *pbx = pbx_open(&caller->settings, &caller->keeper, &caller->guard);
    for (int i = 0; i < 3; i++) {
        CHECK(pbx_fetch(pbx, &caller->wanted, caller->file, &caller->outcome, &error));
        CHECK_NUMBER(caller->outcome.reason, REASON_LOGIN_REFUSED);
    }
    CHECK_NUMBER(caller->fake.login_count, 1);
    CHECK_NUMBER(caller->refused_count, 1);
    CHECK_NUMBER(caller->refused_reason, REASON_LOGIN_REFUSED);
    CHECK_NUMBER(caller->tries_left, 4);
    CHECK(strstr(caller->outcome.detail, "4 tries left") != NULL);
}

static void a_refused_challenge_is_not_asked_for_twice(void **state)
{
    struct caller *caller = *state;

    caller->fake.challenge_status = -71;
    CHECK_NUMBER(fetch(caller)->reason, REASON_LOGIN_REFUSED);
    CHECK_NUMBER(caller->fake.challenge_count, 1);
    CHECK_NUMBER(caller->refused_count, 1);
    CHECK_NUMBER(caller->fake.login_count, 0);
}

static void the_status_of_a_download_decides_what_follows(void **state)
{
    struct caller *caller = *state;
    static const struct {
        const char *answer;
        enum reason reason;
        int recapi_count;
        int64_t retry_after_s;
    } table[] = {
        { "{\"response\":{},\"status\":-45}", REASON_THROTTLED, 1, 15 },
        { "{\"response\":{},\"status\":-57}", REASON_THROTTLED, 1, 60 },
        { "{\"response\":{},\"status\":-47}", REASON_NO_PERMISSION, 1, -1 },
        { "{\"response\":{},\"status\":-9}", REASON_PBX_ERROR, 1, -1 },
        { "{\"response\":{},\"status\":-1}", REASON_REQUEST_REFUSED, 1, -1 },
        { "{\"response\":{},\"status\":-25}", REASON_NOT_THERE_YET, 5, -1 },
        { "{\"response\":{},\"status\":-16}", REASON_NOT_THERE_YET, 5, -1 },
        { "{\"response\":{},\"status\":0}", REASON_JSON_INSTEAD_OF_AUDIO, 1, -1 },
        { "<html>login</html>", REASON_HTML_INSTEAD_OF_AUDIO, 5, -1 },
        { "x", REASON_EMPTY, 1, -1 },
        { "plain words that are longer than a WAVE header is", REASON_UNKNOWN_CONTAINER, 1, -1 },
    };
    for (size_t i = 0; i < COUNT_OF(table); i++) {
        caller->fake.recapi_answer = table[i].answer;
        caller->fake.recapi_count = 0;
        const struct pbx_outcome *outcome = fetch(caller);
        if (outcome->reason != table[i].reason ||
            caller->fake.recapi_count != table[i].recapi_count ||
            outcome->retry_after_s != table[i].retry_after_s) {
            fail_msg("%s: %s after %d, %d", table[i].answer, reason_info(outcome->reason)->code,
                     caller->fake.recapi_count, (int)outcome->retry_after_s);
        }
        CHECK(outcome->detail[0] != '\0');
        CHECK_NUMBER(lseek(caller->file, 0, SEEK_END), 0);
    }
}

static void a_web_page_sent_as_audio_is_never_stored(void **state)
{
    struct caller *caller = *state;

    caller->fake.is_html = true;
    CHECK_NUMBER(fetch(caller)->reason, REASON_HTML_INSTEAD_OF_AUDIO);
    CHECK_NUMBER(lseek(caller->file, 0, SEEK_END), 0);
}

static void a_cut_body_is_truncated(void **state)
{
    struct caller *caller = *state;

    caller->fake.cut_bytes = 1000;
    CHECK_NUMBER(fetch(caller)->reason, REASON_TRUNCATED);
    CHECK_NUMBER(lseek(caller->file, 0, SEEK_END), 0);
    /* The PBX is still writing it: the framing is whole, the header promises more. */
    caller->fake.cut_bytes = 0;
    caller->fake.wave.size -= 1000;
    CHECK_NUMBER(fetch(caller)->reason, REASON_TRUNCATED);
}

static void figures_of_the_call_record_are_held_against_the_file(void **state)
{
    struct caller *caller = *state;

    caller->wanted.expected_seconds = 31;
    CHECK_NUMBER(fetch(caller)->reason, REASON_DURATION_MISMATCH);
    caller->wanted.expected_seconds = 5;
    caller->wanted.expected_bytes = 80045;
    CHECK_NUMBER(fetch(caller)->reason, REASON_SIZE_MISMATCH);
    caller->wanted.expected_bytes = 80044;
    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
}

static void the_ladder_is_climbed_in_order_and_its_rung_remembered(void **state)
{
    struct caller *caller = *state;

    caller->fake.directory = "queue";
    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
    CHECK_TEXT(caller->outcome.rung, "new:queue");
    CHECK_NUMBER(caller->fake.recapi_count, 2);
    settings_follow(caller);
    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
    CHECK_NUMBER(caller->fake.recapi_count, 3);

    caller->fake.directory = "monitor";
    caller->fake.name = path; /* Only with the month folder. */
    caller->settings.rung = NULL;
    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
    CHECK_TEXT(caller->outcome.rung, "new:monitor+month");
    CHECK_NUMBER(caller->fake.names_count, 1);
    CHECK_NUMBER(caller->fake.cdr_count, 1);
}

static void another_name_is_learned_from_the_pbx(void **state)
{
    struct caller *caller = *state;

    caller->fake.name = "auto-renamed.wav";
    caller->fake.names_answer =
        "{\"response\":{\"recordfiles\":\"2026-02/auto-renamed.wav\"},\"status\":0}";
    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
    CHECK_TEXT(caller->outcome.rung, "new:recordinfos");
    CHECK_TEXT(caller->outcome.found_path, "2026-02/auto-renamed.wav");

    caller->fake.names_answer = NULL;
    caller->fake.cdr_answer =
        "{\"cdr_root\":[{\"cdr\":\"s\",\"main_cdr\":{\"AcctId\":\"\"},\"sub_cdr_1\":{\"AcctId\":"
        "\"41\",\"uniqueid\":\"1770326441.84\",\"recordfiles\":\"2026-02/auto-renamed.wav@\"}}]}";
    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
    CHECK_TEXT(caller->outcome.rung, "new:cdrapi");

    caller->wanted.path = "";
    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
    CHECK_TEXT(caller->outcome.found_path, "2026-02/auto-renamed.wav");
}

static void another_recording_never_takes_the_place_of_the_wanted(void **state)
{
    struct caller *caller = *state;

    caller->fake.name = "auto-other.wav";
    caller->fake.names_answer =
        "{\"response\":{\"recordfiles\":\"2026-02/auto-other.wav,2026-02/auto-third.wav\"},"
        "\"status\":0}";
    CHECK_NUMBER(fetch(caller)->reason, REASON_NOT_THERE_YET);
    CHECK_NUMBER(lseek(caller->file, 0, SEEK_END), 0);
}

static void a_changed_certificate_gets_not_a_byte(void **state)
{
    struct caller *caller = *state;
    int port = caller->fake.server.port;

    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
    settings_follow(caller);
    scripted_stop(&caller->fake.server);
    scripted_start(&caller->fake.server, port, answer, &caller->fake);
    CHECK_NUMBER(fetch(caller)->reason, REASON_TLS_CHANGED);
    CHECK_NUMBER(caller->fake.server.plain_bytes, 0);

    caller->settings.api_found = NULL; /* The same without hints. */
    CHECK_NUMBER(fetch(caller)->reason, REASON_TLS_CHANGED);
    caller->settings.tls_pin = "ca"; /* And with a public authority expected. */
    CHECK_NUMBER(fetch(caller)->reason, REASON_TLS_UNTRUSTED);
    CHECK_NUMBER(caller->fake.server.plain_bytes, 0);
}

static void a_pin_that_another_process_stored_first_ends_the_talk(void **state)
{
    struct caller *caller = *state;

    caller->refuses_pin = true;
    CHECK_NUMBER(fetch(caller)->reason, REASON_TLS_CHANGED);
    CHECK_NUMBER(caller->fake.login_count, 0);
}

static void the_old_api_is_found_and_spoken_with_digest(void **state)
{
    struct caller *caller = *state;

    caller->settings.api = "auto";
    caller->settings.old_port = caller->fake.server.port;
    caller->fake.has_only_old = true;
    caller->fake.name = path;
    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
    CHECK_TEXT(caller->outcome.rung, "old:monitor+month");
    CHECK_TEXT(caller->api, "old");
    CHECK_NUMBER(caller->fake.digest_count, 1);
    CHECK_NUMBER(caller->fake.login_count, 0);

    settings_follow(caller);
    caller->fake.name = "auto-1%23203-%2B33.wav";
    caller->wanted.path = "auto-1#203-+33.wav";
    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
    CHECK_TEXT(caller->outcome.rung, "old:monitor");
}

static void a_web_server_that_is_no_ucm_is_named_so(void **state)
{
    struct caller *caller = *state;

    caller->fake.has_only_old = true;
    CHECK_NUMBER(fetch(caller)->reason, REASON_API_NOT_FOUND);
}

static void settings_that_cannot_work_send_nothing(void **state)
{
    struct caller *caller = *state;

    caller->settings.host = "https://127.0.0.1/";
    CHECK_NUMBER(fetch(caller)->reason, REASON_ADDRESS_INVALID);
    caller->settings.host = "";
    CHECK_NUMBER(fetch(caller)->reason, REASON_PBX_NOT_CONFIGURED);
    caller->settings.host = "127.0.0.2";
    CHECK_NUMBER(fetch(caller)->reason, REASON_ADDRESS_REFUSED);
    caller->settings.host = "127.0.0.1";
    caller->wanted.path = "../../etc/passwd";
    CHECK_NUMBER(fetch(caller)->reason, REASON_REFUSED_NAME);
    CHECK_NUMBER(caller->fake.server.connection_count, 0);
}

static void a_login_by_another_process_is_waited_for(void **state)
{
    struct caller *caller = *state;

    caller->login_depth = 1;
    CHECK_NUMBER(fetch(caller)->reason, REASON_BUSY);
    CHECK(caller->outcome.retry_after_s > 0);
    CHECK_NUMBER(caller->fake.login_count, 0);
}

static void a_hint_that_is_out_of_date_is_looked_up_again(void **state)
{
    struct caller *caller = *state;

    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
    settings_follow(caller);
    caller->settings.port_found = 1;
    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
    caller->cookie[0] = '\0';
    CHECK_NUMBER(fetch(caller)->reason, REASON_NONE);
}

static void a_full_disk_is_our_own_failure(void **state)
{
    struct caller *caller = *state;
    AUTO(pbx_close)
    struct pbx *pbx = pbx_open(&caller->settings, &caller->keeper, &caller->guard);
    AUTO(file_close) int file = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    struct error error = { 0 };

    CHECK(fcntl(file, F_ADD_SEALS, F_SEAL_GROW) == 0);
    CHECK(!pbx_fetch(pbx, &caller->wanted, file, &caller->outcome, &error));
    CHECK(error.kind != ERROR_NONE && error.message[0] != 0);
}

struct pages {
    int count;
    bool has_leg;
};

static bool count_page(void *context, const char *body, size_t size)
{
    struct pages *pages = context;

    pages->count++;
    pages->has_leg = memmem(body, size, "AcctId", 6) != NULL;
    return true;
}

static void call_records_come_page_by_page(void **state)
{
    struct caller *caller = *state;
    struct pbx_period period = { .from_at = 1770326000000,
                                 .until_at = 1770327000000,
                                 .page_size = 1 };
    struct pbx_trouble trouble;
    struct pages pages = { 0 };
    bool is_cut = false;
    AUTO(pbx_close)
    struct pbx *pbx = pbx_open(&caller->settings, &caller->keeper, &caller->guard);

    caller->fake.cdr_answer = "{\"cdr_root\":[{\"AcctId\":\"41\"}]}";
    period.cut_out = &is_cut;
    CHECK(pbx_cdr_pages(pbx, &period, count_page, &pages, &trouble));
    CHECK_NUMBER(pages.count, 1); /* The same page twice: `offset` is ignored. */
    CHECK(is_cut);
    CHECK_NUMBER(caller->fake.cdr_count, 2);
    CHECK(pages.has_leg);
    CHECK(strstr(text_get(&caller->attempts), "2026-02-05T21:13:20+00:00") != NULL);
    CHECK(strstr(text_get(&caller->attempts), "\"timeFilterType\":\"End\"") != NULL);
}

static void the_connection_test_says_what_answers(void **state)
{
    struct caller *caller = *state;
    struct pbx_description description;
    struct pbx_trouble trouble;
    AUTO(pbx_close)
    struct pbx *pbx = pbx_open(&caller->settings, &caller->keeper, &caller->guard);

    CHECK(pbx_check(pbx, &description, &trouble));
    CHECK(description.is_logged_in);
    CHECK_TEXT(description.api, "new");
    CHECK_TEXT(description.model, "UCM6302");
    CHECK_TEXT(description.firmware, "1.0.27.1");
    CHECK(strstr(description.certificate, "scripted PBX") != NULL);
    struct pbx_names names;
    caller->fake.names_answer =
        "{\"response\":{\"recordfiles\":\"2026-02/a.wav,2026-02/b.wav\"},\"status\":0}";
    CHECK(pbx_record_names(pbx, "41", &names, &trouble));
    CHECK_NUMBER(names.count, 2);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, begin, end)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_recording_is_fetched_and_proven),
        TEST(the_shared_cookie_spares_the_next_login),
        TEST(an_expired_cookie_is_renewed_once_and_the_rung_repeated),
        TEST(a_refused_login_is_not_tried_again),
        TEST(a_refused_challenge_is_not_asked_for_twice),
        TEST(the_status_of_a_download_decides_what_follows),
        TEST(a_web_page_sent_as_audio_is_never_stored),
        TEST(a_cut_body_is_truncated),
        TEST(figures_of_the_call_record_are_held_against_the_file),
        TEST(the_ladder_is_climbed_in_order_and_its_rung_remembered),
        TEST(another_name_is_learned_from_the_pbx),
        TEST(another_recording_never_takes_the_place_of_the_wanted),
        TEST(a_changed_certificate_gets_not_a_byte),
        TEST(a_pin_that_another_process_stored_first_ends_the_talk),
        TEST(the_old_api_is_found_and_spoken_with_digest),
        TEST(a_web_server_that_is_no_ucm_is_named_so),
        TEST(settings_that_cannot_work_send_nothing),
        TEST(a_login_by_another_process_is_waited_for),
        TEST(a_hint_that_is_out_of_date_is_looked_up_again),
        TEST(a_full_disk_is_our_own_failure),
        TEST(call_records_come_page_by_page),
        TEST(the_connection_test_says_what_answers),
    };
    return cmocka_run_group_tests_name("pbx/grandstream", tests, NULL, NULL);
}

/*
 * A bare libcurl client for these tests, written from the protocol reference: one request, one
 * answer, nothing clever. And a folder with two WAV files to serve.
 */
#ifndef TESTS_INTEGRATION_SIMULATOR_CLIENT_H
#define TESTS_INTEGRATION_SIMULATOR_CLIENT_H

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/text.h"
#include "simulator/simulator.h"

struct answer {
    CURLcode code;
    long status;
    struct text head;
    struct text body;
};

/* What to ask; zeroed members are left out. */
struct question {
    int port;
    const char *path;   /* NULL: "/api". */
    const char *post;   /* Body of a POST; NULL: GET. */
    const char *digest; /* "user:password". */
    const char *pin;
    long timeout_ms; /* 0: 5000. */
    bool decodes;    /* Content-Encoding. */
    bool follows;    /* Redirects, at most 5. */
};

static inline void answer_clear(struct answer *answer)
{
    text_clear(&answer->head);
    text_clear(&answer->body);
}

static inline size_t answer_take(char *bytes, size_t size, size_t count, void *context)
{
    struct text *text = context;

    text_add_bytes(text, bytes, size * count);
    return text->is_full ? 0 : size * count;
}

static inline void ask(const struct question *question, struct answer *answer)
{
    CURL *easy = curl_easy_init();
    char url[4096];

    answer_clear(answer);
    *answer = (struct answer){ .head = TEXT_UP_TO(64 * KIB), .body = TEXT_UP_TO(16 * MIB) };
    IGNORE(snprintf(url, sizeof url, "https://127.0.0.1:%d%s", question->port,
                    question->path != NULL ? question->path : "/api"),
           "fits");
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROXY, "");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS,
                     question->timeout_ms > 0 ? question->timeout_ms : 5000L);
    curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, answer_take);
    curl_easy_setopt(easy, CURLOPT_HEADERDATA, &answer->head);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, answer_take);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &answer->body);
    if (question->post != NULL) {
        curl_easy_setopt(easy, CURLOPT_POSTFIELDS, question->post);
    }
    if (question->digest != NULL) {
        curl_easy_setopt(easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_DIGEST);
        curl_easy_setopt(easy, CURLOPT_USERPWD, question->digest);
    }
    if (question->pin != NULL) {
        curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, question->pin);
    }
    if (question->decodes) {
        curl_easy_setopt(easy, CURLOPT_ACCEPT_ENCODING, "gzip");
    }
    if (question->follows) {
        curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
        curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 5L);
    }
    answer->code = curl_easy_perform(easy);
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &answer->status);
    curl_easy_cleanup(easy);
}

static inline void ask_api(struct simulator *simulator, const char *body, struct answer *answer)
{
    ask(&(struct question){ .port = simulator_new_port(simulator), .post = body }, answer);
}

/* `status` of a JSON answer, or 1000 when there is none. */
static inline long long answer_status(const struct answer *answer)
{
    json_t *root = json_loads(text_get(&answer->body), 0, NULL);
    long long status = json_number(root, "status", 1000);

    json_decref(root);
    return status;
}

/* A member of `response`, copied. */
static inline const char *answer_member(const struct answer *answer, const char *name,
                                        char out[128])
{
    json_t *root = json_loads(text_get(&answer->body), 0, NULL);

    IGNORE(snprintf(out, 128, "%s", json_text(json_object_get(root, "response"), name, "")),
           "fits");
    json_decref(root);
    return out;
}

/* Challenge and login; the status, and the cookie when it is 0. */
static inline long long login(struct simulator *simulator, const char *user, const char *password,
                              char cookie_out[128])
{
    struct answer answer = { 0 };
    char challenge[128];
    char token[MD5_TEXT_SIZE];
    char body[512];

    IGNORE(snprintf(body, sizeof body,
                    "{\"request\":{\"action\":\"challenge\",\"user\":\"%s\",\"version\":\"1.0\"}}",
                    user),
           "fits");
    ask_api(simulator, body, &answer);
    long long status = answer_status(&answer);
    if (status == 0) {
        answer_member(&answer, "challenge", challenge);
        hash_md5_text(challenge, strlen(challenge), password, strlen(password), token);
        IGNORE(snprintf(body, sizeof body,
                        "{\"request\":{\"action\":\"login\",\"user\":\"%s\",\"token\":\"%s\"}}",
                        user, token),
               "fits");
        ask_api(simulator, body, &answer);
        status = answer_status(&answer);
        answer_member(&answer, "cookie", cookie_out);
    }
    answer_clear(&answer);
    return status;
}

/* An action with a cookie; `members` is more JSON, each with a comma before, or "". */
static inline void act(struct simulator *simulator, const char *action, const char *cookie,
                       const char *members, struct answer *answer)
{
    char body[2048];

    IGNORE(snprintf(body, sizeof body, "{\"request\":{\"action\":\"%s\",\"cookie\":\"%s\"%s}}",
                    action, cookie, members),
           "fits");
    ask_api(simulator, body, answer);
}

/* ---- a simulator with calls ---- */

enum { SHORT_SIZE = 44 + 16000, LONG_SIZE = 44 + 48000 };

struct scene {
    struct simulator *simulator;
    char folder[64];
    char long_wav[80];
    char short_wav[80];
    struct simulator_added call; /* Of the long one. */
    char cookie[128];
};

static inline void wav_write(const char *path, unsigned size, unsigned seed)
{
    unsigned char *wav = memory_new(size);
    struct error error = { 0 };
    static const unsigned char format[] = { 16, 0, 0,    0,    1, 0, 1, 0, 0x40, 0x1f,
                                            0,  0, 0x80, 0x3e, 0, 0, 2, 0, 16,   0 };

    memcpy(wav, "RIFF", 4);
    memcpy(wav + 8, "WAVEfmt ", 8);
    memcpy(wav + 16, format, sizeof format);
    memcpy(wav + 36, "data", 4);
    for (unsigned i = 0; i < 4; i++) {
        wav[4 + i] = (unsigned char)((size - 8) >> (8 * i));
        wav[40 + i] = (unsigned char)((size - 44) >> (8 * i));
    }
    for (unsigned i = 44; i < size; i++) {
        seed = seed * 1103515245U + 12345U;
        wav[i] = (unsigned char)(seed >> 16);
    }
    if (!file_write(path, wav, size, 0600, &error)) {
        fail_msg("%s", error.message);
    }
    free(wav);
}

static inline void call_must(struct simulator *simulator, const struct simulator_call *call,
                             struct simulator_added *added)
{
    struct error error = { 0 };

    if (!simulator_call_add(simulator, call, added, &error)) {
        fail_msg("%s", error.message);
    }
}

/* Starts with one long and one short recorded call. Logged in when the new API is on. */
static inline void scene_start(struct scene *scene, const struct simulator_options *options)
{
    struct error error = { 0 };
    struct simulator_added other;

    *scene = (struct scene){ .folder = "/tmp/simulator-XXXXXX" };
    if (mkdtemp(scene->folder) == NULL || !simulator_start(options, &scene->simulator, &error)) {
        fail_msg("%s", error.message);
    }
    IGNORE(snprintf(scene->long_wav, sizeof scene->long_wav, "%s/long.wav", scene->folder), "fits");
    IGNORE(snprintf(scene->short_wav, sizeof scene->short_wav, "%s/short.wav", scene->folder),
           "fits");
    wav_write(scene->long_wav, LONG_SIZE, 1);
    wav_write(scene->short_wav, SHORT_SIZE, 2);
    call_must(scene->simulator,
              &(struct simulator_call){ .audio_path = scene->long_wav, .direction = "Outbound" },
              &scene->call);
    call_must(scene->simulator,
              &(struct simulator_call){ .audio_path = scene->short_wav, .caller = "1001" }, &other);
    if (options->new_port != SIMULATOR_PORT_OFF) {
        CHECK_NUMBER(login(scene->simulator, "cdrapi", "s3cret", scene->cookie), 0);
    }
}

static inline void scene_stop(struct scene *scene)
{
    struct error error = { 0 };

    simulator_stop(scene->simulator);
    IGNORE(folder_remove(scene->folder, &error), "a temporary folder");
}

static inline void fault_must(struct scene *scene, const char *name, int count, long parameter)
{
    struct error error = { 0 };

    if (!simulator_fault_set(scene->simulator, name, count, parameter, &error)) {
        fail_msg("%s", error.message);
    }
}

/* Fetch the long call's recording through the new API. */
static inline void fetch(struct scene *scene, struct answer *answer)
{
    char members[512];

    IGNORE(snprintf(members, sizeof members, ",\"filedir\":\"monitor\",\"filename\":\"%s\"",
                    scene->call.recordings[0].name),
           "fits");
    act(scene->simulator, "recapi", scene->cookie, members, answer);
}

static inline bool answer_is_recording(const struct answer *answer,
                                       const struct simulator_recording *recording)
{
    char sha256[SHA256_TEXT_SIZE];

    hash_sha256_text(text_get(&answer->body), answer->body.size, sha256);
    return answer->code == CURLE_OK && answer->status == 200 &&
           strcmp(sha256, recording->sha256) == 0;
}

#endif

/*
 * A server with a simulated UCM beside it: calls that the UCM makes, their webhooks, and waiting
 * until the server's API says what became of their recordings.
 */
#ifndef TESTS_INTEGRATION_CLI_SCENE_H
#define TESTS_INTEGRATION_CLI_SCENE_H

#include "core/hash.h"
#include "server.h"
#include "simulator/simulator.h"

enum { SETTLE_MS = 20000, SOUND_RATE = 8000 };

#define UCM_PASSWORD "canary-9f3b-of-the-ucm"

struct scene {
    struct server server;
    struct simulator *ucm;
    char sound[96];  /* 2 s of noise */
    char longer[96]; /* 3 s of other noise */
    int call_count;
};

/* 8 kHz PCM16, mono, `seconds` of noise from the seed. */
static inline void sound_write(const char *path, unsigned seconds, unsigned seed)
{
    static const unsigned char format[] = { 16, 0, 0,    0,    1, 0, 1, 0, 0x40, 0x1f,
                                            0,  0, 0x80, 0x3e, 0, 0, 2, 0, 16,   0 };
    size_t size = 44 + (size_t)2 * SOUND_RATE * seconds;
    AUTO(free) unsigned char *wav = memory_new(size);
    struct error error = { 0 };

    memcpy(wav, "RIFF", 4);
    memcpy(wav + 8, "WAVEfmt ", 8);
    memcpy(wav + 16, format, sizeof format);
    memcpy(wav + 36, "data", 4);
    for (unsigned i = 0; i < 4; i++) {
        wav[4 + i] = (unsigned char)((size - 8) >> (8 * i));
        wav[40 + i] = (unsigned char)((size - 44) >> (8 * i));
    }
    for (size_t i = 44; i < size; i++) {
        seed = seed * 1103515245U + 12345U;
        wav[i] = (unsigned char)(seed >> 16);
    }
    assert_true(file_write(path, wav, size, 0600, &error));
}

/* A folder, its sounds, a UCM, and settings that lead to it. Nothing is served yet. `options` may
 * be NULL. */
static inline void scene_make(struct scene *scene, const struct simulator_options *options)
{
    struct simulator_options ucm = options != NULL ? *options : (struct simulator_options){ 0 };
    struct error error = { 0 };

    *scene = (struct scene){ .ucm = NULL };
    server_make(&scene->server);
    IGNORE(snprintf(scene->sound, sizeof scene->sound, "%s/sound.wav", scene->server.folder),
           "fits");
    IGNORE(snprintf(scene->longer, sizeof scene->longer, "%s/longer.wav", scene->server.folder),
           "fits");
    sound_write(scene->sound, 2, 1);
    sound_write(scene->longer, 3, 2);
    ucm.password = ucm.password != NULL ? ucm.password : UCM_PASSWORD;
    if (!simulator_start(&ucm, &scene->ucm, &error)) {
        fail_msg("%s", error.message);
    }
    bool is_new = simulator_new_port(scene->ucm) > 0;
    server_set(&scene->server, "UCM_IP", "127.0.0.1");
    server_set_number(&scene->server, "UCM_PORT",
                      is_new ? simulator_new_port(scene->ucm) : simulator_old_port(scene->ucm));
    server_set(&scene->server, "UCM_USERNAME", "cdrapi");
    server_set(&scene->server, "UCM_PASSWORD", UCM_PASSWORD);
}

static inline void scene_end(struct scene *scene)
{
    simulator_stop(scene->ucm);
    scene->ucm = NULL;
    server_end(&scene->server);
}

/* cmocka's setup and teardown: a served scene in *state. */
static inline int scene_setup(void **state)
{
    struct scene *scene = memory_new(sizeof *scene);

    *state = scene;
    scene_make(scene, NULL);
    server_start(&scene->server);
    return 0;
}

static inline int scene_teardown(void **state)
{
    struct scene *scene = *state;

    scene_end(scene);
    free(scene);
    return 0;
}

/* ---- The UCM's doings ---- */

/* Each call from an extension of its own unless it says otherwise: a UCM names its files by second
 * and number. */
static inline void call_add(struct scene *scene, const struct simulator_call *call,
                            struct simulator_added *added_out)
{
    struct simulator_call made = *call;
    struct error error = { 0 };
    char caller[16];

    IGNORE(snprintf(caller, sizeof caller, "%d", 3000 + scene->call_count++), "fits");
    made.caller = call->caller != NULL ? call->caller : caller;
    if (!simulator_call_add(scene->ucm, &made, added_out, &error)) {
        fail_msg("%s", error.message);
    }
}

/* The UCM's webhooks of one call, to a tenant, in the given form; every answer must be 200. */
static inline void webhook_send_as(struct scene *scene, int call, const char *tenant,
                                   struct simulator_webhook webhook)
{
    char url[256];
    struct error error = { 0 };
    int status = 0;

    IGNORE(snprintf(url, sizeof url, "http://127.0.0.1:%d/api/webhook/cdr/%s", scene->server.port,
                    tenant),
           "fits");
    webhook.url = url;
    if (!simulator_webhook_send(scene->ucm, call, &webhook, &status, &error)) {
        fail_msg("%s", error.message);
    }
    assert_int_equal(status, 200);
}

static inline void webhook_send(struct scene *scene, int call)
{
    webhook_send_as(scene, call, "default", (struct simulator_webhook){ .username = NULL });
}

/* A call that has just ended, and its webhook. */
static inline void call_ring(struct scene *scene, const struct simulator_call *call,
                             struct simulator_added *added_out)
{
    call_add(scene, call, added_out);
    webhook_send(scene, added_out->call);
}

static inline void fault_set(struct scene *scene, const char *name, int count, long parameter)
{
    struct error error = { 0 };

    if (!simulator_fault_set(scene->ucm, name, count, parameter, &error)) {
        fail_msg("%s", error.message);
    }
}

static inline struct simulator_statistics ucm_seen(const struct scene *scene)
{
    struct simulator_statistics statistics;

    simulator_statistics_get(scene->ucm, &statistics);
    return statistics;
}

/* ---- What the API says ---- */

/* Follow names and (for lists) numbers: json_at(call, "recordings.0.state"). NULL where it ends. */
static inline json_t *json_at(const json_t *json, const char *path)
{
    const json_t *at = json;

    while (at != NULL && *path != '\0') {
        char name[64];
        size_t size = strcspn(path, ".");
        IGNORE(snprintf(name, sizeof name, "%.*s", (int)size, path), "fits");
        at = json_is_array(at) ? json_array_get(at, (size_t)strtoul(name, NULL, 10))
                               : json_object_get(at, name);
        path += size + (path[size] == '.' ? 1 : 0);
    }
    return (json_t *)(uintptr_t)at;
}

static inline const char *text_at(const json_t *json, const char *path)
{
    const char *text = json_string_value(json_at(json, path));

    return text != NULL ? text : "";
}

static inline double number_at(const json_t *json, const char *path)
{
    return json_number_value(json_at(json, path));
}

/* The recording with that path among the newest 200 calls, and (borrowed from *page_out) its call.
 * NULL when there is none yet. Release the page. */
static inline json_t *recording_find_in(const struct server *server, const char *path,
                                        json_t **page_out, json_t **call_out)
{
    json_t *page = server_get(server, "/api/calls?limit=200");
    json_t *calls = json_object_get(page, "calls");

    *page_out = page;
    for (size_t i = 0; i < json_array_size(calls); i++) {
        json_t *list = json_at(json_array_get(calls, i), "recordings");
        for (size_t j = 0; j < json_array_size(list); j++) {
            if (strcmp(text_at(json_array_get(list, j), "pbx_path"), path) == 0) {
                *call_out = json_array_get(calls, i);
                return json_array_get(list, j);
            }
        }
    }
    return NULL;
}

/*
 * Until the recording with that path is in that state, for that reason (NULL: whichever). Returns
 * its call in full (GET /api/calls/{id}), yours to release.
 */
static inline json_t *recording_wait(const struct server *server, const char *path,
                                     const char *state, const char *reason)
{
    int64_t until_ms = time_monotonic_ms() + SETTLE_MS;

    for (;;) {
        AUTO(json_release) json_t *page = NULL;
        json_t *call = NULL;
        json_t *recording = recording_find_in(server, path, &page, &call);
        const char *code = text_at(recording, "reason.code");
        if (strcmp(text_at(recording, "state"), state) == 0 &&
            (reason == NULL || strcmp(code, reason) == 0)) {
            char url[64];
            IGNORE(snprintf(url, sizeof url, "/api/calls/%s", text_at(call, "id")), "fits");
            return server_get(server, url);
        }
        if (time_monotonic_ms() > until_ms) {
            log_show(server);
            fail_msg("'%s' is '%s' (%s), not '%s' (%s), after %d ms", path,
                     text_at(recording, "state"), code, state, reason != NULL ? reason : "any",
                     SETTLE_MS);
        }
        time_sleep_ms(4 * LOOK_MS);
    }
}

/* Until GET /api/collection counts that many under that name. */
static inline void collection_wait(const struct server *server, const char *name, int count)
{
    int64_t until_ms = time_monotonic_ms() + SETTLE_MS;

    for (;;) {
        AUTO(json_release) json_t *figures = server_get(server, "/api/collection");
        if (json_number(figures, name, -1) == count) {
            return;
        }
        if (time_monotonic_ms() > until_ms) {
            AUTO(free) char *text = json_dumps(figures, JSON_COMPACT);
            log_show(server);
            fail_msg("not %d %s after %d ms: %s", count, name, SETTLE_MS, text);
        }
        time_sleep_ms(4 * LOOK_MS);
    }
}

/* The call that was found in full holds, under `index`, exactly the bytes that the UCM has. */
static inline void recording_check(const struct server *server, const json_t *call, size_t index,
                                   const struct simulator_recording *held)
{
    char path[128];
    AUTO(reply_clear) struct reply reply = { 0 };
    char sha256[SHA256_TEXT_SIZE];
    const json_t *recording = json_array_get(json_object_get(call, "recordings"), index);

    IGNORE(snprintf(path, sizeof path, "/api/calls/%s/recording?recording=%s", text_at(call, "id"),
                    text_at(recording, "id")),
           "fits");
    assert_string_equal(text_at(recording, "pbx_path"), held->path);
    assert_string_equal(text_at(recording, "state"), "stored");
    assert_string_equal(text_at(recording, "stored.sha256"), held->sha256);
    assert_true(number_at(recording, "stored.bytes") == (double)held->bytes);
    server_ask(server, path, NULL, &reply);
    assert_int_equal(reply.status, 200);
    assert_int_equal(reply.body.size, held->bytes);
    assert_string_equal(hash_sha256_text(text_get(&reply.body), reply.body.size, sha256),
                        held->sha256);
}

#endif

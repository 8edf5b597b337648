/*
 * The table of faults, and which of them are on. A row with a shape harms a reply (shapes.c); one
 * without acts where its id is asked for.
 */
#include <stdio.h>
#include <string.h>

#include "core/time.h"
#include "simulator/shapes.h"
#include "simulator/state.h"

#define DOWNLOAD "recapi"

/* name, group, scope, parameter, what it does, shape */
static const struct simulator_fault faults[] = {
    [FAULT_REFUSE] = { "refuse", "connection", "any", 0,
                       "ports closed (for parameter seconds; 0: until cleared)", NULL },
    [FAULT_REBOOT] = { "reboot", "connection", "any", 180,
                       "ports closed for parameter seconds, sessions forgotten", NULL },
    [FAULT_SILENT] = { "accept-silent", "connection", "any", 0,
                       "connections accepted and never answered", NULL },
    [FAULT_RESET_AT_ONCE] = { "reset-before-tls", "connection", "any", 0,
                              "reset as soon as accepted", NULL },
    [FAULT_RESET_IN_HANDSHAKE] = { "reset-in-handshake", "connection", "any", 0,
                                   "reset after the client's first handshake bytes", NULL },
    [FAULT_TLS_STALL] = { "tls-stall", "connection", "any", 0,
                          "silent after the client's first handshake bytes", NULL },
    [FAULT_CERTIFICATE_CHANGED] = { "certificate-changed", "connection", "any", 0,
                                    "another key and certificate", NULL },
    [FAULT_CERTIFICATE_EXPIRED] = { "certificate-expired", "connection", "any", 0,
                                    "another certificate, which has expired", NULL },
    [FAULT_TLS_OLD] = { "tls-1.0-only", "connection", "any", 0, "speaks TLS 1.0 only", NULL },
    [FAULT_PLAIN_HTTP] = { "plain-http", "connection", "any", 0,
                           "answers in clear HTTP, status 400", NULL },
    [FAULT_ONE_CONNECTION] = { "one-connection", "connection", "any", 0,
                               "a second connection at one time is reset", NULL },
    [FAULT_NONCE_STALE] = { "nonce-stale", "login", DOWNLOAD, 0,
                            "old API: all nonces expire, 401 with stale=true", NULL },
    [FAULT_NONCE_ONCE] = { "nonce-once", "login", "any", 0,
                           "old API: a nonce serves one request only", NULL },
    [FAULT_COOKIES_EXPIRED] = { "cookies-expired", "login", DOWNLOAD, 0,
                                "new API: all cookies expire, status -6", NULL },
    [FAULT_OFFSET_IGNORED] = { "offset-ignored", "api", "cdrapi", 0,
                               "cdrapi gives the first page again and again", NULL },
    [FAULT_CDRS_EMPTY] = { "cdrs-empty", "api", "cdrapi", 0, "cdrapi knows of no calls", NULL },
    [FAULT_FILTER_UNKNOWN] = { "filter-unknown", "api", "cdrapi", 0,
                               "timeFilterType is unknown: an empty list, as of older firmware",
                               NULL },
    [FAULT_CLOCK] = { "clock", "clock", "any", 86400,
                      "the PBX's clock is parameter seconds ahead (negative: behind)", NULL },

    [FAULT_FIRST_SHAPE] = { "unauthorised", "login", DOWNLOAD, 0, "401 whatever is sent",
                            shape_unauthorised },
    { "basic-only", "login", DOWNLOAD, 0, "401 that offers Basic only", shape_basic_only },
    { "forbidden", "login", DOWNLOAD, 0, "403: the address is not permitted", shape_forbidden },
    { "login-refused", "login", "login", -37, "status -37, two tries left", shape_login_refused },
    { "login-locked", "login", "login", -68, "status -68 with remain_time", shape_login_locked },
    { "login-forbidden", "login", "login", -70, "status -70", shape_api_status },
    { "user-unknown", "login", "challenge", -71, "status -71", shape_api_status },

    { "reset-in-header", "http", DOWNLOAD, 40, "reset after parameter bytes of the header",
      shape_reset_in_header },
    { "stall-in-header", "http", DOWNLOAD, 40, "silent after parameter bytes of the header",
      shape_stall_in_header },
    { "header-garbage", "http", DOWNLOAD, 0, "bytes that are no HTTP", shape_header_garbage },
    { "header-huge", "http", DOWNLOAD, 100, "a header of parameter MiB", shape_header_huge },
    { "reset-in-body", "http", DOWNLOAD, 0, "reset after parameter bytes (0: a random place)",
      shape_reset_in_body },
    { "stall-in-body", "http", DOWNLOAD, 0, "silent after parameter bytes (0: a random place)",
      shape_stall_in_body },
    { "body-short", "http", DOWNLOAD, 0,
      "ends before Content-Length, after parameter bytes (0: a random place)", shape_body_short },
    { "body-long", "http", DOWNLOAD, 4096, "parameter bytes more than Content-Length",
      shape_body_long },
    { "length-short", "http", DOWNLOAD, 4096, "Content-Length parameter bytes too small",
      shape_length_short },
    { "close-delimited", "http", DOWNLOAD, 0, "whole, but without Content-Length (legal)",
      shape_close_delimited },
    { "close-delimited-cut", "http", DOWNLOAD, 0,
      "without Content-Length, and cut after parameter bytes (0: a random place)",
      shape_close_delimited_cut },
    { "chunked", "http", DOWNLOAD, 0, "whole, in chunks (legal)", shape_chunked },
    { "chunk-cut", "http", DOWNLOAD, 0, "chunks without an end (parameter bytes, 0: random)",
      shape_chunk_cut },
    { "chunk-malformed", "http", DOWNLOAD, 0, "a chunk whose size is no number",
      shape_chunk_malformed },
    { "drip", "http", DOWNLOAD, 1, "parameter bytes a second", shape_drip },
    { "slow-first-byte", "http", DOWNLOAD, 30, "parameter seconds to the first byte",
      shape_slow_first_byte },
    { "empty-body", "http", DOWNLOAD, 0, "200 with no bytes", shape_empty_body },
    { "html-page", "http", DOWNLOAD, 0, "the login page as 200 with an audio type",
      shape_html_page },
    { "json-error", "http", DOWNLOAD, -25, "JSON status parameter as 200 with an audio type",
      shape_json_error },
    { "wrong-type", "http", DOWNLOAD, 0, "the audio as text/html (harmless)", shape_wrong_type },
    { "not-found", "http", DOWNLOAD, 0, "old API 404, new API -25: not there yet",
      shape_not_found },
    { "too-many-requests", "http", DOWNLOAD, 5, "429 with Retry-After: parameter",
      shape_too_many_requests },
    { "status-500", "http", DOWNLOAD, 500, "HTTP 500", shape_http_status },
    { "status-502", "http", DOWNLOAD, 502, "HTTP 502", shape_http_status },
    { "status-503", "http", DOWNLOAD, 503, "HTTP 503", shape_http_status },
    { "redirect", "http", DOWNLOAD, 0, "302 to another host", shape_redirect },
    { "redirect-loop", "http", DOWNLOAD, 0, "302 to itself", shape_redirect_loop },
    { "gzip-bomb", "http", DOWNLOAD, 256, "Content-Encoding: gzip that grows to parameter MiB",
      shape_gzip_bomb },

    { "api-status", "api", DOWNLOAD, -9, "new API: status parameter", shape_api_status },
    { "invalid-parameters", "api", DOWNLOAD, -1, "status -1", shape_api_status },
    { "need-authentication", "api", DOWNLOAD, -5, "status -5", shape_api_status },
    { "cookie-error", "api", DOWNLOAD, -6, "status -6 although the cookie is good",
      shape_api_status },
    { "connection-closed", "api", DOWNLOAD, -7, "status -7", shape_api_status },
    { "system-timeout", "api", DOWNLOAD, -8, "status -8", shape_api_status },
    { "system-error", "api", DOWNLOAD, -9, "status -9", shape_api_status },
    { "wrong-directory", "api", DOWNLOAD, -16, "status -16", shape_api_status },
    { "unsupported", "api", DOWNLOAD, -19, "status -19: the firmware lacks the action",
      shape_api_status },
    { "get-failed", "api", DOWNLOAD, -26, "status -26", shape_api_status },
    { "throttle-15", "api", DOWNLOAD, -45, "status -45: again after 15 s", shape_api_status },
    { "throttle-15-other", "api", DOWNLOAD, -46, "status -46: again after 15 s", shape_api_status },
    { "throttle-60", "api", DOWNLOAD, -57, "status -57: again after 60 s", shape_api_status },
    { "no-permission", "api", DOWNLOAD, -47, "status -47", shape_api_status },
    { "task-running", "api", DOWNLOAD, -51, "status -51", shape_api_status },

    { "other-audio", "content", DOWNLOAD, 0, "another call's recording", shape_other_audio },
    { "audio-cut", "content", DOWNLOAD, 50,
      "parameter percent of the file with a fitting Content-Length", shape_audio_cut },
    { "growing", "content", DOWNLOAD, 0,
      "a file still being written: longer with each request, whole after the last", shape_growing },
    { "header-only", "content", DOWNLOAD, 44, "the first parameter bytes only", shape_header_only },
    { "riff-size-max", "content", DOWNLOAD, 0, "RIFF and data sizes 0xFFFFFFFF (whole)",
      shape_riff_size_max },
    { "riff-size-zero", "content", DOWNLOAD, 0, "RIFF and data sizes 0 (whole)",
      shape_riff_size_zero },
    { "gsff", "content", DOWNLOAD, 0, "a GSFF container instead of RIFF", shape_gsff },
    { "noise", "content", DOWNLOAD, 0, "random bytes of the same length", shape_noise },
    { "tar-truncated", "content", DOWNLOAD, 0, "a tar that ends within its first member",
      shape_tar_truncated },
    { "tar-hostile", "content", DOWNLOAD, 0, "a tar with ../, absolute names, links, a device",
      shape_tar_hostile },
    { "tar-many", "content", DOWNLOAD, 10000, "a tar of parameter empty members", shape_tar_many },
    { "tar-sparse", "content", DOWNLOAD, 10, "a tar whose member claims parameter GiB",
      shape_tar_sparse },
    { 0 },
};

_Static_assert(COUNT_OF(faults) <= FAULTS_MAX, "struct simulator holds FAULTS_MAX of them");

const struct simulator_fault *simulator_faults(void)
{
    return faults;
}

static bool scope_covers(const char *scope, const char *action)
{
    return strcmp(scope, "any") == 0 || strcmp(scope, action) == 0;
}

static bool fault_take_locked(struct simulator *simulator, size_t index)
{
    struct active_fault *active = &simulator->faults[index];

    if (active->left == 0) {
        return false;
    }
    if (active->left > 0) {
        active->left--;
    }
    active->used++;
    simulator->statistics.faults++;
    return true;
}

bool simulator_fault_strikes(struct simulator *simulator, enum simulator_fault_id fault,
                             const char *action, long *parameter_out)
{
    simulator_lock(simulator);
    bool strikes =
        scope_covers(simulator->faults[fault].scope, action) && fault_take_locked(simulator, fault);
    if (strikes && parameter_out != NULL) {
        *parameter_out = simulator->faults[fault].parameter;
    }
    simulator_unlock(simulator);
    return strikes;
}

long simulator_fault_value_locked(const struct simulator *simulator, enum simulator_fault_id fault)
{
    return simulator->faults[fault].left != 0 ? simulator->faults[fault].parameter : 0;
}

bool simulator_faults_shape(struct simulator *simulator, const struct simulator_request *request,
                            struct simulator_reply *reply)
{
    bool is_struck = false;

    for (size_t i = FAULT_FIRST_SHAPE; faults[i].name != NULL; i++) {
        struct simulator_strike strike = { simulator, request, reply, 0, 0, 0 };

        simulator_lock(simulator);
        const struct active_fault *active = &simulator->faults[i];
        bool is_active = active->left != 0 && scope_covers(active->scope, request->action);
        strike.parameter = active->parameter;
        strike.used = active->used + 1;
        strike.total = active->total;
        simulator_unlock(simulator);
        if (is_active && faults[i].shape(&strike)) {
            simulator_lock(simulator);
            IGNORE(fault_take_locked(simulator, i), "another thread may have had the last one");
            simulator_unlock(simulator);
            is_struck = true;
        }
    }
    return is_struck;
}

static void reboot_begin_locked(struct simulator *simulator, long seconds)
{
    simulator->reboot_until_ms =
        seconds > 0 ? time_monotonic_ms() + seconds * SECOND_MS : INT64_MAX;
}

static void listeners_update(struct simulator *simulator)
{
    simulator_listener_update(simulator->listeners[0]);
    simulator_listener_update(simulator->listeners[1]);
}

static bool fault_find(const char *name, size_t *index_out, const char **scope_out)
{
    const char *at = strchr(name, '@');
    size_t length = at != NULL ? (size_t)(at - name) : strlen(name);

    for (size_t i = 0; faults[i].name != NULL; i++) {
        if (strlen(faults[i].name) == length && strncmp(faults[i].name, name, length) == 0) {
            *index_out = i;
            *scope_out = at != NULL ? at + 1 : faults[i].scope;
            return true;
        }
    }
    return false;
}

bool simulator_fault_set(struct simulator *simulator, const char *name, int count, long parameter,
                         struct error *error)
{
    size_t index = 0;
    const char *scope = NULL;

    if (!fault_find(name, &index, &scope)) {
        return error_set(error, ERROR_INVALID, "fault '%s' is unknown", name);
    }
    if (count < SIMULATOR_FOREVER || strlen(scope) >= sizeof simulator->faults[0].scope) {
        return error_set(error, ERROR_INVALID, "fault '%s': count %d or its scope is wrong", name,
                         count);
    }
    bool is_closing = index == FAULT_REFUSE || index == FAULT_REBOOT;
    simulator_lock(simulator);
    struct active_fault *active = &simulator->faults[index];
    *active = (struct active_fault){
        .left = is_closing ? 0 : count,
        .total = count,
        .parameter = parameter != 0 ? parameter : faults[index].parameter,
    };
    IGNORE(snprintf(active->scope, sizeof active->scope, "%s", scope), "checked above");
    if (is_closing && count == 0) {
        simulator->reboot_until_ms = 0;
    } else if (is_closing) {
        reboot_begin_locked(simulator, active->parameter);
        simulator->statistics.faults++;
    }
    if (index == FAULT_REBOOT && count != 0) {
        simulator_sessions_expire_locked(simulator);
    }
    simulator_unlock(simulator);
    listeners_update(simulator);
    if (index == FAULT_REBOOT && count != 0) {
        simulator_listener_interrupt(simulator->listeners[0]);
        simulator_listener_interrupt(simulator->listeners[1]);
    }
    return true;
}

void simulator_faults_clear(struct simulator *simulator)
{
    simulator_lock(simulator);
    memset(simulator->faults, 0, sizeof simulator->faults);
    simulator->reboot_until_ms = 0;
    simulator_unlock(simulator);
    listeners_update(simulator);
}

/* HTTP Digest (RFC 7616, MD5, qop=auth) as the old API's gatekeeper; see sessions.h. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "core/encode.h"
#include "core/hash.h"
#include "core/random.h"
#include "simulator/sessions.h"

enum { FIELD_SIZE = 512 };

static void md5_join(char out[MD5_TEXT_SIZE], const char *const *parts, size_t count)
{
    AUTO(text_clear) struct text joined = TEXT_UP_TO(32 * 1024);

    for (size_t i = 0; i < count; i++) {
        text_add(&joined, i > 0 ? ":" : "");
        text_add(&joined, parts[i]);
    }
    hash_md5_text(text_get(&joined), joined.size, "", 0, out);
}

const char *simulator_digest_response(const struct digest_parts *parts, char response_out[33])
{
    char user_hash[MD5_TEXT_SIZE];
    char request_hash[MD5_TEXT_SIZE];

    md5_join(user_hash, (const char *[]){ parts->username, parts->realm, parts->password }, 3);
    md5_join(request_hash, (const char *[]){ parts->method, parts->uri }, 2);
    md5_join(response_out,
             (const char *[]){ user_hash, parts->nonce, parts->count, parts->client_nonce, "auth",
                               request_hash },
             6);
    return response_out;
}

bool simulator_digest_field(const char *header, const char *name, char *out, size_t out_size)
{
    size_t name_length = strlen(name);
    const char *cursor = header + strcspn(header, " ");

    while (*cursor != '\0') {
        cursor += strspn(cursor, " \t,");
        bool is_wanted = strncasecmp(cursor, name, name_length) == 0 && cursor[name_length] == '=';
        cursor += strcspn(cursor, "=");
        cursor += *cursor == '=' ? 1 : 0;
        bool is_quoted = *cursor == '"';
        cursor += is_quoted ? 1 : 0;
        size_t length = strcspn(cursor, is_quoted ? "\"" : ", \t");
        if (is_wanted) {
            if (length >= out_size) {
                return false;
            }
            memcpy(out, cursor, length);
            out[length] = '\0';
            return true;
        }
        cursor += length;
        cursor += is_quoted && *cursor == '"' ? 1 : 0;
    }
    return false;
}

void simulator_nonce_make(struct simulator *simulator, char nonce_out[NONCE_SIZE])
{
    unsigned char bytes[(NONCE_SIZE - 1) / 2];

    random_bytes(bytes, sizeof bytes);
    encode_hex(bytes, sizeof bytes, nonce_out);
    simulator_lock(simulator);
    struct nonce *nonce = &simulator->nonces[simulator->nonce_next++ % NONCES_MAX];
    *nonce = (struct nonce){ .made_at_ms = time_monotonic_ms() };
    memcpy(nonce->text, nonce_out, NONCE_SIZE);
    simulator_unlock(simulator);
}

/* Is the nonce ours and fresh, and its count higher than before? Uses it up to that count. */
static bool nonce_use_locked(struct simulator *simulator, const char *text, const char *count_text)
{
    unsigned long count = strtoul(count_text, NULL, 16);
    int64_t life_ms = (int64_t)simulator->options.nonce_life_s * SECOND_MS;

    for (int i = 0; i < NONCES_MAX; i++) {
        struct nonce *nonce = &simulator->nonces[i];
        if (strcmp(nonce->text, text) != 0 || text[0] == '\0') {
            continue;
        }
        bool is_once = simulator->faults[FAULT_NONCE_ONCE].left != 0;
        bool is_fresh = !nonce->is_expired && time_monotonic_ms() - nonce->made_at_ms < life_ms &&
                        count > nonce->count_last && !(is_once && nonce->count_last > 0);
        if (is_once && !is_fresh) {
            simulator->statistics.faults++;
        }
        nonce->count_last = is_fresh ? count : nonce->count_last;
        return is_fresh;
    }
    return false;
}

enum digest_verdict simulator_digest_judge(struct simulator *simulator,
                                           const struct simulator_request *request)
{
    const char *header = request->authorization;
    char username[FIELD_SIZE], realm[FIELD_SIZE], nonce[FIELD_SIZE], response[FIELD_SIZE];
    char count[FIELD_SIZE], client_nonce[FIELD_SIZE], quality[FIELD_SIZE];
    char uri[sizeof request->target], expected[MD5_TEXT_SIZE];

    if (strncasecmp(header, "Digest ", 7) != 0 ||
        !simulator_digest_field(header, "username", username, sizeof username) ||
        !simulator_digest_field(header, "realm", realm, sizeof realm) ||
        !simulator_digest_field(header, "nonce", nonce, sizeof nonce) ||
        !simulator_digest_field(header, "response", response, sizeof response) ||
        !simulator_digest_field(header, "nc", count, sizeof count) ||
        !simulator_digest_field(header, "cnonce", client_nonce, sizeof client_nonce) ||
        !simulator_digest_field(header, "qop", quality, sizeof quality) ||
        !simulator_digest_field(header, "uri", uri, sizeof uri)) {
        return DIGEST_BAD;
    }
    simulator_digest_response(&(struct digest_parts){ simulator->options.username, SIMULATOR_REALM,
                                                      simulator->options.password, request->method,
                                                      request->target, nonce, count, client_nonce },
                              expected);
    if (strcmp(username, simulator->options.username) != 0 || strcmp(realm, SIMULATOR_REALM) != 0 ||
        strcmp(quality, "auth") != 0 || strcmp(uri, request->target) != 0 ||
        strcmp(response, expected) != 0) {
        return DIGEST_BAD;
    }
    simulator_lock(simulator);
    bool is_fresh = nonce_use_locked(simulator, nonce, count);
    simulator_unlock(simulator);
    return is_fresh ? DIGEST_GOOD : DIGEST_STALE;
}

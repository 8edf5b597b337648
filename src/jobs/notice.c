/* See notice.h. */
#include "jobs/notice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "auth/secret.h"
#include "core/encode.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/memory.h"
#include "core/random.h"
#include "core/rowid.h"
#include "core/text.h"
#include "ledger/alarm.h"

static const char SECRET_PREFIX[] = "whsec_";
enum {
    KEY_NEW_SIZE = 32,
    KEY_SIZE_MIN = 24,
    KEY_SIZE_MAX = 64,
    KEY_TEXT_SIZE_MAX = 88, /* of base64 */
    SIGNED_SIZE_MAX = 256 * 1024,
    MAIL_SIZE_MAX = 16 * 1024,
};

static json_t *time_json(time_ms at)
{
    char text[TIME_TEXT_SIZE];

    return at != 0 ? json_string(time_print(at, text)) : json_null();
}

json_t *alarm_json(const struct alarm_row *alarm)
{
    const struct alarm_info *info = alarm_info(alarm_from_code(alarm->kind));
    char id[ROW_ID_TEXT_SIZE];

    return json_pack("{s:s, s:s, s:s, s:s?, s:s?, s:o, s:o, s:s, s:s, s:s}", "id",
                     row_id_print(alarm->id, id), "kind", alarm->kind, "severity",
                     alarm_severity_code(info->severity), "tenant", alarm->tenant, "pbx",
                     alarm->pbx, "since", time_json(alarm->since), "cleared_at",
                     time_json(alarm->cleared_at), "message", info->message, "detail",
                     alarm->detail != NULL ? alarm->detail : "", "advice", info->advice);
}

const char *notice_make(struct arena *arena, const char *event, const struct alarm_row *alarm,
                        time_ms now)
{
    AUTO(json_release)
    json_t *message = json_pack("{s:s, s:o, s:{s:o}}", "type", event, "timestamp", time_json(now),
                                "data", "alarm", alarm_json(alarm));
    AUTO(free) char *text = json_dumps(message, JSON_COMPACT);

    return arena_copy_text(arena, text);
}

/* ---- As a mail ---- */

static const char *where_print(struct arena *arena, const json_t *alarm)
{
    const char *tenant = json_text(alarm, "tenant", NULL);
    const char *pbx = json_text(alarm, "pbx", NULL);

    if (tenant == NULL) {
        return "this server";
    }
    return pbx != NULL ? arena_print(arena, "tenant %s, PBX %s", tenant, pbx)
                       : arena_print(arena, "tenant %s", tenant);
}

bool notice_mail_make(struct arena *arena, const char *content, struct notice_mail *mail_out,
                      struct error *error)
{
    AUTO(json_release) json_t *message = json_read(content, strlen(content), error);
    const json_t *alarm = json_object_get(json_object_get(message, "data"), "alarm");
    AUTO(text_clear) struct text text = TEXT_UP_TO(MAIL_SIZE_MAX);

    if (alarm == NULL) {
        return error_set(error, ERROR_CORRUPT, "the delivery's content is no message");
    }
    bool is_cleared = strcmp(json_text(message, "type", ""), NOTICE_CLEARED) == 0;
    const char *sentence = json_text(alarm, "message", "");
    const char *where = where_print(arena, alarm);
    const char *severity = is_cleared ? "over" : json_text(alarm, "severity", "");

    text_print(&text, "%s%s\n\n", is_cleared ? "This is over: " : "", sentence);
    text_print(&text, "Where:     %s\n", where);
    text_print(&text, "Since:     %s\n", json_text(alarm, "since", ""));
    if (is_cleared) {
        text_print(&text, "Until:     %s\n", json_text(alarm, "cleared_at", ""));
    }
    text_print(&text, "Evidence:  %s\n", json_text(alarm, "detail", ""));
    if (!is_cleared) {
        text_print(&text, "\nWhat to do: %s\n", json_text(alarm, "advice", ""));
    }
    text_print(&text,
               "\n--\nAudiaPro tells an alarm when it is raised and when it is over. All that are "
               "raised: audiapro alarms list\n");
    mail_out->subject = arena_print(arena, "AudiaPro (%s): %s [%s]", severity, sentence, where);
    mail_out->text = arena_copy_text(arena, text_get(&text));
    return true;
}

/* ---- The signature ---- */

const char *notice_secret_make(char secret_out[NOTICE_SECRET_SIZE])
{
    uint8_t key[KEY_NEW_SIZE];
    AUTO(text_clear) struct text text = TEXT_UP_TO(NOTICE_SECRET_SIZE);

    random_bytes(key, sizeof key);
    text_add(&text, SECRET_PREFIX);
    encode_base64(key, sizeof key, false, &text);
    memcpy(secret_out, text_get(&text), NOTICE_SECRET_SIZE);
    secret_wipe(text.bytes, text.size);
    secret_wipe(key, sizeof key);
    return secret_out;
}

bool notice_sign(const char *secret, const char *id, time_ms at, const char *body,
                 char signature_out[NOTICE_SIGNATURE_SIZE], struct error *error)
{
    uint8_t key[KEY_TEXT_SIZE_MAX / 4 * 3];
    uint8_t digest[SHA256_SIZE];
    size_t key_size = 0;
    size_t prefix = sizeof SECRET_PREFIX - 1;
    AUTO(text_clear) struct text signed_text = TEXT_UP_TO(SIGNED_SIZE_MAX);
    AUTO(text_clear) struct text signature = TEXT_UP_TO(NOTICE_SIGNATURE_SIZE);

    if (strncmp(secret, SECRET_PREFIX, prefix) != 0 ||
        strlen(secret + prefix) > KEY_TEXT_SIZE_MAX ||
        !decode_base64(secret + prefix, strlen(secret + prefix), key, &key_size) ||
        key_size < KEY_SIZE_MIN || key_size > KEY_SIZE_MAX) {
        return error_set(error, ERROR_INVALID, "the target's secret is no whsec_ secret");
    }
    text_print(&signed_text, "%s.%lld.", id, (long long)(at / SECOND_MS));
    text_add(&signed_text, body);
    hash_hmac_sha256(key, key_size, text_get(&signed_text), signed_text.size, digest);
    secret_wipe(key, sizeof key);
    if (signed_text.is_full) {
        return error_set(error, ERROR_LIMIT, "the message is too long to be signed");
    }
    text_add(&signature, "v1,");
    encode_base64(digest, sizeof digest, false, &signature);
    memcpy(signature_out, text_get(&signature), signature.size + 1);
    return true;
}

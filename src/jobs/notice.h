/*
 * What is said of an alarm, and how it is signed. Pure.
 *
 * A webhook carries the JSON {"type":"alarm.raised","timestamp":…,"data":{"alarm":{…}}} with the
 * headers of the Standard Webhooks specification (standardwebhooks.com, 1.0): webhook-id,
 * webhook-timestamp in seconds, webhook-signature "v1," and base64 of HMAC-SHA256 over
 * "id.timestamp.body" with the key inside the secret "whsec_" + base64 of 24 to 64 bytes.
 */
#ifndef JOBS_NOTICE_H
#define JOBS_NOTICE_H

#include <jansson.h>

#include "core/arena.h"
#include "core/error.h"
#include "core/time.h"
#include "store/alarms.h"

#define NOTICE_RAISED "alarm.raised"
#define NOTICE_CLEARED "alarm.cleared"
#define NOTICE_TEST "alarm.test"

/* The alarm as the API and messages write it; yours. */
json_t *alarm_json(const struct alarm_row *alarm);
/* The message about it, as text in the arena. */
const char *notice_make(struct arena *arena, const char *event, const struct alarm_row *alarm,
                        time_ms now);

/* The same message as a mail. Texts in the arena. ERROR_CORRUPT when `content` is none. */
struct notice_mail {
    const char *subject, *text;
};
MUST_USE bool notice_mail_make(struct arena *arena, const char *content,
                               struct notice_mail *mail_out, struct error *error);

/* A new secret: "whsec_" and base64 of 32 random bytes. */
enum { NOTICE_SECRET_SIZE = 6 + 44 + 1 };
const char *notice_secret_make(char secret_out[NOTICE_SECRET_SIZE]);
/* "v1,…". ERROR_INVALID when the secret is none. */
enum { NOTICE_SIGNATURE_SIZE = 3 + 44 + 1 };
MUST_USE bool notice_sign(const char *secret, const char *id, time_ms at, const char *body,
                          char signature_out[NOTICE_SIGNATURE_SIZE], struct error *error);

#endif

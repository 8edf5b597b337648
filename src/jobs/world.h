/*
 * The world of one role's process: what its threads share. Filled in by whoever starts the role
 * (cli/, tests); constant while threads run. Everything in it is borrowed.
 */
#ifndef JOBS_WORLD_H
#define JOBS_WORLD_H

#include <stdbool.h>
#include <stdint.h>

#include "auth/vault.h"
#include "blob/blob.h"
#include "core/error.h"
#include "core/macros.h"
#include "net/guard.h"
#include "net/mail.h"
#include "speech/speech.h"

enum { RETRY_STEPS_MAX = 16 };

struct world {
    const char *database_url;
    const struct vault *vault;
    struct blob *blob;
    const struct net_guard *guard; /* Which addresses a PBX may have. */
    int64_t process_id;            /* This process's row in `process`. */
    const char *role;              /* "collect", "speech" … */

    int64_t retry_s[RETRY_STEPS_MAX]; /* Seconds to the next try; the last step repeats. */
    size_t retry_count;
    int64_t retry_horizon_s;      /* After this a recording that is not there is given up. */
    int64_t reconcile_interval_s; /* Between two polls of a PBX; 0: none is polled. */

    int64_t audit_interval_s;             /* How often everything is checked; 0: never by itself. */
    uint64_t storage_free_min;            /* Less room for recordings than this is an alarm. */
    int64_t watch_interval_s;             /* How often is looked for what is wrong. */
    const struct net_guard *notify_guard; /* Which addresses a target's webhook may have. */
    const struct mail_server *mail;       /* NULL: no mail can be sent. */
    int64_t notify_s[RETRY_STEPS_MAX]; /* Seconds to a delivery's next try; then it is given up. */
    size_t notify_count;

    bool is_transcription_on;
    struct speech_options speech; /* Models and limits. */
};

/* The names under which secrets are sealed: bound to their row, so that one cannot stand in for
 * another. */
enum { SECRET_NAME_SIZE = 64 };
const char *secret_name_webhook(int64_t tenant_id, char name_out[SECRET_NAME_SIZE]);
const char *secret_name_password(int64_t pbx_id, char name_out[SECRET_NAME_SIZE]);
const char *secret_name_cookie(int64_t pbx_id, char name_out[SECRET_NAME_SIZE]);
const char *secret_name_target(int64_t target_id, char name_out[SECRET_NAME_SIZE]);

#endif

/*
 * The reasons why a recording is not here: one table that the job runner, the API, the dashboard
 * and the doctor all read.
 *
 * Promises: every reason has a stable code, a sentence for people, an owner and a next step with
 * the UCM's own menu path. Codes never change once released; sentences may.
 */
#ifndef LEDGER_REASON_H
#define LEDGER_REASON_H

#include <stdbool.h>
#include <stdint.h>

enum reason {
    REASON_NONE = 0,
    /* Before the PBX is asked. */
    REASON_WAITING_FIRST_TRY,
    REASON_PBX_NOT_CONFIGURED,
    REASON_ADDRESS_INVALID,
    REASON_ADDRESS_REFUSED,
    REASON_REFUSED_NAME,
    REASON_INTERRUPTED,
    /* The way to the PBX. */
    REASON_DNS_FAILED,
    REASON_CONNECT_REFUSED,
    REASON_CONNECT_TIMEOUT,
    REASON_CONNECTION_RESET,
    REASON_STALLED,
    REASON_TLS_UNTRUSTED,
    REASON_TLS_CHANGED,
    REASON_TLS_TOO_OLD,
    REASON_TLS_FAILED,
    /* What answers there, and whether it lets us in. */
    REASON_API_NOT_FOUND,
    REASON_REDIRECTED,
    REASON_LOGIN_REFUSED,
    REASON_LOGIN_LOCKED,
    REASON_BASIC_ONLY,
    REASON_SESSION_LOST,
    REASON_ADDRESS_NOT_PERMITTED,
    REASON_NO_PERMISSION,
    REASON_UNSUPPORTED,
    REASON_REQUEST_REFUSED,
    REASON_THROTTLED,
    REASON_BUSY,
    REASON_PBX_ERROR,
    REASON_WRONG_API,
    REASON_CLOCK_SKEW,
    REASON_CALLS_NOT_LISTED,
    /* The file. */
    REASON_NOT_THERE_YET,
    REASON_DELETED_ON_PBX,
    REASON_HTML_INSTEAD_OF_AUDIO,
    REASON_JSON_INSTEAD_OF_AUDIO,
    REASON_EMPTY,
    REASON_TRUNCATED,
    REASON_SIZE_MISMATCH,
    REASON_DURATION_MISMATCH,
    REASON_UNKNOWN_CONTAINER,
    REASON_GSFF_CONTAINER,
    REASON_TOO_LARGE,
    /* Our side. */
    REASON_STORAGE_FULL,
    REASON_STORAGE_REFUSED,
    REASON_STORAGE_FAILED,
    REASON_SETTING_INVALID,
    REASON_DATABASE_FAILED,
    REASON_NOT_COLLECTING,
    REASON_BACKLOG,
    REASON_STORAGE_DAMAGED,
    REASON_INTERNAL_ERROR,
    REASON_COUNT
};

enum reason_owner {
    REASON_OWNER_NOBODY, /* It heals by waiting. */
    REASON_OWNER_PBX_ADMINISTRATOR,
    REASON_OWNER_NETWORK,
    REASON_OWNER_STORAGE,
    REASON_OWNER_SERVER, /* Whoever runs this server. */
    REASON_OWNER_US,     /* A fault of this product: tell its makers. */
};

struct reason_info {
    const char *code;    /* Stable, lower case with underscores; "" for REASON_NONE. */
    const char *message; /* One sentence: what is the matter. */
    const char *advice;  /* The next step, with the UCM's menu path where there is one. */
    enum reason_owner owner;
    bool is_final; /* No automatic retry of this recording: it would end the same way. */
    /* Trying again could do harm (lock the account) or cannot help: nothing is asked of this PBX
     * until a person changed its settings. Everything else heals by itself when its cause goes. */
    bool stops_pbx;
    int retry_after_s; /* The earliest sensible retry; 0: as the schedule says. */
};

/* Never NULL; an unknown value yields the row of `internal_error`. */
const struct reason_info *reason_info(enum reason reason);

/* "" and unknown codes yield REASON_NONE (codes may have gone since they were stored). */
enum reason reason_from_code(const char *code);

/* "nobody", "pbx_administrator", "network", "storage", "server", "us": how the API writes the
 * owner. */
const char *reason_owner_code(enum reason_owner owner);
/* "the PBX administrator": how people say it. */
const char *reason_owner_name(enum reason_owner owner);

#endif

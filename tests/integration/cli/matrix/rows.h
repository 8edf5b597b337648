/*
 * THE table of the fault matrix: what is done to the way, the answer or the file, and what must
 * become of the recordings meanwhile. A new fault is a new row.
 */
#ifndef TESTS_INTEGRATION_CLI_MATRIX_ROWS_H
#define TESTS_INTEGRATION_CLI_MATRIX_ROWS_H

#include <errno.h>

#include "tools/proxy.h"
#include "tools/shim.h"

/* Who does the harm; `what` and the parameter mean something else for each. */
enum fault_kind {
    BY_UCM,     /* the simulator's fault of that name */
    BY_PROXY,   /* `number` of enum proxy_fault, between server and UCM */
    BY_NAME,    /* the name server: `what` is the name's first letters */
    BY_ADDRESS, /* the PBX is said to be at `what`; "hole": where SYNs are dropped */
    BY_CALL,    /* nothing is harmed; the recording itself is special: enum call_kind */
    BY_US,      /* our own disk: `number` of enum shim_call, see tools/shim.h */
};

enum call_kind {
    CALL_LATE = 1,    /* the file comes some seconds after the CDR */
    CALL_DELETED,     /* it never comes */
    CALL_TOO_LARGE,   /* far longer than the talk */
    CALL_SAME_NAME,   /* two calls name one file */
    CALL_NAME_SPACE,  /* a blank in the name */
    CALL_NAME_UTF8,   /* letters beyond ASCII */
    CALL_NAME_UP,     /* ".." in the name */
    CALL_NAME_LONG,   /* more than 256 characters */
    CALL_NAME_QUOTES, /* quotes, '%', '&', '#', '+' */
    CALL_ALAW,        /* the other payloads of a WAV */
    CALL_MULAW,
    CALL_RIFF_MAX,  /* sizes 0xFFFFFFFF in the header: a writer that never came back */
    CALL_RIFF_ZERO, /* sizes 0 */
    CALL_TWO_FILES, /* two recordings on one leg */
};

enum fault_flag {
    SLOW = 1,          /* A time limit of ours has to run out: one recording, and it lasts. */
    LASTS = 2,         /* Cannot strike a number of times. */
    BY_PERSON = 4,     /* Only a person's edit of the PBX ends it. */
    IS_FINAL = 8,      /* Given up at once; a person asks again after the end of the fault. */
    ENDS_MISSING = 16, /* And nobody can help: it stays missing for that reason. */
    REFUSED = 32,      /* The CDR's name is an attack: no recording, but the webhook is kept. */
    MAY_PASS = 64,     /* It may pass unnoticed. */
    NEEDS_LOGIN = 128, /* Strikes at a login: the sessions end with the fault's beginning. */
    DESCRIBED = 256,   /* The CDR names size and seconds. */
    LONG = 512,        /* A call of 16 seconds. */
    STRIKES = 1024,    /* Never lasts. */
    WALKS = 2048, /* Each rung is refused for itself: "not_there_yet" where it ends on the way. */
};

struct fault_row {
    const char *name;
    const char *group; /* connection, http, login, content, ours */
    enum fault_kind kind;
    const char *apis; /* "N" the new one, "O" the old one */
    const char *what;
    int number;
    long low, high;      /* The parameter, from the seed; both 0: the fault's own. */
    const char *reasons; /* Joined by '|'; "": harmless. */
    unsigned flags;
};

#define UCM(name, group, apis, low, high, reasons, flags)                                          \
    {                                                                                              \
        name, group, BY_UCM, apis, name, 0, low, high, reasons, flags                              \
    }
#define UCM_AS(row, name, group, apis, low, high, reasons, flags)                                  \
    {                                                                                              \
        row, group, BY_UCM, apis, name, 0, low, high, reasons, flags                               \
    }
#define PROXY(name, number, low, high, reasons, flags)                                             \
    {                                                                                              \
        name, "connection", BY_PROXY, "NO", "", number, low, high, reasons, flags                  \
    }
#define CALL(name, apis, number, reasons, flags)                                                   \
    {                                                                                              \
        name, "content", BY_CALL, apis, "", number, 0, 0, reasons, flags                           \
    }
#define US(name, what, number, low, high, reasons, flags)                                          \
    {                                                                                              \
        name, "ours", BY_US, "NO", what, number, low, high, reasons, flags                         \
    }

/* The slow ones first: the others are done meanwhile. */
static const struct fault_row fault_rows[] = {
    UCM("stall-in-header", "http", "NO", 1, 60, "stalled", SLOW),
    UCM("stall-in-body", "http", "NO", 1, 20000, "stalled", SLOW),
    UCM("drip", "http", "NO", 1, 1, "stalled", SLOW),
    PROXY("proxy-stall", PROXY_STALL_DOWN, 6000, 20000, "stalled", SLOW),
    PROXY("proxy-dribble", PROXY_DRIBBLE, 180, 220, "stalled", SLOW),
    UCM("accept-silent", "connection", "NO", 0, 0, "connect_timeout", SLOW),
    UCM("tls-stall", "connection", "NO", 0, 0, "connect_timeout", SLOW),
    PROXY("proxy-stall-in-handshake", PROXY_STALL_DOWN, 10, 400, "connect_timeout", SLOW),
    { "syn-dropped", "connection", BY_ADDRESS, "NO", "hole", 0, 0, 0, "connect_timeout",
      SLOW | BY_PERSON },
    { "name-server-silent", "connection", BY_NAME, "NO", "mute", 0, 0, 0, "dns_failed",
      LASTS | BY_PERSON },

    UCM("refuse", "connection", "NO", 0, 0, "connect_refused", LASTS),
    UCM("reboot", "connection", "NO", 1, 3,
        "connect_refused|connection_reset|session_lost|truncated", MAY_PASS),
    UCM("reset-before-tls", "connection", "NO", 0, 0, "connection_reset", 0),
    UCM("reset-in-handshake", "connection", "NO", 0, 0, "connection_reset", 0),
    UCM("certificate-changed", "connection", "NO", 0, 0, "tls_changed", 0),
    UCM("certificate-expired", "connection", "NO", 0, 0, "tls_changed", 0),
    UCM("tls-1.0-only", "connection", "NO", 0, 0, "tls_too_old", 0),
    UCM("plain-http", "connection", "NO", 0, 0, "tls_failed", 0),
    UCM("one-connection", "connection", "NO", 0, 0, "connection_reset", LASTS | MAY_PASS),
    PROXY("proxy-delay", PROXY_DELAY, 200, 1500, "", 0),
    PROXY("proxy-closed-at-once", PROXY_CLOSE, 0, 0, "connection_reset", 0),
    PROXY("proxy-lost-in-handshake", PROXY_CUT_DOWN, 10, 900, "connection_reset", 0),
    PROXY("proxy-cut-in-the-hello", PROXY_CUT_UP, 10, 200, "connection_reset", 0),
    PROXY("proxy-cut-in-body", PROXY_CUT_DOWN, 6000, 30000, "connection_reset|truncated", 0),
    PROXY("proxy-reset-in-body", PROXY_RESET_DOWN, 6000, 30000, "connection_reset|truncated", 0),
    { "name-unknown", "connection", BY_NAME, "NO", "nx", 0, 0, 0, "dns_failed", LASTS | BY_PERSON },
    { "name-server-fails", "connection", BY_NAME, "NO", "fail", 0, 0, 0, "dns_failed",
      LASTS | BY_PERSON },
    { "name-moves", "connection", BY_NAME, "NO", "moves", 0x7f000009, 0, 0, "connect_refused",
      LASTS },
    { "name-moves-outside", "connection", BY_NAME, "NO", "moves", (int)0xc0000201, 0, 0,
      "address_refused", LASTS },
    { "name-invalid", "connection", BY_ADDRESS, "NO", "ucm.invalid", 0, 0, 0, "dns_failed",
      LASTS | BY_PERSON },
    { "network-forbidden", "connection", BY_ADDRESS, "NO", "192.0.2.1", 0, 0, 0, "address_refused",
      LASTS | BY_PERSON },

    UCM("reset-in-header", "http", "NO", 1, 60, "connection_reset", 0),
    UCM("header-garbage", "http", "NO", 0, 0, "pbx_error", 0),
    UCM("header-huge", "http", "NO", 1, 2, "pbx_error", 0),
    UCM("reset-in-body", "http", "NO", 1, 30000, "connection_reset", 0),
    UCM("body-short", "http", "NO", 1, 30000, "truncated", 0),
    UCM("body-long", "http", "NO", 1, 9000, "", 0),
    UCM("length-short", "http", "NO", 1, 9000, "truncated", 0),
    UCM("close-delimited", "http", "NO", 0, 0, "", 0),
    UCM("close-delimited-cut", "http", "NO", 100, 30000, "truncated", 0),
    UCM_AS("described-and-cut", "close-delimited-cut", "http", "NO", 100, 30000, "truncated",
           DESCRIBED),
    UCM("chunked", "http", "NO", 0, 0, "", 0),
    UCM("chunk-cut", "http", "NO", 1, 30000, "truncated", 0),
    UCM("chunk-malformed", "http", "NO", 1, 30000, "pbx_error", 0),
    UCM("slow-first-byte", "http", "NO", 1, 3, "", 0),
    UCM("empty-body", "http", "NO", 0, 0, "empty", 0),
    UCM("html-page", "http", "NO", 0, 0, "html_instead_of_audio", WALKS),
    UCM_AS("json-not-found", "json-error", "http", "N", -25, -25, "not_there_yet", 0),
    UCM_AS("json-trouble", "json-error", "http", "NO", -9, -9, "pbx_error", 0),
    UCM_AS("json-success", "json-error", "http", "NO", 7, 7, "json_instead_of_audio", 0),
    UCM("wrong-type", "http", "NO", 0, 0, "", 0),
    UCM("not-found", "http", "NO", 0, 0, "not_there_yet", 0),
    UCM("too-many-requests", "http", "NO", 1, 60, "throttled", 0),
    UCM("status-500", "http", "NO", 0, 0, "pbx_error", 0),
    UCM("status-502", "http", "NO", 0, 0, "pbx_error", 0),
    UCM("status-503", "http", "NO", 0, 0, "pbx_error", 0),
    UCM("redirect", "http", "NO", 0, 0, "redirected", 0),
    UCM("redirect-loop", "http", "NO", 0, 0, "redirected", 0),
    UCM("gzip-bomb", "http", "NO", 8, 16, "unknown_container", 0),

    UCM("cookies-expired", "login", "N", 0, 0, "session_lost", MAY_PASS),
    UCM("cookie-error", "login", "N", 0, 0, "session_lost", MAY_PASS),
    UCM("need-authentication", "login", "N", 0, 0, "session_lost", MAY_PASS),
    UCM("nonce-stale", "login", "O", 0, 0, "pbx_error", MAY_PASS),
    UCM("nonce-once", "login", "O", 0, 0, "", MAY_PASS),
    UCM("unauthorised", "login", "O", 0, 0, "login_refused", LASTS | BY_PERSON),
    UCM("basic-only", "login", "O", 0, 0, "basic_only", 0),
    UCM("forbidden", "login", "NO", 0, 0, "address_not_permitted", 0),
    UCM("login-refused", "login", "N", 0, 0, "login_refused", LASTS | BY_PERSON | NEEDS_LOGIN),
    UCM("login-locked", "login", "N", 0, 0, "login_locked", LASTS | BY_PERSON | NEEDS_LOGIN),
    UCM("login-forbidden", "login", "N", 0, 0, "login_locked", LASTS | BY_PERSON | NEEDS_LOGIN),
    UCM("user-unknown", "login", "N", 0, 0, "login_refused", LASTS | BY_PERSON | NEEDS_LOGIN),
    UCM("no-permission", "login", "N", 0, 0, "no_permission", LASTS | BY_PERSON),

    UCM("invalid-parameters", "http", "N", 0, 0, "request_refused", IS_FINAL),
    UCM("connection-closed", "http", "N", 0, 0, "pbx_error", 0),
    UCM("system-timeout", "http", "N", 0, 0, "pbx_error", 0),
    UCM("system-error", "http", "N", 0, 0, "pbx_error", 0),
    UCM("get-failed", "http", "N", 0, 0, "pbx_error", 0),
    UCM("wrong-directory", "http", "N", 0, 0, "not_there_yet", 0),
    UCM("unsupported", "http", "N", 0, 0, "unsupported", WALKS | MAY_PASS),
    UCM("throttle-15", "http", "N", 0, 0, "throttled", 0),
    UCM("throttle-15-other", "http", "N", 0, 0, "throttled", 0),
    UCM("throttle-60", "http", "N", 0, 0, "throttled", 0),
    UCM("task-running", "http", "N", 0, 0, "busy", 0),

    UCM("other-audio", "content", "NO", 0, 0, "duration_mismatch", LONG),
    UCM_AS("other-audio-described", "other-audio", "content", "NO", 0, 0, "size_mismatch",
           DESCRIBED),
    UCM("audio-cut", "content", "NO", 5, 95, "truncated", 0),
    UCM("growing", "content", "NO", 0, 0, "truncated", 0),
    UCM("header-only", "content", "NO", 1, 44, "empty", 0),
    UCM_AS("header-and-little", "header-only", "content", "NO", 46, 3000, "truncated", 0),
    UCM("gsff", "content", "NO", 0, 0, "gsff_container", 0),
    UCM("noise", "content", "NO", 0, 0, "unknown_container", 0),
    UCM("tar-truncated", "content", "NO", 0, 0, "unknown_container", 0),
    UCM("tar-hostile", "content", "NO", 0, 0, "unknown_container", 0),
    UCM("tar-many", "content", "NO", 500, 2000, "unknown_container", 0),
    UCM("tar-sparse", "content", "NO", 1, 10, "unknown_container", 0),
    UCM("clock", "content", "NO", -86400, 86400, "", LASTS),
    CALL("file-later", "NO", CALL_LATE, "not_there_yet", 0),
    CALL("file-deleted", "NO", CALL_DELETED, "not_there_yet|deleted_on_pbx", ENDS_MISSING),
    CALL("file-too-large", "NO", CALL_TOO_LARGE, "too_large", ENDS_MISSING),
    CALL("same-name-twice", "NO", CALL_SAME_NAME, "", 0),
    CALL("two-files-on-a-leg", "NO", CALL_TWO_FILES, "", 0),
    CALL("name-with-space", "N", CALL_NAME_SPACE, "", 0),
    CALL("name-utf8", "NO", CALL_NAME_UTF8, "", 0),
    CALL("name-with-quotes", "NO", CALL_NAME_QUOTES, "", 0),
    CALL("name-upwards", "NO", CALL_NAME_UP, "", REFUSED),
    CALL("name-too-long", "NO", CALL_NAME_LONG, "", REFUSED),
    CALL("payload-a-law", "NO", CALL_ALAW, "", 0),
    CALL("payload-mu-law", "NO", CALL_MULAW, "", 0),
    CALL("riff-size-max", "NO", CALL_RIFF_MAX, "", 0),
    CALL("riff-size-zero", "NO", CALL_RIFF_ZERO, "", 0),

    US("draft-cannot-be-made", ".drafts/", SHIM_OPEN, EIO, EIO, "storage_failed", 0),
    US("storage-read-only", ".drafts/", SHIM_OPEN, EROFS, EROFS, "storage_refused", 0),
    US("storage-not-permitted", ".drafts/", SHIM_OPEN, EACCES, EACCES, "storage_refused", 0),
    US("draft-disk-full", "/.drafts/", SHIM_WRITE, ENOSPC, ENOSPC, "storage_full", 0),
    US("draft-quota", "/.drafts/", SHIM_WRITE, EDQUOT, EDQUOT, "storage_full", 0),
    US("draft-write-error", "/.drafts/", SHIM_WRITE, EIO, EIO, "storage_failed", 0),
    US("draft-fsync-error", "/.drafts/", SHIM_SYNC, EIO, EIO, "storage_failed", 0),
    US("rename-error", "bench-", SHIM_RENAME, EIO, EIO, "storage_failed", 0),
    US("rename-disk-full", "bench-", SHIM_RENAME, ENOSPC, ENOSPC, "storage_full", 0),
    US("folder-fsync-error", "recordings/bench-", SHIM_SYNC, EIO, EIO, "storage_failed", 0),
    US("database-disk-full", "audiapro.db-wal", SHIM_WRITE, ENOSPC, ENOSPC, "", STRIKES | MAY_PASS),
    US("database-write-error", "audiapro.db-wal", SHIM_WRITE, EIO, EIO, "", STRIKES | MAY_PASS),
    US("database-fsync-error", "audiapro.db-wal", SHIM_SYNC, EIO, EIO, "", STRIKES | MAY_PASS),
};

#endif

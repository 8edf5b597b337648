/*
 * A phone system as we need it: one recording into one open file, the call records of a period, the
 * names that belong to a call. The drivers behind it speak the makers' protocols.
 *
 * Promises: a body becomes a recording only when its bytes are sound that agrees with its own
 * header and with what the phone system said of it; every failure is one reason of ledger/reason.h;
 * a refused login is never repeated; every request is reported as an attempt, and no attempt text
 * holds a password, token, cookie or Authorization value.
 * Refuses: redirects, addresses that the guard forbids, certificates that changed.
 *
 * A `struct pbx` belongs to one thread. Several processes may work on one PBX: what they share goes
 * through the keeper. At most two connections are open at a time.
 */
#ifndef PBX_PBX_H
#define PBX_PBX_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/macros.h"
#include "core/text.h"
#include "core/time.h"
#include "ledger/reason.h"
#include "net/guard.h"

enum {
    PBX_PATH_SIZE = 300, /* A path on the PBX and its NUL; the UCM cuts names at 256 characters. */
    PBX_RUNG_SIZE = 32,
    PBX_DETAIL_SIZE = 240,
    PBX_PIN_SIZE = 64,
    PBX_NAMES_MAX = 32,
};

/* What a person entered, and what earlier calls found out. Borrowed as long as the PBX is open. */
struct pbx_settings {
    const char *id;       /* For the reader of attempts only. */
    const char *host;     /* Name or address, nothing else. */
    int port;             /* Of the new API; 0: 8089, then 8443. */
    int old_port;         /* Of the old API; 0: 8443, and only when the new one is not there. */
    const char *username; /* Of the API user, not of the web page. */
    const char *password;
    /* "sha256//BASE64" (several joined by ';'): only these keys. "ca": a public authority and the
     * right name. NULL or "": first use, see pin_learned(). */
    const char *tls_pin;
    bool weak_ciphers;     /* TLS 1.0, short keys, SHA-1: for old appliances, per PBX. */
    bool allows_basic;     /* The old API may ask for the password in readable form. */
    const char *api;       /* "auto" (also NULL), "new" or "old". */
    const char *api_found; /* What api_found() said last time, or NULL: spares the detection. */
    int port_found;
    const char *rung; /* What rung_worked() said last time, or NULL: tried first. */
};

/* One request as it is written down. All texts are fit for people and live during the call. */
struct pbx_attempt {
    const char *purpose; /* "challenge", "login", "recapi", "cdrapi" … */
    const char *rung;    /* Of the ladder, or "". */
    const char *method;
    const char *url;
    const char *request; /* The JSON that was sent, secrets as "***"; "" for a GET. */
    int http_status;     /* 0: no answer. */
    const char *content_type;
    int64_t content_length; /* As announced; -1: not. */
    int64_t bytes;
    const char *first_bytes; /* Up to 64: hex, then what is printable. */
    const char *verdict;     /* What was made of it, in words. */
    enum reason reason;      /* REASON_NONE: it was what we wanted. */
    int64_t duration_ms;
    const char *tls_pin; /* Of the key that the other side showed; "" when none was seen. */
    const char *remote;  /* The address really connected to. */
};

/* What survives between calls and is shared between processes; the caller implements it on its
 * database. Members marked optional may be NULL. */
struct pbx_keeper {
    void *context;
    /* Optional pair. The session cookie that all processes share, and when it was put. */
    bool (*session_get)(void *context, char *cookie_out, size_t room, time_ms *at_out);
    void (*session_put)(void *context, const char *cookie /* NULL: forget */);
    /* Optional pair. One login in flight per PBX; false when it was not our turn within wait_ms. */
    bool (*login_begin)(void *context, int64_t wait_ms);
    void (*login_end)(void *context);
    /* Required. First use found this key ("sha256//…") or a publicly trusted certificate ("ca"):
     * store it as tls_pin. False when something else is stored already: nothing more is sent. */
    bool (*pin_learned)(void *context, const char *pin, const char *certificate_text);
    /* Required. The login was refused: do not come again before a person changed something.
     * tries_left and locked_s are -1 when the PBX did not say. */
    void (*login_refused)(void *context, enum reason reason, int tries_left, int locked_s);
    /* Optional. Hints for the next settings. `api` is "new" or "old". */
    void (*api_found)(void *context, const char *api, int port);
    void (*rung_worked)(void *context, const char *rung);
    /* Optional. Each request, when it is over. */
    void (*attempt)(void *context, const struct pbx_attempt *attempt);
    /* Optional. Asked about once a second; true ends a request with REASON_INTERRUPTED. */
    bool (*should_stop)(void *context);
};

/* The recording that is wanted, as the call record describes it. Texts may be NULL. */
struct pbx_wanted {
    const char *path; /* "2026-02/auto-….wav", one name; "" : ask the PBX by acct_id. */
    const char *acct_id, *uniqueid, *session;
    const char *action_type, *direction; /* "QUEUE[6500]", "inbound" …: where to look first. */
    time_ms started_at;                  /* 0: unknown. */
    int64_t expected_bytes;              /* -1: unknown. */
    int64_t expected_seconds;            /* -1: unknown. */
    int64_t talk_s;                      /* billsec; -1: unknown. */
};

struct pbx_outcome {
    enum reason reason; /* REASON_NONE: the file holds the recording. */
    char detail[PBX_DETAIL_SIZE];
    int64_t retry_after_s; /* The PBX's own wish or the reason's; -1: none. */
    int64_t bytes;
    double seconds; /* < 0: the container does not say. */
    char sha256[65];
    const char *container;          /* "wav", "mp3", "ogg", "flac"; NULL unless fetched. */
    char rung[PBX_RUNG_SIZE];       /* Where it was found. */
    char found_path[PBX_PATH_SIZE]; /* Under which path: may differ from wanted->path. */
};

/* Why something else than a fetch did not work. */
struct pbx_trouble {
    enum reason reason;
    char detail[PBX_DETAIL_SIZE];
    int64_t retry_after_s; /* -1: none. */
};

struct pbx;

/* Nothing is sent before the first call below. All three are borrowed; guard NULL allows any
 * address. Never NULL. */
struct pbx *pbx_open(const struct pbx_settings *settings, const struct pbx_keeper *keeper,
                     const struct net_guard *guard);
void pbx_close(struct pbx *pbx);
DEFINE_AUTO(pbx_close, struct pbx *, NULL)

/* Fetch one recording into `file` (open for reading and writing; cut to 0 first, and again when
 * nothing was fetched; not synced). True with *outcome_out whatever the PBX did; false only when
 * our own side failed (disk full, I/O error). */
MUST_USE bool pbx_fetch(struct pbx *pbx, const struct pbx_wanted *wanted, int file,
                        struct pbx_outcome *outcome_out, struct error *error);

/* The call records whose end (or start, by_start) lies in the period, page by page in the PBX's own
 * JSON ({"cdr_root":[…]} or {"cdr":[…]}), for cdr/ to parse. `page` returns false to stop. A page
 * is at most 16 MiB; a page that comes twice ends the walk. */
struct pbx_period {
    time_ms from_at, until_at;
    bool by_start;
    int page_size; /* 1 to 1000; 0: 200. */
    /* Optional: set when a full page came twice: the PBX ignores what page is asked for, and has
     * more calls in the period than it showed. Ask for shorter periods then. */
    bool *cut_out;
};
MUST_USE bool pbx_cdr_pages(struct pbx *pbx, const struct pbx_period *period,
                            bool (*page)(void *context, const char *body, size_t size),
                            void *context, struct pbx_trouble *trouble_out);

/* The paths of the recordings of one leg, as the PBX names them now. */
struct pbx_names {
    size_t count;
    char paths[PBX_NAMES_MAX][PBX_PATH_SIZE];
};
MUST_USE bool pbx_record_names(struct pbx *pbx, const char *acct_id, struct pbx_names *names_out,
                               struct pbx_trouble *trouble_out);

/* The listing of a directory ("monitor"; "": of the directories) in the PBX's own CSV, added to
 * `listing` up to its limit. */
MUST_USE bool pbx_list(struct pbx *pbx, const char *directory, struct text *listing,
                       struct pbx_trouble *trouble_out);

/* Find the API and log in; then what the PBX says of itself. For the doctor and the connection
 * test. What is known stands in *description_out even when false is returned. */
struct pbx_description {
    char api[8]; /* "new", "old", "" */
    int port;
    bool is_logged_in;
    char model[64], firmware[64], serial[64]; /* "" where the PBX does not say. */
    char pin[PBX_PIN_SIZE];
    char certificate[400];
};
MUST_USE bool pbx_check(struct pbx *pbx, struct pbx_description *description_out,
                        struct pbx_trouble *trouble_out);

#endif

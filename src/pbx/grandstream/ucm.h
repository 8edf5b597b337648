/*
 * The inside of the Grandstream driver: one PBX's state, and what its files offer each other.
 *
 *     driver.c   the driver's table; records, lists, descriptions
 *     fetch.c    the ladder walked for one recording          ladder.c  its order (pure)
 *     download.c one rung: bytes into the file, then proof    names.c   recordfiles (pure)
 *     session.c  cookie, login, one repeat                    judge.c   what an answer means (pure)
 *     detect.c   which API answers where
 *     line.c     one HTTP request: TLS trust, verdict, attempt record
 */
#ifndef PBX_GRANDSTREAM_UCM_H
#define PBX_GRANDSTREAM_UCM_H

#include "core/json.h"

#include "net/client.h"
#include "pbx/driver.h"
#include "pbx/grandstream/judge.h"
#include "pbx/grandstream/ladder.h"
#include "pbx/trouble.h"

enum {
    UCM_COOKIE_SIZE = 160,
    UCM_URL_SIZE_MAX = 4096,
    UCM_REPLY_SIZE_MAX = 64 * 1024,       /* Of a small JSON answer. */
    UCM_PAGE_SIZE_MAX = 16 * 1024 * 1024, /* Of a page of call records, or a listing. */
};

enum ucm_api { UCM_API_UNKNOWN, UCM_API_NEW, UCM_API_OLD };

/* How this PBX proves who it is; decided by the settings or by the first answer. */
enum ucm_trust { UCM_TRUST_UNDECIDED, UCM_TRUST_AUTHORITY, UCM_TRUST_PIN };

struct ucm {
    struct pbx base;
    struct net_client *client;
    enum ucm_api api;
    int port; /* Of `api`. */
    enum ucm_trust trust;
    bool is_trust_read; /* The settings have been looked at. */
    bool is_hinted;     /* api and port are what an earlier process found: maybe out of date. */
    struct pbx_trouble stopped; /* A refusal after which nothing more is sent; REASON_NONE: none. */
    char pin[1024];             /* Of UCM_TRUST_PIN. */
    char cookie[UCM_COOKIE_SIZE];
    time_ms cookie_at;
    char token[33]; /* The last one sent: to keep it out of attempt texts. */
    /* For pbx_check(). */
    bool is_logged_in;
    char seen_pin[PBX_PIN_SIZE];
    char seen_certificate[400];
};

/* --- line.c ------------------------------------------------------------------------------------
 */

struct ucm_reply;

/* One HTTP request. Texts are borrowed for the call. */
struct ucm_call {
    const char *purpose, *rung;
    int port;
    const char *target;   /* "/api", "/recapi?…" */
    const json_t *fields; /* Of the request object (POST), without the cookie; NULL: a GET. */
    const char *cookie;   /* Added to the fields; NULL: none. */
    bool is_digest;       /* Answer a 401 with user name and password. */
    bool hides_answer;    /* The body of a good answer is a secret. */
    enum wanted_body wanted;
    int64_t body_size_max;
    int64_t timeout_ms; /* 0: only the speed limit of downloads. */
    struct text *body;  /* Where a JSON answer or a listing goes; NULL: the sink takes it. */
    /* Before each request that this call takes; NULL: nothing to prepare. */
    bool (*begin)(void *context);
    bool (*sink)(void *context, const void *bytes, size_t size);
    /* Of an answer that is sound by its first bytes: is it the one? False with the trouble, which
     * is then the attempt's verdict. NULL: not asked. */
    bool (*prove)(void *context, const struct ucm_reply *reply, struct pbx_trouble *trouble_out);
    void *sink_context; /* Of the three. */
};

struct ucm_reply {
    struct net_answer answer;
    struct verdict verdict; /* Only when an answer came in full, or enough of it to see an error. */
    bool is_whole;
};

/* Send, judge, report the attempt. False with *trouble when no answer could be had; a verdict of
 * any kind is true. Sends credentials (cookie, Digest) only once the trust is decided. */
MUST_USE bool ucm_send(struct ucm *ucm, const struct ucm_call *call, struct ucm_reply *reply_out,
                       struct pbx_trouble *trouble_out);

/* The first request to a PBX that is not known yet: tries a public authority, then any certificate;
 * the answer's trust is not kept before ucm_trust_keep(). No credentials in `call`. */
MUST_USE bool ucm_send_first(struct ucm *ucm, const struct ucm_call *call,
                             struct ucm_reply *reply_out, enum ucm_trust *trust_out,
                             struct pbx_trouble *trouble_out);

/* Keep and store what ucm_send_first() saw. False when another key is stored already. */
MUST_USE bool ucm_trust_keep(struct ucm *ucm, enum ucm_trust trust, const struct net_answer *answer,
                             struct pbx_trouble *trouble_out);

/* The trouble that a verdict is when it is not what was wanted. A refused login is told to the
 * keeper, and nothing more is sent. Returns false. */
bool ucm_refuse(struct ucm *ucm, const struct verdict *verdict, struct pbx_trouble *trouble_out);

/* --- attempt.c ---------------------------------------------------------------------------------
 */

/* Hand the attempt to the keeper, secrets masked. `verdict` NULL: no answer came. */
void ucm_report(const struct ucm *ucm, const struct ucm_call *call, const char *url,
                const struct net_answer *answer, const uint8_t *head, size_t head_size,
                const struct verdict *verdict, const struct pbx_trouble *trouble);

/* --- detect.c ----------------------------------------------------------------------------------
 */

/* Check the settings, find out which API answers where, decide the trust. False after a refusal
 * that stops the PBX. */
MUST_USE bool ucm_find(struct ucm *ucm, struct pbx_trouble *trouble_out);

/* After a hint turned out to be out of date: look again. */
MUST_USE bool ucm_find_again(struct ucm *ucm, struct pbx_trouble *trouble_out);

/* Ask for a login challenge at this port (no credentials in it). */
MUST_USE bool ucm_challenge(struct ucm *ucm, int port, struct text *body,
                            struct ucm_reply *reply_out, enum ucm_trust *trust_out,
                            struct pbx_trouble *trouble_out);

/* The port of the old API: as set, else what is usual. */
int ucm_old_port(const struct pbx_settings *settings);

/* --- session.c ---------------------------------------------------------------------------------
 */

/* Send a request of the new API (call->port, target and cookie are filled in) with a valid cookie;
 * log in where needed, and once more when the PBX wants it. Any verdict but VERDICT_LOG_IN is true.
 */
MUST_USE bool ucm_ask(struct ucm *ucm, struct ucm_call *call, struct ucm_reply *reply_out,
                      struct pbx_trouble *trouble_out);

/* One challenge and login at a time, over all processes: false with REASON_BUSY when it was not our
 * turn. */
bool ucm_login_begin(struct ucm *ucm, struct pbx_trouble *trouble_out);
void ucm_login_end(struct ucm *ucm);
/* Between the two: log in by the challenge in this reply, unless another has left a cookie. */
bool ucm_login_with(struct ucm *ucm, const struct text *reply, struct pbx_trouble *trouble_out);

/* A cookie that is worth trying: ours, the shared one, or a new login. */
MUST_USE bool ucm_session(struct ucm *ucm, struct pbx_trouble *trouble_out);

/* --- download.c --------------------------------------------------------------------------------
 */

enum rung_end {
    RUNG_FETCHED,
    RUNG_NOT_HERE, /* trouble_out->reason says in which way. */
    RUNG_ENDED,    /* No further rung: trouble_out. */
    RUNG_FAILED,   /* Our own disk: *error. */
};

/* Ask for `path` at this rung; on RUNG_FETCHED the file holds it and *outcome_out its proof. */
enum rung_end ucm_download(struct ucm *ucm, const struct rung *rung, const char *path,
                           const struct pbx_wanted *wanted, int file,
                           struct pbx_outcome *outcome_out, struct pbx_trouble *trouble_out,
                           struct error *error);

/* --- fetch.c, records.c ------------------------------------------------------------------------
 */

bool ucm_fetch(struct pbx *pbx, const struct pbx_wanted *wanted, int file,
               struct pbx_outcome *outcome_out, struct error *error);

/* One page of call records into `body`. */
MUST_USE bool ucm_page(struct ucm *ucm, const struct pbx_period *period, int offset,
                       const char *rung, struct text *body, struct pbx_trouble *trouble_out);

bool ucm_cdr_pages(struct pbx *pbx, const struct pbx_period *period,
                   bool (*page)(void *context, const char *body, size_t size), void *context,
                   struct pbx_trouble *trouble_out);
bool ucm_record_names(struct pbx *pbx, const char *acct_id, struct pbx_names *names_out,
                      struct pbx_trouble *trouble_out);
/* `recordfiles` of one leg in a page of call records, whatever the nesting; false: not in it. */
bool ucm_page_find(const char *body, size_t size, const char *acct_id, const char *uniqueid,
                   struct pbx_names *names_out);
/* How many groups a page holds; -1: it is no page. */
int ucm_page_count(const char *body, size_t size);
bool ucm_list(struct pbx *pbx, const char *directory, struct text *listing,
              struct pbx_trouble *trouble_out);
bool ucm_check(struct pbx *pbx, struct pbx_description *description_out,
               struct pbx_trouble *trouble_out);

#endif

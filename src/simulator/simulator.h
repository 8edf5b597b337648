/*
 * A simulated Grandstream UCM: both of its APIs over TLS, its CDRs, its webhooks, and its faults.
 *
 * Written from the protocol reference only, never from our client, so that the two check each
 * other. Used by `audiapro simulate-ucm`, `audiapro demo` and every test that needs a PBX. It
 * checks what a UCM checks (token, cookie life, digest, directory, name) and counts what it sees,
 * so that a test can assert it. It holds no secret worth keeping and is not hardened for the open
 * network: it listens on 127.0.0.1 unless told otherwise. All functions may be called from any
 * thread.
 */
#ifndef SIMULATOR_SIMULATOR_H
#define SIMULATOR_SIMULATOR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/macros.h"
#include "core/time.h"

struct simulator;
struct simulator_strike;

/* ---- Life ---- */

enum { SIMULATOR_PORT_ANY = 0, SIMULATOR_PORT_OFF = -1 };

/* Zeroed means: both APIs on any free port of 127.0.0.1, the defaults named below, no control port.
 */
struct simulator_options {
    const char *listen_address; /* A numeric IPv4 address; NULL: "127.0.0.1". */
    int new_port;               /* POST /api, TLS. SIMULATOR_PORT_ANY or _OFF or a port. */
    int old_port;               /* GET /cdrapi and /recapi, TLS and Digest. */
    bool has_control;           /* A third, plain-HTTP port on 127.0.0.1 (see DESIGN.md). */
    int control_port;           /* SIMULATOR_PORT_ANY or a port. */
    const char *username;       /* NULL: "cdrapi". The same for both APIs. */
    const char *password;       /* NULL: "s3cret". */
    const char *firmware;       /* NULL: "1.0.33.30". */
    const char *model;          /* NULL: "UCM6301". */
    const char *serial;         /* NULL: "EXAMPLE00000001". The CDR field `sn`. */
    int utc_offset_minutes;     /* Of the PBX-local times in CDRs. */
    int cookie_life_s;          /* Idle life of a cookie; 0: 600. */
    int nonce_life_s;           /* Of a Digest nonce; 0: 300. */
    int login_tries;            /* Wrong tokens until the lock; 0: 5. */
    int lock_s;                 /* How long the lock lasts; 0: 300. */
    int field_count;            /* Fields of a CDR: 22, 32, 43 or 49; 0: 49. */
    int old_field_count;        /* The same for the old API; 0: 22. Its root is "cdr" then, else
                                   "cdr_root" as newer firmware has it. */
    const char *permitted_new;  /* "192.0.2.3/255.255.255.255,…"; NULL or "": all (as a UCM). */
    const char *permitted_old;  /* The same; NULL: all; "": nobody (as a UCM with an empty list). */
    const char
        *certificate_file;    /* PEM of key and certificate, made when missing; NULL: a new one. */
    const char *audio_folder; /* Where POST /simulator/call finds audio; NULL: nowhere. */
};

/* Listens when it returns. Texts in `options` are copied. */
MUST_USE bool simulator_start(const struct simulator_options *options,
                              struct simulator **simulator_out, struct error *error);
/* Ends all connections and frees everything. */
void simulator_stop(struct simulator *simulator);
DEFINE_AUTO(simulator_stop, struct simulator *, NULL)

/* The ports in use; 0 when that one is off. */
int simulator_new_port(const struct simulator *simulator);
int simulator_old_port(const struct simulator *simulator);
int simulator_control_port(const struct simulator *simulator);
/* SHA-256 of the certificate's public key in curl's form, "sha256//BASE64". */
const char *simulator_public_key_pin(const struct simulator *simulator);
/* SHA-256 of the whole certificate (DER), lower-case hex. */
const char *simulator_certificate_sha256(const struct simulator *simulator);

/* ---- Calls ---- */

enum { SIMULATOR_MEMBERS_MAX = 12, SIMULATOR_RECORDINGS_MAX = 2 };

/* One call to come into being. Zeroed members mean what their comment says. */
struct simulator_call {
    const char *audio_path;        /* The file whose bytes are the recording; NULL: not recorded. */
    const char *second_audio_path; /* A second recording on the same leg (queue, then transfer). */
    const char *caller;            /* NULL: "1000". A leading '+' is kept. */
    const char *callee;            /* NULL: "2815550100". The extension that answers. */
    const char *caller_name;       /* NULL: "". */
    const char *direction;   /* "Inbound", "Outbound", "Internal", "External"; NULL: "Internal". */
    const char *action_type; /* NULL: "DIAL", or "RINGGROUP[group]", "QUEUE[group]" by `filedir`. */
    const char *trunk;       /* Its name; NULL: none. */
    const char *group;       /* Number of the ring group, queue or conference; NULL: none. */
    const char *members[SIMULATOR_MEMBERS_MAX]; /* Extensions that rang in vain: one leg each. */
    bool has_fork;              /* One more leg: the ForkCDR copy of the answered one … */
    bool is_fork_recorded;      /* … which names the recording too. */
    time_ms started_at;         /* 0: so that the call has ended just now. */
    int ring_s;                 /* Seconds until the answer. */
    double talk_s;              /* 0: as long as the (WAV) audio; without audio: unanswered. */
    const char *disposition;    /* NULL: "ANSWERED" or "NO ANSWER". */
    const char *filedir;        /* NULL: "queue" when action_type says QUEUE, else "monitor". */
    const char *recording_path; /* Instead of "YYYY-MM/auto-….wav": odd, equal or hostile names. */
    bool has_description;       /* recordfiles_desc is filled (needs 43 fields). */
    bool is_unnamed;            /* recordfiles is empty although there is a recording. */
    bool has_no_cdr;            /* Its file lies in the directory, and no record tells of it. */
    bool is_path_in_caller_name; /* As seen on one CloudUCM: the path stands in caller_name. */
    int ready_after_ms;          /* The file cannot be fetched before (not finalised yet). */
    int field_count;             /* 22, 32, 43, 49; 0: the simulator's. */
};

struct simulator_recording {
    char filedir[32];
    char path[320]; /* "2026-02/auto-….wav": as in recordfiles, without the '@'. */
    char name[320]; /* Its base name. */
    uint64_t bytes;
    char sha256[65];
};

struct simulator_added {
    int call; /* The number by which other functions know it, from 0. */
    int leg_count;
    char acct_id[24]; /* Of the leg that was answered (and recorded). */
    char uniqueid[48];
    char session[96];
    time_ms started_at; /* As in the CDR: with the PBX's clock fault, if any. */
    double talk_s;
    int recording_count;
    struct simulator_recording recordings[SIMULATOR_RECORDINGS_MAX];
};

/* Make a call that has just ended. The audio file must stay where it is. `added_out` may be NULL.
 */
MUST_USE bool simulator_call_add(struct simulator *simulator, const struct simulator_call *call,
                                 struct simulator_added *added_out, struct error *error);
/* The calls of FOLDER/calls.json, a list of objects as simulator_call_read() takes them. */
MUST_USE bool simulator_calls_load(struct simulator *simulator, const char *folder, int *count_out,
                                   struct error *error);
/* One object: "audio" and "second_audio" (relative to `folder`), "minutes_ago", and the names of
 * struct simulator_call's members ("members" a list of texts). Texts borrow from `entry`; the paths
 * go to `paths`, which must outlive *call_out. */
struct simulator_call_paths {
    char audio[4096];
    char second_audio[4096];
};
MUST_USE bool simulator_call_read(const json_t *entry, const char *folder,
                                  struct simulator_call_paths *paths,
                                  struct simulator_call *call_out, struct error *error);
int simulator_call_count(struct simulator *simulator);
/* False when there is no such call. */
bool simulator_call_get(struct simulator *simulator, int call, struct simulator_added *added_out);
/* From now on there is a CDR of the call, and it names the recordings, though it was added
 * `has_no_cdr` or `is_unnamed`. False when there is no such call. */
bool simulator_call_name(struct simulator *simulator, int call);
/* Remove the recording from the PBX (the CDR still names it). False when there is none. */
bool simulator_recording_delete(struct simulator *simulator, const char *path);

/* ---- Webhooks ---- */

enum simulator_format { SIMULATOR_JSON, SIMULATOR_XML };

enum simulator_grouping {
    SIMULATOR_LEG_BY_LEG, /* One POST per leg, a flat object: what was observed. */
    SIMULATOR_GROUPED,    /* One POST: {"cdr":…,"main_cdr":{…},"sub_cdr_1":{…},…}. */
    SIMULATOR_LIST,       /* One POST: a list of the legs. */
};

struct simulator_webhook {
    const char *url;
    const char *username; /* Basic; NULL: no Authorization, as many UCMs do. */
    const char *password;
    enum simulator_format format;
    enum simulator_grouping grouping; /* For XML: leg by leg only. */
    int copies;                       /* Each POST so many times; 0: once. */
    int timeout_ms;                   /* 0: 10 s. */
};

/* POST the call's legs. *status_out: the first status that is not 2xx, else the last. False when
 * the receiver did not answer. Certificates are not verified, as a UCM does not. */
MUST_USE bool simulator_webhook_send(struct simulator *simulator, int call,
                                     const struct simulator_webhook *webhook, int *status_out,
                                     struct error *error);
/* What a UCM sends when the settings are saved: a GET, or a POST without a body. */
MUST_USE bool simulator_webhook_probe(const struct simulator_webhook *webhook, bool is_post,
                                      int *status_out, struct error *error);

/* ---- Faults ---- */

struct simulator_fault {
    const char *name;
    const char *group; /* "connection", "http", "login", "api", "content", "clock". */
    const char *scope; /* The action it strikes unless told otherwise; "any": all. */
    long parameter;    /* Used when 0 is given. */
    const char *does;  /* One line for people; says what the parameter means. */
    bool (*shape)(
        struct simulator_strike *strike); /* Internal: harms a reply; NULL: acts elsewhere. */
};

enum { SIMULATOR_FOREVER = -1 };

/* All of them, in order; ends with a row whose name is NULL. */
const struct simulator_fault *simulator_faults(void);
/* Let the fault strike `count` times (SIMULATOR_FOREVER; 0: no more). `name` may carry its scope:
 * "status-500@cdrapi", "reset-in-body@any". parameter 0: the row's own. */
MUST_USE bool simulator_fault_set(struct simulator *simulator, const char *name, int count,
                                  long parameter, struct error *error);
/* End all faults. */
void simulator_faults_clear(struct simulator *simulator);
/* Make every cookie and every nonce invalid at once. */
void simulator_sessions_expire(struct simulator *simulator);

/* ---- Statistics ---- */

struct simulator_statistics {
    int connections; /* Accepted so far, on both APIs. */
    int connections_now;
    int connections_max; /* The most at one time. */
    int handshakes;      /* TLS handshakes that were completed. */
    int requests;        /* Whole requests read. */
    int challenges;
    int logins; /* Succeeded. */
    int logins_refused;
    int logins_in_flight_max; /* Challenges given and not yet used at one time (10 s; those that a
                                 fault spoilt do not count). More than 1: logins side by side. */
    int logouts;
    int cdrapi; /* Requests by action, both APIs together. */
    int recapi;
    int record_infos;
    int system_status;
    int pings;
    int other;           /* Any other action or path. */
    int digest_accepted; /* Old API requests with a good Authorization. */
    int digest_refused;
    int basic_seen;            /* Requests that carried Basic credentials: a downgrade. */
    int downloads;             /* Recordings sent whole and unharmed. */
    int faults;                /* Times that a fault struck. */
    uint64_t credential_bytes; /* Tokens, cookies and Authorization values received. */
    uint64_t bytes_received;   /* After TLS. */
    uint64_t bytes_sent;
    char authorization_last[256]; /* Last Authorization header; Basic ones only as "Basic". */
};

void simulator_statistics_get(struct simulator *simulator, struct simulator_statistics *out);
/* Zero the counters. */
void simulator_statistics_reset(struct simulator *simulator);

#endif

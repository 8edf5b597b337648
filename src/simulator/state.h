/*
 * What the files of the simulator share: its state, its faults, its handlers. Not for other
 * modules.
 *
 * One mutex guards everything below the line in struct simulator; functions that end in `_locked`
 * want it held, all others take it themselves.
 */
#ifndef SIMULATOR_STATE_H
#define SIMULATOR_STATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "core/arena.h"
#include "simulator/book.h"
#include "simulator/identity.h"
#include "simulator/listener.h"
#include "simulator/reply.h"
#include "simulator/request.h"
#include "simulator/simulator.h"

/* Rows of the fault table that code elsewhere asks for by name; the others only have a shape. */
enum simulator_fault_id {
    FAULT_REFUSE,
    FAULT_REBOOT,
    FAULT_SILENT,
    FAULT_RESET_AT_ONCE,
    FAULT_RESET_IN_HANDSHAKE,
    FAULT_TLS_STALL,
    FAULT_CERTIFICATE_CHANGED,
    FAULT_CERTIFICATE_EXPIRED,
    FAULT_TLS_OLD,
    FAULT_PLAIN_HTTP,
    FAULT_ONE_CONNECTION,
    FAULT_NONCE_STALE,
    FAULT_NONCE_ONCE,
    FAULT_COOKIES_EXPIRED,
    FAULT_OFFSET_IGNORED,
    FAULT_CDRS_EMPTY,
    FAULT_FILTER_UNKNOWN,
    FAULT_CLOCK,
    FAULT_FIRST_SHAPE, /* From here on: known by their shape only. */
};

enum {
    FAULTS_MAX = 96,
    SESSIONS_MAX = 32,
    NONCES_MAX = 64,
    USERS_MAX = 16,
    CHALLENGES_MAX = 16,
    COOKIE_SIZE = 48,
    NONCE_SIZE = 33,
};

struct active_fault {
    int left; /* SIMULATOR_FOREVER, or strikes to come; 0: none. */
    int total;
    int used;
    long parameter;
    char scope[40];
};

struct session {
    char cookie[COOKIE_SIZE]; /* "" while free. */
    int64_t used_at_ms;       /* Monotonic. */
};

struct nonce {
    char text[NONCE_SIZE];
    int64_t made_at_ms; /* Monotonic. */
    unsigned long count_last;
    bool is_expired;
};

struct login_state {
    char challenge[20]; /* "" once used. */
    int wrong_count;
    int64_t locked_until_ms;                  /* Monotonic. */
    int64_t challenges_at_ms[CHALLENGES_MAX]; /* Given and not yet used; 0: free. */
};

struct simulator {
    struct simulator_options options; /* Texts are ours, defaults filled in. */
    struct arena *texts;
    struct simulator_identity usual;
    struct simulator_identity changed;
    struct simulator_identity expired;
    struct listener *listeners[3]; /* new, old, control. */
    atomic_bool is_stopping;
    pthread_mutex_t lock;
    /* ---- under the lock ---- */
    struct book *book;
    struct session sessions[SESSIONS_MAX];
    struct nonce nonces[NONCES_MAX];
    size_t nonce_next;
    struct login_state login;
    struct active_fault faults[FAULTS_MAX];
    int64_t reboot_until_ms; /* Monotonic; INT64_MAX: until cleared; 0: running. */
    struct simulator_statistics statistics;
};

void simulator_lock(struct simulator *simulator);
void simulator_unlock(struct simulator *simulator);

/* ---- faults.c ---- */

/* What a shape works on. */
struct simulator_strike {
    struct simulator *simulator;
    const struct simulator_request *request;
    struct simulator_reply *reply;
    long parameter;
    int used;  /* 1 for the first strike. */
    int total; /* Strikes asked for; SIMULATOR_FOREVER. */
};

/* Does this fault strike now? Counts it down when so. */
bool simulator_fault_strikes(struct simulator *simulator, enum simulator_fault_id fault,
                             const char *action, long *parameter_out);
/* Let every active fault with a shape do its harm to the reply. True when one did. */
bool simulator_faults_shape(struct simulator *simulator, const struct simulator_request *request,
                            struct simulator_reply *reply);
/* The parameter of an active fault that is a state rather than an event; 0 when it is off. */
long simulator_fault_value_locked(const struct simulator *simulator, enum simulator_fault_id fault);

/* ---- sessions.c ---- */

void simulator_sessions_expire_locked(struct simulator *simulator);
/* Challenges under way came to nothing: a client that begins anew is not one that logs in twice. */
void simulator_challenges_abandon(struct simulator *simulator);

/* ---- handlers: fill the reply for a request ---- */

typedef void simulator_handler(struct simulator *simulator, const char *peer,
                               struct simulator_request *request, struct simulator_reply *reply);
simulator_handler simulator_new_api_handle;
simulator_handler simulator_old_api_handle;
simulator_handler simulator_control_handle;

/* Is the peer's address in "address/mask,…"? */
bool simulator_address_is_permitted(const char *list, const char *peer);

/* ---- recordings.c ---- */

/* Open the recording and make it the reply. False when there is none that is ready. */
MUST_USE bool simulator_recording_open(struct simulator *simulator, const char *filedir,
                                       const char *name, bool is_whole_path,
                                       struct simulator_reply *reply);
bool simulator_filedir_is_known(const char *filedir);
/* CSV, first row a header, column 2 the name (with the month folder when is_whole_path). */
void simulator_listing_add(struct simulator *simulator, const char *filedir, bool is_whole_path,
                           struct text *csv);
void simulator_directories_list(struct text *csv);

/* ---- cdrs.c ---- */

/* Answer a cdrapi request; `parameters` is an object of texts. Wrong ones give an empty container.
 */
void simulator_cdrs_reply(struct simulator *simulator, const json_t *parameters,
                          struct simulator_reply *reply);

#endif

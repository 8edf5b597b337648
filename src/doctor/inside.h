/* What the files of doctor/ share. For doctor/ only. */
#ifndef DOCTOR_INSIDE_H
#define DOCTOR_INSIDE_H

#include "doctor/doctor.h"
#include "jobs/keeper.h"
#include "net/client.h"
#include "pbx/pbx.h"

enum { PORTS_MAX = 4, ADDRESSES_MAX = 8, EVIDENCE_SIZE = 900 };

/* The steps by number: bits of what others need. */
enum step_number {
    STEP_CONFIGURATION,
    STEP_DNS,
    STEP_TCP,
    STEP_TLS,
    STEP_API,
    STEP_CHALLENGE,
    STEP_LOGIN,
    STEP_PERMISSIONS,
    STEP_DIRECTORY,
    STEP_CLOCK,
    STEP_RECORDING,
    STEP_STORAGE,
    STEP_DATABASE,
    STEP_BACKLOG,
    STEP_COUNT
};

enum api_seen { SEEN_NOTHING, SEEN_NEW, SEEN_OLD };

/* A port that is worth trying, and what was found there. */
struct port {
    int number;
    bool is_for_new, is_for_old; /* By the settings: which API collection would look for here. */
    bool is_open;
    bool is_tls; /* A certificate was shown and is trusted. */
    enum api_seen api;
};

/* What a request that the PBX client made came to. */
struct seen_request {
    bool is_made;
    enum reason reason;
    int64_t duration_ms;
};

/* One examination. */
struct doctor {
    const struct doctor_request *request;
    struct doctor_result *result;
    struct arena *arena;

    struct worker worker; /* As the keeper wants it. */
    struct keeper keeper;
    struct pbx_keeper face;
    struct pbx_settings settings;
    char *password;
    struct pbx *pbx;
    struct net_client *client; /* For requests without credentials. */

    struct port ports[PORTS_MAX];
    size_t port_count;
    bool is_host_fit, is_stopped;
    enum api_seen api;

    struct seen_request challenge, login;
    struct pbx_description description;
    struct pbx_trouble trouble; /* Of pbx_check(). */
    bool is_checked, is_let_in;

    /* Instants at which the PBX told its time, and what it told. */
    time_ms date_at, date_seen_at;
    time_ms cookie_at, cookie_seen_at;
    time_ms newest_end_at;

    /* From the PBX's own call records. */
    int call_count;
    struct pbx_wanted newest; /* path NULL: none */
    int listed_count;         /* Files in the directory; -1: not listed. */
    time_ms oldest_listed_at, newest_listed_at;
    const char *newest_listed;
    bool is_recording_refused; /* The API user may log in but not fetch. */
};

/* What a step came to; detail and advice are filled in by the three below. */
struct finding {
    enum doctor_state state;
    enum reason reason;
    char detail[EVIDENCE_SIZE];
    char advice[EVIDENCE_SIZE];
};

/* Each sets the state and the detail. The reason's own advice counts unless finding_advise() says
 * another. */
void finding_fine(struct finding *finding, const char *format, ...) PRINTF_LIKE(2, 3);
void finding_warn(struct finding *finding, enum reason reason, const char *format, ...)
    PRINTF_LIKE(3, 4);
void finding_fail(struct finding *finding, enum reason reason, const char *format, ...)
    PRINTF_LIKE(3, 4);
void finding_skip(struct finding *finding, const char *format, ...) PRINTF_LIKE(2, 3);
void finding_advise(struct finding *finding, const char *format, ...) PRINTF_LIKE(2, 3);
/* More evidence behind the detail. */
void finding_add(struct finding *finding, const char *format, ...) PRINTF_LIKE(2, 3);

/* What a stored refusal says in words: "… 2 tries left", "… locked for 300 s". -1: nothing. Pure.
 */
struct refusal {
    int tries_left;
    int locked_s; /* Of the whole lock, from when it was refused. */
};
struct refusal refusal_read(const char *detail);

/* The epoch in a UCM's own file name, "…auto-1770326441-1000-….wav"; 0: none. Pure. */
time_ms name_instant(const char *path);

/* "2026-02-05 21:20:41": UTC, as people read it. Returns text_out. */
const char *moment_print(time_ms at, char text_out[TIME_TEXT_SIZE]);

bool doctor_should_stop(struct doctor *doctor);

/* ---- The steps, by file ---- */

void step_configuration(struct doctor *doctor, struct finding *finding); /* reach.c */
void step_dns(struct doctor *doctor, struct finding *finding);
void step_tcp(struct doctor *doctor, struct finding *finding);
void step_tls(struct doctor *doctor, struct finding *finding);
void step_api(struct doctor *doctor, struct finding *finding);       /* which.c */
void step_challenge(struct doctor *doctor, struct finding *finding); /* login.c */
void step_login(struct doctor *doctor, struct finding *finding);
void step_permissions(struct doctor *doctor, struct finding *finding); /* look.c */
void step_directory(struct doctor *doctor, struct finding *finding);
void step_clock(struct doctor *doctor, struct finding *finding);
void step_recording(struct doctor *doctor, struct finding *finding); /* recording.c */
void step_storage(struct doctor *doctor, struct finding *finding);   /* ours.c */
void step_database(struct doctor *doctor, struct finding *finding);
void step_backlog(struct doctor *doctor, struct finding *finding);

/* reach.c: one bare request (no credentials) over the trust that is stored, or over any certificate
 * where none is. */
bool bare_send(struct doctor *doctor, const struct port *port, const char *method,
               const char *target, const char *body, struct text *reply,
               struct net_answer *answer_out);

/* login.c: the PBX client, opened with the stored login. */
struct pbx *doctor_pbx(struct doctor *doctor);

/* decode.c: decode the sound in `file` in a process of its own that may do nothing else.
 * *facts_out as audio/ says it. */
struct audio_facts;
MUST_USE bool decode_caged(int file, struct audio_facts *facts_out, struct error *error);

#endif

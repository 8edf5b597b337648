/* The new API's logins and the old API's nonces: who may ask. */
#ifndef SIMULATOR_SESSIONS_H
#define SIMULATOR_SESSIONS_H

#include "simulator/state.h"

/* A challenge for the user, or why not. Each fills the reply. */
void simulator_challenge_reply(struct simulator *simulator, const json_t *request,
                               struct simulator_reply *reply);
void simulator_login_reply(struct simulator *simulator, const json_t *request,
                           struct simulator_reply *reply);
/* 0: the cookie is good (and its idle time starts anew). Else the status: -5 or -6. */
int simulator_cookie_judge(struct simulator *simulator, const char *cookie);
void simulator_cookie_forget(struct simulator *simulator, const char *cookie);

enum digest_verdict { DIGEST_GOOD, DIGEST_BAD, DIGEST_STALE };

/* Judge an Authorization header for a request. */
enum digest_verdict simulator_digest_judge(struct simulator *simulator,
                                           const struct simulator_request *request);
/* A new nonce. */
void simulator_nonce_make(struct simulator *simulator, char nonce_out[NONCE_SIZE]);

/* RFC 7616 with MD5 and qop=auth: the response in lower-case hex. */
struct digest_parts {
    const char *username, *realm, *password, *method, *uri, *nonce, *count, *client_nonce;
};
const char *simulator_digest_response(const struct digest_parts *parts, char response_out[33]);
/* The value of name= in a Digest header, quotes taken off. False when absent or too long. */
MUST_USE bool simulator_digest_field(const char *header, const char *name, char *out,
                                     size_t out_size);

#define SIMULATOR_REALM "UCM CDR and REC API"

#endif

/*
 * The HTTP client: libcurl in one place, with every limit set.
 *
 * Promises: one blocking request at a time on a connection that is kept; no redirects, no proxies
 * from the environment, no compression, only https (and http where asked for); connections only to
 * addresses that the guard allows; a wrong certificate means that not one byte of the request was
 * sent; the password travels only as a Digest unless Basic is allowed. Whatever goes wrong is one
 * value of `enum net_failure` plus a sentence without secrets.
 *
 * Not for threads to share: one client per thread of work.
 */
#ifndef NET_CLIENT_H
#define NET_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "core/macros.h"
#include "core/time.h"
#include "net/guard.h"

enum { NET_CONNECT_TIMEOUT_MS = 10 * SECOND_MS, NET_JSON_TIMEOUT_MS = 60 * SECOND_MS };
enum { NET_PIN_SIZE = 64, NET_HEAD_SIZE = 64, NET_HEADERS_SIZE_MAX = 64 * 1024 };
enum { NET_ANSWERS_MAX = 8 }; /* To one request: challenges, and what follows them. */

enum net_failure {
    NET_OK = 0,          /* An answer came, whatever its status. */
    NET_BLOCKED,         /* The guard refused the address. */
    NET_DNS,             /* No such name, or no name server. */
    NET_REFUSED,         /* Nothing listens. */
    NET_CONNECT_TIMEOUT, /* No connection (TCP and TLS) in time. */
    NET_TLS_UNTRUSTED,   /* No known authority, wrong name or expired. */
    NET_TLS_CHANGED,     /* Not the pinned key. Nothing was sent. */
    NET_TLS_TOO_OLD,     /* Only versions, ciphers or keys that are switched off here. */
    NET_TLS_FAILED,      /* Another end of the handshake. */
    NET_RESET,           /* The connection broke. */
    NET_TRUNCATED,       /* The body ended early by its own framing. */
    NET_TOO_LARGE,       /* The body passed body_size_max. */
    NET_STALLED,         /* Too slow, or past total_timeout_ms. */
    NET_MALFORMED,       /* Not HTTP, or more headers or challenges than the limits above. */
    NET_SINK,            /* The sink refused: our own trouble, the caller knows which. */
    NET_STOPPED,         /* should_stop said so. */
    NET_INTERNAL,        /* libcurl could not even begin. */
};
/* "dns", "refused" …: for logs. */
const char *net_failure_name(enum net_failure failure);

/* How the other side proves who it is. Exactly one of: a pin; any certificate (first use); else a
 * public authority and the right name. */
struct net_tls {
    const char *pin;  /* "sha256//BASE64", several joined by ';'; NULL or "": none. */
    bool accepts_any; /* First use: learn answer.pin and insist on it from then on. */
    bool allows_weak; /* TLS 1.0 and OpenSSL's security level 0, for old appliances. */
};

struct net_request {
    const char *method; /* "GET" or "POST". */
    const char *url;
    const char *content_type;   /* Of the body; NULL: none. */
    const char *const *headers; /* More of them, "Name: value", ours; ends in NULL. NULL: none. */
    const void *body;           /* Borrowed. NULL with "GET". */
    size_t body_size;
    const char *user; /* NULL: no HTTP authentication. */
    const char *password;
    bool allows_basic; /* Else Digest only, whatever the other side asks for. */
    bool allows_http;  /* Plain http:// URLs, for services on this machine. */
    struct net_tls tls;
    int64_t total_timeout_ms;  /* Of the whole request; 0: none but the speed limit. */
    int64_t speed_min_bytes_s; /* Slower than this over speed_window_s is a stall; 0: any speed. */
    int64_t speed_window_s;
    int64_t body_size_max;
    /* Takes the body piece by piece; false stops. NULL: the body is dropped. */
    bool (*sink)(void *context, const void *bytes, size_t size);
    void *sink_context;
    /* Asked about once a second; true stops. NULL: never. */
    bool (*should_stop)(void *context);
    void *stop_context;
};

struct net_answer {
    enum net_failure failure;
    char detail[240]; /* Of a failure: a sentence without secrets. */
    int http_status;  /* 0: none came. */
    char content_type[96];
    char challenge[160];         /* WWW-Authenticate, the first 159 characters. */
    int64_t content_length;      /* As announced; -1: not. */
    int64_t retry_after_s;       /* Retry-After in seconds; -1: none. */
    int64_t received_bytes;      /* Of the body. */
    uint8_t head[NET_HEAD_SIZE]; /* The first bytes of the body. */
    size_t head_size;
    int64_t duration_ms;
    char remote[64];        /* Address and port really connected to. */
    char pin[NET_PIN_SIZE]; /* Of the key that the other side showed, "" when none was seen. */
    char certificate[400];  /* Subject, issuer and expiry of it. */
    time_ms date_at;        /* The Date header: the other side's clock; 0: none came. */
    bool was_new_connection;
};

/* libcurl is begun: before its first use, from any thread, any number of times. */
void net_start(void);

struct net_client;

/* A client that connects only where `guard` (borrowed; NULL: anywhere) allows. Never NULL. */
struct net_client *net_client_new(const struct net_guard *guard);
void net_client_free(struct net_client *client);
DEFINE_AUTO(net_client_free, struct net_client *, NULL)

/* Send and wait. True when an answer came in full; else answer_out->failure says what happened, and
 * the answer holds what was seen up to then. */
MUST_USE bool net_send(struct net_client *client, const struct net_request *request,
                       struct net_answer *answer_out);

#endif

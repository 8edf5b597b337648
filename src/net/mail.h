/*
 * Mail out: one plain-text message to one recipient, through a mail server (SMTP, RFC 5321) by
 * libcurl, with every limit set.
 *
 * Promises: nothing that comes in a name, an address or a subject can become a header or a command
 * of its own; a subject beyond ASCII is written as RFC 2047 wants it; with TLS required (the
 * default) neither password nor message travels before TLS is up and the server's certificate is
 * verified (or has the pinned key); what the server answered to a login is never shown, since it
 * may hold what was sent. Not guarded by networks: the server is named by whoever runs this one.
 */
#ifndef NET_MAIL_H
#define NET_MAIL_H

#include <stdbool.h>
#include <stdint.h>

#include "core/error.h"
#include "core/text.h"
#include "core/time.h"

enum { MAIL_TIMEOUT_MS = 30 * SECOND_MS, MAIL_ADDRESS_SIZE_MAX = 254 };

struct mail_server {
    const char *url;      /* "smtp://HOST:587" or "smtps://HOST:465" */
    const char *username; /* NULL: no login. */
    const char *password;
    const char *from; /* An address. */
    const char *pin;  /* "sha256//BASE64": this key is trusted and no other; NULL: authorities. */
    /* Go on without TLS where the server has none, and with any certificate. */
    bool is_tls_optional;
};

struct mail {
    const char *to;      /* An address that mail_address_check() passed. */
    const char *subject; /* UTF-8. Control characters become spaces. */
    const char *text;    /* UTF-8, lines end in '\n'. */
    const char *id;      /* Of the Message-ID, before the '@': letters, digits, '-', '_', '.'. */
    time_ms at;          /* Of the Date. */
};

enum mail_result {
    MAIL_SENT,
    MAIL_LATER,         /* Not reached, or "try later": worth another try. */
    MAIL_LOGIN_REFUSED, /* User name or password; trying often may lock the account. */
    MAIL_REFUSED,       /* For good: this recipient, sender or content. */
};
struct mail_answer {
    enum mail_result result;
    int code;         /* The server's last, "550"; 0: it said nothing. */
    char detail[320]; /* What happened, for people; nothing secret. */
};

/* "smtp://" or "smtps://", a host and perhaps a port, nothing else. */
MUST_USE bool mail_server_check(const char *url, struct error *error);
/* One address "local@domain" in ASCII, without quotes and comments. */
MUST_USE bool mail_address_check(const char *address, struct error *error);
/* Adds the value of a Subject header, folded: as it is where it is short ASCII, else RFC 2047's
 * encoded words in UTF-8 and base64. Bytes that are no UTF-8 become '?'. */
void mail_subject_encode(const char *subject, struct text *text);

/* Send and wait, at most MAIL_TIMEOUT_MS. True when the server has taken it. */
MUST_USE bool mail_send(const struct mail_server *server, const struct mail *mail,
                        struct mail_answer *answer_out);

#endif

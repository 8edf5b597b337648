/* See mail.h. One easy handle for one message: mails are rare. */
#include "net/mail.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "core/encode.h"
#include "net/client.h"
#include "net/url.h"

enum {
    WORD_BYTES_MAX = 39, /* 52 of base64, 12 around, "Subject: ": RFC 2047 allows a line of 76. */
    SUBJECT_BYTES_MAX = 400,
    LINE_SIZE_MAX = 2048, /* Of a header of ours. */
};

/* ---- What may be sent where ---- */

bool mail_server_check(const char *url, struct error *error)
{
    char host[256];
    size_t scheme = strncmp(url, "smtp://", 7) == 0 ? 7 : strncmp(url, "smtps://", 8) == 0 ? 8 : 0;

    if (scheme == 0) {
        return error_set(error, ERROR_INVALID, "begins with smtp:// or smtps://");
    }
    const char *at = url + scheme;
    const char *bracket = at[0] == '[' ? strchr(at, ']') : NULL;
    size_t size = bracket != NULL ? (size_t)(bracket - at) + 1 : strcspn(at, ":");
    const char *port = at + size;
    if (size == 0 || size >= sizeof host) {
        return error_set(error, ERROR_INVALID, "names no host");
    }
    memcpy(host, at, size);
    host[size] = '\0';
    if (!url_host_check(host, error)) {
        return false;
    }
    long number = port[0] == ':' && strspn(port + 1, "0123456789") == strlen(port + 1)
                      ? strtol(port + 1, NULL, 10)
                      : 0;
    if (port[0] != '\0' && (number < 1 || number > 65535)) {
        return error_set(error, ERROR_INVALID, "has no port from 1 to 65535 behind the host");
    }
    return true;
}

bool mail_address_check(const char *address, struct error *error)
{
    static const char LOCAL[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "!#$%&'*+-/=?^_`{|}~.";
    static const char DOMAIN[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                 "-.";
    size_t size = strlen(address);
    size_t local = strspn(address, LOCAL);

    bool is_fair = size <= MAIL_ADDRESS_SIZE_MAX && local >= 1 && local <= 64 &&
                   address[local] == '@' && address[0] != '.' && address[local - 1] != '.' &&
                   strstr(address, "..") == NULL;
    const char *domain = is_fair ? address + local + 1 : "";
    is_fair = is_fair && domain[0] != '\0' && strspn(domain, DOMAIN) == strlen(domain) &&
              domain[0] != '.' && domain[0] != '-' && address[size - 1] != '.' &&
              address[size - 1] != '-';
    return is_fair ||
           error_set(error, ERROR_INVALID, "'%.80s' is no e-mail address like owner@example.com",
                     size <= 80 && strpbrk(address, "\r\n") == NULL ? address : "(that)");
}

/* How many bytes the UTF-8 character at `at` has; 0 when it is none. */
static size_t character_size(const unsigned char *at)
{
    size_t size = at[0] < 0x80                    ? 1
                  : at[0] >= 0xc2 && at[0] < 0xe0 ? 2
                  : (at[0] & 0xf0) == 0xe0        ? 3
                  : at[0] >= 0xf0 && at[0] < 0xf5 ? 4
                                                  : 0;

    for (size_t i = 1; i < size; i++) {
        if ((at[i] & 0xc0) != 0x80) {
            return 0;
        }
    }
    return size;
}

static void word_add(const char *bytes, size_t size, bool is_first, struct text *text)
{
    text_add(text, is_first ? "=?UTF-8?B?" : "\r\n =?UTF-8?B?");
    encode_base64(bytes, size, false, text);
    text_add(text, "?=");
}

void mail_subject_encode(const char *subject, struct text *text)
{
    char clean[SUBJECT_BYTES_MAX + 4];
    size_t size = 0;
    bool is_plain = true;

    for (const unsigned char *at = (const unsigned char *)subject;
         *at != '\0' && size < SUBJECT_BYTES_MAX;) {
        size_t step = character_size(at);
        if (step <= 1) {
            clean[size++] = step == 0 ? '?' : *at < 0x20 || *at == 0x7f ? ' ' : (char)*at;
        } else {
            memcpy(clean + size, at, step);
            size += step;
            is_plain = false;
        }
        at += step == 0 ? 1 : step;
    }
    clean[size] = '\0';
    if (is_plain && size <= 60 && strstr(clean, "=?") == NULL) {
        text_add(text, clean);
        return;
    }
    for (size_t begin = 0; begin < size;) {
        size_t end = begin;
        for (size_t step = 1; end < size && end + step <= begin + WORD_BYTES_MAX; end += step) {
            step = character_size((const unsigned char *)clean + end);
            if (end + step > begin + WORD_BYTES_MAX) {
                break;
            }
        }
        word_add(clean + begin, end - begin, begin == 0, text);
        begin = end;
    }
}

/* ---- The message ---- */

/* "Sun, 22 Nov 2026 23:37:30 +0000", in no locale's words. */
static void date_print(time_ms at, char text_out[64])
{
    static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
    static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };
    time_t seconds = (time_t)(at / SECOND_MS);
    struct tm part = { 0 };

    (void)gmtime_r(&seconds, &part);
    IGNORE(snprintf(text_out, 64, "%s, %02d %s %04d %02d:%02d:%02d +0000", days[part.tm_wday],
                    part.tm_mday, months[part.tm_mon], part.tm_year + 1900, part.tm_hour,
                    part.tm_min, part.tm_sec),
           "fits");
}

static struct curl_slist *headers_make(const struct mail_server *server, const struct mail *mail)
{
    AUTO(text_clear) struct text subject = TEXT_UP_TO(LINE_SIZE_MAX);
    char date[64];
    struct curl_slist *headers = NULL;

    date_print(mail->at, date);
    text_add(&subject, "Subject: ");
    mail_subject_encode(mail->subject, &subject);
    AUTO(text_clear) struct text line = TEXT_UP_TO(LINE_SIZE_MAX);
    text_print(&line, "Date: %s", date);
    headers = curl_slist_append(headers, text_get(&line));
    text_reset(&line);
    text_print(&line, "From: AudiaPro <%s>", server->from);
    headers = curl_slist_append(headers, text_get(&line));
    text_reset(&line);
    text_print(&line, "To: <%s>", mail->to);
    headers = curl_slist_append(headers, text_get(&line));
    headers = curl_slist_append(headers, text_get(&subject));
    text_reset(&line);
    text_print(&line, "Message-ID: <%s@%s>", mail->id, strchr(server->from, '@') + 1);
    headers = curl_slist_append(headers, text_get(&line));
    /* So that an automatic answer does not come back (RFC 3834). */
    return curl_slist_append(headers, "Auto-Submitted: auto-generated");
}

/* ---- One message ---- */

struct mail_transfer {
    char reply[200]; /* The server's last refusal, printable. */
    char error_text[CURL_ERROR_SIZE];
};

static void must(CURLcode code)
{
    if (code != CURLE_OK) {
        abort(); /* A limit that cannot be set would be missing. */
    }
}

static size_t on_reply(char *line, size_t size, size_t count, void *context)
{
    struct mail_transfer *transfer = context;
    size_t used = 0;

    size *= count;
    if (size == 0 || (line[0] != '4' && line[0] != '5')) {
        return size; /* "221 bye" comes after what matters. */
    }
    for (size_t i = 0; i < size && used < sizeof transfer->reply - 1; i++) {
        unsigned char c = (unsigned char)line[i];
        if (c != '\r' && c != '\n') {
            transfer->reply[used++] = c < 0x20 || c > 0x7e ? '?' : (char)c;
        }
    }
    transfer->reply[used] = '\0';
    return size;
}

static size_t on_nothing(char *bytes, size_t size, size_t count, void *context)
{
    (void)bytes, (void)context;
    return size * count;
}

static void server_apply(CURL *easy, const struct mail_server *server)
{
    bool is_strict = server->pin == NULL && !server->is_tls_optional;

    must(curl_easy_setopt(easy, CURLOPT_URL, server->url));
    must(curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps"));
    must(curl_easy_setopt(easy, CURLOPT_PROXY, ""));
    must(curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L));
    must(curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, (long)NET_CONNECT_TIMEOUT_MS));
    must(curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)MAIL_TIMEOUT_MS));
    must(curl_easy_setopt(easy, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2));
    must(curl_easy_setopt(easy, CURLOPT_USE_SSL,
                          (long)(server->is_tls_optional ? CURLUSESSL_TRY : CURLUSESSL_ALL)));
    must(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, is_strict ? 1L : 0L));
    must(curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, is_strict ? 2L : 0L));
    if (server->pin != NULL) {
        must(curl_easy_setopt(easy, CURLOPT_PINNEDPUBLICKEY, server->pin));
    }
    if (server->username != NULL) {
        must(curl_easy_setopt(easy, CURLOPT_USERNAME, server->username));
        must(curl_easy_setopt(easy, CURLOPT_PASSWORD,
                              server->password != NULL ? server->password : ""));
    }
}

static void body_apply(curl_mime *mime, const struct mail *mail)
{
    curl_mimepart *part = curl_mime_addpart(mime);

    must(curl_mime_data(part, mail->text, CURL_ZERO_TERMINATED));
    must(curl_mime_type(part, "text/plain; charset=utf-8"));
    must(curl_mime_encoder(part, "quoted-printable"));
}

/* What libcurl's result and the server's last code mean, and how one says it. */
static const struct {
    CURLcode code;
    enum mail_result result;
    const char *words;
} meanings[] = {
    { CURLE_LOGIN_DENIED, MAIL_LOGIN_REFUSED,
      "the mail server refused the login: check SMTP_USERNAME and SMTP_PASSWORD" },
    { CURLE_USE_SSL_FAILED, MAIL_LATER,
      "the mail server offers no TLS here: check the port in SMTP_URL (587 with smtp://, 465 with "
      "smtps://); SMTP_TLS=optional goes on without" },
    { CURLE_PEER_FAILED_VERIFICATION, MAIL_LATER,
      "the mail server's certificate is not trusted: check the name in SMTP_URL, or set "
      "SMTP_TLS_PIN" },
    { CURLE_SSL_PINNEDPUBKEYNOTMATCH, MAIL_LATER,
      "the mail server shows another key than SMTP_TLS_PIN names" },
    { CURLE_SSL_CONNECT_ERROR, MAIL_LATER,
      "no encrypted connection to the mail server: check the port and scheme in SMTP_URL" },
    { CURLE_COULDNT_RESOLVE_HOST, MAIL_LATER, "the mail server's name in SMTP_URL is not known" },
    { CURLE_COULDNT_CONNECT, MAIL_LATER, "the mail server does not answer at SMTP_URL" },
    { CURLE_OPERATION_TIMEDOUT, MAIL_LATER, "the mail server took too long" },
};

static void failure_judge(CURLcode code, const struct mail_transfer *transfer,
                          struct mail_answer *answer)
{
    for (size_t i = 0; i < COUNT_OF(meanings); i++) {
        if (meanings[i].code == code) {
            bool is_passing = answer->code >= 400 && answer->code < 500;
            answer->result = is_passing ? MAIL_LATER : meanings[i].result;
            IGNORE(snprintf(answer->detail, sizeof answer->detail, "%s", meanings[i].words),
                   "cut is fine");
            return;
        }
    }
    bool is_said = answer->code >= 400 && answer->code < 600;
    answer->result = answer->code >= 500 && answer->code < 600 ? MAIL_REFUSED : MAIL_LATER;
    bool is_recipient = strncmp(transfer->error_text, "RCPT", 4) == 0;
    bool is_sender = strncmp(transfer->error_text, "MAIL", 4) == 0;
    IGNORE(snprintf(answer->detail, sizeof answer->detail, "%s: %s",
                    !is_said       ? "the mail was not sent"
                    : is_recipient ? "the mail server refused the recipient"
                    : is_sender    ? "the mail server refused the sender (SMTP_FROM)"
                                   : "the mail server refused the mail",
                    is_said ? transfer->reply : curl_easy_strerror(code)),
           "cut is fine");
}

bool mail_send(const struct mail_server *server, const struct mail *mail,
               struct mail_answer *answer_out)
{
    struct mail_answer answer = { .result = MAIL_SENT };
    struct mail_transfer transfer = { .reply = "" };

    net_start();
    CURL *easy = curl_easy_init();
    must(easy != NULL ? CURLE_OK : CURLE_OUT_OF_MEMORY);
    curl_mime *mime = curl_mime_init(easy);
    struct curl_slist *headers = headers_make(server, mail);
    struct curl_slist *recipients = curl_slist_append(NULL, mail->to);
    long code = 0;

    server_apply(easy, server);
    body_apply(mime, mail);
    must(curl_easy_setopt(easy, CURLOPT_MAIL_FROM, server->from));
    must(curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, recipients));
    must(curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers));
    must(curl_easy_setopt(easy, CURLOPT_MIMEPOST, mime));
    must(curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_reply));
    must(curl_easy_setopt(easy, CURLOPT_HEADERDATA, &transfer));
    must(curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_nothing));
    must(curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, transfer.error_text));
    CURLcode result = curl_easy_perform(easy);
    if (curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &code) == CURLE_OK) {
        answer.code = (int)code;
    }
    if (result != CURLE_OK) {
        failure_judge(result, &transfer, &answer);
    } else {
        IGNORE(snprintf(answer.detail, sizeof answer.detail, "taken by the mail server"), "fits");
    }
    curl_easy_cleanup(easy);
    curl_mime_free(mime);
    curl_slist_free_all(headers);
    curl_slist_free_all(recipients);
    *answer_out = answer;
    return answer.result == MAIL_SENT;
}

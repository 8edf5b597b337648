/*
 * A tiny HTTPS server for tests: one thread, one connection at a time, a key made at start, and a
 * test's own function that answers each request. It counts every byte of plain text that reached
 * it, so that a test can state that nothing was sent.
 */
#ifndef TESTS_UNIT_NET_SCRIPTED_SERVER_H
#define TESTS_UNIT_NET_SCRIPTED_SERVER_H

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/macros.h"
#include "core/text.h"

struct scripted_request {
    int number; /* 1 for the first of this server. */
    char method[16];
    char target[2048];
    char headers[8192]; /* The whole head. */
    char body[16384];
    size_t body_size;
};

struct scripted_reply {
    struct text bytes; /* The whole answer, status line included. */
    bool closes;       /* Close after it. */
};

struct scripted_server {
    int listener, port;
    SSL_CTX *tls;
    pthread_t thread;
    atomic_bool is_stopping;
    atomic_int request_count, connection_count;
    atomic_llong plain_bytes; /* Received after a handshake. */
    void (*answer)(void *context, const struct scripted_request *request,
                   struct scripted_reply *reply);
    void *context;
};

static inline void scripted_body(struct scripted_reply *reply, int status, const char *type,
                                 const void *bytes, size_t size, size_t announced)
{
    text_print(&reply->bytes,
               "HTTP/1.1 %d Scripted\r\nContent-Type: %s\r\nContent-Length: %zu\r\n\r\n", status,
               type, announced);
    text_add_bytes(&reply->bytes, bytes, size);
    reply->closes = size != announced;
}

static inline void scripted_text(struct scripted_reply *reply, int status, const char *type,
                                 const char *body)
{
    scripted_body(reply, status, type, body, strlen(body), strlen(body));
}

static inline void scripted_json(struct scripted_reply *reply, const char *json)
{
    scripted_text(reply, 200, "application/json;charset=UTF-8", json);
}

static inline bool scripted_read(struct scripted_server *server, SSL *tls,
                                 struct scripted_request *request)
{
    static _Thread_local char bytes[32768];
    size_t size = 0;
    char *end = NULL;

    while (end == NULL) {
        if (size + 1 >= sizeof bytes) {
            return false;
        }
        int got = SSL_read(tls, bytes + size, (int)(sizeof bytes - size - 1));
        if (got <= 0) {
            return false;
        }
        server->plain_bytes += got;
        size += (size_t)got;
        bytes[size] = '\0';
        end = strstr(bytes, "\r\n\r\n");
    }
    size_t head_size = (size_t)(end - bytes) + 4;
    size_t body_size = 0;
    snprintf(request->headers, sizeof request->headers, "%.*s", (int)head_size, bytes);
    if (sscanf(request->headers, "%15s %2047s", request->method, request->target) != 2) {
        return false;
    }
    const char *length = strcasestr(request->headers, "content-length:");
    if (length != NULL) {
        body_size = strtoul(length + 15, NULL, 10);
    }
    while (size < head_size + body_size && size + 1 < sizeof bytes) {
        int got = SSL_read(tls, bytes + size, (int)(sizeof bytes - size - 1));
        if (got <= 0) {
            return false;
        }
        server->plain_bytes += got;
        size += (size_t)got;
    }
    request->body_size = body_size < sizeof request->body ? body_size : sizeof request->body - 1;
    memcpy(request->body, bytes + head_size, request->body_size);
    request->body[request->body_size] = '\0';
    return true;
}

static inline void scripted_serve(struct scripted_server *server, int connection)
{
    SSL *tls = SSL_new(server->tls);
    bool is_open = SSL_set_fd(tls, connection) == 1 && SSL_accept(tls) == 1;

    server->connection_count++;
    while (is_open && !server->is_stopping) {
        struct pollfd ready = { .fd = connection, .events = POLLIN };
        if (SSL_pending(tls) == 0 && poll(&ready, 1, 50) == 0) {
            continue;
        }
        struct scripted_request request = { .number = server->request_count + 1 };
        if (!scripted_read(server, tls, &request)) {
            break;
        }
        server->request_count++;
        struct scripted_reply reply = { .bytes = TEXT_UP_TO(64 * MIB) };
        server->answer(server->context, &request, &reply);
        is_open = reply.bytes.size > 0 &&
                  SSL_write(tls, text_get(&reply.bytes), (int)reply.bytes.size) > 0 &&
                  !reply.closes;
        text_clear(&reply.bytes);
    }
    SSL_shutdown(tls);
    SSL_free(tls);
    close(connection);
}

static inline void *scripted_run(void *argument)
{
    struct scripted_server *server = argument;

    while (!server->is_stopping) {
        struct pollfd ready = { .fd = server->listener, .events = POLLIN };
        if (poll(&ready, 1, 50) > 0) {
            int connection = accept(server->listener, NULL, NULL);
            if (connection >= 0) {
                int yes = 1;
                setsockopt(connection, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
                scripted_serve(server, connection);
            }
        }
    }
    return NULL;
}

static inline SSL_CTX *scripted_tls(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *certificate = X509_new();
    SSL_CTX *tls = SSL_CTX_new(TLS_server_method());

    ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
    X509_gmtime_adj(X509_getm_notBefore(certificate), -3600);
    X509_gmtime_adj(X509_getm_notAfter(certificate), 86400);
    X509_set_pubkey(certificate, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"scripted PBX", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_sign(certificate, key, EVP_sha256());
    SSL_CTX_use_certificate(tls, certificate);
    SSL_CTX_use_PrivateKey(tls, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return tls;
}

/* `port` 0 takes any; the port taken stands in server->port. A new key each time. */
static inline void scripted_start(struct scripted_server *server, int port,
                                  void (*answer)(void *, const struct scripted_request *,
                                                 struct scripted_reply *),
                                  void *context)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    socklen_t size = sizeof address;
    int yes = 1;

    signal(SIGPIPE, SIG_IGN);
    memset(server, 0, sizeof *server);
    server->answer = answer;
    server->context = context;
    server->tls = scripted_tls();
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    server->listener = socket(AF_INET, SOCK_STREAM, 0);
    setsockopt(server->listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(server->listener, (struct sockaddr *)&address, sizeof address) != 0 ||
        listen(server->listener, 8) != 0 ||
        getsockname(server->listener, (struct sockaddr *)&address, &size) != 0) {
        perror("scripted server");
        abort();
    }
    server->port = ntohs(address.sin_port);
    pthread_create(&server->thread, NULL, scripted_run, server);
}

static inline void scripted_stop(struct scripted_server *server)
{
    server->is_stopping = true;
    pthread_join(server->thread, NULL);
    close(server->listener);
    SSL_CTX_free(server->tls);
}

#endif

/*
 * A name server that misbehaves, for the DNS rows of the fault matrix. It answers A questions by
 * the first letters of the name: "nx" NXDOMAIN, "fail" SERVFAIL, "mute" nothing, "moves-N" the
 * address that the test has set in place N. Everything else is unknown.
 *
 * names_start() gives this process and its children an /etc/resolv.conf of their own (a mount
 * namespace), so it needs root; where that is not to be had it says so, and the rows are left out.
 */
#ifndef TESTS_TOOLS_NAMES_H
#define TESTS_TOOLS_NAMES_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <unistd.h>

#include "core/file.h"
#include "core/time.h"

#define NAMES_ADDRESS "127.0.0.77"
enum { NAMES_PLACES = 64, NAMES_PACKET = 512, NAMES_PORT = 53 };

struct names {
    int socket;
    pthread_t thread;
    atomic_bool is_stopping;
    _Atomic uint32_t places[NAMES_PLACES]; /* Host byte order; 0: unknown. */
};

/* A mount namespace of our own in which /etc/resolv.conf leads to us. Before threads, once. */
static inline bool names_own_resolver(const char *folder)
{
    static const char content[] = "nameserver " NAMES_ADDRESS "\noptions timeout:1 attempts:1\n";
    char path[128];
    struct error error;

    IGNORE(snprintf(path, sizeof path, "%s/resolv.conf", folder), "fits");
    return file_write(path, content, strlen(content), 0644, &error) && unshare(CLONE_NEWNS) == 0 &&
           mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
           mount(path, "/etc/resolv.conf", NULL, MS_BIND, NULL) == 0;
}

/* The first label of the question, its whole size in *question_size_out (0: not well formed). */
static inline void names_read(const uint8_t *packet, size_t size, char label_out[64],
                              size_t *question_size_out)
{
    size_t at = 12;
    size_t label = size > at ? packet[at] : 0;

    *question_size_out = 0;
    label_out[0] = '\0';
    if (label == 0 || label > 63 || at + 1 + label >= size) {
        return;
    }
    memcpy(label_out, packet + at + 1, label);
    label_out[label] = '\0';
    while (at < size && packet[at] != 0) {
        at += packet[at] + (size_t)1;
    }
    *question_size_out = at + 5 <= size ? at + 5 - 12 : 0;
}

/* The answer's size; 0: none is sent. */
static inline size_t names_answer(struct names *names, uint8_t *packet, size_t size)
{
    char label[64];
    size_t question = 0;
    int code = 3;
    int place = 0;
    uint32_t address = 0;

    names_read(packet, size, label, &question);
    if (question == 0 || strncmp(label, "mute", 4) == 0) {
        return 0;
    }
    bool is_a = packet[12 + question - 3] == 1;
    if (strncmp(label, "fail", 4) == 0) {
        code = 2;
    } else if (sscanf(label, "moves-%d", &place) == 1 && place >= 0 && place < NAMES_PLACES) {
        code = 0;
        address = is_a ? htonl(atomic_load(&names->places[place])) : 0;
    }
    size = 12 + question;
    packet[2] = 0x85; /* an answer, with authority */
    packet[3] = (uint8_t)(0x80 | code);
    memset(packet + 6, 0, 6);
    if (address != 0) {
        static const uint8_t head[] = { 0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4 };
        packet[7] = 1;
        memcpy(packet + size, head, sizeof head);
        memcpy(packet + size + sizeof head, &address, 4);
        size += sizeof head + 4;
    }
    return size;
}

static inline void *names_run(void *context)
{
    struct names *names = context;

    while (!atomic_load(&names->is_stopping)) {
        struct pollfd watched = { .fd = names->socket, .events = POLLIN };
        struct sockaddr_in peer;
        socklen_t peer_size = sizeof peer;
        uint8_t packet[NAMES_PACKET + 16];
        if (poll(&watched, 1, 50) <= 0) {
            continue;
        }
        ssize_t size =
            recvfrom(names->socket, packet, NAMES_PACKET, 0, (struct sockaddr *)&peer, &peer_size);
        size_t answer = size > 12 ? names_answer(names, packet, (size_t)size) : 0;
        if (answer > 0) {
            (void)sendto(names->socket, packet, answer, 0, (struct sockaddr *)&peer, peer_size);
        }
    }
    return NULL;
}

/* False, with nothing left behind, where it cannot be had. */
static inline bool names_start(struct names *names, const char *folder)
{
    struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(NAMES_PORT) };

    *names = (struct names){ .socket = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0) };
    (void)inet_pton(AF_INET, NAMES_ADDRESS, &address.sin_addr);
    if (names->socket < 0 ||
        bind(names->socket, (struct sockaddr *)&address, sizeof address) != 0 ||
        !names_own_resolver(folder) ||
        pthread_create(&names->thread, NULL, names_run, names) != 0) {
        file_close(names->socket);
        names->socket = -1;
        return false;
    }
    return true;
}

static inline void names_stop(struct names *names)
{
    if (names->socket >= 0) {
        atomic_store(&names->is_stopping, true);
        (void)pthread_join(names->thread, NULL);
        file_close(names->socket);
    }
}

#endif

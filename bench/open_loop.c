/*
 * Webhooks at a fixed rate, whatever the server does: the load of a PBX, not of a client that waits
 * for its answer. Latency counts from the instant at which a webhook was due, so that a server that
 * stands still is not flattered. Prints "RATE sent OK errors p50 p99 p99.9 max" in microseconds.
 *
 * usage: open_loop HOST PORT RATE SECONDS TENANTS   (tenants hook0 … hook(TENANTS-1), no secret)
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { CONNECTIONS = 256, REQUEST_SIZE = 2048, ANSWER_SIZE = 4096 };

struct connection {
    int socket;
    bool is_busy;
    int64_t due_ns;
    size_t got;
    char answer[ANSWER_SIZE];
};

static struct connection connections[CONNECTIONS];

static int64_t now_ns(void)
{
    struct timespec now;

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void must(bool is_fine, const char *what)
{
    if (!is_fine) {
        perror(what);
        exit(1);
    }
}

static void connect_all(const char *host, int port, int poll)
{
    struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
    int on = 1;

    must(inet_pton(AF_INET, host, &to.sin_addr) == 1, "address");
    for (uint32_t i = 0; i < CONNECTIONS; i++) {
        int s = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        must(s >= 0 && connect(s, (struct sockaddr *)&to, sizeof to) == 0, "connect");
        must(setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "nodelay");
        connections[i].socket = s;
        must(epoll_ctl(poll, EPOLL_CTL_ADD, s,
                       &(struct epoll_event){ .events = EPOLLIN, .data.u32 = i }) == 0,
             "epoll");
    }
}

static void send_one(struct connection *connection, int64_t number, int tenants, int64_t run)
{
    char body[REQUEST_SIZE];
    char request[REQUEST_SIZE + 256];
    int64_t second = 1763800000 + number % 86400;

    int size = snprintf(
        body, sizeof body,
        "{\"AcctId\":\"%lld\",\"src\":\"%lld\",\"dst\":\"14155550000\",\"clid\":\"\\\"A Caller\\\" "
        "<%lld>\",\"channel\":\"PJSIP/1000-%08llx\",\"dstchannel\":\"PJSIP/trunk_1-%08llx\","
        "\"lastapp\":\"Dial\",\"start\":\"2026-11-22 10:00:00\",\"answer\":\"2026-11-22 10:00:06\","
        "\"end\":\"2026-11-22 10:01:36\",\"duration\":\"96\",\"billsec\":\"90\",\"disposition\":"
        "\"ANSWERED\",\"uniqueid\":\"%lld.%lld\",\"userfield\":\"Outbound\",\"recordfiles\":"
        "\"2026-11/auto-%lld-%lld-14155550000.wav@\",\"session\":\"%lld.%lld-1000\","
        "\"action_type\":\"DIAL\",\"dst_trunk_name\":\"trunk_1\"}",
        (long long)number, (long long)(1000 + number % 200), (long long)(1000 + number % 200),
        (unsigned long long)number, (unsigned long long)number, (long long)second,
        (long long)(run + number), (long long)second, (long long)(run + number), (long long)run,
        (long long)number);
    size = snprintf(request, sizeof request,
                    "POST /api/webhook/cdr/hook%lld HTTP/1.1\r\nHost: bench\r\nContent-Type: "
                    "application/json\r\nContent-Length: %d\r\n\r\n%s",
                    (long long)(number % tenants), size, body);
    must(send(connection->socket, request, (size_t)size, MSG_NOSIGNAL) == size, "send");
    connection->is_busy = true;
    connection->got = 0;
}

/* True when a whole answer has come; *is_fine_out: it was 200. */
static bool answer_read(struct connection *connection, bool *is_fine_out)
{
    ssize_t got = recv(connection->socket, connection->answer + connection->got,
                       ANSWER_SIZE - 1 - connection->got, MSG_DONTWAIT);

    if (got < 0 && errno == EAGAIN) {
        return false;
    }
    must(got > 0, "the server closed a connection");
    connection->got += (size_t)got;
    connection->answer[connection->got] = '\0';
    const char *end = strstr(connection->answer, "\r\n\r\n");
    const char *length = strcasestr(connection->answer, "\r\nContent-Length:");
    if (end == NULL || length == NULL ||
        connection->got < (size_t)(end + 4 - connection->answer) + strtoul(length + 17, NULL, 10)) {
        return false;
    }
    *is_fine_out = strncmp(connection->answer, "HTTP/1.1 200", 12) == 0;
    return true;
}

static int compare(const void *a, const void *b)
{
    int64_t left = *(const int64_t *)a;
    int64_t right = *(const int64_t *)b;

    return left < right ? -1 : left > right;
}

static struct connection *free_find(void)
{
    static size_t last;

    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct connection *connection = &connections[(last + i) % CONNECTIONS];
        if (!connection->is_busy) {
            last = (last + i + 1) % CONNECTIONS;
            return connection;
        }
    }
    return NULL;
}

int main(int argc, char **argv)
{
    must(argc == 6, "usage: open_loop HOST PORT RATE SECONDS TENANTS");
    int64_t rate = atoll(argv[3]);
    int64_t total = rate * atoll(argv[4]);
    int64_t *latencies_us = calloc((size_t)total, sizeof *latencies_us);
    int poll = epoll_create1(EPOLL_CLOEXEC);
    int64_t sent = 0;
    int64_t done = 0;
    int64_t errors = 0;

    must(latencies_us != NULL && poll >= 0, "start");
    connect_all(argv[1], atoi(argv[2]), poll);
    int64_t began_ns = now_ns();
    while (done < total) {
        struct epoll_event events[64];
        int64_t due_ns = began_ns + sent * (1000000000 / rate);
        struct connection *idle = NULL;
        while (sent < total && due_ns <= now_ns() && (idle = free_find()) != NULL) {
            idle->due_ns = due_ns;
            send_one(idle, sent++, atoi(argv[5]), (int64_t)time(NULL));
            due_ns = began_ns + sent * (1000000000 / rate);
        }
        int64_t wait_ns = sent < total ? due_ns - now_ns() : 10000000;
        struct timespec wait = { .tv_nsec = wait_ns > 0 ? (long)wait_ns : 0 };
        int count = epoll_pwait2(poll, events, 64, &wait, NULL);
        for (int i = 0; i < count; i++) {
            struct connection *connection = &connections[events[i].data.u32];
            bool is_fine = false;
            if (connection->is_busy && answer_read(connection, &is_fine)) {
                connection->is_busy = false;
                errors += is_fine ? 0 : 1;
                latencies_us[done++] = (now_ns() - connection->due_ns) / 1000;
            }
        }
    }
    qsort(latencies_us, (size_t)total, sizeof *latencies_us, compare);
    printf("%lld/s  %lld sent, %lld refused  p50 %.2f  p99 %.2f  p99.9 %.2f  max %.2f ms\n",
           (long long)rate, (long long)total, (long long)errors,
           (double)latencies_us[total / 2] / 1e3, (double)latencies_us[total * 99 / 100] / 1e3,
           (double)latencies_us[total * 999 / 1000] / 1e3, (double)latencies_us[total - 1] / 1e3);
    free(latencies_us);
    return errors == 0 ? 0 : 1;
}

/*
 * msgd.c - an alternative for lesson 07: one poll(2) loop over many clients,
 * each with a buffer that frames are cut out of.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "tcp.h"

#define LIMIT   (1u << 20)
#define CLIENTS 100

struct client {
    unsigned char *buf;         /* room for one frame of LIMIT bytes */
    size_t used;
    bool is_ending;
};

static struct pollfd fds[CLIENTS + 1];
static struct client clients[CLIENTS + 1];
static nfds_t used = 1;

/* Blocks until all is sent: one slow reader holds up the others. */
static bool send_frame(int fd, unsigned char type, const void *data,
                       uint32_t len)
{
    unsigned char *wire = malloc(len + 5);
    uint32_t net_len = htonl(len);
    size_t done = 0;

    if (wire == NULL)
        return false;
    wire[0] = type;
    memcpy(wire + 1, &net_len, 4);
    memcpy(wire + 5, data, len);
    while (done < len + 5) {
        struct pollfd ready = { .fd = fd, .events = POLLOUT };
        ssize_t n = send(fd, wire + done, len + 5 - done,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n == -1 && errno == EAGAIN)
            poll(&ready, 1, -1);
        else if (n == -1 && errno != EINTR)
            break;
        done += n > 0 ? (size_t)n : 0;
    }
    free(wire);
    return done == len + 5;
}

static bool send_sum(int fd, const unsigned char *data, uint32_t len)
{
    long long total = 0;
    unsigned char wire[8];

    for (uint32_t i = 0; i + 4 <= len; i += 4) {
        long long value = data[i] * 16777216LL + data[i + 1] * 65536LL
            + data[i + 2] * 256LL + data[i + 3];
        total += value < 2147483648LL ? value : value - 4294967296LL;
    }
    for (int i = 7; i >= 0; i--, total >>= 8)
        wire[i] = (unsigned char)(total & 255);
    return send_frame(fd, 3, wire, 8);
}

static bool answer(int fd, unsigned char type, unsigned char *data,
                   uint32_t len)
{
    if (type == 3)
        return len % 4 == 0 ? send_sum(fd, data, len)
                            : send_frame(fd, 255, "odd length", 10);
    if (type != 1 && type != 2)
        return send_frame(fd, 255, "no such type", 12);
    for (uint32_t i = 0; type == 2 && i < len; i++)
        if (data[i] >= 'a' && data[i] <= 'z')
            data[i] -= 'a' - 'A';
    return send_frame(fd, type, data, len);
}

/* Answer all whole frames in the buffer.  Returns false when it broke. */
static bool answer_all(int fd, struct client *c)
{
    while (c->used >= 5 && !c->is_ending) {
        uint32_t len;
        memcpy(&len, c->buf + 1, 4);
        len = ntohl(len);
        if (len > LIMIT) {
            c->is_ending = true;
            return send_frame(fd, 255, "too long", 8)
                && shutdown(fd, SHUT_WR) == 0;
        }
        if (c->used < len + 5)
            break;
        if (!answer(fd, c->buf[0], c->buf + 5, len))
            return false;
        c->used -= len + 5;
        memmove(c->buf, c->buf + len + 5, c->used);
    }
    return true;
}

static bool go_on(int fd, struct client *c)
{
    ssize_t n = recv(fd, c->buf + c->used, LIMIT + 5 - c->used, MSG_DONTWAIT);

    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return true;
    if (n <= 0)
        return false;
    c->used = c->is_ending ? 0 : c->used + (size_t)n;
    return answer_all(fd, c);
}

static void add_client(int listen_fd)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;

    /* It does not block: the one who was there may have gone again. */
    int fd = accept4(listen_fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
    if (fd == -1) {
        poll(NULL, 0, errno == EMFILE || errno == ENFILE ? 50 : 0);
        return;
    }
    fds[used] = (struct pollfd){ .fd = fd, .events = POLLIN };
    clients[used] = (struct client){ .buf = malloc(LIMIT + 5) };
    if (clients[used].buf == NULL)
        err(1, "malloc");
    used++;
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage addr;
    socklen_t len;
    char why[TCP_WHY_SIZE];
    const char *host = "127.0.0.1";
    int option;

    std_reserve();
    while ((option = getopt(argc, argv, "b:")) != -1)
        option == 'b' ? (void)(host = optarg) : exit(2);
    int port = net_parse_port(optind < argc ? argv[optind] : "6254");
    if (argc - optind > 1 || port == -1
        || net_parse_address(host, port, &addr, &len) == -1)
        errx(2, "usage: msgd [-b ADDR] [PORT]");
    if ((fds[0].fd = tcp_listen(&addr, len, why)) == -1)
        errx(1, "%s", why);
    fcntl(fds[0].fd, F_SETFL, O_NONBLOCK);
    for (;;) {
        fds[0].events = used <= CLIENTS ? POLLIN : 0;
        if (poll(fds, used, -1) == -1)
            continue;
        for (nfds_t i = used - 1; i > 0; i--)
            if (fds[i].revents && !go_on(fds[i].fd, &clients[i])) {
                close(fds[i].fd);
                free(clients[i].buf);
                fds[i] = fds[--used];
                clients[i] = clients[used];
            }
        if (fds[0].revents)
            add_client(fds[0].fd);
    }
}

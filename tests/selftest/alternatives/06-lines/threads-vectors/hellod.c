/*
 * hellod.c - a thread for each client, a ring of bytes, readv and writev
 *
 * What differs: clients are served at the same time; what is received lies in
 * a ring, so that nothing is ever moved, and an answer leaves as three pieces
 * of one sendmsg.
 */
#include <err.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "tcp.h"

#define LIMIT 8192

struct client {
    int fd;
    char name[NET_TEXT_SIZE];
    size_t start, held;         /* of the ring */
    char ring[LIMIT];
    char line[LIMIT];
};

/* Receive into the free part of the ring.  As recv(2). */
static ssize_t fill(struct client *c)
{
    size_t end = (c->start + c->held) % LIMIT, room = LIMIT - c->held;
    size_t first = room < LIMIT - end ? room : LIMIT - end;
    struct iovec parts[2] = { { c->ring + end, first },
                              { c->ring, room - first } };
    ssize_t n;

    do
        n = readv(c->fd, parts, room > first ? 2 : 1);
    while (n == -1 && errno == EINTR);
    if (n > 0)
        c->held += (size_t)n;
    return n;
}

/* Move the next line out of the ring.  Its length, -1: none, -2: too long. */
static int next_line(struct client *c)
{
    for (size_t i = 0;; i++) {
        if (i == LIMIT)
            return -2;
        if (i == c->held && fill(c) <= 0)
            return -1;
        c->line[i] = c->ring[(c->start + i) % LIMIT];
        if (c->line[i] != '\n')
            continue;
        c->start = (c->start + i + 1) % LIMIT;
        c->held -= i + 1;
        return (int)(i > 0 && c->line[i - 1] == '\r' ? i - 1 : i);
    }
}

/* Send up to three pieces.  Returns 0 or -1. */
static int say(int fd, const char *a, char *b, size_t len, const char *z)
{
    struct iovec parts[3] = { { (char *)(size_t)a, strlen(a) }, { b, len },
                              { (char *)(size_t)z, strlen(z) } };
    struct msghdr msg = { .msg_iov = parts, .msg_iovlen = 3 };

    while (msg.msg_iovlen > 0) {
        ssize_t n = sendmsg(fd, &msg, MSG_NOSIGNAL);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        while (msg.msg_iovlen > 0 && (size_t)n >= msg.msg_iov->iov_len) {
            n -= (ssize_t)msg.msg_iov->iov_len;
            msg.msg_iov++;
            msg.msg_iovlen--;
        }
        if (msg.msg_iovlen > 0) {
            msg.msg_iov->iov_base = (char *)msg.msg_iov->iov_base + n;
            msg.msg_iov->iov_len -= (size_t)n;
        }
    }
    return 0;
}

static void *serve(void *argument)
{
    struct client *c = argument;
    int len = -1, rc = say(c->fd, "Welcome!\n", NULL, 0, "");

    while (rc == 0 && (len = next_line(c)) >= 0) {
        if (len == 4 && memcmp(c->line, "exit", 4) == 0)
            break;
        rc = say(c->fd, "Hello, ", c->line, (size_t)len, "!\n");
    }
    if (len == -2)
        say(c->fd, "error: line too long\n", NULL, 0, "");
    tcp_finish(c->fd, 1000);
    fprintf(stderr, "Connection from %s closed.\n", c->name);
    free(c);
    return NULL;
}

static void start(int fd, const struct sockaddr_storage *peer)
{
    struct client *c = calloc(1, sizeof *c);
    pthread_t thread;

    if (c == NULL) {
        close(fd);
        return;
    }
    c->fd = fd;
    fprintf(stderr, "Accept new connection from %s...\n",
            net_format_address(peer, c->name));
    if (pthread_create(&thread, NULL, serve, c) != 0) {
        close(fd);
        free(c);
    } else {
        pthread_detach(thread);
    }
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage addr = { 0 }, peer = { 0 };
    socklen_t len;
    const char *host = "127.0.0.1";
    char why[TCP_WHY_SIZE];
    int c;

    std_reserve();
    while ((c = getopt(argc, argv, "b:")) == 'b')
        host = optarg;
    int port = net_parse_port(optind < argc ? argv[optind] : "9999");
    if (c != -1 || argc - optind > 1 || port == -1
        || net_parse_address(host, port, &addr, &len) == -1)
        errx(2, "usage: hellod [-b ADDR] [PORT]");
    int listen_fd = tcp_listen(&addr, len, why);
    if (listen_fd == -1)
        errx(1, "%s", why);
    for (;;) {
        int fd = tcp_accept(listen_fd, &peer);
        if (fd == -1)
            err(1, "accept");
        start(fd, &peer);
    }
}

/*
 * wcc.c - an alternative for lesson 08: sends and receives at the same time,
 * with poll(2).
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "tcp.h"

static char answer[200];
static size_t used;

/* Returns false at the end of the stream. */
static int take_answer(int fd)
{
    ssize_t n = recv(fd, answer + used, sizeof answer - used, MSG_DONTWAIT);

    if (n == -1 && (errno == EAGAIN || errno == EINTR))
        return 1;
    if (n == -1)
        err(1, "recv");
    used += (size_t)n;
    return n > 0 && used < sizeof answer;
}

static void send_piece(int fd, const char *buf, size_t len)
{
    for (size_t at = 0; at < len; ) {
        struct pollfd ready = { .fd = fd, .events = POLLIN | POLLOUT };

        if (poll(&ready, 1, -1) == -1)
            continue;
        if (ready.revents & POLLIN && !take_answer(fd))
            return;
        ssize_t n = send(fd, buf + at, len - at, MSG_DONTWAIT);
        if (n == -1 && errno != EAGAIN && errno != EINTR)
            err(1, "send");
        at += n > 0 ? (size_t)n : 0;
    }
}

int main(int argc, char *argv[])
{
    char buf[10000], why[TCP_WHY_SIZE];
    ssize_t n;
    int fd;

    if (argc != 3 || net_parse_port(argv[2]) == -1)
        errx(2, "usage: wcc HOST PORT < data");
    signal(SIGPIPE, SIG_IGN);
    if ((fd = tcp_connect(argv[1], argv[2], why)) == -1)
        errx(1, "%s", why);
    while ((n = read(0, buf, sizeof buf)) > 0 || (n == -1 && errno == EINTR))
        if (n > 0)
            send_piece(fd, buf, (size_t)n);
    shutdown(fd, SHUT_WR);
    for (int more = 1; more && memchr(answer, '\n', used) == NULL; ) {
        struct pollfd ready = { .fd = fd, .events = POLLIN };
        if (poll(&ready, 1, -1) == 1)
            more = take_answer(fd);
    }
    char *newline = memchr(answer, '\n', used);
    if (newline == NULL)
        errx(1, "recv: half an answer");
    if (write(1, answer, (size_t)(newline + 1 - answer)) <= 0)
        err(1, "write");
    return 0;
}

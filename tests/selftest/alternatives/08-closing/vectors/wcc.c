/*
 * wcc.c - an alternative for lesson 08: writev(2) and byte-wise receiving.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "tcp.h"

static void write_whole(int fd, char *buf, size_t len)
{
    struct iovec rest = { buf, len };

    while (rest.iov_len > 0) {
        ssize_t n = writev(fd, &rest, 1);
        if (n == -1 && errno != EINTR)
            err(1, "writev");
        rest.iov_base = (char *)rest.iov_base + (n > 0 ? n : 0);
        rest.iov_len -= n > 0 ? (size_t)n : 0;
    }
}

int main(int argc, char *argv[])
{
    char why[TCP_WHY_SIZE], buf[5000], byte = 0;
    ssize_t n;

    std_reserve();
    if (argc != 3 || net_parse_port(argv[2]) == -1)
        errx(2, "usage: wcc HOST PORT < data");
    signal(SIGPIPE, SIG_IGN);
    int fd = tcp_connect(argv[1], argv[2], why);
    if (fd == -1)
        errx(1, "%s", why);
    while ((n = read(0, buf, sizeof buf)) != 0) {
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            err(1, "read");
        write_whole(fd, buf, (size_t)n);
    }
    if (shutdown(fd, SHUT_WR) == -1)
        err(1, "shutdown");
    size_t used = 0;
    while (byte != '\n' && used < sizeof buf) {
        n = recv(fd, &byte, 1, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            errx(1, "recv: the answer ended too early");
        buf[used++] = byte;
    }
    write_whole(1, buf, used);
    return 0;
}

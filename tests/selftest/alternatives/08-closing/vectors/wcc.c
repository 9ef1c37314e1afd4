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
#include "tcp.h"

int main(int argc, char *argv[])
{
    char why[TCP_WHY_SIZE], buf[5000], byte = 0;
    ssize_t n;

    if (argc != 3 || net_parse_port(argv[2]) == -1)
        errx(2, "usage: wcc HOST PORT < data");
    signal(SIGPIPE, SIG_IGN);
    int fd = tcp_connect(argv[1], argv[2], why);
    if (fd == -1)
        errx(1, "%s", why);
    while ((n = read(0, buf, sizeof buf)) > 0 || (n == -1 && errno == EINTR)) {
        struct iovec rest = { buf, n > 0 ? (size_t)n : 0 };
        while (rest.iov_len > 0) {
            ssize_t sent = writev(fd, &rest, 1);
            if (sent == -1 && errno != EINTR)
                err(1, "writev");
            rest.iov_base = (char *)rest.iov_base + (sent > 0 ? sent : 0);
            rest.iov_len -= sent > 0 ? (size_t)sent : 0;
        }
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
    if (write(1, buf, used) != (ssize_t)used)
        err(1, "write");
    return 0;
}

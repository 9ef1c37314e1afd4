/*
 * xfer.c - lesson 05, another way: piece by piece, readv and writev
 *
 * Never holds the whole message: pieces of 16 KiB go from stdin to the socket
 * and from the socket to stdout as they come.  The receiver always offers one
 * byte more than is due, so that the excess is noticed by the very readv that
 * completes the message, or by one more that does not wait.
 */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net.h"
#include "std.h"

#define PIECE 16384             /* bytes */

static char piece[PIECE];

__attribute__((noreturn)) static void usage(void)
{
    errx(2, "usage: xfer send HOST PORT LEN\n"
            "       xfer [-b ADDR] recv LEN [PORT]");
}

__attribute__((noreturn)) static void broken(const char *call, unsigned done,
                                             unsigned len)
{
    if (call)
        warn("%s", call);
    errx(1, "socket connection broken after %u of %u bytes", done, len);
}

static unsigned number(const char *text, unsigned limit)
{
    unsigned value = 0;

    if (*text == '\0')
        usage();
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            usage();
        value = value * 10 + (unsigned)(*text - '0');
        if (value > limit)
            usage();
    }
    return value;
}

/* Write n bytes of piece; returns how many were written before an error. */
static unsigned put(int fd, unsigned n)
{
    unsigned done = 0;

    while (done < n) {
        struct iovec halves[2] = {
            { piece + done, (n - done) / 2 },
            { piece + done + (n - done) / 2, n - done - (n - done) / 2 },
        };
        ssize_t k = writev(fd, halves, 2);
        if (k >= 0)
            done += (unsigned)k;
        else if (errno != EINTR)
            break;
    }
    return done;
}

static ssize_t get(int fd, void *buf, size_t room)
{
    ssize_t n;

    do
        n = read(fd, buf, room);
    while (n == -1 && errno == EINTR);
    return n;
}

static int reach(const char *host, const char *port)
{
    struct addrinfo hints = { .ai_flags = AI_NUMERICSERV,
                              .ai_socktype = SOCK_STREAM };
    struct addrinfo *found, *one;
    int fd = -1, why = 0;
    int rc = getaddrinfo(host, port, &hints, &found);

    if (rc != 0)
        errx(1, "getaddrinfo: %s", gai_strerror(rc));
    for (one = found; one; one = one->ai_next) {
        fd = socket(one->ai_family, one->ai_socktype, one->ai_protocol);
        if (fd != -1 && connect(fd, one->ai_addr, one->ai_addrlen) == 0)
            break;
        why = errno;
        if (fd != -1)
            close(fd);
        fd = -1;
    }
    freeaddrinfo(found);
    errno = why;
    if (fd == -1)
        err(1, "connect");
    return fd;
}

static void do_send(int fd, unsigned len)
{
    unsigned done = 0;
    char answer;

    while (done < len) {
        unsigned want = len - done < PIECE ? len - done : PIECE;
        ssize_t n = get(STDIN_FILENO, piece, want);
        if (n == -1)
            err(1, "stdin");
        if (n == 0)
            errx(1, "stdin has only %u bytes", done);
        unsigned k = put(fd, (unsigned)n);
        done += k;
        if (k < (unsigned)n)
            broken("writev", done, len);
    }
    ssize_t n = get(fd, &answer, 1);
    if (n != 1)
        broken(n == -1 ? "read" : NULL, len, len);
    if (answer != 'K')
        errx(1, "answered by %d", answer);
}

static void do_recv(int fd, unsigned len)
{
    unsigned done = 0;
    int there = 0;

    while (done < len) {
        char excess;
        unsigned want = len - done < PIECE ? len - done : PIECE;
        struct iovec room[2] = { { piece, want }, { &excess, 1 } };
        ssize_t n = readv(fd, room, want == len - done ? 2 : 1);
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            broken(n == -1 ? "readv" : NULL, done, len);
        if ((unsigned)n > want)
            errx(1, "more than %u bytes", len);
        done += (unsigned)n;
        if (put(STDOUT_FILENO, (unsigned)n) < (unsigned)n)
            err(1, "stdout");
    }
    if (ioctl(fd, FIONREAD, &there) == 0 && there > 0)
        errx(1, "more than %u bytes", len);
    piece[0] = 'K';
    if (put(fd, 1) != 1)
        broken("writev", len, len);
}

static int serve_one(const char *host, int port)
{
    struct sockaddr_storage addr;
    socklen_t size, full = sizeof addr;
    int on = 1, conn_fd;

    if (net_parse_address(host, port, &addr, &size) == -1)
        usage();
    int listen_fd = socket(addr.ss_family, SOCK_STREAM, 0);
    if (listen_fd == -1
        || setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on)
        || bind(listen_fd, (struct sockaddr *)&addr, size)
        || listen(listen_fd, SOMAXCONN)
        || getsockname(listen_fd, (struct sockaddr *)&addr, &full))
        err(1, "listen");
    if (net_announce(&addr) == -1)
        err(1, "stdout");
    while ((conn_fd = accept(listen_fd, NULL, NULL)) == -1)
        if (errno != EINTR && errno != ECONNABORTED)
            err(1, "accept");
    return conn_fd;             /* the listening socket stays, until the end */
}

int main(int argc, char *argv[])
{
    const char *host = "127.0.0.1";
    int c;

    std_reserve();
    signal(SIGPIPE, SIG_IGN);
    while ((c = getopt(argc, argv, "+b:")) != -1)
        if (c == 'b')
            host = optarg;
        else
            usage();
    argc -= optind;
    argv += optind;
    if (argc == 4 && strcmp(argv[0], "send") == 0) {
        unsigned len = number(argv[3], 1u << 20);
        number(argv[2], 65535);
        do_send(reach(argv[1], argv[2]), len);
    } else if ((argc == 2 || argc == 3) && strcmp(argv[0], "recv") == 0) {
        unsigned len = number(argv[1], 1u << 20);
        do_recv(serve_one(host, argc == 3 ? (int)number(argv[2], 65535) : 0),
                len);
    } else {
        usage();
    }
    return 0;
}

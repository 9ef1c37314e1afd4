/*
 * xfer.c - lesson 05, another way: non-blocking sockets and poll
 *
 * No call on a socket ever waits; poll does all the waiting, for room, for
 * data, for a client.  Knows numeric addresses only.  No module of its own:
 * the loops are in here.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "std.h"

#define LIMIT 1048576           /* bytes */

static unsigned char message[LIMIT + 1];    /* one more, to notice the excess */

static void usage(void)
{
    fputs("usage: xfer send HOST PORT LEN | xfer [-b ADDR] recv LEN [PORT]\n",
          stderr);
    exit(2);
}

static void fails(const char *call)
{
    fprintf(stderr, "xfer: %s: %s\n", call, strerror(errno));
    exit(1);
}

static void breaks(const char *call, size_t done, size_t len)
{
    if (call != NULL)
        fprintf(stderr, "xfer: %s: %s\n", call, strerror(errno));
    fprintf(stderr, "xfer: socket connection broken after %zu of %zu bytes\n",
            done, len);
    exit(1);
}

static void await(int fd, short events)
{
    struct pollfd one = { .fd = fd, .events = events };

    while (poll(&one, 1, -1) == -1)
        if (errno != EINTR)
            fails("poll");
}

static bool passes(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR
           || error == ECONNABORTED || error == EPROTO;
}

static size_t parse_len(const char *text)
{
    size_t len = 0;

    if (*text == '\0')
        usage();
    for (; *text != '\0'; text++) {
        if (strchr("0123456789", *text) == NULL)
            usage();
        len = 10 * len + (size_t)(*text - '0');
        if (len > LIMIT)
            usage();
    }
    return len;
}

static int parse_port(const char *text)
{
    int port = net_parse_port(text);

    if (port == -1)
        usage();
    return port;
}

static int tcp_socket(int family)
{
    int fd = socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd == -1)
        fails("socket");
    return fd;
}

/* Take at most room bytes; stop at the end, or at an error in *why. */
static size_t take(int fd, unsigned char *buf, size_t len, int *why)
{
    size_t done = 0;

    *why = 0;
    while (done < len) {
        ssize_t n = read(fd, buf + done, len - done);
        if (n == 0)
            break;
        if (n > 0)
            done += (size_t)n;
        else if (passes(errno))
            await(fd, POLLIN);
        else {
            *why = errno;
            break;
        }
    }
    return done;
}

static size_t give(int fd, const unsigned char *buf, size_t len, int *why)
{
    size_t done = 0;

    *why = 0;
    while (done < len) {
        ssize_t n = write(fd, buf + done, len - done);
        if (n >= 0)
            done += (size_t)n;
        else if (passes(errno))
            await(fd, POLLOUT);
        else {
            *why = errno;
            break;
        }
    }
    return done;
}

static int run_send(const char *host, int port, size_t len)
{
    struct sockaddr_storage addr;
    socklen_t size, error_size = sizeof(int);
    int why, error = 0;

    if (net_parse_address(host, port, &addr, &size) == -1)
        fails("address");
    if (take(0, message, len, &why) < len)
        fails("read");
    int fd = tcp_socket(addr.ss_family);
    if (connect(fd, (struct sockaddr *)&addr, size) == -1) {
        if (errno != EINPROGRESS && errno != EINTR)
            fails("connect");
        await(fd, POLLOUT);
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_size);
        errno = error;
        if (error != 0)
            fails("connect");
    }
    size_t done = give(fd, message, len, &why);
    errno = why;
    if (why != 0)
        breaks("write", done, len);
    unsigned char answer = 0;
    size_t got = take(fd, &answer, 1, &why);
    errno = why;
    if (got == 0)
        breaks(why != 0 ? "read" : NULL, len, len);
    if (answer != 'K')
        return fputs("xfer: the answer is not K\n", stderr), 1;
    return close(fd), 0;
}

static int client_at(const struct sockaddr_storage *addr, socklen_t size)
{
    struct sockaddr_storage local;
    socklen_t local_size = sizeof local;
    int on = 1, conn_fd, fd = tcp_socket(addr->ss_family);

    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)addr, size) == -1)
        fails("bind");
    if (listen(fd, 4) == -1)
        fails("listen");
    if (getsockname(fd, (struct sockaddr *)&local, &local_size) == -1
        || net_announce(&local) == -1)
        fails("announce");
    while ((conn_fd = accept4(fd, NULL, NULL, SOCK_NONBLOCK)) == -1) {
        if (!passes(errno))
            fails("accept");
        await(fd, POLLIN);
    }
    close(fd);
    return conn_fd;
}

static int run_recv(const char *host, int port, size_t len)
{
    struct sockaddr_storage addr;
    socklen_t size;
    int why;

    if (net_parse_address(host, port, &addr, &size) == -1)
        usage();
    int fd = client_at(&addr, size);
    size_t done = take(fd, message, len, &why);
    errno = why;
    if (done < len)
        breaks(why != 0 ? "read" : NULL, done, len);
    if (read(fd, message + len, 1) == 1)
        return fputs("xfer: more than was agreed\n", stderr), 1;
    if (give(1, message, len, &why) < len)
        fails("write");
    if (give(fd, (const unsigned char *)"K", 1, &why) < 1) {
        errno = why;
        breaks("write", len, len);
    }
    return close(fd), 0;
}

int main(int argc, char *argv[])
{
    const char *host = "127.0.0.1";
    int first = 1;

    std_reserve();
    signal(SIGPIPE, SIG_IGN);
    if (argc > 2 && strcmp(argv[1], "-b") == 0) {
        host = argv[2];
        first = 3;
    }
    int rest = argc - first;
    char **args = argv + first;
    if (rest == 4 && strcmp(args[0], "send") == 0)
        return run_send(args[1], parse_port(args[2]), parse_len(args[3]));
    if (rest < 2 || rest > 3 || strcmp(args[0], "recv") != 0)
        usage();
    return run_recv(host, rest == 3 ? parse_port(args[2]) : 0,
                    parse_len(args[1]));
}

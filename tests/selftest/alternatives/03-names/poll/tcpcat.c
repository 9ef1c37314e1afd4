/*
 * tcpcat.c - lesson 03, another way: one non-blocking socket and poll
 *
 * connect does not wait; poll does, and SO_ERROR tells what came of it.  After
 * that the request goes out while the reply comes in.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "std.h"

#define REQUEST_LIMIT 65536     /* bytes */

/* Wait until fd is ready for these events. */
static void wait_for(int fd, short events)
{
    struct pollfd ready = { .fd = fd, .events = events };

    while (poll(&ready, 1, -1) == -1 && errno == EINTR)
        ;
}

/* Returns 0, or the error of the attempt. */
static int attempt(int fd, const struct addrinfo *a)
{
    int error = 0;
    socklen_t len = sizeof error;

    if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
        return 0;
    if (errno != EINPROGRESS && errno != EINTR)
        return errno;
    wait_for(fd, POLLOUT);
    return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1 ? errno
                                                                    : error;
}

static void put(const char *buf, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, buf, len);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            err(1, "write");
        buf += n;
        len -= (size_t)n;
    }
}

static void talk(int fd, const char *request, size_t len)
{
    char buf[3000];

    for (;;) {
        wait_for(fd, len > 0 ? POLLIN | POLLOUT : POLLIN);
        ssize_t n = len > 0 ? send(fd, request, len, MSG_NOSIGNAL) : 0;
        if (n == -1 && errno != EAGAIN && errno != EINTR)
            err(1, "send");
        if (n > 0) {
            request += n;
            len -= (size_t)n;
        }
        n = recv(fd, buf, sizeof buf, 0);
        if (n == 0)
            return;
        if (n > 0)
            put(buf, (size_t)n);
        else if (errno != EAGAIN && errno != EINTR)
            err(1, "recv");
    }
}

static size_t read_request(char *buf, size_t size)
{
    size_t used = 0;
    ssize_t n;

    while (used < size && (n = read(0, buf + used, size - used)) != 0) {
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            err(1, "read");
        used += (size_t)n;
    }
    return used;
}

int main(int argc, char *argv[])
{
    static char request[REQUEST_LIMIT + 1];
    struct addrinfo hints = { 0 }, *list, *a;
    int fd = -1, error = 0;
    const char *failed = "";

    std_reserve();
    hints.ai_protocol = IPPROTO_TCP;    /* one entry of three, too */
    for (int c; (c = getopt(argc, argv, "46")) != -1; )
        if (c == '?')
            errx(2, "usage: tcpcat [-4|-6] HOST SERVICE");
        else
            hints.ai_family = c == '4' ? AF_INET : AF_INET6;
    if (argc - optind != 2)
        errx(2, "usage: tcpcat [-4|-6] HOST SERVICE");
    if (!isalpha((unsigned char)*argv[optind + 1]) &&
        net_parse_port(argv[optind + 1]) == -1)
        errx(2, "not a service: %s", argv[optind + 1]);
    size_t len = read_request(request, sizeof request);
    if (len > REQUEST_LIMIT)
        errx(2, "the request is too long");
    int rc = getaddrinfo(argv[optind], argv[optind + 1], &hints, &list);
    if (rc != 0)
        errx(1, "getaddrinfo: %s", gai_strerror(rc));
    for (a = list; a != NULL; a = a->ai_next) {
        fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
                    0);
        error = fd == -1 ? errno : attempt(fd, a);
        failed = fd == -1 ? "socket" : "connect";
        if (error == 0)
            break;
        if (fd != -1)
            close(fd);
    }
    freeaddrinfo(list);
    if (error != 0)
        errx(1, "%s: %s", failed, strerror(error));
    talk(fd, request, len);
    return close(fd);
}

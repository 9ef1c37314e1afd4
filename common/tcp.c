/*
 * tcp.c - sockets that connect and listen
 */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "net.h"
#include "tcp.h"

#define PAUSE_MS 100            /* before accept is tried again */

/* Write "CALL: reason" into why.  Returns -1, so that callers can return it. */
static int explain_failure(char *why, const char *call, const char *reason)
{
    snprintf(why, TCP_WHY_SIZE, "%s: %s", call, reason);
    return -1;
}

/* The same for a call that has set errno; closes fd, which may be -1. */
static int close_and_fail(int fd, char *why, const char *call)
{
    explain_failure(why, call, strerror(errno));
    if (fd != -1)
        close(fd);
    return -1;
}

/*
 * Connect fd, going on after a signal: an interrupted connect continues by
 * itself and must only be waited for.  Returns 0, or -1 with errno set.
 */
static int connect_fd(int fd, const struct sockaddr *addr, socklen_t len)
{
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t error_len = sizeof error;

    if (connect(fd, addr, len) == 0)
        return 0;
    if (errno != EINTR)
        return -1;
    while (poll(&ready, 1, -1) == -1)
        if (errno != EINTR)
            return -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &error_len) == -1)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

int tcp_connect(const char *host, const char *service, char *why)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list;
    int fd = -1;

    int rc = getaddrinfo(host, service, &hints, &list);
    if (rc != 0)
        return explain_failure(why, "getaddrinfo", rc == EAI_SYSTEM
                               ? strerror(errno) : gai_strerror(rc));
    for (struct addrinfo *a = list; a != NULL && fd == -1; a = a->ai_next) {
        fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC,
                    a->ai_protocol);
        if (fd == -1)
            close_and_fail(-1, why, "socket");
        else if (connect_fd(fd, a->ai_addr, a->ai_addrlen) == -1)
            fd = close_and_fail(fd, why, "connect");
    }
    freeaddrinfo(list);
    return fd;
}

int tcp_listen(const struct sockaddr_storage *addr, socklen_t len, char *why)
{
    struct sockaddr_storage local = { 0 };
    socklen_t local_len = sizeof local;
    int on = 1;

    int fd = socket(addr->ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        return close_and_fail(-1, why, "socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        return close_and_fail(fd, why, "setsockopt");
    if (bind(fd, (const struct sockaddr *)addr, len) == -1)
        return close_and_fail(fd, why, "bind");
    if (listen(fd, SOMAXCONN) == -1)
        return close_and_fail(fd, why, "listen");
    if (getsockname(fd, (struct sockaddr *)&local, &local_len) == -1)
        return close_and_fail(fd, why, "getsockname");
    if (net_announce(&local) == -1)
        return close_and_fail(fd, why, "write");
    return fd;
}

int tcp_accept(int listen_fd, struct sockaddr_storage *peer)
{
    for (;;) {
        socklen_t len = sizeof *peer;
        int fd = accept4(listen_fd, (struct sockaddr *)peer, &len,
                         SOCK_CLOEXEC);

        if (fd != -1 || errno == EBADF || errno == EINVAL || errno == ENOTSOCK
            || errno == EAGAIN)
            return fd;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS
            || errno == ENOMEM)
            poll(NULL, 0, PAUSE_MS);
    }
}

/* Milliseconds of a clock that nobody sets. */
static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

void tcp_finish(int fd, int patience_ms)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    long long end = now_ms() + patience_ms;
    long long left = patience_ms;
    char buf[4096];

    shutdown(fd, SHUT_WR);              /* a peer that has gone is no trouble */
    while (left > 0 && poll(&ready, 1, (int)left) != 0) {
        ssize_t n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
        if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
            break;                      /* the peer's end, or no connection */
        left = end - now_ms();
    }
    close(fd);
}

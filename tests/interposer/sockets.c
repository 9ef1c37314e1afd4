/*
 * sockets.c - the life of a socket: made, named, connected, shut down
 */
#include "interpose.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

WRAP(int, socket, (int family, int type, int protocol),
     (family, type, protocol), .fd = -1, .args = { family, type, protocol })

WRAP(int, shutdown, (int fd, int how), (fd, how),
     .fd = fd, .args = { fd, how })

WRAP(int, setsockopt,
     (int fd, int level, int name, const void *value, socklen_t len),
     (fd, level, name, value, len),
     .fd = fd, .args = { fd, level, name, len }, .data = value, .size = len)

/* glibc's __SOCKADDR_ARG is a union of pointers to all kinds of addresses. */
WRAP(int, bind, (int fd, __CONST_SOCKADDR_ARG address, socklen_t len),
     (fd, address, len), .fd = fd, .args = { fd, len },
     .data = address.__sockaddr__, .size = len)

int listen(int fd, int backlog)
{
    struct call call = { ABOUT(listen, fd), .args = { fd, backlog } };
    struct sockaddr_storage bound;
    socklen_t len = sizeof bound;
    int result = -1;

    if (enter(&call))
        result = REAL(listen)(fd, backlog);
    if (result == 0 && syscall(SYS_getsockname, fd, &bound, &len) == 0)
        show_address(&call, &bound, len);
    return (int)leave(&call, result);
}

/* Does any handler of the program want calls to be interrupted? */
static bool a_handler_interrupts(void)
{
    struct { uintptr_t handler; unsigned long flags, rest[4]; } action;

    for (long number = 1; number < 32; number++) {
        action.handler = 0;
        if (syscall(SYS_rt_sigaction, number, NULL, &action, 8L) == 0 &&
            action.handler > 1 && !(action.flags & SA_RESTART))
            return true;
    }
    return false;
}

/*
 * Wait until fd has a connection, as accept would: a non-blocking descriptor
 * does not wait, and a signal ends the waiting if its handler wants that.
 *
 * Returns 1, or 0 when there is none, or -1 with errno EINTR.
 */
static int wait_for_connection(int fd)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    long flags = syscall(SYS_fcntl, fd, F_GETFL);
    struct timespec none = { 0, 0 };
    struct timespec *timeout =
        flags == -1 || (flags & O_NONBLOCK) ? &none : NULL;

    for (;;) {
        long n = syscall(SYS_ppoll, &ready, 1L, timeout, NULL, 8L);
        if (n != -1)
            return n == 1 && (ready.revents & POLLIN);
        if (errno != EINTR)
            return 0;           /* let accept itself say what is wrong */
        if (a_handler_interrupts())
            return -1;
    }
}

/* Accept a connection and break it, as a client does that cannot wait. */
static void lose_connection(int fd)
{
    const struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
    int lost = (int)syscall(SYS_accept4, fd, NULL, NULL, 0);

    if (lost == -1)
        return;
    syscall(SYS_setsockopt, lost, SOL_SOCKET, SO_LINGER, &at_once,
            sizeof at_once);
    syscall(SYS_close, lost);
}

/* May the real accept go on?  Otherwise errno is set. */
static bool may_accept(struct call *call)
{
    if (!enter(call))
        return false;
    if (call->is_quiet || !plan_mentions(call->number, PLAN_FAIL))
        return true;
    switch (wait_for_connection(call->fd)) {
    case -1:
        return false;
    case 0:
        errno = call->errno_before;
        return true;
    }
    if (enter_with_connection(call))
        return true;
    if (call->verdict.fail == ECONNABORTED)
        lose_connection(call->fd);
    errno = call->verdict.fail;
    return false;
}

/* An address that did not fit is cut, but its whole length is reported. */
static socklen_t smaller(int64_t room, socklen_t len)
{
    return room < (int64_t)len ? (socklen_t)room : len;
}

/* Log what accept gave: the descriptor, and who is at the other end. */
static int leave_accept(struct call *call, int result,
                        const struct sockaddr *address, socklen_t *len)
{
    struct sockaddr_storage peer;
    socklen_t peer_len = sizeof peer;
    int saved = errno;

    if (result != -1) {
        if (syscall(SYS_getpeername, result, &peer, &peer_len) == 0)
            show_address(call, &peer, peer_len);
        else if (address != NULL && len != NULL)
            show_address(call, address, smaller(call->args[1], *len));
    }
    if (len != NULL)
        call->args[1] = *len;
    errno = saved;
    return (int)leave(call, result);
}

int accept(int fd, __SOCKADDR_ARG address, socklen_t *len)
{
    struct call call = { ABOUT(accept, fd),
                         .args = { fd, len == NULL ? -1 : (int64_t)*len } };
    int result = -1;

    if (may_accept(&call))
        result = REAL(accept)(fd, address, len);
    return leave_accept(&call, result, address.__sockaddr__, len);
}

int accept4(int fd, __SOCKADDR_ARG address, socklen_t *len, int flags)
{
    struct call call = { ABOUT(accept4, fd),
                         .args = { fd, len == NULL ? -1 : (int64_t)*len,
                                   flags } };
    int result = -1;

    if (may_accept(&call))
        result = REAL(accept4)(fd, address, len, flags);
    return leave_accept(&call, result, address.__sockaddr__, len);
}

/* Start to connect and do not wait for it: it goes on in the background. */
static void start_connecting(int fd, const struct sockaddr *address,
                             socklen_t len)
{
    long flags = syscall(SYS_fcntl, fd, F_GETFL);

    if (address == NULL || len < sizeof address->sa_family ||
        (address->sa_family != AF_INET && address->sa_family != AF_INET6))
        return;                 /* no other family connects by and by */
    syscall(SYS_fcntl, fd, F_SETFL, flags | O_NONBLOCK);
    syscall(SYS_connect, fd, address, len);
    syscall(SYS_fcntl, fd, F_SETFL, flags);
}

int connect(int fd, __CONST_SOCKADDR_ARG address, socklen_t len)
{
    struct call call = { ABOUT(connect, fd), .args = { fd, len },
                         .data = address.__sockaddr__, .size = len };
    int result = -1;

    if (enter(&call)) {
        result = REAL(connect)(fd, address, len);
    } else if (errno == EINTR) {
        start_connecting(fd, address.__sockaddr__, len);
        errno = EINTR;
    }
    return (int)leave(&call, result);
}

/* What getsockname and getpeername have in common behind the real call. */
static int leave_name(struct call *call, int result,
                      const struct sockaddr *address, const socklen_t *len)
{
    if (result == 0) {
        show_address(call, address, smaller(call->args[1], *len));
        call->args[1] = *len;
    }
    return (int)leave(call, result);
}

int getsockname(int fd, __SOCKADDR_ARG address, socklen_t *len)
{
    struct call call = { ABOUT(getsockname, fd),
                         .args = { fd, len == NULL ? -1 : (int64_t)*len } };
    int result = -1;

    if (enter(&call))
        result = REAL(getsockname)(fd, address, len);
    return leave_name(&call, result, address.__sockaddr__, len);
}

int getpeername(int fd, __SOCKADDR_ARG address, socklen_t *len)
{
    struct call call = { ABOUT(getpeername, fd),
                         .args = { fd, len == NULL ? -1 : (int64_t)*len } };
    int result = -1;

    if (enter(&call))
        result = REAL(getpeername)(fd, address, len);
    return leave_name(&call, result, address.__sockaddr__, len);
}

int getsockopt(int fd, int level, int name, void *value, socklen_t *len)
{
    struct call call = { ABOUT(getsockopt, fd),
                         .args = { fd, level, name,
                                   len == NULL ? -1 : (int64_t)*len } };
    int result = -1;

    if (enter(&call))
        result = REAL(getsockopt)(fd, level, name, value, len);
    if (result == 0) {
        call.args[3] = *len;
        call.data = value;
        call.size = *len;
    }
    return (int)leave(&call, result);
}

int socketpair(int family, int type, int protocol, int pair[2])
{
    struct call call = { ABOUT(socketpair, -1),
                         .args = { family, type, protocol } };
    int result = -1;

    if (enter(&call))
        result = REAL(socketpair)(family, type, protocol, pair);
    if (result == 0) {
        call.data = pair;
        call.size = 2 * sizeof pair[0];
    }
    return (int)leave(&call, result);
}

/*
 * waiting.c - waiting for descriptors, and for time to pass
 *
 * The last argument logged of a wait is its timeout in milliseconds, rounded
 * up, or -1 for a wait without end.
 */
#include "interpose.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define SHOWN 4                 /* events or descriptors kept of a wait */

/* Nobody but this file calls them by these names. */
int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t count,
                const struct timespec *timeout, const sigset_t *mask,
                size_t room);

/* Any negative timeout means none. */
static int64_t or_none(int timeout)
{
    return timeout < 0 ? -1 : timeout;
}

static int64_t milliseconds(const struct timespec *timeout)
{
    if (timeout == NULL)
        return -1;
    return (int64_t)timeout->tv_sec * 1000 +
           (timeout->tv_nsec + 999999) / 1000000;
}

/*
 * Could the kernel call this descriptor readable although a read would block?
 * Only that of the Internet: a datagram may turn out damaged, a connection may
 * be gone.
 */
static bool may_deceive(int fd)
{
    int family;
    socklen_t len = sizeof family;
    int saved = errno;
    long result = syscall(SYS_getsockopt, fd, SOL_SOCKET, SO_DOMAIN, &family,
                          &len);

    errno = saved;
    return result == 0 && (family == AF_INET || family == AF_INET6);
}

/* poll and ppoll. */

/* Say that every socket asked about is readable; count them. */
static int deceive_poll(struct pollfd *fds, nfds_t count, bool only_count)
{
    int n = 0;

    for (nfds_t i = 0; i < count; i++) {
        bool ready = (fds[i].events & POLLIN) && may_deceive(fds[i].fd);
        n += ready;
        if (!only_count)
            fds[i].revents = ready ? POLLIN : 0;
    }
    return n;
}

static void show_polled(struct call *call, const struct pollfd *fds,
                        nfds_t count)
{
    call->data = fds;
    call->size = (count < SHOWN ? count : SHOWN) * sizeof *fds;
}

static bool enter_poll(struct call *call, struct pollfd *fds, nfds_t count)
{
    show_polled(call, fds, count);
    if (plan_mentions(call->number, PLAN_READY))
        call->can_be_ready = deceive_poll(fds, count, true) > 0;
    return enter(call);
}

static int leave_poll(struct call *call, int result, const struct pollfd *fds,
                      nfds_t count)
{
    if (result > 0)
        show_polled(call, fds, count);
    return (int)leave(call, result);
}

static int poll_for(void *frame, struct pollfd *fds, nfds_t count, int timeout)
{
    struct call call = { .number = CALL_poll, .frame = frame, .fd = -1,
                         .args = { (int64_t)count, or_none(timeout) } };
    int result = -1;

    if (enter_poll(&call, fds, count))
        result = call.verdict.ready ? deceive_poll(fds, count, false)
                                    : REAL(poll)(fds, count, timeout);
    return leave_poll(&call, result, fds, count);
}

int poll(struct pollfd *fds, nfds_t count, int timeout)
{
    return poll_for(__builtin_frame_address(0), fds, count, timeout);
}

static int ppoll_for(void *frame, struct pollfd *fds, nfds_t count,
                     const struct timespec *timeout, const sigset_t *mask)
{
    struct call call = { .number = CALL_ppoll, .frame = frame, .fd = -1,
                         .args = { (int64_t)count, milliseconds(timeout) } };
    int result = -1;

    if (enter_poll(&call, fds, count))
        result = call.verdict.ready ? deceive_poll(fds, count, false)
                                    : REAL(ppoll)(fds, count, timeout, mask);
    return leave_poll(&call, result, fds, count);
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout,
          const sigset_t *mask)
{
    return ppoll_for(__builtin_frame_address(0), fds, count, timeout, mask);
}

/* The names that _FORTIFY_SOURCE calls them by. */

int __poll_chk(struct pollfd *fds, nfds_t count, int timeout, size_t room)
{
    need_room(count, room / sizeof *fds);
    return poll_for(__builtin_frame_address(0), fds, count, timeout);
}

int __ppoll_chk(struct pollfd *fds, nfds_t count,
                const struct timespec *timeout, const sigset_t *mask,
                size_t room)
{
    need_room(count, room / sizeof *fds);
    return ppoll_for(__builtin_frame_address(0), fds, count, timeout, mask);
}

/* select and pselect. */

struct sets {
    fd_set *read, *write, *except;
};

static int deceive_select(int count, struct sets sets, bool only_count)
{
    int n = 0;

    for (int fd = 0; sets.read != NULL && fd < count; fd++) {
        bool ready = FD_ISSET(fd, sets.read) && may_deceive(fd);
        n += ready;
        if (!ready && !only_count)
            FD_CLR(fd, sets.read);
    }
    if (!only_count && sets.write != NULL)
        FD_ZERO(sets.write);
    if (!only_count && sets.except != NULL)
        FD_ZERO(sets.except);
    return n;
}

/* Show the first 64 descriptors of each set: read, write, except. */
static void show_sets(struct call *call, struct sets sets, uint64_t shown[3])
{
    const fd_set *each[3] = { sets.read, sets.write, sets.except };

    for (int i = 0; i < 3; i++) {
        shown[i] = 0;
        for (int fd = 0; each[i] != NULL && fd < 64 && fd < call->args[0]; fd++)
            if (FD_ISSET(fd, each[i]))
                shown[i] |= (uint64_t)1 << fd;
    }
    call->data = shown;
    call->size = 3 * sizeof shown[0];
}

static bool enter_select(struct call *call, struct sets sets,
                         uint64_t shown[3])
{
    show_sets(call, sets, shown);
    if (plan_mentions(call->number, PLAN_READY))
        call->can_be_ready =
            deceive_select((int)call->args[0], sets, true) > 0;
    return enter(call);
}

static int leave_select(struct call *call, int result, struct sets sets,
                        uint64_t shown[3])
{
    if (result >= 0)
        show_sets(call, sets, shown);
    return (int)leave(call, result);
}

int select(int count, fd_set *reads, fd_set *writes, fd_set *excepts,
           struct timeval *timeout)
{
    struct sets sets = { reads, writes, excepts };
    int64_t ms = timeout == NULL ? -1 :
        (int64_t)timeout->tv_sec * 1000 + (timeout->tv_usec + 999) / 1000;
    struct call call = { ABOUT(select, -1), .args = { count, ms } };
    uint64_t shown[3];
    int result = -1;

    if (enter_select(&call, sets, shown))
        result = call.verdict.ready
            ? deceive_select(count, sets, false)
            : REAL(select)(count, reads, writes, excepts, timeout);
    return leave_select(&call, result, sets, shown);
}

int pselect(int count, fd_set *reads, fd_set *writes, fd_set *excepts,
            const struct timespec *timeout, const sigset_t *mask)
{
    struct sets sets = { reads, writes, excepts };
    struct call call = { ABOUT(pselect, -1),
                         .args = { count, milliseconds(timeout) } };
    uint64_t shown[3];
    int result = -1;

    if (enter_select(&call, sets, shown))
        result = call.verdict.ready
            ? deceive_select(count, sets, false)
            : REAL(pselect)(count, reads, writes, excepts, timeout, mask);
    return leave_select(&call, result, sets, shown);
}

/* epoll. */

WRAP(int, epoll_create1, (int flags), (flags), .fd = -1, .args = { flags })

WRAP(int, epoll_ctl,
     (int epoll_fd, int operation, int fd, struct epoll_event *event),
     (epoll_fd, operation, fd, event), .fd = -1,
     .args = { epoll_fd, operation, fd, event == NULL ? 0 : event->events },
     .data = event == NULL ? NULL : &event->data, .size = 8)

size_t read_whole_file(const char *path, char *text, size_t room)
{
    size_t n = 0;
    long got = 1;
    long fd = syscall(SYS_openat, AT_FDCWD, path, O_RDONLY | O_CLOEXEC);

    while (fd != -1 && n < room - 1 && got > 0) {
        got = syscall(SYS_read, fd, text + n, room - 1 - n);
        n += got > 0 ? (size_t)got : 0;
    }
    if (fd != -1)
        syscall(SYS_close, fd);
    text[n] = '\0';
    return n;
}

/* Write "/proc/self/fdinfo/" and fd, as snprintf must not in a handler. */
static void fdinfo_path(char path[40], int fd)
{
    char digits[12];
    int n = 0;

    for (; n == 0 || fd > 0; fd /= 10)
        digits[n++] = (char)('0' + fd % 10);
    strcpy(path, "/proc/self/fdinfo/");
    for (path += strlen(path); n > 0; )
        *path++ = digits[--n];
    *path = '\0';
}

/*
 * Fill events with every Internet socket that epoll_fd watches for reading.
 * The kernel lists what it watches as "tfd: 5 events: 1 data: 5 ...", the
 * latter two in hexadecimal.
 */
static int deceive_epoll(int epoll_fd, struct epoll_event *events, int room)
{
    char path[40], text[4096];
    int n = 0;
    int saved = errno;

    fdinfo_path(path, epoll_fd);
    read_whole_file(path, text, sizeof text);
    for (char *line = strstr(text, "tfd:"); line != NULL && n < room;
         line = strstr(line + 1, "tfd:")) {
        char *asked = strstr(line, "events:"), *data = strstr(line, "data:");
        if (asked == NULL || data == NULL)
            break;
        if (!(strtoul(asked + 7, NULL, 16) & EPOLLIN) ||
            !may_deceive((int)strtol(line + 4, NULL, 10)))
            continue;
        if (events != NULL) {
            events[n].events = EPOLLIN;
            events[n].data.u64 = strtoull(data + 5, NULL, 16);
        }
        n++;
    }
    errno = saved;
    return n;
}

/* Show events and the low half of data of the first few. */
static int leave_epoll(struct call *call, int result,
                       const struct epoll_event *events)
{
    uint32_t shown[SHOWN][2] = { { 0, 0 } };

    for (int i = 0; i < result && i < SHOWN; i++) {
        shown[i][0] = events[i].events;
        shown[i][1] = events[i].data.u32;
    }
    if (result > 0) {
        call->data = shown;
        call->size = sizeof shown;
    }
    return (int)leave(call, result);
}

static bool enter_epoll(struct call *call, int epoll_fd)
{
    if (plan_mentions(call->number, PLAN_READY))
        call->can_be_ready = deceive_epoll(epoll_fd, NULL, INT_MAX) > 0;
    return enter(call);
}

int epoll_wait(int epoll_fd, struct epoll_event *events, int room, int timeout)
{
    struct call call = { ABOUT(epoll_wait, -1),
                         .args = { epoll_fd, room, or_none(timeout) } };
    int result = -1;

    if (enter_epoll(&call, epoll_fd))
        result = call.verdict.ready
            ? deceive_epoll(epoll_fd, events, room)
            : REAL(epoll_wait)(epoll_fd, events, room, timeout);
    return leave_epoll(&call, result, events);
}

int epoll_pwait(int epoll_fd, struct epoll_event *events, int room,
                int timeout, const sigset_t *mask)
{
    struct call call = { ABOUT(epoll_pwait, -1),
                         .args = { epoll_fd, room, or_none(timeout) } };
    int result = -1;

    if (enter_epoll(&call, epoll_fd))
        result = call.verdict.ready
            ? deceive_epoll(epoll_fd, events, room)
            : REAL(epoll_pwait)(epoll_fd, events, room, timeout, mask);
    return leave_epoll(&call, result, events);
}

/* Time. */

WRAP(unsigned, sleep, (unsigned seconds), (seconds),
     .fd = -1, .args = { (int64_t)seconds * 1000 })

WRAP(int, usleep, (useconds_t microseconds), (microseconds),
     .fd = -1, .args = { ((int64_t)microseconds + 999) / 1000 })

WRAP(int, nanosleep, (const struct timespec *time, struct timespec *left),
     (time, left), .fd = -1, .args = { milliseconds(time) })

WRAP(int, clock_nanosleep,
     (clockid_t clock, int flags, const struct timespec *time,
      struct timespec *left),
     (clock, flags, time, left), .fd = -1,
     .args = { milliseconds(time), clock, flags })

/*
 * descriptors.c - descriptors closed, duplicated and set up
 *
 * Only what concerns sockets, the three standard descriptors, or a descriptor
 * that is not open is logged: the rest is no business of ours.
 */
#include "interpose.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

/* Linux gives the descriptor back whatever close says; so do we. */
int close_for(void *frame, int fd)
{
    struct call call = { .number = CALL_close, .frame = frame, .fd = fd,
                         .sockets_only = true, .args = { fd } };
    int result = -1;

    if (enter(&call)) {
        result = REAL(close)(fd);
    } else {
        REAL(close)(fd);
        errno = call.verdict.fail;
    }
    return (int)leave(&call, result);
}

int close(int fd)
{
    return close_for(__builtin_frame_address(0), fd);
}

WRAP(int, dup, (int fd), (fd),
     .fd = fd, .sockets_only = true, .args = { fd })

WRAP(int, dup2, (int fd, int wanted), (fd, wanted),
     .fd = fd, .sockets_only = true, .args = { fd, wanted })

WRAP(int, dup3, (int fd, int wanted, int flags), (fd, wanted, flags),
     .fd = fd, .sockets_only = true, .args = { fd, wanted, flags })

static int fcntl_for(void *frame, int fd, int command, void *argument)
{
    struct call call = { .number = CALL_fcntl, .frame = frame, .fd = fd,
                         .flags = command, .sockets_only = true,
                         .args = { fd, command, (int64_t)(intptr_t)argument } };
    int result = -1;

    if (enter(&call))
        result = REAL(fcntl)(fd, command, argument);
    return (int)leave(&call, result);
}

/* The third argument is a word, a number or an address, or is not there. */
int fcntl(int fd, int command, ...)
{
    va_list rest;

    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return fcntl_for(__builtin_frame_address(0), fd, command, argument);
}

int fcntl64(int fd, int command, ...)
{
    va_list rest;

    va_start(rest, command);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    return fcntl_for(__builtin_frame_address(0), fd, command, argument);
}

int pipe(int pair[2])
{
    struct call call = { ABOUT(pipe, -1) };
    int result = -1;

    if (enter(&call))
        result = REAL(pipe)(pair);
    if (result == 0) {
        call.data = pair;
        call.size = 2 * sizeof pair[0];
    }
    return (int)leave(&call, result);
}

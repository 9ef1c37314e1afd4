/*
 * stream.c - lesson 05: all the bytes, or an exact count
 *
 * The loops around send(2) and recv(2) that every later program needs.
 * stream.h says what they promise.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/types.h>

#include "stream.h"

int send_all(int fd, const void *buf, size_t len, size_t *sent)
{
    const char *bytes = buf;
    size_t done = 0;
    int rc = 0;

    /* Step 1. Send until all are gone: a call may take less.  send(2) */
    while (done < len) {
        ssize_t n = send(fd, bytes + done, len - done, MSG_NOSIGNAL);
        if (n == -1 && errno == EINTR)
            continue;               /* nothing was taken: ask again */
        if (n == -1) {
            rc = -1;
            break;
        }
        done += (size_t)n;
    }

    if (sent != NULL)
        *sent = done;
    return rc;
}

int recv_exact(int fd, void *buf, size_t len, size_t *got)
{
    char *bytes = buf;
    size_t done = 0;
    int rc = 1;

    /* Step 2. Receive until all are there, or no more come.  recv(2) */
    while (done < len) {
        ssize_t n = recv(fd, bytes + done, len - done, 0);
        if (n == -1 && errno == EINTR)
            continue;               /* nothing came: ask again */
        if (n <= 0) {
            rc = (int)n;            /* 0: end-of-file, -1: broken */
            break;
        }
        done += (size_t)n;
    }

    if (got != NULL)
        *got = done;
    return rc;
}

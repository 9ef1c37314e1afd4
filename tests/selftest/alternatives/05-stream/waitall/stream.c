/*
 * stream.c - lesson 05, another way: sendmsg, and recv with MSG_WAITALL
 *
 * The kernel is asked to wait for all bytes, and is not believed: what it
 * gives is counted, and the rest asked for again.
 */
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "stream.h"

int send_all(int fd, const void *buf, size_t len, size_t *sent)
{
    struct iovec rest = { .iov_base = (void *)buf, .iov_len = len };
    struct msghdr msg = { .msg_iov = &rest, .msg_iovlen = 1 };
    int rc = 0;

    while (rc == 0 && rest.iov_len > 0) {
        ssize_t n = sendmsg(fd, &msg, MSG_NOSIGNAL);
        if (n >= 0) {
            rest.iov_base = (char *)rest.iov_base + n;
            rest.iov_len -= (size_t)n;
        } else if (errno != EINTR) {
            rc = -1;
        }
    }
    if (sent)
        *sent = len - rest.iov_len;
    return rc;
}

int recv_exact(int fd, void *buf, size_t len, size_t *got)
{
    size_t left = len;
    ssize_t n = 1;

    while (left > 0 && n > 0) {
        n = recv(fd, (char *)buf + (len - left), left, MSG_WAITALL);
        if (n > 0)
            left -= (size_t)n;
        else if (n == -1 && errno == EINTR)
            n = 1;
    }
    if (got)
        *got = len - left;
    return left == 0 ? 1 : (int)n;
}

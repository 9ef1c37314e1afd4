/*
 * transfer.c - bytes in and out: recv, send, read, write and their kin
 *
 * Every call here obeys "short": the plan's limit cuts what is asked for, so
 * that the kernel itself moves no more.  recv and its kin show what came when
 * they leave, send and its kin what is to go when they are entered.
 */
#include "interpose.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define MAX_PIECES 64           /* of a cut iovec; more are not looked at */

ssize_t __recv_chk(int fd, void *buf, size_t n, size_t room, int flags);
ssize_t __read_chk(int fd, void *buf, size_t n, size_t room);
ssize_t __recvfrom_chk(int fd, void *buf, size_t n, size_t room, int flags,
                       __SOCKADDR_ARG address, socklen_t *len);

/* Bytes to ask for: all n, or fewer if the plan says so. */
static size_t cut(const struct call *call, size_t n)
{
    return n < call->verdict.limit ? n : call->verdict.limit;
}

/* An array of pieces, cut to the plan's limit. */
struct pieces {
    struct iovec array[MAX_PIECES];
    const struct iovec *first;
    size_t count;
};

static void cut_pieces(struct pieces *pieces, const struct call *call,
                       const struct iovec *first, size_t count)
{
    size_t left = call->verdict.limit;
    size_t n = 0;

    pieces->first = first;
    pieces->count = count;
    if (left == SIZE_MAX || first == NULL)
        return;
    for (; n < count && n < MAX_PIECES && left > 0; n++) {
        pieces->array[n] = first[n];
        if (pieces->array[n].iov_len > left)
            pieces->array[n].iov_len = left;
        left -= pieces->array[n].iov_len;
    }
    pieces->first = pieces->array;
    pieces->count = n;
}

static size_t total(const struct iovec *first, size_t count)
{
    size_t sum = 0;

    for (size_t i = 0; first != NULL && i < count; i++)
        sum += first[i].iov_len;
    return sum;
}

/* Show the first piece: enough to recognise the message by. */
static void show_piece(struct call *call, const struct iovec *first,
                       size_t count, size_t n)
{
    if (first == NULL || count == 0)
        return;
    call->data = first->iov_base;
    call->size = n < first->iov_len ? n : first->iov_len;
}

/* Enter a call that sends; a broken pipe raises its signal first. */
static bool enter_sending(struct call *call)
{
    if (enter(call))
        return true;
    if (call->verdict.fail == EPIPE && !(call->flags & MSG_NOSIGNAL)) {
        REAL(raise)(SIGPIPE);
        errno = EPIPE;
    }
    return false;
}

/* Leave a call that received n bytes into buf. */
static ssize_t leave_receiving(struct call *call, ssize_t n, const void *buf)
{
    if (n > 0) {
        call->data = buf;
        call->size = (size_t)n;
    }
    return leave(call, n);
}

/* The address that a datagram came from goes into args[2] and args[3]. */
static void keep_sender(struct call *call, const void *address, socklen_t len)
{
    size_t room = 2 * sizeof call->args[0];

    memset(&call->args[2], 0, room);
    if (address != NULL)
        memcpy(&call->args[2], address, len < room ? len : room);
}

/* Receiving. */

static ssize_t recv_for(void *frame, int fd, void *buf, size_t n, int flags)
{
    struct call call = { .number = CALL_recv, .frame = frame, .fd = fd,
                         .flags = flags, .args = { fd, (int64_t)n, flags } };
    ssize_t result = -1;

    if (enter(&call))
        result = REAL(recv)(fd, buf, cut(&call, n), flags);
    return leave_receiving(&call, result, buf);
}

ssize_t recv(int fd, void *buf, size_t n, int flags)
{
    return recv_for(__builtin_frame_address(0), fd, buf, n, flags);
}

static ssize_t recvfrom_for(void *frame, int fd, void *buf, size_t n,
                            int flags, __SOCKADDR_ARG address, socklen_t *len)
{
    int64_t room = len == NULL ? -1 : (int64_t)*len;
    struct call call = { .number = CALL_recvfrom, .frame = frame, .fd = fd,
                         .flags = flags,
                         .args = { fd, (int64_t)n, flags, room } };
    ssize_t result = -1;

    if (enter(&call))
        result = REAL(recvfrom)(fd, buf, cut(&call, n), flags, address, len);
    if (result != -1 && len != NULL) {
        call.args[1] = *len;
        keep_sender(&call, address.__sockaddr__,
                    room < (int64_t)*len ? (socklen_t)room : *len);
    }
    return leave_receiving(&call, result, buf);
}

ssize_t recvfrom(int fd, void *buf, size_t n, int flags,
                 __SOCKADDR_ARG address, socklen_t *len)
{
    return recvfrom_for(__builtin_frame_address(0), fd, buf, n, flags,
                        address, len);
}

ssize_t recvmsg(int fd, struct msghdr *message, int flags)
{
    size_t wanted = total(message->msg_iov, message->msg_iovlen);
    struct call call = { ABOUT(recvmsg, fd), .flags = flags,
                         .args = { fd, (int64_t)wanted, flags,
                                   message->msg_namelen } };
    struct iovec *whole = message->msg_iov;
    size_t count = message->msg_iovlen;
    struct pieces pieces;
    ssize_t result = -1;

    if (enter(&call)) {
        cut_pieces(&pieces, &call, whole, count);
        message->msg_iov = (struct iovec *)pieces.first;
        message->msg_iovlen = pieces.count;
        result = REAL(recvmsg)(fd, message, flags);
        message->msg_iov = whole;
        message->msg_iovlen = count;
    }
    if (result > 0)
        show_piece(&call, whole, count, (size_t)result);
    if (result != -1) {
        call.args[1] = message->msg_namelen;
        keep_sender(&call, message->msg_name, message->msg_namelen);
    }
    return leave(&call, result);
}

ssize_t read_for(void *frame, int fd, void *buf, size_t n)
{
    struct call call = { .number = CALL_read, .frame = frame, .fd = fd,
                         .sockets_only = true, .args = { fd, (int64_t)n } };
    ssize_t result = -1;

    if (enter(&call))
        result = REAL(read)(fd, buf, cut(&call, n));
    return leave_receiving(&call, result, buf);
}

ssize_t read(int fd, void *buf, size_t n)
{
    return read_for(__builtin_frame_address(0), fd, buf, n);
}

ssize_t readv(int fd, const struct iovec *first, int count)
{
    struct call call = { ABOUT(readv, fd), .sockets_only = true,
                         .args = { fd, (int64_t)total(first, (size_t)count),
                                   count } };
    struct pieces pieces;
    ssize_t result = -1;

    if (enter(&call)) {
        cut_pieces(&pieces, &call, first, (size_t)count);
        result = REAL(readv)(fd, pieces.first, (int)pieces.count);
    }
    if (result > 0)
        show_piece(&call, first, (size_t)count, (size_t)result);
    return leave(&call, result);
}

/* Sending. */

ssize_t send(int fd, const void *buf, size_t n, int flags)
{
    struct call call = { ABOUT(send, fd), .flags = flags,
                         .args = { fd, (int64_t)n, flags },
                         .data = buf, .size = n };
    ssize_t result = -1;

    if (enter_sending(&call))
        result = REAL(send)(fd, buf, cut(&call, n), flags);
    return leave(&call, result);
}

ssize_t sendto(int fd, const void *buf, size_t n, int flags,
               __CONST_SOCKADDR_ARG address, socklen_t len)
{
    struct call call = { ABOUT(sendto, fd), .flags = flags,
                         .args = { fd, (int64_t)n, flags, len },
                         .data = buf, .size = n };
    ssize_t result = -1;

    if (enter_sending(&call))
        result = REAL(sendto)(fd, buf, cut(&call, n), flags, address, len);
    show_address(&call, address.__sockaddr__, len);
    return leave(&call, result);
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
    size_t wanted = total(message->msg_iov, message->msg_iovlen);
    struct call call = { ABOUT(sendmsg, fd), .flags = flags,
                         .args = { fd, (int64_t)wanted, flags,
                                   message->msg_namelen } };
    struct msghdr copy = *message;
    struct pieces pieces;
    ssize_t result = -1;

    show_piece(&call, message->msg_iov, message->msg_iovlen, wanted);
    if (enter_sending(&call)) {
        cut_pieces(&pieces, &call, message->msg_iov, message->msg_iovlen);
        copy.msg_iov = (struct iovec *)pieces.first;
        copy.msg_iovlen = pieces.count;
        result = REAL(sendmsg)(fd, &copy, flags);
    }
    show_address(&call, message->msg_name, message->msg_namelen);
    return leave(&call, result);
}

ssize_t write_for(void *frame, int fd, const void *buf, size_t n)
{
    struct call call = { .number = CALL_write, .frame = frame, .fd = fd,
                         .sockets_only = true, .args = { fd, (int64_t)n },
                         .data = buf, .size = n };
    ssize_t result = -1;

    if (enter_sending(&call))
        result = REAL(write)(fd, buf, cut(&call, n));
    return leave(&call, result);
}

ssize_t write(int fd, const void *buf, size_t n)
{
    return write_for(__builtin_frame_address(0), fd, buf, n);
}

ssize_t writev(int fd, const struct iovec *first, int count)
{
    size_t wanted = total(first, (size_t)count);
    struct call call = { ABOUT(writev, fd), .sockets_only = true,
                         .args = { fd, (int64_t)wanted, count } };
    struct pieces pieces;
    ssize_t result = -1;

    show_piece(&call, first, (size_t)count, wanted);
    if (enter_sending(&call)) {
        cut_pieces(&pieces, &call, first, (size_t)count);
        result = REAL(writev)(fd, pieces.first, (int)pieces.count);
    }
    return leave(&call, result);
}

ssize_t sendfile(int out_fd, int in_fd, off_t *offset, size_t n)
{
    struct call call = { ABOUT(sendfile, out_fd), .sockets_only = true,
                         .args = { out_fd, in_fd,
                                   offset == NULL ? -1 : (int64_t)*offset,
                                   (int64_t)n } };
    ssize_t result = -1;

    if (enter_sending(&call))
        result = REAL(sendfile)(out_fd, in_fd, offset, cut(&call, n));
    return leave(&call, result);
}

WRAP(ssize_t, splice,
     (int in_fd, off64_t *in_offset, int out_fd, off64_t *out_offset,
      size_t n, unsigned flags),
     (in_fd, in_offset, out_fd, out_offset, n, flags),
     .fd = -1, .args = { in_fd, out_fd, (int64_t)n, flags })

/* The names that _FORTIFY_SOURCE calls them by. */

ssize_t __recv_chk(int fd, void *buf, size_t n, size_t room, int flags)
{
    need_room(n, room);
    return recv_for(__builtin_frame_address(0), fd, buf, n, flags);
}

ssize_t __recvfrom_chk(int fd, void *buf, size_t n, size_t room, int flags,
                       __SOCKADDR_ARG address, socklen_t *len)
{
    need_room(n, room);
    return recvfrom_for(__builtin_frame_address(0), fd, buf, n, flags,
                        address, len);
}

ssize_t __read_chk(int fd, void *buf, size_t n, size_t room)
{
    need_room(n, room);
    return read_for(__builtin_frame_address(0), fd, buf, n);
}

/*
 * stream.h - all the bytes, or an exact count of what got through
 *
 * A stream has no messages: send(2) and recv(2) move as many bytes as fit
 * just now.  These two functions move a given number of bytes and leave no
 * doubt about what happened when they could not.
 *
 * stream.c is the work of lesson 05.  Both functions block, go on after a
 * signal (EINTR), never raise SIGPIPE, and are thread-safe for different
 * descriptors.  fd is a connected stream socket; it stays the caller's.
 */
#ifndef STREAM_H
#define STREAM_H

#include <stddef.h>

/*
 * Send len bytes of buf.
 *
 * len    0 is allowed: nothing to do, and fd is not looked at
 * sent   how many bytes the kernel took, also after a failure; may be NULL
 *
 * Returns 0 when all were taken, or -1 with errno set: EPIPE or ECONNRESET
 * when the peer has gone.
 */
int send_all(int fd, const void *buf, size_t len, size_t *sent);

/*
 * Receive exactly len bytes into buf.
 *
 * len    0 is allowed: complete at once, and fd is not looked at
 * got    how many bytes arrived, whatever is returned; may be NULL
 *
 * Returns 1 when all len bytes are there, 0 at end-of-file before that (*got
 * tells whether at the very start), or -1 with errno set.
 */
int recv_exact(int fd, void *buf, size_t len, size_t *got);

#endif

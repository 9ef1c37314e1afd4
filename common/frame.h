/*
 * frame.h - messages on a stream, each behind its type and length
 *
 * On the wire a frame is a type (1 byte), the length of the payload alone
 * (4 bytes, the largest first) and the payload.  Lesson 07 writes frame.c.
 *
 * Both functions block, go on after a signal, never raise SIGPIPE, and are
 * thread-safe for different descriptors.  fd stays the caller's.
 */
#ifndef FRAME_H
#define FRAME_H

#include <stddef.h>
#include <stdint.h>

#define FRAME_HEADER 5              /* bytes before the payload */
#define FRAME_LIMIT  1048576        /* bytes of payload at most */

enum frame_type {
    FRAME_ECHO = 1,
    FRAME_UPPER = 2,
    FRAME_SUM = 3,
    FRAME_ERROR = 255
};

struct frame {
    uint8_t type;
    uint32_t len;                   /* bytes of payload */
    unsigned char *payload;         /* owned; never NULL in a received frame */
};

/*
 * Send one frame, header and payload together.
 *
 * type      any value
 * payload   len bytes; may be NULL when len is 0
 *
 * Returns 0, or -1 with errno set: EMSGSIZE when len is over FRAME_LIMIT (and
 * nothing is sent), ENOMEM, or what send(2) says.
 */
int frame_send(int fd, uint8_t type, const void *payload, size_t len);

/*
 * Receive one frame.
 *
 * frame   filled in; frame_release() gives its payload back, also after a
 *         failure
 *
 * Returns 1 when a frame is there, 0 at end-of-file between two frames, or
 * -1 with errno set: EPROTO when the stream ends inside a frame, EMSGSIZE when
 * the announced length is over FRAME_LIMIT (its payload is not read), ENOMEM,
 * or what recv(2) says.
 */
int frame_receive(int fd, struct frame *frame);

/* Give back the payload of a frame; a second time does no harm. */
void frame_release(struct frame *frame);

#endif

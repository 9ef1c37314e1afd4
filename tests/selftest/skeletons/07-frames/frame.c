/*
 * frame.c - lesson 07: messages on a stream, each behind its type and length
 *
 * frame.h says how a frame looks on the wire and what these functions promise.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "frame.h"
#include "stream.h"
#include "todo.h"           /* remove it with the last step */

/*
 * Write type and length the way they go on the wire, FRAME_HEADER bytes.
 */
static void pack_header(unsigned char *wire, uint8_t type, uint32_t len)
{
    /* Step 3. Put the type in the first byte, the length in network byte
     * order in the next four.  htonl(3), memcpy(3) */
    todo(3);
}

/*
 * Read the length out of a header.
 */
static uint32_t unpack_length(const unsigned char *wire)
{
    /* Step 2. Take the four bytes behind the first one and turn them into a
     * number of this machine.  memcpy(3), ntohl(3) */
    return todo(2);
}

int frame_send(int fd, uint8_t type, const void *payload, size_t len)
{
    if (len > FRAME_LIMIT) {
        errno = EMSGSIZE;
        return -1;
    }
    /* One piece of memory, so that header and payload leave together. */
    unsigned char *wire = malloc(FRAME_HEADER + len);
    if (wire == NULL)
        return -1;
    pack_header(wire, type, (uint32_t)len);
    if (len > 0)
        memcpy(wire + FRAME_HEADER, payload, len);
    int rc = send_all(fd, wire, FRAME_HEADER + len, NULL);
    free(wire);
    return rc;
}

/*
 * Receive len bytes of a frame that has begun.  Returns 1, or -1 with errno
 * set: EPROTO when the stream ends before they are there.
 */
static int receive_rest(int fd, void *buf, size_t len)
{
    int rc = recv_exact(fd, buf, len, NULL);

    if (rc == 0) {
        errno = EPROTO;
        return -1;
    }
    return rc;
}

int frame_receive(int fd, struct frame *frame)
{
    unsigned char wire[FRAME_HEADER];

    *frame = (struct frame){ 0 };

    /* Step 1. Receive the first byte alone: only here the stream may end, and
     * 0 and -1 go to the caller.  Then the rest of the header.  stream.h */
    todo(1);

    frame->type = wire[0];
    frame->len = unpack_length(wire);
    if (frame->len > FRAME_LIMIT) {
        errno = EMSGSIZE;           /* before anything is allocated */
        return -1;
    }
    frame->payload = malloc((size_t)frame->len + 1);    /* never 0 bytes */
    if (frame->payload == NULL)
        return -1;
    return receive_rest(fd, frame->payload, frame->len);
}

void frame_release(struct frame *frame)
{
    free(frame->payload);
    frame->payload = NULL;
}

/*
 * frame_fuzz.c - lesson 07's frames against a simple reading of the same bytes
 *
 * Built and run by tests/selftest/fuzz/run.sh.
 *
 * The input is a stream: it goes into a socket whole, and its end with it.
 * Frame by frame, what frame_receive says must be what a look at the bytes
 * says; and each frame sent back by frame_send must be the bytes it came from.
 */
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "frame.h"
#include "stream.h"

#define INPUT_LIMIT 60000       /* bytes that fit into a socket unread */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stop at a difference: the fuzzer keeps the input. */
static void must(bool holds)
{
    if (!holds)
        abort();
}

/* What frame_receive should say about these bytes, the last of a stream. */
static int expected(const uint8_t *data, size_t size, int *error, size_t *len)
{
    *error = EPROTO;
    if (size == 0)
        return 0;
    if (size < FRAME_HEADER)
        return -1;
    *len = (size_t)data[1] << 24 | (size_t)data[2] << 16
        | (size_t)data[3] << 8 | data[4];
    if (*len > FRAME_LIMIT)
        *error = EMSGSIZE;
    return *len <= size - FRAME_HEADER ? 1 : -1;
}

/* Send the frame through another pair of sockets and compare. */
static void send_back(const struct frame *frame, const uint8_t *data)
{
    static uint8_t wire[FRAME_HEADER + INPUT_LIMIT];
    size_t len = FRAME_HEADER + frame->len;
    int pair[2];

    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
        err(1, "socketpair");
    must(frame_send(pair[0], frame->type, frame->payload, frame->len) == 0);
    must(recv_exact(pair[1], wire, len, NULL) == 1);
    must(memcmp(wire, data, len) == 0);
    close(pair[0]);
    close(pair[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct frame frame;
    int pair[2], rc;

    if (size > INPUT_LIMIT)
        return 0;
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == -1)
        err(1, "socketpair");
    must(send_all(pair[0], data, size, NULL) == 0);
    close(pair[0]);
    do {
        size_t len = 0;
        int error, wanted = expected(data, size, &error, &len);

        rc = frame_receive(pair[1], &frame);
        must(rc == wanted);
        must(rc != -1 || errno == error);
        if (rc == 1) {
            must(frame.type == data[0] && frame.len == len);
            must(memcmp(frame.payload, data + FRAME_HEADER, len) == 0);
            send_back(&frame, data);
            data += FRAME_HEADER + len;
            size -= FRAME_HEADER + len;
        }
        frame_release(&frame);
        frame_release(&frame);          /* a second time does no harm */
    } while (rc == 1);
    close(pair[1]);
    return 0;
}

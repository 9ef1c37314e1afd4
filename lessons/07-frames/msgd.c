/*
 * msgd.c - lesson 07: a server of framed messages
 *
 * Usage: msgd [-b ADDR] [PORT]
 *
 *   -b ADDR   listen on this numeric address instead of 127.0.0.1
 *   PORT      defaults to 6254; with 0 the kernel chooses
 *
 * Serves one client at a time.  Answers each frame with one of the same type:
 * echo, upper case, or the sum of its numbers; with an error frame when it
 * cannot.  Runs until it is killed.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "frame.h"
#include "net.h"
#include "std.h"
#include "tcp.h"
#include "todo.h"           /* remove it with the last step */

#define EXIT_USAGE   2
#define DEFAULT_PORT "6254"
#define PATIENCE_MS  1000       /* for a client to close after our answer */

struct options {
    struct sockaddr_storage addr;
    socklen_t addr_len;
};

/*
 * Read the command line.  Returns 0, or -1 on a usage error.
 */
static int parse_options(int argc, char *argv[], struct options *options)
{
    const char *host = "127.0.0.1";
    int option;

    while ((option = getopt(argc, argv, "b:")) != -1) {
        if (option != 'b')
            return -1;
        host = optarg;
    }
    if (argc - optind > 1)
        return -1;
    int port = net_parse_port(optind < argc ? argv[optind] : DEFAULT_PORT);
    if (port == -1)
        return -1;
    return net_parse_address(host, port, &options->addr, &options->addr_len);
}

/*
 * Send an error frame.  Returns 0, or -1 with errno set.
 */
static int send_error(int fd, const char *text)
{
    return frame_send(fd, FRAME_ERROR, text, strlen(text));
}

/*
 * Add up the numbers of a payload: len bytes, 4 for each number.
 */
static int64_t add_numbers(const unsigned char *payload, size_t len)
{
    int64_t total = 0;

    for (size_t at = 0; at < len; at += sizeof(int32_t)) {
        /* Step 2. Add the number in the four bytes at payload + at: it may be
         * negative, and lie at an odd address.  memcpy(3), ntohl(3) */
        todo(2);
    }
    return total;
}

/*
 * Answer a frame of numbers with one of eight bytes.  Returns 0 or -1.
 */
static int answer_sum(int fd, const struct frame *frame)
{
    unsigned char wire[sizeof(int64_t)];
    uint64_t total = (uint64_t)add_numbers(frame->payload, frame->len);

    for (size_t i = 0; i < sizeof wire; i++)
        wire[i] = (unsigned char)(total >> (56 - 8 * i));
    return frame_send(fd, FRAME_SUM, wire, sizeof wire);
}

/*
 * Answer one frame.  Returns 0, or -1 with errno set.
 */
static int answer_frame(int fd, struct frame *frame)
{
    /* Step 1. By frame->type: send the payload back as it is, or in upper
     * case; answer_sum() if its length is a multiple of 4; or send_error().
     * frame.h, toupper(3) */
    return todo(1);
}

/*
 * Answer the frames of one client until it is done.
 *
 * Returns 0, or -1 with errno set.
 */
static int answer_frames(int conn_fd)
{
    struct frame frame;
    int rc, why;

    do {
        rc = frame_receive(conn_fd, &frame);
        if (rc == 1 && answer_frame(conn_fd, &frame) == -1)
            rc = -1;
        why = errno;
        frame_release(&frame);
        errno = why;
    } while (rc == 1);

    /* Step 3. A frame that was announced too long (EMSGSIZE): say "too long";
     * nothing that follows can be understood.  frame.h */
    todo(3);
    return rc;
}

int main(int argc, char *argv[])
{
    struct options options;
    char why[TCP_WHY_SIZE];

    std_reserve();
    if (parse_options(argc, argv, &options) == -1)
        errx(EXIT_USAGE, "usage: msgd [-b ADDR] [PORT]");
    int listen_fd = tcp_listen(&options.addr, options.addr_len, why);
    if (listen_fd == -1)
        errx(EXIT_FAILURE, "%s", why);
    for (;;) {
        struct sockaddr_storage peer = { 0 };
        char name[NET_TEXT_SIZE];

        int conn_fd = tcp_accept(listen_fd, &peer);
        if (conn_fd == -1)
            err(EXIT_FAILURE, "accept");
        if (answer_frames(conn_fd) == -1)
            warn("%s", net_format_address(&peer, name));
        tcp_finish(conn_fd, PATIENCE_MS);
    }
}

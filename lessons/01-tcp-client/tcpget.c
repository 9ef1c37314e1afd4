/*
 * tcpget.c - lesson 01: a TCP client
 *
 * Usage: tcpget IPV4 PORT < request > reply
 *
 * Reads a request of at most 64 KiB from stdin, sends it unchanged, and
 * copies what comes back to stdout until the server closes.  Exits with 0,
 * with 1 when a call fails, with 2 on a usage error.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"
#include "todo.h"           /* remove it with the last step */

#define EXIT_USAGE    2
#define PORT_MAX      65535
#define REQUEST_LIMIT 65536     /* bytes */
#define BUFFER_SIZE   4096      /* bytes */

/*
 * Returns the port that text names, or -1 when text is not a number from 0 to
 * PORT_MAX in digits alone.
 */
static int parse_port(const char *text)
{
    /* Step 1. Digits alone, 0 to PORT_MAX; all else gives -1.  strtol(3) */
    return todo(1);
}

/*
 * Fill in *server, which is all zero, with an IPv4 address and a port.
 *
 * Returns 0, or -1 when text is not four numbers with dots.
 */
static int parse_address(const char *text, int port, struct sockaddr_in *server)
{
    /* Step 2. Family, port in network order, address.  inet_pton(3) */
    return todo(2);
}

/*
 * Read stdin to its end, but no more than size bytes.
 *
 * Returns the count of bytes, or -1 with errno set.
 */
static ssize_t read_request(char *buf, size_t size)
{
    size_t used = 0;

    while (used < size) {
        ssize_t n = read(STDIN_FILENO, buf + used, size - used);
        if (n == -1 && errno == EINTR)
            continue;               /* a signal came: ask again */
        if (n == -1)
            return -1;
        if (n == 0)
            break;                  /* end-of-file */
        used += (size_t)n;
    }
    return (ssize_t)used;
}

/*
 * Wait for a connect that a signal interrupted: it goes on by itself, and
 * must not be asked for again.
 *
 * Returns 0, or -1 with errno set when the connection failed.
 */
static int finish_connect(int fd)
{
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t len = sizeof error;

    while (poll(&ready, 1, -1) == -1)
        if (errno != EINTR)
            return -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

/*
 * Send all len bytes of buf on fd.
 *
 * Returns 0, or -1 with errno set when the connection broke on the way.
 */
static int send_all(int fd, const char *buf, size_t len)
{
    /* Step 5. Send until nothing is left: a call may take less.  send(2) */
    return todo(5);
}

/*
 * Write all len bytes of buf on stdout.  Returns 0, or -1 with errno set.
 */
static int write_all(const char *buf, size_t len)
{
    /* Step 7. Write until nothing is left: a pipe may take less.  write(2) */
    return todo(7);
}

/*
 * Copy what arrives on fd to stdout until the peer is done.
 *
 * Returns NULL at end-of-file, or the name of the call that failed, with
 * errno set.
 */
static const char *copy_reply(int fd)
{
    char buf[BUFFER_SIZE];

    for (;;) {
        /* Step 6. Receive some; return at the end or an error.  recv(2) */
        ssize_t n = todo(6);
        if (write_all(buf, (size_t)n) == -1)
            return "write";
    }
}

int main(int argc, char *argv[])
{
    struct sockaddr_in server = { 0 };
    char request[REQUEST_LIMIT + 1];    /* one more, to notice the excess */

    std_reserve();
    if (argc != 3)
        errx(EXIT_USAGE, "usage: tcpget IPV4 PORT < request > reply");
    int port = parse_port(argv[2]);
    if (port == -1)
        errx(EXIT_USAGE, "not a port from 0 to 65535: '%s'", argv[2]);
    if (parse_address(argv[1], port, &server) == -1)
        errx(EXIT_USAGE, "not an IPv4 address: '%s'", argv[1]);
    ssize_t len = read_request(request, sizeof request);
    if (len == -1)
        err(EXIT_FAILURE, "read");
    if (len > REQUEST_LIMIT)
        errx(EXIT_USAGE, "the request is longer than %d bytes", REQUEST_LIMIT);

    /* Step 3. Make a TCP socket for IPv4.  socket(2), tcp(7) */
    int fd = todo(3);
    if (fd == -1)
        err(EXIT_FAILURE, "socket");

    /* Step 4. Connect it to the address in server.  connect(2) */
    int rc = todo(4);
    if (rc == -1 && errno == EINTR)
        rc = finish_connect(fd);
    if (rc == -1)
        err(EXIT_FAILURE, "connect");

    if (send_all(fd, request, (size_t)len) == -1)
        err(EXIT_FAILURE, "send");
    const char *failed = copy_reply(fd);
    if (failed != NULL)
        err(EXIT_FAILURE, "%s", failed);

    /* Step 8. Give the descriptor back.  close(2) */
    todo(8);
    return EXIT_SUCCESS;
}

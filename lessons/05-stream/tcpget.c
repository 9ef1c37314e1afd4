/*
 * tcpget.c - lesson 05: the client of lesson 01, sending with send_all
 *
 * Usage: tcpget IPV4 PORT < request > reply
 *
 * Reads a request of at most 64 KiB from stdin, sends it unchanged, and
 * copies what comes back to stdout until the server closes.  Exits with 0,
 * with 1 when a call fails, with 2 on a usage error.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "stream.h"

#define EXIT_USAGE    2
#define REQUEST_LIMIT 65536     /* bytes */
#define BUFFER_SIZE   4096      /* bytes */

/*
 * Fill in *server, which is all zero, with an IPv4 address and a port.
 *
 * Returns 0, or -1 when text is not four numbers with dots.
 */
static int parse_address(const char *text, int port, struct sockaddr_in *server)
{
    server->sin_family = AF_INET;
    server->sin_port = htons((in_port_t)port);
    return inet_pton(AF_INET, text, &server->sin_addr) == 1 ? 0 : -1;
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
 * Write all len bytes of buf on stdout.  Returns 0, or -1 with errno set.
 */
static int write_all(const char *buf, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, buf, len);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        buf += n;
        len -= (size_t)n;
    }
    return 0;
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
        ssize_t n = recv(fd, buf, sizeof buf, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return "recv";          /* the connection broke */
        if (n == 0)
            return NULL;            /* end-of-file: the reply is complete */
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
    int port = net_parse_port(argv[2]);
    if (port == -1)
        errx(EXIT_USAGE, "not a port from 0 to 65535: '%s'", argv[2]);
    if (parse_address(argv[1], port, &server) == -1)
        errx(EXIT_USAGE, "not an IPv4 address: '%s'", argv[1]);

    ssize_t len = read_request(request, sizeof request);
    if (len == -1)
        err(EXIT_FAILURE, "read");
    if (len > REQUEST_LIMIT)
        errx(EXIT_USAGE, "the request is longer than %d bytes", REQUEST_LIMIT);

    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1)
        err(EXIT_FAILURE, "socket");

    int rc = connect(fd, (struct sockaddr *)&server, sizeof server);
    if (rc == -1 && errno == EINTR)
        rc = finish_connect(fd);
    if (rc == -1)
        err(EXIT_FAILURE, "connect");

    if (send_all(fd, request, (size_t)len, NULL) == -1)
        err(EXIT_FAILURE, "send");
    const char *failed = copy_reply(fd);
    if (failed != NULL)
        err(EXIT_FAILURE, "%s", failed);

    close(fd);
    return EXIT_SUCCESS;
}

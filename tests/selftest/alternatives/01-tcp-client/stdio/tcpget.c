/*
 * tcpget.c - lesson 01, another way: stdio on the socket, SIGPIPE ignored
 *
 * Two streams over two descriptors of one socket.  Both outputs are without a
 * buffer: what fwrite says it took has really gone, and the rest can be tried
 * again after a signal.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

#define REQUEST_LIMIT 65536     /* bytes */

static int parse_port(const char *text)
{
    char again[8];
    int port = -1;
    size_t zeros = strspn(text, "0");

    if (*text == '\0')
        return -1;
    text += zeros;                      /* 0080 is 80 */
    if (*text == '\0')
        return 0;
    if (sscanf(text, "%5d", &port) != 1 || port < 0 || port > 65535)
        return -1;
    snprintf(again, sizeof again, "%d", port);
    return strcmp(again, text) == 0 ? port : -1;
}

/* Read up to size bytes; fewer only at the end.  -1: the stream broke. */
static ssize_t get_all(FILE *in, char *buf, size_t size)
{
    size_t used = 0;

    for (;;) {
        used += fread(buf + used, 1, size - used, in);
        if (used == size || feof(in))
            return (ssize_t)used;
        if (errno != EINTR)
            return -1;
        clearerr(in);
    }
}

static int put_all(FILE *out, const char *buf, size_t len)
{
    while (len > 0) {
        size_t n = fwrite(buf, 1, len, out);
        buf += n;
        len -= n;
        if (len > 0 && errno != EINTR)
            return -1;
        clearerr(out);
    }
    return 0;
}

/* Copy in to out, a bufferful at a time, to the end. */
static void copy_stream(FILE *in, FILE *out)
{
    char buf[4096];
    ssize_t n;

    do {
        n = get_all(in, buf, sizeof buf);
        if (n == -1)
            err(1, "fread");
        if (put_all(out, buf, (size_t)n) == -1)
            err(1, "fwrite");
    } while (n == (ssize_t)sizeof buf);
}

static int connect_to(const struct sockaddr_in *server)
{
    int error = 0;
    socklen_t len = sizeof error;
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    if (fd == -1)
        err(1, "socket");
    if (connect(fd, (const struct sockaddr *)server, sizeof *server) == 0)
        return fd;
    if (errno != EINTR)
        err(1, "connect");
    struct pollfd wait = { .fd = fd, .events = POLLOUT };
    while (poll(&wait, 1, -1) == -1)
        if (errno != EINTR)
            err(1, "poll");
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    errno = error;
    if (error != 0)
        err(1, "connect");
    return fd;
}

int main(int argc, char *argv[])
{
    static char request[REQUEST_LIMIT + 1];
    struct sockaddr_in server = { .sin_family = AF_INET };

    std_reserve();
    if (argc != 3)
        errx(2, "usage: tcpget IPV4 PORT");
    int port = parse_port(argv[2]);
    if (port == -1)
        errx(2, "%s is no port", argv[2]);
    server.sin_port = htons((in_port_t)port);
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) != 1)
        errx(2, "%s is no IPv4 address", argv[1]);
    ssize_t len = get_all(stdin, request, sizeof request);
    if (len == -1)
        err(1, "fread");
    if (len > REQUEST_LIMIT)
        errx(2, "the request is too long");

    signal(SIGPIPE, SIG_IGN);
    int fd = connect_to(&server);
    FILE *in = fdopen(fd, "r");
    FILE *out = fdopen(dup(fd), "w");
    if (in == NULL || out == NULL)
        err(1, "fdopen");
    setvbuf(out, NULL, _IONBF, 0);
    setvbuf(stdout, NULL, _IONBF, 0);
    if (put_all(out, request, (size_t)len) == -1)
        err(1, "fwrite");
    copy_stream(in, stdout);
    fclose(out);
    fclose(in);
    return 0;
}

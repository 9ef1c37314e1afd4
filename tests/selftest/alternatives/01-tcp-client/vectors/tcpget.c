/*
 * tcpget.c - lesson 01, another way: readv and writev, SIGPIPE ignored
 *
 * Keeps the request in pages and hands all of them to the kernel with one
 * writev.  A connection that has gone is noticed by EPIPE, since the signal
 * is ignored for the whole program.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "std.h"

#define PAGE  4096              /* bytes */
#define PAGES 17                /* 64 KiB, and one more to see the excess */

static char pages[PAGES][PAGE];

static void usage(const char *what)
{
    fprintf(stderr, "tcpget: %s\nusage: tcpget IPV4 PORT\n", what);
    exit(2);
}

static in_port_t parse_port(const char *text)
{
    unsigned long value;
    char *end;

    for (const char *c = text; *c != '\0'; c++)
        if (*c < '0' || *c > '9')
            usage("a port is digits alone");
    errno = 0;
    value = strtoul(text, &end, 10);
    if (end == text || errno != 0 || value > USHRT_MAX)
        usage("a port is 0 to 65535");
    return (in_port_t)value;
}

/* Move the first vector that is not empty on by n bytes, and so on. */
static void advance(struct iovec *vector, int count, size_t n)
{
    for (int i = 0; i < count; i++) {
        size_t part = n < vector[i].iov_len ? n : vector[i].iov_len;
        vector[i].iov_base = (char *)vector[i].iov_base + part;
        vector[i].iov_len -= part;
        n -= part;
    }
}

static size_t total(const struct iovec *vector, int count)
{
    size_t sum = 0;

    for (int i = 0; i < count; i++)
        sum += vector[i].iov_len;
    return sum;
}

static size_t read_request(void)
{
    struct iovec room[PAGES];
    size_t used = 0;

    for (int i = 0; i < PAGES; i++)
        room[i] = (struct iovec){ pages[i], PAGE };
    while (total(room, PAGES) > 0) {
        ssize_t n = readv(0, room, PAGES);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            err(1, "readv");
        if (n == 0)
            break;
        advance(room, PAGES, (size_t)n);
        used += (size_t)n;
    }
    return used;
}

static void write_vectors(int fd, struct iovec *vector, int count)
{
    while (total(vector, count) > 0) {
        ssize_t n = writev(fd, vector, count);
        if (n == -1 && errno != EINTR)
            err(1, "writev");
        if (n > 0)
            advance(vector, count, (size_t)n);
    }
}

static void connect_to(int fd, const struct sockaddr_in *server)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    socklen_t len = sizeof errno;

    if (connect(fd, (const struct sockaddr *)server, sizeof *server) == 0)
        return;
    if (errno == EINTR) {
        int error = EINTR;
        while (poll(&p, 1, -1) == -1 && errno == EINTR)
            ;
        getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
        if (error == 0)
            return;
        errno = error;
    }
    err(1, "connect");
}

static void send_request(int fd, size_t len)
{
    struct iovec out[PAGES];

    for (int i = 0; i < PAGES; i++) {
        size_t part = len < PAGE ? len : PAGE;
        out[i] = (struct iovec){ pages[i], part };
        len -= part;
    }
    write_vectors(fd, out, PAGES);
}

static void copy_reply(int fd)
{
    for (;;) {
        struct iovec in[2] = { { pages[0], PAGE }, { pages[1], PAGE } };
        ssize_t n = readv(fd, in, 2);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            err(1, "readv");
        if (n == 0)
            return;
        struct iovec out = { pages[0], (size_t)n };     /* pages adjoin */
        write_vectors(1, &out, 1);
    }
}

int main(int argc, char *argv[])
{
    struct sockaddr_in server = { .sin_family = AF_INET };

    std_reserve();
    if (argc != 3)
        usage("two arguments are needed");
    server.sin_port = htons(parse_port(argv[2]));
    if (inet_pton(AF_INET, argv[1], &server.sin_addr) <= 0)
        usage("the address is not IPv4");
    size_t len = read_request();
    if (len > (PAGES - 1) * PAGE)
        usage("a request has at most 65536 bytes");

    signal(SIGPIPE, SIG_IGN);
    int fd = socket(PF_INET, SOCK_STREAM, IPPROTO_TCP);
    if (fd == -1)
        err(1, "socket");
    connect_to(fd, &server);
    send_request(fd, len);
    copy_reply(fd);
    close(fd);
    return 0;
}

/*
 * upperd.c - lesson 04, another way: readv into two halves, writev out of them
 *
 * The two halves are far apart, so that a short count may end in either one.
 * Knows IPv4 and IPv6 by a small table.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "std.h"

#define HALF 1500               /* bytes */

struct halves {
    char first[HALF];
    char gap[100];
    char second[HALF];
};

static const struct family {
    int number;
    socklen_t len;
    size_t host;                /* where the address begins */
    const char *format;
} families[] = {
    { AF_INET, sizeof(struct sockaddr_in),
      offsetof(struct sockaddr_in, sin_addr), "%s:%u" },
    { AF_INET6, sizeof(struct sockaddr_in6),
      offsetof(struct sockaddr_in6, sin6_addr), "[%s]:%u" },
};

static const struct family *parse(const char *host, const char *port,
                                  struct sockaddr_storage *addr)
{
    unsigned long number;
    char *end;

    if (strspn(port, "0123456789") == 0)
        return NULL;
    number = strtoul(port, &end, 10);
    if (*end != '\0' || number > 65535)
        return NULL;
    for (int i = 0; i < 2; i++) {
        char *where = (char *)addr + families[i].host;
        if (inet_pton(families[i].number, host, where) == 1) {
            addr->ss_family = (sa_family_t)families[i].number;
            ((struct sockaddr_in *)addr)->sin_port = htons((in_port_t)number);
            return &families[i];
        }
    }
    return NULL;
}

static char *show(const struct sockaddr_storage *addr, char *text, size_t size)
{
    const struct family *f = &families[addr->ss_family == AF_INET6];
    char host[INET6_ADDRSTRLEN];

    inet_ntop(f->number, (const char *)addr + f->host, host, sizeof host);
    snprintf(text, size, f->format, host,
             ntohs(((const struct sockaddr_in *)addr)->sin_port));
    return text;
}

static void raise_case(char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (bytes[i] >= 'a' && bytes[i] <= 'z')
            bytes[i] ^= 0x20;
}

static int write_halves(int fd, struct halves *h, size_t n1, size_t n2)
{
    struct iovec out[2] = { { h->first, n1 }, { h->second, n2 } };

    while (out[0].iov_len + out[1].iov_len > 0) {
        ssize_t n = writev(fd, out, 2);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        for (int i = 0; i < 2; i++) {
            size_t part = (size_t)n < out[i].iov_len ? (size_t)n
                                                     : out[i].iov_len;
            out[i].iov_base = (char *)out[i].iov_base + part;
            out[i].iov_len -= part;
            n -= (ssize_t)part;
        }
    }
    return 0;
}

static unsigned long serve(int fd)
{
    struct halves h;
    struct iovec in[2] = { { h.first, HALF }, { h.second, HALF } };
    unsigned long total = 0;

    for (;;) {
        ssize_t n = readv(fd, in, 2);
        if (n == 0 || (n == -1 && errno != EINTR))
            return total;
        if (n == -1)
            continue;
        size_t n1 = n < HALF ? (size_t)n : HALF;
        size_t n2 = (size_t)n - n1;
        total += (size_t)n;
        raise_case(h.first, n1);
        raise_case(h.second, n2);
        if (write_halves(fd, &h, n1, n2) == -1)
            return total;
    }
}

static int accept_one(int listen_fd, struct sockaddr_storage *peer)
{
    for (;;) {
        socklen_t len = sizeof *peer;
        int fd = accept(listen_fd, (struct sockaddr *)peer, &len);
        if (fd != -1)
            return fd;
        if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK)
            err(1, "accept");
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM
            || errno == ENOBUFS)
            poll(NULL, 0, 100);
    }
}

/* Serve the next client.  Returns whether there was one. */
static int serve_next(int listen_fd)
{
    struct sockaddr_storage peer;
    char name[80];
    int fd = accept_one(listen_fd, &peer);

    show(&peer, name, sizeof name);
    fprintf(stderr, "client %s\n", name);
    unsigned long total = serve(fd);
    close(fd);
    fprintf(stderr, "closed %s %lu bytes\n", name, total);
    return 1;
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage addr = { 0 };
    const char *host = "127.0.0.1", *port = "21577";
    int is_single = 0, on = 1, c;
    socklen_t len = sizeof addr;
    char text[80];

    std_reserve();
    while ((c = getopt(argc, argv, "1b:")) != -1)
        switch (c) {
        case '1': is_single = 1; break;
        case 'b': host = optarg; break;
        default: return 2;
        }
    if (optind < argc)
        port = argv[optind++];
    const struct family *family = parse(host, port, &addr);
    if (family == NULL || optind < argc)
        errx(2, "usage: upperd [-1] [-b ADDR] [PORT]");

    signal(SIGPIPE, SIG_IGN);
    int fd = socket(family->number, SOCK_STREAM, 0);
    if (fd == -1
        || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        err(1, "socket");
    if (bind(fd, (struct sockaddr *)&addr, family->len) == -1)
        err(1, "bind");
    if (listen(fd, 50) == -1)
        err(1, "listen");
    if (getsockname(fd, (struct sockaddr *)&addr, &len) == -1)
        err(1, "getsockname");
    if (dprintf(STDOUT_FILENO, "listening on %s\n",
                show(&addr, text, sizeof text)) < 0)
        err(1, "dprintf");
    while (!(serve_next(fd) && is_single))
        ;
    close(fd);
    return 0;
}

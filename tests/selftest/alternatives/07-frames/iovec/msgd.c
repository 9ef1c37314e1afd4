/*
 * msgd.c - an alternative for lesson 07: everything in one file, sendmsg(2)
 * with two pieces, MSG_WAITALL, a fixed buffer of 1 MiB.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "tcp.h"

#define LIMIT (1u << 20)

static unsigned char payload[LIMIT];

/* Returns the bytes received, fewer than len at the end, -1 at an error. */
static ssize_t receive(int fd, void *buf, size_t len)
{
    size_t got = 0;

    while (got < len) {
        ssize_t n = recv(fd, (char *)buf + got, len - got, MSG_WAITALL);
        if (n == 0)
            break;
        if (n == -1 && errno != EINTR)
            return -1;
        got += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)got;
}

static int reply(int fd, unsigned char type, const void *data, size_t len)
{
    unsigned char header[5] = { type, (unsigned char)(len >> 24),
                                (unsigned char)(len >> 16),
                                (unsigned char)(len >> 8), (unsigned char)len };
    struct iovec parts[2] = { { header, 5 }, { (void *)(uintptr_t)data, len } };
    struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

    while (parts[0].iov_len + parts[1].iov_len > 0) {
        ssize_t n = sendmsg(fd, &message, MSG_NOSIGNAL);
        if (n == -1 && errno != EINTR)
            return -1;
        for (int i = 0; n > 0 && i < 2; i++) {
            size_t part = (size_t)n < parts[i].iov_len ? (size_t)n
                                                       : parts[i].iov_len;
            parts[i].iov_base = (char *)parts[i].iov_base + part;
            parts[i].iov_len -= part;
            n -= (ssize_t)part;
        }
    }
    return 0;
}

static int error(int fd, const char *text)
{
    return reply(fd, 255, text, strlen(text));
}

static int answer(int fd, unsigned char type, size_t len)
{
    int64_t total = 0;

    if (type == 2)
        for (size_t i = 0; i < len; i++)
            payload[i] = (unsigned char)toupper(payload[i]);
    if (type == 1 || type == 2)
        return reply(fd, type, payload, len);
    if (type != 3 || len % 4 != 0)
        return error(fd, "cannot do that");
    for (size_t i = 0; i < len; i += 4)
        total += (int32_t)((uint32_t)payload[i] << 24 | payload[i + 1] << 16
                           | payload[i + 2] << 8 | payload[i + 3]);
    total = (int64_t)htobe64((uint64_t)total);
    return reply(fd, 3, &total, sizeof total);
}

static int serve(int fd)
{
    unsigned char header[5];
    ssize_t n;

    while ((n = receive(fd, header, 5)) == 5) {
        size_t len = (size_t)header[1] << 24 | (size_t)header[2] << 16
            | (size_t)header[3] << 8 | header[4];
        if (len > LIMIT)
            return error(fd, "too long");
        n = receive(fd, payload, len);
        if (n != (ssize_t)len || answer(fd, header[0], len) == -1)
            return -1;
    }
    return n == 0 ? 0 : -1;
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage addr;
    socklen_t len;
    char why[TCP_WHY_SIZE];
    const char *host = "127.0.0.1";

    std_reserve();
    if (argc > 2 && strcmp(argv[1], "-b") == 0) {
        host = argv[2];
        argc -= 2;
        argv += 2;
    }
    int port = net_parse_port(argc > 1 ? argv[1] : "6254");
    if (argc > 2 || port == -1
        || net_parse_address(host, port, &addr, &len) == -1)
        errx(2, "usage: msgd [-b ADDR] [PORT]");
    int listen_fd = tcp_listen(&addr, len, why);
    if (listen_fd == -1)
        errx(1, "%s", why);
    for (;;) {
        int fd = tcp_accept(listen_fd, &addr);
        if (serve(fd) == -1)
            warnx("a client's connection broke");
        tcp_finish(fd, 1000);
    }
}

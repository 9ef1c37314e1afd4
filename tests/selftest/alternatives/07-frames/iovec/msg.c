/*
 * msg.c - an alternative for lesson 07: everything in one file, read(2) and
 * write(2), SIGPIPE ignored.
 */
#include <arpa/inet.h>
#include <endian.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "tcp.h"

static unsigned char wire[5 + (1 << 20)];

static void move_all(ssize_t (*move)(int, void *, size_t), int fd,
                     unsigned char *buf, size_t len, const char *name)
{
    for (size_t done = 0; done < len; ) {
        ssize_t n = move(fd, buf + done, len - done);
        if (n == 0)
            errx(1, "%s: the stream ended", name);
        if (n == -1 && errno != EINTR)
            err(1, "%s", name);
        done += n > 0 ? (size_t)n : 0;
    }
}

static ssize_t put(int fd, void *buf, size_t len)
{
    return write(fd, buf, len);
}

static size_t pack(int argc, char *argv[])
{
    if (argc == 5 && (!strcmp(argv[3], "echo") || !strcmp(argv[3], "upper"))) {
        wire[0] = argv[3][0] == 'e' ? 1 : 2;
        return strlen(strcpy((char *)wire + 5, argv[4]));
    }
    if (argc < 4 || strcmp(argv[3], "sum") != 0)
        errx(2, "usage: msg HOST PORT echo|upper TEXT | sum N...");
    wire[0] = 3;
    for (int i = 4; i < argc; i++) {
        char *end;
        errno = 0;
        long n = strtol(argv[i], &end, 10);
        uint32_t bits = htonl((uint32_t)n);
        if (*end || end == argv[i] || n != (int32_t)n || errno)
            errx(2, "not a number of 32 bits: %s", argv[i]);
        memcpy(wire + 5 + 4 * (i - 4), &bits, 4);
    }
    return 4 * (size_t)(argc - 4);
}

int main(int argc, char *argv[])
{
    char why[TCP_WHY_SIZE];

    std_reserve();
    size_t len = pack(argc, argv);
    uint32_t net_len = htonl((uint32_t)len);
    unsigned char type = wire[0];
    uint64_t total;

    if (net_parse_port(argv[2]) == -1)
        errx(2, "not a port: %s", argv[2]);
    signal(SIGPIPE, SIG_IGN);
    int fd = tcp_connect(argv[1], argv[2], why);
    if (fd == -1)
        errx(1, "%s", why);
    memcpy(wire + 1, &net_len, 4);
    move_all(put, fd, wire, 5 + len, "write");
    move_all(read, fd, wire, 5, "read");
    memcpy(&net_len, wire + 1, 4);
    len = ntohl(net_len);
    if (len > 1 << 20)
        errx(1, "read: too long an answer");
    move_all(read, fd, wire + 5, len, "read");
    if (wire[0] == 255) {
        fprintf(stderr, "%.*s\n", (int)len, wire + 5);
        return 1;
    }
    if (wire[0] != type)
        errx(1, "read: an answer of another type");
    memcpy(&total, wire + 5, 8);
    if (type == 3)
        printf("%lld\n", (long long)be64toh(total));
    else
        fwrite(wire + 5, 1, len, stdout), puts("");
    if (fflush(stdout) == EOF || ferror(stdout))
        err(1, "write");
    return 0;
}

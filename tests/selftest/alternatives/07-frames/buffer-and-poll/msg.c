/*
 * msg.c - an alternative for lesson 07: on the modules of the course.
 */
#include <err.h>
#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "stream.h"
#include "tcp.h"

static unsigned char buf[5 + (1 << 20)];

static uint64_t big_endian(const unsigned char *bytes, int count)
{
    uint64_t value = 0;

    while (count-- > 0)
        value = value << 8 | *bytes++;
    return value;
}

static void put_u32(unsigned char *bytes, uint32_t value)
{
    for (int i = 3; i >= 0; i--, value >>= 8)
        bytes[i] = (unsigned char)value;
}

static uint32_t request(int argc, char *argv[])
{
    uint32_t len = 0;

    buf[0] = argc == 5 && strcmp(argv[3], "echo") == 0 ? 1
        : argc == 5 && strcmp(argv[3], "upper") == 0 ? 2
        : argc > 3 && strcmp(argv[3], "sum") == 0 ? 3 : 0;
    if (buf[0] == 0 || net_parse_port(argv[2]) == -1)
        errx(2, "usage: msg HOST PORT echo|upper TEXT | sum N...");
    if (buf[0] != 3)
        return (uint32_t)strlen(strcpy((char *)buf + 5, argv[4]));
    for (int i = 4; i < argc; i++, len += 4) {
        char *end;
        errno = 0;
        long long n = strtoll(argv[i], &end, 10);
        if (end == argv[i] || *end || errno || n > INT32_MAX || n < INT32_MIN)
            errx(2, "not a number: %s", argv[i]);
        put_u32(buf + 5 + len, (uint32_t)n);
    }
    return len;
}

static void take(int fd, void *to, size_t len)
{
    int rc = recv_exact(fd, to, len, NULL);

    if (rc == -1)
        err(1, "recv");
    if (rc == 0)
        errx(1, "recv: the answer broke off");
}

int main(int argc, char *argv[])
{
    char why[TCP_WHY_SIZE];

    std_reserve();
    uint32_t len = request(argc, argv);
    unsigned char type = buf[0];
    put_u32(buf + 1, len);
    int fd = tcp_connect(argv[1], argv[2], why);
    if (fd == -1)
        errx(1, "%s", why);
    if (send_all(fd, buf, len + 5, NULL) == -1)
        err(1, "send");
    take(fd, buf, 5);
    uint64_t reply_len = big_endian(buf + 1, 4);
    if (reply_len > 1 << 20)
        errx(1, "recv: too long");
    unsigned char got = buf[0];
    take(fd, buf, reply_len);
    if (got == 255)
        errx(1, "%.*s", (int)reply_len, (char *)buf);
    if (got != type)
        errx(1, "recv: another type");
    if (type == 3)
        printf("%lld", (long long)big_endian(buf, 8));
    else
        fwrite(buf, 1, reply_len, stdout);
    putchar('\n');
    if (fflush(stdout) == EOF || ferror(stdout))
        err(1, "write");
    return 0;
}

/*
 * msg.c - an alternative for lesson 07: stdio streams on the connection.
 */
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

static void put_u32(FILE *out, uint32_t n)
{
    fprintf(out, "%c%c%c%c", n >> 24, n >> 16 & 255, n >> 8 & 255, n & 255);
}

static int32_t number(const char *text)
{
    char *end;

    errno = 0;
    long n = strtol(text, &end, 10);
    if (*text == '\0' || *end || errno || n < INT32_MIN || n > INT32_MAX)
        errx(2, "not a number: %s", text);
    return (int32_t)n;
}

static void check(int argc, char *argv[])
{
    int is_sum = argc > 3 && !strcmp(argv[3], "sum");

    if (!is_sum && (argc != 5 || (strcmp(argv[3], "echo")
                                  && strcmp(argv[3], "upper"))))
        errx(2, "usage: msg HOST PORT echo|upper TEXT | sum N...");
    if (net_parse_port(argv[2]) == -1)
        errx(2, "not a port: %s", argv[2]);
    for (int i = 4; is_sum && i < argc; i++)
        number(argv[i]);
}

int main(int argc, char *argv[])
{
    char why[TCP_WHY_SIZE];
    unsigned char h[5], *data;
    uint64_t total = 0;

    std_reserve();
    check(argc, argv);
    signal(SIGPIPE, SIG_IGN);
    int fd = tcp_connect(argv[1], argv[2], why);
    if (fd == -1)
        errx(1, "%s", why);
    FILE *out = fdopen(dup(fd), "w"), *in = fdopen(fd, "r");
    int type = argv[3][0] == 'e' ? 1 : argv[3][0] == 'u' ? 2 : 3;
    putc(type, out);
    put_u32(out, type == 3 ? 4 * ((uint32_t)argc - 4)
                           : (uint32_t)strlen(argv[4]));
    for (int i = 4; i < argc; i++)
        type == 3 ? put_u32(out, (uint32_t)number(argv[i]))
                  : (void)fputs(argv[4], out);
    if (fflush(out) == EOF)
        err(1, "write");
    if (fread(h, 1, 5, in) != 5)
        errx(1, "read: no answer");
    uint32_t len = (uint32_t)h[1] << 24 | h[2] << 16 | h[3] << 8 | h[4];
    if (len > 1 << 20 || (data = malloc(len + 8u)) == NULL
        || fread(data, 1, len, in) != len)
        errx(1, "read: half an answer");
    if (h[0] != type)
        errx(1, "%.*s", (int)len, (char *)data);
    for (int i = 0; i < 8 && type == 3; i++)
        total = total << 8 | data[i];
    if (type == 3)
        printf("%lld\n", (long long)total);
    else
        fwrite(data, 1, len, stdout), puts("");
    if (fflush(stdout) == EOF || ferror(stdout))
        err(1, "write");
    free(data);
    return fclose(in) | fclose(out);
}

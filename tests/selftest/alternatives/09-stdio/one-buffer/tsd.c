/*
 * tsd.c - an alternative for lesson 09: no stdio on the
 * socket at all: a buffer of its own, filled piece by piece and sent when it
 * is full
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "tcp.h"

#define LIMIT 8192

/* What the command line says. */
static struct {
    int mode;
    size_t size;
    long long clock;            /* -1: the real one */
    const char *host, *port;
} opt = { 2, 0, -1, "127.0.0.1", "21567" };     /* 0 none, 1 line, 2 full */

static void usage(void)
{
    errx(2, "usage: tsd [-m none|line|full|SIZE] [-t EPOCH] [-b ADDR] [PORT]");
}

static long long number(const char *text)
{
    if (*text == '\0' || strlen(text) > 12 || text[strspn(text, "0123456789")])
        usage();
    return atoll(text);
}

static size_t size(const char *text)
{
    long long bytes = number(text);

    if (bytes < 2 || bytes > 1 << 20)
        usage();
    return (size_t)bytes;
}

static void parse(int argc, char *argv[])
{
    int c;

    while ((c = getopt(argc, argv, "m:t:b:")) != -1) {
        if (c == 't')
            opt.clock = number(optarg);
        else if (c == 'b')
            opt.host = optarg;
        else if (c != 'm')
            usage();
        else if (!strcmp(optarg, "none") || !strcmp(optarg, "0"))
            opt.mode = 0;
        else if (!strcmp(optarg, "line") || !strcmp(optarg, "1"))
            opt.mode = 1;
        else {
            opt.mode = 2;
            opt.size = strcmp(optarg, "full") == 0 ? 0 : size(optarg);
        }
    }
    if (argc - optind > 1)
        usage();
    if (optind < argc)
        opt.port = argv[optind];
}

static int listen_there(void)
{
    struct sockaddr_storage addr;
    char why[TCP_WHY_SIZE];
    socklen_t len;
    int port = net_parse_port(opt.port);

    if (port == -1 || net_parse_address(opt.host, port, &addr, &len) == -1)
        usage();
    signal(SIGPIPE, SIG_IGN);
    int fd = tcp_listen(&addr, len, why);
    if (fd == -1)
        errx(1, "%s", why);
    return fd;
}

/* A buffer for output, as small as -m says. */
struct out {
    int fd;
    char *buf;
    size_t room, used;
    bool failed;
};

static void flush_out(struct out *out)
{
    for (size_t at = 0; at < out->used && !out->failed; ) {
        ssize_t n = send(out->fd, out->buf + at, out->used - at, MSG_NOSIGNAL);
        if (n == -1 && errno != EINTR)
            out->failed = true;
        at += n > 0 ? (size_t)n : 0;
    }
    out->used = 0;
}

static void put(struct out *out, const char *data, size_t len)
{
    while (len > 0) {
        size_t n = out->room - out->used < len ? out->room - out->used : len;
        memcpy(out->buf + out->used, data, n);
        out->used += n;
        data += n;
        len -= n;
        if (out->used == out->room || opt.mode == 0)
            flush_out(out);
    }
}

static void answer(struct out *out, const char *line, size_t len)
{
    char text[32];
    time_t now = opt.clock >= 0 ? (time_t)opt.clock : time(NULL);

    ctime_r(&now, text);
    put(out, "[", 1);
    put(out, text, 24);
    put(out, "] ", 2);
    put(out, line, len > 0 && line[len - 1] == '\r' ? len - 1 : len);
    put(out, "\n", 1);
    flush_out(out);
}

/* Returns -1 when the connection broke. */
static int serve(struct out *out)
{
    char buf[LIMIT];
    size_t used = 0;

    while (!out->failed) {
        char *newline = memchr(buf, '\n', used);
        if (newline != NULL) {
            answer(out, buf, (size_t)(newline - buf));
            used -= (size_t)(newline + 1 - buf);
            memmove(buf, newline + 1, used);
            continue;
        }
        if (used == LIMIT) {
            put(out, "error: line too long\n", 21);
            flush_out(out);
            return 0;
        }
        ssize_t n = recv(out->fd, buf + used, LIMIT - used, 0);
        if (n == 0)
            return 0;
        if (n == -1 && errno != EINTR)
            return -1;
        used += n > 0 ? (size_t)n : 0;
    }
    return -1;
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage peer;
    static char memory[1 << 20];

    std_reserve();
    parse(argc, argv);
    int listen_fd = listen_there();
    for (;;) {
        struct out out = { .fd = tcp_accept(listen_fd, &peer), .buf = memory };
        out.room = opt.size > 0 && opt.size < sizeof memory ? opt.size
                                                            : sizeof memory;
        if (serve(&out) == -1)
            warn("client");
        tcp_finish(out.fd, 1000);
    }
}

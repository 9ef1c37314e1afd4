/*
 * tsd.c - an alternative for lesson 09: one stream both
 * ways made by fopencookie(3), which never raises SIGPIPE
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

static ssize_t read_cookie(void *cookie, char *buf, size_t size)
{
    ssize_t n;

    do
        n = recv(*(int *)cookie, buf, size, 0);
    while (n == -1 && errno == EINTR);
    return n;
}

static ssize_t write_cookie(void *cookie, const char *buf, size_t size)
{
    size_t done = 0;

    while (done < size) {
        ssize_t n = send(*(int *)cookie, buf + done, size - done,
                         MSG_NOSIGNAL);
        if (n == -1 && errno != EINTR)
            return 0;
        done += n > 0 ? (size_t)n : 0;
    }
    return (ssize_t)size;
}

/* Returns the length of the line, -1 at the end, -2 when it is too long. */
static int get_line(FILE *in, char *line)
{
    int c, used = 0;

    while ((c = getc(in)) != EOF && c != '\n')
        if (used == LIMIT - 1)
            return -2;
        else
            line[used++] = (char)c;
    if (c == EOF)
        return -1;
    return used > 0 && line[used - 1] == '\r' ? used - 1 : used;
}

static int serve(int fd)
{
    static char memory[1 << 20];
    cookie_io_functions_t calls = { .read = read_cookie };
    FILE *in = fopencookie(&fd, "r", calls);
    calls = (cookie_io_functions_t){ .write = write_cookie };
    FILE *out = fopencookie(&fd, "w", calls);
    char line[LIMIT], text[32];
    int len, rc = -1;

    if (in == NULL || out == NULL) {
        if (in != NULL)
            fclose(in);
        return -1;
    }
    setvbuf(out, opt.size > 0 ? memory : NULL,
            opt.mode == 0 ? _IONBF : opt.mode == 1 ? _IOLBF : _IOFBF, opt.size);
    while ((len = get_line(in, line)) >= 0) {
        time_t now = opt.clock >= 0 ? (time_t)opt.clock : time(NULL);
        fprintf(out, "[%.24s] ", ctime_r(&now, text));
        fwrite(line, 1, (size_t)len, out);
        putc('\n', out);
        if (fflush(out) == EOF || ferror(out))
            break;
    }
    if (len == -2)
        fputs("error: line too long\n", out);
    if (len < 0)
        rc = ferror(in) || fflush(out) == EOF || ferror(out) ? -1 : 0;
    fclose(in);
    return fclose(out) == EOF ? -1 : rc;
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage peer;

    std_reserve();
    parse(argc, argv);
    int listen_fd = listen_there();
    for (;;) {
        int fd = tcp_accept(listen_fd, &peer);
        if (serve(fd) == -1)
            warnx("a client's connection broke");
        tcp_finish(fd, 1000);
    }
}

/*
 * tsd.c - an alternative for lesson 09: a child for each client, and lines by
 * fscanf(3), which counts their bytes, NUL included
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

static void finish(int fd)
{
    struct pollfd ready = { .fd = fd, .events = POLLIN };
    char buf[4096];

    shutdown(fd, SHUT_WR);
    while (poll(&ready, 1, 1000) == 1 && recv(fd, buf, sizeof buf, 0) > 0)
        ;
}

/* Returns the length of the line, -1 at the end, -2 when it is too long. */
static int get_line(FILE *in, char line[LIMIT])
{
    int len = 0, c;

    fscanf(in, "%8191[^\n]%n", line, &len);    /* an empty line matches not */
    c = getc(in);
    if (c == EOF || ferror(in))
        return -1;
    if (c != '\n')
        return -2;
    return len > 0 && line[len - 1] == '\r' ? len - 1 : len;
}

static int talk(FILE *in, FILE *out)
{
    char line[LIMIT], text[32];
    int len;

    while ((len = get_line(in, line)) >= 0) {
        time_t now = opt.clock >= 0 ? (time_t)opt.clock : time(NULL);
        fputs("[", out);
        fprintf(out, "%.24s] ", ctime_r(&now, text));
        fwrite(line, 1, (size_t)len, out);
        fputs("\n", out);
        if (fflush(out) == EOF || ferror(out))
            return -1;
    }
    if (len == -2)
        fputs("error: line too long\n", out);
    return ferror(in) || fflush(out) == EOF || ferror(out) ? -1 : 0;
}

/* Serve one client in a process of its own, which gives back nothing. */
static int serve(int fd)
{
    int copy = dup(fd);
    FILE *in = fdopen(fd, "r"), *out = copy == -1 ? NULL : fdopen(copy, "w");
    char *memory = malloc(opt.size + 1);

    if (in == NULL || out == NULL || memory == NULL)
        return -1;
    setvbuf(out, opt.size > 0 ? memory : NULL,
            opt.mode == 0 ? _IONBF : opt.mode == 1 ? _IOLBF : _IOFBF, opt.size);
    int rc = talk(in, out);
    int why = errno;
    finish(fd);
    errno = why;
    return rc;
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage peer;

    std_reserve();
    parse(argc, argv);
    int listen_fd = listen_there();
    signal(SIGCHLD, SIG_IGN);
    for (;;) {
        int fd = tcp_accept(listen_fd, &peer);
        pid_t pid = fork();
        if (pid == 0) {
            close(listen_fd);
            if (serve(fd) == -1)
                warn("client");
            _exit(0);
        }
        close(fd);
    }
}

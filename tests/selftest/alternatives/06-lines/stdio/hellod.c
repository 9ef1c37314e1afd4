/*
 * hellod.c - by stdio: getc finds the lines, one buffered stream each way
 *
 * What differs: no buffer of its own for what is received, no line reader; a
 * line is collected byte by byte from a FILE, an answer is printed to another.
 * SIGPIPE is ignored for the whole process.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "tcp.h"

#define LIMIT 8192

/* -1 at the end, -2 when too long, else the length without the line end. */
static int get_line(FILE *in, char *line)
{
    int used = 0, byte;

    while (used < LIMIT) {
        errno = 0;
        byte = getc(in);
        if (byte == EOF && errno == EINTR) {
            clearerr(in);
            continue;
        }
        if (byte == EOF)
            return -1;
        if (byte == '\n')
            return used > 0 && line[used - 1] == '\r' ? used - 1 : used;
        line[used++] = (char)byte;
    }
    return -2;
}

static int flush(FILE *out)
{
    while (fflush(out) == EOF) {
        if (errno != EINTR)
            return -1;
        clearerr(out);
    }
    return 0;
}

static void serve(FILE *in, FILE *out)
{
    char line[LIMIT];
    int len;

    fputs("Welcome!\n", out);
    while (flush(out) == 0 && (len = get_line(in, line)) != -1) {
        if (len == -2) {
            fputs("error: line too long\n", out);
            flush(out);
            return;
        }
        if (len == 4 && memcmp(line, "exit", 4) == 0)
            return;
        fputs("Hello, ", out);
        fwrite(line, 1, (size_t)len, out);
        fputs("!\n", out);
    }
}

static void serve_fd(int fd)
{
    int in_fd = dup(fd), out_fd = dup(fd);
    FILE *in = in_fd == -1 ? NULL : fdopen(in_fd, "r");
    FILE *out = out_fd == -1 ? NULL : fdopen(out_fd, "w");

    if (in != NULL && out != NULL) {
        setvbuf(out, NULL, _IOFBF, 16384);
        serve(in, out);
    }
    if (in != NULL)
        fclose(in);
    else if (in_fd != -1)
        close(in_fd);
    if (out != NULL)
        fclose(out);
    else if (out_fd != -1)
        close(out_fd);
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage addr = { 0 }, peer = { 0 };
    socklen_t len;
    const char *host = "127.0.0.1";
    char why[TCP_WHY_SIZE], name[NET_TEXT_SIZE];
    int c;

    std_reserve();
    while ((c = getopt(argc, argv, "b:")) == 'b')
        host = optarg;
    int port = net_parse_port(optind < argc ? argv[optind] : "9999");
    if (c != -1 || argc - optind > 1 || port == -1
        || net_parse_address(host, port, &addr, &len) == -1)
        errx(2, "usage: hellod [-b ADDR] [PORT]");
    signal(SIGPIPE, SIG_IGN);
    int listen_fd = tcp_listen(&addr, len, why);
    if (listen_fd == -1)
        errx(1, "%s", why);
    for (;;) {
        int fd = tcp_accept(listen_fd, &peer);
        if (fd == -1)
            err(1, "accept");
        warnx("Accept new connection from %s...",
              net_format_address(&peer, name));
        serve_fd(fd);
        tcp_finish(fd, 1000);
        warnx("Connection from %s closed.", name);
    }
}

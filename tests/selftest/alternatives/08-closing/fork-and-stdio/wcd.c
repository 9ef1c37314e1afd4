/*
 * wcd.c - an alternative for lesson 08: a child for each client, which reads
 * it through stdio.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "tcp.h"

#define USAGE "usage: wcd [-k N] [-D] [-b ADDR] [PORT]"

static void serve(int fd, unsigned long long limit)
{
    unsigned long long lines = 0, words = 0, bytes = 0;
    FILE *in = fdopen(fd, "r");
    bool in_word = false;
    int c;

    if (in == NULL)
        return;
    while (bytes < limit && (c = getc(in)) != EOF) {
        bool blank = c < 128 && isspace(c);
        bytes++;
        lines += c == '\n';
        words += !blank && !in_word;
        in_word = !blank;
    }
    if (ferror(in))
        return;
    dprintf(fd, "%llu %llu %llu\n", lines, words, bytes);
    shutdown(fd, SHUT_WR);
    while (getc(in) != EOF)
        ;
    fclose(in);
}

static void serve_clients(int listen_fd, unsigned long long limit, bool keep)
{
    int copy_fd = -1;

    for (;;) {
        struct sockaddr_storage peer;
        int fd = tcp_accept(listen_fd, &peer);
        pid_t pid = fd == -1 ? -1 : fork();

        if (pid == 0) {
            close(listen_fd);
            serve(fd, limit);
            _exit(0);
        }
        if (copy_fd != -1)
            close(copy_fd);
        copy_fd = keep ? dup(fd) : -1;
        close(fd);
    }
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage addr;
    socklen_t len;
    unsigned long long limit = -1ULL;
    const char *host = "127.0.0.1";
    char why[TCP_WHY_SIZE], *end = "";
    bool keep = false;
    int option;

    std_reserve();
    while ((option = getopt(argc, argv, "Dk:b:")) != -1) {
        switch (option) {
        case 'D': keep = true; break;
        case 'k': limit = strtoull(optarg, &end, 10); break;
        case 'b': host = optarg; break;
        default: errx(2, USAGE);
        }
    }
    int port = net_parse_port(argc > optind ? argv[optind] : "44444");
    if (*end || argc > optind + 1 || port < 0
        || net_parse_address(host, port, &addr, &len))
        errx(2, USAGE);
    signal(SIGCHLD, SIG_IGN);           /* the kernel buries the children */
    signal(SIGPIPE, SIG_IGN);
    int listen_fd = tcp_listen(&addr, len, why);
    if (listen_fd == -1)
        errx(1, "%s", why);
    serve_clients(listen_fd, limit, keep);
}

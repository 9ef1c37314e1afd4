/*
 * wcd.c - an alternative for lesson 08: a thread for each client, readv(2)
 * and sendmsg(2), its own way to the listening socket, and close without
 * shutdown where nobody else holds the connection.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net.h"
#include "std.h"

static unsigned long limit = ULONG_MAX;
static bool keep_copy;
static int copy_fd = -1;

static ssize_t receive(int fd, char *buf, size_t size)
{
    struct iovec parts[2] = { { buf, size / 2 },
                              { buf + size / 2, size - size / 2 } };
    ssize_t n;

    do
        n = readv(fd, parts, 2);
    while (n == -1 && errno == EINTR);
    return n;
}

static void *serve(void *arg)
{
    int fd = (int)(intptr_t)arg;
    unsigned long lines = 0, words = 0, bytes = 0;
    char buf[3000], before = ' ';
    ssize_t n = 1;

    while (bytes < limit) {
        n = receive(fd, buf, limit - bytes < 3000 ? limit - bytes : 3000);
        if (n <= 0)
            break;
        for (ssize_t i = 0; i < n; before = buf[i++]) {
            bool blank = buf[i] == ' ' || (buf[i] > 8 && buf[i] < 14);
            bool was_blank = before == ' ' || (before > 8 && before < 14);
            lines += buf[i] == '\n';
            words += !blank && was_blank;
        }
        bytes += (unsigned long)n;
    }
    if (n != -1) {
        int len = snprintf(buf, sizeof buf, "%lu %lu %lu\n", lines, words,
                           bytes);
        struct iovec whole = { buf, (size_t)len };
        struct msghdr message = { .msg_iov = &whole, .msg_iovlen = 1 };
        sendmsg(fd, &message, MSG_NOSIGNAL);
        if (keep_copy || n > 0)
            shutdown(fd, SHUT_WR);
        while (n > 0)
            n = receive(fd, buf, sizeof buf);
    }
    close(fd);
    return NULL;
}

static void serve_clients(int listen_fd)
{
    for (;;) {
        pthread_t thread;
        int fd = accept(listen_fd, NULL, NULL);

        if (fd == -1) {
            poll(NULL, 0, errno == EMFILE || errno == ENFILE ? 20 : 0);
            continue;
        }
        if (copy_fd != -1)
            close(copy_fd);
        copy_fd = keep_copy ? dup(fd) : -1;
        if (pthread_create(&thread, NULL, serve, (void *)(intptr_t)fd) == 0)
            pthread_detach(thread);
        else
            close(fd);
    }
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage addr;
    socklen_t len;
    const char *host = "127.0.0.1", *number = "";
    int option, on = 1;

    std_reserve();
    while ((option = getopt(argc, argv, "k:Db:")) != -1) {
        if (option == 'k')
            limit = strtoul(number = optarg, NULL, 10);
        else if (option == 'D')
            keep_copy = true;
        else if (option == 'b')
            host = optarg;
        else
            exit(2);
    }
    int port = net_parse_port(optind < argc ? argv[optind] : "44444");
    if (strspn(number, "0123456789") != strlen(number) || optind < argc - 1
        || port == -1 || net_parse_address(host, port, &addr, &len) == -1)
        errx(2, "usage: wcd [-k N] [-D] [-b ADDR] [PORT]");
    int fd = socket(addr.ss_family, SOCK_STREAM, 0);
    if (fd == -1
        || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        err(1, "socket");
    if (bind(fd, (struct sockaddr *)&addr, len) == -1)
        err(1, "bind");
    len = sizeof addr;
    if (listen(fd, 64) == -1
        || getsockname(fd, (struct sockaddr *)&addr, &len) == -1
        || net_announce(&addr) == -1)
        err(1, "listen");
    serve_clients(fd);
}

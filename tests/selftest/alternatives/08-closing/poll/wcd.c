/*
 * wcd.c - an alternative for lesson 08: one poll(2) loop, non-blocking
 * sockets, many clients at once, SIGPIPE ignored.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "tcp.h"

#define CLIENTS 200

struct client {
    uint64_t lines, words, bytes;
    bool in_word, answered;
};

static struct pollfd fds[CLIENTS + 1];
static struct client clients[CLIENTS + 1];
static nfds_t used = 1;
static uint64_t limit = UINT64_MAX;
static int copy_fd = -1;
static bool keep_copy;

static void count(struct client *c, const char *buf, ssize_t n)
{
    for (ssize_t i = 0; i < n && c->bytes < limit; i++, c->bytes++) {
        bool blank = buf[i] != '\0' && strchr(" \t\n\v\f\r", buf[i]);
        c->lines += buf[i] == '\n';
        c->words += !blank && !c->in_word;
        c->in_word = !blank;
    }
}

static void answer(int fd, struct client *c)
{
    char text[100];
    int len = sprintf(text, "%ju %ju %ju\n", (uintmax_t)c->lines,
                      (uintmax_t)c->words, (uintmax_t)c->bytes);

    if (write(fd, text, (size_t)len) != len)
        warn("write");              /* a hundred bytes always fit */
    shutdown(fd, SHUT_WR);
    c->answered = true;
}

/* Returns false when this client is done with. */
static bool go_on(int fd, struct client *c)
{
    char buf[8000];
    ssize_t n = read(fd, buf, sizeof buf);

    if (n == -1)
        return errno == EAGAIN || errno == EINTR;
    if (!c->answered)
        count(c, buf, n);
    if (!c->answered && (n == 0 || c->bytes == limit))
        answer(fd, c);
    return n > 0;
}

static void add_client(int listen_fd)
{
    int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK);

    if (fd == -1) {
        if (errno == EMFILE || errno == ENFILE)
            poll(NULL, 0, 50);
        return;
    }
    if (copy_fd != -1)
        close(copy_fd);
    copy_fd = keep_copy ? dup(fd) : -1;
    fds[used] = (struct pollfd){ .fd = fd, .events = POLLIN };
    clients[used] = (struct client){ 0 };
    if (limit == 0)
        answer(fd, &clients[used]);
    used++;
}

static void loop(void)
{
    for (;;) {
        fds[0].events = used <= CLIENTS ? POLLIN : 0;
        if (poll(fds, used, -1) == -1)
            continue;
        for (nfds_t i = used - 1; i > 0; i--) {
            if (!fds[i].revents || go_on(fds[i].fd, &clients[i]))
                continue;
            close(fds[i].fd);
            fds[i] = fds[--used];
            clients[i] = clients[used];
        }
        if (fds[0].revents)
            add_client(fds[0].fd);
    }
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage addr;
    socklen_t len;
    const char *host = "127.0.0.1";
    char why[TCP_WHY_SIZE];
    char *end = "";
    int option, port;

    std_reserve();
    while ((option = getopt(argc, argv, "k:Db:")) != -1) {
        if (option == 'k' && optarg[strspn(optarg, "0123456789")] != '\0')
            option = '?';
        if (option == 'k')
            limit = strtoull(optarg, &end, 10);
        keep_copy |= option == 'D';
        host = option == 'b' ? optarg : host;
        if (option == '?')
            errx(2, "usage: wcd [-k N] [-D] [-b ADDR] [PORT]");
    }
    port = net_parse_port(optind < argc ? argv[optind] : "44444");
    if (argc - optind > 1 || port == -1
        || net_parse_address(host, port, &addr, &len) == -1)
        errx(2, "usage: wcd [-k N] [-D] [-b ADDR] [PORT]");
    signal(SIGPIPE, SIG_IGN);
    fds[0].fd = tcp_listen(&addr, len, why);
    if (fds[0].fd == -1)
        errx(1, "%s", why);
    fcntl(fds[0].fd, F_SETFL, O_NONBLOCK);
    loop();
}

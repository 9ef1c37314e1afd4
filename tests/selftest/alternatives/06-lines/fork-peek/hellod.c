/*
 * hellod.c - a process for each client, and no buffer between two lines
 *
 * What differs: the client is served by a child; recv with MSG_PEEK looks how
 * far the line goes and then takes exactly that, so that nothing is left over
 * to be kept.  The kernel reaps the children (SIGCHLD is ignored).
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "stream.h"
#include "tcp.h"

#define LIMIT 8192

/*
 * Take one line with its newline into line.  Returns its length; 0 at the
 * end, -1 on an error, -2 when it is too long.
 */
static ssize_t take_line(int fd, char *line)
{
    size_t used = 0;

    while (used < LIMIT) {
        ssize_t seen = recv(fd, line + used, LIMIT - used, MSG_PEEK);
        if (seen == -1 && errno == EINTR)
            continue;
        if (seen <= 0)
            return seen;
        char *newline = memchr(line + used, '\n', (size_t)seen);
        size_t take = newline != NULL ? (size_t)(newline - line) + 1 - used
                                      : (size_t)seen;
        int rc = recv_exact(fd, line + used, take, NULL);
        if (rc != 1)
            return rc;
        used += take;
        if (newline != NULL)
            return (ssize_t)used;
    }
    return -2;
}

static void serve(int fd)
{
    static char line[7 + LIMIT + 2] = "Hello, ";
    ssize_t len;

    if (send_all(fd, "Welcome!\n", 9, NULL) == -1)
        return;
    while ((len = take_line(fd, line + 7)) > 0) {
        len--;
        if (len > 0 && line[7 + len - 1] == '\r')
            len--;
        if (len == 4 && memcmp(line + 7, "exit", 4) == 0)
            return;
        memcpy(line + 7 + len, "!\n", 2);
        if (send_all(fd, line, (size_t)len + 9, NULL) == -1)
            return;
    }
    if (len == -2)
        send_all(fd, "error: line too long\n", 21, NULL);
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
    signal(SIGCHLD, SIG_IGN);
    int listen_fd = tcp_listen(&addr, len, why);
    if (listen_fd == -1)
        errx(1, "%s", why);
    for (;;) {
        int fd = tcp_accept(listen_fd, &peer);
        if (fd == -1)
            err(1, "accept");
        dprintf(2, "Accept new connection from %s...\n",
                net_format_address(&peer, name));
        if (fork() == 0) {
            close(listen_fd);
            serve(fd);
            tcp_finish(fd, 1000);
            dprintf(2, "Connection from %s closed.\n", name);
            _exit(0);
        }
        close(fd);
    }
}

/*
 * upperd.c - lesson 04, another way: a child process for each client
 *
 * The parent only accepts.  Children are buried by the kernel, since SIGCHLD
 * is ignored, and die with their parent.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "std.h"

struct endpoint {
    struct sockaddr_storage addr;
    socklen_t len;
    char text[72];
};

static int parse_port(const char *text)
{
    size_t digits = strspn(text, "0123456789");
    long port = digits > 0 && digits < 10 ? atol(text) : -1;

    return text[digits] == '\0' && port <= 65535 ? (int)port : -1;
}

static int parse_endpoint(struct endpoint *e, const char *host, int port)
{
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    struct sockaddr_in v4 = { .sin_family = AF_INET };

    v4.sin_port = v6.sin6_port = htons((in_port_t)port);
    if (inet_pton(AF_INET, host, &v4.sin_addr) == 1)
        memcpy(&e->addr, &v4, e->len = sizeof v4);
    else if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1)
        memcpy(&e->addr, &v6, e->len = sizeof v6);
    else
        return -1;
    return port == -1 ? -1 : 0;
}

static void describe(struct endpoint *e)
{
    char host[INET6_ADDRSTRLEN] = "?";

    if (e->addr.ss_family == AF_INET) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)&e->addr;
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(e->text, sizeof e->text, "%s:%d", host, ntohs(v4->sin_port));
    } else {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&e->addr;
        inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
        snprintf(e->text, sizeof e->text, "[%s]:%d", host,
                 ntohs(v6->sin6_port));
    }
}

static unsigned long serve(int fd)
{
    unsigned long total = 0;
    char buf[1024];

    for (;;) {
        ssize_t n = recv(fd, buf, sizeof buf, 0);
        if (n == 0 || (n == -1 && errno != EINTR))
            return total;
        total += n > 0 ? (unsigned long)n : 0;
        for (ssize_t i = 0; i < n; i++)
            buf[i] = (char)toupper((unsigned char)buf[i]);
        for (ssize_t done = 0; done < n;) {
            ssize_t sent = send(fd, buf + done, (size_t)(n - done),
                                MSG_NOSIGNAL);
            if (sent == -1 && errno != EINTR)
                return total;
            done += sent > 0 ? sent : 0;
        }
    }
}

static void live_as_child(int listen_fd, int conn_fd, const char *peer)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    close(listen_fd);
    fprintf(stderr, "client %s\n", peer);
    unsigned long total = serve(conn_fd);
    fprintf(stderr, "closed %s %lu bytes\n", peer, total);
    close(conn_fd);
    _exit(0);
}

/* Returns whether a client was there and has got its child. */
static int serve_next(int listen_fd)
{
    struct endpoint peer = { .len = sizeof peer.addr };
    int fd = accept(listen_fd, (struct sockaddr *)&peer.addr, &peer.len);

    if (fd == -1) {
        if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK)
            err(1, "accept");
        if (errno == EMFILE || errno == ENFILE || errno == ENOMEM
            || errno == ENOBUFS)
            poll(NULL, 0, 100);
        return 0;
    }
    describe(&peer);
    pid_t pid = fork();
    if (pid == 0)
        live_as_child(listen_fd, fd, peer.text);
    if (pid == -1)
        warn("fork");
    close(fd);
    return 1;
}

static int open_listener(struct endpoint *e)
{
    int on = 1;
    int fd = socket(e->addr.ss_family, SOCK_STREAM, 0);

    if (fd == -1)
        err(1, "socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        err(1, "setsockopt");
    if (bind(fd, (struct sockaddr *)&e->addr, e->len) == -1)
        err(1, "bind");
    if (listen(fd, 100) == -1)
        err(1, "listen");
    e->len = sizeof e->addr;
    if (getsockname(fd, (struct sockaddr *)&e->addr, &e->len) == -1)
        err(1, "getsockname");
    describe(e);
    return fd;
}

int main(int argc, char *argv[])
{
    struct endpoint local = { .len = 0 };
    const char *host = "127.0.0.1";
    int is_single = 0;
    int option;

    std_reserve();
    while ((option = getopt(argc, argv, "b:1")) != -1) {
        if (option == 'b')
            host = optarg;
        else if (option == '1')
            is_single = 1;
        else
            return 2;
    }
    int port = optind < argc ? parse_port(argv[optind]) : 21577;
    if (argc > optind + 1 || parse_endpoint(&local, host, port) == -1)
        errx(2, "usage: upperd [-1] [-b ADDR] [PORT]");

    signal(SIGCHLD, SIG_IGN);
    int listen_fd = open_listener(&local);
    printf("listening on %s\n", local.text);
    if (fflush(stdout) == EOF)  /* also, lest the children print it again */
        err(1, "fflush");
    while (!serve_next(listen_fd) || !is_single)
        ;
    close(listen_fd);
    while (wait(NULL) != -1 || errno == EINTR)
        ;                       /* ends with ECHILD: all are done */
    return 0;
}

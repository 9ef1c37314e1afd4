/*
 * upperd.c - lesson 04, another way: many clients at once with epoll
 *
 * Every client is an object on the heap that the kernel hands back with its
 * event.  A client is watched for reading or for writing, never for both.
 */
#include <arpa/inet.h>
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

#define PAUSE_MS 50             /* without accept when descriptors ran out */

struct client {
    int fd;
    char name[64];
    char bytes[4096];
    size_t sent, len;
    size_t total;               /* bytes received */
};

struct server {
    int epoll_fd;
    int listen_fd;
    bool one_client;
    bool is_closed;             /* the listening socket is not watched */
    int clients;
};

static void usage(void)
{
    errx(2, "usage: upperd [-1] [-b ADDR] [PORT]");
}

static in_port_t parse_port(const char *text)
{
    long port = 0;

    if (*text == '\0')
        usage();
    for (; *text != '\0'; text++) {
        if (!isdigit((unsigned char)*text) || port > 6553)
            usage();
        port = port * 10 + (*text - '0');
    }
    if (port > 65535)
        usage();
    return htons((in_port_t)port);
}

static void name_address(const struct sockaddr_storage *addr, char name[64])
{
    char host[INET6_ADDRSTRLEN];
    const struct sockaddr_in *v4 = (const void *)addr;
    const struct sockaddr_in6 *v6 = (const void *)addr;
    bool is_v6 = addr->ss_family == AF_INET6;

    inet_ntop(addr->ss_family, is_v6 ? (const void *)&v6->sin6_addr
              : (const void *)&v4->sin_addr, host, sizeof host);
    snprintf(name, 64, is_v6 ? "[%s]:%d" : "%s:%d", host,
             ntohs(is_v6 ? v6->sin6_port : v4->sin_port));
}

static void watch(struct server *s, int how, int fd, uint32_t events, void *ptr)
{
    struct epoll_event event = { .events = events, .data.ptr = ptr };

    if (epoll_ctl(s->epoll_fd, how, fd, &event) == -1)
        err(1, "epoll_ctl");
}

static void stop_listening(struct server *s)
{
    watch(s, EPOLL_CTL_MOD, s->listen_fd, 0, NULL);
    s->is_closed = true;
}

static void welcome(struct server *s)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    int fd = accept4(s->listen_fd, (struct sockaddr *)&peer, &len,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd == -1) {
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS
            || errno == ENOMEM)
            stop_listening(s);
        return;
    }
    struct client *c = calloc(1, sizeof *c);
    if (c == NULL) {
        close(fd);
        return;
    }
    c->fd = fd;
    name_address(&peer, c->name);
    watch(s, EPOLL_CTL_ADD, fd, EPOLLIN, c);
    s->clients++;
    fprintf(stderr, "client %s\n", c->name);
    if (s->one_client)
        stop_listening(s);
}

static void dismiss(struct server *s, struct client *c)
{
    fprintf(stderr, "closed %s %zu bytes\n", c->name, c->total);
    close(c->fd);               /* the only descriptor: epoll forgets it */
    free(c);
    s->clients--;
}

/* Returns whether the client stays. */
static bool answer(struct server *s, struct client *c)
{
    if (c->sent == c->len) {
        ssize_t n = recv(c->fd, c->bytes, sizeof c->bytes, 0);
        if (n <= 0)
            return n == -1 && (errno == EAGAIN || errno == EINTR);
        for (ssize_t i = 0; i < n; i++)
            c->bytes[i] = (char)toupper((unsigned char)c->bytes[i]);
        c->sent = 0;
        c->len = (size_t)n;
        c->total += (size_t)n;
    }
    ssize_t n = send(c->fd, c->bytes + c->sent, c->len - c->sent, MSG_NOSIGNAL);
    if (n == -1 && errno != EAGAIN && errno != EINTR)
        return false;
    c->sent += n > 0 ? (size_t)n : 0;
    watch(s, EPOLL_CTL_MOD, c->fd, c->sent < c->len ? EPOLLOUT : EPOLLIN, c);
    return true;
}

static void loop(struct server *s)
{
    bool is_done = false;

    while (!is_done) {
        struct epoll_event events[16];
        bool is_pause = s->is_closed && !(s->one_client && s->clients > 0);
        int n = epoll_wait(s->epoll_fd, events, 16, is_pause ? PAUSE_MS : -1);
        if (n == -1 && errno != EINTR)
            err(1, "epoll_wait");
        if (is_pause) {
            watch(s, EPOLL_CTL_MOD, s->listen_fd, EPOLLIN, NULL);
            s->is_closed = false;
        }
        for (int i = 0; i < n; i++) {
            struct client *c = events[i].data.ptr;
            if (c == NULL)
                welcome(s);
            else if (!answer(s, c)) {
                dismiss(s, c);
                is_done = s->one_client;
            }
        }
    }
}

static int open_listener(const struct sockaddr_storage *where, socklen_t len)
{
    struct sockaddr_storage real;
    char name[64];
    int on = 1;
    int fd = socket(where->ss_family,
                    SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd == -1)
        err(1, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, (const struct sockaddr *)where, len) == -1)
        err(1, "bind");
    if (listen(fd, 1000) == -1)
        err(1, "listen");
    len = sizeof real;
    if (getsockname(fd, (struct sockaddr *)&real, &len) == -1)
        err(1, "getsockname");
    name_address(&real, name);
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (printf("listening on %s\n", name) < 0 || ferror(stdout))
        err(1, "printf");
    return fd;
}

int main(int argc, char *argv[])
{
    struct server s = { .one_client = false };
    struct sockaddr_storage where = { .ss_family = AF_INET };
    struct sockaddr_in *v4 = (struct sockaddr_in *)&where;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&where;
    const char *host = "127.0.0.1";
    int option;

    std_reserve();
    while ((option = getopt(argc, argv, "1b:")) != -1) {
        if (option == '1')
            s.one_client = true;
        else if (option == 'b')
            host = optarg;
        else
            usage();
    }
    if (argc > optind + 1)
        usage();
    in_port_t port = parse_port(argc > optind ? argv[optind] : "21577");
    if (inet_pton(AF_INET, host, &v4->sin_addr) != 1) {
        if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
            usage();
        where.ss_family = AF_INET6;
    }
    v4->sin_port = port;        /* both families keep it at the same place */
    s.listen_fd = open_listener(&where, where.ss_family == AF_INET
                                ? sizeof *v4 : sizeof *v6);
    s.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (s.epoll_fd == -1)
        err(1, "epoll_create1");
    watch(&s, EPOLL_CTL_ADD, s.listen_fd, EPOLLIN, NULL);
    loop(&s);
    close(s.epoll_fd);
    close(s.listen_fd);
    return 0;
}

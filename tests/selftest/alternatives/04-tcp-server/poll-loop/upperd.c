/*
 * upperd.c - lesson 04, another way: many clients at once in one poll loop
 *
 * Nothing blocks but poll.  Each client has one buffer: while an answer is on
 * its way nothing more is received from that client, and the others go on.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

#define CLIENTS_MAX 256
#define TEXT_SIZE   64          /* bytes of an address with its port */
#define PAUSE_MS    100         /* without accept when descriptors ran out */

struct client {
    char name[TEXT_SIZE];
    char buf[2048];
    size_t begin, end;          /* what of buf is still to be sent */
    unsigned long total;        /* bytes received */
};

static struct client clients[CLIENTS_MAX];
static struct pollfd fds[CLIENTS_MAX + 1];      /* [0]: the listening socket */
static int count;                               /* of clients */

static int parse_port(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);

    return *text >= '0' && *text <= '9' && *end == '\0' && port <= 65535
        ? (int)port : -1;
}

static socklen_t parse_address(const char *host, int port, void *addr)
{
    struct sockaddr_in *v4 = addr;
    struct sockaddr_in6 *v6 = addr;

    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        v4->sin_port = htons((in_port_t)port);
        return sizeof *v4;
    }
    if (inet_pton(AF_INET6, host, &v6->sin6_addr) != 1)
        return 0;
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons((in_port_t)port);
    return sizeof *v6;
}

static char *format(const void *addr, char *text)
{
    const struct sockaddr_in *v4 = addr;
    const struct sockaddr_in6 *v6 = addr;
    char host[INET6_ADDRSTRLEN] = "";

    if (v4->sin_family == AF_INET)
        snprintf(text, TEXT_SIZE, "%s:%u",
                 inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host),
                 ntohs(v4->sin_port));
    else
        snprintf(text, TEXT_SIZE, "[%s]:%u",
                 inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host),
                 ntohs(v6->sin6_port));
    return text;
}

static int open_listener(const void *addr, socklen_t len)
{
    struct sockaddr_storage real;
    const struct sockaddr *where = addr;
    char text[TEXT_SIZE];
    int fd = socket(where->sa_family, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (fd == -1)
        err(1, "socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)))
        err(1, "setsockopt");
    if (bind(fd, where, len) == -1)
        err(1, "bind");
    if (listen(fd, SOMAXCONN) == -1)
        err(1, "listen");
    len = sizeof real;
    if (getsockname(fd, (struct sockaddr *)&real, &len) == -1)
        err(1, "getsockname");
    printf("listening on %s\n", format(&real, text));
    if (fflush(stdout) == EOF)
        err(1, "fflush");
    return fd;
}

/* Returns whether the listener is worth being watched at once again. */
static bool add_client(int listen_fd)
{
    struct sockaddr_storage peer;
    socklen_t len = sizeof peer;
    int fd = accept4(listen_fd, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK);

    if (fd == -1)
        return errno != EMFILE && errno != ENFILE && errno != ENOBUFS
            && errno != ENOMEM;
    struct client *c = &clients[count++];
    memset(c, 0, sizeof *c);
    fds[count] = (struct pollfd){ .fd = fd, .events = POLLIN };
    fprintf(stderr, "client %s\n", format(&peer, c->name));
    return true;
}

static void remove_client(int i)
{
    close(fds[i + 1].fd);
    fprintf(stderr, "closed %s %lu bytes\n", clients[i].name,
            clients[i].total);
    count--;
    clients[i] = clients[count];
    fds[i + 1] = fds[count + 1];
}

/* Returns whether the client is still there. */
static bool receive_some(struct client *c, int fd)
{
    ssize_t n = recv(fd, c->buf, sizeof c->buf, 0);

    if (n == -1)
        return errno == EAGAIN || errno == EINTR;
    for (ssize_t i = 0; i < n; i++)
        if (c->buf[i] >= 'a' && c->buf[i] <= 'z')
            c->buf[i] = (char)(c->buf[i] - ('a' - 'A'));
    c->begin = 0;
    c->end = (size_t)n;
    c->total += (size_t)n;
    return n > 0;
}

static bool send_some(struct client *c, int fd)
{
    ssize_t n = send(fd, c->buf + c->begin, c->end - c->begin, MSG_NOSIGNAL);

    if (n == -1)
        return errno == EAGAIN || errno == EINTR;
    c->begin += (size_t)n;
    return true;
}

static void turn(int i)
{
    struct client *c = &clients[i];
    int fd = fds[i + 1].fd;
    bool is_there = true;

    if (c->begin == c->end)
        is_there = receive_some(c, fd);
    if (is_there && c->begin < c->end)
        is_there = send_some(c, fd);
    fds[i + 1].events = c->begin < c->end ? POLLOUT : POLLIN;
    if (!is_there)
        remove_client(i);
}

static void loop(int listen_fd, bool one_client)
{
    bool is_paused = false;
    bool is_last = false;

    while (!is_last || count > 0) {
        bool is_open = !is_paused && !is_last && count < CLIENTS_MAX;
        fds[0] = (struct pollfd){ is_open ? listen_fd : -1, POLLIN, 0 };
        int ready = poll(fds, (nfds_t)count + 1, is_paused ? PAUSE_MS : -1);
        if (ready == -1 && errno != EINTR)
            err(1, "poll");
        is_paused = false;
        if (ready <= 0)
            continue;
        for (int i = count - 1; i >= 0; i--)
            if (fds[i + 1].revents != 0)
                turn(i);
        if (fds[0].revents != 0)
            is_paused = !add_client(listen_fd);
        is_last = is_last || (one_client && count > 0);
    }
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage addr = { 0 };
    const char *host = "127.0.0.1";
    bool one_client = false;
    int option;

    std_reserve();
    while ((option = getopt(argc, argv, "1b:")) != -1) {
        if (option == '?')
            return 2;
        if (option == '1')
            one_client = true;
        else
            host = optarg;
    }
    int port = argc > optind ? parse_port(argv[optind]) : 21577;
    socklen_t len = parse_address(host, port, &addr);
    if (argc - optind > 1 || port == -1 || len == 0)
        errx(2, "usage: upperd [-1] [-b ADDR] [PORT]");
    int listen_fd = open_listener(&addr, len);
    loop(listen_fd, one_client);
    close(listen_fd);
    return 0;
}

/*
 * upperd.c - lesson 04, another way: getaddrinfo and getnameinfo do the rest
 *
 * The library turns text into an address and back, without asking any name
 * server.  It would also take 127.1 for an address, so the text must be what
 * getnameinfo makes of the result.  An interrupted call is tried again by a
 * macro of the system's.
 */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

static const struct addrinfo hints = {
    .ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE,
    .ai_family = AF_UNSPEC,
    .ai_socktype = SOCK_STREAM,
};

static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
static const char upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

static int is_port(const char *text)
{
    return strspn(text, "0123456789") == strlen(text) && *text != '\0'
        && strtoull(text, NULL, 10) <= 65535;
}

static void print_address(FILE *out, const char *before, const void *addr,
                          socklen_t len, const char *after)
{
    char host[NI_MAXHOST] = "?", port[NI_MAXSERV] = "0";

    getnameinfo(addr, len, host, sizeof host, port, sizeof port,
                NI_NUMERICHOST | NI_NUMERICSERV);
    fprintf(out, strchr(host, ':') ? "%s [%s]:%s%s\n" : "%s %s:%s%s\n",
            before, host, port, after);
}

/* Returns the list for host and port, for freeaddrinfo; ends with status 2. */
static struct addrinfo *resolve(const char *host, const char *port)
{
    struct addrinfo *list;
    char again[NI_MAXHOST];
    int rc = is_port(port) ? getaddrinfo(host, port, &hints, &list)
                           : EAI_SERVICE;

    if (rc != 0 || strchr(host, '%') != NULL)
        errx(2, "%s, %s: %s", host, port, gai_strerror(rc));
    getnameinfo(list->ai_addr, list->ai_addrlen, again, sizeof again, NULL, 0,
                NI_NUMERICHOST);
    if (list->ai_family == AF_INET && strcmp(again, host) != 0)
        errx(2, "%s: write it as %s", host, again);
    return list;
}

static int open_listener(const struct addrinfo *where)
{
    int on = 1;
    int fd = socket(where->ai_family, where->ai_socktype, where->ai_protocol);

    if (fd == -1)
        err(1, "socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(fd, where->ai_addr, where->ai_addrlen) == -1)
        err(1, "bind");
    if (listen(fd, 10) == -1)
        err(1, "listen");
    return fd;
}

static void change(char *bytes, ssize_t n)
{
    for (ssize_t i = 0; i < n; i++) {
        const char *at = memchr(lower, bytes[i], 26);
        if (at != NULL)
            bytes[i] = upper[at - lower];
    }
}

static long serve(int fd)
{
    char bytes[2048];
    long total = 0;

    for (;;) {
        ssize_t n = TEMP_FAILURE_RETRY(recv(fd, bytes, sizeof bytes, 0));
        if (n <= 0)
            return total;
        change(bytes, n);
        total += n;
        for (char *p = bytes; p < bytes + n;) {
            ssize_t sent = TEMP_FAILURE_RETRY(
                send(fd, p, (size_t)(bytes + n - p), MSG_NOSIGNAL));
            if (sent == -1)
                return total;
            p += sent;
        }
    }
}

static int accept_client(int fd, struct sockaddr_storage *peer, socklen_t *len)
{
    for (;;) {
        *len = sizeof *peer;
        int conn_fd = accept(fd, (struct sockaddr *)peer, len);
        if (conn_fd >= 0)
            return conn_fd;
        if (errno == ENOTSOCK || errno == EBADF || errno == EINVAL)
            err(1, "accept");
        if (errno != EINTR && errno != ECONNABORTED)
            poll(NULL, 0, 20);      /* whatever it is, do not hurry */
    }
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage addr;
    socklen_t len = sizeof addr;
    const char *host = "127.0.0.1";
    int one = 0, c;
    char after[40];

    std_reserve();
    while ((c = getopt(argc, argv, "1b:")) != -1) {
        if (c == '?')
            exit(2);
        one = one || c == '1';
        host = c == 'b' ? optarg : host;
    }
    if (optind + 1 < argc)
        errx(2, "usage: upperd [-1] [-b ADDR] [PORT]");
    struct addrinfo *list = resolve(host, argc > optind ? argv[optind]
                                                        : "21577");
    int listen_fd = open_listener(list);
    freeaddrinfo(list);
    if (getsockname(listen_fd, (struct sockaddr *)&addr, &len) == -1)
        err(1, "getsockname");
    print_address(stdout, "listening on", &addr, len, "");
    if (fflush(stdout) == EOF)
        err(1, "fflush");
    do {
        int fd = accept_client(listen_fd, &addr, &len);
        print_address(stderr, "client", &addr, len, "");
        snprintf(after, sizeof after, " %ld bytes", serve(fd));
        close(fd);
        print_address(stderr, "closed", &addr, len, after);
    } while (!one);
    close(listen_fd);
    return 0;
}

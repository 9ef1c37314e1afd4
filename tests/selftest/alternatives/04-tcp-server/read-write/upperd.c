/*
 * upperd.c - lesson 04, another way: read and write, SIGPIPE ignored
 *
 * Treats the connection as any other descriptor.  A table made once says what
 * each of the 256 bytes becomes.  Parses its options without getopt.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

static unsigned char upper[256];
static int serve_once;

static void die(const char *call)
{
    perror(call);
    exit(1);
}

static void usage(void)
{
    fprintf(stderr, "usage: upperd [-1] [-b ADDR] [PORT]\n");
    exit(2);
}

static int parse_port(const char *text)
{
    int port = 0;

    if (text[0] == '\0')
        usage();
    for (int i = 0; text[i] != '\0'; i++) {
        if (strchr("0123456789", text[i]) == NULL)
            usage();
        port = port * 10 + text[i] - '0';
        if (port > 65535)
            usage();
    }
    return port;
}

static socklen_t make_address(union address *a, const char *host, int port)
{
    memset(a, 0, sizeof *a);
    if (inet_pton(AF_INET, host, &a->v4.sin_addr) == 1) {
        a->v4.sin_family = AF_INET;
        a->v4.sin_port = htons((in_port_t)port);
        return sizeof a->v4;
    }
    if (inet_pton(AF_INET6, host, &a->v6.sin6_addr) != 1)
        usage();
    a->v6.sin6_family = AF_INET6;
    a->v6.sin6_port = htons((in_port_t)port);
    return sizeof a->v6;
}

static const char *show(const union address *a, char *text)
{
    char host[INET6_ADDRSTRLEN];

    if (a->any.sa_family == AF_INET6) {
        inet_ntop(AF_INET6, &a->v6.sin6_addr, host, sizeof host);
        sprintf(text, "[%s]:%d", host, ntohs(a->v6.sin6_port));
    } else {
        inet_ntop(AF_INET, &a->v4.sin_addr, host, sizeof host);
        sprintf(text, "%s:%d", host, ntohs(a->v4.sin_port));
    }
    return text;
}

static socklen_t parse(int argc, char **argv, union address *where)
{
    const char *host = "127.0.0.1";
    const char *port = "21577";
    int i;

    for (i = 1; i < argc && argv[i][0] == '-'; i++) {
        if (strcmp(argv[i], "-1") == 0)
            serve_once = 1;
        else if (strncmp(argv[i], "-b", 2) == 0 && argv[i][2] != '\0')
            host = argv[i] + 2;
        else if (strcmp(argv[i], "-b") == 0 && i + 1 < argc)
            host = argv[++i];
        else
            usage();
    }
    if (i < argc)
        port = argv[i++];
    if (i < argc)
        usage();
    return make_address(where, host, parse_port(port));
}

static long long converse(int fd)
{
    unsigned char bytes[8192];
    long long total = 0;
    ssize_t n;

    while ((n = read(fd, bytes, sizeof bytes)) != 0) {
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            break;
        total += n;
        for (ssize_t i = 0; i < n; i++)
            bytes[i] = upper[bytes[i]];
        for (ssize_t done = 0; done < n;) {
            ssize_t put = write(fd, bytes + done, (size_t)(n - done));
            if (put == -1 && errno != EINTR)
                return total;
            done += put > 0 ? put : 0;
        }
    }
    return total;
}

static int next_client(int listen_fd, union address *peer)
{
    for (;;) {
        socklen_t len = sizeof *peer;
        int fd = accept4(listen_fd, &peer->any, &len, SOCK_CLOEXEC);
        if (fd != -1)
            return fd;
        switch (errno) {
        case EBADF:
        case EINVAL:
        case ENOTSOCK:
            die("upperd: accept4");
            break;
        case EMFILE:
        case ENFILE:
        case ENOBUFS:
        case ENOMEM:
            poll(NULL, 0, 200);
        }
    }
}

static int open_listener(const union address *where, socklen_t len)
{
    union address real;
    char text[64];
    int yes = 1;
    int fd = socket(where->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd == -1)
        die("upperd: socket");
    setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(fd, &where->any, len) == -1)
        die("upperd: bind");
    if (listen(fd, 128) == -1)
        die("upperd: listen");
    len = sizeof real;
    if (getsockname(fd, &real.any, &len) == -1)
        die("upperd: getsockname");
    printf("listening on %s\n", show(&real, text));
    if (fflush(stdout) == EOF)
        die("upperd: fflush");
    return fd;
}

int main(int argc, char **argv)
{
    std_reserve();
    union address where;
    socklen_t len = parse(argc, argv, &where);
    char text[64];

    for (int i = 0; i < 256; i++)
        upper[i] = (unsigned char)(i >= 'a' && i <= 'z' ? i - 'a' + 'A' : i);
    signal(SIGPIPE, SIG_IGN);
    int listen_fd = open_listener(&where, len);
    do {
        union address peer;
        int fd = next_client(listen_fd, &peer);
        fprintf(stderr, "client %s\n", show(&peer, text));
        long long total = converse(fd);
        fprintf(stderr, "closed %s %lld bytes\n", text, total);
        close(fd);
    } while (!serve_once);
    close(listen_fd);
    return 0;
}

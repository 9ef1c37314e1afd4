/*
 * upperd.c - lesson 04, another way: a FILE of its own for each client
 *
 * The streams have no buffer.  A peek at the socket says how much fread may
 * ask for without waiting, so that every byte is answered as it comes.
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
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

#define TEXT_SIZE 64            /* bytes */

static int parse_port(const char *text)
{
    long port = 0;
    const char *c;

    for (c = text; isdigit((unsigned char)*c) && port < 100000; c++)
        port = port * 10 + (*c - '0');
    return c == text || *c != '\0' || port > 65535 ? -1 : (int)port;
}

static int parse_host(const char *text, struct sockaddr_storage *addr)
{
    void *v4 = &((struct sockaddr_in *)addr)->sin_addr;
    void *v6 = &((struct sockaddr_in6 *)addr)->sin6_addr;

    if (strchr(text, ':') != NULL) {
        addr->ss_family = AF_INET6;
        return inet_pton(AF_INET6, text, v6) == 1 ? 0 : -1;
    }
    addr->ss_family = AF_INET;
    return inet_pton(AF_INET, text, v4) == 1 ? 0 : -1;
}

static socklen_t length(const struct sockaddr_storage *addr)
{
    return addr->ss_family == AF_INET ? sizeof(struct sockaddr_in)
                                      : sizeof(struct sockaddr_in6);
}

static void print_line(FILE *out, const char *word,
                       const struct sockaddr_storage *addr, const char *tail)
{
    char host[INET6_ADDRSTRLEN];
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)addr;
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)addr;

    if (addr->ss_family == AF_INET)
        fprintf(out, "%s %s:%d%s\n", word,
                inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host),
                ntohs(v4->sin_port), tail);
    else
        fprintf(out, "%s [%s]:%d%s\n", word,
                inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host),
                ntohs(v6->sin6_port), tail);
    fflush(out);
}

/* Transfer all n bytes either way.  Returns 0, or -1: the stream broke. */
static int transfer(FILE *stream, char *bytes, size_t n, int is_out)
{
    while (n > 0) {
        size_t moved = is_out ? fwrite(bytes, 1, n, stream)
                              : fread(bytes, 1, n, stream);
        bytes += moved;
        n -= moved;
        if (n > 0 && (feof(stream) || errno != EINTR))
            return -1;
        clearerr(stream);
    }
    return 0;
}

static unsigned long talk(FILE *in, FILE *out)
{
    unsigned long total = 0;
    char bytes[4000];

    setvbuf(in, NULL, _IONBF, 0);
    setvbuf(out, NULL, _IONBF, 0);
    for (;;) {
        ssize_t n = recv(fileno(in), bytes, sizeof bytes, MSG_PEEK);
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0 || transfer(in, bytes, (size_t)n, 0) == -1)
            return total;
        total += (size_t)n;
        for (ssize_t i = 0; i < n; i++)
            bytes[i] = (char)toupper((unsigned char)bytes[i]);
        if (transfer(out, bytes, (size_t)n, 1) == -1)
            return total;
    }
}

/* Serve the client on fd, which is closed then.  Returns 0, or -1: errno. */
static int serve(int fd, const struct sockaddr_storage *peer)
{
    char tail[32];
    FILE *in = fdopen(fd, "rb");
    int other = dup(fd);
    FILE *out = other == -1 ? NULL : fdopen(other, "wb");
    unsigned long total = 0;

    print_line(stderr, "client", peer, "");
    if (in != NULL && out != NULL)
        total = talk(in, out);
    if (out != NULL)
        fclose(out);
    else if (other != -1)
        close(other);
    if (in != NULL)
        fclose(in);
    else
        close(fd);
    snprintf(tail, sizeof tail, " %lu bytes", total);
    print_line(stderr, "closed", peer, tail);
    return 0;
}

static int accept_next(int listen_fd, struct sockaddr_storage *peer)
{
    int fd;

    do {
        socklen_t len = sizeof *peer;
        fd = accept(listen_fd, (struct sockaddr *)peer, &len);
        if (fd == -1 && (errno == EBADF || errno == EINVAL))
            err(1, "accept");
        if (fd == -1 && (errno == EMFILE || errno == ENFILE
                         || errno == ENOBUFS || errno == ENOMEM))
            poll(NULL, 0, 150);
    } while (fd == -1);
    return fd;
}

int main(int argc, char *argv[])
{
    struct sockaddr_storage addr = { 0 }, peer;
    socklen_t len = sizeof addr;
    int one = 0, on = 1, port = 21577, c;

    std_reserve();
    parse_host("127.0.0.1", &addr);
    while ((c = getopt(argc, argv, "1b:")) != -1) {
        one |= c == '1';
        if (c == '?' || (c == 'b' && parse_host(optarg, &addr) == -1))
            errx(2, "usage: upperd [-1] [-b ADDR] [PORT]");
    }
    if (optind < argc)
        port = parse_port(argv[optind++]);
    if (port == -1 || optind < argc)
        errx(2, "usage: upperd [-1] [-b ADDR] [PORT]");
    ((struct sockaddr_in *)&addr)->sin_port = htons((in_port_t)port);

    signal(SIGPIPE, SIG_IGN);
    int fd = socket(addr.ss_family, SOCK_STREAM, 0);
    if (fd == -1)
        err(1, "socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        err(1, "setsockopt");
    if (bind(fd, (struct sockaddr *)&addr, length(&addr)) == -1)
        err(1, "bind");
    if (listen(fd, SOMAXCONN) == -1)
        err(1, "listen");
    if (getsockname(fd, (struct sockaddr *)&addr, &len) == -1)
        err(1, "getsockname");
    print_line(stdout, "listening on", &addr, "");
    if (ferror(stdout))
        err(1, "fprintf");
    do {
        int conn_fd = accept_next(fd, &peer);
        serve(conn_fd, &peer);
    } while (!one);
    close(fd);
    return 0;
}

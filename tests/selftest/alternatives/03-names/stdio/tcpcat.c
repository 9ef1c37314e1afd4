/*
 * tcpcat.c - lesson 03, another way: the port put in by hand, stdio
 *
 * getaddrinfo is asked for the host alone; the service is looked up once and
 * its port written into each address.  The family is chosen while walking.
 */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

#define REQUEST_LIMIT 65536     /* bytes */

/* Returns a port in network order, or -1. */
static int find_port(const char *service)
{
    if (*service != '\0' && strspn(service, "0123456789") == strlen(service)) {
        long port = strlen(service) > 9 ? 65536 : strtol(service, NULL, 10);
        return port > 65535 ? -1 : htons((in_port_t)port);
    }
    struct servent *entry = getservbyname(service, "tcp");
    return entry == NULL ? -1 : entry->s_port;
}

static void set_port(struct sockaddr *addr, int port)
{
    if (addr->sa_family == AF_INET6)
        ((struct sockaddr_in6 *)addr)->sin6_port = (in_port_t)port;
    else
        ((struct sockaddr_in *)addr)->sin_port = (in_port_t)port;
}

static int finish_connect(int fd)
{
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t len = sizeof error;

    while (poll(&ready, 1, -1) == -1)
        ;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    errno = error;
    return error == 0 ? 0 : -1;
}

/* Walk along the list.  Returns a descriptor, or -1 with errno and *failed. */
static int walk(struct addrinfo *list, int family, int port,
                const char **failed)
{
    int why = EAFNOSUPPORT;

    *failed = "socket";
    for (; list != NULL; list = list->ai_next) {
        if (family != AF_UNSPEC && family != list->ai_family)
            continue;
        int fd = socket(list->ai_family, SOCK_STREAM, IPPROTO_TCP);
        if (fd == -1) {
            why = errno;
            *failed = "socket";
            continue;
        }
        set_port(list->ai_addr, port);
        if (connect(fd, list->ai_addr, list->ai_addrlen) == 0 ||
            (errno == EINTR && finish_connect(fd) == 0))
            return fd;
        why = errno;
        *failed = "connect";
        close(fd);
    }
    errno = why;
    return -1;
}

static void talk(int fd, const char *request, size_t len)
{
    char buf[4096];
    int copy = dup(fd);
    FILE *out = fdopen(fd, "w");
    FILE *in = copy == -1 ? NULL : fdopen(copy, "r");

    if (out == NULL || in == NULL)
        err(EXIT_FAILURE, "fdopen");
    if (fwrite(request, 1, len, out) != len || fflush(out) == EOF)
        err(EXIT_FAILURE, "send");
    setvbuf(in, NULL, _IONBF, 0);
    for (int byte; (byte = getc(in)) != EOF; ) {
        buf[0] = (char)byte;
        if (fwrite(buf, 1, 1, stdout) != 1)
            err(EXIT_FAILURE, "write");
    }
    if (ferror(in))
        err(EXIT_FAILURE, "recv");
    if (fflush(stdout) == EOF)
        err(EXIT_FAILURE, "write");
    fclose(in);
    fclose(out);
}

int main(int argc, char *argv[])
{
    static char request[REQUEST_LIMIT + 1];
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list;
    const char *failed;
    int family = AF_UNSPEC;

    std_reserve();
    signal(SIGPIPE, SIG_IGN);
    for (int c; (c = getopt(argc, argv, "46")) != -1; ) {
        if (c == '?')
            exit(2);
        family = c == '4' ? AF_INET : AF_INET6;
    }
    if (argc - optind != 2)
        errx(2, "usage: tcpcat [-4|-6] HOST SERVICE");
    int port = find_port(argv[optind + 1]);
    if (port == -1)
        errx(2, "no such service: %s", argv[optind + 1]);
    size_t len = fread(request, 1, sizeof request, stdin);
    if (ferror(stdin))
        err(1, "fread");
    if (len > REQUEST_LIMIT)
        errx(2, "the request is too long");
    int rc = getaddrinfo(argv[optind], NULL, &hints, &list);
    if (rc != 0)
        errx(1, "getaddrinfo: %s", gai_strerror(rc));
    int fd = walk(list, family, port, &failed);
    int why = errno;
    freeaddrinfo(list);
    errno = why;
    if (fd == -1)
        err(1, "%s", failed);
    talk(fd, request, len);
}

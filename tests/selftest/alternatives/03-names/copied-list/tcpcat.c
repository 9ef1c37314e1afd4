/*
 * tcpcat.c - lesson 03, another way: the addresses are copied first
 *
 * The list goes back before the first connect; what is tried is an array.
 */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "net.h"
#include "std.h"

struct target {
    struct sockaddr_storage addr;
    socklen_t len;
};

static size_t copy_list(const struct addrinfo *list, struct target *targets,
                        size_t size)
{
    size_t count = 0;

    for (; list != NULL && count < size; list = list->ai_next, count++) {
        memcpy(&targets[count].addr, list->ai_addr, list->ai_addrlen);
        targets[count].len = list->ai_addrlen;
    }
    return count;
}

static int dial(const struct target *target, char *why, size_t size)
{
    const char *call = "socket";
    int fd = socket(target->addr.ss_family, SOCK_STREAM, 0);

    if (fd != -1) {
        call = "connect";
        int rc = connect(fd, (const struct sockaddr *)&target->addr,
                         target->len);
        while (rc == -1 && (errno == EINTR || errno == EALREADY))
            rc = connect(fd, (const struct sockaddr *)&target->addr,
                         target->len);  /* waits for the one that goes on */
        if (rc == 0 || errno == EISCONN)
            return fd;
    }
    snprintf(why, size, "%s: %s", call, strerror(errno));
    if (fd != -1)
        close(fd);
    return -1;
}

static bool is_good(const char *service)
{
    if (net_parse_port(service) != -1)
        return true;
    struct servent *entry = getservbyname(service, "tcp");
    endservent();
    return entry != NULL;
}

static void talk(int fd, char *request, size_t len)
{
    static char buf[65536];
    ssize_t n;

    while (len > 0) {
        struct iovec part = { .iov_base = request, .iov_len = len };
        struct msghdr message = { .msg_iov = &part, .msg_iovlen = 1 };
        n = sendmsg(fd, &message, MSG_NOSIGNAL);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            err(1, "sendmsg");
        request += n;
        len -= (size_t)n;
    }
    while ((n = read(fd, buf, sizeof buf)) != 0) {
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            err(1, "read");
        if (fwrite(buf, (size_t)n, 1, stdout) != 1 || fflush(stdout) == EOF)
            err(1, "fwrite");
    }
}

int main(int argc, char *argv[])
{
    static char request[65537];
    static struct target targets[100];
    char why[200] = "getaddrinfo: no address";
    struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
    int fd = -1;

    std_reserve();
    while (argc > 1 && argv[1][0] == '-') {
        if (strcmp(argv[1], "-4") != 0 && strcmp(argv[1], "-6") != 0)
            errx(2, "no such option: %s", argv[1]);
        hints.ai_family = argv[1][1] == '4' ? AF_INET : AF_INET6;
        argc--;
        argv++;
    }
    if (argc != 3 || !is_good(argv[2]))
        errx(2, "usage: tcpcat [-4|-6] HOST SERVICE");
    size_t len = fread(request, 1, sizeof request, stdin);
    if (ferror(stdin))
        err(1, "fread");
    if (len == sizeof request)
        errx(2, "the request is too long");
    int rc = getaddrinfo(argv[1], argv[2], &hints, &list);
    if (rc != 0)
        errx(1, "getaddrinfo: %s: %s", argv[1], gai_strerror(rc));
    size_t count = copy_list(list, targets, 100);
    freeaddrinfo(list);
    for (size_t i = 0; i < count && fd == -1; i++)
        fd = dial(&targets[i], why, sizeof why);
    if (fd == -1)
        errx(1, "%s", why);
    talk(fd, request, len);
    return close(fd) == -1;
}

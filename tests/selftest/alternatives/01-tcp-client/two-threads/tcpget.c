/*
 * tcpget.c - lesson 01, another way: one thread sends, one receives
 *
 * The main thread copies the reply while a second one still sends, with
 * sendmsg and recvmsg.  Whichever meets an error ends the program.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

struct request {
    int fd;
    size_t len;
    char bytes[65536 + 1];      /* one more shows that it is too long */
};

static void fill(struct request *request)
{
    while (request->len < sizeof request->bytes) {
        ssize_t n = read(0, request->bytes + request->len,
                         sizeof request->bytes - request->len);
        if (n == 0)
            return;
        if (n == -1 && errno != EINTR)
            err(1, "read");
        request->len += n > 0 ? (size_t)n : 0;
    }
    errx(2, "the request is longer than 64 KiB");
}

static void *send_request(void *arg)
{
    struct request *request = arg;
    struct iovec rest = { request->bytes, request->len };
    struct msghdr message = { .msg_iov = &rest, .msg_iovlen = 1 };

    while (rest.iov_len > 0) {
        ssize_t n = sendmsg(request->fd, &message, MSG_NOSIGNAL);
        if (n == -1 && errno != EINTR)
            err(1, "sendmsg");
        if (n == -1)
            continue;
        rest.iov_base = (char *)rest.iov_base + n;
        rest.iov_len -= (size_t)n;
    }
    return NULL;
}

static void copy_reply(int fd)
{
    char buf[32768];

    for (;;) {
        struct iovec room = { buf, sizeof buf };
        struct msghdr message = { .msg_iov = &room, .msg_iovlen = 1 };
        ssize_t n = recvmsg(fd, &message, 0);
        if (n == 0)
            return;
        if (n == -1 && errno != EINTR)
            err(1, "recvmsg");
        for (ssize_t done = 0; done < n;) {
            ssize_t put = write(1, buf + done, (size_t)(n - done));
            if (put == -1 && errno != EINTR)
                err(1, "write");
            done += put > 0 ? put : 0;
        }
    }
}

static void parse(char *argv[], struct sockaddr_in *server)
{
    unsigned port;
    char tail;

    if (strspn(argv[2], "0123456789") != strlen(argv[2])
        || strlen(argv[2]) > 5
        || sscanf(argv[2], "%u%c", &port, &tail) != 1 || port > 65535)
        errx(2, "bad port: %s", argv[2]);
    if (inet_pton(AF_INET, argv[1], &server->sin_addr) != 1)
        errx(2, "bad address: %s", argv[1]);
    server->sin_port = htons((in_port_t)port);
}

static int connection_error(int fd)
{
    struct pollfd p = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t len = sizeof error;

    while (poll(&p, 1, -1) != 1)
        ;
    getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len);
    return error;
}

int main(int argc, char *argv[])
{
    static struct request request;
    struct sockaddr_in server = { .sin_family = AF_INET };
    pthread_t sender;

    std_reserve();
    if (argc != 3)
        errx(2, "usage: tcpget IPV4 PORT");
    parse(argv, &server);
    fill(&request);

    int fd = request.fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1)
        err(1, "socket");
    if (connect(fd, (struct sockaddr *)&server, sizeof server) == -1) {
        if (errno == EINTR)
            errno = connection_error(fd);
        if (errno != 0)
            err(1, "connect");
    }
    errno = pthread_create(&sender, NULL, send_request, &request);
    if (errno != 0)
        err(1, "pthread_create");
    copy_reply(fd);
    pthread_join(sender, NULL);
    close(fd);
    return 0;
}

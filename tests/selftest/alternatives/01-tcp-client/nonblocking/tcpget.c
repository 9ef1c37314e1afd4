/*
 * tcpget.c - lesson 01, another way: one poll loop over a non-blocking socket
 *
 * Connects without waiting, and from then on sends and receives in the same
 * loop, whichever the kernel is ready for.  A reply may so begin before the
 * request has gone out whole.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

#define REQUEST_LIMIT 65536     /* bytes */

struct exchange {
    int fd;
    const char *request;
    size_t left;                /* bytes of the request still to send */
    bool is_over;
};

static int parse_port(const char *text)
{
    int port = 0;

    if (*text == '\0' || strspn(text, "0123456789") != strlen(text))
        return -1;
    for (; *text != '\0' && port <= 65535; text++)
        port = 10 * port + *text - '0';
    return port <= 65535 ? port : -1;
}

static ssize_t read_all(char *buf, size_t size)
{
    size_t used = 0;
    ssize_t n;

    do {
        n = read(STDIN_FILENO, buf + used, size - used);
        if (n > 0)
            used += (size_t)n;
        else if (n == -1 && errno != EINTR)
            return -1;
    } while (n != 0 && used < size);
    return (ssize_t)used;
}

static int write_all(const char *buf, size_t len)
{
    for (size_t done = 0; done < len;) {
        ssize_t n = write(STDOUT_FILENO, buf + done, len - done);
        if (n >= 0)
            done += (size_t)n;
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

/* Is errno merely "not now"? */
static bool is_patience(void)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
}

static int wait_for(int fd, short events)
{
    struct pollfd what = { .fd = fd, .events = events };

    while (poll(&what, 1, -1) == -1)
        if (errno != EINTR)
            return -1;
    return what.revents;
}

static int start_connection(const struct sockaddr_in *server)
{
    int error;
    socklen_t len = sizeof error;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);

    if (fd == -1)
        err(1, "socket");
    if (connect(fd, (const struct sockaddr *)server, sizeof *server) == 0)
        return fd;
    if (errno != EINPROGRESS && errno != EINTR)
        err(1, "connect");
    if (wait_for(fd, POLLOUT) == -1)
        err(1, "poll");
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
        err(1, "getsockopt");
    if (error != 0) {
        errno = error;
        err(1, "connect");
    }
    return fd;
}

static void send_some(struct exchange *x)
{
    ssize_t n = send(x->fd, x->request, x->left, MSG_NOSIGNAL);

    if (n == -1 && !is_patience())
        err(1, "send");
    if (n > 0) {
        x->request += n;
        x->left -= (size_t)n;
    }
}

static void receive_some(struct exchange *x)
{
    char buf[16384];
    ssize_t n = recv(x->fd, buf, sizeof buf, 0);

    if (n == -1 && !is_patience())
        err(1, "recv");
    if (n > 0 && write_all(buf, (size_t)n) == -1)
        err(1, "write");
    if (n == 0 && x->left > 0)
        errx(1, "send: the server has closed before the request was out");
    x->is_over = n == 0;
}

int main(int argc, char *argv[])
{
    static char request[REQUEST_LIMIT + 1];
    struct sockaddr_in server = { .sin_family = AF_INET };

    std_reserve();
    if (argc != 3)
        errx(2, "usage: tcpget IPV4 PORT");
    int port = parse_port(argv[2]);
    if (port == -1 || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1)
        errx(2, "bad address or port: %s %s", argv[1], argv[2]);
    server.sin_port = htons((in_port_t)port);

    ssize_t len = read_all(request, sizeof request);
    if (len == -1)
        err(1, "read");
    if (len > REQUEST_LIMIT)
        errx(2, "request too long");

    struct exchange x = { .request = request, .left = (size_t)len };
    x.fd = start_connection(&server);
    while (!x.is_over) {
        int ready = wait_for(x.fd, x.left > 0 ? POLLIN | POLLOUT : POLLIN);
        if (ready == -1)
            err(1, "poll");
        if (x.left > 0 && ready & (POLLOUT | POLLERR))
            send_some(&x);
        if (ready & (POLLIN | POLLERR | POLLHUP))
            receive_some(&x);
    }
    close(x.fd);
    return 0;
}

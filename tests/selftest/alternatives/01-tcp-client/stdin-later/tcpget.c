/*
 * tcpget.c - lesson 01, another way: connects first, reads stdin afterwards
 *
 * The request grows on the heap and is sent only when stdin has ended and it
 * is known to be short enough.  Uses sendto and recvfrom without an address,
 * as a connected socket allows.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

enum { OK = 0, FAILED = 1, USAGE = 2, LIMIT = 64 * 1024 };

static int complain(const char *call)
{
    fprintf(stderr, "tcpget: %s: %s\n", call, strerror(errno));
    return FAILED;
}

/* Returns whether text is a port, which is then stored in *port. */
static int is_port(const char *text, in_port_t *port)
{
    unsigned value = 0;

    if (*text == '\0')
        return 0;
    while (*text >= '0' && *text <= '9' && value <= 65535)
        value = value * 10 + (unsigned)(*text++ - '0');
    *port = htons((in_port_t)value);
    return *text == '\0' && value <= 65535;
}

static int open_connection(int fd, const struct sockaddr_in *server)
{
    int error = EINTR;
    socklen_t len = sizeof error;
    struct pollfd p = { fd, POLLOUT, 0 };

    if (connect(fd, (const struct sockaddr *)server, sizeof *server) == 0)
        return 0;
    if (errno != EINTR)
        return -1;
    do {
        errno = 0;
        poll(&p, 1, -1);
    } while (errno == EINTR);
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

/* Returns the request, *len bytes, for the caller to free; NULL: errno. */
static char *read_request(size_t *len)
{
    size_t room = 512;
    char *request = malloc(room);

    *len = 0;
    while (request != NULL && *len <= LIMIT) {
        if (*len == room) {
            char *larger = realloc(request, room *= 2);
            if (larger == NULL)
                break;
            request = larger;
        }
        ssize_t n = read(STDIN_FILENO, request + *len, room - *len);
        if (n == 0)
            return request;
        if (n > 0)
            *len += (size_t)n;
        else if (errno != EINTR)
            break;
    }
    if (request != NULL && *len > LIMIT)
        return request;
    free(request);
    return NULL;
}

static int transmit(int fd, const char *data, size_t len)
{
    size_t sent = 0;

    while (sent < len) {
        ssize_t n = sendto(fd, data + sent, len - sent, MSG_NOSIGNAL, NULL, 0);
        if (n > 0)
            sent += (size_t)n;
        else if (n == -1 && errno != EINTR)
            return complain("sendto");
    }
    return OK;
}

static int show_reply(int fd)
{
    char piece[1000];

    for (;;) {
        ssize_t n = recvfrom(fd, piece, sizeof piece, 0, NULL, NULL);
        if (n == 0)
            return OK;
        if (n == -1 && errno != EINTR)
            return complain("recvfrom");
        for (ssize_t at = 0; at < n;) {
            ssize_t put = write(STDOUT_FILENO, piece + at, (size_t)(n - at));
            if (put == -1 && errno != EINTR)
                return complain("write");
            at += put > 0 ? put : 0;
        }
    }
}

static int converse(int fd)
{
    size_t len;
    char *request = read_request(&len);
    int status;

    if (request == NULL)
        return complain("read");
    if (len > LIMIT) {
        fprintf(stderr, "tcpget: request longer than %d bytes\n", LIMIT);
        status = USAGE;
    } else {
        status = transmit(fd, request, len);
    }
    free(request);
    return status == OK ? show_reply(fd) : status;
}

int main(int argc, char **argv)
{
    struct sockaddr_in server;
    int status;

    std_reserve();
    memset(&server, 0, sizeof server);
    server.sin_family = AF_INET;
    if (argc != 3 || !is_port(argv[2], &server.sin_port)
        || inet_pton(AF_INET, argv[1], &server.sin_addr) != 1) {
        fprintf(stderr, "tcpget: usage: tcpget IPV4 PORT\n");
        return USAGE;
    }
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    if (fd == -1)
        return complain("socket");
    if (open_connection(fd, &server) == -1)
        status = complain("connect");
    else
        status = converse(fd);
    close(fd);
    return status;
}

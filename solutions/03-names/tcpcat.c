/*
 * tcpcat.c - lesson 03: a TCP client that knows names
 *
 * Usage: tcpcat [-4|-6] HOST SERVICE < request > reply
 *
 * Does what tcpget of lesson 01 does, to a host and a service given by name or
 * number, and tries every address of the host in turn.  Exits with 0, with 1
 * when a call fails, with 2 on a usage error.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "std.h"

#define EXIT_USAGE    2
#define REQUEST_LIMIT 65536     /* bytes */
#define BUFFER_SIZE   4096      /* bytes */

struct options {
    int family;                 /* AF_UNSPEC: any */
    const char *host;
    const char *service;
};

/*
 * Can this be a service?  A name has a letter in it.  All else must be a port
 * as in lesson 01: getaddrinfo takes 70000 too, and goes to 4464.
 */
static bool is_service(const char *text)
{
    for (const char *c = text; *c != '\0'; c++)
        if (isalpha((unsigned char)*c))
            return true;
    return net_parse_port(text) != -1;
}

/* Read the command line.  Returns 0, or -1 on a usage error. */
static int parse_options(int argc, char *argv[], struct options *options)
{
    int letter;

    *options = (struct options){ .family = AF_UNSPEC };
    while ((letter = getopt(argc, argv, "46")) != -1) {
        if (letter == '?' || options->family != AF_UNSPEC)
            return -1;
        options->family = letter == '4' ? AF_INET : AF_INET6;
    }
    if (argc - optind != 2 || !is_service(argv[optind + 1]))
        return -1;
    options->host = argv[optind];
    options->service = argv[optind + 1];
    return 0;
}

/* What a result of getaddrinfo means; errno matters for EAI_SYSTEM alone. */
static const char *explain_error(int rc)
{
    return rc == EAI_SYSTEM ? strerror(errno) : gai_strerror(rc);
}

/*
 * Read stdin to its end, but no more than size bytes.
 *
 * Returns the count of bytes, or -1 with errno set.
 */
static ssize_t read_request(char *buf, size_t size)
{
    size_t used = 0;

    while (used < size) {
        ssize_t n = read(STDIN_FILENO, buf + used, size - used);
        if (n == -1 && errno == EINTR)
            continue;               /* a signal came: ask again */
        if (n == -1)
            return -1;
        if (n == 0)
            break;                  /* end-of-file */
        used += (size_t)n;
    }
    return (ssize_t)used;
}

/*
 * Wait for a connect that a signal interrupted: it goes on by itself, and
 * must not be asked for again.
 *
 * Returns 0, or -1 with errno set when the connection failed.
 */
static int finish_connect(int fd)
{
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t len = sizeof error;

    while (poll(&ready, 1, -1) == -1)
        if (errno != EINTR)
            return -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

/*
 * Connect to one address.
 *
 * Returns a descriptor, or -1 with errno set; *failed is then the name of the
 * call that failed.
 */
static int try_address(const struct addrinfo *a, const char **failed)
{
    /* Step 3. Make a socket for this address: the list says of which family,
     * type and protocol.  socket(2) */
    int fd = socket(a->ai_family, a->ai_socktype, a->ai_protocol);
    if (fd == -1) {
        *failed = "socket";
        return -1;
    }
    int rc = connect(fd, a->ai_addr, a->ai_addrlen);
    if (rc == -1 && errno == EINTR)
        rc = finish_connect(fd);
    if (rc == 0)
        return fd;

    /* Step 4. Give the socket back, and keep the errno of connect.  close(2) */
    int why = errno;
    close(fd);
    errno = why;
    *failed = "connect";
    return -1;
}

/*
 * Connect to the first address of the list that answers.  Returns as
 * try_address; after a failure errno and *failed are those of the last one.
 */
static int try_addresses(const struct addrinfo *list, const char **failed)
{
    /* Step 2. Try the addresses in order until one connects.  connect(2) */
    int fd = -1;

    for (const struct addrinfo *a = list; a != NULL && fd == -1; a = a->ai_next)
        fd = try_address(a, failed);
    return fd;
}

/*
 * Connect to a host, whatever its addresses are.
 *
 * Returns a descriptor, or -1: *failed names the call, *why is the reason.
 */
static int connect_host(const struct options *options, const char **failed,
                        const char **why)
{
    struct addrinfo *list = NULL;

    /* Step 1. Ask for the addresses of host and service: of this family, for
     * streams only.  getaddrinfo(3) */
    const struct addrinfo hints = {
        .ai_family = options->family, .ai_socktype = SOCK_STREAM
    };
    int rc = getaddrinfo(options->host, options->service, &hints, &list);
    if (rc != 0) {
        *failed = "getaddrinfo";
        *why = explain_error(rc);
        return -1;
    }
    int fd = try_addresses(list, failed);
    *why = strerror(errno);

    /* Step 5. Give the list back, all of it.  freeaddrinfo(3) */
    freeaddrinfo(list);
    return fd;
}

/*
 * Send all len bytes of buf on fd.
 *
 * Returns 0, or -1 with errno set when the connection broke on the way.
 */
static int send_all(int fd, const char *buf, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, buf, len, MSG_NOSIGNAL);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        buf += n;
        len -= (size_t)n;
    }
    return 0;
}

/*
 * Write all len bytes of buf on stdout.  Returns 0, or -1 with errno set.
 */
static int write_all(const char *buf, size_t len)
{
    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, buf, len);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        buf += n;
        len -= (size_t)n;
    }
    return 0;
}

/*
 * Copy what arrives on fd to stdout until the peer is done.
 *
 * Returns NULL at end-of-file, or the name of the call that failed, with
 * errno set.
 */
static const char *copy_reply(int fd)
{
    char buf[BUFFER_SIZE];

    for (;;) {
        ssize_t n = recv(fd, buf, sizeof buf, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return "recv";          /* the connection broke */
        if (n == 0)
            return NULL;            /* end-of-file: the reply is complete */
        if (write_all(buf, (size_t)n) == -1)
            return "write";
    }
}

int main(int argc, char *argv[])
{
    struct options options;
    char request[REQUEST_LIMIT + 1];    /* one more, to notice the excess */
    const char *failed = NULL;
    const char *why = NULL;

    std_reserve();
    if (parse_options(argc, argv, &options) == -1)
        errx(EXIT_USAGE, "usage: tcpcat [-4|-6] HOST SERVICE < request");
    ssize_t len = read_request(request, sizeof request);
    if (len == -1)
        err(EXIT_FAILURE, "read");
    if (len > REQUEST_LIMIT)
        errx(EXIT_USAGE, "the request is longer than %d bytes", REQUEST_LIMIT);

    int fd = connect_host(&options, &failed, &why);
    if (fd == -1)
        errx(EXIT_FAILURE, "%s: %s", failed, why);
    if (send_all(fd, request, (size_t)len) == -1)
        err(EXIT_FAILURE, "send");
    failed = copy_reply(fd);
    if (failed != NULL)
        err(EXIT_FAILURE, "%s", failed);
    close(fd);
    return EXIT_SUCCESS;
}

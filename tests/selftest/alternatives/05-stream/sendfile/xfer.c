/*
 * xfer.c - lesson 05, another way: sendfile from stdin, mmap for the rest
 *
 * Usage: xfer send HOST PORT LEN < data
 *        xfer [-b ADDR] recv LEN [PORT] > ready-line-and-data
 *
 *   LEN       how many bytes, 0 to 1048576
 *   PORT      of recv: defaults to 0; with 0 the kernel chooses
 *   -b ADDR   recv listens on this numeric address instead of 127.0.0.1
 *
 * One sends LEN bytes of its stdin; the other takes exactly LEN bytes, writes
 * them on stdout and confirms them with the byte K.  Each moves one transfer
 * and ends: with 0, with 1 when a call fails, with 2 on a usage error.
 *
 * A regular file on stdin goes to the socket inside the kernel; anything else
 * is read into mapped memory first.  Uses the module of the lesson.
 */
#include <err.h>
#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "stream.h"

#define EXIT_USAGE 2
#define LEN_MAX    (1 << 20)    /* bytes */
#define PAUSE_MS   100          /* before accept is tried again */
#define CONFIRMED  'K'
#define USAGE      "xfer send HOST PORT LEN, or xfer [-b ADDR] recv LEN [PORT]"

struct options {
    bool sends;
    size_t len;                 /* bytes */
    const char *host;           /* of send: to whom */
    const char *service;
    struct sockaddr_storage addr;   /* of recv: where to listen */
    socklen_t addr_len;
};

struct transfer {
    bool is_file;               /* stdin is a regular file */
    char *data;
    size_t len;                 /* bytes it should have */
    size_t moved;               /* bytes sent or received so far */
    const char *call;           /* what to name when something fails */
    const char *reason;         /* why it failed; NULL: errno knows */
};

/*
 * Returns the count of bytes that text names, or -1 when text is not a number
 * from 0 to LEN_MAX in digits alone.
 */
static long parse_length(const char *text)
{
    char *end;
    long len = strtol(text, &end, 10);

    if (*text < '0' || *text > '9' || *end != '\0' || len > LEN_MAX)
        return -1;
    return len;
}

/*
 * Read the command line.  Returns 0, or -1 on a usage error.
 */
static int parse_options(int argc, char *argv[], struct options *options)
{
    const char *local = "127.0.0.1";
    int option;

    while ((option = getopt(argc, argv, "+b:")) != -1) {
        if (option != 'b')
            return -1;
        local = optarg;
    }
    argc -= optind;
    argv += optind;
    options->sends = argc == 4 && strcmp(argv[0], "send") == 0;
    bool receives = (argc == 2 || argc == 3) && strcmp(argv[0], "recv") == 0;
    if (!options->sends && !receives)
        return -1;
    options->host = argv[1];
    options->service = options->sends ? argv[2] : argc == 3 ? argv[2] : "0";
    long len = parse_length(argv[options->sends ? 3 : 1]);
    int port = net_parse_port(options->service);
    if (len == -1 || port == -1)
        return -1;
    options->len = (size_t)len;
    return net_parse_address(local, port, &options->addr, &options->addr_len);
}

/*
 * Read t->len bytes of stdin into t->data.
 *
 * Returns 0, or -1 with errno set: ENODATA when stdin has fewer.
 */
static int read_input(struct transfer *t)
{
    size_t used = 0;
    struct stat file;

    t->is_file = fstat(STDIN_FILENO, &file) == 0 && S_ISREG(file.st_mode);
    if (t->is_file && (size_t)file.st_size < t->len) {
        errno = ENODATA;
        return -1;
    }
    while (!t->is_file && used < t->len) {
        ssize_t n = read(STDIN_FILENO, t->data + used, t->len - used);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return -1;
        if (n == 0) {
            errno = ENODATA;
            return -1;
        }
        used += (size_t)n;
    }
    return 0;
}

/*
 * Connect fd; goes on after a signal, as in lesson 01.
 *
 * Returns 0, or -1 with errno set.
 */
static int connect_fd(int fd, const struct sockaddr *addr, socklen_t addr_len)
{
    struct pollfd ready = { .fd = fd, .events = POLLOUT };
    int error = 0;
    socklen_t len = sizeof error;

    if (connect(fd, addr, addr_len) == 0)
        return 0;
    if (errno != EINTR)
        return -1;
    while (poll(&ready, 1, -1) == -1)
        if (errno != EINTR)
            return -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) == -1)
        return -1;
    errno = error;
    return error == 0 ? 0 : -1;
}

/*
 * Connect to the first address of host and service that answers; lesson 03.
 *
 * Returns a descriptor the caller must close(2), or -1 with *t saying why.
 */
static int connect_host(const struct options *options, struct transfer *t)
{
    const struct addrinfo hints = { .ai_socktype = SOCK_STREAM };
    struct addrinfo *list;
    int fd = -1, why = 0;

    t->call = "getaddrinfo";
    int error = getaddrinfo(options->host, options->service, &hints, &list);
    if (error != 0) {
        t->reason = error == EAI_SYSTEM ? strerror(errno)
                                        : gai_strerror(error);
        return -1;
    }
    for (struct addrinfo *ai = list; ai != NULL && fd == -1; ai = ai->ai_next) {
        t->call = "socket";
        fd = socket(ai->ai_family, ai->ai_socktype, ai->ai_protocol);
        if (fd == -1) {
            why = errno;
            continue;
        }
        t->call = "connect";
        if (connect_fd(fd, ai->ai_addr, ai->ai_addrlen) == -1) {
            why = errno;            /* that of the last address counts */
            close(fd);
            fd = -1;
        }
    }
    freeaddrinfo(list);
    errno = why;
    return fd;
}

/*
 * Wait for a client; lesson 04.
 *
 * Returns a descriptor the caller must close(2), or -1 with errno set when
 * listen_fd is no listening socket.
 */
static int accept_client(int listen_fd)
{
    for (;;) {
        int conn_fd = accept(listen_fd, NULL, NULL);

        if (conn_fd != -1 || errno == EBADF || errno == EINVAL
            || errno == ENOTSOCK)
            return conn_fd;
        if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS
            || errno == ENOMEM)
            poll(NULL, 0, PAUSE_MS);
    }
}

/*
 * Listen, print the ready line, and wait for one client; lesson 04.
 *
 * Returns a descriptor the caller must close(2), or -1 with errno set.  When
 * it fails the program ends, and the listening socket with it.
 */
static int accept_one(const struct options *options, struct transfer *t)
{
    struct sockaddr_storage local = { 0 };
    socklen_t len = sizeof local;
    int on = 1;

    t->call = "socket";
    int listen_fd = socket(options->addr.ss_family, SOCK_STREAM, 0);
    if (listen_fd == -1)
        return -1;
    t->call = "setsockopt";
    if (setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        return -1;
    t->call = "bind";
    if (bind(listen_fd, (const struct sockaddr *)&options->addr,
             options->addr_len) == -1)
        return -1;
    t->call = "listen";
    if (listen(listen_fd, 1) == -1)
        return -1;
    t->call = "getsockname";
    if (getsockname(listen_fd, (struct sockaddr *)&local, &len) == -1)
        return -1;
    t->call = "write";
    if (net_announce(&local) == -1)
        return -1;

    t->call = "accept";
    int conn_fd = accept_client(listen_fd);
    close(listen_fd);
    return conn_fd;
}

/*
 * Send t->data and wait until the peer has confirmed it.
 *
 * Returns 1, 0 when the peer closed without an answer, or -1 with errno set.
 */
static int send_data(int fd, struct transfer *t)
{
    char answer;

    t->call = "sendfile";
    if (t->is_file) {
        while (t->moved < t->len) {
            ssize_t n = sendfile(fd, STDIN_FILENO, NULL, t->len - t->moved);
            if (n == 0 || (n == -1 && errno != EINTR))
                return -1;
            if (n > 0)
                t->moved += (size_t)n;
        }
    } else if (send_all(fd, t->data, t->len, &t->moved) == -1) {
        return -1;
    }
    t->call = "recv";
    int rc = recv_exact(fd, &answer, 1, NULL);
    if (rc == 1 && answer != CONFIRMED) {
        errno = EPROTO;
        return -1;
    }
    return rc;
}

/*
 * Receive t->data.
 *
 * Returns 1, 0 when the peer left before the end, or -1 with errno set.
 */
static int receive_data(int fd, struct transfer *t)
{
    t->call = "recv";
    return recv_exact(fd, t->data, t->len, &t->moved);
}

/*
 * Say whether one more byte is there already, without waiting for one.
 */
static bool has_more(int fd)
{
    char extra;

    return recv(fd, &extra, 1, MSG_DONTWAIT) == 1;
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
 * Tell the peer that its bytes are in good hands.
 *
 * Returns 1, or -1 with errno set when the connection broke.
 */
static int confirm_data(int fd, struct transfer *t)
{
    const char answer = CONFIRMED;

    t->call = "send";
    return send_all(fd, &answer, 1, NULL) == 0 ? 1 : -1;
}

int main(int argc, char *argv[])
{
    struct options options;
    struct transfer t = { 0 };

    std_reserve();
    if (parse_options(argc, argv, &options) == -1)
        errx(EXIT_USAGE, "usage: %s", USAGE);
    t.len = options.len;
    t.data = mmap(NULL, t.len + 1, PROT_READ | PROT_WRITE,
                  MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (t.data == MAP_FAILED)
        err(EXIT_FAILURE, "mmap");
    signal(SIGPIPE, SIG_IGN);       /* sendfile has no flag against it */
    if (options.sends && read_input(&t) == -1)
        err(EXIT_FAILURE, "stdin");

    int fd = options.sends ? connect_host(&options, &t)
                           : accept_one(&options, &t);
    if (fd == -1)
        errx(EXIT_FAILURE, "%s: %s", t.call,
             t.reason != NULL ? t.reason : strerror(errno));

    int rc = options.sends ? send_data(fd, &t) : receive_data(fd, &t);
    if (rc == 1 && !options.sends) {
        if (has_more(fd))
            errx(EXIT_FAILURE, "more than %zu bytes came", t.len);
        if (write_all(t.data, t.len) == -1)
            err(EXIT_FAILURE, "write");
        rc = confirm_data(fd, &t);
    }
    if (rc == -1)
        warn("%s", t.call);
    if (rc != 1)
        errx(EXIT_FAILURE, "socket connection broken after %zu of %zu bytes",
             t.moved, t.len);
    close(fd);
    munmap(t.data, t.len + 1);
    return EXIT_SUCCESS;
}

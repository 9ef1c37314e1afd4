/*
 * upperd.c - lesson 05: the server of lesson 04, answering with send_all
 *
 * Usage: upperd [-1] [-b ADDR] [PORT]
 *
 *   -1        serve one client, then end
 *   -b ADDR   listen on this numeric address instead of 127.0.0.1
 *   PORT      defaults to 21577; with 0 the kernel chooses
 *
 * Serves one client at a time: sends back every byte at once, a to z in upper
 * case, until that client is done; then it takes the next one.  Runs until it
 * is killed, whatever the clients do.  Logs on stderr.
 */
#include <ctype.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "stream.h"

#define EXIT_USAGE   2
#define DEFAULT_PORT "21577"
#define BACKLOG      SOMAXCONN  /* connections that may wait for accept */
#define BUFFER_SIZE  4096       /* bytes */
#define PAUSE_MS     100        /* before accept is tried again */

struct options {
    bool one_client;
    struct sockaddr_storage addr;   /* where to listen */
    socklen_t addr_len;
};

/*
 * Read the command line.  Returns 0, or -1 on a usage error.
 */
static int parse_options(int argc, char *argv[], struct options *options)
{
    const char *host = "127.0.0.1";
    int option;

    options->one_client = false;
    while ((option = getopt(argc, argv, "1b:")) != -1) {
        if (option == '1')
            options->one_client = true;
        else if (option == 'b')
            host = optarg;
        else
            return -1;
    }
    if (argc - optind > 1)
        return -1;
    int port = net_parse_port(optind < argc ? argv[optind] : DEFAULT_PORT);
    if (port == -1)
        return -1;
    return net_parse_address(host, port, &options->addr, &options->addr_len);
}

/*
 * Wait for a client, store its address in *peer.
 *
 * Returns a descriptor the caller must close(2), or -1 with errno set when
 * listen_fd is no listening socket: nothing a client does leads there.
 */
static int accept_client(int listen_fd, struct sockaddr_storage *peer)
{
    for (;;) {
        socklen_t len = sizeof *peer;
        int conn_fd;

        conn_fd = accept(listen_fd, (struct sockaddr *)peer, &len);
        if (conn_fd != -1)
            return conn_fd;
        if (errno == EBADF || errno == EINVAL || errno == ENOTSOCK)
            return -1;              /* our own mistake: it will not pass */
        if (errno == EMFILE || errno == ENFILE
            || errno == ENOBUFS || errno == ENOMEM)
            poll(NULL, 0, PAUSE_MS);    /* until somebody gives some back */
    }
}

/*
 * Answer one client until it is done, and add to *total the bytes it sent.
 *
 * Returns 0 at end-of-file, or -1 with errno set when the connection broke.
 * Does not close conn_fd.
 */
static int serve_client(int conn_fd, unsigned long long *total)
{
    char buf[BUFFER_SIZE];

    for (;;) {
        ssize_t n = recv(conn_fd, buf, sizeof buf, 0);
        if (n == -1 && errno == EINTR)
            continue;
        if (n <= 0)
            return (int)n;          /* 0: end-of-file, -1: broken */
        *total += (unsigned long long)n;

        for (ssize_t i = 0; i < n; i++)
            buf[i] = (char)toupper((unsigned char)buf[i]);
        if (send_all(conn_fd, buf, (size_t)n, NULL) == -1)
            return -1;
    }
}

/*
 * Serve clients one after the other; only one when one_client says so.
 *
 * Returns 0, or -1 with errno set when listen_fd is no listening socket.
 */
static int serve_clients(int listen_fd, bool one_client)
{
    do {
        struct sockaddr_storage peer = { 0 };
        char name[NET_TEXT_SIZE];
        unsigned long long total = 0;   /* bytes */

        int conn_fd = accept_client(listen_fd, &peer);
        if (conn_fd == -1)
            return -1;
        fprintf(stderr, "client %s\n", net_format_address(&peer, name));
        if (serve_client(conn_fd, &total) == -1)
            warn("%s", name);       /* that client's trouble, not ours */

        close(conn_fd);
        fprintf(stderr, "closed %s %llu bytes\n", name, total);
    } while (!one_client);
    return 0;
}

int main(int argc, char *argv[])
{
    struct options options;
    struct sockaddr_storage local = { 0 };
    socklen_t local_len = sizeof local;

    std_reserve();
    if (parse_options(argc, argv, &options) == -1)
        errx(EXIT_USAGE, "usage: upperd [-1] [-b ADDR] [PORT]");

    int listen_fd = socket(options.addr.ss_family, SOCK_STREAM, 0);
    if (listen_fd == -1)
        err(EXIT_FAILURE, "socket");

    int on = 1;
    if (setsockopt(listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == -1)
        err(EXIT_FAILURE, "setsockopt");

    if (bind(listen_fd, (struct sockaddr *)&options.addr,
             options.addr_len) == -1)
        err(EXIT_FAILURE, "bind");

    if (listen(listen_fd, BACKLOG) == -1)
        err(EXIT_FAILURE, "listen");

    if (getsockname(listen_fd, (struct sockaddr *)&local, &local_len) == -1)
        err(EXIT_FAILURE, "getsockname");
    if (net_announce(&local) == -1)
        err(EXIT_FAILURE, "write");

    if (serve_clients(listen_fd, options.one_client) == -1)
        err(EXIT_FAILURE, "accept");
    close(listen_fd);
    return EXIT_SUCCESS;
}

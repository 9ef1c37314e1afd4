/*
 * wcd.c - lesson 08: a server that counts lines, words and bytes
 *
 * Usage: wcd [-k N] [-D] [-b ADDR] [PORT]
 *
 *   -k N      answer after the first N bytes already, and count only those
 *   -D        keep a copy of each connection open until the next client comes
 *   -b ADDR   listen on this numeric address instead of 127.0.0.1
 *   PORT      defaults to 44444; with 0 the kernel chooses
 *
 * Serves one client at a time: reads until the client is done sending,
 * answers "LINES WORDS BYTES\n", and ends the connection so that the answer
 * and the end arrive.  Runs until it is killed.
 */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "stream.h"
#include "tcp.h"
#include "todo.h"           /* remove it with the last step */

#define EXIT_USAGE   2
#define DEFAULT_PORT "44444"
#define BUFFER_SIZE  4096       /* bytes */
#define ANSWER_SIZE  80         /* bytes: three numbers of 64 bits fit */

struct options {
    unsigned long long limit;   /* bytes to count, ULLONG_MAX: all */
    bool keep_copy;
    struct sockaddr_storage addr;
    socklen_t addr_len;
};

struct counts {
    unsigned long long lines, words, bytes;
    bool in_word;               /* the last byte belonged to a word */
};

/*
 * Read a count of bytes, digits alone.  Returns 0, or -1 if text is not one.
 */
static int parse_count(const char *text, unsigned long long *count)
{
    char *end;

    errno = 0;
    *count = strtoull(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0
        ? 0 : -1;
}

/*
 * Read the command line.  Returns 0, or -1 on a usage error.
 */
static int parse_options(int argc, char *argv[], struct options *options)
{
    const char *host = "127.0.0.1";
    int option;

    options->limit = ULLONG_MAX;
    options->keep_copy = false;
    while ((option = getopt(argc, argv, "k:Db:")) != -1) {
        if (option == 'k' && parse_count(optarg, &options->limit) == -1)
            return -1;
        if (option == '?')
            return -1;
        if (option == 'D')
            options->keep_copy = true;
        if (option == 'b')
            host = optarg;
    }
    if (argc - optind > 1)
        return -1;
    int port = net_parse_port(optind < argc ? argv[optind] : DEFAULT_PORT);
    if (port == -1)
        return -1;
    return net_parse_address(host, port, &options->addr, &options->addr_len);
}

static bool is_blank(char byte)
{
    return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/*
 * Count n more bytes; a word may go on from one piece to the next.
 */
static void count_piece(struct counts *counts, const char *buf, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        counts->lines += buf[i] == '\n';
        counts->words += !is_blank(buf[i]) && !counts->in_word;
        counts->in_word = !is_blank(buf[i]);
    }
    counts->bytes += n;
}

/*
 * Count what arrives, until the client is done sending or limit is reached.
 *
 * Returns 0, or -1 with errno set when the connection broke.
 */
static int count_input(int conn_fd, unsigned long long limit,
                       struct counts *counts)
{
    char buf[BUFFER_SIZE];

    while (counts->bytes < limit) {
        unsigned long long left = limit - counts->bytes;
        size_t room = left < sizeof buf ? (size_t)left : sizeof buf;

        /* Step 1. Receive up to room bytes; at end-of-file return 0, at an
         * error -1.  recv(2) */
        ssize_t n = todo(1);
        count_piece(counts, buf, (size_t)n);
    }
    return 0;
}

/*
 * Say "no more from me" on conn_fd, even if a copy of it stays open.
 *
 * Returns 0, also when the client has gone already; or -1 with errno set.
 */
static int end_sending(int conn_fd)
{
    /* Step 2. End your side of the connection; a peer that has gone is no
     * failure (ENOTCONN).  shutdown(2) */
    return todo(2);
}

/*
 * Read and throw away what the client still sends, until it is done.
 *
 * Returns 0 at end-of-file, or -1 with errno set.
 */
static int drain_input(int conn_fd)
{
    char buf[BUFFER_SIZE];
    ssize_t n;

    /* Step 3. Receive until the end, so that nothing is left unread when the
     * connection is closed.  recv(2) */
    n = todo(3);
    return (int)n;
}

/*
 * Serve one client.  Returns 0, or -1 with errno set; conn_fd stays open.
 */
static int serve_client(int conn_fd, unsigned long long limit)
{
    struct counts counts = { 0 };
    char answer[ANSWER_SIZE];

    if (count_input(conn_fd, limit, &counts) == -1)
        return -1;
    int len = snprintf(answer, sizeof answer, "%llu %llu %llu\n",
                       counts.lines, counts.words, counts.bytes);
    if (send_all(conn_fd, answer, (size_t)len, NULL) == -1)
        return -1;
    if (end_sending(conn_fd) == -1)
        return -1;
    return drain_input(conn_fd);
}

/*
 * Serve clients one after the other.  Returns -1 with errno set when
 * listen_fd is no listening socket.
 */
static int serve_clients(int listen_fd, const struct options *options)
{
    int copy_fd = -1;           /* of the last connection, with -D */

    for (;;) {
        struct sockaddr_storage peer = { 0 };
        char name[NET_TEXT_SIZE];

        int conn_fd = tcp_accept(listen_fd, &peer);
        if (conn_fd == -1)
            return -1;
        if (copy_fd != -1)
            close(copy_fd);
        copy_fd = options->keep_copy ? dup(conn_fd) : -1;
        if (options->keep_copy && copy_fd == -1)
            warn("dup");        /* it is served all the same */
        if (serve_client(conn_fd, options->limit) == -1)
            warn("%s", net_format_address(&peer, name));

        /* Step 4. Give the descriptor back, once.  close(2) */
        todo(4);
    }
}

int main(int argc, char *argv[])
{
    struct options options;
    char why[TCP_WHY_SIZE];

    std_reserve();
    if (parse_options(argc, argv, &options) == -1)
        errx(EXIT_USAGE, "usage: wcd [-k N] [-D] [-b ADDR] [PORT]");
    int listen_fd = tcp_listen(&options.addr, options.addr_len, why);
    if (listen_fd == -1)
        errx(EXIT_FAILURE, "%s", why);
    serve_clients(listen_fd, &options);
    err(EXIT_FAILURE, "accept");
}

/*
 * hellod.c - lesson 06: a server that greets by name, line by line
 *
 * Usage: hellod [-b ADDR] [PORT]
 *
 *   -b ADDR   listen on this numeric address instead of 127.0.0.1
 *   PORT      defaults to 9999; with 0 the kernel chooses
 *
 * Serves one client at a time: says "Welcome!", answers each line NAME with
 * "Hello, NAME!", and ends at the line "exit" or when the client is done.
 * Runs until it is killed, whatever the clients do.  Logs on stderr.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "line.h"
#include "net.h"
#include "std.h"
#include "stream.h"
#include "tcp.h"
#include "todo.h"           /* remove it with the last step */

#define EXIT_USAGE   2
#define DEFAULT_PORT "9999"
#define GREETING     "Welcome!\n"
#define TOO_LONG     "error: line too long\n"
#define BEFORE_NAME  "Hello, "
#define AFTER_NAME   "!\n"
#define PATIENCE_MS  1000       /* for a client to close after our answer */

/* Bytes of the longest answer: the two texts, each without its NUL. */
#define ANSWER_SIZE  (LINE_LIMIT + sizeof BEFORE_NAME + sizeof AFTER_NAME)

struct options {
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

    while ((option = getopt(argc, argv, "b:")) != -1) {
        if (option == '?')
            return -1;
        host = optarg;
    }
    if (argc - optind > 1)
        return -1;
    int port = net_parse_port(optind < argc ? argv[optind] : DEFAULT_PORT);
    if (port == -1)
        return -1;
    return net_parse_address(host, port, &options->addr, &options->addr_len);
}

/*
 * Send a text.  Returns 0, or -1 with errno set when the client has gone.
 */
static int send_text(int conn_fd, const char *text)
{
    return send_all(conn_fd, text, strlen(text), NULL);
}

/*
 * Say whether a line is the word that ends the conversation.
 */
static bool is_exit(const char *line, size_t len)
{
    /* Step 3. Compare the whole line with "exit".  memcmp(3) */
    return todo(3);
}

/*
 * Greet a name of len bytes, at most LINE_LIMIT, in one piece.
 *
 * Returns 0, or -1 with errno set when the client has gone.
 */
static int send_hello(int conn_fd, const char *name, size_t len)
{
    char answer[ANSWER_SIZE];
    size_t used = strlen(BEFORE_NAME);

    /* Step 4. Put BEFORE_NAME, the name and AFTER_NAME together and send
     * them; the name may hold any bytes.  memcpy(3), stream.h */
    return todo(4);
}

/*
 * Serve one client until it is done or says so.
 *
 * Returns 0, or -1 with errno set when the connection broke; conn_fd stays
 * open.
 */
static int serve_client(int conn_fd)
{
    char buf[LINE_LIMIT];
    struct line_reader reader;
    char *line;
    size_t len;

    /* Step 1. Make a reader for this connection, with buf.  line.h */
    todo(1);

    if (send_text(conn_fd, GREETING) == -1)
        return -1;
    for (;;) {
        /* Step 2. Read the next line; rc says what came.  line.h */
        int rc = todo(2);
        if (rc == LINE_TOO_LONG)
            return send_text(conn_fd, TOO_LONG);
        if (rc == LINE_INCOMPLETE)
            warnx("the last line, %zu bytes, is not complete", len);
        if (rc != LINE_OK)
            return rc == LINE_ERROR ? -1 : 0;
        if (is_exit(line, len))
            return 0;
        if (send_hello(conn_fd, line, len) == -1)
            return -1;
    }
}

int main(int argc, char *argv[])
{
    struct options options;
    char why[TCP_WHY_SIZE];

    std_reserve();
    if (parse_options(argc, argv, &options) == -1)
        errx(EXIT_USAGE, "usage: hellod [-b ADDR] [PORT]");
    int listen_fd = tcp_listen(&options.addr, options.addr_len, why);
    if (listen_fd == -1)
        errx(EXIT_FAILURE, "%s", why);
    for (;;) {
        struct sockaddr_storage peer = { 0 };
        char name[NET_TEXT_SIZE];

        int conn_fd = tcp_accept(listen_fd, &peer);
        if (conn_fd == -1)
            err(EXIT_FAILURE, "accept");
        net_format_address(&peer, name);
        fprintf(stderr, "Accept new connection from %s...\n", name);
        if (serve_client(conn_fd) == -1)
            warn("%s", name);
        tcp_finish(conn_fd, PATIENCE_MS);
        fprintf(stderr, "Connection from %s closed.\n", name);
    }
}

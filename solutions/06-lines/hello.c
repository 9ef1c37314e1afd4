/*
 * hello.c - lesson 06: a client of hellod
 *
 * Usage: hello [-i] HOST PORT [NAME...]
 *
 *   -i   after the NAMEs, ask for more: one a line on stdin, until an empty
 *        line, "exit" or end-of-file
 *
 * Prints the greeting, then sends each NAME and prints the line that answers
 * it; says "exit" and ends.  Exits with 0, with 1 when a call fails or the
 * server closes too early, with 2 on a usage error.
 */
#include <err.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "line.h"
#include "net.h"
#include "std.h"
#include "stream.h"
#include "tcp.h"

#define EXIT_USAGE   2
#define NAME_LIMIT   (LINE_LIMIT - 1)   /* bytes, without the newline */
#define ANSWER_LIMIT (LINE_LIMIT + 64)  /* "Hello, " and "!" need room */
#define PROMPT       "> "

struct options {
    bool asks;
    char *host, *port, **names;     /* the names end with NULL */
};

/*
 * Say whether a name can be sent: it fits into a line, and is one line.
 */
static bool is_name(const char *name, size_t len)
{
    return len <= NAME_LIMIT && memchr(name, '\n', len) == NULL;
}

/*
 * Read the command line.  Returns 0, or -1 on a usage error.
 */
static int parse_options(int argc, char *argv[], struct options *options)
{
    int option;

    options->asks = false;
    while ((option = getopt(argc, argv, "+i")) != -1) {
        if (option == '?')
            return -1;
        options->asks = true;
    }
    if (argc - optind < 2 || net_parse_port(argv[optind + 1]) == -1)
        return -1;
    options->host = argv[optind];
    options->port = argv[optind + 1];
    options->names = argv + optind + 2;
    for (char **name = options->names; *name != NULL; name++)
        if (!is_name(*name, strlen(*name)))
            return -1;
    return 0;
}

/*
 * Send len bytes as a line.  Ends the program when that fails.
 */
static void send_line(int fd, const char *name, size_t len)
{
    char line[LINE_LIMIT];

    /* Step 1. Send the name and its newline, and nothing else; when that
     * fails: err(EXIT_FAILURE, "send").  stream.h */
    memcpy(line, name, len);
    line[len] = '\n';
    if (send_all(fd, line, len + 1, NULL) == -1)
        err(EXIT_FAILURE, "send");
}

/*
 * Print the next line from the server.  Ends the program when none comes.
 */
static void print_line(struct line_reader *reader)
{
    char *line;
    size_t len;

    /* Step 2. Read a line; LINE_ERROR: err(EXIT_FAILURE, "recv"), any other
     * result but LINE_OK: errx(EXIT_FAILURE, "recv: ...").  line.h */
    int rc = line_read(reader, &line, &len);
    if (rc == LINE_ERROR)
        err(EXIT_FAILURE, "recv");
    if (rc != LINE_OK)
        errx(EXIT_FAILURE, "recv: %s", rc == LINE_TOO_LONG
             ? "the answer is too long" : "the server ended too early");

    if (fwrite(line, 1, len, stdout) != len || putchar('\n') == EOF
        || fflush(stdout) == EOF)
        err(EXIT_FAILURE, "write");
}

/*
 * Greet the names that a person types.
 */
static void ask_for_names(int fd, struct line_reader *reader)
{
    char *name = NULL;
    size_t size = 0;

    for (;;) {
        fputs(PROMPT, stderr);
        ssize_t len = getline(&name, &size, stdin);
        if (len == -1)
            putc('\n', stderr);             /* ends the line of the prompt */
        if (len == -1 && !feof(stdin))
            err(EXIT_FAILURE, "read");
        if (len > 0 && name[len - 1] == '\n')
            len--;
        if (len <= 0 || (len == 4 && memcmp(name, "exit", 4) == 0))
            break;
        if (!is_name(name, (size_t)len))
            errx(EXIT_USAGE, "a name has at most %d bytes", NAME_LIMIT);
        send_line(fd, name, (size_t)len);
        print_line(reader);
    }
    free(name);
}

int main(int argc, char *argv[])
{
    struct options options;
    struct line_reader reader;
    char buf[ANSWER_LIMIT];
    char why[TCP_WHY_SIZE];

    std_reserve();
    if (parse_options(argc, argv, &options) == -1)
        errx(EXIT_USAGE, "usage: hello [-i] HOST PORT [NAME...], "
                         "a NAME of at most %d bytes", NAME_LIMIT);
    int fd = tcp_connect(options.host, options.port, why);
    if (fd == -1)
        errx(EXIT_FAILURE, "%s", why);

    line_init(&reader, fd, buf, sizeof buf);
    print_line(&reader);                /* the server speaks first */
    for (char **name = options.names; *name != NULL; name++) {
        send_line(fd, *name, strlen(*name));
        print_line(&reader);
    }
    if (options.asks)
        ask_for_names(fd, &reader);
    send_line(fd, "exit", strlen("exit"));
    close(fd);
    return EXIT_SUCCESS;
}

/*
 * tsd.c - lesson 09: a server that puts the time before each line
 *
 * Usage: tsd [-m none|line|full|SIZE] [-t EPOCH] [-b ADDR] [PORT]
 *
 *   -m MODE    how answers are buffered; SIZE 0 is none, 1 is line, any other
 *              is full with a buffer of that many bytes; defaults to full
 *   -t EPOCH   a clock that stands still, in seconds since 1970
 *   -b ADDR    listen on this numeric address instead of 127.0.0.1
 *   PORT       defaults to 21567; with 0 the kernel chooses
 *
 * Serves one client at a time: answers each line TEXT with "[TIME] TEXT",
 * before it waits for the next one.  Runs until it is killed.
 */
#include <err.h>
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "tcp.h"
#include "todo.h"           /* remove it with the last step */

#define EXIT_USAGE   2
#define DEFAULT_PORT "21567"
#define LINE_LIMIT   8192       /* bytes, with the newline */
#define BUFFER_LIMIT (1 << 20)  /* bytes of buffer that -m may ask for */
#define TIME_SIZE    26         /* bytes that ctime_r(3) asks for */
#define PATIENCE_MS  1000       /* for a client to close after our answer */

struct options {
    int mode;                   /* as setvbuf(3) has it */
    size_t size;                /* bytes of our own buffer; 0: stdio's */
    time_t now;                 /* the clock that stands still */
    bool clock_stands;
    struct sockaddr_storage addr;
    socklen_t addr_len;
};

/*
 * Read a number, digits alone, up to LONG_MAX.  Returns -1 if text is not one.
 */
static long parse_number(const char *text)
{
    char *end;

    errno = 0;
    long number = strtol(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0
        ? number : -1;
}

/*
 * Read how answers are to be buffered.  Returns 0, or -1 when text is no mode.
 */
static int parse_mode(const char *text, struct options *options)
{
    static const struct { const char *name; int mode; } names[] = {
        { "none", _IONBF }, { "line", _IOLBF }, { "full", _IOFBF },
        { "0", _IONBF }, { "1", _IOLBF },
    };

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(text, names[i].name) == 0) {
            options->mode = names[i].mode;
            return 0;
        }
    long size = parse_number(text);
    if (size < 2 || size > BUFFER_LIMIT)
        return -1;
    options->mode = _IOFBF;
    options->size = (size_t)size;
    return 0;
}

/*
 * Read the time for -t.  Returns 0, or -1 when text is no time ctime(3) knows.
 */
static int parse_time(const char *text, struct options *options)
{
    char as_text[TIME_SIZE];

    options->now = parse_number(text);
    options->clock_stands = true;
    return options->now != -1 && ctime_r(&options->now, as_text) ? 0 : -1;
}

/*
 * Read the command line.  Returns 0, or -1 on a usage error.
 */
static int parse_options(int argc, char *argv[], struct options *options)
{
    const char *host = "127.0.0.1";
    int option;

    *options = (struct options){ .mode = _IOFBF };
    while ((option = getopt(argc, argv, "m:t:b:")) != -1) {
        if (option == '?'
            || (option == 'm' && parse_mode(optarg, options) == -1)
            || (option == 't' && parse_time(optarg, options) == -1))
            return -1;
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

/*
 * Make a stream to read from conn_fd.
 *
 * Returns a stream with a descriptor of its own, or NULL with errno set.
 */
static FILE *open_reader(int conn_fd)
{
    int fd = dup(conn_fd);      /* a stream owns its descriptor: fclose(3) */

    if (fd == -1)
        return NULL;

    /* Step 2. Make a stream for reading of fd.  fdopen(3) */
    FILE *rfile = (todo(2), NULL);
    if (rfile == NULL)
        close(fd);
    return rfile;
}

/*
 * Make a stream to write to conn_fd, buffered as the options say.
 *
 * memory   options->size bytes that the stream may use until it is closed;
 *          NULL when the size is 0
 *
 * Returns a stream with a descriptor of its own, or NULL with errno set.
 */
static FILE *open_writer(int conn_fd, const struct options *options,
                         char *memory)
{
    int fd = dup(conn_fd);

    if (fd == -1)
        return NULL;

    /* Step 3. Make a stream for writing of fd.  fdopen(3) */
    FILE *wfile = (todo(3), NULL);
    if (wfile == NULL) {
        close(fd);
        return NULL;
    }

    /* Step 4. Set its buffering to options->mode, with the options->size
     * bytes of memory, before anything is written.  setvbuf(3) */
    int rc = todo(4);
    if (rc != 0) {
        fclose(wfile);
        return NULL;
    }
    return wfile;
}

/*
 * Read a line into line, without its "\n" or "\r\n".
 *
 * Returns its length in bytes; -1 at end-of-file or when reading failed,
 * ferror(3) tells which, also in the middle of a line; -2 when the line is
 * longer than LINE_LIMIT.
 */
static int read_line(FILE *rfile, char line[LINE_LIMIT])
{
    int used = 0;

    while (used < LINE_LIMIT) {
        /* Step 5. Take the next byte; at the end return -1.  getc(3) */
        int byte = todo(5);
        if (byte == '\n')
            return used > 0 && line[used - 1] == '\r' ? used - 1 : used;
        line[used++] = (char)byte;
    }
    return -2;
}

/*
 * Answer one line, piece by piece.
 *
 * Returns 0 when all of it is on its way, or -1 with errno set.
 */
static int answer_line(FILE *wfile, const char *line, int len, time_t now)
{
    char as_text[TIME_SIZE];

    if (ctime_r(&now, as_text) == NULL)
        return -1;
    as_text[strcspn(as_text, "\n")] = '\0';     /* ctime ends with a newline */
    fputs("[", wfile);
    fputs(as_text, wfile);
    fputs("] ", wfile);
    fwrite(line, 1, (size_t)len, wfile);
    fputs("\n", wfile);

    /* Step 6. Send what stdio still holds, and say whether all went well.
     * fflush(3), ferror(3) */
    return todo(6);
}

/*
 * Answer the lines of one client until it is done.
 *
 * Returns 0, or -1 with errno set when the connection broke.
 */
static int answer_lines(FILE *rfile, FILE *wfile, const struct options *options)
{
    char line[LINE_LIMIT];
    int len;

    while ((len = read_line(rfile, line)) >= 0) {
        time_t now = options->clock_stands ? options->now : time(NULL);
        if (answer_line(wfile, line, len, now) == -1)
            return -1;
    }
    if (len == -2) {
        fputs("error: line too long\n", wfile);
        return fflush(wfile) == EOF || ferror(wfile) ? -1 : 0;
    }

    /* Step 7. It ended: was it the end, or an error?  ferror(3) */
    return todo(7);
}

/*
 * Serve one client.  Returns 0, or -1 with errno set; conn_fd stays open.
 */
static int serve_client(int conn_fd, const struct options *options)
{
    int rc = -1, why;

    char *memory = options->size > 0 ? malloc(options->size) : NULL;
    if (memory == NULL && options->size > 0)
        return -1;
    FILE *rfile = open_reader(conn_fd);
    FILE *wfile = rfile == NULL ? NULL : open_writer(conn_fd, options, memory);
    if (wfile != NULL)
        rc = answer_lines(rfile, wfile, options);
    why = errno;

    /* Step 8. Close each stream, once, if it was opened.  fclose(3) */
    todo(8);

    free(memory);
    errno = why;                /* of what went wrong first */
    return rc;
}

int main(int argc, char *argv[])
{
    struct options options;
    char why[TCP_WHY_SIZE];

    std_reserve();
    if (parse_options(argc, argv, &options) == -1)
        errx(EXIT_USAGE, "usage: tsd [-m none|line|full|SIZE] [-t EPOCH] "
                         "[-b ADDR] [PORT]");

    /* Step 1. Ignore SIGPIPE: stdio has no MSG_NOSIGNAL.  signal(2) */
    todo(1);

    int listen_fd = tcp_listen(&options.addr, options.addr_len, why);
    if (listen_fd == -1)
        errx(EXIT_FAILURE, "%s", why);
    for (;;) {
        struct sockaddr_storage peer = { 0 };
        char name[NET_TEXT_SIZE];

        int conn_fd = tcp_accept(listen_fd, &peer);
        if (conn_fd == -1)
            err(EXIT_FAILURE, "accept");
        if (serve_client(conn_fd, &options) == -1)
            warn("%s", net_format_address(&peer, name));
        tcp_finish(conn_fd, PATIENCE_MS);
    }
}

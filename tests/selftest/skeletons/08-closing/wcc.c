/*
 * wcc.c - lesson 08: a client of wcd
 *
 * Usage: wcc HOST PORT < data
 *
 * Sends all of stdin, says that it is done, and prints the line that the
 * server answers.  Exits with 0, with 1 when a call fails or no whole line
 * comes, with 2 on a usage error.
 */
#include <err.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "stream.h"
#include "tcp.h"
#include "todo.h"           /* remove it with the last step */

#define EXIT_USAGE  2
#define BUFFER_SIZE 4096        /* bytes */
#define ANSWER_SIZE 128         /* bytes of the longest line we believe */

/*
 * Send all that stdin has.
 *
 * Returns NULL, or the name of the call that failed, with errno set.
 */
static const char *send_input(int fd)
{
    char buf[BUFFER_SIZE];

    for (;;) {
        ssize_t n = read(STDIN_FILENO, buf, sizeof buf);
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            return "read";
        if (n == 0)
            return NULL;

        /* Step 1. Send this piece, all of it; "send" if that fails.
         * send_all() in stream.h */
        todo(1);
    }
}

/*
 * Receive a line of at most size bytes, its newline included.
 *
 * Returns its length; 0 when the stream ended before the newline, or the line
 * is longer; -1 with errno set when the connection broke.
 */
static ssize_t receive_line(int fd, char *line, size_t size)
{
    size_t used = 0;

    while (used < size) {
        /* Step 3. Receive behind what is there already.  recv(2) */
        ssize_t n = todo(3);
        char *newline = memchr(line + used, '\n', (size_t)n);
        if (newline != NULL)
            return newline - line + 1;
        used += (size_t)n;
    }
    return 0;
}

int main(int argc, char *argv[])
{
    char line[ANSWER_SIZE];
    char why[TCP_WHY_SIZE];

    std_reserve();
    if (argc != 3 || net_parse_port(argv[2]) == -1)
        errx(EXIT_USAGE, "usage: wcc HOST PORT < data");
    int fd = tcp_connect(argv[1], argv[2], why);
    if (fd == -1)
        errx(EXIT_FAILURE, "%s", why);

    const char *failed = send_input(fd);
    if (failed != NULL)
        err(EXIT_FAILURE, "%s", failed);

    /* Step 2. Say "no more from me", and keep listening.  shutdown(2) */
    int rc = todo(2);
    if (rc == -1 && errno != ENOTCONN)  /* gone already: recv will tell */
        err(EXIT_FAILURE, "shutdown");

    ssize_t len = receive_line(fd, line, sizeof line);
    if (len == -1)
        err(EXIT_FAILURE, "recv");
    if (len == 0)
        errx(EXIT_FAILURE, "recv: the answer is not a whole line");
    if (fwrite(line, 1, (size_t)len, stdout) != (size_t)len
        || fflush(stdout) == EOF)
        err(EXIT_FAILURE, "write");
    close(fd);
    return EXIT_SUCCESS;
}

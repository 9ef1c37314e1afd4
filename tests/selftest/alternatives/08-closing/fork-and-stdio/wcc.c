/*
 * wcc.c - an alternative for lesson 08: reads all of stdin first, and the
 * answer through stdio.
 */
#include <err.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "tcp.h"

int main(int argc, char *argv[])
{
    char why[TCP_WHY_SIZE], *data = NULL, *line = NULL;
    size_t used = 0, room = 0;
    ssize_t n;

    std_reserve();
    if (argc != 3 || net_parse_port(argv[2]) == -1)
        errx(2, "usage: wcc HOST PORT < data");
    signal(SIGPIPE, SIG_IGN);
    int fd = tcp_connect(argv[1], argv[2], why);
    if (fd == -1)
        errx(1, "%s", why);
    do {
        data = realloc(data, used + 65536);
        if (data == NULL)
            err(1, "realloc");
        n = read(0, data + used, 65536);
        if (n == -1 && errno != EINTR)
            err(1, "read");
        used += n > 0 ? (size_t)n : 0;
    } while (n != 0);
    for (size_t at = 0; at < used; at += n > 0 ? (size_t)n : 0)
        if ((n = write(fd, data + at, used - at)) == -1 && errno != EINTR)
            err(1, "write");
    free(data);
    if (shutdown(fd, SHUT_WR) == -1)
        err(1, "shutdown");
    FILE *in = fdopen(fd, "r");
    if (in == NULL || (n = getline(&line, &room, in)) <= 0)
        errx(1, "read: no answer");
    if (line[n - 1] != '\n')
        errx(1, "read: half an answer");
    if (fputs(line, stdout) == EOF || fflush(stdout) == EOF)
        err(1, "fputs");
    free(line);
    fclose(in);
    return 0;
}

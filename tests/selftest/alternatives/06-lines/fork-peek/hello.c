/*
 * hello.c - all names at once, then all the answers
 *
 * What differs: the names are sent together as soon as the connection stands,
 * before the greeting has come; what comes back is copied while its newlines
 * are counted, without looking at lines.  With -i it goes on name by name.
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

static int fd;

static void say(const char *name)
{
    char line[8192];
    size_t len = strlen(name);

    memcpy(line, name, len);
    line[len++] = '\n';
    if (send_all(fd, line, len, NULL) == -1)
        err(1, "send");
}

static void copy_lines(int count)
{
    char byte;

    while (count > 0) {
        int rc = recv_exact(fd, &byte, 1, NULL);
        if (rc == -1)
            err(1, "recv");
        if (rc == 0)
            errx(1, "recv: the server has gone");
        if (putchar(byte) == EOF)
            err(1, "putchar");
        count -= byte == '\n';
    }
    if (fflush(stdout) == EOF)
        err(1, "fflush");
}

int main(int argc, char *argv[])
{
    char why[TCP_WHY_SIZE], typed[8192];
    int c, asks = 0;

    std_reserve();
    while ((c = getopt(argc, argv, "+i")) == 'i')
        asks = 1;
    if (c != -1 || argc - optind < 2 || net_parse_port(argv[optind + 1]) == -1)
        errx(2, "usage: hello [-i] HOST PORT [NAME...]");
    for (int i = optind + 2; i < argc; i++)
        if (strlen(argv[i]) > 8191)
            errx(2, "NAME is too long");
    fd = tcp_connect(argv[optind], argv[optind + 1], why);
    if (fd == -1)
        errx(1, "%s", why);
    for (int i = optind + 2; i < argc; i++)
        say(argv[i]);
    copy_lines(argc - optind - 1);
    while (asks && fgets(typed, sizeof typed, stdin) != NULL) {
        typed[strcspn(typed, "\n")] = '\0';
        if (typed[0] == '\0' || strcmp(typed, "exit") == 0)
            break;
        say(typed);
        copy_lines(1);
    }
    if (ferror(stdin))
        err(1, "read");
    say("exit");
    close(fd);
    return 0;
}

/*
 * hello.c - by stdio: getc for the answers, fprintf for the names
 *
 * What differs: two streams on the connection instead of a line reader; an
 * answer is collected byte by byte.
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

static FILE *in, *out;

static void say(const char *name)
{
    if (fprintf(out, "%s\n", name) < 0)
        err(1, "fprintf");
    while (fflush(out) == EOF) {
        if (errno != EINTR)
            err(1, "fflush");
        clearerr(out);
    }
}

static void hear(void)
{
    static char line[1 << 16];
    size_t used = 0;

    do {
        errno = 0;
        int byte = getc(in);
        if (byte == EOF && errno == EINTR) {
            clearerr(in);
            continue;
        }
        if (byte == EOF)
            errx(1, "getc: no whole answer");
        if (used == sizeof line)
            errx(1, "getc: an endless answer");
        line[used++] = (char)byte;
    } while (used == 0 || line[used - 1] != '\n');
    if (fwrite(line, 1, used, stdout) != used || fflush(stdout) == EOF)
        err(1, "fwrite");
}

int main(int argc, char *argv[])
{
    char why[TCP_WHY_SIZE], typed[8194];
    int c, asks = 0;

    std_reserve();
    while ((c = getopt(argc, argv, "+i")) == 'i')
        asks = 1;
    if (c != -1 || argc - optind < 2 || net_parse_port(argv[optind + 1]) == -1)
        errx(2, "usage: hello [-i] HOST PORT [NAME...]");
    for (int i = optind + 2; i < argc; i++)
        if (strlen(argv[i]) > 8191)
            errx(2, "NAME is too long");
    signal(SIGPIPE, SIG_IGN);
    int fd = tcp_connect(argv[optind], argv[optind + 1], why);
    if (fd == -1)
        errx(1, "%s", why);
    in = fdopen(fd, "r");
    out = fdopen(dup(fd), "w");
    if (in == NULL || out == NULL)
        err(1, "fdopen");
    hear();
    for (int i = optind + 2; i < argc; i++) {
        say(argv[i]);
        hear();
    }
    while (asks && (fputs("name: ", stderr),
                    fgets(typed, sizeof typed, stdin) != NULL)) {
        typed[strcspn(typed, "\n")] = '\0';
        if (typed[0] == '\0' || strcmp(typed, "exit") == 0)
            break;
        say(typed);
        hear();
    }
    if (ferror(stdin))
        err(1, "fgets");
    say("exit");
    fclose(out);
    fclose(in);
    return 0;
}

/*
 * hellod-fork.c - MAX children are made in advance, and all of them accept
 *
 * What differs: no fork while clients come.  Each child accepts, talks, and
 * accepts again; the kernel gives each client to one of them, and lets more
 * than MAX wait.  The children end when the parent does (PR_SET_PDEATHSIG).
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "line.h"
#include "net.h"
#include "std.h"
#include "stream.h"
#include "tcp.h"

struct counters {
    atomic_int served;
    atomic_int active;
};

static int max = 40, delay_ms;
static struct counters *counters;

/* The conversation of lesson 06, and stats. */
static void talk(int fd)
{
    char buf[LINE_LIMIT], answer[LINE_LIMIT + 16], *line;
    struct line_reader reader;
    size_t len;
    int rc = send_all(fd, "Welcome!\n", 9, NULL);

    line_init(&reader, fd, buf, sizeof buf);
    while (rc == 0 && (rc = line_read(&reader, &line, &len)) == LINE_OK) {
        if (len == 4 && memcmp(line, "exit", 4) == 0)
            return;
        if (delay_ms > 0)
            usleep((useconds_t)delay_ms * 1000);
        if (len == 5 && memcmp(line, "stats", 5) == 0) {
            rc = snprintf(answer, sizeof answer, "served %d active %d\n",
                          counters->served, counters->active);
            rc = send_all(fd, answer, (size_t)rc, NULL);
        } else {
            memcpy(answer, "Hello, ", 7);
            memcpy(answer + 7, line, len);
            memcpy(answer + 7 + len, "!\n", 2);
            rc = send_all(fd, answer, len + 9, NULL);
        }
    }
    if (rc == LINE_TOO_LONG)
        send_all(fd, "error: line too long\n", 21, NULL);
}

static int number(const char *text)
{
    size_t digits = strspn(text, "0123456789");

    return digits > 0 && digits < 10 && text[digits] == '\0' ? atoi(text) : -1;
}

/* Read the command line and listen.  Returns the listening socket. */
static int start(int argc, char *argv[])
{
    struct sockaddr_storage addr;
    socklen_t len;
    const char *host = "127.0.0.1", *port = "9999";
    char why[TCP_WHY_SIZE];
    int c, bad = 0;

    while ((c = getopt(argc, argv, "b:n:d:")) != -1) {
        if (c == 'b')
            host = optarg;
        else if (c == 'n')
            bad |= (max = number(optarg)) < 1;
        else if (c == 'd')
            bad |= (delay_ms = number(optarg)) < 0;
        else
            bad = 1;
    }
    if (optind < argc)
        port = argv[optind++];
    if (bad || optind < argc || net_parse_port(port) == -1
        || net_parse_address(host, net_parse_port(port), &addr, &len) == -1)
        errx(2, "usage: hellod-fork [-b ADDR] [-n MAX] [-d MS] [PORT]");
    counters = mmap(NULL, sizeof *counters, PROT_READ | PROT_WRITE,
                    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (counters == MAP_FAILED)
        err(1, "mmap");
    int fd = tcp_listen(&addr, len, why);
    if (fd == -1)
        errx(1, "%s", why);
    return fd;
}

static void work(int listen_fd, pid_t parent)
{
    struct sockaddr_storage peer = { 0 };
    char name[NET_TEXT_SIZE];

    prctl(PR_SET_PDEATHSIG, SIGKILL);
    while (getppid() == parent) {
        int fd = tcp_accept(listen_fd, &peer);
        atomic_fetch_add(&counters->active, 1);
        net_format_address(&peer, name);
        dprintf(2, "Accept new connection from %s...\n", name);
        talk(fd);
        tcp_finish(fd, 1000);
        atomic_fetch_sub(&counters->active, 1);
        atomic_fetch_add(&counters->served, 1);
        dprintf(2, "Connection from %s closed.\n", name);
    }
    _exit(0);
}

int main(int argc, char *argv[])
{
    pid_t *children, parent = getpid();
    sigset_t ours, usual;
    int which, made = 0;

    std_reserve();
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigprocmask(SIG_BLOCK, &ours, &usual);
    int listen_fd = start(argc, argv);
    children = calloc((size_t)max, sizeof *children);
    for (int i = 0; children != NULL && i < max; i++) {
        children[made] = fork();
        if (children[made] == 0) {
            sigprocmask(SIG_SETMASK, &usual, NULL);
            work(listen_fd, parent);
        }
        if (children[made] == -1)
            warn("fork");               /* fewer will do */
        else
            made++;
    }
    sigwait(&ours, &which);
    while (made > 0) {
        kill(children[--made], SIGKILL);
        waitpid(children[made], NULL, 0);
    }
    free(children);
    return 0;
}

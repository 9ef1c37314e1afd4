/*
 * hellod-fork.c - signals are read from a descriptor, children are a group
 *
 * What differs: no handler at all.  SIGTERM, SIGINT and SIGCHLD come through
 * signalfd; the children have a process group of their own, to which the stop
 * goes; the parent has no table of them.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
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
            poll(NULL, 0, delay_ms);
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
    if (fd == -1 || fcntl(fd, F_SETFL, O_NONBLOCK) == -1)
        errx(1, "%s", why);
    return fd;
}

static int listener;
static pid_t group;                     /* of the children; 0: there is none */

static void serve(int fd, const char *name, const sigset_t *usual)
{
    pid_t pid = fork();

    if (pid == 0) {
        setpgid(0, group);
        close(listener);
        sigprocmask(SIG_SETMASK, usual, NULL);
        talk(fd);
        tcp_finish(fd, 1000);
        dprintf(2, "Connection from %s closed.\n", name);
        _exit(0);
    }
    if (pid == -1) {
        warn("fork");
        return;
    }
    if (setpgid(pid, group) == -1)      /* it has gone, or the group has */
        setpgid(pid, group = 0);
    if (group == 0)
        group = pid;
    counters->active++;
}

static void collect(int options)
{
    while (waitpid(-1, NULL, options) > 0) {
        counters->active--;
        counters->served++;
    }
    if (counters->active == 0)
        group = 0;
}

/* Returns whether the signals that came ask for the end. */
static int read_signals(int signal_fd)
{
    struct signalfd_siginfo info;
    int stop = 0;

    while (read(signal_fd, &info, sizeof info) == sizeof info)
        stop |= info.ssi_signo != SIGCHLD;
    collect(WNOHANG);
    return stop;
}

static void set_signals(sigset_t *set)
{
    sigemptyset(set);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGCHLD);
}

int main(int argc, char *argv[])
{
    sigset_t ours, usual;

    std_reserve();
    set_signals(&ours);
    sigprocmask(SIG_BLOCK, &ours, &usual);
    int listen_fd = listener = start(argc, argv);
    int signal_fd = signalfd(-1, &ours, SFD_CLOEXEC | SFD_NONBLOCK);
    for (;;) {
        struct pollfd ready[2] = { { .fd = signal_fd, .events = POLLIN },
                                   { .fd = listen_fd, .events = POLLIN } };
        struct sockaddr_storage peer = { 0 };
        char name[NET_TEXT_SIZE];

        if (poll(ready, counters->active < max ? 2 : 1, -1) == -1)
            continue;
        if (ready[0].revents != 0 && read_signals(signal_fd))
            break;
        if (ready[1].revents == 0)
            continue;
        socklen_t len = sizeof peer;
        int fd = accept4(listen_fd, (void *)&peer, &len, SOCK_CLOEXEC);
        if (fd == -1) {         /* it does not block: signals come first */
            poll(NULL, 0, errno == EMFILE || errno == ENFILE ? 50 : 0);
            continue;
        }
        dprintf(2, "Accept new connection from %s...\n",
                net_format_address(&peer, name));
        serve(fd, name, &usual);
        close(fd);
    }
    close(listen_fd);
    close(signal_fd);
    if (group != 0)
        killpg(group, SIGKILL);
    collect(0);
    return 0;
}

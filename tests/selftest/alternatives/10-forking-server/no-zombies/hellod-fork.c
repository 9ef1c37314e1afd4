/*
 * hellod-fork.c - the kernel collects the children, pipes tell who has ended
 *
 * What differs: SA_NOCLDWAIT, so that nobody waits for a child.  Each child
 * keeps the writing end of a pipe; its end-of-file in the parent's poll is the
 * end of the child.  One more pipe is written by the handler of SIGTERM.
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

static int stop_pipe[2];

static void on_stop(int number)
{
    int saved = errno;

    (void)number;
    if (write(stop_pipe[1], "", 1) == -1)
        errno = saved;                  /* full: it has been told before */
}

static void arrange(void)
{
    struct sigaction stop = { .sa_handler = on_stop, .sa_flags = SA_RESTART };
    struct sigaction none = { .sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT };

    std_reserve();
    if (pipe2(stop_pipe, O_CLOEXEC | O_NONBLOCK) == -1)
        err(1, "pipe");
    sigaction(SIGTERM, &stop, NULL);
    sigaction(SIGINT, &stop, NULL);
    sigaction(SIGCHLD, &none, NULL);
}

/*
 * Serve one client in a child.  pids[0] gets its number.  Returns what poll is
 * to watch for its end, or -1.
 */
static int serve(int listen_fd, pid_t *pids)
{
    struct sockaddr_storage peer = { 0 };
    char name[NET_TEXT_SIZE];
    int life[2];

    socklen_t len = sizeof peer;
    int fd = accept4(listen_fd, (struct sockaddr *)&peer, &len, SOCK_CLOEXEC);
    if (fd == -1)
        poll(NULL, 0, errno == EMFILE || errno == ENFILE ? 50 : 0);
    if (fd == -1)
        return -1;              /* it does not block: signals come first */
    net_format_address(&peer, name);
    dprintf(2, "Accept new connection from %s...\n", name);
    if (pipe2(life, O_CLOEXEC) == -1) {
        close(fd);
        return -1;
    }
    counters->active++;
    pids[0] = fork();
    if (pids[0] == 0) {
        signal(SIGTERM, SIG_DFL);
        signal(SIGINT, SIG_DFL);
        close(listen_fd);
        close(life[0]);
        talk(fd);
        tcp_finish(fd, 1000);
        dprintf(2, "Connection from %s closed.\n", name);
        _exit(0);
    }
    close(fd);
    close(life[1]);
    if (pids[0] != -1)
        return life[0];
    close(life[0]);
    counters->active--;
    return -1;
}

int main(int argc, char *argv[])
{
    arrange();
    int listen_fd = start(argc, argv);
    struct pollfd *ready = calloc((size_t)max + 2, sizeof *ready);
    pid_t *pids = calloc((size_t)max + 2, sizeof *pids);
    int used = 2;

    if (ready == NULL || pids == NULL)
        err(1, "calloc");
    ready[0] = (struct pollfd){ .fd = stop_pipe[0], .events = POLLIN };
    while (ready[0].revents == 0) {
        ready[1].fd = used < max + 2 ? listen_fd : -1;
        ready[1].events = POLLIN;
        if (poll(ready, (nfds_t)used, -1) == -1)
            continue;
        for (int i = used - 1; i >= 2; i--) {
            if (ready[i].revents != 0) {
                close(ready[i].fd);
                ready[i] = ready[--used];
                pids[i] = pids[used];
                counters->active--;
                counters->served++;
            }
        }
        if (ready[1].revents != 0) {
            ready[used] = (struct pollfd){ .events = POLLIN };
            ready[used].fd = serve(listen_fd, &pids[used]);
            used += ready[used].fd != -1;
        }
    }
    for (int i = 2; i < used; i++) {
        kill(pids[i], SIGTERM);
        close(ready[i].fd);
    }
    while (waitpid(-1, NULL, 0) > 0)
        continue;
    free(ready);
    free(pids);
    return 0;
}

/*
 * hellod-fork.c - accept blocks, children are collected in the handler
 *
 * What differs: no poll.  A thread of the parent waits for the signals and
 * breaks the blocked accept by shutdown; a counting semaphore, posted by the
 * collecting thread, keeps the limit.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
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
    if (fd == -1)
        errx(1, "%s", why);
    return fd;
}

static int listen_fd;
static sem_t places;
static sigset_t ours, usual;
static atomic_int stop_wanted;

/* Wait for signals: collect children, or end the accept of the other thread. */
static void *wait_for_signals(void *unused)
{
    int which;

    (void)unused;
    while (sigwait(&ours, &which) == 0 && which == SIGCHLD) {
        while (waitpid(-1, NULL, WNOHANG) > 0) {
            counters->active--;
            counters->served++;
            sem_post(&places);
        }
    }
    stop_wanted = 1;
    shutdown(listen_fd, SHUT_RDWR);
    sem_post(&places);
    return NULL;
}

static void run_child(int fd, const char *name, pid_t parent)
{
    close(listen_fd);
    setpgid(0, parent);
    sigprocmask(SIG_SETMASK, &usual, NULL);
    talk(fd);
    tcp_finish(fd, 1000);
    dprintf(2, "Connection from %s closed.\n", name);
    _exit(0);
}

static void accept_clients(void)
{
    for (;;) {
        struct sockaddr_storage peer = { 0 };
        char name[NET_TEXT_SIZE];

        while (sem_wait(&places) == -1)
            continue;
        int fd = stop_wanted ? -1 : tcp_accept(listen_fd, &peer);
        if (fd == -1)
            return;
        dprintf(2, "Accept new connection from %s...\n",
                net_format_address(&peer, name));
        counters->active++;
        pid_t pid = fork();
        if (pid == 0)
            run_child(fd, name, getppid());
        close(fd);
        if (pid == -1) {
            counters->active--;
            sem_post(&places);
        }
    }
}

int main(int argc, char *argv[])
{
    pthread_t waiter;

    std_reserve();
    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ours, &usual);
    setpgid(0, 0);                      /* a group of the server alone */
    listen_fd = start(argc, argv);
    sem_init(&places, 0, (unsigned)max);
    if (pthread_create(&waiter, NULL, wait_for_signals, NULL) != 0)
        errx(1, "pthread_create");
    accept_clients();
    pthread_join(waiter, NULL);
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);                   /* the group: all children, and us */
    while (waitpid(-1, NULL, 0) > 0)
        continue;
    close(listen_fd);
    sem_destroy(&places);
    return 0;
}

/*
 * hellod-threads.c - every thread accepts for itself
 *
 * What differs: MAX threads (POOL with -p, if that is less) are made at the
 * start, and each accepts a client, serves it, and accepts the next; nobody
 * queues but in the kernel.  Sockets do not block; every wait is a poll that
 * also watches a pipe, which is closed at the stop.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
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

#define EXIT_USAGE   2
#define DEFAULT_PORT "9999"
#define DEFAULT_MAX  40
#define MOST         10000
#define LONGEST      3600000

#define LIMIT        8192

struct options {
    struct sockaddr_storage addr;
    socklen_t addr_len;
    int max, pool, delay_ms;
    bool names_threads;
};

struct seat {
    int fd, number, worker;
    size_t held;
    char line[LIMIT], answer[LIMIT + 64];
};

static struct options settings;
static int listen_fd, stop_pipe[2];
static pthread_mutex_t accepting = PTHREAD_MUTEX_INITIALIZER;
static int accepted;                /* under accepting */
static atomic_int active;
static atomic_ulong served;

/*
 * Read a number from least to most: digits alone.  Returns it, or -1.
 */
static int parse_number(const char *text, int least, int most)
{
    char *end;

    if (*text < '0' || *text > '9')     /* strtol takes blanks and signs */
        return -1;
    errno = 0;
    long number = strtol(text, &end, 10);
    if (errno != 0 || *end != '\0' || number < least || number > most)
        return -1;
    return (int)number;
}

/*
 * Read the command line.  Returns 0, or -1 on a usage error.
 */
static int parse_options(int argc, char *argv[], struct options *options)
{
    const char *host = "127.0.0.1";
    int option;

    *options = (struct options){ .max = DEFAULT_MAX };
    while ((option = getopt(argc, argv, "b:n:p:d:N")) != -1) {
        switch (option) {
        case 'b': host = optarg; break;
        case 'n': options->max = parse_number(optarg, 1, MOST); break;
        case 'p': options->pool = parse_number(optarg, 1, MOST); break;
        case 'd': options->delay_ms = parse_number(optarg, 0, LONGEST); break;
        case 'N': options->names_threads = true; break;
        default: return -1;
        }
    }
    if (options->max == -1 || options->pool == -1 || options->delay_ms == -1)
        return -1;
    if (argc - optind > 1)
        return -1;
    int port = net_parse_port(optind < argc ? argv[optind] : DEFAULT_PORT);
    if (port == -1)
        return -1;
    return net_parse_address(host, port, &options->addr, &options->addr_len);
}

static long long now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000LL + now.tv_nsec / 1000000;
}

/* Wait for events on fd until end_ms (-1: no end).  1: there, 0: time is up,
 * -1: the server is to stop. */
static int wait_for(int fd, short events, long long end_ms)
{
    for (;;) {
        struct pollfd ready[2] = { { .fd = stop_pipe[0], .events = POLLIN },
                                   { .fd = fd, .events = events } };
        long long left = end_ms == -1 ? -1 : end_ms - now_ms();
        if (end_ms != -1 && left <= 0)
            return 0;
        int n = poll(ready, 2, (int)left);
        if (n > 0)
            return ready[0].revents != 0 ? -1 : 1;
    }
}

/* Send all.  Returns 0, or -1 when the client has gone or all is to end. */
static int say(int fd, const char *text, size_t len)
{
    while (len > 0) {
        ssize_t n = send(fd, text, len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n == -1 && errno == EAGAIN) {
            if (wait_for(fd, POLLOUT, -1) == -1)
                return -1;
            continue;
        }
        if (n == -1 && errno != EINTR)
            return -1;
        if (n > 0) {
            text += n;
            len -= (size_t)n;
        }
    }
    return 0;
}

/* Receive into the room behind what is held.  As recv, but never EAGAIN. */
static ssize_t fill(struct seat *seat)
{
    for (;;) {
        ssize_t n = recv(seat->fd, seat->line + seat->held,
                         LIMIT - seat->held, MSG_DONTWAIT);
        if (n != -1 || (errno != EAGAIN && errno != EINTR))
            return n;
        if (errno == EAGAIN && wait_for(seat->fd, POLLIN, -1) == -1)
            return -1;
    }
}

static int answer(struct seat *seat, const char *name, size_t len)
{
    char *text = seat->answer;
    int used;

    if (settings.delay_ms > 0 && wait_for(-1, 0, now_ms() + settings.delay_ms))
        return -1;
    if (len == 5 && memcmp(name, "stats", 5) == 0) {
        used = sprintf(text, "served %lu active %d\n", atomic_load(&served),
                       atomic_load(&active));
        return say(seat->fd, text, (size_t)used);
    }
    used = settings.names_threads ? sprintf(text, "Thread-%d: ", seat->number)
                                  : sprintf(text, "Hello, ");
    memcpy(text + used, name, len);
    len += (size_t)used;
    if (!settings.names_threads)
        text[len++] = '!';
    text[len++] = '\n';
    return say(seat->fd, text, len);
}

static void converse(struct seat *seat)
{
    char *newline;

    if (say(seat->fd, "Welcome!\n", 9) == -1)
        return;
    for (seat->held = 0;;) {
        while ((newline = memchr(seat->line, '\n', seat->held)) == NULL) {
            if (seat->held == LIMIT) {
                say(seat->fd, "error: line too long\n", 21);
                return;
            }
            ssize_t n = fill(seat);
            if (n <= 0)
                return;
            seat->held += (size_t)n;
        }
        size_t whole = (size_t)(newline - seat->line) + 1, len = whole - 1;
        len -= len > 0 && seat->line[len - 1] == '\r';
        if ((len == 4 && memcmp(seat->line, "exit", 4) == 0)
            || answer(seat, seat->line, len) == -1)
            return;
        seat->held -= whole;
        memmove(seat->line, newline + 1, seat->held);
    }
}

static void finish(int fd)
{
    long long end_ms = now_ms() + 1000;
    char buf[4096];

    shutdown(fd, SHUT_WR);
    while (wait_for(fd, POLLIN, end_ms) == 1) {
        ssize_t n = recv(fd, buf, sizeof buf, MSG_DONTWAIT);
        if (n == 0 || (n == -1 && errno != EAGAIN && errno != EINTR))
            break;
    }
    close(fd);
}

/* Take the next client.  Returns whether there is one: not at the stop. */
static bool take(struct seat *seat, struct sockaddr_storage *peer)
{
    for (;;) {
        socklen_t len = sizeof *peer;

        if (wait_for(listen_fd, POLLIN, -1) == -1)
            return false;
        pthread_mutex_lock(&accepting);
        seat->fd = accept4(listen_fd, (struct sockaddr *)peer, &len,
                           SOCK_CLOEXEC);
        int why = errno;
        if (seat->fd != -1)
            seat->number = settings.pool ? seat->worker : ++accepted;
        pthread_mutex_unlock(&accepting);
        if (seat->fd != -1)
            return true;
        if (why != EAGAIN && why != EINTR && why != ECONNABORTED
            && wait_for(-1, 0, now_ms() + 100) == -1)
            return false;
    }
}

static void *seat_main(void *argument)
{
    struct sockaddr_storage peer = { 0 };
    struct seat *seat = argument;
    char name[NET_TEXT_SIZE];

    while (take(seat, &peer)) {
        net_format_address(&peer, name);
        fprintf(stderr, "Accept new connection from %s...\n", name);
        atomic_fetch_add(&active, 1);
        converse(seat);
        finish(seat->fd);
        fprintf(stderr, "Connection from %s closed.\n", name);
        atomic_fetch_sub(&active, 1);
        atomic_fetch_add(&served, 1);
    }
    free(seat);
    return NULL;
}

static void on_stop(int number)
{
    (void)number;
}

/* Let the stops come only where before is the mask again. */
static void hold_stops(sigset_t *before)
{
    struct sigaction action = { .sa_handler = on_stop };
    sigset_t stops;

    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stops, before);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
}

int main(int argc, char *argv[])
{
    char why[TCP_WHY_SIZE];
    sigset_t before;
    int made = 0;

    std_reserve();
    if (parse_options(argc, argv, &settings) == -1)
        errx(EXIT_USAGE, "usage: see the head of this file");
    hold_stops(&before);
    if (pipe2(stop_pipe, O_CLOEXEC) == -1)
        err(EXIT_FAILURE, "pipe");
    listen_fd = tcp_listen(&settings.addr, settings.addr_len, why);
    if (listen_fd == -1)
        errx(EXIT_FAILURE, "%s", why);
    fcntl(listen_fd, F_SETFL, O_NONBLOCK);
    int wanted = settings.pool > 0 && settings.pool < settings.max
                 ? settings.pool : settings.max;
    pthread_t *threads = calloc((size_t)wanted, sizeof *threads);
    for (int i = 1; i <= wanted && threads != NULL; i++) {
        struct seat *seat = calloc(1, sizeof *seat);
        if (seat == NULL)
            continue;
        seat->worker = i;
        int rc = pthread_create(&threads[made], NULL, seat_main, seat);
        if (rc != 0) {
            warnx("thread %d: %s", i, strerror(rc));
            free(seat);
        }
        made += rc == 0;
    }
    sigsuspend(&before);            /* the signals come here and nowhere else */
    close(stop_pipe[1]);            /* end-of-file wakes every poll */
    for (int i = 0; i < made; i++)
        pthread_join(threads[i], NULL);
    free(threads);
    return EXIT_SUCCESS;
}

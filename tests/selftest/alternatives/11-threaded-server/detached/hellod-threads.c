/*
 * hellod-threads.c - detached threads, counted; a pipe that says stop
 *
 * What differs: threads are detached and close their connections themselves,
 * the main thread waits until their count is 0; connections stand in a table;
 * a handler writes into a pipe; places are counted by a condition variable,
 * on which an acceptor thread sleeps; the queue of the pool is a ring.
 */
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "talk.h"
#include "tcp.h"

#define EXIT_USAGE   2
#define DEFAULT_PORT "9999"
#define DEFAULT_MAX  40
#define MOST         10000
#define LONGEST      3600000

struct options {
    struct sockaddr_storage addr;
    socklen_t addr_len;
    int max, pool, delay_ms;
    bool names_threads;
};

struct job {
    int fd, number;
    char name[NET_TEXT_SIZE];
};

static struct options settings;
static int listen_fd, stop_pipe[2];
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t room = PTHREAD_COND_INITIALIZER;      /* active fell */
static pthread_cond_t work = PTHREAD_COND_INITIALIZER;      /* ring grew */
static pthread_cond_t silence = PTHREAD_COND_INITIALIZER;   /* threads fell */
static int active, threads, accepted;
static unsigned long served;
static bool stopping;
static int fds[MOST];               /* connections in use, the first active */
static struct job *ring[MOST];
static int first, queued;

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

static void stats(void *unused, char *text)
{
    (void)unused;
    pthread_mutex_lock(&lock);
    snprintf(text, TALK_STATS_SIZE, "served %lu active %d\n", served, active);
    pthread_mutex_unlock(&lock);
}

/* Forget a connection and close it: under the lock, so that a number in the
 * table always is the connection it stands for. */
static void forget(struct job *job, bool was_served)
{
    pthread_mutex_lock(&lock);
    for (int i = 0; i < active; i++)
        if (fds[i] == job->fd) {
            fds[i] = fds[--active];
            break;
        }
    served += was_served;
    close(job->fd);
    fprintf(stderr, "Connection from %s closed.\n", job->name);
    pthread_cond_signal(&room);
    pthread_mutex_unlock(&lock);
    free(job);
}

static void serve(struct job *job, int number)
{
    struct talk talk = { job->fd, settings.delay_ms,
                         settings.names_threads ? number : 0, stats, NULL };

    talk_serve(&talk);
    forget(job, true);
}

static void thread_ends(void)
{
    pthread_mutex_lock(&lock);
    threads--;
    pthread_cond_signal(&silence);
    pthread_mutex_unlock(&lock);
}

static void *client_main(void *argument)
{
    struct job *job = argument;

    serve(job, job->number);
    thread_ends();
    return NULL;
}

static void *worker_main(void *argument)
{
    int number = (int)(long)argument;

    for (;;) {
        pthread_mutex_lock(&lock);
        while (queued == 0 && !stopping)
            pthread_cond_wait(&work, &lock);
        if (queued == 0) {
            pthread_mutex_unlock(&lock);
            break;
        }
        struct job *job = ring[first];
        first = (first + 1) % MOST;
        queued--;
        pthread_mutex_unlock(&lock);
        serve(job, number);
    }
    thread_ends();
    return NULL;
}

/* Start a detached thread.  Returns 0 or an error number. */
static int start(void *(*routine)(void *), void *argument)
{
    pthread_attr_t attr;
    pthread_t thread;

    pthread_mutex_lock(&lock);
    threads++;
    pthread_mutex_unlock(&lock);
    pthread_attr_init(&attr);
    pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
    int rc = pthread_create(&thread, &attr, routine, argument);
    pthread_attr_destroy(&attr);
    if (rc != 0)
        thread_ends();
    return rc;
}

static void take(struct job *job)
{
    bool pool = settings.pool > 0;

    pthread_mutex_lock(&lock);
    fds[active++] = job->fd;
    if (stopping)
        shutdown(job->fd, SHUT_RDWR);
    fprintf(stderr, "Accept new connection from %s...\n", job->name);
    if (pool) {
        ring[(first + queued++) % MOST] = job;
        pthread_cond_signal(&work);
    }
    pthread_mutex_unlock(&lock);
    int rc = pool ? 0 : start(client_main, job);
    if (rc != 0) {
        fprintf(stderr, "%s: %s\n", job->name, strerror(rc));
        forget(job, false);
    }
}

/* Sleep until there is room, then accept; ends when the listener is shut. */
static void *acceptor_main(void *unused)
{
    (void)unused;
    for (;;) {
        struct sockaddr_storage peer = { 0 };

        pthread_mutex_lock(&lock);
        while (active >= settings.max && !stopping)
            pthread_cond_wait(&room, &lock);
        bool ends = stopping;
        pthread_mutex_unlock(&lock);
        int fd = ends ? -1 : tcp_accept(listen_fd, &peer);
        if (fd == -1)
            break;
        struct job *job = calloc(1, sizeof *job);
        if (job == NULL) {
            close(fd);
            continue;
        }
        job->fd = fd;
        job->number = ++accepted;
        net_format_address(&peer, job->name);
        take(job);
    }
    thread_ends();
    return NULL;
}

static void on_stop(int number)
{
    int why = errno;
    char byte = (char)number;
    ssize_t n = write(stop_pipe[1], &byte, 1);

    (void)n;
    errno = why;
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

static void wait_for_stop(const sigset_t *before)
{
    struct pollfd told = { .fd = stop_pipe[0], .events = POLLIN };

    while (ppoll(&told, 1, NULL, before) != 1)
        ;
    pthread_mutex_lock(&lock);
    stopping = true;
    shutdown(listen_fd, SHUT_RDWR);
    for (int i = 0; i < active; i++)
        shutdown(fds[i], SHUT_RDWR);
    pthread_cond_broadcast(&room);
    pthread_cond_broadcast(&work);
    while (threads > 0)
        pthread_cond_wait(&silence, &lock);
    pthread_mutex_unlock(&lock);
    close(listen_fd);
}

int main(int argc, char *argv[])
{
    char why[TCP_WHY_SIZE];
    sigset_t before;
    int made = 0;

    std_reserve();
    if (parse_options(argc, argv, &settings) == -1)
        errx(EXIT_USAGE, "usage: see the head of this file");
    if (pipe(stop_pipe) == -1)
        err(EXIT_FAILURE, "pipe");
    hold_stops(&before);
    listen_fd = tcp_listen(&settings.addr, settings.addr_len, why);
    if (listen_fd == -1)
        errx(EXIT_FAILURE, "%s", why);
    for (long i = 1; i <= settings.pool; i++) {
        int rc = start(worker_main, (void *)i);
        made += rc == 0;
        if (rc != 0)
            warnx("worker %ld: %s", i, strerror(rc));
    }
    if (settings.pool > 0 && made == 0)
        errx(EXIT_FAILURE, "no worker at all");
    if (start(acceptor_main, NULL) != 0)
        errx(EXIT_FAILURE, "no thread to accept");
    wait_for_stop(&before);
    return EXIT_SUCCESS;
}

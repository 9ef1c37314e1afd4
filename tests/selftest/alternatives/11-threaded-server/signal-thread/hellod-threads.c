/*
 * hellod-threads.c - semaphores and a pipe, no condition variable
 *
 * What differs: the main thread sleeps in sigwait, another one accepts;
 * semaphores count the places; a client has a slot, and whoever takes a slot
 * again joins the thread that had it before; the pool reads the numbers of
 * slots out of a pipe; each slot has a mutex, the counts are atomic.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
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

struct slot {
    pthread_mutex_t lock;           /* guards fd */
    int fd, number;
    atomic_bool busy;
    bool has_thread;                /* the acceptor's */
    pthread_t thread;
    char name[NET_TEXT_SIZE];
};

static struct options settings;
static struct slot *slots;
static sem_t places;
static int listen_fd, queue[2];
static atomic_int active;
static atomic_ulong served;
static atomic_bool stopping;

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
    snprintf(text, TALK_STATS_SIZE, "served %lu active %d\n",
             atomic_load(&served), atomic_load(&active));
}

static void slot_free(struct slot *slot)
{
    pthread_mutex_lock(&slot->lock);
    close(slot->fd);
    slot->fd = -1;
    pthread_mutex_unlock(&slot->lock);
    fprintf(stderr, "Connection from %s closed.\n", slot->name);
    atomic_fetch_sub(&active, 1);
    atomic_store(&slot->busy, false);
    sem_post(&places);
}

static void slot_serve(struct slot *slot, int number)
{
    pthread_mutex_lock(&slot->lock);
    int fd = slot->fd;
    pthread_mutex_unlock(&slot->lock);
    struct talk talk = { fd, settings.delay_ms,
                         settings.names_threads ? number : 0, stats, NULL };

    talk_serve(&talk);
    atomic_fetch_add(&served, 1);
    slot_free(slot);
}

static void *client_main(void *argument)
{
    struct slot *slot = argument;

    slot_serve(slot, slot->number);
    return NULL;
}

static void *worker_main(void *argument)
{
    int index;
    ssize_t n;

    while ((n = read(queue[0], &index, sizeof index)) != 0)
        if (n == (ssize_t)sizeof index)
            slot_serve(&slots[index], (int)(size_t)argument);
    return NULL;
}

static int free_slot(void)
{
    int i = 0;

    while (atomic_load(&slots[i].busy))
        i++;
    if (slots[i].has_thread)
        pthread_join(slots[i].thread, NULL);
    slots[i].has_thread = false;
    return i;
}

static void take(int fd, const struct sockaddr_storage *peer, int number)
{
    int i = free_slot();
    struct slot *slot = &slots[i];

    net_format_address(peer, slot->name);
    fprintf(stderr, "Accept new connection from %s...\n", slot->name);
    slot->number = number;
    atomic_store(&slot->busy, true);
    atomic_fetch_add(&active, 1);
    pthread_mutex_lock(&slot->lock);
    slot->fd = fd;
    if (atomic_load(&stopping))
        shutdown(fd, SHUT_RDWR);
    pthread_mutex_unlock(&slot->lock);
    if (settings.pool > 0) {
        if (write(queue[1], &i, sizeof i) == -1)
            slot_free(slot);
        return;
    }
    int rc = pthread_create(&slot->thread, NULL, client_main, slot);
    slot->has_thread = rc == 0;
    if (rc != 0) {
        fprintf(stderr, "%s: no thread: %s\n", slot->name, strerror(rc));
        slot_free(slot);
    }
}

static void *acceptor_main(void *unused)
{
    (void)unused;
    for (int number = 1;; number++) {
        struct sockaddr_storage peer = { 0 };

        while (sem_wait(&places) == -1)
            ;
        int fd = atomic_load(&stopping) ? -1 : tcp_accept(listen_fd, &peer);
        if (fd == -1)
            return NULL;
        take(fd, &peer, number);
    }
}

static void stop(pthread_t acceptor, const pthread_t *workers, int count)
{
    atomic_store(&stopping, true);
    shutdown(listen_fd, SHUT_RDWR);
    sem_post(&places);
    pthread_join(acceptor, NULL);
    for (int i = 0; i <= settings.max; i++) {
        pthread_mutex_lock(&slots[i].lock);
        if (slots[i].fd != -1)
            shutdown(slots[i].fd, SHUT_RDWR);
        pthread_mutex_unlock(&slots[i].lock);
    }
    close(queue[1]);
    for (int i = 0; i < count; i++)
        pthread_join(workers[i], NULL);
    for (int i = 0; i <= settings.max; i++)
        if (slots[i].has_thread)
            pthread_join(slots[i].thread, NULL);
    free(slots);
    close(queue[0]);
    close(listen_fd);
}

static void prepare(sigset_t *stops)
{
    sigemptyset(stops);
    sigaddset(stops, SIGTERM);
    sigaddset(stops, SIGINT);
    pthread_sigmask(SIG_BLOCK, stops, NULL);
    /* One slot more than places: at the stop the acceptor may get one. */
    slots = calloc((size_t)settings.max + 1, sizeof *slots);
    if (slots == NULL || pipe2(queue, O_CLOEXEC) == -1)
        err(EXIT_FAILURE, "slots");
    for (int i = 0; i <= settings.max; i++) {
        slots[i].fd = -1;
        pthread_mutex_init(&slots[i].lock, NULL);
    }
    sem_init(&places, 0, (unsigned)settings.max);
}

int main(int argc, char *argv[])
{
    char why[TCP_WHY_SIZE];
    sigset_t stops;
    pthread_t acceptor;
    int number, count = 0;

    std_reserve();
    if (parse_options(argc, argv, &settings) == -1)
        errx(EXIT_USAGE, "usage: see the head of this file");
    prepare(&stops);
    pthread_t *workers = calloc((size_t)settings.pool + 1, sizeof *workers);
    if (workers == NULL)
        err(EXIT_FAILURE, "workers");
    for (int i = 1; i <= settings.pool; i++) {
        int rc = pthread_create(&workers[count], NULL, worker_main,
                                (void *)(size_t)i);
        count += rc == 0;
        if (rc != 0)
            warnx("worker %d: %s", i, strerror(rc));
    }
    listen_fd = tcp_listen(&settings.addr, settings.addr_len, why);
    if (listen_fd == -1)
        errx(EXIT_FAILURE, "%s", why);
    if (pthread_create(&acceptor, NULL, acceptor_main, NULL) != 0)
        errx(EXIT_FAILURE, "no thread to accept");
    sigwait(&stops, &number);
    stop(acceptor, workers, count);
    free(workers);
    return EXIT_SUCCESS;
}

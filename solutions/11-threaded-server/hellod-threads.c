/*
 * hellod-threads.c - lesson 11: a server that greets many clients at once
 *
 * Usage: hellod-threads [-b ADDR] [-n MAX] [-p POOL] [-d MS] [-N] [PORT]
 *
 *   -b ADDR   listen on this numeric address instead of 127.0.0.1
 *   -n MAX    take at most MAX clients at a time; defaults to 40
 *   -p POOL   serve them by POOL threads, made beforehand
 *   -d MS     wait MS milliseconds before each answer
 *   -N        answer "Thread-K: NAME", K the number of the thread
 *   PORT      defaults to 9999; with 0 the kernel chooses
 *
 * The main thread accepts clients, writes the log, and releases what a client
 * had; other threads talk.  Without -p each client has a thread of its own;
 * with -p clients queue for one.  SIGTERM or SIGINT ends it: all connections
 * are shut down, all threads joined.
 *
 * What is shared: "lock" guards every field of struct server and struct
 * client that says so.  The rest of a client belongs to its thread while its
 * state is SERVED, and to the main thread before and after.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "net.h"
#include "std.h"
#include "talk.h"
#include "tcp.h"

#define EXIT_USAGE   2
#define DEFAULT_PORT "9999"
#define DEFAULT_MAX  40         /* clients at a time */
#define MOST         10000      /* clients or threads that may be asked for */
#define LONGEST      3600000    /* milliseconds of -d: an hour */
#define PAUSE_MS     100        /* before accept is tried again */

struct options {
    struct sockaddr_storage addr;   /* where to listen */
    socklen_t addr_len;
    int max, pool, delay_ms;        /* pool: 0 without -p */
    bool names_threads;
};

enum state { WAITING, SERVED, LEFT };

struct client {
    struct server *server;
    struct client *next;            /* the main thread's; under lock */
    enum state state;               /* under lock */
    pthread_t thread;               /* its own; not with -p */
    int conn_fd;
    int number;                     /* in the order of accept, from 1 */
    int why;                        /* errno of a broken connection, or 0 */
    char name[NET_TEXT_SIZE];
};

struct worker {
    struct server *server;
    pthread_t thread;
    int number;                     /* from 1 */
};

struct server {
    struct options options;
    int listen_fd;
    int stop_fd;                    /* readable when SIGTERM or SIGINT came */
    int left_fd;                    /* readable when a client has left */
    int accepted;                   /* clients so far */
    struct worker *workers;         /* of the pool */
    int worker_count;

    pthread_mutex_t lock;           /* guards what follows */
    pthread_cond_t changed;         /* a client waits, or the end has come */
    struct client *clients;         /* in the order of accept */
    int active;                     /* clients that wait or are served */
    unsigned long served;           /* clients that have left */
    bool stopping;
};

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

/*
 * Write the answer to "stats".
 */
static void server_stats(void *argument, char *text)
{
    struct server *server = argument;
    unsigned long served;
    int active;

    /* Step 2. Read both counts under the lock; release it before you write
     * the text.  pthread_mutex_lock(3) */
    pthread_mutex_lock(&server->lock);
    served = server->served;
    active = server->active;
    pthread_mutex_unlock(&server->lock);

    snprintf(text, TALK_STATS_SIZE, "served %lu active %d\n", served, active);
}

/*
 * Talk to a client, then say that it has left.  Any thread but the main one.
 *
 * number   of the thread that talks
 */
static void client_serve(struct client *client, int number)
{
    struct server *server = client->server;
    const struct talk talk = {
        .conn_fd = client->conn_fd,
        .delay_ms = server->options.delay_ms,
        .thread = server->options.names_threads ? number : 0,
        .stats = server_stats,
        .server = server,
    };

    client->why = talk_serve(&talk) == -1 ? errno : 0;

    /* Step 3. Under the lock: the client's state is LEFT, one client less is
     * active, one more was served.  pthread_mutex_lock(3) */
    pthread_mutex_lock(&server->lock);
    client->state = LEFT;
    server->active--;
    server->served++;
    pthread_mutex_unlock(&server->lock);

    eventfd_write(server->left_fd, 1);  /* wakes the main thread */
}

/*
 * What the thread of one client does.
 */
static void *client_main(void *argument)
{
    struct client *client = argument;

    client_serve(client, client->number);
    return NULL;
}

/*
 * Find the client that has waited longest, or NULL.  Under the lock.
 */
static struct client *find_waiting(struct server *server)
{
    struct client *client = server->clients;

    while (client != NULL && client->state != WAITING)
        client = client->next;
    return client;
}

/*
 * Wait for a client that nobody serves yet, and take it.
 *
 * Returns NULL when the server is to stop.
 */
static struct client *take_client(struct server *server)
{
    struct client *client = NULL;

    /* Step 7. Under the lock: until the server is stopping or a client waits,
     * sleep; look again after each wake-up.  The client you take is SERVED.
     * When the server is stopping, take none.  pthread_cond_wait(3) */
    pthread_mutex_lock(&server->lock);
    while (!server->stopping && (client = find_waiting(server)) == NULL)
        pthread_cond_wait(&server->changed, &server->lock);
    if (server->stopping)
        client = NULL;
    else
        client->state = SERVED;
    pthread_mutex_unlock(&server->lock);

    return client;
}

/*
 * What a thread of the pool does.
 */
static void *worker_main(void *argument)
{
    struct worker *worker = argument;
    struct client *client;

    while ((client = take_client(worker->server)) != NULL)
        client_serve(client, worker->number);
    return NULL;
}

/*
 * Make the threads of the pool, fewer if the system has no more.
 *
 * Returns 0, or -1 with errno set when there is not even one.
 */
static int server_start_pool(struct server *server)
{
    int wanted = server->options.pool, rc = 0;

    server->workers = calloc((size_t)wanted, sizeof *server->workers);
    if (server->workers == NULL)
        return -1;
    while (server->worker_count < wanted && rc == 0) {
        struct worker *worker = &server->workers[server->worker_count];

        *worker = (struct worker){ .server = server,
                                   .number = server->worker_count + 1 };
        /* Step 6. Start worker_main for this worker.  rc is what the call
         * returns, and only a thread that was made counts in worker_count.
         * pthread_create(3) */
        rc = pthread_create(&worker->thread, NULL, worker_main, worker);
        if (rc == 0)
            server->worker_count++;
    }
    if (server->worker_count < wanted)
        warnx("pthread_create: %s: %d threads instead of %d", strerror(rc),
              server->worker_count, wanted);
    errno = rc;
    return server->worker_count > 0 ? 0 : -1;
}

/*
 * Have a client served that is in the list already: by a thread of its own,
 * or by the pool.
 *
 * Returns 0, or -1 with errno set: then nobody will serve it.
 */
static int client_start(struct client *client)
{
    struct server *server = client->server;

    if (server->options.pool > 0) {
        /* Step 8. Tell the pool that a client waits.
         * pthread_cond_signal(3) */
        pthread_cond_signal(&server->changed);
        return 0;
    }
    /* Step 1. Start client_main in a new thread, with this client.  The call
     * does not set errno: it returns the number.  pthread_create(3) */
    int rc = pthread_create(&client->thread, NULL, client_main, client);
    if (rc != 0) {
        errno = rc;
        return -1;
    }
    return 0;
}

/*
 * Put a new client at the end of the list.
 */
static void server_add(struct server *server, struct client *client)
{
    pthread_mutex_lock(&server->lock);
    struct client **end = &server->clients;
    while (*end != NULL)
        end = &(*end)->next;
    *end = client;
    server->active++;
    pthread_mutex_unlock(&server->lock);
}

/*
 * Take a client out of the list, and give back what it had.
 */
static void server_remove(struct server *server, struct client *client)
{
    pthread_mutex_lock(&server->lock);
    struct client **link = &server->clients;
    while (*link != client)
        link = &(*link)->next;
    *link = client->next;
    if (client->state != LEFT)          /* it was never served */
        server->active--;
    pthread_mutex_unlock(&server->lock);

    close(client->conn_fd);
    errno = client->why;
    if (errno != 0)
        warn("%s", client->name);
    fprintf(stderr, "Connection from %s closed.\n", client->name);
    free(client);
}

/*
 * Take a new connection over, and have it served.
 */
static void server_welcome(struct server *server, int conn_fd,
                           const struct sockaddr_storage *peer)
{
    struct client *client = calloc(1, sizeof *client);

    if (client == NULL) {
        warn("calloc");
        close(conn_fd);
        return;
    }
    client->server = server;
    client->conn_fd = conn_fd;
    client->number = ++server->accepted;
    client->state = server->options.pool > 0 ? WAITING : SERVED;
    net_format_address(peer, client->name);
    fprintf(stderr, "Accept new connection from %s...\n", client->name);
    server_add(server, client);
    if (client_start(client) == -1) {
        warn("pthread_create");
        server_remove(server, client);
    }
}

/*
 * Find a client that has left, or NULL.
 */
static struct client *find_left(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    struct client *client = server->clients;
    while (client != NULL && client->state != LEFT)
        client = client->next;
    pthread_mutex_unlock(&server->lock);
    return client;
}

/*
 * Release a client that a thread has served.
 */
static void server_release(struct server *server, struct client *client)
{
    /* Step 4. Join the client's own thread, which has ended or is about to.
     * With -p it has none.  pthread_join(3) */
    if (server->options.pool == 0)
        pthread_join(client->thread, NULL);

    server_remove(server, client);
}

/*
 * Say whether one more client may be taken.
 */
static bool server_has_room(struct server *server)
{
    pthread_mutex_lock(&server->lock);
    bool has_room = server->active < server->options.max;
    pthread_mutex_unlock(&server->lock);
    return has_room;
}

/*
 * Accept a client, if there still is one.
 *
 * Returns how long to leave the next one alone, in milliseconds: -1 not at
 * all; more when descriptors or memory are short, or accept would fail at
 * once, for ever.
 */
static int server_accept(struct server *server)
{
    struct sockaddr_storage peer = { 0 };
    socklen_t len = sizeof peer;

    int conn_fd = accept4(server->listen_fd, (struct sockaddr *)&peer, &len,
                          SOCK_CLOEXEC);
    if (conn_fd == -1)
        return errno == EMFILE || errno == ENFILE || errno == ENOBUFS
               || errno == ENOMEM ? PAUSE_MS : -1;
    server_welcome(server, conn_fd, &peer);
    return -1;
}

/*
 * Serve until a signal comes.
 */
static void server_run(struct server *server)
{
    int pause_ms = -1;

    for (;;) {
        bool takes = pause_ms == -1 && server_has_room(server);
        struct pollfd ready[] = {
            { .fd = server->stop_fd, .events = POLLIN },
            { .fd = server->left_fd, .events = POLLIN },
            { .fd = takes ? server->listen_fd : -1, .events = POLLIN },
        };
        struct client *client;
        eventfd_t count;

        if (poll(ready, 3, pause_ms) == -1)
            continue;                   /* a signal that is none of ours */
        pause_ms = -1;
        if (ready[0].revents != 0)
            return;
        if (ready[1].revents != 0)
            eventfd_read(server->left_fd, &count);
        while ((client = find_left(server)) != NULL)
            server_release(server, client);
        if (ready[2].revents != 0)
            pause_ms = server_accept(server);
    }
}

/*
 * End all connections and wait for all threads.
 */
static void server_stop(struct server *server)
{
    /* Step 5. Under the lock: the server is stopping; every connection in the
     * list is shut down both ways, which wakes whoever waits for it; and all
     * workers are woken.  shutdown(2), pthread_cond_broadcast(3) */
    pthread_mutex_lock(&server->lock);
    server->stopping = true;
    for (struct client *c = server->clients; c != NULL; c = c->next)
        shutdown(c->conn_fd, SHUT_RDWR);
    pthread_cond_broadcast(&server->changed);
    pthread_mutex_unlock(&server->lock);

    for (int i = 0; i < server->worker_count; i++)
        pthread_join(server->workers[i].thread, NULL);
    while (server->clients != NULL)
        server_release(server, server->clients);
    free(server->workers);
    pthread_cond_destroy(&server->changed);
    pthread_mutex_destroy(&server->lock);
}

/*
 * Prepare a server that can be stopped.  Returns 0, or -1 with errno set.
 */
static int server_init(struct server *server)
{
    sigset_t stops;

    /* A thread begins with the mask of its creator: blocked here, the signals
     * interrupt no thread at all.  They wait in stop_fd until we look. */
    sigemptyset(&stops);
    sigaddset(&stops, SIGTERM);
    sigaddset(&stops, SIGINT);
    pthread_sigmask(SIG_BLOCK, &stops, NULL);
    pthread_mutex_init(&server->lock, NULL);
    pthread_cond_init(&server->changed, NULL);
    server->stop_fd = signalfd(-1, &stops, SFD_CLOEXEC);
    server->left_fd = eventfd(0, EFD_CLOEXEC);
    return server->stop_fd == -1 || server->left_fd == -1 ? -1 : 0;
}

int main(int argc, char *argv[])
{
    struct server server = { .listen_fd = -1 };
    char why[TCP_WHY_SIZE];

    std_reserve();
    if (parse_options(argc, argv, &server.options) == -1)
        errx(EXIT_USAGE, "usage: hellod-threads [-b ADDR] [-n MAX] [-p POOL] "
                         "[-d MS] [-N] [PORT]");
    if (server_init(&server) == -1)
        err(EXIT_FAILURE, "%s", server.stop_fd == -1 ? "signalfd" : "eventfd");
    if (server.options.pool > 0 && server_start_pool(&server) == -1)
        err(EXIT_FAILURE, "pthread_create");
    server.listen_fd = tcp_listen(&server.options.addr,
                                  server.options.addr_len, why);
    if (server.listen_fd == -1)
        errx(EXIT_FAILURE, "%s", why);
    fcntl(server.listen_fd, F_SETFL, O_NONBLOCK);   /* poll waits for it */
    server_run(&server);
    close(server.listen_fd);            /* who still queues there is refused */
    server_stop(&server);
    close(server.left_fd);
    close(server.stop_fd);
    return EXIT_SUCCESS;
}

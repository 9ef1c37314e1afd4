/*
 * load.c - many clients of one hello server at once, every reply verified
 *
 * Usage: load -c CLIENTS -r TURNS -t SECONDS [-k KEPT] PORT
 *
 *   -c CLIENTS   how many connect to 127.0.0.1 at once
 *   -r TURNS     names that each of them sends, one after the other's answer
 *   -t SECONDS   the end of all waiting, for this run as a whole
 *   -k KEPT      pause once KEPT clients have their first answer: say "kept" on
 *                stdout, and go on when stdin has a line or ends
 *   PORT         where the server listens
 *
 * Each client awaits "Welcome!", sends its names (no two of a run are alike)
 * and after each awaits exactly "Hello, NAME!", says "exit" and awaits the end.
 * One thread; it sleeps in epoll_wait(2) until there is something to read.
 * Prints one line of JSON, also when replies were wrong.  Exit status 0 when
 * it could measure, 1 when this machine did not let it, 2 usage.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net.h"

#define EXIT_USAGE   2
#define MAX_CLIENTS  10000
#define MAX_TURNS    1000000
#define MAX_ANSWERS  10000000
#define MAX_SECONDS  600
#define TEXT_SIZE    64         /* bytes of the longest text awaited */
#define BUF_SIZE     4096
#define EVENTS       64         /* taken from epoll at once */
#define REASON_SIZE  200
#define WHAT_SIZE    100        /* the end of a reason */
#define NS_PER_S     1000000000ULL

enum stage { GREETING, ANSWER, KEPT, LEAVING, DONE };

struct client {
    int fd;                     /* -1 once it is closed */
    enum stage stage;
    int turn;                   /* answers it has */
    char awaited[TEXT_SIZE];    /* the next bytes from the server, exactly */
    size_t len, got;            /* bytes awaited, and how many have come */
    uint64_t since_ns;          /* when it began to wait for these */
};

struct load {
    int port, clients, turns, keep;
    uint64_t end_ns;            /* of all waiting */
    int epoll_fd;
    struct client *client;      /* clients of them */
    uint64_t *delay_ns;         /* one for each answer, in order of arrival */
    size_t answers;
    uint64_t longest_greeting_ns;
    int served, kept, left;     /* clients: done and well; paused; at it */
    int wrong, early;           /* clients: a wrong byte; lost too soon */
    char reason[REASON_SIZE];   /* the first error in words, ASCII, no quotes */
};

static uint64_t now_ns(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * NS_PER_S + (uint64_t)now.tv_nsec;
}

/*
 * Return the milliseconds until the end of all waiting, rounded up; 0 when it
 * has come.
 */
static int ms_left(const struct load *load)
{
    uint64_t now = now_ns();

    return now >= load->end_ns ? 0 : (int)((load->end_ns - now) / 1000000 + 1);
}

/* Read a number from 1 to max, digits alone.  Returns it, or -1. */
static int parse_count(const char *text, int max)
{
    char *end;

    if (*text < '0' || *text > '9')
        return -1;
    long value = strtol(text, &end, 10);
    return *end == '\0' && value >= 1 && value <= max ? (int)value : -1;
}

/*
 * Read the command line.  Returns 0, or -1 when it is not as the usage says.
 */
static int parse_options(int argc, char *argv[], struct load *load)
{
    int option, seconds = -1;

    while ((option = getopt(argc, argv, "c:r:t:k:")) != -1) {
        if (option == 'c')
            load->clients = parse_count(optarg, MAX_CLIENTS);
        else if (option == 'r')
            load->turns = parse_count(optarg, MAX_TURNS);
        else if (option == 't')
            seconds = parse_count(optarg, MAX_SECONDS);
        else if (option == 'k')
            load->keep = parse_count(optarg, MAX_CLIENTS);
        else
            return -1;
    }
    if (argc - optind != 1 || load->clients < 1 || load->turns < 1
        || seconds < 1 || load->keep < 0 || load->keep > load->clients
        || (int64_t)load->clients * load->turns > MAX_ANSWERS)
        return -1;
    load->end_ns = now_ns() + (uint64_t)seconds * NS_PER_S;
    load->port = net_parse_port(argv[optind]);
    return load->port < 1 ? -1 : 0;
}

/*
 * Allow this process as many descriptors as the machine does.  Returns 0, or
 * -1 with errno EMFILE when these are too few for all clients.
 */
static int raise_limit(int clients)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) == -1)
        return -1;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) == -1)
        return -1;
    if (limit.rlim_cur < (rlim_t)clients + 8) {     /* stdio, epoll, spare */
        errno = EMFILE;
        return -1;
    }
    return 0;
}

/* Let a client wait for a text from now on. */
static void await_text(struct client *client, enum stage stage,
                       const char *text)
{
    client->stage = stage;
    client->len = (size_t)snprintf(client->awaited, TEXT_SIZE, "%s", text);
    client->got = 0;
    client->since_ns = now_ns();
}

/* This client is done, well or not.  (close(2) takes it out of epoll.) */
static void leave(struct load *load, struct client *client)
{
    close(client->fd);
    client->fd = -1;
    client->stage = DONE;
    load->left--;
}

/* Count an error of a client and end it; the first one is told in words. */
static void fail(struct load *load, struct client *client, int *counter,
                 const char *what)
{
    static const char *const awaiting[] = {
        [GREETING] = "the greeting", [ANSWER] = "an answer",
        [KEPT] = "nothing", [LEAVING] = "the end",
    };

    (*counter)++;
    if (load->reason[0] == '\0')
        snprintf(load->reason, REASON_SIZE, "client %d, awaiting %s: %s",
                 (int)(client - load->client) + 1, awaiting[client->stage],
                 what);
    leave(load, client);
}

/*
 * Send a text.  It is short, and the peer has read all before: that the kernel
 * does not take it whole means that the connection is broken.
 */
static void say(struct load *load, struct client *client, const char *text)
{
    size_t len = strlen(text);

    if (send(client->fd, text, len, MSG_NOSIGNAL) != (ssize_t)len)
        fail(load, client, &load->early, "the connection is broken");
}

/* Send the next name and await its answer, or say goodbye after the last. */
static void go_on(struct load *load, struct client *client)
{
    char name[TEXT_SIZE / 2], text[TEXT_SIZE];

    if (client->turn == load->turns) {
        await_text(client, LEAVING, "");
        say(load, client, "exit\n");
        return;
    }
    snprintf(name, sizeof name, "c%dt%d",
             (int)(client - load->client) + 1, client->turn + 1);
    snprintf(text, sizeof text, "Hello, %s!\n", name);
    await_text(client, ANSWER, text);
    snprintf(text, sizeof text, "%s\n", name);
    say(load, client, text);
}

/* All that a client was waiting for has come. */
static void has_come(struct load *load, struct client *client)
{
    uint64_t waited = now_ns() - client->since_ns;

    if (client->stage == ANSWER) {
        load->delay_ns[load->answers++] = waited;
        client->turn++;
        if (client->turn == 1 && load->kept < load->keep) {
            load->kept++;
            client->stage = KEPT;
            return;
        }
    } else if (waited > load->longest_greeting_ns) {
        load->longest_greeting_ns = waited;
    }
    go_on(load, client);
}

/* Say where bytes differ from those awaited, in letters that JSON can hold. */
static void fail_wrong(struct load *load, struct client *client,
                       const char *buf, size_t n)
{
    char what[WHAT_SIZE], seen[32];
    size_t len = n < sizeof seen - 1 ? n : sizeof seen - 1;

    for (size_t i = 0; i < len; i++) {
        bool is_plain = buf[i] >= ' ' && buf[i] <= '~' && buf[i] != '"'
                        && buf[i] != '\\';
        seen[i] = is_plain ? buf[i] : '?';
    }
    seen[len] = '\0';
    snprintf(what, sizeof what, "got %zu bytes, %s, that do not fit", n, seen);
    fail(load, client, &load->wrong, what);
}

/* Take what the server has sent to one client, and compare every byte. */
static void receive(struct load *load, struct client *client)
{
    char buf[BUF_SIZE];
    ssize_t n = recv(client->fd, buf, sizeof buf, 0);

    if (n == -1) {
        if (errno != EAGAIN && errno != EINTR)
            fail(load, client, &load->early, strerror(errno));
    } else if (n == 0) {
        if (client->stage == LEAVING) {
            load->served++;
            leave(load, client);
        } else {
            fail(load, client, &load->early, "end-of-file");
        }
    } else if ((size_t)n > client->len - client->got
               || memcmp(client->awaited + client->got, buf, (size_t)n) != 0) {
        fail_wrong(load, client, buf, (size_t)n);
    } else {
        client->got += (size_t)n;
        if (client->got == client->len)
            has_come(load, client);
    }
}

/*
 * Start all clients.  Returns 0, or -1 with errno set when this machine has
 * no more descriptors or ports.  A server that refuses is seen later, in recv.
 */
static int connect_all(struct load *load)
{
    struct sockaddr_in addr = { .sin_family = AF_INET };

    addr.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    addr.sin_port = htons((in_port_t)load->port);
    for (int i = 0; i < load->clients; i++) {
        struct client *client = &load->client[i];
        struct epoll_event event = { .events = EPOLLIN,
                                     .data.u32 = (uint32_t)i };

        client->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        if (client->fd == -1)
            return -1;
        load->left++;
        await_text(client, GREETING, "Welcome!\n");
        if (connect(client->fd, (struct sockaddr *)&addr, sizeof addr) == -1
            && errno != EINPROGRESS && errno != ECONNREFUSED)
            return -1;
        if (epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, client->fd, &event) == -1)
            return -1;
    }
    return 0;
}

/*
 * Tell our caller that enough clients are kept, wait for its word, and let
 * them go on.  Nothing else can happen meanwhile that is to be measured.
 */
static void pause_all(struct load *load)
{
    struct pollfd word = { .fd = STDIN_FILENO, .events = POLLIN };

    puts("kept");
    fflush(stdout);
    while (poll(&word, 1, ms_left(load)) == -1 && errno == EINTR)
        continue;
    load->keep = 0;
    for (int i = 0; i < load->clients; i++)
        if (load->client[i].stage == KEPT)
            go_on(load, &load->client[i]);
}

/* Serve events until every client is done or the time is over. */
static int run(struct load *load)
{
    struct epoll_event event[EVENTS];

    while (load->left > 0 && ms_left(load) > 0) {
        int n = epoll_wait(load->epoll_fd, event, EVENTS, ms_left(load));
        if (n == -1 && errno != EINTR)
            return -1;
        for (int i = 0; i < n; i++) {
            struct client *client = &load->client[event[i].data.u32];
            if (client->fd != -1)
                receive(load, client);
        }
        if (load->keep > 0 && load->kept == load->keep)
            pause_all(load);
    }
    return 0;
}

static int compare_delays(const void *a, const void *b)
{
    const uint64_t *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/*
 * Return the delay in microseconds that percent of all answers do not exceed,
 * 0 without answers; they are sorted.
 */
static double delay_us(const struct load *load, size_t percent)
{
    if (load->answers == 0)
        return 0;
    size_t rank = (load->answers * percent + 99) / 100;
    return (double)load->delay_ns[rank - 1] / 1000;
}

static void print_result(struct load *load, uint64_t took_ns)
{
    qsort(load->delay_ns, load->answers, sizeof *load->delay_ns,
          compare_delays);
    printf("{\"clients\": %d, \"served\": %d, \"answers\": %zu, "
           "\"seconds\": %.6f, \"median_us\": %.1f, \"p99_us\": %.1f, "
           "\"longest_greeting_us\": %.1f, \"wrong\": %d, \"early\": %d, "
           "\"unfinished\": %d, \"reason\": \"%s\"}\n",
           load->clients, load->served, load->answers,
           (double)took_ns / NS_PER_S, delay_us(load, 50), delay_us(load, 99),
           (double)load->longest_greeting_ns / 1000, load->wrong, load->early,
           load->left, load->reason);
}

int main(int argc, char *argv[])
{
    struct load load = { 0 };

    if (parse_options(argc, argv, &load) == -1)
        errx(EXIT_USAGE, "usage: load -c CLIENTS -r TURNS -t SECONDS "
             "[-k KEPT] PORT");
    if (raise_limit(load.clients) == -1)
        err(EXIT_FAILURE, "descriptors for %d clients", load.clients);
    load.client = calloc((size_t)load.clients, sizeof *load.client);
    load.delay_ns = calloc((size_t)load.clients * (size_t)load.turns,
                           sizeof *load.delay_ns);
    if (load.client == NULL || load.delay_ns == NULL)
        err(EXIT_FAILURE, "memory for %d clients", load.clients);
    load.epoll_fd = epoll_create1(0);
    if (load.epoll_fd == -1)
        err(EXIT_FAILURE, "epoll_create1");

    uint64_t start_ns = now_ns();
    if (connect_all(&load) == -1)
        err(EXIT_FAILURE, "client %d of %d", load.left, load.clients);
    if (run(&load) == -1)
        err(EXIT_FAILURE, "epoll_wait");
    print_result(&load, now_ns() - start_ns);
    free(load.delay_ns);
    free(load.client);
    return 0;
}

/*
 * hellod-fork.c - lesson 10: the hello server with a process for each client
 *
 * Usage: hellod-fork [-b ADDR] [-n MAX] [-d MS] [PORT]
 *
 *   -b ADDR   listen on this numeric address instead of 127.0.0.1
 *   -n MAX    serve at most MAX clients at a time; defaults to 40
 *   -d MS     wait MS milliseconds before each answer
 *   PORT      defaults to 9999; with 0 the kernel chooses
 *
 * The parent accepts, counts and collects; each client is served by a child of
 * its own, which ends with it.  Beyond MAX clients wait in the queue of the
 * listening socket.  SIGTERM and SIGINT end the children, then the parent with
 * status 0.  Logs on stderr.
 */
#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
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

#define EXIT_USAGE   2
#define DEFAULT_PORT "9999"
#define DEFAULT_MAX  40         /* clients at a time */
#define GREETING     "Welcome!\n"
#define TOO_LONG     "error: line too long\n"
#define BEFORE_NAME  "Hello, "
#define AFTER_NAME   "!\n"
#define PATIENCE_MS  1000       /* for a client to close after our answer */
#define PAUSE_MS     100        /* when descriptors are short */

/* Bytes of the longest answer: the two texts, each without its NUL. */
#define ANSWER_SIZE  (LINE_LIMIT + sizeof BEFORE_NAME + sizeof AFTER_NAME)

struct options {
    struct sockaddr_storage addr;   /* where to listen */
    socklen_t addr_len;
    int max;                        /* clients at a time */
    int delay_ms;                   /* before each answer */
};

/* What all processes see.  Only the parent writes; a child reads for stats. */
struct counters {
    atomic_int served;              /* clients that have left */
    atomic_int active;              /* children that serve one */
};

struct server {
    int listen_fd;
    int max;
    int delay_ms;
    struct counters *counters;
    pid_t *children;                /* max places, 0: free */
    sigset_t usual;                 /* the signals that were blocked before */
};

static volatile sig_atomic_t stop_wanted;

/*
 * A handler does as little as it can: to be called is all that is needed to
 * end ppoll.
 */
static void on_signal(int number)
{
    if (number != SIGCHLD)
        stop_wanted = 1;
}

/*
 * Read a number from least to INT_MAX: digits alone.  Returns it, or -1.
 */
static int parse_number(const char *text, int least)
{
    char *end;

    errno = 0;
    long number = strtol(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || errno != 0
        || number < least || number > INT_MAX)
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

    options->max = DEFAULT_MAX;
    options->delay_ms = 0;
    while ((option = getopt(argc, argv, "b:n:d:")) != -1) {
        if (option == 'b')
            host = optarg;
        else if (option == 'n')
            options->max = parse_number(optarg, 1);
        else if (option == 'd')
            options->delay_ms = parse_number(optarg, 0);
        else
            return -1;
    }
    if (argc - optind > 1 || options->max == -1 || options->delay_ms == -1)
        return -1;
    int port = net_parse_port(optind < argc ? argv[optind] : DEFAULT_PORT);
    if (port == -1)
        return -1;
    return net_parse_address(host, port, &options->addr, &options->addr_len);
}

/*
 * Send a text.  Returns 0, or -1 with errno set when the client has gone.
 */
static int send_text(int conn_fd, const char *text)
{
    return send_all(conn_fd, text, strlen(text), NULL);
}

/*
 * Say whether a line is this word, whole.
 */
static bool is_word(const char *line, size_t len, const char *word)
{
    return len == strlen(word) && memcmp(line, word, len) == 0;
}

/*
 * Greet a name of len bytes, at most LINE_LIMIT, in one piece.
 *
 * Returns 0, or -1 with errno set when the client has gone.
 */
static int send_hello(int conn_fd, const char *name, size_t len)
{
    char answer[ANSWER_SIZE];
    size_t used = strlen(BEFORE_NAME);

    memcpy(answer, BEFORE_NAME, used);
    memcpy(answer + used, name, len);
    used += len;
    memcpy(answer + used, AFTER_NAME, strlen(AFTER_NAME));
    used += strlen(AFTER_NAME);
    return send_all(conn_fd, answer, used, NULL);
}

/*
 * Say how many clients have left and how many are here.
 *
 * Returns 0, or -1 with errno set when the client has gone.
 */
static int send_stats(int conn_fd, const struct counters *counters)
{
    char text[64];

    snprintf(text, sizeof text, "served %d active %d\n",
             atomic_load(&counters->served), atomic_load(&counters->active));
    return send_text(conn_fd, text);
}

/*
 * Talk to one client until it is done or says so: lesson 06, and stats.
 *
 * Returns 0, or -1 with errno set when the connection broke; conn_fd stays
 * open.
 */
static int serve_client(const struct server *server, int conn_fd)
{
    char buf[LINE_LIMIT];
    struct line_reader reader;
    char *line;
    size_t len;

    line_init(&reader, conn_fd, buf, sizeof buf);
    if (send_text(conn_fd, GREETING) == -1)
        return -1;
    for (;;) {
        int rc = line_read(&reader, &line, &len);
        if (rc == LINE_TOO_LONG)
            return send_text(conn_fd, TOO_LONG);
        if (rc == LINE_INCOMPLETE)
            warnx("the last line, %zu bytes, is not complete", len);
        if (rc != LINE_OK)
            return rc == LINE_ERROR ? -1 : 0;
        if (is_word(line, len, "exit"))
            return 0;
        if (server->delay_ms > 0)
            poll(NULL, 0, server->delay_ms);
        rc = is_word(line, len, "stats")
            ? send_stats(conn_fd, server->counters)
            : send_hello(conn_fd, line, len);
        if (rc == -1)
            return -1;
    }
}

/*
 * The life of a child: serve one client, then end.  Never returns.
 */
static void run_child(const struct server *server, int conn_fd,
                      const char *name)
{
    /* Step 5. Close what only the parent needs.  Make SIGTERM, SIGINT and
     * SIGCHLD mean again what they mean to every program, SIG_DFL, and only
     * then set the blocked signals to server->usual.  close(2), signal(2),
     * sigprocmask(2) */
    close(server->listen_fd);
    signal(SIGTERM, SIG_DFL);
    signal(SIGINT, SIG_DFL);
    signal(SIGCHLD, SIG_DFL);
    sigprocmask(SIG_SETMASK, &server->usual, NULL);

    if (serve_client(server, conn_fd) == -1)
        warn("%s", name);
    tcp_finish(conn_fd, PATIENCE_MS);
    fprintf(stderr, "Connection from %s closed.\n", name);

    /* Step 6. End this process, and leave the parent's buffers alone.
     * _exit(2) */
    _exit(EXIT_SUCCESS);
}

/*
 * Exchange one entry of the table of children: was by is.  There is one.
 */
static void change_child(struct server *server, pid_t was, pid_t is)
{
    for (int i = 0; i < server->max; i++) {
        if (server->children[i] == was) {
            server->children[i] = is;
            return;
        }
    }
}

/*
 * Hand a connection to a new child.  conn_fd is closed here in any case.
 */
static void start_child(struct server *server, int conn_fd, const char *name)
{
    /* The child is to see itself counted, so this comes before fork. */
    atomic_fetch_add(&server->counters->active, 1);

    /* Step 4. Make a child.  In the child call run_child.  If there is no
     * child, say so with warn and count it back; otherwise note it with
     * change_child(server, 0, pid).  Close what is the child's now.
     * fork(2), close(2) */
    pid_t pid = fork();
    if (pid == 0)
        run_child(server, conn_fd, name);
    if (pid == -1) {
        warn("fork");
        atomic_fetch_sub(&server->counters->active, 1);
    } else {
        change_child(server, 0, pid);
    }
    close(conn_fd);
}

/*
 * Let in the signals that have come; if none has, wait for one, ms at most.
 *
 * A ppoll that finds a descriptor ready lets none in: without this one, nobody
 * who connects again and again could be interrupted by SIGTERM.
 */
static void let_signals_in(const struct server *server, int ms)
{
    const struct timespec most = { 0, ms * 1000000L };

    ppoll(NULL, 0, &most, &server->usual);
}

/*
 * Take the next client from the queue, if there is one.
 */
static void take_client(struct server *server)
{
    struct sockaddr_storage peer = { 0 };
    socklen_t len = sizeof peer;
    char name[NET_TEXT_SIZE];

    int conn_fd = accept4(server->listen_fd, (struct sockaddr *)&peer, &len,
                          SOCK_CLOEXEC);
    if (conn_fd != -1) {
        net_format_address(&peer, name);
        fprintf(stderr, "Accept new connection from %s...\n", name);
        start_child(server, conn_fd, name);
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS
               || errno == ENOMEM) {
        let_signals_in(server, PAUSE_MS);
    }
}

/*
 * Collect all children that have ended by now.
 */
static void collect_children(struct server *server)
{
    /* Step 2. As long as there is one that has ended, and without waiting
     * for those that have not: free its place with change_child(server, pid,
     * 0), and count it as served and no longer active.  waitpid(2) */
    pid_t pid;
    while ((pid = waitpid(-1, NULL, WNOHANG)) > 0) {
        change_child(server, pid, 0);
        atomic_fetch_sub(&server->counters->active, 1);
        atomic_fetch_add(&server->counters->served, 1);
    }
}

/*
 * Wait until a client may be accepted or a signal has come.
 *
 * Returns whether it is a client.
 */
static bool is_client_there(const struct server *server)
{
    struct pollfd ready = { .fd = server->listen_fd, .events = POLLIN };

    /* Step 3. Wait for the listening socket, or, while MAX clients are
     * served, for nothing: poll leaves out a descriptor of -1.  Signals come
     * only during this call: it sets the mask server->usual.  ppoll(2) */
    if (atomic_load(&server->counters->active) >= server->max)
        ready.fd = -1;
    return ppoll(&ready, 1, NULL, &server->usual) == 1;
}

/*
 * Stop the children and wait for the end of each.
 */
static void end_children(const struct server *server)
{
    /* Step 7. Send SIGTERM to every child in the table (0 is a free place),
     * then wait until there is none left.  kill(2), waitpid(2) */
    for (int i = 0; i < server->max; i++)
        if (server->children[i] != 0)
            kill(server->children[i], SIGTERM);
    while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
        continue;
}

/*
 * Let signals set a flag, but only while ppoll waits: outside it they are
 * blocked, so none can come between a look at the flag and the wait.
 *
 * usual   set to the signals that were blocked before, without these three
 */
static void arrange_signals(sigset_t *usual)
{
    struct sigaction action = { .sa_handler = on_signal };
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGCHLD);
    sigprocmask(SIG_BLOCK, &ours, usual);
    sigdelset(usual, SIGTERM);          /* blocked by our parent, perhaps */
    sigdelset(usual, SIGINT);
    sigdelset(usual, SIGCHLD);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGCHLD, &action, NULL);
}

/*
 * Make memory that this process and its future children share.
 *
 * Returns two zero counters the caller must munmap(2), or NULL with errno set.
 */
static struct counters *make_counters(void)
{
    /* Step 1. Map memory without a file, shared, to be read and written.
     * mmap(2) */
    void *memory = mmap(NULL, sizeof(struct counters), PROT_READ | PROT_WRITE,
                        MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    return memory == MAP_FAILED ? NULL : memory;
}

int main(int argc, char *argv[])
{
    struct options options;
    struct server server;
    char why[TCP_WHY_SIZE];

    std_reserve();
    if (parse_options(argc, argv, &options) == -1)
        errx(EXIT_USAGE,
             "usage: hellod-fork [-b ADDR] [-n MAX] [-d MS] [PORT]");
    server.max = options.max;
    server.delay_ms = options.delay_ms;
    server.children = calloc((size_t)options.max, sizeof *server.children);
    server.counters = make_counters();
    if (server.children == NULL)
        err(EXIT_FAILURE, "calloc");
    if (server.counters == NULL)
        err(EXIT_FAILURE, "mmap");
    arrange_signals(&server.usual);
    server.listen_fd = tcp_listen(&options.addr, options.addr_len, why);
    if (server.listen_fd == -1)
        errx(EXIT_FAILURE, "%s", why);
    fcntl(server.listen_fd, F_SETFL, O_NONBLOCK);   /* accept never waits */
    while (!stop_wanted) {
        collect_children(&server);
        if (is_client_there(&server))
            take_client(&server);
        let_signals_in(&server, 0);
    }
    close(server.listen_fd);
    end_children(&server);
    munmap(server.counters, sizeof *server.counters);
    free(server.children);
    return EXIT_SUCCESS;
}

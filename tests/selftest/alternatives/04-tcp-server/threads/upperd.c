/*
 * upperd.c - lesson 04, another way: a thread for each client
 *
 * Threads are detached and own their client; the main thread only accepts.
 * With -1 the main thread serves the one client itself.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "std.h"

struct client {
    int fd;
    struct sockaddr_in6 addr;   /* holds a sockaddr_in as well */
};

static void usage(void)
{
    errx(2, "usage: upperd [-1] [-b ADDR] [PORT]");
}

static int parse_port(const char *text)
{
    int port = -1;

    for (const char *c = text; *c != '\0'; c++) {
        if (*c < '0' || *c > '9')
            usage();
        port = (port == -1 ? 0 : port * 10) + (*c - '0');
        if (port > 65535)
            usage();
    }
    if (port == -1)
        usage();
    return port;
}

static void format(const struct sockaddr_in6 *addr, char *text, size_t size)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)addr;
    char host[INET6_ADDRSTRLEN] = "";

    if (addr->sin6_family == AF_INET6) {
        inet_ntop(AF_INET6, &addr->sin6_addr, host, sizeof host);
        snprintf(text, size, "[%s]:%d", host, ntohs(addr->sin6_port));
    } else {
        inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
        snprintf(text, size, "%s:%d", host, ntohs(v4->sin_port));
    }
}

static int send_upper(int fd, char *buf, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if ((unsigned)(buf[i] - 'a') < 26)
            buf[i] = (char)(buf[i] - 32);
    for (size_t done = 0; done < n;) {
        ssize_t sent = send(fd, buf + done, n - done, MSG_NOSIGNAL);
        if (sent >= 0)
            done += (size_t)sent;
        else if (errno != EINTR)
            return -1;
    }
    return 0;
}

static void *serve(void *arg)
{
    struct client *client = arg;
    unsigned long total = 0;
    char name[64];
    char buf[4096];
    ssize_t n;

    format(&client->addr, name, sizeof name);
    fprintf(stderr, "client %s\n", name);
    while ((n = recv(client->fd, buf, sizeof buf, 0)) != 0) {
        if (n == -1 && errno == EINTR)
            continue;
        if (n == -1)
            break;
        total += (unsigned long)n;
        if (send_upper(client->fd, buf, (size_t)n) == -1)
            break;
    }
    fprintf(stderr, "closed %s %lu bytes\n", name, total);
    close(client->fd);
    free(client);
    return NULL;
}

/* Returns the next client, for the caller to free, or NULL: try again. */
static struct client *next_client(int listen_fd)
{
    struct client *client = malloc(sizeof *client);
    socklen_t len = sizeof client->addr;

    if (client != NULL) {
        client->fd = accept(listen_fd, (struct sockaddr *)&client->addr, &len);
        if (client->fd != -1)
            return client;
    }
    int why = client == NULL ? ENOMEM : errno;
    free(client);
    if (why == EBADF || why == EINVAL || why == ENOTSOCK)
        errx(1, "accept: %s", strerror(why));
    if (why == EMFILE || why == ENFILE || why == ENOMEM || why == ENOBUFS)
        poll(NULL, 0, 100);
    return NULL;
}

static void start_thread(struct client *client)
{
    pthread_t thread;

    if (pthread_create(&thread, NULL, serve, client) == 0) {
        pthread_detach(thread);
        return;
    }
    close(client->fd);          /* this client sees the end, others do not */
    free(client);
}

static int open_listener(const char *host, int port)
{
    struct sockaddr_in6 v6 = { .sin6_family = AF_INET6 };
    struct sockaddr_in *v4 = (struct sockaddr_in *)&v6;
    socklen_t len = sizeof v6;
    char text[64];

    if (inet_pton(AF_INET, host, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        len = sizeof *v4;
    } else if (inet_pton(AF_INET6, host, &v6.sin6_addr) != 1) {
        usage();
    }
    v6.sin6_port = htons((in_port_t)port);      /* the same place in both */
    int fd = socket(v6.sin6_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd == -1)
        err(1, "socket");
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &(int){ 1 }, sizeof(int)))
        err(1, "setsockopt");
    if (bind(fd, (struct sockaddr *)&v6, len) == -1)
        err(1, "bind");
    if (listen(fd, SOMAXCONN) == -1)
        err(1, "listen");
    len = sizeof v6;
    if (getsockname(fd, (struct sockaddr *)&v6, &len) == -1)
        err(1, "getsockname");
    format(&v6, text, sizeof text);
    printf("listening on %s\n", text);
    if (fflush(stdout) == EOF)
        err(1, "stdout");
    return fd;
}

int main(int argc, char *argv[])
{
    const char *host = "127.0.0.1";
    int one_client = 0;
    int option;

    std_reserve();
    while ((option = getopt(argc, argv, "1b:")) != -1) {
        if (option == '?')
            usage();
        else if (option == 'b')
            host = optarg;
        else
            one_client = 1;
    }
    if (argc - optind > 1)
        usage();
    int port = optind < argc ? parse_port(argv[optind]) : 21577;
    int listen_fd = open_listener(host, port);
    for (;;) {
        struct client *client = next_client(listen_fd);
        if (client != NULL && one_client) {
            serve(client);
            close(listen_fd);
            return 0;
        }
        if (client != NULL)
            start_thread(client);
    }
}
